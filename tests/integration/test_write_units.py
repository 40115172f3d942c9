"""The write units of a delivery, computed by DynamoDB's rules and counted by DynamoDB Local."""

from __future__ import annotations

import json
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from appointments.outcome import Outcome
from appointments.storage import items
from appointments.storage.store import Store
from samples import SAMPLES
from samples.life import deliveries
from tests.builders import received, save

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from appointments.storage.bodies import Bodies

REASSIGN = next(sample.body for sample in SAMPLES if sample.name == "reassign")
BUDGETS = Path(__file__).parents[1] / "fixtures" / "budgets"
BUDGET = json.loads((BUDGETS / "budgets.json").read_text())["writeUnits"]
SMALL = {"pk": {"S": "SMALL"}, "sk": {"S": "SMALL"}}


LIFE_BUDGET = json.loads((BUDGETS / "bill.json").read_text())["life"]


def units(item: Any) -> int:
    """Return two units for each started KB of an item (DynamoDB Developer Guide, "Read and write operations")."""
    return 2 * ceil(items.size(item) / 1024)


def index_units(before: Any, after: Any) -> int:
    """Return the units of the indexes: one for each entry that is written and for each that is deleted.

    A transaction doubles the units of the table alone (docs/decisions/0033).
    """
    count = 0
    for keys in items.INDEXES.values():
        old, new = ([item.get(key) for key in keys] for item in (before, after))
        if old != new:
            count += (None not in old) + (None not in new)
    return count


def test_a_delivery_of_8_4_kb_stays_within_its_budget() -> None:
    assert 8300 < len(REASSIGN) < 8500
    delivery = received(REASSIGN)
    assert units(items.event_item(delivery)) + units(items.current_item(delivery)) <= BUDGET["table"]


def test_the_life_of_an_appointment_takes_the_write_units_that_the_bill_counts() -> None:
    delivered = deliveries()
    current: list[Any] = [{}, *(items.current_item(delivery) for delivery in delivered)]
    assert len(delivered) == LIFE_BUDGET["deliveries"]
    assert (
        sum(units(items.event_item(d)) + units(items.current_item(d)) for d in delivered) == LIFE_BUDGET["tableUnits"]
    )
    assert sum(map(index_units, current, current[1:])) == LIFE_BUDGET["indexUnits"]


LATER = "2026-05-01T00:00:00.000000000Z"


class CountingClient:
    """A client that records the capacity that its transactions consume."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.consumed: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        answer = self._client.transact_write_items(**request, ReturnConsumedCapacity="INDEXES")
        self.consumed += answer["ConsumedCapacity"]
        return answer

    def read(self) -> tuple[float, float]:
        """Return the units of the table and of its indexes since the last call."""
        indexes = [index for capacity in self.consumed for index in capacity.get("GlobalSecondaryIndexes", {}).values()]
        table = sum(capacity["Table"]["CapacityUnits"] for capacity in self.consumed)
        self.consumed.clear()
        return table, sum(index["CapacityUnits"] for index in indexes)


@pytest.mark.parametrize("dynamodb", ["dynamodb-local"], indirect=True)  # moto counts no units
def test_dynamodb_local_counts_at_most_the_budget_and_a_history_adds_no_units(
    dynamodb: DynamoDBClient, table_name: str, bodies: Bodies
) -> None:
    client: Any = CountingClient(dynamodb)
    client.transact_write_items(TransactItems=[{"Put": {"TableName": table_name, "Item": SMALL}}])
    small, _ = client.read()  # two units by the rules; versions of DynamoDB Local differ, so this is the measure
    store = Store(client, table_name, lambda: bodies)
    document = json.loads(REASSIGN)
    read = []
    for number in range(30):
        document["id"] = f"e-{number}"
        document["data"]["appointment"]["updatedAt"] = f"2026-04-{number + 1:02}T09:00:00Z"
        save(
            store, received(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode(), received_at=LATER)
        )
        table, indexes = client.read()
        read.append((2 * table / small, indexes / small))
    created, *later = read
    assert set(later) == {later[0]}
    assert {created[0], later[0][0]} == {BUDGET["table"]}
    assert (created[1], later[0][1]) == (len(items.INDEXES), BUDGET["indexes"])


@pytest.mark.parametrize("dynamodb", ["dynamodb-local"], indirect=True)
def test_dynamodb_local_counts_the_write_units_of_a_life_that_the_bill_counts(
    dynamodb: DynamoDBClient, table_name: str, bodies: Bodies
) -> None:
    client: Any = CountingClient(dynamodb)
    client.transact_write_items(TransactItems=[{"Put": {"TableName": table_name, "Item": SMALL}}])
    small, _ = client.read()
    store = Store(client, table_name, lambda: bodies)
    assert {save(store, delivery) for delivery in deliveries()} == {Outcome.STORED}
    table, indexes = client.read()
    assert (2 * table / small, indexes / small) == (LIFE_BUDGET["tableUnits"], LIFE_BUDGET["indexUnits"])
