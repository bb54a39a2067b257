import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from footfall.sequences import events as sequences
from footfall.sequences import reading
from scorer_data import (
    EVENTS_SCHEMA,
    ITEMS_SCHEMA,
    START,
    events_table,
    items_table,
    shop,
    shuffled,
)

pytestmark = pytest.mark.library


def read(rows, **options):
    return reading.read(events_table(rows), ITEMS_SCHEMA.empty_table(), **options)


def test_sorts_by_customer_and_time():
    tokens, catalogue = read(
        [(2, "b", 1, "view"), (1, "a", 5, "view"), (2, "a", 0, "view"), (1, "b", 3, "purchase")]
    )
    assert tokens.customers.tolist() == [1, 2]
    assert tokens.offsets.tolist() == [0, 2, 4]
    assert [catalogue.item_ids[item] for item in tokens.items] == ["b", "a", "a", "b"]


def test_order_of_arrival_changes_nothing():
    one, first = reading.read(shop(), items_table(30))
    two, second = reading.read(shuffled(shop()), shuffled(items_table(30)))
    assert first.item_ids == second.item_ids
    for name in ("customers", "offsets", "items", "kinds", "at", "sessions", "gaps"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


def test_of_listings_with_one_id_the_same_counts_in_any_order():
    listings = pa.table(
        {
            "item_id": ["a", "a", "b", "c"],
            "category": ["shoes", "hats", "hats", "shoes"],
            "list_price": [5.0, 900.0, 1.0, 1.0],
        }
    )
    events = events_table([(1, "a", 0, "view"), (1, "b", 1, "view")])
    _, one = reading.read(events, listings)
    _, two = reading.read(events, listings.take([3, 2, 1, 0]))
    np.testing.assert_array_equal(one.price, two.price)
    np.testing.assert_array_equal(one.category, two.category)


def test_acts_of_one_moment_are_in_the_order_that_sql_gives():
    bought_then_seen = [(1, item, 0, kind) for kind in ("purchase", "view") for item in "cba"]
    ranked = events_table(bought_then_seen).append_column(
        "act_rank", pa.array([501] * 3 + [203] * 3, pa.int32())
    )
    # The source gives the order of two acts: these come first, as it says.
    told = ranked.append_column("sequence_no", pa.array([2, None, None, None, None, 1], pa.int64()))
    for table, expected in ((ranked, "abcabc"), (told, "acbcab")):
        for arrival in (table, table.take(list(range(5, -1, -1)))):
            for known in ([], ["b", "c"]):
                tokens, catalogue = reading.read(
                    arrival,
                    ITEMS_SCHEMA.empty_table(),
                    session_gap_seconds=-1,
                    known_items=known,
                )
                assert "".join(catalogue.item_ids[item] for item in tokens.items) == expected


def test_stream_reads_like_a_table():
    table = shop()
    stream = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=7))
    one, _ = reading.read(table, items_table(30))
    two, _ = reading.read(stream, items_table(30))
    np.testing.assert_array_equal(one.items, two.items)


def test_one_token_a_session_and_item_with_the_strongest_intent():
    tokens, _ = read(
        [(1, "a", 0, "view"), (1, "a", 0.001, "add_to_cart"), (1, "a", 0.002, "purchase")]
    )
    assert [sequences.KINDS[kind] for kind in tokens.kinds] == ["purchase"]


def test_a_purchase_after_midnight_does_not_count_before_a_cut_at_midnight():
    # 23:50, 23:55, 00:05 and 00:10: one session, which a cut-off falls into.
    rows = [
        (1, "a", (24 * 60 - 10) / 1440, "view"),
        (1, "a", (24 * 60 - 5) / 1440, "add_to_cart"),
        (1, "a", (24 * 60 + 5) / 1440, "purchase"),
        (1, "a", (24 * 60 + 10) / 1440, "view"),
    ]
    tokens, _ = read(rows)
    assert [sequences.KINDS[kind] for kind in tokens.kinds] == ["add_to_cart", "purchase"]
    assert tokens.sessions.tolist() == [0, 0]
    midnight = sequences.microseconds(datetime.date(2024, 1, 2))
    assert tokens.ends_before(midnight).tolist() == [1]


