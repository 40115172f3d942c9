"""Write units, as DynamoDB Local counts them.

Its versions disagree on what a transaction costs: half, once or twice what DynamoDB charges, which is two units for
each KB that an item begins. So a transaction with one small item comes first and tells how to correct the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bench import deliveries
from bench.dynamodb import Table
from bench.measures import Measure, Measures
from bench.process import Process
from bench.stub import Stub
from bench.variants import FLOOR, NO_OP, WEBHOOK, WITHOUT_BYTECODE, Variant
from bench.verify import check_answer

TRANSACTION = "dynamodb.TransactWriteItems"
WRITES = (TRANSACTION, "dynamodb.PutItem", "dynamodb.UpdateItem")
SMALL_ITEM_UNITS = 2.0
NOT_MEASURED = (NO_OP, WITHOUT_BYTECODE)


@dataclass(frozen=True, slots=True)
class Units:
    table: float
    indexes: float

    @property
    def total(self) -> float:
        return self.table + self.indexes


class Meter:
    """Reads write units of what a stub has been told, in terms of what DynamoDB itself would say."""

    def __init__(self, table: Table) -> None:
        self._transaction = SMALL_ITEM_UNITS / _of(table.write_small_transaction()).table

    def read(self, consumed: Iterable[tuple[str, dict[str, Any]]]) -> Units:
        table = indexes = 0.0
        for operation, one in consumed:
            if operation in WRITES:
                factor = self._transaction if operation == TRANSACTION else 1.0
                units = _of(one)
                table, indexes = table + units.table * factor, indexes + units.indexes * factor
        return Units(table, indexes)


def measure(variants: Iterable[Variant], measures: Measures, table: Table) -> None:
    """Of the first delivery of an appointment and of a later one, which changes all of its items."""
    meter, stub = Meter(table), Stub(table.endpoint)
    for variant in variants:
        if variant.name in NOT_MEASURED:
            continue
        with Process(variant, stub.url, variables={"TABLE_NAME": table.name}) as process:
            process.wait_until_ready()
            for number, which in enumerate(("first", "later")):
                envelope = deliveries.renewed(
                    deliveries.document(),
                    appointment_id=f"units of {variant.name}",
                    updated_at=deliveries.later(number),
                )
                stub.forget()
                check_answer(process.invoke(deliveries.event(deliveries.encode(envelope))).body)
                units = meter.read(stub.consumed)
                _add(measures, variant, f"units.{which}Table", f"{which} delivery, table", units.table)
                if variant.name != FLOOR:  # it writes nothing that is in an index
                    _add(measures, variant, f"units.{which}Indexes", f"{which} delivery, indexes", units.indexes)
    stub.stop()


def _add(measures: Measures, variant: Variant, key: str, title: str, value: float) -> None:
    measures.add(Measure(key, f"{title}, write units", "", WEBHOOK), variant.name, value)


def _of(consumed: dict[str, Any]) -> Units:
    indexes = consumed.get("GlobalSecondaryIndexes", {}).values()
    return Units(consumed["Table"]["CapacityUnits"], sum(index["CapacityUnits"] for index in indexes))
