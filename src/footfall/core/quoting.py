"""Names and texts as SQL takes them, whatever is in them."""


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
