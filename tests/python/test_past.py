import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from footfall.recommender import seen_events as past
from footfall.recommender.seen_events import Seen
from footfall.sequences import events as sequences
from footfall.sequences import reading
from scorer_data import ITEMS_SCHEMA, START, events_table, shop, shuffled

pytestmark = pytest.mark.library

LAST = START + datetime.timedelta(days=75)
CUT = sequences.microseconds(LAST.date())
NOTHING = ITEMS_SCHEMA.empty_table()


def known(events, **names):
    tokens, catalogue = reading.read(events, NOTHING, **names)
    return tokens, catalogue.item_ids


def before(events):
    return events.filter(pc.less(events["event_at"], pa.scalar(LAST)))


@pytest.fixture(scope="module")
def events():
    return shop(customers=20)


@pytest.fixture(scope="module")
def seen(events):
    return Seen.of(*known(before(events)), CUT)


def test_what_was_seen_knows_no_order_and_no_future(events, seen):
    again = Seen.of(*known(shuffled(events), known_items=["i005", "i002"]), CUT)
    assert again.described() == seen.described()
    np.testing.assert_array_equal(again.bits, seen.bits)
    assert seen.why_gone(*known(events), CUT) is None


def test_it_comes_back_from_what_is_stored(events, seen):
    back = Seen.stored(seen.described(), seen.bits)
    assert back is not None
    assert back.why_gone(*known(events), CUT) is None
    assert Seen.stored(None, seen.bits) is None
    assert Seen.stored({"tokens": 3}, seen.bits) is None
    assert Seen.stored(seen.described(), None) is None


def test_late_events_may_come_in(events, seen):
    late = events_table([(1000 + c, "late", day, "view") for c in range(20) for day in (3, 50)])
    assert seen.why_gone(*known(pa.concat_tables([events, late])), CUT) is None


def test_a_late_event_that_moves_a_first_moment_is_a_change(events, seen):
    first = before(events).slice(0, 1).to_pylist()[0]
    hours = (first["event_at"] - START).total_seconds() / 86400
    late = [
        (first["customer_no"], first["item_id"], hours - 60 / 86400, "view"),
        (1019, "late", 20.0, "view"),
    ]
    said = seen.why_gone(*known(pa.concat_tables([events, events_table(late)])), CUT)
    assert said is not None
    assert said.startswith("events of the past have changed")


def test_what_is_gone_is_told(events, seen):
    said = seen.why_gone(*known(events.slice(5)), CUT)
    assert said is not None
    assert said.startswith("events are gone: ")


@pytest.mark.parametrize("count_late", [1, 3, 40])
def test_a_change_is_told_however_many_are_late(events, seen, count_late):
    # Two rows are one token.
    changed = [(1000, "i029", 0.4, "purchase")]
    late = [(1001 + n % 19, "late", 1.0 + n // 19, "view") for n in range(count_late)]
    rows = pa.concat_tables([events.slice(2), events_table(changed + late)])
    said = seen.why_gone(*known(rows), CUT)
    assert said is not None
    assert said.startswith("events of the past have changed")


def test_a_late_event_that_looks_old_is_told_by_the_sum(monkeypatch, events):
    # A filter with few bits takes many a late event for an old one.
    monkeypatch.setattr(past, "BITS_A_TOKEN", 2)
    monkeypatch.setattr(past, "PROBES", 1)
    seen = Seen.of(*known(before(events)), CUT)

    def said(count):
        late = events_table([(1000 + n, "late", 20.0, "view") for n in range(count)])
        return seen.why_gone(*known(pa.concat_tables([events, late])), CUT)

    answers = [said(count) for count in range(21)]
    few = [answer for answer in answers if answer is None]
    assert len(few) >= past.LATE_AT_MOST + 1
    assert answers == few + [answer for answer in answers if answer is not None]
    assert all("too much came in late" in answer for answer in answers[len(few) :])
    assert len(answers) > len(few)
    # One event changes, another that looks old hides it: the sum does not fit.
    gone = [
        seen.why_gone(
            *known(pa.concat_tables([events.slice(2), events_table([(1005, name, 20.0, "view")])])),
            CUT,
        )
        for name in (f"late {n}" for n in range(30))
    ]
    assert all(answer is not None for answer in gone)
    assert "events of the past have changed" in gone


def test_chunks_change_nothing(monkeypatch, events, seen):
    monkeypatch.setattr(past, "TOKENS_AT_ONCE", 7)
    again = Seen.of(*known(events), CUT)
    assert again.described() == seen.described()
    np.testing.assert_array_equal(again.bits, seen.bits)
    assert seen.why_gone(*known(events), CUT) is None
