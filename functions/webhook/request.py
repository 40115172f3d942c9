"""What API Gateway hands over (HTTP API, payload format 2.0) as what the webhook needs of it."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from appointments.contract.instants import utc
from appointments.deadline import Deadline
from appointments.errors import AppointmentsError, MalformedBodyError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SENDER_SECONDS = 3.0
"""How long the sender waits for the answer to its first attempt (mapping.md, section 5)."""
ANSWER_SECONDS = 2.6
"""What of it is ours: the rest is the way there and back."""
LEAST_SECONDS = 1.2
"""After a cold start that took most of it: the sender may be gone, its delivery is not lost for that."""


class UnsupportedMediaTypeError(AppointmentsError):
    """The body is declared to be something else than JSON, or to be encoded."""


class Request(NamedTuple):
    """A delivery as it arrived; header names are lower case, ``received_at_ms`` is epoch milliseconds.

    ``received_at`` is the same instant in the fixed width of :func:`appointments.contract.instants.utc`.

    A header that was sent more than once is one value, joined by commas. ``path_token`` is what the route
    ``/webhooks/appointments/{token}`` found, percent-decoded; empty on the route without it.
    """

    headers: Mapping[str, str]
    path_token: str
    received_at_ms: int
    received_at: str
    event: Mapping[str, Any]

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Request:
        headers = {name.lower(): str(value) for name, value in (event.get("headers") or {}).items()}
        path_token = str((event.get("pathParameters") or {}).get("token") or "")
        context = event.get("requestContext") or {}
        received_at_ms = int(context.get("timeEpoch") or time.time() * 1000)
        received_at = utc((EPOCH + timedelta(milliseconds=received_at_ms)).isoformat())
        return cls(headers, path_token, received_at_ms, received_at, event)

    def body(self) -> bytes:
        """The exact bytes that were sent, whatever they claim to be. Raises MalformedBodyError for broken base64."""
        text = self.event.get("body") or ""
        if not self.event.get("isBase64Encoded"):
            return str(text).encode("utf-8", "surrogatepass")
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise MalformedBodyError("the body is not the base64 it is declared to be") from None

    def raw(self) -> bytes:
        """What there is to keep of a body, whatever is wrong with it: its bytes, else the text that came for them."""
        try:
            return self.body()
        except MalformedBodyError:
            return str(self.event["body"]).encode("utf-8", "surrogatepass")

    @property
    def request_id(self) -> str:
        """API Gateway's, by which the access log knows the request."""
        return str((self.event.get("requestContext") or {}).get("requestId") or "")

    def deadline(self) -> Deadline:
        """When the answer is due, counted from when API Gateway took the request: a cold start has used some of it."""
        waited = time.time() - self.received_at_ms / 1000
        if not 0 <= waited < SENDER_SECONDS:  # a sample's time, a clock that is off, or nobody waits any more
            waited = 0.0
        return Deadline(max(ANSWER_SECONDS - waited, LEAST_SECONDS))

    def check_media_type(self) -> None:
        """Raises UnsupportedMediaTypeError unless it is JSON, as it is.

        No Content-Type at all is taken for JSON: the sender's headers are not documented.
        """
        declared = self.headers.get("content-type", "application/json")
        media_type = declared.partition(";")[0].strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise UnsupportedMediaTypeError("Content-Type must be application/json")
        if self.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise UnsupportedMediaTypeError("Content-Encoding must be absent or identity")
