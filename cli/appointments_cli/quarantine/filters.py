"""The options that select objects in quarantine."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from appointments.contract.instants import utc
from appointments.outcome import QUARANTINED
from cli.limits import LIMIT
from cli.quarantine.objects import Filters

PATH = re.compile(r"\$([.\[].*[^.\[])?", re.DOTALL)


def instant(text: str) -> str:
    """Convert a date, which means its first instant, or an RFC 3339 date-time; without an offset it is UTC."""
    for completed in (text, f"{text}Z", f"{text}T00:00:00Z"):
        try:
            return utc(completed)
        except ValueError:
            continue
    raise click.BadParameter(f"{text!r} is not a time: give 2026-03-02 or 2026-03-02T09:00:00Z")


def path(text: str) -> str:
    """Check the form of the path of a violation."""
    if PATH.fullmatch(text) is None:
        raise click.BadParameter(f"{text!r} is not a path: give $ or a path such as $.data.appointment.office")
    return text


def with_filters(command: Callable[..., Any]) -> Any:
    """Add the options, and pass them to a command as ``filters`` and ``limit``."""

    @wraps(command)
    def command_with_filters(
        *arguments: Any, reasons: tuple[str, ...], since: str | None, until: str | None, path: str | None, **rest: Any
    ) -> Any:
        if since is not None and until is not None and since >= until:
            raise click.UsageError("--since must be earlier than --until", click.get_current_context())
        return command(*arguments, filters=Filters(reasons, since, until, path), **rest)

    options = (
        click.option("--limit", type=LIMIT, help="At most this many objects."),
        click.option(
            "--path", type=path, help="Only objects that break a rule at this path or below: $.data.appointment.office"
        ),
        click.option("--until", type=instant, metavar="TIME", help="Only objects received before this time."),
        click.option("--since", type=instant, metavar="TIME", help="Only objects received at this time or later."),
        click.option(
            "--reason",
            "reasons",
            multiple=True,
            type=click.Choice([outcome.value for outcome in QUARANTINED]),
            help="Only objects with this reason. Can be repeated.",
        ),
    )
    for option in options:
        command_with_filters = option(command_with_filters)
    return command_with_filters
