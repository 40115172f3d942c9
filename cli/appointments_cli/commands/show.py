"""``appointments show``: the current state of one appointment."""

from __future__ import annotations

from typing import Any

import click

from appointments_cli.options import reveal_option, with_screen
from appointments_cli.screen import Column, Kind, Record, Screen
from appointments_cli.target import Target, with_target

FACTS = (
    Column("appointmentId", "appointment"),
    Column("status"),
    Column("start", kind=Kind.INSTANT),
    Column("end", kind=Kind.INSTANT),
    Column("meetingType", "meeting"),
    Column("office"),
    Column("subject"),
    Column("people"),
    Column("listing"),
    Column("leadSegment", "lead segment"),
    Column("externalId", "external id"),
    Column("notes"),
    Column("updatedAt", "updated", Kind.INSTANT),
    Column("by"),
    Column("eventType", "last event"),
    Column("origin"),
    Column("eventId", "envelope id"),
    Column("receivedAt", "received", Kind.INSTANT),
    Column("violations"),
)


@click.command()
@with_target()
@with_screen
@reveal_option
@click.argument("appointment", metavar="ID")
def show(target: Target, *, screen: Screen, reveal: bool, appointment: str) -> None:
    """Show the current state of an appointment."""
    from appointments_cli.reading.table import Table
    from appointments_cli.reading.whereabouts import Whereabouts

    table = Table(target, screen)
    current = table.current(appointment)
    if current is None:
        where = Whereabouts(target, screen, table)
        kept = where.quarantined(appointment=appointment)
        raise where.unknown("appointment", appointment, where.lines(appointment), kept)
    event = table.event(appointment, current["eventId"]["S"]) if "eventId" in current else None
    screen.facts(_record(current, event, reveal=reveal), FACTS)
    if event is None or event.document is None:
        screen.say("the event of this state cannot be read: only the attributes of the current item are shown")


def _record(current: Any, event: Any, *, reveal: bool) -> Record:
    from appointments_cli.commands.history import _by
    from appointments_cli.reading.masking import masked
    from appointments_cli.reading.table import plain

    item = plain(current)
    whole = event.appointment if event is not None else {}
    appointment = whole if reveal else masked(whole)
    people = item.get("participants", [])
    return {
        "appointmentId": item["pk"].partition("#")[2],
        **{name: item.get(name) for name in ("status", "start", "end", "meetingType", "externalId")},
        **{name: _resource(appointment.get(name), item.get(f"{name}Id")) for name in ("office", "subject")},
        "people": [_person(each if reveal else masked(each)) for each in people],
        "peopleCount": item.get("participantCount"),
        "listing": item.get("listingId"),
        "leadSegment": item.get("leadSegmentId"),
        "notes": appointment.get("internalNotes"),
        "by": _by(whole),
        **{name: item.get(name) for name in ("updatedAt", "eventType", "origin", "eventId", "receivedAt")},
        "violations": event.violation_count if event is not None and event.violation_count else None,
        "appointment": appointment or None,
    }


def _resource(value: Any, identity: Any) -> str | None:
    """The id of an office or subject and its first name."""
    translations = value.get("translations") if isinstance(value, dict) else None
    names = translations.get("name") if isinstance(translations, dict) else None
    first = next((each.get("value") for each in names or [] if isinstance(each, dict)), None)
    return " ".join(str(part) for part in (identity, first) if part) or None


def _person(person: dict[str, Any]) -> str:
    parts = (person.get(name) for name in ("type", "role", "id", "externalId", "name"))
    return " ".join(str(part) for part in parts if part)
