"""Times as a person writes and reads them, and the time zone of both."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import click

from appointments.contract.instants import utc, utc_of_any

FORMS = "2h, yesterday, 22:00, 2026-03-02, 2026-03-02T09:00 or 2026-03-02T09:00:00Z"
DAY_FORMS = "today, tomorrow, yesterday or 2026-03-02"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"(?P<count>[0-9]{1,5})(?P<unit>[smhdw])")
_CLOCK = re.compile(r"(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9])")
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}


class Zone(NamedTuple):
    """A time zone by its name. ``info`` None is the zone of this machine, with its changes of summer time."""

    name: str
    info: tzinfo | None

    @classmethod
    def of(cls, name: str | None) -> Zone:
        """Find the zone of a name. Raises BadParameter for a name that this machine does not know."""
        if name is None:
            return cls(_machine_zone(), None)
        try:
            return cls(name, ZoneInfo(name))
        except (ValueError, OSError, LookupError):  # ZoneInfoNotFoundError is a KeyError
            raise click.BadParameter(
                f"{name!r} is not a time zone: give a name such as Europe/Brussels or UTC", param_hint="'--tz'"
            ) from None

    def local(self, moment: datetime) -> datetime:
        """Convert; a moment without an offset is in this zone already."""
        if self.info is None:
            return moment.astimezone()
        return moment.replace(tzinfo=self.info) if moment.tzinfo is None else moment.astimezone(self.info)

    def show(self, instant: str) -> str:
        """Return an instant for a person, ``2026-03-02 10:00:00``; unchanged if it is no instant of the calendar."""
        moment = self._moment(instant)
        return instant if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"

    def iso(self, instant: str) -> str:
        """Return an instant as RFC 3339 with the offset of the zone."""
        moment = self._moment(instant)
        return instant if moment is None else moment.isoformat(timespec="milliseconds")

    def _moment(self, instant: str) -> datetime | None:
        try:
            return self.local(datetime.fromisoformat(instant))
        except (ValueError, OverflowError):
            return None


def parse(text: str, zone: Zone, now: datetime, option: str) -> str:
    """Convert one of FORMS to an instant in UTC. A time of day is the latest one. Raises BadParameter."""
    word = text.strip()
    try:
        moment = _relative(word, zone, now)
        return utc_of_any(word) if moment is None else utc(moment.astimezone(UTC).isoformat())
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{text!r} is not a time: give {FORMS}", param_hint=f"'{option}'") from None


def parse_day(text: str, zone: Zone, now: datetime, option: str) -> tuple[str, str]:
    """Convert one of DAY_FORMS to its first instant and that of the next day. Raises BadParameter."""
    try:
        if text in _DAYS:
            first = _midnight(zone.local(now) + timedelta(days=_DAYS[text]))
        else:
            first = datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 - a day of the zone, set below
        begin, end = (zone.local(day.replace(tzinfo=None)) for day in (first, first + timedelta(days=1)))
        return utc(begin.astimezone(UTC).isoformat()), utc(end.astimezone(UTC).isoformat())
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{text!r} is not a day: give {DAY_FORMS}", param_hint=f"'{option}'") from None


def ago(instant: str, now: datetime) -> str:
    """Return how long ago an instant is, in its largest unit: ``3 min``."""
    try:
        seconds = (now - datetime.fromisoformat(instant)).total_seconds()
    except (ValueError, OverflowError):
        return "?"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if abs(seconds) >= size:
            return f"{int(seconds / size)} {unit}"
    return f"{int(seconds)} s"


def _relative(word: str, zone: Zone, now: datetime) -> datetime | None:
    """Return the moment of a form that depends on now or on the zone; None for any other."""
    here = zone.local(now)
    if match := _AGO.fullmatch(word):
        return now - timedelta(**{_UNITS[match["unit"]]: int(match["count"])})
    if word == "now":
        return now
    if word in _DAYS:
        return zone.local(_midnight(here + timedelta(days=_DAYS[word])).replace(tzinfo=None))
    if match := _CLOCK.fullmatch(word):
        clock = _midnight(here).replace(hour=int(match["hour"]), minute=int(match["minute"]), tzinfo=None)
        moment = zone.local(clock)
        return moment if moment <= here else zone.local(clock - timedelta(days=1))
    if re.match(r"[0-9]{4}-", word) and (written := datetime.fromisoformat(word)).tzinfo is None:
        return zone.local(written)
    return None


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _machine_zone() -> str:
    """Return the name of this machine's zone, or its abbreviation where the machine does not say."""
    if name := os.environ.get("TZ"):
        return name.lstrip(":")
    try:
        parts = Path("/etc/localtime").resolve(strict=True).parts
    except OSError:
        parts = ()
    if "zoneinfo" in parts:
        return "/".join(parts[parts.index("zoneinfo") + 1 :])
    return datetime.now().astimezone().tzname() or "local time"
