"""``appointments export``: everything that the stack keeps about one customer, as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import click

from appointments_cli.options import with_screen
from appointments_cli.screen import Screen, counted
from appointments_cli.target import Target, with_target

LISTED = 20
"""At most this many sentences say what could not be searched, or where a value is."""
NOUNS = {
    "current": "current item",
    "event": "event",
    "quarantine": "quarantined body",
    "backlog": "delivery given up",
}
PLURALS = {"quarantine": "quarantined bodies", "backlog": "deliveries given up"}


@click.command()
@with_target()
@with_screen
@click.option("--customer", metavar="ID", required=True, help="Engage's id of the customer.")
def export(target: Target, *, screen: Screen, customer: str) -> None:
    """Print everything that the stack keeps about a customer: one JSON object a line, unmasked.

    Searches current items, events, quarantine and the deliveries given up, for each participant and each former one.
    Reads the whole table, which the command sizes and prices first. Changes nothing. Exit code 1 if something could
    not be searched.
    """
    from appointments_cli.export.places import Places, everything

    if not customer:
        raise click.UsageError("--customer is empty: give the id of a customer")
    target.require("table", "bodies_bucket", "quarantine_bucket")
    places = Places(target, screen, customer)
    output = replace(screen, as_json=True)
    counts: Counter[str] = Counter()
    for record in everything(places):
        output.line((), record)
        counts[record["source"]] += 1
    screen.say(_closing(counts))
    say_missed(screen, places.missed)
    if places.missed:
        raise click.exceptions.Exit(1)


def say_missed(screen: Screen, missed: Sequence[str]) -> None:
    """Name what could not be searched on stderr: the records are the output."""
    for sentence in missed[:LISTED]:
        screen.say(f"not searched: {sentence}")
    if len(missed) > LISTED:
        screen.say(f"not searched: {len(missed) - LISTED} more")


def _closing(counts: Counter[str]) -> str:
    """Say how many records of each place were found. The id stays out of the sentence, which may be kept in a log."""
    if not counts:
        return "nothing found: no current item, no event, no quarantined body, no delivery given up"
    return ", ".join(counted(counts[source], noun, PLURALS.get(source, "")) for source, noun in NOUNS.items())
