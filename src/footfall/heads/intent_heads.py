"""Heads of purchase intent: fitted once a week, stored, and applied to the sessions of the moment.

What is learned and tested ends with the last Tuesday that is over, so that it stays the same
through the week that follows, and no weekend is cut in two.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from footfall.core.fingerprints import combined_fingerprint, table_fingerprint
from footfall.core.identity import Identity
from footfall.core.progress import Progress
from footfall.core.stored_rows import SCHEMA, ArtifactError, Artifacts, Values, load, to_table
from footfall.heads.code import code_fingerprint
from footfall.heads.cutoffs.settings import HeadSettings
from footfall.heads.fields import from_values, to_values
from footfall.heads.intent import IntentModel, fit_intent
from footfall.heads.prefixes import (
    MICROSECONDS_A_DAY,
    PREFIX_LENGTHS,
    TARGETS,
    Prefixes,
    PrefixSpace,
    clock,
    read_prefixes,
)
from footfall.heads.runs import constant, day_to_date

INTENT_SCHEMA = pa.schema(
    [
        ("session_id", pa.string()),
        ("prefix_length", pa.int32()),
        ("prefix_at", pa.timestamp("us", tz="UTC")),
        ("is_open", pa.bool_()),
        ("session_probability", pa.float64()),
        ("week_probability", pa.float64()),
        ("method", pa.string()),
        ("run_id", pa.string()),
        ("cutoff_date", pa.date32()),
        ("run_metadata", pa.string()),
    ]
)
#: Columns that say nothing of what a session was like: they move with the clock or the identity.
_KEYS = ("session_id", "prefix_length")
_NOT_LEARNED = ("now_at", "now_clock_at", "session_clock_at", "is_open", "visitor_no")
_DAYS_A_WEEK, _WEDNESDAY = 7, 6


@dataclass(frozen=True)
class IntentWindow:
    """Which sessions are learned from and tested; a function of the newest one and the calendar.

    Attributes
    ----------
    now
        Microseconds of the newest event.
    until
        Microseconds before which a prefix has to be to be learned from or tested: the end of a
        week, or now where that is not over yet.
    end
        The day after the last of the week, in days since 1970-01-01.
    """

    now: int
    until: int
    end: int

    def rows(self, prefixes: pa.Table, history_days: int) -> pa.Table:
        """Return the prefixes of the window, of sessions that began within the history."""
        began = clock(prefixes, "session_started_at")
        at = clock(prefixes, "prefix_at")
        since = self.until - history_days * MICROSECONDS_A_DAY
        return prefixes.filter(
            pc.and_(pc.greater_equal(began, since), pc.less(at, self.end * MICROSECONDS_A_DAY))
        )

    def tested(self, target: str, test_days: int) -> tuple[int, int]:
        """Return the first day that is tested and the day after the last: outcomes are known."""
        end = self.end - (0 if target == "buys_in_session" else TARGETS[target])
        return end - 1 - test_days, end


@dataclass(frozen=True)
class IntentHead:
    """What is fitted after so many events: a model a target, or the rate where there is none."""

    session: IntentModel | None
    session_rate: float
    week: IntentModel | None
    week_rate: float


def window_of(prefixes: pa.Table) -> IntentWindow:
    """Return the window of `int_session_prefixes`, which has rows.

    A shop that is younger than two weeks learns from what there is, again each day.
    """
    now = int(pc.max(clock(prefixes, "now_at")).as_py())
    first = int(pc.min(clock(prefixes, "prefix_at")).as_py()) // MICROSECONDS_A_DAY
    tomorrow = now // MICROSECONDS_A_DAY + 1
    end = tomorrow - (tomorrow - _WEDNESDAY) % _DAYS_A_WEEK
    if first > end - 2 * _DAYS_A_WEEK:
        end = tomorrow
    return IntentWindow(now, min(now, end * MICROSECONDS_A_DAY), end)


def train_intent(
    prefixes: pa.Table,
    states: pa.Table | None = None,
    *,
    settings: HeadSettings,
    recent_days: int = 7,
    history_days: int = 120,
    previous: pa.Table | None = None,
    progress: Progress,
) -> pa.Table:
    """Fit the heads of intent where a week has ended, or a session that they learned from changed.

    Parameters
    ----------
    prefixes
        `int_session_prefixes`.
    states
        `attention_states`, None or empty for features alone.
    settings
        Of the heads.
    recent_days
        Days before the end of the window that are not learned from: those that are scored.
    history_days
        Days that are learned from.
    previous
        The existing heads; given back where nothing has moved.
    progress
        Called with a line of text for each step.

    Returns
    -------
    Rows of :data:`footfall.core.stored_rows.SCHEMA`; none where there is no session.
    """
    started = perf_counter()
    if prefixes.num_rows == 0:
        return SCHEMA.empty_table()
    read_prefixes(prefixes.slice(0, 0))
    window = window_of(prefixes)
    known = window.rows(prefixes, history_days)
    origin = window.until - recent_days * MICROSECONDS_A_DAY
    data = _learned(known, states, origin)
    decided = {**settings.of_fits(), "recent_days": recent_days, "history_days": history_days}
    identity = Identity(code_fingerprint(), data, decided, "cpu")
    if previous is not None and _fingerprint_of(previous) == identity.fingerprint:
        progress("intent: nothing new to learn from, the heads stand")
        return previous
    rows = read_prefixes(known, states)
    fits: dict[str, Values] = {"shared": to_values(rows.space, "space")}
    metrics: dict[str, Any] = {}
    # The heads are kept for a week, in which the first session of a length may come.
    for length in PREFIX_LENGTHS:
        found = {target: fit_intent(rows, length, target, origin, settings) for target in TARGETS}
        for target, (model, rate) in found.items():
            metrics[f"{target}_{length}"] = {"rate": round(rate, 6), "fitted": model is not None}
        head = IntentHead(*found["buys_in_session"], *found["buys_in_7_days"])
        fits[f"after_{length}"] = to_values(head, "head")
        progress(f"intent: after {length} events done")
    run_id = f"intent-{identity.fingerprint[:16]}"
    run = {
        "run_id": run_id,
        "score": "intent",
        "fitted_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "code_fingerprint": identity.code_fingerprint,
        "data_fingerprint": identity.data_fingerprint,
        "fingerprint": identity.fingerprint,
        "cutoff_date": day_to_date(window.now // MICROSECONDS_A_DAY).isoformat(),
        "seed": settings.seed,
        "device": identity.device_type,
        "seconds": round(perf_counter() - started, 3),
        "metrics": metrics,
    }
    return to_table(run_id, run, fits)


def score_intent(
    stored: pa.Table,
    prefixes: pa.Table,
    states: pa.Table | None = None,
    *,
    recent_days: int = 7,
    progress: Progress,
) -> pa.Table:
    """Score the sessions of the last days, open ones included, after each prefix they reached.

    Parameters
    ----------
    stored
        `intent_heads`, the rows that :func:`train_intent` returned.
    prefixes, states
        As there; only the sessions that are scored are needed.
    recent_days
        How far back sessions are scored.
    progress
        Called with a line of text for each step.

    Returns
    -------
    Columns of :data:`INTENT_SCHEMA`. The chance in the session is null where the visitor has
    bought already. ``method`` is `fitted`, or `base_rate` where there was too little to learn
    from.
    """
    if prefixes.num_rows == 0:
        return INTENT_SCHEMA.empty_table()
    heads, rows, day = heads_and_recent(stored, prefixes, states, recent_days)
    metadata = _metadata(heads)
    tables = [INTENT_SCHEMA.empty_table()]
    for length in np.unique(rows.length):
        asked = np.flatnonzero(rows.length == length)
        head = head_of(heads, int(length))
        chances = {}
        for name, model, rate in (
            ("session", head.session, head.session_rate),
            ("week", head.week, head.week_rate),
        ):
            known = np.full(len(asked), rate) if model is None else model.probability(rows, asked)
            chances[name] = known
        chances["session"] = np.where(rows.open_to_buy[asked], chances["session"], np.nan)
        is_fitted = head.session is not None and head.week is not None
        part, count = rows.table.take(asked), len(asked)
        columns = {
            "session_id": part["session_id"],
            "prefix_length": part["prefix_length"],
            "prefix_at": part["prefix_at"],
            "is_open": part["is_open"],
            "session_probability": pa.array(chances["session"], from_pandas=True),
            "week_probability": pa.array(chances["week"]),
            "method": constant("fitted" if is_fitted else "base_rate", count, pa.string()),
            "run_id": constant(heads.run_id, count, pa.string()),
            "cutoff_date": constant(day_to_date(day), count, pa.date32()),
            "run_metadata": constant(metadata, count, pa.string()),
        }
        arrays = [columns[field.name].cast(field.type) for field in INTENT_SCHEMA]
        tables.append(pa.table(arrays, schema=INTENT_SCHEMA))
    progress(f"intent: {len(rows.at)} prefixes scored by {heads.run_id}")
    return pa.concat_tables(tables)


def read_by_trial(
    known: pa.Table, states: pa.Table | None, target: str, days: tuple[int, int]
) -> str:
    """Return the digest of what the back-test of a target reads: prefixes, states and outcomes.

    Intervals resample the visitors of the tested sessions.
    """
    cut, end = (day * MICROSECONDS_A_DAY for day in days)
    at = clock(known, "prefix_at")
    tested = pc.and_(pc.greater_equal(at, cut), pc.less(at, end))
    return combined_fingerprint(
        _rows_digest(known, {target: pc.less(at, end), "visitor_no": tested}),
        _states_digest(known, states),
    )


def _learned(known: pa.Table, states: pa.Table | None, origin: int) -> str:
    """Return the digest of the prefixes whose outcomes were known at the origin, and states."""
    rows = known.filter(pc.less(clock(known, "prefix_at"), origin))
    at = clock(rows, "prefix_at")
    told = {
        target: pc.less(at, origin - wait * MICROSECONDS_A_DAY) for target, wait in TARGETS.items()
    }
    return combined_fingerprint(str(origin), _rows_digest(rows, told), _states_digest(rows, states))


def _rows_digest(known: pa.Table, told: dict[str, pa.ChunkedArray]) -> str:
    """Return the digest of features, and of what else is read where ``told`` says so.

    Ids settle the order of sessions and nothing else. A session that turns out to be another
    visitor's has a new one: it is the same to learn from unless the order changes, or the visitor
    was identified by then, whose state is read.
    """
    order = pc.sort_indices(known, [(name, "ascending") for name in ("prefix_at", *_KEYS)])
    place = np.empty(known.num_rows, dtype=np.int64)
    place[order.to_numpy()] = np.arange(known.num_rows)
    unread = {*_NOT_LEARNED, *TARGETS, "session_id"}
    rows = known.drop_columns([name for name in known.column_names if name in unread])
    rows = rows.append_column("place", pa.array(place))
    nobody = pa.scalar(None, known["visitor_no"].type)
    is_apart = pc.is_valid(known["f_past_visits"])
    rows = rows.append_column("apart", pc.if_else(is_apart, known["visitor_no"], nobody))
    for name, where in told.items():
        nothing = pa.scalar(None, known[name].type)
        rows = rows.append_column(name, pc.if_else(where, known[name], nothing))
    return table_fingerprint(rows)


def _states_digest(known: pa.Table, states: pa.Table | None) -> str:
    """Return the digest of the states of the visitors' customers up to the newest prefix."""
    if states is None or states.num_rows == 0 or known.num_rows == 0:
        return ""
    newest = day_to_date(pc.max(clock(known, "prefix_at")).as_py() // MICROSECONDS_A_DAY)
    told_apart = known.filter(pc.is_valid(known["f_past_visits"]))
    visitors = told_apart["visitor_no"].cast(pa.int64()).combine_chunks().unique()
    chosen = states.filter(
        pc.and_(
            pc.less_equal(states["cutoff_date"], pa.scalar(newest)),
            pc.is_in(states["customer_no"].cast(pa.int64()), visitors),
        )
    )
    return table_fingerprint(chosen.select(["customer_no", "cutoff_date", "state"]))


def _fingerprint_of(previous: pa.Table) -> str | None:
    try:
        found = load(previous).run.get("fingerprint") if previous.num_rows else None
    except ArtifactError:
        return None
    return found if isinstance(found, str) else None


def heads_and_recent(
    stored: pa.Table, prefixes: pa.Table, states: pa.Table | None, recent_days: int
) -> tuple[Artifacts, Prefixes, int]:
    """Return the stored heads, the prefixes of the last days, and the day that it is.

    Arguments as for :func:`score_intent`; there is a prefix at least.
    """
    heads = load(stored)
    now = int(pc.max(clock(prefixes, "now_at")).as_py())
    since = now - recent_days * MICROSECONDS_A_DAY
    recent = prefixes.filter(pc.greater_equal(clock(prefixes, "prefix_at"), since))
    space = from_values(PrefixSpace, heads.fits["shared"], "space")
    return heads, read_prefixes(recent, states, space), now // MICROSECONDS_A_DAY


def head_of(heads: Artifacts, length: int) -> IntentHead:
    """Return what was fitted after so many events.

    Raises
    ------
    ValueError
        When the run has no head of this length; it names it.
    """
    values = heads.fits.get(f"after_{length}")
    if values is None:
        raise ValueError(
            f"the run {heads.run_id} has no head for sessions after {length} events: "
            "build intent_heads first"
        )
    return from_values(IntentHead, values, "head")


def _metadata(heads: Artifacts) -> str:
    run = {name: value for name, value in heads.run.items() if name not in ("format", "digest")}
    return json.dumps(run, sort_keys=True)
