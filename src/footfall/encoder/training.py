"""Training the encoder: at the end of each session, predict what the next ones hold."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
import torch

from footfall.core import device as devices
from footfall.core.arrays import Array, BoolArray, Float32Array, IntArray
from footfall.core.progress import Progress
from footfall.encoder.losses import sampled_columns, set_softmax
from footfall.encoder.network import Encoder, ItemFeatures, Tokens
from footfall.encoder.optimiser import AdamW
from footfall.encoder.targets import Goals, goals
from footfall.sequences.events import ItemEvents, equal_length_batches

# One step shows so many answers of a query at most, drawn again each time: the cost of a step
# follows the answers, what is learned follows their spread.
ANSWERS_SHOWN = 32


@dataclass(frozen=True)
class TrainingSettings:
    """How to train; see ``ScorerSettings`` for what each one does."""

    epochs: int
    batch_tokens: int
    learning_rate: float
    weight_decay: float
    dropout: float
    horizon_days: float
    negatives: int
    time_budget_seconds: float


@dataclass(frozen=True)
class FitReport:
    """What a fit did: mean loss of each epoch, seconds, and whether the time budget ended it."""

    losses: tuple[float, ...]
    seconds: float
    targets: int
    stopped_early: bool


def windows(
    starts: IntArray, ends: IntArray, max_length: int, random: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Cut histories into slices of at most ``max_length`` tokens.

    Long histories are cut at a random phase, so that each epoch sees other edges.
    """
    lengths = ends - starts
    phase = random.integers(0, max_length, size=len(starts))
    phase = np.where(lengths > max_length, phase, 0)
    # The first slice is the phase (maybe empty), the others are full but for the last one.
    pieces = -(-(lengths - phase) // max_length) + 1
    owner = np.repeat(np.arange(len(starts)), pieces)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    base = starts[owner] + phase[owner]
    low = np.where(number == 0, starts[owner], base + (number - 1) * max_length)
    high = np.minimum(np.where(number == 0, base, base + number * max_length), ends[owner])
    filled = high > low
    return low[filled], high[filled]


def fit(
    encoder: Encoder,
    features: ItemFeatures,
    events: ItemEvents,
    ends: IntArray,
    settings: TrainingSettings,
    *,
    seed: int,
    name: str,
    device: torch.device,
    progress: Progress,
) -> FitReport:
    """Train in place on ``offsets[c]:ends[c]`` of each customer.

    Every random draw comes from ``seed``: on one CPU with one number of threads two fits are
    equal bit for bit, unless the time budget cut one of them short.

    Raises
    ------
    ArithmeticError
        When the loss is no longer a number.
    """
    began = time.monotonic()
    random = np.random.default_rng(seed)
    draws = torch.Generator(device=device).manual_seed(seed)
    asked = goals(events, ends, settings.horizon_days)
    total_targets = sum(int((goal.high - goal.low).sum()) for goal in asked)
    if total_targets == 0:
        return FitReport((), 0.0, 0, False)
    optimiser = AdamW(encoder.parameters(), settings.weight_decay)
    schedule = _Schedule(settings, began)
    losses: list[float] = []
    for epoch in range(settings.epochs):
        low, high = windows(events.offsets[:-1], ends, encoder.config.max_length, random)
        useful = _has_goal(asked, low, high)
        batches = list(
            equal_length_batches(low[useful], high[useful], settings.batch_tokens, random)
        )
        total, weight = 0.0, 0
        for number, (_, positions) in enumerate(batches):
            rate = schedule.rate(epoch, number, len(batches))
            loss, count = _step(
                encoder, features, events, asked, positions, settings, draws, random, device
            )
            if count == 0:
                continue
            optimiser.forget()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(encoder.parameters(), 5.0)
            optimiser.step(rate)
            total += float(loss.detach()) * count
            weight += count
            if schedule.over():
                break
        if not math.isfinite(total):
            raise ArithmeticError(
                f"the loss of the {name} fit is {total} in epoch {epoch + 1}; "
                "lower the scorer's learning_rate"
            )
        losses.append(total / max(weight, 1))
        progress(
            f"{name} fit: epoch {epoch + 1}/{settings.epochs}, loss {losses[-1]:.4f}, "
            f"{schedule.left(epoch + 1):.0f} s left"
        )
        if schedule.over():
            break
    return FitReport(
        tuple(losses), time.monotonic() - began, total_targets, len(losses) < settings.epochs
    )


def _has_goal(asked: list[Goals], low: IntArray, high: IntArray) -> BoolArray:
    """Return which slices hold a token with an answer; the others would teach nothing."""
    useful = np.zeros(len(low), dtype=np.bool_)
    for goal in asked:
        answers = np.concatenate([[0], np.cumsum(goal.high > goal.low)])
        useful |= answers[high] > answers[low]
    return useful


def _step(
    encoder: Encoder,
    features: ItemFeatures,
    events: ItemEvents,
    asked: list[Goals],
    positions: IntArray,
    settings: TrainingSettings,
    draws: torch.Generator,
    random: np.random.Generator,
    device: torch.device,
) -> tuple[torch.Tensor, int]:
    """Return loss of one batch of slices, and how many queries it holds."""
    flat = positions.reshape(-1)
    rows: list[IntArray] = []
    intents: list[IntArray] = []
    target_row: list[IntArray] = []
    target_item: list[IntArray] = []
    target_weight: list[Float32Array] = []
    count = 0
    for goal in asked:
        here = np.flatnonzero(goal.high[flat] > goal.low[flat])
        low = goal.low[flat[here]].astype(np.int64)
        sizes = goal.high[flat[here]] - low
        shown = np.minimum(sizes, ANSWERS_SHOWN)
        row = np.repeat(np.arange(len(here)), shown)
        within = np.arange(len(row)) - np.repeat(np.cumsum(shown) - shown, shown)
        many = sizes[row] > ANSWERS_SHOWN
        within[many] = (random.random(int(many.sum())) * sizes[row[many]]).astype(np.int64)
        rows.append(here)
        intents.append(np.full(len(here), goal.intent))
        target_row.append(row + count)
        target_item.append(goal.pool[low[row] + within] if len(row) else row)
        # A query weighs the root of its answers: a big basket says more, but not a hundredfold.
        target_weight.append((1.0 / np.sqrt(shown[row])).astype(np.float32))
        count += len(here)
    if count == 0:
        return torch.zeros(()), 0
    with devices.autocast(device):
        states = encoder(
            Tokens.of(events, positions, device),
            features,
            rate=settings.dropout,
            item_rate=0.02,
            random=draws,
        )
        states = states.reshape(-1, states.shape[-1])[_tensor(np.concatenate(rows), device)]
        queries = states + encoder.intent[_tensor(np.concatenate(intents), device)]
        items = _tensor(np.concatenate(target_item), device)
        correction = None
        index = None
        if settings.negatives:
            index, correction, items = sampled_columns(
                items, encoder.config.items, settings.negatives, draws
            )
        table, bias = encoder.table(features, index)
        loss = set_softmax(
            queries,
            table,
            bias if correction is None else bias + correction,
            _tensor(np.concatenate(target_row), device),
            items,
            _tensor(np.concatenate(target_weight), device),
        )
    return loss, count


def _tensor(array: Array, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(array).to(device)


class _Schedule:
    """Warm-up, then a cosine to 5 %, over the epochs or the time budget, whichever ends first."""

    def __init__(self, settings: TrainingSettings, began: float) -> None:
        self.settings = settings
        self.began = began

    def rate(self, epoch: int, number: int, batches: int) -> float:
        done = (epoch + number / batches) / self.settings.epochs
        warm = min(1.0, (epoch * batches + number + 1) / max(1.0, min(200.0, 0.5 * batches)))
        spent = self._spent()
        # The clock takes over only once it is clearly the tighter limit: a run that fits its
        # budget never looks at it and so repeats bit for bit.
        if spent > 0.1 and spent > done:
            done = min(1.0, spent)
        cosine = 0.5 * (1.0 + math.cos(math.pi * done))
        return self.settings.learning_rate * warm * (0.05 + 0.95 * cosine)

    def over(self) -> bool:
        return self._spent() >= 1.0

    def left(self, epochs_done: int) -> float:
        spent = time.monotonic() - self.began
        by_epochs = spent / epochs_done * (self.settings.epochs - epochs_done)
        return max(0.0, min(by_epochs, self.settings.time_budget_seconds - spent))

    def _spent(self) -> float:
        return (time.monotonic() - self.began) / max(self.settings.time_budget_seconds, 1e-9)
