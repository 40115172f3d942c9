"""The shared token, wherever a sender is able to put it."""

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
"""So many values of one header are looked at; a request with more has no business here."""


def token_key(secret: str) -> bytes:
    """What has to be presented. White space at the ends, as an editor leaves it, is no part of it."""
    token = secret.strip()
    if not token:
        raise UnusableSecretError("the secret is empty")
    return token.encode()


def token_proof(request: Request, header: str) -> Callable[[bytes], bool] | None:
    """Whether one of the request's credentials is a given token; None when it presents nothing.

    ``header`` is the name, in lower case, of a header that may hold the token itself; empty for none.
    """
    presented = [token.encode("utf-8", "surrogatepass") for token in _presented(request, header) if token]
    if not presented:
        return None

    def proves(key: bytes) -> bool:
        # All are compared and none stops the others. The time taken depends on the second argument's length alone.
        return any([hmac.compare_digest(key, token) for token in presented])  # noqa: C419 - a list, so that all run

    return proves


def _presented(request: Request, header: str) -> Iterator[str]:
    for authorization in _values(request, "authorization"):
        yield _token(authorization)
    if header:
        yield from _values(request, header)
    yield request.path_token


def _values(request: Request, header: str) -> Iterator[str]:
    """The value, which may itself hold commas, and what it is made of if it was sent more than once."""
    value = request.headers.get(header, "")
    yield value.strip(" \t")
    parts = value.split(",", DUPLICATES)
    if 1 < len(parts) <= DUPLICATES:
        yield from (part.strip(" \t") for part in parts)


def _token(authorization: str) -> str:
    """The bearer token or the basic password; empty for anything else and for whatever is malformed."""
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
    """After the first colon: a user name holds none, and any name will do."""
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
