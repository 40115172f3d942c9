"""The commands ``appointments backlog status``, ``list`` and ``redrive``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from appointments_cli.options import limit_option, with_screen
from appointments_cli.order import newest_first
from appointments_cli.screen import Column, Kind, Record, Screen, counted, without
from appointments_cli.target import Target, with_target

if TYPE_CHECKING:
    from appointments_cli.queue_reader import HeldMessage

QUEUES = {"BacklogQueue": "deliveries that wait for the table", "BacklogFailureQueue": "deliveries that were given up"}
COUNTS = (
    Column("queue", kind=Kind.ID, essential=True),
    Column("waiting", kind=Kind.NUMBER, essential=True),
    Column("inFlight", "in flight", Kind.NUMBER, essential=True),
    Column("oldestSeconds", "oldest (s)", Kind.NUMBER, importance=7),
    Column("content", importance=3),
)
MESSAGES = (
    Column("receivedAt", "received", Kind.INSTANT, essential=True),
    Column("result", kind=Kind.ID, importance=9),
    Column("appointmentId", "appointment", Kind.ID, importance=8),
    Column("eventType", "event", Kind.ID, importance=5),
    Column("envelopeId", "envelope id", Kind.ID, importance=7),
    Column("bytes", kind=Kind.NUMBER, importance=3),
    Column("problem", importance=6),
    Column("messageId", "message id", Kind.ID, importance=2),
)
RETURNED = without(MESSAGES, "messageId")
_limit = limit_option(1000, "messages")


@click.group()
def backlog() -> None:
    """Show the deliveries that wait for the table, and return those that were given up."""


@backlog.command()
@with_target()
@with_screen
def status(target: Target, *, screen: Screen) -> None:
    """Count the deliveries that wait, are in flight or were given up. Exit code 1 if one was given up."""
    records = [_counts(target, screen, name, content) for name, content in QUEUES.items()]
    screen.table(COUNTS, records)
    given_up = records[1]["waiting"] + records[1]["inFlight"]
    if given_up:
        screen.say("deliveries were given up: 'appointments backlog list', then 'appointments backlog redrive'")
        raise click.exceptions.Exit(1)


@backlog.command("list")
@with_target()
@with_screen
@_limit
def list_(target: Target, *, screen: Screen, limit: int) -> None:
    """List the deliveries that were given up, the newest first, then by appointment and envelope id.

    They stay there, and others see them again within seconds.
    """
    from appointments_cli.queue_reader import look

    held, _, held_by_others = look(target.sqs, target.required_resource("BacklogFailureQueue"), limit)
    records = newest_first((_record(target, each) for each in held), "receivedAt", "appointmentId", "envelopeId")
    screen.table(MESSAGES, records)
    if held_by_others:
        screen.say(f"about {held_by_others} more are not shown, because another reader holds them for a while")
    screen.close(len(records), "delivery given up", more=len(held) == limit)


@backlog.command()
@with_target()
@with_screen
@_limit
@click.option("--yes", is_flag=True, help="Return them. Without this option nothing is changed.")
def redrive(target: Target, *, screen: Screen, limit: int, yes: bool) -> None:
    """Return the deliveries that were given up to the backlog, which BacklogFunction stores.

    The default is a dry run. A delivery leaves the failure queue after the backlog has it, so the command can be
    interrupted and repeated: a delivery that the backlog has twice is a duplicate.
    """
    from appointments_cli.progress import tracked
    from appointments_cli.queue_reader import QueueReader

    backlog_url = target.required_resource("BacklogQueue")
    returned = 0
    with QueueReader(target.sqs, target.required_resource("BacklogFailureQueue")) as queue:
        _, held_by_others = queue.counts()
        held = queue.receive(limit)
        for each in tracked(held, len(held), "deliveries"):
            record = _record(target, each)
            if yes:
                target.sqs.send_message(QueueUrl=backlog_url, MessageBody=each.body)
                queue.delete(each)
                queue.extend_hold()
                returned += 1
            screen.line(RETURNED, {**record, "result": "returned" if yes else "would return"})
    if held_by_others:
        screen.say(f"about {held_by_others} more are held by another reader")
    dry = "" if yes else "dry run, nothing is changed without --yes: "
    given_up = counted(len(held), "delivery", "deliveries")
    screen.say(f"{dry}{given_up} given up, {returned} returned to the backlog")


def _counts(target: Target, screen: Screen, name: str, content: str) -> Record:
    from appointments_cli.queues import counts, oldest_seconds
    from appointments_cli.status.facts import Look

    url = target.required_resource(name)
    waiting, in_flight = counts(target.sqs, url)
    oldest = oldest_seconds(Look(target, screen, screen.now()), url)
    return {
        "queue": name,
        "waiting": waiting,
        "inFlight": in_flight,
        "oldestSeconds": None if oldest is None else round(oldest),
        "content": content,
    }


def _record(target: Target, held: HeldMessage) -> Record:
    """The ids of a delivery in the queue. The body stays out of the output."""
    from appointments.contract.parsing import ids_of_body
    from appointments.errors import AppointmentsError
    from appointments.storage.backlog import decode

    empty: dict[str, Any] = {"messageId": held.message_id, "receivedAt": None}
    try:
        deferred = decode(held.body, target.bodies.get)
    except AppointmentsError as error:
        return {**empty, "problem": str(error)}
    ids = ids_of_body(deferred.body)
    return {
        "receivedAt": deferred.received_at,
        "appointmentId": ids.appointment_id or None,
        "eventType": ids.event_type or None,
        "envelopeId": ids.envelope_id or None,
        "bytes": len(deferred.body),
        "messageId": held.message_id,
    }
