"""How many units and days an experiment takes in a built shop.

usage: python -m footfall.experiments.files.plan --warehouse=FILE --metric=NAME --lift=5%
           [--power=.8] [--alpha=.05] [--shares=control:0.5,treatment:0.5] [--horizon=28]
           [--winsor=.999]

Prints a table, and as its last line one JSON object; docs/experiments.md says what it holds.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from footfall.experiments.files.names import quantile_of, shares_of
from footfall.experiments.files.problems import ExperimentProblem
from footfall.experiments.files.shop import Traffic, read_traffic
from footfall.experiments.planning import Plan, plan


def part_of(variable: str, text: str, most: float = 1.0) -> float:
    """Return a part such as .05, 5% or 1/20, above 0 and below a bound.

    Raises
    ------
    ExperimentProblem
        It is none; the message names the variable.
    """
    try:
        found = float(Fraction(text.strip().removesuffix("%").strip()))
        found /= 100 if text.strip().endswith("%") else 1
    except (ValueError, ZeroDivisionError):
        found = 0.0
    if not 0 < found < most:
        raise ExperimentProblem(
            f"{variable} is '{text}': write a part above 0 and below {most:g}, such as 0.05 or 5%"
        )
    return found


def lift_of(text: str) -> float:
    """Return a lift such as .05, 5% or 1/20.

    Raises
    ------
    ExperimentProblem
        It is none, or a plain number of 1 or more, which may have been meant as per cent.
    """
    found = part_of("LIFT", text, most=100.0)
    if found >= 1 and not text.strip().endswith("%"):
        raise ExperimentProblem(
            f"LIFT is '{text}', which is {found:.0%}: write {text.strip()}% or {found:.0%}"
        )
    return found


def days_of(text: str) -> int:
    """Return a number of days, 1 or more."""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise ExperimentProblem(f"HORIZON is '{text}': write a number of days, such as 28")
    return int(text)


def print_plan(found: Plan, traffic: Traffic, options: argparse.Namespace, arms: int) -> None:
    """Print what it takes, a line with and one without a covariate."""
    units = int(traffic.moments.units)
    print(
        f"{options.metric}: {found.mean:.5g} per unit within {options.horizon} days, deviation "
        f"{found.deviation:.5g}; {units:,} units came within {len(traffic.running_units)} days"
    )
    print(
        f"A lift of {100 * found.difference / found.mean:.4g}% is a difference of "
        f"{found.difference:.4g}. To find it with a "
        f"chance of {options.power} at alpha {options.alpha}, {arms} arms:"
    )
    print(f"{'':22s}{'units':>10s}{'days they take to come':>26s}{'days in all':>14s}")
    for name, count, days, is_reckoned in (
        ("without covariate", found.units, found.days, found.is_reckoned),
        ("with CUPED", found.units_cuped, found.days_cuped, found.is_reckoned_cuped),
    ):
        shown = "never" if days is None else f"{'about ' if is_reckoned else ''}{days:,}"
        whole = "never" if days is None else f"{days + int(options.horizon):,}"
        print(f"  {name:20s}{count:>10,}{shown:>26s}{whole:>14s}")
    print(f"Variance that the covariate keeps: {found.variance_kept:.3f}")
    if traffic.history_days < 90:
        print(
            f"Note: only {traffic.history_days} days of history come before these units; with 90 "
            "a covariate keeps less."
        )
    if found.is_reckoned or found.is_reckoned_cuped:
        print("Note: 'about' goes beyond the traffic that was seen, at the pace of its last days.")


def as_json(found: Plan, traffic: Traffic, options: argparse.Namespace) -> dict[str, Any]:
    """Return the plan as the last line holds it."""
    horizon = int(options.horizon)
    return {
        "metric": options.metric,
        "outcome_days": horizon,
        "mean": found.mean,
        "deviation": found.deviation,
        "difference": found.difference,
        "units": found.units,
        "days": found.days,
        "days_in_all": None if found.days is None else found.days + horizon,
        "units_cuped": found.units_cuped,
        "days_cuped": found.days_cuped,
        "days_in_all_cuped": None if found.days_cuped is None else found.days_cuped + horizon,
        "variance_kept": found.variance_kept,
        "units_seen": int(traffic.moments.units),
        "entry_days_seen": len(traffic.running_units),
        "history_days_seen": traffic.history_days,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the shop, plan, print; returns 2 where something is wrong with what was asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--warehouse", type=Path, required=True)
    for name in ("metric", "lift"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--power", default="0.8")
    parser.add_argument("--alpha", default="0.05")
    parser.add_argument("--shares", default="control:0.5,treatment:0.5")
    parser.add_argument("--horizon", default="28")
    parser.add_argument("--winsor", default="0.999")
    options = parser.parse_args(arguments)
    try:
        lift = lift_of(options.lift)
        alpha = part_of("ALPHA", options.alpha)
        power = part_of("POWER", options.power)
        if power <= alpha:
            raise ExperimentProblem(f"POWER is {power:g}: write a part above ALPHA, {alpha:g}")
        control, *others = shares_of(options.shares).values()
        if not others:
            raise ExperimentProblem("SHARES names one arm: write the control and one or more arms")
        traffic = read_traffic(
            options.warehouse, options.metric, days_of(options.horizon), quantile_of(options.winsor)
        )
        try:
            # Each arm is compared with the control; Holm's first step asks alpha / arms of it.
            found = plan(
                traffic.moments,
                traffic.running_units,
                lift,
                share=min(others),
                control_share=control,
                alpha=alpha / len(others),
                power=power,
            )
        except ValueError as error:
            raise ExperimentProblem(f"METRIC is '{options.metric}': {error}") from error
    except ExperimentProblem as problem:
        print(problem, file=sys.stderr)
        return 2
    print_plan(found, traffic, options, 1 + len(others))
    print(json.dumps(as_json(found, traffic, options), allow_nan=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
