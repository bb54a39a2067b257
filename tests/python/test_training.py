import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import torch

from footfall.core import device as devices
from footfall.encoder import network as encoders
from footfall.encoder import training
from footfall.encoder.network import Encoder, EncoderConfig, ItemFeatures
from footfall.encoder.optimiser import AdamW
from footfall.sequences import reading
from scorer_data import EVENTS_SCHEMA, items_table, shop

pytestmark = pytest.mark.library

CPU = torch.device("cpu")
SETTINGS = training.TrainingSettings(
    epochs=6,
    batch_tokens=256,
    learning_rate=1e-2,
    weight_decay=0.01,
    dropout=0.1,
    horizon_days=1.0,
    negatives=0,
    time_budget_seconds=600.0,
)


def fit(settings=SETTINGS, seed=1, lines=None):
    devices.use_threads(1)
    tokens, catalogue = reading.read(shop(), items_table(30))
    encoder = Encoder(EncoderConfig(30, 3, 0, 16, 1, 20), torch.Generator().manual_seed(0))
    features = ItemFeatures.of(catalogue, 30, CPU)
    report = training.fit(
        encoder, features, tokens, tokens.offsets[1:], settings,
        seed=seed, name="test", device=CPU, progress=(lines if lines is not None else []).append,
    )  # fmt: skip
    return encoder, report


def test_windows_lose_nothing():
    starts, ends = np.array([0, 7, 7]), np.array([7, 7, 250])
    low, high = training.windows(starts, ends, 20, np.random.default_rng(0))
    assert (high - low).max() == 20
    covered = np.concatenate([np.arange(a, b) for a, b in zip(low, high, strict=True)])
    assert sorted(covered.tolist()) == list(range(250))


def test_learns_and_tells():
    lines: list[str] = []
    _, report = fit(lines=lines)
    assert report.losses[-1] < report.losses[0] - 0.2
    assert not report.stopped_early
    assert "epoch 6/6, loss" in lines[-1]


def test_repeats_bit_for_bit_under_one_seed():
    one, _ = fit()
    two, _ = fit()
    other, _ = fit(seed=2)
    for name, weight in encoders.weights(one).items():
        np.testing.assert_array_equal(weight, encoders.weights(two)[name])
    assert not np.array_equal(encoders.weights(one)["item"], encoders.weights(other)["item"])


def test_sampled_softmax_learns_too():
    _, report = fit(dataclasses.replace(SETTINGS, negatives=12))
    assert report.losses[-1] < report.losses[0] - 0.1


def test_time_budget_ends_training_gracefully():
    settings = dataclasses.replace(SETTINGS, epochs=100_000, time_budget_seconds=0.5)
    encoder, report = fit(settings)
    assert report.stopped_early
    assert report.seconds < 20
    assert all(np.isfinite(weight).all() for weight in encoders.weights(encoder).values())


def test_a_loss_that_is_no_number_is_an_error():
    with pytest.raises(ArithmeticError, match="learning_rate"):
        fit(dataclasses.replace(SETTINGS, learning_rate=1e30))


def test_nothing_to_learn_from():
    tokens, catalogue = reading.read(EVENTS_SCHEMA.empty_table(), items_table(3))
    encoder = Encoder(EncoderConfig(3, 3, 0, 16, 1, 20), torch.Generator().manual_seed(0))
    report = training.fit(
        encoder, ItemFeatures.of(catalogue, 3, CPU), tokens, tokens.offsets[1:], SETTINGS,
        seed=1, name="test", device=CPU, progress=lambda line: None,
    )  # fmt: skip
    assert report.losses == ()
    assert report.targets == 0


def test_steps_like_the_optimiser_of_torch():
    x, unused = torch.randn(40, 5, generator=torch.Generator().manual_seed(0)), torch.ones(3)
    nets = []
    for _ in range(2):
        torch.manual_seed(1)
        nets.append([*torch.nn.Linear(5, 2).parameters(), unused.clone().requires_grad_()])
    theirs = torch.optim.AdamW(nets[0], lr=0.1, weight_decay=0.05, fused=True)
    ours = AdamW(nets[1], 0.05)
    for rate in (0.1, 0.05, 0.02):
        theirs.param_groups[0]["lr"] = rate
        theirs.zero_grad(set_to_none=True)
        ours.forget()
        for weight, bias, _ in nets:
            torch.nn.functional.linear(x, weight, bias).square().sum().backward()
        theirs.step()
        ours.step(rate)
        for one, two in zip(*nets, strict=True):
            assert torch.equal(one, two)
    assert torch.equal(nets[1][2], unused)


def test_a_step_imports_no_compiler():
    program = (
        "import sys, torch\n"
        "from footfall.encoder.optimiser import AdamW\n"
        "weight = torch.ones(2, requires_grad=True)\n"
        "weight.sum().backward()\n"
        "AdamW([weight], 0.0).step(0.1)\n"
        "assert weight[0] < 1\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
