"""The event source mapping: the table's stream, filtered as template.yaml says, to the real publisher.

As Lambda documents it: in order and in batches. A batch with reported failures comes again from the earliest of them;
one whose invocation failed comes again in halves, which costs no attempt. What was tried too often goes to the failure
queue as a range of the stream, whatever of it is published already.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.events.models import EventPattern

from local.environment import FunctionError

POLL_SECONDS = 0.1
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 2.0
ATTEMPTS = 20
"""Fewer than the template's, so that what cannot be published reaches the failure queue while one still looks."""

Record = dict[str, Any]


class Pump:
    """Feeds ``invoke`` until it is stopped. ``mapping`` is the function's DynamoDB event of template.yaml."""

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
        self._patterns = [
            EventPattern(pattern["Pattern"], json.loads(pattern["Pattern"]))
            for pattern in mapping["FilterCriteria"]["Filters"]
        ]
        self._invoke = invoke
        self._on_failure = on_failure
        self._positions: dict[str, str] = {}
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="pump", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def position(self, shard_id: str) -> str | None:
        """The sequence number up to which a shard is done with."""
        return self._positions.get(shard_id)

    def _run(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            try:
                self._poll()
            except (BotoCoreError, ClientError):  # the stream cannot be read just now: from the same place again
                self._stopping.wait(LONGEST_PAUSE)

    def _poll(self) -> None:
        for shard_id in self._shards():
            while (records := self._read(shard_id)) and not self._stopping.is_set():
                self._deliver(shard_id, [record for record in records if self._wanted(record)])
                if not self._stopping.is_set():
                    self._positions[shard_id] = records[-1]["dynamodb"]["SequenceNumber"]

    def _shards(self) -> Iterator[str]:
        for shard in self._streams.describe_stream(StreamArn=self._stream_arn)["StreamDescription"]["Shards"]:
            yield shard["ShardId"]

    def _read(self, shard_id: str) -> list[Record]:
        """The next records of a shard, wherever an interruption left it: an iterator of its own each time."""
        position = self.position(shard_id)
        where = (
            {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": position}
            if position
            else {"ShardIteratorType": "TRIM_HORIZON"}
        )
        iterator = self._streams.get_shard_iterator(StreamArn=self._stream_arn, ShardId=shard_id, **where)
        answer = self._streams.get_records(ShardIterator=iterator["ShardIterator"], Limit=self._batch_size)
        return [_as_event(record, self._stream_arn) for record in answer["Records"]]

    def _wanted(self, record: Record) -> bool:
        return any(pattern.matches_event(record) for pattern in self._patterns)  # type: ignore[arg-type]

    def _deliver(self, shard_id: str, batch: list[Record]) -> None:
        attempt, pause = 0, FIRST_PAUSE
        while batch and not self._stopping.is_set():
            try:
                left = self._attempt(batch)
            except FunctionError:
                middle = len(batch) // 2
                self._deliver(shard_id, batch[:middle])
                left = batch[middle:]
            if len(left) < len(batch):
                attempt, pause = 0, FIRST_PAUSE
            else:
                attempt += 1
                if attempt == ATTEMPTS:
                    self._on_failure(_failure(shard_id, self._stream_arn, batch, attempt))
                    return
                self._stopping.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            batch = left

    def _attempt(self, batch: list[Record]) -> list[Record]:
        """What is left of the batch: everything from the first record that is reported as failed."""
        answer = self._invoke({"Records": batch})
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        for index, record in enumerate(batch):
            if record["dynamodb"]["SequenceNumber"] in failed:
                return batch[index:]
        return []


def _as_event(record: Record, stream_arn: str) -> Record:
    """The record as Lambda hands it over: binary values in base64, the time in epoch seconds."""
    stream = {
        **record["dynamodb"],
        "ApproximateCreationDateTime": record["dynamodb"]["ApproximateCreationDateTime"].timestamp(),
    }
    return {**record, "eventSourceARN": stream_arn, "dynamodb": _encoded(stream)}


def _encoded(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _encoded(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_encoded(element) for element in value]
    return value


def _failure(shard_id: str, stream_arn: str, batch: list[Record], attempts: int) -> str:
    """What Lambda sends to the on-failure destination: where the records are, not what they hold."""
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
