"""Reads the table: an appointment with its events, current items by index or key, and scans with their price."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from appointments.errors import AppointmentsError
from appointments.reconciliation.stored import BATCH_KEYS, StoredAppointments, lacks_index
from appointments.storage import items
from appointments.storage.items import Item
from appointments.storage.store import ORDER_NAME
from appointments_cli.errors import CommandError
from appointments_cli.progress import shown
from appointments_cli.screen import Screen
from appointments_cli.target import Target

READ_UNIT_BYTES = 4096
DOLLARS_PER_MILLION = 0.125
"""The price of a million read units, on demand, in us-east-1."""
PROGRESS_ITEMS = 10_000
EVENT_ATTRIBUTES = (
    "pk, sk, eventType, #order, updatedAt, receivedAt, storedAt, correlationId, stale, violationCount, erasedAt, origin"
)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event item. ``document`` is the decoded body, None where it cannot be read, with the cause in ``problem``."""

    item: Item
    document: dict[str, Any] | None = None
    problem: str = ""

    def text(self, name: str) -> str:
        return str(self.item.get(name, {}).get("S", ""))

    @property
    def envelope_id(self) -> str:
        return items.envelope_id_of(self.text(items.SORT_KEY))

    @property
    def appointment_id(self) -> str:
        return appointment_id(self.item)

    @property
    def order(self) -> str:
        return self.text(items.ORDER) or self.text("updatedAt")

    @property
    def is_stale(self) -> bool:
        return bool(self.item.get("stale", {}).get("BOOL"))

    @property
    def violation_count(self) -> int:
        return int(self.item.get("violationCount", {}).get("N", "0"))

    @property
    def origin(self) -> str | None:
        """How the event came here: ``reconciliation`` for a repair, None for a delivery of the sender."""
        return self.text(items.ORIGIN) or None

    @property
    def appointment(self) -> dict[str, Any]:
        return self._told(items.APPOINTMENT) if self.origin else self._data("appointment")

    @property
    def previous(self) -> dict[str, Any]:
        return self._told(items.REPLACED) if self.origin else self._data("previousAppointment")

    def _told(self, name: str) -> dict[str, Any]:
        """What the item of a reconciliation has under the names of the contract; its body has other names."""
        value = json.loads(self.text(name) or "{}")
        return value if isinstance(value, dict) else {}

    def _data(self, name: str) -> dict[str, Any]:
        data = (self.document or {}).get("data")
        value = data.get(name) if isinstance(data, dict) else None
        return value if isinstance(value, dict) else {}


def appointment_id(item: Item) -> str:
    return items.appointment_id_of(item[items.PARTITION_KEY]["S"])


