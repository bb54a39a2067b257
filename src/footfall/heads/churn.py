"""The chance of silence: P(no purchase in the next H days), and what moved it for each customer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from footfall.core.arrays import BoolArray, FloatArray, IntArray
from footfall.heads.cutoffs.features import (
    FeatureSpace,
    learn_space,
    repeat_log_odds,
)
from footfall.heads.cutoffs.histories import repeat_buying_at
from footfall.heads.cutoffs.rows import CutoffRows, customer_uniform
from footfall.heads.cutoffs.study import Study
from footfall.heads.drivers import REPEAT, Effects, added, linear_effects, tree_effects
from footfall.heads.judgements import Judgement, judge, parts_to_leave_out
from footfall.heads.learners.boosting import Boosted, fit_boosted
from footfall.heads.learners.calibration import PlattScaling, fit_platt, one_error_choice
from footfall.heads.learners.lifetimes import RepeatBuying
from footfall.heads.learners.linear import LinearFit, fit_linear, sigmoid

#: Fewest training rows, and fewest of each outcome, that a fitted model asks for.
FEWEST_ROWS = 60
FEWEST_OF_A_KIND = 10
#: A cut-off counts half as much for each of these days that it lies back.
WEIGHT_HALF_LIFE_DAYS = 180.0
#: Penalty on the slopes of the encoder's state.
STATE_PENALTY = 0.1

_FEATURE_PENALTY = 0.008
#: Weights of regression, trees and MBG/NBD that may be chosen; the first is the one to keep. A
#: share of the model without labels lowered the Brier score on earlier cut-offs of four shops.
_BLENDS = np.array(
    [(0.4, 0.4, 0.2)]
    + [w for w in product((0.0, 0.25, 0.5, 0.75, 1.0), repeat=3) if abs(sum(w) - 1.0) < 1e-9]
)
_TREE_ENSEMBLES = 2
#: Parts of the held-out correction of slope and level that are believed; chosen over 44 cut-offs
#: and horizons of three shops: full trust in the level helped the steady one and hurt the others.
_SLOPE_TRUST, _LEVEL_TRUST = 0.5, 0.25


@dataclass(frozen=True)
class SilenceMembers:
    """What is fitted at an origin, before anything is chosen.

    Attributes
    ----------
    space
        Feature names and scaling.
    plain
        Logistic regression over features.
    with_state
        The same over features and state components; None where there are no states.
    trees
        Boosted trees over raw features, alike but for their seeds.
    repeat_buying
        MBG/NBD of the histories at the origin; None where they are too few.
    repeat_centre
        Mean log-odds of MBG/NBD over the training rows.
    days_learnt
        Cut-offs that were learnt from.
    """

    space: FeatureSpace
    plain: LinearFit
    with_state: LinearFit | None
    trees: tuple[Boosted, ...]
    repeat_buying: RepeatBuying | None
    repeat_centre: float
    days_learnt: int

    def linear_link(self, rows: CutoffRows, *, uses_state: bool) -> FloatArray:
        """Return log-odds of the regression, with or without the state, float64 [rows]."""
        design = self.space.design(rows)
        if not uses_state or self.with_state is None:
            return self.plain.link(design)
        return self.with_state.link(np.column_stack([design, self.space.state_design(rows)]))

    def tree_link(self, rows: CutoffRows) -> FloatArray:
        """Return mean log-odds of the trees, float64 [rows]."""
        raw = self.space.raw(rows)
        mean: FloatArray = np.mean([trees.link(raw) for trees in self.trees], axis=0)
        return mean

    def repeat_link(self, rows: CutoffRows) -> FloatArray:
        """Return log-odds of MBG/NBD, which needs no labels; 0 where it is unknown, [rows]."""
        return _repeat_link(rows, self.repeat_buying, self.space.horizon)

    def linear_effects(self, rows: CutoffRows, *, uses_state: bool) -> Effects:
        """Return slope x distance from the training mean, and the link at the mean, by feature."""
        fit = self.with_state if uses_state and self.with_state is not None else self.plain
        return linear_effects(self.space, rows, fit)

    def tree_effects(self, rows: CutoffRows) -> Effects:
        """Return the mean of the trees' Shapley values, by feature."""
        return tree_effects(self.space, rows, *self.trees)

    def repeat_effects(self, rows: CutoffRows) -> Effects:
        """Return MBG/NBD's distance from its mean over the training rows."""
        moved = self.repeat_link(rows) - self.repeat_centre
        return Effects(self.repeat_centre, (REPEAT,), moved[:, None])


