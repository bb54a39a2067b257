import datetime

import numpy as np
import pytest
import torch

from footfall import ranking
from footfall.core import device as devices
from footfall.counts import repeats
from footfall.encoder.network import NEXT_PURCHASE, Encoder, EncoderConfig, Tokens
from footfall.ranking import COMPONENTS, reasons
from footfall.ranking.mixture import Ranker
from footfall.sequences import events as sequences
from footfall.sequences import reading
from scorer_data import ITEMS_SCHEMA, events_table

pytestmark = pytest.mark.library

CUT = sequences.microseconds(datetime.date(2024, 3, 1))


def world(rows, encoder=False):
    devices.use_threads(1)
    tokens, catalogue = reading.read(events_table(rows), ITEMS_SCHEMA.empty_table())
    history = repeats.ItemHistory.of(tokens)
    network = None
    if encoder:
        config = EncoderConfig(len(catalogue.item_ids), 0, 0, 16, 1, 20)
        network = Encoder(config, torch.Generator().manual_seed(0))
    return ranking.context_at(
        tokens, catalogue, history, CUT, network, repeats.RepeatModel({}), torch.device("cpu")
    )


def reason_of(context, ranker, customer, item):
    names = list(context.catalogue.item_ids)
    row = int(np.searchsorted(context.events.customers, customer))
    batch = next(ranking.batches(context, np.array([row]), allow_repeats=True))
    found = batch.candidates(ranker.components)
    place = torch.nonzero(found.items[0] == names.index(item))
    best = reasons.strongest(batch, ranker, found, ranker(found), place)
    return names[best[0, 0]] if best[0, 0] >= 0 else None


def single(name):
    return Ranker(np.array([name == one for one in COMPONENTS], dtype=np.float32), {})


@pytest.mark.parametrize("name", ["successors", "neighbours"])
def test_the_reason_is_the_item_that_the_counts_lean_on(name):
    rows = [(c, item, day, "purchase") for c in range(9) for day, item in enumerate(["a", "x"])]
    rows += [
        (c, item, day, "purchase") for c in range(9, 18) for day, item in enumerate(["b", "y"])
    ]
    rows += [(50, "a", 1, "purchase"), (50, "b", 2, "purchase")]
    context = world(rows)
    assert reason_of(context, single(name), 50, "x") == "a"
    assert reason_of(context, single(name), 50, "y") == "b"


def test_what_no_past_item_speaks_for_has_no_reason():
    rows = [(c, "x", 30, "purchase") for c in range(9)] + [(50, "a", 1, "purchase")]
    assert reason_of(world(rows), single("popular"), 50, "x") is None


def test_a_repeat_is_its_own_reason():
    rows = [(c, i, d, "purchase") for c in range(9) for d, i in enumerate(["a", "b", "a", "c"])]
    assert reason_of(world(rows), single("personal"), 3, "a") == "a"


def test_the_network_is_asked_anew_without_the_item():
    rows = [
        (c, f"i{(c + day) % 7}", day, "purchase") for c in range(12) for day in range(1 + c % 4)
    ]
    context = world(rows, encoder=True)
    names = list(context.catalogue.item_ids)
    ranker = single("softmax")
    batch = next(ranking.batches(context, np.array([3]), allow_repeats=True))
    found = batch.candidates(ranker.components)
    place = torch.arange(found.items.shape[1])[None, :]
    place = place[:, found.real[0]]
    best = reasons.strongest(batch, ranker, found, ranker(found), place)
    full = ranker(found)
    position = np.arange(context.events.offsets[3], context.events.offsets[4])
    vectors, bias = context.table
    lost = {}
    for item in context.events.items[position]:
        kept = position[context.events.items[position] != item]
        tokens = Tokens.of(context.events, kept[None, :], context.device)
        with torch.no_grad():
            state = context.encoder(tokens, context.features)[0, -1]
            query = context.encoder.query(state, NEXT_PURCHASE)
            scores = (vectors @ query + bias)[found.items[0][found.real[0]]].log_softmax(0)
        lost[names[item]] = full[0, found.real[0]] - scores
    for number in range(place.shape[1]):
        losses = {item: float(values[number]) for item, values in lost.items()}
        strongest = max(losses, key=losses.__getitem__)
        expected = strongest if losses[strongest] > 0 else None
        assert (names[best[0, number]] if best[0, number] >= 0 else None) == expected


def test_customers_together_get_the_reasons_that_each_gets_alone(monkeypatch):
    monkeypatch.setattr(reasons, "CUSTOMERS_AT_ONCE", 16)
    rows = [
        (c, f"i{(c * day) % 11}", day, "purchase") for c in range(40) for day in range(1 + c % 9)
    ]
    context = world(rows, encoder=True)
    ranker = Ranker(np.full(len(COMPONENTS), 1 / 6, dtype=np.float32), {})

    def reasons_of(customers):
        batch = next(ranking.batches(context, customers, allow_repeats=False))
        found = batch.candidates(ranker.components)
        scores = ranker(found)
        best, place = scores.topk(3, dim=1)
        shown = torch.isfinite(best).numpy()
        return np.where(shown, found.items.gather(1, place), -1), np.where(
            shown, reasons.strongest(batch, ranker, found, scores, place), -1
        )

    items, together = reasons_of(np.arange(40))
    alone = [reasons_of(np.array([customer])) for customer in range(40)]
    np.testing.assert_array_equal(items, np.concatenate([item for item, _ in alone]))
    np.testing.assert_array_equal(together, np.concatenate([reason for _, reason in alone]))
    # Some have fewer past items than are left out, and some more.
    assert len({tuple(row) for row in together.tolist()}) > 5
