"""WebhookFunction as API Gateway invokes it, on an embedded AWS."""

from __future__ import annotations

import importlib
import io
import json
import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from tests.builders import ENVIRONMENT, TOKEN, body, delivery, make_bucket, webhook_event

CONTEXT = SimpleNamespace(
    function_name="webhook", memory_limit_in_mb=512, invoked_function_arn="arn:aws:lambda", aws_request_id="r-1"
)


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The real handler over a fresh embedded AWS; gives status and decoded answer."""
    with mock_aws():
        boto3.client("secretsmanager").create_secret(Name="token", SecretString=TOKEN)
        boto3.client("dynamodb").create_table(
            TableName="appointments",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)
        for bucket in (ENVIRONMENT["QUARANTINE_BUCKET_NAME"], ENVIRONMENT["BODIES_BUCKET_NAME"]):
            make_bucket(bucket)
        import webhook.handler

        handler = importlib.reload(webhook.handler)

        def invoked(event: dict[str, Any]) -> tuple[int, Any]:
            answer = handler.lambda_handler(event, CONTEXT)
            return answer["statusCode"], json.loads(answer["body"])

        invoked.handler = handler  # type: ignore[attr-defined]
        yield invoked


def outcome(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["outcome"]


def test_new_again_and_older_are_stored_duplicate_and_stale(invoke: Any) -> None:
    new = webhook_event(body(delivery(id="e-1")))
    assert outcome(invoke(new)) == (202, "stored")
    assert outcome(invoke(new)) == (200, "duplicate")
    older = webhook_event(body(delivery(id="e-2", updated_at="2026-03-01T00:00:00Z")))
    assert outcome(invoke(older)) == (202, "stale")


def test_a_known_id_with_other_content_is_acknowledged_and_kept_in_quarantine_once(invoke: Any) -> None:
    invoke(webhook_event(body(delivery(id="e-1"))))
    other = body(delivery(id="e-1", internalNotes="other"))
    assert [outcome(invoke(webhook_event(other))) for _ in range(3)] == [(200, "conflicting-duplicate")] * 3
    (kept,) = boto3.client("s3").list_objects_v2(Bucket="quarantine")["Contents"]
    assert kept["Key"].startswith("conflicting-duplicate/")
    assert boto3.client("s3").get_object(Bucket="quarantine", Key=kept["Key"])["Body"].read() == other


def test_a_conflict_that_cannot_be_kept_is_not_acknowledged(invoke: Any) -> None:
    invoke(webhook_event(body(delivery(id="e-1"))))
    boto3.client("s3").delete_bucket(Bucket="quarantine")
    assert invoke(webhook_event(body(delivery(id="e-1", internalNotes="other"))))[0] == 503


def test_a_body_of_5_mb_is_stored(invoke: Any) -> None:
    assert outcome(invoke(webhook_event(body(delivery(internalNotes="x" * 5_000_000))))) == (202, "stored")


def test_the_exact_bytes_are_kept_also_when_they_arrive_as_base64(invoke: Any) -> None:
    content = body(delivery(internalNotes="é 😀"))
    assert outcome(invoke(webhook_event(content, encoded=True))) == (202, "stored")
    assert outcome(invoke(webhook_event(content))) == (200, "duplicate")


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": TOKEN},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": "Bearer é\udcff"},
    ],
)
def test_nobody_gets_in_without_the_token_and_nothing_is_written(invoke: Any, headers: dict[str, str]) -> None:
    status, problem = invoke(webhook_event(body(delivery()), token=None, headers=headers))
    assert (status, problem["status"]) == (401, 401)
    assert boto3.client("dynamodb").scan(TableName="appointments")["Count"] == 0


def test_a_request_without_headers_or_body_is_unauthorized(invoke: Any) -> None:
    assert invoke({})[0] == 401


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"\xff", {}, 400),
        (b"[]", {}, 422),
        (b"{}", {}, 422),
        (body(delivery()), {"content-type": "text/plain"}, 415),
        (body(delivery()), {"content-encoding": "gzip"}, 415),
        (body(delivery()), {"content-type": "application/json; charset=utf-8"}, 202),
    ],
)
def test_each_refusal_has_its_status(invoke: Any, content: bytes, headers: dict[str, str], status: int) -> None:
    assert invoke(webhook_event(content, headers=headers, encoded=True))[0] == status


def test_base64_that_is_none_is_malformed(invoke: Any) -> None:
    event = webhook_event(b"{}") | {"body": "*", "isBase64Encoded": True}
    assert invoke(event)[0] == 400


def test_a_store_that_cannot_store_is_503(invoke: Any) -> None:
    boto3.client("dynamodb").delete_table(TableName="appointments")
    assert invoke(webhook_event(body(delivery())))[0] == 503


def test_a_secret_that_cannot_be_read_is_503_never_an_open_door(invoke: Any) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId="token", ForceDeleteWithoutRecovery=True)
    assert invoke(webhook_event(body(delivery())))[0] == 503


def test_nothing_personal_is_logged_or_answered_even_at_debug(
    invoke: Any,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    # The logger keeps the standard output of whoever made it first, which capsys does not see.
    lines = io.StringIO()
    monkeypatch.setattr(invoke.handler.logger.registered_handler, "stream", lines)
    invoke.handler.logger.setLevel(logging.DEBUG)
    document = delivery(internalNotes="c4n4ry", externalId="c4n4ry", office={"id": "o", "c4n4ry": "c4n4ry"})
    document["correlationId"] = "c4n4ry@example.com"
    said = [invoke(webhook_event(body(document))), invoke(webhook_event(body(document) + b"c4n4ry"))]
    document["data"]["appointment"]["status"] = "c4n4ry"
    said.append(invoke(webhook_event(body(document))))
    assert [status for status, _ in said] == [202, 400, 422]
    printed = capsys.readouterr()
    assert lines.getvalue().count("\n") == 3
    for text in (json.dumps(said), lines.getvalue(), printed.out, printed.err, caplog.text):
        assert "c4n4ry" not in text
        assert TOKEN not in text


@given(content=st.binary(max_size=300), encoded=st.booleans())
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_body_is_ever_a_500(invoke: Any, content: bytes, encoded: bool) -> None:
    assert invoke(webhook_event(content, encoded=encoded))[0] in (400, 422)
