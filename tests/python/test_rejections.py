"""How many rows of a source may be broken before a build stops, and which names it knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from footfall.builds.problems import BuildProblem
from footfall.builds.rejections import broken_sources, check_rejections, proposed_event_type

pytestmark = pytest.mark.library

KNOWN = [("begin_checkout", "checkout"), ("order completed", "purchase"), ("view", "view")]
Row = tuple[str | None, ...]


def rows(source: str, good: int, **broken: int) -> list[Row]:
    return [
        (source, "2026-03-01", None, "false", str(good), None),
        *(
            (source, "2026-03-02", reason, "true", str(count), None)
            for reason, count in broken.items()
        ),
    ]


def unknown(source: str, name: str, count: int) -> Row:
    reason = f"event_type {name} is not in seeds/event_types.csv"
    return (source, "2026-03-01", reason, "true", str(count), name)


def check(pending: Iterable[Row], **options: Any) -> None:
    given = {"known_names": KNOWN, "largest_share": 0.5, "arrivals": "kept.here", **options}
    check_rejections(pending=pending, **given)


def test_a_source_is_taken_in_up_to_the_share() -> None:
    check(rows("shop", 2, late=1, odd=1))
    check(rows("shop", 0, late=1), largest_share=1)
    check([])


def test_each_source_is_judged_by_itself_and_names_its_reasons() -> None:
    reasons = {f"reason_{number}": number for number in range(1, 8)}
    with pytest.raises(BuildProblem) as problem:
        check([*rows("app", 100, late=1), *rows("shop", 27, **reasons)])
    lines = str(problem.value).splitlines()
    assert lines[:2] == [
        "28 of 55 new rows of source shop are broken (received on 2026-03-02):",
        "  7 x reason_7",
    ]
    assert lines[6] == "  3 for 2 other reasons"
    assert "kept.here" in lines[7]


def test_what_cannot_be_read_is_shown_with_its_input_and_nothing_personal() -> None:
    unread = "cannot be read: 5 fields where the header has 4"
    reasons = {
        unread: "line 7 of may/log.csv cannot be read: 5 fields where the header has 4",
        "amount is not a number": "amount is not a number: 1.234.5",
        "price is not a number": "price is not a number: ann@example.org",
        "quantity is negative": "quantity is negative",
    }
    pending = rows("shop", 1, **dict.fromkeys(reasons, 2))
    assert broken_sources(pending=pending, largest_share=0.5) == ["shop"]
    with pytest.raises(BuildProblem) as problem:
        check(
            pending,
            examples=[("shop", *one) for one in reasons.items()],
            inputs={"shop": ["custom_events_path", "/data/events.csv"]},
        )
    lines = str(problem.value).splitlines()
    assert lines[1:5] == [
        "  2 x amount is not a number, of the shape 9.999.9",
        f"  2 x {unread}, such as line 7 of may/log.csv",
        "  2 x price is not a number, of the shape xxx@xxxxxxx.xxx",
        "  2 x quantity is negative",
    ]
    assert lines[6] == "They are read from /data/events.csv (var custom_events_path)."
    with pytest.raises(BuildProblem, match=r"1 of 1 new rows .* \(of no time that can be read\)"):
        check([("shop", "1970-01-01", unread, "true", "1", None)])


def test_what_is_left_out_on_purpose_does_not_count() -> None:
    scroll: Row = ("shop", "2026-03-01", "not an event", "false", "98", None)
    check([*rows("shop", 1), scroll])
    with pytest.raises(BuildProblem, match=r"2 of 3 new rows"):
        check([*rows("shop", 1, odd=2), scroll])


def test_a_day_that_is_mostly_broken_stops_a_build_among_many_good_ones() -> None:
    def day(number: int, good: int, broken: int) -> list[Row]:
        on = f"2026-03-{number:02}"
        return [
            ("shop", on, None, "false", str(good), None),
            ("shop", on, "event_at is no time", "true", str(broken), None),
        ]

    good = [row for number in range(1, 20) for row in day(number, 1000, 1)]
    with pytest.raises(BuildProblem) as problem:
        check([*good, *day(21, 40, 60), *day(22, 9, 91)])
    lines = str(problem.value).splitlines()
    assert lines[:2] == [
        "151 of 200 new rows of source shop are broken (received from 2026-03-21 to 2026-03-22):",
        "  151 x event_at is no time",
    ]
    assert broken_sources(pending=[*good, *day(21, 40, 60)], largest_share=0.5) == ["shop"]
    # A handful of rows is no day to judge, and rows without a time are of no day.
    check([*good, *day(21, 1, 98)])
    check([*good, ("shop", "1970-01-01", "event_at is no time", "true", "500", None)])


def test_unknown_names_stop_a_build_however_few_they_are() -> None:
    names = [unknown("custom", "BeginCheckout", 9), unknown("custom", "teleport", 1)]
    with pytest.raises(BuildProblem) as problem:
        check([*rows("custom", 1000), *names])
    lines = str(problem.value).splitlines()
    assert lines[:3] == [
        "Source custom has 2 unknown event names, and nothing is guessed:",
        "  BeginCheckout (9 rows): is it checkout, as 'begin_checkout' is?",
        "  teleport (1 row)",
    ]
    assert "custom_event_names, such as {BeginCheckout: checkout}" in lines[3]
    with pytest.raises(
        BuildProblem, match=r"Begin_checkout \(1 row\): is it checkout, as elsewhere"
    ):
        check([*rows("custom", 1000), unknown("custom", "Begin_checkout", 1)])
    many = [unknown("custom", f"act {number:02}", 2) for number in range(53)]
    with pytest.raises(BuildProblem) as problem:
        check([*rows("custom", 1000), *many])
    lines = str(problem.value).splitlines()
    assert lines[50] == "  act 49 (2 rows)"
    assert lines[51].startswith("  3 other names (6 rows): select distinct unknown_event_type ")
    with pytest.raises(BuildProblem, match=r"in var custom_event_names, such as \{teleport: "):
        check([*rows("ga4", 1000), unknown("ga4", "teleport", 1)])


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("OrderCompleted", ("order completed", "purchase")),
        ("order-compleeted", ("order completed", "purchase")),
        ("VIEW", ("view", "view")),
        ("teleport", None),
        # Everyday words, which no tool uses as they are.
        ("buy", ("buy", "purchase")),
        ("ItemBought", ("bought", "purchase")),
        ("Into basket", ("basket", "add_to_cart")),
        ("Order", ("order", "purchase")),
        ("click", ("click", "view")),
        ("preview", ("preview", "view")),
        # Of several words, what was looked at was not bought.
        ("Order status viewed", ("viewed", "view")),
        ("paid_search_visit", ("visit", "browse")),
        ("order_shipped", None),
        ("[Amplitude] Revenue", None),
    ],
)
def test_a_proposal_is_the_name_that_is_most_alike(
    name: str, found: tuple[str, str] | None
) -> None:
    assert proposed_event_type(name, dict(KNOWN)) == found
