"""docs/operations.md and docs/command.md show the output of commands: each runs here, in the order of its page."""

from __future__ import annotations

import os
import re
import secrets
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from click.testing import CliRunner
from moto import mock_aws

from appointments.contract.mode import ContractMode
from appointments.contract.parsing import parse_body
from appointments.contract.violations import Violation
from appointments.errors import ContractError, MalformedBodyError
from appointments.outcome import Outcome
from appointments.publishing.failures import Cause, Parked
from appointments.storage.backlog import Deferred, encode
from appointments.storage.quarantine import QuarantineMetadata
from appointments_cli import queue_reader, screen
from appointments_cli.main import main
from appointments_cli.screen import Screen
from appointments_cli.target import Engage, Target
from local.engage.server import ENTERPRISE, EngageServer
from local.engage.story import story_world
from samples import SAMPLES
from tests.builders import body, delivery
from tests.deployment import STACK, Deployment
from tests.project import ROOT

BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
ALREADY_FIXED = Violation("$.data.appointment.office.location.geolocation", "type", "object")
SECOND = datetime(2026, 3, 4, 17, tzinfo=UTC).replace(tzinfo=None)  # as moto has it
WIDTH = "100"
RUN = "6fd7c1d0-5e0a-4d43-9f0b-2b1c7a3d5e{:02}"
"""The ids of the runs that publish again, which are random elsewhere."""


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """A deployment, the API of Engage with one delivery more, and a terminal of 100 columns without colour."""
    monkeypatch.setattr(Screen, "is_terminal", property(lambda screen: not screen.as_json))
    monkeypatch.setenv("COLUMNS", WIDTH)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(queue_reader, "WAIT_SECONDS", 0)
    # S3 writes everything in one second, at any speed of the machine: then the order of the keys counts.
    monkeypatch.setattr("moto.s3.models.utcnow", lambda: SECOND)
    runs = map(RUN.format, count())
    monkeypatch.setattr("appointments_cli.replays.uuid", SimpleNamespace(uuid4=lambda: next(runs)))
    with mock_aws(), EngageServer(story_world()) as server:
        secret = boto3.client("secretsmanager").create_secret(Name="engage", SecretString=server.credentials())["ARN"]
        monkeypatch.setattr(Target, "engage", Engage(secret, ENTERPRISE, server.url, server.url))
        yield Deployment()


def fill_quarantine(deployment: Deployment) -> None:
    """Put into quarantine what the samples leave there, and a body that an older release refused."""
    for sample in SAMPLES:
        metadata: Any = {
            "received_at": sample.received_at,
            "request_id": "Kd1xPj0cDoEEMjw=",
            "content_type": "application/json",
            "function_request_id": "5a4f0b0e-8f3b-4c11-9d5e-2f1d0a6c7b11",
        }
        try:
            parse_body(sample.body, ContractMode.STRICT)
        except ContractError as error:
            found: Any = {
                "violations": error.violations,
                "violation_count": len(error.violations),
                "ids": error.ids,
            }
            deployment.quarantine.keep(sample.body, Outcome.CONTRACT, QuarantineMetadata(**found, **metadata))
        except MalformedBodyError:
            deployment.quarantine.keep(sample.body, Outcome.MALFORMED, QuarantineMetadata(**metadata))
        if sample.name == "reassign":
            fixed = QuarantineMetadata(violations=(ALREADY_FIXED,), violation_count=1, **metadata)
            deployment.quarantine.keep(sample.body, Outcome.CONTRACT, fixed)


