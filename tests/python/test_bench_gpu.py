import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import packed_attention as packed
from footfall.core import device as devices
from footfall.encoder.network import Tokens

PATH = Path(__file__).parents[2] / "benchmarks" / "bench_gpu.py"
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def bench():
    devices.use_threads(1)
    spec = importlib.util.spec_from_file_location("bench_gpu", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_packed_histories_have_the_states_of_single_ones(bench):
    load = bench.load_of(50, 200, CPU)
    encoder = bench.encoder_of(50, 32, CPU)
    with torch.no_grad():
        states = packed.states(encoder, load.tokens, load.edges, load.longest, load.features)
        for low, high in zip(load.edges[:-1].tolist(), load.edges[1:].tolist(), strict=True):
            one = Tokens(
                *(
                    x[None, low:high]
                    for x in (load.tokens.items, load.tokens.kinds, load.tokens.gaps)
                )
            )
            torch.testing.assert_close(
                states[low:high], encoder(one, load.features)[0], rtol=1e-4, atol=1e-5
            )


def test_agrees_with_float64_and_says_when_it_does_not(bench, monkeypatch):
    told = bench.check(CPU, items=60, dim=32, count_tokens=150)
    assert max(told.values()) < 1e-4
    monkeypatch.setitem(bench.TOLERANCE, "cpu", 0.0)
    with pytest.raises(ArithmeticError, match="is off by"):
        bench.check(CPU, items=60, dim=32, count_tokens=150)


def test_best_items_in_chunks_are_the_best_of_all(bench):
    load = bench.load_of(700, 150, CPU)
    encoder = bench.encoder_of(700, 32, CPU)
    whole, items = bench.best_items(encoder, load, 10)
    parts, same = bench.best_items(encoder, load, 10, chunk_logits=1500)
    torch.testing.assert_close(whole, parts)
    assert (items == same).float().mean() > 0.99


def test_measures_and_counts(bench):
    product, copied = bench.speeds(CPU, size=128)
    row = bench.measure(CPU, 300, 32, 300, 1, product, copied)
    assert row["targets_per_s"] > 0
    assert row["customers_per_s"] > 0
    load, encoder = bench.load_of(300, 300, CPU), bench.encoder_of(300, 32, CPU)
    flops, moved = bench.training_work(encoder, load, 10**6)
    blocks = sum(w.numel() for w in encoder.blocks.parameters())
    assert flops == 6.0 * len(load.tokens.items) * (300 * 32 + blocks)
    assert bench.floor_of(flops, moved, 1e9, 1e9) == max(flops, moved) / 1e9


def test_refuses_without_a_device(bench, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["bench"])
    with pytest.raises(SystemExit, match="needs a CUDA device"):
        bench.main()


def test_needs_neither_dbt_nor_duckdb():
    code = (
        f"import importlib.util, sys; sys.path.insert(0, {str(PATH.parent)!r})\n"
        f"spec = importlib.util.spec_from_file_location('bench_gpu', {str(PATH)!r})\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "sys.modules[spec.name] = module\n"
        "spec.loader.exec_module(module)\n"
        "unwanted = {'dbt', 'duckdb', 'pandas', 'sklearn', 'lightgbm', 'scipy', 'yaml'}\n"
        "print(sorted(unwanted & {name.partition('.')[0] for name in sys.modules}))\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
