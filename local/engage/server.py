"""The HTTP server of the stand-in: a token endpoint, the listing of appointments and one appointment."""

from __future__ import annotations

import json
import secrets
import socket
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, unquote, urlsplit

from local import ports
from local.engage.faults import Faults
from local.engage.questions import BadQuestionError, is_shown, listing
from local.engage.switches import Switches
from local.engage.world import World

ENTERPRISE = "acme"
CLIENT_ID, CLIENT_SECRET = "local-client", "local-client-secret"
SCOPE = "engage:appointments:readOnly"
PENDING_CONNECTIONS = 16
IDLE_SECONDS = 60.0
"""The server looks for its end after each request, and else this rarely."""


class EngageServer:
    """A context manager that serves the API on a loopback address. ``world``, ``switches`` and ``faults`` can change.

    ``calls`` are the method and the path of each request, with the query; ``most_at_once`` is the greatest number of
    requests that were under way at the same time; ``correlation_ids`` are those of the questions. With a ``context``
    it serves TLS.
    """

    def __init__(
        self,
        world: World,
        switches: Switches | None = None,
        faults: Faults | None = None,
        *,
        port: int = 0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.world = world
        self.switches = switches or Switches()
        self.faults = faults or Faults()
        self.calls: list[str] = []
        self.correlation_ids: set[str | None] = set()
        self.most_at_once = 0
        self.stopped = Event()
        self._lock = Lock()
        self._at_once = 0
        self._tokens: dict[str, float] = {}
        handler = type("Handler", (_Handler,), {"engage": self})
        with ports.bind("127.0.0.1", port, "ENGAGE_PORT") as bound:
            self._server = _Server(bound.getsockname(), handler, bind_and_activate=False)
            self._server.socket.close()
            self._server.socket = bound.dup()
        self._server.socket.listen(PENDING_CONNECTIONS)
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'http' if context is None else 'https'}://127.0.0.1:{self._server.socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        serve = Thread(target=self._server.serve_forever, args=(IDLE_SECONDS,), name="engage", daemon=True)
        serve.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stopped.set()
        stop = Thread(target=self._server.shutdown)
        stop.start()
        while stop.is_alive():
            socket.create_connection(self._server.socket.getsockname()).close()  # wakes the server
            stop.join(0.1)
        self._server.server_close()

    def credentials(self) -> str:
        """Return the text of the secret that a stack has for this server."""
        return json.dumps({"clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET})

    def begin(self, call: str) -> None:
        with self._lock:
            self.calls.append(call)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)

    def end(self) -> None:
        with self._lock:
            self._at_once -= 1

    def new_token(self) -> str:
        token = secrets.token_urlsafe(24)
        self._tokens[token] = time.monotonic() + self.faults.token_seconds
        return token

    def knows(self, token: str) -> bool:
        return self._tokens.get(token, 0.0) > time.monotonic()

    def forget_tokens(self) -> None:
        """Expire every token before its time."""
        self._tokens.clear()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about a client that closed its connection."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    engage: ClassVar[EngageServer]
    protocol_version = "HTTP/1.1"
    timeout = 60
    wbufsize = -1  # head and body in one packet: two of them wait for each other

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        self._answered(lambda: self._token(form))

    def do_GET(self) -> None:
        self._answered(self._read)

    def _answered(self, answer: Any) -> None:
        engage, faults = self.engage, self.engage.faults
        engage.begin(f"{self.command} {self.path}")
        try:
            if faults.strikes(faults.hang):
                engage.stopped.wait(faults.hang_seconds)
                self.close_connection = True
            elif faults.strikes(faults.busy):
                self._send(faults.busy_status(), _errors("try again later"))
            else:
                self._send(*answer())
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        finally:
            engage.end()

    def _token(self, form: str) -> tuple[int, Any]:
        members = {name: values[-1] for name, values in parse_qs(form).items()}
        if self.path != f"/realms/{ENTERPRISE}/protocol/openid-connect/token":
            return 404, {"error": "Realm does not exist"}
        if self.headers.get_content_type() != "application/x-www-form-urlencoded":
            return 415, {"error": "invalid_request"}
        if (members.get("client_id"), members.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client"}
        if members.get("grant_type") != "client_credentials" or members.get("scope") != SCOPE:
            return 400, {"error": "invalid_scope"}
        seconds = self.engage.faults.token_seconds
        return 200, {"access_token": self.engage.new_token(), "expires_in": int(seconds), "token_type": "Bearer"}

    def _read(self) -> tuple[int, Any]:
        engage, parts = self.engage, urlsplit(self.path)
        engage.correlation_ids.add(self.headers.get("X-Correlation-Id"))
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not engage.knows(token):
            return 401, _errors("unauthorized")
        base = f"/enterprises/{ENTERPRISE}/appointments"
        if parts.path == base:
            if engage.faults.strikes(engage.faults.moving):
                engage.world.move_rows(engage.faults.step())
            try:
                return 200, self._wrong(listing(engage.world, parts.query, engage.switches))
            except (BadQuestionError, ValueError):
                return 400, _errors("bad request")
        if parts.path.startswith(f"{base}/"):
            id_ = unquote(parts.path.removeprefix(f"{base}/"))
            row = next((row for row in engage.world.rows() if row["id"] == id_), None)
            if row is not None and is_shown(row, engage.switches):
                return 200, self._wrong({"data": row})
        return 404, _errors("not found")

    def _wrong(self, document: Any) -> Any:
        wrong = self.engage.faults.wrong
        return document if wrong is None else wrong(document)

    def _send(self, status: int, document: Any) -> None:
        faults = self.engage.faults
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        if status == 200 and faults.strikes(faults.truncated):
            body = body[: len(body) // 2]
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if 300 <= status < 400:
            self.send_header("Location", f"{self.engage.url}/elsewhere")
        self.end_headers()
        if status == 200 and faults.strikes(faults.cut):
            body = body[: len(body) // 2]
            self.close_connection = True
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Write no access log."""


def _errors(message: str) -> dict[str, Any]:
    error = {"message": message, "code": "ERROR", "type": "ERROR", "statusCode": "400"}
    return {"errors": [error]}
