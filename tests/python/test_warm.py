import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import torch

from footfall import ranking
from footfall.core.erasures import Erasures
from footfall.encoder.network import Encoder, EncoderConfig, ItemFeatures, start_new_items
from footfall.recommender import recommend as recommendations
from footfall.recommender import retraining as warm
from footfall.recommender import stored_model as artifacts
from footfall.recommender.cutoffs import Cutoffs
from footfall.recommender.recommend import ScorerSettings
from footfall.sequences import reading
from footfall.sequences.events import day_of
from scorer_data import QUICK, START, events_table, items_table, shop, shuffled

pytestmark = pytest.mark.library

SETTINGS = ScorerSettings.from_mapping(QUICK)
LAST = START + datetime.timedelta(days=75)


@pytest.fixture(scope="module")
def days():
    """A shop, what it knew some days before its end, and the model of then."""
    events, items = shop(), items_table(30)
    early = events.filter(pc.less(events["event_at"], pa.scalar(LAST)))
    model = recommendations.train_encoder(early, items, settings=SETTINGS)
    return model, early, events, items


def carried_on(days, events=None, items=None, **settings):
    model, _, all_events, all_items = days
    lines: list[str] = []
    new = recommendations.train_encoder(
        all_events if events is None else events,
        all_items if items is None else items,
        settings=ScorerSettings.from_mapping({**QUICK, **settings}),
        previous=model,
        progress=lines.append,
    )
    return artifacts.load(new), lines


def test_new_events_carry_the_production_fit_on(days):
    model, _, _, _ = days
    before = artifacts.load(model)
    after, lines = carried_on(days)
    assert after.run["training"] == "warm"
    assert after.run["started_from"] == before.run_id != after.run_id
    assert before.run["training"] == "full"
    assert before.run["training_reason"] == "there is no earlier run"
    assert len(after.run["quality"]) == 1
    assert any("production fit: epoch 1/1" in line for line in lines)
    assert not any("head fit" in line for line in lines)
    for fit in ("head", "validation", "test"):
        for name, value in before.fits[fit].items():
            np.testing.assert_array_equal(value, after.fits[fit][name])
    moved = "encoder.blocks.0.feed_in.weight"
    assert not np.array_equal(before.fits["production"][moved], after.fits["production"][moved])


def test_carrying_on_repeats_whatever_the_order_of_the_rows(days):
    one, _ = carried_on(days)
    two, _ = carried_on(days, events=shuffled(days[2]))
    assert one.run_id == two.run_id
    for name, value in one.fits["production"].items():
        np.testing.assert_array_equal(value, two.fits["production"][name])


def test_a_carried_on_model_serves_new_customers_and_items(days):
    model, _, events, items = days
    more = pa.concat_tables(
        [events, events_table([(7, "i030", 83, "purchase"), (7, "i003", 83.5, "purchase")])]
    )
    new = recommendations.train_encoder(more, items, settings=SETTINGS, previous=model)
    given = recommendations.recommend(new, more, items, settings=SETTINGS).read_all()
    assert given.filter(pc.field("customer_no") == 7).num_rows == 20
    loaded = artifacts.load(new)
    assert loaded.names("shared", "catalogue.items")[-1] == "i030"
    assert recommendations.backtest(new, more, items, settings=SETTINGS).num_rows > 0
    kept = recommendations.train_encoder(more, items, settings=SETTINGS, previous=new)
    assert kept.equals(new)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"full_after_days": 0}, "days old"),
        ({"full_after_share": 0.001}, "of the events are new"),
        ({"dropout": 0.1}, "settings have changed: dropout"),
        ({"head_cutoff": "2024-02-20"}, "churn and value now learn from"),
    ],
)
def test_trains_from_scratch_when_a_rule_says_so(days, change, reason):
    after, lines = carried_on(days, **change)
    assert after.run["training"] == "full"
    assert reason in after.run["training_reason"]
    assert any(line.startswith("training from scratch:") and reason in line for line in lines)


@pytest.fixture
def rankings(monkeypatch):
    """Count how often a window is ranked: for the half-life and for each model that is judged."""
    calls = []
    ranked_by = ranking.ranked_by

    def counted(*arguments, **options):
        calls.append(arguments)
        return ranked_by(*arguments, **options)

    monkeypatch.setattr(ranking, "ranked_by", counted)
    return calls


def test_figures_stand_while_what_they_were_made_from_is_the_same(days, rankings):
    model, early, events, items = days
    first = recommendations.backtest(model, early, items, settings=SETTINGS)
    assert len(rankings) > 0
    rankings.clear()
    # Days after the window, which fine-tune production alone: there is nothing to judge again.
    window_ends = day_of(Cutoffs.of_run(artifacts.load(model).run).production)
    later = events.filter(pc.field("event_at").cast("date32") >= pa.scalar(window_ends))
    more = pa.concat_tables([early, later])
    tuned = recommendations.train_encoder(more, items, settings=SETTINGS, previous=model)
    run = artifacts.load(tuned)
    assert run.run["training"] == "warm"
    kept = recommendations.backtest(tuned, more, items, settings=SETTINGS, previous=first)
    assert len(rankings) == 0
    assert kept["run_id"].unique().to_pylist() == [run.run_id] != [artifacts.load(model).run_id]
    fresh = recommendations.backtest(tuned, shuffled(more), items, settings=SETTINGS)
    assert len(rankings) > 0
    assert kept.equals(fresh)


