"""The events that a person names: those of an appointment, or one by its id alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from appointments_cli.errors import UnknownIdError
from appointments_cli.failures.events import Event, event_of
from appointments_cli.failures.history import History
from appointments_cli.reading.whereabouts import find_event

if TYPE_CHECKING:
    from appointments_cli.screen import Screen
    from appointments_cli.target import Target


def selected(
    target: Target, screen: Screen, history: History, appointment: str | None, event: str | None, *, scan: bool
) -> list[Event]:
    """Return the events of an appointment, or the one event. Raises UnknownIdError if the table has none.

    An event without its appointment is searched for as :func:`.find_event` does, which needs the logs of a stack.
    """
    if appointment is not None and (found := history.appointment(appointment, event)):
        return found
    if event is None:
        raise UnknownIdError(f"the table {target.table_name} has no event of appointment {appointment}")
    if not target.has_stack:
        if appointment is not None:
            raise UnknownIdError(f"the table {target.table_name} has no event {event} of appointment {appointment}")
        raise click.UsageError("--event alone is searched for in the logs of a stack: give --stack, or --appointment")
    return [event_of(find_event(target, screen, event, appointment, scan=scan)[0].item)]
