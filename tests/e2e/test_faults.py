"""The table of faults: each is answered in time and told honestly, and whatever becomes of it, nothing is lost.

A row is run once: an appointment's first event before the fault, its second into the fault, and once the fault is
over the second again, if it was not acknowledged, and a third. Three tests look at what came of it.
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

SENDER_SECONDS = 3.0
"""When the sender hangs up. No slack: what is in time takes 2.6 s at most."""

PUBLISHER_SECONDS = 6
"""Less than the template's, so that a fault outlasts an invocation and the stream has to bring the events again."""


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


@dataclass(frozen=True, slots=True)
class Came:
    """What a row came to: the answer during the fault, and what was wrong after it."""

    attempt: Attempt
    wrong: list[str]


@pytest.fixture(scope="module")
def came(running: Rig) -> Callable[[Row], Came]:
    known: dict[str, Came] = {}

    def once(row: Row) -> Came:
        if row.name not in known:
            known[row.name] = run(running, row)
        return known[row.name]

    return once


def run(rig: Rig, row: Row) -> Came:
    ledger, appointment = DeliveryLog(), uuid4().hex
    first, second, third = (
        delivery(id=f"{appointment}-{n}", appointment_id=appointment, updated_at=f"2026-03-02T09:00:0{n}Z")
        for n in (1, 2, 3)
    )
    content = row.content.body(second, known=first)
    assert rig.deliver(ledger, body(first))[-1].acknowledged
    asked = rig.proxies["events"].requests.total()
    for service, broken in row.broken.items():
        broken(rig.proxies[service])
    if row.cold:
        rig.stack.pools["WebhookFunction"].restart(wait=False)
    try:
        attempt = rig.post(content)
        if "events" in row.broken and not eventually(lambda: rig.proxies["events"].requests.total() > asked, 1):
            time.sleep(0.5)  # a connection that is not taken is not counted
    finally:
        rig.heal()
    wrong = _delivered_again(rig, row, ledger, content, attempt)
    assert rig.deliver(ledger, body(third))[-1].acknowledged
    return Came(attempt, [*wrong, *rig.settle(ledger)])


def _delivered_again(rig: Rig, row: Row, ledger: DeliveryLog, content: bytes, attempt: Attempt) -> list[str]:
    """What is wrong with the delivery itself, once it was sent again unless it was acknowledged."""
    if row.content.quarantined:
        if not attempt.acknowledged:
            rig.post(content)
        return [] if rig.quarantined(content) == 1 else ["not in quarantine, byte for byte and once"]
    ledger.record(Event.from_body(content), acknowledged=attempt.acknowledged)
    if not attempt.acknowledged and not rig.deliver(ledger, content)[-1].acknowledged:
        return ["not acknowledged when all is well"]
    return []


def rows() -> Iterator[object]:
    """Every row on each store. The tests of a row are a group, so that it is run once; rows run side by side."""
    for backend, often in (("moto", table.OFTEN_ON_MOTO), ("dynamodb-local", table.OFTEN_ON_DYNAMODB_LOCAL)):
        for row in table.ROWS:
            marks = [pytest.mark.xdist_group(f"{row.name} {backend}")]
            if row not in often:
                marks.append(pytest.mark.nightly)
            yield pytest.param(backend, row, id=f"{row.name}-{backend}", marks=marks)


TABLE = ("dynamodb_url", "row")


@pytest.mark.parametrize(TABLE, list(rows()), indirect=["dynamodb_url"], scope="module")
def test_the_answer_is_the_one_of_the_design(came: Callable[[Row], Came], row: Row) -> None:
    attempt = came(row).attempt
    assert attempt.status == row.status
    assert attempt.status != 503 or int(attempt.headers["retry-after"]) > 0


@pytest.mark.parametrize(TABLE, list(rows()), indirect=["dynamodb_url"], scope="module")
def test_the_answer_comes_before_the_sender_hangs_up(came: Callable[[Row], Came], row: Row) -> None:
    assert came(row).attempt.seconds < SENDER_SECONDS


@pytest.mark.parametrize(TABLE, list(rows()), indirect=["dynamodb_url"], scope="module")
def test_nothing_is_lost_and_the_order_is_kept_once_the_fault_is_over(came: Callable[[Row], Came], row: Row) -> None:
    assert came(row).wrong == []


@pytest.mark.parametrize("dynamodb_url", ["moto"], indirect=True, scope="module")
@pytest.mark.parametrize(
    "how", [kinds.hang, kinds.throttle, kinds.RefuseEntries(lambda detail: detail["metadata"]["id"].endswith("2"))]
)
def test_events_that_an_invocation_cannot_publish_come_again(running: Rig, how: kinds.Fault) -> None:
    ledger, appointment = DeliveryLog(), uuid4().hex
    running.proxies["events"].inject(how)
    for n in (1, 2, 3):
        for name in (appointment, f"{appointment}-other"):
            at = f"2026-03-02T09:00:0{n}Z"
            content = body(delivery(id=f"{name}-{n}", appointment_id=name, updated_at=at))
            assert running.deliver(ledger, content)[-1].acknowledged
    log = running.log.read_text()
    assert eventually(lambda: "events not published in time" in running.log.read_text()[len(log) :])
    running.heal()
    assert running.settle(ledger) == []


def test_a_poison_record_blocks_nobody_else_and_ends_in_the_failure_queue(
    running: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_mapping, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(stream_mapping, "LONGEST_PAUSE", 0.01)
    ledger, failures = DeliveryLog(), running.failures()
    poisoned = uuid4().hex
    running.stack.aws.client("dynamodb").put_item(
        TableName=running.stack.options.table_name,
        Item={"pk": {"S": f"APPOINTMENT#{poisoned}"}, "sk": {"S": "EVENT#poison"}, "body": {"B": b"no gzip"}},
    )
    for number in range(5):
        content = body(delivery(id=uuid4().hex, appointment_id=f"{poisoned}-{number}"))
        assert running.deliver(ledger, content)[-1].acknowledged
    assert running.settle(ledger) == []
    assert eventually(lambda: running.failures() == failures + 1)


def test_every_row_has_a_name_of_its_own() -> None:
    assert len({row.name for row in table.ROWS}) == len(table.ROWS)
