"""The commands ``appointments quarantine list``, ``show`` and ``redrive``."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import click

from cli.quarantine import output
from cli.quarantine.filters import with_filters
from cli.quarantine.objects import Filters, Finder, QuarantineObject
from cli.quarantine.redrive import Redriver, Run
from cli.target import REDRIVE_BODIES, Target, with_target
from cli.terminal import echo, echo_body


@click.group()
def quarantine() -> None:
    """List and redrive deliveries that were authenticated and refused."""


@quarantine.command("list")
@with_target
@with_filters
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def list_(target: Target, *, as_json: bool, limit: int | None, filters: Filters) -> None:
    """List the objects in quarantine and the rules that they break."""
    objects = islice(_finder(target).find(filters), limit)
    if not as_json:
        echo(output.table_head())
    for entry in objects:
        echo(output.json_line(entry) if as_json else output.table_row(entry))


@quarantine.command()
@with_target
@click.argument("key")
@click.option("--body", is_flag=True, help="Print only the body, which is personal data. On a terminal it is escaped.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(target: Target, *, key: str, body: bool, as_json: bool) -> None:
    """Show the metadata of one object, or its body."""
    entry = _finder(target).get(key)
    if body:
        echo_body(target.s3.get_object(Bucket=target.quarantine_bucket, Key=key)["Body"].read())
        return
    for line in [output.json_line(entry)] if as_json else output.facts(entry):
        echo(line)


@quarantine.command()
@with_target
@click.argument("keys", nargs=-1)
@with_filters
@click.option("--execute", "--yes", "execute", is_flag=True, help="Redrive. Without this option nothing is written.")
@click.option("--again", is_flag=True, help="Include objects that were redriven before with success.")
@click.option(
    "--conflict",
    is_flag=True,
    help="With KEYS: redrive conflicting duplicates, which can overwrite the current state.",
)
def redrive(
    target: Target,
    *,
    keys: tuple[str, ...],
    execute: bool,
    again: bool,
    conflict: bool,
    limit: int | None,
    filters: Filters,
) -> None:
    """Store bodies from quarantine: those of KEYS, or all that match the filters.

    The default is a dry run: it shows what would become of each object. Safe to repeat and to interrupt.
    """
    if keys and filters != Filters():
        raise click.UsageError("give either keys or filters")
    if conflict and not keys:
        raise click.UsageError("--conflict needs the keys of the objects")
    target.require(*REDRIVE_BODIES)
    finder = _finder(target)
    redriver = Redriver(target.s3, target.quarantine_bucket, target.intake, target.find_event, dry_run=not execute)
    objects: Iterable[QuarantineObject] = map(finder.get, keys) if keys else finder.find(filters)
    run = Run(redriver, output.Progress(), again=again, conflicts=conflict, limit=limit)
    try:
        run.run(objects)
    finally:
        echo(run.closing_line(dry="" if execute else "dry run, nothing is written without --execute: "))
    if run.failed:
        raise click.exceptions.Exit(1)


def _finder(target: Target) -> Finder:
    return Finder(target.s3, target.quarantine_bucket, incomplete=_print_skipped)


def _print_skipped(entry: QuarantineObject) -> None:
    echo(f"{entry.key}: skipped: its metadata does not list {entry.unlisted} of its violations", err=True)
