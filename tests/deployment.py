"""A deployment in the embedded AWS of this process, for the tests of the command-line tool."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from click.testing import CliRunner, Result

from appointments.contract.instants import utc
from appointments.contract.mode import ContractMode
from appointments.deadline import Deadline
from appointments.intake import Arrival, Intake, Receipt
from appointments.outcome import Outcome
from appointments.storage.backlog import Deferred
from appointments.storage.bodies import Bodies
from appointments.storage.items import event_sort_key, partition_key
from appointments.storage.quarantine import Quarantine
from appointments.storage.store import Store
from appointments_cli.main import main
from local.moto_speed import make_stacks_fast
from tests import template
from tests.repairs import repair, save_repair

STACK = "engage"
BUS = "engage-appointments"
EMBEDDED = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::Logs::LogGroup")
"""What moto's CloudFormation can create of the template."""
OUTPUTS = {"EventBusName": {"Ref": "AppointmentsBus"}, "WebhookSecretArn": {"Ref": "WebhookSecret"}}
GROUPS = {
    "webhook": "WebhookFunctionLogGroup",
    "backlog": "BacklogFunctionLogGroup",
    "publisher": "PublisherFunctionLogGroup",
    "api": "WebhookApiLogGroup",
    "reconcile": "ReconcileFunctionLogGroup",
}


