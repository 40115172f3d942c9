"""The store's conditions, on moto and on Amazon's DynamoDB Local."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from appointments.errors import StoreUnavailableError
from appointments.outcome import Outcome
from appointments.storage import items
from appointments.storage.bodies import Bodies
from appointments.storage.store import Store
from tests.builders import arrived, save

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def test_the_first_delivery_becomes_history_and_state(store: Store, stored: Any) -> None:
    first = arrived(id="e-1")
    assert save(store, first) is Outcome.STORED
    assert items.unpack(stored()["EVENT#e-1"]["body"]["B"]) == first.body
    assert stored()["CURRENT"]["eventId"] == {"S": "e-1"}


def test_a_duplicate_changes_nothing(store: Store, stored: Any) -> None:
    save(store, arrived(id="e-1"))
    save(store, arrived(id="e-2", updated_at="2026-03-02T09:00:01Z"))
    before = stored()
    assert [save(store, arrived(id="e-1")) for _ in range(2)] == [Outcome.DUPLICATE] * 2
    assert stored() == before


def test_an_event_tells_when_it_was_written(dynamodb: DynamoDBClient, table_name: str, bodies: Bodies) -> None:
    attempts = (f"2026-03-02T09:00:{second:02}.000000000Z" for second in range(5, 60))
    store = Store(dynamodb, table_name, lambda: bodies, now=lambda: next(attempts))
    save(store, arrived(id="e-2"))
    save(store, arrived(id="e-1", updated_at="2026-01-01T00:00:00Z"))  # stale: it takes a second attempt
    written = {item["sk"]["S"]: item.get("storedAt") for item in dynamodb.scan(TableName=table_name)["Items"]}
    assert written == {
        "CURRENT": None,
        "EVENT#e-2": {"S": "2026-03-02T09:00:05.000000000Z"},
        "EVENT#e-1": {"S": "2026-03-02T09:00:07.000000000Z"},
    }


def test_an_older_instant_is_stale_whatever_its_text(store: Store, stored: Any) -> None:
    save(store, arrived(id="e-1", updated_at="2026-03-02T09:00:00Z"))
    assert save(store, arrived(id="e-2", updated_at="2026-03-02T10:30:00+02:00")) is Outcome.STALE
    assert stored()["EVENT#e-2"]["stale"] == {"BOOL": True}
    assert stored()["CURRENT"]["eventId"] == {"S": "e-1"}
    assert save(store, arrived(id="e-2", updated_at="2026-03-02T10:30:00+02:00")) is Outcome.DUPLICATE


def test_the_same_instant_is_never_stale_and_the_greater_id_is_the_state(store: Store, stored: Any) -> None:
    for envelope_id in ("e-2", "e-1", "e-3"):
        assert save(store, arrived(id=envelope_id)) is Outcome.STORED
    assert [stored()[f"EVENT#e-{n}"]["stale"]["BOOL"] for n in (1, 2, 3)] == [False] * 3
    assert stored()["CURRENT"]["eventId"] == {"S": "e-3"}


def test_deliveries_at_once_shuffled_and_twice_converge(
    store: Store, stored: Any, request: pytest.FixtureRequest
) -> None:
    workers = 1 if "moto" in request.node.name else 4
    times = [f"2026-03-02T09:00:{second:02}Z" for second in range(8)]
    deliveries = [arrived(id=f"e-{n:02}", updated_at=times[n // 2]) for n in range(16)] * 2
    random.Random(7).shuffle(deliveries)
    # moto answers in this process and rolls back by swapping tables: one at a time there.
    with ThreadPoolExecutor(workers) as pool:
        outcomes = list(pool.map(partial(save, store), deliveries))
    assert outcomes.count(Outcome.DUPLICATE) == 16
    assert sorted(stored()) == ["CURRENT", *(f"EVENT#e-{n:02}" for n in range(16))]
    assert stored()["CURRENT"]["eventId"] == {"S": "e-15"}


def test_appointments_are_found_by_office_employee_and_customer_between_two_times(
    store: Store, dynamodb: DynamoDBClient, table_name: str
) -> None:
    save(store, arrived(id="e-1"))
    save(store, arrived(id="e-2", appointment_id="a-2", status="CANCELLED", start=None))
    for index, value in {"OfficeIndex": "o-1", "EmployeeIndex": "p-1", "CustomerIndex": "7"}.items():
        answer = dynamodb.query(
            TableName=table_name,
            IndexName=index,
            KeyConditionExpression="#h = :h AND #s BETWEEN :from AND :to",
            ExpressionAttributeNames={"#h": items.INDEXES[index][0], "#s": "start"},
            ExpressionAttributeValues={":h": {"S": value}, ":from": {"S": "2026-03-10"}, ":to": {"S": "2026-03-11"}},
        )
        assert [item["pk"]["S"] for item in answer["Items"]] == ["APPOINTMENT#a-1"]


@pytest.mark.parametrize("office", ["", "x" * 3000])
def test_an_id_that_cannot_be_an_index_key_is_left_out(store: Store, stored: Any, office: str) -> None:
    assert save(store, arrived(office={"id": office})) is Outcome.STORED
    assert "officeId" not in stored()["CURRENT"]


def test_a_table_that_is_not_there_is_unavailable(dynamodb: DynamoDBClient, bodies: Bodies) -> None:
    with pytest.raises(StoreUnavailableError, match="ResourceNotFoundException"):
        save(Store(dynamodb, "no-such-table", lambda: bodies), arrived())
