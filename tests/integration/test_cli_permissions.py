"""The calls of every command, recorded, are the permissions of docs/command.md and of the managed policies."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from appointments.publishing.failures import Cause, Parked
from appointments.storage.backlog import Deferred, encode
from appointments_cli import errors, permissions, queue_reader, reach
from appointments_cli.commands import tail
from appointments_cli.stack import Stack
from appointments_cli.target import Target
from local.engage.server import ENTERPRISE, EngageServer
from local.engage.world import World
from local.eventbridge.delivery import deliver_as_eventbridge
from local.template import references
from tests.builders import body, delivery
from tests.deployment import BUS, Deployment, ago
from tests.erasure import give_up
from tests.project import ROOT
from tests.template import every_condition, of_type, resolved, resources

PAGE = ROOT / "docs" / "command.md"
TABLE = re.compile(r"(?<=<!-- permissions -->\n).*?(?=\n\n)", re.DOTALL)
STACK_CALLS = {"cloudformation:DescribeStacks", "cloudformation:ListStackResources"}
UNRECORDED = {
    "quarantine redrive": {("dynamodb:ConditionCheckItem", "AppointmentsTable")},
    "reconcile --repair": {("dynamodb:ConditionCheckItem", "AppointmentsTable")},
    "erase": {("s3:PutObjectTagging", "QuarantineBucket")},
}
"""What IAM calls a part of a call: the condition of an event that is stale, and the tags of an object that is put."""
UNGRANTED = {"publish --to queue": {("sqs:SendMessage", "*")}, "erase": {("sts:GetCallerIdentity", "*")}}
"""By row, what no policy of the stack can grant: the queue is the subscriber's, and everybody may ask who they are."""
UNUSED = {
    ("s3:ListBucket", "BodiesBucket"),  # without it, S3 answers 403 for a lost body instead of 404
    ("sqs:GetQueueAttributes", "BusFailureQueue"),  # the queue exists with a key only
    ("events:StartReplay", "AppointmentsBus"),  # the destination of a replay, which IAM checks too
    ("kms:Decrypt", "KmsKeyArn"),  # the services call KMS
    ("kms:GenerateDataKey", "KmsKeyArn"),
}
"""What a policy grants although no command calls it."""
POLICIES = ("ReaderPolicy", "OperatorPolicy", "EraserPolicy")
OPERATES = ("reconcile", "quarantine redrive", "failures redrive", "backlog redrive", "publish")
"""The begins of the rows that need OperatorPolicy too."""
ERASES = ("erase",)
"""The rows that need EraserPolicy too."""
RECEIPT = "RECEIPT"
"""Stands for the id of the receipt that an erasure has printed."""
ENGAGE_SECRET = "engage-api"
LARGE = "large"
"""The envelope id of an event whose body is an object in S3."""


@pytest.fixture
def deployed() -> Iterator[Deployment]:
    """A deployment with something for every command: events, a large body, a failure, a quarantined body and a rule."""
    deliver_as_eventbridge()
    world = World()
    start = ago(days=-5)
    world.put(delivery(appointment_id="a-9", start=start, end=start)["data"]["appointment"])
    with mock_aws(), EngageServer(world) as server:
        deployment = Deployment(EngageApiSecretArn="engage-api")
        deployment.engage_url = server.url
        boto3.client("secretsmanager").create_secret(Name=ENGAGE_SECRET, SecretString=server.credentials())
        deployment.receive(body(delivery(id="e-1")))
        deployment.receive(body(delivery(id=LARGE, updated_at="2026-03-02T10:00:00Z", internalNotes="x" * 1_200_000)))
        deployment.log_delivery("stored", "e-1", "a-1")
        deployment.log_run("continues")
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
        "reconcile": [
            ["reconcile", "--id", "a-1", *engage_options(deployment)],
            ["reconcile", *engage_options(deployment)],
        ],
        "quarantine list, show": [["quarantine", "list"], ["quarantine", "show", "contract/", "--body"]],
        "quarantine redrive": [["quarantine", "redrive"], ["quarantine", "redrive", "--yes"]],
        "failures list": [["failures", "list"]],
        "failures redrive": [
            ["failures", "redrive", "--appointment", "a-1", "--yes"],
            ["failures", "redrive", "--event", "none"],
            ["failures", "redrive", "--yes"],
        ],
        "backlog status": [["backlog", "status"]],
        "backlog list": [["backlog", "list"]],
        "backlog redrive": [["backlog", "redrive", "--yes"]],
        "reconcile --repair": [["reconcile", "--repair", "--yes", *engage_options(deployment)]],
        "publish --to queue": [
            ["publish", "--to", f"queue:{queue}", "--since", "1h", "--yes"],
            ["publish", "--to", f"queue:{queue}", "--event", "none"],
        ],
        "publish --to rule": [["publish", "--to", "rule:crm", "--since", "1h", "--yes"]],
        "publish --to everybody": [["publish", "--to", "everybody", "--appointment", "a-1", "--yes"]],
        "erase": [["erase", "--customer", "7"], ["erase", "--customer", "7", "--yes"], ["erase", "--prove", RECEIPT]],
    }


