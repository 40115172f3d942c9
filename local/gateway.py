"""The HTTP API in front of WebhookFunction: HTTP to payload format 2.0 and back."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any
from uuid import uuid4

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ErrorTask
from waitress.utilities import BadRequest, ServerNotImplemented
from werkzeug.wrappers import Request, Response

from local import ports
from local.environment import FunctionError

GATEWAY_BYTES = 10 * 1024 * 1024
"""The HTTP API's limit of a request body."""
HEADER_BYTES = 10_240
"""The HTTP API's limit of the request line with all headers."""
INVOCATION_BYTES = 6 * 1024 * 1024
"""Lambda's limit of the event of a synchronous invocation. A body in base64 reaches it at 4.5 MB."""
READ_BYTES = 64 * 1024 * 1024
"""A body of at most this many bytes is read before it is refused, so that the sender can read the answer."""
THREADS = 32
"""More than there are environments: a request that needs none is answered while all environments are busy."""
CLOSE_SECONDS = 1

Invoke = Callable[[dict[str, Any], str], Any]
"""Takes an event and the request id of its invocation."""
LogAccess = Callable[[Mapping[str, str]], None]
"""Takes the variables of the access log (``$context.NAME``) of a request that was answered."""


@dataclass(frozen=True, slots=True)
class Match:
    """The route of a request, and the percent-decoded values of its ``{parameters}``."""

    key: str
    parameters: dict[str, str]


class Gateway:
    """An HTTP server on ``host:port`` that passes requests for ``routes``, pairs of method and path, to ``invoke``.

    ``log_access`` is called for each request with a route, before it is answered. ``url`` is the address of the first
    route. Connections are refused until ``start``.
    """

    def __init__(
        self, routes: Sequence[tuple[str, str]], invoke: Invoke, *, host: str, port: int, log_access: LogAccess
    ) -> None:
        self._routes = [(method, path, _pattern(path)) for method, path in routes]
        self._invoke = invoke
        self._log_access = log_access
        self._socket = ports.bind(host, port, "PORT")
        self._connections: dict[int, Any] = {}
        self._stopping = Event()
        self._server: Any = None
        self._thread: Thread | None = None
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}{routes[0][1]}"

    def start(self) -> None:
        """Open the port. Raises StartError if another process has opened it since it was bound."""
        host, port = self._socket.getsockname()[:2]
        try:
            server: Any = create_server(  # of one socket: a BaseWSGIServer
                self._application,
                map=self._connections,
                sockets=[self._socket],
                threads=THREADS,
                ident=None,
                max_request_header_size=HEADER_BYTES,
                max_request_body_size=READ_BYTES,
            )
        except OSError as error:
            raise ports.unavailable(host, port, "PORT", error) from None
        server.channel_class = _Channel
        self._server = server
        self._thread = Thread(target=self._run, name="gateway", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close the port and every connection."""
        self._stopping.set()
        if self._thread:
            self._server.pull_trigger()
            self._thread.join(CLOSE_SECONDS)
            self._thread = None
        wasyncore.close_all(self._connections)
        self._socket.close()

    def join(self) -> None:
        """End the threads. Comes after ``close`` and after the environments that the threads wait for have ended."""
        if self._server:
            self._server.task_dispatcher.shutdown(timeout=CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            wasyncore.loop(timeout=CLOSE_SECONDS, use_poll=True, map=self._connections, count=1)

    def _application(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        match = self._match(request)
        if match is None:
            return _message(404, "Not Found")
        begin = time.monotonic()
        body = request.get_data()
        event = _event(request, body, match)
        variables = {"requestId": event["requestContext"]["requestId"], "routeKey": match.key}
        response = self._integration_response(event, len(body), variables)
        variables["status"] = str(response.status_code)
        variables["responseLatency"] = str(int((time.monotonic() - begin) * 1000))
        variables["identity.sourceIp"] = event["requestContext"]["http"]["sourceIp"]
        self._log_access(variables)
        return response

    def _integration_response(self, event: dict[str, Any], size: int, variables: dict[str, str]) -> Response:
        """Invoke the function. Add what the access log says of it to ``variables``."""
        if size > GATEWAY_BYTES or len(json.dumps(event)) > INVOCATION_BYTES:
            return _message(413, "Request Entity Too Large")
        variables["integration.requestId"] = str(uuid4())
        try:
            result = self._invoke(event, variables["integration.requestId"])
        except FunctionError as error:
            variables["integrationErrorMessage"] = str(error)
            return _message(500, "Internal Server Error")
        content = result.get("body") or ""
        return Response(
            base64.b64decode(content) if result.get("isBase64Encoded") else content,
            result["statusCode"],
            result.get("headers") or {},
        )

    def _match(self, request: Request) -> Match | None:
        for method, path, pattern in self._routes:
            if request.method == method and (found := pattern.fullmatch(request.path)):
                return Match(f"{method} {path}", found.groupdict())
        return None


class _RefusalTask(ErrorTask):
    """Answers a request that waitress refuses as API Gateway does. The text of waitress can quote the request."""

    def execute(self) -> None:
        request: Any = self.request  # an HTTPRequestParser; the stubs say otherwise
        error = request.error
        if isinstance(error, ServerNotImplemented):  # an unknown transfer encoding is the sender's error
            error = BadRequest("")
        body = _message_body(error.reason)
        self.status = f"{error.code} {error.reason}"
        self.response_headers = [("Content-Type", "application/json")]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(HTTPChannel):
    error_task_class = _RefusalTask


def _message(status: int, text: str) -> Response:
    return Response(_message_body(text), status, content_type="application/json")


def _message_body(text: str) -> bytes:
    return json.dumps({"message": text}).encode()


def _pattern(path: str) -> re.Pattern[str]:
    """Compile a path. A ``{name}`` matches one segment, a greedy ``{name+}`` the rest of the path, or nothing."""
    text, position = "", 0
    for variable in re.finditer(r"\{(\w+)(\+?)\}", path):
        segment = ".*" if variable[2] else "[^/]+"
        text += f"{re.escape(path[position : variable.start()])}(?P<{variable[1]}>{segment})"
        position = variable.end()
    return re.compile(text + re.escape(path[position:]))


def _event(request: Request, body: bytes, match: Match) -> dict[str, Any]:
    """Describe the request as API Gateway does: header names in lower case, text as text, other bodies in base64."""
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
    """Return the body as text, or None for a body that API Gateway passes on in base64."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    textual = media_type.startswith("text/") or media_type == "application/json" or media_type.endswith("+json")
    if not textual or headers.get("content-encoding", "identity") != "identity":
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
