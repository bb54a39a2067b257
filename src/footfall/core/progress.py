"""How long work reports what it does: it calls a function with a line of text now and then."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str], None]


def silent(_: str) -> None:
    """Report nothing."""
