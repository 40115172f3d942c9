"""One request on its way through the proxy, and what a fault can do with it."""

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
    """A request that was read in full from ``client``; ``closing`` ends every wait."""

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
        """The operation's name: of X-Amz-Target, of the query protocol's Action, or of S3's method."""
        targets = [value for name, value in self._headers.items() if name.lower() == "x-amz-target"]
        if targets:
            return targets[0].rpartition(".")[2]
        form = self.content if self.method == "POST" else b""
        actions = parse_qs(form.decode("latin-1") or urlsplit(self.path).query).get("Action")
        return actions[0] if actions else S3_OPERATIONS.get(self.method, self.method)

    def forward(self, content: bytes | None = None) -> Answer:
        """Ask the service, on a connection of its own."""
        connection = http.client.HTTPConnection(urlsplit(self._target).netloc, timeout=60)
        with contextlib.closing(connection):
            connection.request(self.method, self.path, self.content if content is None else content, self._headers)
            answer = connection.getresponse()
            dropped = HOP_BY_HOP - {"content-length"} if self.method == "HEAD" else HOP_BY_HOP
            headers = {name: value for name, value in answer.getheaders() if name.lower() not in dropped}
            body = answer.read()
        if self.service == "dynamodb":  # which always adds its checksum; moto and DynamoDB Local leave it out
            headers = {"x-amz-crc32": str(zlib.crc32(body)), **headers}
        return Answer(answer.status, tuple(headers.items()), body)

    def send(self, raw: bytes) -> None:
        """Send to the client; one that has gone meanwhile does not matter."""
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
        """RST instead of FIN: lingering for no time throws away what is under way."""
        self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self._client.detach())  # whoever closes it later would send a FIN first
        self.ended = True
