"""Values as people read them, in the formats that a board may ask for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from footfall.pages.boards.definitions import Format
from footfall.pages.theme import wording
from footfall.pages.theme.words import Words

# How Plotly writes the same values at its axes.
TICKS: dict[str, str] = {
    "count": ",", "amount": ",", "share": ".0%", "decimal": ".2f", "tenths": ".1f",
    "signed": "+.0f", "days": ",",
}  # fmt: skip


@dataclass(frozen=True)
class Wording:
    """Words values in a language; a currency goes with every amount where one is known."""

    words: Words
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
        if form in ("text", "words", "idea", "key"):
            text = str(value)
            worded = {
                "words": self.words.name(text),
                "idea": self.words.idea(text),
                "key": shortened(text),
            }
            return worded.get(form, text)
        if form == "yes_no":
            return self.words.text("name.yes" if value else "name.no")
        if form in ("day", "month", "month_name", "time"):
            return self._moment(value, form)
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise ValueError(f"{value!r} is no number, and the format is {form}")
        return self._number(float(value), form)

    def _number(self, value: float, form: Format) -> str:
        if form == "amount":
            return self._amount(value)
        if form == "share":
            return f"{value:.1%}" if abs(value) < 0.995 else f"{value:.0%}"
        if form == "chance":
            return "< 0.001" if value < 0.001 else f"{value:.3f}"
        if form == "decimal":
            return f"{value:,.3f}"
        if form == "tenths":
            return f"{value:,.1f}"
        if form == "signed":
            return f"{value:+,.1f}"
        if form == "days":
            key = "unit.day" if round(value) == 1 else "unit.days"
            return self.words.say(key, count=f"{value:,.0f}")
        return f"{value:,.0f}"

    def _amount(self, value: float) -> str:
        text = wording.amount(value)
        if not self.currency:
            return text
        if len(self.currency) > 1:
            return f"{text}\N{NO-BREAK SPACE}{self.currency}"
        sign = "-" if text.startswith("-") else ""
        return f"{sign}{self.currency}{text.removeprefix('-')}"

    def _moment(self, value: Any, form: Format) -> str:
        if not isinstance(value, date):
            raise ValueError(f"{value!r} is no date, and the format is {form}")
        if form == "time":
            pattern = "%Y-%m-%d %H:%M" if isinstance(value, datetime) else "%Y-%m-%d"
            return value.strftime(pattern)
        if form == "month_name":
            return self.words.text(f"month.{value.month}")
        return self.words.say(
            "date.month" if form == "month" else "date.day",
            day=value.day,
            month=self.words.text(f"month.short.{value.month}"),
            year=value.year,
        )

    def change(self, now: float, before: float, form: Format) -> str:
        """Return how a figure moved: shares by points, all else by per cent of what it was."""
        if form == "share":
            return self.words.say("unit.points", count=f"{100 * (now - before):+.1f}")
        return f"{(now - before) / abs(before):+.1%}"


def shortened(key: str) -> str:
    """Return the head of a long key: enough to find it by."""
    return key if len(key) <= 10 else f"{key[:8]}…"
