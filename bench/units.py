"""The write units of a delivery, counted by DynamoDB Local.

DynamoDB charges two units for each started KB of an item in a transaction, and one for that of an index
(docs/decisions/0033). Versions of DynamoDB Local count half, once or twice as many, for both. So a transaction with one
small item is written first, and the other counts are scaled by its count.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from bench import deliveries
from bench.checks import check_answer
from bench.dynamodb import Table
from bench.measures import Measure, Measures
from bench.process import Process
from bench.stub import Stub
from bench.variants import FLOOR, NO_OP, WEBHOOK, Variant

TRANSACTION = "dynamodb.TransactWriteItems"
WRITES = (TRANSACTION, "dynamodb.PutItem")
SMALL_ITEM_UNITS = 2.0
ROWS = {
    "units.laterTable": "later delivery, table, write units",
    "units.laterIndexes": "later delivery, indexes, write units",
}


class Units(NamedTuple):
    """The units of the table and those of its indexes."""

    table: float
    indexes: float


class Meter:
    """Converts the consumed capacity that a stub has recorded to the write units of DynamoDB."""

    def __init__(self, table: Table) -> None:
        small = _units(table.write_small_transaction()).table
        self._factors = SMALL_ITEM_UNITS / small, 1 / small

    def read(self, consumed: Iterable[tuple[str, dict[str, Any]]]) -> Units:
        table = indexes = 0.0
        for operation, capacity in consumed:
            if operation in WRITES:
                factor, index_factor = self._factors if operation == TRANSACTION else (1.0, 1.0)
                units = _units(capacity)
                table, indexes = table + units.table * factor, indexes + units.indexes * index_factor
        return Units(table, indexes)


def measure(variants: Iterable[Variant], measures: Measures, table: Table) -> None:
    """Count the units of the second delivery of an appointment, which changes all items."""
    meter, stub = Meter(table), Stub(table.endpoint)
    for variant in variants:
        if variant.name == NO_OP:
            continue
        with Process(variant, stub.url, variables={"TABLE_NAME": table.name}) as process:
            process.wait_until_ready()
            for number in range(2):
                envelope = deliveries.new_delivery(
                    deliveries.sample_envelope(),
                    appointment_id=f"units of {variant.name}",
                    updated_at=deliveries.update_instant(number),
                )
                stub.reset()
                check_answer(process.invoke(deliveries.api_event(deliveries.encode(envelope))).body)
        units = meter.read(stub.consumed)
        values = {"units.laterTable": units.table, "units.laterIndexes": units.indexes}
        if variant.name == FLOOR:  # writes no attribute of an index
            del values["units.laterIndexes"]
        for key, value in values.items():
            measures.add(Measure(key, ROWS[key], "", WEBHOOK), variant.name, value)
    stub.stop()


def _units(capacity: dict[str, Any]) -> Units:
    indexes = capacity.get("GlobalSecondaryIndexes", {}).values()
    return Units(capacity["Table"]["CapacityUnits"], sum(index["CapacityUnits"] for index in indexes))
