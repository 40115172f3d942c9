"""AWS as the measured functions call it: it answers at once, counts every call and keeps the latest ones.

With a DynamoDB to forward to, that one answers, and what it says of consumed capacity is kept by operation.
"""

from __future__ import annotations

import http.client
import json
import time
import zlib
from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from threading import Lock, local
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from bench.wire import Answer, Request, Server
from samples.sample import TOKEN

JSON = "application/x-amz-json-1.1"
DYNAMODB_JSON = "application/x-amz-json-1.0"


class Stub:
    """``calls`` counts by operation, as in ``dynamodb.PutItem``; ``bodies`` keeps what came with each of them.

    It answers at once, but for an operation in ``waits``, which takes so many seconds.
    """

    def __init__(self, dynamodb: str | None = None, *, waits: Mapping[str, float] | None = None) -> None:
        self._waits = waits or {}
        self.calls: Counter[str] = Counter()
        self.bodies: list[tuple[str, bytes]] = []
        self.consumed: list[tuple[str, dict[str, Any]]] = []
        self._dynamodb = urlsplit(dynamodb).netloc if dynamodb else None
        self._connections = local()
        self._lock = Lock()
        self._server = Server(self._answer)
        self.url = self._server.url

    def forget(self) -> None:
        with self._lock:
            self.calls, self.bodies, self.consumed = Counter(), [], []

    def stop(self) -> None:
        self._server.stop()

    def _answer(self, request: Request) -> Answer:
        operation = operation_of(request)
        with self._lock:
            self.calls[operation] += 1
            self.bodies.append((operation, request.body))
        time.sleep(self._waits.get(operation, 0))
        if operation.startswith("dynamodb.") and self._dynamodb:
            return self._forward(operation, request)
        match operation:
            case "secretsmanager.GetSecretValue":
                return _secret(json.loads(request.body))
            case "dynamodb.GetItem" | "dynamodb.PutItem" | "dynamodb.UpdateItem" | "dynamodb.TransactWriteItems":
                return Answer(headers={"content-type": DYNAMODB_JSON, "x-amz-crc32": str(zlib.crc32(b"{}"))})
            case "events.PutEvents":
                entries = [{"EventId": str(uuid4())} for _ in json.loads(request.body)["Entries"]]
                return _json({"FailedEntryCount": 0, "Entries": entries})
            case "s3.PUT":
                return Answer(b"", headers={"etag": '"d41d8cd98f00b204e9800998ecf8427e"'})
            case _:
                return Answer(status=HTTPStatus.NOT_IMPLEMENTED)

    def _forward(self, operation: str, request: Request) -> Answer:
        asked = {**json.loads(request.body), "ReturnConsumedCapacity": "INDEXES"}
        connection = getattr(self._connections, "one", None)
        if connection is None:  # one for each connection of the function's, which has a thread of its own here
            connection = self._connections.one = http.client.HTTPConnection(str(self._dynamodb))
        names = ("authorization", "content-type", "x-amz-date", "x-amz-security-token", "x-amz-target")
        headers = {name: request.headers[name] for name in names if name in request.headers}
        connection.request("POST", "/", json.dumps(asked), headers)
        response = connection.getresponse()
        body = response.read()
        consumed = json.loads(body).get("ConsumedCapacity")
        with self._lock:
            self.consumed += [
                (operation, one) for one in (consumed if isinstance(consumed, list) else [consumed]) if one
            ]
        return Answer(body, response.status, {"content-type": DYNAMODB_JSON})


def operation_of(request: Request) -> str:
    """Service and operation; of S3, which has none in its requests, the method."""
    target = request.headers.get("x-amz-target")
    if target is None:
        return f"s3.{request.method}"
    service, _, operation = target.partition(".")
    return f"{service.partition('_')[0].replace('AWSEvents', 'events').lower()}.{operation}"


def _secret(asked: dict[str, Any]) -> Answer:
    """A secret that was never rotated."""
    if asked.get("VersionStage") == "AWSPREVIOUS":
        return _json({"__type": "ResourceNotFoundException", "Message": "no such version"}, HTTPStatus.BAD_REQUEST)
    return _json({"ARN": asked["SecretId"], "Name": "bench", "VersionId": str(uuid4()), "SecretString": TOKEN})


def _json(document: dict[str, Any], status: int = HTTPStatus.OK) -> Answer:
    return Answer(json.dumps(document).encode(), status, {"content-type": JSON})
