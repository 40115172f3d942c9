"""WebhookFunction on an embedded AWS, invoked as by API Gateway."""

from __future__ import annotations

import gzip
import io
import json
import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from appointments.storage import backlog
from appointments.storage.backlog import Deferred
from tests import profiles
from tests.builders import ENVIRONMENT, TOKEN, body, delivery, make_table_and_buckets, start_webhook, webhook_event
from tests.template import default_conditions, resolved, resources
from webhook.request import Request

CONTEXT = SimpleNamespace(
    function_name="webhook", memory_limit_in_mb=512, invoked_function_arn="arn:aws:lambda", aws_request_id="r-1"
)
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
SEARCH_FIELDS = ("message", "event_type", "correlation_id", "envelope_id", "appointment_id", "function_request_id")


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a function that invokes the real handler, and returns the status and the decoded answer."""
    with mock_aws():
        boto3.client("secretsmanager").create_secret(Name="token", SecretString=TOKEN)
        make_table_and_buckets()
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)
        handler = start_webhook()

        def invoke_handler(event: dict[str, Any]) -> tuple[int, Any]:
            answer = invoke_handler.handler.lambda_handler(event, CONTEXT)  # type: ignore[attr-defined]
            return answer["statusCode"], json.loads(answer["body"])

        invoke_handler.handler = handler  # type: ignore[attr-defined]
        yield invoke_handler


def outcome(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["outcome"]


def test_a_new_a_repeated_and_an_older_delivery_are_stored_duplicate_and_stale(invoke: Any) -> None:
    new = webhook_event(body(delivery(id="e-1")))
    assert outcome(invoke(new)) == (202, "stored")
    assert outcome(invoke(new)) == (200, "duplicate")
    older = webhook_event(body(delivery(id="e-2", updated_at="2026-03-01T00:00:00Z")))
    assert outcome(invoke(older)) == (202, "stale")


def test_a_conflict_is_acknowledged_and_put_in_quarantine_once(invoke: Any) -> None:
    invoke(webhook_event(body(delivery(id="e-1"))))
    other = body(delivery(id="e-1", internalNotes="other"))
    assert [outcome(invoke(webhook_event(other))) for _ in range(3)] == [(200, "conflicting-duplicate")] * 3
    (found,) = boto3.client("s3").list_objects_v2(Bucket="quarantine")["Contents"]
    assert found["Key"].startswith("conflicting-duplicate/")
    assert boto3.client("s3").get_object(Bucket="quarantine", Key=found["Key"])["Body"].read() == other


def test_a_conflict_is_not_acknowledged_if_the_quarantine_is_unavailable(invoke: Any) -> None:
    invoke(webhook_event(body(delivery(id="e-1"))))
    boto3.client("s3").delete_bucket(Bucket="quarantine")
    assert invoke(webhook_event(body(delivery(id="e-1", internalNotes="other"))))[0] == 503


def test_a_body_of_5_mb_is_stored(invoke: Any) -> None:
    assert outcome(invoke(webhook_event(body(delivery(internalNotes="x" * 5_000_000))))) == (202, "stored")


def test_a_body_in_base64_is_stored_as_its_exact_bytes(invoke: Any) -> None:
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
def test_a_request_without_the_token_is_refused_and_writes_nothing(invoke: Any, headers: dict[str, str]) -> None:
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
        (body(delivery()), {"content-encoding": "gzip"}, 415),
        (body({**delivery(), "entity": "Callback Request"}), {}, 422),
        (body(delivery()), {"content-type": "application/json; charset=utf-8"}, 202),
    ],
)
def test_each_kind_of_body_gets_its_status(invoke: Any, content: bytes, headers: dict[str, str], status: int) -> None:
    assert invoke(webhook_event(content, headers=headers, encoded=True))[0] == status


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "text/json; charset=utf-8"},
        {"content-type": "*/*"},
        {"content-type": "application/json, application/json"},
        {"content-type": ""},
        {"content-type": '"application/json"'},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-encoding": "identity"},
        {"content-encoding": "none"},
        {"content-encoding": ""},
        {"content-encoding": "utf-8"},
    ],
)
@pytest.mark.parametrize("encoded", [True, False])
def test_a_valid_body_is_stored_with_any_content_type_or_text_coding(
    invoke: Any, headers: dict[str, str], encoded: bool
) -> None:
    assert outcome(invoke(webhook_event(body(delivery()), headers=headers, encoded=encoded))) == (202, "stored")


def test_a_request_without_content_type_is_stored(invoke: Any) -> None:
    event = webhook_event(body(delivery()))
    del event["headers"]["content-type"]
    assert outcome(invoke(event)) == (202, "stored")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "GZIP", "identity, gzip", "x-gzip"])
def test_a_compressed_body_is_refused_and_put_in_quarantine_with_its_coding(invoke: Any, coding: str) -> None:
    assert invoke(webhook_event(b"\x1f\x8b", headers={"content-encoding": coding}, encoded=True))[0] == 415
    (key,) = quarantined()
    metadata = boto3.client("s3").head_object(Bucket=ENVIRONMENT["QUARANTINE_BUCKET_NAME"], Key=key)["Metadata"]
    assert metadata["content-encoding"] == coding


def test_a_byte_order_mark_is_ignored_by_the_parser_and_stored(invoke: Any) -> None:
    content = b"\xef\xbb\xbf" + body(delivery())
    assert outcome(invoke(webhook_event(content, encoded=True))) == (202, "stored")
    assert outcome(invoke(webhook_event(body(delivery())))) == (200, "duplicate")
    items = boto3.client("dynamodb").scan(TableName="appointments")["Items"]
    assert [gzip.decompress(item["body"]["B"]) for item in items if item["sk"]["S"] != "CURRENT"] == [content]


def test_an_unknown_event_type_is_stored_and_reported_but_not_logged(
    invoke: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    status, answer = invoke(webhook_event(body(delivery(event_type="c4n4ry"))))
    assert (status, answer["outcome"]) == (202, "stored")
    assert [(v["path"], v["rule"]) for v in answer["violations"]] == [("$.data.eventType", "enum")]
    assert "c4n4ry" not in capsys.readouterr().out


def test_an_update_from_the_future_is_reported(invoke: Any) -> None:
    status, answer = invoke(webhook_event(body(delivery(updated_at="9999-12-31T23:59:59Z"))))
    assert (status, answer["violationCount"]) == (202, 1)
    assert answer["violations"] == [
        {"path": "$.data.appointment.updatedAt", "rule": "future", "expected": "at most 300 s after its receipt"}
    ]


def test_invalid_base64_is_malformed(invoke: Any) -> None:
    event = webhook_event(b"{}") | {"body": "*", "isBase64Encoded": True}
    assert invoke(event)[0] == 400


def test_an_unavailable_table_is_a_503(invoke: Any) -> None:
    boto3.client("dynamodb").delete_table(TableName="appointments")
    assert invoke(webhook_event(body(delivery())))[0] == 503


def test_an_unreadable_secret_is_a_503(invoke: Any) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId="token", ForceDeleteWithoutRecovery=True)
    invoke.handler = start_webhook()
    assert invoke(webhook_event(body(delivery())))[0] == 503


def test_no_personal_data_is_logged_or_answered_at_debug(
    invoke: Any,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    # The logger writes to the standard output of its creation, which capsys does not capture.
    lines = io.StringIO()
    monkeypatch.setattr(invoke.handler.logger.registered_handler, "stream", lines)
    invoke.handler.logger.setLevel(logging.DEBUG)
    document = delivery(internalNotes="c4n4ry", externalId="c4n4ry", office={"id": "o", "c4n4ry": "c4n4ry"})
    document["correlationId"] = "c4n4ry@example.com"
    answers = [invoke(webhook_event(body(document))), invoke(webhook_event(body(document) + b"c4n4ry"))]
    document["id"] = "e-2"
    document["data"]["appointment"] |= {"status": "c4n4ry", "meetingType": "c4n4ry"}
    answers.append(invoke(webhook_event(body(document))))
    document["data"]["appointment"]["updatedAt"] = "c4n4ry"
    answers.append(invoke(webhook_event(body(document))))
    assert [status for status, _ in answers] == [202, 400, 202, 422]
    printed = capsys.readouterr()
    assert lines.getvalue().count("\n") == 2
    assert printed.out.count("\n") == 4
    for text in (json.dumps(answers), lines.getvalue(), printed.out, printed.err, caplog.text):
        assert "c4n4ry" not in text
        assert TOKEN not in text


def documented_line() -> Any:
    lines = [json.loads(row) for row in OPERATIONS.read_text().splitlines() if row.startswith('{"_aws"')]
    (line,) = (line for line in lines if line["service"] == "webhook")
    return line


def shape(line: Any) -> Any:
    """Return the names in a log line, its dimensions and its metrics, without the values of a delivery."""
    (metrics,) = line["_aws"]["CloudWatchMetrics"]
    return list(line), metrics["Dimensions"], metrics["Metrics"]


def test_an_acknowledged_delivery_logs_one_line_with_its_metrics_and_search_fields(
    invoke: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logged = io.StringIO()
    monkeypatch.setattr(invoke.handler.logger.registered_handler, "stream", logged)
    document = delivery()
    for outcome in ("stored", "duplicate"):
        invoke(webhook_event(body(document)))
        (text,) = capsys.readouterr().out.splitlines()
        line = json.loads(text)
        assert {name: line[name] for name in SEARCH_FIELDS} == {
            "message": outcome,
            "event_type": "CREATE",
            "correlation_id": document["correlationId"],
            "envelope_id": document["id"],
            "appointment_id": document["data"]["appointment"]["id"],
            "function_request_id": CONTEXT.aws_request_id,
        }
        metrics = {metric["Name"] for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
        assert metrics.isdisjoint(SEARCH_FIELDS)
        assert set(line) == {"_aws", "service"} | metrics | set(SEARCH_FIELDS)
        assert outcome != "stored" or shape(line) == shape(documented_line())
    assert logged.getvalue() == ""
    invoke(webhook_event(b"{"))
    (text,) = capsys.readouterr().out.splitlines()
    assert set(SEARCH_FIELDS) & set(json.loads(text)) == {"function_request_id"}


@given(content=st.binary(max_size=300), encoded=st.booleans())
@settings(max_examples=profiles.examples(50), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_is_a_500(invoke: Any, content: bytes, encoded: bool) -> None:
    assert invoke(webhook_event(content, encoded=encoded))[0] in (400, 422)


def quarantined() -> dict[str, bytes]:
    """Return the objects in quarantine by key."""
    s3, bucket = boto3.client("s3"), ENVIRONMENT["QUARANTINE_BUCKET_NAME"]
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


@pytest.mark.parametrize(
    ("content", "headers", "reason"),
    [
        (b"{", {}, "malformed"),
        (b"\xff\x00", {}, "malformed"),
        (b"", {}, "malformed"),
        (b'{"id": "x"}', {}, "contract"),
        (b"<xml/>", {"content-type": "application/xml"}, "malformed"),
        (body({**delivery(), "entity": "Callback Request"}), {}, "callback-request"),
        (b"\x1f\x8b", {"content-encoding": "gzip"}, "media-type"),
    ],
)
def test_an_authenticated_and_refused_body_is_put_in_quarantine_once_byte_for_byte(
    invoke: Any, content: bytes, headers: dict[str, str], reason: str
) -> None:
    for _ in range(3):  # the sender's attempts
        assert invoke(webhook_event(content, headers=headers, encoded=True))[0] in (400, 415, 422)
    ((key, quarantined_body),) = quarantined().items()
    assert (key.partition("/")[0], quarantined_body) == (reason, content)


def test_an_object_in_quarantine_has_its_violations_time_and_request_id(invoke: Any) -> None:
    invoke(webhook_event(body(delivery(id=""))))
    (key,) = quarantined()
    metadata = boto3.client("s3").head_object(Bucket=ENVIRONMENT["QUARANTINE_BUCKET_NAME"], Key=key)["Metadata"]
    assert json.loads(metadata["violations"]) == [["$.id", "minLength", "1"]]
    assert metadata["received-at"] == "2026-03-02T09:00:01.000000000Z"
    assert (metadata["request-id"], metadata["content-type"]) == ("r-1", "application/json")


REFUSED = [
    body(delivery(updated_at="never")),
    body(delivery(appointment_id=48101, updated_at="never")),  # type: ignore[arg-type]
    body({**delivery(), "entity": "Callback Request"}),
]


def quarantine_metadata() -> dict[str, str]:
    (key,) = quarantined()
    metadata: dict[str, str] = boto3.client("s3").head_object(Bucket="quarantine", Key=key)["Metadata"]
    return metadata


def warning(invoke: Any, event: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Invoke the handler and return the one line that the logger writes."""
    lines = io.StringIO()
    monkeypatch.setattr(invoke.handler.logger.registered_handler, "stream", lines)
    invoke(event)
    return json.loads(lines.getvalue())


