"""Draws boards from the published marts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import duckdb

from footfall.pages.boards.data import Data
from footfall.pages.boards.definitions import Board, BoardError
from footfall.pages.boards.page import render_page
from footfall.pages.boards.published import PublishedMarts, Rows, open_published
from footfall.pages.boards.tiles import Shown, show
from footfall.pages.boards.wording import Wording
from footfall.pages.theme.words import Words


def render_boards(
    boards: Sequence[Board], published: Path, words: Words, currency: str = ""
) -> Iterator[tuple[Board, str]]:
    """Return the boards as pages, one after the other. Equal publications give equal pages.

    Raises
    ------
    BoardError
        Nothing is published, or a board asks for what is not there.
    """
    with open_published(published) as marts:
        for board in boards:
            yield board, _rendered(board, boards, marts, Wording(words, currency))


def marts_of(board: Board, marts: PublishedMarts) -> frozenset[str]:
    """All marts that a board reads."""
    read = [_checked(board, "as_of", board.as_of, marts)]
    read += [_checked(board, f"queries.{name}", sql, marts) for name, sql in board.queries.items()]
    if _shows_scores(board):
        read.append(_checked(board, "scores", _HELD_BACK, marts))
    return frozenset().union(*read)


def _rendered(board: Board, boards: Sequence[Board], marts: PublishedMarts, say: Wording) -> str:
    used = {name: _checked(board, f"queries.{name}", sql, marts)
            for name, sql in board.queries.items()}  # fmt: skip
    rows = {
        name: _asked(board, f"queries.{name}", sql, marts) for name, sql in board.queries.items()
    }
    held_back = _held_back(board, marts, say)
    shown = {key: _shown(board, key, rows, used, say, held_back) for key, _ in board.tiles}
    return render_page(
        board,
        boards,
        shown,
        as_of=_as_of(board, marts),
        run=marts.run,
        marts=sorted(marts_of(board, marts)),
        say=say,
    )


def _shown(
    board: Board,
    key: str,
    rows: Mapping[str, Rows],
    used: Mapping[str, frozenset[str]],
    say: Wording,
    held_back: Mapping[str, str],
) -> Shown:
    tile = dict(board.tiles)[key]
    reasons = [held_back[score] for score in tile.scores if score in held_back]
    if reasons:
        tile = tile.model_copy(update={"empty": reasons[0]})
    data = Data(board, key, tile.query, rows[tile.query], say)
    return show(tile, data, sorted(used[tile.query]))


# Why scores are not shown, the longest horizon first. New items alone may be held back of lists
# that are shown.
_HELD_BACK = """
    select
        score,
        held_back_key,
        held_back_values
    from marts.model_gates
    where not is_passed and population is distinct from 'new items only'
    qualify row_number() over (partition by score order by horizon_days desc, gate, metric) = 1
"""


def _shows_scores(board: Board) -> bool:
    return any(tile.scores for _, tile in board.tiles)


def _held_back(board: Board, marts: PublishedMarts, say: Wording) -> Mapping[str, str]:
    """Return why scores that tiles of a board show are held back, by score."""
    if not _shows_scores(board):
        return {}
    found = _asked(board, "scores", _HELD_BACK, marts)
    return {score: say.words.sentences(key, values) for score, key, values in found.rows}


def _as_of(board: Board, marts: PublishedMarts) -> date | None:
    found = _asked(board, "as_of", board.as_of, marts)
    _checked(board, "as_of", board.as_of, marts)
    if len(found.rows) != 1 or len(found.columns) != 1:
        raise board.problem("as_of", "this has to give one date: one row with one column")
    ((value,),) = found.rows
    if value is not None and not isinstance(value, date):
        raise board.problem("as_of", f"this has to give a date, and gave {value!r}")
    return value


def _asked(board: Board, key: str, sql: str, marts: PublishedMarts) -> Rows:
    try:
        return marts.rows(sql)
    except duckdb.Error as problem:
        raise board.problem(key, f"DuckDB cannot run this: {_first_lines(problem)}") from problem


def _checked(board: Board, key: str, sql: str, marts: PublishedMarts) -> frozenset[str]:
    try:
        return marts.marts_of(sql)
    except duckdb.Error as problem:
        raise board.problem(key, f"DuckDB cannot read this: {_first_lines(problem)}") from problem
    except BoardError as problem:
        raise board.problem(key, str(problem)) from problem


def _first_lines(problem: Exception) -> str:
    return " ".join(line.strip() for line in str(problem).splitlines()[:2] if line.strip())
