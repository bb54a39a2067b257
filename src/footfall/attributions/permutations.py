"""Shapley values in the unit that people read, by antithetic permutations against stored rows.

A permutation switches the ideas of a background row, one after the other, to those of a customer;
what each switch changes is added to its idea. Every permutation is walked in both directions
(Štrumbelj and Kononenko 2014, "Explaining prediction models and individual predictions with feature
contributions"), each time from another background row: all rows are used equally often, so the
contributions add up to the score less the mean score of the rows, whatever the permutations are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from footfall.core.arrays import BoolArray, FloatArray, IntArray
from footfall.heads.churn import SilenceModel
from footfall.heads.cutoffs.features import FeatureSpace
from footfall.heads.cutoffs.rows import CutoffRows
from footfall.heads.drivers import REPEAT, Effects, idea_of
from footfall.heads.learners.boosting import Boosted
from footfall.heads.learners.linear import sigmoid
from footfall.heads.tiers import TierModel
from footfall.heads.value import ValueModel


class Game(Protocol):
    """A score as a function of which ideas are the customer's own."""

    @property
    def ideas(self) -> tuple[str, ...]:
        """Names of the ideas."""

    def values(self, row: int, own: BoolArray) -> FloatArray:
        """Return scores where ``own`` ideas are a customer's and the rest a background row's.

        Parameters
        ----------
        row
            Which background row.
        own
            [coalitions, ideas].

        Returns
        -------
        Float64 [coalitions, customers].
        """


@dataclass(frozen=True)
class Walked:
    """What permutations found.

    Attributes
    ----------
    moved
        Contributions, [customers, ideas].
    error
        Their standard errors over pairs of permutations, [customers, ideas].
    base
        Mean score of the background rows.
    """

    moved: FloatArray
    error: FloatArray
    base: float


def walk(game: Game, rows: int, seed: int) -> Walked:
    """Return contributions by ``rows`` / 2 permutations, each walked in both directions."""
    count = len(game.ideas)
    draw = np.random.default_rng(seed)
    pairs, bases = [], []
    for first in range(0, rows, 2):
        order = draw.permutation(count)
        both = []
        for row, path in ((first, order), (first + 1, order[::-1])):
            own = np.zeros((count + 1, count), dtype=bool)
            for step, idea in enumerate(path, start=1):
                own[step:, idea] = True
            values = game.values(row, own)
            moved = np.empty((values.shape[1], count))
            moved[:, path] = np.diff(values, axis=0).T
            both.append(moved)
            bases.append(values[0, 0])
        pairs.append(0.5 * (both[0] + both[1]))
    found = np.stack(pairs)
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    return Walked(found.mean(axis=0), error, float(np.mean(bases)))


class Silence:
    """The calibrated log-odds of silence; :meth:`values` gives chances."""

    def __init__(self, model: SilenceModel, rows: CutoffRows, background: CutoffRows) -> None:
        """Take a model, the customers and the background rows."""
        members = model.members
        self._model, self._trees = model, _Trees(members.space, rows, background)
        linear = [
            members.linear_effects(x, uses_state=model.uses_state) for x in (rows, background)
        ]
        repeat = [members.repeat_effects(x) for x in (rows, background)]
        names = {name for part in (linear[0], repeat[0]) for name in part.by_idea().names}
        self.ideas = tuple(sorted(names | self._trees.ideas))
        self._linear = _Additive(linear, self.ideas)
        self._repeat = _Additive(repeat, self.ideas)

    def links(self, row: int, own: BoolArray) -> FloatArray:
        """Return log-odds, as :meth:`values` of a game returns scores."""
        trees = self._trees.links(row, own, self.ideas, self._model.members.trees)
        parts = (
            self._linear.links(row, own),
            np.mean(trees, axis=0),
            self._repeat.links(row, own),
        )
        blended: FloatArray = np.tensordot(self._model.blend, np.stack(parts), axes=1)
        return self._model.scaling.apply(blended)

    def values(self, row: int, own: BoolArray) -> FloatArray:
        """Return chances of silence, [coalitions, customers]."""
        return sigmoid(self.links(row, own))


