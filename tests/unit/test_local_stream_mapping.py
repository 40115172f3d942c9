"""The local stream mapping passes records to the function as Lambda's event source mapping does."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from local import polling, stream_mapping
from local.environment import FunctionError
from local.template import Template

MAPPING = Template().function("PublisherFunction").events["DynamoDB"]


class Stream:
    """A stream of one shard. An iterator is the position in it."""

    def __init__(self, records: list[Any], *, outages: int = 0) -> None:
        self._records = records
        self._outages = outages

    def describe_stream(self, **_: Any) -> Any:
        if self._outages:
            self._outages -= 1
            raise EndpointConnectionError(endpoint_url="stream")
        return {"StreamDescription": {"Shards": [{"ShardId": "shard"}]}}

    def get_shard_iterator(self, *, SequenceNumber: str = "-1", **_: Any) -> Any:  # noqa: N803 - the API's name
        return {"ShardIterator": str(int(SequenceNumber) + 1)}

    def get_records(self, *, ShardIterator: str, Limit: int) -> Any:  # noqa: N803
        records = self._records[int(ShardIterator) :][:Limit]
        return {"Records": records, "NextShardIterator": str(int(ShardIterator) + len(records))}


def record(number: int, sort_key: str | None = None, name: str = "INSERT") -> dict[str, Any]:
    return {
        "eventName": name,
        "dynamodb": {
            "ApproximateCreationDateTime": datetime(2026, 3, 2, tzinfo=UTC),
            "Keys": {"pk": {"S": "APPOINTMENT#a"}, "sk": {"S": sort_key or f"EVENT#{number}"}},
            "NewImage": {"body": {"B": b"\x00"}},
            "SequenceNumber": str(number),
        },
    }


def numbers(records: list[Any]) -> list[int]:
    return [int(record["dynamodb"]["SequenceNumber"]) for record in records]


@pytest.fixture
def run_mapping(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[list[list[Any]], list[Any]]]:
    """Return a function that passes records to a handler, and returns the batches and the reported failures."""
    for name in ("FIRST_PAUSE", "LONGEST_PAUSE"):
        monkeypatch.setattr(stream_mapping, name, 0.001)
    monkeypatch.setattr(polling, "OUTAGE_SECONDS", 0.001)

    def run(
        records: list[Any], handler: Callable[[list[Any]], list[int]], outages: int = 0
    ) -> tuple[list[list[Any]], list[Any]]:
        batches: list[list[Any]] = []
        failures: list[Any] = []

        def invoke(event: dict[str, Any]) -> Any:
            batches.append(event["Records"])
            failed = handler(event["Records"])
            return {"batchItemFailures": [{"itemIdentifier": str(number)} for number in failed]}

        mapping = stream_mapping.StreamMapping(
            Stream(records, outages=outages), "arn", MAPPING, invoke, lambda text: failures.append(json.loads(text))
        )
        poller = polling.Poller(mapping, pause=0.001)
        poller.start()
        done = f"{len(records) - 1}"
        give_up = time.monotonic() + 20
        while mapping.position("shard") != done and time.monotonic() < give_up:
            time.sleep(0.005)
        poller.stop()
        poller.join()
        return batches, failures

    return run


def test_the_publisher_gets_only_the_records_that_the_templates_filter_matches(run_mapping: Any) -> None:
    records = [record(0), record(1, "CURRENT"), record(2, name="MODIFY"), record(3, name="REMOVE"), record(4)]
    batches, _ = run_mapping(records, lambda _: [])
    assert [numbers(batch) for batch in batches] == [[0, 4]]
    assert batches[0][0]["dynamodb"]["NewImage"]["body"]["B"] == "AA=="


def test_a_batch_has_at_most_the_templates_batch_size(run_mapping: Any) -> None:
    batches, _ = run_mapping([record(number) for number in range(250)], lambda _: [])
    assert [len(batch) for batch in batches] == [100, 100, 50]


def test_a_partly_failed_batch_is_retried_from_its_first_failure(run_mapping: Any) -> None:
    answers = iter([[3, 5], []])
    batches, failures = run_mapping([record(number) for number in range(7)], lambda _: next(answers))
    assert [numbers(batch) for batch in batches] == [[0, 1, 2, 3, 4, 5, 6], [3, 4, 5, 6]]
    assert failures == []


def test_an_outage_of_the_stream_loses_no_record(run_mapping: Any) -> None:
    batches, _ = run_mapping([record(0), record(1)], lambda _: [], outages=3)
    assert [numbers(batch) for batch in batches] == [[0, 1]]


def test_a_record_that_kills_the_function_is_the_only_one_in_the_failure_queue(run_mapping: Any) -> None:
    done: set[int] = set()

    def handler(records: list[Any]) -> list[int]:
        if 3 in numbers(records):
            raise FunctionError("died")
        done.update(numbers(records))
        return []

    _, failures = run_mapping([record(number) for number in range(8)], handler)
    assert done == {0, 1, 2, 4, 5, 6, 7}
    (failure,) = failures
    assert failure["DDBStreamBatchInfo"] == {
        "shardId": "shard",
        "streamArn": "arn",
        "startSequenceNumber": "3",
        "endSequenceNumber": "3",
        "batchSize": 1,
        "approximateArrivalOfFirstRecord": "2026-03-02T00:00:00Z",
        "approximateArrivalOfLastRecord": "2026-03-02T00:00:00Z",
    }


def test_a_batch_goes_to_the_failure_queue_unsplit_after_its_last_attempt(
    run_mapping: Any,
) -> None:
    batches, failures = run_mapping([record(number) for number in range(8)], lambda _: [3, 5])
    assert [numbers(batch) for batch in batches] == [list(range(8)), *[[3, 4, 5, 6, 7]] * stream_mapping.ATTEMPTS]
    (failure,) = failures
    info = failure["DDBStreamBatchInfo"]
    assert (info["startSequenceNumber"], info["endSequenceNumber"], info["batchSize"]) == ("3", "7", 5)
