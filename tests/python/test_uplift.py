"""Whom an arm helps: the measure, and that learners find what is there and nothing else."""

from __future__ import annotations

import json
import re
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import bench_uplift
from conftest import PROJECT
from footfall.experiments.files.features import read_subjects
from footfall.experiments.files.problems import ExperimentProblem
from footfall.experiments.uplift import serving
from footfall.experiments.uplift.cases import feature_names
from footfall.experiments.uplift.qini import Ranked, effect, qini, qini_replicates, ranked
from footfall.experiments.uplift.serving import UpliftSettings, score, train
from footfall.experiments.uplift.stored import place_among
from footfall.pages.theme.words import read_words

RNG = np.random.default_rng(11)


@pytest.mark.library
def test_qini_is_the_area_of_its_definition() -> None:
    treated = RNG.random(40) < 0.5
    treated[:3] = [True, False, True]
    outcome = RNG.poisson(2, 40).astype(float)
    of = Ranked(np.arange(40), outcome, treated)
    curve = []
    for k in range(1, 41):
        t, y = treated[:k], outcome[:k]
        below = (~t).sum()
        expected = y[~t].sum() * t.sum() / below if below else 0.0
        curve.append((y[t].sum() - expected) / 40)
    line = np.arange(1, 41) / 40 * curve[-1]
    assert qini(of)[0] == pytest.approx(np.mean(np.array(curve) - line))
    # Counting a unit twice is having it twice.
    weights = np.ones((1, 40), dtype=np.uint8)
    weights[0, [3, 8]] = 2
    places = np.repeat(np.arange(40), weights[0])
    twice = Ranked(places, outcome[places], treated[places])
    assert qini(of, weights)[0] == pytest.approx(qini(twice)[0], rel=0.02)
    assert effect(of) == pytest.approx(outcome[treated].mean() - outcome[~treated].mean())
    assert effect(Ranked(np.arange(2), outcome[:2], np.array([True, True]))) is None


@pytest.mark.library
def test_equal_scores_say_nothing_and_the_interval_covers() -> None:
    count = 4_000
    treated = np.arange(count) < count / 2
    outcome = treated * 1.0
    same = ranked(np.zeros(count), np.arange(count), outcome, treated, np.random.default_rng(0))
    assert abs(qini(same)[0]) < 0.02
    helped = RNG.normal(size=count)
    gained = RNG.normal(size=count) + treated * helped
    best = ranked(helped, np.arange(count), gained, treated, RNG)
    replicates = qini_replicates([best, best], count, 200, seed=1)
    low, high = np.quantile(replicates, (0.025, 0.975))
    assert low < qini(best)[0] < high
    # Long rankings are read at points, which changes next to nothing.
    weights = np.random.default_rng(1).poisson(1.0, (200, count)).astype(np.uint8)
    exact = qini(best, weights[:, best.unit])
    assert np.abs(replicates - exact).max() < 0.02 * exact.std()


COUNT = 2_400
CONTROL, ARM = "control", "sent"


