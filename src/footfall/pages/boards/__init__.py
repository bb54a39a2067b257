"""Boards as code: YAML files with SQL, drawn from the published marts as pages without a network.

`definitions` says what a board may hold, `loading` reads and checks it, `published` opens what it
reads, `tiles` turns rows into what is shown, `page` writes the HTML. Nothing here imports dbt.
"""

from footfall.core.extras import needs

with needs("boards"):
    import plotly  # noqa: F401 - before anything of ours, so that all of it or nothing is there

    from footfall.pages.boards.definitions import Board, BoardError
    from footfall.pages.boards.loading import load_boards
    from footfall.pages.boards.render import render_boards

__all__ = ["Board", "BoardError", "load_boards", "render_boards"]
