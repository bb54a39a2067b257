"""Softmax cross-entropy over a whole catalogue without its logits in memory.

Each chunk of rows makes its logits, its loss and both gradients, and lets the logits go, as in
Wijmans et al., 2024, "Cut Your Losses in Large-Vocabulary Language Models".
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

# Logits alive at a time: on the CPU they should stay in its cache, on a GPU fill the device.
CHUNK_LOGITS = {"cpu": 1_000_000, "cuda": 64_000_000}


class _SetSoftmax(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(
        ctx: Any,
        queries: Tensor,
        table: Tensor,
        bias: Tensor,
        target_row: Tensor,
        target_item: Tensor,
        target_weight: Tensor,
    ) -> Tensor:
        rows, columns = queries.shape[0], table.shape[0]
        chunk = max(1, CHUNK_LOGITS[queries.device.type] // max(1, columns))
        total = target_weight.sum().clamp_min(1e-12)
        row_weight = torch.zeros(rows, dtype=torch.float32, device=queries.device)
        row_weight.index_add_(0, target_row, target_weight)
        edges = torch.searchsorted(
            target_row, torch.arange(0, rows + chunk, chunk, device=target_row.device)
        ).tolist()
        grad_queries = torch.empty_like(queries, dtype=torch.float32)
        grad_table = torch.zeros_like(table, dtype=torch.float32)
        grad_bias = torch.zeros_like(bias, dtype=torch.float32)
        loss = torch.zeros((), dtype=torch.float32, device=queries.device)
        for number, low in enumerate(range(0, rows, chunk)):
            some = queries[low : low + chunk]
            logits = torch.addmm(bias, some, table.t()).float()
            here = slice(edges[number], edges[number + 1])
            row, item = target_row[here] - low, target_item[here]
            weight = target_weight[here]
            # The logits turn into the gradient in place: one exponential a logit, no copy.
            top = logits.amax(1, keepdim=True)
            answer = logits[row, item] - top[row, 0]
            mass = logits.sub_(top).exp_().sum(1)
            loss += (weight * (mass.log()[row] - answer)).sum()
            share = row_weight[low : low + chunk] / (mass * total)
            gradient = logits.mul_(share[:, None])
            gradient.index_put_((row, item), -weight / total, accumulate=True)
            grad_bias += gradient.sum(0)
            gradient = gradient.to(table.dtype)
            grad_queries[low : low + chunk] = gradient @ table
            if table.dtype == torch.float32:
                grad_table.addmm_(gradient.t(), some)
            else:
                grad_table += (gradient.t() @ some).float()
        ctx.save_for_backward(
            grad_queries.to(queries.dtype), grad_table.to(table.dtype), grad_bias.to(bias.dtype)
        )
        return loss / total

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        (scale,) = upstream
        grad_queries, grad_table, grad_bias = ctx.saved_tensors
        return grad_queries * scale, grad_table * scale, grad_bias * scale, None, None, None


def set_softmax(
    queries: Tensor,
    table: Tensor,
    bias: Tensor,
    target_row: Tensor,
    target_item: Tensor,
    target_weight: Tensor,
) -> Tensor:
    """Weighted mean of ``-log softmax`` over the targets; a query may have any number of them.

    Parameters
    ----------
    queries
        Float ``[rows, dim]``.
    table, bias
        Float ``[items, dim]`` and ``[items]``; the logits are ``queries @ table.T + bias``.
    target_row
        Which query each target belongs to, ascending; int64 ``[targets]``.
    target_item
        The item; int64 ``[targets]``.
    target_weight
        Float32 ``[targets]``, not below zero.

    Returns
    -------
    Scalar, float32.
    """
    loss: Tensor = _SetSoftmax.apply(queries, table, bias, target_row, target_item, target_weight)
    return loss


def sampled_columns(
    targets: Tensor, count_items: int, count_sampled: int, random: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Return columns that represent the whole catalogue in one batch.

    The batch's own targets are all there; the rest of the catalogue is represented by a uniform
    sample, whose logits get the log of how many items each one represents. Given the batch, the
    partition function is then estimated without bias (the log-Q correction of Bengio and
    Senécal, 2008, "Adaptive Importance Sampling to Accelerate Training of a Neural Probabilistic
    Language Model"), and no negative can be a hidden positive.

    Parameters
    ----------
    targets
        Items that are targets in the batch; int64 ``[targets]``.
    count_items, count_sampled
        Size of the catalogue, and how many negatives to draw (with replacement).

    Returns
    -------
    columns
        Items; int64 ``[columns]``.
    correction
        To be added to the bias; float32 ``[columns]``.
    place
        Column of each target; int64 ``[targets]``.
    """
    positives, place = torch.unique(targets, return_inverse=True)
    rest = count_items - len(positives)
    if rest <= 0 or count_sampled <= 0:
        return positives, torch.zeros(len(positives), device=targets.device), place
    draw = torch.randint(0, rest, (count_sampled,), generator=random, device=targets.device)
    # The r-th item outside the sorted positives is r plus the positives not above it.
    outside = positives - torch.arange(len(positives), device=targets.device)
    negatives = draw + torch.searchsorted(outside, draw, right=True)
    correction = torch.zeros(len(positives) + count_sampled, device=targets.device)
    correction[len(positives) :] = torch.log(torch.tensor(rest / count_sampled))
    return torch.cat([positives, negatives]), correction, place
