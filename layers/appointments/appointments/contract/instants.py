"""RFC 3339 date-times as instants in one fixed-width form, so that string order is time order.

The sender writes ``+00:00``, other pages of the vendor ``.000Z`` (docs/contract.md, C19): its texts are never
compared.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta

# [0-9], because \d matches the digits of every script. No leap second: the pattern of the contract ends at 59.
PATTERN = (
    r"^([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])"
    r"(\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):([0-5][0-9]))$"
)
FIRST = "0000-01-01T00:00:00.000000000Z"
LAST = "9999-12-31T23:59:59.999999999Z"
WITHOUT_OFFSET = {"Z", "z", "+00:00", "-00:00"}
LAST_COMMON_DAY = "28"
"""Every month has this day; only later days need the calendar."""
_date_time = re.compile(PATTERN.strip("^$"))


def is_date_time(text: str) -> bool:
    """Whether the text is an RFC 3339 date-time with an offset, on a day that exists."""
    match = _date_time.fullmatch(text)
    return match is not None and _day_exists(match)


def utc(text: str) -> str:
    """Convert a date-time to ``YYYY-MM-DDTHH:MM:SS.fffffffffZ``: nanoseconds, truncated beyond.

    An offset that leads out of the years 0000 to 9999 is clamped to the first or last instant. Raises ValueError
    for any other text.
    """
    match = _date_time.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 date-time with an offset")
    fraction = (match[7] or ".")[1:10]
    clock = f"{text[4:10]}T{text[11:19]}"
    if match[8] in WITHOUT_OFFSET and _day_exists(match):
        return f"{match[1]}{clock}.{fraction:0<9}Z"
    year = int(match[1])
    # The calendar repeats every 400 years: computed in the 2000s, no year and no offset can overflow datetime.
    local = datetime.fromisoformat(f"{2000 + year % 400}{clock}")
    moved = local - _offset(match)
    year += moved.year - local.year
    if year < 0:
        return FIRST
    if year > 9999:
        return LAST
    return f"{year:04}{moved.isoformat()[4:]}.{fraction:0<9}Z"  # a format of datetime costs as much as all the rest


def utc_of_any(text: str) -> str:
    """Convert like :func:`utc`, but also other notations of ISO 8601 with an offset: ``+0000``, a space for the T, no
    seconds, a comma, and what else datetime.fromisoformat reads.

    Raises ValueError for any other text.
    """
    try:
        return utc(text)
    except ValueError:
        instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("a date-time without an offset")
    try:
        return utc(instant.astimezone(UTC).isoformat())
    except OverflowError:
        raise ValueError("a date-time out of range") from None


def later(instant: str, seconds: int) -> str:
    """Return the instant that is ``seconds`` later, both in the form of :func:`utc`."""
    moved = datetime.fromisoformat(instant[:19] + "+00:00") + timedelta(seconds=seconds)
    return f"{moved:%Y-%m-%dT%H:%M:%S}{instant[19:]}"


def epoch_seconds(instant: str) -> float:
    """Convert an instant in the form of :func:`utc` to epoch seconds; 0 for the year 0000."""
    try:
        return datetime.fromisoformat(instant[:19] + "+00:00").timestamp()
    except ValueError:
        return 0.0


def now() -> str:
    """Return the current instant in the form of :func:`utc`."""
    return utc(datetime.now(UTC).isoformat())


def _day_exists(match: re.Match[str]) -> bool:
    return match[3] <= LAST_COMMON_DAY or int(match[3]) <= monthrange(2000 + int(match[1]) % 400, int(match[2]))[1]


def _offset(match: re.Match[str]) -> timedelta:
    if match[9] is None:
        return timedelta()
    offset = timedelta(hours=int(match[9]), minutes=int(match[10]))
    return -offset if match[8].startswith("-") else offset
