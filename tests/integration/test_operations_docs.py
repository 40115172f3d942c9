"""docs/operations.md and docs/command.md show the output of commands: each runs here, in the order of its page."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
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
from appointments.storage.quarantine import QuarantineMetadata
from appointments_cli.main import main
from appointments_cli.screen import Screen
from appointments_cli.target import Engage, Target
from local.engage.server import ENTERPRISE, EngageServer
from local.engage.story import story_world
from samples import SAMPLES
from tests.deployment import STACK, Deployment
from tests.project import ROOT

BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
ALREADY_FIXED = Violation("$.data.appointment.office.location.geolocation", "type", "object")
WIDTH = "100"


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """A deployment, the API of Engage with one delivery more, and a terminal of 100 columns without colour."""
    monkeypatch.setattr(Screen, "is_terminal", property(lambda screen: not screen.as_json))
    monkeypatch.setenv("COLUMNS", WIDTH)
    monkeypatch.setenv("NO_COLOR", "1")
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


@pytest.mark.parametrize(("page", "fill"), [("operations", fill_quarantine), ("command", deliver)])
def test_every_command_on_the_page_prints_the_output_on_the_page(deployed: Deployment, page: str, fill: Any) -> None:
    path = ROOT / "docs" / f"{page}.md"
    fill(deployed)
    text = path.read_text(encoding="utf-8")

    def with_output(block: re.Match[str]) -> str:
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
    assert current == text
