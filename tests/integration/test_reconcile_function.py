"""ReconcileFunction against the stand-in of the vendor's API: what it finds, writes, and leaves alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from moto import mock_aws

from appointments.outcome import Outcome
from appointments.reconciliation.position import KEY
from appointments.storage import items
from local.engage.faults import Faults
from local.engage.server import EngageServer
from local.engage.switches import Switches
from tests import engage
from tests.reconcile import BUCKET, LEASE, KilledError, Reconcile, limited, started

APPOINTMENTS = 24
SWITCHES = Switches()
Start = Callable[..., Reconcile]


@pytest.fixture(scope="module")
def histories() -> list[engage.History]:
    return engage.histories(APPOINTMENTS, 11, engage.now(), withheld=0.3)


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, histories: list[engage.History]) -> Iterator[Start]:
    """A function that starts ReconcileFunction on a table with the deliveries that arrived."""
    with mock_aws(), EngageServer(engage.world(histories, SWITCHES), SWITCHES) as server:
        yield lambda mode="repair": started(monkeypatch, server, histories, mode)


def expected(histories: list[engage.History]) -> dict[str, str]:
    since, until = engage.window(engage.now())
    found = {each.id: each.verdict(SWITCHES, since, until) for each in histories}
    return {id_: verdict for id_, verdict in found.items() if verdict is not None}


def missed(histories: list[engage.History]) -> set[str]:
    return {id_ for id_, verdict in expected(histories).items() if verdict in ("missing", "behind")}


def test_a_report_names_what_was_withheld_and_writes_nothing(start: Start, histories: list[engage.History]) -> None:
    function = start("report")
    before = function.items()
    assert function.run() == "complete"
    assert function.items() == before
    named = {each["appointment_id"]: each["verdict"] for each in function.line["missed"]}
    assert named == {id_: verdict for id_, verdict in expected(histories).items() if id_ in missed(histories)}
    assert len(named) > 4
    assert (function.metric("Missed"), function.metric("PassComplete")) == (len(named), 1)
    assert function.metric("EngageCalls") == len(function.server.calls)
    assert "Repaired" not in function.line


def test_repairs_end_in_the_newest_of_both_and_are_written_once(start: Start, histories: list[engage.History]) -> None:
    function = start()
    assert function.run() == "complete"
    repaired = function.items()
    assert function.metric("Repaired") == len(missed(histories)) == len(function.repairs())
    assert_newest(function, histories)
    assert function.run() == "complete"
    assert function.items() == repaired
    assert (function.metric("Missed"), "Repaired" in function.line) == (0, False)
    # The webhooks arrive late: each wins its tie, none is lost, and nothing is published twice.
    for history in histories:
        outcomes = function.deliver(history.bodies(SWITCHES, late=True))
        assert set(outcomes) <= {Outcome.STORED, Outcome.STALE}
    assert not [item for item in function.current().values() if "origin" in item]
    assert_newest(function, histories)
    after = function.items()
    assert function.run() == "complete"
    assert function.items() == after
    keys = function.streamed()
    assert len(keys) == len(set(keys)) == len(after) - len(function.current())


def assert_newest(function: Reconcile, histories: list[engage.History]) -> None:
    """Compare the state of each appointment of the window with the newest version that the sender has."""
    current, verdicts = function.current(), expected(histories)
    for history in histories:
        if verdicts.get(history.id) not in (None, "gone", "touched"):
            newest = items.appointment_attributes(history.versions[-1].appointment)
            assert {name: current[history.id].get(name) for name in newest} == newest, history.id


def test_one_run_at_a_time(start: Start) -> None:
    function = start()
    with function.killed(5, "after"), pytest.raises(KilledError):
        function.run()
    asked = len(function.server.calls)
    assert function.run() == "busy"
    assert len(function.server.calls) == asked
    function.pass_by(LEASE)
    assert function.run() == "complete"


def test_a_run_whose_hold_has_ended_stops_before_it_saves(start: Start) -> None:
    """It was frozen, and another run has taken over: what it wrote to the table is the same, its position is not."""
    function = start()
    put = function.handler._s3.put_object
    calls = []

    def taken_over(**named: Any) -> Any:
        calls.append(named)
        if len(calls) == 2:
            put(Bucket=BUCKET, Key=KEY, Body=b'{"heldUntil": 9999999999, "holder": "other"}')
        return put(**named)

    with function.patch.context() as patch:
        patch.setattr(function.handler._s3, "put_object", taken_over)
        assert function.run() == "failed"
    assert json.loads(function.s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read())["holder"] == "other"


def test_the_run_after_a_killed_one_continues_after_its_last_slice(start: Start) -> None:
    function = start("report")
    asked = function.server.calls
    assert function.run() == "complete"
    whole = len(asked)
    with function.killed(20, "before"), pytest.raises(KilledError):
        function.run()
    function.pass_by()
    before = len(asked)
    assert function.run() == "complete"
    assert len(asked) - before < whole * 3 / 4


def test_a_run_without_time_continues_where_it_stopped(start: Start, histories: list[engage.History]) -> None:
    function = start("report")
    named: list[str] = []
    outcomes = []
    for calls in range(8, 60, 4):
        function.patch.setattr(function.handler, "Manners", limited(function.handler.Manners, calls))
        outcomes.append(function.run())
        named += [each["appointment_id"] for each in function.line["missed"]]
        if outcomes[-1] == "complete":
            break
    assert outcomes[0] == "continues"
    assert outcomes[-1] == "complete"
    assert len(named) == len(set(named))
    assert set(named) == missed(histories)


CANARY = "canary-7f3a"


def test_no_value_of_an_answer_is_in_a_log(start: Start) -> None:
    function = start()

    def poisoned(value: Any) -> Any:
        if isinstance(value, dict):
            kept = ("id", "updatedAt", "start", "end", "offset", "limit", "totalCount", "createdAt")
            return {name: each if name in kept else poisoned(each) for name, each in value.items()} | {CANARY: CANARY}
        if isinstance(value, list):
            return [poisoned(each) for each in value]
        return CANARY if isinstance(value, str) else value

    function.server.faults = Faults(wrong=poisoned)
    assert function.run() == "complete"
    assert function.metric("Repaired") > 0
    assert CANARY not in function.printed
    function.server.faults = Faults(wrong=lambda document: {**poisoned(document), "meta": CANARY})
    assert function.run() == "failed"
    assert CANARY not in function.printed


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_that_is_killed_at_any_step_loses_and_repeats_nothing(
    start: Start, histories: list[engage.History], moment: str
) -> None:
    """Each run dies one call of AWS later than the run before it, until one comes through."""
    function = start()
    for number in count(1):
        try:
            with function.killed(number, moment):
                outcome = function.run()
        except KilledError:
            function.pass_by()
            continue
        if outcome == "complete":
            break
    assert number >= 9, "the secret, the position, the table and the queues had their turn"
    assert_newest(function, histories)
    keys = function.streamed()
    assert len(keys) == len(set(keys))
    assert len(function.repairs()) == len(missed(histories))
