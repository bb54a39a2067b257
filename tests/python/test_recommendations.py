import datetime
import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from footfall.ranking.contributions import IDEAS
from footfall.recommender import plan
from footfall.recommender import recommend as recommendations
from footfall.recommender import stored_model as artifacts
from footfall.recommender.recommend import ScorerSettings
from scorer_data import (
    EVENTS_SCHEMA,
    ITEMS_SCHEMA,
    QUICK,
    events_table,
    items_table,
    shop,
    shuffled,
)

pytestmark = pytest.mark.library

SETTINGS = ScorerSettings.from_mapping(QUICK)
EMPTY = EVENTS_SCHEMA.empty_table()
NO_ITEMS = ITEMS_SCHEMA.empty_table()


@pytest.fixture(scope="module")
def world():
    events, items = shop(), items_table(30)
    lines: list[str] = []
    model = recommendations.train_encoder(events, items, settings=SETTINGS, progress=lines.append)
    return model, events, items, lines


def recommend(model, events, items, **settings):
    chosen = ScorerSettings.from_mapping({**QUICK, **settings})
    return recommendations.recommend(model, events, items, settings=chosen).read_all()


def states(model, events, items, rows, **options):
    cutoffs = pa.table(
        {
            "customer_no": pa.array([number for number, _ in rows], type=pa.int64()),
            "cutoff_date": pa.array([day for _, day in rows], type=pa.date32()),
        }
    )
    return recommendations.encode_states(
        model, events, items, cutoffs, settings=SETTINGS, **options
    ).read_all()


def everything(events, items, **settings):
    """All four steps in a row: what a whole build does."""
    chosen = ScorerSettings.from_mapping({**QUICK, **settings})
    model = recommendations.train_encoder(events, items, settings=chosen)
    given = recommend(model, events, items, **settings)
    judged = recommendations.backtest(model, events, items, settings=chosen)
    encoded = states(model, events, items, [(1, datetime.date(2024, 3, 1))])
    return artifacts.load(model), given, judged, encoded


def test_trains_every_fit_and_says_so(world):
    model, _, _, lines = world
    assert model.schema.equals(artifacts.SCHEMA)
    loaded = artifacts.load(model)
    assert set(loaded.fits) == {"shared", "head", "validation", "test", "production"}
    for name in ("code_fingerprint", "data_fingerprint", "settings", "cutoffs", "seed", "device"):
        assert name in loaded.run
    assert len(loaded.run["fits"]["head"]["losses"]) == SETTINGS.epochs
    assert loaded.run["fits"]["validation"]["mixture"]["all items"]["ndcg_10"] > 0
    assert any("epoch 2/2, loss" in line for line in lines)


def test_the_run_repeats_whatever_the_order_of_the_rows(world):
    model, events, items, _ = world
    again = recommendations.train_encoder(shuffled(events), shuffled(items), settings=SETTINGS)
    one, two = artifacts.load(model), artifacts.load(again)
    assert one.run_id == two.run_id
    for fit, values in one.fits.items():
        for name, value in values.items():
            np.testing.assert_array_equal(value, two.fits[fit][name])


def test_nothing_new_means_no_training(world):
    model, events, items, _ = world
    lines: list[str] = []
    kept = recommendations.train_encoder(
        shuffled(events), items, settings=SETTINGS, previous=model, progress=lines.append
    )
    assert kept.equals(model)
    assert lines == [f"nothing changed: model {artifacts.load(model).run_id} stays"]
    shown_less = ScorerSettings.from_mapping({**QUICK, "top_k": 3})
    assert recommendations.train_encoder(events, items, settings=shown_less, previous=model).equals(
        model
    )


def test_new_data_or_settings_or_a_damaged_model_mean_training(world):
    model, events, items, _ = world
    run_id = artifacts.load(model).run_id
    more = pa.concat_tables([events, events_table([(1, "i001", 80, "purchase")])])
    lines: list[str] = []
    for changed, settings, previous in (
        (more, SETTINGS, model),
        (events, ScorerSettings.from_mapping({**QUICK, "seed": 8}), model),
    ):
        new = recommendations.train_encoder(changed, items, settings=settings, previous=previous)
        assert artifacts.load(new).run_id != run_id
    damaged = model.slice(1)
    new = recommendations.train_encoder(
        events, items, settings=SETTINGS, previous=damaged, progress=lines.append
    )
    assert artifacts.load(new).run_id == run_id
    assert "can't be used" in lines[0]


