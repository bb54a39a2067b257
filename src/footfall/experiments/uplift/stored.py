"""What was learned of each arm as rows of a table, and read from them again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from footfall.core.arrays import FloatArray
from footfall.core.fingerprints import combined_fingerprint
from footfall.core.stored_rows import ArtifactError, Artifacts, Values, load, to_table
from footfall.experiments.uplift.learners import Learner, MeanModel, Ranker
from footfall.experiments.uplift.qini import RankEffect
from footfall.experiments.uplift.trials import Measure
from footfall.heads.learners.lightgbm_alone import lightgbm

SCORE = "uplift_heads"


@dataclass(frozen=True)
class Targeting:
    """How customers are put in order by what an arm does for them.

    Attributes
    ----------
    names
        Of the features that the ranker reads.
    ranker
        The chosen learner, fitted on all units.
    places
        Its scores of these units at each hundredth, ``[101]``.
    """

    names: list[str]
    ranker: Ranker
    places: FloatArray

    def place(self, features: FloatArray) -> FloatArray:
        """Return where units stand among those that were learned from, from 0 to 1 (highest).

        Units of one score stand in the middle of their places, as ranks of ties are.
        """
        return place_among(self.ranker.score(features), self.places)


def place_among(scores: FloatArray, places: FloatArray) -> FloatArray:
    """Return the place of scores, from 0 to 1, given scores of evenly spread places, rising."""
    even = np.linspace(0, 1, len(places))
    # Of equal scores the first finds the last place, the second the first one.
    last = np.interp(scores, places, even)
    first = 1 - np.interp(-scores, -places[::-1], even)
    return np.asarray((first + last) / 2)


@dataclass(frozen=True)
class Learned:
    """What came of an arm.

    Attributes
    ----------
    fingerprint
        Of code, settings and units.
    facts
        Experiment, arm, control, metric, sign, counts and reason of the case.
    chosen
        The learner that did best on validation units; None where nothing was learned.
    learners
        Measures of each learner on units kept apart.
    by_rank
        The effect over the places of the ranking; None where nothing was learned.
    targeting
        None where there is no evidence that the effect differs between units.
    """

    fingerprint: str
    facts: dict[str, Any]
    chosen: Learner | None
    learners: Mapping[Learner, Measure]
    by_rank: RankEffect | None
    targeting: Targeting | None


def to_rows(learned: list[Learned]) -> pa.Table:
    """Return the rows of what was learned: one an array, and one that describes them all."""
    fits = {_fit(one.facts): _values(one.targeting) for one in learned if one.targeting is not None}
    written = [
        {
            "fingerprint": one.fingerprint,
            "facts": one.facts,
            "chosen": one.chosen,
            "learners": {name: asdict(measure) for name, measure in one.learners.items()},
            "by_rank": one.by_rank,
        }
        for one in learned
    ]
    run_id = f"{SCORE}-{combined_fingerprint(SCORE, *(one.fingerprint for one in learned))[:16]}"
    return to_table(run_id, {"score": SCORE, "arms": written}, fits)


def from_rows(rows: pa.Table) -> tuple[str, list[Learned]]:
    """Return the run and what it learned.

    Raises
    ------
    ArtifactError
        The rows are damaged or of another form.
    """
    stored = load(rows)
    try:
        return stored.run_id, [_learned(stored, one) for one in stored.run["arms"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(
            f"the run {stored.run_id} describes its arms in another form ({error!r}); train again"
        ) from error


def _learned(stored: Artifacts, written: Mapping[str, Any]) -> Learned:
    fit = _fit(written["facts"])
    return Learned(
        fingerprint=written["fingerprint"],
        facts=dict(written["facts"]),
        chosen=written["chosen"],
        learners={name: Measure(**one) for name, one in written["learners"].items()},
        by_rank=None if written["by_rank"] is None else RankEffect(*written["by_rank"]),
        targeting=_targeting(stored.fits[fit]) if fit in stored.fits else None,
    )


def _fit(facts: Mapping[str, Any]) -> str:
    return json.dumps([facts["experiment"], facts["arm"]])


def _values(of: Targeting) -> Values:
    found: Values = {
        "names": of.names,
        "places": of.places,
        "weights": np.array(of.ranker.weights),
        "trees": [model.trees.model_to_string() for model in of.ranker.models],
        "means": np.array([model.mean for model in of.ranker.models]),
    }
    for name in ("centre", "spread", "slopes"):
        found[name] = np.array([getattr(model, name) for model in of.ranker.models])
    return found


def _targeting(values: Values) -> Targeting:
    arrays = {name: np.asarray(value) for name, value in values.items() if name != "trees"}
    models = tuple(
        MeanModel(
            lightgbm.Booster(model_str=trees),
            arrays["centre"][place],
            arrays["spread"][place],
            arrays["slopes"][place],
            float(arrays["means"][place]),
        )
        for place, trees in enumerate(values["trees"])
    )
    return Targeting(
        [str(name) for name in values["names"]],
        Ranker(tuple(float(weight) for weight in arrays["weights"]), models),
        arrays["places"],
    )
