"""What a channel is worth: the conversions that would be lost without it, by a Markov chain.

The paths of a month are a first-order Markov chain over channels, with a start and two ends, a
conversion and nothing (Anderl, Becker, von Wangenheim and Schumann, "Mapping the customer journey",
International Journal of Research in Marketing 33, 2016). Removing a channel sends everybody who
would have come to it to nothing; its removal effect is the share of conversions that goes with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from footfall.core.arrays import FloatArray

START = "(start)"
CONVERSION = "(conversion)"
NOTHING = "(null)"
_ENDS = (START, CONVERSION, NOTHING)

SCHEMA = pa.schema(
    [
        pa.field("period_month", pa.date32()),
        pa.field("channel", pa.string()),
        pa.field("removal_effect", pa.float64()),
        pa.field("base_conversion_rate", pa.float64()),
    ]
)


def removal_effects(transitions: pa.Table) -> pa.Table:
    """Return the removal effect of each channel in each month.

    Parameters
    ----------
    transitions
        One row a month and pair of states, with the columns `period_month`, `from_channel`,
        `to_channel` and `transition_count`. Besides channels there are the states
        `(start)`, `(conversion)` and `(null)`.

    Returns
    -------
    A table with the columns of `SCHEMA`, sorted by month and channel. `base_conversion_rate` is
    the probability of a conversion from the start with every channel in place; it equals the
    share of paths that converted. `removal_effect` is in [0, 1]; where nothing converted it
    is 0.

    Raises
    ------
    ValueError
        A month has paths that begin nowhere or never end.
    """
    rows: list[dict[str, Any]] = []
    for month, counts, channels in _chains(transitions):
        base, lost = lost_conversions(counts)
        rows += [
            {
                "period_month": month,
                "channel": channel,
                "removal_effect": min(max(float(share), 0.0), 1.0),
                "base_conversion_rate": base,
            }
            for channel, share in zip(channels, lost, strict=True)
        ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def lost_conversions(counts: FloatArray) -> tuple[float, FloatArray]:
    """Return how many paths convert, and the share of conversions that each channel takes with it.

    One inverse serves all channels. With Q the moves between states, N = inv(I - Q) counts the
    visits, and p = N c are the chances of a conversion (Kemeny and Snell, "Finite Markov chains",
    1960). That a path from the start ever comes to k is N[0, k] / N[k, k], and from there it
    converts with p[k]: what it loses where k cannot be entered.

    Parameters
    ----------
    counts
        Float64 [states, states + 2], how often each state (the start first, then the
        channels) was followed by each state, then by the conversion, then by nothing.

    Returns
    -------
    tuple
        The probability that a path from the start ends in a conversion, and float64
        [states - 1], the lost share for each channel; zeros where nothing converts.

    Raises
    ------
    ValueError
        A state is never left, so that no probability is defined.
    """
    totals = counts.sum(axis=1, keepdims=True)
    if (totals == 0).any():
        raise ValueError(
            "A channel is never left: each path has to end in a conversion or in (null)."
        )
    probabilities = counts / totals
    states = len(counts)
    visits = np.linalg.inv(np.eye(states) - probabilities[:, :states])
    converts = visits @ probabilities[:, states]
    base = float(converts[0])
    if base <= 0:
        return base, np.zeros(states - 1)
    passed = visits[0, 1:] / np.diagonal(visits)[1:]
    return base, passed * converts[1:] / base


def _chains(transitions: pa.Table) -> Iterator[tuple[Any, FloatArray, list[str]]]:
    """Each month with its counts (see `lost_conversions`) and its channels in their order."""
    by_month: dict[Any, list[tuple[str, str, float]]] = {}
    columns = [
        transitions.column(name).to_pylist()
        for name in ("period_month", "from_channel", "to_channel", "transition_count")
    ]
    for month, from_channel, to_channel, count in zip(*columns, strict=True):
        by_month.setdefault(month, []).append((from_channel, to_channel, float(count)))
    for month in sorted(by_month):
        moves = by_month[month]
        channels = sorted({name for pair in moves for name in pair[:2]} - set(_ENDS))
        order = {name: place for place, name in enumerate((START, *channels, CONVERSION, NOTHING))}
        counts = np.zeros((len(channels) + 1, len(channels) + 3))
        for from_channel, to_channel, count in moves:
            counts[order[from_channel], order[to_channel]] += count
        if not counts[0].any():
            raise ValueError(f"The paths of {month} have no {START}.")
        yield month, counts, channels
