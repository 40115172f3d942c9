"""RFC 3339 date-times as instants in one fixed-width form, so that string order is time order.

The sender writes ``+00:00``, other pages of the vendor ``.000Z`` (mapping.md, C19): its own strings never compare.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta

# [0-9], because \d matches the digits of every script. No leap second: the contract's pattern ends at 59.
PATTERN = (
    r"^([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])"
    r"(\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):([0-5][0-9]))$"
)
FIRST = "0000-01-01T00:00:00.000000000Z"
LAST = "9999-12-31T23:59:59.999999999Z"
WITHOUT_OFFSET = {"Z", "z", "+00:00", "-00:00"}
LAST_COMMON_DAY = "28"
"""Of every month: no calendar is asked for a day up to it."""
_date_time = re.compile(PATTERN.strip("^$"))


def is_date_time(text: str) -> bool:
    """Whether the text is an RFC 3339 date-time with an offset, on a day that exists."""
    match = _date_time.fullmatch(text)
    return match is not None and _day_exists(match)


def utc(text: str) -> str:
    """The instant as ``YYYY-MM-DDTHH:MM:SS.fffffffffZ``: nanoseconds, truncated beyond.

    An offset that leads out of the years 0000 to 9999 is clamped to the first or last instant. Raises ValueError
    for whatever is not a date-time with an offset.
    """
    match = _date_time.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 date-time with an offset")
    fraction = (match[7] or ".")[1:10]
    if match[8] in WITHOUT_OFFSET and _day_exists(match):
        return f"{text[:10]}T{text[11:19]}.{fraction:0<9}Z"
    year, month, day, hour, minute, second = (int(match[group]) for group in range(1, 7))
    # The calendar repeats every 400 years: computed in the 2000s, no year and no offset can overflow datetime.
    local = datetime(2000 + year % 400, month, day, hour, minute, second)  # noqa: DTZ001 - the offset is applied below
    moved = local - _offset(match)
    year += moved.year - local.year
    if year < 0:
        return FIRST
    if year > 9999:
        return LAST
    return f"{year:04}-{moved:%m-%dT%H:%M:%S}.{fraction:0<9}Z"


def now() -> str:
    """The current instant in that form."""
    return utc(datetime.now(UTC).isoformat())


def _day_exists(match: re.Match[str]) -> bool:
    return match[3] <= LAST_COMMON_DAY or int(match[3]) <= monthrange(2000 + int(match[1]) % 400, int(match[2]))[1]


def _offset(match: re.Match[str]) -> timedelta:
    if match[9] is None:
        return timedelta()
    offset = timedelta(hours=int(match[9]), minutes=int(match[10]))
    return -offset if match[8].startswith("-") else offset
