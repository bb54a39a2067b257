"""Values as people read them, in the formats that a board may ask for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from footfall.pages.boards.definitions import Format
from footfall.pages.theme import wording

# How Plotly writes the same values at its axes.
TICKS: dict[str, str] = {
    "count": ",", "amount": ",", "share": ".0%", "decimal": ".2f", "tenths": ".1f",
    "signed": "+.0f", "days": ",",
}  # fmt: skip


@dataclass(frozen=True)
class Wording:
    """Words values; a currency goes with every amount where one is known."""

    currency: str = ""

    def __call__(self, value: Any, form: Format) -> str:
        """Return the value in words; a dash where there is none.

        Raises
        ------
        ValueError
            The value does not go with the format.
        """
        if value is None:
            return wording.UNKNOWN
        if form in ("text", "words", "key"):
            text = str(value)
            return {"words": wording.words(text), "key": shortened(text)}.get(form, text)
        if form == "yes_no":
            return "yes" if value else "no"
        if form in ("day", "month", "time"):
            return _moment(value, form)
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise ValueError(f"{value!r} is no number, and the format is {form}")
        return self._number(float(value), form)

    def _number(self, value: float, form: Format) -> str:
        if form == "amount":
            return self._amount(value)
        if form == "share":
            return f"{value:.1%}" if abs(value) < 0.995 else f"{value:.0%}"
        if form == "decimal":
            return f"{value:,.3f}"
        if form == "tenths":
            return f"{value:,.1f}"
        if form == "signed":
            return f"{value:+,.1f}"
        if form == "days":
            return f"{value:,.0f} day" + ("" if round(value) == 1 else "s")
        return f"{value:,.0f}"

    def _amount(self, value: float) -> str:
        text = wording.amount(value)
        if not self.currency:
            return text
        if len(self.currency) > 1:
            return f"{text}\N{NO-BREAK SPACE}{self.currency}"
        sign = "-" if text.startswith("-") else ""
        return f"{sign}{self.currency}{text.removeprefix('-')}"

    def change(self, now: float, before: float, form: Format) -> str:
        """Return how a figure moved: shares by points, all else by per cent of what it was."""
        if form == "share":
            return f"{100 * (now - before):+.1f} points"
        return f"{(now - before) / abs(before):+.1%}"


def shortened(key: str) -> str:
    """Return the head of a long key: enough to find it by."""
    return key if len(key) <= 10 else f"{key[:8]}…"


def _moment(value: Any, form: Format) -> str:
    if not isinstance(value, date):
        raise ValueError(f"{value!r} is no date, and the format is {form}")
    if form == "time":
        return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else f"{value:%Y-%m-%d}"
    return wording.month(value) if form == "month" else f"{value.day} {value:%b %Y}"
