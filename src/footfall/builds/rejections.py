"""Whether the new rows of a source may be taken in, or too many of them are broken.

A file whose date format changed last night would otherwise empty or freeze every mart while the
build is green.
"""

from collections.abc import Iterable, Sequence

from footfall.builds.problems import BuildProblem

#: So many reasons of a source are named; the others are counted.
_REASONS_NAMED = 5


def check_rejections(
    *, pending: Iterable[Sequence[str | None]], largest_share: float, table: str
) -> None:
    """Stop a run that would lose too many of the rows that are new to it.

    Parameters
    ----------
    pending
        Rows of `int_pending_rejections` as texts: source, reason (None for rows without fault),
        whether such rows are broken (`true` or `false`), number of rows, and the first and the last
        day of their arrival.
    largest_share
        Share of broken rows, from 0 to 1, up to which a source is taken in.
    table
        Where the rows can be looked at.

    Raises
    ------
    BuildProblem
        A source is above that share: its reasons with their counts, most frequent first, and what
        to do. The values of rows are not shown, because they may be personal.

    Examples
    --------
    >>> good = ("custom", None, "false", "9", "2026-03-01", "2026-03-02")
    >>> broken = ("custom", "event_at is no time", "true", "1", "2026-03-02", "2026-03-02")
    >>> check_rejections(pending=[good, broken], largest_share=0.5, table="rejections")
    """
    rows = [
        (str(source), reason, broken == "true", int(str(count)), str(first), str(last))
        for source, reason, broken, count, first, last in pending
    ]
    problems = []
    for name in sorted({source for source, *_ in rows}):
        own = [row for row in rows if row[0] == name]
        broken = [row for row in own if row[2]]
        broken_count = sum(row[3] for row in broken)
        # What was left out on purpose is neither good nor bad.
        judged_count = broken_count + sum(row[3] for row in own if row[1] is None)
        if broken_count <= largest_share * judged_count:
            continue
        first, last = min(row[4] for row in broken), max(row[5] for row in broken)
        days = f"on {first}" if first == last else f"from {first} to {last}"
        problems.append(
            f"{broken_count:,} of {judged_count:,} new rows of source {name} are broken"
            f" (received {days}):\n{_reasons(broken)}"
        )
    if problems:
        raise BuildProblem(
            "\n".join(problems)
            + "\nNothing was taken in or published: var max_rejected_share allows"
            f" {largest_share:.0%}. Examples of the rows are in {table}. Correct the input, or the"
            " vars that describe it, and build again: these rows are read again then. To go on"
            " without them, raise max_rejected_share."
        )


def _reasons(broken: Iterable[tuple[str, str | None, bool, int, str, str]]) -> str:
    ordered = sorted(broken, key=lambda row: (-row[3], str(row[1])))
    lines = [f"  {row[3]:,} x {row[1]}" for row in ordered[:_REASONS_NAMED]]
    others = ordered[_REASONS_NAMED:]
    if others:
        lines.append(f"  {sum(row[3] for row in others):,} for {len(others):,} other reasons")
    return "\n".join(lines)
