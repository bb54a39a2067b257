"""What a failure means: the rows that a test found, which dbt counts only, and what to do."""

from collections.abc import Iterable, Sequence

#: What DuckDB, Python and the system say where memory or disk run out, and what helps.
_ADVICE = {
    ("Out of Memory Error",): (
        "Memory ran out: give DuckDB more (FOOTFALL_MEMORY=8GB, memory_limit in profiles.yml), or"
        " let it do less at a time (FOOTFALL_THREADS=1). What does not fit goes to a temporary"
        " folder next to the warehouse, whose disk needs room:"
        " docs/limits.md#when-memory-or-disk-runs-out"
    ),
    (
        "MemoryError",
        "Unable to allocate",
        "can't allocate memory",
        "not enough memory",
        "std::bad_alloc",
        "CUDA out of memory",
    ): (
        "Memory ran out outside DuckDB, where models learn: leave them more of it, with a smaller"
        " limit for DuckDB (FOOTFALL_MEMORY=1GB) or other programs closed, or take a machine with"
        " more: docs/limits.md#when-memory-or-disk-runs-out"
    ),
    ("No space left on device", "File too large", "Disk quota exceeded"): (
        "A disk is full: make room where the warehouse, its copies of inputs, temporary files and"
        " the publication lie, or set FOOTFALL_DB and FOOTFALL_PUBLISHED to another disk:"
        " docs/limits.md#when-memory-or-disk-runs-out"
    ),
}


def advice_on(message: str) -> str | None:
    """Return what to do about an error where memory or disk ran out; None for other errors."""
    for signs, advice in _ADVICE.items():
        if any(sign in message for sign in signs):
            return advice
    return None


def describe_failure(test: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Describe the first rows that a test found.

    Parameters
    ----------
    test
        Its name.
    columns
        The names of the columns of its rows.
    rows
        The rows, as texts.

    Returns
    -------
    str
        Lines to print: a heading, and one for each row.
    """
    lines = [f"  {test} found:"]
    for row in rows:
        pairs = (f"{name} = {value}" for name, value in zip(columns, row, strict=True))
        lines.append(f"    {', '.join(pairs)}")
    return "\n".join(lines)
