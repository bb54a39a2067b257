"""Point-in-time features as design matrices: derived ratios, logs, missing marks, scaling."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import FloatArray
from footfall.heads.cutoffs.rows import CutoffRows
from footfall.heads.learners.lifetimes import RepeatBuying, fit_repeat_buying

#: Columns of the baselines that the literature calls RFM: recency, frequency, age, order value.
RFM = ("f_recency_days", "f_order_days", "f_first_order_days", "f_mean_order_amount")
#: Where a table lacks the first of these columns, the second says nearly the same.
_STAND_INS = {"f_order_days": "f_order_count", "f_first_order_days": "f_tenure_days"}
LONGEST_STANDARD_SCORE = 5.0


@dataclass(frozen=True)
class FeatureSpace:
    """Everything about the features that is learnt once from training rows.

    Attributes
    ----------
    repeat_buying
        MBG/NBD fitted to the latest training cut-off, or None.
    horizon
        Days ahead that the MBG/NBD features look.
    names
        Raw feature columns, in order.
    marked
        Names whose absence is a column of its own.
    centre, scale
        Of the log columns, float64 [columns]; columns are names, then marks.
    state_basis
        Principal axes of the states, float64 [width, components].
    state_centre
        Float64 [width].
    state_scale
        Float64 [components].
    """

    repeat_buying: RepeatBuying | None
    horizon: int
    names: tuple[str, ...]
    marked: tuple[str, ...]
    centre: FloatArray
    scale: FloatArray
    state_centre: FloatArray
    state_basis: FloatArray
    state_scale: FloatArray

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of :meth:`design`; a missing mark has its feature's name."""
        return self.names + self.marked

    def raw(self, rows: CutoffRows) -> FloatArray:
        """Return the features in their own units, NaN where unknown, float64 [rows, names].

        Raises
        ------
        ValueError
            When a feature is missing; it names it.
        """
        every = {**rows.features, **derived(rows, self.repeat_buying, self.horizon)}
        missing = [name for name in self.names if name not in every]
        if missing:
            raise ValueError(
                f"the table of customers at cut-offs lacks {', '.join(missing)}, which the stored "
                "head learned from: build the heads again"
            )
        return _stack(every, self.names, len(rows))

    def lacks(self, columns: Iterable[str]) -> list[str]:
        """Return the names that a table with these columns does not have or lead to, in order."""
        known, none = set(columns), np.zeros(0)
        # Two of them every table has, or reading it says so.
        features = dict.fromkeys({*known, "f_recency_days", "f_order_count"}, none)
        keys = none.astype(np.int64)
        nobody = CutoffRows(keys, keys, none.astype(bool), features, {}, {}, np.zeros((0, 0)))
        known |= derived(nobody, self.repeat_buying, self.horizon).keys()
        return [name for name in self.names if name not in known]

    def design(self, rows: CutoffRows) -> FloatArray:
        """Return standardised log features and missing marks, float64 [rows, columns].

        Values beyond five standard deviations are held there: an outlier keeps its rank and
        loses its leverage. Unknown values are set to the mean.
        """
        raw = self.raw(rows)
        marks = [np.isnan(raw[:, self.names.index(name)]).astype(float) for name in self.marked]
        logs = np.column_stack([signed_log(raw), *marks])
        scores = np.nan_to_num((logs - self.centre) / self.scale, nan=0.0)
        return np.clip(scores, -LONGEST_STANDARD_SCORE, LONGEST_STANDARD_SCORE)

    def state_design(self, rows: CutoffRows) -> FloatArray:
        """Return standardised principal components of the states, float64 [rows, components]."""
        if self.state_basis.shape[1] == 0 or rows.states.shape[1] == 0:
            return np.zeros((len(rows), self.state_basis.shape[1]))
        # A customer without a state is put at the mean, where the state says nothing.
        known = np.where(np.isnan(rows.states), self.state_centre, rows.states)
        scores = (known - self.state_centre) @ self.state_basis / self.state_scale
        return np.clip(scores, -LONGEST_STANDARD_SCORE, LONGEST_STANDARD_SCORE)


def learn_space(rows: CutoffRows, horizon: int, *, components: int = 32) -> FeatureSpace:
    """Learn names, scaling, the MBG/NBD features and the state axes from training rows."""
    latest = rows.take(rows.day == rows.day.max())
    repeat_buying = _fit_repeat_buying(latest)
    every = {**rows.features, **derived(rows, repeat_buying, horizon)}
    names = tuple(name for name in sorted(every) if _varies(every[name]))
    raw = _stack(every, names, len(rows))
    missing = np.isnan(raw)
    share = missing.mean(axis=0) if len(rows) else np.zeros(len(names))
    marked = tuple(name for name, part in zip(names, share, strict=True) if 0.001 < part < 0.999)
    marks = [missing[:, names.index(name)].astype(float) for name in marked]
    logs = np.column_stack([signed_log(raw), *marks])
    known = np.isfinite(logs)
    count = np.maximum(known.sum(axis=0), 1)
    centre = np.where(known, logs, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(known, logs - centre, 0.0) ** 2).sum(axis=0) / count)
    state_centre, state_basis, state_scale = principal_axes(rows.states, components)
    return FeatureSpace(
        repeat_buying=repeat_buying,
        horizon=horizon,
        names=names,
        marked=marked,
        centre=centre,
        scale=np.where(spread > 1e-9, spread, 1.0),
        state_centre=state_centre,
        state_basis=state_basis,
        state_scale=state_scale,
    )


