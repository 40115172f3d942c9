"""``appointments status``: one screen, and exit code 1 when something needs a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from appointments_cli.options import with_screen
from appointments_cli.screen import Column, Kind, Record, Screen
from appointments_cli.target import Target, with_target

if TYPE_CHECKING:
    from appointments_cli.status.facts import Check, Fact

COLUMNS = (
    Column("state", kind=Kind.ID, essential=True),
    Column("what", kind=Kind.ID, essential=True),
    Column("detail", essential=True),
)
NARROW = (*COLUMNS[:2], Column("_problem", "detail", essential=True), Column("_advice", below=True))
"""On a terminal, what to do about a problem stands below it, so that it is not cut."""


@click.command()
@with_target()
@with_screen
def status(target: Target, *, screen: Screen) -> None:
    """Show whether all is well: deliveries, backlog, publisher, failures, quarantine, alarms and settings.

    Exit code 1 if something needs a person. What may not be read is unknown, never fine.
    """
    from appointments_cli.status.facts import UNKNOWN, WRONG, Look, guarded

    look = Look(target, screen, screen.now())
    name = look.target.stack.name
    look.target.stack.resources  # noqa: B018 - a wrong stack or no credentials end the command before any fact
    facts = [fact for each, check in _checks().items() for fact in guarded(each, check, look)]
    screen.table(NARROW if screen.is_terminal else COLUMNS, map(_record, facts))
    wrong, unknown = (sum(fact.state == state for fact in facts) for state in (WRONG, UNKNOWN))
    verb = "needs" if wrong == 1 else "need"
    screen.say(f"{name}: {wrong} {verb} a person, {unknown} unknown, times in {screen.zone.name}")
    if wrong:
        raise click.exceptions.Exit(1)


def _record(fact: Fact) -> Record:
    from appointments_cli.status.facts import WRONG

    problem, _, advice = fact.detail.partition(": ") if fact.state == WRONG else (fact.detail, "", "")
    return {**fact._asdict(), "_problem": problem, "_advice": advice}


def _checks() -> dict[str, Check]:
    from appointments_cli.status import errors, queues, reconciliation, settings, traffic

    return {
        "last delivery": traffic.last_delivery,
        "outcomes": traffic.outcomes,
        "backlog": queues.backlog,
        "mappings": settings.mappings,
        "iterator age": traffic.iterator_age,
        "stored against published": traffic.published,
        "failure queues": queues.failure_queues,
        "quarantine": queues.quarantine,
        "reconciliation": reconciliation.last_pass,
        "errors in the logs": errors.recent,
        "alarms": settings.alarms,
        "rules on the bus": settings.rules,
        "table": settings.table,
        "parameters": settings.parameters,
        "webhook secret": settings.secret,
    }
