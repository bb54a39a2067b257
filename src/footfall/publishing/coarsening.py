"""What a publication shows of columns that could single a person out.

A few exact facts are enough to find a person among millions: sex, date of birth and place did for
most Americans (Sweeney, "Simple Demographics Often Identify People Uniquely", 2000). The warehouse
keeps exact columns; whoever reads the publication sees them coarser, under the same names and with
the same types.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import duckdb

from footfall.core.quoting import quoted, sql_text
from footfall.publishing.checksums import columns_of
from footfall.publishing.contents import Mart, PublishingError

# Columns that lead from a row to a person, by themselves or through another mart.
KEYS_OF_PEOPLE = frozenset(
    {"customer_key", "visitor_key", "anonymous_key", "session_id", "order_key"}
)
_TIMES = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")


@dataclass(frozen=True)
class Form:
    """A way to publish a column.

    Attributes
    ----------
    sql
        What is shown in place of `{column}`, which is `{clock}` by the clock of the shop; the
        result is cast to the column's own type.
    note
        What the description of the column says of it, for readers of the publication.
    kinds
        The types of columns that it fits; empty where it fits all.
    """

    sql: str
    note: str
    kinds: tuple[str, ...] = ()


# What `meta: {published_as: …}` of a column may say.
FORMS: Mapping[str, Form] = {
    "exact": Form("{column}", ""),
    "day": Form(
        "date_trunc('day', {clock})", "Published as the day in the shop, at 00:00 UTC.", _TIMES
    ),
    "month": Form(
        "date_trunc('month', {clock})",
        "Published as the first day of the month in the shop, at 00:00 UTC.",
        (*_TIMES, "DATE"),
    ),
    "quarter_of_day": Form(
        "{column} - {column} % 6",
        "Published as the hour that its quarter of the day begins with: 0, 6, 12 or 18.",
        ("INTEGER", "BIGINT"),
    ),
    "withheld": Form("null", "Not published: empty here."),
}


def coarsened(cursor: duckdb.DuckDBPyConnection, mart: Mart, zone: str = "UTC") -> Mart:
    """Return a mart as its readers are to see it.

    Columns without a declared form are shown as they are, with one exception: a time in a mart that
    leads to people is shown as its day.

    Parameters
    ----------
    cursor
        A connection to the warehouse whose time zone is UTC.
    mart
        The mart in the warehouse.
    zone
        IANA name of the time zone that the shop's days are cut in.

    Returns
    -------
    Mart
        The same mart with a query as its relation, and with notes in the descriptions of the
        columns that are shown otherwise.

    Raises
    ------
    PublishingError
        A column is declared to be published in a form that there is not, or that does not fit it.
    """
    kinds = columns_of(cursor, mart.relation)
    for column in mart.published_as.keys() - kinds.keys():
        raise _problem(mart, column, "it has no such column")
    leads_to_people = not KEYS_OF_PEOPLE.isdisjoint(kinds)
    selected: list[str] = []
    described = dict(mart.columns)
    for column, kind in kinds.items():
        default = "day" if leads_to_people and kind in _TIMES else "exact"
        form = _form(mart, column, kind, mart.published_as.get(column, default))
        name = quoted(column)
        if form is FORMS["exact"]:
            selected.append(name)
            continue
        shown = form.sql.format(column=name, clock=_clock(name, kind, zone))
        selected.append(f"cast({shown} as {kind}) as {name}")
        described[column] = " ".join(part for part in (mart.columns.get(column), form.note) if part)
    if all(name == quoted(column) for name, column in zip(selected, kinds, strict=True)):
        return mart
    relation = f"(select {', '.join(selected)} from {mart.relation})"
    return replace(mart, relation=relation, columns=described)


def _clock(name: str, kind: str, zone: str) -> str:
    """Return a time as clocks of the shop show it; a date is one already."""
    if zone == "UTC" or kind != "TIMESTAMP WITH TIME ZONE":
        return name
    return f"({name} at time zone {sql_text(zone)})"


def _form(mart: Mart, column: str, kind: str, name: str) -> Form:
    form = FORMS.get(name)
    if form is None:
        problem = f"there is no such form; use one of {', '.join(FORMS)}"
    elif form.kinds and kind not in form.kinds:
        problem = f"that fits {' and '.join(form.kinds)}, and the column is {kind}"
    elif column in mart.key and name != "exact":
        problem = "rows are told apart by this column; only exact fits it"
    else:
        return form
    raise _problem(mart, column, problem)


def _problem(mart: Mart, column: str, problem: str) -> PublishingError:
    return PublishingError(
        f"the YAML of {mart.name} declares `published_as: {mart.published_as[column]}` for "
        f"{column}, and {problem}."
    )
