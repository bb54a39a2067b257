"""Whether the new rows of a source may be taken in: not where too many are broken or a name is new.

A file whose date format changed last night would otherwise empty or freeze every mart while the
build is green, and an event with an unknown name would be noticed after everything was trained.
"""

import re
from collections import Counter
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
#: So many characters of the shape of a value are shown.
_SHOWN_CHARACTERS = 40
_NO_DAY = "1970-01-01"
#: A day is judged by itself if it has so many new rows; of fewer, a handful would stop a build.
_ROWS_OF_A_DAY = 100
_OF_LINE = re.compile(r"^(line \d+ of .+?) cannot be read: ")
#: What everyday words of a name stand for, where no known name is like it; of several the first one
#: here: a sale that failed is none, and who has looked at an order has bought nothing.
_WORDS = {
    **dict.fromkeys(("failed", "failure"), "page_error"),
    **dict.fromkeys(("returned", "reimbursed"), "refund"),
    **dict.fromkeys(("complaint", "contact", "help", "ticket"), "support"),
    **dict.fromkeys(("click", "clicked", "looked", "preview", "seen", "viewed"), "view"),
    **dict.fromkeys(("landing", "visit", "visited"), "browse"),
    **dict.fromkeys(("bag", "basket", "trolley"), "add_to_cart"),
    **dict.fromkeys(("bought", "buy", "ordered", "sale", "sold"), "purchase"),
}
#: Words that mean something where they are the whole name, and much else next to other words.
_NAMES = {**_WORDS, "order": "purchase", "paid": "purchase"}
_WORD_BREAK = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Pending:
    """Rows of one source and day that share a reason, as `int_pending_rejections` has them.

    Attributes
    ----------
    source
        Name of the source.
    received_on
        ISO date of arrival; 1970-01-01 for rows without a readable time.
    reason
        Why they break the contract; None for rows without fault.
    is_broken
        False for rows without fault and for those that are left out on purpose.
    row_count
        How many there are.
    unknown_event_type
        The name that the contract does not know, where that is the reason.
    """

    source: str
    received_on: str
    reason: str | None
    is_broken: bool
    row_count: int
    unknown_event_type: str | None


