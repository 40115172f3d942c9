"""What a delivery costs in write units: by DynamoDB's rules, and as DynamoDB Local counts them."""

from __future__ import annotations

import json
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from appointments.storage import items
from appointments.storage.store import Store
from samples import SAMPLES
from tests.builders import received, save

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from appointments.storage.bodies import Bodies

REASSIGN = next(sample.body for sample in SAMPLES if sample.name == "reassign")
BUDGET = json.loads((Path(__file__).parents[1] / "fixtures" / "budgets" / "budgets.json").read_text())["writeUnits"]
SMALL = {"pk": {"S": "SMALL"}, "sk": {"S": "SMALL"}}


def units(item: Any) -> int:
    """Two for each KB that an item of a transaction begins (DynamoDB Developer Guide, "Read and write operations")."""
    return 2 * ceil(items.size(item) / 1024)


def test_the_delivery_of_8_4_kb_costs_no_more_than_it_may() -> None:
    assert 8300 < len(REASSIGN) < 8500
    delivery = received(REASSIGN)
    assert units(items.event_item(delivery)) + units(items.current_item(delivery)) <= BUDGET["table"]


class Counting:
    """A client that notes what it is told to have consumed."""

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
        """Of the table and of its indexes, since the last time."""
        indexes = [index for one in self.consumed for index in one.get("GlobalSecondaryIndexes", {}).values()]
        table = sum(one["Table"]["CapacityUnits"] for one in self.consumed)
        self.consumed.clear()
        return table, sum(index["CapacityUnits"] for index in indexes)


@pytest.mark.parametrize("dynamodb", ["dynamodb-local"], indirect=True)  # moto counts no units
def test_dynamodb_counts_the_same_and_a_history_changes_nothing(
    dynamodb: DynamoDBClient, table_name: str, bodies: Bodies
) -> None:
    client: Any = Counting(dynamodb)
    client.transact_write_items(TransactItems=[{"Put": {"TableName": table_name, "Item": SMALL}}])
    small, _ = client.read()  # two units, by the rules; versions of DynamoDB Local disagree, but each with itself alone
    store = Store(client, table_name, lambda: bodies)
    document = json.loads(REASSIGN)
    read = []
    for number in range(30):
        document["id"] = f"e-{number}"
        document["data"]["appointment"]["updatedAt"] = f"2026-04-{number + 1:02}T09:00:00Z"
        save(store, received(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()))
        read.append(tuple(2 * count / small for count in client.read()))
    assert set(read) == {read[0]}
    assert read[0][0] <= BUDGET["table"]
    assert read[0][1] <= BUDGET["indexes"]
