"""Whether the new rows of a source may be taken in: not where too many are broken or a name is new.

A file whose date format changed last night would otherwise empty or freeze every mart while the
build is green, and an event with an unknown name would be noticed after everything was trained.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from footfall.builds.problems import BuildProblem

#: So many reasons of a source are shown; the others are counted.
_SHOWN = 5
#: So many unknown names of a source are shown, as each needs a decision; the others are counted.
_SHOWN_NAMES = 50
#: How alike two names are at least, from 0 to 1, where one is proposed for the other.
_ALIKE = 0.75
_WORD_BREAK = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Pending:
    """Rows of one source that share a reason, as `int_pending_rejections` has them.

    Attributes
    ----------
    source
        Name of the source.
    reason
        Why they break the contract; None for rows without fault.
    is_broken
        False for rows without fault and for those that are left out on purpose.
    row_count
        How many there are.
    first_received_on, last_received_on
        ISO dates.
    unknown_event_type
        The name that the contract does not know, where that is the reason.
    """

    source: str
    reason: str | None
    is_broken: bool
    row_count: int
    first_received_on: str
    last_received_on: str
    unknown_event_type: str | None


def check_rejections(
    *,
    pending: Iterable[Sequence[str | None]],
    known_names: Iterable[Sequence[str]],
    largest_share: float,
    arrivals: str,
) -> None:
    """Stop a run that would lose rows of which nobody has decided that they may go.

    Parameters
    ----------
    pending
        Rows of `int_pending_rejections` as texts, with the columns of `Pending` in their order.
    known_names
        Names of events that are translated, each with the event type that it leads to.
    largest_share
        Share of broken rows, from 0 to 1, up to which a source is taken in.
    arrivals
        The view that shows raw rows with their reasons.

    Raises
    ------
    BuildProblem
        A source is above that share, with its reasons, most frequent first; or it has events with
        unknown names, with a proposal for each. Values of rows are not shown, because they may be
        personal.

    Examples
    --------
    >>> days = ("2026-03-01", "2026-03-02")
    >>> good = ("custom", None, "false", "9", *days, None)
    >>> broken = ("custom", "event_at is no time", "true", "1", *days, None)
    >>> check_rejections(
    ...     pending=[good, broken], known_names=[], largest_share=0.5, arrivals="arrivals"
    ... )
    """
    rows = [_pending(row) for row in pending]
    proposals = {known[0]: known[1] for known in known_names}
    problems = []
    for name in sorted({row.source for row in rows}):
        own = [row for row in rows if row.source == name]
        problems += _unknown_names(name, own, proposals)
        problems += _too_many(name, own, largest_share, arrivals)
    if problems:
        raise BuildProblem(
            "\n".join(problems)
            + "\nNothing was taken in or published, and the rows are read again at the next build."
        )


def proposed_event_type(name: str, known_names: Mapping[str, str]) -> tuple[str, str] | None:
    """Find the known name that is most like an unknown one.

    Parameters
    ----------
    name
        As the source writes it.
    known_names
        Event types by the names that lead to them.

    Returns
    -------
    tuple of str or None
        The known name and its event type; None where none is alike.

    Examples
    --------
    >>> proposed_event_type("BeginCheckuot", {"begin checkout": "checkout"})
    ('begin checkout', 'checkout')
    """
    plain = {_plain(known): known for known in sorted(known_names, reverse=True)}
    found = get_close_matches(_plain(name), plain, n=1, cutoff=_ALIKE)
    return (plain[found[0]], known_names[plain[found[0]]]) if found else None


def _pending(row: Sequence[str | None]) -> Pending:
    source, reason, is_broken, row_count, first, last, unknown = row
    return Pending(
        source=str(source),
        reason=reason,
        is_broken=is_broken == "true",
        row_count=int(str(row_count)),
        first_received_on=str(first),
        last_received_on=str(last),
        unknown_event_type=unknown,
    )


def _unknown_names(
    source: str, rows: Iterable[Pending], known_names: Mapping[str, str]
) -> list[str]:
    unknown = {row.unknown_event_type: row.row_count for row in rows if row.unknown_event_type}
    if not unknown:
        return []
    lines = []
    example = ""
    ordered = sorted(unknown.items(), key=lambda one: (-one[1], one[0]))
    for name, count in ordered[:_SHOWN_NAMES]:
        found = proposed_event_type(name, known_names)
        hint = f": is it {found[1]}, as '{found[0]}' is?" if found else ""
        example = example or f"{{{name}: {found[1] if found else 'view'}}}"
        lines.append(f"  {name} ({_rows(count)}){hint}")
    if others := ordered[_SHOWN_NAMES:]:
        rest = _rows(sum(count for _, count in others))
        lines.append(
            f"  {len(others):,} other names ({rest}): select unknown_event_type, row_count from"
            " int_pending_rejections shows them all"
        )
    where = (
        f"var custom_event_names, such as {example}, with null for what is not an event of the"
        " journey"
        if source == "custom"
        else "seeds/event_name_map.csv, with an empty event_type for what is not an event of the"
        " journey"
    )
    return [
        f"Source {source} has {len(unknown):,} unknown event"
        f" name{'s' if len(unknown) > 1 else ''}, and nothing is guessed:",
        *lines,
        f"Translate them in {where}; or add a new event type to seeds/event_types.csv.",
    ]


def _too_many(
    source: str, rows: Iterable[Pending], largest_share: float, arrivals: str
) -> list[str]:
    rows = list(rows)
    broken = [row for row in rows if row.is_broken]
    broken_count = sum(row.row_count for row in broken)
    # What was left out on purpose is neither good nor bad.
    judged_count = broken_count + sum(row.row_count for row in rows if row.reason is None)
    if broken_count <= largest_share * judged_count:
        return []
    first = min(row.first_received_on for row in broken)
    last = max(row.last_received_on for row in broken)
    days = f"on {first}" if first == last else f"from {first} to {last}"
    ordered = sorted(broken, key=lambda row: (-row.row_count, str(row.reason)))
    others = ordered[_SHOWN:]
    return [
        f"{broken_count:,} of {judged_count:,} new rows of source {source} are broken"
        f" (received {days}):",
        *(f"  {row.row_count:,} x {row.reason}" for row in ordered[:_SHOWN]),
        *(
            [f"  {sum(row.row_count for row in others):,} for {len(others):,} other reasons"]
            if others
            else []
        ),
        f"Var max_rejected_share allows {largest_share:.0%}. Look at the rows with: select reason,"
        f" raw_row from {arrivals} where source = '{source}' and reason is not null limit 10."
        " Correct the input, or the vars that describe it; to go on without these rows, raise"
        " max_rejected_share.",
    ]


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _plain(name: str) -> str:
    """Lower case, with one space between words, however they were joined."""
    return " ".join(_WORD_BREAK.sub(" ", name).lower().split())
