"""Numbers, shares, times and names as people read them."""

from __future__ import annotations

from datetime import date

UNKNOWN = "-"


def count(value: float | None) -> str:
    """12,345."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def amount(value: float | None) -> str:
    """Whole units from 100 on, else two decimals: nobody reads the pennies of a month."""
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"


def share(value: float | None) -> str:
    """Return a share as per cent, with a decimal where it is small."""
    if value is None:
        return UNKNOWN
    return f"{value:.1%}" if abs(value) < 0.1 else f"{value:.0%}"


def duration(seconds: float | None) -> str:
    """Return seconds in the unit that fits."""
    if seconds is None:
        return UNKNOWN
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.1f} min"
    if seconds < 129600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"


def day(value: date) -> str:
    """7 March 2025."""
    return f"{value.day} {value:%B %Y}"


def month(value: date) -> str:
    """Mar 2025."""
    return f"{value:%b %Y}"


def words(name: str) -> str:
    """Return a name of the warehouse as words: bought_later becomes bought later."""
    return name.replace("_", " ")