def tables(*shuffled: np.random.Generator) -> dict[str, pa.Table]:
    """Experiments of a warehouse: `planted` lowers what should fall for those with f_a > 0 alone.

    `alike` does as much for everybody. Of the others nothing can be learned.
    """
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=COUNT), rng.normal(size=COUNT)
    treated = rng.random(COUNT) < 0.5
    noise = rng.normal(size=COUNT) + b
    units = pd.DataFrame(
        {
            "customer_no": np.arange(COUNT),
            "arm": np.where(treated, ARM, CONTROL),
            "metric_kind": "total",
            "f_a": a,
            "f_b": np.where(rng.random(COUNT) < 0.1, np.nan, b),
        }
    )
    planted = units.assign(experiment="planted", outcome=noise - treated * (a > 0))
    alike = units.assign(experiment="alike", outcome=noise + 0.3 * treated)
    found = {
        "planted": planted,
        "alike": alike,
        "small": planted[:300].assign(experiment="small"),
        "flat": alike.assign(experiment="flat", outcome=0.0),
        "ratio": alike.assign(experiment="ratio", metric_kind="ratio"),
        "broken": alike.assign(experiment="broken"),
    }
    every = pd.concat(found.values())
    for rng in shuffled:
        every = every.sample(frac=1, random_state=rng)
    names = [*found, "open", "inferred"]
    over, now = date(2026, 5, 1), date(2026, 6, 1)
    return {
        "experiments": pa.Table.from_pylist(
            [
                {
                    "experiment": name,
                    "last_closed_on": now if name == "open" else over,
                    "complete_until": now,
                }
                for name in names
            ]
        ),
        "arms": pa.Table.from_pylist(
            [
                {"experiment": name, "arm": arm, "is_control": arm == CONTROL}
                for name in names
                for arm in (CONTROL, ARM)
            ]
        ),
        "roles": pa.Table.from_pylist(
            [
                {
                    "experiment": name,
                    "role": "primary",
                    "metric": "refunds",
                    "direction": "decrease" if name == "planted" else "increase",
                }
                for name in names
                if name != "inferred"
            ]
        ),
        "scored": pa.Table.from_pylist(
            [
                {
                    "kind": "readout", "experiment": "planted", "arm": ARM, "role": "primary",
                    "method": "fixed", "adjustment": "none", "switchers": "left_out",
                    "units": COUNT, "control_units": 7, "check_name": None, "verdict": None,
                },
                {"kind": "check", "experiment": "broken", "check_name": "sample_ratio",
                 "verdict": "failed"},
                {"kind": "check", "experiment": "alike", "check_name": "bots", "verdict": "passed"},
            ]
        ),
        "units": pa.Table.from_pandas(every, preserve_index=False),
    }  # fmt: skip


@pytest.mark.library
def test_targets_are_named_where_uplift_was_planted_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = read_words(PROJECT / "seeds/words/en.csv")
    settings = UpliftSettings(seed=3)
    given = tables()
    heads = train(**given, settings=settings)
    a = np.linspace(-2, 2, 41)
    today = pa.table(
        {
            "customer_no": np.arange(41),
            "cutoff_date": [date(2026, 7, 1)] * 41,
            "f_a": a,
            "f_b": np.zeros(41),
        }
    )
    found = score(heads, lambda: today).to_pandas()
    evaluated = found[found.kind == "evaluation"].set_index(["experiment", "learner"])
    planted = evaluated.loc["planted"]
    assert set(planted.verdict) == {"evidence of uplift"}
    assert planted.reason_key.isna().all()
    assert set(planted.left_out) == {7}
    chosen = planted[planted.is_chosen].iloc[0]
    assert chosen.name in ("t", "x")
    assert chosen.qini_lower > planted.loc["random"].qini_upper
    # What should fall falls: effects have the sign of the metric.
    assert chosen.effect_top_30 == pytest.approx(-1, abs=0.3)
    assert chosen.effect_all == pytest.approx(-0.5, abs=0.15)
    said = {
        name: words.filled(rows.reason_key.iloc[0], json.loads(rows.reason_values.iloc[0]))
        for name, rows in evaluated.drop("planted").groupby(level=0)
    }
    assert set(evaluated.loc["alike"].verdict) == {"no evidence of uplift"}
    for name, reason in (
        ("alike", "no evidence of uplift that differs between customers"),
        ("small", "customers in the smaller arm .* takes 200"),
        ("flat", "all but 0 outcomes"),
        ("ratio", "refunds is a ratio"),
        ("broken", "a health check failed: sample_ratio"),
        ("open", "not all over"),
        ("inferred", "no primary metric"),
    ):
        assert re.search(reason, said[name])
        rows = evaluated.loc[name]
        assert name == "alike" or list(rows.verdict) == ["not evaluated"]
    targets = found[found.kind == "target"].sort_values("target_rank")
    assert set(targets.experiment) == {"planted"}
    assert sorted(targets.target_rank) == list(range(1, 42))
    assert targets.incremental_effect.is_monotonic_increasing
    assert (a[targets.customer_no[:15].astype(int)] > 0).all()
    assert targets.incremental_effect.iloc[0] == pytest.approx(-1.2, abs=0.35)
    assert targets.is_helped.iloc[0]
    # What customers did later is in no column that a model reads, whatever the table holds; nor
    # does the order of its rows matter.
    told = tables(np.random.default_rng(1))
    outcome = told["units"]["outcome"]
    told["units"] = told["units"].append_column("orders_next_30d", outcome)
    assert feature_names(told["units"].column_names) == ["f_a", "f_b"]

    def learned_again(*_: object) -> None:
        raise AssertionError("an arm was learned again though nothing had changed")

    monkeypatch.setattr(serving, "try_uplift", learned_again)
    assert train(**told, settings=settings, previous=heads).equals(heads)
    with pytest.raises(AssertionError, match="learned again"):
        train(**told, settings=UpliftSettings(seed=4), previous=heads)
    # A shop that has shown nothing.
    none = {name: table.slice(0, 0) for name, table in given.items()}
    assert score(train(**none, settings=settings), lambda: today).num_rows == 0


