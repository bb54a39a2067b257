"""Records of the user's own tables of which several versions came."""

from typing import NoReturn

from footfall.builds.problems import BuildProblem


def refuse_changed_records(example: str, record_count: str, columns: str) -> NoReturn:
    """Stop the build: a record came again with other values, and no version says which is newer.

    Parameters
    ----------
    example
        The id of one of them.
    record_count
        How many there are.
    columns
        What differs there, as a list in words.

    Raises
    ------
    BuildProblem
        Always; it names the columns and the setting that orders the versions.
    """
    count = int(record_count)
    records = "record" if count == 1 else "records"
    is_of_lines = "item_id" in columns.split(", ")
    shared = " If these are lines of one order, event_id is a number that they share: leave it out."
    raise BuildProblem(
        f"{count} {records} of source 'custom' came again with other values, such as event_id "
        f"'{example}' in {columns}, and nothing says which version is newer. Give the events a "
        "column updated_at with the time of each version, or name the one that has it in var "
        "custom_columns ({events: {updated_at: <column of the file>}}). Where the file has one "
        f"version of each record now, build once with --full-refresh.{shared * is_of_lines}"
    )
