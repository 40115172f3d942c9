"""``appointments erase``: takes one customer out of everything that the stack keeps, or proves that it was done."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from appointments_cli.errors import CommandError
from appointments_cli.export.command import LISTED, say_missed
from appointments_cli.options import limit_option, with_screen
from appointments_cli.screen import Column, Kind, Screen, counted
from appointments_cli.target import Target, with_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appointments_cli.erase.journal import Journal
    from appointments_cli.erase.kept import Found, Place
    from appointments_cli.erase.run import Sighting, Survey

ROUNDS = 3
"""A delivery that comes while the command runs is found by the next search. After this many, a person decides."""
COLUMNS = (
    Column("place", kind=Kind.ID, essential=True),
    Column("action", kind=Kind.ID, essential=True),
    Column("appointmentId", "appointment", Kind.ID, importance=8),
    Column("envelopeId", "envelope id", Kind.ID, importance=7),
    Column("key", kind=Kind.ID, importance=6),
    Column("messageId", "message id", Kind.ID, importance=4),
    Column("receivedAt", "received", Kind.INSTANT, importance=3),
)
PROOF = (
    Column("receipt"),
    Column("finishedAt", "finished", Kind.INSTANT),
    Column("values"),
    Column("sharedValues", "shared values"),
    Column("searched"),
    Column("found"),
)


@click.command()
@with_target()
@with_screen
@click.option("--customer", metavar="ID", help="Engage's id of the customer to erase.")
@click.option("--prove", "receipt_id", metavar="RECEIPT-ID", help="Search everything again for what was erased.")
@limit_option(100_000, "bodies")
@click.option("--yes", is_flag=True, help="Erase. Without this option nothing is changed.")
def erase(
    target: Target, *, screen: Screen, customer: str | None, receipt_id: str | None, limit: int, yes: bool
) -> None:
    """Erase a customer from current items, events, bodies, quarantine and given-up deliveries.

    Other participants, times and states stay. Erase the customer in Engage first, and let the backlog become empty. The
    default is a dry run. The command can be interrupted and repeated: it goes on where it stopped, and ends with a
    receipt. Reads the whole table at least twice. An employee cannot be erased.
    """
    if (customer is None) == (receipt_id is None):
        raise click.UsageError("give either --customer or --prove")
    target.require("table", "bodies_bucket", "quarantine_bucket")
    if receipt_id is not None:
        from appointments_cli.erase.proof import prove

        prove(target, screen, receipt_id)
        return
    _erase(target, screen, _checked(customer), limit, yes=yes)


def _checked(customer: str | None) -> str:
    from appointments_cli.erase.redaction import ERASED

    if not customer:
        raise click.UsageError("--customer is empty: give the id of a customer")
    if customer == ERASED:
        raise click.UsageError(f"{ERASED!r} stands for customers who are erased: give the id of a customer")
    return customer


def _erase(target: Target, screen: Screen, customer: str, limit: int, *, yes: bool) -> None:
    from appointments_cli.erase import journal as journals
    from appointments_cli.erase.run import Survey
    from appointments_cli.erase.stack_places import places_of

    _check_backlog(target, screen, yes=yes)
    places = places_of(target, screen)
    survey = Survey(places).read(customer, None)
    journal = journals.unfinished(target.dynamodb, target.table_name, customer, screen.now)
    if not survey.found and journal is None:
        screen.say("nothing found: no place of the stack names this customer")
    else:
        screen.say(summary(survey.found, journal))
    if not yes:
        records = ({"place": each.place, "action": each.action, **each.ids} for each in survey.found)
        screen.table(_shortened(target, screen), records)
        if survey.found or journal:
            screen.say("dry run, nothing is changed without --yes")
    elif survey.found or journal:
        journal = journal or journals.begin(target.dynamodb, target.table_name, customer, screen.now)
        survey = _until_nothing_is_left(places, customer, survey, journal, screen, limit)
        _finish(target, screen, journal, survey)
    say_missed(screen, survey.missed)
    if survey.missed or survey.sightings:
        raise click.exceptions.Exit(1)


def _shortened(target: Target, screen: Screen) -> list[Column]:
    """The columns, with keys as unique prefixes on a terminal."""
    from appointments.storage.bodies import PREFIX
    from appointments_cli.quarantine.objects import PREFIX_LENGTH, Finder

    if not screen.is_terminal:
        return list(COLUMNS)
    of_quarantine = Finder(target.s3, target.quarantine_bucket).shortener()

    def short(key: str) -> str:
        folder, slash, name = key.rpartition("/")
        return f"{folder}{slash}{name[:PREFIX_LENGTH]}" if key.startswith(PREFIX) else of_quarantine(key)

    return [replace(column, short=short) if column.member == "key" else column for column in COLUMNS]


def _check_backlog(target: Target, screen: Screen, *, yes: bool) -> None:
    from appointments_cli.queues import messages

    waiting = messages(target.sqs, target.required_resource("BacklogQueue"))
    if not waiting:
        return
    sentence = f"about {waiting} deliveries wait in the backlog and can have the customer"
    if yes:
        raise CommandError(f"nothing is erased: {sentence}: wait until 'appointments backlog status' shows none")
    screen.say(f"{sentence}: --yes refuses to erase before they are stored")


def _until_nothing_is_left(
    places: Sequence[Place], customer: str, survey: Survey, journal: Journal, screen: Screen, limit: int
) -> Survey:
    """Erase, and search again. Ends the command when the limit is reached."""
    from appointments_cli.erase import run
    from appointments_cli.erase.search import Search
    from appointments_cli.progress import progress

    for _ in range(ROUNDS):
        chosen = run.first(survey.found, limit)
        try:
            with progress(len(chosen), "erased") as step:
                run.erase(places, customer, chosen, journal, lambda _: step())
        except KeyboardInterrupt:
            screen.say("interrupted, the same command goes on from here")
            raise
        if len(chosen) < len(survey.found):
            screen.say(f"{len(chosen)} of {len(survey.found)} are done: the same command goes on with the others")
            raise click.exceptions.Exit(0)
        screen.say("searching again for everything that was found")
        survey = run.Survey(places).read(customer, Search(journal))
        if survey.held_by_others:
            raise CommandError(
                f"another reader, or a run that was killed, holds about {survey.held_by_others} messages of "
                "BacklogFailureQueue: run the same command again in a minute"
            )
        if not survey.found:
            return survey
        limit -= len(chosen)
    raise CommandError(
        f"{len(survey.found)} places have the customer again: erase the customer in Engage, then run it again"
    )


def _finish(target: Target, screen: Screen, journal: Journal, survey: Survey) -> None:
    """Print the receipt, then forget the key that only the receipt has from now on."""
    from appointments_cli.erase.receipt import receipt

    journal.share(survey.shared)
    by = target.client("sts").get_caller_identity()["Arn"]
    printed = receipt(journal, survey, target.stack.parameters, by, screen.now())
    journal.finish({name: value for name, value in printed.items() if name != "receipt"})
    say_sightings(screen, survey.sightings, "a value is still there")
    say_sightings(screen, survey.alike, "another's too, or the same person under another id")
    replace(screen, as_json=True).line((), printed)
    journal.close()
    screen.say("keep the receipt: only its id can prove the erasure, with 'appointments erase --prove ID'")


def say_sightings(screen: Screen, sightings: Sequence[Sighting], what: str) -> None:
    """Name the places of values on stderr: the receipt or the proof is the output."""
    for each in sightings[:LISTED]:
        facts = " ".join(str(value) for name, value in each.as_dict().items() if value and not name.startswith("_"))
        screen.say(f"{what}: {facts}")
    if len(sightings) > LISTED:
        screen.say(f"{what}: {len(sightings) - LISTED} more")


def summary(found: Sequence[Found], journal: Journal | None) -> str:
    """Say how much names the customer, by place, and whether an earlier run was stopped."""
    from appointments_cli.erase.kept import BACKLOG, DELETE, NOUNS, QUARANTINE

    counts = [(noun, sum(each.place == place for each in found)) for place, noun in NOUNS.items()]
    parts = [counted(count, noun) for noun, count in counts if count]
    deleted = sum(each.action == DELETE and each.place in (BACKLOG, QUARANTINE) for each in found)
    line = f"the customer is in {', '.join(parts) or 'no place any more'}"
    line += f"; of these, {deleted} that cannot be redacted will be deleted" if deleted else ""
    return line + ("; an erasure was stopped and goes on" if journal else "")
