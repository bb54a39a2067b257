"""Boards are read from their files and checked, as far as that goes without data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from footfall.core.yaml_files import read_yaml
from footfall.pages.boards.definitions import BarsTile, Board, BoardError, Tile
from footfall.pages.theme.words import Words


def load_boards(folder: Path, words: Words) -> tuple[Board, ...]:
    """All boards of a folder, in their order.

    Raises
    ------
    BoardError
        There is none, or one of them is broken.
    """
    if not folder.is_dir():
        raise BoardError(f"{folder}: there is no such folder of boards")
    boards = [load_board(path, words) for path in sorted(folder.glob("*.yml"))]
    if not boards:
        raise BoardError(f"{folder}: there is no board, a file that ends in .yml, in this folder")
    places: dict[int, Board] = {}
    for board in boards:
        other = places.setdefault(board.place, board)
        if other is not board:
            raise board.problem("place", f"{board.place} is the place of {other.path} as well")
    _check_links(boards)
    return tuple(sorted(boards, key=lambda board: board.place))


def load_board(path: Path, words: Words) -> Board:
    """One board, checked as far as that goes without data.

    Raises
    ------
    BoardError
        The file is broken; the message names file and key.
    """
    try:
        text = path.read_text(encoding="utf-8")
        read = read_yaml(text)
    except yaml.YAMLError as problem:
        raise BoardError(f"{path}: this is no YAML: {problem}") from problem
    if not isinstance(read, dict):
        raise BoardError(f"{path}: a board is a mapping with title, queries, rows and so on")
    # With the places of its keys, for messages.
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    try:
        board = Board.model_validate({**read, "path": path}, context={"words": words})
    except ValidationError as problem:
        found = [_worded(path, root, error) for error in problem.errors()]
        raise BoardError("\n".join(found)) from problem
    _check(board)
    _check_messages(board, root, words)
    return board


def _worded(path: Path, root: Any, error: Any) -> str:
    kinds = {tile.model_fields["kind"].annotation.__args__[0] for tile in Tile.__args__}
    key, node = "", root
    for part in error["loc"]:
        # Pydantic puts the kind of a tile into the way to its keys; the file does not have it.
        if part in kinds and key.endswith("]"):
            continue
        node = _inner(node, part) or node
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else str(part)
    what = {
        "extra_forbidden": "there is no such key here",
        "missing": "this key is missing",
    }.get(error["type"], error["msg"])
    return f"{path}:{node.start_mark.line + 1}: {key}: {what}"


def _inner(node: Any, part: str | int) -> Any:
    """Return what a key of a mapping or a place of a list holds in the file; None for neither."""
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
        return node.value[part] if part < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == part), None)
    return None


def _check_messages(board: Board, root: Any, words: Words) -> None:
    """Find messages that a query names and the words do not have."""
    queries = _inner(root, "queries")
    for name, sql in board.queries.items():
        for key in re.findall(r"'(board\.[\w.]+)'", sql):
            if key not in words:
                start = _inner(queries, name).start_mark.line + 2
                line = start + sql[: sql.index(f"'{key}'")].count("\n")
                raise BoardError(
                    f"{board.path}:{line}: queries.{name}: there is no message {key!r} in "
                    f"{words.path}: add a row, or correct it"
                )


def _check(board: Board) -> None:
    used: set[str] = set()
    anchors: dict[str, str] = {}
    for key, tile in board.tiles:
        if tile.query not in board.queries:
            raise board.problem(f"{key}.query", f"there is no query {tile.query!r} under queries")
        used.add(tile.query)
        other = anchors.setdefault(tile.name, key)
        if other != key:
            raise board.problem(
                f"{key}.anchor", f"{tile.name!r} is the anchor of {other} too; give another one"
            )
        if isinstance(tile, BarsTile) and bool(tile.lower) != bool(tile.upper):
            raise board.problem(f"{key}.lower", "an interval has a lower and an upper end")
    for name in board.queries:
        if name not in used:
            raise board.problem(f"queries.{name}", "no tile shows this query")


def _check_links(boards: Sequence[Board]) -> None:
    anchors = {board.name: {tile.name for _, tile in board.tiles} for board in boards}
    for board in boards:
        for key, tile in board.tiles:
            if not tile.link:
                continue
            name, _, anchor = tile.link.partition("#")
            if name not in anchors:
                raise board.problem(f"{key}.link", f"there is no board {name!r}")
            if anchor and anchor not in anchors[name]:
                raise board.problem(f"{key}.link", f"the board {name!r} has no tile {anchor!r}")
