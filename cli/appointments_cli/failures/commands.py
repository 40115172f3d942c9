"""The commands ``appointments failures list`` and ``redrive``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from appointments_cli.options import event_option, limit_option, scan_option, with_screen
from appointments_cli.order import newest_first
from appointments_cli.screen import Screen, counted
from appointments_cli.target import FAILURES_OPTIONS, REDRIVE_EVENTS, Target, with_target

if TYPE_CHECKING:
    from appointments_cli.failures.history import History
    from appointments_cli.failures.redrive import Plan
    from appointments_cli.progress import Show
    from appointments_cli.queue_reader import QueueReader
    from appointments_cli.replays import Run

_limit = limit_option(1000, "failures")


@click.group()
def failures() -> None:
    """List and redrive events that the publisher could not publish."""


@failures.command("list")
@with_target(*FAILURES_OPTIONS)
@with_screen
@_limit
def list_(target: Target, *, screen: Screen, limit: int) -> None:
    """List the messages of the failure queue, the newest first, then by appointment and envelope id.

    They stay there, and others see them again within seconds.
    """
    from appointments_cli.failures import output
    from appointments_cli.queue_reader import look

    held, visible, held_by_others = look(target.sqs, target.failure_queue_url, limit)
    records = newest_first(map(output.failure_record, held), "at", "appointmentId", "envelopeId", "shard", "start")
    screen.table(output.FAILURES, records)
    left = max(0, visible - len(held)) if len(held) == limit else 0
    screen.say(output.summary(held, held_by_others, left))


@failures.command()
@with_target(*FAILURES_OPTIONS)
@with_screen
@click.option("--appointment", metavar="ID", help="Publish all events of this appointment, failed or not.")
@event_option
@scan_option
@_limit
@click.option("--yes", "--execute", "execute", is_flag=True, help="Publish. Without this option nothing is changed.")
def redrive(
    target: Target,
    *,
    screen: Screen,
    appointment: str | None,
    event: str | None,
    scan: bool,
    limit: int,
    execute: bool,
) -> None:
    """Publish the events of the failure queue, of one appointment, or one event, from the table's history.

    Subscribers can get a message twice, or after a newer one of the same appointment: metadata.order says which is
    newer, metadata.replayed is true, and metadata.replay has the id of this run.
    A failure leaves the queue after EventBridge has accepted all its events.
    """
    from appointments_cli.failures.events import in_order
    from appointments_cli.failures.history import History
    from appointments_cli.failures.redrive import Plan, plan
    from appointments_cli.failures.selection import selected
    from appointments_cli.progress import shown
    from appointments_cli.queue_reader import QueueReader
    from appointments_cli.replays import Run

    from_queue = appointment is None and event is None
    target.require(*REDRIVE_EVENTS, *(["failure_queue"] if from_queue else []))
    history = History(target.client("dynamodb"), target.client("dynamodbstreams"), target.table_name)
    run = Run(target, screen)
    if not from_queue:
        work = Plan(in_order(selected(target, screen, history, appointment, event, scan=scan)))
        if execute:
            screen.say(run.sentence)
        failed = _work(work, None, run, history, execute=execute)
    else:
        if execute:
            screen.say(run.sentence)
        with QueueReader(target.sqs, target.failure_queue_url) as queue:
            _, held_by_others = queue.counts()
            held = queue.receive(limit)
            with shown() as show:
                work = plan(held, history, partial(_holding, queue, show))
            if held_by_others:
                screen.say(
                    f"another reader holds about {counted(held_by_others, 'failure')}, which this run does not see"
                )
            failed = _work(work, queue, run, history, execute=execute)
    if failed:
        raise click.exceptions.Exit(1)


def _work(work: Plan, queue: QueueReader | None, run: Run, history: History, *, execute: bool) -> bool:
    """Publish, or show what would be published; return whether something failed."""
    from appointments_cli.failures import output
    from appointments_cli.failures.redrive import published

    screen = run.screen
    for failure in work.unresolved:
        facts = " ".join(str(value) for value in output.failure_record(failure).values())
        screen.say(f"no event found: {facts}")
    count = len(work.waiting) + len(work.unresolved)
    selected = counted(work.count, "event")
    if queue is not None:
        selected = f"{counted(count, 'failure')}, {selected}"
    events = [event for group in work.appointments for event in group]
    if not execute:
        screen.table(output.EVENTS, (output.event_record(event, output.planned(event)) for event in events))
        lacking = f", {counted(len(work.unresolved), 'failure')} without an event" if work.unresolved else ""
        screen.say(f"dry run, nothing is published without --yes: {selected}{lacking}")
        return bool(work.unresolved)
    result = published(work, queue, run, history)
    results = result.results
    screen.table(output.EVENTS, (output.event_record(event, results.get(event.key, "not tried")) for event in events))
    for event in (event for event in events if event.key in result.failed):
        named = output.ids(event.partition_key, event.sort_key)
        reason = result.failed[event.key]
        screen.say(f"not published, {reason}: appointment {named['appointmentId']}, event {named['envelopeId']}")
    if result.stopped:
        screen.say("stopped: EventBridge accepts nothing")
    screen.say(output.closing_line(selected, work, result, count))
    return bool(work.unresolved or result.failed or result.stopped)


def _holding(queue: QueueReader, show: Show, *step: Any, **options: Any) -> None:
    queue.extend_hold()
    show(*step, **options)
