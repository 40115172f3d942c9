"""Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over ``id.timestamp.body``, exactly as received."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from typing import TYPE_CHECKING

from webhook.secret import UnusableSecretError

if TYPE_CHECKING:
    from collections.abc import Callable

    from webhook.request import Request

PREFIX = "whsec_"
TIMESTAMP = re.compile(r"[0-9]{1,12}")
# Signatures are separated by spaces, the values of a repeated header by commas. Other versions than v1 are ignored:
# a sender can sign in several ways at the same time.
SIGNATURES = re.compile(r"(?:^|(?<=[ ,]))v1,([A-Za-z0-9+/]{43}=)(?=[ ,]|$)")


def signing_key(secret: str) -> bytes:
    """Decode a secret in base64, with or without ``whsec_`` and padding. Raises UnusableSecretError."""
    text = secret.strip().removeprefix(PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise UnusableSecretError("the secret is not base64: it is no signing key") from None
    if not key:
        raise UnusableSecretError("the secret is empty")
    return key


def signature_proof(request: Request, tolerance_seconds: int, now: float) -> Callable[[bytes], bool] | None:
    """Return the proof that a key made one of the request's signatures.

    None for a request without a well-formed signature, or with a timestamp outside the tolerance. ``now`` is in
    epoch seconds.
    """
    identifier, timestamp, signatures = (
        request.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")
    )
    presented = [signature.encode() for signature in SIGNATURES.findall(signatures)]
    if not (identifier and presented and TIMESTAMP.fullmatch(timestamp)):
        return None
    if abs(now - int(timestamp)) > tolerance_seconds:
        return None
    signed = f"{identifier}.{timestamp}.".encode("utf-8", "surrogatepass") + request.body

    def proves(key: bytes) -> bool:
        expected = base64.b64encode(hmac.digest(key, signed, "sha256"))
        return any([hmac.compare_digest(expected, signature) for signature in presented])  # noqa: C419 - a list: all of them run

    return proves
