"""The conditions of the store's writes, on moto and on DynamoDB Local."""

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
from tests.builders import body, delivery, received, received_delivery, save

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def test_the_first_delivery_writes_an_event_item_and_the_current_item(store: Store, stored: Any) -> None:
    first = received_delivery(id="e-1")
    assert save(store, first) is Outcome.STORED
    assert items.unpack(stored()["EVENT#e-1"]["body"]["B"]) == first.body
    assert stored()["CURRENT"]["eventId"] == {"S": "e-1"}


def test_a_duplicate_does_not_change_the_table(store: Store, stored: Any) -> None:
    save(store, received_delivery(id="e-1"))
    save(store, received_delivery(id="e-2", updated_at="2026-03-02T09:00:01Z"))
    before = stored()
    assert [save(store, received_delivery(id="e-1")) for _ in range(2)] == [Outcome.DUPLICATE] * 2
    assert stored() == before


def test_an_event_item_has_the_time_of_its_write(dynamodb: DynamoDBClient, table_name: str, bodies: Bodies) -> None:
    attempts = (f"2026-03-02T09:00:{second:02}.000000000Z" for second in range(5, 60))
    store = Store(dynamodb, table_name, lambda: bodies, now=lambda: next(attempts))
    save(store, received_delivery(id="e-2"))
    save(store, received_delivery(id="e-1", updated_at="2026-01-01T00:00:00Z"))  # stale, so the store writes twice
    written = {item["sk"]["S"]: item.get("storedAt") for item in dynamodb.scan(TableName=table_name)["Items"]}
    assert written == {
        "CURRENT": None,
        "EVENT#e-2": {"S": "2026-03-02T09:00:05.000000000Z"},
        "EVENT#e-1": {"S": "2026-03-02T09:00:07.000000000Z"},
    }


def test_an_older_instant_is_stale_even_if_its_text_is_greater(store: Store, stored: Any) -> None:
    save(store, received_delivery(id="e-1", updated_at="2026-03-02T09:00:00Z"))
    assert save(store, received_delivery(id="e-2", updated_at="2026-03-02T10:30:00+02:00")) is Outcome.STALE
    assert stored()["EVENT#e-2"]["stale"] == {"BOOL": True}
    assert stored()["CURRENT"]["eventId"] == {"S": "e-1"}
    assert save(store, received_delivery(id="e-2", updated_at="2026-03-02T10:30:00+02:00")) is Outcome.DUPLICATE


def test_the_same_instant_is_not_stale_and_the_greater_id_becomes_current(store: Store, stored: Any) -> None:
    for envelope_id in ("e-2", "e-1", "e-3"):
        assert save(store, received_delivery(id=envelope_id)) is Outcome.STORED
    assert [stored()[f"EVENT#e-{n}"]["stale"]["BOOL"] for n in (1, 2, 3)] == [False] * 3
    assert stored()["CURRENT"]["eventId"] == {"S": "e-3"}


