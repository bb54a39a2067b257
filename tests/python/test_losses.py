import pytest
import torch

from footfall.encoder import losses

pytestmark = pytest.mark.library


@pytest.fixture
def batch():
    random = torch.Generator().manual_seed(0)
    queries = torch.randn(9, 5, generator=random, dtype=torch.float64)
    table = torch.randn(30, 5, generator=random, dtype=torch.float64)
    bias = torch.randn(30, generator=random, dtype=torch.float64)
    row = torch.tensor([0, 0, 2, 3, 3, 3, 7, 8])
    item = torch.tensor([1, 2, 29, 4, 4, 6, 0, 11])
    weight = torch.rand(8, generator=random) + 0.1
    return queries, table, bias, row, item, weight


def reference(queries, table, bias, row, item, weight):
    log_softmax = (queries @ table.t() + bias).log_softmax(1)
    return -(weight * log_softmax[row, item]).sum() / weight.sum()


@pytest.mark.parametrize("chunk", [1, 64, 10_000])
def test_equals_plain_softmax_and_its_gradients(batch, monkeypatch, chunk):
    monkeypatch.setitem(losses.CHUNK_LOGITS, "cpu", chunk)
    queries, table, bias, row, item, weight = batch
    ours = [x.float().clone().requires_grad_() for x in (queries, table, bias)]
    theirs = [x.clone().requires_grad_() for x in (queries, table, bias)]
    loss = losses.set_softmax(*ours, row, item, weight)
    expected = reference(*theirs, row, item, weight.double())
    (loss * 2).backward()
    (expected * 2).backward()
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.grad.double(), other.grad, rtol=1e-4, atol=1e-6)


def test_sampled_columns_hold_the_targets_and_no_hidden_positive():
    targets = torch.tensor([5, 2, 5, 9])
    random = torch.Generator().manual_seed(1)
    columns, correction, place = losses.sampled_columns(targets, 20, 500, random)
    assert columns[place].tolist() == targets.tolist()
    negatives = columns[3:]
    assert not set(negatives.tolist()) & {2, 5, 9}
    assert set(negatives.tolist()) == set(range(20)) - {2, 5, 9}
    assert correction[:3].tolist() == [0, 0, 0]


def test_sampled_partition_is_unbiased():
    random = torch.Generator().manual_seed(2)
    logits = torch.randn(50, generator=random)
    targets = torch.tensor([3, 7])
    whole = float(logits.exp().sum())
    estimates = []
    for _ in range(2000):
        columns, correction, _ = losses.sampled_columns(targets, 50, 10, random)
        estimates.append(float((logits[columns] + correction).exp().sum()))
    mean = sum(estimates) / len(estimates)
    assert mean == pytest.approx(whole, rel=0.02)


def test_a_catalogue_of_targets_needs_no_negatives():
    columns, correction, place = losses.sampled_columns(
        torch.tensor([1, 0]), 2, 10, torch.Generator().manual_seed(0)
    )
    assert columns.tolist() == [0, 1]
    assert correction.tolist() == [0, 0]
    assert place.tolist() == [1, 0]
