"""Which contributions stand for a score as it is served: blends, horizons and stretches included.

A score that a shorter horizon holds carries the contributions of that horizon. One that is not
made by a model of the horizon itself, but by a rate or by stretching another one, has one row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from footfall.attributions import links
from footfall.attributions.blocks import (
    LOG_MEAN,
    Explained,
    Labels,
    all_of,
    by_one_rate,
    rows_of,
)
from footfall.attributions.permutations import Amount, Game, Silence, TopTier, walk
from footfall.core.arrays import FloatArray, IntArray
from footfall.core.progress import Progress
from footfall.heads.churn import SilenceModel
from footfall.heads.cutoffs.background import BACKGROUND_ROWS
from footfall.heads.cutoffs.rows import CutoffRows
from footfall.heads.cutoffs.settings import HeadSettings
from footfall.heads.cutoffs.source import CutoffSource
from footfall.heads.intent import IntentModel
from footfall.heads.intent_heads import head_of, heads_and_recent
from footfall.heads.predictions import (
    SilencePrediction,
    ValuePrediction,
    predict_silences,
    predict_values,
)
from footfall.heads.prefixes import Prefixes
from footfall.heads.runs import day_to_date
from footfall.heads.scores import asked_of, horizons_of
from footfall.heads.stored import StoredHeads, load_heads
from footfall.heads.tiers import VIP
from footfall.heads.value import ValueModel

_FITTED = "fitted"
_OF_CUSTOMERS, _OF_SESSIONS = ["customer_no"], ["session_id", "prefix_length"]
#: One customer, to ask a model for its base.
_ONE = np.zeros(1, dtype=np.int64)


def explain_customers(
    churn: pa.Table,
    value: pa.Table,
    source: CutoffSource,
    *,
    churn_settings: HeadSettings,
    value_settings: HeadSettings,
    explains_value: bool = True,
    by_permutations: int = 0,
    progress: Progress,
) -> pa.Table:
    """Explain churn, value and the chance of the top tier of each customer.

    Parameters
    ----------
    churn, value
        `churn_heads` and `value_heads`.
    source
        Customers at cut-offs; those of the as-of date are read.
    churn_settings, value_settings
        Of the heads.
    explains_value
        Whether value and tier are explained as well as churn.
    by_permutations
        How many customers at the top of each list have contributions by permutations: those who are
        warned of and have spent most, those of the largest amounts, those likeliest to be VIP.
    progress
        Called with a line of text.

    Returns
    -------
    Columns of :data:`footfall.attributions.blocks.ATTRIBUTION_SCHEMA` but those of sessions.
    """
    asked = asked_of(source, value_settings)
    if len(asked) == 0:
        return all_of([]).drop_columns(_OF_SESSIONS)
    silences = links.Silences(asked)
    tables = [
        *_churn(load_heads(churn), asked, churn_settings, silences, by_permutations),
    ]
    if explains_value:
        tables += _value(load_heads(value), asked, value_settings, silences, by_permutations)
    found = all_of(tables)
    progress(f"attributions: {found.num_rows} contributions to scores of {len(asked)} customers")
    return found.drop_columns(_OF_SESSIONS)


def explain_sessions(
    intent: pa.Table,
    prefixes: pa.Table,
    states: pa.Table | None,
    *,
    recent_days: int,
    progress: Progress,
) -> pa.Table:
    """Explain the intent of each recent session at the longest prefix that it has reached.

    Parameters
    ----------
    intent
        `intent_heads`.
    prefixes, states
        As :func:`footfall.heads.score_intent` reads them.
    recent_days
        How far back sessions are scored.
    progress
        Called with a line of text.

    Returns
    -------
    Columns of :data:`footfall.attributions.blocks.ATTRIBUTION_SCHEMA` but those of customers.
    """
    if prefixes.num_rows == 0:
        return all_of([]).drop_columns(_OF_CUSTOMERS)
    heads, rows, day = heads_and_recent(intent, prefixes, states, recent_days)
    cutoff = day_to_date(day)
    latest = _latest(rows)
    tables = []
    for length in np.unique(rows.length[latest]):
        here = latest[rows.length[latest] == length]
        head = head_of(heads, int(length))
        ways = ((0, head.session, head.session_rate), (7, head.week, head.week_rate))
        for horizon, model, rate in ways:
            asked = here[rows.open_to_buy[here]] if horizon == 0 else here
            if len(asked):
                explained = _intent(model, rate, rows, asked)
                tables.append(
                    rows_of(
                        explained,
                        Labels("intent", horizon, horizon, cutoff, heads.run_id),
                        sessions=rows.table["session_id"].take(asked).combine_chunks(),
                        lengths=rows.length[asked],
                    )
                )
    found = all_of(tables)
    progress(f"attributions: {found.num_rows} contributions to intent of {len(latest)} sessions")
    return found.drop_columns(_OF_CUSTOMERS)


def _churn(
    heads: StoredHeads,
    asked: CutoffRows,
    settings: HeadSettings,
    silences: links.Silences,
    listed: int,
) -> Iterator[pa.Table]:
    horizons = horizons_of(heads, settings)
    predictions = predict_silences(heads.silences, asked, max(horizons), chance_of=silences.chances)
    explained = {
        horizon: _silence(predictions[horizon], heads, silences) for horizon in predictions
    }

    def permuted(day: int, rows: IntArray) -> Game | None:
        model = predictions[day].model
        return None if model is None else Silence(model, *_compared(heads, model, asked, rows))

    for horizon in horizons:
        prediction = predictions[horizon]
        is_warned = prediction.probability >= settings.warning_probability
        order = np.where(is_warned, np.nan_to_num(asked.features.get("f_amount", 0.0)), -1.0)
        first = _first(order, min(listed, int(is_warned.sum())))
        yield from _held(
            _Served("churn", heads, asked, horizon, prediction.bound_by, settings.seed),
            explained,
            first,
            permuted,
        )


def _value(
    heads: StoredHeads,
    asked: CutoffRows,
    settings: HeadSettings,
    silences: links.Silences,
    listed: int,
) -> Iterator[pa.Table]:
    horizons = horizons_of(heads, settings)
    longest = max(horizons)
    chance_of = silences.chances
    silent = predict_silences(heads.silences, asked, longest, chance_of=chance_of)
    predictions = predict_values(
        heads.silences, heads.values, asked, longest, settings, chance_of=chance_of
    )
    explained = {
        horizon: _amount(predictions[horizon], heads, asked, horizon) for horizon in predictions
    }

    def permuted(day: int, rows: IntArray) -> Game | None:
        model = predictions[day].model
        return None if model is None else Amount(model, *_compared(heads, model, asked, rows))

    for horizon in horizons:
        prediction = predictions[horizon]
        served = _Served("value", heads, asked, horizon, prediction.bound_by, settings.seed)
        yield from _held(served, explained, _first(prediction.amount, listed), permuted)
    for horizon in horizons:
        bound, model = silent[horizon].bound_by, predictions[horizon].model
        tiers = {
            int(day): _top_tier(settings, predictions[horizon], silent[day], heads, asked, silences)
            for day in np.unique(bound)
        }
        served = _Served("tier", heads, asked, horizon, bound, settings.seed)
        chances = predictions[horizon].tier_probability[:, VIP]
        first = _first(chances, listed)
        yield from _held(served, tiers, first, _tier_game(heads, asked, silent, model))


def _tier_game(
    heads: StoredHeads,
    asked: CutoffRows,
    silent: dict[int, SilencePrediction],
    model: ValueModel | None,
) -> Callable[[int, IntArray], Game | None]:
    def permuted(day: int, rows: IntArray) -> Game | None:
        silence = silent[day].model
        if model is None or silence is None:
            return None
        members = model.members
        compared = _compared(heads, model, asked, rows)
        return TopTier(silence, members.tiers, members.space, *compared)

    return permuted


@dataclass(frozen=True)
class _Served:
    """A horizon of a score, and of each customer the horizon whose score is served."""

    score: str
    heads: StoredHeads
    asked: CutoffRows
    horizon: int
    bound_by: IntArray
    seed: int


def _held(
    served: _Served,
    explained: Mapping[int, Explained],
    listed: IntArray,
    permuted: Callable[[int, IntArray], Game | None],
) -> Iterator[pa.Table]:
    """Yield the rows of a horizon, those of customers on the list by permutations.

    Parameters
    ----------
    served
        Of whom.
    explained
        By the horizon whose score is served.
    listed
        Customers on the list, by position.
    permuted
        What a score is for these customers, by the horizon whose score is served.
    """
    asked = served.asked
    cutoff, run_id = day_to_date(int(asked.day[0])), served.heads.run["run_id"]
    for day in np.unique(served.bound_by).tolist():
        labels = Labels(served.score, served.horizon, day, cutoff, run_id)
        rows = np.flatnonzero(served.bound_by == day)
        first, found = np.intersect1d(rows, listed), explained[day]
        if len(first) and found.method == LOG_MEAN and (game := permuted(day, first)) is not None:
            walked = walk(game, BACKGROUND_ROWS, served.seed)
            part = links.by_permutations(found.take(first), game.ideas, walked)
            yield rows_of(part, labels, customers=asked.customer_no[first])
            rows = np.setdiff1d(rows, first)
        yield rows_of(found.take(rows), labels, customers=asked.customer_no[rows])


def _compared(
    heads: StoredHeads, model: SilenceModel | ValueModel, asked: CutoffRows, rows: IntArray
) -> tuple[CutoffRows, CutoffRows]:
    """Return these customers, and the training rows that they are compared with."""
    return asked.take(rows), heads.backgrounds[model.members.space.horizon].rows()


def _first(order: FloatArray, count: int) -> IntArray:
    """Return the positions of the largest, ties by place."""
    return np.argsort(-order, kind="stable")[:count]


def _silence(
    prediction: SilencePrediction,
    heads: StoredHeads,
    silences: links.Silences,
) -> Explained:
    served = np.clip(prediction.probability, 0.0, 1.0)
    if prediction.method == _FITTED and prediction.model is not None:
        return links.silence(silences.of(prediction.model), served)
    base = _silence_base(prediction, heads, silences)
    return _rate(served, base, prediction.method)


def _silence_base(
    prediction: SilencePrediction, heads: StoredHeads, silences: links.Silences
) -> float:
    """Return the chance of silence where nothing is known, stretched as the chances are."""
    if prediction.model is None:
        return heads.mean_rate(prediction.horizon).silence(prediction.horizon)
    used = prediction.model.members.space.horizon
    known = links.chance(silences.of(prediction.model).base)
    return float(known ** (prediction.horizon / used))


def _amount(
    prediction: ValuePrediction, heads: StoredHeads, asked: CutoffRows, horizon: int
) -> Explained:
    served = prediction.amount
    if prediction.method == _FITTED and prediction.model is not None:
        return links.amounts(prediction.model, asked, prediction.own_amount, served)
    if prediction.model is None:
        base = heads.mean_rate(horizon).amount(horizon)
    else:
        used = prediction.model.members.space.horizon
        base = prediction.model.effects(asked.take(_ONE)).base * horizon / used
    smallest = 1e-12
    link = np.log(np.maximum(served, smallest))
    return by_one_rate(served, base, link, float(np.log(max(base, smallest))), prediction.method)


def _top_tier(
    settings: HeadSettings,
    prediction: ValuePrediction,
    silent: SilencePrediction,
    heads: StoredHeads,
    asked: CutoffRows,
    silences: links.Silences,
) -> Explained:
    served = prediction.tier_probability[:, VIP]
    model, silence = prediction.model, silent.model
    if prediction.method == silent.method == _FITTED and model is not None and silence is not None:
        vip = links.in_parts(
            lambda rows: model.members.tiers.effects(model.members.space, rows), asked
        )
        return links.top_tier(silences.of(silence), vip, served)
    vip_base = settings.vip_share
    if model is not None:
        members = model.members
        vip_base = links.chance(members.tiers.effects(members.space, asked.take(_ONE)).base)
    base = (1.0 - _silence_base(silent, heads, silences)) * vip_base
    method = silent.method if prediction.method == _FITTED else prediction.method
    return _rate(served, base, method)


def _rate(served: FloatArray, base: float, method: str) -> Explained:
    link_base = float(links.log_odds(np.array([base]))[0])
    return by_one_rate(served, base, links.log_odds(served), link_base, method)


def _intent(model: IntentModel | None, rate: float, rows: Prefixes, asked: IntArray) -> Explained:
    if model is None:
        return _rate(np.full(len(asked), rate), rate, "base_rate")
    effects = model.effects(rows, asked)
    return links.silence(effects, model.probability(rows, asked))


def _latest(rows: Prefixes) -> IntArray:
    """Return the position of the longest prefix of each session."""
    session = pc.rank(rows.table["session_id"], tiebreaker="dense").to_numpy()
    order = np.lexsort((rows.length, session))
    is_last = np.append(session[order][1:] != session[order][:-1], True)
    return np.sort(order[is_last])
