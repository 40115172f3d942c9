"""What API Gateway hands over (HTTP API, payload format 2.0) as what the webhook needs of it."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from appointments.errors import AppointmentsError, MalformedBodyError
from appointments.instants import utc

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UnsupportedMediaTypeError(AppointmentsError):
    """The body is declared to be something else than JSON, or to be encoded."""


@dataclass(frozen=True, slots=True)
class Request:
    """A delivery as it arrived; header names are lower case, ``received_at_ms`` is epoch milliseconds."""

    headers: Mapping[str, str]
    received_at_ms: int
    _event: Mapping[str, Any]

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Request:
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        context = event.get("requestContext") or {}
        return cls(headers, int(context.get("timeEpoch") or time.time() * 1000), event)

    @property
    def received_at(self) -> str:
        return utc((EPOCH + timedelta(milliseconds=self.received_at_ms)).isoformat())

    def body(self) -> bytes:
        """The exact bytes that were sent, base64 undone. Raises MalformedBodyError, UnsupportedMediaTypeError."""
        self._check_media_type()
        text = self._event.get("body") or ""
        if not self._event.get("isBase64Encoded"):
            return str(text).encode("utf-8", "surrogatepass")
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise MalformedBodyError("the body is not the base64 it is declared to be") from None

    def _check_media_type(self) -> None:
        """No Content-Type at all is taken for JSON: the sender's headers are not documented."""
        declared = self.headers.get("content-type", "application/json")
        media_type = declared.partition(";")[0].strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise UnsupportedMediaTypeError("Content-Type must be application/json")
        if self.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise UnsupportedMediaTypeError("Content-Encoding must be absent or identity")
