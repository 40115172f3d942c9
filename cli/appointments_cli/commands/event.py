"""``appointments event`` and ``raw``: one event by its envelope id, without the id of its appointment."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import click

from appointments_cli.errors import CommandError
from appointments_cli.options import scan_option, with_screen
from appointments_cli.screen import Column, Kind, Record, Screen
from appointments_cli.target import Target, with_target

if TYPE_CHECKING:
    from appointments_cli.reading.loglines import Line
    from appointments_cli.reading.table import StoredEvent

FACTS = (
    Column("envelopeId", "envelope id"),
    Column("appointmentId", "appointment"),
    Column("eventType", "event"),
    Column("origin"),
    Column("sentAt", "sent", Kind.INSTANT),
    Column("receivedAt", "received", Kind.INSTANT),
    Column("storedAt", "stored", Kind.INSTANT),
    Column("stale"),
    Column("violations"),
    Column("erasedAt", "erased", Kind.INSTANT),
    Column("correlationId", "correlation id"),
    Column("published", "publication"),
    Column("publishedAt", "published at", Kind.INSTANT),
    Column("eventIds", "EventBridge id"),
    Column("_replays", "replayed"),
    Column("_lines", "log"),
)
_appointment = click.option("--appointment", metavar="ID", help="The event's appointment, if you know it: no search.")


@click.command()
@with_target()
@with_screen
@_appointment
@scan_option
@click.argument("envelope_id", metavar="EVENT-ID")
def event(target: Target, *, screen: Screen, appointment: str | None, scan: bool, envelope_id: str) -> None:
    """Show whether an event is stored and published, when, and under which id of EventBridge.

    The log lines name its appointment. An event that no line names is searched in the whole table.
    """
    from appointments_cli.reading.whereabouts import find_event

    found, lines = find_event(target, screen, envelope_id, appointment, scan=scan)
    screen.facts(_record(found, lines, screen), FACTS)


@click.command()
@with_target()
@with_screen
@_appointment
@scan_option
@click.option("--reveal", is_flag=True, help="Print the body, which is personal data and has tokens.")
@click.argument("envelope_id", metavar="EVENT-ID")
def raw(target: Target, *, screen: Screen, appointment: str | None, scan: bool, reveal: bool, envelope_id: str) -> None:
    """Print the body of an event: the exact bytes in a pipe, escaped on a terminal. Needs --reveal.

    With --json it is a member of one object: body as text, or base64 if it is not UTF-8.
    """
    from appointments.errors import AppointmentsError
    from appointments_cli.reading.table import Table
    from appointments_cli.reading.whereabouts import find_event

    if not reveal:
        raise click.UsageError("a body is personal data and has tokens: --reveal prints it")
    found, _ = find_event(target, screen, envelope_id, appointment, scan=scan)
    try:
        body = Table(target, screen).body(found)
    except (KeyError, ValueError, zlib.error, AppointmentsError) as error:
        raise CommandError(f"the body of {envelope_id} cannot be read: {type(error).__name__}") from None
    screen.body(body, {"appointmentId": found.appointment_id, "envelopeId": found.envelope_id})


def _record(found: StoredEvent, lines: list[Line] | None, screen: Screen) -> Record:
    about = [line for line in lines or () if line.envelope_id == found.envelope_id]
    about = [line for line in about if line.appointment_id in ("", found.appointment_id)]
    published = [line for line in about if line.result == "published"]
    return {
        "envelopeId": found.envelope_id,
        "appointmentId": found.appointment_id,
        "eventType": found.text("eventType"),
        "origin": found.origin,
        "sentAt": found.text("updatedAt"),
        "receivedAt": found.text("receivedAt"),
        "storedAt": found.text("storedAt"),
        "stale": found.is_stale,
        "violations": found.violation_count or None,
        "erasedAt": found.text("erasedAt") or None,
        "correlationId": found.text("correlationId"),
        "published": _state(about, lines is not None),
        "publishedAt": published[-1].at if published else None,
        "eventIds": [line.event_id for line in published if line.event_id],
        "_replays": [
            f"{screen.zone.show(line.at)} to {line.destination}, run {line.replay_id}"
            for line in about
            if line.replay_id
        ],
        "lines": [line.as_dict() for line in about],
        "_lines": [
            f"{screen.zone.show(line.at)} {line.service} {line.result} {line.detail}".strip()
            for line in about
            if not line.replay_id
        ],
    }


def _state(about: list[Line], has_logs: bool) -> str:
    results = [line.result for line in about if line.service in ("publisher", "command")]
    if "published" in results:
        return "published"
    if "parked" in results:
        return "parked in the failure queue: 'appointments failures list'"
    if "again" in results:
        return "not yet: the publisher tries again"
    return "unknown: no log line of the publisher names it" if has_logs else "unknown: the log lines cannot be read"
