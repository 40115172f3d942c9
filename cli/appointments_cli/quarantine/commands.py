"""The commands ``appointments quarantine list``, ``show`` and ``redrive``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import click

from appointments_cli.options import with_pager, with_screen
from appointments_cli.order import newest_first
from appointments_cli.quarantine.filters import with_filters
from appointments_cli.screen import Column, Record, Screen
from appointments_cli.target import REDRIVE_BODIES, Target, with_target
from appointments_cli.terminal import echo

if TYPE_CHECKING:
    from appointments_cli.quarantine.objects import Filters, Finder, QuarantineObject

LISTED = 100
"""``list`` shows at most this many objects unless ``--limit`` is given."""


@click.group()
def quarantine() -> None:
    """List and redrive deliveries that were authenticated and refused."""


@quarantine.command("list")
@with_target(*REDRIVE_BODIES)
@with_screen
@with_pager
@with_filters
@click.option(
    "--group-by", type=click.Choice(["path"]), help="Count the objects by the path and rule that they break instead."
)
def list_(target: Target, *, screen: Screen, limit: int | None, filters: Filters, group_by: str | None) -> None:
    """List the objects in quarantine and the rules that they break, the newest first.

    Objects of the same time ascend by their keys.
    """
    from appointments_cli.quarantine import output

    finder = _finder(target)
    found = finder.find(filters, newest_first=True)
    if group_by:
        groups = output.groups(found)
        screen.table(_shortened(finder, output.GROUPS, "newest", groups), groups[:limit])
        screen.close(len(groups[:limit]), "rule", more=limit is not None and len(groups) > limit)
        return
    most = limit or LISTED
    entries = list(islice(found, most + 1))
    records = newest_first(map(output.record, entries[:most]), "receivedAt", "key")
    screen.table(_shortened(finder, output.COLUMNS, "key", records), records)
    screen.close(len(records), "object", more=len(entries) > most, within=" in quarantine")


@quarantine.command()
@with_target(*REDRIVE_BODIES)
@with_screen
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@click.option("--body", is_flag=True, help="Print only the body, which is personal data. On a terminal it is escaped.")
def show(target: Target, *, screen: Screen, keys: tuple[str, ...], body: bool) -> None:
    """Show the metadata of objects, or the body of one. A unique prefix of a key is enough."""
    from appointments_cli.quarantine import output

    if body and len(keys) > 1:
        raise click.UsageError("--body needs a single key")
    entries = list(map(_finder(target).get, keys))
    if body:
        content = target.s3.get_object(Bucket=target.quarantine_bucket, Key=entries[0].key)["Body"].read()
        screen.body(content, {"key": entries[0].key})
        return
    for entry in entries:
        screen.facts(output.record(entry), output.FACTS)


@quarantine.command()
@with_target(*REDRIVE_BODIES)
@with_screen
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@with_filters
@click.option("--yes", "--execute", "execute", is_flag=True, help="Redrive. Without this option nothing is written.")
@click.option("--again", is_flag=True, help="Include objects that were redriven before with success.")
@click.option(
    "--conflict",
    is_flag=True,
    help="With KEYS: redrive conflicting duplicates, which can overwrite the current state.",
)
def redrive(
    target: Target,
    *,
    screen: Screen,
    keys: tuple[str, ...],
    execute: bool,
    again: bool,
    conflict: bool,
    limit: int | None,
    filters: Filters,
) -> None:
    """Store bodies from quarantine: those of KEYS, or all that match the filters.

    The default is a dry run: it asks the table what would become of each object. Safe to repeat and to interrupt.
    The oldest object comes first; objects that were written in the same second ascend by their keys.
    """
    from appointments_cli.progress import tracked
    from appointments_cli.quarantine import output
    from appointments_cli.quarantine.objects import Filters
    from appointments_cli.quarantine.redrive import Redriver, Run

    if keys and filters != Filters():
        raise click.UsageError("give either keys or filters")
    if conflict and not keys:
        raise click.UsageError("--conflict needs the keys of the objects")
    target.require(*REDRIVE_BODIES)
    finder = _finder(target)
    redriver = Redriver(target.s3, target.quarantine_bucket, target.intake, target.find_event, dry_run=not execute)
    objects: Iterable[QuarantineObject] = list(map(finder.get, keys)) if keys else finder.find(filters)

    shorten = finder.shortener() if screen.is_terminal else None
    columns = tuple(replace(each, short=shorten) if each.member == "key" else each for each in output.RESULTS)

    def show_result(outcome: str, entry: QuarantineObject, detail: str) -> None:
        screen.line(columns, {"outcome": outcome, "key": entry.key, "detail": detail})

    run = Run(redriver, output.Progress(), show_result, again=again, conflicts=conflict, limit=limit)
    try:
        run.run(tracked(objects, len(keys) or None, "objects"))
    finally:
        screen.say(run.closing_line(dry="" if execute else "dry run, nothing is written without --yes: "))
    if run.failed:
        raise click.exceptions.Exit(1)


def _finder(target: Target) -> Finder:
    from appointments_cli.quarantine.objects import Finder

    return Finder(target.s3, target.quarantine_bucket, incomplete=_print_skipped)


def _print_skipped(entry: QuarantineObject) -> None:
    echo(f"{entry.key}: skipped: its metadata does not list {entry.unlisted} of its violations", err=True)


def _shortened(finder: Finder, columns: tuple[Column, ...], member: str, records: list[Record]) -> tuple[Column, ...]:
    """The columns with keys as unique prefixes, for a terminal."""
    shorten = finder.shortener() if records else None
    return tuple(replace(each, short=shorten) if each.member == member else each for each in columns)
