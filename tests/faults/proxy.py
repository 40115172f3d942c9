"""A proxy between a function and one AWS endpoint. Tests inject faults into it by operation."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any, Self

from tests.faults.exchange import Exchange
from tests.faults.kinds import Fault, no_fault


@dataclass(slots=True)
class Rule:
    """A fault for requests of ``operation`` (None: every operation), ``remaining`` times (None: always)."""

    fault: Fault
    operation: str | None
    remaining: int | None

    def applies_to(self, operation: str) -> bool:
        if self.operation not in (None, operation) or self.remaining == 0:
            return False
        if self.remaining is not None:
            self.remaining -= 1
        return True


class Proxy:
    """Listens on a free port, with TLS if there is a ``context``, and forwards to ``target``, which may be set later.

    ``requests`` counts the requests by operation. A newer rule has precedence.
    """

    def __init__(self, service: str, target: str = "", context: ssl.SSLContext | None = None) -> None:
        self.service = service
        self.target = target
        self._context = context
        self.requests: Counter[str] = Counter()
        self._rules: list[Rule] = []
        self._lock = Lock()
        self._closing = Event()
        self._clients: set[socket.socket] = set()
        self._obstacles: list[socket.socket] = []
        self._server: ThreadingHTTPServer | None = self._listen(0)
        self._port = self._server.server_port

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self._port}"

    def inject(self, fault: Fault, operation: str | None = None, times: int | None = None) -> Rule:
        """Add a rule and return it. Set its ``remaining`` to 0 to end it."""
        rule = Rule(fault, operation, times)
        with self._lock:
            self._rules.insert(0, rule)
        return rule

    def heal(self) -> None:
        """Remove every fault. Requests that hang are closed."""
        with self._lock:
            self._rules.clear()
        self._closing.set()
        self._closing = Event()
        if self._server is None:
            self._remove_obstacles()
            self._server = self._listen(self._port)

    def refuse(self) -> None:
        """Refuse new connections and close the open ones."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        with self._lock:
            for client in self._clients:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)

    def vanish(self) -> None:
        """Never accept a connection, as an address at which no host answers. A client times out."""
        self.refuse()
        listener = socket.create_server(("127.0.0.1", self._port), backlog=0)
        self._obstacles = [listener]
        for _ in range(4):  # fill the backlog
            queued = socket.socket()
            queued.setblocking(False)
            queued.connect_ex(("127.0.0.1", self._port))
            self._obstacles.append(queued)

    def close(self) -> None:
        self._closing.set()
        self.refuse()
        self._remove_obstacles()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fault(self, operation: str) -> Fault:
        with self._lock:
            self.requests[operation] += 1
            return next((rule.fault for rule in self._rules if rule.applies_to(operation)), no_fault)

    def _remove_obstacles(self) -> None:
        for obstacle in self._obstacles:
            obstacle.close()
        self._obstacles = []

    def _listen(self, port: int) -> ThreadingHTTPServer:
        server = _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"proxy": self}))
        if self._context:
            server.socket = self._context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="proxy", daemon=True).start()
        return server


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """Ignore the error: tests kill clients, and clients time out."""


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        with self.proxy._lock:
            self.proxy._clients.add(self.connection)

    def finish(self) -> None:
        with self.proxy._lock:
            self.proxy._clients.discard(self.connection)
        super().finish()

    def exchange(self) -> None:
        request = (self.command, self.path, self.headers.items(), self._content())
        exchange = Exchange(self.proxy.service, self.proxy.target, self.connection, self.proxy._closing, request)
        self.proxy._fault(exchange.operation)(exchange)
        self.close_connection = self.close_connection or exchange.ended

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = exchange  # noqa: N815 - http.server's names

    def _content(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        content = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return content

    def log_message(self, *_: Any) -> None: ...
