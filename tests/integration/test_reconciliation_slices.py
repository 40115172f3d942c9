"""The borders of slices and of the window, with single appointments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from appointments.contract.instants import utc
from appointments.errors import UnavailableError
from appointments.reconciliation.judging import Verdict
from appointments.reconciliation.run import LONGEST_SECONDS, SLICE_SECONDS, Cursor, Reconciliation
from appointments.reconciliation.stored import BATCH_ATTEMPTS, StoredAppointments
from appointments.storage import items
from local.engage.server import EngageServer
from local.engage.switches import Switches, positions
from local.engage.world import World
from tests import builders, engage
from tests.builders import body, delivery, received

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
SLICE = timedelta(seconds=SLICE_SECONDS)
UNTIL = SINCE + 3 * SLICE
SECOND_SLICE = SINCE + SLICE
LONGEST = timedelta(seconds=LONGEST_SECONDS)
HOUR = timedelta(hours=1)


class Compared:
    """A table and the API, and the verdicts of a run over three slices."""

    def __init__(self, client: DynamoDBClient, server: EngageServer) -> None:
        self.client, self.server = client, server
        self.table = builders.make_table(client)
        self.stored = StoredAppointments(client, self.table)

    def store(self, **members: Any) -> None:
        item = items.current_item(received(body(appointment(**members))))
        self.client.put_item(TableName=self.table, Item=item)

    def know(self, **members: Any) -> None:
        self.server.world.deliver(body(appointment(**members)))

    def verdicts(self) -> list[Verdict]:
        looked = Reconciliation(engage.api(self.server), self.stored)
        slices = looked.slices(Cursor.of_window(utc(SINCE.isoformat()), utc(UNTIL.isoformat())))
        return [verdict for each in slices for verdict in each.verdicts]

    def kinds(self) -> list[str]:
        return [each.kind.value for each in self.verdicts()]


def appointment(start: datetime | None, length: timedelta = HOUR, version: int = 0, **members: Any) -> dict[str, Any]:
    times = {} if start is None else {"start": start.isoformat(), "end": (start + length).isoformat()}
    at = f"2026-01-01T0{version}:00:00Z"
    return delivery(**{"updated_at": at, "start": None, "end": None, **times, **members})


@pytest.fixture(scope="module")
def server() -> Iterator[EngageServer]:
    with mock_aws(), EngageServer(World()) as running:
        yield running


@pytest.fixture
def compared(server: EngageServer) -> Compared:
    server.world, server.switches = World(), Switches()
    return Compared(boto3.client("dynamodb"), server)


@pytest.mark.parametrize("bounds", positions()["bounds"])
@pytest.mark.parametrize("compares", positions()["compares"])
@pytest.mark.parametrize(
    ("start", "length"),
    [
        (SINCE, HOUR),
        (SECOND_SLICE, HOUR),
        (SECOND_SLICE - HOUR, 2 * HOUR),
        (SECOND_SLICE - timedelta(seconds=1), LONGEST),
        (UNTIL - timedelta(seconds=1), LONGEST),
        (SECOND_SLICE, timedelta()),
        (UNTIL - timedelta(seconds=1), timedelta()),
    ],
)
def test_an_appointment_at_a_border_is_judged_once(
    start: datetime, length: timedelta, compares: Any, bounds: Any, compared: Compared
) -> None:
    compared.server.switches = Switches(compares=compares, bounds=bounds)
    compared.know(start=start, length=length)
    assert compared.kinds() == ["missing"]


@pytest.mark.parametrize("start", [SINCE - timedelta(seconds=1), UNTIL])
def test_an_appointment_that_starts_outside_is_not_judged(start: datetime, compared: Compared) -> None:
    compared.know(start=start)
    compared.store(start=start, version=1)
    assert compared.kinds() == []


MOVES = [
    SINCE - timedelta(days=400),
    SINCE - HOUR / 2,
    SECOND_SLICE + HOUR,
    UNTIL + HOUR,
    UNTIL + timedelta(days=400),
    None,
]


@pytest.mark.parametrize("listed", positions()["undated"])
@pytest.mark.parametrize("start", MOVES)
@pytest.mark.parametrize("before", [SINCE, SECOND_SLICE - HOUR, SECOND_SLICE, UNTIL - HOUR])
def test_an_appointment_that_the_table_has_elsewhere_is_behind_and_judged_once(
    before: datetime, start: datetime | None, listed: Any, compared: Compared
) -> None:
    """A rescheduling was lost: to another slice, out of the window near its border, or far away."""
    compared.server.switches = Switches(undated=listed)
    compared.store(start=before)
    compared.know(start=start, version=1)
    (verdict,) = compared.verdicts()
    assert verdict.kind.value == "behind"
    assert "start" in verdict.differing


@pytest.mark.parametrize("before", [*MOVES])
def test_an_appointment_that_came_into_the_window_is_behind(before: datetime | None, compared: Compared) -> None:
    compared.store(start=before)
    compared.know(start=SINCE + 2 * HOUR, version=1)
    assert compared.kinds() == ["behind"]


def test_an_index_that_is_older_than_its_item_leads_to_no_second_verdict(
    compared: Compared, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared.store(start=SINCE)
    compared.know(start=SINCE)
    before = f"{SECOND_SLICE.isoformat()[:19]}Z"
    monkeypatch.setattr(compared.stored, "starting", lambda *_: {"a-1": before})
    assert compared.kinds() == ["same"]


def test_an_appointment_without_an_office_is_judged_if_the_api_lists_it(compared: Compared) -> None:
    compared.store(start=SINCE, office=None)
    assert compared.kinds() == []
    compared.know(start=SINCE, office=None)
    assert compared.kinds() == ["same"]


def test_more_items_are_read_than_a_call_takes(compared: Compared) -> None:
    for number in range(101):
        compared.store(start=SINCE, appointment_id=f"a-{number}")
    assert len(compared.stored.current([f"a-{number}" for number in range(105)])) == 101


@pytest.mark.parametrize("throttled", [1, 9, 10])
def test_keys_that_dynamodb_left_out_are_asked_for_again(throttled: int) -> None:
    client = boto3.client("dynamodb")
    keys = [items.key("APPOINTMENT#a-1", "CURRENT"), items.key("APPOINTMENT#a-2", "CURRENT")]
    pauses: list[float] = []
    with Stubber(client) as stubber:
        for _ in range(throttled):
            answer: Any = {"Responses": {"t": keys[:1]}, "UnprocessedKeys": {"t": {"Keys": keys[1:]}}}
            stubber.add_response("batch_get_item", answer)
        stubber.add_response("batch_get_item", {"Responses": {"t": keys[1:]}, "UnprocessedKeys": {}})
        stored = StoredAppointments(client, "t", sleep=pauses.append)
        if throttled < BATCH_ATTEMPTS:
            assert list(stored.current(["a-1", "a-2"])) == ["a-1", "a-2"]
        else:
            with pytest.raises(UnavailableError, match="left keys of a batch unread"):
                stored.current(["a-1", "a-2"])
    assert len(pauses) == throttled
    assert pauses == sorted(pauses)


def test_a_window_of_no_appointments_asks_once_for_each_slice(compared: Compared) -> None:
    compared.server.calls.clear()
    assert compared.kinds() == []
    assert len(compared.server.calls) == 1 + 3
