"""The calls of every command, recorded, are the permissions that docs/command.md lists."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from appointments.publishing.failures import Cause, Parked
from appointments.storage.backlog import Deferred, encode
from appointments_cli import permissions, reach
from appointments_cli.commands import tail
from appointments_cli.stack import Stack
from appointments_cli.target import Target
from local.eventbridge.delivery import deliver_as_eventbridge
from tests.builders import body, delivery
from tests.deployment import BUS, Deployment, ago
from tests.project import ROOT

PAGE = ROOT / "docs" / "command.md"
TABLE = re.compile(r"(?<=<!-- permissions -->\n).*?(?=\n\n)", re.DOTALL)
STACK_CALLS = {"cloudformation:DescribeStacks", "cloudformation:ListStackResources"}
UNRECORDED = {"quarantine redrive": {"dynamodb:ConditionCheckItem"}}
"""What IAM calls a part of a transaction: the condition of an event that is stale."""
LARGE = "large"
"""The envelope id of an event whose body is an object in S3."""


@pytest.fixture
def deployed() -> Iterator[Deployment]:
    """A deployment with something for every command: events, a large body, a failure, a quarantined body and a rule."""
    deliver_as_eventbridge()
    with mock_aws():
        deployment = Deployment()
        deployment.receive(body(delivery(id="e-1")))
        deployment.receive(body(delivery(id=LARGE, updated_at="2026-03-02T10:00:00Z", internalNotes="x" * 1_200_000)))
        deployment.log_delivery("stored", "e-1", "a-1")
        bus = boto3.client("events").describe_event_bus(Name=BUS)["Arn"]
        boto3.client("events").create_archive(ArchiveName="AppointmentsArchive", EventSourceArn=bus)
        deployment.age("a-1", LARGE)
        quarantined = body(delivery(id="e-2", updated_at="2026-03-02T11:00:00Z", internalNotes="y" * 1_200_000))
        deployment.keep(quarantined, ago(hours=1), appointment_id="a-1")
        parked = Parked("APPOINTMENT#a-1", "EVENT#e-1", Cause.REFUSED, "x", "1", "2026-03-02T09:00:00Z")
        failures, given_up = (deployment.resources[name] for name in ("PublisherFailureQueue", "BacklogFailureQueue"))
        deployment.sqs.send_message(QueueUrl=failures, MessageBody=parked.body())
        message = encode(Deferred(body(delivery(id="e-3")), ago(hours=1)))
        deployment.sqs.send_message(QueueUrl=given_up, MessageBody=message)
        boto3.client("events").put_rule(
            Name="crm", EventBusName=BUS, EventPattern=json.dumps({"source": [{"exists": True}]})
        )
        yield deployment


def commands(deployment: Deployment) -> dict[str, list[list[str]]]:
    """By row of the table, the command lines that make all its calls. Those that change something come last."""
    queue = str(deployment.sqs.create_queue(QueueName="subscriber")["QueueUrl"])
    return {
        "history": [["history", "a-1"], ["history", "none"]],
        "show": [["show", "a-1"], ["show", "none"]],
        "event": [["event", "e-1"], ["event", LARGE], ["event", "none"]],
        "raw": [["raw", LARGE, "--reveal"]],
        "list": [["list", "--office", "o-1"], ["list", "--day", "2026-03-10"], ["list", "--scan"]],
        "count": [["count", "--by", "status", "--day", "2026-03-10"]],
        "tail": [["tail", "--since", "1h", "--count", "1", "--office", "o-1"]],
        "verify": [["verify", "--since", "1h", "--until", "1s"]],
        "status": [["status"]],
        "export": [["export", "--customer", "7"]],
        "quarantine list, show": [["quarantine", "list"], ["quarantine", "show", "contract/", "--body"]],
        "quarantine redrive": [["quarantine", "redrive"], ["quarantine", "redrive", "--yes"]],
        "failures list": [["failures", "list"]],
        "failures redrive": [
            ["failures", "redrive", "--appointment", "a-1", "--yes"],
            ["failures", "redrive", "--yes"],
        ],
        "backlog status": [["backlog", "status"]],
        "backlog list": [["backlog", "list"]],
        "backlog redrive": [["backlog", "redrive", "--yes"]],
        "publish --to queue": [["publish", "--to", f"queue:{queue}", "--since", "1h", "--yes"]],
        "publish --to rule": [["publish", "--to", "rule:crm", "--since", "1h", "--yes"]],
        "publish --to everybody": [["publish", "--to", "everybody", "--appointment", "a-1", "--yes"]],
    }


def test_the_page_lists_the_calls_of_every_command(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded: set[str] = set()

    def record(service: str, operation: str, parameters: Any) -> permissions.Call:
        call = permissions.call_of(service, operation, parameters)
        recorded.add(call.action)
        return call

    monkeypatch.setattr(reach, "call_of", record)
    monkeypatch.setattr(tail, "POLL_SECONDS", 0.0)
    # moto's CloudFormation creates neither the functions nor the alarms of the template, and no archive.
    monkeypatch.setattr(Stack, "of_type", lambda *_: {"Alarm": "alarm"})
    known = Target.resource
    missing = ("PublisherFunction", "BacklogFunction", "AppointmentsArchive")
    monkeypatch.setattr(Target, "resource", lambda target, name: name if name in missing else known(target, name))
    lines = ["| command | permissions |", "| --- | --- |"]
    for name, runs in commands(deployed).items():
        recorded.clear()
        for arguments in runs:
            answer = deployed.invoke(*arguments)
            assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
        assert recorded >= STACK_CALLS, name
        actions = sorted((recorded | UNRECORDED.get(name, set())) - STACK_CALLS)
        lines.append(f"| `{name}` | {', '.join(f'`{action}`' for action in actions)} |")
    text = PAGE.read_text(encoding="utf-8")
    current = TABLE.sub("\n".join(lines), text)
    if os.environ.get("REWRITE_DOCS"):
        PAGE.write_text(current, encoding="utf-8")
    assert current == text
