"""``appointments history``: everything that happened to one appointment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from appointments_cli.options import Window, limit_option, reveal_option, with_pager, with_screen, with_window
from appointments_cli.screen import Column, Kind, Record, Screen, counted
from appointments_cli.target import Target, with_target

if TYPE_CHECKING:
    from appointments_cli.quarantine.objects import QuarantineObject
    from appointments_cli.reading.changes import Change
    from appointments_cli.reading.loglines import Line
    from appointments_cli.reading.table import StoredEvent

WAITING = {
    "deferred": "waits in the backlog",
    "again": "waits in the backlog",
    "not stored": "not stored, answered with 503",
}
"""By the last result of a delivery that the table does not have, its mark."""
DEFERRED_SECONDS = 10
"""An event that was stored this long after its receipt waited in the backlog or in quarantine."""
COLUMNS = (
    Column("sentAt", "sent", Kind.INSTANT, essential=True),
    Column("eventType", "event", Kind.ID, essential=True),
    Column("marks", importance=9, least=20),
    Column("by", importance=8, least=20),
    Column("receivedAt", "received", Kind.INSTANT, importance=4),
    Column("storedAt", "stored", Kind.INSTANT, importance=3),
    Column("publishedAt", "published", Kind.INSTANT, importance=6),
    Column("envelopeId", "envelope id", Kind.ID, importance=7),
    Column("_replays", "replays", below=True),
    Column("_changes", "change", below=True),
)


@click.command()
@with_target()
@with_screen
@with_pager
@with_window()
@click.option("--changed", metavar="MEMBER", help="Only events that changed it: status, start, office, employee, ...")
@limit_option(1000, "events")
@reveal_option
@click.argument("appointment", metavar="ID")
def history(
    target: Target, *, screen: Screen, window: Window, changed: str | None, limit: int, reveal: bool, appointment: str
) -> None:
    """Show the events of an appointment, the newest first: who changed what, and what became of each delivery.

    The order is that of updatedAt, which the sender sets. A refused delivery stands at the time of its receipt. What a
    reconciliation found stands at the time of the first run that found it.
    """
    from appointments_cli.reading.table import Table
    from appointments_cli.reading.whereabouts import Whereabouts

    table = Table(target, screen)
    _, events = table.appointment(appointment)
    where = Whereabouts(target, screen, table)
    lines = where.lines(appointment)
    kept = where.quarantined(appointment=appointment)
    missed = [line for line in lines or () if line.service == "reconcile" and line.appointment_id == appointment]
    lost = list(_unstored(lines or [], events, kept))
    if not events and not kept and not missed and not lost:
        raise where.unknown("appointment", appointment, lines, kept)
    records = [
        *event_records(events, lines or [], screen, reveal=reveal),
        *map(_quarantined, kept),
        *_missed(missed, screen),
        *lost,
    ]
    records = [each for each in records if each["sentAt"] in window and (changed is None or _names(each, changed))]
    records.sort(key=lambda record: record["_order"], reverse=True)
    screen.table(COLUMNS, records[:limit])
    if lines is None:
        screen.say("the log lines cannot be read: when the events were published and duplicates are unknown")
    noun = "record" if missed or lost else "event"
    screen.close(len(records[:limit]), noun, more=len(records) > limit, within=f" of appointment {appointment}")


def event_records(events: list[StoredEvent], lines: list[Line], screen: Screen, *, reveal: bool) -> list[Record]:
    """Return the record of each event, given in their order, with the changes since the one before it.

    The first one has the values that the appointment begins with. A repair of a reconciliation knows less than a
    delivery: it is compared with the state that it replaced, and the next delivery with the delivery before it.
    """
    from appointments_cli.reading.changes import between, initial, since_previous

    records = []
    before: StoredEvent | None = None
    for event in events:
        if before is None:
            changes = initial(event.appointment, event.previous)
        elif event.origin:
            changes = since_previous(event.appointment, event.previous)
        else:
            changes = between(before.appointment, event.appointment) if event.document else []
        if event.document is not None and not event.origin:
            before = event
        records.append(_record(event, changes, lines, screen, reveal=reveal))
    return records


def _names(record: Record, member: str) -> bool:
    return any(change["path"].lower().startswith(member.lower()) for change in record["changes"])


def _record(event: StoredEvent, changes: list[Change], lines: list[Line], screen: Screen, *, reveal: bool) -> Record:
    about = [line for line in lines if line.envelope_id == event.envelope_id]
    published = [line for line in about if line.result == "published"]
    return {
        "sentAt": event.text("updatedAt"),
        "eventType": event.text("eventType"),
        "envelopeId": event.envelope_id,
        "by": _by(event.appointment),
        "receivedAt": event.text("receivedAt"),
        "storedAt": event.text("storedAt") if _waited(event) > DEFERRED_SECONDS else None,
        "publishedAt": published[0].at if published else None,
        "eventId": published[0].event_id if published else None,
        "origin": event.origin,
        "marks": list(_marks(event, about)),
        "replays": [
            {"at": line.at, "id": line.replay_id, "destination": line.destination} for line in about if line.replay_id
        ],
        "changes": [change.as_dict(reveal=reveal) for change in changes],
        "_replays": [
            f"replayed to {line.destination} at {screen.zone.show(line.at)}" for line in about if line.replay_id
        ],
        "_changes": [change.line(screen.zone.show, reveal=reveal) for change in changes],
        "_order": event.order,
    }


def _marks(event: StoredEvent, about: list[Line]) -> Iterator[str]:
    duplicates = sum(line.result == "duplicate" for line in about)
    if any(line.result == "deferred" for line in about):
        yield "deferred"
    if event.origin:
        yield event.origin
    if event.is_stale:
        yield "stale"
    if event.violation_count:
        yield counted(event.violation_count, "violation")
    if event.text("erasedAt"):
        yield "erased"
    elif event.problem:
        yield f"unreadable: {event.problem}"
    yield from _published_again(about)
    if duplicates:
        yield counted(duplicates, "duplicate")


def _published_again(about: list[Line]) -> Iterator[str]:
    """The marks of more than one publication, and of one that failed."""
    if replays := sum(bool(line.replay_id) for line in about):
        yield "replayed" + (f" {replays} times" if replays > 1 else "")
    if sum(line.result == "published" and not line.replay_id for line in about) > 1:
        yield "published again"
    published = [line.at for line in about if line.result == "published"]
    if any(line.result == "parked" and line.at > max(published, default="") for line in about):
        yield "parked"
    elif not published and any(line.result == "again" and line.service == "publisher" for line in about):
        yield "not yet published"


def _quarantined(entry: QuarantineObject) -> Record:
    rules = [f"{each.path} {each.rule}" for each in entry.metadata.violations[:3]]
    more = [f"and {entry.metadata.violation_count - 3} more"] if entry.metadata.violation_count > 3 else []
    redriven = [f"redriven: {entry.outcome}"] if entry.outcome else []
    return {
        "sentAt": entry.received_at,
        "eventType": entry.ids.get("eventType"),
        "envelopeId": entry.ids.get("envelopeId"),
        "by": None,
        "receivedAt": entry.received_at,
        "storedAt": None,
        "publishedAt": None,
        "eventId": None,
        "marks": [f"quarantined {entry.reason}", *redriven],
        "replays": [],
        "changes": [],
        "quarantineKey": entry.key,
        "_changes": [*rules, *more],
        "_order": entry.received_at,
    }


def _unstored(lines: list[Line], events: list[StoredEvent], kept: list[QuarantineObject]) -> Iterator[Record]:
    """The deliveries that the log knows and the table does not: deferred ones, and those answered with 503."""
    known = {event.envelope_id for event in events} | {entry.ids.get("envelopeId") for entry in kept}
    of_event: dict[str, list[Line]] = {}
    for line in lines:
        if line.service in ("webhook", "backlog") and line.envelope_id not in known:
            of_event.setdefault(line.envelope_id, []).append(line)
    for envelope_id, about in of_event.items():
        mark = WAITING.get(about[-1].result)
        if mark is None:
            continue
        first, detail = about[0], next((line.detail for line in reversed(about) if line.detail), "")
        yield {
            **dict.fromkeys(("by", "storedAt", "publishedAt", "eventId")),
            "sentAt": first.at,
            "eventType": first.event_type or None,
            "envelopeId": envelope_id or None,
            "receivedAt": first.at,
            "marks": [mark],
            "replays": [],
            "changes": [],
            "detail": detail or None,
            "_changes": [detail] if detail else [],
            "_order": first.at,
        }


def _missed(lines: list[Line], screen: Screen) -> Iterator[Record]:
    """What the reconciliation found. A finding that each run repeats is one record."""
    found: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        found.setdefault((line.result, line.detail), []).append(line.at)
    for (verdict, detail), times in found.items():
        again = [f"found {len(times)} times, the last time at {screen.zone.show(times[-1])}"] if len(times) > 1 else []
        yield {
            **dict.fromkeys(("eventType", "envelopeId", "by", "receivedAt", "storedAt", "publishedAt", "eventId")),
            "sentAt": times[0],
            "marks": [f"reconciliation: {verdict}"],
            "replays": [],
            "changes": [],
            "verdict": verdict,
            "detail": detail or None,
            "times": len(times),
            "lastAt": times[-1],
            "_changes": [*([detail] if detail else []), *again],
            "_order": times[0],
        }


def _by(appointment: dict[str, Any]) -> str | None:
    """Who changed it and from where, of the enums that the contract knows; the id of the person is an id."""
    from appointments_cli.reading.masking import is_harmless

    names = ("updatedByType", "updatedById", "updatedFrom")
    values = [appointment.get(name) if is_harmless(name, appointment.get(name)) else "***" for name in names]
    kind, identity, channel = values
    who = " ".join(str(value) for value in (kind, identity) if value)
    return " from ".join(str(value) for value in (who, channel) if value) or None


def _waited(event: StoredEvent) -> float:
    """The seconds between receipt and storage: an event that was deferred or refused at first has many."""
    from appointments.contract.instants import epoch_seconds

    first, last = event.text("receivedAt"), event.text("storedAt")
    return epoch_seconds(last) - epoch_seconds(first) if first and last else 0.0
