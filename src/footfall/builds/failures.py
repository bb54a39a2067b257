"""What a failed test found: dbt counts the rows, but they name what is wrong."""

from collections.abc import Iterable, Sequence


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
