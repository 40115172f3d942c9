"""The table's stream as it is now, read by itself: the order in which events were committed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def event_items(streams: Any, stream_arn: str) -> Iterator[dict[str, Any]]:
    """Every event item that the stream remembers, oldest first within an appointment."""
    for shard in streams.describe_stream(StreamArn=stream_arn)["StreamDescription"]["Shards"]:
        for record in _records(streams, stream_arn, shard["ShardId"]):
            if record["eventName"] == "INSERT" and record["dynamodb"]["Keys"]["sk"]["S"].startswith("EVENT#"):
                yield record["dynamodb"]["NewImage"]


def _records(streams: Any, stream_arn: str, shard_id: str) -> Iterator[dict[str, Any]]:
    where = {"ShardIteratorType": "TRIM_HORIZON"}
    while True:
        iterator = streams.get_shard_iterator(StreamArn=stream_arn, ShardId=shard_id, **where)["ShardIterator"]
        page = streams.get_records(ShardIterator=iterator, Limit=1000)["Records"]
        if not page:
            return
        yield from page
        last = page[-1]["dynamodb"]["SequenceNumber"]
        where = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": last}
