"""``appointments list`` and ``count``: appointments by office, employee, customer, status and day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import wraps
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from appointments_cli.moments import DAY_FORMS, parse_day
from appointments_cli.options import Command, limit_option, scan_option, with_pager, with_screen
from appointments_cli.screen import Column, Kind, Record, Screen
from appointments_cli.target import Target, with_target

if TYPE_CHECKING:
    from appointments_cli.reading.table import Table

COLUMNS = (
    Column("start", kind=Kind.INSTANT, essential=True),
    Column("appointmentId", "appointment", Kind.ID, essential=True),
    Column("status", kind=Kind.ID, importance=9),
    Column("meetingType", "meeting", Kind.ID, importance=4),
    Column("officeId", "office", Kind.ID, importance=7),
    Column("employeeId", "employee", Kind.ID, importance=6),
    Column("customerId", "customer", Kind.ID, importance=6),
    Column("subjectId", "subject", Kind.ID, importance=3),
    Column("updatedAt", "updated", Kind.INSTANT, importance=5),
    Column("end", kind=Kind.INSTANT, importance=2),
)
COUNTS = (Column("count", kind=Kind.NUMBER, essential=True), Column("value", essential=True))
day_option = click.option("--day", metavar="DAY", help=f"The day of the start: {DAY_FORMS}.")


class Filters(NamedTuple):
    """Ids as the table has them; None leaves a member open. ``day`` is the first and the last instant."""

    office: str | None
    employee: str | None
    customer: str | None
    status: str | None
    day: tuple[str, str] | None = None

    def match(self, item: dict[str, Any]) -> bool:
        people = {(each.get("type"), each.get("id")) for each in item.get("participants", ())}
        start = item.get("start", "")
        return (
            (self.office is None or item.get("officeId") == self.office)
            and (self.status is None or item.get("status") == self.status)
            and (self.day is None or self.day[0][:19] <= start < self.day[1][:19])
            and (self.employee is None or ("EMPLOYEE", self.employee) in people)
            and (self.customer is None or ("CUSTOMER", self.customer) in people)
        )


def with_filters(status_help: str) -> Callable[[Command], Command]:
    """Add ``--office``, ``--employee``, ``--customer`` and ``--status``, and pass the Filters as ``filters``."""

    def decorate(command: Command) -> Command:
        @click.option("--office", metavar="ID", help="Only appointments of this office.")
        @click.option("--employee", metavar="ID", help="Only appointments of this employee.")
        @click.option("--customer", metavar="ID", help="Only appointments of this customer.")
        @click.option("--status", metavar="STATUS", help=status_help)
        @wraps(command)
        def command_with_filters(
            *arguments: Any,
            office: str | None,
            employee: str | None,
            customer: str | None,
            status: str | None,
            **rest: Any,
        ) -> Any:
            return command(*arguments, filters=Filters(office, employee, customer, status), **rest)

        return command_with_filters

    return decorate


@click.command("list")
@with_target()
@with_screen
@with_pager
@with_filters("Only appointments with this status, such as ACCEPTED.")
@day_option
@scan_option
@limit_option(100, "appointments")
def list_(
    target: Target,
    *,
    screen: Screen,
    filters: Filters,
    day: str | None,
    scan: bool,
    limit: int,
) -> None:
    """List appointments by their start, the latest first.

    An index finds the primary employee and customer of appointments with a date. --scan finds the others too.
    """
    from appointments_cli.reading.table import Table

    window = parse_day(day, screen.zone, screen.now(), "--day") if day else None
    filters = filters._replace(day=window)
    if not scan and not any((filters.office, filters.employee, filters.customer, day)):
        raise click.UsageError(
            "give --office, --employee, --customer or --day, or --scan for a read of the whole table"
        )
    table = Table(target, screen)
    found = _scanned(table, filters) if scan else _indexed(table, filters)
    records = [_record(item) for item in islice(found, limit + 1)]
    screen.table(COLUMNS, records[:limit])
    if not scan:
        screen.say(_not_looked_for(table, filters))
    screen.close(len(records[:limit]), "appointment", more=len(records) > limit)


@click.command()
@with_target()
@with_screen
@click.option("--by", type=click.Choice(["office", "employee", "status"]), required=True, help="What to count by.")
@click.option("--day", metavar="DAY", default="today", show_default=True, help=f"The day of the start: {DAY_FORMS}.")
def count(target: Target, *, screen: Screen, by: str, day: str) -> None:
    """Count the appointments of a day. Reads OfficeIndex, never the whole table."""
    from appointments_cli.reading.table import Table, plain

    table = Table(target, screen)
    keys = table.starting(parse_day(day, screen.zone, screen.now(), "--day"))
    attribute = {"office": "officeId", "employee": "employeeId", "status": "status"}[by]
    found = keys if by == "office" else table.whole(keys)
    counts = Counter(str(plain(item).get(attribute, "none")) for item in found)
    columns = (COUNTS[0], Column("value", by, Kind.ID, essential=True))
    screen.table(columns, ({"count": number, "value": value} for value, number in counts.most_common()))
    screen.say("not counted: appointments without a date or without an office")
    screen.close(counts.total(), "appointment", within=f" on {day}")


def _indexed(table: Table, filters: Filters) -> Iterator[dict[str, Any]]:
    from appointments_cli.reading.table import plain

    named = {"CustomerIndex": filters.customer, "EmployeeIndex": filters.employee, "OfficeIndex": filters.office}
    index = next((name for name, value in named.items() if value), None)
    if index is not None:
        found = table.by_index(index, str(named[index]), filters.day)
    else:
        assert filters.day is not None  # noqa: S101 - the command checks it
        keys = sorted(table.starting(filters.day), key=lambda item: (item["start"]["S"], item["pk"]["S"]), reverse=True)
        found = table.whole(iter(keys))
    return (item for item in map(plain, found) if filters.match(item))


def _scanned(table: Table, filters: Filters) -> Iterator[dict[str, Any]]:
    from appointments.storage import items
    from appointments_cli.reading.table import plain

    found = table.scan("sk = :current", {":current": {"S": items.CURRENT_SORT_KEY}})
    matching = [item for item in map(plain, found) if filters.match(item)]
    return iter(sorted(matching, key=lambda item: (item.get("start", ""), item["pk"]), reverse=True))


def _record(item: dict[str, Any]) -> Record:
    from appointments.storage.items import PARTITION_KEY, appointment_id_of

    names = [column.member for column in COLUMNS if column.member != "appointmentId"]
    return {"appointmentId": appointment_id_of(item[PARTITION_KEY]), **{name: item.get(name) for name in names}}


def _not_looked_for(table: Table, filters: Filters) -> str:
    people = [kind for kind, value in (("customer", filters.customer), ("employee", filters.employee)) if value]
    others = f", and those where the {' or '.join(people)} is not the primary one" if people else ""
    return f"not looked for: appointments without a date{others}; --scan finds them ({table.cost()[1]})"
