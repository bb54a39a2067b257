"""What the project's Python models call: train, encode, recommend, back-test. Arrow in and out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import torch

from footfall import artifacts, ranking, reasons, repeats
from footfall import device as devices
from footfall.artifacts import Values
from footfall.backtests import backtest
from footfall.encoder import Encoder, ItemFeatures, last_states
from footfall.fingerprints import table_fingerprint
from footfall.fits import (
    POPULATIONS,
    context_of,
    cutoffs_of,
    encoder_of,
    ranker_of,
    read_inputs,
    silent,
    train_encoder,
)
from footfall.ranking import Context
from footfall.sequences import MICROSECONDS_A_DAY, ArrowRows, Catalogue, ItemEvents, day_of
from footfall.settings import ScorerSettings
from footfall.training import Progress

__all__ = [
    "RECOMMENDATIONS_SCHEMA",
    "STATES_SCHEMA",
    "ScorerSettings",
    "backtest",
    "encode_states",
    "made_from",
    "recommend",
    "train_encoder",
]

STATE_ROWS = 8192
# Settings that recommendations depend on, but no trained weight.
SERVED = ("top_k", "allow_repeats", "in_stock_only")

STATES_SCHEMA = pa.schema(
    [
        pa.field("customer_no", pa.int64()),
        pa.field("cutoff_date", pa.date32()),
        pa.field("state", pa.list_(pa.float32())),
        pa.field("made_from", pa.string()),
    ]
)
RECOMMENDATIONS_SCHEMA = pa.schema(
    [
        pa.field("customer_no", pa.int64()),
        pa.field("rank", pa.int32()),
        pa.field("item_id", pa.string()),
        pa.field("score", pa.float64()),
        pa.field("is_repeat", pa.bool_()),
        pa.field("reason_item_id", pa.string()),
        pa.field("run_id", pa.string()),
        pa.field("made_from", pa.string()),
    ]
)


def made_from(run_id: str, asked: pa.Table, settings: ScorerSettings | None = None) -> str:
    """Digest of all that states or recommendations come from, so that they are made only once.

    The run of the model stands for its code, its weights, and the events and items it was trained
    on; whatever moves one of these moves the run.

    Parameters
    ----------
    run_id
        Of the model.
    asked
        What else goes in: the cut-offs that states are asked for, or the items with their stock.
    settings
        Of recommendations; states depend on none that the run does not know of.
    """
    parts = [run_id, table_fingerprint(asked)]
    if settings is not None:
        parts.append(json.dumps([getattr(settings, name) for name in SERVED]))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def encode_states(
    model: ArrowRows,
    events: ArrowRows,
    items: ArrowRows,
    cutoffs: ArrowRows,
    *,
    settings: ScorerSettings,
    fit: str = "head",
    progress: Progress = silent,
) -> pa.RecordBatchReader:
    """The encoder's state of each customer at each of her cut-offs.

    Only events before the cut-off's midnight UTC are read. A customer without any has a state
    of zeros; if the model has no such fit, there are no rows at all.

    Parameters
    ----------
    model
        Rows of ``train_encoder``.
    cutoffs
        ``customer_no`` int64 and ``cutoff_date`` date.

    Returns
    -------
    ``customer_no``, ``cutoff_date``, ``state`` (list of ``dim`` float32) and ``made_from``, as a
    stream.
    """
    device = devices.pick(settings.device)
    devices.use_threads(settings.threads)
    loaded = artifacts.load(model)
    asked = cutoffs.read_all() if isinstance(cutoffs, pa.RecordBatchReader) else cutoffs
    tokens, catalogue = read_inputs(events, items, settings, loaded)
    encoder = encoder_of(artifacts.part(loaded.fits.get(fit, {}), "encoder."), catalogue, device)
    if encoder is None:
        progress(f"no states: the model has no {fit} fit")
        return pa.RecordBatchReader.from_batches(STATES_SCHEMA, iter(()))
    return pa.RecordBatchReader.from_batches(
        STATES_SCHEMA,
        _states(
            encoder,
            tokens,
            catalogue,
            asked,
            device,
            made_from(loaded.run_id, asked),
            progress,
        ),
    )


def recommend(
    model: ArrowRows,
    events: ArrowRows,
    items: ArrowRows,
    *,
    settings: ScorerSettings,
    progress: Progress = silent,
) -> pa.RecordBatchReader:
    """The best items for every customer with an event, best first, with a reason each.

    Returns
    -------
    ``customer_no``, ``rank`` from 1, ``item_id``, ``score``, ``is_repeat`` (bought before),
    ``reason_item_id`` (null where no past item raised the score), ``run_id`` and ``made_from``, as
    a stream.

    Raises
    ------
    ValueError
        When only items in stock are asked for and the items have no ``is_in_stock``.
    """
    device = devices.pick(settings.device)
    devices.use_threads(settings.threads)
    loaded = artifacts.load(model)
    listed = items.read_all() if isinstance(items, pa.RecordBatchReader) else items
    tokens, catalogue = read_inputs(events, listed, settings, loaded)
    if settings.in_stock_only and not catalogue.has_stock:
        raise ValueError("in_stock_only is set, but the items have no column 'is_in_stock'")
    values = loaded.fits.get("production")
    if values is None or len(tokens.items) == 0:
        progress("no recommendations: there is no production fit or there are no events")
        return pa.RecordBatchReader.from_batches(RECOMMENDATIONS_SCHEMA, iter(()))
    context = context_of(
        tokens, catalogue, repeats.ItemHistory.of(tokens),
        cutoffs_of(tokens, settings).production, values, device,
    )  # fmt: skip
    return pa.RecordBatchReader.from_batches(
        RECOMMENDATIONS_SCHEMA,
        _recommendations(
            context,
            values,
            settings,
            loaded.run_id,
            made_from(loaded.run_id, listed, settings),
            progress,
        ),
    )


def _recommendations(
    context: Context,
    values: Values,
    settings: ScorerSettings,
    run_id: str,
    made: str,
    progress: Progress,
) -> Iterator[pa.RecordBatch]:
    ranker = ranker_of(values, POPULATIONS[0 if settings.allow_repeats else 1])
    customers = np.flatnonzero(context.ends > context.events.offsets[:-1])
    allowed = context.catalogue.in_stock[: context.count_items] if settings.in_stock_only else None
    names = np.array(context.catalogue.item_ids, dtype=object)
    done = 0
    for batch in ranking.batches(
        context, customers, allow_repeats=settings.allow_repeats, allowed=allowed
    ):
        found = batch.candidates(ranker.components)
        scores = ranker(found)
        best, chosen = scores.topk(min(settings.top_k, scores.shape[1]), dim=1)
        shown = torch.isfinite(best).cpu().numpy()
        item = np.where(shown, found.items.gather(1, chosen).cpu().numpy(), -1)
        reason = reasons.strongest(batch, ranker, found, chosen)
        row, old = ranking.bought_before(context, batch.customers)
        count_items = context.count_items
        asked = np.arange(len(item))[:, None] * count_items + item
        is_repeat = np.isin(asked, row * count_items + old)
        place = np.broadcast_to(np.arange(1, item.shape[1] + 1), item.shape)
        count = int(shown.sum())
        yield pa.RecordBatch.from_arrays(
            [
                pa.array(np.repeat(context.events.customers[batch.customers], shown.sum(1))),
                pa.array(place[shown].astype(np.int32)),
                pa.array(names[item[shown]], type=pa.string()),
                pa.array(best.double().exp().cpu().numpy()[shown]),
                pa.array(is_repeat[shown]),
                pa.array(
                    np.where(reason[shown] >= 0, names[np.maximum(reason[shown], 0)], None),
                    type=pa.string(),
                ),
                pa.array([run_id] * count, type=pa.string()),
                pa.array([made] * count, type=pa.string()),
            ],
            schema=RECOMMENDATIONS_SCHEMA,
        )
        done += len(batch.customers)
        progress(f"recommendations: {done} of {len(customers)} customers")


def _states(
    encoder: Encoder,
    tokens: ItemEvents,
    catalogue: Catalogue,
    asked: pa.Table,
    device: torch.device,
    made: str,
    progress: Progress,
) -> Iterator[pa.RecordBatch]:
    number = asked["customer_no"].to_numpy()
    days = asked["cutoff_date"].cast(pa.date32()).cast(pa.int32()).to_numpy()
    with torch.no_grad():
        vectors, _ = encoder.table(ItemFeatures.of(catalogue, len(catalogue.item_ids), device))
    place = np.searchsorted(tokens.customers, number)
    known = place < len(tokens.customers)
    known[known] = tokens.customers[place[known]] == number[known]
    for day in np.unique(days):
        here = np.flatnonzero(days == day)
        ends = tokens.ends_before(int(day) * MICROSECONDS_A_DAY)
        for low in range(0, len(here), STATE_ROWS):
            some = here[low : low + STATE_ROWS]
            customer = np.where(known[some], place[some], 0)
            starts = np.append(tokens.offsets[:-1], 0)[customer]
            stops = np.where(known[some], np.append(ends, 0)[customer], starts)
            states = last_states(encoder, vectors, tokens, starts, stops, device=device)
            flat = states.cpu().numpy()
            edges = np.arange(len(some) + 1, dtype=np.int32) * flat.shape[1]
            yield pa.RecordBatch.from_arrays(
                [
                    pa.array(number[some], type=pa.int64()),
                    pa.array(days[some], type=pa.int32()).cast(pa.date32()),
                    pa.ListArray.from_arrays(pa.array(edges), pa.array(flat.reshape(-1))),
                    pa.array([made] * len(some), type=pa.string()),
                ],
                schema=STATES_SCHEMA,
            )
        progress(f"states: {len(here)} customers at {day_of(int(day) * MICROSECONDS_A_DAY)}")
