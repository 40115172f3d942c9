"""Finds an event without its appointment's id, and says where an id that the table does not have was seen."""

from __future__ import annotations

from datetime import timedelta

from appointments.contract.instants import utc
from appointments.contract.members import LOGGABLE
from appointments.storage import items
from appointments_cli.errors import CommandError, UnknownIdError, WrongTargetError
from appointments_cli.options import Window
from appointments_cli.quarantine.objects import Filters, Finder, QuarantineObject
from appointments_cli.reading import loglines
from appointments_cli.reading.loglines import Line
from appointments_cli.reading.table import StoredEvent, Table, appointment_id
from appointments_cli.screen import Screen
from appointments_cli.target import Target

EVENT_IDS = "an event is found by detail.metadata.id of its message, which is envelope_id in the log"
MOST_NAMED = 10
SCAN_BYTES = 1_000_000_000
"""A larger table is read as a whole only with --scan."""


class Whereabouts:
    """Looks for ids in the log groups, in quarantine and, as the last way, in the whole table."""

    def __init__(self, target: Target, screen: Screen, table: Table) -> None:
        self._target = target
        self._screen = screen
        self._table = table
        self._is_table_unsearched = False

    def lines(self, identity: str) -> list[Line] | None:
        """Return the log lines of an id within the retention of the logs; None where they cannot tell."""
        if not LOGGABLE.fullmatch(identity):
            return None
        days = int(self._target.stack.parameters.get("LogRetentionInDays", "30"))
        since = utc((self._screen.now() - timedelta(days=days)).isoformat())
        try:
            return loglines.read(self._target, Window(since), about=identity)
        except loglines.NoLogsError:
            return None

    def quarantined(self, *, appointment: str | None = None, envelope: str | None = None) -> list[QuarantineObject]:
        """Return the objects in quarantine whose metadata names an appointment or an envelope id."""
        finder = Finder(self._target.s3, self._target.quarantine_bucket)
        found = finder.find(Filters(appointment=appointment))
        return [each for each in found if envelope is None or each.ids.get("envelopeId") == envelope]

    def event(
        self, envelope_id: str, appointment: str | None, lines: list[Line] | None, *, scan: bool
    ) -> StoredEvent | None:
        """Return the stored event: by its appointment, by the log lines, else by a scan."""
        ids = [appointment] if appointment else [each.appointment_id for each in lines or () if each.appointment_id]
        for identity in dict.fromkeys(ids):
            if (found := self._table.event(identity, envelope_id)) is not None:
                return found
        if appointment or any(line.appointment_id == envelope_id for line in lines or ()):
            return None
        if lines and all(line.service == "webhook" for line in lines) and not _is_stored(lines):
            return None
        return self._scanned(envelope_id, scan=scan)

    def unknown(self, noun: str, identity: str, lines: list[Line] | None, kept: list[QuarantineObject]) -> CommandError:
        """Return the error for an id that the table does not have: where it was looked for, and who knows it."""
        places = [] if self._is_table_unsearched else [f"the table {self._table.name}"]
        looked = ", ".join([*places, "quarantine"]) + (" and the log lines" if lines is not None else "")
        seen = [*_other_noun(noun, identity, lines or []), *(f"quarantine has {each.key}" for each in kept[:3])]
        seen += [
            f"its last log line is '{each.result}' of the {each.service} at {self._screen.zone.show(each.at)}"
            for each in (lines or ())[-1:]
        ]
        deferred = [each for each in lines or () if each.result == "deferred"]
        if deferred and not _is_stored(lines or []):
            seen.append("it was deferred and is not stored: 'appointments backlog status'")
        knows = "; ".join(seen) if seen else "neither quarantine nor the backlog knows it"
        return UnknownIdError(f"there is no {noun} {identity}: looked through {looked}; {knows}")

    def _scanned(self, envelope_id: str, *, scan: bool) -> StoredEvent | None:
        size, cost = self._table.cost()
        if size > SCAN_BYTES and not scan:
            self._is_table_unsearched = True
            self._screen.say(f"the table was not searched: --scan reads it, {cost}; or give --appointment")
            return None
        condition, values = "sk = :sk", {":sk": {"S": items.event_sort_key(envelope_id)}}
        for item in self._table.scan(condition, values, "pk, sk"):
            return self._table.event(appointment_id(item), envelope_id)
        return None


def find_event(
    target: Target, screen: Screen, identity: str, appointment: str | None, *, scan: bool
) -> tuple[StoredEvent, list[Line] | None]:
    """Return a stored event and the log lines of its envelope id, None where they cannot be read.

    ``identity`` is the envelope id, or one that a log line has beside it: EventBridge's id of the message, or the
    correlation id. Without ``appointment``, the log lines name it; else the whole table is read, which is sized and
    priced first. Raises UnknownIdError, and WrongTargetError for an id of several events.
    """
    where = Whereabouts(target, screen, Table(target, screen))
    lines = where.lines(identity)
    envelope_id = _envelope_id(identity, lines or [])
    if envelope_id != identity:
        screen.say(f"{identity} belongs to the event {envelope_id}")
        lines = where.lines(envelope_id)
    found = where.event(envelope_id, appointment, lines, scan=scan)
    if found is None:
        error = where.unknown("event", envelope_id, lines, where.quarantined(envelope=envelope_id))
        raise error if lines else UnknownIdError(f"{error.message}; {EVENT_IDS}")
    return found, lines


def _envelope_id(identity: str, lines: list[Line]) -> str:
    """Return the envelope id that log lines have beside another id of the event, else ``identity``."""
    if any(line.envelope_id == identity for line in lines):
        return identity
    named = dict.fromkeys(line.envelope_id for line in lines if identity in (line.event_id, line.correlation_id))
    found = [each for each in named if each]
    if len(found) > 1:
        raise WrongTargetError(f"{identity} belongs to several events: give one of {', '.join(found[:MOST_NAMED])}")
    return found[0] if found else identity


def _other_noun(noun: str, identity: str, lines: list[Line]) -> list[str]:
    """Say what an id is, if the log lines have it as that of an appointment instead of an event, or the reverse."""
    if noun == "event" and any(line.appointment_id == identity for line in lines):
        return [f"it is an appointment: 'appointments history {identity}'"]
    of = [line.appointment_id for line in lines if line.appointment_id not in ("", identity)]
    return [f"it is an id of an event of appointment {of[0]}: 'appointments history {of[0]}'"] if of else []


def _is_stored(lines: list[Line]) -> bool:
    return any(line.result in ("stored", "stale", "duplicate", "published") for line in lines)
