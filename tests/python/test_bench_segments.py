"""The judge of `make bench-segments` on groups small enough to count by hand."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "bench_segments.py"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_segments", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def snapshot(bench: ModuleType, keys: str, bought: list[float], spent: list[float]) -> object:
    return bench.Snapshot(
        keys=np.array(list(keys)),
        groups={},
        rfm=np.zeros((len(keys), 3)),
        bought=np.array(bought),
        spent=np.array(spent),
    )


def test_a_group_that_was_unseen_at_learning_counts_as_the_average(bench: ModuleType) -> None:
    learned = np.array(["low", "low", "high"])
    means = bench.mean_by_group(learned, np.array([0.0, 1.0, 2.0]), np.array(["high", "new"]))
    assert means.tolist() == [2.0, 1.0]


def test_customers_are_ranked_by_what_their_group_did_before(bench: ModuleType) -> None:
    learned = snapshot(bench, "abcd", [0, 0, 1, 1], [0, 0, 9, 7])
    judged = snapshot(bench, "abcd", [0, 1, 0, 1], [0, 2, 0, 2])
    later = snapshot(bench, "abcde", [0] * 5, [0] * 5)
    groups = [
        np.array(["low", "low", "high", "high"]),
        np.array(["low", "low", "high", "high"]),
        np.array(["low", "high", "high", "high", "low"]),
    ]
    verdict = bench.judge(learned, judged, later, groups, np.ones((2, 4)))
    # One buyer and one other in each group: no better than chance. b has moved on.
    assert verdict.auc == pytest.approx(0.5)
    assert verdict.gini == pytest.approx(0.0)
    assert verdict.unchanged == 0.75
    assert verdict.groups == 2

    swapped = [groups[0], np.array(["low", "high", "low", "high"]), groups[2]]
    verdict = bench.judge(learned, judged, later, swapped, np.ones((2, 4)))
    assert verdict.auc == 1.0
    assert verdict.gini == pytest.approx(1.0)
