"""Strategies for hostile requests, and a client that sends them byte for byte."""

from __future__ import annotations

import copy
import json
import re
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from hypothesis import strategies as st

from tests.builders import TOKEN, delivery

PATH = b"/webhooks/appointments"
ANSWER_SECONDS = 5.0
"""The longest wait for an answer after the request was sent. Other tests hold the function to 3 s. Here the machine is
busy, so the limit is higher."""


line = st.binary(max_size=60).map(lambda text: text.replace(b"\r", b"").replace(b"\n", b""))
names = st.one_of(
    st.sampled_from(
        [b"Content-Type", b"Content-Length", b"Content-Encoding", b"Transfer-Encoding", b"Authorization", b"Host"]
    ),
    st.sampled_from([b"Expect", b"Connection", b"Upgrade", b"Cookie", b"X-Forwarded-For", b"webhook-id", b""]),
    line,
)
values = st.one_of(
    line,
    st.sampled_from([b"application/json", b"text/plain", b"application/json; charset=utf-16", b"gzip", b"identity"]),
    st.sampled_from([b"0", b"-1", b"1", b"7, 7", b"99999999999999999999", b"0x10", b"chunked", b"100-continue"]),
    st.sampled_from([b"Bearer", b"Bearer " + b"x" * 9000, b"Basic \xff", b"Basic Og==", b"close", b"keep-alive"]),
)
headers = st.lists(st.tuples(names, values), max_size=8)
VALID_HEADERS = (
    (b"Host", b"localhost"),
    (b"Content-Type", b"application/json"),
    (b"Authorization", b"Bearer " + TOKEN.encode()),
)
methods = st.one_of(st.sampled_from([b"POST", b"GET", b"PUT", b"OPTIONS", b"HEAD", b"CONNECT", b"post", b""]), line)
paths = st.one_of(
    st.sampled_from([PATH, PATH + b"/", PATH + b"/%ff%00", PATH + b"?" + b"q" * 9000, b"*", b"//", b"http://x" + PATH]),
    st.sampled_from([b"/webhooks/../webhooks/appointments", PATH + b"/" + b"t" * 9000, b"/" + b"a/" * 2000]),
    line.map(lambda text: b"/" + text),
)
versions = st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.x", b"", b"HTTP/1.1 more"])

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**40, max_value=10**41),
    st.floats(),
    st.text(max_size=30),
    st.sampled_from(["", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2026-02-30T00:00:00Z", "\ud800", "\0"]),
)
json_values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=12,
)


@st.composite
def documents(draw: st.DrawFn) -> Any:
    """A valid delivery in which at most four members, at any depth, are replaced or removed."""
    document: Any = copy.deepcopy(delivery(id=draw(st.text(max_size=20)), appointment_id=draw(st.text(max_size=20))))
    for _ in range(draw(st.integers(0, 4))):
        place = document
        while True:
            keys = sorted(place) if isinstance(place, dict) else range(len(place))
            key = draw(st.sampled_from(list(keys)))
            inner = place[key]
            if isinstance(inner, dict | list) and inner and draw(st.booleans()):
                place = inner
                continue
            break
        if draw(st.booleans()):
            place[key] = draw(json_values)
        elif len(place) > 1:
            del place[key]
    return document


def _json(value: Any) -> bytes:
    """Encode a value. NaN and lone surrogates are kept, although they are not valid JSON."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


contents = st.one_of(
    st.binary(max_size=400),
    documents().map(lambda document: _json(document)),
    json_values.map(lambda value: _json(value)),
    st.integers(1, 200_000).map(lambda depth: b"[" * depth),
    st.integers(1, 50_000).map(lambda depth: b'{"a":' * depth + b"1" + b"}" * depth),
    st.integers(1, 5000).map(lambda digits: b'{"id":' + b"9" * digits + b"}"),
    st.sampled_from(
        [b"NaN", b"Infinity", b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b'{"id":1e999999}', b"\0", b"null"]
    ),
)


def request(
    content: bytes,
    fields: tuple[tuple[bytes, bytes], ...] = VALID_HEADERS,
    *,
    length: bytes | None = None,
    start: bytes = b"",
) -> bytes:
    """Return a request as bytes. ``length`` replaces the correct Content-Length."""
    stated_length = str(len(content)).encode() if length is None else length
    lines = [start or b"POST " + PATH + b" HTTP/1.1", *(name + b": " + value for name, value in fields)]
    return b"\r\n".join([*lines, b"Content-Length: " + stated_length, b"", b""]) + content


def chunked(pieces: list[bytes], sizes: list[bytes] | None = None, end: bytes = b"0\r\n\r\n") -> bytes:
    """Return a request in chunks. ``sizes`` replace the correct chunk sizes."""
    stated_sizes = sizes or [f"{len(piece):x}".encode() for piece in pieces]
    lines = [b"POST " + PATH + b" HTTP/1.1", *(name + b": " + value for name, value in VALID_HEADERS)]
    head = b"\r\n".join([*lines, b"Transfer-Encoding: chunked", b"", b""])
    return (
        head
        + b"".join(size + b"\r\n" + piece + b"\r\n" for size, piece in zip(stated_sizes, pieces, strict=False))
        + end
    )


def statuses(url: str, raw: bytes) -> list[int]:
    """Send the bytes, close the sending side, and return the status of each answer.

    Raises AssertionError if the server neither answers nor closes the connection in time.
    """
    address = urlsplit(url)
    received = b""
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=ANSWER_SECONDS) as client:
        try:
            client.sendall(raw)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server has closed the connection; it may have answered before
        give_up = time.monotonic() + ANSWER_SECONDS
        try:
            while data := client.recv(65536):
                received += data
                assert time.monotonic() < give_up, "the answer does not end"
        except TimeoutError:
            raise AssertionError(f"no answer within {ANSWER_SECONDS} s") from None
        except ConnectionError:
            pass
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3})", received)]