def engage_options(deployment: Deployment) -> list[str]:
    arn = boto3.client("secretsmanager").describe_secret(SecretId=ENGAGE_SECRET)["ARN"]
    url = deployment.engage_url
    where = ["--engage-secret", arn, "--engage-enterprise", ENTERPRISE]
    return [*where, "--engage-api-url", url, "--engage-auth-url", url, "--calls-per-second", "50"]


def prepare_erasure(deployment: Deployment) -> None:
    """Give up a large delivery, and keep versions of objects. The repair before has emptied the backlog."""
    for bucket in ("BodiesBucket", "QuarantineBucket"):  # somebody can have switched on versions of the second one
        deployment.s3.put_bucket_versioning(
            Bucket=deployment.resources[bucket], VersioningConfiguration={"Status": "Enabled"}
        )
    give_up(deployment, body(delivery(id="e-4", subject={"id": os.urandom(300_000).hex()})))


def granted(policy: str) -> set[tuple[str, str]]:
    """Return the actions of a managed policy with the resource of the stack that each is for, ``*`` for no narrower."""
    document = resources(every_condition())[policy]["Properties"]["PolicyDocument"]
    return {
        (action, next((name for name in references(resource) if not name.startswith("AWS::")), "*"))
        for statement in document["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def needed(deployment: Deployment, calls: set[permissions.Call]) -> set[tuple[str, str]]:
    """Return the actions of calls with the logical id of the resource that each names, ``*`` for another."""
    logical = {physical: name for name, physical in deployment.resources.items()} | {BUS: "AppointmentsBus"}
    secret = boto3.client("secretsmanager").describe_secret(SecretId="webhook-secret")["ARN"]
    logical[secret] = "WebhookSecret"
    logical[boto3.client("secretsmanager").describe_secret(SecretId=ENGAGE_SECRET)["ARN"]] = "EngageApiSecretArn"
    found = set()
    for action, resource in calls:
        name = resource.rpartition("/")[2] if resource.startswith("arn:aws:events:") else resource
        found.add((action, logical.get(name, name if name == "AppointmentsArchive" else "*")))
    return found


def policy_of_row(row: str) -> str:
    """The policy that a row needs besides ReaderPolicy, or ReaderPolicy."""
    return "EraserPolicy" if row in ERASES else "OperatorPolicy" if row.startswith(OPERATES) else "ReaderPolicy"


def assert_granted(row: str, calls: set[tuple[str, str]]) -> None:
    """Check that the policies of a row have each of its calls on its resource."""
    allowed = granted("ReaderPolicy") | granted(policy_of_row(row))
    missing = {(action, name) for action, name in calls if not {(action, name), (action, "*")} & allowed}
    assert missing == UNGRANTED.get(row, set()), row


def assert_used(policy: str, calls: set[tuple[str, str]]) -> None:
    """Check that a policy has nothing that no command calls."""
    actions = {action for action, _ in calls}
    spare = {each for each in granted(policy) if each not in calls and not (each[1] == "*" and each[0] in actions)}
    assert spare <= UNUSED, policy


def test_the_page_lists_the_calls_of_every_command_and_a_policy_has_them(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: set[permissions.Call] = set()

    def record(service: str, operation: str, parameters: Any) -> permissions.Call:
        call = permissions.call_of(service, operation, parameters)
        recorded.add(call)
        return call

    monkeypatch.setattr(reach, "call_of", record)
    monkeypatch.setattr(tail, "POLL_SECONDS", 0.0)
    # moto's CloudFormation creates neither the functions nor the alarms of the template, and no archive.
    monkeypatch.setattr(Stack, "of_type", lambda *_: {"Alarm": "alarm"})
    known = Target.resource
    missing = ("PublisherFunction", "BacklogFunction", "AppointmentsArchive")
    monkeypatch.setattr(Target, "resource", lambda target, name: name if name in missing else known(target, name))
    lines = ["| command | policy | permissions |", "| --- | --- | --- |"]
    monkeypatch.setattr(queue_reader, "WAIT_SECONDS", 0)
    by_all: dict[str, set[tuple[str, str]]] = {policy: set() for policy in POLICIES}
    receipt = ""
    for name, runs in commands(deployed).items():
        if name == "reconcile --repair":  # nothing is repaired while a delivery waits
            for waiting in ("BacklogQueue", "BacklogFailureQueue"):
                deployed.sqs.purge_queue(QueueUrl=deployed.resources[waiting])
        if name == "erase":
            prepare_erasure(deployed)
        recorded.clear()
        for arguments in runs:
            answer = deployed.invoke(*(receipt if each == RECEIPT else each for each in arguments))
            assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
            assert RECEIPT not in arguments or answer.exit_code == 0, answer.output
            receipt = json.loads(answer.stdout)["receipt"] if '{"receipt"' in answer.stdout else ""
        called = {call.action for call in recorded} | {action for action, _ in UNRECORDED.get(name, set())}
        assert called >= STACK_CALLS, name
        pairs = needed(deployed, recorded) | UNRECORDED.get(name, set())
        assert_granted(name, pairs)
        policy = policy_of_row(name)
        by_all[policy] |= pairs
        also = "" if policy == "ReaderPolicy" else "`ReaderPolicy`, "
        actions = ", ".join(f"`{action}`" for action in sorted(called - STACK_CALLS))
        lines.append(f"| `{name}` | {also}`{policy}` | {actions} |")
    for policy, pairs in by_all.items():
        assert_used(policy, pairs)
    text = PAGE.read_text(encoding="utf-8")
    current = TABLE.sub("\n".join(lines), text)
    if os.environ.get("REWRITE_DOCS"):
        PAGE.write_text(current, encoding="utf-8")
        text = current
    assert current == text


def test_the_error_for_a_denied_action_knows_what_each_policy_has() -> None:
    reader, operator, eraser = ({action for action, _ in granted(name)} for name in POLICIES)
    assert reader == permissions.READER
    assert operator - reader == permissions.OPERATOR
    assert eraser - reader == permissions.ERASER


@pytest.mark.parametrize(
    ("action", "advice"),
    [
        ("dynamodb:Scan", "ReaderPolicy of the stack has it (output ReaderPolicyArn)"),
        ("events:PutEvents", "OperatorPolicy of the stack has it (output OperatorPolicyArn)"),
        ("sqs:SendMessage", "OperatorPolicy of the stack has it for its own queues (output OperatorPolicyArn)"),
        ("s3:PutObject", "OperatorPolicy of the stack has it (output OperatorPolicyArn), or EraserPolicy for erase"),
        ("s3:DeleteObjectVersion", "EraserPolicy of the stack has it (output EraserPolicyArn)"),
        ("sts:AssumeRole", "No policy of the stack has it"),
    ],
)
def test_a_denied_action_names_the_policy_that_has_it(action: str, advice: str) -> None:
    message = f"User: arn:aws:iam::1:user/a is not authorized to perform: {action} on resource: arn:aws:x because"
    error = ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, "Operation")
    converted = errors.converted(error, "profile night")
    assert converted.exit_code == errors.DENIED
    assert converted.message.startswith(f"profile night lacks a permission: {action} on arn:aws:x. {advice}")


@pytest.mark.parametrize("policy", POLICIES)
def test_a_managed_policy_fits_its_limit_and_has_no_wildcard_in_an_action(policy: str) -> None:
    """IAM accepts at most 6,144 characters without white space. A resource counts with a long name here."""
    document = resolved(resources(every_condition())[policy]["Properties"]["PolicyDocument"], "s" * 60)
    text = json.dumps(document, separators=(",", ":"))
    arns = text.count(".Arn") + text.count("KmsKeyArn")
    assert len(text) + 70 * arns < 6144
    assert not [action for action, _ in granted(policy) if "*" in action]


def test_the_name_of_a_managed_policy_is_generated() -> None:
    """A deployment with a name of ours needs CAPABILITY_NAMED_IAM, and the name must be free in the account."""
    for policy in of_type(resources(every_condition()), "AWS::IAM::ManagedPolicy").values():
        assert set(policy["Properties"]) == {"Description", "PolicyDocument"}
