"""The webhook's start opens the connection to the table, and is harmed by no endpoint that fails."""

from __future__ import annotations

import importlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import botocore
import pytest
from moto import mock_aws

from appointments.contract import validation
from bench import authority
from bench.stub import Stub
from tests.builders import ENVIRONMENT, TOKEN, body, delivery, make_table_and_buckets, start_webhook, webhook_event

CONTEXT = SimpleNamespace(
    function_name="webhook", memory_limit_in_mb=512, invoked_function_arn="arn:aws:lambda", aws_request_id="r-1"
)
STORE = "dynamodb.TransactWriteItems"
Start = Callable[..., Any]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return a function that starts the webhook with a table at this URL, and returns the module of the handler."""
    bundle = authority.bundle(Path(botocore.__file__).with_name("cacert.pem"))

    def start_function(url: str, **environment: str) -> Any:
        variables = {**ENVIRONMENT, "AWS_ENDPOINT_URL_DYNAMODB": url, "AWS_CA_BUNDLE": str(bundle), **environment}
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return start_webhook()

    with mock_aws():
        boto3.client("secretsmanager").create_secret(Name="token", SecretString=TOKEN)
        make_table_and_buckets()
        boto3.client("sqs").create_queue(QueueName="backlog")
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)
        importlib.import_module("webhook.handler")  # the first import is a start too
        yield start_function


@pytest.fixture
def table() -> Iterator[Callable[..., Stub]]:
    """Return a function that makes a table that answers every call over TLS, and counts it."""
    with ExitStack() as stack:

        def make(seconds: float = 0) -> Stub:
            stub = Stub(waits={STORE: seconds})
            stack.callback(stub.stop)
            return stub

        yield make


def deliver(handler: Any) -> tuple[int, str]:
    answer = handler.lambda_handler(webhook_event(body(delivery())), CONTEXT)
    return answer["statusCode"], json.loads(answer["body"]).get("outcome", "")


def test_a_start_opens_a_connection_with_a_call_that_writes_nothing_and_the_first_delivery_uses_it(
    start: Start, table: Callable[..., Stub]
) -> None:
    stub = table()
    handler = start(stub.url)
    handler._opening.join()
    assert dict(stub.calls) == {STORE: 1}
    ((_, content),) = stub.bodies
    (write,) = json.loads(content)["TransactItems"]
    assert write.keys() == {"ConditionCheck"}
    assert write["ConditionCheck"]["Key"]["pk"] == {"S": "APPOINTMENT#"}  # the prefix that the role allows
    assert deliver(handler) == (202, "stored")
    assert stub.connections_made == 1


def test_a_connection_that_the_service_has_closed_meanwhile_is_replaced(
    start: Start, table: Callable[..., Stub]
) -> None:
    stub = table()
    handler = start(stub.url)
    handler._opening.join()
    stub.close_connections()
    assert deliver(handler) == (202, "stored")
    assert stub.connections_made == 2


def test_a_start_does_not_wait_for_a_table_that_hangs(start: Start, table: Callable[..., Stub]) -> None:
    handler = start(table(seconds=2).url)
    assert handler._opening.is_alive()
    handler._opening.join()


@pytest.mark.parametrize("url", ["https://127.0.0.1:1", "https://table.invalid", "http://127.0.0.1:1"])
def test_a_table_that_cannot_be_reached_neither_fails_the_start_nor_writes_to_the_log(
    start: Start, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    handler = start(url)
    handler._opening.join()
    assert log.getvalue() == ""
    assert deliver(handler) == (202, "deferred")


def test_a_snapshot_contains_no_connection(
    start: Start, table: Callable[..., Stub], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", SimpleNamespace(register_after_restore=lambda _: None))
    stub = table()
    handler = start(stub.url, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start")
    assert stub.connections_made == 0
    assert deliver(handler) == (202, "stored")


def test_the_start_builds_the_validator(start: Start, table: Callable[..., Stub]) -> None:
    validation._validator.cache_clear()
    start(table().url)
    assert validation._validator.cache_info().currsize == 1
