"""``appointments quarantine list | show | redrive``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import islice
from typing import Any

import click

from appointments.contract.instants import utc
from appointments.storage.quarantine import Reason
from cli.quarantine import output
from cli.quarantine.objects import Filters, Finder, Found
from cli.quarantine.redrive import Redriver, Run
from cli.target import Target, with_target


def instant(text: str) -> str:
    """A date, meaning its first instant, or an RFC 3339 date-time; without an offset either is UTC."""
    for completed in (text, f"{text}Z", f"{text}T00:00:00Z"):
        try:
            return utc(completed)
        except ValueError:
            continue
    raise click.BadParameter(f"{text!r} is neither like 2026-03-02 nor like 2026-03-02T09:00:00Z")


def filters(command: Any) -> Any:
    for option in (
        click.option("--limit", type=click.IntRange(1), help="Stop after so many objects."),
        click.option("--path", help="Of a violation, or the beginning of one: $.data.appointment.office"),
        click.option("--until", type=instant, metavar="TIME", help="Received before this instant."),
        click.option("--since", type=instant, metavar="TIME", help="Received at this instant or later."),
        click.option("--reason", "reasons", multiple=True, type=click.Choice([reason.value for reason in Reason])),
    ):
        command = option(command)
    return command


@click.group()
def quarantine() -> None:
    """Deliveries that were authenticated and could not be stored, kept byte for byte."""


@quarantine.command("list")
@with_target
@filters
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_(target: Target, *, as_json: bool, limit: int | None, **chosen: Any) -> None:
    """What is in quarantine, and what it broke."""
    if not as_json:
        click.echo(output.head())
    for found in islice(_finder(target).find(Filters(**chosen)), limit):
        click.echo(output.line(found.as_dict()) if as_json else output.row(found))


@quarantine.command()
@with_target
@click.argument("key")
@click.option("--body", is_flag=True, help="The body alone, to the byte. It is personal data.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def show(target: Target, *, key: str, body: bool, as_json: bool) -> None:
    """All that is known of one object, and its body only when asked for."""
    found = _finder(target).look_at(key)
    if not body:
        click.echo(output.line(found.as_dict()) if as_json else output.sheet(found))
        return
    content = target.s3.get_object(Bucket=target.quarantine_bucket, Key=key)["Body"]
    for chunk in content.iter_chunks(1024 * 1024):
        sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


@quarantine.command()
@with_target
@click.argument("keys", nargs=-1)
@filters
@click.option("--execute", "--yes", "execute", is_flag=True, help="Do it. Without this nothing is written.")
@click.option("--again", is_flag=True, help="Also what was redriven with success before.")
def redrive(
    target: Target, *, keys: tuple[str, ...], execute: bool, again: bool, limit: int | None, **chosen: Any
) -> None:
    """Put bodies through the path that refused them: KEYS, or all that the filters find.

    A dry run by default, which only tells whether each would be accepted now. Safe to repeat and to interrupt.
    """
    if keys and any(chosen.values()):
        raise click.UsageError("give keys or filters, not both")
    finder = _finder(target)
    redriver = Redriver(
        target.s3,
        target.quarantine_bucket,
        target.store if execute else None,
        mode=target.contract_mode,
        history_retention_days=target.history_retention_days,
    )
    objects: Iterable[Found] = map(finder.look_at, keys) if keys else finder.find(Filters(**chosen))
    run = Run(redriver, output.Progress(), again=again, limit=limit)
    try:
        run.over(objects)
    finally:
        click.echo(run.closing_line(dry="" if execute else "dry run, nothing is written without --execute: "))
    if run.failed:
        raise SystemExit(1)


def _finder(target: Target) -> Finder:
    return Finder(target.s3, target.quarantine_bucket, incomplete=_say_passed_over)


def _say_passed_over(found: Found) -> None:
    click.echo(f"{found.key}: passed over, {found.unlisted} of its violations are not listed in it", err=True)
