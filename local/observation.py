"""Reads what the stack stored and published: the table, the stream in commit order, the bodies in S3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.delivery_log import Observation
from local.run import scan
from local.stack import Stack


def observe(stack: Stack, messages: list[dict[str, Any]]) -> Observation:
    """Return what to check against a delivery log. ``messages`` are those received from the bus."""
    table = stack.aws.client("dynamodb").describe_table(TableName=stack.options.table_name)["Table"]
    streamed = event_items(stack.aws.client("dynamodbstreams"), table["LatestStreamArn"])
    s3, bucket = stack.aws.client("s3"), stack.aws.environment("WebhookFunction")["BODIES_BUCKET_NAME"]

    def read_body(key: str) -> bytes:
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    return Observation(scan(stack), list(streamed), messages, read_body)


def event_items(streams: Any, stream_arn: str) -> Iterator[dict[str, Any]]:
    """Yield every event item in the stream. The items of an appointment come oldest first."""
    for shard in streams.describe_stream(StreamArn=stream_arn)["StreamDescription"]["Shards"]:
        for record in _records(streams, stream_arn, shard["ShardId"]):
            if record["eventName"] == "INSERT" and record["dynamodb"]["Keys"]["sk"]["S"].startswith("EVENT#"):
                yield record["dynamodb"]["NewImage"]


def _records(streams: Any, stream_arn: str, shard_id: str) -> Iterator[dict[str, Any]]:
    start = {"ShardIteratorType": "TRIM_HORIZON"}
    while True:
        iterator = streams.get_shard_iterator(StreamArn=stream_arn, ShardId=shard_id, **start)["ShardIterator"]
        page = streams.get_records(ShardIterator=iterator, Limit=1000)["Records"]
        if not page:
            return
        yield from page
        last = page[-1]["dynamodb"]["SequenceNumber"]
        start = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": last}
