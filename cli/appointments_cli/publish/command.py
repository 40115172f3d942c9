"""``appointments publish``: publishes stored events again, for one subscriber or for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from appointments_cli.options import Window, event_option, limit_option, scan_option, with_screen, with_window
from appointments_cli.screen import Screen
from appointments_cli.target import Target, with_target

if TYPE_CHECKING:
    from appointments_cli.failures.events import Event
    from appointments_cli.publish.destinations import Outer
    from appointments_cli.replays import Run

EVERYBODY, QUEUE, RULE = "everybody", "queue:", "rule:"


@click.command()
@with_target()
@with_screen
@with_window()
@click.option(
    "--to",
    "destination",
    required=True,
    metavar="DESTINATION",
    help="queue:URL for the queue of one subscriber, rule:NAME for a replay of the archive, or everybody for the bus.",
)
@click.option("--appointment", metavar="ID", help="The events of this appointment.")
@event_option
@scan_option
@click.option("--event-type", metavar="TYPE", help="Only events of this eventType, such as CANCEL.")
@limit_option(1000, "events")
@click.option("--yes", is_flag=True, help="Publish. Without this option nothing is sent.")
def publish(
    target: Target,
    *,
    screen: Screen,
    window: Window,
    destination: str,
    appointment: str | None,
    event: str | None,
    scan: bool,
    event_type: str | None,
    limit: int,
    yes: bool,
) -> None:
    """Publish stored events again: of an appointment, or stored since a time.

    metadata.replayed of each message is true, metadata.replay has the id of this run, and all else is as at first. The
    order of each appointment is kept. A queue gets a message as EventBridge delivers it. --since reads the whole table,
    which is sized and priced first; so does --event if no log line names its appointment. A replay of the archive sends
    what was published in a time to one rule.
    """
    from appointments_cli.publish.replay import replay

    if destination.startswith(RULE):
        if appointment is not None or event is not None or event_type is not None or window.since is None:
            raise click.UsageError("an archive replays a time, not single events: give --since, or use queue:URL")
        replay(target, screen, window, destination.removeprefix(RULE), yes=yes)
        return
    if destination != EVERYBODY and not destination.startswith(f"{QUEUE}http"):
        forms = "queue:URL, rule:NAME or everybody"
        raise click.BadParameter(f"{destination!r} is no destination: give {forms}", param_hint="'--to'")
    if appointment is None and event is None and window.since is None:
        raise click.UsageError("give --appointment, --event or --since")
    groups = _selected(target, screen, window, appointment, event, event_type, scan=scan)
    events = [each for group in groups for each in group]
    chosen = events[:limit]
    failed = _publish(target, screen, chosen, destination, yes=yes)
    screen.close(len(chosen), "event", more=len(events) > limit)
    if failed:
        raise click.exceptions.Exit(1)


def _selected(
    target: Target,
    screen: Screen,
    window: Window,
    appointment: str | None,
    event: str | None,
    event_type: str | None,
    *,
    scan: bool,
) -> list[list[Event]]:
    from appointments.storage import items
    from appointments_cli.failures.events import ATTRIBUTES, event_of, in_order
    from appointments_cli.failures.history import History
    from appointments_cli.failures.selection import selected
    from appointments_cli.reading.table import Table

    if appointment is not None or event is not None:
        history = History(target.dynamodb, target.client("dynamodbstreams"), target.table_name)
        found = selected(target, screen, history, appointment, event, scan=scan)
    else:
        values = {":event": {"S": items.EVENT_SORT_KEY_PREFIX}, ":since": {"S": window.since}}
        condition = "begins_with(sk, :event) AND storedAt >= :since"
        found = [event_of(item) for item in Table(target, screen).scan(condition, values, ATTRIBUTES)]
    chosen = [each for each in found if each.stored_at in window and event_type in (None, each.event_type)]
    return in_order(chosen)


def _publish(target: Target, screen: Screen, events: list[Event], destination: str, *, yes: bool) -> bool:
    """Publish, or show what would be published; return whether a message failed."""
    from appointments_cli.failures.events import ERASED, in_order
    from appointments_cli.failures.history import History
    from appointments_cli.failures.output import EVENTS, event_record, planned
    from appointments_cli.failures.redrive import Plan, published

    history = History(target.dynamodb, target.client("dynamodbstreams"), target.table_name)
    run = _run(target, screen, destination)
    if destination == EVERYBODY and events:
        _announce(target, screen, history, [each for each in events if not each.is_erased], run)
    if not yes:
        screen.table(EVENTS, (event_record(each, planned(each)) for each in events))
        screen.say(f"dry run, nothing is sent to {destination} without --yes")
        return False
    screen.say(run.sentence)
    if destination == EVERYBODY:
        results = published(Plan(in_order(events)), None, run, history).results
    else:
        results = _to_queue(target, screen, history, events, destination.removeprefix(QUEUE), run)
    screen.table(EVENTS, (event_record(each, results.get(each.key, "not tried")) for each in events))
    return any(results.get(each.key) not in ("published", ERASED) for each in events)


def _run(target: Target, screen: Screen, destination: str) -> Run:
    from appointments_cli.replays import PUBLISHED, SENT, Run

    if destination == EVERYBODY:
        return Run(target, screen, EVERYBODY, PUBLISHED)
    return Run(target, screen, f"queue {destination.rpartition('/')[2]}", SENT)


def _to_queue(target: Target, screen: Screen, history: Any, events: list[Event], url: str, run: Run) -> dict[Any, str]:
    from appointments_cli.failures.events import ERASED
    from appointments_cli.progress import progress
    from appointments_cli.publish.destinations import Queue
    from appointments_cli.replays import EVENTS_OF_A_LINE

    queue, results = Queue(target.sqs, url, _outer(target, screen)), {}
    stopped: set[str] = set()
    unrecorded: dict[tuple[str, str], str] = {}
    try:
        with progress(len(events), "events tried") as step:
            for event in events:
                step()
                if event.partition_key in stopped:
                    continue  # a later event of an appointment never overtakes one that failed
                results[event.key] = _sent(history, event, queue, run) or "published"
                if results[event.key] == "published":
                    unrecorded[event.key] = ""
                elif results[event.key] != ERASED:
                    stopped.add(event.partition_key)
                if len(unrecorded) == EVENTS_OF_A_LINE:
                    run.record(unrecorded)
                    unrecorded.clear()
    finally:
        run.record(unrecorded)  # also what was sent before Ctrl-C
    return results


def _sent(history: Any, event: Event, queue: Any, run: Run) -> str | None:
    from appointments.publishing.publication import UNREADABLE
    from appointments.storage import items
    from appointments_cli.failures.events import ERASED

    item = history.item(event)
    if item is None:
        return "gone"
    if items.ERASED_AT in item:
        return ERASED
    try:
        message = run.message(item)
    except UNREADABLE as error:
        return f"unreadable {type(error).__name__}"
    code: str | None = queue.send(message)
    return code


def _announce(target: Target, screen: Screen, history: Any, events: list[Event], run: Run) -> None:
    """Say which rules match: everybody behind them gets the messages."""
    from appointments_cli.publish.destinations import TRIED, matching_rules

    outer = _outer(target, screen)
    found = (history.item(event) for event in events[:TRIED])
    texts = [outer.wrap(run.message(item)) for item in found if item is not None]
    names, disabled = matching_rules(target.client("events"), target.bus_name, texts)
    tried = "" if len(events) <= TRIED else f", tried on the first {TRIED} events"
    screen.say(f"rules that match{tried}: {', '.join(names) or 'none'}")
    if disabled:
        screen.say(f"rules that match and are disabled, so that they get nothing: {', '.join(disabled)}")


def _outer(target: Target, screen: Screen) -> Outer:
    from appointments_cli.publish.destinations import Outer

    return Outer(target.event_source, target.stack.account, target.sqs.meta.region_name, screen.now)
