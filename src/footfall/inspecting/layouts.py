"""What an input looks like by its columns, and which of them hold what the contract asks for."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from footfall.core.yaml_files import parsed_yaml

#: A file without a column for the type of its events that names orders is one of purchases.
PURCHASE = "purchase"
#: One whose only times are of refunds is one of refunds, such as a payment provider's.
REFUND = "refund"
_NAMES_OF_REFUNDS = re.compile(r"refund|credit.?note|(^|[^a-z])returns?([^a-z]|$)", re.IGNORECASE)
_NAMES_OF_SALES = re.compile(r"orders|sales|purchases", re.IGNORECASE)
_MONEY_OF_REFUNDS = ("refundamount", "refundedamount", "amountrefunded", "refundtotal", "refund")
_COLUMNS_OF_REFUNDS = ("refundid", "refundreason", "refundnumber", "creditnoteid", "returnid")
_TIMES_OF_REFUNDS = (
    *("refundedat", "refunddate", "refundedon", "refundtime", "refundcreatedat"),
    *("returnedat", "returndate", "returnedon"),
)


@dataclass(frozen=True)
class Layout:
    """A shape that a tool exports.

    Attributes
    ----------
    title
        What it is called.
    source
        The source that reads it.
    needs
        Columns that it has, as `plain` writes them; of those with bars between them one is enough.
    columns
        Columns of the contract, each with the column or path that holds it, or several of which the
        first that is filled counts; for `custom` only.
    variables
        Further vars of the mapping.
    event_type
        The type of all its events; empty where a column has it.
    advice
        What the reader of the report should know.
    """

    title: str
    source: str
    needs: Sequence[str]
    columns: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    event_type: str = ""
    advice: str = ""


@dataclass(frozen=True)
class Known:
    """What `layouts.yml` knows: layouts in their order, and spellings by column of the contract."""

    layouts: Sequence[Layout]
    spellings: Mapping[str, Sequence[str]]


@cache
def known() -> Known:
    """Return the layouts and spellings that there are."""
    file = Path(__file__).with_name("layouts.yml")
    read = parsed_yaml(file.read_text(encoding="utf-8"))
    return Known([Layout(**one) for one in read["layouts"]], read["spellings"])


#: What else a mapping of events may name: where a visit came from, and who a row is of, where one
#: id is that of a device before the login and of a customer after it.
FURTHER_COLUMNS = (
    *("page_url", "referrer", "gclid", "gbraid", "wbraid", "dclid", "msclkid", "yclid", "ttclid"),
    *("twclid", "li_fat_id", "fbclid", "distinct_id", "is_identified"),
)
#: Columns without which nothing can be read.
REQUIRED = ("customer_id", "event_at", "event_type")
#: What is likelier the total of an order than the amount of a line, as `plain` writes it.
_OF_ORDERS = frozenset(
    ("total", "totalamount", "totalprice", "ordertotal", "ordervalue", "grandtotal", "subtotal")
)
_MONEY = frozenset(("quantity", "unit_price", "amount"))
_ORDER_LIKE = ("order_id", "amount", "unit_price")


@dataclass(frozen=True)
class Proposal:
    """How an input of one's own could be read.

    Attributes
    ----------
    columns
        Column or path by the name of the contract, or several of which the first that is filled
        counts.
    variables
        Further vars of the layout's mapping.
    others
        Further columns that could be meant, by the name of the contract.
    event_type
        The type of all rows; empty where a column has it.
    missing
        Required columns for which none was found.
    """

    columns: Mapping[str, str | Sequence[str]]
    others: Mapping[str, Sequence[str]]
    event_type: str
    missing: Sequence[str]
    variables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names_orders_alone(self) -> bool:
        """Whether rows are refunds that name their order, and no customer."""
        return (
            self.event_type == REFUND
            and list(self.missing) == ["customer_id"]
            and "order_id" in self.columns
        )


def plain(name: str) -> str:
    """Return a name in lower case, letters and digits alone."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def recognised(columns: Sequence[str]) -> Layout | None:
    """Return the layout that an input with these columns has; None where none is known.

    Examples
    --------
    >>> recognised(["event_time", "event_type", "product_id", "user_id", "user_session"]).title
    "REES46's events"
    """
    there = {plain(column) for column in columns}
    for layout in known().layouts:
        if all(there & set(needed.split("|")) for needed in layout.needs):
            return layout
    return None


def has_any(source: str, columns: Sequence[str]) -> bool:
    """Return whether an input has a column by which the source is known; sources may have none."""
    there = {plain(column) for column in columns}
    wanted = {
        name
        for layout in known().layouts
        if layout.source == source
        for needed in layout.needs
        for name in needed.split("|")
    }
    return not wanted or bool(there & wanted)


