"""Groups are compared as fairlearn and textbooks do, and chance alone is not called a gap."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import bench_fairness
import bench_fairness_null
import peer_fairness
from footfall.core.arrays import FloatArray
from footfall.fairness import scoring
from footfall.fairness.bands import quarters
from footfall.fairness.cells import cells_of
from footfall.fairness.closing import CLOSABLE, close
from footfall.fairness.files.people import FairnessProblem, cut_off_of, read_people
from footfall.fairness.gaps import GAP, NO_EVIDENCE, TOO_FEW, corrected, gaps_of
from footfall.fairness.intervals import critical_value
from footfall.fairness.metrics import METRICS, figure_of, ranked
from footfall.fairness.null import null_of_means, null_of_ranks, null_of_rates
from footfall.fairness.rows import MOST_GROUPS, OTHER, UNKNOWN, Rows, grouped
from footfall.fairness.selection import CutOff
from footfall.fairness.settings import FairnessSettings

pytestmark = pytest.mark.library

PROJECT = Path(__file__).resolve().parents[2]
PEERS: dict[str, Any] = json.loads((PROJECT / "tests/data/fairness/peers.json").read_text())


def rows_of(group: Any, label: Any, score: FloatArray, cut: CutOff) -> Rows:
    label = np.asarray(label, dtype=np.float64)
    names = [str(name) for name in range(int(np.max(group)) + 1)]
    return Rows(np.asarray(group), names, label, score, cut.picks(score), label, score - label)


def test_figures_are_those_of_fairlearn() -> None:
    assert len(PEERS["cases"]) == peer_fairness.CASES
    for case, answers in enumerate(PEERS["cases"]):
        people = peer_fairness.people_of(case)
        rows = rows_of(people["group"], people["label"], people["score"], CutOff(least_score=0.5))
        gaps = {gap.metric: gap for gap in gaps_of(rows, draws=1, metrics=list(answers))}
        for metric, answer in answers.items():
            for name, value in answer["by_group"].items():
                figure = figure_of(metric, rows, rows.group == int(name))
                assert figure.value == pytest.approx(value, abs=1e-12), (case, metric)
                assert figure.lower <= figure.value <= figure.upper
            assert gaps[metric].difference == pytest.approx(answer["difference"], abs=1e-12)
            assert gaps[metric].ratio == pytest.approx(answer["ratio"], abs=1e-12)


def test_levels_within_bands_are_those_of_mantel_and_haenszel() -> None:
    rng = np.random.default_rng(3)
    group, band = rng.integers(0, 2, 3_000), rng.integers(0, 4, 3_000)
    values = (rng.random(3_000) < 0.1 + 0.2 * band / 3 + 0.05 * group).astype(np.float64)
    cells = cells_of(values, group, band, 2, 4)
    first, second = cells.counts
    weights = first * second / (first + second)
    rates = cells.sums / cells.counts
    expected = (weights * (rates[1] - rates[0])).sum() / weights.sum()
    levels = cells.levels()
    assert levels[1] - levels[0] == pytest.approx(expected, abs=1e-12)
    variances = (rates * (1 - rates) / cells.counts).sum(axis=0)
    error = np.sqrt((weights**2 * variances).sum()) / weights.sum()
    covariance = cells.covariance()
    ours = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    assert ours == pytest.approx(error, rel=0.01)
    assert not cells_of(values, band // 2, band, 2, 4).are_comparable


def test_a_gap_that_spend_explains_is_none_within_bands_of_spend() -> None:
    rng = np.random.default_rng(4)
    spend = rng.gamma(2.0, 50.0, 4_000)
    group = (rng.random(4_000) < spend / 250).astype(np.int64)
    rows = rows_of(group, rng.random(4_000) < 0.5, spend, CutOff(share=0.2))
    (raw,) = corrected(gaps_of(rows, metrics=["selection_rate"]))
    bands = quarters(np.round(spend, -1))
    (within,) = corrected(gaps_of(rows, band=quarters(spend), metrics=["selection_rate"]))
    assert raw.verdict == GAP
    assert raw.difference > 0.2
    assert within.difference < 0.5 * raw.difference
    picked_by_band = rows_of(group, rows.label, np.where(bands == bands.max(), 1.0, 0.0),
                             CutOff(share=0.2))  # fmt: skip
    (within,) = gaps_of(picked_by_band, band=bands, metrics=["selection_rate"])
    assert within.difference == pytest.approx(0, abs=1e-12)
    assert (within.verdict, within.p) == (NO_EVIDENCE, 1.0)


def test_the_interval_of_all_pairs_is_as_wide_as_that_of_tukey() -> None:
    # Percentage points of the studentised range, infinite degrees of freedom, over the root of 2.
    for groups, tukey in ((2, 2.772), (3, 3.314), (5, 3.858), (10, 4.474)):
        assert critical_value(np.eye(groups)) == pytest.approx(tukey / 2**0.5, rel=0.01)
    alike = rows_of(np.arange(4_000) % 4, np.arange(4_000) % 8 < 4, np.arange(4_000) * 7 % 4_000.0,
                    CutOff(share=0.25))  # fmt: skip
    (gap,) = gaps_of(alike, metrics=["selection_rate"])
    assert gap.lower == 0
    assert gap.difference == 0
    assert gap.upper == pytest.approx(3.633 / 2**0.5 * (2 * 0.25 * 0.75 / 1_000) ** 0.5, rel=0.01)


def test_counts_drawn_are_those_of_people_shuffled() -> None:
    rng = np.random.default_rng(5)
    group, band = rng.integers(0, 3, 600), rng.integers(0, 2, 600)
    values = (rng.random(600) < 0.2 + 0.3 * band).astype(np.float64)
    cells = cells_of(values, group, band, 3, 2)
    drawn = null_of_rates(cells, 4_000, rng)
    shuffled = null_of_means(cells, values, group, band, 4_000, rng)
    assert drawn.mean() == pytest.approx(shuffled.mean(), rel=0.04)
    assert np.quantile(drawn, 0.95) == pytest.approx(np.quantile(shuffled, 0.95), rel=0.06)
    score = np.round(rng.random(600), 1)
    ranks = null_of_ranks(score, values > 0, group, band, 1_000, rng)
    by_hand = []
    for _ in range(300):
        moved = group.copy()
        for one in (0, 1):
            for kind in (0.0, 1.0):
                inside = np.flatnonzero((band == one) & (values == kind))
                moved[inside] = rng.permutation(moved[inside])
        found = [
            ranked(score[moved == one], values[moved == one] > 0, band[moved == one])[0]
            for one in range(3)
        ]
        by_hand.append(max(found) - min(found))
    assert ranks.mean() == pytest.approx(np.mean(by_hand), rel=0.1)
    assert np.quantile(ranks, 0.9) == pytest.approx(np.quantile(by_hand, 0.9), rel=0.15)


def test_chance_is_seldom_called_a_gap_and_a_planted_one_is_found() -> None:
    flagged, found = [], []
    for run in range(200):
        rng = np.random.default_rng(run)
        for rows, into in (
            (bench_fairness_null.random_attribute(1_000, rng), flagged),
            (bench_fairness_null.planted_gap(1_000, rng), found),
        ):
            (gap,) = gaps_of(rows, seed=run, draws=199, metrics=["selection_rate"])
            into.append(gap.p <= 0.05)
    assert 0.01 <= np.mean(flagged) <= 0.09
    assert 0.63 <= np.mean(found) <= 0.86


def test_few_people_have_no_figure_and_the_unknown_are_not_compared() -> None:
    group = np.repeat([0, 1, 2, UNKNOWN, OTHER], [200, 100, 29, 50, 40])
    label = np.zeros(len(group))
    label[:60], label[200:229], label[329:349] = 1, 1, 1
    rng = np.random.default_rng(6)
    score = rng.random(len(group))
    rows = Rows(group, ["a", "b", "c"], label, score, score > 0.5, label)
    assert [figure_of("true_positive_rate", rows, group == one).is_suppressed for one in (0, 1)] \
        == [False, True]  # fmt: skip
    assert np.isnan(figure_of("auc", rows, group == 1).value)
    gaps = {gap.metric: gap for gap in corrected(gaps_of(rows, draws=99))}
    assert "calibration" not in gaps
    assert (gaps["true_positive_rate"].verdict, gaps["true_positive_rate"].groups) == (TOO_FEW, 1)
    base = gaps["base_rate"]
    assert (base.groups, base.people) == (2, 300)
    assert (base.highest, base.lowest) == ("a", "b")
    assert base.difference == pytest.approx(0.3 - 0.29)
    group, groups = grouped(np.array([f"g{one % 60}" for one in range(600)]), np.arange(600) > 0)
    assert len(groups) == MOST_GROUPS
    assert ((group == UNKNOWN).sum(), (group == OTHER).sum()) == (1, 99)


@pytest.mark.parametrize("metric", CLOSABLE)
def test_cut_offs_by_group_close_the_gap_and_say_what_they_cost(metric: str) -> None:
    rng = np.random.default_rng(7)
    group = np.repeat([0, 1], [1_500, 500])
    label = (rng.random(2_000) < np.where(group == 0, 0.4, 0.2)).astype(np.float64)
    score = label + rng.normal(0, 1, 2_000) + 0.5 * (group == 0)
    picked = CutOff(share=0.2).picks(score)
    parts = [(score[group == one], label[group == one], label[group == one]) for one in (0, 1)]
    closing = close(metric, parts, [picked[group == one] for one in (0, 1)])
    assert closing.picked == 400
    # By brute force: of all ways to share the places, the one whose gap is smallest.
    best, cost = np.inf, np.nan
    for first in range(401):
        sizes = (first, 400 - first)
        hits = [
            one[1][np.argsort(-one[0], kind="stable")[:size]].sum()
            for one, size in zip(parts, sizes, strict=True)
        ]
        of = {
            "selection_rate": [size / len(one[0]) for one, size in zip(parts, sizes, strict=True)],
            "true_positive_rate": [h / one[1].sum() for one, h in zip(parts, hits, strict=True)],
            "false_positive_rate": [
                (size - h) / (1 - one[1]).sum()
                for one, size, h in zip(parts, sizes, hits, strict=True)
            ],
        }[metric]
        if abs(of[0] - of[1]) < best:
            best = abs(of[0] - of[1])
            cost = 1 - sum(hits) / label[picked].sum()
    assert closing.cost == pytest.approx(cost, abs=0.02)
    assert closing.cost > 0


def judged_customers() -> pa.Table:
    """What was predicted of 900 customers by two scores, and their groups by two attributes."""
    rng = np.random.default_rng(9)
    count = 900
    country = np.array(rng.choice(["DE", "FR", "LI"], count, p=[0.6, 0.37, 0.03]), dtype=object)
    country[:60] = None
    chance = rng.beta(2, 2, count)
    # Whom the score takes for loyal in France are so less often than it says.
    silent = rng.random(count) < np.where(country == "FR", np.minimum(chance + 0.25, 1), chance)
    spend = np.where(silent, 0.0, rng.gamma(2.0, 40.0, count))
    parts = []
    for attribute, names in (("country", country), ("attributes.kids", rng.choice(2, count))):
        for score, observed, predicted in (
            ("churn", silent.astype(float), chance),
            ("value", spend, 80 * (1 - chance)),
        ):
            parts.append(
                pa.table(
                    {
                        "score": [score] * count,
                        "attribute": [attribute] * count,
                        "group_name": [None if one is None else str(one) for one in names],
                        "horizon_days": pa.array([30] * count, pa.int32()),
                        "customer_no": rng.permutation(count),
                        "observed": observed,
                        "predicted": predicted,
                        "spend_before": rng.gamma(2.0, 50.0, count),
                        "cutoff_date": [date(2026, 4, 1)] * count,
                    }
                )
            )
    return pa.concat_tables(parts)


def test_a_warehouse_has_rows_of_groups_and_gaps_and_makes_them_once() -> None:
    rows = judged_customers()

    def made(previous: pa.Table | None = None) -> pa.Table:
        return scoring.score(
            rows,
            settings=FairnessSettings(),
            previous=previous,
            progress=lambda _: None,
        )

    found = made()
    assert made(found).equals(found)
    frame = found.to_pandas()
    groups = frame[(frame.kind == "group") & (frame.attribute == "country")]
    assert set(groups.cut_off) == {"from 0.7", "from 0.4", "top 0.1"}
    for _, of_cut in groups.groupby(["score", "cut_off", "metric"]):
        assert of_cut.customer_share.sum() == pytest.approx(1)
        assert dict(zip(of_cut.group_name, of_cut.group_kind, strict=True)) == {
            "DE": "group",
            "FR": "group",
            "LI": "group",
            "unknown": "unknown",
        }
    small = groups[groups.group_name == "LI"]
    assert (small.customer_count < 30).all()
    assert small.value.isna().all()
    gaps = frame[frame.kind == "gap"].set_index(["score", "attribute", "metric", "compared"])
    gaps = gaps.sort_index()
    calibration = gaps.loc[("churn", "country", "calibration", "as they are")]
    assert (calibration.verdict, calibration.lowest_group) == (GAP, "FR")
    of_kids = gaps.loc[("churn", "attributes.kids", "calibration", slice(None))]
    assert of_kids.verdict.eq(NO_EVIDENCE).all()
    # What no cut-off changes is looked at once, and p is corrected by score and way of comparing.
    assert gaps.loc["churn"].groupby(["attribute", "compared"]).size().eq(3 + 4 * 2).all()
    known = gaps[gaps.p.notna()]
    assert (known.p_adjusted >= known.p).all()


def test_a_cut_off_picks_equal_scores_together() -> None:
    score = np.array([0.9, 0.5, 0.5, 0.5, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert CutOff(share=0.2).picks(score).sum() == 4
    assert CutOff(least_score=0.1).picks(score).sum() == 5
    assert CutOff(share=0.2).picks(np.array([1.0, 1.0, 1.0, 0.0])).tolist() == [1, 1, 1, 0]
    for text in ("0", "1", "20", "score:", "score:nan", "top"):
        with pytest.raises(FairnessProblem, match=f"CUT is '{text}'"):
            cut_off_of(text)


def test_the_command_reads_a_file_and_ends_with_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(8)
    count = 1_500
    frame = pd.DataFrame(
        {
            "my score": rng.random(count),
            "bought": rng.random(count) < 0.3,
            "age, band": rng.choice(["18-24", "it's 60+", " "], count, p=[0.5, 0.4, 0.1]),
            "spend": rng.gamma(2.0, 30.0, count).round(2),
        }
    )
    frame.loc[3, "my score"] = None
    path = tmp_path / "people.csv"
    frame.to_csv(path, index=False)
    words = ["bench", f"--file={path}", "--score=my score", "--label=bought"]
    monkeypatch.setattr(sys, "argv", [*words, "--group=age, band", "--within=spend"])
    bench_fairness.main()
    printed = capsys.readouterr().out.splitlines()
    found = json.loads(printed[-1])
    assert tuple(found) == METRICS
    for one in found.values():
        assert {"difference", "lower", "upper", "null_95", "p"} <= set(one)
        assert one["lower"] <= one["difference"] <= one["upper"]
        assert one["without_bands"]["groups"] == one["groups"] == 2
    assert "Note: 1 rows without a score or an outcome are left out" in printed
    assert "Note: 'spend' is cut into quarters" in printed
    assert any(line.startswith("(unknown)") for line in printed)
    monkeypatch.setattr(sys, "argv", [*words, "--group=gender"])
    with pytest.raises(SystemExit):
        bench_fairness.main()
    assert "GROUP: " in capsys.readouterr().err
    for given, said in (
        (("my score", "spend", "bought"), "LABEL: column 'spend' holds .* in row 1"),
        (("age, band", "bought", "spend"), "SCORE: column 'age, band' holds values that are not"),
        (("my score", "bought", "bought"), "are different columns"),
        (("my score", "bought", "age, band", "2"), "CUT is '2'"),
        (("spend", "bought", "age, band", ".2", "age"), "WITHIN: .* has no column 'age'"),
    ):
        with pytest.raises(FairnessProblem if "has no" not in said else ValueError, match=said):
            read_people(path, *given)
    people = read_people(path, "spend", "bought", "age, band", "score:100")
    assert people.rows.error is None
    assert (people.rows.score[people.rows.selected] >= 100).all()


def test_closing_a_gap_picks_no_more_people_than_before() -> None:
    """All four who are picked are right: equal false positives take nobody more."""
    score, label = np.arange(10.0, 0.0, -1.0), np.array([1.0] * 5 + [0.0] * 5)
    group = (score, label, label)
    found = close("false_positive_rate", [group, group], [score > 8.0, score > 8.0])
    assert found.picked == 4
    assert found.cost == pytest.approx(0.0)
