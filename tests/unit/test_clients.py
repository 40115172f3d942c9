"""The webhook's clients send what botocore's own would send, although less is prepared for them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.config import Config
from botocore.session import get_session

from appointments.items import current_item, event_item
from tests.builders import arrived
from webhook.clients import CONFIG, SERVICES, client

OBJECT = {"Bucket": "bodies-n4me", "Key": "bodies/7"}
DIGEST = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
PUT = {"TableName": "table", "ConditionExpression": "attribute_not_exists(pk)"}
ITEMS = [{"Put": {**PUT, "Item": make(arrived())}} for make in (event_item, current_item)]
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("dynamodb", "transact_write_items", {"TransactItems": ITEMS}),
    ("secretsmanager", "get_secret_value", {"SecretId": "arn", "VersionStage": "AWSCURRENT"}),
    (
        "s3",
        "put_object",
        {**OBJECT, "Body": b"{}", "ChecksumSHA256": DIGEST, "IfNoneMatch": "*", "Metadata": {"a": "b"}},
    ),
    ("s3", "get_object", OBJECT),
    ("sqs", "send_message", {"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/1/q", "MessageBody": "{}"}),
]
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


@pytest.mark.parametrize(("service", "method", "parameters"), CALLS, ids=[call[1] for call in CALLS])
def test_the_request_is_the_one_that_a_client_of_a_full_session_sends(
    service: str, method: str, parameters: dict[str, Any]
) -> None:
    assert {call[0] for call in CALLS} == SERVICES
    usual = Config(connect_timeout=0.5, read_timeout=0.8, retries={"mode": "standard", "total_max_attempts": 2})
    ours = sent(client(service), method, parameters)
    theirs = sent(get_session().create_client(service, config=usual), method, parameters)
    assert ours == theirs
    if method == "transact_write_items":  # with it, an attempt that the SDK repeats is the same transaction
        assert b"TOKEN" in ours[-1]


def test_what_the_sdk_calls_itself_is_told_to_aws_as_ever() -> None:
    assert vars(CONFIG)["user_agent"].startswith("Botocore/")
