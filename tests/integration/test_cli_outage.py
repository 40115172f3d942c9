"""What the commands say while something fails: why, since when, and what waits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.builders import body, delivery
from tests.deployment import BUS, Deployment
from tests.integration.test_cli_reading import facts, put_metric

THROTTLED = "DynamoDB answered ProvisionedThroughputExceededException"


@pytest.fixture
def deployed() -> Iterator[Deployment]:
    with mock_aws():
        yield Deployment()


def back(**time: float) -> datetime:
    return datetime.now(UTC) - timedelta(**time)


def fail(
    deployment: Deployment, service: str, message: str, error: str, at: datetime | None = None, **ids: Any
) -> None:
    """Write the line of a function about an error, as Powertools does."""
    deployment.log(service, {"level": "ERROR", "service": service, "message": message, "error": error, **ids}, at)


def defer(deployment: Deployment, envelope_id: str, at: datetime) -> None:
    """Write the two lines of the webhook about a delivery that it deferred."""
    ids = {"function_request_id": f"r-{envelope_id}", "envelope_id": envelope_id, "appointment_id": "a-1"}
    fail(deployment, "webhook", "not stored at once", THROTTLED, at, **ids)
    line = {"_aws": {}, "service": "webhook", "message": "deferred", "event_type": "RESCHEDULE", **ids}
    deployment.log("webhook", line, at)


def try_again(deployment: Deployment, envelope_id: str, at: datetime) -> None:
    """Write the two lines of BacklogFunction about a batch that it could not store."""
    request = {"function_request_id": "r-1"}
    deployment.log("backlog", {"level": "WARNING", "message": "not stored yet", "error": THROTTLED, **request}, at)
    entry = {"outcome": "again", "envelope_id": envelope_id, "appointment_id": "a-1", "event_type": "RESCHEDULE"}
    deployment.log("backlog", {"_aws": {}, "service": "backlog", "messages": [entry], **request}, at)


def test_a_history_has_the_delivery_that_waits_and_why_until_it_is_stored(deployed: Deployment) -> None:
    deployed.receive(body(delivery(id="e-1")))
    defer(deployed, "e-2", back(minutes=3))
    try_again(deployed, "e-2", back(minutes=1))
    waiting, stored = deployed.records("history", "a-1")
    assert (waiting["envelopeId"], waiting["eventType"], waiting["marks"]) == (
        "e-2",
        "RESCHEDULE",
        ["waits in the backlog"],
    )
    assert waiting["detail"] == THROTTLED
    assert stored["envelopeId"] == "e-1"
    deployed.receive(body(delivery(id="e-2", updated_at="2026-03-02T11:00:00Z")))
    newest, oldest = deployed.records("history", "a-1")
    assert (newest["envelopeId"], newest["marks"], oldest["envelopeId"]) == ("e-2", ["deferred"], "e-1")


def test_a_history_has_the_delivery_that_was_answered_with_503(deployed: Deployment) -> None:
    fail(deployed, "webhook", "not safe", THROTTLED, envelope_id="e-2", appointment_id="a-2")
    (lost,) = deployed.records("history", "a-2")
    assert (lost["marks"], lost["detail"]) == (["not stored, answered with 503"], f"503 {THROTTLED}")


def test_a_refused_delivery_that_is_kept_is_in_the_history_once(deployed: Deployment) -> None:
    deployed.keep(b"{}", "2026-03-02T10:00:00.000000000Z", appointment_id="a-1", envelope_id="e-2")
    defer(deployed, "e-2", back(minutes=3))
    (kept,) = deployed.records("history", "a-1")
    assert kept["marks"] == ["quarantined contract"]


def test_a_history_marks_an_event_that_the_publisher_tries_again_until_it_is_published(deployed: Deployment) -> None:
    deployed.receive(body(delivery(id="e-1")))
    deployed.log_publication(("e-1", "a-1"), result="again", at=back(minutes=2))
    assert deployed.records("history", "a-1")[0]["marks"] == ["not yet published"]
    deployed.log_publication(("e-1", "a-1"), at=back(minutes=1))
    assert deployed.records("history", "a-1")[0]["marks"] == []


def test_tail_says_why_a_delivery_is_deferred_and_tried_again(deployed: Deployment) -> None:
    defer(deployed, "e-2", back(minutes=3))
    try_again(deployed, "e-2", back(minutes=1))
    lines = deployed.records("tail", "--since", "1h", "--count", "2")
    assert [(each["result"], each["detail"]) for each in lines] == [("deferred", THROTTLED), ("again", THROTTLED)]


def test_status_counts_the_errors_in_the_logs_and_says_whether_they_go_on(deployed: Deployment) -> None:
    assert facts()["errors in the logs"] == ("ok", "none in 15 min")
    for minutes in (9, 2, 1):
        defer(deployed, f"e-{minutes}", back(minutes=minutes))
    fail(deployed, "publisher", "events not published in time, reported", "ThrottlingException", back(minutes=8))
    fail(deployed, "backlog", "old", "old", back(minutes=20))
    for text in ("[", "error", "5", '{"error": 1}', '{"level": "INFO", "error": "x"}'):
        event: Any = {"timestamp": int(back(minutes=1).timestamp() * 1000), "message": f"{text}"}
        group = deployed.resources["WebhookFunctionLogGroup"]
        deployed.logs.put_log_events(logGroupName=group, logStreamName="1", logEvents=[event])
    found = facts()
    assert "errors of the backlog" not in found
    assert found["errors of the webhook"] == (
        "wrong",
        f"3 in 15 min, the last one 1 min ago: not stored at once, {THROTTLED}",
    )
    assert found["errors of the publisher"] == (
        "-",
        "1 in 15 min, the last one 8 min ago: events not published in time, reported, ThrottlingException",
    )


def test_each_fact_that_needs_a_person_says_what_to_do() -> None:
    with mock_aws():
        deployed = Deployment(LogLevel="DEBUG", WebhookAuth="none", EngageApiSecretArn="arn", ReconcileHours="1")
        for service, name in (("webhook", "NotStored"), ("webhook", "Unauthorized"), ("webhook", "Accepted")):
            put_metric(service, name, 9, back(minutes=20))
        boto3.client("events").put_rule(Name="crm", EventBusName=BUS, EventPattern='{"source": ["pexip.engage"]}')
        dimensions = [{"Name": "EventBusName", "Value": BUS}, {"Name": "RuleName", "Value": "crm"}]
        datum: Any = {"MetricName": "FailedInvocations", "Value": 1, "Dimensions": dimensions}
        boto3.client("cloudwatch").put_metric_data(Namespace="AWS/Events", MetricData=[datum])
        for queue in ("PublisherFailureQueue", "BacklogFailureQueue", "BacklogQueue"):
            deployed.sqs.send_message(QueueUrl=deployed.resources[queue], MessageBody="x")
        deployed.keep(b"{}", "2026-03-02T10:00:00.000000000Z")
        deployed.log_run("failed", at=back(hours=9))
        fail(deployed, "webhook", "the secret could not be read", "AWSCURRENT: the secret is empty")
        boto3.client("secretsmanager").delete_secret(SecretId="webhook-secret")
        records = [json.loads(line) for line in deployed.invoke("status", "--json").stdout.splitlines()]
    wrong = {each["what"]: each["detail"] for each in records if each["state"] == "wrong"}
    assert len(wrong) > 12
    assert [what for what, detail in wrong.items() if ": " not in detail] == []