@pytest.mark.library
def test_units_of_one_score_stand_in_the_middle_of_their_places() -> None:
    places = np.quantile(np.repeat([0.0, 1.0], 500), np.linspace(0, 1, 101))
    assert place_among(np.array([-1.0, 0, 1, 2]), places) == pytest.approx(
        [0, 0.25, 0.75, 1], abs=0.01
    )
    even = np.linspace(0, 1, 101)
    assert place_among(np.array([0.123, 0.5]), even) == pytest.approx([0.123, 0.5])


def test_experiments_that_are_made_up_have_the_effect_that_they_claim() -> None:
    gains = {"converted": 0.1, "spend": 12.0}
    for outcome, gain in gains.items():
        for effect_of_all in bench_uplift.EFFECTS:
            features, made, treated = bench_uplift.made_up(
                outcome, effect_of_all, 20_000, np.random.default_rng(2)
            )
            helped = features[:, 0] > 0
            for part, share in ((helped, 2.0), (~helped, 0.0)):
                share = {"none": 0.0, "alike": 1.0, "planted": share}[effect_of_all]
                found = made[part & treated].mean() - made[part & ~treated].mean()
                error = made.std() / np.sqrt(len(made) / 8)
                assert found == pytest.approx(share * gain, abs=4 * error)


def test_the_command_reads_any_file_and_names_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    count = 600
    frame = pd.DataFrame(
        {
            "my arm": RNG.choice(["no", "mail $1"], count),
            "visits, before": RNG.poisson(2, count),
            "channel": RNG.choice(["it's", "web"], count),
            "buys": RNG.random(count) < 0.3,
            "name": ["zoe"] * count,
        }
    )
    frame.loc[5, "my arm"] = None
    path = tmp_path / "units.csv"
    frame.to_csv(path, index=False)
    subjects = read_subjects(path, "my arm", "no", "buys", "visits, before,channel")
    assert sorted(subjects.columns) == ["channel = it's", "channel = web", "visits, before"]
    assert subjects.left_out == 1
    assert subjects.features.sum(axis=0)[0] == frame["visits, before"].drop(5).sum()
    words = ["bench", f"--file={path}", "--arm=my arm", "--control=no", "--outcome=buys"]
    monkeypatch.setattr(sys, "argv", [*words, "--features=visits, before,channel"])
    bench_uplift.main()
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    arm = last["arms"]["mail $1"]
    assert set(arm) == {"chosen", "learners"}
    assert set(arm["learners"]) == {"random", "response", "t", "x"}
    assert set(arm["learners"]["x"]) == {
        "qini", "qini_lower", "qini_upper", "effect_top_30", "effect_all",
    }  # fmt: skip
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit):
        bench_uplift.main()
    assert "has 'visits, before', 'channel', 'name': choose of these" in capsys.readouterr().err
    for given, said in (
        (("my arm", "yes", "buys", "channel"), "CONTROL: .* no unit with the arm 'yes'"),
        (
            ("my arm", "no", "name", "channel"),
            "OUTCOME: column 'name' holds values that are not numbers",
        ),
        (("my arm", "no", "buys", "channel,buys"), "FEATURES: column 'buys' is OUTCOME"),
        (("my arm", "no", "buys", "age"), "FEATURES: .* has no column 'age'"),
    ):
        with pytest.raises(ExperimentProblem, match=said):
            read_subjects(path, *given)
    frame[:300].to_csv(path, index=False)
    with pytest.raises(ExperimentProblem, match="learning whom it helps takes 200"):
        read_subjects(path, "my arm", "no", "buys", "channel")
