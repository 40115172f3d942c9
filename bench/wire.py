"""An HTTP/1.1 server as small as the measured calls are short: every answer leaves in one send.

The standard library's server writes headers and body apart, which Nagle's algorithm and delayed acknowledgements turn
into 40 ms, and parses headers as if they were mail, which would be most of what a call costs here.
"""

from __future__ import annotations

import socketserver
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Thread
from typing import cast


@dataclass(frozen=True, slots=True)
class Request:
    """Header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes = b"{}"
    status: int = HTTPStatus.OK
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        head = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        head += [f"{name}: {value}" for name, value in self.headers.items()]
        head += [f"content-length: {len(self.body)}", "", ""]
        return "\r\n".join(head).encode() + self.body


class Server:
    """Answers on a port of its own of 127.0.0.1, each connection in a thread of its own.

    ``answer`` may block, and may give None to hang up.
    """

    def __init__(self, answer: Callable[[Request], Answer | None]) -> None:
        self._server = _Threads(answer)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Threads(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 32

    def __init__(self, answer: Callable[[Request], Answer | None]) -> None:
        self.answer = answer
        super().__init__(("127.0.0.1", 0), _Connection)


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        answer = cast(_Threads, self.server).answer
        try:
            while (request := self._request()) is not None and (reply := answer(request)) is not None:
                self.connection.sendall(reply.encoded())
        except (ConnectionError, ValueError):
            return  # the process on the other side was ended, as every measured one is

    def _request(self) -> Request | None:
        """None when the other side has hung up."""
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
            return self._chunks()
        return self.rfile.read(int(headers.get("content-length", 0)))

    def _chunks(self) -> bytes:
        """Read a chunked body of an SDK. Raises ValueError when the other side hangs up in it."""
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().rstrip(b"\r\n"):
            pass  # a trailer
        return body
