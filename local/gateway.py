"""The HTTP API in front of WebhookFunction: HTTP to payload format 2.0 and back."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from threading import Thread
from typing import Any
from uuid import uuid4

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from local.environment import FunctionError

GATEWAY_BYTES = 10 * 1024 * 1024
"""The HTTP API's limit of a request's body."""
INVOCATION_BYTES = 6 * 1024 * 1024
"""Lambda's limit of the event of a synchronous invocation; a body in base64 reaches it at 4.5 MB."""

Invoke = Callable[[dict[str, Any]], Any]


class Gateway:
    """Serves one route on ``host:port`` and hands every request for it to ``invoke``."""

    def __init__(self, method: str, path: str, invoke: Invoke, *, host: str, port: int) -> None:
        self._route = (method, path)
        self._invoke = invoke
        self._server = make_server(host, port, self._application, threaded=True, request_handler=_Silent)
        self.url = f"http://127.0.0.1:{self._server.server_port}{path}"

    def start(self) -> None:
        Thread(target=self._server.serve_forever, name="gateway", daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _application(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if (request.method, request.path) != self._route:
            return _message(404, "Not Found")
        if (request.content_length or 0) > GATEWAY_BYTES:
            return _message(413, "Request Entity Too Large")
        body = request.get_data()
        event = _event(request, body)
        if len(body) > GATEWAY_BYTES or len(json.dumps(event)) > INVOCATION_BYTES:
            return _message(413, "Request Entity Too Large")
        try:
            answer = self._invoke(event)
        except FunctionError:
            return _message(500, "Internal Server Error")
        content = answer.get("body") or ""
        return Response(
            base64.b64decode(content) if answer.get("isBase64Encoded") else content,
            answer["statusCode"],
            answer.get("headers") or {},
        )


class _Silent(WSGIRequestHandler):
    """No access log of its own: a path or a query may hold a secret."""

    def log(self, *_: Any, **__: Any) -> None: ...


def _message(status: int, text: str) -> Response:
    return Response(json.dumps({"message": text}), status, content_type="application/json")


def _event(request: Request, body: bytes) -> dict[str, Any]:
    """The request as API Gateway describes it: header names in lower case, text as text, all else in base64."""
    now = time.time()
    headers = {name.lower(): value for name, value in request.headers.items()}
    text = _text(body, headers)
    route = f"{request.method} {request.path}"
    event = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": request.path,
        "rawQueryString": request.query_string.decode("latin-1"),
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "domainName": request.host,
            "domainPrefix": "local",
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": request.environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
                "sourceIp": request.remote_addr or "127.0.0.1",
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": str(uuid4()),
            "routeKey": route,
            "stage": "$default",
            "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": text is None,
    }
    if body:
        event["body"] = base64.b64encode(body).decode() if text is None else text
    return event


def _text(body: bytes, headers: dict[str, str]) -> str | None:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    textual = media_type.startswith("text/") or media_type == "application/json" or media_type.endswith("+json")
    if not textual or headers.get("content-encoding", "identity") != "identity":
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
