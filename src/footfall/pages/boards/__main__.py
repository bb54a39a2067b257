"""`python -m footfall.pages.boards check | render | serve`: boards from the published marts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from footfall.pages.boards.definitions import BoardError
from footfall.pages.boards.loading import load_boards
from footfall.pages.boards.render import render_boards
from footfall.pages.boards.serve import ADDRESS, server
from footfall.pages.theme.words import DEFAULT, WordsError, read_words


def main(arguments: list[str] | None = None) -> int:
    """Check, render or serve the boards; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m footfall.pages.boards", description=__doc__)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--boards", type=Path, default=Path("dashboards"), help="the board files")
    shared.add_argument("--words", type=Path, default=DEFAULT, help="the words of a language")
    shared.add_argument("--out", type=Path, default=Path("target/dashboards"), help="the pages")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", parents=[shared], help="read the board files without any data")
    render = commands.add_parser("render", parents=[shared], help="draw all boards")
    render.add_argument("--published", type=Path, required=True, help="the published file")
    render.add_argument("--currency", default="", help="the currency of amounts, as in EUR")
    serve = commands.add_parser(
        "serve", parents=[shared], help="show the drawn boards to this machine"
    )
    serve.add_argument("--port", type=int, default=8080)
    chosen = parser.parse_args(arguments)
    try:
        return {"check": _check, "render": _render, "serve": _serve}[chosen.command](chosen)
    except (BoardError, WordsError) as problem:
        print(problem, file=sys.stderr)
        return 1


def _check(chosen: argparse.Namespace) -> int:
    for board in load_boards(chosen.boards, read_words(chosen.words)):
        print(f"{board.path}: {len(board.tiles)} tiles, {len(board.queries)} queries")
    return 0


def _render(chosen: argparse.Namespace) -> int:
    words = read_words(chosen.words)
    boards = load_boards(chosen.boards, words)
    chosen.out.mkdir(parents=True, exist_ok=True)
    for board, page in render_boards(boards, chosen.published, words, chosen.currency):
        path = chosen.out / f"{board.name}.html"
        path.write_text(page, encoding="utf-8")
        print(f"{board.title}: {path}")
    return 0


def _serve(chosen: argparse.Namespace) -> int:
    first = load_boards(chosen.boards, read_words(chosen.words))[0]
    with server(chosen.out, chosen.port, f"{first.name}.html") as opened:
        print(f"The boards: http://{ADDRESS}:{opened.server_port}/ (Ctrl-C ends it)", flush=True)
        try:
            opened.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
