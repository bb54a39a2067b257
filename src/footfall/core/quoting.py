"""Names and texts as SQL and its patterns take them, whatever is in them."""

import re
from collections.abc import Iterable

#: What words are made of, for a class of a pattern: letters of any script, digits, underscores.
WORD_CHARACTERS = r"\p{L}\p{M}\p{N}_"
# RE2 takes no backslash before a letter, nor before anything that is not ASCII.
_MARK = re.compile(r"[!-/:-@\[-^`{-~]")


def quoted(name: str) -> str:
    """Return a name as SQL takes it.

    Examples
    --------
    >>> quoted('the "best" price')
    '"the ""best"" price"'
    """
    return '"' + name.replace('"', '""') + '"'


def sql_text(value: str) -> str:
    """Return a text as SQL takes it.

    Examples
    --------
    >>> sql_text("it's")
    "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"


def either_of(texts: Iterable[str]) -> str:
    r"""Return the pattern, as RE2 reads it, of one of some texts just as it is written.

    Examples
    --------
    >>> either_of(["a.b", "zoë_1"])
    'a\\\\.b|zoë_1'
    """
    return "|".join(_MARK.sub(r"\\\g<0>", text) for text in texts)
