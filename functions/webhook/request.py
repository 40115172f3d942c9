"""A request of API Gateway (HTTP API, payload format 2.0), decoded once."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from appointments import timing
from appointments.contract.instants import utc
from appointments.errors import MalformedBodyError, RejectedError, UnsupportedMediaTypeError

COMPRESSIONS = {"gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Request(NamedTuple):
    """The parts of a request that the function uses.

    ``headers`` has lower-case names; a header that was sent several times is one value, joined by commas.

    ``path_token`` is the last segment of the route ``/webhooks/appointments/{token}``, percent-decoded, with or without
    a slash behind it; empty without one. ``body`` is the exact bytes that were sent; of broken base64 it is the text
    that arrived.
    ``received_at`` is UTC in the fixed width of :func:`.instants.utc`, ``received_at_ms`` the same in epoch
    milliseconds. ``request_id`` is API Gateway's, as in the access log. ``error`` says why the body cannot be JSON.
    """

    headers: Mapping[str, str]
    path_token: str
    body: bytes
    received_at_ms: int
    received_at: str
    request_id: str
    error: RejectedError | None

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Request:
        headers = {name.lower(): str(value) for name, value in (event.get("headers") or {}).items()}
        context = event.get("requestContext") or {}
        received_at_ms = int(context.get("timeEpoch") or time.time() * 1000)
        body, error = _body(event)
        return cls(
            headers=headers,
            path_token=_path_token(event.get("pathParameters") or {}),
            body=body,
            received_at_ms=received_at_ms,
            received_at=utc((EPOCH + timedelta(milliseconds=received_at_ms)).isoformat()),
            request_id=str(context.get("requestId") or ""),
            error=_encoding_error(headers) or error,
        )

    @property
    def answer_seconds(self) -> float:
        """The seconds that are left for the answer. A cold start has used part of the sender's timeout."""
        waited = time.time() - self.received_at_ms / 1000
        if not 0 <= waited < timing.SENDER:  # a sample's time, a wrong clock, or the sender has given up
            waited = 0.0
        return max(timing.ANSWER - waited, timing.LEAST_ANSWER)


def _path_token(parameters: Mapping[str, Any]) -> str:
    """The token in the path. The greedy route takes the paths with a trailing slash (docs/decisions/0024)."""
    return str(parameters.get("token") or str(parameters.get("proxy") or "").removesuffix("/"))


def _body(event: Mapping[str, Any]) -> tuple[bytes, RejectedError | None]:
    text = str(event.get("body") or "")
    if event.get("isBase64Encoded"):
        try:
            return base64.b64decode(text, validate=True), None
        except (binascii.Error, ValueError):
            return _encoded(text), MalformedBodyError("the body is not the base64 that API Gateway declares")
    return _encoded(text), None


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _encoding_error(headers: Mapping[str, str]) -> RejectedError | None:
    """Whether a body is JSON depends on the body, not on Content-Type. Only a compressed body needs its header.

    Content-Encoding often has other values, such as a charset: these are ignored.
    """
    codings = {coding.strip().lower() for coding in headers.get("content-encoding", "").split(",")}
    if codings & COMPRESSIONS:
        return UnsupportedMediaTypeError("the body is compressed: send it without Content-Encoding")
    return None
