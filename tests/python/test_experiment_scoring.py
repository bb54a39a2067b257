"""Experiments as rows: from the sums of the warehouse to read-outs, checks and days."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from conftest import PROJECT
from footfall.experiments.scoring import score
from footfall.pages.theme.words import read_words

pytestmark = pytest.mark.library
WORDS = read_words(PROJECT / "seeds/words/en.csv")
START = date(2026, 3, 1)
DAYS = 20
SUMS = (
    *("unit_count", "history_count", "nonzero_count", "capped_count", "outcome_sum"),
    *("outcome_square_sum", "raw_outcome_sum", "covariate_sum", "covariate_square_sum"),
    *("outcome_covariate_sum", "denominator_sum", "denominator_square_sum"),
    *("outcome_denominator_sum", "covariate_denominator_sum"),
)
Row = dict[str, Any]


def day_of(arm: str, metric: str, day: int, rate: float, known_at: str) -> Row:
    """The sums of 100 units that begin to count on a day, of which a share converts."""
    rng = np.random.default_rng([day, len(arm), len(metric)])
    x = (rng.random(100) < 0.3).astype(float)
    y = (rng.random(100) < rate + 0.2 * x).astype(float)
    sums = (100, 60, y.sum(), 0, y.sum(), (y * y).sum(), y.sum(), x.sum(), x.sum(), (x * y).sum())
    return {
        "experiment": "e",
        "switchers": "left_out",
        "arm": arm,
        "metric": metric,
        "metric_kind": "share",
        "known_at": known_at,
        "summed_on": START + timedelta(day),
        **dict(zip(SUMS, (*map(float, sums), None, None, None, None), strict=True)),
    }


def shop(rate: float = 0.45, days: int = DAYS, **changed: Any) -> dict[str, pa.Table]:
    """An experiment with two looks and two metrics, of which only the first differs."""
    experiment: Row = {
        "experiment": "e",
        "unit": "visitor",
        "primary_metric": "converted",
        "outcome_days": 7,
        "planned_units": None,
        "last_closed_on": START + timedelta(DAYS - 1),
        "complete_until": START + timedelta(days),
        **changed,
    }
    arms = [
        {"experiment": "e", "arm": arm, "designed_share": 0.5, "is_control": arm == "off"}
        for arm in ("off", "on")
    ]
    looks = [
        {
            "experiment": "e",
            "look_on": START + timedelta(at),
            "time_share": share,
            "is_taken": at < days,
        }
        for at, share in ((9, 0.5), (19, 1.0))
    ]
    roles = [
        {"experiment": "e", "metric": metric, "role": role, "margin": margin, "direction": way}
        for metric, role, margin, way in (
            ("converted", "primary", None, "increase"),
            ("searched", "guardrail", 0.5, "increase"),
        )
    ]
    sums = [
        day_of(arm, metric, day, rate if (arm, metric) == ("on", "converted") else 0.3, known)
        for arm in ("off", "on")
        for metric in ("converted", "searched")
        for day in range(days)
        for known in ("now", "first_look")
    ]
    counts = [
        {
            "experiment": "e",
            "arm": arm,
            "exposed_on": START + timedelta(day - 7),
            "unit_count": 100,
            "switcher_count": 0,
            "bot_count": 1,
            "early_order_count": 0,
        }
        for arm in ("off", "on")
        for day in range(days)
    ]
    faults = [
        {
            "experiment": "e",
            "exposure_count": 200 * days,
            "late_count": 0,
            "early_count": 0,
            "unknown_arm_count": 0,
            "without_unit_count": 0,
        }
    ]
    return {
        name: pa.Table.from_pylist(rows)
        for name, rows in (
            *(("experiments", [experiment]), ("arms", arms), ("looks", looks), ("roles", roles)),
            *(("sums", sums), ("counts", counts), ("faults", faults)),
        )
    }


def rows(tables: Mapping[str, pa.Table], **wanted: Any) -> list[Row]:
    """The rows of a kind, with their reasons in words."""
    found: list[Row] = score(**tables).to_pylist()
    for row in found:
        key, values = row.pop("reason_key"), row.pop("reason_values")
        row["reason"] = None if key is None else WORDS.filled(key, json.loads(values))
    return [row for row in found if all(row[name] == value for name, value in wanted.items())]


def without(tables: dict[str, pa.Table], name: str, **values: Any) -> dict[str, pa.Table]:
    """The tables with some columns of one of them set."""
    changed = [{**row, **values} for row in tables[name].to_pylist()]
    return {**tables, name: pa.Table.from_pylist(changed, schema=tables[name].schema)}


def test_an_arm_that_is_better_wins_by_every_method() -> None:
    tables = shop()
    found = rows(tables, kind="readout", metric="converted")
    assert {(row["method"], row["adjustment"], row["verdict"]) for row in found} == {
        (method, adjustment, "wins")
        for method in ("fixed", "planned_looks", "always_valid")
        for adjustment in ("none", "cuped")
    }
    assert all(row["lower"] <= row["difference"] <= row["upper"] for row in found)
    assert {row["units"] for row in found if row["method"] != "planned_looks"} == {2000}
    assert {row["history_share"] for row in found} == {0.6}
    assert {row["verdict"] for row in rows(tables, kind="check")} == {"passed"}
    guards = rows(tables, kind="readout", metric="searched", method="fixed")
    assert [row["is_guardrail_held"] for row in guards] == [True, True]
    assert {row["correction"] for row in guards} == {"benjamini_hochberg"}
    daily = rows(tables, kind="daily", metric="converted", adjustment="none")
    assert [row["units"] for row in daily] == [100 * (day + 1) for day in range(DAYS)]
    last = next(row for row in found if row["method"] == "always_valid" and not row["theta"])
    assert math.isclose(daily[-1]["lower"], last["lower"], rel_tol=1e-12)
    for row in score(**tables).to_pylist():
        assert not any(isinstance(value, float) and math.isnan(value) for value in row.values())


def test_a_look_that_has_decided_stands_whatever_comes_later() -> None:
    early = rows(shop(days=12), kind="readout", method="planned_looks", metric="converted")
    late = rows(shop(), kind="readout", method="planned_looks", metric="converted")
    assert early == late
    assert {row["read_on"] for row in late} == {START + timedelta(9)}
    # The other methods go on.
    (now,) = rows(shop(days=12), kind="readout", method="fixed", metric="converted", theta=None)
    assert (now["units"], now["verdict"], now["is_provisional"]) == (1200, "open", True)


@pytest.mark.parametrize(
    ("table", "values", "reason"),
    [
        ("faults", {"late_count": 100}, "a health check did not pass"),
        ("arms", {"designed_share": None}, "a health check did not pass"),
        ("roles", {"margin": 0.0}, "guardrail not held: searched"),
    ],
)
def test_nothing_wins_that_cannot_be_trusted(table: str, values: Row, reason: str) -> None:
    found = rows(without(shop(), table, **values), kind="readout", method="fixed", role="primary")
    assert {(row["verdict"], row["reason"]) for row in found} == {("does not win", reason)}


def test_an_arm_without_a_verdict_yet_is_open() -> None:
    """Until its last look, or its end; a guardrail as a share of a loss cannot be held."""
    early = {
        row["method"]: (row["verdict"], row["reason"])
        for row in rows(shop(0.3, days=12), kind="readout", role="primary", adjustment="none")
    }
    assert early == {
        "fixed": ("open", "provisional: the experiment is not over"),
        "planned_looks": ("open", "no difference on the primary metric so far"),
        "always_valid": ("open", "no difference on the primary metric so far"),
    }
    late = rows(shop(0.3), kind="readout", role="primary")
    assert {row["verdict"] for row in late} == {"does not win"}
    tables = shop()
    losses = [
        {**row, "outcome_sum": -row["outcome_sum"]} if row["metric"] == "searched" else row
        for row in tables["sums"].to_pylist()
    ]
    tables["sums"] = pa.Table.from_pylist(losses, schema=tables["sums"].schema)
    guards = rows(tables, kind="readout", role="guardrail", method="fixed")
    assert {row["is_guardrail_held"] for row in guards} == {None}


def test_planned_units_are_where_the_sequence_is_narrowest() -> None:
    def width(planned: int | None) -> float:
        (row,) = rows(
            shop(planned_units=planned),
            kind="readout", role="primary", method="always_valid", adjustment="none",
        )  # fmt: skip
        return float(row["upper"] - row["lower"])

    assert width(4_000) < min(width(400), width(40_000))
    assert math.isclose(width(None), width(5_000))


def three_arms(days: int) -> dict[str, pa.Table]:
    """An arm that wins early, and one that would pass it by later."""
    tables = shop(days=days)
    late = [
        {**row, "arm": "late"}
        for day in range(days)
        for known in ("now", "first_look")
        for metric in ("converted", "searched")
        for row in [day_of("on", metric, day, 0.3 if day < 10 else 0.9, known)]
    ]
    added = {
        "sums": late,
        "arms": [{"experiment": "e", "arm": "late", "designed_share": 0.5, "is_control": False}],
        "counts": [
            {**row, "arm": "late"} for row in tables["counts"].to_pylist() if row["arm"] == "on"
        ],
    }
    for name, more in added.items():
        schema = tables[name].schema
        together = tables[name].to_pylist() + more
        tables[name] = pa.Table.from_pylist(together, schema=schema)
    return without(tables, "arms", designed_share=1 / 3)


def test_the_look_at_which_an_arm_wins_is_the_last_one_for_all() -> None:
    found = [
        {row["arm"]: row for row in rows(three_arms(days), kind="readout", role="primary",
                                         method="planned_looks", adjustment="none")}
        for days in (12, DAYS)
    ]  # fmt: skip
    assert found[0]["on"] == found[1]["on"]
    assert (found[1]["on"]["verdict"], found[1]["late"]["verdict"]) == ("wins", "open")
    assert found[1]["on"]["p_adjusted"] == pytest.approx(2 * found[1]["on"]["p"])
    # By the other methods the later arm is ahead.
    fixed = {row["arm"]: row for row in rows(three_arms(DAYS), kind="readout", role="primary",
                                             method="fixed", adjustment="cuped")}  # fmt: skip
    assert fixed["late"]["verdict"] == "wins"
    assert fixed["late"]["chance_to_be_best"] > 0.99
    assert fixed["on"]["chance_to_be_best"] < 0.01 < 0.99 < fixed["on"]["chance_to_beat_control"]


def segment_sums() -> pa.Table:
    """Phones and tablets, on which the arm does the opposite, and watches, which hardly exist."""
    rates = {("phone", "on"): 0.6, ("phone", "off"): 0.3, ("tablet", "on"): 0.1}
    sums = []
    for segment, count in (("phone", 400), ("tablet", 400), ("watch", 20)):
        for arm in ("off", "on"):
            for metric in ("converted", "searched"):
                rate = rates.get((segment, arm), 0.3) if metric == "converted" else 0.5
                y, x = count * rate, count * 0.5
                values = (count, y, y, y, x, x, y * 0.5, None, None, None, None)
                names = [name for name in SUMS if name not in (
                    "history_count", "capped_count", "raw_outcome_sum")]  # fmt: skip
                sums.append(
                    {
                        "experiment": "e",
                        "arm": arm,
                        "metric": metric,
                        "metric_kind": "share",
                        "segment_kind": "device",
                        "segment": segment,
                        **dict(zip(names, values, strict=True)),
                    }
                )
    return pa.Table.from_pylist(sums)


def test_segments_are_corrected_for_how_many_there_are() -> None:
    found = rows({**shop(), "segment_sums": segment_sums()}, kind="segment", adjustment="none")
    by = {(row["metric"], row["segment"]): row for row in found}
    assert len(found) == 6
    phone, tablet = by["converted", "phone"], by["converted", "tablet"]
    assert phone["difference"] == pytest.approx(0.3)
    assert tablet["upper"] < 0 < phone["lower"]
    # Four pairs are compared; the smallest p counts fourfold at the most.
    ordered = sorted(row["p"] for row in found if row["p"] is not None)
    assert len(ordered) == 4
    assert phone["p_adjusted"] == pytest.approx(min(phone["p"] * 4, tablet["p"] * 2), rel=1e-9)
    assert by["searched", "phone"]["p_adjusted"] == 1
    watch = by["converted", "watch"]
    assert (watch["p"], watch["reason"]) == (None, "fewer than 30 units in an arm")
    assert phone["p_between"] < 1e-9
    assert by["searched", "phone"]["p_between"] == pytest.approx(1)
    assert rows(shop(), kind="segment") == []


def test_without_windows_only_the_end_is_read() -> None:
    tables = shop(outcome_days=None)
    found = rows(tables, kind="readout", metric="converted", adjustment="none")
    assert {row["method"]: row["verdict"] for row in found} == {
        "fixed": "wins", "planned_looks": "none", "always_valid": "none"
    }  # fmt: skip
    assert all(row["reason"] and row["p"] is None for row in found if row["method"] != "fixed")
    assert rows(tables, kind="daily") == []


def test_an_experiment_without_control_has_checks_alone() -> None:
    found = score(**without(shop(), "arms", is_control=False)).to_pylist()
    assert {row["kind"] for row in found} == {"check"}
