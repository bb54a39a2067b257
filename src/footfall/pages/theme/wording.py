"""Numbers, shares, times and names as people read them."""

from __future__ import annotations

from datetime import date

from footfall.pages.theme.words import Words

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


def duration(seconds: float | None, words: Words) -> str:
    """Return seconds in the unit that fits."""
    if seconds is None:
        return UNKNOWN
    if seconds < 90:
        return words.say("unit.seconds", count=f"{seconds:.0f}")
    if seconds < 5400:
        return words.say("unit.minutes", count=f"{seconds / 60:.1f}")
    if seconds < 129600:
        return words.say("unit.hours", count=f"{seconds / 3600:.1f}")
    return words.say("unit.days", count=f"{seconds / 86400:.1f}")


def day(value: date, words: Words) -> str:
    """7 March 2025."""
    month_name = words.text(f"month.{value.month}")
    return words.say("date.day", day=value.day, month=month_name, year=value.year)


def month(value: date, words: Words) -> str:
    """Mar 2025."""
    short_name = words.text(f"month.short.{value.month}")
    return words.say("date.month", month=short_name, year=value.year)


def short_months(words: Words) -> str:
    """Return what the months are called at the axes of charts, January first, for page.js."""
    return "|".join(words.text(f"month.short.{number}") for number in range(1, 13))


def words(name: str) -> str:
    """Return a name of the warehouse as words: bought_later becomes bought later."""
    return name.replace("_", " ")
