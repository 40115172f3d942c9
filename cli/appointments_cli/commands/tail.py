"""``appointments tail``: deliveries and publications as they come."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import click

from appointments_cli.commands.listing import Filters, day_option, with_filters
from appointments_cli.moments import FORMS, parse, parse_day
from appointments_cli.options import LIMIT, Window, with_screen
from appointments_cli.screen import Column, Kind, Screen
from appointments_cli.target import Target, with_target

if TYPE_CHECKING:
    from appointments_cli.reading.loglines import Line

POLL_SECONDS = 2.0
LATE = timedelta(seconds=60)
"""A line can reach its log group this much later than others."""
REMEMBERED = 100_000
COLUMNS = (
    Column("at", kind=Kind.INSTANT),
    Column("result"),
    Column("eventType", "event"),
    Column("appointmentId", "appointment"),
    Column("envelopeId", "envelope id"),
    Column("eventId", "EventBridge id"),
    Column("detail"),
    Column("destination"),
)


@click.command()
@with_target()
@with_screen
@with_filters("Only appointments that have this status now.")
@day_option
@click.option("--since", metavar="TIME", default="now", help=f"Begin with what came since: {FORMS}. Default: now.")
@click.option("--count", type=LIMIT, metavar="COUNT", help="End after this many lines. Default: at Ctrl-C.")
def tail(
    target: Target,
    *,
    screen: Screen,
    filters: Filters,
    day: str | None,
    since: str,
    count: int | None,
) -> None:
    """Show deliveries and publications as they come, one line each, from the log groups. Ctrl-C ends it."""
    filters = filters._replace(day=parse_day(day, screen.zone, screen.now(), "--day") if day else None)
    begin = parse(since, screen.zone, screen.now(), "--since")
    shown = 0
    try:
        for line in islice(_lines(target, filters, begin), count):
            screen.line(COLUMNS, line.as_dict())
            shown += 1
    except KeyboardInterrupt:
        pass
    screen.close(shown, "line")


def _lines(target: Target, filters: Filters, begin: str) -> Iterator[Line]:
    from appointments.contract.instants import utc
    from appointments_cli.reading import loglines

    seen: dict[Line, None] = {}
    since = begin
    while True:
        fresh = [line for line in loglines.read(target, Window(since)) if line not in seen]
        seen.update(dict.fromkeys(fresh))
        for old in list(islice(seen, max(0, len(seen) - REMEMBERED))):
            del seen[old]
        yield from _matching(target, filters, fresh)
        if fresh:
            since = max(begin, utc((datetime.fromisoformat(fresh[-1].at) - LATE).isoformat()))
        time.sleep(POLL_SECONDS)


def _matching(target: Target, filters: Filters, lines: list[Line]) -> list[Line]:
    """Keep the lines of appointments that match: a line has ids only, the current item has the rest."""
    if not any(filters):
        return lines
    from appointments.reconciliation.stored import StoredAppointments
    from appointments_cli.reading.table import plain

    ids = dict.fromkeys(line.appointment_id for line in lines if line.appointment_id)
    found = StoredAppointments(target.dynamodb, target.table_name).current(list(ids))
    matching = {identity for identity, item in found.items() if filters.match(plain(item))}
    return [line for line in lines if line.appointment_id in matching]
