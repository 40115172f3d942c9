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
from cli.failures.redrive import Plan, Redrive, Redriven, plan
from cli.target import Target, with_target

_limit = click.option(
    "--limit", default=1000, show_default=True, type=click.IntRange(1), help="At most this many failures."
)


@click.group()
def failures() -> None:
    """Show and publish again what the publisher could not publish."""


@failures.command("list")
@with_target
@_limit
def list_(target: Target, *, limit: int) -> None:
    """Show the failure queue. Its messages stay there."""
    with FailureReader(target.client("sqs"), target.failure_queue_url) as queue:
        held = queue.receive(limit)
        for failure in held:
            click.echo(_line(failure))
    kinds = Counter(type(each.failure) for each in held)
    counted = f"{kinds[Parked]} parked events, {kinds[StreamRange]} ranges of the stream, {kinds[type(None)]} unknown"
    click.echo(f"{len(held)} failures: {counted}." + (" There may be more: --limit." if len(held) == limit else ""))


@failures.command()
@with_target
@click.option("--appointment", metavar="ID", help="Publish all events of this appointment, whatever the queue holds.")
@click.option("--event", metavar="ID", help="With --appointment: publish only the event with this envelope id.")
@_limit
@click.option("--yes", "--execute", "yes", is_flag=True, help="Publish. Without this option nothing is changed.")
def redrive(target: Target, *, appointment: str | None, event: str | None, limit: int, yes: bool) -> None:
    """Publish the events of the failure queue, or of one appointment, from the table's history.

    Subscribers can get a message twice, or after a newer one of the same appointment; each message has its updatedAt.
    A failure leaves the queue after EventBridge has accepted all its events.
    """
    if event is not None and appointment is None:
        raise click.UsageError("--event needs --appointment")
    history = History(target.client("dynamodb"), target.client("dynamodbstreams"), target.table_name)
    publication = _redrive(target, history)
    if appointment is not None:
        work = Plan(in_order(history.appointment(appointment, event)))
        if work.count == 0:
            raise click.ClickException("the table has no such event")
        failed = _run(work, None, publication, yes=yes)
    else:
        with FailureReader(target.client("sqs"), target.failure_queue_url) as queue:
            work = plan(queue.receive(limit), history, _progress)
            failed = _run(work, queue, publication, yes=yes)
    if failed:
        raise click.exceptions.Exit(1)


def _run(work: Plan, queue: FailureReader | None, publication: Redrive, *, yes: bool) -> bool:
    """Publish, or show what would be published; return whether something failed."""
    for failure in work.unresolved:
        click.echo(f"no event found: {_line(failure)}", err=True)
    count = len(work.waiting) + len(work.unresolved)
    selected = f"{count} failures, {work.count} events" if queue is not None else f"{work.count} events"
    if not yes:
        for events in work.appointments:
            for event in events:
                click.echo(f"would publish {_named(event)}")
        click.echo(
            f"{selected}, {len(work.unresolved)} failures without an event. Nothing was changed: --yes publishes."
        )
        return bool(work.unresolved)
    redriven = publication.run(work, queue)
    for event in (event for events in work.appointments for event in events if event.key in redriven.failed):
        click.echo(f"not published, {redriven.failed[event.key]}: {_named(event)}", err=True)
    if redriven.stopped:
        click.echo("stopped: EventBridge accepts nothing", err=True)
    click.echo(_closing_line(selected, work, redriven, count))
    return bool(work.unresolved or redriven.failed or redriven.stopped)


def _closing_line(selected: str, work: Plan, redriven: Redriven, count: int) -> str:
    published, failed = len(redriven.accepted), len(redriven.failed)
    untried = work.count - published - failed
    line = f"{selected}: {published} published, {failed} failed, {untried} not tried"
    return f"{line}; {redriven.removed} failures deleted, {count - redriven.removed} left." if count else f"{line}."


def _redrive(target: Target, history: History) -> Redrive:
    # The same timeouts as in PublisherFunction: the publication itself retries.
    connect, read, attempts = timing.PUBLISHER_CALL
    config = Config(connect_timeout=connect, read_timeout=read, retries={"total_max_attempts": attempts})
    bus = Bus(target.client("events", config), target.bus_name, target.event_source)
    build = partial(message, source=target.event_source, event_detail=target.event_detail, load=target.bodies.get)
    return Redrive(history, bus, build, _progress)


def _progress(line: str) -> None:
    click.echo(line, err=True)


def _line(held: HeldFailure) -> str:
    match held.failure:
        case Parked() as parked:
            ids = _ids(parked.partition_key, parked.sort_key)
            return f"parked   {parked.created_at}  {parked.cause} {_printable(parked.code)}: {ids}"
        case StreamRange() as lost:
            numbers = f"{lost.size} records of {_printable(lost.shard_id)}, {lost.start} to {lost.end}"
            return f"range    {lost.first_at}  {_printable(lost.condition)}: {numbers}, until {lost.last_at}"
        case _:
            return f"unknown  message {held.message_id}"


def _named(event: Event) -> str:
    return f"{event.stored_at}  {_printable(event.event_type)}: {_ids(event.partition_key, event.sort_key)}"


def _ids(partition_key: str, sort_key: str) -> str:
    appointment = partition_key.removeprefix(items.partition_key(""))
    envelope = sort_key.removeprefix(items.EVENT_SORT_KEY_PREFIX)
    return f"appointment {_printable(appointment)}, event {_printable(envelope)}"


def _printable(text: str) -> str:
    """Escape an id: the sender chose it, and it must not control the terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
