"""``appointments failures``: what the publisher could not publish, shown and published again."""

from __future__ import annotations

from collections import Counter
from functools import partial

import click
from botocore.config import Config

from appointments.publishing.budget import CONNECT_SECONDS, READ_SECONDS
from appointments.publishing.bus import Bus
from appointments.publishing.failures import Parked, StreamRange
from appointments.publishing.messages import message
from appointments.storage import items
from cli.failures.events import Event, in_order
from cli.failures.history import History
from cli.failures.queue import FailureQueue, Held
from cli.failures.redrive import Plan, Redrive, Redriven, plan
from cli.target import Target, with_target

_limit = click.option("--limit", default=1000, show_default=True, type=click.IntRange(1), help="Failures at most.")


@click.group()
def failures() -> None:
    """What could not be published: the publisher's failure queue and the table's history."""


@failures.command("list")
@with_target
@_limit
def list_(target: Target, *, limit: int) -> None:
    """Show what is in the failure queue and leave it there."""
    with FailureQueue(target.client("sqs"), target.failure_queue_url) as queue:
        held = queue.hold(limit)
        for one in held:
            click.echo(_line(one))
    kinds = Counter(type(one.failure) for one in held)
    counted = f"{kinds[Parked]} parked events, {kinds[StreamRange]} ranges of the stream, {kinds[type(None)]} unknown"
    click.echo(f"{len(held)} failures: {counted}." + (" There may be more: --limit." if len(held) == limit else ""))


@failures.command()
@with_target
@click.option("--appointment", metavar="ID", help="This appointment's whole history; the queue has no part in it.")
@click.option("--event", metavar="ID", help="Of the appointment, only the event with this envelope id.")
@_limit
@click.option("--yes", "--execute", "yes", is_flag=True, help="Publish. Without it nothing is changed, only shown.")
def redrive(target: Target, *, appointment: str | None, event: str | None, limit: int, yes: bool) -> None:
    """Publish again, from the table's history, what is in the failure queue, or one appointment.

    Subscribers get messages twice, or later than newer ones of the same appointment; each carries its own updatedAt.
    A failure leaves the queue only after EventBridge has accepted all its events.
    """
    if event is not None and appointment is None:
        raise click.UsageError("--event needs --appointment")
    history = History(target.client("dynamodb"), target.client("dynamodbstreams"), target.table_name)
    again = _redrive(target, history)
    if appointment is not None:
        work = Plan(in_order(history.appointment(appointment, event)))
        if work.count == 0:
            raise click.ClickException("the history has no such event")
        failed = _carry_out(work, None, again, yes=yes)
    else:
        with FailureQueue(target.client("sqs"), target.failure_queue_url) as queue:
            work = plan(queue.hold(limit), history, _progress)
            failed = _carry_out(work, queue, again, yes=yes)
    if failed:
        raise click.exceptions.Exit(1)


def _carry_out(work: Plan, queue: FailureQueue | None, again: Redrive, *, yes: bool) -> bool:
    """Whether something failed."""
    for one in work.unresolved:
        click.echo(f"nothing found to publish: {_line(one)}", err=True)
    count = len(work.waiting) + len(work.unresolved)
    taken = f"{count} failures, {work.count} events" if queue is not None else f"{work.count} events"
    if not yes:
        for lane in work.appointments:
            for event in lane:
                click.echo(f"would publish {_named(event)}")
        click.echo(f"{taken}, {len(work.unresolved)} failures without any. Nothing was changed: --yes publishes.")
        return bool(work.unresolved)
    redriven = again.run(work, queue)
    for event in (event for lane in work.appointments for event in lane if event.key in redriven.failed):
        click.echo(f"not published, {redriven.failed[event.key]}: {_named(event)}", err=True)
    if redriven.stopped:
        click.echo("stopped: nothing gets through to EventBridge", err=True)
    click.echo(_closing_line(taken, work, redriven, count))
    return bool(work.unresolved or redriven.failed or redriven.stopped)


def _closing_line(taken: str, work: Plan, redriven: Redriven, count: int) -> str:
    published, failed = len(redriven.accepted), len(redriven.failed)
    untried = work.count - published - failed
    line = f"{taken}: {published} published, {failed} failed, {untried} not tried"
    return f"{line}; {redriven.removed} failures removed, {count - redriven.removed} left." if count else f"{line}."


def _redrive(target: Target, history: History) -> Redrive:
    # One attempt a call, as in PublisherFunction: the publication itself tries again, within its time.
    config = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": 1})
    bus = Bus(target.client("events", config), target.bus_name, target.event_source)
    build = partial(message, source=target.event_source, event_detail=target.event_detail, load=target.bodies.get)
    return Redrive(history, bus, build, _progress)


def _progress(line: str) -> None:
    click.echo(line, err=True)


def _line(held: Held) -> str:
    match held.failure:
        case Parked() as one:
            ids = _ids(one.partition_key, one.sort_key)
            return f"parked   {one.created_at}  {one.cause} {_printable(one.code)}: {ids}"
        case StreamRange() as one:
            where = f"{one.size} records of {_printable(one.shard_id)}, {one.start} to {one.end}, until {one.last_at}"
            return f"range    {one.first_at}  {_printable(one.condition)}: {where}"
        case _:
            return f"unknown  message {held.message_id}"


def _named(event: Event) -> str:
    return f"{event.stored_at}  {_printable(event.event_type)}: {_ids(event.partition_key, event.sort_key)}"


def _ids(partition_key: str, sort_key: str) -> str:
    appointment = partition_key.removeprefix(items.partition_key(""))
    envelope = sort_key.removeprefix(items.EVENT_SORT_KEY_PREFIX)
    return f"appointment {_printable(appointment)}, event {_printable(envelope)}"


def _printable(text: str) -> str:
    """Ids are the sender's: none of them may steer a terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