@dataclass(frozen=True)
class SilenceModel:
    """A calibrated mean, in log-odds, of a ridge logistic regression, boosted trees and MBG/NBD.

    Attributes
    ----------
    members
        The regressions and the trees.
    uses_state
        Whether the encoder's state is among the columns of the regression.
    blend
        Weights of regression, trees and MBG/NBD in the mean, [3].
    scaling
        Calibration of the mean.
    """

    members: SilenceMembers
    uses_state: bool
    blend: FloatArray
    scaling: PlattScaling

    def log_odds(self, rows: CutoffRows) -> FloatArray:
        """Return calibrated log-odds of silence, float64 [rows]."""
        members = self.members
        linear = members.linear_link(rows, uses_state=self.uses_state)
        links = [linear, members.tree_link(rows), members.repeat_link(rows)]
        return self.scaling.apply(np.column_stack(links) @ self.blend)

    def probability(self, rows: CutoffRows) -> FloatArray:
        """Return P(no purchase in the horizon), float64 [rows]."""
        return sigmoid(self.log_odds(rows))

    def effects(self, rows: CutoffRows) -> Effects:
        """Return what adds up to the calibrated log-odds, by idea.

        Exact: a linear term adds slope x distance from the mean, the trees add their Shapley
        values, MBG/NBD its distance from its mean, and all are weighted and scaled as the score
        is. All means are of the training rows. The encoder's state is one idea.
        """
        members = self.members
        linear = members.linear_effects(rows, uses_state=self.uses_state)
        parts = (linear, members.tree_effects(rows), members.repeat_effects(rows))
        weighted = [
            part.by_idea().times(float(weight))
            for part, weight in zip(parts, self.blend, strict=True)
            if weight > 0.0
        ]
        moved = added(weighted).times(self.scaling.slope)
        return Effects(self.scaling.intercept + moved.base, moved.names, moved.moved)


def silence_labels(rows: CutoffRows, horizon: int) -> FloatArray:
    """Return 1.0 where a customer buys nothing in the horizon, else 0.0, float64 [rows]."""
    return (rows.orders[horizon] <= 0).astype(np.float64)


def recency_weights(rows: CutoffRows) -> FloatArray:
    """Return row weights, mean one, that halve every :data:`WEIGHT_HALF_LIFE_DAYS` of age."""
    weights = 0.5 ** ((rows.day.max() - rows.day) / WEIGHT_HALF_LIFE_DAYS)
    normalised: FloatArray = weights / weights.mean()
    return normalised


def fit_silence(
    study: Study, origin: int, horizon: int, *, state: bool | None = None
) -> SilenceModel | None:
    """Fit on the cut-offs closed at ``origin``; choose and calibrate on the latest of them.

    The choices are made on predictions for customers at days that the predicting model did not
    learn from: at each of the latest closed cut-offs by the model of that day, or, where no day
    has cut-offs closed before it, by customers left out in turn.

    Parameters
    ----------
    study
        Cut-offs and settings.
    origin
        The day that is predicted from.
    horizon
        In days.
    state
        Whether to use the encoder's state; None lets the held-out customers decide.

    Returns
    -------
    The model, or None where there is too little to learn from.
    """
    members = silence_members(study, origin, horizon)
    if members is None:
        return None
    return _chosen(members, _recalled(study, origin, horizon), state)


