"""Integrated gradients and roll-out, on functions and networks whose answers are known."""

from __future__ import annotations

import datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch import Tensor

from cutoff_tables import Explained, simulated_cutoffs
from footfall.attributions import events as explained
from footfall.attributions.events import rank_correlation
from footfall.attributions.paths import MOST_STEPS, integrate, roll_out, state_of
from footfall.core.stored_rows import Values, to_table
from footfall.encoder.network import (
    Encoder,
    EncoderConfig,
    ItemFeatures,
    last_states,
    weights,
)
from footfall.heads import HeadSettings
from footfall.heads.cutoffs.features import FeatureSpace
from footfall.heads.cutoffs.rows import CutoffRows
from footfall.recommender.recommend import encode_states
from footfall.recommender.settings import ScorerSettings
from footfall.sequences import reading
from scorer_data import ITEMS_SCHEMA, QUICK, START, events_table

pytestmark = pytest.mark.library


def vectors(seed: int, *size: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=size))


def test_of_a_linear_score_each_event_has_weight_times_difference() -> None:
    inputs, start, weights = vectors(0, 3, 4, 2), vectors(1, 2), vectors(2, 4, 2)
    found = integrate(lambda x: (x * weights).sum((1, 2)) + 7.0, inputs, start)
    np.testing.assert_allclose(found.moved, ((inputs - start) * weights).sum(2))
    np.testing.assert_allclose(found.base + found.moved.sum(1), found.value)
    assert found.steps.tolist() == [8, 8, 8]


def test_steps_are_added_where_a_score_is_steep_until_the_gap_is_small() -> None:
    """The first row's path crosses a steep slope, the second's does not."""
    inputs = torch.tensor([[[4.0], [0.0]], [[0.001], [0.001]]], dtype=torch.float64)
    found = integrate(lambda x: torch.sigmoid(60.0 * (x.sum((1, 2)) - 0.9)), inputs, torch.zeros(1))
    assert found.steps[0] > found.steps[1] == 8
    assert found.is_settled.all()
    assert (found.gap.abs() <= 0.01 * (found.value - found.base).abs()).all()
    # An event that is as the average adds nothing.
    assert found.moved[0, 1] == 0.0


def test_an_integral_that_does_not_settle_says_so() -> None:
    """A jump has no slope that could be added up, however many steps are taken."""
    inputs = torch.ones(1, 2, 1, dtype=torch.float64)
    found = integrate(lambda x: (x.sum((1, 2)) > 1.0) + 0.0 * x.sum((1, 2)), inputs, torch.zeros(1))
    assert found.steps.tolist() == [MOST_STEPS]
    assert not found.is_settled.any()


def network(items: int, blocks: int = 1) -> Encoder:
    encoder = Encoder(EncoderConfig(items, 0, 0, 16, blocks, 20), torch.Generator().manual_seed(0))
    return encoder.eval().requires_grad_(False)


def test_attention_that_is_even_reaches_all_events_alike() -> None:
    """One block: half comes past the attention from the last event, half evenly from all.

    Two blocks: event k of the first is half its own and half the mean of events 1 to k. The first
    of three events gets 1/6 x 1 + 1/6 x 1/4 + 4/6 x 1/6 = 23/72.
    """
    for blocks, last_row in ((1, [1 / 6, 1 / 6, 4 / 6]), (2, [23 / 72, 17 / 72, 32 / 72])):
        encoder = network(3, blocks).double()
        with torch.no_grad():
            for block in encoder.blocks:
                block.queries_keys_values.weight[:32] = 0.0
                block.queries_keys_values.bias[:32] = 0.0
        found = roll_out(encoder, vectors(3, 2, 3, 16))
        np.testing.assert_allclose(found.sum(1), 1.0)
        np.testing.assert_allclose(found, [last_row, last_row])


def test_correlation_of_ranks() -> None:
    ours = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1.0, 1.0, 1.0]])
    theirs = np.array([[10.0, 20.0, 21.0], [3.0, 2.0, 1.0], [1.0, 2.0, 3.0]])
    np.testing.assert_allclose(rank_correlation(ours, theirs), [1.0, -1.0, np.nan])
    assert np.isnan(rank_correlation(ours[:, :2], theirs[:, :2])).all()


