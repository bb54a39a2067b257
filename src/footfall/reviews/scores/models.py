"""What was learned of one language: how positive a text is, and how many stars go with that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from footfall.core.arrays import Array, BoolArray, FloatArray, IntArray
from footfall.core.stored_rows import ArtifactError, Values
from footfall.heads.learners.calibration import PlattScaling, fit_platt
from footfall.reviews.blocks import Block, kinds_for
from footfall.reviews.features import Features
from footfall.reviews.linear import Linear
from footfall.reviews.polarity import Polarity, learn_polarity, lexicon_polarity
from footfall.reviews.scores.lessons import Lesson
from footfall.reviews.texts import CHINESE, ENGLISH

#: Columns of a text: title and body.
COLUMNS = 2
_STEPS = (2, 3, 4, 5)
#: Fewer texts with stars say nothing of how many go with a probability.
_FEWEST_STARS = 100
_LEAST, _MOST = 1e-6, 1.0 - 1e-6


@dataclass(frozen=True)
class LanguageModel:
    """A model of the texts of one language.

    Attributes
    ----------
    language
        `en`, `zh` or `other`.
    polarity
        Whether a text is positive.
    steps
        Log-odds of two, three, four and five stars or more, from log-odds of being positive.
    hashes
        Of wordings that were learned from, ascending; ``[learned]``.
    unseen
        Probability of each of them by models that had not seen it; ``[learned]``.
    """

    language: str
    polarity: Polarity
    steps: tuple[PlattScaling, ...]
    hashes: IntArray
    unseen: FloatArray

    def probabilities(self, columns: Sequence[Sequence[str]], hashes: IntArray) -> FloatArray:
        """Return how likely each text is positive, never by a model that learned from it.

        Parameters
        ----------
        columns
            Normalised titles and bodies; ``[2][texts]``.
        hashes
            Of these; ``[texts]``.
        """
        found = self.polarity.probabilities(columns)
        if not len(self.hashes):
            return found
        place = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        return np.where(self.hashes[place] == hashes, self.unseen[place], found)

    def stars(self, probabilities: FloatArray) -> FloatArray:
        """Return the stars to expect of texts, 1 to 5; ``[texts]``."""
        if not self.steps:
            return 1.0 + 4.0 * probabilities
        log_odds = _log_odds(probabilities)
        steps = [expit(step.apply(log_odds)) for step in self.steps]
        found: FloatArray = 1.0 + np.sum(steps, axis=0)
        return found

    def stored(self) -> Values:
        """Return the model as arrays and names."""
        features = self.polarity.features
        scaling = self.polarity.scaling
        values: Values = {
            "method": [self.polarity.method],
            "scaling": np.array([scaling.slope, scaling.intercept, self.polarity.threshold]),
            "steps": np.array([[step.slope, step.intercept] for step in self.steps]),
            "hashes": self.hashes,
            "unseen": self.unseen,
        }
        for number, block in enumerate(() if features is None else features.blocks):
            values[f"block_{number}_hashes"] = block.hashes.view(np.int64)
            values[f"block_{number}_rarity"] = block.rarity
        for number, member in enumerate(self.polarity.members):
            values[f"member_{number}"] = np.append(member.weights, member.bias)
        return values


def learn(lesson: Lesson, language: str, seed: int) -> LanguageModel:
    """Learn a language from a lesson; with too few labels the lexicon decides."""
    polarity = learn_polarity(
        lesson.columns, lesson.labels, language, unlabelled=lesson.others, seed=seed
    )
    order = np.argsort(lesson.hashes)
    is_learned = polarity.features is not None
    return LanguageModel(
        language,
        polarity,
        _steps(lesson, polarity) if is_learned else (),
        lesson.hashes[order] if is_learned else np.empty(0, np.int64),
        polarity.unseen[order] if is_learned else np.empty(0),
    )


def restored(language: str, values: Values) -> LanguageModel:
    """Return a model from its arrays and names.

    Raises
    ------
    ArtifactError
        When something of it is not there.
    """
    slope, intercept, threshold = _array(values, "scaling").tolist()
    names = values.get("method")
    if not isinstance(names, list) or len(names) != 1:
        raise ArtifactError(f"the model of {language} does not say how it was made; train anew")
    scaling, method = PlattScaling(slope, intercept), names[0]
    members = tuple(
        Linear(weights[:-1], float(weights[-1]))
        for name in sorted(values)
        if name.startswith("member_") and isinstance(weights := values[name], np.ndarray)
    )
    features = None
    if members:
        blocks = tuple(
            Block(
                kind,
                _array(values, f"block_{number}_hashes").view(np.uint64),
                _array(values, f"block_{number}_rarity"),
            )
            for number, kind in enumerate(kinds_for(language, COLUMNS))
        )
        features = Features(blocks, language in (CHINESE, ENGLISH))
    unseen = _array(values, "unseen")
    made = Polarity(method, features, members, scaling, threshold, unseen=unseen)
    polarity = made if members else lexicon_polarity()
    steps = tuple(PlattScaling(*pair) for pair in _array(values, "steps").tolist())
    return LanguageModel(language, polarity, steps, _array(values, "hashes"), unseen)


def _steps(lesson: Lesson, polarity: Polarity) -> tuple[PlattScaling, ...]:
    """Learn how many stars go with a probability, on texts that it was not learned from."""
    has_stars = np.isfinite(lesson.other_stars)
    others = [
        [text for text, known in zip(column, has_stars, strict=True) if known]
        for column in lesson.others
    ]
    unseen = np.append(polarity.unseen, polarity.probabilities(others))
    stars = np.append(lesson.stars, lesson.other_stars[has_stars])
    if len(stars) < _FEWEST_STARS:
        return ()
    log_odds = _log_odds(unseen)
    return tuple(_step(log_odds, stars >= step - 0.5) for step in _STEPS)


def _step(log_odds: FloatArray, is_reached: BoolArray) -> PlattScaling:
    """Learn the log-odds of a number of stars; where all or none have it, so will the next."""
    reached, count = int(is_reached.sum()), len(is_reached)
    if reached in (0, count):
        return PlattScaling(0.0, float(np.log((reached + 0.5) / (count - reached + 0.5))))
    return fit_platt(log_odds, is_reached.astype(np.float64), slope_trust=1.0, level_trust=1.0)


def _log_odds(probabilities: FloatArray) -> FloatArray:
    found: FloatArray = logit(np.clip(probabilities, _LEAST, _MOST))
    return found


def _array(values: Values, name: str) -> Array:
    value = values.get(name)
    if not isinstance(value, np.ndarray):
        raise ArtifactError(f"the stored model of texts has no {name}; train anew")
    return value
