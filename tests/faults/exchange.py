"""One request in the proxy, and the operations from which a fault is made."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import struct
import time
import zlib
from collections.abc import Iterable
from threading import Event
from urllib.parse import parse_qs, urlsplit

from tests.faults.answers import Answer

POLL_SECONDS = 0.02
HOP_BY_HOP = {"connection", "content-length", "expect", "keep-alive", "transfer-encoding"}
S3_OPERATIONS = {"PUT": "PutObject", "GET": "GetObject", "DELETE": "DeleteObject", "HEAD": "HeadObject"}


class Exchange:
    """A request that the proxy has read completely from ``client``. ``closing`` ends every wait."""

    def __init__(
        self,
        service: str,
        target: str,
        client: socket.socket,
        closing: Event,
        request: tuple[str, str, Iterable[tuple[str, str]], bytes],
    ) -> None:
        self.service = service
        self.method, self.path, headers, self.content = request
        self._headers = {name: value for name, value in headers if name.lower() not in HOP_BY_HOP}
        self._target = target
        self._client = client
        self._closing = closing
        self.ended = False

    @property
    def operation(self) -> str:
        """The name of the operation, read from X-Amz-Target, the query protocol's Action or S3's method."""
        targets = [value for name, value in self._headers.items() if name.lower() == "x-amz-target"]
        if targets:
            return targets[0].rpartition(".")[2]
        form = self.content if self.method == "POST" else b""
        actions = parse_qs(form.decode("latin-1") or urlsplit(self.path).query).get("Action")
        return actions[0] if actions else S3_OPERATIONS.get(self.method, self.method)

    def forward(self, content: bytes | None = None) -> Answer:
        """Send the request to the service on a new connection, and return the answer."""
        connection = http.client.HTTPConnection(urlsplit(self._target).netloc, timeout=60)
        with contextlib.closing(connection):
            connection.request(self.method, self.path, self.content if content is None else content, self._headers)
            answer = connection.getresponse()
            dropped = HOP_BY_HOP - {"content-length"} if self.method == "HEAD" else HOP_BY_HOP
            headers = {name: value for name, value in answer.getheaders() if name.lower() not in dropped}
            body = answer.read()
        if self.service == "dynamodb":  # the real service adds a checksum; moto and DynamoDB Local do not
            headers = {"x-amz-crc32": str(zlib.crc32(body)), **headers}
        return Answer(answer.status, tuple(headers.items()), body)

    def send(self, raw: bytes) -> None:
        """Send bytes to the client. A client that has closed the connection is ignored."""
        try:
            self._client.sendall(raw)
        except OSError:
            self.ended = True

    def wait(self, seconds: float = float("inf"), *, until: Event | None = None) -> None:
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up and not self._closing.is_set() and not (until and until.is_set()):
            time.sleep(min(POLL_SECONDS, max(0.0, give_up - time.monotonic())))
        if seconds == float("inf") and until is None:
            self.close()

    def close(self) -> None:
        self.ended = True

    def reset(self) -> None:
        """Close the connection with RST instead of FIN. A linger time of 0 discards the unsent bytes."""
        self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self._client.detach())  # a later close by the server would send a FIN first
        self.ended = True