def test_figures_are_made_again_when_something_that_they_read_has_changed(days, rankings):
    model, early, _, items = days
    first = recommendations.backtest(model, early, items, settings=SETTINGS)
    late = events_table([(1003, "i004", 69.5, "purchase")])
    dearer = items.set_column(3, "list_price", pa.array([400.0] * 30))
    other_seed = ScorerSettings.from_mapping({**QUICK, "seed": 8})
    for events, listed, settings in (
        (pa.concat_tables([early, late]), items, SETTINGS),
        (early, dearer, SETTINGS),
        (early, items, other_seed),
    ):
        rankings.clear()
        again = recommendations.backtest(model, events, listed, settings=settings, previous=first)
        assert len(rankings) > 0
        assert again["made_from"].unique().to_pylist() != first["made_from"].unique().to_pylist()


def test_the_window_of_the_back_test_ends_with_the_last_day_that_is_over(days, rankings):
    model, early, _, items = days
    over = day_of(Cutoffs.of_run(artifacts.load(model).run).production) - datetime.timedelta(1)
    noon = datetime.datetime.combine(over, datetime.time(12), datetime.UTC)
    known = early.filter(pc.less(early["event_at"], pa.scalar(noon)))
    assert 0 < known.num_rows < early.num_rows
    closed = {"settings": SETTINGS, "complete_until": over}
    first = recommendations.backtest(model, known, items, **closed)
    # The rest of the newest day came in: it was not looked at, and is not missed.
    rankings.clear()
    kept = recommendations.backtest(model, early, items, **closed, previous=first)
    assert len(rankings) == 0
    assert kept.equals(first)
    # Once the day is over it counts.
    closed["complete_until"] = over + datetime.timedelta(1)
    whole = recommendations.backtest(model, early, items, **closed, previous=first)
    assert len(rankings) > 0
    assert not whole["value"].equals(first["value"])


def encoded(model, events, items, previous=None):
    lines: list[str] = []
    cutoffs = pa.table(
        {
            "customer_no": [number for number in range(1000, 1060) for _ in range(2)],
            "cutoff_date": [datetime.date(2024, 2, 20), datetime.date(2024, 3, 20)] * 60,
        }
    )
    rows = recommendations.encode_states(
        model, events, items, cutoffs, settings=SETTINGS, progress=lines.append,
        previous=None if previous is None else previous.to_reader(max_chunksize=7),
    ).read_all()  # fmt: skip
    assert rows.schema.equals(recommendations.STATES_SCHEMA)
    return rows.sort_by([("customer_no", "ascending"), ("cutoff_date", "ascending")]), lines


def test_only_the_states_of_customers_with_news_are_made_again(days):
    model, early, _, items = days
    before, _ = encoded(model, early, items)
    news = events_table([(1003, "i004", 76, "purchase"), (1009, "i004", 76, "view")])
    more = pa.concat_tables([early, news])
    new = recommendations.train_encoder(more, items, settings=SETTINGS, previous=model)
    assert artifacts.load(new).run["training"] == "warm"
    after, lines = encoded(new, more, items, previous=before)
    assert "states: 118 of 120 stand" in lines
    assert "states: 2 customers at 2024-03-20" in lines
    whole, _ = encoded(new, more, items)
    assert after.drop_columns("state").equals(whole.drop_columns("state"))
    ours, theirs = (np.array(rows["state"].to_pylist()) for rows in (after, whole))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    # Other weights, or other facts about an item, and the states are no longer true.
    scratch = recommendations.train_encoder(
        more, items, settings=ScorerSettings.from_mapping({**QUICK, "seed": 8})
    )
    assert "states: 0 of 120 stand" in encoded(scratch, more, items, previous=after)[1]
    dearer = items.set_column(3, "list_price", pa.array([400.0] * 30))
    assert "states: 0 of 120 stand" in encoded(new, more, dearer, previous=after)[1]


def test_events_that_are_gone_or_changed_mean_a_full_training(days):
    _, early, events, _ = days
    after, _ = carried_on(days, events=events.slice(5))
    assert "events are gone" in after.run["training_reason"]
    late = pc.add(early["event_at"], pa.scalar(datetime.timedelta(seconds=1)))
    moved = early.set_column(2, "event_at", late.cast(early.schema.field(2).type))
    rest = events.filter(pc.greater_equal(events["event_at"], pa.scalar(LAST)))
    after, _ = carried_on(days, events=pa.concat_tables([moved, rest]))
    assert "events of the past have changed" in after.run["training_reason"]