def proposed(
    columns: Sequence[str], contract: Sequence[str], layout: Layout | None, file_name: str = ""
) -> Proposal:
    """Propose which column holds what.

    Parameters
    ----------
    columns
        Columns of the input.
    contract
        Columns of events that can be mapped.
    layout
        What was recognised, if anything.
    file_name
        What the file or relation is called.
    """
    by_plain = {plain(column): column for column in reversed(columns)}
    chosen: dict[str, str | Sequence[str]] = {}
    others: dict[str, list[str]] = {}
    of_layout = {} if layout is None else layout.columns
    for name, paths in of_layout.items():
        held = [
            column
            for path in spelled(paths)
            if (column := _column_at(path, columns, by_plain)) is not None
        ]
        if held:
            chosen[name] = held if held[1:] else held[0]
    used = {column for held in chosen.values() for column in spelled(held)}
    for name in contract:
        # A layout that is known says itself what is money.
        if name in chosen or (of_layout and name in _MONEY):
            continue
        spellings = (plain(name), *known().spellings.get(name, ()))
        if of_layout and name not in REQUIRED:
            # What a tool has beyond its layout may mean something else: the device of a till.
            spellings = (plain(name),) if name in columns else ()
        found = list(
            dict.fromkeys(
                by_plain[spelling]
                for spelling in spellings
                if spelling in by_plain and by_plain[spelling] not in used
            )
        )
        if found:
            chosen[name] = found[0]
            used.add(found[0])
            if found[1:]:
                others[name] = found[1:]
    totals = {plain(column) for column in spelled(chosen.get("amount", []))} & _OF_ORDERS
    if {"quantity", "unit_price"} <= chosen.keys() and totals:
        # The line is worth quantity times price, and the order is counted once for each line else.
        del chosen["amount"]
    event_type = "" if layout is None else layout.event_type
    if not event_type and "event_type" not in chosen and any(one in chosen for one in _ORDER_LIKE):
        event_type = _guessed_type(chosen, by_plain, file_name)
    if event_type:
        chosen.pop("event_type", None)
    missing = [
        name
        for name in REQUIRED
        if name not in chosen and not (name == "event_type" and event_type)
    ]
    variables = {} if layout is None else dict(layout.variables)
    if "event_type" not in chosen:
        variables.pop("custom_event_names", None)
    return Proposal(chosen, others, event_type, missing, variables)


def is_named_for_refunds(file: str) -> bool:
    """Return whether the name of a file or relation says that it holds refunds.

    Examples
    --------
    >>> [is_named_for_refunds(name) for name in ("order_refunds.csv", "orders with refunds.csv")]
    [True, False]
    """
    return bool(_NAMES_OF_REFUNDS.search(file)) and not _NAMES_OF_SALES.search(file)


def files_by_type(files: Sequence[str]) -> Mapping[str, list[str]]:
    """Return the files of purchases and of refunds, as their names say it; nothing if all are one.

    Examples
    --------
    >>> files_by_type(["orders.csv", "refunds.csv"])
    {'purchase': ['orders.csv'], 'refund': ['refunds.csv']}
    >>> files_by_type(["orders.csv", "more.csv"])
    {}
    """
    found: dict[str, list[str]] = {PURCHASE: [], REFUND: []}
    for file in files:
        found[REFUND if is_named_for_refunds(Path(file).name) else PURCHASE].append(file)
    return found if all(found.values()) else {}


def typed_by_file(proposal: Proposal, columns: Sequence[str]) -> Proposal:
    """Return a proposal for files of purchases next to files of refunds, whose paths say which.

    What refunds call their time and money counts where the columns of orders are empty.
    """
    theirs = {"event_at": _TIMES_OF_REFUNDS, "amount": _MONEY_OF_REFUNDS}
    chosen = {
        name: column
        for name, column in proposal.columns.items()
        if name not in ("refunded_at", "order_refund", "line_refund")
    }
    for name, spellings in theirs.items():
        more = [column for column in columns if plain(column) in spellings]
        held = list(dict.fromkeys([*spelled(chosen.get(name, [])), *more]))
        if held:
            chosen[name] = held if held[1:] else held[0]
    return replace(proposal, columns=chosen, event_type="")


def _guessed_type(
    chosen: dict[str, str | Sequence[str]], by_plain: Mapping[str, str], file_name: str
) -> str:
    """Return the type of all rows of a file without a column for it, with what refunds need.

    A file of orders may have columns for what was given back of them.
    """
    times = [by_plain[one] for one in _TIMES_OF_REFUNDS if one in by_plain]
    money = [by_plain[one] for one in _MONEY_OF_REFUNDS if one in by_plain]
    # A row with money of its own and money given back is an order.
    has_both = bool(money) and any(
        column not in money
        for name in ("amount", "unit_price")
        for column in spelled(chosen.get(name, []))
    )
    says_so = not has_both and (
        (times and "event_at" not in chosen) or any(one in by_plain for one in _COLUMNS_OF_REFUNDS)
    )
    if is_named_for_refunds(file_name) or (says_so and not _NAMES_OF_SALES.search(file_name)):
        if times:
            chosen["event_at"] = times[0]
        if money:
            chosen["amount"] = money[0]
        return REFUND
    if money:
        chosen["line_refund" if "item_id" in chosen else "order_refund"] = money[0]
        if times:
            chosen["refunded_at"] = times[0]
    return PURCHASE


def spelled(columns: str | Sequence[str]) -> list[str]:
    """Return the columns that a mapping names for one of the contract: one, or several."""
    return [columns] if isinstance(columns, str) else list(columns)


def _column_at(path: str, columns: Sequence[str], by_plain: Mapping[str, str]) -> str | None:
    """Return a column, or a path into one, as the input spells it; None where it has none."""
    if path in columns or path.partition(".")[0] in columns:
        return path
    return by_plain.get(plain(path))
