"""The event source mapping of the table's stream: passes filtered records to the real publisher.

It works as Lambda documents it: in order and in batches. After a reported failure, the batch is retried from the first
failed record. After a failed invocation, the batch is split in halves; the split costs no attempt. After the last
attempt, the range of the batch goes to the failure queue, even if some of its records are published already.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from threading import Event
from typing import Any

from local.environment import FunctionError
from local.eventbridge.pattern import matches

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 2.0
ATTEMPTS = 20
"""Fewer than the template's, so that you can watch a record reach the failure queue."""

Record = dict[str, Any]


class StreamMapping:
    """Passes records to ``invoke``. ``mapping`` is the function's DynamoDB event of template.yaml.

    ``on_failure`` gets the message for the failure queue.
    """

    def __init__(
        self,
        streams: Any,
        stream_arn: str,
        mapping: dict[str, Any],
        invoke: Callable[[dict[str, Any]], Any],
        on_failure: Callable[[str], None],
    ) -> None:
        self._streams = streams
        self._stream_arn = stream_arn
        self._batch_size: int = mapping["BatchSize"]
        self._patterns = [pattern["Pattern"] for pattern in mapping["FilterCriteria"]["Filters"]]
        self._invoke = invoke
        self._on_failure = on_failure
        self._positions: dict[str, str] = {}
        self._open_shards: list[str] = []
        self._iterators: dict[str, str] = {}
        """The iterators of shards that had no record at the last poll. Another read of a shard needs a new iterator."""

    def position(self, shard_id: str) -> str | None:
        """Return the sequence number of the last record of a shard that needs no more attempts."""
        return self._positions.get(shard_id)

    def poll(self, stopping: Event) -> None:
        """Pass all new records to the function. After an error of the stream, the position stays."""
        if not self._open_shards:
            description = self._streams.describe_stream(StreamArn=self._stream_arn)["StreamDescription"]
            self._open_shards = [shard["ShardId"] for shard in description["Shards"]]
        for shard_id in list(self._open_shards):
            while (records := self._read(shard_id)) and not stopping.is_set():
                self._deliver(shard_id, [record for record in records if self._matches(record)], stopping)
                if not stopping.is_set():
                    self._positions[shard_id] = records[-1]["dynamodb"]["SequenceNumber"]

    def _read(self, shard_id: str) -> list[Record]:
        """Return the next records of a shard. An iterator that failed or found records is not used again."""
        iterator = self._iterators.pop(shard_id, None) or self._iterator(shard_id)
        page = self._streams.get_records(ShardIterator=iterator, Limit=self._batch_size)
        if not page["Records"] and (following := page.get("NextShardIterator")):
            self._iterators[shard_id] = following
        elif not page["Records"]:  # the shard is closed and read to its end: the stream has others
            self._open_shards.clear()
        return [_lambda_record(record, self._stream_arn) for record in page["Records"]]

    def _iterator(self, shard_id: str) -> str:
        position = self.position(shard_id)
        start = (
            {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": position}
            if position
            else {"ShardIteratorType": "TRIM_HORIZON"}
        )
        answer = self._streams.get_shard_iterator(StreamArn=self._stream_arn, ShardId=shard_id, **start)
        iterator: str = answer["ShardIterator"]
        return iterator

    def _matches(self, record: Record) -> bool:
        return any(matches(pattern, record) for pattern in self._patterns)

    def _deliver(self, shard_id: str, batch: list[Record], stopping: Event) -> None:
        attempt, pause = 0, FIRST_PAUSE
        while batch and not stopping.is_set():
            try:
                remaining = self._attempt(batch)
            except FunctionError:
                middle = len(batch) // 2
                self._deliver(shard_id, batch[:middle], stopping)
                remaining = batch[middle:]
            if len(remaining) < len(batch):
                attempt, pause = 0, FIRST_PAUSE
            else:
                attempt += 1
                if attempt == ATTEMPTS:
                    self._on_failure(_failure(shard_id, self._stream_arn, batch, attempt))
                    return
                stopping.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            batch = remaining

    def _attempt(self, batch: list[Record]) -> list[Record]:
        """Invoke the function. Return the rest of the batch, from the first record that is reported as failed."""
        result = self._invoke({"Records": batch})
        failed = {failure["itemIdentifier"] for failure in result["batchItemFailures"]}
        for index, record in enumerate(batch):
            if record["dynamodb"]["SequenceNumber"] in failed:
                return batch[index:]
        return []


def _lambda_record(record: Record, stream_arn: str) -> Record:
    """Return the record as Lambda passes it to a function: binary values in base64, the time in epoch seconds."""
    stream = {
        **record["dynamodb"],
        "ApproximateCreationDateTime": record["dynamodb"]["ApproximateCreationDateTime"].timestamp(),
    }
    return {**record, "eventSourceARN": stream_arn, "dynamodb": _encode_binary(stream)}


def _encode_binary(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _encode_binary(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_encode_binary(element) for element in value]
    return value


def _failure(shard_id: str, stream_arn: str, batch: list[Record], attempts: int) -> str:
    """Return what Lambda sends to the on-failure destination: the position of the records, not their content."""
    first, last = (batch[index]["dynamodb"] for index in (0, -1))
    return json.dumps(
        {
            "version": "1.0",
            "timestamp": _instant(time.time()),
            "requestContext": {
                "functionArn": "PublisherFunction",
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": attempts,
            },
            "DDBStreamBatchInfo": {
                "shardId": shard_id,
                "startSequenceNumber": first["SequenceNumber"],
                "endSequenceNumber": last["SequenceNumber"],
                "approximateArrivalOfFirstRecord": _instant(first["ApproximateCreationDateTime"]),
                "approximateArrivalOfLastRecord": _instant(last["ApproximateCreationDateTime"]),
                "batchSize": len(batch),
                "streamArn": stream_arn,
            },
        }
    )


def _instant(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
