"""``appointments reconcile``: compare the appointments of Engage with the table, and name what never arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from appointments_cli.errors import WRONG, CommandError, CouldNotLookError, UnknownIdError, converted
from appointments_cli.moments import FORMS, parse
from appointments_cli.options import with_screen
from appointments_cli.screen import Screen
from appointments_cli.target import ENGAGE_OPTIONS, Target, with_target

if TYPE_CHECKING:
    from appointments.reconciliation.judging import Verdict
    from appointments.reconciliation.run import Cursor, Reconciliation
    from appointments_cli.reconcile.report import Report

CALLS_PER_SECOND, MOST_CALLS_PER_SECOND = 4.0, 50.0
DAYS_A_LINE = 30
"""Elsewhere than on a terminal, a line says how far the command is after this many days of the window."""
ADVICE = (
    "deploy with EngageApiSecretArn and EngageEnterprise, or give --engage-secret and --engage-enterprise "
    "(docs/reconciliation.md)"
)


@click.command()
@with_target("table", "bodies_bucket", "history_retention_days", *ENGAGE_OPTIONS)
@with_screen
@click.option("--id", "ids", metavar="ID", multiple=True, help="Only this appointment. Can be given several times.")
@click.option("--repair", "repairs", is_flag=True, help="Store and publish what is missing or behind. Needs --yes.")
@click.option("--yes", is_flag=True, help="Write. Without this option, --repair shows what it would do.")
@click.option("--all", "shows_all", is_flag=True, help="Show every appointment, not only what needs a look.")
@click.option(
    "--calls-per-second",
    type=click.FloatRange(0.1, MOST_CALLS_PER_SECOND),
    default=CALLS_PER_SECOND,
    show_default=True,
    metavar="NUMBER",
    help="At most this many calls of the API a second.",
)
@click.option("--until", metavar="TIME", help="Only appointments that start before this time. Default: in 90 days.")
@click.option(
    "--since", metavar="TIME", help=f"Only appointments that start from this time on: {FORMS}. Default: 30 days ago."
)
def reconcile(
    target: Target,
    *,
    screen: Screen,
    ids: tuple[str, ...],
    shows_all: bool,
    repairs: bool,
    yes: bool,
    calls_per_second: float,
    since: str | None,
    until: str | None,
) -> None:
    """Compare the appointments of Engage with the table, and show what never arrived.

    Exit code 1 if an appointment is missing, behind or differs, 2 if the command could not look at all of them. Reads
    the vendor's API and OfficeIndex, and changes nothing without --repair --yes. Ctrl-C ends it; the last line says how
    to continue, and a repeated repair changes nothing.
    """
    if yes and not repairs:
        raise click.UsageError("--yes is for --repair: a comparison changes nothing")
    if ids and (since or until):
        raise click.UsageError("give either --id or a time with --since and --until")
    if not all(ids):
        raise click.UsageError("--id is empty: give the id of an appointment")
    from appointments_cli.reconcile.report import Report

    cursor = _window(screen, since, until)
    with _could_not_look(target):
        repair = _repair(target, yes=yes) if repairs else None
        looking = _reconciliation(target, calls_per_second)
        with Report(screen, cursor, looking, shows_all=shows_all, of_ids=bool(ids), repair=repair) as report:
            _look(report, looking, cursor, ids)
    if repairs and not yes:
        screen.say("dry run, nothing is stored without --yes")
    unknown = ", ".join(id_ for id_ in ids if id_ not in report.judged)
    nobody_knows = f"neither Engage nor the table knows {unknown}"
    if report.missed:
        if unknown:
            screen.say(nobody_knows)
        raise click.exceptions.Exit(WRONG)
    if unknown:
        raise UnknownIdError(nobody_knows)
    if not ids and not report.cursor.is_complete:
        raise CouldNotLookError("a part of the time was not compared: run the command again")


def _look(report: Report, looking: Reconciliation, cursor: Cursor, ids: tuple[str, ...]) -> None:
    if ids:
        report.add_verdicts(looking.of_ids(list(dict.fromkeys(ids))))
        return
    from appointments_cli.progress import shown

    days = _days(cursor.since, cursor.until)
    with shown() as show:
        for done in looking.slices(cursor):
            report.add(done)
            show("days compared", _days(cursor.since, done.cursor.done), days, every=DAYS_A_LINE)


def _days(first: str, last: str) -> int:
    from appointments.contract.instants import epoch_seconds

    return int((epoch_seconds(last) - epoch_seconds(first)) / 86_400)


def _window(screen: Screen, since: str | None, until: str | None) -> Cursor:
    from appointments.contract.instants import utc
    from appointments.reconciliation.run import Cursor

    now = screen.now()
    around = Cursor.around(utc(now.isoformat()))
    first = parse(since, screen.zone, now, "--since") if since is not None else around.since
    last = parse(until, screen.zone, now, "--until") if until is not None else around.until
    window = Cursor.of_window(first, last)
    if window.is_done:
        raise click.UsageError("--since must be earlier than --until")
    return window


def _reconciliation(target: Target, calls_per_second: float) -> Reconciliation:
    from appointments.reconciliation.credentials import Credentials
    from appointments.reconciliation.engage_api import EngageApi
    from appointments.reconciliation.manners import Manners
    from appointments.reconciliation.run import Reconciliation
    from appointments.reconciliation.stored import StoredAppointments

    engage = target.engage
    if not engage.secret or not engage.enterprise:
        raise CouldNotLookError(f"{target.name} has no credentials of the Engage API: {ADVICE}")
    secret = target.client("secretsmanager").get_secret_value(SecretId=engage.secret)
    api = EngageApi(
        Credentials.of_secret(secret.get("SecretString", "")),
        engage.enterprise,
        Manners(calls_per_second=calls_per_second),
        api_url=engage.api_url,
        auth_url=engage.auth_url,
    )
    return Reconciliation(api, StoredAppointments(target.dynamodb, target.table_name))


def _repair(target: Target, *, yes: bool) -> Callable[[Verdict], str | None]:
    """Return a function that repairs the appointment of a verdict, or shows the repair, and returns the result."""
    from appointments.reconciliation.repairs import RepairResult, Repairs
    from appointments.reconciliation.waiting import WaitingDeliveries

    queues = [target.required_resource(name) for name in ("BacklogQueue", "BacklogFailureQueue")]
    waiting = WaitingDeliveries(target.sqs, queues)
    repairs = Repairs(target.store, waiting.count, history_retention_days=target.history_retention_days)

    def repair(verdict: Verdict) -> str | None:
        result = repairs.repair(verdict) if yes else repairs.preview(verdict)
        if result is RepairResult.REPAIRED and not yes:
            return "would repair"
        return None if result is None else result.value

    return repair


@contextmanager
def _could_not_look(target: Target) -> Iterator[None]:
    """Give an error that is no finding another exit code than a finding."""
    from appointments.errors import AppointmentsError
    from appointments.sdk import SDK_ERRORS

    try:
        yield
    except AppointmentsError as error:
        raise CouldNotLookError(str(error)) from None
    except SDK_ERRORS as error:
        found: CommandError = converted(error, target.profile)
        raise found if found.exit_code != WRONG else CouldNotLookError(found.message) from None
