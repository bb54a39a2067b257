"""Draws the pages: the landing page, one page for each file of docs/, and the lineage."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from footfall.lineage.lineage import Lineage
from footfall.lineage.origins import ROWS, Place
from footfall.lineage.project import Project, Relation, SiteError
from footfall.pages.site.markdown import Page, Section
from footfall.pages.theme.assets import asset

# What of docs/ the landing page shows whole, and where.
MARTS, GLOSSARY = "marts", "glossary"
PARTS = {"scores": "how_scores_are_made", "acting": "acting", "limits": "limits"}
LAYERS = (
    ("source", "Sources", "raw events and lists, as the shop has them"),
    ("staging", "Staging", "the same columns from every source"),
    (
        "intermediate",
        "Intermediate",
        "checked, joined to customers, cut into sessions, facts and features",
    ),
    ("python_models", "Python models", "train, score, test"),
    ("marts", "Marts", "what you read: contracts, keys, owners"),
)


def landing_page(lineage: Lineage, pages: Sequence[Page], counts: Mapping[str, int]) -> str:
    """Return the landing page.

    Parameters
    ----------
    lineage
        Of the project.
    pages
        Those of docs/.
    counts
        Of `test` and `unit_test`.

    Raises
    ------
    SiteError
        Docs/ lacks a page or a mart that the landing page shows.
    """
    by_name = {page.name: page for page in pages}
    for name in (MARTS, GLOSSARY, "overview_of_project", *PARTS.values()):
        if name not in by_name:
            raise SiteError(f"docs/{name}.md is missing: the landing page shows it.")
    project = lineage.project
    return (
        _environment()
        .get_template("index.html")
        .render(
            **_common(""),
            lead=by_name["overview_of_project"].lead,
            layers=[
                {"name": name, "title": title, "words": words, "count": _count(project, name)}
                for name, title, words in LAYERS
            ],
            coverage=lineage.coverage(),
            tests=counts["test"],
            unit_tests=counts["unit_test"],
            marts=project.marts(),
            mart_groups=_mart_groups(project, by_name[MARTS]),
            parts=[
                {
                    "anchor": anchor,
                    "title": by_name[name].title,
                    "html": Markup(_moved(by_name[name].sections[0].html)),
                }
                for anchor, name in PARTS.items()
            ],
            glossary=[_shown(one) for one in by_name[GLOSSARY].sections[1:]],
            pages=pages,
        )
    )


def text_page(page: Page) -> str:
    """Return a page of docs/ in the dress of the site."""
    shown = {"title": page.title, "html": Markup(page.html)}
    return _environment().get_template("page.html").render(**_common("../"), page=shown)


def lineage_page(lineage: Lineage) -> str:
    """Return the page that traces columns; it holds the whole lineage."""
    data = json.dumps(lineage_data(lineage), separators=(",", ":"), sort_keys=True)
    return (
        _environment()
        .get_template("lineage.html")
        .render(
            **_common(""),
            coverage=lineage.coverage(),
            data=Markup(data.replace("<", "\\u003c")),
            script=Markup(asset("lineage.js", "footfall.lineage")),
        )
    )


def lineage_data(lineage: Lineage) -> dict[str, Any]:
    """Return the lineage as the page reads it: a place is the numbers of a table and a column."""
    relations = sorted(lineage.project.relations.values(), key=lambda one: (one.name, one.id))
    numbers = {one.id: number for number, one in enumerate(relations)}
    columns = {
        Place(one.id, name): number for one in relations for number, name in enumerate(one.columns)
    }

    def place(one: Place) -> list[int]:
        return [numbers[one.relation], -1 if one.column == ROWS else columns[one]]

    def told(relation: Relation) -> dict[str, Any]:
        table = lineage.tables.get(relation.id)
        return {
            "id": relation.id,
            "name": relation.name,
            "kind": relation.kind,
            "layer": relation.layer,
            "language": relation.language,
            "description": relation.description,
            "is_start": table is None,
            "rows": [] if table is None else [place(one) for one in table.rows],
            "conditions": [] if table is None else [place(one) for one in table.conditions],
            "columns": [_told_column(lineage, relation, name, place) for name in relation.columns],
        }

    return {
        "tables": [told(relation) for relation in relations],
        "exposures": [
            {
                "label": one.label,
                "tables": [numbers[parent] for parent in one.parents if parent in numbers],
            }
            for one in lineage.project.exposures
        ],
    }


def _told_column(lineage: Lineage, relation: Relation, name: str, place: Any) -> dict[str, Any]:
    column = relation.columns[name]
    origin = lineage.origin(Place(relation.id, name))
    return {
        "name": name,
        "type": column.type,
        "description": column.description,
        "from": [] if origin is None else [place(one) for one in origin.inputs],
        "steps": [] if origin is None else [[one.inside, one.sql] for one in origin.steps],
        "problems": [] if origin is None else list(origin.problems),
    }


def _mart_groups(project: Project, page: Page) -> list[dict[str, Any]]:
    marts = {one.name: one for one in project.marts()}
    groups: list[dict[str, Any]] = []
    for section in page.sections:
        if section.level == 2:
            groups.append({"title": section.title, "marts": []})
        elif section.level == 3:
            mart = marts.pop(section.title, None)
            # A mart of a source or a part that this warehouse does not hold is not shown.
            if mart is not None:
                groups[-1]["marts"].append(
                    {
                        "name": mart.name,
                        "id": mart.id,
                        "columns": len(mart.columns),
                        "html": Markup(_moved(section.html)),
                    }
                )
    if marts:
        raise SiteError(
            f"docs/marts.md does not say how to read {', '.join(sorted(marts))}. Add a section "
            "for each."
        )
    return [group for group in groups if group["marts"]]


def _count(project: Project, layer: str) -> int:
    return sum(one.layer == layer for one in project.relations.values())


def _shown(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "anchor": section.anchor,
        "html": Markup(_moved(section.html)),
    }


def _moved(html: str) -> str:
    """Move links between pages for the landing page, one folder above them."""
    return re.sub(r'href="(?!#|https?:|mailto:)', 'href="pages/', html)


def _common(root: str) -> dict[str, Any]:
    style = asset("colours.css") + asset("page.css") + asset("site.css", __package__)
    return {"style": Markup(style), "root": root}


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("footfall.pages.site", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
