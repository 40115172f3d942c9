"""Scenarios in which a process is killed during a delivery, and the function that kills it at one AWS call.

A step is a call of an AWS service. The process is killed at one of three moments: the call never reaches the service,
the service handles it after the process has died, or the service has handled it and the process never gets the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from local.delivery_log import DeliveryLog, Event
from tests.builders import body, delivery
from tests.faults.kinds import Hold, Nth
from tests.faults.proxy import Proxy
from tests.faults.rig import Attempt, Rig
from tests.faults.table import Content, Injection

DIED_STATUS = 500
"""The status that the API returns for a function that died."""

MOMENTS: dict[str, Callable[[], Hold]] = {
    "the call is lost": lambda: Hold(lost=True),
    "the call is under way": Hold,
    "the call has taken effect": lambda: Hold(answered=True),
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """Deliveries of one appointment, each as its id and time.

    ``before`` is delivered without a fault. The process is killed during ``killed``. Calls of ``services`` count as
    steps. ``faults`` are injected meanwhile, by service.
    """

    name: str
    before: tuple[tuple[str, str], ...]
    killed: tuple[str, str]
    content: Content = Content.NEW
    services: tuple[str, ...] = ("dynamodb", "sqs", "s3")
    faults: Mapping[str, Injection] = field(default_factory=dict)

    def bodies(self, appointment: str) -> tuple[list[bytes], bytes]:
        def document(envelope_id: str, updated_at: str) -> dict[str, Any]:
            return delivery(id=f"{appointment}-{envelope_id}", appointment_id=appointment, updated_at=updated_at)

        before = [document(*event) for event in self.before]
        killed = self.content.body(document(*self.killed), before[0] if before else {})
        return [body(event) for event in before], killed


NINE, TEN = "2026-03-02T09:00:00Z", "2026-03-02T11:00:00+01:00"
SCENARIOS = [
    Scenario("the first delivery", (), ("1", NINE)),
    Scenario("a newer delivery", (("1", NINE),), ("2", TEN)),
    Scenario("a duplicate", (("1", NINE),), ("1", NINE)),
    Scenario("a stale delivery", (("1", TEN),), ("2", NINE)),
    Scenario("a delivery of the same instant that loses the tie", (("2", NINE),), ("1", NINE)),
    Scenario(Content.LARGE.value, (("1", NINE),), ("2", TEN), Content.LARGE),
    Scenario(Content.INVALID.value, (("1", NINE),), ("2", TEN), Content.INVALID),
    Scenario(Content.CONFLICT.value, (("1", NINE),), ("2", TEN), Content.CONFLICT),
    Scenario("a deferred delivery", (("1", NINE),), ("2", TEN), services=("sqs",), faults={"dynamodb": Proxy.refuse}),
    Scenario("the first delivery to a new process", (), ("1", NINE), services=("secretsmanager",)),
]


class KillResult(Enum):
    """The result of an attempt to kill: no such step, killed, or answered (or not delivered) before the kill."""

    NO_STEP = auto()
    KILLED = auto()
    TOO_LATE = auto()


def kill_at(
    rig: Rig, scenario: Scenario, delivery_log: DeliveryLog, content: bytes, step: Nth, hold: Hold
) -> KillResult:
    """Deliver, and kill WebhookFunction at the step.

    The held call continues after the kill, so that it can take effect while the sender retries.
    """
    for service in scenario.services:
        # PublisherFunction gets a large body from S3 at the same time. WebhookFunction only puts.
        rig.proxies[service].inject(step, "PutObject" if service == "s3" else None)
    for service, inject in scenario.faults.items():
        inject(rig.proxies[service])
    if "secretsmanager" in scenario.services:  # the function reads the secret at its start
        rig.stack.pools["WebhookFunction"].restart(wait=False)
    with ThreadPoolExecutor(2) as pool:
        posted = pool.submit(rig.post, content)
        killing = pool.submit(_kill_when_reached, rig, hold, posted)
        attempt, reached = posted.result(), killing.result()
    hold.release.set()
    if not scenario.content.quarantined:
        delivery_log.record(Event.from_body(content), acknowledged=attempt.acknowledged)
    if not reached:
        assert attempt.status != DIED_STATUS
        # Without an answer of the function, nobody knows which steps it would have taken.
        return KillResult.TOO_LATE if hold.begun.is_set() or not attempt.final else KillResult.NO_STEP
    return KillResult.KILLED if attempt.status == DIED_STATUS else KillResult.TOO_LATE


def _kill_when_reached(rig: Rig, hold: Hold, posted: Future[Attempt]) -> bool:
    while not hold.reached.wait(0.02):
        if posted.done():
            return hold.reached.is_set()
    rig.kill("WebhookFunction")
    return True
