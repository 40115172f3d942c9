"""Options that several commands share, and what they become."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, NamedTuple

import click

from appointments_cli.moments import FORMS, Zone, parse
from appointments_cli.screen import Screen

Command = Callable[..., Any]
LIMIT = click.IntRange(1, 1_000_000)


class Window(NamedTuple):
    """Instants in UTC: ``since`` is included and ``until`` is not; None leaves the side open."""

    since: str | None = None
    until: str | None = None

    def __contains__(self, instant: object) -> bool:
        text = str(instant)
        return (self.since is None or text >= self.since) and (self.until is None or text < self.until)


def window_of(screen: Screen, since: str | None, until: str | None) -> Window:
    """Return the window of ``--since`` and ``--until``. Raises BadParameter and UsageError."""
    now = screen.now()
    first, last = (
        parse(text, screen.zone, now, option) if text is not None else None
        for text, option in ((since, "--since"), (until, "--until"))
    )
    if first is not None and last is not None and first >= last:
        raise click.UsageError("--since must be earlier than --until", click.get_current_context())
    return Window(first, last)


def with_screen(command: Command) -> Command:
    """Add ``--json`` and ``--tz``, and pass the Screen as ``screen``."""

    @click.option("--tz", metavar="ZONE", help="Time zone of times, such as UTC. Default: that of this machine.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line; its instants are UTC.")
    @wraps(command)
    def command_with_screen(*arguments: Any, as_json: bool, tz: str | None, **rest: Any) -> Any:
        return command(*arguments, screen=Screen(Zone.of(tz), as_json=as_json), **rest)

    return command_with_screen


def with_pager(command: Command) -> Command:
    """Add ``--no-pager``, and let the Screen page a table that is too long. Needs :func:`with_screen` outside."""

    @click.option("--no-pager", is_flag=True, help="Do not page a table that is longer than the terminal.")
    @wraps(command)
    def command_with_pager(*arguments: Any, screen: Screen, no_pager: bool, **rest: Any) -> Any:
        return command(*arguments, screen=replace(screen, pages=not no_pager), **rest)

    return command_with_pager


def with_window(since: str | None = None) -> Callable[[Command], Command]:
    """Add ``--since`` and ``--until``, and pass the Window as ``window``. Needs :func:`with_screen` outside."""

    shown = f" Default: {since}." if since else ""

    def decorate(command: Command) -> Command:
        @click.option("--since", metavar="TIME", default=since, help=f"Only what came since: {FORMS}.{shown}")
        @click.option("--until", metavar="TIME", help="Only what came before this time.")
        @wraps(command)
        def command_with_window(
            *arguments: Any, screen: Screen, since: str | None, until: str | None, **rest: Any
        ) -> Any:
            return command(*arguments, screen=screen, window=window_of(screen, since, until), **rest)

        return command_with_window

    return decorate


def limit_option(default: int, noun: str) -> Callable[[Command], Command]:
    return click.option(
        "--limit", type=LIMIT, default=default, show_default=True, metavar="COUNT", help=f"At most this many {noun}."
    )


scan_option = click.option(
    "--scan", is_flag=True, help="Read the whole table, which the command sizes and prices first."
)
event_option = click.option(
    "--event", metavar="EVENT-ID", help="Only this event. Without --appointment it is searched for."
)
reveal_option = click.option(
    "--reveal", is_flag=True, help="Show names, addresses, texts, tokens and URLs, which are masked without it."
)
