"""Each row of the fault table: the answer is correct and in time, and no event is lost.

A row runs once. The sender delivers an appointment's first event before the fault and the second during the fault.
After the fault it delivers the second again, if it was not acknowledged, and a third. Three tests check the result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from local import stream_mapping
from local.delivery_log import DeliveryLog, Event
from tests.builders import body, delivery
from tests.faults import kinds, table
from tests.faults.rig import Attempt, Rig, eventually
from tests.faults.table import Row
from tests.processes import seconds_without_core

SENDER_SECONDS = 3.0
"""The sender's timeout. No tolerance is needed: an answer takes at most 2.6 s."""

GROUPS = 2
"""The groups of the rows of a store."""

PUBLISHER_SECONDS = 6
"""Less than in the template, so that a fault outlasts an invocation and the stream must retry the events."""


@pytest.fixture(scope="module")
def running(dynamodb_url: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with (
        pytest.MonkeyPatch.context() as patch,
        Rig(
            tmp_path_factory.mktemp("faults") / "functions.log",
            dynamodb_url,
            timeouts={"PublisherFunction": PUBLISHER_SECONDS},
        ) as rig,
    ):
        patch.setattr(stream_mapping, "LONGEST_PAUSE", 0.3)
        yield rig


TRIES, BUSY_SECONDS = 5, 0.2
"""On a busy machine, the services are slower than the row says, and the time for the right answer can be too short.
A row with another answer is tried again if the embedded services waited for a core for so long meanwhile."""


@dataclass(frozen=True, slots=True)
class RowResult:
    """The answer during the fault, the problems after it, and the seconds for which the services had no core."""

    attempt: Attempt
    problems: list[str]
    without_core: float


@pytest.fixture(scope="module")
def result_of(running: Rig) -> Callable[[Row], RowResult]:
    results: dict[str, RowResult] = {}

    def run_once(row: Row) -> RowResult:
        if row.name not in results:
            for _ in range(TRIES):
                result = results[row.name] = run(running, row)
                if result.attempt.status == row.status or result.without_core < BUSY_SECONDS:
                    break
        return results[row.name]

    return run_once


def run(rig: Rig, row: Row) -> RowResult:
    delivery_log, appointment = DeliveryLog(), uuid4().hex
    first, second, third = (
        delivery(id=f"{appointment}-{n}", appointment_id=appointment, updated_at=f"2026-03-02T09:00:0{n}Z")
        for n in (1, 2, 3)
    )
    content = row.content.body(second, known=first)
    assert rig.deliver(delivery_log, body(first))[-1].acknowledged
    requests = rig.proxies["events"].requests.total()
    for service, inject in row.faults.items():
        inject(rig.proxies[service])
    if row.cold:
        rig.stack.pools["WebhookFunction"].restart(wait=False)
    before = seconds_without_core()
    try:
        attempt = rig.post(content)
        without_core = seconds_without_core() - before
        if "events" in row.faults and not eventually(lambda: rig.proxies["events"].requests.total() > requests, 1):
            time.sleep(0.5)  # the proxy does not count a refused connection
    finally:
        rig.heal()
    problems = _retry(rig, row, delivery_log, content, attempt)
    assert rig.deliver(delivery_log, body(third))[-1].acknowledged
    return RowResult(attempt, [*problems, *rig.wait_for_problems(delivery_log)], without_core)


def _retry(rig: Rig, row: Row, delivery_log: DeliveryLog, content: bytes, attempt: Attempt) -> list[str]:
    """Deliver again unless acknowledged, and return the problems of this delivery."""
    if row.content.quarantined:
        if not attempt.acknowledged:
            rig.post(content)
        return [] if rig.quarantined(content) == 1 else ["the quarantine does not have the exact body once"]
    delivery_log.record(Event.from_body(content), acknowledged=attempt.acknowledged)
    if not attempt.acknowledged and not rig.deliver(delivery_log, content)[-1].acknowledged:
        return ["not acknowledged after the fault"]
    return []


def rows() -> Iterator[object]:
    """Yield each row on each store.

    The rows of a store are two groups, so two workers run them. They mostly wait, while the other workers compute.
    """
    for backend, make_test_rows in (
        ("moto", table.MAKE_TEST_ROWS_ON_MOTO),
        ("dynamodb-local", table.MAKE_TEST_ROWS_ON_DYNAMODB_LOCAL),
    ):
        for number, row in enumerate(table.ROWS):
            marks = [pytest.mark.xdist_group(f"faults {backend} {number % GROUPS}")]
            if row not in make_test_rows:
                marks.append(pytest.mark.nightly)
            yield pytest.param(backend, row, id=f"{row.name}-{backend}", marks=marks)


TABLE = ("dynamodb_url", "row")


@pytest.mark.parametrize(TABLE, list(rows()), indirect=["dynamodb_url"], scope="module")
def test_each_fault_gets_the_status_that_the_table_states(result_of: Callable[[Row], RowResult], row: Row) -> None:
    attempt = result_of(row).attempt
    assert attempt.status == row.status
    assert attempt.status != 503 or int(attempt.headers["retry-after"]) > 0


@pytest.mark.parametrize(TABLE, list(rows()), indirect=["dynamodb_url"], scope="module")
def test_the_function_answers_before_the_sender_times_out(result_of: Callable[[Row], RowResult], row: Row) -> None:
    assert result_of(row).attempt.seconds < SENDER_SECONDS


@pytest.mark.parametrize(TABLE, list(rows()), indirect=["dynamodb_url"], scope="module")
def test_every_event_is_delivered_in_order_after_the_fault(result_of: Callable[[Row], RowResult], row: Row) -> None:
    assert result_of(row).problems == []


STORES = [
    pytest.param(store, marks=pytest.mark.xdist_group(f"faults {store} 0"), id=store)
    for store in ("moto", "dynamodb-local")
]
"""For tests that share the stack of the rows."""


@pytest.mark.parametrize("dynamodb_url", STORES[:1], indirect=True, scope="module")
@pytest.mark.parametrize(
    "fault", [kinds.hang, kinds.throttle, kinds.RefuseEntries(lambda detail: detail["metadata"]["id"].endswith("2"))]
)
def test_the_stream_retries_events_that_an_invocation_did_not_publish(running: Rig, fault: kinds.Fault) -> None:
    delivery_log, appointment = DeliveryLog(), uuid4().hex
    running.proxies["events"].inject(fault)
    for n in (1, 2, 3):
        for name in (appointment, f"{appointment}-other"):
            at = f"2026-03-02T09:00:0{n}Z"
            content = body(delivery(id=f"{name}-{n}", appointment_id=name, updated_at=at))
            assert running.deliver(delivery_log, content)[-1].acknowledged
    log = running.log.read_text()
    assert eventually(lambda: "events not published in time" in running.log.read_text()[len(log) :])
    running.heal()
    assert running.wait_for_problems(delivery_log) == []


@pytest.mark.parametrize("dynamodb_url", STORES, indirect=True, scope="module")
def test_a_poison_record_goes_to_the_failure_queue_and_blocks_no_other_event(
    running: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_mapping, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(stream_mapping, "LONGEST_PAUSE", 0.01)
    delivery_log, failures = DeliveryLog(), running.failures()
    poisoned = uuid4().hex
    running.stack.aws.client("dynamodb").put_item(
        TableName=running.stack.options.table_name,
        Item={"pk": {"S": f"APPOINTMENT#{poisoned}"}, "sk": {"S": "EVENT#poison"}, "body": {"B": b"no gzip"}},
    )
    for number in range(5):
        content = body(delivery(id=uuid4().hex, appointment_id=f"{poisoned}-{number}"))
        assert running.deliver(delivery_log, content)[-1].acknowledged
    assert running.wait_for_problems(delivery_log) == []
    assert eventually(lambda: running.failures() == failures + 1)


def test_every_row_has_a_unique_name() -> None:
    assert len({row.name for row in table.ROWS}) == len(table.ROWS)
