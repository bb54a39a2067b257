"""What moves a score: exact additive effects, gathered into ideas that people can talk about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import FloatArray
from footfall.heads.cutoffs.features import FeatureSpace
from footfall.heads.cutoffs.rows import CutoffRows
from footfall.heads.learners.boosting import Boosted
from footfall.heads.learners.linear import LinearFit

#: The encoder's state, which is one idea whatever it holds.
STATE = "encoder_state"
#: What MBG/NBD says.
REPEAT = "repeat_model"
#: Ideas by the words in a feature's name; the first match decides.
_IDEAS = (
    (STATE, ("encoder_state",)),
    (REPEAT, ("repeat_model",)),
    ("rhythm", ("gap", "overdue", "days_since")),
    ("friction", ("friction", "support", "error")),
    ("refunds", ("refund",)),
    ("discounts", ("discount", "coupon")),
    ("past_visits", ("past_visits", "past_order_visits")),
    ("progress", ("checkout", "furthest_stage", "last_event_type", "login")),
    ("arrival", ("channel", "device=", "entry_event_type")),
    ("duration", ("elapsed",)),
    ("engagement", ("session", "view", "cart", "search", "wishlist", "event", "campaign")),
    ("order_value", ("order_amount",)),
    ("spend", ("amount",)),
    ("breadth", ("category", "item", "line", "brand")),
    ("tenure", ("tenure", "first_order")),
    ("frequency", ("order", "active")),
    ("recency", ("recency",)),
)


@dataclass(frozen=True)
class Effects:
    """What adds up to a score on the scale of its model, for each row.

    Attributes
    ----------
    base
        What the score is where nothing moves it: a constant of the training.
    names
        Of what moves it: features, or ideas.
    moved
        How far each moves it, [rows, names]; ``base`` and the sum of a row are its score.
    """

    base: float
    names: tuple[str, ...]
    moved: FloatArray

    def by_idea(self) -> Effects:
        """Return the same with the effects of each idea summed, ideas in order of their names."""
        ideas = tuple(sorted({idea_of(name) for name in self.names}))
        gathered = np.zeros((len(self.moved), len(ideas)))
        for column, name in enumerate(self.names):
            gathered[:, ideas.index(idea_of(name))] += self.moved[:, column]
        return Effects(self.base, ideas, gathered)

    def times(self, factor: float) -> Effects:
        """Return base and effects multiplied by a number."""
        return Effects(self.base * factor, self.names, self.moved * factor)

    def each_times(self, factors: FloatArray) -> FloatArray:
        """Return the effects with each row multiplied by its own number, [rows, names]."""
        return self.moved * factors[:, None]


def idea_of(feature: str) -> str:
    """Return the idea that a feature belongs to; a feature that fits none is its own idea."""
    for idea, words in _IDEAS:
        if any(word in feature for word in words):
            return idea
    return feature.removeprefix("f_")


def known_ideas() -> frozenset[str]:
    """Return the ideas that features are gathered into."""
    return frozenset(idea for idea, _ in _IDEAS)


def added(parts: list[Effects]) -> Effects:
    """Return the sum of effects that were given by idea: bases, and effects by name."""
    names = tuple(sorted({name for part in parts for name in part.names}))
    moved = np.zeros((len(parts[0].moved), len(names)))
    for part in parts:
        moved[:, [names.index(name) for name in part.names]] += part.moved
    return Effects(sum(part.base for part in parts), names, moved)


def linear_effects(space: FeatureSpace, rows: CutoffRows, fit: LinearFit) -> Effects:
    """Return what each column of a regression adds to its link, by feature.

    Parameters
    ----------
    space
        Of the columns.
    rows
        Customers.
    fit
        Over the features alone, or over features and state components.
    """
    width = len(space.columns)
    names = [*space.columns]
    moved = space.design(rows) * fit.slopes[:width]
    if len(fit.slopes) > width:
        names.append(STATE)
        moved = np.column_stack([moved, space.state_design(rows) @ fit.slopes[width:]])
    return Effects(fit.intercept, tuple(names), moved)


def tree_effects(space: FeatureSpace, rows: CutoffRows, *ensembles: Boosted) -> Effects:
    """Return the mean of the Shapley values of ensembles over raw features, by feature."""
    raw = space.raw(rows)
    found = [trees.contributions(raw) for trees in ensembles]
    moved: FloatArray = np.mean([values for values, _ in found], axis=0)
    return Effects(float(np.mean([base for _, base in found])), space.names, moved)