def test_recommendations(world):
    model, events, items, _ = world
    given = recommend(model, events, items, top_k=5)
    assert given.schema.equals(recommendations.RECOMMENDATIONS_SCHEMA)
    assert given.num_rows == 60 * 5
    first = given.slice(0, 5).to_pylist()
    assert [row["rank"] for row in first] == [1, 2, 3, 4, 5]
    assert [row["score"] for row in first] == sorted((r["score"] for r in first), reverse=True)
    assert len({row["item_id"] for row in first}) == 5
    bought = {
        (row["customer_no"], row["item_id"])
        for row in events.to_pylist()
        if row["event_type"] == "purchase"
    }
    for row in given.to_pylist():
        assert row["is_repeat"] == ((row["customer_no"], row["item_id"]) in bought)
        if row["reason_item_id"] is not None:
            assert (row["customer_no"], row["reason_item_id"]) in bought
    assert given["reason_item_id"].null_count < given.num_rows / 2
    for row in given.to_pylist():
        for scale, base, score in (
            ("contribution", 1 / row["candidate_count"], row["score"]),
            ("link_contribution", -math.log(row["candidate_count"]), math.log(row["score"])),
        ):
            added = sum(row[f"{idea}_{scale}"] for idea in IDEAS)
            assert base + added == pytest.approx(score, abs=1e-12)
    unexplained = recommend(model, events, items, top_k=5, explained=False)
    assert not any(given["contribution_error"].to_pylist())
    moved = [name for name in given.column_names if "contribution" in name]
    assert len(moved) == 13
    assert all(unexplained[name].null_count == given.num_rows for name in moved)
    assert unexplained.drop_columns([*moved, "made_from"]).equals(
        given.drop_columns([*moved, "made_from"])
    )


def test_candidate_rules(world):
    model, events, items, _ = world
    new = recommend(model, events, items, allow_repeats=False)
    assert not any(new["is_repeat"].to_pylist())
    with pytest.raises(ValueError, match="is_in_stock"):
        recommend(model, events, items, in_stock_only=True)
    stock = items.append_column("is_in_stock", pa.array([i % 2 == 0 for i in range(30)]))
    given = recommend(model, events, stock, in_stock_only=True)
    assert all(int(name[1:]) % 2 == 0 for name in given["item_id"].to_pylist())


def test_learns_the_next_step_and_the_favourite(world):
    model, events, items, _ = world
    judged = recommendations.backtest(model, events, items, settings=SETTINGS).to_pylist()
    value = {
        (row["population"], row["model"]): row["value"]
        for row in judged
        if row["metric"] == "ndcg_10"
    }
    assert value["all items", "attention_scorer"] > value["all items", "popular"]
    assert value["all items", "attention_scorer"] > value["all items", "personal_frequency"]
    for row in judged:
        if row["lower_bound"] is not None:
            assert row["lower_bound"] <= row["value"] <= row["upper_bound"]
    assert {row["metric"] for row in judged} == {
        "ndcg_10", "recall_10", "hr_10", "mrr", "novelty_10", "coverage_10",
        *(f"{name}_{lead}" for name in ("ndcg_10", "recall_10", "mrr")
          for lead in ("lead", "trivial_lead")),
    }  # fmt: skip
    ours = {
        (row["population"], row["metric"]): row
        for row in judged
        if row["model"] == "attention_scorer"
    }
    lead = ours["all items", "ndcg_10_trivial_lead"]
    best = max(value["all items", name] for name in ("popular", "personal_frequency"))
    assert lead["value"] == pytest.approx(value["all items", "attention_scorer"] - best)
    # Paired: narrower than the two intervals together.
    alone = ours["all items", "ndcg_10"]
    assert lead["lower_bound"] > 0
    assert lead["upper_bound"] - lead["lower_bound"] < alone["upper_bound"] - alone["lower_bound"]
    assert {row["customer_count"] for row in judged if row["population"] == "all items"} == {60}


