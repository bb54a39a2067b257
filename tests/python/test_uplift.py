"""Whom an arm helps: the measure, and that learners find what is there and nothing else."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bench_uplift
from footfall.experiments.files.features import read_subjects
from footfall.experiments.files.problems import ExperimentProblem
from footfall.experiments.uplift.qini import Ranked, effect, qini, qini_replicates, ranked
from footfall.experiments.uplift.trials import try_uplift

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


@pytest.mark.library
def test_learners_find_whom_an_arm_helps_and_nobody_where_all_are_alike() -> None:
    count = 2_400
    features = RNG.normal(size=(count, 3))
    features[RNG.random(count) < 0.1, 1] = np.nan
    treated = RNG.random(count) < 0.5
    noise = RNG.normal(size=count)
    found = try_uplift(features, noise + treated * (features[:, 0] > 0) + features[:, 2], treated)
    assert found.chosen in ("t", "x")
    assert found.has_evidence
    best = found.learners[found.chosen]
    assert best.qini_lower > found.learners["random"].qini_upper
    assert best.effect_top_30 == pytest.approx(1, abs=0.3)
    assert best.effect_all == pytest.approx(0.5, abs=0.15)
    alike = try_uplift(features, noise + 0.3 * treated, treated)
    assert not alike.has_evidence


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
        (("my arm", "no", "name", "channel"), "OUTCOME: column 'name' holds what is no number"),
        (("my arm", "no", "buys", "channel,buys"), "FEATURES: column 'buys' is OUTCOME"),
        (("my arm", "no", "buys", "age"), "FEATURES: .* has no column 'age'"),
    ):
        with pytest.raises(ExperimentProblem, match=said):
            read_subjects(path, *given)
    frame[:300].to_csv(path, index=False)
    with pytest.raises(ExperimentProblem, match="learning whom it helps takes 200"):
        read_subjects(path, "my arm", "no", "buys", "channel")
