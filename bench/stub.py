"""A stub of the AWS services that the measured functions call. It answers at once and records every call.

With the endpoint of a DynamoDB Local, it forwards DynamoDB's operations there and records the consumed capacity.
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

from bench import authority
from bench.wire import Request, Response, Server
from samples.sample import TOKEN

JSON = "application/x-amz-json-1.1"
DYNAMODB_JSON = "application/x-amz-json-1.0"


class Stub:
    """A server that stands for the services of AWS, and records what it receives.

    ``calls`` counts the calls by operation, such as ``dynamodb.PutItem``; ``bodies`` has the body of each call.

    ``waits`` maps an operation to the seconds that its answer takes. All others are answered at once. ``tls`` is False
    for plain HTTP.
    """

    def __init__(
        self, dynamodb: str | None = None, *, waits: Mapping[str, float] | None = None, tls: bool = True
    ) -> None:
        self._waits = waits or {}
        self.calls: Counter[str] = Counter()
        self.bodies: list[tuple[str, bytes]] = []
        self.consumed: list[tuple[str, dict[str, Any]]] = []
        self._dynamodb = urlsplit(dynamodb).netloc if dynamodb else None
        self._connections = local()
        self._lock = Lock()
        self._server = Server(self._answer, authority.server_context() if tls else None)
        self.url = self._server.url

    def reset(self) -> None:
        """Discard the recorded calls."""
        with self._lock:
            self.calls, self.bodies, self.consumed = Counter(), [], []

    @property
    def connections_made(self) -> int:
        return self._server.connections_made

    def close_connections(self) -> None:
        self._server.close_connections()

    def stop(self) -> None:
        self._server.stop()

    def _answer(self, request: Request) -> Response:
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
            case "dynamodb.GetItem" | "dynamodb.PutItem" | "dynamodb.TransactWriteItems":
                return Response(headers={"content-type": DYNAMODB_JSON, "x-amz-crc32": str(zlib.crc32(b"{}"))})
            case "events.PutEvents":
                entries = [{"EventId": str(uuid4())} for _ in json.loads(request.body)["Entries"]]
                return _json({"FailedEntryCount": 0, "Entries": entries})
            case _:
                return Response(status=HTTPStatus.NOT_IMPLEMENTED)

    def _forward(self, operation: str, request: Request) -> Response:
        forwarded = {**json.loads(request.body), "ReturnConsumedCapacity": "INDEXES"}
        connection = getattr(self._connections, "dynamodb", None)
        if connection is None:  # each connection of the function has its own thread here
            connection = self._connections.dynamodb = http.client.HTTPConnection(str(self._dynamodb))
        names = ("authorization", "content-type", "x-amz-date", "x-amz-security-token", "x-amz-target")
        headers = {name: request.headers[name] for name in names if name in request.headers}
        connection.request("POST", "/", json.dumps(forwarded), headers)
        response = connection.getresponse()
        body = response.read()
        consumed = json.loads(body).get("ConsumedCapacity")
        with self._lock:
            capacities = consumed if isinstance(consumed, list) else [consumed]
            self.consumed += [(operation, capacity) for capacity in capacities if capacity]
        return Response(body, response.status, {"content-type": DYNAMODB_JSON})


def operation_of(request: Request) -> str:
    """Return the service and the operation of a request; for S3, whose requests name no operation, the method."""
    target = request.headers.get("x-amz-target")
    if target is None:
        return f"s3.{request.method}"
    service, _, operation = target.partition(".")
    return f"{service.partition('_')[0].replace('AWSEvents', 'events').lower()}.{operation}"


def _secret(request: dict[str, Any]) -> Response:
    """Return a secret that was never rotated."""
    if request.get("VersionStage") == "AWSPREVIOUS":
        return _json({"__type": "ResourceNotFoundException", "Message": "no such version"}, HTTPStatus.BAD_REQUEST)
    return _json({"ARN": request["SecretId"], "Name": "bench", "VersionId": str(uuid4()), "SecretString": TOKEN})


def _json(document: dict[str, Any], status: int = HTTPStatus.OK) -> Response:
    return Response(json.dumps(document).encode(), status, {"content-type": JSON})
