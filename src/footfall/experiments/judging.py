"""Verdicts on the read-outs of an experiment, as rows: corrected p, guardrails, the winner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from footfall.evaluation.corrections import benjamini_hochberg, holm
from footfall.experiments.fixed import chances_of_arms
from footfall.experiments.readouts import number
from footfall.experiments.reasons import Reason, because, so_far
from footfall.experiments.verdicts import Contender, Guardrail, guardrail_holds, winner

Row = dict[str, Any]


def judge(rows: Sequence[Row], *, is_healthy: bool) -> None:
    """Correct p for how many questions were asked, and say which arm wins.

    Parameters
    ----------
    rows
        All read-outs of an experiment by one method and adjustment; changed in place.
    is_healthy
        Whether all checks passed.
    """
    primary = [row for row in rows if row["role"] == "primary"]
    others = [row for row in rows if row["role"] != "primary"]
    for group, correct, name in (
        (primary, holm, "holm"),
        (others, benjamini_hochberg, "benjamini_hochberg"),
    ):
        for row, p in zip(group, correct([row.get("p") for row in group]), strict=True):
            row["p_adjusted"], row["correction"] = p, name
    guards: dict[str, list[Guardrail]] = {row["arm"]: [] for row in rows}
    for row in others:
        if row["role"] == "guardrail" and row["margin"] is not None:
            # As a share of a mean that is 0 or below, a loss looks like a gain.
            has_lift = (row.get("control_mean") or 0.0) > 0
            guard = Guardrail(
                row["metric"],
                row.get("lift_lower") if has_lift else None,
                row.get("lift_upper") if has_lift else None,
                row["margin"],
                row["higher_is_better"],
            )
            guards[row["arm"]].append(guard)
            is_known = guard.lower is not None and guard.upper is not None
            row["is_guardrail_held"] = guardrail_holds(guard) if is_known else None
    if not primary:
        return
    outcome = winner(
        [
            Contender(row["arm"], row.get("difference"), row.get("p"), guards[row["arm"]])
            for row in primary
        ],
        health_passed=is_healthy,
        higher_is_better=primary[0]["higher_is_better"],
    )
    why: Reason | None
    for row in primary:
        decided_once = row["method"] == "planned_looks" and row["is_decided"]
        if row["is_provisional"]:
            row["verdict"], why = "open", because("experiment.provisional")
        elif row.get("p") is None:
            row["verdict"], why = "none" if row["is_over"] else "open", row.get("reason")
        elif row["arm"] == outcome.arm:
            row["verdict"], why = "wins", None
        else:
            row["verdict"], why = "does not win", outcome.reasons[row["arm"]]
            if not row["is_over"] and not decided_once:
                row["verdict"], why = "open", so_far(why)
        row["reason"] = row.get("reason") or why


def add_chances_to_be_best(rows: Sequence[Row]) -> None:
    """Add to each read-out the chance that its arm is the best of all, control included.

    Empty where the arms of a metric were read on different days: then they have no control in
    common.
    """
    by_metric: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if "pair" in row:
            by_metric[row["metric"]].append(row)
    for own in by_metric.values():
        if len({row["read_on"] for row in own}) > 1:
            continue
        chances = chances_of_arms(
            own[0]["pair"][0],
            [row["pair"][1] for row in own],
            with_covariate=own[0]["adjustment"] == "cuped",
            higher_is_better=own[0]["higher_is_better"],
        )
        for row, chance in zip(own, chances, strict=True):
            row["chance_to_be_best"] = number(chance)