def judged_days(
    study: Study, members: SilenceMembers, origin: int, horizon: int
) -> dict[int, Judgement]:
    """Judge, at each held-out day of ``origin``, a model that is made in the same way.

    Members are those of the day; blend, state and calibration are chosen on the other days.
    """
    held = _recalled(study, origin, horizon)
    part = parts_to_leave_out(held.day, held.customer_no, study.settings.seed + 4)
    link = np.zeros(len(held.labels))
    for one in np.unique(part):
        here = held.rows(part == one)
        chosen = _chosen(members, held.rows(part != one), None)
        known = here.links(uses_state=chosen.uses_state) @ chosen.blend
        link[part == one] = chosen.scaling.apply(known)
    return {
        int(day): _judgement(link[held.day == day], held.labels[held.day == day])
        for day in np.unique(held.day)
    }


def judged(model: SilenceModel, rows: CutoffRows, horizon: int) -> Judgement:
    """Return how a model does on customers at a closed cut-off."""
    return _judgement(model.log_odds(rows), silence_labels(rows, horizon))


def silence_members(study: Study, origin: int, horizon: int) -> SilenceMembers | None:
    """Return the fits at ``origin``, before anything is chosen; None where there is too little."""
    return study.recall("silence", horizon, origin, lambda: _fit_members(study, origin, horizon))


@dataclass(frozen=True)
class _HeldOut:
    """Predictions on customers that were not learnt from.

    Attributes
    ----------
    customer_no
        Whose each row is, [rows]; a customer has one at each held-out cut-off.
    day
        That cut-off, [rows].
    labels
        [rows].
    plain, with_state
        Log-odds of the regressions, [rows]; equal where there are no states.
    trees, repeat
        Log-odds of the trees and of MBG/NBD, [rows].
    share_learnt
        Cut-offs that the predicting model learnt from, as a share of all; a model of little history
        is overconfident in a way that one of all of it is not.
    """

    customer_no: IntArray
    day: IntArray
    labels: FloatArray
    plain: FloatArray
    with_state: FloatArray
    trees: FloatArray
    repeat: FloatArray
    share_learnt: float

    def rows(self, chosen: BoolArray) -> _HeldOut:
        """Return some of the rows."""
        named = ("customer_no", "day", "labels", "plain", "with_state", "trees", "repeat")
        return replace(self, **{name: getattr(self, name)[chosen] for name in named})

    def links(self, *, uses_state: bool) -> FloatArray:
        """Return the log-odds of regression, trees and MBG/NBD, [rows, 3]."""
        return np.column_stack(
            [self.with_state if uses_state else self.plain, self.trees, self.repeat]
        )


def _chosen(members: SilenceMembers, held: _HeldOut, state: bool | None) -> SilenceModel:
    """Choose blend and state, and calibrate, on held-out rows."""
    losses = _log_losses(held.links(uses_state=False) @ _BLENDS.T, held.labels)
    chosen = one_error_choice(losses, held.customer_no, preferred=0)
    blend: FloatArray = 0.5 * (_BLENDS[0] + _BLENDS[chosen])
    uses_state = members.with_state is not None and blend[0] > 0.0 and state is not False
    if uses_state and state is None:
        both = np.column_stack([held.links(uses_state=told) @ blend for told in (False, True)])
        losses = _log_losses(both, held.labels)
        uses_state = len(losses) > 0 and bool(losses[:, 1].mean() < losses[:, 0].mean())
    scaling = fit_platt(
        held.links(uses_state=uses_state) @ blend,
        held.labels,
        slope_trust=_SLOPE_TRUST * held.share_learnt,
        level_trust=_LEVEL_TRUST * held.share_learnt,
    )
    return SilenceModel(members, uses_state, blend, scaling)


def _is_enough(rows: CutoffRows, horizon: int) -> bool:
    if len(rows) < FEWEST_ROWS:
        return False
    silent = silence_labels(rows, horizon).sum()
    return bool(min(silent, len(rows) - silent) >= FEWEST_OF_A_KIND)


