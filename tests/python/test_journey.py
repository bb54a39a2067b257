"""The journey marts on a public click stream, against another tool on the same events."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from conftest import JOURNEY, PROJECT, Warehouse, problems

pytestmark = pytest.mark.long

DATA = PROJECT / "tests" / "data" / "retentioneering"
FUNNEL = {
    "catalog": 600,
    "add_to_cart": 511,
    "shipping_details": 399,
    "payment_details": 281,
    "purchase": 145,
}
# A way within sessions, and one that goes on from a visitor's session to their next.
SCOPES = {
    "session_id": "path_scope = 'within_session'",
    "user_id": "(path_scope = 'within_session' and from_state <> '(start)' and to_state <> '(end)'"
    " or path_scope = 'between_sessions')",
}


def expected_transitions(path_col: str) -> dict[tuple[str, str], tuple[int, int, float]]:
    names = {"path_start": "(start)", "path_end": "(end)"}
    with (DATA / "transitions.csv").open(newline="") as file:
        return {
            (
                names.get(row["from_event"], row["from_event"]),
                names.get(row["to_event"], row["to_event"]),
            ): (int(row["count"]), int(row["unique_paths"]), float(row["proba_out"]))
            for row in csv.DictReader(file)
            if row["path_col"] == path_col
        }


@pytest.mark.parametrize("path_col", ["session_id", "user_id"])
def test_transitions_equal_those_of_retentioneering(clicks: Warehouse, path_col: str) -> None:
    ours = {
        (from_state, to_state): count
        for from_state, to_state, count in clicks.query(
            "select from_state, to_state, cast(sum(transition_count) as bigint)"
            f" from marts.journey_transitions where level = 'event' and {SCOPES[path_col]}"
            " group by all"
        )
    }
    theirs = expected_transitions(path_col)
    assert len(theirs) > 360
    assert ours == {pair: count for pair, (count, *_) in theirs.items()}

    totals: defaultdict[str, int] = defaultdict(int)
    for (state, _), count in ours.items():
        totals[state] += count
    difference = max(abs(count / totals[pair[0]] - theirs[pair][2]) for pair, count in ours.items())
    assert difference == 0.0


def test_sessions_of_a_transition_equal_those_of_retentioneering(clicks: Warehouse) -> None:
    ours = {
        (from_state, to_state): count
        for from_state, to_state, count in clicks.query(
            "select from_state, to_state, cast(sum(session_count) as bigint)"
            f" from marts.journey_transitions where level = 'event' and {SCOPES['session_id']}"
            " group by all"
        )
    }
    assert ours == {
        pair: paths for pair, (_, paths, _) in expected_transitions("session_id").items()
    }


def funnel_of(
    shop: Warehouse, names: list[str], within_days: int | None = None
) -> list[tuple[str, int]]:
    outcome = shop.dbt("compile", "--inline", f"{{{{ funnel_of({names}, {within_days}) }}}}")
    assert outcome.success, problems(outcome)
    result: Any = outcome.result
    return [row[1:3] for row in shop.query(result.results[0].node.compiled_code)]


def test_a_funnel_of_own_events_equals_that_of_retentioneering(clicks: Warehouse) -> None:
    assert funnel_of(clicks, list(FUNNEL)) == list(FUNNEL.items())


def test_a_shorter_window_lets_fewer_through(clicks: Warehouse) -> None:
    found = dict(funnel_of(clicks, list(FUNNEL), 7))
    assert found["catalog"] == FUNNEL["catalog"]
    assert 0 < found["purchase"] < FUNNEL["purchase"]
    counts = [found[name] for name in FUNNEL]
    assert counts == sorted(counts, reverse=True)


def test_sessions_are_those_that_the_log_names(clicks: Warehouse) -> None:
    assert clicks.value("select count(*) from marts.sessions") == 3605
    kept, other = clicks.query(
        "select sum(session_count) from marts.journey_paths"
        " where level = 'event' and path_kind = 'whole' group by is_other order by is_other"
    )
    assert kept[0] + other[0] == 3605
    assert other[0] > 0


# --- shops that lack something ------------------------------------------------------------------

HEADER = "customer_id,event_at,event_type,order_id,amount,channel\n"


@pytest.mark.rare
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            "c1,2026-03-02 10:00:00,purchase,o1,20,\nc1,2026-03-02 10:00:00,purchase,o1,5,\n",
            # One session: any order has all four stages in six slices, strict order none.
            {"journey_funnel": 24, "journey_attribution": 7, "journey_paths": 3},
        ),
        (
            "c1,2026-03-01 10:00:00,checkout,,,web\n"
            "c1,2026-03-01 10:01:00,payment_error,,,web\n"
            "c1,2026-03-01 10:02:00,support,,,web\n",
            {"journey_paths": 3},
        ),
    ],
    ids=["one customer who only buys", "one customer in trouble"],
)
def test_the_journey_is_built_for_a_shop_that_hardly_has_one(
    own_shop: Warehouse, lines: str, expected: Mapping[str, int]
) -> None:
    events = Path(own_shop.variables["custom_events_path"])
    events.write_text(HEADER + lines)
    own_shop.built(JOURNEY, test=True)
    found = {name: own_shop.value(f"select count(*) from marts.{name}") for name in expected}
    assert found == dict(expected)
    # Nor is anything said of what hurts.
    assert own_shop.value("select count(*) from marts.journey_suggestions") == 0
    tested = own_shop.value("select count(*) from marts.journey_pain_points where is_tested")
    assert tested == 0


@pytest.mark.long
@pytest.mark.rare
def test_campaigns_are_touches_when_asked(own_shop: Warehouse) -> None:
    events = Path(own_shop.variables["custom_events_path"])
    events.write_text(
        HEADER
        + "c1,2026-03-02 10:00:00,campaign,,,email\n"
        + "c1,2026-03-03 10:00:00,purchase,o1,20,direct\n"
        # A path that did not convert: with this one every second path converts.
        + "c2,2026-03-03 10:00:00,view,,,direct\n"
    )
    linear = (
        "select channel, path_count, credited_conversions, credited_amount, base_conversion_rate"
        " from marts.journey_attribution where attribution_model = 'linear' order by 1"
    )
    own_shop.built(("+journey_attribution",))
    assert own_shop.query(linear) == [("direct", 2, 1.0, 20.0, 0.5)]

    own_shop.variables["attribution_counts_campaigns"] = True
    own_shop.built(("+journey_attribution",))
    assert own_shop.query(linear) == [
        ("direct", 2, 0.5, 10.0, 0.5),
        ("email", 1, 0.5, 10.0, 0.5),
    ]
    # Without email only what starts at direct is left: .5 of the paths, of which half convert
    # (direct leads to a conversion once in two), so .25 of the .5 that converted is gone.
    assert own_shop.query(
        "select channel, removal_effect from marts.journey_attribution"
        " where attribution_model = 'markov' order by 1"
    ) == [("direct", 1.0), ("email", 0.5)]


def test_events_may_be_called_as_our_markers_sound(own_shop: Warehouse) -> None:
    events = Path(own_shop.variables["custom_events_path"])
    own_shop.variables["custom_event_names"] = {
        "start": "view",
        "end": "search",
        "other": "browse",
        "it's mine": "add_to_cart",
    }
    # One session of each customer; `other` is the most frequent, so that it is a path next to the
    # rest.
    events.write_text(
        HEADER
        + "c1,2026-03-02 10:00:00,end,,,\n"
        + "c1,2026-03-02 10:01:00,start,,,\n"
        + "c1,2026-03-02 10:02:00,it's mine,,,\n"
        + "c1,2026-03-02 10:03:00,start,,,\n"
        + "c2,2026-03-02 10:00:00,start,,,\n"
        + "c2,2026-03-02 10:01:00,it's mine,,,\n"
        + "c3,2026-03-02 10:00:00,other,,,\n"
        + "c4,2026-03-02 10:00:00,other,,,\n"
    )
    own_shop.variables["paths_kept"] = 1
    own_shop.built(("+journey_transitions", "+journey_paths", "+event_name_map"), test=True)

    transitions = own_shop.query(
        "select from_state, to_state, transition_count, round(probability, 3)"
        " from marts.journey_transitions"
        " where level = 'event' and path_scope = 'within_session' order by all"
    )
    assert transitions == [
        ("(start)", "end", 1, 0.25),
        ("(start)", "other", 2, 0.5),
        ("(start)", "start", 1, 0.25),
        ("end", "start", 1, 1.0),
        ("it's mine", "(end)", 1, 0.5),
        ("it's mine", "start", 1, 0.5),
        ("other", "(end)", 2, 1.0),
        ("start", "(end)", 1, 0.333),
        ("start", "it's mine", 2, 0.667),
    ]
    paths = own_shop.query(
        "select path, is_other, session_count from marts.journey_paths"
        " where level = 'event' and path_kind = 'whole' order by all"
    )
    assert paths == [("(other)", True, 2), ("other", False, 2)]

    # A step may be there twice: c1 came back to `start`, c2 did not. Nobody searched after that.
    assert funnel_of(own_shop, ["start", "it's mine", "start", "end"]) == [
        ("start", 2),
        ("it's mine", 2),
        ("start", 1),
        ("end", 0),
    ]


@pytest.mark.long
def test_an_event_of_a_reserved_name_fails_the_build(own_shop: Warehouse) -> None:
    events = Path(own_shop.variables["custom_events_path"])
    own_shop.variables["custom_event_names"] = {"(start)": "view"}
    events.write_text(HEADER + "c1,2026-03-02 10:00:00,(start),,,\n")
    own_shop.only_tests = frozenset({"event_names_are_no_markers"})
    outcome = own_shop.build(("+int_session_events", "+event_name_map"), test=True)
    assert not outcome.success
    assert "event_names_are_no_markers" in problems(outcome)