def test_concurrent_shuffled_and_repeated_deliveries_converge(
    store: Store, stored: Any, request: pytest.FixtureRequest
) -> None:
    workers = 1 if "moto" in request.node.name else 4
    times = [f"2026-03-02T09:00:{second:02}Z" for second in range(8)]
    deliveries = [received_delivery(id=f"e-{n:02}", updated_at=times[n // 2]) for n in range(16)] * 2
    random.Random(7).shuffle(deliveries)
    # One worker on moto, which rolls a transaction back by swapping tables.
    with ThreadPoolExecutor(workers) as pool:
        outcomes = list(pool.map(partial(save, store), deliveries))
    assert outcomes.count(Outcome.DUPLICATE) == 16
    assert sorted(stored()) == ["CURRENT", *(f"EVENT#e-{n:02}" for n in range(16))]
    assert stored()["CURRENT"]["eventId"] == {"S": "e-15"}


def test_the_indexes_find_appointments_by_office_employee_and_customer_in_a_time_range(
    store: Store, dynamodb: DynamoDBClient, table_name: str
) -> None:
    save(store, received_delivery(id="e-1"))
    save(store, received_delivery(id="e-2", appointment_id="a-2", status="CANCELLED", start=None))
    for index, value in {"OfficeIndex": "o-1", "EmployeeIndex": "p-1", "CustomerIndex": "7"}.items():
        answer = dynamodb.query(
            TableName=table_name,
            IndexName=index,
            KeyConditionExpression="#h = :h AND #s BETWEEN :from AND :to",
            ExpressionAttributeNames={"#h": items.INDEXES[index][0], "#s": "start"},
            ExpressionAttributeValues={
                ":h": {"S": value},
                ":from": {"S": "2026-03-10T09:00:00Z"},  # equals the start, because both bounds are inclusive
                ":to": {"S": "2026-03-10T10:00:00Z"},
            },
        )
        assert [item["pk"]["S"] for item in answer["Items"]] == ["APPOINTMENT#a-1"]


@pytest.mark.parametrize("office", ["", "x" * 3000])
def test_the_current_item_omits_an_id_that_cannot_be_an_index_key(store: Store, stored: Any, office: str) -> None:
    assert save(store, received_delivery(office={"id": office})) is Outcome.STORED
    assert "officeId" not in stored()["CURRENT"]


def test_a_missing_table_raises_store_unavailable(dynamodb: DynamoDBClient, bodies: Bodies) -> None:
    with pytest.raises(StoreUnavailableError, match="ResourceNotFoundException"):
        save(Store(dynamodb, "no-such-table", lambda: bodies), received_delivery())


TIES = {
    "ACCEPTED": [("CREATE_REQUEST", "e-2", "INCOMING_REQUEST"), ("ACCEPT", "e-1", "ACCEPTED")],
    "CANCELLED": [("CREATE", "e-2", "ACCEPTED"), ("CANCEL", "e-1", "CANCELLED")],
    "COMPLETED": [("RESCHEDULE", "e-3", "ACCEPTED"), ("COMPLETE", "e-1", "COMPLETED")],
    "NO_SHOW": [("COMPLETE", "e-3", "COMPLETED"), ("REOPEN", "e-1", "NO_SHOW")],
    "INCOMING_REQUEST": [("CREATE", "e-9", "ACCEPTED"), ("RESCHEDULE_REQUEST", "e-1", "INCOMING_REQUEST")],
}
"""By the winning status: eventType, envelope id and status of events with the same updatedAt. The ids do not decide."""


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("winner", TIES)
def test_the_event_type_of_higher_rank_wins_at_the_same_instant_in_either_order(
    store: Store, stored: Any, winner: str, order: int
) -> None:
    for event_type, envelope_id, status in TIES[winner][::order]:
        event = received_delivery(id=envelope_id, event_type=event_type, status=status)
        assert save(store, event) is Outcome.STORED
    assert stored()["CURRENT"]["status"] == {"S": winner}
    assert not any(item["stale"]["BOOL"] for key, item in stored().items() if key != "CURRENT")


def test_an_event_from_the_future_is_ordered_by_its_receipt_and_can_be_replaced(store: Store, stored: Any) -> None:
    def at(updated_at: str, envelope_id: str, received_at: str) -> Outcome:
        content = body(delivery(id=envelope_id, updated_at=updated_at))
        return save(store, received(content, received_at=f"{received_at}.000000000Z"))

    assert at("9999-12-31T23:59:59Z", "e-1", "2026-03-02T09:00:00") is Outcome.STORED
    assert at("2026-03-02T09:00:01Z", "e-2", "2026-03-02T09:00:02") is Outcome.STORED
    assert stored()["CURRENT"]["eventId"] == {"S": "e-2"}
    assert at("2026-03-02T08:00:00Z", "e-3", "2026-03-02T09:00:03") is Outcome.STALE
    assert stored()["EVENT#e-1"]["updatedAt"] == {"S": "9999-12-31T23:59:59.000000000Z"}
    assert stored()["EVENT#e-1"]["order"] == {"S": "2026-03-02T09:00:00.000000000Z#0#e-1"}


def test_an_event_at_most_five_minutes_in_the_future_is_ordered_by_its_own_time(store: Store, stored: Any) -> None:
    content = body(delivery(updated_at="2026-03-02T09:05:00Z"))
    save(store, received(content, received_at="2026-03-02T09:00:00.000000000Z"))
    assert stored()["CURRENT"]["order"] == {"S": "2026-03-02T09:05:00.000000000Z#0#e-1"}