def derived(
    rows: CutoffRows, repeat_buying: RepeatBuying | None, horizon: int
) -> dict[str, FloatArray]:
    """Return ratios that a linear model cannot form itself, from whatever columns there are."""
    have = rows.features
    made: dict[str, FloatArray] = {}
    if {"f_recency_days", "f_mean_gap_days"} <= have.keys():
        made["f_overdue_ratio"] = have["f_recency_days"] / (have["f_mean_gap_days"] + 1.0)
    age = first_order_age(rows)
    if "f_amount" in have and age is not None:
        # A month is added, or a first order made today would look like a fortune a day.
        made["f_daily_amount"] = have["f_amount"] / (age + 30.0)
    for short, long in ((30, 90), (90, 180)):
        for what in ("orders", "amount"):
            inner, outer = f"f_{what}_{short}d", f"f_{what}_{long}d"
            if {inner, outer} <= have.keys():
                made[f"f_{what}_{short}d_to_{long}d"] = have[outer] - have[inner]
    history = repeat_history(rows)
    if repeat_buying is not None and history is not None:
        log_odds = repeat_log_odds(rows, repeat_buying, horizon)
        if log_odds is not None:
            made["f_repeat_model_log_odds"] = log_odds
        made["f_repeat_model_orders"] = repeat_buying.expected_rate(*history) * horizon
        if "f_mean_order_amount" in have:
            made["f_repeat_model_amount"] = (
                made["f_repeat_model_orders"] * have["f_mean_order_amount"]
            )
    return made


def repeat_log_odds(
    rows: CutoffRows, repeat_buying: RepeatBuying | None, horizon: int
) -> FloatArray | None:
    """Return MBG/NBD's log-odds of silence, held to chances in [1e-4, 1 - 1e-4], [rows]."""
    history = repeat_history(rows)
    if repeat_buying is None or history is None:
        return None
    silent = np.clip(repeat_buying.probability_silent(*history, horizon), 1e-4, 1.0 - 1e-4)
    return np.log(silent) - np.log1p(-silent)


def signed_log(values: FloatArray) -> FloatArray:
    """Return sign(x) * log(1 + |x|); NaN stays NaN."""
    return np.sign(values) * np.log1p(np.abs(values))


def log_columns(rows: CutoffRows, names: tuple[str, ...]) -> FloatArray:
    """Return log features for the simple baselines, unknown as zero, float64 [rows, names]."""
    known = rows.features.keys()
    chosen = [name if name in known else _STAND_INS.get(name, "") for name in names]
    present = [name for name in chosen if name in known]
    return np.nan_to_num(signed_log(_stack(rows.features, tuple(present), len(rows))), nan=0.0)


def window_amount(rows: CutoffRows, horizon: int) -> FloatArray:
    """Return spend in the last ``horizon`` days, scaled from the nearest window there is."""
    windows = {}
    for name, values in rows.features.items():
        if name.startswith("f_amount_") and name.endswith("d") and name[9:-1].isdigit():
            windows[int(name[9:-1])] = values
    if windows:
        nearest = min(windows, key=lambda days: (abs(days - horizon), days))
        return np.maximum(np.nan_to_num(windows[nearest]), 0.0) * (horizon / nearest)
    if "f_amount" in rows.features:
        days = np.maximum(np.nan_to_num(rows.features.get("f_tenure_days", 30.0)), horizon)
        return np.maximum(np.nan_to_num(rows.features["f_amount"]), 0.0) * horizon / days
    return np.zeros(len(rows))


def purchase_days(rows: CutoffRows) -> FloatArray:
    """Return days with a purchase, or orders where days are not counted, float64 [rows]."""
    counted = rows.features["f_order_days" if "f_order_days" in rows.features else "f_order_count"]
    return np.maximum(np.nan_to_num(counted, nan=1.0), 1.0)


def first_order_age(rows: CutoffRows) -> FloatArray | None:
    """Return days since the first order, or since the first event; None where neither is known."""
    for name in ("f_first_order_days", "f_tenure_days"):
        if name in rows.features:
            return rows.features[name]
    return None


def repeat_history(rows: CutoffRows) -> tuple[FloatArray, FloatArray, FloatArray] | None:
    """Return repeats, days to the last purchase and age; None where the age is not known."""
    known_age = first_order_age(rows)
    if known_age is None:
        return None
    recency = np.maximum(np.nan_to_num(rows.features["f_recency_days"]), 0.0)
    age = np.maximum(np.nan_to_num(known_age), recency)
    return purchase_days(rows) - 1.0, age - recency, age


def _fit_repeat_buying(rows: CutoffRows) -> RepeatBuying | None:
    history = repeat_history(rows)
    return None if history is None else fit_repeat_buying(*history, leaves_at_once=True)


def _varies(values: FloatArray) -> bool:
    known = values[np.isfinite(values)]
    return len(known) > 0 and (bool((known != known[0]).any()) or len(known) < len(values))


def _stack(columns: dict[str, FloatArray], names: tuple[str, ...], rows: int) -> FloatArray:
    if not names:
        return np.zeros((rows, 0))
    return np.column_stack([columns[name] for name in names])


def principal_axes(
    states: FloatArray, components: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return centre, axes and scale of the states; axes without variance are left out."""
    width = states.shape[1]
    states = states[~np.isnan(states).any(axis=1)]
    centre = states.mean(axis=0) if len(states) else np.zeros(width)
    if width == 0 or len(states) < 2:
        return centre, np.zeros((width, 0)), np.zeros(0)
    variance, axes = np.linalg.eigh(np.cov(states - centre, rowvar=False).reshape(width, width))
    order = np.argsort(-variance)[:components]
    order = order[variance[order] > 1e-9 * max(float(variance.max()), 1e-12)]
    basis = axes[:, order]
    # An axis has no direction of its own: fix its sign, so that equal data give equal slopes.
    basis = basis * np.sign(basis[np.abs(basis).argmax(axis=0), np.arange(basis.shape[1])])
    return centre, basis, np.sqrt(variance[order])
