"""A client with our settings sends the same request as a client of botocore with the usual ones."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.config import Config
from botocore.session import get_session

from appointments.sdk import SERVICES, lean_config, new_session
from appointments.timing import CallTimeouts
from tests.sdk_calls import ARGUMENTS

FUNCTIONS = Path(__file__).parents[2] / "functions"
TIMEOUTS = CallTimeouts(connect=0.5, read=0.8, attempts=2)
SETTINGS: dict[str, Any] = {
    "connect_timeout": TIMEOUTS.connect,
    "read_timeout": TIMEOUTS.read,
    "retries": {"mode": "standard", "total_max_attempts": TIMEOUTS.attempts},
}
VOLATILE = {"authorization", "x-amz-date", "amz-sdk-invocation-id", "user-agent"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-2-3")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "webhook")


def send(client: Any, method: str, parameters: dict[str, Any]) -> Any:
    """Call the method, and return its request without the parts that differ from call to call."""
    requests: list[Any] = []

    def catch(request: Any, **_: Any) -> AWSResponse:
        requests.append(request)
        return AWSResponse(request.url, 200, HTTPHeaders(), _Raw())

    client.meta.events.register_first("before-send", catch)
    getattr(client, method)(**parameters)
    (request,) = requests
    body = request.body if isinstance(request.body, bytes) else b""
    headers = {name.lower(): value for name, value in request.headers.items()}
    signed = re.search("SignedHeaders=[^,]+", _text(headers["authorization"]))
    assert signed is not None
    stable = {name: _text(value) for name, value in headers.items() if name not in VOLATILE}
    return request.method, request.url, stable, signed[0], re.sub(rb'"ClientRequestToken": ?"[^"]{36}"', b"TOKEN", body)


class _Raw:
    def stream(self, *_: Any, **__: Any) -> Any:
        return iter([b""])


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@pytest.mark.parametrize(("service", "method"), ARGUMENTS, ids=[method for _, method in ARGUMENTS])
def test_a_lean_client_sends_the_same_request_as_a_full_client(service: str, method: str) -> None:
    parameters = ARGUMENTS[service, method]
    session = new_session()
    lean = send(session.create_client(service, config=lean_config(session, TIMEOUTS)), method, parameters)
    full = send(get_session().create_client(service, config=Config(**SETTINGS)), method, parameters)
    assert lean == full
    if method == "transact_write_items":  # the token makes a retry by the SDK the same transaction
        assert b"TOKEN" in lean[-1]


def test_a_session_has_the_event_handlers_of_exactly_the_services_that_are_called() -> None:
    assert {service for service, _ in ARGUMENTS} == SERVICES


def test_the_user_agent_names_botocore() -> None:
    assert vars(lean_config(new_session(), TIMEOUTS))["user_agent"].startswith("Botocore/")


def test_the_sdk_logs_only_warnings_and_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("botocore", "urllib3"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.DEBUG)
    new_session()
    assert logging.getLogger("botocore").level == logging.getLogger("urllib3").level == logging.WARNING
