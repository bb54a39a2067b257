import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "bench_ranking.py"


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("bench_ranking", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_keeps_the_order_of_the_file_within_a_second(bench, tmp_path):
    file = tmp_path / "lines.txt"
    file.write_text("1 z a m\t0 0 5\n2 a z\n")
    data = bench.load(file)
    names = np.array(data.catalogue.item_ids)[data.events.items]
    assert names.tolist() == ["z", "a", "m", "a", "z"]
    assert data.has_gap.tolist() == [False, False, True, False, True]


def test_targets_are_the_last_items_that_training_knows(bench, tmp_path):
    file = tmp_path / "lines.txt"
    file.write_text("1 a b c\n2 b c a\n3 c a new\n4 a b a\n5 a b\n")
    data = bench.load(file)
    ends, targets = bench.last_items(data, 1)
    names = np.array(data.catalogue.item_ids)
    # The fourth bought it before, the third's is unseen, the fifth has too few.
    assert targets.customers.tolist() == [0, 1]
    assert names[targets.item].tolist() == ["c", "a"]
    assert (ends - data.events.offsets[:-1]).tolist() == [2, 2, 2, 2, 2]


def test_gaps_that_do_not_fit_name_the_line(bench, tmp_path):
    file = tmp_path / "lines.txt"
    file.write_text("1 a b\t0 1\n2 a b c\t0 1\n")
    with pytest.raises(ValueError, match=r"line 2: 3 items, 2 gaps"):
        bench.load(file)


def test_last_line_is_json(bench, tmp_path, monkeypatch, capsys):
    random = np.random.default_rng(0)
    file = tmp_path / "lines.txt"
    lines = [f"{c} " + " ".join(str(i) for i in random.permutation(40)[:8]) for c in range(80)]
    file.write_text("\n".join(lines))
    arguments = ["bench", str(file), "--epochs", "1", "--warm-epochs", "1", "--threads", "1"]
    monkeypatch.setattr(sys, "argv", [*arguments, "--dim", "16", "--device", "cpu"])
    bench.main()
    last = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    for name in ("ndcg_10", "hr_10", "ndcg_10_gap", "hr_10_gap", "fit_cpu_s", "peak_gib"):
        assert last[name] >= 0
    assert last["score_customers_per_s"] > 0
    assert {"popular", "markov", "item_knn"} <= set(last["baselines"])
