"""The commands ``appointments quarantine list``, ``show`` and ``redrive``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import islice
from typing import Any

import click

from appointments.contract.instants import utc
from appointments.outcome import QUARANTINED
from cli.quarantine import output
from cli.quarantine.objects import Filters, Finder, QuarantineObject
from cli.quarantine.redrive import Redriver, Run
from cli.target import Target, with_target


def instant(text: str) -> str:
    """Convert a date, which means its first instant, or an RFC 3339 date-time; without an offset it is UTC."""
    for completed in (text, f"{text}Z", f"{text}T00:00:00Z"):
        try:
            return utc(completed)
        except ValueError:
            continue
    raise click.BadParameter(f"{text!r} is no time: give 2026-03-02 or 2026-03-02T09:00:00Z")


def filters(command: Any) -> Any:
    for option in (
        click.option("--limit", type=click.IntRange(1), help="At most this many objects."),
        click.option("--path", help="Path of a violation, or its first members: $.data.appointment.office"),
        click.option("--until", type=instant, metavar="TIME", help="Received before this instant."),
        click.option("--since", type=instant, metavar="TIME", help="Received at this instant or later."),
        click.option(
            "--reason", "reasons", multiple=True, type=click.Choice([outcome.value for outcome in QUARANTINED])
        ),
    ):
        command = option(command)
    return command


@click.group()
def quarantine() -> None:
    """Show and redrive deliveries that were authenticated and rejected."""


@quarantine.command("list")
@with_target
@filters
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def list_(target: Target, *, as_json: bool, limit: int | None, **chosen: Any) -> None:
    """List the objects in quarantine and the rules that they break."""
    if not as_json:
        click.echo(output.head())
    for found in islice(_finder(target).find(Filters(**chosen)), limit):
        click.echo(output.line(found.as_dict()) if as_json else output.row(found))


@quarantine.command()
@with_target
@click.argument("key")
@click.option("--body", is_flag=True, help="Print only the body, byte for byte. It contains personal data.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(target: Target, *, key: str, body: bool, as_json: bool) -> None:
    """Show the metadata of one object, or its body."""
    found = _finder(target).get(key)
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
@click.option("--execute", "--yes", "execute", is_flag=True, help="Redrive. Without this option nothing is written.")
@click.option("--again", is_flag=True, help="Include objects that were redriven before with success.")
def redrive(
    target: Target, *, keys: tuple[str, ...], execute: bool, again: bool, limit: int | None, **chosen: Any
) -> None:
    """Store bodies from quarantine: KEYS, or all that the filters match.

    The default is a dry run: it shows what would become of each. Safe to repeat and to interrupt.
    """
    if keys and any(chosen.values()):
        raise click.UsageError("give either keys or filters")
    finder = _finder(target)
    redriver = Redriver(target.s3, target.quarantine_bucket, target.intake, dry_run=not execute)
    objects: Iterable[QuarantineObject] = map(finder.get, keys) if keys else finder.find(Filters(**chosen))
    run = Run(redriver, output.Progress(), again=again, limit=limit)
    try:
        run.run(objects)
    finally:
        click.echo(run.closing_line(dry="" if execute else "dry run, nothing is written without --execute: "))
    if run.failed:
        raise SystemExit(1)


def _finder(target: Target) -> Finder:
    return Finder(target.s3, target.quarantine_bucket, incomplete=_print_skipped)


def _print_skipped(found: QuarantineObject) -> None:
    click.echo(f"{found.key}: skipped: its metadata does not list {found.unlisted} of its violations", err=True)
