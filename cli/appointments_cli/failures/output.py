"""What is shown of failures and of the events that a redrive publishes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from appointments.publishing.failures import Parked, StreamRange
from appointments.storage import items
from appointments_cli.failures.events import ERASED, Event
from appointments_cli.failures.failure import failure_of
from appointments_cli.failures.redrive import Plan, RedriveResult
from appointments_cli.queue_reader import HeldMessage
from appointments_cli.screen import Column, Kind, Record, counted

FAILURES = (
    Column("at", "since", Kind.INSTANT, essential=True),
    Column("kind", kind=Kind.ID, importance=3),
    Column("appointmentId", "appointment", Kind.ID, importance=9),
    Column("envelopeId", "envelope id", Kind.ID, importance=7),
    Column("code", importance=8),
    Column("cause", importance=4),
    Column("records", kind=Kind.NUMBER, importance=5),
    Column("until", kind=Kind.INSTANT, importance=2),
    Column("shard", importance=1),
)
EVENTS = (
    Column("storedAt", "stored", Kind.INSTANT, essential=True),
    Column("result", kind=Kind.ID, essential=True),
    Column("appointmentId", "appointment", Kind.ID, importance=8),
    Column("eventType", "event", Kind.ID, importance=5),
    Column("envelopeId", "envelope id", Kind.ID, importance=7),
)


def failure_record(held: HeldMessage) -> Record:
    match failure_of(held):
        case Parked() as parked:
            return {
                "kind": "parked",
                "at": parked.created_at,
                "cause": parked.cause.value,
                "code": parked.code,
                **ids(parked.partition_key, parked.sort_key),
            }
        case StreamRange() as lost:
            return {
                "kind": "range",
                "at": lost.first_at,
                "until": lost.last_at,
                "code": lost.condition,
                "records": lost.size,
                "shard": lost.shard_id,
                "start": lost.start,
                "end": lost.end,
            }
        case _:
            return {"kind": "unknown", "code": held.message_id}


def planned(event: Event) -> str:
    return ERASED if event.is_erased else "would publish"


def event_record(event: Event, result: str) -> Record:
    return {
        "result": result,
        "storedAt": event.stored_at,
        "eventType": event.event_type,
        "origin": event.origin,
        **ids(event.partition_key, event.sort_key),
    }


def ids(partition_key: str, sort_key: str) -> Record:
    return {
        "appointmentId": items.appointment_id_of(partition_key),
        "envelopeId": items.envelope_id_of(sort_key),
    }


def summary(failures: Iterable[HeldMessage], held_by_others: int, left: int) -> str:
    """Say how many failures were shown, and how many were not, because somebody holds them or for the limit."""
    kinds = Counter(type(failure_of(each)) for each in failures)
    parked, ranges = counted(kinds[Parked], "parked event"), counted(kinds[StreamRange], "range")
    line = f"{counted(kinds.total(), 'failure')}: {parked}, {ranges} of the stream, {kinds[type(None)]} unknown"
    if held_by_others:
        line += f"; about {held_by_others} more are not shown, because another reader holds them for a while"
    return line + (f"; about {left} more are not shown: give a higher --limit" if left else "")


def closing_line(selected: str, work: Plan, result: RedriveResult, count: int) -> str:
    published, failed, erased = len(result.accepted), len(result.failed), len(result.erased)
    untried = work.count - published - failed - erased
    line = f"{selected}: {published} published, {failed} failed, {untried} not tried"
    line += f", {erased} erased" if erased else ""
    return (
        f"{line}; {counted(result.removed, 'failure')} deleted, {count - result.removed} left." if count else f"{line}."
    )
