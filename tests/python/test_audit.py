"""The record of what was done with a warehouse: it grows, and nobody changes it unseen."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from footfall.commands.__main__ import main as make
from footfall.privacy.__main__ import main as show
from footfall.privacy.audit import VARIABLE, AuditError, audit_file, entries, record

pytestmark = pytest.mark.library

WRITERS = 4
EACH = 25
WRITE = (
    "import sys; from pathlib import Path; from footfall.privacy.audit import record\n"
    f"for number in range({EACH}): record(Path(sys.argv[1]), 'build', {{'number': number}})"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = audit_file(tmp_path / "warehouse" / "shop.duckdb")
    for action in ("build", "publish", "report"):
        record(written, action, {"run_id": "r1", "note": "a\nb ☕"})
    return written


def test_entries_come_back_as_they_were_written(file: Path) -> None:
    found = list(entries(file))
    assert [entry.action for entry in found] == ["build", "publish", "report"]
    assert all(entry.details == {"run_id": "r1", "note": "a\nb ☕"} for entry in found)
    assert all(entry.account and entry.at.utcoffset() is not None for entry in found)
    assert file.name == "shop.audit.jsonl"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def changed(lines: list[bytes]) -> bytes:
    return b"".join([lines[0].replace(b"r1", b"r2"), *lines[1:]])


def cut_out(lines: list[bytes]) -> bytes:
    return b"".join([lines[0], lines[2]])


def swapped(lines: list[bytes]) -> bytes:
    return b"".join([lines[1], lines[0], lines[2]])


def put_in(lines: list[bytes]) -> bytes:
    return b"".join([*lines[:2], b'{"at": "2026-01-01"}\n', lines[2]])


@pytest.mark.parametrize(
    ("change", "line"), [(changed, 2), (cut_out, 2), (swapped, 1), (put_in, 3)]
)
def test_a_change_is_found_by_its_line(file: Path, change: object, line: int) -> None:
    assert callable(change)
    file.write_bytes(change(file.read_bytes().splitlines(keepends=True)))
    with pytest.raises(AuditError, match=f"line {line}: this is not what was written"):
        list(entries(file))


def test_a_last_line_that_is_not_whole_is_not_built_upon(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[:-5])
    with pytest.raises(AuditError, match="not whole"):
        record(file, "build", {})
    assert file.read_bytes() == whole[:-5]


def test_processes_that_write_at_once_wait_for_each_other(tmp_path: Path) -> None:
    file = tmp_path / "shop.audit.jsonl"
    running = [subprocess.Popen([sys.executable, "-c", WRITE, str(file)]) for _ in range(WRITERS)]
    assert [process.wait() for process in running] == [0] * WRITERS
    assert len(list(entries(file))) == WRITERS * EACH


def test_what_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(AuditError, match=f"name another file in {VARIABLE}"):
        record(tmp_path / "taken" / "shop.audit.jsonl", "build", {})


def test_make_shows_the_record_and_notes_who_reads(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse = file.with_name("shop.duckdb")
    monkeypatch.setenv("FOOTFALL_DB", str(warehouse))
    monkeypatch.setenv("FOOTFALL_PUBLISHED", str(file.parent))
    ran: list[str] = []
    monkeypatch.setattr(os, "execve", lambda program, words, environment: ran.extend(words))
    make(["report"])
    assert "footfall.pages.report" in ran
    assert show(["audit", str(warehouse)]) == 0
    said = capsys.readouterr().out
    assert "report  from" in said
    *_, last = entries(file)
    assert last.action == "report"
    assert f"Note its last digest elsewhere: {last.digest}" in said

    lines = file.read_text().splitlines()
    file.write_text(
        "\n".join([json.dumps({**json.loads(lines[0]), "account": "nobody at all"}), *lines[1:]])
    )
    assert show(["audit", str(warehouse)]) == 1
    assert "line 2" in capsys.readouterr().err


def test_a_shop_without_a_record_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(["audit", str(tmp_path / "shop.duckdb")]) == 1
    assert "There is no record in" in capsys.readouterr().err
