"""What the project's Python models call: train, encode, recommend, back-test. Arrow in and out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import torch

from footfall import ranking
from footfall.core import device as devices
from footfall.core.arrays import Array, BoolArray, IntArray
from footfall.core.fingerprints import number_fingerprints, sequence_fingerprints, table_fingerprint
from footfall.core.progress import Progress, silent
from footfall.counts import repeats
from footfall.counts.tables import expand
from footfall.encoder.network import Encoder, ItemFeatures, last_states
from footfall.ranking import Context, reasons
from footfall.ranking.contributions import IDEAS, contributions
from footfall.recommender import stored_model as artifacts
from footfall.recommender.backtests import backtest
from footfall.recommender.cutoffs import cutoffs_of
from footfall.recommender.inputs import read_inputs
from footfall.recommender.restore import POPULATIONS, context_of, encoder_of, ranker_of
from footfall.recommender.settings import ScorerSettings
from footfall.recommender.stored_model import Values
from footfall.recommender.train import train_encoder
from footfall.sequences.events import (
    MICROSECONDS_A_DAY,
    Catalogue,
    ItemEvents,
    day_of,
    price_buckets,
)
from footfall.sequences.reading import ArrowRows

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
# Of so many customers a network's contributions are exact; of more, from a sample of the candidates
# that are not recommended.
EXACT_CUSTOMERS, SAMPLED_CANDIDATES = 10_000, 16
# Settings that recommendations depend on, but no trained weight.
SERVED = ("top_k", "allow_repeats", "in_stock_only", "explained")

STATES_SCHEMA = pa.schema(
    [
        pa.field("customer_no", pa.int64()),
        pa.field("cutoff_date", pa.date32()),
        pa.field("state", pa.list_(pa.float32())),
        pa.field("state_from", pa.int64()),
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
        pa.field("candidate_count", pa.int32()),
        pa.field("contribution_error", pa.float64()),
        *(pa.field(f"{idea}_contribution", pa.float64()) for idea in IDEAS),
        *(pa.field(f"{idea}_link_contribution", pa.float64()) for idea in IDEAS),
        pa.field("cutoff_date", pa.date32()),
        pa.field("run_id", pa.string()),
        pa.field("made_from", pa.string()),
    ]
)


def made_from(run_id: str, asked: pa.Table, settings: ScorerSettings | None = None) -> str:
    """Digest of all that states or recommendations come from, so that they are made only once.

    The run of the model represents its code, its weights, and the events and items it was trained
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
        # Rows of an earlier version lack the columns that are new.
        parts.append(json.dumps(RECOMMENDATIONS_SCHEMA.names))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def encode_states(
    model: ArrowRows,
    events: ArrowRows,
    items: ArrowRows,
    cutoffs: ArrowRows,
    *,
    settings: ScorerSettings,
    fit: str = "head",
    previous: pa.RecordBatchReader | None = None,
    progress: Progress = silent,
) -> pa.RecordBatchReader:
    """Return the encoder's state of each customer at each of their cut-offs.

    Only events before the cut-off's midnight UTC are read. A customer without any has a state
    of zeros; if the model has no such fit, there are no rows at all.

    Parameters
    ----------
    model
        Rows of ``train_encoder``.
    cutoffs
        ``customer_no`` int64 and ``cutoff_date`` date.
    previous
        Rows of an earlier call. Those that the same weights have made of the same history are
        given back, and only the others are encoded. Encoding all again gives the same but for
        rounding: the last digits of a product of matrices depend on who shares a batch.

    Returns
    -------
    ``customer_no``, ``cutoff_date``, ``state`` (list of ``dim`` float32), ``state_from`` (what the
    state was made of) and ``made_from``, as a stream.
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
            previous,
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
    """Return the best items for every customer with an event, best first, with a reason each.

    Returns
    -------
    ``customer_no``, ``rank`` from 1, ``item_id``, ``score``, ``is_repeat`` (bought before),
    ``reason_item_id`` (null where no past item raised the score), ``candidate_count`` (the base of
    the score is its inverse), what each component adds to the score (``<idea>_contribution``) and
    to its log (``<idea>_link_contribution``), ``contribution_error`` (0 where what they add is
    exact; all null where settings leave them out),
    ``cutoff_date``, ``run_id`` and ``made_from``, as a stream.

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
    sample = None if len(customers) <= EXACT_CUSTOMERS else SAMPLED_CANDIDATES
    done = 0
    for batch in ranking.batches(
        context, customers, allow_repeats=settings.allow_repeats, allowed=allowed
    ):
        found = batch.candidates(ranker.components)
        scores = ranker(found)
        best, chosen = scores.topk(min(settings.top_k, scores.shape[1]), dim=1)
        shown = torch.isfinite(best).cpu().numpy()
        item = np.where(shown, found.items.gather(1, chosen).cpu().numpy(), -1)
        reason = reasons.strongest(batch, ranker, found, scores, chosen)
        row, old = ranking.bought_before(context, batch.customers)
        count_items = context.count_items
        asked = np.arange(len(item))[:, None] * count_items + item
        is_repeat = np.isin(asked, row * count_items + old)
        place = np.broadcast_to(np.arange(1, item.shape[1] + 1), item.shape)
        count = int(shown.sum())
        each = np.repeat(found.real.sum(1).cpu().numpy(), shown.sum(1))
        moved = [pa.nulls(count, pa.float64())] * (1 + 2 * len(IDEAS))
        if settings.explained:
            added = contributions(ranker, found, scores, chosen, sample=sample)
            parts = (added.error, *added.share, *added.log_share)
            moved = [pa.array(one[shown]) for one in parts]
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
                pa.array(each.astype(np.int32)),
                *moved,
                pa.repeat(pa.scalar(day_of(context.cut), pa.date32()), count),
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
    previous: pa.RecordBatchReader | None,
    device: torch.device,
    made: str,
    progress: Progress,
) -> Iterator[pa.RecordBatch]:
    number = asked["customer_no"].to_numpy()
    days = asked["cutoff_date"].cast(pa.date32()).cast(pa.int32()).to_numpy()
    starts, ends = _histories(tokens, number, days)
    wanted = _state_sources(encoder, tokens, catalogue, starts, ends)
    is_open = np.ones(len(number), dtype=np.bool_)
    if previous is not None:
        for batch in _still_true(previous, number, days, wanted, is_open):
            yield batch.set_column(
                batch.num_columns - 1, "made_from", pa.array([made] * batch.num_rows, pa.string())
            )
        progress(f"states: {int((~is_open).sum())} of {len(number)} stand")
    with torch.no_grad():
        vectors, _ = encoder.table(ItemFeatures.of(catalogue, len(catalogue.item_ids), device))
    for day in np.unique(days[is_open]):
        here = np.flatnonzero((days == day) & is_open)
        for low in range(0, len(here), STATE_ROWS):
            some = here[low : low + STATE_ROWS]
            states = last_states(encoder, vectors, tokens, starts[some], ends[some], device=device)
            flat = states.cpu().numpy()
            edges = np.arange(len(some) + 1, dtype=np.int32) * flat.shape[1]
            yield pa.RecordBatch.from_arrays(
                [
                    pa.array(number[some], type=pa.int64()),
                    pa.array(days[some], type=pa.int32()).cast(pa.date32()),
                    pa.ListArray.from_arrays(pa.array(edges), pa.array(flat.reshape(-1))),
                    pa.array(wanted[some]),
                    pa.array([made] * len(some), type=pa.string()),
                ],
                schema=STATES_SCHEMA,
            )
        progress(f"states: {len(here)} customers at {day_of(int(day) * MICROSECONDS_A_DAY)}")