class TopTier:
    """The chance of a purchase times that of VIP, given a purchase."""

    def __init__(
        self,
        silence: SilenceModel,
        tiers: TierModel,
        space: FeatureSpace,
        rows: CutoffRows,
        background: CutoffRows,
    ) -> None:
        """Take both models, the space of the second, the customers and the background rows."""
        self._silence = Silence(silence, rows, background)
        self._trees = _Trees(space, rows, background)
        self._tiers = tiers
        effects = [tiers.effects(space, x) for x in (rows, background)]
        self.ideas = tuple(sorted({*self._silence.ideas, *effects[0].names}))
        linear = [tiers.linear_effects(space, x) for x in (rows, background)]
        self._linear = _Additive(linear, self.ideas)

    def values(self, row: int, own: BoolArray) -> FloatArray:
        """Return chances of VIP, [coalitions, customers]."""
        chosen = own[:, [self.ideas.index(name) for name in self._silence.ideas]]
        buys = 1.0 - self._silence.values(row, chosen)
        link = self._linear.links(row, own)
        if self._tiers.trees is not None:
            (trees,) = self._trees.links(row, own, self.ideas, (self._tiers.trees,))
            link = 0.5 * (link + trees)
        return buys * sigmoid(link)


class Amount:
    """The blended amount, before it agrees with orders and chances."""

    def __init__(self, model: ValueModel, rows: CutoffRows, background: CutoffRows) -> None:
        """Take a model, the customers and the background rows."""
        members = model.members
        self._model, self._trees = model, _Trees(members.space, rows, background)
        poisson = [
            members.poisson_effects(x, uses_state=model.uses_state) for x in (rows, background)
        ]
        names = {*poisson[0].by_idea().names, REPEAT, "spend"}
        self.ideas = tuple(sorted(names | self._trees.ideas))
        self._poisson = _Additive(poisson, self.ideas)
        self._window = [members.window_amounts(x) for x in (rows, background)]
        self._repeat = [members.repeat_amounts(x) for x in (rows, background)]

    def values(self, row: int, own: BoolArray) -> FloatArray:
        """Return amounts, [coalitions, customers]."""
        members = self._model.members
        poisson = self._poisson.links(row, own)
        ensembles = (members.trees, members.stacked)
        trees, added = self._trees.links(row, own, self.ideas, ensembles)
        links = np.stack([poisson, trees, poisson + added])
        amounts = [*np.exp(np.minimum(links, 40.0))]
        amounts.append(self._switched("spend", self._window, row, own))
        repeat = self._switched(REPEAT, self._repeat, row, own)
        amounts.append(np.where(np.isfinite(repeat), repeat, amounts[2]))
        held = np.minimum(np.stack(amounts), members.cap)
        blended: FloatArray = np.tensordot(self._model.weights, held, axes=1)
        return blended

    def _switched(
        self, idea: str, parts: Sequence[FloatArray], row: int, own: BoolArray
    ) -> FloatArray:
        is_own = own[:, self.ideas.index(idea)]
        customers, background = parts
        return np.where(is_own[:, None], customers[None, :], background[row])


class _Additive:
    """A link that is a sum over ideas."""

    def __init__(self, both: Sequence[Effects], ideas: tuple[str, ...]) -> None:
        """Take the effects on the customers and on the background rows."""
        self._base = both[0].base
        self._customers, self._background = (_spread(part.by_idea(), ideas) for part in both)

    def links(self, row: int, own: BoolArray) -> FloatArray:
        """Return links, [coalitions, customers]."""
        theirs = own.astype(np.float64)
        rest = (1.0 - theirs) @ self._background[row]
        links: FloatArray = self._base + theirs @ self._customers.T + rest[:, None]
        return links


class _Trees:
    """Features of which some are a customer's and some a background row's, for trees to read."""

    def __init__(self, space: FeatureSpace, rows: CutoffRows, background: CutoffRows) -> None:
        self._customers, self._background = space.raw(rows), space.raw(background)
        self._idea_of = [idea_of(name) for name in space.names]
        self.ideas = frozenset(self._idea_of)

    def links(
        self, row: int, own: BoolArray, ideas: tuple[str, ...], ensembles: Sequence[Boosted]
    ) -> list[FloatArray]:
        """Return the links of each ensemble, [coalitions, customers] each."""
        columns: IntArray = np.array([ideas.index(idea) for idea in self._idea_of])
        mixed = np.where(own[:, columns][:, None, :], self._customers, self._background[row])
        flat = mixed.reshape(-1, mixed.shape[2])
        shape = mixed.shape[:2]
        return [ensemble.link(flat).reshape(shape) for ensemble in ensembles]


def _spread(effects: Effects, ideas: tuple[str, ...]) -> FloatArray:
    """Return the effects in the columns of these ideas, [rows, ideas]."""
    found = np.zeros((len(effects.moved), len(ideas)))
    found[:, [ideas.index(name) for name in effects.names]] = effects.moved
    return found