class Deployment:
    """The stack ``engage`` with the resources of template.yaml, and an operator who runs commands on it.

    ``parameters`` are values of the template's parameters. ``engage_url`` is the address of the stand-in of the
    vendor's API, for a test that starts one.
    """

    engage_url = ""

    def __init__(self, **parameters: str) -> None:
        make_stacks_fast()
        secret = boto3.client("secretsmanager").create_secret(Name="webhook-secret", SecretString="secret")
        boto3.client("events").create_event_bus(Name=BUS)
        references = {"WebhookSecret": secret["ARN"], "AppointmentsBus": BUS}
        self.cloudformation = boto3.client("cloudformation")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.cloudformation.create_stack(
                StackName=STACK,
                TemplateBody=json.dumps(_embeddable(references)),
                Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            )
        summaries = self.cloudformation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
        self.resources = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in summaries}
        self.dynamodb, self.s3, self.sqs = boto3.client("dynamodb"), boto3.client("s3"), boto3.client("sqs")
        self.logs = boto3.client("logs")
        for group in GROUPS.values() & self.resources.keys():
            self.logs.create_log_stream(logGroupName=self.resources[group], logStreamName="1")
        self.quarantine = Quarantine(self.s3, self.resources["QuarantineBucket"])
        bodies = Bodies(self.s3, self.resources["BodiesBucket"])
        self.store = Store(self.dynamodb, self.table_name, lambda: bodies)
        self.intake = Intake(
            self.store,
            mode=ContractMode.TOLERANT,
            history_retention_days=0,
            quarantine=lambda: self.quarantine,
        )

    @property
    def table_name(self) -> str:
        return str(self.resources["AppointmentsTable"])

    def run(self, *arguments: str, code: int = 0) -> Result:
        """Run a command as in a pipe, and check its exit code."""
        answer = self.invoke(*arguments)
        assert answer.exit_code == code, (answer.exit_code, answer.output, answer.exception)
        return answer

    def invoke(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, [*arguments, "--stack", STACK])

    def records(self, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run(*arguments, "--json", code=code).stdout.splitlines()]

    def receive(self, body: bytes, received_at: str | None = None) -> Receipt:
        """Take in a delivery as the webhook does, without its log lines."""
        return self.intake.receive(Arrival(body, received_at or ago(seconds=60)), Deadline(20))

    def repair(self, **members: Any) -> str:
        """Store the repair of an appointment that the API answered, and return its id."""
        written = repair(ago(seconds=60), **members)
        assert save_repair(self.store, written) is Outcome.STORED
        return written.essentials.envelope_id

    def receive_deferred(self, deferred: Deferred) -> Receipt:
        """Take in a delivery of the backlog as BacklogFunction does."""
        return self.intake.receive(
            Arrival(deferred.body, deferred.received_at, erased_at=deferred.erased_at), Deadline(20)
        )

    def age(self, appointment_id: str, envelope_id: str, **time: float) -> None:
        """Make an event as old as one that must be published by now: stored half an hour ago, unless given."""
        self.dynamodb.update_item(
            TableName=self.table_name,
            Key={"pk": {"S": partition_key(appointment_id)}, "sk": {"S": event_sort_key(envelope_id)}},
            UpdateExpression="SET storedAt = :at",
            ExpressionAttributeValues={":at": {"S": ago(**(time or {"minutes": 30}))}},
        )

    def keep(self, body: bytes, received_at: str, *, reason: Outcome = Outcome.CONTRACT, **ids: str) -> str:
        """Put a body into quarantine, with ids in its metadata as the webhook writes them."""
        key = f"{reason.value}/{hashlib.sha256(body).hexdigest()}"
        named = {name.replace("_", "-"): value for name, value in ids.items()}
        self.s3.put_object(
            Bucket=self.resources["QuarantineBucket"],
            Key=key,
            Body=body,
            Metadata={"reason": reason.value, "received-at": received_at, "violation-count": "0", **named},
        )
        return key

    def log_groups(self) -> list[str]:
        return [self.resources[group] for group in GROUPS.values() if group in self.resources]

    def log(self, service: str, line: dict[str, Any], at: datetime | None = None) -> None:
        """Write a line to the log group of a function, or of the API."""
        moment = at or datetime.now(UTC)
        event: Any = {"timestamp": int(moment.timestamp() * 1000), "message": json.dumps(line)}
        self.logs.put_log_events(logGroupName=self.resources[GROUPS[service]], logStreamName="1", logEvents=[event])

    def log_delivery(self, outcome: str, envelope_id: str, appointment_id: str, at: datetime | None = None) -> None:
        """Write the line of the webhook about a delivery that was not refused."""
        ids = {"envelope_id": envelope_id, "appointment_id": appointment_id, "correlation_id": "c-1"}
        self.log("webhook", {"_aws": {}, "service": "webhook", "message": outcome, "event_type": "CREATE", **ids}, at)

    def log_publication(
        self, *envelopes: tuple[str, str], result: str = "published", at: datetime | None = None
    ) -> None:
        """Write the line of the publisher about events, given as envelope id and appointment id."""
        events = [
            {"result": result, "event_id": f"eb-{one}", "envelope_id": one, "appointment_id": other}
            for one, other in envelopes
        ]
        self.log("publisher", {"_aws": {}, "service": "publisher", "message": "publisher", "events": events}, at)

    def log_run(self, outcome: str, *missed: Mapping[str, Any], at: datetime | None = None, **members: Any) -> None:
        """Write the line of ReconcileFunction about a run. ``verdicts`` and ``repairs`` count what ``missed`` names."""
        verdicts = {"same": 7, **Counter(each["verdict"] for each in missed)}
        repairs = Counter(each["repair"] for each in missed if "repair" in each)
        line = {"outcome": outcome, "verdicts": verdicts, "repairs": repairs, "missed": missed, **members}
        self.log("reconcile", {"_aws": {}, "service": "reconcile", "message": "reconcile", **line}, at)


def ago(**time: float) -> str:
    """An instant before now, in the form of the table."""
    return utc((datetime.now(UTC) - timedelta(**time)).isoformat())


def _embeddable(references: dict[str, str]) -> dict[str, Any]:
    document = template.DOCUMENT
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": {
            **document["Parameters"],
            **{name: {"Type": "String", "Default": value} for name, value in references.items()},
        },
        "Conditions": document["Conditions"],
        "Resources": template.of_type(document["Resources"], *EMBEDDED),
        "Outputs": {name: {"Value": value} for name, value in OUTPUTS.items()},
    }
