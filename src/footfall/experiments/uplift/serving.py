"""Learns of each arm whom it helps, and puts the customers of today in that order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from footfall.core.fingerprints import code_fingerprint, combined_fingerprint, table_fingerprint
from footfall.core.identity import Identity
from footfall.core.settings import Settings
from footfall.core.stored_rows import ArtifactError
from footfall.experiments.reasons import because, stored
from footfall.experiments.uplift.cases import Case, Units, cases_of, matrix
from footfall.experiments.uplift.learners import Learner, fit_rankers
from footfall.experiments.uplift.stored import Learned, Targeting, from_rows, to_rows
from footfall.experiments.uplift.trials import Trial, learned_outcome, try_uplift

SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("kind", "experiment", "arm", "control_arm", "metric")),
        *((name, pa.string()) for name in ("learner", "verdict", "reason_key", "reason_values")),
        ("customer_no", pa.int64()),
        *((name, pa.int64()) for name in ("control_units", "units", "left_out")),
        *((name, pa.float64()) for name in ("qini", "qini_lower", "qini_upper")),
        *((name, pa.float64()) for name in ("effect_top_30", "effect_all", "incremental_effect")),
        ("target_rank", pa.int64()),
        *((name, pa.bool_()) for name in ("is_chosen", "is_helped")),
        ("cutoff_date", pa.date32()),
        ("run_id", pa.string()),
    ]
)
_ROOMS = ("core", "experiments", "heads/learners")


@dataclass(frozen=True)
class UpliftSettings(Settings):
    """What a shop decides about uplift.

    Attributes
    ----------
    seed
        Of the splits, of fitting and of the bootstrap.
    """

    OF = "uplift"
    VARS: ClassVar[Mapping[str, str]] = {"seed": "scorer_seed"}

    seed: int = 0


def train(
    experiments: pa.Table,
    arms: pa.Table,
    roles: pa.Table,
    scored: pa.Table,
    units: pa.Table,
    settings: UpliftSettings,
    previous: pa.Table | None = None,
) -> pa.Table:
    """Learn of each arm whom it helps; an arm whose units are as before is not learned again.

    Parameters
    ----------
    experiments, arms, roles, scored, units
        As `cases_of` takes them.
    previous
        The rows of the run before.

    Returns
    -------
    pa.Table
        Rows of `stored_rows`.
    """
    before = _before(previous)
    learned = []
    for case in cases_of(experiments, arms, roles, scored, units):
        fingerprint = _fingerprint(case, settings)
        known = before.get(fingerprint)
        if known is None:
            known = _learn(case, fingerprint, settings.seed)
        # Counts of who was left out may change where nothing that is learned from does.
        learned.append(replace(known, facts=_facts(case)))
    return to_rows(learned)


def score(heads: pa.Table, customers: Callable[[], pa.Table]) -> pa.Table:
    """Return what was measured of each arm, and the customers in the order of their effect.

    Parameters
    ----------
    heads
        Rows of `train`.
    customers
        Reads the customers of today with their features, `customer_no` and `cutoff_date`; called
        only where an arm has evidence.

    Returns
    -------
    pa.Table
        The columns of `SCHEMA`; `kind` is evaluation or target. A customer is a target of one
        arm of an experiment, the one that helps them most.
    """
    run_id, learned = from_rows(heads)
    rows = [row for one in learned for row in _evaluation(one)]
    tables = [pa.Table.from_pylist([{**row, "run_id": run_id} for row in rows], schema=SCHEMA)]
    with_evidence = [one for one in learned if one.targeting is not None]
    if with_evidence:
        today = customers().sort_by("customer_no")
        for experiment in sorted({one.facts["experiment"] for one in with_evidence}):
            own = [one for one in with_evidence if one.facts["experiment"] == experiment]
            tables.append(_targets(own, today, run_id))
    return pa.concat_tables(tables)


def _before(previous: pa.Table | None) -> dict[str, Learned]:
    if previous is None or previous.num_rows == 0:
        return {}
    try:
        return {one.fingerprint: one for one in from_rows(previous)[1]}
    except ArtifactError:
        # Rows of an earlier form: everything is learned again.
        return {}


def _fingerprint(case: Case, settings: UpliftSettings) -> str:
    said = [case.experiment, case.arm, str(stored(case.reason)), str(case.metric), str(case.sign)]
    of = case.learned_from
    if of is not None:
        columns = {name: of.features[:, place] for place, name in enumerate(of.names)}
        table = pa.table({**columns, "outcome": of.outcome, "treated": of.treated})
        said.append(table_fingerprint(table))
    learned_from = combined_fingerprint(*said)
    identity = Identity(code_fingerprint(*_ROOMS), learned_from, {"seed": settings.seed}, "cpu")
    return identity.fingerprint


def _facts(case: Case) -> dict[str, Any]:
    return {
        "experiment": case.experiment,
        "arm": case.arm,
        "control": case.control,
        "metric": case.metric,
        "sign": case.sign,
        "control_units": case.control_units,
        "units": case.units,
        "left_out": case.left_out,
        **stored(case.reason),
    }


def _learn(case: Case, fingerprint: str, seed: int) -> Learned:
    of = case.learned_from
    if of is None:
        return Learned(fingerprint, _facts(case), None, {}, None, None)
    trial = try_uplift(of.features, of.outcome, of.treated, seed)
    return Learned(
        fingerprint,
        _facts(case),
        trial.chosen,
        trial.learners,
        trial.by_rank,
        _targeting(of, trial, seed) if trial.has_evidence else None,
    )


def _targeting(of: Units, trial: Trial, seed: int) -> Targeting:
    """Fit the chosen learner on all units."""
    outcome = learned_outcome(of.outcome)
    fitted = fit_rankers(of.features, outcome, of.treated, seed, {trial.chosen})
    ranker = fitted[trial.chosen]
    places = np.quantile(ranker.score(of.features), np.linspace(0, 1, 101))
    return Targeting(list(of.names), ranker, places)


def _evaluation(one: Learned) -> list[dict[str, Any]]:
    facts = one.facts
    verdict, reason = _verdict(one)
    shared = {
        "kind": "evaluation",
        "experiment": facts["experiment"],
        "arm": facts["arm"],
        "control_arm": facts["control"],
        "metric": facts["metric"],
        "verdict": verdict,
        **reason,
        "control_units": facts["control_units"],
        "units": facts["units"],
        "left_out": facts["left_out"],
    }
    if not one.learners:
        return [{**shared, "learner": "random", "is_chosen": True}]
    return [
        {
            **shared,
            "learner": name,
            "is_chosen": name == one.chosen,
            **asdict(measure),
            "effect_top_30": _signed(measure.effect_top_30, facts["sign"]),
            "effect_all": _signed(measure.effect_all, facts["sign"]),
        }
        for name, measure in one.learners.items()
    ]


def _verdict(one: Learned) -> tuple[str, dict[str, Any]]:
    """Return the verdict and the columns of its reason."""
    if one.chosen is None:
        return "not evaluated", {name: one.facts[name] for name in stored(None)}
    if one.targeting is not None:
        return "evidence of uplift", stored(None)
    why = because("uplift.no_better_learner")
    if one.chosen != "random":
        why = because("uplift.interval_holds_0", learner=one.chosen)
    return "no evidence of uplift", stored(why)


def _targets(arms: Sequence[Learned], today: pa.Table, run_id: str) -> pa.Table:
    """Return the customers of today with the arm that helps each most, in that order."""
    gains = np.array([_gain(one, today) for one in arms])
    best = gains.argmax(axis=0)
    gain = gains.max(axis=0)
    ranks = np.empty(len(gain), dtype=np.int64)
    ranks[np.lexsort((today["customer_no"].to_numpy(), -gain))] = np.arange(1, len(gain) + 1)
    facts = [one.facts for one in arms]
    signs = np.array([each["sign"] for each in facts])
    learners: list[Learner | None] = [one.chosen for one in arms]
    columns: dict[str, Any] = {
        "kind": ["target"] * len(gain),
        "customer_no": today["customer_no"],
        "incremental_effect": gain * signs[best],
        "target_rank": ranks,
        "is_helped": gain > 0,
        "learner": [learners[place] for place in best],
        "cutoff_date": today["cutoff_date"],
        "run_id": [run_id] * len(gain),
    }
    for column, fact in (
        ("experiment", "experiment"), ("arm", "arm"), ("control_arm", "control"),
        ("metric", "metric"),
    ):  # fmt: skip
        columns[column] = [facts[place][fact] for place in best]
    empty = {
        field.name: pa.nulls(len(gain), field.type) for field in SCHEMA if field.name not in columns
    }
    return pa.table({**empty, **columns}).select(SCHEMA.names).cast(SCHEMA)


def _gain(one: Learned, today: pa.Table) -> Any:
    """Return what an arm does for each customer, larger where better, ``[customers]``."""
    assert one.targeting is not None
    assert one.by_rank is not None
    return one.by_rank.at(one.targeting.place(matrix(today, one.targeting.names)))


def _signed(value: float | None, sign: int) -> float | None:
    return None if value is None else sign * value