@pytest.mark.parametrize("content", REFUSED)
def test_a_refused_delivery_is_found_by_its_ids_in_the_log_and_in_quarantine(
    invoke: Any, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = warning(invoke, webhook_event(content), monkeypatch)
    ids = {name: line[name] for name in ("event_type", "correlation_id", "envelope_id", "appointment_id")}
    document = json.loads(content)
    assert line["level"] == "WARNING"
    assert ids == {
        "event_type": "CREATE",
        "correlation_id": "c-1",
        "envelope_id": "e-1",
        "appointment_id": str(document["data"]["appointment"]["id"]),
    }
    metadata = quarantine_metadata()
    assert {name: metadata[name.replace("_", "-")] for name in ids} == ids


@pytest.mark.parametrize(
    "content",
    [b"{", b'{"id": "e-1", "id": "e-1"}', b"[]", b'"e-1"', b'{"id": {"a": 1}, "data": [], "correlationId": true}'],
)
def test_a_body_that_gives_no_ids_leaves_none(invoke: Any, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    line = warning(invoke, webhook_event(content), monkeypatch)
    assert not {"event_type", "correlation_id", "envelope_id", "appointment_id"} & line.keys()
    assert not any(
        name.endswith("-id") for name in quarantine_metadata().keys() - {"request-id", "function-request-id"}
    )


@pytest.mark.parametrize(
    "value", ["Lotte Peeters", "lotte@example.com", "é", "a" * 129, "https://x/y", "\x1b[2J", "-a", ""]
)
def test_an_id_that_does_not_look_like_one_is_neither_logged_nor_noted_on_the_object(
    invoke: Any, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = delivery(id=value, appointment_id=value, updated_at="never", event_type=value)
    document["correlationId"] = value
    line = warning(invoke, webhook_event(body(document)), monkeypatch)
    shown = {"(not logged)"} if value else {None}
    assert {line.get(name) for name in ("correlation_id", "envelope_id", "appointment_id")} == shown
    assert line["event_type"] == "(unrecognized)"
    assert not quarantine_metadata().keys() & {"event-type", "correlation-id", "envelope-id", "appointment-id"}


def test_an_answer_that_asks_to_send_again_is_logged_with_the_ids(invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    boto3.client("dynamodb").delete_table(TableName="appointments")
    lines = io.StringIO()
    monkeypatch.setattr(invoke.handler.logger.registered_handler, "stream", lines)
    assert invoke(webhook_event(body(delivery())))[0] == 503
    error, _ = map(json.loads, lines.getvalue().splitlines())
    assert (error["message"], error["envelope_id"], error["appointment_id"]) == ("not safe", "e-1", "a-1")


def test_gateway_function_and_quarantine_join(invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    event = webhook_event(body(delivery(updated_at="never")))
    event["requestContext"]["requestId"] = "gateway-1"
    line = warning(invoke, event, monkeypatch)
    metadata = quarantine_metadata()
    access = access_log({"requestId": "gateway-1", "integration.requestId": CONTEXT.aws_request_id})
    assert access["requestId"] == metadata["request-id"] == "gateway-1"
    assert access["functionRequestId"] == metadata["function-request-id"] == line["function_request_id"]


def access_log(values: dict[str, str]) -> Any:
    """Return the line that the gateway writes for a request with these values of $context."""
    settings = resources(default_conditions())["WebhookApi"]["Properties"]["AccessLogSettings"]
    text = resolved(settings["Format"], "engage")
    return json.loads(re.sub(r"\$context\.([\w.]+)", lambda found: values.get(found[1], "-"), text))


def test_invalid_base64_is_put_in_quarantine_unchanged(invoke: Any) -> None:
    assert invoke(webhook_event(b"{}") | {"body": "no base64", "isBase64Encoded": True})[0] == 400
    assert list(quarantined().values()) == [b"no base64"]


def test_a_conflict_does_not_change_the_table_and_is_put_in_quarantine(invoke: Any) -> None:
    invoke(webhook_event(body(delivery(id="e-1"))))
    before = boto3.client("dynamodb").scan(TableName="appointments")["Items"]
    other = body(delivery(id="e-1", internalNotes="other"))
    assert outcome(invoke(webhook_event(other))) == (200, "conflicting-duplicate")
    assert boto3.client("dynamodb").scan(TableName="appointments")["Items"] == before
    ((key, content),) = quarantined().items()
    assert (key.partition("/")[0], content) == ("conflicting-duplicate", other)


def test_an_unauthenticated_body_is_not_put_in_quarantine(invoke: Any) -> None:
    for content in (b"{", b"", body(delivery())):
        assert invoke(webhook_event(content, token="wrong", encoded=True))[0] == 401
    assert quarantined() == {}


@pytest.mark.parametrize("content", [b"{", body(delivery(id="e-1", internalNotes="other"))])
def test_an_unavailable_quarantine_is_a_503(invoke: Any, content: bytes) -> None:
    invoke(webhook_event(body(delivery(id="e-1"))))
    boto3.client("s3").delete_bucket(Bucket=ENVIRONMENT["QUARANTINE_BUCKET_NAME"])
    assert invoke(webhook_event(content))[0] == 503


def test_a_delivery_that_cannot_be_stored_is_deferred_with_its_exact_bytes(invoke: Any) -> None:
    queue_url = boto3.client("sqs").create_queue(QueueName="backlog")["QueueUrl"]
    boto3.client("dynamodb").delete_table(TableName="appointments")
    content = body(delivery(internalNotes="é 😀"))
    assert outcome(invoke(webhook_event(content, encoded=True))) == (202, "deferred")
    (message,) = boto3.client("sqs").receive_message(QueueUrl=queue_url)["Messages"]
    deferred = backlog.decode(message["Body"], load=lambda _: b"")
    assert deferred == Deferred(content, "2026-03-02T09:00:01.000000000Z")


@pytest.mark.parametrize(("waited", "left"), [(0.0, 2.6), (0.9, 1.7), (2.5, 1.2), (2.99, 1.2), (3.5, 2.6), (-5.0, 2.6)])
def test_the_time_for_an_answer_is_what_the_cold_start_has_left_of_the_senders_timeout(
    waited: float, left: float
) -> None:
    event = webhook_event(b"{}")
    event["requestContext"]["timeEpoch"] = int((time.time() - waited) * 1000)
    assert Request.from_event(event).answer_seconds == pytest.approx(left, abs=0.2)
