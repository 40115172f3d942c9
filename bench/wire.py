"""A minimal HTTP/1.1 server for the measured processes. It sends every response in one piece.

The server of the standard library sends headers and body apart, which Nagle's algorithm and delayed acknowledgements
turn into 40 ms. It also parses headers as e-mail, which would take most of the time of a call here.
"""

from __future__ import annotations

import socket
import socketserver
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Thread


@dataclass(frozen=True, slots=True)
class Request:
    """Header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    body: bytes = b"{}"
    status: int = HTTPStatus.OK
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        head = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        head += [f"{name}: {value}" for name, value in self.headers.items()]
        head += [f"content-length: {len(self.body)}", "", ""]
        return "\r\n".join(head).encode() + self.body


class Server:
    """Serves on a free port of 127.0.0.1 with one thread for each connection, with TLS if there is a ``context``.

    ``answer`` may block. It returns None to close the connection.
    """

    def __init__(self, answer: Callable[[Request], Response | None], context: ssl.SSLContext | None = None) -> None:
        self._context = context
        self._server = _Threads(answer, context)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://{self.address}"

    @property
    def connections_made(self) -> int:
        return self._server.connections_made

    def close_connections(self) -> None:
        """Close every open connection, as a service does with an idle one."""
        for connection in list(self._server.connections):
            connection.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Threads(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 32

    def __init__(self, answer: Callable[[Request], Response | None], context: ssl.SSLContext | None) -> None:
        self.answer = answer
        self.context = context
        self.connections: set[socket.socket] = set()
        self.connections_made = 0
        super().__init__(("127.0.0.1", 0), _Connection)


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: _Threads

    def setup(self) -> None:
        if self.server.context:
            self.request = self.server.context.wrap_socket(
                self.request, server_side=True, do_handshake_on_connect=False
            )
        super().setup()
        self.server.connections.add(self.connection)
        self.server.connections_made += 1

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        with suppress(OSError), self.connection:
            super().finish()

    def handle(self) -> None:
        try:
            while (request := self._request()) is not None and (response := self.server.answer(request)) is not None:
                self.connection.sendall(response.encode())
        except OSError:
            return  # the measured process has been killed, or the connection has been closed here

    def _request(self) -> Request | None:
        """Read a request. Returns None if the client has closed the connection."""
        line = self.rfile.readline()
        if not line.endswith(b"\r\n"):
            return None
        method, path, _ = line.decode("latin-1").split(" ", 2)
        headers: dict[str, str] = {}
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return Request(method, path, headers, self._body(headers))

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return b"".join(self._chunks())
        return self.rfile.read(int(headers.get("content-length", 0)))

    def _chunks(self) -> Iterator[bytes]:
        """Yield the chunks of a body, without its trailers, which the runtime interface client does not send."""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
