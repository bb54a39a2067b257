"""The parts of `make bench-explanations` on made data whose answers are known."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import bench_explanations
from exact_shapley import Merged, agreement, exact_values, largest_and_rest
from explained_shop import PLANTED, Shop, read_shop, repeated, with_planted
from footfall.attributions.permutations import walk
from footfall.core.arrays import BoolArray, FloatArray

pytestmark = pytest.mark.library


class Pairs:
    """Two customers with weights 1 and 3: `a` alone adds 2, `b` with `c` 6, of row 1 all twice."""

    ideas = ("a", "b", "c")

    def values(self, row: int, own: BoolArray) -> FloatArray:
        """Return scores, [coalitions, customers]."""
        a, b, c = own.T.astype(float)
        return (1.0 + row) * (2.0 * a + 6.0 * b * c)[:, None] * np.array([1.0, 3.0])


def test_all_coalitions_share_out_what_ideas_do_together() -> None:
    exact = exact_values(Pairs(), rows=2)
    np.testing.assert_allclose(exact, [[3.0, 4.5, 4.5], [9.0, 13.5, 13.5]])
    # Orders that are walked add up all the same: rows 0 to 3 are worth 1 to 4 times as much.
    np.testing.assert_allclose(walk(Pairs(), 4, seed=1).moved.sum(axis=1), [20.0, 60.0])
    merged = Merged(Pairs(), [[1, 2], [0]])
    assert merged.ideas == ("b+c", "a")
    np.testing.assert_allclose(exact_values(merged, rows=2), [[9.0, 3.0], [27.0, 9.0]])


def test_the_smallest_ideas_are_merged_and_ranks_compared() -> None:
    moved = np.array([[1.0, -9.0, 2.0, 3.0], [1.0, 9.0, -2.0, 3.0]])
    assert largest_and_rest(moved, 3) == [[1], [3], [2, 0]]
    assert largest_and_rest(moved, 4) == [[0], [1], [2], [3]]
    ordered = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [5.0, 5.0, 5.0]])
    other = np.array([[10.0, 20.0, 90.0], [3.0, 2.0, 1.0], [1.0, 2.0, 3.0]])
    assert agreement(ordered[:1], other[:1]) == pytest.approx(1.0)
    assert agreement(ordered, other) == pytest.approx(0.0)


def contributions(
    moved: dict[str, list[float]], method: str = "log_mean", value: float = 0.5
) -> pa.Table:
    """Contributions to churn of a customer for each value, from a base of 1."""
    count = len(next(iter(moved.values())))
    return pa.table(
        {
            "customer_no": list(range(count)) * len(moved),
            "score": ["churn"] * count * len(moved),
            "horizon_days": [30] * count * len(moved),
            "idea": np.repeat(list(moved), count),
            "method": [method] * count * len(moved),
            "contribution": np.concatenate(list(moved.values())),
            "gap": [0.25] * count * len(moved),
            "score_value": [value] * count * len(moved),
            "link_contribution": np.concatenate(list(moved.values())),
            "link_base": [1.0] * count * len(moved),
            "link_score": np.tile(1.0 + np.sum(list(moved.values()), axis=0), len(moved)),
        }
    )


def test_sums_seeds_and_chance_are_judged_by_score() -> None:
    first = contributions({"a": [4.0, -4.0], "b": [1.0, 1.0], PLANTED: [0.1, -0.3]})
    gaps, of_link = bench_explanations.additivity([first])
    assert gaps == {"churn 30 d": {"figure": 0.25}}
    large, _ = bench_explanations.additivity([contributions({"a": [1.0]}, value=1e6)])
    assert large == {"churn 30 d": {"figure": 0.25e-6}}
    assert of_link["churn 30 d"]["figure"] == pytest.approx(0.0, abs=1e-12)
    assert not bench_explanations.judged("additivity", gaps)["passed"]
    assert bench_explanations.planted([first])["churn 30 d"]["figure"] == pytest.approx(0.05)
    assert bench_explanations.planted([contributions({"a": [1.0]})])["churn 30 d"]["figure"] == 0.0
    second = contributions({"a": [4.0, -4.0], "b": [9.0, 1.0]})
    found = bench_explanations.stability([first], [second])["churn 30 d"]
    # Ranks of a, b and the column that the second seed lacks: 3 2 1 and 2 3 1, 1 3 2 and the same.
    assert found == {"figure": pytest.approx((0.5 + 1.0) / 2), "same_first_idea": 0.5}
    rates = contributions({"rate": [1.0]}, method="own_rate")
    assert bench_explanations.stability([rates], [rates]) == {}
    nothing = bench_explanations.judged("stability", {})
    assert (nothing["figure"], nothing["passed"]) == (None, None)


def test_deletion_fails_where_it_is_below_its_limit_by_more_than_chance() -> None:
    def rows(horizon: int, cost: float, margin: float, upper: float | None) -> list[dict[str, Any]]:
        shared = {"score": "churn", "horizon_days": horizon, "customer_count": 500}
        bounds = {"lower_bound": -1.0, "upper_bound": upper}
        return [
            {**shared, **bounds, "metric": "auc_top_idea_cost", "value": cost},
            {**shared, **bounds, "metric": "auc_top_idea_margin", "value": margin},
        ]

    found = bench_explanations.ratios([*rows(30, 0.08, 0.02, 0.1), *rows(90, 0.03, -0.03, 0.01)])
    assert found["churn 30 d"]["figure"] == pytest.approx(4.0)
    assert found["churn 90 d"]["cost_of_another"] == pytest.approx(0.02)
    judged = bench_explanations.judged("deletion", found)
    assert (judged["figure"], judged["passed"]) == (pytest.approx(1.5), True)
    found = bench_explanations.ratios(rows(90, 0.03, -0.03, -0.01))
    assert not bench_explanations.judged("deletion", found)["passed"]
    # Without an interval the margin itself decides; what costs nothing is not infinitely better.
    for cost, margin, upper, figure, passed in (
        (0.03, 0.03, 0.05, np.inf, True),
        (0.03, 0.03, None, np.inf, True),
        (0.03, -0.03, None, 1.5, False),
        (-0.01, -0.01, 0.02, 0.0, False),
        (0.0, 0.0, None, 0.0, False),
    ):
        one = bench_explanations.ratios(rows(90, cost, margin, upper))["churn 90 d"]
        assert (one["figure"], one["passed"]) == (pytest.approx(figure), passed)
    # A score with one idea has nothing to compare it with.
    assert bench_explanations.ratios(rows(90, 0.03, 0.03, 0.05)[:1]) == {}


def test_a_shop_too_young_for_models_has_nothing_to_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    heads = SimpleNamespace(heads={30: SimpleNamespace(silence=None)})
    monkeypatch.setattr(bench_explanations, "load_heads", lambda _: heads)
    empty = pa.table({})
    assert bench_explanations.agreements(Shop(*[empty] * 9)) == {}


@pytest.mark.parametrize(("figure", "code"), [(0.01, None), (0.09, 1)])
def test_the_command_fails_where_a_check_does(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    figure: float,
    code: int | None,
) -> None:
    found = bench_explanations.judged("planted", {"intent 7 d": {"figure": figure}})
    monkeypatch.setattr(bench_explanations, "read_shop", lambda *_: None)
    monkeypatch.setattr(bench_explanations, "looked_at", lambda *_: [("planted", found)])
    monkeypatch.setattr(sys, "argv", ["bench", "--warehouse=any", "--checks=planted"])
    if code is None:
        bench_explanations.main()
    else:
        with pytest.raises(SystemExit, match=f"^{code}$"):
            bench_explanations.main()
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["planted"]["passed"] is (code is None)


def test_customers_are_repeated_with_their_states_and_numbers_of_their_own(tmp_path: Path) -> None:
    numbers = [2**62, 5, 2**62, 5]
    days = [date(2026, 1, 1)] * 2 + [date(2026, 2, 1)] * 2
    cutoffs = pa.table(
        {"customer_no": numbers, "cutoff_date": days, "is_as_of": [False, False, True, True],
         "f_order_days": [1, 1, 2, 1]}
    )  # fmt: skip
    states = pa.table({"customer_no": numbers, "cutoff_date": days, "state": [[1.0]] * 4})
    empty = pa.table({})
    large = repeated(Shop(cutoffs, states, *[empty] * 7), 5)
    assert sorted(large.cutoffs["customer_no"].to_pylist()) == list(range(6))
    frame = large.cutoffs.to_pandas().merge(large.states.to_pandas())
    assert len(frame) == 6
    # Each copy keeps what the customer did.
    assert frame.groupby("f_order_days")["customer_no"].count().tolist() == [3, 3]
    chance = with_planted(cutoffs, 1)
    assert (
        chance[f"f_{PLANTED}"].to_pylist() == with_planted(cutoffs, 1)[f"f_{PLANTED}"].to_pylist()
    )
    assert pd.Series(chance[f"f_{PLANTED}"]).nunique() == 4
    other = tmp_path / "other.duckdb"
    other.touch()
    with pytest.raises(SystemExit, match="cannot be read as a whole build"):
        read_shop(other, {})
