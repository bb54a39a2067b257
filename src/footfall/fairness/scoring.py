"""The groups of a warehouse compared on each score, as rows of one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from footfall.core.arrays import BoolArray, FloatArray, IntArray
from footfall.core.fingerprints import code_fingerprint, table_fingerprint
from footfall.core.identity import Identity
from footfall.core.progress import Progress
from footfall.fairness.bands import quarters
from footfall.fairness.gaps import Gap, corrected, gaps_of
from footfall.fairness.metrics import AUC, CALIBRATION, METRICS, figure_of
from footfall.fairness.rows import OTHER, UNKNOWN, Rows, grouped
from footfall.fairness.selection import CutOff
from footfall.fairness.settings import FairnessSettings

_TEXTS = (
    *("kind", "score", "cut_off", "attribute", "group_kind", "group_name", "metric", "compared"),
    *("highest_group", "lowest_group", "verdict"),
)
_COUNTS = ("customer_count", "outcome_count", "selected_count", "group_count")
_NUMBERS = (
    *("customer_share", "value", "lower", "upper", "highest_value", "lowest_value", "ratio"),
    *("null_95", "p", "p_adjusted", "closing_cost"),
)
SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in _TEXTS),
        *(pa.field(name, pa.int64()) for name in _COUNTS),
        *(pa.field(name, pa.float64()) for name in _NUMBERS),
        pa.field("horizon_days", pa.int32()),
        pa.field("cutoff_date", pa.date32()),
        pa.field("made_from", pa.string()),
    ]
)
#: How groups are compared: all of each, or as if all had spent alike before.
AS_THEY_ARE, WITHIN_BANDS = "as they are", "within spend bands"
#: Metrics that are the same whatever a cut-off picks.
_WITHOUT_CUT = ("base_rate", CALIBRATION, AUC)
_WITH_CUT = tuple(metric for metric in METRICS if metric not in _WITHOUT_CUT)
_ANY = "any cut-off"
#: Shuffles of the null in a build; a file has more.
_DRAWS = 499
_CODE = ("core", "evaluation", "fairness")
Row = dict[str, Any]


@dataclass(frozen=True)
class _Judged:
    """What was predicted of customers and what happened, for a score and a horizon.

    Arrays are ``[customers]``.
    """

    score: str
    label: FloatArray
    predicted: FloatArray
    worth: FloatArray
    error: FloatArray
    band: IntArray
    cut_offs: Sequence[CutOff]


def score(
    rows: pa.Table,
    *,
    settings: FairnessSettings,
    previous: pa.Table | None = None,
    progress: Progress,
) -> pa.Table:
    """Compare the groups of each attribute.

    Parameters
    ----------
    rows
        `int_fairness_rows`.
    settings
        Cut-offs of the scores.
    previous
        The existing table; it is returned where nothing it was made of has changed.
    progress
        Called with a line of text.

    Returns
    -------
    Columns of :data:`SCHEMA`: rows of kind `group` hold a metric of a group, rows of kind `gap`
    compare the groups in a metric. What a kind does not have is null.
    """
    made_from = Identity(
        code_fingerprint(*_CODE),
        table_fingerprint(rows),
        settings.deciding(),
        "cpu",
    ).fingerprint
    if previous is not None and previous.num_rows and _is_of(previous, made_from):
        progress("fairness: nothing new, the figures stand")
        return previous.select(SCHEMA.names).cast(SCHEMA)
    found: list[Row] = []
    for name in sorted(set(rows["score"].to_pylist())):
        found += _rows_of_score(name, rows.filter(pc.equal(rows["score"], name)), settings)
    for row in found:
        row["made_from"] = made_from
    return pa.Table.from_pylist(found, schema=SCHEMA)


def _is_of(previous: pa.Table, made_from: str) -> bool:
    if set(previous.column_names) != set(SCHEMA.names):
        return False
    return bool(previous["made_from"].unique().to_pylist() == [made_from])


def _rows_of_score(name: str, rows: pa.Table, settings: FairnessSettings) -> Iterator[Row]:
    """Yield the rows of a score; p is corrected over all gaps that are compared in one way."""
    gaps: dict[str, list[tuple[Row, Gap]]] = {AS_THEY_ARE: [], WITHIN_BANDS: []}
    horizons = sorted(set(rows["horizon_days"].to_pylist()))
    for horizon in horizons:
        of_horizon = rows.filter(pc.equal(rows["horizon_days"], horizon))
        for attribute in dict.fromkeys(of_horizon["attribute"].to_pylist()):
            asked = of_horizon.filter(pc.equal(of_horizon["attribute"], attribute))
            asked = asked.sort_by("customer_no")
            judged = _judged(name, asked, settings)
            names = asked["group_name"].to_numpy()
            group, groups = grouped(names, asked["group_name"].is_valid().to_numpy())
            shared = {
                "score": name,
                "horizon_days": horizon,
                "cutoff_date": asked["cutoff_date"][0].as_py(),
                "attribute": attribute,
            }
            yield from _group_rows(shared, judged, group, groups)
            for compared, found in gaps.items():
                found += _gaps(shared, judged, group, groups, compared, settings.seed)
    for compared, found in gaps.items():
        adjusted = corrected([gap for _, gap in found])
        for (shared, _), gap in zip(found, adjusted, strict=True):
            yield _gap_row({**shared, "compared": compared}, gap)


def _judged(name: str, rows: pa.Table, settings: FairnessSettings) -> _Judged:
    observed = rows["observed"].to_numpy().astype(np.float64)
    predicted = rows["predicted"].to_numpy().astype(np.float64)
    spent = pc.fill_null(rows["spend_before"], 0.0).to_numpy().astype(np.float64)
    error = predicted - observed
    if name == "churn":
        bands = (settings.high_risk, settings.medium_risk)
        cut_offs = [CutOff(least_score=chance) for chance in bands]
        label = observed
    else:
        # Of amounts: who is among those who spend most, as a share of the mean.
        cut_offs = [CutOff(share=settings.vip_share)]
        edge = np.quantile(observed, 1 - settings.vip_share)
        label = ((observed > edge) & (observed > 0)).astype(np.float64)
        error = error / max(float(observed.mean()), 1e-12)
    return _Judged(name, label, predicted, observed, error, quarters(spent), cut_offs)


def _picked(judged: _Judged, group: IntArray, groups: Sequence[str], cut: CutOff) -> Rows:
    return Rows(
        group,
        groups,
        judged.label,
        judged.predicted,
        cut.picks(judged.predicted),
        judged.worth,
        judged.error,
    )


def _group_rows(
    shared: Mapping[str, Any], judged: _Judged, group: IntArray, groups: Sequence[str]
) -> Iterator[Row]:
    members: Iterable[tuple[str, str, BoolArray]] = [
        *(("group", name, group == place) for place, name in enumerate(groups)),
        ("other", "all other groups", group == OTHER),
        ("unknown", "unknown", group == UNKNOWN),
    ]
    for cut in judged.cut_offs:
        rows = _picked(judged, group, groups, cut)
        for kind, name, inside in members:
            count = int(inside.sum())
            if not count:
                continue
            for metric in METRICS:
                figure = figure_of(metric, rows, inside)
                yield {
                    **shared,
                    "kind": "group",
                    "cut_off": cut.name,
                    "group_kind": kind,
                    "group_name": name,
                    "metric": metric,
                    "customer_count": count,
                    "customer_share": count / len(rows),
                    "outcome_count": int(rows.label[inside].sum()),
                    "selected_count": int(rows.selected[inside].sum()),
                    "value": _known(figure.value),
                    "lower": _known(figure.lower),
                    "upper": _known(figure.upper),
                }


def _gaps(
    shared: Mapping[str, Any],
    judged: _Judged,
    group: IntArray,
    groups: Sequence[str],
    compared: str,
    seed: int,
) -> Iterator[tuple[Row, Gap]]:
    band = judged.band if compared == WITHIN_BANDS else None
    for place, cut in enumerate(judged.cut_offs):
        rows = _picked(judged, group, groups, cut)
        asked = [(cut.name, _WITH_CUT)]
        if not place:
            asked.insert(0, (_ANY, _WITHOUT_CUT))
        for name, metrics in asked:
            for gap in gaps_of(rows, band=band, draws=_DRAWS, seed=seed, metrics=metrics):
                yield {**shared, "cut_off": name}, gap


def _gap_row(shared: Mapping[str, Any], gap: Gap) -> Row:
    return {
        **shared,
        "kind": "gap",
        "metric": gap.metric,
        "group_count": gap.groups,
        "customer_count": gap.people,
        "highest_group": gap.highest,
        "lowest_group": gap.lowest,
        "highest_value": _known(gap.highest_level),
        "lowest_value": _known(gap.lowest_level),
        "value": _known(gap.difference),
        "lower": _known(gap.lower),
        "upper": _known(gap.upper),
        "ratio": _known(gap.ratio),
        "null_95": _known(gap.null_95),
        "p": _known(gap.p),
        "p_adjusted": _known(gap.p_adjusted),
        "closing_cost": None if gap.closing is None else _known(gap.closing.cost),
        "verdict": gap.verdict,
    }


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