@pytest.mark.parametrize("day", [5, 30, 60])
def test_what_lies_before_a_cut_is_the_same_whether_or_not_more_is_known(day):
    """Cut first and merge then: the tokens before a midnight are those of the events before it."""
    hours = np.random.default_rng(day)
    rows = [
        # Around midnights, so that many a session goes on past one.
        (customer, f"i{item:02}", visit + 23.8 / 24 + minute / 1440, kind)
        for customer in range(8)
        for visit in hours.integers(0, 90, 30)
        for minute, item, kind in zip(
            hours.integers(0, 40, 6),
            hours.integers(0, 4, 6),
            hours.choice(sequences.KINDS, 6),
            strict=True,
        )
    ]
    events = events_table(rows)
    midnight = START + datetime.timedelta(days=day)
    cut = sequences.microseconds(midnight.date())
    whole, catalogue = reading.read(events, ITEMS_SCHEMA.empty_table())
    early, _ = reading.read(
        events.filter(pc.less(events["event_at"], pa.scalar(midnight))),
        ITEMS_SCHEMA.empty_table(),
        known_items=catalogue.item_ids,
    )
    before = whole.at < cut
    assert before.sum() > 20
    for name in ("items", "kinds", "at", "gaps"):
        np.testing.assert_array_equal(getattr(whole, name)[before], getattr(early, name))


def test_tokens_before_a_midnight_are_those_that_were_read_then():
    events = shop(seed=4)
    cut = START + datetime.timedelta(days=30)
    whole, catalogue = reading.read(events, items_table(30))
    early = events.filter(pc.less(events["event_at"], pa.scalar(cut)))
    then, _ = reading.read(early, items_table(30), known_items=catalogue.item_ids)
    before = whole.before(sequences.microseconds(cut.date()))
    for name, value in vars(then).items():
        np.testing.assert_array_equal(getattr(before, name), value, err_msg=name)


def test_a_long_pause_opens_a_session():
    tokens, _ = read([(1, "a", 0, "view"), (1, "b", 0.01, "view"), (1, "c", 0.5, "view")])
    assert tokens.sessions.tolist() == [0, 0, 1]


def test_every_event_may_be_its_own_session():
    rows = [(1, "a", 0, "view"), (1, "a", 0, "view"), (1, "b", 0, "view")]
    tokens, _ = read(rows, session_gap_seconds=-1)
    assert tokens.sessions.tolist() == [0, 1, 2]


def test_rows_without_customer_item_time_or_known_type_are_left_out():
    table = events_table([(1, "a", 0, "purchase"), (1, "b", 1, "refund")])
    nulls = pa.Table.from_pylist(
        [
            {"customer_no": None, "item_id": "a", "event_type": "view"},
            {"customer_no": 1, "item_id": None, "event_type": "view"},
            {"customer_no": 1, "item_id": "a", "event_at": None, "event_type": "view"},
        ],
        schema=EVENTS_SCHEMA,
    )
    tokens, _ = reading.read(pa.concat_tables([table, nulls]), ITEMS_SCHEMA.empty_table())
    assert len(tokens.items) == 1


def test_missing_column_is_named():
    with pytest.raises(ValueError, match="events has no column 'event_type'"):
        reading.read(shop().drop_columns(["event_type"]), items_table(3))
    with pytest.raises(ValueError, match="items has no column 'item_id'"):
        reading.read(shop(), items_table(3).drop_columns(["item_id"]))


def test_items_known_before_a_cut_are_a_prefix():
    tokens, catalogue = read([(1, "z", 0, "view"), (1, "a", 5, "view"), (2, "m", 2, "view")])
    assert catalogue.item_ids == ("z", "m", "a")
    cut = sequences.microseconds(datetime.date(2024, 1, 4))
    assert catalogue.count_before(cut) == 2
    assert (tokens.ends_before(cut) - tokens.offsets[:-1]).tolist() == [1, 1]


def test_known_items_keep_their_places():
    _, catalogue = read([(1, "a", 0, "view")], known_items=["gone", "a"])
    assert catalogue.item_ids == ("gone", "a")


def test_categories_and_prices_may_be_absent():
    items = pa.table({"item_id": ["a", "b"]})
    _, catalogue = reading.read(events_table([(1, "a", 0, "view")]), items)
    assert catalogue.category.tolist() == [0, 0]
    assert sequences.price_buckets(catalogue.price).tolist()[1] == 0


def test_no_events():
    tokens, catalogue = reading.read(EVENTS_SCHEMA.empty_table(), ITEMS_SCHEMA.empty_table())
    assert tokens.offsets.tolist() == [0]
    assert catalogue.item_ids == ()


def test_batches_have_equal_lengths_and_lose_nothing():
    starts = np.array([0, 3, 3, 10], dtype=np.int64)
    ends = np.array([3, 3, 10, 13], dtype=np.int64)
    seen = []
    for rows, positions in sequences.equal_length_batches(
        starts, ends, 6, np.random.default_rng(0)
    ):
        assert positions.shape[0] == len(rows)
        seen.extend(positions.reshape(-1).tolist())
    assert sorted(seen) == list(range(13))
