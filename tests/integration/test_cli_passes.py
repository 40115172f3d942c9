"""What the commands say of ReconcileFunction: the last pass, its findings, and a function that does not work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto import mock_aws

from tests.builders import body, delivery
from tests.deployment import Deployment
from tests.integration.test_cli_reading import facts, put_metric

BEHIND = {"appointment_id": "a-1", "verdict": "behind", "differing": ["status", "start"]}
MISSING = {"appointment_id": "a-2", "verdict": "missing", "differing": []}


@pytest.fixture
def deployed() -> Iterator[Deployment]:
    """A deployment with a reconciliation every hour, which has not run yet."""
    with mock_aws():
        yield Deployment(EngageApiSecretArn="arn", ReconcileHours="1")


def back(**time: float) -> datetime:
    return datetime.now(UTC) - timedelta(**time)


def test_status_says_nothing_of_a_reconciliation_that_is_not_deployed() -> None:
    with mock_aws():
        Deployment()
        assert not [what for what in facts() if what.startswith("reconciliation")]


def test_status_says_when_the_last_pass_ended_and_what_its_runs_found(deployed: Deployment) -> None:
    assert facts()["reconciliation"] == ("-", "no complete pass yet")
    deployed.log_run("complete", BEHIND, MISSING, at=back(hours=2))
    deployed.log_run("continues", MISSING, at=back(minutes=20))
    assert facts()["reconciliation run"][0] == "-", "the next run goes on"
    deployed.log_run("complete", BEHIND, at=back(minutes=10))
    found = facts()
    assert found["reconciliation"] == (
        "wrong",
        "last pass 10 min ago, 2 missed of 16 (1 missing, 1 behind): see reconcile",
    )
    assert "reconciliation run" not in found


def test_status_is_fine_after_a_pass_without_a_finding_or_whose_findings_are_repaired(deployed: Deployment) -> None:
    deployed.log_run("complete", at=back(minutes=20))
    assert facts()["reconciliation"] == ("ok", "last pass 20 min ago, 0 missed of 7")
    deployed.log_run("complete", BEHIND | {"repair": "repaired"}, MISSING | {"repair": "known"}, at=back(minutes=10))
    assert facts()["reconciliation"] == (
        "ok",
        "last pass 10 min ago, 2 missed of 9 (1 missing, 1 behind, 1 repaired, 1 known)",
    )
    deployed.log_run("complete", BEHIND | {"repair": "waiting"}, at=back(minutes=5))
    assert facts()["reconciliation"][0] == "wrong"


def test_status_says_why_the_last_run_failed_and_how_old_the_last_pass_is(deployed: Deployment) -> None:
    deployed.log_run("complete", at=back(hours=4))
    deployed.log_run("failed", at=back(minutes=10), problem="GetSecretValue: AccessDenied")
    found = facts()
    assert found["reconciliation"] == (
        "wrong",
        "last pass 4 h ago, 0 missed of 7: see docs/operations.md, Reconciliation",
    )
    assert found["reconciliation run"] == (
        "wrong",
        "failed 10 min ago: GetSecretValue: AccessDenied, see docs/operations.md, Reconciliation",
    )


@pytest.mark.parametrize(("minutes", "state"), [(100, "-"), (200, "wrong")])
def test_status_tells_a_function_that_is_new_from_one_that_never_works(
    deployed: Deployment, minutes: int, state: str
) -> None:
    for age in range(10, minutes, 30):
        put_metric("reconcile", "PassDue", 1, back(minutes=age))
    deployed.log_run("unsure", at=back(minutes=5))
    assert facts()["reconciliation"][0] == state


def test_a_history_has_each_finding_once_with_its_repair_and_what_differs(deployed: Deployment) -> None:
    deployed.receive(body(delivery(id="e-1")))
    for hours in (3, 2, 1):
        deployed.log_run("complete", BEHIND, MISSING, at=back(hours=hours))
    deployed.log_run("complete", BEHIND | {"repair": "repaired"}, at=back(minutes=5))
    repaired, behind, event = deployed.records("history", "a-1")
    assert (repaired["marks"], repaired["detail"]) == (
        ["reconciliation: behind"],
        "repaired; differs in status, start",
    )
    assert (behind["detail"], behind["times"]) == ("differs in status, start", 3)
    assert event["envelopeId"] == "e-1"
    shown = deployed.run("history", "a-1")
    assert "found 3 times, the last time at 20" in shown.stdout
    assert "3 records of appointment a-1" in shown.stderr
    assert deployed.run("history", "a-2").stdout.count("reconciliation: missing") == 1
    assert "there is no appointment a-3" in deployed.run("history", "a-3", code=3).stderr


def test_tail_shows_the_findings_and_the_end_of_a_run(deployed: Deployment) -> None:
    deployed.log_run("failed", BEHIND, MISSING | {"repair": "waiting"}, problem="the API answered 403")
    lines = deployed.records("tail", "--since", "1h", "--count", "3")
    assert [(each["service"], each["result"], each["appointmentId"], each["detail"]) for each in lines] == [
        ("reconcile", "behind", "a-1", "differs in status, start"),
        ("reconcile", "missing", "a-2", "waiting"),
        ("reconcile", "run failed", None, "the API answered 403"),
    ]


def test_a_line_that_is_not_of_a_run_says_nothing(deployed: Deployment) -> None:
    odd = {"message": "reconcile", "outcome": 5, "repairs": 5}
    texts = ("[", "5", "[]", "outcome", '{"message": "reconcile"}', '{"outcome": "complete"}', json.dumps(odd))
    now = int(datetime.now(UTC).timestamp() * 1000)
    events: Any = [{"timestamp": now, "message": each} for text in texts for each in (text, f'{text} "outcome"')]
    group = deployed.resources["ReconcileFunctionLogGroup"]
    deployed.logs.put_log_events(logGroupName=group, logStreamName="1", logEvents=events)
    assert facts()["reconciliation"] == ("-", "no complete pass yet")
    assert "there is no appointment a-1" in deployed.run("history", "a-1", code=3).stderr
