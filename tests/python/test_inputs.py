"""The text reader: every line of a delimited file is a row, or a row that says why not."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from footfall.adapter import delimited_inputs, inputs, json_inputs
from footfall.adapter import lines as reading
from footfall.builds import input_files
from footfall.builds.problems import BuildProblem

DELIMITED = inputs.Layout()
JSON = inputs.Layout("json")


def rows_of(
    folder: Path, content: bytes, name: str = "file.csv", layout: inputs.Layout = DELIMITED
) -> list[dict[str, Any]]:
    source = folder / name
    source.write_bytes(content)
    copy = inputs.parquet_of(source, folder / "in", layout)
    rows: list[dict[str, Any]] = pq.read_table(copy).to_pylist()
    named = f"of {folder.name}/{name} cannot be read: "
    for row in rows:
        if row["footfall_line_problem"]:
            assert row["footfall_line_problem"].startswith(named)
            row["footfall_line_problem"] = row["footfall_line_problem"].removeprefix(named)
    return rows


def test_broken_lines_are_kept_with_their_problem(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, b'a,b\n1,2\n3,4,5\n6,"open\n7,8\n')
    assert [row["footfall_line_number"] for row in rows] == [2, 3, 4, 5]
    assert [(row["a"], row["b"]) for row in rows] == [
        ("1", "2"),
        (None, None),
        (None, None),
        ("7", "8"),
    ]
    assert rows[1]["footfall_line_problem"] == "3 fields where the header has 2"
    assert rows[1]["footfall_line_text"] == "3,4,5"
    assert rows[2]["footfall_line_problem"].startswith("a quote is not closed")
    assert rows[2]["footfall_line_text"] == '6,"open'
    assert rows[3]["footfall_line_problem"] is None


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b'"a ""b"" c"', 'a "b" c'),
        (b'"two\nlines"', "two\nlines"),
        (b'"two\r\nlines"', "two\nlines"),
        (b'5" pipe', '5" pipe'),
        (b'"semi;colon"', "semi;colon"),
        (b"caf\xc3\xa9", "café"),
        (b"", None),
    ],
)
def test_values_survive(tmp_path: Path, line: bytes, value: str | None) -> None:
    (row, last) = rows_of(tmp_path, b"a;b\n1;" + line + b"\n2;x")
    assert (row["a"], row["b"], row["footfall_line_problem"]) == ("1", value, None)
    assert (last["a"], last["b"]) == ("2", "x")


def test_short_lines_end_in_nulls_and_blank_lines_are_none(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, b"a,b,c\n1\n\n   \n2,3,4,\n")
    assert [(row["a"], row["b"], row["c"]) for row in rows] == [("1", None, None), ("2", "3", "4")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_tells_the_delimiter(tmp_path: Path, delimiter: str) -> None:
    text = "\ufeff" + delimiter.join(["a", "b", "c"]) + "\n" + delimiter.join("123") + "\n"
    (row,) = rows_of(tmp_path, text.encode())
    assert (row["a"], row["b"], row["c"]) == ("1", "2", "3")


def test_nameless_and_repeated_columns_get_names(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, b"a,,A,footfall_line_text\n1,2,3,4\n")
    assert list(row)[:4] == ["a (1)", "column_2", "A (2)", "footfall_line_text_2"]


def test_values_may_cross_the_blocks_that_are_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_BLOCK_BYTES", 64)
    monkeypatch.setattr(delimited_inputs, "_LINES_AT_ONCE", 3)
    lines = [f'{number},"first\nsecond, {number}"' for number in range(500)]
    rows = rows_of(tmp_path, ("a,b\n" + "\n".join(lines) + "\n").encode())
    assert [row["b"] for row in rows] == [f"first\nsecond, {number}" for number in range(500)]
    assert rows[-1]["footfall_line_number"] == 2 + 2 * 499


def test_a_value_may_have_many_lines_but_an_open_quote_takes_no_rows_along(
    tmp_path: Path,
) -> None:
    # Of an e-mail, with quotes and commas of its own.
    body = "\n".join(f'line {number}, and he, said ""{number}""' for number in range(3000))
    (row, after) = rows_of(tmp_path, f'a,b\n1,"{body}"\n2,x\n'.encode())
    assert row["b"] == body.replace('""', '"')
    assert (after["a"], after["b"], after["footfall_line_number"]) == ("2", "x", 3002)

    lines = [b"a,b", b'0,"open', *(b"%d,x" % number for number in range(1, 300)), b'300,y"']
    rows = rows_of(tmp_path, b"\n".join(lines))
    assert len(rows) == 301
    assert rows[0]["footfall_line_problem"].startswith("a quote is not closed")
    assert [row["a"] for row in rows[1:-1]] == [str(number) for number in range(1, 300)]


def test_a_line_that_fills_the_memory_is_one_broken_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_LINE_BYTES", 2**21)
    monkeypatch.setattr(delimited_inputs, "MAX_LINE_BYTES", 2**21)
    long = b"x" * (2**23)
    rows = rows_of(tmp_path, gzip.compress(b'a,b\n1,2\n3,"open\n' + long + b"\n5,6\n"), "f.csv.gz")
    assert [row["footfall_line_number"] for row in rows] == [2, 3, 4, 5]
    assert [row["a"] for row in rows] == ["1", None, None, "5"]
    assert rows[2]["footfall_line_problem"] == "a line of more than 16 MB"
    assert rows[2]["footfall_line_text"] == "x" * 1000
    fixed = inputs.Layout(names=("a", "b"), widths=(1, 1))
    rows = rows_of(tmp_path, b"12\n" + long + b"\n34", "f.txt", fixed)
    assert [row["a"] for row in rows] == ["1", None, "3"]
    with pytest.raises(ValueError, match="first line of more than 16 MB"):
        rows_of(tmp_path, long, "g.csv")


@pytest.mark.parametrize("compress", [gzip.compress, pa.Codec("zstd").compress])
@pytest.mark.parametrize("name", ["f.csv", "f.jsonl"])
def test_a_file_that_was_not_copied_as_a_whole_is_named(
    tmp_path: Path, compress: Callable[[bytes], Any], name: str
) -> None:
    rows = "".join(f'{{"a": {number}}}\n' for number in range(20_000)).encode()
    whole = bytes(compress(rows))
    ending = ".gz" if compress is gzip.compress else ".zst"
    with pytest.raises(ValueError, match=rf"{name}{ending} cannot be decompressed to its end"):
        rows_of(
            tmp_path,
            whole[: len(whole) // 2],
            f"{name}{ending}",
            JSON if "json" in name else DELIMITED,
        )
    assert not list((tmp_path / "in").iterdir())


def test_gzip_is_read_and_a_copy_is_made_again_only_after_a_change(tmp_path: Path) -> None:
    source = tmp_path / "file.csv.gz"
    source.write_bytes(gzip.compress(b"a\n1\n"))
    copy = inputs.parquet_of(source, tmp_path / "in")
    first = copy.stat().st_mtime_ns
    assert inputs.parquet_of(source, tmp_path / "in") == copy
    assert copy.stat().st_mtime_ns == first
    source.write_bytes(gzip.compress(b"a\n1\n2\n"))
    os.utime(source, ns=(first, first + 1))
    assert inputs.parquet_of(source, tmp_path / "in") == copy
    assert pq.read_metadata(copy).num_rows == 2
    # Another file of that size and time in its place.
    before = source.stat()
    other = tmp_path / "other.csv.gz"
    other.write_bytes(gzip.compress(b"a\n1\n3\n"))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(source)
    assert source.stat().st_size == before.st_size
    inputs.parquet_of(source, tmp_path / "in")
    assert pq.read_table(copy)["a"].to_pylist() == ["1", "3"]
    assert [path.name for path in (tmp_path / "in").iterdir()] == [copy.name]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        ("a,b".encode("utf-16"), "UTF-16"),
        ("a,b".encode("utf-16-le"), "UTF-16"),
        (b"a,b\r1,2\r", "carriage returns alone"),
    ],
)
def test_files_that_are_no_tables_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rows_of(tmp_path, content)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"2;caf\xe9", "byte 0xE9 is no character of UTF-8"),
        (b'2;"two\nbr\xfbl\xe9es"', "byte 0xFB is no character of UTF-8"),
        (b"\x93;x;y", "3 fields where the header has 2"),
    ],
)
def test_lines_that_are_no_text_are_set_aside_and_nothing_is_guessed(
    tmp_path: Path, line: bytes, problem: str
) -> None:
    first, broken, last = rows_of(tmp_path, b"a;b\n1;caf\xc3\xa9\n" + line + b"\n3;x")
    assert (first["b"], first["footfall_line_problem"]) == ("café", None)
    assert (broken["a"], broken["b"], broken["footfall_line_number"]) == (None, None, 3)
    assert "\ufffd" in broken["footfall_line_text"]
    assert (last["a"], last["b"], last["footfall_line_problem"]) == ("3", "x", None)
    assert broken["footfall_line_problem"] == problem


def test_a_named_encoding_is_read_and_what_is_not_of_it_is_set_aside(tmp_path: Path) -> None:
    old = inputs.Layout(encoding="windows-1252")
    first, broken = rows_of(tmp_path, b"a;pr\xe9nom\n1;caf\xe9\n2;\x81", layout=old)
    assert (first["a"], first["prénom"]) == ("1", "café")
    assert broken["footfall_line_problem"] == "byte 0x81 is no character of windows-1252"
    (row,) = rows_of(tmp_path, "a;b\n1;你好".encode("gbk"), layout=inputs.Layout(encoding="gbk"))
    assert row["b"] == "你好"
    # Public editions of one file are in one or the other.
    either = inputs.Layout(encoding="utf-8 or windows-1252")
    rows = rows_of(tmp_path, b"a\n\xa35\n\xc2\xa35", layout=either)
    assert [row["a"] for row in rows] == ["£5", "£5"]
    with pytest.raises(ValueError, match=r"byte 0xE9 is no character of UTF-8. .*custom_encoding"):
        rows_of(tmp_path, b"a;pr\xe9nom\n1;x")


def test_records_of_json_that_are_no_text_are_set_aside(tmp_path: Path) -> None:
    given = b'{"a": "caf\xc3\xa9"}\n{"a": "caf\xe9"}\n{"a": "x"}\n'
    for content in (given, b"[" + b",".join(given.splitlines()) + b"]"):
        first, broken, last = rows_of(tmp_path, content, layout=JSON)
        assert (first["a"], broken["a"], last["a"]) == ("café", None, "x")
        assert broken["footfall_line_problem"] == "byte 0xE9 is no character of UTF-8"
        assert broken["footfall_line_text"] == '{"a": "caf\ufffd"}'


def test_duckdb_reads_text_files_through_the_function(tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_bytes(b"a,b\n1,caf\xc3\xa9\n")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n" * 99)[:-12])
    with duckdb.connect() as connection:
        inputs.register(connection, str(tmp_path / "some.duckdb"))

        def answer(name: str) -> dict[str, str]:
            given = [str(tmp_path / name), '{"kind": "text"}']
            ((text,),) = connection.execute("select footfall_text_file(?, ?)", given).fetchall()
            answered: dict[str, str] = json.loads(text)
            return answered

        # The message begins with the file: nothing of DuckDB or Python stands before it.
        cut = f"{tmp_path / 'cut.csv.gz'} cannot be decompressed to its end"
        assert answer("cut.csv.gz")["problem"].startswith(cut)
        copy = answer("file.csv")["answer"]
        assert Path(copy).parent == tmp_path / "inputs/some"
        assert connection.execute(f"select a, b from '{copy}'").fetchall() == [("1", "café")]


def test_a_file_without_a_header_and_one_of_fixed_widths_get_names(tmp_path: Path) -> None:
    names = inputs.Layout(names=("a", "b", "c"))
    # The names say how many fields there are, and so which mark separates them.
    rows = rows_of(tmp_path, b"1;2,5;x\n2;3;y\n", layout=names)
    assert [(row["a"], row["b"], row["c"]) for row in rows] == [("1", "2,5", "x"), ("2", "3", "y")]
    assert [row["footfall_line_number"] for row in rows] == [1, 2]
    widths = inputs.Layout(names=("a", "b"), widths=(3, 4))
    rows = rows_of(tmp_path, b"u1 view\nu2\n\nu3 buy more\n", layout=widths)
    assert [(row["a"], row["b"]) for row in rows] == [("u1", "view"), ("u2", None), (None, None)]
    assert rows[2]["footfall_line_number"] == 4
    assert rows[2]["footfall_line_problem"] == "11 characters where its columns have 7"
    (row,) = rows_of(tmp_path, b"id name\n1  tea\n", layout=inputs.Layout(widths=(3, 4)))
    assert (row["id"], row["name"]) == ("1", "tea")
    # Excel writes its mark in front.
    (row,) = rows_of(tmp_path, b"sep=;\na,1;b\n1;2\n")
    assert (row["a,1"], row["b"], row["footfall_line_number"]) == ("1", "2", 3)


def test_json_lines_become_columns_and_broken_ones_say_why(tmp_path: Path) -> None:
    rows = rows_of(
        tmp_path,
        b'{"id": 12345678901234567890, "of": {"x": [1.50]}, "on": true}\n\n{"id":\n[1]\n'
        b'{"ID": "a\\ud800", "of": "caf\xc3\xa9", "no": ""}\n'
        # What is JSON and more than Python reads.
        + b'{"n": '
        + b"9" * 5000
        + b"}\n"
        + b'{"n":' * 3000,
        layout=JSON,
    )
    assert [row["footfall_line_number"] for row in rows] == [1, 3, 4, 5, 6, 7]
    assert [row["footfall_line_problem"] for row in rows[4:]] == [
        "a number of more digits than can be read",
        "values that are nested too deeply",
    ]
    assert (rows[0]["id"], rows[0]["on"], rows[0]["of"]) == (
        "12345678901234567890",
        "true",
        '{"x": [1.5]}',
    )
    assert rows[1]["footfall_line_problem"] == "no JSON: Expecting value at character 7"
    assert rows[1]["footfall_line_text"] == '{"id":'
    assert rows[2]["footfall_line_problem"] == "JSON, but no object"
    assert (rows[3]["id"], rows[3]["ID_2"], rows[3]["of"], rows[3]["no"]) == (
        None,
        "a?",
        '"café"',
        None,
    )


def test_json_arrays_and_objects_over_lines_are_read_across_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_inputs, "_CHUNK_BYTES", 64)
    records = [{"n": number, "text": "é" * (number % 90)} for number in range(300)]
    for text in (
        json.dumps(records),
        json.dumps(records, indent=1, ensure_ascii=False),
        "\n".join(json.dumps(each, indent=1) for each in records),
    ):
        rows = rows_of(tmp_path, text.encode(), layout=JSON)
        assert [row["n"] for row in rows] == [str(number) for number in range(300)]
        assert rows[89]["text"] == "é" * 89
    assert rows_of(tmp_path, b"[]", layout=JSON) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[{"a": 1}, {"a": }]', "broken at byte 17, after record 1: Expecting value"),
        (b'[{"a": 1}', "broken at byte 9, after record 1: the array is not closed"),
        (b'{\n "data": [{"id": 1}]\n}', "its list 'data'"),
    ],
)
def test_json_of_which_no_record_can_be_left_out_is_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        rows_of(tmp_path, content, layout=JSON)


def test_what_a_file_is_shows_in_its_name_or_in_itself(tmp_path: Path) -> None:
    zstandard = pa.output_stream(str(tmp_path / "b.csv.zst"), compression="zstd")
    zstandard.write(b"a\n1\n")
    zstandard.close()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "1717405200000.3c5f1a.gz").write_bytes(gzip.compress(b'{"a": 1}\n'))
    (tmp_path / "c.json").write_bytes(b'\xef\xbb\xbf [{"a": 1}]')
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "d.csv").touch()
    files = input_files.files_in(str(tmp_path))
    assert files is not None
    asked = {"name": "some_path", "value": str(tmp_path)}
    found = input_files.files_by_kind(**asked, files=files, kinds=["text", "json"])
    assert [(each["kind"], [Path(f).name for f in each["files"]]) for each in found] == [
        ("text", ["b.csv.zst"]),
        ("json list", ["c.json"]),
        ("json", ["1717405200000.3c5f1a.gz"]),
    ]
    copy = inputs.parquet_of(tmp_path / "b.csv.zst", tmp_path / "in")
    assert pq.read_table(copy)["a"].to_pylist() == ["1"]
    (tmp_path / "orders.xlsx").write_bytes(b"PK")
    with pytest.raises(BuildProblem, match=r"orders.xlsx'.*save the sheet as CSV"):
        input_files.files_by_kind(**asked, files=[str(tmp_path / "orders.xlsx")], kinds=["text"])


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "an image: name the file"),
        (
            "a.csv.gz",
            gzip.compress(b"PK\x03\x04" + bytes(9), mtime=0),
            "a spreadsheet or another ZIP",
        ),
        ("a.zip", b"PK\x03\x04" + bytes(9), "a spreadsheet or another ZIP archive: save"),
        ("a.csv", b"PAR1" + bytes(9), "a Parquet file: give it a name"),
        ("a.tsv", b"\n<!DOCTYPE html>\n<html>", "a web page, perhaps that of a login"),
        ("a.jsonl", b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        ("a.csv", bytes(range(1, 256)) * 9, "no text: export"),
        ("a.csv", b'{"a": 1}\n', "JSON: give it a name"),
        ("a.jsonl", b"a,b\n1,2\n", "no JSON: of text, the name must end"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_named_with_what_it_is(
    tmp_path: Path, name: str, content: bytes, what: str
) -> None:
    (tmp_path / name).write_bytes(content)
    asked = {"name": "some_path", "value": "x", "files": [str(tmp_path / name)]}
    with pytest.raises(BuildProblem, match=rf"'some_path' .*/{name}'.* {what}"):
        input_files.files_by_kind(**asked, kinds=["parquet", "text", "json"])


def test_a_carriage_return_inside_a_quoted_line_stops_nothing(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, b'a,b\n1,"x"\ry"\n2,z\n')
    assert [row["a"] for row in rows] == [None, "2"]


def test_what_is_no_longer_read_and_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    warehouse = str(tmp_path / "some.duckdb")
    folder = inputs.folder_of(warehouse)
    for name in ("it's read", "unread"):
        (tmp_path / f"{name}.csv").write_text("a\n1\n")
    read, unread = (
        inputs.parquet_of(tmp_path / f"{name}.csv", folder) for name in ("it's read", "unread")
    )
    of_others = folder.parent / "other"
    of_others.mkdir()
    kept = [of_others / unread.name, folder / f"a.{os.getpid()}.1.tmp", folder / "note.txt"]
    gone = [folder / "a.1.1.tmp", folder.parent / read.name]
    for path in (*kept, *gone):
        path.write_text("raw ids")
    with duckdb.connect() as connection:
        inputs.register(connection, warehouse)
        literal = str(read).replace("'", "''")
        connection.execute(f"create view rows as select * from read_parquet(['{literal}'])")
        assert inputs.clear_unread(connection, warehouse) == [unread.stem]
        assert inputs.clear_unread(connection, warehouse) == []
        assert connection.execute("select a from rows").fetchall() == [("1",)]
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in (*gone, unread))


def test_a_conversion_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is empty"):
        rows_of(tmp_path, b"")
    assert list((tmp_path / "in").iterdir()) == []


def test_a_database_in_memory_has_its_copies_in_a_folder_that_goes_with_the_process() -> None:
    program = "from footfall.adapter.inputs import folder_of; print(folder_of(':memory:'))"
    asked = [sys.executable, "-c", program]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert not Path(done.stdout.strip()).exists()


def broken_texts(*texts: bytes) -> pa.Array:
    """Text as a careless tool writes it, without a look at its encoding."""
    buffers = pa.array(texts, pa.binary()).buffers()
    return pa.StringArray.from_buffers(len(texts), buffers[1], buffers[2])


def test_a_parquet_file_with_broken_values_loses_their_rows_alone(tmp_path: Path) -> None:
    """DuckDB refuses the file as a whole and names no row."""
    source, folder = tmp_path / "events.parquet", tmp_path / "inputs"
    far = 2**62
    table = pa.table(
        {
            "name": broken_texts(b"tea", b"caf\xe9", b"mug", b"cup"),
            "sent": pa.array([0, 1, far, 3], pa.int64()).cast(pa.timestamp("ms", "UTC")),
            "tags": pa.ListArray.from_arrays(
                pa.array([0, 1, 1, 1, 2], pa.int32()), broken_texts(b"a", b"\xff")
            ),
        }
    )
    pq.write_table(table, source)
    copy = inputs.readable_parquet(source, folder)
    assert copy.parent == folder
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        rows = connection.execute(
            "select footfall_line_number, name, tags, footfall_line_problem"
            f" from read_parquet('{copy}') order by all"
        ).fetchall()
    text, named = (
        "holds text that is not UTF-8",
        f"of {tmp_path.name}/events.parquet cannot be read",
    )
    assert rows == [
        (1, "tea", ["a"], None),
        (2, "caf\ufffd", [], f"{named}: column 'name' {text}"),
        (3, "mug", [], f"{named}: column 'sent' holds a time outside the years 1 to 9999"),
        (4, "cup", None, f"{named}: column 'tags' {text}"),
    ]
    # It is not made again before the file changes, and a sound file is read itself.
    made_at = copy.stat().st_mtime_ns
    assert inputs.readable_parquet(source, folder) == copy
    assert copy.stat().st_mtime_ns == made_at
    pq.write_table(table.slice(0, 1), source)
    assert inputs.readable_parquet(source, folder) == source
    assert inputs.readable_parquet(source, folder) == source
    source.write_bytes(b"PAR1")
    with pytest.raises(ValueError, match=r"events\.parquet is no Parquet file"):
        inputs.readable_parquet(source, folder)
    pq.write_table(pa.table({"name": [str(number) for number in range(9000)]}), source)
    content = source.read_bytes()
    source.write_bytes(
        content[:100] + bytes(len(content) // 2) + content[100 + len(content) // 2 :]
    )
    with pytest.raises(ValueError, match=r"events\.parquet is a damaged Parquet file"):
        inputs.readable_parquet(source, folder)
