"""Whose report it is: source, period and the totals that every section agrees with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from footfall.pages.report.warehouse import Marts, ReportError


@dataclass(frozen=True)
class Heading:
    """Totals of the mart sessions without bots; amounts are net of discounts, before refunds."""

    sources: tuple[str, ...]
    first_day: date
    last_day: date
    session_count: int
    visitor_count: int
    customer_count: int
    converted_session_count: int
    amount: float
    bot_session_count: int
    loaded_at: datetime
    disagreeing: tuple[str, ...]


def read_heading(marts: Marts) -> Heading:
    """Return the totals, and the names of marts that show another number of sessions.

    Raises
    ------
    ReportError
        No session is left without the bots.
    """
    ((*totals, sources),) = marts.rows("""
        select
            min(started_at) filter (not is_bot),
            max(ended_at) filter (not is_bot),
            count(*) filter (not is_bot),
            count(distinct visitor_key) filter (not is_bot),
            count(distinct customer_key) filter (not is_bot),
            count(*) filter (not is_bot and is_converted),
            coalesce(sum(cast(amount as decimal(24, 4))) filter (not is_bot), 0),
            count(*) filter (is_bot),
            max(loaded_at),
            list_sort(list(distinct source))
        from sessions
    """)
    first, last, sessions, visitors, customers, converted, paid, bots, loaded = totals
    if not sessions:
        raise ReportError("marts.sessions is empty: there is no journey to report on.")
    return Heading(
        sources=tuple(sources),
        first_day=first.date(),
        last_day=last.date(),
        session_count=sessions,
        visitor_count=visitors,
        customer_count=customers,
        converted_session_count=converted,
        amount=float(paid),
        bot_session_count=bots,
        loaded_at=loaded,
        disagreeing=_disagreeing(marts, sessions, float(paid)),
    )


def _disagreeing(marts: Marts, sessions: int, paid: float) -> tuple[str, ...]:
    if marts.missing("journey_paths"):
        return ()
    ((path_sessions, path_amount),) = marts.rows("""
        select sum(session_count), sum(cast(amount as decimal(24, 4)))
        from journey_paths
        where level = 'stage'
    """)
    # Paths round each amount to a thousandth, so a hair is not a disagreement.
    agrees = path_sessions == sessions and abs(float(path_amount or 0) - paid) < 0.01 + 1e-6 * paid
    return () if agrees else ("journey_paths",)
