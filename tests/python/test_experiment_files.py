"""Experiments in files: names of any kind, what is left out is counted, what is wrong is named."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bench_experiment
from conftest import PROJECT
from footfall.experiments.files import checkpoints, plan, results
from footfall.experiments.files.problems import ExperimentProblem
from footfall.experiments.files.units import Request, Units, read_units
from footfall.pages.theme.words import read_words

WORDS = read_words(PROJECT / "seeds/words/en.csv")
ARMS = ["A b", "it's $B, c", '"q"']
SHARES = 'A b: 1/2, it\'s $B, c:30%,"q":0.2'


@pytest.fixture(scope="module")
def units() -> pd.DataFrame:
    """600 units; half of the columns have names that SQL, shells or commas trip over."""
    rng = np.random.default_rng(3)
    count = 600
    x = rng.gamma(1, 2, count)
    orders = rng.poisson(x)
    return pd.DataFrame(
        {
            "my arm": rng.choice(ARMS, count, p=[0.5, 0.3, 0.2]),
            "revenue, net": (orders * rng.lognormal(3, 1, count)).round(2),
            "orders": orders,
            "conv $": orders > 0,
            'k/"w"': rng.normal(size=count).round(6),
            "x": x.round(6),
            "id": np.arange(count),
        }
    )


def read(path: Path, **asked: str) -> tuple[Units, dict[str, Any]]:
    given = {"arm": "my arm", "control": "A b", "metrics": "orders"} | asked
    found = read_units(path, Request(**given))
    return found, results.results_of(found, WORDS)


def saved(frame: pd.DataFrame, folder: Path, name: str = "un[i]ts*.csv") -> Path:
    path = folder / name
    if name.endswith("parquet"):
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", ["un[i]ts*.csv", "units.csv.gz", "units.parquet"])
def test_figures_are_those_of_the_rows(units: pd.DataFrame, tmp_path: Path, name: str) -> None:
    path = saved(units, tmp_path, name)
    metrics = 'revenue, net,orders, conv $ ,k/"w",revenue, net/orders'
    _, found = read(path, metrics=metrics, covariate="x", shares=SHARES)
    assert list(found["metrics"]) == ["revenue, net", "orders", "conv $", 'k/"w"',
                                      "revenue, net/orders"]  # fmt: skip
    counts = units["my arm"].value_counts()
    expected = stats.chisquare([counts[arm] for arm in ARMS], np.array([0.5, 0.3, 0.2]) * 600)
    assert found["health"]["srm_p"] == pytest.approx(expected.pvalue)
    assert found["health"] | {"srm_p": 0, "srm_bayes_factor": 0} == {
        "srm_p": 0, "srm_bayes_factor": 0, "srm_failed": False, "switchers": 0, "null_units": 0,
        "shares_are_assumed": False,
    }  # fmt: skip
    control = units[units["my arm"] == "A b"]
    for arm in ARMS[1:]:
        other = units[units["my arm"] == arm]
        both = pd.concat([control, other])
        for metric in ("revenue, net", "orders", "conv $"):
            figures = found["metrics"][metric][arm]
            y = both[metric].astype(float)
            a, b = y[both["my arm"] == "A b"], y[both["my arm"] == arm]
            welch = stats.ttest_ind(b, a, equal_var=False)
            low, high = welch.confidence_interval()
            assert [figures[key] for key in ("n", "mean", "difference", "lower", "upper", "p")] == (
                pytest.approx([len(b), b.mean(), b.mean() - a.mean(), low, high, welch.pvalue])
            )
            theta = np.cov(y, both["x"])[0, 1] / both["x"].var()
            rest = y - theta * both["x"]
            adjusted = stats.ttest_ind(
                rest[both["my arm"] == arm], rest[both["my arm"] == "A b"], equal_var=False
            )
            assert figures["theta"] == pytest.approx(theta)
            assert figures["p_cuped"] == pytest.approx(adjusted.pvalue)
            assert figures["lift"] == pytest.approx(b.mean() / a.mean() - 1)
            assert figures["always_valid_lower"] < figures["lower"]
        ratio = found["metrics"]["revenue, net/orders"][arm]
        assert ratio["mean"] == pytest.approx(other["revenue, net"].sum() / other["orders"].sum())


def test_rows_of_a_unit_are_summed_and_what_is_left_out_is_counted(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "my arm": ["A b"] * 5 + ["B"] * 5 + ["A b", "B", None, "A b"],
            "who": ["a", "a", "b", "c", "d", "e", "e", "f", "g", "h", "s", "s", "n", None],
            "orders": [1, 2, 0, None, 4, 1, 1, 0, 5, None, 9, 9, 9, 9],
            "before": [3, 3, 1, 2, 4, 2, 2, 1, 3, None, 1, 1, 1, 1],
        }
    )
    path = saved(frame, tmp_path)
    found, figures = read(path, unit="who", covariate="before")
    assert found.arms == {"A b": 4, "B": 4}
    assert results.imbalances(found, WORDS) == []
    assert (figures["health"]["switchers"], figures["health"]["null_units"]) == (1, 2)
    assert figures["health"]["shares_are_assumed"] is True
    # a 3, b 0, c 0, d 4 against e 2, f 0, g 5, h 0: an unknown amount is none.
    of_b = figures["metrics"]["orders"]["B"]
    assert (of_b["n"], of_b["mean"], of_b["difference"]) == (4, 1.75, 0.0)
    # The covariate is the same in all rows of a unit, so it is not summed.
    assert found.moments["orders"]["A b"].covariate_mean == 2.5
    assert any("'before' is the same in all its rows" in note for note in found.notes)
    assert any("'before' is unknown for 1 of 8" in note for note in found.notes)
    # Amounts that are lost in one arm alone are no accident.
    lost = pd.DataFrame({"my arm": ["A b", "B"] * 200, "orders": [1.0, 2.0] * 200})
    lost.loc[(lost["my arm"] == "B") & (lost.index < 40), "orders"] = None
    found, _ = read(saved(lost, tmp_path, "lost.csv"))
    (problem,) = results.imbalances(found, WORDS)
    assert problem.startswith("arms have different parts of units whose 'orders' is unknown (p ")
    # A row a unit: an amount that is not known leaves its unit out of that metric.
    plain, figures = read(path)
    assert plain.arms == {"A b": 7, "B": 6}
    assert figures["health"]["null_units"] == 3
    assert figures["metrics"]["orders"]["B"]["n"] == 5
    assert figures["metrics"]["orders"]["B"]["always_valid_lower"] is None
    assert "fewer than 100 units" in figures["metrics"]["orders"]["B"]["reason"]


def test_caps_are_pooled_over_arms_and_leave_flags_alone(
    units: pd.DataFrame, tmp_path: Path
) -> None:
    path = saved(units, tmp_path)
    covariate = "revenue, net:x"
    found, figures = read(path, metrics="revenue, net,conv $", covariate=covariate, winsor="0.95")
    assert "theta" not in figures["metrics"]["conv $"]['"q"']
    cap = units["revenue, net"].quantile(0.95)
    low = units["revenue, net"].clip(upper=cap)
    of_control = units["my arm"] == "A b"
    assert figures["metrics"]["revenue, net"]['"q"']["mean"] == pytest.approx(
        low[units["my arm"] == '"q"'].mean()
    )
    assert float(found.moments["revenue, net"]["A b"].covariate_mean or 0) == pytest.approx(
        units["x"].clip(upper=units["x"].quantile(0.95))[of_control].mean()
    )
    assert sum("capped" in note for note in found.notes) == 2
    assert figures["metrics"]["conv $"]['"q"']["mean"] == pytest.approx(
        units["conv $"][units["my arm"] == '"q"'].mean()
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"metrics": "orders,spend"},
            "METRICS: .* has no column 'spend'; its columns are 'my arm'",
        ),
        ({"metrics": "orders/clicks"}, "has no column 'clicks'"),
        ({"metrics": "orders,orders"}, "METRICS names 'orders' twice"),
        ({"metrics": "orders,"}, "METRICS is 'orders,': there is no name at one of its commas"),
        (
            {"metrics": "name"},
            "column 'name' holds values that are not numbers in 4 of 6 rows.*'zoe'",
        ),
        (
            {"metrics": "endless"},
            "column 'endless' holds values that are not numbers in 1 of 6 rows.*'inf'",
        ),
        ({"metrics": "nothing"}, "column 'nothing' is empty"),
        ({"metrics": "my arm"}, "column 'my arm' is both ARM and METRICS"),
        ({"arm": "group"}, "ARM: .* has no column 'group'"),
        ({"arm": "one"}, "ARM: column 'one' has one arm only, 'x'"),
        (
            {"control": "C"},
            "CONTROL: column 'my arm' has no unit with the arm 'C'; it has 'A b', 'B'",
        ),
        ({"shares": "A b:0.5,B:0.6"}, r"SHARES of column 'my arm' add up to 1\.1 and not"),
        ({"shares": "A b:0.5,C:0.5"}, "SHARES: column 'my arm' has no unit with the arm 'C'"),
        ({"shares": "A b:1"}, "SHARES has no share for 'B'"),
        ({"shares": "A b:half,B:0.5"}, "the share of 'A b' is 'half'"),
        ({"shares": "A b"}, "'A b' is not arm:share"),
        ({"covariate": "orders"}, "COVARIATE: 'orders' is the metric itself"),
        ({"covariate": "spend:x"}, "COVARIATE: 'spend:x' is neither a column"),
        (
            {"covariate": "orders:name"},
            "COVARIATE: column 'name' holds values that are not numbers",
        ),
        ({"winsor": "99.9"}, "WINSOR is '99.9'"),
        ({"winsor": "0.5", "metrics": "rare"}, "would cap column 'rare' at 0"),
        ({"unit": "who"}, "UNIT: .* has no column 'who'"),
        ({"unit": "one"}, "the arm 'A b' of column 'my arm' has no unit that was in it alone"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, asked: dict[str, str], said: str) -> None:
    frame = pd.DataFrame(
        {
            "my arm": ["A b", "A b", "A b", "B", "B", "B"],
            "orders": [1, 2, 0, 1, 2, 0],
            "rare": [0, 0, 0, 0, 0, 7],
            "name": ["zoe", "zoe", "1", "2", "zoe", "zoe"],
            "endless": [1, 2, 3, 4, 5, np.inf],
            "nothing": [None] * 6,
            "one": ["x"] * 6,
        }
    )
    path = saved(frame, tmp_path)
    with pytest.raises(ExperimentProblem, match=said):
        read(path, **asked)


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    with pytest.raises(ExperimentProblem, match="does not exist"):
        read(tmp_path / "no.csv")
    (tmp_path / "head.csv").write_text("my arm,orders\n")
    with pytest.raises(ExperimentProblem, match="has no rows"):
        read(tmp_path / "head.csv")
    times = pd.DataFrame({"my arm": ["A b", "B"], "orders": pd.to_datetime(["2026-01-01"] * 2)})
    with pytest.raises(ExperimentProblem, match="column 'orders' is of type TIMESTAMP"):
        read(saved(times, tmp_path, "times.parquet"))


def test_sums_over_time_are_read(tmp_path: Path) -> None:
    rows = [
        (experiment, 1, metric, day / 2, 60 * day, 62 * day, 0.4, 0.4 + effect, 0.24, 0.25)
        for experiment, effect in (("a1", 0.2), ("b2", 0.0))
        for metric in (1, 2)
        for day in range(10, 0, -1)
    ]
    frame = pd.DataFrame(rows, columns=[*checkpoints.KEYS, *checkpoints.NUMBERS])
    path = saved(frame, tmp_path, "sums.parquet")
    found = checkpoints.results_of(checkpoints.read_checkpoints(path), WORDS)["experiments"]
    last = found["a1"]["metrics"]["1"]["1"]
    welch = stats.ttest_ind_from_stats(0.6, 0.5, 620, 0.4, 0.24**0.5, 600, equal_var=False)
    assert (last["n"], last["p"]) == (620, pytest.approx(welch.pvalue))
    assert (last["planned_looks_decided"], last["always_valid_decided"]) == (True, True)
    null = found["b2"]["metrics"]["2"]["1"]
    assert (null["planned_looks_decided"], null["checkpoints"]) == (False, 10)
    assert found["a1"]["health"]["shares_are_assumed"] is True
    twice = saved(pd.concat([frame, frame[:1]]), tmp_path)
    with pytest.raises(ExperimentProblem, match=r"'a1'.*two rows with time_since_start 5"):
        checkpoints.read_checkpoints(twice)
    with pytest.raises(ExperimentProblem, match="has no column 'mean_c'"):
        checkpoints.read_checkpoints(saved(frame.drop(columns="mean_c"), tmp_path))


def test_the_command_ends_with_one_json_object(
    units: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = saved(units, tmp_path)
    words = ["bench", f"--file={path}", "--arm=my arm", "--control=A b", "--metrics=conv $"]
    monkeypatch.setattr(sys, "argv", words)
    bench_experiment.main()
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(last) == ["health", "metrics"]
    assert list(last["metrics"]["conv $"]) == ['"q"', "it's $B, c"]
    assert "theta" not in last["metrics"]["conv $"]['"q"']
    monkeypatch.setattr(sys, "argv", [*words, "--shares=A b:0.9"])
    with pytest.raises(SystemExit) as stopped:
        bench_experiment.main()
    assert stopped.value.code == 2
    assert "SHARES of column 'my arm' add up to 0.9" in capsys.readouterr().err


def visits_of_a_shop(path: Path) -> None:
    """A shop of 60 days: each day one visitor comes, and comes back and orders 5 days later."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema intermediate; create schema seeds")
        connection.execute(
            "create table intermediate.int_cutoffs as"
            " select date '2026-03-02' as complete_until, true as is_as_of;"
            "create table intermediate.int_sessions as select day + later * 100 as visitor_no,"
            " timestamptz '2026-01-01 10:00:00+00' + interval 1 day * (day + 5 * later)"
            " as session_started_at, (date '2026-01-01' + (day + 5 * later)::integer) as started_on"
            " from range(59) as days (day), range(2) as visits (later);"
            # Each visitor's two sessions, of which the order is placed in the second.
            "update intermediate.int_sessions set visitor_no = visitor_no % 100;"
            "create table intermediate.int_order_lines as select visitor_no, visitor_no as"
            " order_key, 'purchase' as event_type, 10.0 + visitor_no % 2 as amount,"
            " max(session_started_at) as booked_at, max(session_started_at) as ordered_at"
            " from intermediate.int_sessions group by visitor_no;"
            "create table intermediate.int_experiment_metrics as select * from (values"
            " ('converted', 'share', 'orders', null), ('net_amount', 'total', 'net_amount', null),"
            " ('per_visit', 'ratio', 'net_amount', 'sessions'), ('days_to_order', 'days', 'orders',"
            " null), ('searches', 'total', 'searches', null))"
            " as metrics (metric, metric_kind, measure, denominator_measure);"
            "create table seeds.experiment_metrics as"
            " select 'searches' as metric, 'search' as event_type, 'count' as measure;"
            "create table intermediate.int_stitched_events as select 58 as visitor_no,"
            " 'search' as event_type, 1.0 as amount, 1.0 as quantity,"
            " timestamptz '2026-02-28 11:00:00+00' as event_at"
        )