def _histories(tokens: ItemEvents, number: Array, days: Array) -> tuple[IntArray, IntArray]:
    """Slice of each customer's tokens before each of their days; empty for unknown customers."""
    place = np.searchsorted(tokens.customers, number)
    known = place < len(tokens.customers)
    known[known] = tokens.customers[place[known]] == number[known]
    customer = np.where(known, place, 0)
    starts = np.append(tokens.offsets[:-1], 0)[customer]
    ends = starts.copy()
    for day in np.unique(days):
        here = known & (days == day)
        ends[here] = tokens.ends_before(int(day) * MICROSECONDS_A_DAY)[customer[here]]
    return starts, ends


def _state_sources(
    encoder: Encoder, tokens: ItemEvents, catalogue: Catalogue, starts: IntArray, ends: IntArray
) -> IntArray:
    """Return a digest of what each state depends on: weights, tokens, their items' features."""
    digest = hashlib.sha256(artifacts.code_fingerprint().encode())
    for name, weight in encoder.named_parameters():
        digest.update(name.encode() + weight.detach().cpu().numpy().tobytes())
    salt = np.array([int.from_bytes(digest.digest()[:8], "little")], dtype=np.uint64).view(np.int64)
    # Items that the encoder has not learned are read by their features alone.
    own = np.minimum(np.arange(len(catalogue.item_ids)), encoder.config.items)
    price = price_buckets(catalogue.price)
    item = number_fingerprints(own, catalogue.category, catalogue.brand, price).view(np.int64)
    sources = np.empty(len(starts), dtype=np.int64)
    reach = np.maximum(starts, ends - encoder.config.max_length)
    for low in range(0, len(starts), STATE_ROWS):
        some = slice(low, low + STATE_ROWS)
        sizes = ends[some] - reach[some]
        _, position = expand(reach[some], sizes)
        # The first token of a window keeps the gap to the one before, as the encoder reads it.
        each = number_fingerprints(
            item[tokens.items[position]], tokens.kinds[position], tokens.gaps[position]
        )
        whole = sequence_fingerprints(each, sizes).view(np.int64)
        sources[some] = number_fingerprints(np.broadcast_to(salt, whole.shape), whole).view(
            np.int64
        )
    return sources


def _still_true(
    previous: pa.RecordBatchReader,
    number: Array,
    days: Array,
    wanted: IntArray,
    is_open: BoolArray,
) -> Iterator[pa.RecordBatch]:
    """Return the earlier rows that would come out the same; strikes them off ``is_open``."""
    if len(number) == 0:
        return
    key = number_fingerprints(number, days)
    order = np.argsort(key, kind="stable")
    for batch in previous:
        rows = batch.select(STATES_SCHEMA.names).cast(STATES_SCHEMA)
        owner = rows.column("customer_no").to_numpy()
        day = rows.column("cutoff_date").cast(pa.int32()).to_numpy()
        found = np.searchsorted(key[order], number_fingerprints(owner, day))
        place = order[np.minimum(found, len(order) - 1)]
        same = (number[place] == owner) & (days[place] == day)
        same &= wanted[place] == rows.column("state_from").to_numpy()
        is_open[place[same]] = False
        if same.any():
            yield rows.filter(pa.array(same))
