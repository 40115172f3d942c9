"""The publisher: events for a second of CPU, events for a second, and calls for an event, by batches and one by one."""

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
from bench.levers import PUBLISHERS_LEVERS, UNDONE, Lever, undone
from bench.measures import MILLISECONDS, Measure, Measures
from bench.process import Process
from bench.stub import Stub
from bench.variants import EACH, PUBLISHER, Variant
from bench.verify import WrongAnswerError
from local.template import Template
from samples.stream import STREAM_ARN

ONE_BY_ONE = "publisher, one record for each invocation"
PUT_EVENTS = "events.PutEvents"
WARM_UP = 2
BUS_SECONDS = 0.010
"""Of a call that the bus takes its time for, as any other than this one does."""
AT_ONCE: Mapping[str, float] = {}
TAKING_TIME = {PUT_EVENTS: BUS_SECONDS}
CPU = "CPU for each event"
SPEED = f"events a second, a call of PutEvents taking {BUS_SECONDS * MILLISECONDS:.0f} ms"


def batch_size() -> int:
    return int(Template().function("PublisherFunction").events["DynamoDB"]["BatchSize"])


def measure(variants: Sequence[Variant], measures: Measures, *, rounds: int) -> None:
    """Batches of different appointments, as most of a stream is."""
    ours, each = variants
    runs = [_Run(PUBLISHER, ours), _Run(ONE_BY_ONE, ours, batch_size()), _Run(EACH, each)]
    for waits, row in ((AT_ONCE, _row_of_cpu), (TAKING_TIME, _row_of_time)):
        for name, published in _rounds(runs, waits, rounds):
            for measure, value in row(published):
                measures.add(measure, name, value)


def measure_levers(publisher: Variant, measures: Measures, *, rounds: int) -> None:
    """The publisher as built once a round, and once with each lever undone."""
    levers = {lever.key: lever for lever in PUBLISHERS_LEVERS}
    runs = [_Run(PUBLISHER, publisher), *(_Run(key, undone(publisher, lever)) for key, lever in levers.items())]
    for waits, row in ((AT_ONCE, _lever_by_cpu), (TAKING_TIME, _lever_by_time)):
        for name, published in _rounds(runs, waits, rounds):
            for key in levers if name == PUBLISHER else [name]:
                measure, value = row(levers[key], published)
                measures.add(measure, UNDONE if name == key else PUBLISHER, value)


class _Run(NamedTuple):
    """A batch is handed over in so many invocations."""

    name: str
    variant: Variant
    invocations: int = 1


class _Published(NamedTuple):
    """A batch's events, and what they took."""

    events: int
    cpu: float
    seconds: float
    calls: int

    @property
    def milliseconds_of_cpu(self) -> float:
        """For each event."""
        return self.cpu / self.events * MILLISECONDS

    @property
    def speed(self) -> float:
        """Events a second."""
        return self.events / self.seconds


def _row_of_cpu(published: _Published) -> Iterator[tuple[Measure, float]]:
    values = {
        "publisher.cpu": (CPU, "ms", published.milliseconds_of_cpu),
        "publisher.rate": ("events for each second of CPU", "", published.events / published.cpu),
        "publisher.calls": ("calls of PutEvents for each event", "", published.calls / published.events),
    }
    for key, (title, unit, value) in values.items():
        yield Measure(key, title, unit, PUBLISHER), value


def _row_of_time(published: _Published) -> Iterator[tuple[Measure, float]]:
    yield Measure("publisher.speed", SPEED, "", PUBLISHER), published.speed


def _lever_by_cpu(lever: Lever, published: _Published) -> tuple[Measure, float]:
    row = Measure(f"publisherLevers.{lever.key}Cpu", f"{lever.title}: {CPU}", "ms", PUBLISHER)
    return row, published.milliseconds_of_cpu


def _lever_by_time(lever: Lever, published: _Published) -> tuple[Measure, float]:
    row = Measure(f"publisherLevers.{lever.key}Speed", f"{lever.title}: {SPEED}", "", PUBLISHER)
    return row, published.speed


def _rounds(runs: Sequence[_Run], waits: Mapping[str, float], rounds: int) -> Iterator[tuple[str, _Published]]:
    """What each run took, round by round; a call to the bus takes what ``waits`` says."""
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
    stub.forget()
    before, seconds = process.cpu_seconds(), 0.0
    for start in range(0, len(records), size):
        answered = process.invoke(_batch(records[start : start + size]))
        seconds += answered.seconds
        if json.loads(answered.body) != {"batchItemFailures": []}:
            raise WrongAnswerError(f"{name} answered {answered.body.decode()[:300]}")
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
        raise WrongAnswerError(f"{name} published {len(published)} events of {len(sent)}")


def _records() -> list[dict[str, Any]]:
    return [_record(number) for number in range(batch_size())]


def _batch(records: Sequence[dict[str, Any]]) -> bytes:
    return json.dumps({"Records": records}).encode()


def _record(number: int) -> dict[str, Any]:
    """A record as the event source mapping hands it over, of an appointment of its own."""
    body = deliveries.encode(deliveries.renewed(deliveries.document()))
    parsed = parse_body(body)
    item = items.event_item(
        items.Delivery(
            body,
            parsed.document,
            parsed.essentials,
            parsed.violations,
            parsed.violation_count,
            deliveries.later(number),
        )
    )
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
