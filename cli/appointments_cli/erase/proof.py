"""Searches everything for the values of an erasure: ``appointments erase --prove``."""

from __future__ import annotations

import re

import click

from appointments_cli.erase import journal as journals
from appointments_cli.erase.command import PROOF, say_sightings
from appointments_cli.erase.kept import NOUNS
from appointments_cli.erase.run import Survey
from appointments_cli.erase.search import Search
from appointments_cli.erase.stack_places import places_of
from appointments_cli.errors import CommandError
from appointments_cli.export.command import say_missed
from appointments_cli.screen import Screen
from appointments_cli.target import Target

RECEIPT_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{32}")


def prove(target: Target, screen: Screen, receipt_id: str) -> None:
    """Show what the search finds. Exit code 1 if a value is there, or if something could not be searched."""
    if not RECEIPT_ID.fullmatch(receipt_id):
        raise click.UsageError("--prove needs the id of a receipt, such as 1f2e3d4c-00112233445566778899aabbccddeeff")
    journal = journals.of_receipt(target.dynamodb, target.table_name, receipt_id, screen.now)
    if journal.receipt is None:
        raise CommandError("this erasure is not finished: run 'appointments erase --customer ID --yes' again")
    if not journal.values:
        raise CommandError(f"the values of this erasure are gone: they are kept for {journals.KEPT_DAYS} days")
    search = Search(journal)
    survey = Survey(places_of(target, screen)).read(None, search)
    searched = [f"{survey.searched[place]} {noun}s" for place, noun in NOUNS.items()]
    sightings = [*survey.sightings, *survey.alike, *survey.similar]
    record = {
        "receipt": journal.id,
        "finishedAt": journal.receipt["finishedAt"],
        "values": search.count,
        "sharedValues": len(journal.shared),
        "searched": ", ".join(searched),
        "found": len(sightings),
    }
    screen.facts(record, PROOF)
    say_sightings(screen, sightings, "a value is there")
    say_missed(screen, survey.missed)
    screen.say("something can be of the erased customer" if sightings else "nothing of the erased customer is there")
    if sightings or survey.missed:
        raise click.exceptions.Exit(1)