def check_rejections(
    *,
    pending: Iterable[Sequence[str | None]],
    known_names: Iterable[Sequence[str]],
    largest_share: float,
    arrivals: str,
    examples: Iterable[Sequence[str]] = (),
    inputs: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Stop a run that would lose rows of which nobody has decided that they may go.

    Parameters
    ----------
    pending
        Rows of `int_pending_rejections` as texts, with the columns of `Pending` in their order.
    known_names
        Names of events that are translated, each with the event type that it leads to.
    largest_share
        Share of broken rows, from 0 to 1, up to which a source is taken in: of all its new rows,
        and of those of each day of arrival that has a hundred or more.
    arrivals
        The view that shows raw rows with their reasons.
    examples
        Source, reason as it is counted, and one such reason in full.
    inputs
        By source, the var that names what it is read from, and the value of that var.

    Raises
    ------
    BuildProblem
        A source is above that share, with its reasons, most frequent first, and what it is read
        from; or it has events with unknown names, with a proposal for each. Of a broken
        row its line, or the shape of its value, is shown.

    Examples
    --------
    >>> good = ("custom", "2026-03-01", None, "false", "9", None)
    >>> broken = ("custom", "2026-03-01", "event_at is no time", "true", "1", None)
    >>> check_rejections(
    ...     pending=[good, broken], known_names=[], largest_share=0.5, arrivals="arrivals"
    ... )
    """
    rows = [_pending(row) for row in pending]
    shown = {(source, reason): example for source, reason, example in examples}
    proposals = {known[0]: known[1] for known in known_names}
    problems = []
    for name in sorted({row.source for row in rows}):
        own = [row for row in rows if row.source == name]
        problems += _unknown_names(name, own, proposals)
        if stopping := _stopping(own, largest_share):
            of_source = {reason: one for (source, reason), one in shown.items() if source == name}
            problems += _too_many(name, stopping, largest_share, arrivals, of_source)
            problems += _read_from((inputs or {}).get(name))
    if problems:
        raise BuildProblem(
            "\n".join(problems)
            + "\nNothing was taken in or published, and the rows are read again at the next build."
        )


def broken_sources(*, pending: Iterable[Sequence[str | None]], largest_share: float) -> list[str]:
    """Return the sources of which more than a share is broken; see `check_rejections`.

    Examples
    --------
    >>> row = ("custom", "2026-03-01", "event_at is no time", "true", "1", None)
    >>> broken_sources(pending=[row], largest_share=0.5)
    ['custom']
    """
    rows = [_pending(row) for row in pending]
    return [
        name
        for name in sorted({row.source for row in rows})
        if _stopping([row for row in rows if row.source == name], largest_share)
    ]


def proposed_event_type(name: str, known_names: Mapping[str, str]) -> tuple[str, str] | None:
    """Find the known name that is most like an unknown one, or a word of it that stands for a type.

    Parameters
    ----------
    name
        As the source writes it.
    known_names
        Event types by the names that lead to them.

    Returns
    -------
    tuple of str or None
        The known name, or the word, and its event type; None where none is alike.

    Examples
    --------
    >>> proposed_event_type("BeginCheckuot", {"begin checkout": "checkout"})
    ('begin checkout', 'checkout')
    >>> proposed_event_type("bought", {"begin checkout": "checkout"})
    ('bought', 'purchase')
    """
    plain = {_plain(known): known for known in sorted(known_names, reverse=True)}
    if (written := _plain(name)) in _NAMES and written not in plain:
        return written, _NAMES[written]
    found = get_close_matches(written, plain, n=1, cutoff=_ALIKE)
    if found:
        return plain[found[0]], known_names[plain[found[0]]]
    told = set(written.split())
    return next(((word, stands) for word, stands in _WORDS.items() if word in told), None)


def is_of_a_word(proposal: tuple[str, str]) -> bool:
    """Return whether a proposal comes from an everyday word alone, and is a guess.

    Examples
    --------
    >>> is_of_a_word(("bought", "purchase")), is_of_a_word(("begin checkout", "checkout"))
    (True, False)
    """
    return _NAMES.get(proposal[0]) == proposal[1]


def _pending(row: Sequence[str | None]) -> Pending:
    source, received_on, reason, is_broken, row_count, unknown = row
    return Pending(
        source=str(source),
        received_on=str(received_on),
        reason=reason,
        is_broken=is_broken == "true",
        row_count=int(str(row_count)),
        unknown_event_type=unknown,
    )


def _unknown_names(
    source: str, rows: Iterable[Pending], known_names: Mapping[str, str]
) -> list[str]:
    unknown: Counter[str] = Counter()
    for row in rows:
        if row.unknown_event_type:
            unknown[row.unknown_event_type] += row.row_count
    if not unknown:
        return []
    lines = []
    example = ""
    ordered = sorted(unknown.items(), key=lambda one: (-one[1], one[0]))
    for name, count in ordered[:_SHOWN_NAMES]:
        found = proposed_event_type(name, known_names)
        hint = ""
        if found and is_of_a_word(found):
            hint = f": is it {found[1]}?"
        elif found and found[0].lower() == name.lower():
            hint = f": is it {found[1]}, as elsewhere?"
        elif found:
            hint = f": is it {found[1]}, as '{found[0]}' is?"
        example = example or f"{{{name}: {found[1] if found else 'view'}}}"
        lines.append(f"  {name} ({_rows(count)}){hint}")
    if others := ordered[_SHOWN_NAMES:]:
        rest = _rows(sum(count for _, count in others))
        lines.append(
            f"  {len(others):,} other names ({rest}): select distinct unknown_event_type from"
            " int_pending_rejections shows them all"
        )
    return [
        f"Source {source} has {len(unknown):,} unknown event"
        f" name{'s' if len(unknown) > 1 else ''}, and nothing is guessed:",
        *lines,
        f"Translate them in var custom_event_names, such as {example}, with null for what is not an"
        " event of the journey; or add a new event type to seeds/event_types.csv.",
    ]


def _stopping(rows: Sequence[Pending], largest_share: float) -> list[Pending]:
    """Return the rows of a source that stop a build: all, or those of days that are mostly broken.

    Rows without a readable time belong to no day.
    """
    if _is_broken(rows, largest_share):
        return list(rows)
    by_day: dict[str, list[Pending]] = {}
    for row in rows:
        by_day.setdefault(row.received_on, []).append(row)
    return [
        row
        for day, own in by_day.items()
        if day > _NO_DAY
        and _broken_and_judged(own)[1] >= _ROWS_OF_A_DAY
        and _is_broken(own, largest_share)
        for row in own
    ]


def _is_broken(rows: Iterable[Pending], largest_share: float) -> bool:
    broken, judged = _broken_and_judged(rows)
    return broken > largest_share * judged


def _broken_and_judged(rows: Iterable[Pending]) -> tuple[int, int]:
    rows = list(rows)
    broken = sum(row.row_count for row in rows if row.is_broken)
    # What was left out on purpose is neither good nor bad.
    return broken, broken + sum(row.row_count for row in rows if row.reason is None)


def _too_many(
    source: str,
    rows: Iterable[Pending],
    largest_share: float,
    arrivals: str,
    examples: Mapping[str, str],
) -> list[str]:
    rows = list(rows)
    broken = [row for row in rows if row.is_broken]
    broken_count, judged_count = _broken_and_judged(rows)
    days = _days(broken)
    reasons: Counter[str] = Counter()
    for row in broken:
        reasons[str(row.reason)] += row.row_count
    ordered = sorted(reasons.items(), key=lambda one: (-one[1], one[0]))
    others = ordered[_SHOWN:]
    return [
        f"{broken_count:,} of {judged_count:,} new rows of source {source} are broken ({days}):",
        *(
            f"  {count:,} x {reason}{_example(examples.get(reason))}"
            for reason, count in ordered[:_SHOWN]
        ),
        *(
            [f"  {sum(count for _, count in others):,} for {len(others):,} other reasons"]
            if others
            else []
        ),
        f"Var max_rejected_share allows {largest_share:.0%}. Look at the rows with: select reason,"
        f" raw_row from {arrivals} where source = '{source}' and reason is not null limit 10."
        " Correct the input, or the vars that describe it; to go on without these rows, raise"
        " max_rejected_share.",
    ]


def _days(rows: Sequence[Pending]) -> str:
    # Rows of no readable time have the first day of all.
    known = sorted({row.received_on for row in rows if row.received_on > _NO_DAY})
    if not known:
        return "of no time that can be read"
    first, last = known[0], known[-1]
    if any(row.received_on == _NO_DAY for row in rows):
        return f"received up to {last}"
    return f"received on {first}" if first == last else f"received from {first} to {last}"


def _example(reason: str | None) -> str:
    """Return the line that a reason in full names, or the shape of the value that it quotes.

    In a file whose columns have moved any value may be a name, a number or an address of somebody:
    letters are shown as x and digits as 9, which says as much of formats.
    """
    if reason is None:
        return ""
    if of_line := _OF_LINE.match(reason):
        return f", such as {of_line[1]}"
    _, colon, value = reason.partition(": ")
    if not colon:
        return ""
    shape = "".join(
        "9" if one.isnumeric() else "x" if one.isalpha() else one for one in " ".join(value.split())
    )
    shown = shape if len(shape) <= _SHOWN_CHARACTERS else f"{shape[:_SHOWN_CHARACTERS]}…"
    return f", of the shape {shown}"


def _read_from(named: Sequence[str] | None) -> list[str]:
    return [] if named is None else [f"They are read from {named[1]} (var {named[0]})."]


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _plain(name: str) -> str:
    """Lower case, with one space between words, however they were joined."""
    return " ".join(_WORD_BREAK.sub(" ", name).lower().split())
