"""Time zones: which names there are, and which letters a zone writes behind its times."""

import difflib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

# Zones change their offset at most a few times a year, and never for less than some weeks.
_STEP = timedelta(days=7)
_FIRST, _LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)
# Files among the zones that name no place.
_NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})


@cache
def zone_names() -> frozenset[str]:
    """Return the IANA names of time zones that this machine has data of; UTC is always one."""
    return frozenset(available_timezones() - _NO_ZONES) | {"UTC"}


def is_zone(value: object) -> bool:
    """Say whether a value is the IANA name of a time zone.

    >>> is_zone("Europe/Berlin"), is_zone("Berlin"), is_zone("+02:00"), is_zone(None)
    (True, False, False, False)
    """
    return isinstance(value, str) and value in zone_names()


def zone_like(value: object) -> str | None:
    """Return the name of a zone that a value was probably meant to be, or None.

    >>> zone_like("berlin"), zone_like("America/New York"), zone_like("Asia/Calcuta")
    ('Europe/Berlin', 'America/New_York', 'Asia/Calcutta')
    >>> zone_like(7) is None
    True
    """
    wanted = str(value).strip().lower().replace(" ", "_")
    # A continent before the city comes first: Europe/Berlin, and not the old name of a zone.
    names = {name.lower(): name for name in sorted(zone_names(), key=lambda name: "/" in name)}
    cities = {name.lower().rsplit("/", 1)[-1]: name for name in sorted(zone_names()) if "/" in name}
    if wanted in names or wanted in cities:
        return names.get(wanted) or cities[wanted]
    if alike := difflib.get_close_matches(wanted, names, n=1, cutoff=0.8):
        return names[alike[0]]
    alike = difflib.get_close_matches(wanted, cities, n=1, cutoff=0.8)
    return cities[alike[0]] if alike else None


@cache
def letters_of_zone(zone: str) -> Mapping[str, str]:
    """Return the letters that a zone writes behind its times, and the offset that each means.

    Parameters
    ----------
    zone
        IANA name of the zone.

    Returns
    -------
    Mapping
        Offsets such as ``+02:00`` by letters in lower case. Letters that have meant several
        offsets since 1990 are left out: a time with them does not say which.

    Examples
    --------
    >>> letters_of_zone("Europe/Berlin")
    {'cest': '+02:00', 'cet': '+01:00'}
    >>> letters_of_zone("Asia/Kolkata"), letters_of_zone("UTC")
    ({'ist': '+05:30'}, {'utc': '+00:00'})
    >>> "msk" in letters_of_zone("Europe/Moscow")  # three hours before UTC, and four for a while
    False
    """
    clock = ZoneInfo(zone)
    found: dict[str, set[timedelta]] = {}
    at = _FIRST
    while at < _LAST:
        local = at.astimezone(clock)
        name, offset = local.tzname() or "", local.utcoffset() or timedelta(0)
        if re.fullmatch("[A-Za-z]{3,5}", name):
            found.setdefault(name.lower(), set()).add(offset)
        at += _STEP
    return {
        letters: _written(min(offsets))
        for letters, offsets in sorted(found.items())
        if len(offsets) == 1
    }


def _written(offset: timedelta) -> str:
    minutes = round(offset / timedelta(minutes=1))
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
