"""Finds the events of a failure in the table's history: by key, by the stream, or by time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from appointments.contract.instants import utc
from appointments.publishing.failures import Parked, StreamRange
from appointments.storage import items
from appointments.storage.items import Item
from appointments_cli.failures.events import ATTRIBUTES, Event, event_of
from appointments_cli.progress import Show

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

SLACK = timedelta(minutes=1)
"""Added to both ends of a range's time: its times are approximate, and clocks differ."""
EMPTY_PAGES = 200
"""After this many pages in a row without a record, the stream does not have the range any more."""
EXPIRED = ("ResourceNotFoundException", "TrimmedDataAccessException", "ExpiredIteratorException")


class History:
    """The events of one table, read from the table and from its stream."""

    def __init__(self, table: DynamoDBClient, streams: DynamoDBStreamsClient, table_name: str) -> None:
        self._table = table
        self._streams = streams
        self._table_name = table_name

    def item(self, event: Event) -> Item | None:
        """Return the whole event item, None when the table does not have it."""
        return self._get(event.partition_key, event.sort_key)

    def of_parked(self, parked: Parked) -> list[Event]:
        """Return the event, or [] when the table does not have it any more."""
        item = self._get(parked.partition_key, parked.sort_key, ProjectionExpression=ATTRIBUTES)
        return [] if item is None else [event_of(item, int(parked.sequence_number))]

    def of_range(self, lost: StreamRange) -> list[Event] | None:
        """Return the events of a range, read from the stream; None when some are gone from the stream."""
        try:
            return self._read(lost)
        except ClientError as error:
            if error.response["Error"]["Code"] in EXPIRED:
                return None
            raise

    def stored_during(self, ranges: Sequence[StreamRange], progress: Show) -> dict[StreamRange, list[Event]]:
        """Return the events committed in the time of each range, of any shard, by one scan of the table."""
        windows = {lost: _window(lost) for lost in ranges}
        found: dict[StreamRange, list[Event]] = {lost: [] for lost in ranges}
        first, last = min(begin for begin, _ in windows.values()), max(end for _, end in windows.values())
        seen = 0
        for page in self._scan(first, last):
            seen += page["ScannedCount"]
            progress("scanning the table, items", seen, every=1)
            for event in map(event_of, page["Items"]):
                for lost, (begin, end) in windows.items():
                    if begin <= event.stored_at <= end:
                        found[lost].append(event)
        return found

    def appointment(self, appointment_id: str, envelope_id: str | None = None) -> list[Event]:
        """Return all events of an appointment, or only the one with the envelope id."""
        partition_key = items.partition_key(appointment_id)
        if envelope_id is not None:
            item = self._get(partition_key, items.event_sort_key(envelope_id), ProjectionExpression=ATTRIBUTES)
            return [] if item is None else [event_of(item)]
        pages = self._table.get_paginator("query").paginate(
            TableName=self._table_name,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :event)",
            ExpressionAttributeValues={":pk": {"S": partition_key}, ":event": {"S": items.EVENT_SORT_KEY_PREFIX}},
            ProjectionExpression=ATTRIBUTES,
            ConsistentRead=True,
        )
        return [event_of(item) for page in pages for item in page["Items"]]

    def _get(self, partition_key: str, sort_key: str, **options: Any) -> Item | None:
        key = items.key(partition_key, sort_key)
        answer: Any = self._table.get_item(TableName=self._table_name, Key=key, ConsistentRead=True, **options)
        item: Item | None = answer.get("Item")
        return item

    def _read(self, lost: StreamRange) -> list[Event] | None:
        events: list[Event] = []
        iterator: str | None = self._streams.get_shard_iterator(
            StreamArn=lost.stream_arn,
            ShardId=lost.shard_id,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=lost.start,
        )["ShardIterator"]
        empty, end = 0, int(lost.end)
        while iterator and empty < EMPTY_PAGES:
            page: Any = self._streams.get_records(ShardIterator=iterator)
            iterator = page.get("NextShardIterator")
            empty = 0 if page["Records"] else empty + 1
            for record in page["Records"]:
                number = int(record["dynamodb"]["SequenceNumber"])
                if _is_new_event(record):
                    events.append(event_of(record["dynamodb"]["NewImage"], number))
                if number >= end:
                    return events
        return None

    def _scan(self, first: str, last: str) -> Iterable[Any]:
        return self._table.get_paginator("scan").paginate(
            TableName=self._table_name,
            FilterExpression="begins_with(sk, :event) AND (storedAt BETWEEN :first AND :last OR "
            "attribute_not_exists(storedAt) AND receivedAt BETWEEN :first AND :last)",
            ExpressionAttributeValues={
                ":event": {"S": items.EVENT_SORT_KEY_PREFIX},
                ":first": {"S": first},
                ":last": {"S": last},
            },
            ProjectionExpression=ATTRIBUTES,
            ConsistentRead=True,
        )


def _is_new_event(record: Any) -> bool:
    sort_key: str = record["dynamodb"]["Keys"][items.SORT_KEY]["S"]
    return record["eventName"] == "INSERT" and sort_key.startswith(items.EVENT_SORT_KEY_PREFIX)


def _window(lost: StreamRange) -> tuple[str, str]:
    begin, end = (datetime.fromisoformat(text) for text in (lost.first_at, lost.last_at))
    return utc((begin - SLACK).isoformat()), utc((end + SLACK).isoformat())
