"""Removal effects on chains that are small enough to be worked by hand."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import pyarrow as pa
import pytest

from footfall.journey.attribution import SCHEMA, lost_conversions, removal_effects

pytestmark = pytest.mark.library

MARCH, APRIL = dt.date(2026, 3, 1), dt.date(2026, 4, 1)


def moves(month: dt.date, *rows: tuple[str, str, int]) -> pa.Table:
    return pa.table(
        {
            "period_month": pa.array([month] * len(rows), pa.date32()),
            "from_channel": pa.array([row[0] for row in rows], pa.string()),
            "to_channel": pa.array([row[1] for row in rows], pa.string()),
            "transition_count": pa.array([row[2] for row in rows], pa.int64()),
        }
    )


def effects(table: pa.Table) -> dict[str, float]:
    return {row["channel"]: row["removal_effect"] for row in removal_effects(table).to_pylist()}


def test_a_channel_that_every_conversion_passes_takes_all_of_them_with_it() -> None:
    # a > b converts, a > b does not, a alone does not: of three paths one converts. From the start
    # all go to a, two thirds on to b, and half of those convert: 1 x 2/3 x 1/2 = 1/3.
    found = removal_effects(
        moves(
            MARCH,
            ("(start)", "a", 3),
            ("a", "b", 2),
            ("a", "(null)", 1),
            ("b", "(conversion)", 1),
            ("b", "(null)", 1),
        )
    )
    assert found.schema == SCHEMA
    assert found.column("base_conversion_rate").to_pylist() == pytest.approx([1 / 3, 1 / 3])
    assert found.column("removal_effect").to_pylist() == pytest.approx([1.0, 1.0])


def test_channels_side_by_side_take_their_own_conversions() -> None:
    # Half of ten start at a, of which four convert; half at b, of which one does.
    found = effects(
        moves(
            MARCH,
            ("(start)", "a", 5),
            ("(start)", "b", 5),
            ("a", "(conversion)", 4),
            ("a", "(null)", 1),
            ("b", "(conversion)", 1),
            ("b", "(null)", 4),
        )
    )
    assert found == pytest.approx({"a": 4 / 5, "b": 1 / 5})


def test_a_way_that_goes_round_in_circles_ends_all_the_same() -> None:
    # From a half go to b and half convert; from b all go back to a, but one in three who leaves.
    # p(a) = 1/2 + 1/2 p(b), p(b) = 2/3 p(a): p(a) = 3/4. Without b only the first half is left.
    table = moves(
        MARCH,
        ("(start)", "a", 4),
        ("a", "b", 3),
        ("a", "(conversion)", 3),
        ("b", "a", 2),
        ("b", "(null)", 1),
    )
    found = removal_effects(table)
    assert found.column("base_conversion_rate")[0].as_py() == pytest.approx(3 / 4)
    assert effects(table) == pytest.approx({"a": 1.0, "b": 1 - (1 / 2) / (3 / 4)})


def test_the_base_rate_is_the_share_of_paths_that_converted() -> None:
    generator = np.random.default_rng(7)
    counts: dict[tuple[str, str], int] = {}
    converted = 0
    for _ in range(500):
        channels = generator.choice(list("abcde"), size=generator.integers(1, 8)).tolist()
        converts = bool(generator.random() < 0.3 + 0.1 * ("c" in channels))
        converted += converts
        path = ["(start)", *channels, "(conversion)" if converts else "(null)"]
        for pair in itertools.pairwise(path):
            counts[pair] = counts.get(pair, 0) + 1
    table = moves(MARCH, *((*pair, count) for pair, count in counts.items()))
    found = removal_effects(table)
    assert found.column("base_conversion_rate")[0].as_py() == pytest.approx(converted / 500, 1e-12)
    assert all(0 < effect < 1 for effect in found.column("removal_effect").to_pylist())
    # The order of the rows is no matter.
    shuffled = table.take(pa.array(generator.permutation(table.num_rows)))
    assert removal_effects(shuffled).equals(found)


def test_what_is_lost_is_what_a_chain_without_the_channel_lacks() -> None:
    generator = np.random.default_rng(3)
    counts = generator.poisson(2.0, (31, 33)).astype(float)
    counts[:, 0] = 0.0
    base, lost = lost_conversions(counts)
    chances = counts / counts.sum(axis=1, keepdims=True)
    for channel in range(1, 31):
        without = chances[:, :31].copy()
        without[:, channel] = 0.0
        left = np.linalg.solve(np.eye(31) - without, chances[:, 31])[0]
        assert lost[channel - 1] == pytest.approx(1 - left / base, abs=1e-12)


def test_months_are_told_apart_and_a_month_without_conversions_has_no_effects() -> None:
    table = pa.concat_tables(
        [
            moves(APRIL, ("(start)", "a", 2), ("a", "(null)", 2)),
            moves(MARCH, ("(start)", "a", 1), ("a", "(conversion)", 1)),
        ]
    )
    assert removal_effects(table).to_pylist() == [
        {
            "period_month": MARCH,
            "channel": "a",
            "removal_effect": 1.0,
            "base_conversion_rate": 1.0,
        },
        {
            "period_month": APRIL,
            "channel": "a",
            "removal_effect": 0.0,
            "base_conversion_rate": 0.0,
        },
    ]


def test_no_paths_have_no_effects() -> None:
    assert removal_effects(moves(MARCH)).equals(SCHEMA.empty_table())


def test_a_chain_that_does_not_end_is_refused() -> None:
    with pytest.raises(ValueError, match="never left"):
        lost_conversions(np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]))
    with pytest.raises(ValueError, match=r"2026-03-01 have no \(start\)"):
        removal_effects(moves(MARCH, ("a", "(null)", 1)))
