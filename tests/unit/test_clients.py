"""The functions' clients send what botocore's own would send, although less is prepared for them."""

from __future__ import annotations

import ast
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.config import Config
from botocore.session import get_session

from appointments.sdk import lean_config, lean_session
from appointments.timing import CallTimeouts
from tests.sdk_calls import ARGUMENTS
from webhook import clients

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


def sent(made: Any, method: str, parameters: dict[str, Any]) -> Any:
    """The request, without what differs from one call to the next."""
    requests: list[Any] = []

    def catch(request: Any, **_: Any) -> AWSResponse:
        requests.append(request)
        return AWSResponse(request.url, 200, HTTPHeaders(), _Raw())

    made.meta.events.register_first("before-send", catch)
    getattr(made, method)(**parameters)
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
def test_the_request_is_the_one_that_a_client_of_a_full_session_sends(service: str, method: str) -> None:
    parameters = ARGUMENTS[service, method]
    session = lean_session({service})
    ours = sent(session.create_client(service, config=lean_config(session, TIMEOUTS)), method, parameters)
    theirs = sent(get_session().create_client(service, config=Config(**SETTINGS)), method, parameters)
    assert ours == theirs
    if method == "transact_write_items":  # with it, an attempt that the SDK repeats is the same transaction
        assert b"TOKEN" in ours[-1]


@pytest.mark.parametrize("function", ["webhook", "publisher", "backlog"])
def test_a_session_is_made_for_the_services_that_its_function_calls(function: str) -> None:
    trees = [ast.parse(path.read_text()) for path in (FUNCTIONS / function).glob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    (services,) = [
        ast.literal_eval(node.value)
        for node in nodes
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SERVICES"
    ]
    called = {
        node.args[0].value
        for node in nodes
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
        if ast.unparse(node.func).rpartition(".")[2] == "create_client"
    }
    assert called == services


def test_what_the_sdk_calls_itself_is_told_to_aws_as_ever() -> None:
    assert vars(clients._config)["user_agent"].startswith("Botocore/")


def test_the_sdk_is_never_talkative(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("botocore", "urllib3"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.DEBUG)
    lean_session(set())
    assert logging.getLogger("botocore").level == logging.getLogger("urllib3").level == logging.WARNING
