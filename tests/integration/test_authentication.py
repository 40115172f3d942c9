"""WebhookFunction refuses unauthenticated requests in each mode. The embedded AWS records every call."""

from __future__ import annotations

import base64
import io
import json
import logging
import random
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from moto import mock_aws
from standardwebhooks import Webhook

from appointments import intake
from appointments.contract.parsing import parse_body
from tests.builders import ENVIRONMENT, body, delivery, make_table_and_buckets, start_webhook, webhook_event

CONTEXT = SimpleNamespace(
    function_name="webhook", memory_limit_in_mb=512, invoked_function_arn="arn:aws:lambda", aws_request_id="r-1"
)
# As the template generates it: letters and digits, valid as a token and as the base64 of a key.
SECRET = "c4n4rySecret0123456789abcdefghijABCDEFGHIJ012345"
GOOD = body(delivery())
START = ["GetSecretValue", "GetSecretValue", "TransactWriteItems"]
"""The calls of a start: both versions of the secret, and the check that opens the table's connection."""
BODIES = (GOOD, b"", b"{", b"\xff\x00", b"[" * 100_000, b'{"id":' * 1000, b"x" * 1_000_000)


class Function:
    """The real handler in one mode. ``calls`` are the AWS operations since the list was last cleared."""

    def __init__(self, handler: Any, log: io.StringIO, calls: list[str]) -> None:
        self.handler = handler
        self.log = log
        self.calls = calls

    def __call__(self, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Invoke the handler. Return the status and the whole answer."""
        answer = self.handler.lambda_handler(event, CONTEXT)
        return answer["statusCode"], answer

    def advance_clock(self, seconds: float) -> None:
        """Advance the clock of the secret, so that its cached value is older."""
        clock = self.handler.authenticate.secret._clock
        self.handler.authenticate.secret._clock = lambda: clock() + seconds


Start = Callable[..., Function]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return a function that starts the handler on a fresh embedded AWS at DEBUG. Keywords set its environment."""
    calls: list[str] = []
    real = BaseClient._make_api_call  # type: ignore[attr-defined]

    def record_call(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        calls.append(operation)
        return real(client, operation, parameters)

    def start_function(secret: str = SECRET, **environment: str) -> Function:
        boto3.client("secretsmanager").create_secret(Name="token", SecretString=secret)
        make_table_and_buckets()
        for name, value in (ENVIRONMENT | environment).items():
            monkeypatch.setenv(name, value)
        import webhook.handler
        import webhook.startup

        log = io.StringIO()
        # The logger is reused when the module is reloaded, so this stream also gets the line of the cold start.
        monkeypatch.setattr(webhook.startup.logger.registered_handler, "stream", log)
        monkeypatch.setattr(BaseClient, "_make_api_call", record_call)
        calls.clear()
        handler = start_webhook()
        handler.logger.setLevel(logging.DEBUG)
        return Function(handler, log, calls)

    with mock_aws():
        yield start_function


def stored() -> int:
    return boto3.client("dynamodb").scan(TableName="appointments")["Count"]


def event(content: bytes = GOOD, path_token: str | None = None, /, **headers: str) -> dict[str, Any]:
    """Return a request. Underscores in the names of headers become hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return webhook_event(content, token=None, headers=named, encoded=True, path_token=path_token)


def signed(content: bytes = GOOD, *, secret: str = SECRET, age: int = 0) -> dict[str, str]:
    moment = int(time.time()) - age
    signature = Webhook(secret).sign("m-1", datetime.fromtimestamp(moment, UTC), content.decode())
    return {"webhook_id": "m-1", "webhook_timestamp": str(moment), "webhook_signature": signature}


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f":{password}".encode()).decode()


def unauthenticated_requests(mode: str) -> Iterator[dict[str, Any]]:
    """Yield requests without a valid credential for this mode: each body with each kind of invalid credential."""
    token_headers: list[dict[str, str]] = [
        {},
        {"authorization": f"Bearer {SECRET[:-1]}"},
        {"authorization": f"Bearer {SECRET.lower()}"},
        {"authorization": f"Bearer {SECRET}\0"},
        {"authorization": basic("wrong")},
        {"authorization": "Basic *"},
        {"authorization": "Basic " + base64.b64encode(b"\xff:" + SECRET.encode()).decode()},
        {"authorization": SECRET, "x_api_key": "wrong", "content_encoding": "gzip"},
        {"authorization": ",".join([f"Bearer {SECRET}"] * 99), "content_type": "text/plain"},
        {"cookie": SECRET, "x_other": SECRET, "host": SECRET},
    ]
    signature_headers: list[dict[str, str]] = [
        {"webhook_id": "m-1", "webhook_timestamp": "1", "webhook_signature": "v1,"},
        {"webhook_id": "m-1", "webhook_timestamp": "9" * 5000, "webhook_signature": "v1,AAAA"},
        signed(b"{}"),
        signed(age=301),
        signed(secret="A" * 48),
        signed() | {"webhook_id": "m-2"},
        signed() | {"webhook_signature": "v1a," + "A" * 43 + "="},
    ]
    if mode == "signature":
        signature_headers += [
            {"authorization": f"Bearer {SECRET}"},
            {"x_api_key": SECRET},
            {"authorization": basic(SECRET)},
        ]
    for content in BODIES:
        for headers in token_headers + signature_headers:
            yield event(content, **headers)
        for path_token in ("wrong", "\0", SECRET[1:], *([SECRET] if mode == "signature" else [])):
            yield event(content, path_token)
    yield {}
    yield {"headers": None, "pathParameters": None, "body": None, "requestContext": None}
    yield event() | {"body": "*"}


@pytest.mark.parametrize("mode", ["token", "signature"])
def test_an_unauthenticated_request_writes_nothing(start: Start, mode: str) -> None:
    function = start(WEBHOOK_AUTH=mode, WEBHOOK_TOKEN_HEADER="X-Api-Key")
    requests = list(unauthenticated_requests(mode))
    assert len(requests) > 100
    for request in requests:
        status, answer = function(request)
        assert (status, json.loads(answer["body"])["status"]) == (401, 401)
    # The only calls are those of the start: one read of each version of the secret, not one per request.
    assert sorted(function.calls) == START
    assert stored() == 0


@pytest.mark.parametrize("mode", ["token", "signature"])
def test_a_request_without_a_credential_does_not_read_the_secret(start: Start, mode: str) -> None:
    function = start(WEBHOOK_AUTH=mode)
    boto3.client("secretsmanager").delete_secret(SecretId="token", ForceDeleteWithoutRecovery=True)
    function.calls.clear()
    assert function(event())[0] == 401
    assert function.calls == []


@pytest.mark.parametrize(
    ("mode", "headers", "parsed"),
    [
        ("token", {"authorization": "Bearer wrong"}, False),
        ("token", {"authorization": f"Bearer {SECRET}"}, True),
        ("signature", {"webhook_id": ""}, False),
        ("signature", {"webhook_signature": "v1"}, False),
        ("signature", {"webhook_timestamp": "1"}, False),
        ("signature", {}, True),
    ],
)
def test_only_an_authenticated_body_is_parsed(
    start: Start, monkeypatch: pytest.MonkeyPatch, mode: str, headers: dict[str, str], parsed: bool
) -> None:
    bodies: list[bytes] = []

    def record_body(body: bytes, *arguments: Any) -> Any:
        bodies.append(body)
        return parse_body(body, *arguments)

    monkeypatch.setattr(intake, "parse_body", record_body)
    signature = signed() if mode == "signature" else {}
    assert start(WEBHOOK_AUTH=mode)(event(GOOD, **(signature | headers)))[0] == (202 if parsed else 401)
    assert bodies == ([GOOD] if parsed else [])


@pytest.mark.parametrize(
    ("rest", "headers", "status"),
    [
        ("", {"authorization": f"Bearer {SECRET}"}, 202),
        ("", {}, 401),
        (f"{SECRET}/", {}, 202),
        (SECRET, {}, 202),
        ("wrong/", {}, 401),
        (f"{SECRET}//", {}, 401),
        (f"{SECRET}/more", {}, 401),
    ],
)
def test_a_trailing_slash_of_the_path_is_ignored(start: Start, rest: str, headers: dict[str, str], status: int) -> None:
    request = event(GOOD, **headers) | {
        "routeKey": "POST /webhooks/appointments/{proxy+}",
        "rawPath": f"/webhooks/appointments/{rest}",
        "pathParameters": {"proxy": rest},
    }
    assert start()(request)[0] == status


@pytest.mark.parametrize(
    ("headers", "path_token"),
    [
        ({"authorization": f"Bearer {SECRET}"}, None),
        ({"authorization": basic(SECRET)}, None),
        ({"x_api_key": SECRET}, None),
        ({}, SECRET),
        ({"authorization": "Bearer wrong", "x_api_key": "wrong"}, SECRET),
        ({"authorization": f"Bearer {SECRET}"}, "wrong"),
    ],
)
def test_the_token_is_accepted_in_each_place(start: Start, headers: dict[str, str], path_token: str | None) -> None:
    function = start(WEBHOOK_TOKEN_HEADER="X-Api-Key")
    assert function(event(GOOD, path_token, **headers))[0] == 202
    assert stored() == 2


def test_a_signature_is_checked_over_the_bytes_with_any_content_type(start: Start) -> None:
    function = start(WEBHOOK_AUTH="signature")
    assert function(event(GOOD, **signed()))[0] == 202
    assert (
        function(webhook_event(GOOD, token=None, headers={k.replace("_", "-"): v for k, v in signed().items()}))[0]
        == 200
    )
    assert function(event(GOOD, content_type="text/plain", **signed()))[0] == 200
    assert function(event(GOOD, content_encoding="gzip", **signed()))[0] == 415
    assert function(event(b"{", **signed(b"{")))[0] == 400
    assert function(event(b"{", content_type="text/plain", **signed()))[0] == 401


def test_the_tolerance_of_timestamps_is_configurable(start: Start) -> None:
    function = start(WEBHOOK_AUTH="signature", WEBHOOK_TOLERANCE_SECONDS="1000")
    assert function(event(GOOD, **signed(age=990)))[0] == 202
    assert function(event(GOOD, **signed(age=1010)))[0] == 401


def test_mode_none_accepts_every_request_reads_no_secret_and_logs_an_error_at_the_start(start: Start) -> None:
    function = start(WEBHOOK_AUTH="none")
    (line,) = function.log.getvalue().splitlines()
    assert (json.loads(line)["level"], "authentication is off" in line) == ("ERROR", True)
    assert function(event())[0] == 202
    assert function(event(authorization="Bearer wrong"))[0] == 200
    assert "GetSecretValue" not in function.calls


@pytest.mark.parametrize("mode", ["token", "signature"])
def test_the_other_modes_log_nothing_at_the_start(start: Start, mode: str) -> None:
    assert start(WEBHOOK_AUTH=mode).log.getvalue() == ""


@pytest.mark.parametrize("mode", ["", "None", "off", "false", "TOKEN"])
def test_an_unknown_mode_fails_the_start(start: Start, mode: str) -> None:
    with pytest.raises(ValueError, match="WebhookAuth"):
        start(WEBHOOK_AUTH=mode)


@pytest.mark.parametrize(
    ("mode", "schemes"),
    [("token", ["Bearer ", 'Basic realm="', 'charset="UTF-8"']), ("signature", ["StandardWebhooks "])],
)
def test_a_401_names_the_accepted_schemes(start: Start, mode: str, schemes: list[str]) -> None:
    _, answer = start(WEBHOOK_AUTH=mode)(event())
    for scheme in schemes:
        assert scheme in answer["headers"]["www-authenticate"]


@pytest.fixture
def silence() -> Iterator[str]:
    """Return the address of a Secrets Manager that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("mode", ["token", "signature"])
def test_a_hanging_secrets_manager_is_a_503_within_the_senders_timeout(start: Start, silence: str, mode: str) -> None:
    function = start(WEBHOOK_AUTH=mode, AWS_ENDPOINT_URL_SECRETS_MANAGER=silence)
    began = time.monotonic()
    status, answer = function(event(authorization=f"Bearer {SECRET}", **signed()))
    assert time.monotonic() - began < 2
    assert (status, answer["headers"]["retry-after"]) == (503, "2")
    assert stored() == 0
    assert "AWSCURRENT: ReadTimeoutError" in function.log.getvalue()


@pytest.mark.parametrize("mode", ["token", "signature"])
def test_in_an_outage_a_known_credential_is_accepted_and_any_other_is_a_503(start: Start, mode: str) -> None:
    function = start(WEBHOOK_AUTH=mode)
    assert function(event(authorization=f"Bearer {SECRET}", **signed()))[0] == 202
    boto3.client("secretsmanager").delete_secret(SecretId="token", ForceDeleteWithoutRecovery=True)
    function.advance_clock(3600)
    assert function(event(authorization=f"Bearer {SECRET}", **signed()))[0] == 200
    other = "A" * 48
    for content in BODIES[:-1]:
        status, answer = function(event(content, authorization=f"Bearer {other}", **signed(b"{}", secret=other)))
        assert (status, answer["headers"].get("retry-after")) == (503, "2")
    assert stored() == 2


@pytest.mark.parametrize("mode", ["token", "signature"])
def test_the_new_and_the_previous_secret_are_accepted_after_a_rotation(start: Start, mode: str) -> None:
    function = start(WEBHOOK_AUTH=mode)
    assert function(event(authorization=f"Bearer {SECRET}", **signed()))[0] == 202
    other = "A" * 48
    boto3.client("secretsmanager").put_secret_value(SecretId="token", SecretString=other)
    function.advance_clock(10)
    assert function(event(authorization=f"Bearer {other}", **signed(secret=other)))[0] == 200
    assert function(event(authorization=f"Bearer {SECRET}", **signed()))[0] == 200


@pytest.mark.parametrize("secret", ['{"token":"local-token"}', "local token"])
def test_a_token_that_no_sender_can_send_is_a_503_and_logs_an_error(start: Start, secret: str) -> None:
    function = start(secret)
    for credential in (secret, "local-token"):
        assert function(event(GOOD, authorization=f"Bearer {credential}"))[0] == 503
    lines = [json.loads(line) for line in function.log.getvalue().splitlines() if '"level"' in line]
    errors = {line["error"] for line in lines if line["level"] == "ERROR" and "could not be read" in line["message"]}
    assert len(errors) == 1
    assert "store the token as plain text" in errors.pop()
    assert secret not in function.log.getvalue()
    assert stored() == 0


@pytest.mark.parametrize("secret", ["local-token", "whsec_no base64", "whsec_", " "])
def test_an_invalid_signing_secret_is_a_503_and_logs_an_error(start: Start, secret: str) -> None:
    function = start(secret, WEBHOOK_AUTH="signature")
    assert function(event(**signed()))[0] == 503
    lines = [json.loads(line) for line in function.log.getvalue().splitlines() if '"level"' in line]
    assert {line["error"] for line in lines if line["level"] == "ERROR"} <= {
        "AWSCURRENT: the secret is not base64: it is no signing key",
        "AWSCURRENT: the secret is empty",
    }
    assert any(line["level"] == "ERROR" for line in lines)
    assert secret == " " or secret not in function.log.getvalue()
    assert stored() == 0


def credentials(mode: str) -> list[dict[str, str]]:
    """Return headers with valid and invalid credentials, which no log line may contain."""
    match mode:
        case "token":
            return [
                {"authorization": f"Bearer {SECRET}"},
                {"authorization": basic(SECRET)},
                {"x_api_key": SECRET},
                {"authorization": "Bearer c4n4ry", "x_api_key": "c4n4ry"},
                {"authorization": "Basic c4n4ry", "content_type": "c4n4ry", "content_encoding": "gzip, c4n4ry"},
            ]
        case "signature":
            wrong = {"webhook_id": "c4n4ry"}
            return [signed(), signed(b"c4n4ry"), signed() | wrong, wrong | {"webhook_signature": "v1,c4n4ry"}]
        case _:
            return [{}, {"authorization": "Bearer c4n4ry", "webhook_signature": "v1,c4n4ry"}]


@pytest.mark.parametrize("mode", ["token", "signature", "none"])
def test_no_credential_path_or_header_is_logged_or_answered_at_debug(
    start: Start, mode: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    function = start(WEBHOOK_AUTH=mode, WEBHOOK_TOKEN_HEADER="X-Api-Key")
    answers = []
    sent = credentials(mode)
    for headers in sent:
        requests = [event(GOOD, path, user_agent="c4n4ry", **headers) for path in (None, SECRET, "c4n4ry")]
        answers += [function(request) for request in requests]
    boto3.client("secretsmanager").delete_secret(SecretId="token", ForceDeleteWithoutRecovery=True)
    if mode != "none":
        function.advance_clock(3600)
        answers.append(function(event(GOOD, "c4n4ry", authorization="Bearer c4n4ry", **signed(secret="A" * 48))))
    expected = {"token": {202, 200, 401, 415, 503}, "signature": {202, 200, 401, 503}, "none": {202, 200}}
    assert {status for status, _ in answers} == expected[mode]
    printed = capsys.readouterr()
    assert (function.log.getvalue() + printed.out).count("\n") >= len(answers)
    signatures = [headers.get("webhook_signature", "v1,c4n4ry") for headers in sent]
    for text in (json.dumps(answers), function.log.getvalue(), printed.out, printed.err, caplog.text):
        for canary in ("c4n4ry", basic(SECRET)[6:], *(signature[3:] for signature in signatures)):
            assert canary not in text


def test_the_secret_is_read_during_the_start_and_not_during_the_first_delivery(start: Start) -> None:
    function = start()
    assert sorted(function.calls) == START
    function.calls.clear()
    assert function(event(authorization=f"Bearer {SECRET}"))[0] == 202
    assert function.calls == ["TransactWriteItems"]


def test_a_snapshot_contains_no_secret(start: Start) -> None:
    function = start(AWS_LAMBDA_INITIALIZATION_TYPE="snap-start")
    assert function.calls == []
    assert function(event(authorization=f"Bearer {SECRET}"))[0] == 202
    assert function.calls == ["GetSecretValue", "GetSecretValue", "TransactWriteItems"]


def test_environments_restored_from_one_snapshot_have_different_jitter(start: Start) -> None:
    hooks = pytest.importorskip("snapshot_restore_py", reason="it comes with Lambda's runtime, for Linux only")
    start(AWS_LAMBDA_INITIALIZATION_TYPE="snap-start")
    jitters = []
    for _ in range(2):
        random.seed(7)  # the state in the snapshot
        for hook, arguments, keywords in hooks.get_after_restore():
            hook(*arguments, **keywords)
        jitters.append(random.random())
    assert jitters[0] != jitters[1]
