"""The words that readers see, of one language, as seeds/words has them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COLUMNS = ["message_key", "text"]
DEFAULT = Path("seeds/words/en.csv")
# A slot: {stage}, {@place} for further messages, {sessions:count} for a value in a format.
SLOT = re.compile(r"\{(@?\w+)(?::(\w+))?\}")


class WordsError(ValueError):
    """Words are missing or broken; the message names the file and says what to do."""


@dataclass(frozen=True)
class Words:
    """The messages of one language, by key, and the file that they come from."""

    texts: Mapping[str, str]
    path: Path

    def __contains__(self, key: str) -> bool:
        return key in self.texts

    def text(self, key: str) -> str:
        """Return a message with its slots as they are.

        Raises
        ------
        WordsError
            There is no such message.
        """
        try:
            return self.texts[key]
        except KeyError:
            raise WordsError(f"{self.path}: there is no message {key!r}; add a row") from None

    def say(self, key: str, **values: Any) -> str:
        """Return a message with its slots filled.

        Parameters
        ----------
        values
            The values of the slots, as text; of a slot such as ``{@place}`` the keys of further
            messages with blanks between them, which are filled with the same values.

        Raises
        ------
        WordsError
            There is no such message, or a slot has no value.
        """
        return self.filled(key, values)

    def filled(self, key: str, values: Mapping[str, Any]) -> str:
        """Return the same, with values that a mart has stored.

        A slot such as ``{@place}`` may also hold an object of ``keys`` and of the ``values`` that
        these messages have for themselves.
        """

        def slot(found: re.Match[str]) -> str:
            name = found[1]
            if name not in values:
                raise WordsError(
                    f"{self.path}: {key}: the slot {found[0]} has no value; there are: "
                    + (", ".join(values) or "none")
                )
            value = values[name]
            if value is None:
                return ""
            if name.startswith("@"):
                keys, inner = (
                    (value["keys"], value["values"])
                    if isinstance(value, Mapping)
                    else (value, values)
                )
                return "".join(self.filled(part, inner) for part in str(keys or "").split())
            return str(value)

        return SLOT.sub(slot, self.text(key))

    def sentences(self, keys: str, stored: str) -> str:
        """Return what a mart says: the messages of ``keys``, one after the other.

        Parameters
        ----------
        keys
            Keys with blanks between them.
        stored
            Values of their slots, as the text of a JSON object.
        """
        values: dict[str, Any] = json.loads(stored)
        between = self.say("join.sentences", before="", after="")
        return between.join(self.filled(key, values) for key in keys.split())

    def name(self, value: str) -> str:
        """Return a name of the warehouse in words: that of ``name.<value>``, else without ``_``."""
        return self.texts.get(f"name.{value}", value.replace("_", " "))

    def idea(self, value: str) -> str:
        """Return an idea of an explanation in words, else its name without ``_``."""
        return self.texts.get(f"idea.{value}.name", value.replace("_", " "))


def read_words(path: Path = DEFAULT) -> Words:
    """Read the words of a language.

    Raises
    ------
    WordsError
        The file is missing, or a row of it is broken; the message names the line.
    """
    if not path.is_file():
        raise WordsError(f"{path}: there is no such file of words")
    texts: dict[str, str] = {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        if next(rows, None) != COLUMNS:
            raise WordsError(f"{path}: the first line has to be {','.join(COLUMNS)}")
        for row in rows:
            where = f"{path}, line {rows.line_num}"
            if len(row) != len(COLUMNS) or not all(row):
                raise WordsError(f"{where}: a row is a key and a text")
            key, text = row
            if key in texts:
                raise WordsError(f"{where}: the key {key!r} occurs twice")
            if problem := _broken(text):
                raise WordsError(f"{where}: {key}: {problem}")
            texts[key] = text
    return Words(texts, path)


def slots_of(text: str) -> frozenset[str]:
    """Return the slots of a text, formats and all."""
    return frozenset(found[0] for found in SLOT.finditer(text))


def _broken(text: str) -> str:
    rest = SLOT.sub("", text)
    return f"a brace that belongs to no slot stands in {text!r}" if set(rest) & set("{}") else ""
