"""Lines of a file, some megabytes at a time, and which of them are no text."""

import re
from collections.abc import Iterator
from typing import IO

UTF_8 = "utf-8"
#: Of a file whose public editions are in one or the other, line by line.
EITHER = "utf-8 or windows-1252"
# Small: Python's memory of a block is many times the text, and its collector walks all of it.
_BLOCK_BYTES = 2**20
# A longer line is no row of a table: a file without line ends would fill the memory.
MAX_LINE_MB = 16
MAX_LINE_BYTES = MAX_LINE_MB * 2**20
# So much of it is kept to show what it was.
_SHOWN_BYTES = 1000
#: What bytes become that the encoding of a file does not have, until their line is set aside.
_NOT_TEXT = re.compile("[\udc80-\udcff]")


class Lines(list[str]):
    """Lines of a file, and whether some of their bytes are no characters."""

    is_sound = True


class TooLong(str):
    """The beginning of a line that is longer than a row of a table can be."""


def decode(raw: bytes, encoding: str) -> str:
    """Return the text of a line without its end, whatever its bytes are."""
    if encoding == EITHER:
        try:
            return raw.rstrip(b"\r\n").decode()
        except UnicodeDecodeError:
            encoding = "windows-1252"
    # What is no character stays in the text as half of a pair of UTF-16, which no encoding writes.
    return raw.rstrip(b"\r\n").decode(encoding, errors="surrogateescape")


def not_text(line: str, encoding: str = UTF_8) -> str | None:
    """Return which byte of a line is no character of an encoding, if one is."""
    found = _NOT_TEXT.search(line)
    if found is None:
        return None
    name = "UTF-8" if encoding == UTF_8 else encoding
    return f"byte 0x{ord(found[0]) - 0xDC00:02X} is no character of {name}"


def shown(line: str) -> str:
    """Return a line that can be kept, with a mark in place of what is no character."""
    return _NOT_TEXT.sub("\ufffd", line)


def _lines(raw: bytes, encoding: str) -> Lines:
    try:
        lines = Lines(raw.decode(UTF_8 if encoding == EITHER else encoding).split("\n"))
    except UnicodeDecodeError:
        lines = Lines(decode(line, encoding) for line in raw.split(b"\n"))
        lines.is_sound = False
    if lines[-1] == "":
        lines.pop()
    for place, line in enumerate(lines):
        lines[place] = line.removesuffix("\r")
    return lines


def line_blocks(stream: IO[bytes], encoding: str) -> Iterator[Lines]:
    """Return the lines of a file, some at a time; one that is too long stands alone, and is cut."""
    rest, is_cut = b"", False
    while block := stream.read(_BLOCK_BYTES):
        if is_cut:
            _, end, block = block.partition(b"\n")
            is_cut = not end
        rest += block
        whole = rest.rfind(b"\n") + 1
        if whole:
            yield _lines(rest[:whole], encoding)
            rest = rest[whole:]
        if len(rest) > MAX_LINE_BYTES:
            yield Lines([TooLong(shown(decode(rest[:_SHOWN_BYTES], encoding)))])
            rest, is_cut = b"", True
    if rest:
        yield _lines(rest, encoding)