def _held_out(study: Study, origin: int, horizon: int) -> _HeldOut:
    learnt = study.learnt(horizon, origin)
    nobody = np.zeros(0, dtype=np.int64)
    parts, shares, customers, days = [], [], [nobody], [nobody]
    for day in study.held_out_days(horizon, origin):
        members = silence_members(study, day, horizon)
        if members is not None:
            asked = study.asked(day)
            customers.append(asked.customer_no)
            days.append(asked.day)
            parts.append(_predict_members(members, asked, horizon))
            shares.append(members.days_learnt / len(learnt))
    if not parts:
        fold = np.floor(customer_uniform(study.rows.customer_no, study.settings.seed + 2) * 3)
        for left_out in range(3):
            members = _fit_members(study.part(study.rows.take(fold != left_out)), origin, horizon)
            asked = study.part(study.rows.take(fold == left_out)).asked(learnt[-1])
            if len(asked) and members is not None:
                customers.append(asked.customer_no)
                days.append(asked.day)
                parts.append(_predict_members(members, asked, horizon))
                shares.append(2.0 / 3.0)
    labels, plain, with_state, trees, repeat = (
        np.concatenate([np.zeros(0), *(part[place] for part in parts)]) for place in range(5)
    )
    share = float(np.mean(shares)) if shares else 0.0
    who, when = np.concatenate(customers), np.concatenate(days)
    return _HeldOut(who, when, labels, plain, with_state, trees, repeat, share)


def _recalled(study: Study, origin: int, horizon: int) -> _HeldOut:
    return study.recall(
        "held-out silence", horizon, origin, lambda: _held_out(study, origin, horizon)
    )


def _judgement(log_odds: FloatArray, labels: FloatArray) -> Judgement:
    """Return the log-losses of log-odds and of the rate of all, means over rows."""
    lost = _log_losses(log_odds[:, None], labels)[:, 0]
    rate = float(labels.mean()) if len(labels) else 0.0
    # Where all did the same, their rate loses nothing, and nothing can be better.
    if rate in (0.0, 1.0):
        return judge(lost, np.zeros(len(labels)))
    plain = np.full((len(labels), 1), np.log(rate / (1.0 - rate)))
    return judge(lost, _log_losses(plain, labels)[:, 0])


def _predict_members(
    members: SilenceMembers, asked: CutoffRows, horizon: int
) -> tuple[FloatArray, ...]:
    return (
        silence_labels(asked, horizon),
        members.linear_link(asked, uses_state=False),
        members.linear_link(asked, uses_state=True),
        members.tree_link(asked),
        members.repeat_link(asked),
    )


def _fit_members(study: Study, origin: int, horizon: int) -> SilenceMembers | None:
    train = study.training(horizon, origin)
    if not _is_enough(train, horizon):
        return None
    space = study.recall("space", horizon, origin, lambda: learn_space(train, horizon))
    labels, weights = silence_labels(train, horizon), recency_weights(train)
    design = space.design(train)
    penalty = np.full(design.shape[1], _FEATURE_PENALTY)
    plain = fit_linear(design, labels, family="logistic", penalty=penalty, weights=weights)
    with_state = None
    states = space.state_design(train)
    if states.shape[1]:
        with_state = fit_linear(
            np.column_stack([design, states]),
            labels,
            family="logistic",
            penalty=np.concatenate([penalty, np.full(states.shape[1], STATE_PENALTY)]),
            weights=weights,
        )
    raw, seed = space.raw(train), study.settings.seed
    trees = tuple(
        fit_boosted(raw, labels, objective="binary", seed=seed + 101 * copy, weights=weights)
        for copy in range(_TREE_ENSEMBLES)
    )
    repeat_buying = repeat_buying_at(study, origin)
    centre = float(_repeat_link(train, repeat_buying, horizon).mean())
    days_learnt = len(study.learnt(horizon, origin))
    return SilenceMembers(space, plain, with_state, trees, repeat_buying, centre, days_learnt)


def _repeat_link(rows: CutoffRows, repeat_buying: RepeatBuying | None, horizon: int) -> FloatArray:
    links = repeat_log_odds(rows, repeat_buying, horizon)
    return np.zeros(len(rows)) if links is None else links


def _log_losses(log_odds: FloatArray, labels: FloatArray) -> FloatArray:
    """Return the log-loss of each row under each column of log-odds, [rows, columns]."""
    signed: FloatArray = np.where(labels[:, None] > 0, -log_odds, log_odds)
    return np.logaddexp(0.0, signed)
