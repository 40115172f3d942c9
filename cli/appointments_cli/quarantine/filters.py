"""The options that select objects in quarantine."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from appointments.outcome import QUARANTINED
from appointments_cli.moments import FORMS
from appointments_cli.options import LIMIT, window_of
from appointments_cli.screen import Screen

PATH = re.compile(r"\$([.\[].*[^.\[])?", re.DOTALL)


def path(text: str) -> str:
    """Check the form of the path of a violation."""
    if PATH.fullmatch(text) is None:
        raise click.BadParameter(f"{text!r} is not a path: give $ or a path such as $.data.appointment.office")
    return text


def with_filters(command: Callable[..., Any]) -> Any:
    """Add the options, and pass them to a command as ``filters`` and ``limit``."""

    @click.option(
        "--reason",
        "reasons",
        multiple=True,
        type=click.Choice([outcome.value for outcome in QUARANTINED]),
        help="Only objects with this reason. Can be repeated.",
    )
    @click.option("--appointment", metavar="ID", help="Only objects whose metadata names this appointment.")
    @click.option("--since", metavar="TIME", help=f"Only objects received since: {FORMS}.")
    @click.option("--until", metavar="TIME", help="Only objects received before this time.")
    @click.option(
        "--path", type=path, help="Only objects that break a rule at this path or below: $.data.appointment.office"
    )
    @click.option("--limit", type=LIMIT, help="At most this many objects.")
    @wraps(command)
    def command_with_filters(
        *arguments: Any,
        screen: Screen,
        reasons: tuple[str, ...],
        since: str | None,
        until: str | None,
        path: str | None,
        appointment: str | None,
        **rest: Any,
    ) -> Any:
        from appointments_cli.quarantine.objects import Filters

        filters = Filters(reasons, window_of(screen, since, until), path, appointment)
        return command(*arguments, screen=screen, filters=filters, **rest)

    return command_with_filters
