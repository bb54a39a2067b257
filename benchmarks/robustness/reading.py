"""Inputs as staging reads them, in memory and without dbt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from footfall.adapter.inspection import connection
from footfall.adapter.questions import QUESTIONS
from footfall.inspecting.rendering import Project

PROJECT = Path(__file__).resolve().parents[2]


class Inputs:
    """Models above the first tables of a build, as views."""

    def __init__(self, project: Project, opened: Any) -> None:
        self._project = project
        self._opened = opened

    def relation(self, model: str) -> str:
        """Return a model as a relation."""
        return self._project.relation(model)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        rows: list[tuple[Any, ...]] = self._opened.execute(sql).fetchall()
        return rows


@contextmanager
def reading(variables: Mapping[str, Any]) -> Iterator[Inputs]:
    """Read a shop of one's own with these vars."""
    with connection() as opened:
        named = {"footfall_source": "custom", **variables}
        yield Inputs(Project(PROJECT, opened, named, QUESTIONS, {}), opened)
