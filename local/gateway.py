"""The HTTP API in front of WebhookFunction: HTTP to payload format 2.0 and back."""

from __future__ import annotations

import base64
import io
import json
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Thread
from typing import Any
from uuid import uuid4

from werkzeug.exceptions import BadRequest
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from local import chunks
from local.environment import FunctionError

GATEWAY_BYTES = 10 * 1024 * 1024
"""The HTTP API's limit of a request's body."""
INVOCATION_BYTES = 6 * 1024 * 1024
"""Lambda's limit of the event of a synchronous invocation; a body in base64 reaches it at 4.5 MB."""

MALFORMED = "appointments.malformed"
"""Set in the environment of a request whose chunks are none."""

Invoke = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Match:
    """The route that a request is for, and what its ``{names}`` stand for, percent-decoded."""

    key: str
    parameters: dict[str, str]


class Gateway:
    """Serves ``routes``, pairs of method and path, on ``host:port`` and hands every request for them to ``invoke``.

    ``url`` is the address of the first one.
    """

    def __init__(self, routes: Sequence[tuple[str, str]], invoke: Invoke, *, host: str, port: int) -> None:
        self._routes = [(method, path, _pattern(path)) for method, path in routes]
        self._invoke = invoke
        self._server = make_server(host, port, self._application, threaded=True, request_handler=_Silent)
        self.url = f"http://127.0.0.1:{self._server.server_port}{routes[0][1]}"

    def start(self) -> None:
        Thread(target=self._server.serve_forever, name="gateway", daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _application(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if MALFORMED in request.environ:
            return _message(400, "Bad Request")
        match = self._match(request)
        if match is None:
            return _message(404, "Not Found")
        if (request.content_length or 0) > GATEWAY_BYTES:
            return _message(413, "Request Entity Too Large")
        try:
            body = request.get_data()
        except BadRequest:  # less than was announced
            return _message(400, "Bad Request")
        event = _event(request, body, match)
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

    def _match(self, request: Request) -> Match | None:
        for method, path, pattern in self._routes:
            if request.method == method and (found := pattern.fullmatch(request.path)):
                return Match(f"{method} {path}", found.groupdict())
        return None


class _Silent(WSGIRequestHandler):
    """No access log of its own: a path or a query may hold a secret."""

    def log(self, *_: Any, **__: Any) -> None: ...

    def make_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().make_environ()
        if environ.get("wsgi.input_terminated"):
            try:
                environ["wsgi.input"] = io.BytesIO(chunks.read(self.rfile, GATEWAY_BYTES))
            except chunks.MalformedChunksError:
                environ[MALFORMED] = True
        return environ

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server refuses before it is a request: the client's doing, whatever http.server calls it."""
        super().send_error(code if code < 500 else 400, message, explain)


def _message(status: int, text: str) -> Response:
    return Response(json.dumps({"message": text}), status, content_type="application/json")


def _pattern(path: str) -> re.Pattern[str]:
    """A ``{name}`` of the path is any one segment."""
    literals = re.split(r"\{(\w+)\}", path)
    return re.compile("".join(f"(?P<{part}>[^/]+)" if n % 2 else re.escape(part) for n, part in enumerate(literals)))


def _event(request: Request, body: bytes, match: Match) -> dict[str, Any]:
    """The request as API Gateway describes it: header names in lower case, text as text, all else in base64."""
    now = time.time()
    headers = {name.lower(): value for name, value in request.headers.items()}
    text = _text(body, headers)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.key,
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
            "routeKey": match.key,
            "stage": "$default",
            "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": text is None,
    }
    if match.parameters:
        event["pathParameters"] = match.parameters
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
