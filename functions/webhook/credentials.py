"""Finds the shared token in a request, in each place where a sender can put it."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterator
from typing import TYPE_CHECKING

from webhook.secret import UnusableSecretError

if TYPE_CHECKING:
    from collections.abc import Callable

    from webhook.request import Request

DUPLICATES = 8
"""At most this many values of a repeated header are compared; with more, only the whole value is."""


def token_key(secret: str) -> bytes:
    """Return the token that a request must present, without the white space that an editor leaves at the ends."""
    token = secret.strip()
    if not token:
        raise UnusableSecretError("the secret is empty")
    return token.encode()


def token_proof(request: Request, header: str) -> Callable[[bytes], bool] | None:
    """Return the proof that one of the request's credentials is the token; None for a request without credentials.

    ``header`` is the name, in lower case, of one more header that can hold the token; empty for none.
    """
    presented = [token.encode("utf-8", "surrogatepass") for token in _presented(request, header) if token]
    if not presented:
        return None

    def proves(key: bytes) -> bool:
        # All credentials are compared. The time taken depends on the length of the second argument alone.
        return any([hmac.compare_digest(key, token) for token in presented])  # noqa: C419 - a list: all of them run

    return proves


def _presented(request: Request, header: str) -> Iterator[str]:
    for authorization in _values(request, "authorization"):
        yield _token(authorization)
    if header:
        yield from _values(request, header)
    yield request.path_token


def _values(request: Request, header: str) -> Iterator[str]:
    """The value, which may contain commas itself, and its parts: API Gateway joins repeated headers by commas."""
    value = request.headers.get(header, "")
    yield value.strip(" \t")
    parts = value.split(",", DUPLICATES)
    if 1 < len(parts) <= DUPLICATES:
        yield from (part.strip(" \t") for part in parts)


def _token(authorization: str) -> str:
    """The bearer token or the basic password; empty for any other scheme and for malformed credentials."""
    scheme, _, credentials = authorization.partition(" ")
    credentials = credentials.strip(" \t")
    match scheme.lower():
        case "bearer":
            return credentials
        case "basic":
            return _password(credentials)
        case _:
            return ""


def _password(credentials: str) -> str:
    """The text after the first colon, which no user name contains. Any user name is accepted."""
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
