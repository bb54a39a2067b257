"""Scores the newest attempts, each by the model of its own week, with reasons that add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from footfall.core.arrays import Array, FloatArray, IntArray
from footfall.core.progress import Progress
from footfall.risk.attempts import MICROSECONDS_A_DAY, Attempts, feature_names, read_attempts
from footfall.risk.model import RiskModel, probability_of
from footfall.risk.oddness import oddness
from footfall.risk.rules import RuleHits, hits_of, read_rules
from footfall.risk.scores.applying import served_model
from footfall.risk.scores.calendar import BLOCK_DAYS, Calendar, date_of, first_date, start_of
from footfall.risk.scores.moving import drift_of
from footfall.risk.scores.settings import ScoreSettings
from footfall.risk.scores.source import PaymentSource
from footfall.risk.scores.stored import StoredRisk, load_risk

REASONS = 3
#: Attempts of a day that get reasons, as Shapley values take long: so many of the highest
#: chances of fraud, and so many of the highest losses expected.
REASONS_A_DAY = 300
#: How a row came about.
MODEL, LEVEL_ONLY, RULES, HISTORY = "model", "model_level", "rules", "history"
SCHEMA = pa.schema(
    [
        ("attempt_id", pa.string()),
        ("scored_by", pa.string()),
        ("risk_score", pa.float64()),
        ("probability", pa.float64()),
        ("log_odds", pa.float64()),
        ("base_log_odds", pa.float64()),
        *((f"feature_{place}", pa.string()) for place in (1, 2, 3)),
        *((f"value_{place}", pa.float64()) for place in (1, 2, 3)),
        *((f"contribution_{place}", pa.float64()) for place in (1, 2, 3)),
        ("other_contribution", pa.float64()),
        ("rule_hits", pa.string()),
        ("model_id", pa.string()),
        ("cutoff_date", pa.date32()),
        ("run_metadata", pa.string()),
    ]
)
# Days before a block whose attempts say what is common, where no labels do.
_COMMON_DAYS = 91
_COMMON_ROWS = 20_000
# What is odd decides among attempts of equal points.
_ODDNESS_SHARE = 1e-3


@dataclass(frozen=True)
class _Shop:
    """What the scores of a shop are made of."""

    stored: StoredRisk
    attempts: Attempts
    hits: RuleHits
    calendar: Calendar
    seed: int


def score(
    heads: pa.Table,
    source: PaymentSource,
    rules: pa.Table,
    as_of: date | None,
    *,
    settings: ScoreSettings,
    progress: Progress,
) -> pa.Table:
    """Score the attempts of the newest days, and name the rules that hold.

    Parameters
    ----------
    heads
        Rows of :func:`footfall.risk.scores.training.train`.
    source
        Attempts and features.
    rules
        Rows of `fraud_rules`.
    as_of
        The as-of date of the shop; None while nothing has happened.
    settings
        Of the score.
    progress
        Called with a line of text for each step.

    Returns
    -------
    Columns of :data:`SCHEMA`: a row for each attempt of the scored days, and one for each attempt
    of the days before that a rule holds for (`history`), with nothing but the names of the rules.
    """
    if as_of is None or heads.num_rows == 0:
        return SCHEMA.empty_table()
    calendar = Calendar.of(as_of, settings.label_delay_days, settings.scored_days)
    read_from = min(
        calendar.scored_from - settings.rules_days,
        calendar.scored.start * BLOCK_DAYS - _COMMON_DAYS,
        calendar.read_from,
    )
    rows, features = source.read(date_of(read_from))
    active = read_rules(rules, feature_names(features))
    attempts = read_attempts(rows, features)
    hits = hits_of(active, attempts.names, attempts.features)
    shop = _Shop(load_risk(heads), attempts, hits, calendar, settings.seed)
    block = calendar.block(attempts)
    is_scored = attempts.shop_day >= calendar.scored_from
    parts = []
    for number in sorted(set(block[is_scored].tolist())):
        places = np.flatnonzero(is_scored & (block == number))
        parts.append(_scored(shop, number, places))
    since = date_of(calendar.scored_from)
    progress(f"risk: {int(is_scored.sum()):,} attempts since {since} scored")
    first = calendar.scored_from - settings.rules_days
    is_hit = hits.hits.any(axis=1) & ~is_scored & (attempts.shop_day >= first)
    parts.append(_history(shop, np.flatnonzero(is_hit)))
    return _table(parts, as_of, _metadata(shop, int(is_scored.sum())))


def _scored(shop: _Shop, block: int, places: IntArray) -> pa.Table:
    model = served_model(shop.stored, shop.attempts, shop.calendar, block)
    if model is None:
        columns = _by_rules(shop, block, places)
    else:
        columns = {
            **_by_model(model, shop.attempts, places),
            "model_id": [shop.stored.models[block].model_id] * len(places),
        }
    return _part(shop, places, columns)


def _by_model(model: RiskModel, attempts: Attempts, places: IntArray) -> dict[str, Any]:
    names, values = attempts.names, attempts.features[places]
    log_odds = model.log_odds(names, values)
    probability = probability_of(log_odds)
    by = MODEL if model.is_calibrated else LEVEL_ONLY
    day, loss = attempts.shop_day[places], probability * attempts.amount[places]
    looked_at = np.union1d(_largest(day, log_odds), _largest(day, loss))
    return {
        "scored_by": [by] * len(places),
        "risk_score": probability,
        "probability": probability,
        "log_odds": log_odds,
        **_spread(_reasons(model, names, values[looked_at]), looked_at, len(places)),
    }


def _largest(day: IntArray, value: FloatArray) -> IntArray:
    """Return the places of the largest values of each day, as many as get reasons."""
    order = np.lexsort((np.arange(len(day)), -value, day))
    begins = np.searchsorted(day[order], day[order], side="left")
    return order[np.arange(len(day)) - begins < REASONS_A_DAY]


def _reasons(model: RiskModel, names: list[str], asked: Array) -> dict[str, pa.Array]:
    """Return what moves each attempt most, up or down, and what all the rest adds up to."""
    contributions, base = model.contributions(names, asked)
    values = model.matched(names, asked)
    order = np.argsort(-np.abs(contributions), axis=1, kind="stable")[:, :REASONS]
    columns = {"base_log_odds": pa.array(np.full(len(asked), base))}
    rest = contributions.sum(axis=1)
    every = np.arange(len(asked))
    for place in range(order.shape[1]):
        column = order[:, place]
        effect = contributions[every, column]
        value = values[every, column].astype(np.float64)
        named = np.array(model.names, dtype=object)[column]
        is_still = effect == 0
        columns[f"feature_{place + 1}"] = pa.array(named, pa.string(), mask=is_still)
        columns[f"value_{place + 1}"] = pa.array(value, mask=is_still | ~np.isfinite(value))
        columns[f"contribution_{place + 1}"] = pa.array(effect, mask=is_still)
        rest = rest - effect
    columns["other_contribution"] = pa.array(rest)
    return columns


def _spread(columns: dict[str, pa.Array], places: IntArray, count: int) -> dict[str, pa.Array]:
    """Return columns of ``count`` rows that hold these at some places, and null elsewhere."""
    at = np.zeros(count, dtype=np.int64)
    at[places] = np.arange(len(places))
    has_none = np.ones(count, dtype=bool)
    has_none[places] = False
    index = pa.array(at, mask=has_none)
    return {name: column.take(index) for name, column in columns.items()}


def _by_rules(shop: _Shop, block: int, places: IntArray) -> dict[str, Any]:
    """Return points of rules, and what is odd among attempts of equal points."""
    attempts, start = shop.attempts, start_of(block)
    since = start - _COMMON_DAYS * MICROSECONDS_A_DAY
    is_known = (attempts.known_at < start) & (attempts.asked_at >= since)
    common = np.flatnonzero(is_known)[-_COMMON_ROWS:]
    odd = oddness(attempts.features[common], attempts.features[places], shop.seed)
    level = (shop.hits.score[places] + _ODDNESS_SHARE * odd) / (1.0 + _ODDNESS_SHARE)
    return {"scored_by": [RULES] * len(places), "risk_score": level}


def _history(shop: _Shop, places: IntArray) -> pa.Table:
    return _part(shop, places, {"scored_by": [HISTORY] * len(places)})


def _part(shop: _Shop, places: IntArray, columns: Mapping[str, Any]) -> pa.Table:
    named = RuleHits(shop.hits.rules, shop.hits.hits[places]).names()
    known: dict[str, Any] = {
        "attempt_id": shop.attempts.ids.take(pa.array(places)),
        "rule_hits": named,
        **columns,
    }
    arrays = [
        _array(known[field.name], field.type)
        if field.name in known
        else pa.nulls(len(places), field.type)
        for field in SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values, kind)


def _table(parts: list[pa.Table], as_of: date, metadata: str) -> pa.Table:
    table = pa.concat_tables(parts)
    for name, value in (("cutoff_date", as_of), ("run_metadata", metadata)):
        field = SCHEMA.field(name)
        column = pa.repeat(pa.scalar(value, field.type), table.num_rows)
        table = table.set_column(SCHEMA.get_field_index(name), field, column)
    return table


def _metadata(shop: _Shop, scored: int) -> str:
    """Return the run with how many were scored, and how far scores have moved since before."""
    moved = drift_of(shop.stored, shop.attempts, shop.calendar)
    drift = {
        "score_psi": None if moved is None else moved.stability_index,
        "score_psi_since": None if moved is None else first_date(moved.since).isoformat(),
    }
    return shop.stored.metadata({"attempts_scored": scored, **drift})
