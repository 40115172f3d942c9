"""What the bill counts (tests/fixtures/budgets/bill.json) is what the code does over the life of an appointment."""

from __future__ import annotations

import importlib
import json
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from appointments.publishing.messages import message
from appointments.storage import items
from generate import bill
from samples import stream
from samples.life import LIFE, deliveries
from tests.builders import ENVIRONMENT, TOKEN, make_table_and_buckets, start_webhook, webhook_event
from tests.template import default_conditions, resolved, resources

BUDGETS: dict[str, Any] = json.loads(bill.BUDGETS.read_text(encoding="utf-8"))
BYTES: dict[str, int] = BUDGETS["bytes"]
REQUEST_ID = "5a4f0b0e-8f3b-4c11-9d5e-2f1d0a6c7b11"
SOURCE = "pexip.engage"
RECEIVED_MS = 1_775_001_600_000
"""After every change of the life: an updatedAt ahead of its receipt breaks a limit."""
ITEM_OVERHEAD = 100
"""Bytes that DynamoDB adds to each item and each index entry when it bills storage."""
PLATFORM_LINES = (
    f"START RequestId: {REQUEST_ID} Version: 12\n",
    f"END RequestId: {REQUEST_ID}\n",
    f"REPORT RequestId: {REQUEST_ID}\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 512 MB\t"
    "Max Memory Used: 60 MB\t\n",
)
"""What Lambda logs of a successful invocation, as text."""
ACCESS = {
    "requestId": "Kd1xPj0cDoEEMjw=",
    "integration.requestId": REQUEST_ID,
    "routeKey": "POST /webhooks/appointments",
    "status": "202",
    "responseLatency": "14",
    "integrationErrorMessage": "-",
}
CONTEXT = SimpleNamespace(
    function_name="engage-WebhookFunction-1EXAMPLE2WEB",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:engage-WebhookFunction-1EXAMPLE2WEB:live",
    aws_request_id=REQUEST_ID,
    get_remaining_time_in_millis=lambda: 60_000,
)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Appointments/engage")
    with mock_aws():
        yield monkeypatch


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().out.splitlines() if line]


def close_to(measured: float, budget: float) -> bool:
    """Whether the measured bytes are at most the budget, and not much less."""
    return 0.97 * budget <= measured <= budget


def test_a_delivery_logs_one_line_of_the_bytes_and_metrics_that_the_bill_counts(
    aws: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = boto3.client("secretsmanager").create_secret(Name="token", SecretString=TOKEN)
    for name, value in (ENVIRONMENT | {"WEBHOOK_SECRET_ARN": secret["ARN"]}).items():
        aws.setenv(name, value)
    aws.setenv("POWERTOOLS_SERVICE_NAME", "webhook")
    make_table_and_buckets()
    handler = start_webhook()
    capsys.readouterr()
    for body in LIFE:
        event = webhook_event(body)
        event["requestContext"]["timeEpoch"] = RECEIVED_MS
        assert handler.lambda_handler(event, CONTEXT)["statusCode"] == 202
    logged = lines(capsys)
    assert len(logged) == len(LIFE)
    assert close_to(max(len(line.encode()) for line in logged), BYTES["webhookLog"])
    assert len(metrics(logged)) == BUDGETS["metrics"]["webhook"]


def test_an_invocation_of_the_publisher_logs_one_line_of_the_bytes_and_metrics_that_the_bill_counts(
    aws: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    boto3.client("events").create_event_bus(Name="appointments")
    variables = {
        "POWERTOOLS_SERVICE_NAME": "publisher",
        "EVENT_BUS_NAME": "appointments",
        "EVENT_SOURCE": SOURCE,
        "EVENT_DETAIL": "full",
        "FAILURE_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/failures",
        "BODIES_BUCKET_NAME": "bodies",
    }
    for name, value in variables.items():
        aws.setenv(name, value)
    handler = importlib.reload(importlib.import_module("publisher.handler"))
    capsys.readouterr()
    assert handler.lambda_handler(stream.batches()["one"], CONTEXT) == {"batchItemFailures": []}
    logged = lines(capsys)
    assert len(logged) == 1
    (event,) = json.loads(logged[0])["events"]
    of_event = len(json.dumps(event, separators=(",", ":")))
    assert close_to(of_event, BYTES["publishedEventLog"])
    assert close_to(len(logged[0].encode()) - of_event, BYTES["publisherLog"])
    assert len(metrics(logged)) == BUDGETS["metrics"]["publisher"]


def test_the_bill_counts_lambdas_lines_of_a_success_and_the_line_of_the_access_log() -> None:
    assert sum(len(line) for line in PLATFORM_LINES) == BYTES["platformLog"]
    access = resources(default_conditions())["WebhookApi"]["Properties"]["AccessLogSettings"]["Format"]
    line = resolved(access, "engage")
    for name, value in ACCESS.items():
        line = line.replace(f"$context.{name}", value)
    assert "$context" not in line
    assert len(line) == BYTES["accessLog"]


def test_the_bill_counts_the_stored_bytes_of_a_life() -> None:
    delivered = deliveries()
    current = items.current_item(delivered[-1])
    stored = [items.event_item(delivery) for delivery in delivered] + [current]
    keys = (items.PARTITION_KEY, items.SORT_KEY)
    entries = [{name: current[name] for name in (*keys, *index)} for index in items.INDEXES.values()]
    total = sum(items.size(item) + ITEM_OVERHEAD for item in (*stored, *entries))
    assert close_to(total, BUDGETS["life"]["storedBytes"])


def test_the_bill_counts_the_largest_body_and_message_of_a_life() -> None:
    assert max(map(len, LIFE)) == BYTES["body"]
    published = [message(items.event_item(delivery), source=SOURCE) for delivery in deliveries()]
    assert max(each.size(source=SOURCE) for each in published) <= BYTES["message"]


def metrics(logged: list[str]) -> set[str]:
    """The names of the metrics in these lines."""
    blocks = [block for line in logged for block in json.loads(line)["_aws"]["CloudWatchMetrics"]]
    return {metric["Name"] for block in blocks for metric in block["Metrics"]}