def test_events_add_up_to_what_the_state_adds() -> None:
    """From events to rows: the state that heads read, the regression on it, and the customer's own.

    Customer 1 has seven events before the cut-off and one on it, customer 2 three, customer 3 none.
    """
    rows = [(1, f"i{day % 3}", float(day), "view") for day in range(7)]
    rows += [(1, "i0", 60.0, "purchase"), (3, "i1", 70.0, "view")]
    rows += [(2, f"i{day}", float(day), "purchase") for day in range(3)]
    tokens, catalogue = reading.read(events_table(rows), ITEMS_SCHEMA.empty_table())
    cut = datetime.date(2024, 3, 1)
    encoder = network(3)
    ends = tokens.ends_before(
        int(datetime.datetime(2024, 3, 1, tzinfo=datetime.UTC).timestamp()) * 10**6
    )
    features = ItemFeatures.of(catalogue, 3, torch.device("cpu"))
    table, _ = encoder.table(features)
    states = last_states(
        encoder, table, tokens, tokens.offsets[:-1], ends, device=torch.device("cpu")
    ).numpy()
    draw = np.random.default_rng(7)
    space = FeatureSpace(
        None, 30, (), (), np.zeros(0), np.ones(0),
        draw.normal(size=16), draw.normal(size=(16, 2)), np.array([3.0, 5.0]),
    )  # fmt: skip
    slopes = np.array([0.5, -0.25])
    model = SimpleNamespace(
        members=SimpleNamespace(space=space, with_state=SimpleNamespace(slopes=slopes))
    )
    heads: Any = SimpleNamespace(silences={30: model})
    nobody = np.zeros(3, dtype=np.int64)
    asked = CutoffRows(nobody, nobody, nobody > 0, {}, {}, {}, states.astype(np.float64))
    terms = space.state_design(asked) @ slopes
    encoder.double()
    history = explained._History(
        encoder, features, tokens, catalogue, torch.zeros(16, dtype=torch.float64)
    )
    listed = explained.pa.table(
        {"customer_no": [1, 2, 3], "link_contribution": (0.4 * terms).tolist()}
    )
    read = explained._reads(heads, "churn", 30)
    found = explained.pa.concat_tables(explained._explained(history, listed, read, cut)).to_pandas()
    assert found.groupby("customer_no").size().to_dict() == {1: 7, 2: 3}
    one = found[found["customer_no"] == 1].sort_values("event_no")
    assert one["event_no"].tolist() == one["visit_no"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert one["item_id"].tolist() == ["i0", "i2", "i1", "i0", "i2", "i1", "i0"]
    for number, events in found.groupby("customer_no"):
        base, value = events["link_base"].iloc[0], events["link_score"].iloc[0]
        assert value == pytest.approx(0.4 * terms[number - 1])
        moved = events["link_contribution"].sum()
        assert abs(base + moved - value) <= 0.01 * abs(value - base)
        # The base is 0.4 times the regression of the state of average events.
        average = torch.zeros(1, len(events), 16, dtype=torch.float64)
        assert base == pytest.approx(0.4 * float(read(state_of(encoder, average))), rel=1e-5)
        assert events["rollout"].sum() == pytest.approx(1.0)


def test_events_of_listed_customers_are_explained_from_stored_rows_to_rows() -> None:
    """Encoder, states, heads, contributions, events: each reads what the one before has stored.

    A day before each cut-off a customer looks at i0 if they buy next, and at i1 if they don't.
    """
    shop = simulated_cutoffs(horizons=(30,), customers=300, cutoffs=6)
    cut = shop["cutoff_date"].to_pylist()
    day = [(one - START.date()).days - 1.0 for one in cut]
    orders = shop["orders_next_30d"].fill_null(1).to_numpy()
    item = np.where(orders > 0, "i0", "i1").tolist()
    seen = zip(shop["customer_no"].to_pylist(), item, day, strict=True)
    events = events_table([(number, name, at, "view") for number, name, at in seen])
    items, settings = ITEMS_SCHEMA.empty_table(), ScorerSettings.from_mapping(QUICK)
    fits: dict[str, Values] = {
        "head": {f"encoder.{name}": weight for name, weight in weights(network(2)).items()},
        "shared": {
            "catalogue.items": ["i0", "i1"],
            "catalogue.categories": [],
            "catalogue.brands": [],
        },
    }
    model = to_table("encoder", {"cutoffs": {"head": "2024-04-01"}}, fits)
    states = encode_states(model, events, items, shop, settings=settings).read_all()
    trained = Explained.of(
        shop,
        states.select(["customer_no", "cutoff_date", "state"]),
        settings=HeadSettings(
            horizons=(30,), bootstrap_replicates=0, backtest_cutoffs=1, threads=1
        ),
    )
    rows = trained.rows(by_permutations=3)
    of_state = (rows["method"] == "permutation") & (rows["idea"] == "encoder_state")
    listed = rows[of_state & rows["score"].isin(["churn", "value"])]
    assert set(listed["score"]) == {"churn", "value"}
    said: list[str] = []
    found = explained.explain_events(
        model,
        events,
        items,
        pa.Table.from_pandas(listed, preserve_index=False),
        trained.churn,
        trained.value,
        settings=settings,
        progress=said.append,
    )
    assert found.schema == explained.EVENT_SCHEMA
    assert "0 are left out" in said[-1]
    keys = ["score", "horizon_days", "customer_no"]
    told = listed.set_index(keys)
    known = shop.to_pandas().groupby("customer_no").size()
    for key, one in found.to_pandas().groupby(keys):
        base, score = one["link_base"].iloc[0], one["link_score"].iloc[0]
        assert score == pytest.approx(told.loc[key, "link_contribution"])
        gap = base + one["link_contribution"].sum() - score
        assert abs(gap) <= 0.01 * abs(score - base)
        np.testing.assert_allclose(one["gap"], gap, atol=1e-12)
        assert sorted(one["event_no"]) == list(range(1, known[key[-1]] + 1))
        assert sorted(one["event_rank"]) == sorted(one["event_no"])
        assert (one["acted_on"] < one["cutoff_date"]).all()
        assert set(one["run_id"]) == {told.loc[key, "run_id"]}
    assert set(found.to_pandas().groupby(keys).groups) == set(told.index)
    none = explained.explain_events(
        model,
        events,
        items,
        pa.Table.from_pandas(listed[:0], preserve_index=False),
        trained.churn,
        trained.value,
        settings=settings,
        progress=said.append,
    )
    assert none.schema == explained.EVENT_SCHEMA
    assert none.num_rows == 0
