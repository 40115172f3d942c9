"""The publisher: its CPU, its speed and its calls for each event, in batches and record by record."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

from appointments.contract.parsing import parse_body
from appointments.storage import items
from bench import deliveries
from bench.checks import WrongAnswerError
from bench.measures import MILLISECONDS, Measure, Measures
from bench.process import Process
from bench.stub import Stub
from bench.variants import PUBLISHER, UNBATCHED, Variant
from local.template import Template
from samples.stream import STREAM_ARN

SINGLE_RECORDS = "publisher, one record for each invocation"
PUT_EVENTS = "events.PutEvents"
WARM_UP = 2
BUS_SECONDS = 0.010
"""The assumed duration of a call of PutEvents, for the measures of speed."""
NO_WAIT: Mapping[str, float] = {}
BUS_WAIT = {PUT_EVENTS: BUS_SECONDS}
ROWS = {
    "publisher.cpu": ("CPU for each event", "ms"),
    "publisher.calls": ("calls of PutEvents for each event", ""),
    "publisher.speed": (f"events a second, with {BUS_SECONDS * MILLISECONDS:.0f} ms for each call of PutEvents", ""),
}


class _Run(NamedTuple):
    """A variant that gets each batch in this number of invocations."""

    name: str
    variant: Variant
    invocations: int = 1


class _Published(NamedTuple):
    """A published batch: the number of its events, their CPU and elapsed seconds, and the calls of PutEvents."""

    events: int
    cpu: float
    seconds: float
    calls: int

    @property
    def cpu_milliseconds(self) -> float:
        """The CPU of one event."""
        return self.cpu / self.events * MILLISECONDS

    @property
    def speed(self) -> float:
        """The events of one second."""
        return self.events / self.seconds


def batch_size() -> int:
    """Return the batch size of the event source mapping."""
    return int(Template().function("PublisherFunction").events["DynamoDB"]["BatchSize"])


def measure(variants: Sequence[Variant], measures: Measures, *, rounds: int) -> None:
    """Measure batches of different appointments, since most batches of the stream are such."""
    publisher, unbatched = variants
    runs = [
        _Run(PUBLISHER, publisher),
        _Run(SINGLE_RECORDS, publisher, batch_size()),
        _Run(UNBATCHED, unbatched),
    ]
    for name, published in _rounds(runs, NO_WAIT, rounds):
        values = {
            "publisher.cpu": published.cpu_milliseconds,
            "publisher.calls": published.calls / published.events,
        }
        for key, value in values.items():
            measures.add(Measure(key, *ROWS[key], PUBLISHER), name, value)
    for name, published in _rounds(runs, BUS_WAIT, rounds):
        measures.add(Measure("publisher.speed", *ROWS["publisher.speed"], PUBLISHER), name, published.speed)


def _rounds(runs: Sequence[_Run], waits: Mapping[str, float], rounds: int) -> Iterator[tuple[str, _Published]]:
    """Yield the result of each run in each round. ``waits`` are the durations of calls, as in :class:`Stub`."""
    with ExitStack() as stack:
        stub = Stub(waits=waits)
        stack.callback(stub.stop)
        processes = {run.name: stack.enter_context(Process(run.variant, stub.url)) for run in runs}
        for process in processes.values():
            process.wait_until_ready()
            for _ in range(WARM_UP):
                process.invoke(_batch(_records()))
        for _ in range(rounds):
            for run in runs:
                yield run.name, _publish(run.name, processes[run.name], run.invocations, stub)


def _publish(name: str, process: Process, invocations: int, stub: Stub) -> _Published:
    records = _records()
    size = len(records) // invocations
    stub.reset()
    before, seconds = process.cpu_seconds(), 0.0
    for start in range(0, len(records), size):
        result = process.invoke(_batch(records[start : start + size]))
        seconds += result.seconds
        if json.loads(result.body) != {"batchItemFailures": []}:
            raise WrongAnswerError(f"{name} answered {result.body.decode()[:300]}")
    cpu = process.cpu_seconds() - before
    _check_arrival(name, stub, records)
    return _Published(len(records), cpu, seconds, stub.calls[PUT_EVENTS])


def _check_arrival(name: str, stub: Stub, records: Sequence[dict[str, Any]]) -> None:
    sent = {record["dynamodb"]["Keys"]["sk"]["S"].removeprefix("EVENT#") for record in records}
    published = [
        json.loads(entry["Detail"])["metadata"]["id"]
        for operation, body in stub.bodies
        if operation == PUT_EVENTS
        for entry in json.loads(body)["Entries"]
    ]
    if sorted(published) != sorted(sent):
        raise WrongAnswerError(f"{name} has published {len(published)} of {len(sent)} events")


def _records() -> list[dict[str, Any]]:
    return [_record(number) for number in range(batch_size())]


def _batch(records: Sequence[dict[str, Any]]) -> bytes:
    return json.dumps({"Records": records}).encode()


def _record(number: int) -> dict[str, Any]:
    """Return a record of a new appointment in the form of the event source mapping."""
    body = deliveries.encode(deliveries.new_delivery(deliveries.sample_envelope()))
    parsed = parse_body(body)
    item = items.event_item(items.Delivery(body, *parsed, received_at=deliveries.update_instant(number)))
    keys = {name: item[name] for name in (items.PARTITION_KEY, items.SORT_KEY)}
    return {
        "eventID": f"{number:032x}",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": {
            "ApproximateCreationDateTime": int(time.time()),
            "Keys": keys,
            "NewImage": item | {"body": {"B": base64.b64encode(item["body"]["B"]).decode()}},
            "SequenceNumber": str(10**24 + number),
            "SizeBytes": items.size(item),
            "StreamViewType": "NEW_IMAGE",
        },
        "eventSourceARN": STREAM_ARN,
    }
