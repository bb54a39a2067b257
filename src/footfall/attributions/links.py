"""Contributions of models as they were fitted, before it is decided which of them is served."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

from footfall.attributions.blocks import Explained
from footfall.attributions.permutations import Walked
from footfall.core.arrays import FloatArray
from footfall.heads.churn import SilenceModel
from footfall.heads.cutoffs.rows import CutoffRows
from footfall.heads.drivers import Effects
from footfall.heads.fields import to_values
from footfall.heads.log_means import (
    chance_slope,
    log_chance,
    log_chance_slope,
    log_mean,
    secant,
)
from footfall.heads.value import ValueModel

#: What makes amount, orders and the chance of a purchase agree.
AGREEMENT = "agreement"

_ROWS_AT_ONCE = 20_000
#: Chances nearer to 0 or 1 are held there: a double hardly knows their log-odds any more.
_SUREST = 1e-15


class Silences:
    """Chances of silence of the same customers and what moves them, worked out once a model.

    The heads of churn and of value hold models of their own, which are mostly the same.
    """

    def __init__(self, asked: CutoffRows) -> None:
        """Take the customers."""
        self._asked = asked
        self._effects: dict[str, Effects] = {}
        self._chances: dict[str, FloatArray] = {}

    def of(self, model: SilenceModel) -> Effects:
        """Return what adds up to the log-odds of silence, by idea, for all customers."""
        key = _digest(model)
        if key not in self._effects:
            self._effects[key] = in_parts(model.effects, self._asked)
        return self._effects[key]

    def chances(self, model: SilenceModel) -> FloatArray:
        """Return what the model says of all customers, [customers]."""
        key = _digest(model)
        if key not in self._chances:
            self._chances[key] = model.probability(self._asked)
        return self._chances[key]


def in_parts(effects: Callable[[CutoffRows], Effects], rows: CutoffRows) -> Effects:
    """Return effects on all rows, worked out for some at a time: features take more memory."""
    count = len(rows)
    found = [
        effects(rows.take(np.arange(start, min(start + _ROWS_AT_ONCE, count))))
        for start in range(0, count, _ROWS_AT_ONCE)
    ]
    moved = np.concatenate([part.moved for part in found])
    return Effects(found[0].base, found[0].names, moved)


def silence(effects: Effects, served: FloatArray) -> Explained:
    """Explain chances of silence by effects on their log-odds.

    Parameters
    ----------
    effects
        Of the model.
    served
        The chances, [rows].
    """
    link = effects.base + effects.moved.sum(axis=1)
    moved = effects.each_times(chance_slope(link, effects.base))
    return Explained(effects, log_odds(served), moved, chance(effects.base), served)


def amounts(model: ValueModel, rows: CutoffRows, own: FloatArray, served: FloatArray) -> Explained:
    """Explain served amounts: what the model says, by idea, and what makes it agree.

    Parameters
    ----------
    model
        Of the horizon.
    rows
        Customers.
    own, served
        Amounts before and after they agree with orders and chances, [rows].
    """
    money = in_parts(model.effects, rows)
    moved = np.column_stack([money.moved, served - own])
    names = (*money.names, AGREEMENT)
    rates = 1.0 / log_mean(served, money.base)
    link = Effects(float(np.log(money.base)), names, moved * rates[:, None])
    return Explained(link, np.log(served), moved, money.base, served)


def top_tier(silent: Effects, vip: Effects, served: FloatArray) -> Explained:
    """Explain P(VIP) = P(a purchase) x P(VIP, given a purchase).

    Parameters
    ----------
    silent
        On the log-odds of silence; those of a purchase are their opposite.
    vip
        On the log-odds of VIP, given a purchase.
    served
        P(VIP), [rows].
    """
    names = tuple(sorted({*silent.names, *vip.names}))
    log_base = float(log_chance(-silent.base) + log_chance(vip.base))
    moved, total = np.zeros((len(served), len(names))), np.full(len(served), log_base)
    for effects in (silent.times(-1.0), vip):
        link = effects.base + effects.moved.sum(axis=1)
        part = effects.each_times(log_chance_slope(link, effects.base))
        moved[:, [names.index(name) for name in effects.names]] += part
        total += log_chance(link) - log_chance(effects.base)
    base, found = float(np.exp(log_base)), np.exp(total)
    to_chance = secant(found, base, total, log_base, found)
    link_base = log_base - float(np.log1p(-base))
    to_link = secant(total - np.log1p(-found), link_base, total, log_base, 1.0 / (1.0 - found))
    link = Effects(link_base, names, moved * to_link[:, None])
    return Explained(link, log_odds(served), moved * to_chance[:, None], base, served)


def by_permutations(explained: Explained, ideas: tuple[str, ...], walked: Walked) -> Explained:
    """Return an explanation whose contributions in the unit that people read are permutations'.

    Those on the scale of the model stay as they are. What is served beyond the game's own score,
    because it has to agree with others, stays one idea.
    """
    every = (*ideas, *(name for name in explained.link.names if name not in ideas))
    link, moved, error = (np.zeros((len(explained.value), len(every))) for _ in range(3))
    places = [every.index(name) for name in explained.link.names]
    link[:, places] = explained.link.moved
    moved[:, places] = explained.moved
    moved[:, : len(ideas)], error[:, : len(ideas)] = walked.moved, walked.error
    effects = Effects(explained.link.base, every, link)
    return Explained(
        effects, explained.link_score, moved, walked.base, explained.value, "permutation", error
    )


def log_odds(chances: FloatArray) -> FloatArray:
    """Return the log-odds of chances."""
    held = np.clip(chances, _SUREST, 1.0 - _SUREST)
    return np.log(held) - np.log1p(-held)


def chance(link: float) -> float:
    """Return the chance of log-odds."""
    return float(np.exp(log_chance(link)))


def _digest(model: SilenceModel) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(to_values(model, "model").items()):
        digest.update(f"{name}\0".encode())
        digest.update("\0".join(value).encode() if isinstance(value, list) else value.tobytes())
    return digest.hexdigest()