def fill_queues(deployment: Deployment) -> None:
    """Store three events, two of which were parked, and put a delivery that was given up into its queue."""
    for number, kind in enumerate(("CREATE", "RESCHEDULE", "CANCEL")):
        at = f"2026-03-04T16:2{number}:00.000000000Z"
        identity = f"4f1c2b7e-8d3a-4c55-9b1e-00000000020{number}"
        document = delivery(id=identity, appointment_id="48200", event_type=kind, updated_at=at[:19] + "Z")
        deployment.receive(body(document), at)
        deployment.dynamodb.update_item(
            TableName=deployment.table_name,
            Key={"pk": {"S": "APPOINTMENT#48200"}, "sk": {"S": f"EVENT#{identity}"}},
            UpdateExpression="SET storedAt = :at",
            ExpressionAttributeValues={":at": {"S": at}},
        )
        if number:
            parked = Parked("APPOINTMENT#48200", f"EVENT#{identity}", Cause.REFUSED, "MalformedDetail", f"{number}", at)
            deployment.sqs.send_message(
                QueueUrl=deployment.resources["PublisherFailureQueue"], MessageBody=parked.body()
            )
    given_up = encode(Deferred(body(delivery(id="4f1c2b7e-8d3a-4c55-9b1e-000000000301", appointment_id="48300")), at))
    deployment.sqs.send_message(QueueUrl=deployment.resources["BacklogFailureQueue"], MessageBody=given_up)
    deployment.sqs.create_queue(QueueName="crm")


def fill_for_operations(deployment: Deployment) -> None:
    fill_quarantine(deployment)
    fill_queues(deployment)


def deliver(deployment: Deployment) -> None:
    """Store the samples, with the log lines of the webhook and of the publisher."""
    at = datetime.now(UTC) - timedelta(minutes=5)
    for sample in SAMPLES:
        if sample.expected_outcome is None:
            continue
        receipt = deployment.receive(sample.body, sample.received_at)
        assert receipt.essentials is not None
        ids = receipt.essentials.envelope_id, receipt.essentials.appointment_id
        deployment.log_delivery(receipt.outcome.value, *ids, at)
        if receipt.outcome is not Outcome.DUPLICATE:
            deployment.log_publication(ids, at=at)
        deployment.log("api", {"status": str(sample.expected_status)}, at)


class ErasureDay:
    """The clock of the section about erasure: its receipt has times."""

    @staticmethod
    def now(zone: Any) -> datetime:
        return datetime(2026, 4, 7, 9, 30, tzinfo=zone)


def prepare_erasure(deployment: Deployment, patch: pytest.MonkeyPatch) -> None:
    """Store the samples beside what is in quarantine, and make the receipt the same in each run."""
    numbers = count()
    deliver(deployment)
    deployment.sqs.purge_queue(QueueUrl=deployment.resources["BacklogQueue"])  # BacklogFunction has stored them
    patch.setattr(screen, "datetime", ErasureDay)
    patch.setattr(secrets, "token_bytes", lambda length: bytes(range(length)))
    patch.setattr(secrets, "token_hex", lambda length: "1f2e3d4c" if length == 4 else str(next(numbers)))


@pytest.mark.parametrize(("page", "fill"), [("operations", fill_for_operations), ("command", deliver)])
def test_every_command_on_the_page_prints_the_output_on_the_page(
    deployed: Deployment, page: str, fill: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ROOT / "docs" / f"{page}.md"
    fill(deployed)
    text = path.read_text(encoding="utf-8")
    sections: list[int] = [text.index("\n## Erasure\n")] if page == "operations" else []

    def with_output(block: re.Match[str]) -> str:
        if sections and block.start() > sections[0]:
            sections.clear()
            prepare_erasure(deployed, monkeypatch)
        lines = []
        for line in block[0].splitlines():
            if line.startswith("$ "):
                _, *arguments = shlex.split(line.removeprefix("$ ").replace(f" --stack {STACK}", ""))
                output = CliRunner().invoke(main, [*arguments, "--stack", STACK], prog_name="appointments").output
                lines += [line, *output.splitlines()]
        return "\n".join(lines) + "\n"

    current = BLOCK.sub(with_output, text)
    if os.environ.get("REWRITE_DOCS"):
        path.write_text(current, encoding="utf-8")
        text = current
    assert current == text
