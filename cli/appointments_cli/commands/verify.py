"""``appointments verify``: whether every event that was stored in a time was published or is parked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from appointments_cli.options import Window, with_screen, with_window
from appointments_cli.order import newest_first
from appointments_cli.screen import Column, Kind, Record, Screen, counted
from appointments_cli.target import Target, with_target

if TYPE_CHECKING:
    from appointments_cli.reading.table import StoredEvent

GRACE = timedelta(minutes=1)
"""An event that was stored less than this long ago can still be on its way."""
SLACK = timedelta(minutes=1)
"""The times of a range in the failure queue are approximate."""
COLUMNS = (
    Column("storedAt", "stored", Kind.INSTANT, essential=True),
    Column("state", kind=Kind.ID, essential=True),
    Column("appointmentId", "appointment", Kind.ID, importance=8),
    Column("envelopeId", "envelope id", Kind.ID, importance=9),
    Column("eventType", "event", Kind.ID, importance=4),
)
PUBLISH = "'appointments publish --event ENVELOPE-ID --to everybody', after 'appointments status' finds nothing wrong"
CANNOT_KNOW = "a delivery that never arrived is in no record of this stack: appointments reconcile compares with Engage"


@click.command()
@with_target()
@with_screen
@with_window(since="24h")
def verify(target: Target, *, screen: Screen, window: Window) -> None:
    """Check that every event stored in a time was published or is parked. Exit code 1 if one is not.

    Reads the whole table, which the command sizes and prices first, and the log lines of the publisher.
    """
    from appointments.contract.instants import utc
    from appointments_cli.reading import loglines

    now = utc(screen.now().isoformat())
    window = Window(window.since, window.until or now)
    events = _stored(target, screen, window)
    lines = loglines.read(target, Window(window.since), services=("publisher",))
    lines = [line for line in lines if line.result != "sent"]  # to one subscriber, which is no publication
    states = {(line.appointment_id, line.envelope_id): line.result for line in lines}
    states |= {
        (line.appointment_id, line.envelope_id): line.result for line in lines if line.result in ("published", "parked")
    }
    late = utc((screen.now() - GRACE).isoformat())
    found = [(event, _state(event, states, late)) for event in events]
    if any(state in ("missing", "again") for _, state in found):
        parked = _parked(target, screen)
        found = [
            (event, "parked" if state in ("missing", "again") and parked(event) else state) for event, state in found
        ]
    wrong = [(event, state) for event, state in found if state in ("missing", "again")]
    records = newest_first((_record(event, state) for event, state in wrong), "storedAt", "appointmentId", "envelopeId")
    screen.table(COLUMNS, records)
    counts = Counter(state for _, state in found)
    screen.say(_sentence(len(found), counts))
    screen.say(_answers(target, window))
    screen.say(CANNOT_KNOW)
    if any(state == "missing" for _, state in wrong):
        screen.say(f"to publish a missing event: {PUBLISH}")
    if wrong:
        raise click.exceptions.Exit(1)


def _stored(target: Target, screen: Screen, window: Window) -> list[StoredEvent]:
    from appointments.storage import items
    from appointments_cli.reading.table import EVENT_ATTRIBUTES, StoredEvent, Table

    condition = "begins_with(sk, :event) AND storedAt BETWEEN :first AND :last"
    values = {
        ":event": {"S": items.EVENT_SORT_KEY_PREFIX},
        ":first": {"S": window.since},
        ":last": {"S": window.until},
    }
    return [StoredEvent(item) for item in Table(target, screen).scan(condition, values, EVENT_ATTRIBUTES)]


def _state(event: StoredEvent, states: dict[tuple[str, str], str], late: str) -> str:
    state = states.get((event.appointment_id, event.envelope_id))
    if state is None:
        return "missing" if event.text("storedAt") < late else "on its way"
    return state


def _parked(target: Target, screen: Screen) -> Callable[[StoredEvent], bool]:
    """Return whether the failure queue has an event, alone or in a range of the stream."""
    from datetime import datetime

    from appointments.contract.instants import utc
    from appointments.publishing.failures import Parked, StreamRange
    from appointments_cli.failures.failure import failure_of
    from appointments_cli.queue_reader import look

    messages, _, held_by_others = look(target.sqs, target.failure_queue_url, 10_000)
    failures = [failure_of(message) for message in messages]
    if held_by_others:
        held = f"another reader holds about {counted(held_by_others, 'message')} of the failure queue"
        screen.say(f"{held}: an event that one of them names is shown as missing")
    keys = {(each.partition_key, each.sort_key) for each in failures if isinstance(each, Parked)}
    times = [
        tuple(
            utc((datetime.fromisoformat(text) + move).isoformat())
            for text, move in ((each.first_at, -SLACK), (each.last_at, SLACK))
        )
        for each in failures
        if isinstance(each, StreamRange)
    ]

    def is_parked(event: StoredEvent) -> bool:
        stored = event.text("storedAt")
        return (event.text("pk"), event.text("sk")) in keys or any(first <= stored <= last for first, last in times)

    return is_parked


def _record(event: StoredEvent, state: str) -> Record:
    return {
        "storedAt": event.text("storedAt"),
        "state": state if state == "missing" else "not yet published",
        "appointmentId": event.appointment_id,
        "envelopeId": event.envelope_id,
        "eventType": event.text("eventType"),
    }


def _sentence(total: int, counts: Counter[str]) -> str:
    names = {"again": "not yet published, the publisher tries again", "missing": "missing: no line of the publisher"}
    listed = ", ".join(f"{number} {names.get(state, state)}" for state, number in sorted(counts.items()))
    return f"{counted(total, 'event')} stored" + (f": {listed}" if listed else "")


def _answers(target: Target, window: Window) -> str:
    """Say how the API answered in the time, from its access log: an answer that is no success stored nothing."""
    from appointments_cli.reading import loglines

    try:
        lines = loglines.messages(target, "WebhookApiLogGroup", window)
        statuses = Counter(_status(message) for _, _, message in lines)
    except loglines.NoLogsError as error:
        return f"the answers of the API are unknown: {error.message}"
    successes = sum(number for status, number in statuses.items() if status.startswith("2"))
    others = {status: statuses[status] for status in sorted(statuses) if status and not status.startswith("2")}
    listed = ", ".join(f"{number} with {status}" for status, number in others.items())
    were = "was" if successes == 1 else "were"
    return f"{counted(successes, 'delivery', 'deliveries')} {were} answered with success" + (
        f", {listed}" if listed else ", none without"
    )


def _status(message: str) -> str:
    try:
        return str(json.loads(message).get("status", ""))
    except (ValueError, AttributeError):
        return ""
