"""Reads the table for a reconciliation: current items by id, and the ids of those that start in a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from appointments.errors import UnavailableError
from appointments.storage import items
from appointments.storage.items import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

INDEX = "OfficeIndex"
BATCH_KEYS = 100
"""BatchGetItem takes at most this many keys."""
BATCH_ATTEMPTS = 10
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0


class StoredAppointments:
    """The current items of the table. Never scans the table."""

    def __init__(self, client: DynamoDBClient, table_name: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._table_name = table_name
        self._sleep = sleep

    def current(self, ids: Sequence[str]) -> dict[str, Item]:
        """Return the current items of appointments by id. No id comes twice."""
        chunks = (ids[begin : begin + BATCH_KEYS] for begin in range(0, len(ids), BATCH_KEYS))
        found = (item for chunk in chunks for item in self._batch(chunk))
        return {items.appointment_id_of(item[items.PARTITION_KEY]["S"]): item for item in found}

    def starting(self, first: str, last: str) -> dict[str, str] | None:
        """Return the starts of the appointments that start from ``first`` on and before ``last``, by id.

        Both are instants in whole seconds. It is a scan of OfficeIndex, which has the appointments with a start and an
        office. Returns None if the table does not have the index.
        """
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table_name,
            IndexName=INDEX,
            FilterExpression="#start >= :first AND #start < :last",
            ProjectionExpression="pk, #start",
            ExpressionAttributeNames={"#start": "start"},
            ExpressionAttributeValues={":first": {"S": first}, ":last": {"S": last}},
        )
        try:
            keys = [item for page in pages for item in page["Items"]]
        except ClientError as error:
            if lacks_index(error):
                return None
            raise
        return {items.appointment_id_of(item[items.PARTITION_KEY]["S"]): item["start"]["S"] for item in keys}

    def _batch(self, ids: Iterable[str]) -> Iterator[Item]:
        keys = [items.key(items.partition_key(id_), items.CURRENT_SORT_KEY) for id_ in ids]
        wanted: Any = {self._table_name: {"Keys": keys}}
        pause = FIRST_PAUSE
        for _ in range(BATCH_ATTEMPTS):
            answer = self._client.batch_get_item(RequestItems=wanted)
            yield from cast("list[Item]", answer["Responses"].get(self._table_name, []))
            wanted = answer.get("UnprocessedKeys")
            if not wanted:
                return
            self._sleep(pause)  # the table throttles, or the items have more than 16 MB
            pause = min(2 * pause, LONGEST_PAUSE)
        raise UnavailableError("DynamoDB left keys of a batch unread again and again: try again later")


def lacks_index(error: ClientError) -> bool:
    """Return whether DynamoDB refused a read because the table does not have the index."""
    details = error.response["Error"]
    is_missing = details["Code"] in ("ValidationException", "ResourceNotFoundException")
    return is_missing and "index" in details.get("Message", "").lower()