def test_a_model_that_knows_somebody_who_was_erased_is_trained_anew_in_time(days):
    """Until then it is fine-tuned and marked; a model that knows nobody of them is not."""
    model, _, events, items = days
    at = "2026-11-01T00:00:00.000000+00:00"

    def trained(previous, is_due):
        erasures = Erasures((at,), frozenset([at] if is_due else ()))
        rows = recommendations.train_encoder(
            events.slice(5), items, settings=SETTINGS, previous=previous, erasures=erasures
        )
        return rows, artifacts.load(rows).run

    waiting, run = trained(model, is_due=False)
    assert (run["training"], run["stale_since"], run["erased_until"]) == ("warm", at, at)
    again, _ = trained(waiting, is_due=False)
    assert again.equals(waiting)
    after, run = trained(waiting, is_due=True)
    assert (run["training"], run["stale_since"]) == ("full", "")
    assert run["training_reason"] == "it learned from a person who was erased"
    assert trained(after, is_due=True)[0].equals(after)
    # Nothing that it has seen is gone: the time has come for nobody.
    anybody = Erasures((at,), frozenset([at]))
    rows = recommendations.train_encoder(
        events, items, settings=SETTINGS, previous=model, erasures=anybody
    )
    assert artifacts.load(rows).run["training"] == "warm"


def test_a_model_that_was_carried_on_knows_its_past(days):
    model, early, events, items = days
    between = events.filter(
        pc.less(events["event_at"], pa.scalar(LAST + datetime.timedelta(days=3)))
    )
    second = recommendations.train_encoder(between, items, settings=SETTINGS, previous=model)
    third = recommendations.train_encoder(events, items, settings=SETTINGS, previous=second)
    assert artifacts.load(second).run["training"] == "warm"
    assert artifacts.load(third).run["training"] == "warm"
    # An event that only the second has seen is gone.
    lost = (between.num_rows + early.num_rows) // 2
    rest = pa.concat_tables([events.slice(0, lost), events.slice(lost + 5)])
    after = artifacts.load(
        recommendations.train_encoder(rest, items, settings=SETTINGS, previous=second)
    )
    assert after.run["training"] == "full"
    assert "events are gone" in after.run["training_reason"]


def test_a_correction_hidden_behind_late_events_means_a_full_training(days):
    _, early, events, _ = days
    late = events_table([(1003, "i004", 70.5, "view"), (1009, "i004", 70.5, "view")])
    after, _ = carried_on(days, events=pa.concat_tables([events, late]))
    assert after.run["training"] == "warm"
    corrected = pa.concat_tables([early.slice(2), events.slice(early.num_rows), late, late])
    moved = events_table([(1000, "i020", 0.3, "view"), (1000, "i020", 0.6, "purchase")])
    after, _ = carried_on(days, events=pa.concat_tables([corrected, moved]))
    assert after.run["training"] == "full"
    assert "events of the past have changed" in after.run["training_reason"]


def test_the_order_of_names_can_be_changed_without_reading_again():
    events, items = shop(seed=3), items_table(30)
    rows = {"session_gap_seconds": 1800}
    known = ["i029", "gone", *(f"i{number:03d}" for number in range(5))]
    tokens, catalogue = reading.read(events, items, **rows)
    moved = reading.reordered(tokens, catalogue, items, known, ["c2", "c0"], [])
    read = reading.read(
        events, items, **rows, known_items=known, known_categories=["c2", "c0"], known_brands=[]
    )
    for ours, theirs in zip(moved, read, strict=True):
        for name, value in vars(theirs).items():
            np.testing.assert_array_equal(getattr(ours, name), value, err_msg=name)


def test_new_items_start_where_others_of_their_kind_are():
    encoder = Encoder(EncoderConfig(6, 2, 0, 8, 1, 5), torch.Generator().manual_seed(0))
    category = torch.tensor([1, 1, 2, 1, 2, 0])
    price = torch.tensor([3, 3, 4, 3, 9, 7])
    features = ItemFeatures(category, torch.zeros(6, dtype=torch.int64), price)
    start_new_items(encoder, 3, features)
    item = encoder.item.detach()
    torch.testing.assert_close(item[3], item[:2].mean(0))
    torch.testing.assert_close(item[4], item[2])
    torch.testing.assert_close(item[5], encoder.unknown.detach()[0])


def test_a_fall_in_quality_needs_enough_customers():
    assert warm._fall([[0.4, 150.0], [0.4, 100.0], [0.1, 100.0]], 0.25) is None
    assert warm._fall([[0.4, 250.0], [0.1, 150.0], [0.1, 100.0]], 0.25) == (
        "NDCG@10 on new events fell from 0.4000 to 0.1000"
    )
    assert warm._fall([[0.4, 250.0], [0.35, 250.0]], 0.25) is None
