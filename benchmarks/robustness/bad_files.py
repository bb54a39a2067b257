"""Kinds of bad files: each is read as far as it goes, or stops the build by its name."""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from footfall.adapter.inputs import parquet_of
from footfall.adapter.inspection import check_build
from footfall.builds.configuration import file_problems, project_variables
from footfall.builds.problems import BuildProblem
from robustness.bad_rows import GOOD, BadRow, written
from robustness.checks import Check, Options, Outcome, one_line, peak_mb
from robustness.reading import PROJECT, reading

#: Words of programs, which no message to a user has.
_OF_PROGRAMS = ("Traceback", "UDF", "Exception:", "Error:")
#: A line that long is read without holding it.
_LONGEST_LINE = 300 * 2**20
_MOST_MB_FOR_IT = 400.0


@dataclass(frozen=True)
class BadFile:
    """A file, and what must become of it.

    Attributes
    ----------
    name
        What is bad.
    data
        Its bytes.
    expected
        Rows taken in and left out, or None where the build must stop.
    says
        What a reason, a note or the message must hold.
    file
        What it is called.
    variables
        Further vars.
    path
        What the build is given in its place.
    """

    name: str
    data: bytes
    expected: tuple[int, int] | None
    says: str = ""
    file: str = "events.csv"
    variables: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""

    @property
    def expectation(self) -> str:
        """What must become of it, in words."""
        if self.expected is None:
            return f"stops: names {self.says}"
        taken, left = self.expected
        return f"{taken} in, {left} out" + (f": {self.says}" if self.says else "")


def lines(*rows: Mapping[str, str]) -> bytes:
    """Return a CSV of good rows that differ in these fields."""
    return written(tuple(BadRow("row", True, "", row) for row in rows))


def _parquet() -> bytes:
    with tempfile.TemporaryDirectory(prefix="footfall-harness-") as folder:
        file = Path(folder, "events.parquet")
        names = ", ".join(f"'{value}' as {name}" for name, value in GOOD.items())
        duckdb.sql(f"copy (select {names}) to '{file}'")
        return file.read_bytes()


def _json_lines(*texts: str) -> bytes:
    return "\n".join(texts).encode() + b"\n"


def bad_files() -> list[BadFile]:
    """Return all kinds."""
    return [*_of_text(), *_of_other_kinds(), *_of_readings(), *_of_paths()]


