"""A process killed between any two of its steps loses nothing and does nothing twice once it is delivered again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from uuid import uuid4

import pytest

from local import queue_mapping, stream_mapping
from local.delivery_log import DeliveryLog
from tests.builders import body, delivery
from tests.faults import kills, kinds
from tests.faults.kills import MOMENTS, STORIES, Story, Struck
from tests.faults.rig import Rig, eventually
from tests.faults.table import Content

ROUNDS = 12
"""More than any delivery has steps; a step at which the answer was faster than the kill is tried again."""


@pytest.fixture(scope="module")
def rig(dynamodb_url: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with (
        pytest.MonkeyPatch.context() as patch,
        Rig(tmp_path_factory.mktemp("kills") / "functions.log", dynamodb_url) as running,
    ):
        patch.setattr(stream_mapping, "LONGEST_PAUSE", 0.3)
        patch.setattr(queue_mapping, "PAUSE_SECONDS", 1)
        yield running


def moments(stores: tuple[str, ...] = ("moto", "dynamodb-local")) -> Iterator[object]:
    """Every moment on each store, a moment on one worker.

    On DynamoDB Local, `make test` has the one at which the store decides: a commit of which nobody has heard.
    """
    for store in stores:
        for moment in MOMENTS:
            marks = [pytest.mark.xdist_group(f"kills {store} {moment}")]
            if store != "moto" and moment != "the call has taken effect":
                marks.append(pytest.mark.nightly)
            yield pytest.param(store, moment, id=f"{store}-{moment}", marks=marks)


at_each_moment = pytest.mark.parametrize(
    ("dynamodb_url", "moment"), list(moments()), indirect=["dynamodb_url"], scope="module"
)


@at_each_moment
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_webhook_killed_at_any_step(rig: Rig, story: Story, moment: str) -> None:
    if rig.stack.options.dynamodb_url and "dynamodb" not in story.services:
        pytest.skip("no step of DynamoDB in it: shown on moto")
    number, killed = 1, 0
    for _ in range(ROUNDS):
        ledger, (before, content) = DeliveryLog(), story.bodies(uuid4().hex)
        for one in before:
            assert rig.deliver(ledger, one)[-1].acknowledged
        hold = MOMENTS[moment]()
        struck = kills.killed_at(rig, story, ledger, content, kinds.Nth(number, hold), hold)
        rig.heal()
        if story.content.quarantined:
            rig.post(content)
            assert rig.quarantined(content) == 1
        else:
            assert rig.deliver(ledger, content)[-1].acknowledged
        assert rig.settle(ledger) == []
        if struck is Struck.NO_STEP:
            break
        if struck is Struck.KILLED:
            number, killed = number + 1, killed + 1
    assert struck is Struck.NO_STEP
    assert killed >= 1


@pytest.mark.parametrize(
    ("dynamodb_url", "moment"), list(moments(("moto",))), indirect=["dynamodb_url"], scope="module"
)
def test_publisher_killed_at_any_step(rig: Rig, moment: str) -> None:
    """On moto alone: no step of the publisher is the table's."""
    for number in (1, 2):
        ledger, hold, appointment = DeliveryLog(), MOMENTS[moment](), uuid4().hex
        rig.proxies["events"].inject(kinds.Nth(number, hold))
        for n in (1, 2, 3):
            at = f"2026-03-02T09:00:0{n}Z"
            for other in ("", "-other"):
                name = f"{appointment}{other}"
                assert rig.deliver(ledger, body(delivery(id=f"{name}-{n}", appointment_id=name, updated_at=at)))
        assert eventually(hold.reached.is_set)
        rig.kill("PublisherFunction")
        hold.let_go.set()
        assert rig.settle(ledger) == []
        rig.heal()


@at_each_moment
@pytest.mark.parametrize("content", [Content.NEW, Content.LARGE])
def test_backlog_function_killed_at_any_step(rig: Rig, moment: str, content: Content) -> None:
    """Deferred while DynamoDB failed, and stored by a function that dies while it does so."""
    for number in count(1):
        ledger, hold, appointment = DeliveryLog(), MOMENTS[moment](), uuid4().hex
        new = delivery(id=f"{appointment}-1", appointment_id=appointment)
        happened = backlog_killed_at(rig, ledger, content.body(new, new), kinds.Nth(number, hold), hold)
        assert rig.settle(ledger) == []
        rig.heal()
        if not happened:
            break
    assert number > 1  # else it was never killed


def backlog_killed_at(rig: Rig, ledger: DeliveryLog, content: bytes, step: kinds.Nth, hold: kinds.Hold) -> bool:
    """False when there is no such step: the delivery is stored without it."""
    failing = rig.proxies["dynamodb"].inject(kinds.fail)
    (attempt,) = rig.deliver(ledger, content)
    assert attempt.outcome == "deferred"
    for service in ("dynamodb", "s3"):
        rig.proxies[service].inject(step)
    failing.left = 0
    eventually(lambda: hold.reached.is_set() or rig.settle(ledger, patience=0) == [])
    happened = hold.reached.is_set()
    if happened:
        rig.kill("BacklogFunction")
    hold.let_go.set()
    return happened
