"""A process killed at any AWS call loses no event and publishes none twice, after the sender has retried."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from uuid import uuid4

import pytest

from local import queue_mapping, stream_mapping
from local.delivery_log import DeliveryLog
from tests.builders import body, delivery
from tests.faults import kills, kinds
from tests.faults.kills import MOMENTS, SCENARIOS, KillResult, Scenario
from tests.faults.rig import Rig, eventually
from tests.faults.table import Content

ROUNDS = 12
"""More than the steps of any delivery. A step whose answer was faster than the kill is tried again."""


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
    """Yield each moment on each store, one worker for each.

    `make test` runs the moments at which the call may have an effect. On DynamoDB Local, it runs only the moment that
    depends on the store: a commit whose answer is lost.
    """
    for store in stores:
        for moment in MOMENTS:
            marks = [pytest.mark.xdist_group(f"kills {store} {moment}")]
            if moment == "the call is lost" or (store != "moto" and moment != "the call has taken effect"):
                marks.append(pytest.mark.nightly)
            yield pytest.param(store, moment, id=f"{store}-{moment}", marks=marks)


at_each_moment = pytest.mark.parametrize(
    ("dynamodb_url", "moment"), list(moments()), indirect=["dynamodb_url"], scope="module"
)


@at_each_moment
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_no_event_is_lost_if_webhook_function_is_killed_at_any_step(rig: Rig, scenario: Scenario, moment: str) -> None:
    if rig.stack.options.dynamodb_url and "dynamodb" not in scenario.services:
        pytest.skip("no call of DynamoDB: the test on moto covers it")
    number, killed = 1, 0
    for _ in range(ROUNDS):
        delivery_log, (before, content) = DeliveryLog(), scenario.bodies(uuid4().hex)
        for earlier in before:
            assert rig.deliver(delivery_log, earlier)[-1].acknowledged
        hold = MOMENTS[moment]()
        kill_result = kills.kill_at(rig, scenario, delivery_log, content, kinds.Nth(number, hold), hold)
        rig.heal()
        if scenario.content.quarantined:
            rig.post(content)
            assert rig.quarantined(content) == 1
        else:
            assert rig.deliver(delivery_log, content)[-1].acknowledged
        assert rig.wait_for_problems(delivery_log) == []
        if kill_result is KillResult.NO_STEP:
            break
        if kill_result is KillResult.KILLED:
            number, killed = number + 1, killed + 1
    assert kill_result is KillResult.NO_STEP
    assert killed >= 1


@pytest.mark.parametrize(
    ("dynamodb_url", "moment"), list(moments(("moto",))), indirect=["dynamodb_url"], scope="module"
)
def test_no_event_is_lost_if_publisher_function_is_killed_at_any_step(rig: Rig, moment: str) -> None:
    """On moto only, because the publisher never calls the table."""
    for number in (1, 2):
        delivery_log, hold, appointment = DeliveryLog(), MOMENTS[moment](), uuid4().hex
        rig.proxies["events"].inject(kinds.Nth(number, hold))
        for n in (1, 2, 3):
            at = f"2026-03-02T09:00:0{n}Z"
            for other in ("", "-other"):
                name = f"{appointment}{other}"
                content = body(delivery(id=f"{name}-{n}", appointment_id=name, updated_at=at))
                assert rig.deliver(delivery_log, content)[-1].acknowledged
        assert eventually(hold.reached.is_set)
        rig.kill("PublisherFunction")
        hold.release.set()
        assert rig.wait_for_problems(delivery_log) == []
        rig.heal()


@at_each_moment
@pytest.mark.parametrize("content", [Content.NEW, Content.LARGE])
def test_no_event_is_lost_if_backlog_function_is_killed_at_any_step(rig: Rig, moment: str, content: Content) -> None:
    """The delivery is deferred while DynamoDB fails. BacklogFunction is killed while it stores the delivery."""
    for number in count(1):
        delivery_log, hold, appointment = DeliveryLog(), MOMENTS[moment](), uuid4().hex
        new = delivery(id=f"{appointment}-1", appointment_id=appointment)
        reached = kill_backlog_function_at(rig, delivery_log, content.body(new, new), kinds.Nth(number, hold), hold)
        assert rig.wait_for_problems(delivery_log) == []
        rig.heal()
        if not reached:
            break
    assert number > 1  # it was killed at least once


def kill_backlog_function_at(
    rig: Rig, delivery_log: DeliveryLog, content: bytes, step: kinds.Nth, hold: kinds.Hold
) -> bool:
    """Return False if there is no such step: the delivery is stored without it."""
    failing = rig.proxies["dynamodb"].inject(kinds.fail)
    # On a busy machine, the first attempt can be too late for the sender.
    assert rig.deliver(delivery_log, content)[-1].outcome == "deferred"
    for service in ("dynamodb", "s3"):
        rig.proxies[service].inject(step)
    failing.remaining = 0
    eventually(lambda: hold.reached.is_set() or rig.wait_for_problems(delivery_log, timeout=0) == [])
    reached = hold.reached.is_set()
    if reached:
        rig.kill("BacklogFunction")
    hold.release.set()
    return reached
