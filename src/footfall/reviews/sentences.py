"""Sentences of a text, which end at full stops and where a contrast begins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from footfall.reviews.texts import CHINESE

_STOP = r"[!?;\u3002\uff01\uff1f\uff1b\u2026\n\r]+|\.+(?=[\s\"')\]]|$)"
#: Short forms that end with a full stop, and initials: no end of a sentence.
_SHORT_FORM = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|mr|mrs|ms|dr|no|approx|inc)|(?:^|\s)[a-z])\.$")
_ENGLISH_CONTRAST = (
    r"\b(?:but(?! also)|however|(?:even )?though|although|nevertheless|nonetheless"
    r"|on the other hand|whereas|yet|except|unfortunately)\b"
)
#: "Nothing but" and "all but" deny no part of what was said; "yet" contrasts after a comma alone.
_NO_CONTRAST = re.compile(r"(?:nothing|anything|all) but$|(?:[^,\s]|^)\s*yet$")
#: 不但 (not only), 但愿 (may it), 好不过 (could not be better) and 不过如此 (so-so) hold a word of
#: contrast and are none.
_CHINESE_CONTRAST = (
    r"(?<![不非])但是?(?!愿)|(?<![好再])不过(?![如分期瘾关敏时])|然而|可是|可惜|只是|只不过"
    r"|虽然|尽管|反而"
)
_ENGLISH_END = re.compile(f"(?P<stop>{_STOP})|{_ENGLISH_CONTRAST}", re.IGNORECASE)
_CHINESE_END = re.compile(f"(?P<stop>{_STOP})|{_CHINESE_CONTRAST}")
#: After these the main clause follows a comma.
_CONCESSIONS = frozenset({"although", "though", "even though", "虽然", "尽管"})
_COMMA = re.compile("[,\uff0c]")


@dataclass(frozen=True)
class Sentence:
    """A part of a text that says one thing.

    Attributes
    ----------
    start, end
        Where it lies in the text: its first character, and the one after its last.
    text
        Its characters, without blanks at both ends.
    """

    start: int
    end: int
    text: str


def sentences_of(text: str, language: str) -> list[Sentence]:
    """Cut a text at full stops and before words of contrast.

    What follows "but", "however" or 但是 speaks of something else than what comes before, so that
    praise and blame on both sides do not mix. A clause that begins with "although" or 虽然 ends at
    its comma.

    Parameters
    ----------
    text
        As it was written; any text is allowed.
    language
        `zh` for Chinese words of contrast, English ones otherwise.

    Examples
    --------
    >>> [one.text for one in sentences_of("Nice mug, but it leaks. Sent back!", "en")]
    ['Nice mug,', 'but it leaks.', 'Sent back!']
    """
    pattern = _CHINESE_END if language == CHINESE else _ENGLISH_END
    cuts = [0]
    for match in pattern.finditer(text):
        if match["stop"]:
            before = text[max(0, match.start() - 7) : match.start() + 1].lower()
            if match[0] != "." or not _SHORT_FORM.search(before):
                cuts.append(match.end())
            continue
        if _NO_CONTRAST.search(text[max(0, match.start() - 10) : match.end()].lower()):
            continue
        cuts.append(match.start())
        if match[0].lower() in _CONCESSIONS:
            comma = _COMMA.search(text, match.end(), match.end() + 200)
            if comma:
                cuts.append(comma.end())
    cuts.append(len(text))
    cuts.sort()
    found = []
    for start, end in pairwise(cuts):
        part = text[start:end]
        stripped = part.strip()
        if any(mark.isalnum() for mark in stripped):
            first = start + len(part) - len(part.lstrip())
            found.append(Sentence(first, first + len(stripped), stripped))
    return found
