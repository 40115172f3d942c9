"""Deliveries during which a process is killed, as data, and the killing at a boundary of two steps.

A step is a call of an AWS service. Between two steps lies one of three moments: the call is lost with the process,
it is under way and takes effect after the process has died, or it has taken effect and nobody knows.
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
from tests.faults.table import Broken, Content

LOST = 500
"""What the API answers for a function that died."""

MOMENTS: dict[str, Callable[[], Hold]] = {
    "the call is lost": lambda: Hold(lost=True),
    "the call is under way": Hold,
    "the call has taken effect": lambda: Hold(answered=True),
}


@dataclass(frozen=True, slots=True)
class Story:
    """``before`` is delivered in peace, during ``killed`` the process dies; ids and times of one appointment.

    ``services``: whose calls count as steps. ``broken`` is what fails meanwhile, by service.
    """

    name: str
    before: tuple[tuple[str, str], ...]
    killed: tuple[str, str]
    content: Content = Content.NEW
    services: tuple[str, ...] = ("dynamodb", "sqs", "s3")
    broken: Mapping[str, Broken] = field(default_factory=dict)

    def bodies(self, appointment: str) -> tuple[list[bytes], bytes]:
        def made(envelope_id: str, updated_at: str) -> dict[str, Any]:
            return delivery(id=f"{appointment}-{envelope_id}", appointment_id=appointment, updated_at=updated_at)

        before = [made(*one) for one in self.before]
        return [body(one) for one in before], self.content.body(made(*self.killed), before[0] if before else {})


NINE, TEN = "2026-03-02T09:00:00Z", "2026-03-02T11:00:00+01:00"
STORIES = [
    Story("the first delivery", (), ("1", NINE)),
    Story("a newer delivery", (("1", NINE),), ("2", TEN)),
    Story("a duplicate", (("1", NINE),), ("1", NINE)),
    Story("a stale delivery", (("1", TEN),), ("2", NINE)),
    Story("a delivery of the same instant that loses the tie", (("2", NINE),), ("1", NINE)),
    Story(Content.LARGE.value, (("1", NINE),), ("2", TEN), Content.LARGE),
    Story(Content.INVALID.value, (("1", NINE),), ("2", TEN), Content.INVALID),
    Story(Content.CONFLICT.value, (("1", NINE),), ("2", TEN), Content.CONFLICT),
    Story("a deferred delivery", (("1", NINE),), ("2", TEN), services=("sqs",), broken={"dynamodb": Proxy.refuse}),
    Story("the first delivery to a new process", (), ("1", NINE), services=("secretsmanager",)),
]


class Struck(Enum):
    """What became of the attempt to kill: there is no such step, or the answer was there first."""

    NO_STEP = auto()
    KILLED = auto()
    TOO_LATE = auto()


def killed_at(rig: Rig, story: Story, ledger: DeliveryLog, content: bytes, step: Nth, hold: Hold) -> Struck:
    """Deliver, and kill WebhookFunction at the step.

    The call is let go after the death, so that it may take effect while the sender delivers again.
    """
    for service in story.services:
        rig.proxies[service].inject(step)
    for service, broken in story.broken.items():
        broken(rig.proxies[service])
    if "secretsmanager" in story.services:  # which is asked while the function starts
        rig.stack.pools["WebhookFunction"].restart(wait=False)
    with ThreadPoolExecutor(2) as pool:
        posted = pool.submit(rig.post, content)
        killing = pool.submit(_kill_when_reached, rig, hold, posted)
        attempt, reached = posted.result(), killing.result()
    hold.let_go.set()
    if not story.content.quarantined:
        ledger.record(Event.from_body(content), acknowledged=attempt.acknowledged)
    if not reached:
        assert attempt.status != LOST
        return Struck.NO_STEP
    return Struck.KILLED if attempt.status == LOST else Struck.TOO_LATE


def _kill_when_reached(rig: Rig, hold: Hold, posted: Future[Attempt]) -> bool:
    while not hold.reached.wait(0.02):
        if posted.done():
            return hold.reached.is_set()
    rig.kill("WebhookFunction")
    return True