def _of_text() -> list[BadFile]:
    good = lines({})
    row = good.splitlines()[1]
    quoted = b'"' + b"text\n" * 250 + b'"'
    return [
        BadFile("too many fields", good + b"a,b,c,d,e,f,g,h,i,j\n", (1, 1), "fields where the"),
        BadFile("too few fields", good + b"row,o2,c2,2024-03-04 09:00:00,view\n", (2, 0)),
        BadFile("an unclosed quote", good + b'row,o2,c2,"2024\n', (1, 1), "line 3 cannot be read"),
        BadFile("a quoted value of 250 lines", good + row.replace(b"tea", quoted), (2, 0)),
        BadFile("a line of 3 MB", good + b"c2," + b"x" * 3_000_000 + b"\n", (1, 1), "no time"),
        BadFile("NUL in a value", good + row.replace(b"tea,1,10", b"t\0a,1,10"), (2, 0)),
        BadFile(
            "bytes of Windows-1252", good + row.replace(b"tea", b"caf\xe9"), (1, 1), "byte 0xE9"
        ),
        BadFile("a byte order mark", b"\xef\xbb\xbf" + good, (1, 0)),
        BadFile("line ends of Windows", good.replace(b"\n", b"\r\n"), (1, 0)),
        BadFile("line ends of old Macs", good.replace(b"\n", b"\r"), None, "events.csv"),
        BadFile("blank lines", good.replace(b"\n", b"\n\n"), (1, 0)),
        BadFile("semicolons", good.replace(b",", b";"), (1, 0)),
        BadFile("sep=; in the first line", b"sep=;\n" + good.replace(b",", b";"), (1, 0)),
        BadFile("UTF-16 with a mark", good.decode().encode("utf-16"), None, "UTF-16"),
        BadFile("UTF-16 without a mark", good.decode().encode("utf-16-le"), None, "UTF-16"),
        BadFile("nothing at all", b"", None, "events.csv"),
        BadFile("a header alone", lines(), (0, 0)),
        BadFile(
            "no customer in the header", good.replace(b"customer_id", b"who"), None, "customer_id"
        ),
        BadFile(
            "one name twice in the header", good.replace(b"quantity", b"amount"), None, "amount"
        ),
        BadFile("a page of HTML", b"<html>\n<body>not found</body>\n", None, "events.csv"),
        BadFile("a picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), None, "events.csv"),
        BadFile("two equal rows", lines({"order_id": "o1"}, {"order_id": "o1"}), (1, 0)),
        BadFile("one id on two rows", lines({"event_id": "e"}, {"event_id": "e"}), (1, 0)),
    ]


def _of_other_kinds() -> list[BadFile]:
    good = lines({})
    whole = _parquet()
    record = json.dumps(dict(GOOD))
    broken = _json_lines(record, '{"customer_id": "c2",')
    return [
        BadFile("a truncated gzip", gzip.compress(good * 500)[:-40], None, "a.csv.gz", "a.csv.gz"),
        BadFile("a gzip that is none", good, (1, 0), file="a.csv.gz"),
        BadFile("a gzip called .csv", gzip.compress(good), (1, 0)),
        BadFile("a broken line of JSON", broken, (1, 1), "no JSON", "a.jsonl"),
        BadFile("a list as a line", _json_lines(record, "[1]"), (1, 1), "no object", "a.jsonl"),
        BadFile("a broken array of JSON", f"[{record}, {{".encode(), None, "a.json", "a.json"),
        BadFile("a truncated Parquet", whole[: len(whole) // 2], None, "a.parquet", "a.parquet"),
        BadFile("text called Parquet", good, None, "a.parquet", "a.parquet"),
        BadFile("Parquet called .csv", whole, None, "events.csv"),
    ]


def _of_readings() -> list[BadFile]:
    commas = lines({"amount": "12@50"}).replace(b",", b";").replace(b"@", b",")
    american, british = {"event_at": "01/13/2010 09:00"}, {"event_at": "13/01/2010 09:00"}
    unclear = {"event_at": "02/01/2010 09:00"}
    day_first = {"column_formats": {"custom.events": {"event_at": "day_first"}}}
    euros = {"reporting_currency": "EUR"}
    wrong = {"custom_columns": {"events": {"customer_id": "shop_user"}}}
    return [
        BadFile("dates of two readings", lines(unclear), None, "02/01/2010"),
        BadFile("dates that contradict each other", lines(american, british), None, "day_first"),
        BadFile(
            *("dates against a named format", lines(unclear, american), (1, 1), "not a time"),
            variables=day_first,
        ),
        BadFile(
            "a number of two readings",
            lines({"amount": "1.234"}).replace(b",", b";"),
            None,
            "1.234",
        ),
        BadFile("decimal commas", commas, (1, 0)),
        BadFile(
            *("a currency without a rate", lines({}, {"currency": "ZZZ"}), (1, 1), "has no rate"),
            variables=euros,
        ),
        BadFile("a var that names no column", lines({}), None, "shop_user", variables=wrong),
    ]


def _of_paths() -> list[BadFile]:
    good = lines({})
    return [
        BadFile("no such file", good, None, "none.csv", path="none.csv"),
        BadFile("a pattern that finds nothing", good, None, "*.tsv", path="*.tsv"),
        BadFile("an empty folder", good, None, "empty", path="empty"),
    ]


def became_of(bad: BadFile, home: Path) -> Outcome:
    """Return what becomes of a file: what a build would take in, or what it would say."""
    folder = home / bad.name.replace(" ", "_").replace("/", "_")
    (folder / "empty").mkdir(parents=True)
    (folder / bad.file).write_bytes(bad.data)
    path = str(folder / (bad.path or bad.file))
    variables = {"footfall_source": "custom", "custom_events_path": path, **bad.variables}
    problems = file_problems({**project_variables(PROJECT), **variables}, ["custom"])
    try:
        problems = problems or check_build(dict(variables), "", PROJECT)
        if not problems or bad.expected is not None:
            return _counted(bad, variables)
    except (BuildProblem, duckdb.Error, ValueError, OSError) as problem:
        problems = [f"{type(problem).__name__}: {problem}"]
    said = one_line("; ".join(problems), 200)
    is_ours = said.isprintable() and not any(word in said for word in _OF_PROGRAMS)
    said = "".join(one if one.isprintable() else "�" for one in said)
    return Outcome(f"stops: {said}", bad.expected is None and bad.says in said and is_ours)


def _counted(bad: BadFile, variables: Mapping[str, Any]) -> Outcome:
    with reading(variables) as project:
        ((taken, left, reasons),) = project.query(
            "select count(distinct event_id) filter (where reason is null), count(reason),"
            " coalesce(string_agg(distinct reason, '; '), '')"
            f" from {project.relation('int_arrivals')}"
        )
    actual = f"{taken} in, {left} out" + (f": {reasons[:120]}" if reasons else "")
    return Outcome(actual, (taken, left) == bad.expected and bad.says in reasons)


def line_that_fills_the_memory(home: Path) -> Outcome:
    """Read a line of 300 MB in a gzip."""
    file = home / "long.csv.gz"
    header, row = lines({}).splitlines(keepends=True)
    with gzip.open(file, "wb", compresslevel=1) as stream:
        stream.write(header + row + b"c2,")
        for _ in range(_LONGEST_LINE // 2**20):
            stream.write(b"x" * 2**20)
        stream.write(b"\n" + row.replace(b"c1", b"c3"))
    bad = BadFile("", b"", (2, 1), "a line of more than 16 MB")
    variables = {"footfall_source": "custom", "custom_events_path": str(file)}
    found = _counted(bad, variables)
    peak = peak_mb()
    return Outcome(found.actual, bool(found.is_right) and peak < _MOST_MB_FOR_IT)


def replaced_alike(home: Path) -> Outcome:
    """Read an input, then another one of its size and time in its place."""
    file, other = home / "replaced.csv", home / "other.csv"
    file.write_bytes(lines({}))
    first = parquet_of(file, home / "inputs")
    before = file.stat()
    other.write_bytes(lines({"item_id": "cup"}))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(file)
    alike = (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    again = parquet_of(file, home / "inputs")
    rows = duckdb.sql(f"select item_id from read_parquet('{again}')").fetchall()
    return Outcome(f"{rows[0][0]} is read", alike and first == again and rows == [("cup",)])


def checks(home: Path, options: Options) -> Iterator[Check]:
    """Yield a check of each kind."""
    for bad in bad_files():
        yield Check(bad.name, bad.expectation, lambda bad=bad: became_of(bad, home))
    yield Check(
        "an input replaced by one of its size and time",
        "the new one is read",
        lambda: replaced_alike(home),
    )
    if not options.short:
        expected = f"2 in, 1 out: a line of more than 16 MB; peak below {_MOST_MB_FOR_IT:.0f} MB"
        yield Check(
            "a line of 300 MB in a gzip", expected, lambda: line_that_fills_the_memory(home)
        )
