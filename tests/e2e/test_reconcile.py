"""A hundred deliveries through the local stack, some lost: report, repair twice, and the lost ones arrive late.

The command runs as on an operator's machine, on the stack that it finds by build/serve.json. The publisher is the real
one, so the messages are what subscribers get.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner

from appointments.storage import items
from appointments_cli.main import main
from local.engage.access import EngageAccess
from local.engage.server import EngageServer
from local.engage.switches import Switches
from local.run import post, receive, scan
from local.serve import described
from local.stack import Options, Stack
from tests import engage
from tests.builders import TOKEN

APPOINTMENTS = 50
HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
SWITCHES = Switches(fractions="none")
"""Webhooks in whole seconds and an API with milliseconds: each late webhook of a repaired version is a tie."""


class Served:
    """The stack, what the sender knows, and the messages so far."""

    def __init__(self, stack: Stack, histories: list[engage.History]) -> None:
        self.stack = stack
        self.histories = histories
        self.events = 0
        self.messages: list[dict[str, Any]] = []

    def deliver(self, histories: list[engage.History], *, late: bool = False) -> None:
        """Deliver by HTTP what arrives in time, or what was lost, and take the messages of it."""
        for history in histories:
            for content in history.bodies(SWITCHES, late=late):
                status, _ = post(self.stack.gateway.url, content, HEADERS)
                assert status == 202
                self.events += 1
        self.receive()

    def receive(self) -> None:
        self.messages += receive(self.stack, self.events - len(self.messages))

    def reconcile(self, *options: str, code: int) -> list[dict[str, Any]]:
        answer = CliRunner().invoke(main, ["reconcile", "--local", "--json", "--calls-per-second", "50", *options])
        assert answer.exit_code == code, answer.output
        return [json.loads(line) for line in answer.stdout.splitlines()]

    def repair(self, code: int) -> list[dict[str, Any]]:
        found = self.reconcile("--repair", "--yes", code=code)
        self.events += sum(each["repair"] == "repaired" for each in found)
        self.receive()
        return [each for each in found if each["repair"]]

    def current(self) -> dict[str, Any]:
        return {items.appointment_id_of(item["pk"]["S"]): item for item in scan(self.stack) if is_current(item)}


def is_current(item: Any) -> bool:
    return bool(item["sk"]["S"] == items.CURRENT_SORT_KEY)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dynamodb_url: str | None) -> Iterator[Served]:
    monkeypatch.chdir(tmp_path)
    histories = engage.histories(APPOINTMENTS, 23, engage.now(), withheld=0.15)
    with EngageServer(engage.world(histories, SWITCHES), SWITCHES) as server:
        options = Options(
            port=0,
            aws_port=0,
            log=tmp_path / "functions.log",
            dynamodb_url=dynamodb_url,
            table_name=uuid4().hex,
            engage=EngageAccess.to(server),
        )
        with Stack(options) as stack, described(stack):
            yield Served(stack, histories)


def verdicts(served: Served) -> dict[str, str]:
    since, until = engage.window(engage.now())
    found = {each.id: each.verdict(SWITCHES, since, until) for each in served.histories}
    return {id_: verdict for id_, verdict in found.items() if verdict in ("missing", "behind")}


def test_the_state_is_the_newest_of_both_and_nothing_is_published_twice(served: Served) -> None:
    served.deliver(served.histories)
    missed = verdicts(served)
    report = {each["appointmentId"]: each["verdict"] for each in served.reconcile(code=1)}
    assert {id_: verdict for id_, verdict in report.items() if verdict != "gone"} == missed
    assert len(missed) > 5

    repaired = served.repair(code=1)
    assert {each["appointmentId"] for each in repaired} == missed.keys()
    assert_newest(served)
    half = served.histories[: APPOINTMENTS // 2]
    served.deliver(half, late=True)
    assert served.repair(code=0) == []
    served.deliver(served.histories[len(half) :], late=True)
    assert served.reconcile(code=0) is not None
    assert_newest(served)

    assert not [item for item in served.current().values() if items.ORIGIN in item], "a late webhook lost its tie"
    known = [each["detail"]["metadata"] for each in served.messages]
    times = Counter((each["appointmentId"], each["id"]) for each in known)
    assert len(times) == served.events == sum(not is_current(item) for item in scan(served.stack))
    assert set(times.values()) == {1}
    origins = Counter((each["detail-type"], each["detail"]["metadata"]["origin"]) for each in served.messages)
    assert origins["AppointmentReconciled", "reconciliation"] == len(repaired)
    assert {kind for kind, origin in origins if origin == "reconciliation"} == {"AppointmentReconciled"}
    last = {each.id: len(each.versions) - 1 for each in served.histories if each.id in missed}
    tied = [each for each in known if each["id"] in {f"{id_}-{number}" for id_, number in last.items()}]
    assert tied
    assert not [each for each in tied if each["stale"]]


def assert_newest(served: Served) -> None:
    """Compare the state of each missed appointment with the newest version that the sender has."""
    current = served.current()
    for history in served.histories:
        if history.id in verdicts(served):
            newest = items.appointment_attributes(history.versions[-1].appointment)
            assert {name: current[history.id].get(name) for name in newest} == newest, history.id
