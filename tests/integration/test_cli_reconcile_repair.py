"""``appointments reconcile --repair`` on a deployment in the embedded AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from appointments.reconciliation import manners
from local.engage.server import EngageServer
from tests import engage
from tests.deployment import Deployment
from tests.integration.test_cli_reconcile import SECRET, SWITCHES, Compared


@pytest.fixture
def repairing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Compared]:
    """A fresh deployment, which a test may change."""
    monkeypatch.setattr(manners, "FIRST_PAUSE", 0.001)
    histories = engage.histories(30, 12, engage.now(), withheld=0.35)
    with mock_aws(), EngageServer(engage.world(histories, SWITCHES), SWITCHES) as server:
        deployment = Deployment()
        boto3.client("secretsmanager").create_secret(Name=SECRET, SecretString=server.credentials())
        for history in histories:
            if (item := history.current_item(SWITCHES)) is not None:
                deployment.dynamodb.put_item(TableName=deployment.table_name, Item=item)
        yield Compared(deployment, server, histories)


def scanned(compared: Compared) -> Any:
    return compared.deployment.dynamodb.scan(TableName=compared.deployment.table_name)["Items"]


def test_a_repair_is_a_dry_run_without_yes(repairing: Compared) -> None:
    before = scanned(repairing)
    answer = repairing.run("--repair", "--json", code=1)
    shown = {each["appointmentId"]: each["repair"] for each in map(json.loads, answer.stdout.splitlines())}
    repairable = {id_ for id_, each in repairing.expected.items() if each in ("missing", "behind")}
    assert {id_ for id_, repair in shown.items() if repair == "would repair"} == repairable
    assert f"repairs: {len(repairable)} would repair\n" in answer.stderr
    assert "dry run, nothing is stored without --yes\n" in answer.stderr
    assert scanned(repairing) == before


def test_a_repair_stores_what_is_missing_or_behind_and_a_repeated_one_finds_nothing(repairing: Compared) -> None:
    repairable = {id_ for id_, each in repairing.expected.items() if each in ("missing", "behind")}
    found = repairing.records("--repair", "--yes", code=1)
    assert {each["appointmentId"] for each in found if each["repair"] == "repaired"} == repairable
    after = scanned(repairing)
    assert sum(item["sk"]["S"] != "CURRENT" for item in after) == len(repairable) > 0
    answer = repairing.run("--repair", "--yes", code=0)
    assert "repairs:" not in answer.stderr
    assert scanned(repairing) == after
    history = repairing.deployment.records("history", min(repairable))
    assert history[0]["marks"] == ["reconciliation"]


def test_one_appointment_is_repaired_by_its_id(repairing: Compared) -> None:
    missing = repairing.one("missing")
    (record,) = repairing.records("--id", missing, "--repair", "--yes", code=1)
    assert record["repair"] == "repaired"
    (record,) = repairing.records("--id", missing, "--repair", "--yes", code=0)
    assert (record["verdict"], record["repair"]) == ("same", None)


@pytest.mark.parametrize("queue", ["BacklogQueue", "BacklogFailureQueue"])
def test_the_command_repairs_nothing_while_a_delivery_waits(repairing: Compared, queue: str) -> None:
    repairing.deployment.sqs.send_message(QueueUrl=repairing.deployment.resources[queue], MessageBody="{}")
    before = scanned(repairing)
    for options in (["--repair"], ["--repair", "--yes"]):
        found = repairing.records(*options, code=1)
        assert {each["repair"] for each in found if each["verdict"] in ("missing", "behind")} == {"waiting"}
    assert scanned(repairing) == before