class Table:
    """The table of a deployment."""

    def __init__(self, target: Target, screen: Screen) -> None:
        self._target = target
        self._client = target.dynamodb
        self._screen = screen
        self.name = target.table_name

    def appointment(self, identity: str) -> tuple[Item | None, list[StoredEvent]]:
        """Return the current item and the events with their bodies, in their order."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self.name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": items.partition_key(identity)}},
            ConsistentRead=True,
        )
        found = [item for page in pages for item in page["Items"]]
        current = next((item for item in found if item[items.SORT_KEY]["S"] == items.CURRENT_SORT_KEY), None)
        events = [self._opened(item) for item in found if item is not current]
        return current, sorted(events, key=lambda event: event.order)

    def current(self, identity: str) -> Item | None:
        return self.get(identity, items.CURRENT_SORT_KEY)

    def event(self, identity: str, envelope_id: str) -> StoredEvent | None:
        item = self.get(identity, items.event_sort_key(envelope_id))
        return None if item is None else self._opened(item)

    def body(self, event: StoredEvent) -> bytes:
        return items.read_body(event.item, self._target.bodies.get)

    def body_or_none(self, event: StoredEvent, missed: list[str]) -> bytes | None:
        """Return the body; None for one that cannot be read, with a sentence about it in ``missed``."""
        try:
            return self.body(event)
        except (KeyError, ValueError, zlib.error, AppointmentsError) as error:
            where = f"event {event.envelope_id} of appointment {event.appointment_id}"
            missed.append(f"the body of {where}: {type(error).__name__}")
            return None

    def by_index(self, index: str, value: str, window: tuple[str, str] | None) -> Iterator[Item]:
        """Yield the current items of an index by start, the latest first."""
        hash_key, range_key = items.INDEXES[index]
        condition, values = "#hash = :hash", {":hash": {"S": value}}
        names = {"#hash": hash_key}
        if window is not None:
            condition += " AND #range BETWEEN :first AND :last"
            names["#range"] = range_key
            values |= _bounds(window)
        pages = self._client.get_paginator("query").paginate(
            TableName=self.name,
            IndexName=index,
            KeyConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ScanIndexForward=False,
        )
        yield from self.whole(self._without_index(index, pages))

    def starting(self, window: tuple[str, str]) -> Iterator[Item]:
        """Yield the keys of the current items that start in a time: a scan of OfficeIndex, never of the table."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self.name,
            IndexName="OfficeIndex",
            FilterExpression="#start BETWEEN :first AND :last",
            ExpressionAttributeNames={"#start": "start"},
            ExpressionAttributeValues=_bounds(window),
        )
        yield from self._without_index("OfficeIndex", pages)

    def whole(self, keys: Iterator[Item]) -> Iterator[Item]:
        """Yield the current items of keys, in the order of the keys."""
        ids = map(appointment_id, keys)
        while chunk := list(islice(ids, BATCH_KEYS)):
            found = StoredAppointments(self._client, self.name).current(chunk)
            yield from (found[identity] for identity in chunk if identity in found)

    def cost(self, *, consistent: bool = False) -> tuple[int, str]:
        """Return the bytes of the table and a sentence about what a scan costs, both of DynamoDB's last count."""
        table = self._client.describe_table(TableName=self.name)["Table"]
        size, count = int(table.get("TableSizeBytes", 0)), int(table.get("ItemCount", 0))
        units = -(-size // READ_UNIT_BYTES) / (1 if consistent else 2)
        dollars = units * DOLLARS_PER_MILLION / 1_000_000
        return size, f"{count:,} items, {_bytes(size)}: about {units:,.0f} read units, {dollars:.4f} dollars"

    def scan(
        self, condition: str, values: dict[str, Any], attributes: str | None = None, *, consistent: bool = False
    ) -> Iterator[Item]:
        """Yield items of the whole table; size and cost are said first, then the progress.

        A ``consistent`` scan sees every write before it, and costs twice as much.
        """
        self._screen.say(f"reading the whole table, {self.cost(consistent=consistent)[1]}")
        options: dict[str, Any] = {"FilterExpression": condition, "ExpressionAttributeValues": values}
        if consistent:
            options["ConsistentRead"] = True
        if attributes:
            options["ProjectionExpression"] = attributes
            if "#order" in attributes:
                options["ExpressionAttributeNames"] = ORDER_NAME
        seen = 0
        with shown() as show:
            for page in self._client.get_paginator("scan").paginate(TableName=self.name, **options):
                seen += page["ScannedCount"]
                show("items read", seen, every=PROGRESS_ITEMS)
                yield from page["Items"]

    def get(self, identity: str, sort_key: str) -> Item | None:
        """Return the item of an appointment with a sort key."""
        key = items.key(items.partition_key(identity), sort_key)
        item: Item | None = self._client.get_item(TableName=self.name, Key=key, ConsistentRead=True).get("Item")
        return item

    def _opened(self, item: Item) -> StoredEvent:
        try:
            document = json.loads(items.read_body(item, self._target.bodies.get))
        except (KeyError, ValueError, TypeError, RecursionError, zlib.error, AppointmentsError) as error:
            return StoredEvent(item, None, type(error).__name__)
        return StoredEvent(item, document if isinstance(document, dict) else None)

    def _without_index(self, index: str, pages: Any) -> Iterator[Item]:
        try:
            for page in pages:
                yield from page["Items"]
        except ClientError as error:
            if not lacks_index(error):
                raise
            raise CommandError(f"the table {self.name} has no {index}: use --scan, or deploy with the index") from None


def plain(item: Item) -> dict[str, Any]:
    """Return an item as JSON values."""
    deserialize: Any = TypeDeserializer().deserialize
    return {name: _json(deserialize(value)) for name, value in item.items() if "B" not in value}


def _json(value: Any) -> Any:
    if isinstance(value, list):
        return [_json(each) for each in value]
    if isinstance(value, dict):
        return {name: _json(each) for name, each in value.items()}
    return value if isinstance(value, str | bool) or value is None else int(value)


def _bounds(window: tuple[str, str]) -> dict[str, Any]:
    """The bounds of a start, which is in whole seconds: the last one is not included."""
    first, last = (f"{instant[:19]}" for instant in window)
    return {":first": {"S": first}, ":last": {"S": last}}


def _bytes(size: float) -> str:
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
