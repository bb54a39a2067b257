"""Equal data give equal fingerprints in any order; any change gives another."""

from __future__ import annotations

import ast
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from footfall.core.fingerprints import (
    PACKAGE,
    code_fingerprint,
    combined_fingerprint,
    sources_fingerprint,
    table_fingerprint,
)
from footfall.heads import code
from footfall.recommender import stored_model

pytestmark = pytest.mark.library


def table() -> pa.Table:
    return pa.table(
        {
            "number": pa.array([1, 2, None, 2], pa.int64()),
            "amount": pa.array([0.5, None, float("nan"), -0.0]),
            "name": pa.array(["a", "", None, "ab"]),
            "day": pa.array([date(2024, 1, 1), None, date(2024, 1, 2), date(2024, 1, 1)]),
            "at": pa.array([datetime(2024, 1, 1, tzinfo=UTC)] * 4),
            "state": pa.array([[1.0, 2.0], [], None, [2.0, 1.0]], pa.list_(pa.float32())),
            "flag": pa.array([True, False, None, True]),
            "price": pa.array([Decimal("1.20"), None, Decimal("3.00"), Decimal("0.10")]),
        }
    )


def test_order_of_rows_columns_and_chunks_has_no_say() -> None:
    whole = table()
    shuffled = whole.take([2, 0, 3, 1]).select(list(reversed(whole.column_names)))
    chunked = pa.concat_tables([whole.slice(3), whole.slice(0, 2), whole.slice(2, 1)])
    assert table_fingerprint(shuffled) == table_fingerprint(whole)
    assert table_fingerprint(chunked) == table_fingerprint(whole)


def test_representation_has_no_say() -> None:
    first = pa.table({"x": pa.array([1, 2], pa.int32()), "s": pa.array(["a", "b"])})
    second = pa.table(
        {"x": pa.array([1, 2], pa.int64()), "s": pa.array(["a", "b"]).dictionary_encode()}
    )
    third = pa.table({"x": pa.array([1.0, 2.0]), "s": pa.array(["a", "b"], pa.large_string())})
    assert table_fingerprint(first) == table_fingerprint(second) == table_fingerprint(third)
    assert table_fingerprint(pa.table({"x": [0.0]})) == table_fingerprint(pa.table({"x": [-0.0]}))


@pytest.mark.parametrize(
    "changed",
    [
        {"number": pa.array([1, 2, None, 3], pa.int64())},
        {"number": pa.array([1, 2, 0, 2], pa.int64())},
        {"amount": pa.array([0.5, None, None, 0.0])},
        {"name": pa.array(["a", "", None, "ba"])},
        {"name": pa.array(["a", None, "", "ab"])},
        {"state": pa.array([[2.0, 1.0], [], None, [2.0, 1.0]], pa.list_(pa.float32()))},
        {"flag": pa.array([True, True, None, True])},
        {"day": pa.array([date(2024, 1, 1), None, date(2024, 1, 3), date(2024, 1, 1)])},
    ],
)
def test_any_change_is_seen(changed: dict[str, pa.Array]) -> None:
    whole = table()
    ((name, values),) = changed.items()
    other = whole.set_column(whole.schema.get_field_index(name), name, values)
    assert table_fingerprint(other) != table_fingerprint(whole)


def test_swapped_cells_and_duplicates_are_seen() -> None:
    straight = pa.table({"a": [1, 2], "b": [1, 2]})
    crossed = pa.table({"a": [1, 2], "b": [2, 1]})
    twice = pa.table({"a": [1, 1, 2], "b": [1, 1, 2]})
    fourfold = pa.table({"a": [1, 1, 1, 1], "b": [1, 1, 1, 1]})
    fingerprints = {table_fingerprint(t) for t in (straight, crossed, twice, fourfold)}
    assert len(fingerprints) == 4
    assert table_fingerprint(straight.rename_columns(["b", "c"])) != table_fingerprint(straight)


def test_empty_and_unknown() -> None:
    assert table_fingerprint(table().slice(0, 0)) == table_fingerprint(table().slice(0, 0))
    assert table_fingerprint(table().slice(0, 0)) != table_fingerprint(table())
    with pytest.raises(TypeError, match="struct"):
        table_fingerprint(pa.table({"s": pa.array([{"x": 1}])}))


def test_a_million_rows_take_seconds_not_minutes() -> None:
    generator = np.random.default_rng(0)
    big = pa.table({f"c{i}": generator.random(1_000_000) for i in range(5)})
    assert table_fingerprint(big) == table_fingerprint(big.slice(0))


def test_combination() -> None:
    assert combined_fingerprint("a", "b") != combined_fingerprint("b", "a")
    assert combined_fingerprint("ab") != combined_fingerprint("a", "b")


def test_a_change_of_any_file_of_the_rooms_counts_and_no_other(tmp_path: Path) -> None:
    def fingerprint() -> str:
        return sources_fingerprint(tmp_path, "heads/**/*.py", "core/*.py")

    for name in ("heads/churn.py", "heads/learners/linear.py", "core/arrays.py", "pages/style.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one = 1")
    before = fingerprint()
    (tmp_path / "pages/style.py").write_text("two = 2")
    (tmp_path / "heads/notes.md").write_text("no code")
    assert fingerprint() == before
    (tmp_path / "heads/learners/linear.py").write_text("two = 2")
    changed = fingerprint()
    assert changed != before
    (tmp_path / "heads/learners/linear.py").rename(tmp_path / "heads/learners/straight.py")
    assert fingerprint() not in (before, changed)
    with pytest.raises(FileNotFoundError, match="attic"):
        sources_fingerprint(tmp_path, "attic/*.py")


@pytest.mark.parametrize("rooms", [stored_model.CODE, code.CODE])
def test_the_rooms_of_a_fingerprint_are_all_that_their_code_uses(rooms: tuple[str, ...]) -> None:
    assert len(code_fingerprint(*rooms)) == 64
    for room in rooms:
        for source in (PACKAGE / room).rglob("*.py"):
            for node in ast.walk(ast.parse(source.read_text())):
                if not isinstance(node, ast.ImportFrom) or node.module is None:
                    continue
                if node.module == "footfall":
                    used = {alias.name for alias in node.names}
                elif node.module.startswith("footfall."):
                    used = {node.module.split(".")[1]}
                else:
                    continue
                assert used <= set(rooms), f"{source} uses {used}"
