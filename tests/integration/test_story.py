"""WebhookFunction on an embedded AWS receives all samples in the order of the story."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from appointments.contract.parsing import parse_body
from appointments.storage import items
from samples import SAMPLES, TOKEN
from samples.files import EVENTS
from tests.builders import ENVIRONMENT, make_table_and_buckets, start_webhook

TOKENS = {sample.token for sample in SAMPLES}
CONTEXT = SimpleNamespace(
    function_name="webhook", memory_limit_in_mb=512, invoked_function_arn="arn:aws:lambda", aws_request_id="r-1"
)


@pytest.fixture
def log() -> io.StringIO:
    """The log of WebhookFunction, instead of the standard output at the creation of its logger."""
    return io.StringIO()


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, log: io.StringIO) -> Iterator[dict[str, Any]]:
    """The answers of the real handler to the samples. The table is empty at first and stays there for the test."""
    with mock_aws():
        boto3.client("secretsmanager").create_secret(Name="token", SecretString=TOKEN)
        make_table_and_buckets()
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)
        handler = start_webhook()
        monkeypatch.setattr(handler.logger.registered_handler, "stream", log)
        events = {s.name: json.loads((EVENTS / "webhook" / f"{s.name}.json").read_text("utf-8")) for s in SAMPLES}
        with redirect_stdout(log):
            by_name = {name: handler.lambda_handler(event, CONTEXT) for name, event in events.items()}
        yield by_name


def table_items() -> list[Any]:
    return boto3.client("dynamodb").scan(TableName="appointments")["Items"]


def test_every_sample_gets_its_expected_answer(answers: dict[str, Any]) -> None:
    assert {name: (a["statusCode"], json.loads(a["body"]).get("outcome")) for name, a in answers.items()} == {
        sample.name: (sample.expected_status, sample.expected_outcome) for sample in SAMPLES
    }


def test_only_the_vendors_sample_and_the_invalid_sample_get_violations(answers: dict[str, Any]) -> None:
    counts = {name: len(json.loads(answer["body"]).get("violations", ())) for name, answer in answers.items()}
    assert {name: count for name, count in counts.items() if count} == {"vendor-sample": 5, "invalid": 7}


@pytest.mark.usefixtures("answers")
def test_the_stream_batch_contains_exactly_the_event_items_that_the_store_wrote() -> None:
    batch = json.loads((EVENTS / "stream" / "batch.json").read_text())
    streamed = [record["dynamodb"]["NewImage"] for record in batch["Records"]]
    for image in streamed:
        image["body"] = items.unpack(base64.b64decode(image["body"]["B"]))
    written = [
        item | {"body": items.unpack(item["body"]["B"])} for item in table_items() if item["sk"]["S"] != "CURRENT"
    ]
    for image, item in zip(streamed, written, strict=True):
        assert image.pop("storedAt").keys() == item.pop("storedAt").keys()  # the time of the write differs
    assert sorted(written, key=lambda item: item["sk"]["S"]) == sorted(streamed, key=lambda item: item["sk"]["S"])
    assert streamed == sorted(streamed, key=lambda item: item["receivedAt"]["S"])


@pytest.mark.usefixtures("answers")
def test_the_state_of_every_appointment_is_its_event_with_the_greatest_updated_at() -> None:
    newest: dict[str, tuple[str, str]] = {}
    for sample in (s for s in SAMPLES if s.expected_outcome):
        essentials = parse_body(sample.body).essentials
        key = items.partition_key(essentials.appointment_id)
        changed = (essentials.updated_at, essentials.envelope_id)
        newest[key] = max(newest.get(key, changed), changed)
    current = [item for item in table_items() if item["sk"]["S"] == "CURRENT"]
    assert {i["pk"]["S"]: (i["updatedAt"]["S"], i["eventId"]["S"]) for i in current} == newest
    assert {i["pk"]["S"]: i["status"]["S"] for i in current} == {
        "APPOINTMENT#48101": "COMPLETED",
        "APPOINTMENT#48102": "ACCEPTED",
        "APPOINTMENT#48103": "OUTGOING_INVITE",
        "APPOINTMENT#48104": "NO_SHOW",
        "APPOINTMENT#string": "ACCEPTED",
    }


def test_no_log_line_and_no_answer_contains_a_person_address_token_or_url(
    answers: dict[str, Any], log: io.StringIO
) -> None:
    lines = log.getvalue()
    assert lines.count('"stored"') == sum(sample.expected_outcome == "stored" for sample in SAMPLES)
    for text in (lines, json.dumps(answers, ensure_ascii=False)):
        for personal in ("Lotte", "Amélie", "Öztürk", "@", "https:", "tok-", "Voorbeeld", "+32", *TOKENS):
            assert personal not in text
