"""A second reader of the table's stream, beside the event source mapping."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.stack import Stack


class Stream:
    """Reads each record once. Returns the event items so far, oldest first within an appointment."""

    def __init__(self, stack: Stack) -> None:
        table = stack.aws.client("dynamodb").describe_table(TableName=stack.options.table_name)["Table"]
        self._arn = table["LatestStreamArn"]
        self._client = stack.aws.client("dynamodbstreams")
        self._positions: dict[str, str] = {}
        self._items: list[dict[str, Any]] = []

    def event_items(self) -> list[dict[str, Any]]:
        for shard in self._client.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"]:
            self._items += (
                record["dynamodb"]["NewImage"]
                for record in self._unread(shard["ShardId"])
                if record["eventName"] == "INSERT" and record["dynamodb"]["Keys"]["sk"]["S"].startswith("EVENT#")
            )
        return self._items

    def _unread(self, shard_id: str) -> Iterator[dict[str, Any]]:
        while True:
            position = self._positions.get(shard_id)
            where: dict[str, Any] = {"ShardIteratorType": "TRIM_HORIZON"}
            if position is not None:
                where = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": position}
            iterator = self._client.get_shard_iterator(StreamArn=self._arn, ShardId=shard_id, **where)["ShardIterator"]
            records = self._client.get_records(ShardIterator=iterator, Limit=1000)["Records"]
            if not records:
                return
            yield from records
            self._positions[shard_id] = records[-1]["dynamodb"]["SequenceNumber"]