def test_states_see_only_what_was_before(world):
    model, events, items, _ = world
    day = datetime.date(2024, 3, 1)
    rows = [(1003, day), (1003, datetime.date(2024, 1, 1)), (5, day), (1004, day)]
    encoded = states(model, events, items, rows).to_pylist()
    by_key = {(row["customer_no"], row["cutoff_date"]): row["state"] for row in encoded}
    assert len(by_key[1003, day]) == SETTINGS.dim
    assert not any(by_key[1003, datetime.date(2024, 1, 1)])
    assert not any(by_key[5, day])
    past = events.filter(
        pc.less(events["event_at"], pa.scalar(datetime.datetime(2024, 3, 1, tzinfo=datetime.UTC)))
    )
    alone = states(model, past, items, [(1003, day)]).to_pylist()[0]["state"]
    assert alone == pytest.approx(by_key[1003, day], abs=1e-5)


def test_customers_and_items_unseen_in_training(world):
    model, events, items, _ = world
    extra = events_table([(7, "brand-new", 80, "view"), (7, "i003", 81, "purchase")])
    more = pa.concat_tables([events, extra])
    given = recommend(model, more, items, top_k=4).filter(pc.field("customer_no") == 7)
    assert given.num_rows == 4
    encoded = states(model, more, items, [(7, datetime.date(2024, 4, 1))])
    assert any(encoded["state"].to_pylist()[0])


def test_a_warm_fit_steps_as_large_as_there_is_news():
    assert plan.warm_rate(0.0) == plan.warm_rate(0.1) == 0.3
    assert plan.warm_rate(0.25) == 0.5
    assert plan.warm_rate(0.9) == 1.0


def test_no_events():
    loaded, given, judged, encoded = everything(EMPTY, NO_ITEMS)
    assert given.num_rows == judged.num_rows == encoded.num_rows == 0
    assert given.schema.equals(recommendations.RECOMMENDATIONS_SCHEMA)
    assert encoded.schema.equals(recommendations.STATES_SCHEMA)
    assert "no events before" in loaded.run["fits"]["production"]["skipped"]
    json.dumps(loaded.run)


def test_one_customer():
    rows = [(1, f"i{n % 4:03d}", 7.0 * n, "purchase") for n in range(12)]
    _, given, judged, _ = everything(events_table(rows), items_table(4))
    assert set(given["customer_no"].to_pylist()) == {1}
    assert judged.num_rows > 0


def test_one_item():
    rows = [(c, "only", 7.0 * n, "purchase") for c in range(5) for n in range(12)]
    _, given, _, _ = everything(events_table(rows), NO_ITEMS)
    assert given["item_id"].to_pylist() == ["only"] * 5


def test_all_events_in_one_second():
    rows = [(c, f"i{(c + n) % 9:03d}", 0.0, "purchase") for c in range(20) for n in range(4)]
    loaded, given, judged, _ = everything(events_table(rows), items_table(9))
    assert "two sessions" in loaded.run["fits"]["production"]["skipped"]
    assert len(set(given["customer_no"].to_pylist())) == 20
    assert judged.num_rows == 0


def test_views_alone():
    rows = [(c, f"i{(c + n) % 9:03d}", 7.0 * n, "view") for c in range(20) for n in range(12)]
    _, given, _, _ = everything(events_table(rows), items_table(9))
    assert not any(given["is_repeat"].to_pylist())
    assert given.num_rows > 0


def test_one_customer_with_a_hundred_thousand_events():
    count = 100_000
    events = pa.table(
        {
            "customer_no": pa.array(np.ones(count, dtype=np.int64)),
            "item_id": pa.array([f"i{n % 50:03d}" for n in range(count)]),
            "event_at": pa.array(
                np.arange(count) * 60_000_000 + 1_700_000_000_000_000,
                type=pa.timestamp("us", "UTC"),
            ),
            "event_type": pa.array(["purchase", "view"] * (count // 2)),
        }
    )
    given = recommend(
        recommendations.train_encoder(
            events,
            NO_ITEMS,
            settings=ScorerSettings.from_mapping({**QUICK, "session_gap_minutes": 0}),
        ),
        events,
        NO_ITEMS,
        session_gap_minutes=0,
    )
    assert given.num_rows == 20
