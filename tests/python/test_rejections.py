"""How many rows of a source may be broken before a build stops."""

from __future__ import annotations

import pytest

from footfall.builds.problems import BuildProblem
from footfall.builds.rejections import check_rejections

pytestmark = pytest.mark.library


def rows(source: str, good: int, **broken: int) -> list[tuple[str | None, ...]]:
    days = ("2026-03-01", "2026-03-02")
    return [
        (source, None, "false", str(good), *days),
        *((source, reason, "true", str(count), *days) for reason, count in broken.items()),
    ]


def test_a_source_is_taken_in_up_to_the_share() -> None:
    check_rejections(pending=rows("shop", 2, late=1, odd=1), largest_share=0.5, table="t")
    check_rejections(pending=rows("shop", 0, late=1), largest_share=1, table="t")
    check_rejections(pending=[], largest_share=0.5, table="t")


def test_each_source_is_judged_by_itself_and_names_its_reasons() -> None:
    reasons = {f"reason_{number}": number for number in range(1, 8)}
    pending = [*rows("app", 100, late=1), *rows("shop", 27, **reasons)]
    with pytest.raises(BuildProblem) as problem:
        check_rejections(pending=pending, largest_share=0.5, table="kept.here")
    lines = str(problem.value).splitlines()
    assert lines[:2] == [
        "28 of 55 new rows of source shop are broken (received from 2026-03-01 to 2026-03-02):",
        "  7 x reason_7",
    ]
    assert lines[6] == "  3 for 2 other reasons"
    assert "kept.here" in lines[7]


def test_what_is_left_out_on_purpose_does_not_count() -> None:
    scrolls = ("shop", "not an event of the journey", "false", "98", "2026-03-01", "2026-03-01")
    check_rejections(pending=[*rows("shop", 1), scrolls], largest_share=0.5, table="t")
    with pytest.raises(BuildProblem, match=r"2 of 3 new rows"):
        check_rejections(pending=[*rows("shop", 1, odd=2), scrolls], largest_share=0.5, table="t")
