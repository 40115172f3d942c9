"""The commands ``appointments failures list`` and ``redrive``."""

from __future__ import annotations

from collections import Counter
from functools import partial

import click
from botocore.config import Config

from appointments import timing
from appointments.publishing.bus import Bus
from appointments.publishing.failures import Parked, StreamRange
from appointments.publishing.messages import message
from appointments.storage import items
from cli.failures.events import Event, in_order
from cli.failures.history import History
from cli.failures.queue import FailureReader, HeldFailure
from cli.failures.redrive import Plan, Redrive, RedriveResult, plan
from cli.limits import LIMIT
from cli.target import REDRIVE_EVENTS, Target, with_target
from cli.terminal import echo

_limit = click.option("--limit", default=1000, show_default=True, type=LIMIT, help="At most this many failures.")


@click.group()
def failures() -> None:
    """List and redrive events that the publisher could not publish."""


@failures.command("list")
@with_target
@_limit
def list_(target: Target, *, limit: int) -> None:
    """List the messages of the failure queue. They stay there."""
    with FailureReader(target.client("sqs"), target.failure_queue_url) as queue:
        held = queue.receive(limit)
        for failure in held:
            echo(_line(failure))
    kinds = Counter(type(each.failure) for each in held)
    counted = f"{kinds[Parked]} parked events, {kinds[StreamRange]} ranges of the stream, {kinds[type(None)]} unknown"
    echo(f"{len(held)} failures: {counted}." + (" There may be more: --limit." if len(held) == limit else ""))


@failures.command()
@with_target
@click.option("--appointment", metavar="ID", help="Publish all events of this appointment, failed or not.")
@click.option("--event", metavar="ID", help="With --appointment: publish only the event with this envelope id.")
@_limit
@click.option("--execute", "--yes", "execute", is_flag=True, help="Publish. Without this option nothing is changed.")
def redrive(target: Target, *, appointment: str | None, event: str | None, limit: int, execute: bool) -> None:
    """Publish the events of the failure queue, or of one appointment, from the table's history.

    Subscribers can get a message twice, or after a newer one of the same appointment: metadata.order says which is
    newer, and metadata.replayed is true.
    A failure leaves the queue after EventBridge has accepted all its events.
    """
    if event is not None and appointment is None:
        raise click.UsageError("--event needs --appointment")
    target.require(*REDRIVE_EVENTS, *(["failure_queue"] if appointment is None else []))
    history = History(target.client("dynamodb"), target.client("dynamodbstreams"), target.table_name)
    publication = _redrive(target, history)
    if appointment is not None:
        work = Plan(in_order(history.appointment(appointment, event)))
        if work.count == 0:
            raise click.ClickException("the table has no such event: check --appointment and --event")
        failed = _run(work, None, publication, execute=execute)
    else:
        with FailureReader(target.client("sqs"), target.failure_queue_url) as queue:
            work = plan(queue.receive(limit), history, _progress)
            failed = _run(work, queue, publication, execute=execute)
    if failed:
        raise click.exceptions.Exit(1)


def _run(work: Plan, queue: FailureReader | None, publication: Redrive, *, execute: bool) -> bool:
    """Publish, or show what would be published; return whether something failed."""
    for failure in work.unresolved:
        echo(f"no event found: {_line(failure)}", err=True)
    count = len(work.waiting) + len(work.unresolved)
    selected = f"{count} failures, {work.count} events" if queue is not None else f"{work.count} events"
    if not execute:
        for events in work.appointments:
            for event in events:
                echo(f"would publish {_named(event)}")
        echo(f"{selected}, {len(work.unresolved)} failures without an event. Nothing was changed: --execute publishes.")
        return bool(work.unresolved)
    result = publication.run(work, queue)
    for event in (event for events in work.appointments for event in events if event.key in result.failed):
        echo(f"not published, {result.failed[event.key]}: {_named(event)}", err=True)
    if result.stopped:
        echo("stopped: EventBridge accepts nothing", err=True)
    echo(_closing_line(selected, work, result, count))
    return bool(work.unresolved or result.failed or result.stopped)


def _closing_line(selected: str, work: Plan, result: RedriveResult, count: int) -> str:
    published, failed = len(result.accepted), len(result.failed)
    untried = work.count - published - failed
    line = f"{selected}: {published} published, {failed} failed, {untried} not tried"
    return f"{line}; {result.removed} failures deleted, {count - result.removed} left." if count else f"{line}."


def _redrive(target: Target, history: History) -> Redrive:
    # The same timeouts as in PublisherFunction: the publication itself retries.
    connect, read, attempts = timing.PUBLISHER_CALL
    config = Config(connect_timeout=connect, read_timeout=read, retries={"total_max_attempts": attempts})
    bus = Bus(target.client("events", config), target.bus_name, target.event_source)
    build = partial(
        message,
        source=target.event_source,
        event_detail=target.event_detail,
        load=target.bodies.get,
        replayed=True,
    )
    return Redrive(history, bus, build, _progress)


def _progress(line: str) -> None:
    echo(line, err=True)


def _line(held: HeldFailure) -> str:
    match held.failure:
        case Parked() as parked:
            ids = _ids(parked.partition_key, parked.sort_key)
            return f"parked   {parked.created_at}  {parked.cause} {parked.code}: {ids}"
        case StreamRange() as lost:
            numbers = f"{lost.size} records of {lost.shard_id}, {lost.start} to {lost.end}"
            return f"range    {lost.first_at}  {lost.condition}: {numbers}, until {lost.last_at}"
        case _:
            return f"unknown  message {held.message_id}"


def _named(event: Event) -> str:
    return f"{event.stored_at}  {event.event_type}: {_ids(event.partition_key, event.sort_key)}"


def _ids(partition_key: str, sort_key: str) -> str:
    appointment = partition_key.removeprefix(items.partition_key(""))
    envelope = sort_key.removeprefix(items.EVENT_SORT_KEY_PREFIX)
    return f"appointment {appointment}, event {envelope}"
