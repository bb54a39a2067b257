"""Texts as customers write them, made alike before anything is counted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from html.parser import HTMLParser

#: Characters of a text that are read; what follows says the same again, or is no text.
MOST_CHARACTERS = 5_000
CHINESE, ENGLISH, OTHER = "zh", "en", "other"
#: Share of letters from which on a script decides the language: Chinese texts hold Latin brands.
_CHINESE_SHARE, _LATIN_SHARE = 0.3, 0.5
#: Elements whose content is no text of the customer.
_UNSEEN = frozenset({"script", "style"})
#: A tag that is never closed: the text was cut in it.
_OPEN_TAG = re.compile(r"<[a-zA-Z/!?][^>]*$")


class _Words(HTMLParser):
    """Collects the text between tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._unseen += tag in _UNSEEN
        self.found.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN and self._unseen > 0
        self.found.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.found.append(data)


def plain(text: str) -> str:
    """Return a text without markup and without characters that are not printed.

    Examples
    --------
    >>> plain("Great<br>mug &amp; fast <script>alert(1)</script>")
    'Great mug & fast'
    """
    text = text[: 4 * MOST_CHARACTERS]
    if "<" in text or "&" in text:
        words = _Words()
        words.feed(_OPEN_TAG.sub("", text))
        words.close()
        text = "".join(words.found)
    shown = "".join(mark if unicodedata.category(mark)[0] != "C" else " " for mark in text)
    return " ".join(shown.split())[:MOST_CHARACTERS]


def normalised(text: str | None) -> str:
    """Return a text as it is compared: compatible characters, lower case, single blanks.

    Two texts that are equal afterwards are one text to every reader of this package.

    Examples
    --------
    >>> normalised("  GREAT   mug™ ")
    'great mugtm'
    """
    if not text:
        return ""
    return " ".join(plain(unicodedata.normalize("NFKC", text)).lower().split())


def language_of(text: str) -> str:
    """Return the language by the scripts of the letters: `zh`, `en` or `other`.

    Latin letters count as English, as the script does not show which of the languages that share it
    a text is in. Texts with Japanese syllables or without letters are `other`.
    """
    chinese = latin = letters = 0
    for mark in text:
        if not mark.isalpha():
            continue
        letters += 1
        if "\u4e00" <= mark <= "\u9fff" or "\u3400" <= mark <= "\u4dbf":
            chinese += 1
        elif "\u3040" <= mark <= "\u30ff":
            return OTHER
        elif mark < "\u0250":
            latin += 1
    if letters and chinese >= _CHINESE_SHARE * letters:
        return CHINESE
    return ENGLISH if letters and latin >= _LATIN_SHARE * letters else OTHER


def main_language(texts: Sequence[str]) -> str:
    """Return the language of most texts; `other` where no text has letters."""
    found = [language_of(text) for text in texts]
    return max((CHINESE, ENGLISH, OTHER), key=found.count)
