"""An endpoint whose certificate authority is not trusted is an outage: one line says what to set, nothing is lost."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from appointments.publishing.bus import Bus, Refusal
from appointments.sdk import lean_config, new_session
from appointments.storage import backlog
from appointments.timing import PUBLISHER_CALL
from tests.builders import ENVIRONMENT, TOKEN, body, delivery, make_table_and_buckets, start_webhook, webhook_event
from tests.tls import foreign_endpoint
from tests.unit.test_roots import BUNDLE

CONTEXT = SimpleNamespace(
    function_name="webhook", memory_limit_in_mb=512, invoked_function_arn="arn:aws:lambda", aws_request_id="r-1"
)
UNTRUSTED = "SSLError: no trusted authority signed the endpoint's certificate; set the parameter CaBundle"
MISSING = "SSLError: the file of certificate authorities is missing; correct the parameter CaBundle"
Start = Callable[..., tuple[int, dict[str, Any], list[dict[str, Any]]]]


@pytest.fixture
def foreign() -> Iterator[str]:
    with foreign_endpoint() as url:
        yield url


@pytest.fixture
def deliver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts the webhook and delivers once: the status, the answer, and the log's errors."""
    (tmp_path / "bundle.pem").write_text(BUNDLE, encoding="utf-8")

    def start_and_deliver(**environment: str) -> tuple[int, dict[str, Any], list[dict[str, Any]]]:
        for name, value in {**ENVIRONMENT, "AWS_CA_BUNDLE": str(tmp_path / "bundle.pem"), **environment}.items():
            monkeypatch.setenv(name, value)
        import webhook.startup

        log = io.StringIO()
        monkeypatch.setattr(webhook.startup.logger.registered_handler, "stream", log)
        answer = start_webhook().lambda_handler(webhook_event(body(delivery())), CONTEXT)
        lines = [json.loads(line) for line in log.getvalue().splitlines()]
        errors = [line for line in lines if line.get("level") == "ERROR"]
        return answer["statusCode"], json.loads(answer["body"]), errors

    with mock_aws():
        boto3.client("secretsmanager").create_secret(Name="token", SecretString=TOKEN)
        make_table_and_buckets()
        boto3.client("sqs").create_queue(QueueName="backlog")
        yield start_and_deliver


def test_a_table_of_an_unknown_authority_defers_the_delivery_and_says_which_parameter_to_set(
    deliver: Start, foreign: str
) -> None:
    status, answer, errors = deliver(AWS_ENDPOINT_URL_DYNAMODB=foreign)
    assert (status, answer["outcome"]) == (202, "deferred")
    assert [line["error"] for line in errors] == [f"DynamoDB did not answer: {UNTRUSTED}"]
    url = boto3.client("sqs").get_queue_url(QueueName="backlog")["QueueUrl"]
    (message,) = boto3.client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert backlog.decode(message["Body"], load=lambda _: b"").body == body(delivery())


def test_a_missing_file_of_authorities_defers_the_delivery_and_names_the_parameter(
    deliver: Start, foreign: str
) -> None:
    status, answer, errors = deliver(AWS_ENDPOINT_URL_DYNAMODB=foreign, AWS_CA_BUNDLE="/nonexistent.pem")
    assert (status, answer["outcome"]) == (202, "deferred")
    assert [line["error"] for line in errors] == [f"DynamoDB did not answer: {MISSING}"]


def test_without_a_backlog_of_a_known_authority_the_sender_is_asked_to_retry(deliver: Start, foreign: str) -> None:
    status, _, errors = deliver(AWS_ENDPOINT_URL_DYNAMODB=foreign, AWS_ENDPOINT_URL_SQS=foreign)
    assert status == 503
    assert [line["error"] for line in errors] == [f"the backlog did not answer: {UNTRUSTED}"]


def test_a_secret_of_an_unknown_authority_is_a_503_that_names_the_parameter(deliver: Start, foreign: str) -> None:
    status, _, errors = deliver(AWS_ENDPOINT_URL_SECRETS_MANAGER=foreign)
    assert status == 503
    assert f"AWSCURRENT: {UNTRUSTED}" in [line["error"] for line in errors]


def test_a_bus_of_an_unknown_authority_is_reported_by_the_same_words(
    foreign: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bundle.pem").write_text(BUNDLE, encoding="utf-8")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "bundle.pem"))
    session = new_session()
    client: Any = session.create_client("events", endpoint_url=foreign, config=lean_config(session, PUBLISHER_CALL))
    message: Any = SimpleNamespace(entry=lambda **_: {"Detail": "{}"})
    deadline: Any = SimpleNamespace(call=lambda call: call())
    (refusal,) = Bus(client, "bus", "source").put([message], deadline)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.permanent, refusal.whole_call) == (UNTRUSTED, False, True)
