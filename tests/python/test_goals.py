import numpy as np
import pyarrow as pa
import pytest

from footfall.encoder import targets as goals
from footfall.sequences import reading
from scorer_data import ITEMS_SCHEMA, events_table, shop

pytestmark = pytest.mark.library


def test_goals_are_the_purchases_of_the_next_session():
    tokens, catalogue = reading.read(
        events_table(
            [
                (1, "a", 0, "purchase"),
                (1, "b", 0.001, "view"),
                (1, "c", 2, "view"),
                (1, "d", 5, "purchase"),
                (1, "e", 5.001, "purchase"),
                (1, "f", 9, "purchase"),
                (2, "a", 0, "purchase"),
            ]
        ),
        ITEMS_SCHEMA.empty_table(),
    )
    names = np.array(catalogue.item_ids)

    def answers(goal, token):
        return names[goal.pool[goal.low[token] : goal.high[token]]].tolist()

    purchase, touched = goals.goals(tokens, tokens.offsets[1:], 1.0)
    assert [answers(purchase, token) for token in range(7)] == [
        [],  # not the end of its session
        ["d", "e"],
        ["d", "e"],
        [],
        ["f"],
        [],  # nothing follows
        [],  # another customer's items are no answer
    ]
    assert answers(touched, 1) == ["c"]
    wide, _ = goals.goals(tokens, tokens.offsets[1:], 8.0)
    assert answers(wide, 2) == ["d", "e", "f"]
    cut, _ = goals.goals(tokens, np.array([5, 7]), 8.0)
    assert answers(cut, 2) == ["d", "e"]


def test_goals_are_the_same_however_many_customers_are_looked_at_together(monkeypatch):
    views = [(1000 + c, "seen", 7.0 * s + 3, "view") for c in range(20) for s in range(c % 9)]
    table = pa.concat_tables([shop(customers=20), events_table(views)])
    tokens, _ = reading.read(table, ITEMS_SCHEMA.empty_table())
    ends = tokens.ends_before(int(np.quantile(tokens.at, 0.7)))
    whole = goals.goals(tokens, ends, 10.0)
    monkeypatch.setattr(goals, "TOKENS_A_SLAB", 70)
    parts = goals.goals(tokens, ends, 10.0)
    assert len(whole) == len(parts) == 2
    for one, two in zip(whole, parts, strict=True):
        asked = one.high > one.low
        assert asked.any()
        assert one.intent == two.intent
        np.testing.assert_array_equal(one.pool, two.pool)
        np.testing.assert_array_equal(one.high - one.low, two.high - two.low)
        np.testing.assert_array_equal(one.low[asked], two.low[asked])