def test_a_plan_reads_the_shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = tmp_path / "shop.duckdb"
    visits_of_a_shop(shop)

    def said(*options: str) -> str:
        answer = plan.main([f"--warehouse={shop}", "--horizon=10", *options])
        written = capsys.readouterr()
        return written.err if answer else written.out

    def found(metric: str, *options: str) -> dict[str, Any]:
        lines = said(f"--metric={metric}", "--lift=10%", "--winsor=1", *options).splitlines()
        answer: dict[str, Any] = json.loads(lines[-1])
        return answer

    # Who enters within the 50 days before the last 10: one a day, and five who came back.
    bought = found("net_amount")
    assert (bought["units_seen"], bought["entry_days_seen"]) == (50, 50)
    assert bought["mean"] == pytest.approx(10.5)
    assert bought["units"] == math.ceil(4 * 0.25 * 50 / 49 * (2.8015852 / 1.05) ** 2)
    assert (bought["days"], bought["days_in_all"]) == (bought["units"], bought["units"] + 10)
    assert bought["variance_kept"] == 1
    assert found("per_visit")["mean"] == pytest.approx(10.5)
    three = found("net_amount", "--shares=a:0.5,b:0.25,c:0.25")
    assert three["units"] > bought["units"] * 1.5
    for metric, options, problem in (
        ("revenue", [], "METRIC is 'revenue', which is no metric: there are converted, days_to_"),
        ("converted", ["--lift=10%"], "METRIC is 'converted': a lift is a part of a mean above 0"),
        ("net_amount", ["--lift=much"], "LIFT is 'much': write a part above 0"),
        ("net_amount", ["--lift=5"], "LIFT is '5', which is 500%: write 5% or 500%"),
        ("net_amount", ["--lift=1%", "--horizon=55"], "choose a shorter HORIZON"),
        ("net_amount", ["--lift=1%", "--power=0.05"], "POWER is 0.05: write a part above ALPHA"),
        ("net_amount", ["--lift=1%", "--shares=a:0.5,b:0.4"], "SHARES add up to 0.9"),
        ("searches", ["--lift=1%"], "METRIC is 'searches': a lift is a part of a mean above 0"),
    ):
        assert problem in said(f"--metric={metric}", "--lift=1%", *options)
    assert plan.main(["--warehouse=/nowhere.duckdb", "--metric=x", "--lift=1%"]) == 2
    assert "There is no warehouse at /nowhere.duckdb" in capsys.readouterr().err
