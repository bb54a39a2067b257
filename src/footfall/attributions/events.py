"""Which events moved a score by way of the encoder's state: for customers at the top of lists.

Of the regressions of churn and value the state is a linear part. It is what `encoder_state` adds on
the scale of the model, times a factor that is the customer's own (blend, calibration, log-mean
weights). Integrated gradients share this part out among the events that the state was made of.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from scipy.stats import rankdata
from torch import Tensor

from footfall.attributions.paths import integrate, roll_out, state_of
from footfall.core import device as devices
from footfall.core.arrays import FloatArray, IntArray
from footfall.core.progress import Progress
from footfall.core.stored_rows import load, part
from footfall.encoder.network import Encoder, ItemFeatures, Tokens
from footfall.heads.churn import SilenceModel
from footfall.heads.cutoffs.features import LONGEST_STANDARD_SCORE
from footfall.heads.stored import StoredHeads, load_heads
from footfall.heads.value import ValueModel
from footfall.recommender.inputs import read_inputs
from footfall.recommender.restore import encoder_of
from footfall.recommender.settings import ScorerSettings
from footfall.sequences.events import (
    KINDS,
    MICROSECONDS_A_DAY,
    Catalogue,
    ItemEvents,
    equal_length_batches,
    microseconds,
)
from footfall.sequences.reading import ArrowRows

EVENT_SCHEMA = pa.schema(
    [
        ("customer_no", pa.int64()),
        ("score", pa.string()),
        ("horizon_days", pa.int32()),
        ("item_id", pa.string()),
        ("event_type", pa.string()),
        ("event_no", pa.int32()),
        ("visit_no", pa.int32()),
        ("event_rank", pa.int32()),
        ("link_contribution", pa.float64()),
        ("link_base", pa.float64()),
        ("link_score", pa.float64()),
        ("gap", pa.float64()),
        ("step_count", pa.int32()),
        ("rollout", pa.float64()),
        ("rank_correlation", pa.float64()),
        ("acted_on", pa.date32()),
        ("cutoff_date", pa.date32()),
        ("run_id", pa.string()),
    ]
)
#: Fewer events than this have no order that could be compared.
_FEWEST_EVENTS = 3
#: A part of the regression smaller than this has no events that moved it.
_SMALLEST_PART = 1e-9
_EVENTS_AT_ONCE = 4096


@dataclass(frozen=True)
class _History:
    """The encoder of the states, and what it reads."""

    encoder: Encoder
    features: ItemFeatures
    tokens: ItemEvents
    catalogue: Catalogue
    start: Tensor

    def inputs(self, positions: IntArray) -> Tensor:
        """Return the vectors of the tokens at some positions; float64 ``[..., dim]``."""
        tokens = Tokens.of(self.tokens, positions, self.start.device)
        with torch.no_grad():
            vectors: Tensor = self.encoder.embedded(tokens, self.features)
        return vectors


def explain_events(
    model: ArrowRows,
    events: ArrowRows,
    items: ArrowRows,
    listed: pa.Table,
    churn: pa.Table,
    value: pa.Table,
    *,
    settings: ScorerSettings,
    progress: Progress,
) -> pa.Table:
    """Share what the encoder's state adds to scores out among the events it was made of.

    Parameters
    ----------
    model
        `attention_encoder`, whose `head` fit makes the states.
    events, items
        As the encoder reads them.
    listed
        Whom to explain: `customer_no`, `score` (churn or value), `horizon_days`, `bound_by_days`,
        `link_contribution` of `encoder_state`, and `cutoff_date`.
    churn, value
        `churn_heads` and `value_heads`.
    settings
        Of the encoder.
    progress
        Called with a line of text.

    Returns
    -------
    Columns of :data:`EVENT_SCHEMA`: a row for each score, horizon, customer and event.
    """
    devices.use_threads(settings.threads)
    loaded = load(model)
    stored = part(loaded.fits.get("head", {}), "encoder.")
    if listed.num_rows == 0 or not stored:
        progress("events: no list whose scores read the state of the encoder")
        return EVENT_SCHEMA.empty_table()
    history = _history(
        stored, *read_inputs(events, items, settings, loaded), loaded.run["cutoffs"]["head"]
    )
    heads = {"churn": load_heads(churn), "value": load_heads(value)}
    keys = ("score", "horizon_days", "bound_by_days", "cutoff_date")
    groups = sorted({tuple(row[key] for key in keys) for row in listed.to_pylist()})
    tables, asked, left_out = [EVENT_SCHEMA.empty_table()], 0, 0
    for group in groups:
        rows = listed
        for key, wanted in zip(keys, group, strict=True):
            rows = rows.filter(pc.equal(rows[key], wanted))
        score, horizon, bound, cutoff = group
        read = _reads(heads[score], score, bound)
        for table in _explained(history, rows, read, cutoff):
            count = len(pc.unique(table["customer_no"]))
            asked += count
            tables.append(_labelled(table, score, horizon, cutoff, heads[score].run["run_id"]))
        left_out += rows.num_rows
    found = pa.concat_tables(tables)
    left_out -= asked
    progress(
        f"events: {found.num_rows} contributions to {asked} scores; {left_out} are left out, "
        "without events that moved them or without an integral that settles"
    )
    return found


def _history(
    stored: dict[str, np.ndarray], tokens: ItemEvents, catalogue: Catalogue, head_day: str
) -> _History:
    """Return the encoder, and an average event of those that it learned from."""
    device = torch.device("cpu")
    encoder = encoder_of(stored, catalogue, device)
    assert encoder is not None
    encoder.double().eval().requires_grad_(False)
    features = ItemFeatures.of(catalogue, len(catalogue.item_ids), device)
    history = _History(encoder, features, tokens, catalogue, torch.zeros(1, dtype=torch.float64))
    learned = np.flatnonzero(tokens.at < microseconds(datetime.date.fromisoformat(head_day)))
    total = torch.zeros(encoder.config.dim, dtype=torch.float64)
    for low in range(0, len(learned), _EVENTS_AT_ONCE):
        total += history.inputs(learned[low : low + _EVENTS_AT_ONCE]).sum(0)
    start = total / max(len(learned), 1)
    return _History(encoder, features, tokens, catalogue, start)


def _reads(heads: StoredHeads, score: str, horizon: int) -> Callable[[Tensor], Tensor]:
    """Return what the regression of a horizon makes of states ``[rows, dim]``; ``[rows]``."""
    model: SilenceModel | ValueModel | None
    model = heads.silences[horizon] if score == "churn" else heads.values[horizon]
    fit = None if model is None else model.members.with_state
    if model is None or fit is None:
        raise ValueError(f"the head of {score}, {horizon} days, reads no state: build it again")
    space = model.members.space
    centre, axes = (torch.from_numpy(one) for one in (space.state_centre, space.state_basis))
    scale = torch.from_numpy(space.state_scale)
    slopes = torch.from_numpy(fit.slopes[len(space.columns) :].copy())

    def read(states: Tensor) -> Tensor:
        held = ((states - centre) @ axes / scale).clamp(
            -LONGEST_STANDARD_SCORE, LONGEST_STANDARD_SCORE
        )
        return held @ slopes

    return read


def _explained(
    history: _History, rows: pa.Table, read: Callable[[Tensor], Tensor], cutoff: datetime.date
) -> Iterator[pa.Table]:
    """Yield the events of some customers, those of equally long histories at a time."""
    tokens, encoder = history.tokens, history.encoder
    number = rows["customer_no"].to_numpy()
    effect = rows["link_contribution"].to_numpy()
    place = np.minimum(np.searchsorted(tokens.customers, number), len(tokens.customers) - 1)
    ends = tokens.ends_before(microseconds(cutoff))[place]
    ends = np.where(tokens.customers[place] == number, ends, tokens.offsets[place])
    starts = np.maximum(tokens.offsets[place], ends - encoder.config.max_length)
    for some, positions in equal_length_batches(starts, ends, _EVENTS_AT_ONCE):
        inputs = history.inputs(positions)
        found = integrate(lambda x: read(state_of(encoder, x)), inputs, history.start)
        with torch.no_grad():
            rolled = roll_out(encoder, inputs).numpy()
        value = found.value.numpy()
        known = np.flatnonzero((np.abs(value) > _SMALLEST_PART) & found.is_settled.numpy())
        factor = effect[some][known] / value[known]
        yield _table(
            history,
            number[some][known],
            positions[known],
            found.moved.numpy()[known] * factor[:, None],
            found.base.numpy()[known] * factor,
            effect[some][known],
            found.steps.numpy()[known],
            rolled[known],
        )


def _table(
    history: _History,
    number: IntArray,
    positions: IntArray,
    moved: FloatArray,
    base: FloatArray,
    value: FloatArray,
    steps: IntArray,
    rolled: FloatArray,
) -> pa.Table:
    """Return a row for each customer and event, without what all have in common."""
    tokens, length = history.tokens, positions.shape[1]
    each = np.repeat(np.arange(len(number)), length)
    flat = positions.ravel()
    last = tokens.sessions[positions[:, -1:]]
    order = np.argsort(-np.abs(moved), axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(1, length + 1)[None, :], axis=1)
    names = np.array(history.catalogue.item_ids, dtype=object)
    gap = base + moved.sum(axis=1) - value
    correlation = rank_correlation(rolled, np.abs(moved))
    days = tokens.at[flat] // MICROSECONDS_A_DAY
    columns = {
        "customer_no": number[each],
        "item_id": names[tokens.items[flat]],
        "event_type": np.array(KINDS, dtype=object)[tokens.kinds[flat]],
        "event_no": np.tile(np.arange(length, 0, -1), len(number)),
        "visit_no": (last - tokens.sessions[positions] + 1).ravel(),
        "event_rank": rank.ravel(),
        "link_contribution": moved.ravel(),
        "link_base": base[each],
        "link_score": value[each],
        "gap": gap[each],
        "step_count": steps[each],
        "rollout": rolled.ravel(),
        "rank_correlation": pa.array(correlation[each], from_pandas=True),
        "acted_on": pa.array(days.astype(np.int32)).cast(pa.date32()),
    }
    return pa.table(columns)


def rank_correlation(ours: FloatArray, theirs: FloatArray) -> FloatArray:
    """Return Spearman's correlation of the rows of two arrays; NaN where there is none.

    Parameters
    ----------
    ours, theirs
        [rows, events].
    """
    if ours.shape[1] < _FEWEST_EVENTS:
        return np.full(len(ours), np.nan)
    first, second = (rankdata(one, axis=1) for one in (ours, theirs))
    first -= first.mean(axis=1, keepdims=True)
    second -= second.mean(axis=1, keepdims=True)
    size = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    together = (first * second).sum(axis=1)
    found: FloatArray = np.divide(together, size, out=np.full(len(ours), np.nan), where=size > 0)
    return found


def _labelled(
    table: pa.Table, score: str, horizon: int, cutoff: datetime.date, run_id: str
) -> pa.Table:
    shared = {
        "score": pa.scalar(score),
        "horizon_days": pa.scalar(horizon, pa.int32()),
        "cutoff_date": pa.scalar(cutoff, pa.date32()),
        "run_id": pa.scalar(run_id),
    }
    for name, value in shared.items():
        table = table.append_column(name, pa.repeat(value, table.num_rows))
    return table.select(EVENT_SCHEMA.names).cast(EVENT_SCHEMA)
