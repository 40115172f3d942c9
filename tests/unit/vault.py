"""A secret in moto's Secrets Manager, with a clock to set and faults to inject into its reads."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from urllib3 import HTTPResponse

from webhook.credentials import token_key
from webhook.secret import Secret

ARN = "webhook-secret-n4me"


def _timeout(error: Callable[..., Exception]) -> Callable[[], AWSResponse]:
    def fault() -> AWSResponse:
        raise error(endpoint_url="https://n4me.example.com")

    return fault


def _refusal(status: int, code: str) -> Callable[[], AWSResponse]:
    return _answer(status, json.dumps({"__type": code, "message": "n4me"}).encode())


def _answer(status: int, body: bytes) -> Callable[[], AWSResponse]:
    return lambda: AWSResponse("", status, HTTPHeaders(), HTTPResponse(io.BytesIO(body), preload_content=False))


FAULTS = {
    "ConnectTimeoutError": _timeout(ConnectTimeoutError),
    "ReadTimeoutError": _timeout(ReadTimeoutError),
    "InternalServiceError": _refusal(500, "InternalServiceError"),
    "ThrottlingException": _refusal(400, "ThrottlingException"),
    "AccessDeniedException": _refusal(400, "AccessDeniedException"),
    "DecryptionFailure": _refusal(400, "DecryptionFailure"),
    "ResponseParserError": _answer(200, b"<html>n4me</html>"),
}
"""The answers and errors that a read can meet instead of the secret, by the name that a report contains."""


class Vault:
    """The secret, its clock and its faults.

    ``faults`` maps a version stage to the fault that its reads meet. ``calls`` lists the stages that were read.
    Each read takes ``seconds`` on the clock.
    """

    def __init__(self, value: str) -> None:
        self.now = 0.0
        self.seconds = 0.0
        self.faults: dict[str, str] = {}
        self.calls: list[str] = []
        self.reports: list[str] = []
        self.client = boto3.client("secretsmanager", config=Config(retries={"total_max_attempts": 1}))
        self.client.create_secret(Name=ARN, SecretString=value)
        self.client.meta.events.register_first("before-send.secretsmanager.GetSecretValue", self._before_send)

    def secret(self, key: Callable[[str], bytes] = token_key) -> Secret:
        return Secret(self.client, ARN, key, self.reports.append, clock=lambda: self.now)

    def rotate(self, value: str) -> None:
        self.client.put_secret_value(SecretId=ARN, SecretString=value)

    def fail(self, kind: str, *stages: str) -> None:
        self.faults = dict.fromkeys(stages, kind)

    def _before_send(self, request: Any, **_: Any) -> Any:
        stage = json.loads(request.body)["VersionStage"]
        self.calls.append(stage)
        self.now += self.seconds
        return FAULTS[self.faults[stage]]() if stage in self.faults else None
