"""The library consists of rooms, and imports lead downwards, as docs/architecture.md has it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.library

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = "footfall"
PACKAGES_OF = {"dbt": {"dbt", "dbt_common", "dbt_metricflow"}, "DuckDB": {"duckdb"}}
ROW = re.compile(r"^\| (\d) \| `([\w/]+)` \| [^|]+ \|([^|]*)\|$", re.M)


@dataclass(frozen=True)
class Room:
    """A row of the table: how far up a folder is, and what it may import."""

    level: int
    knows: frozenset[str]


def rooms_in(text: str) -> dict[str, Room]:
    """Read the rooms from the table of a page."""
    return {
        name: Room(int(level), frozenset(one.strip() for one in knows.split(",") if one.strip()))
        for level, name, knows in ROW.findall(text)
    }


def room_of(module: str, rooms: dict[str, Room]) -> str | None:
    """Find the room that holds a module, the innermost one; None where there is none."""
    path = module.split(".")[1:]
    names = ("/".join(path[:length]) for length in range(len(path), 0, -1))
    return next((name for name in names if name in rooms), None)


def modules_in(source: Path) -> dict[str, ast.Module]:
    """Parse the modules of a folder of packages, by name."""
    found = {}
    for path in sorted(source.rglob("*.py")):
        name = ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
        found[name] = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    return found


def imports(tree: ast.Module, known: set[str]) -> Iterator[str]:
    """Yield what a module imports: modules of ours in full, of others the package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"line {node.lineno}: name the module in full"
            parts = (f"{node.module}.{alias.name}" for alias in node.names)
            names = [part if part in known else node.module for part in parts]
        else:
            continue
        for name in names:
            yield name if name.split(".")[0] == PACKAGE else name.split(".")[0]


def problems(source: Path, page: str) -> list[str]:
    """List what contradicts the table of rooms."""
    rooms, modules = rooms_in(page), modules_in(source)
    # What others find by its name is next to the package, and holds nothing but imports.
    outside = {name for name in modules if name.split(".")[0] != PACKAGE}
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    found = [
        f"{name} defines something outside of {PACKAGE}"
        for name in sorted(outside)
        if any(isinstance(node, definitions) for node in ast.walk(modules[name]))
    ]
    modules = {name: tree for name, tree in modules.items() if name not in outside}
    known = set(modules)
    between: dict[str, set[str]] = {name: set() for name in rooms}
    for name in sorted(set(rooms) - {room_of(module, rooms) for module in modules}):
        found.append(f"{name} is in the table but holds no module")
    for module, tree in modules.items():
        room = room_of(module, rooms)
        is_package = any(other.startswith(f"{module}.") for other in modules)
        if room is None:
            if not is_package:
                found.append(f"{module} lies in no room of the table")
            continue
        for imported in imports(tree, known):
            if imported.split(".")[0] != PACKAGE:
                for kind, packages in PACKAGES_OF.items():
                    if imported in packages and kind not in rooms[room].knows:
                        found.append(
                            f"{module} imports {imported}, but {room} does not know {kind}"
                        )
                continue
            other = room_of(imported, rooms)
            if other is None or other == room:
                continue
            if rooms[other].level > rooms[room].level:
                found.append(f"{module} imports {imported}, which lies above it")
            between[room].add(other)
    return found + [f"rooms import each other: {circle}" for circle in circles(between)]


def circles(arrows: dict[str, set[str]]) -> list[str]:
    """List the circles of a graph, each once: its nodes, sorted."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        left = list(arrows[start])
        while left:
            node = left.pop()
            if node not in seen:
                seen.add(node)
                left.extend(arrows.get(node, ()))
        return seen

    reach = {node: reached(node) for node in arrows}
    groups = {
        ", ".join(sorted(b for b in reach[a] if a in reach.get(b, ())))
        for a in arrows
        if a in reach[a]
    }
    return sorted(groups)


def test_rooms_and_imports_are_as_the_architecture_has_them() -> None:
    page = (PROJECT / "docs/architecture.md").read_text(encoding="utf-8")
    assert len(rooms_in(page)) >= 19
    assert problems(PROJECT / "src", page) == []


def test_no_two_modules_import_each_other() -> None:
    modules = modules_in(PROJECT / "src")
    known = set(modules)
    arrows = {name: set(imports(tree, known)) & known for name, tree in modules.items()}
    assert circles(arrows) == []


def test_types_of_arrays_are_named_in_one_place() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in (PROJECT / "src").rglob("*.py")}
    named = [str(path.relative_to(PROJECT)) for path, text in texts.items() if "NDArray" in text]
    assert named == ["src/footfall/core/arrays.py"]


TABLE = """
| level | room | answers | knows |
|---|---|---|---|
| 1 | `low` | What is below? | |
| 1 | `side` | What is beside? | |
| 2 | `high` | What is above? | DuckDB |
"""
SOUND = {
    "__init__.py": "",
    "low/__init__.py": "",
    "low/one.py": "import json",
    "side/__init__.py": "",
    "side/two.py": "from footfall.low import one",
    "high/__init__.py": "",
    "high/three.py": "import duckdb\nfrom footfall.low.one import json\nfrom footfall import side",
}


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("low/one.py", "import json", None),
        ("low/one.py", "from footfall import high", "which lies above it"),
        ("low/one.py", "def late():\n    from footfall.high import three", "which lies above it"),
        ("low/one.py", "from footfall.side.two import one", "rooms import each other: low, side"),
        ("low/one.py", "import duckdb.typing", "imports duckdb, but low does not know DuckDB"),
        ("high/three.py", "from dbt.cli import main", "high does not know dbt"),
        ("loose.py", "", "footfall.loose lies in no room"),
        ("new/four.py", "", "footfall.new.four lies in no room"),
    ],
)
def test_what_contradicts_the_table_is_found(
    tmp_path: Path, file: str, text: str, expected: str | None
) -> None:
    for name, content in {**SOUND, file: text}.items():
        path = tmp_path / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    found = problems(tmp_path, TABLE)
    if expected is None:
        assert found == []
    else:
        assert any(expected in one for one in found), found


def test_a_room_without_modules_is_found(tmp_path: Path) -> None:
    (tmp_path / PACKAGE / "low").mkdir(parents=True)
    (tmp_path / PACKAGE / "low/one.py").write_text("")
    assert "high is in the table but holds no module" in problems(tmp_path, TABLE)
