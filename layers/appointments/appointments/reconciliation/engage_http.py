"""One request to the vendor's hosts: TLS with a full bundle of authorities, no redirects, a bound on time and size.

urllib3 is part of botocore, so the layer has it already. The functions' own bundle has the roots of Amazon alone, which
did not sign the vendor's certificates (docs/decisions/0030).
"""

from __future__ import annotations

import ipaddress
import logging
import ssl
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import botocore
import urllib3
from urllib3.exceptions import HTTPError, SSLError

from appointments.deadline import within
from appointments.errors import DeadlineExceededError
from appointments.reconciliation.errors import EngageRefusedError, EngageUnavailableError, SettingsError

CONNECT_SECONDS, READ_SECONDS = 5.0, 20.0
"""The longest wait for a connection, and the longest silence on it."""
WHOLE_SECONDS = 60.0
"""The longest time of one answer that keeps coming."""
LEAST_SECONDS = 0.5
ANSWER_BYTES = 32 * 1024 * 1024
BUNDLE = Path(botocore.__file__).parent / "cacert.pem"
_BLOCK = 65_536


class NoAnswerError(Exception):
    """No whole answer came. The message is the kind of the error, without the URL."""


class Answer(NamedTuple):
    """The status and the body of an answer."""

    status: int
    body: bytes


class EngageHttp:
    """Sends requests, one at a time, over a connection that is kept."""

    def __init__(self, bundle: Path = BUNDLE, clock: Callable[[], float] = time.monotonic) -> None:
        logging.getLogger("urllib3").setLevel(logging.WARNING)  # at DEBUG it logs ids in URLs
        self._bundle = bundle
        self._clock = clock

    @cached_property
    def _secure(self) -> urllib3.PoolManager:
        return urllib3.PoolManager(maxsize=1, ssl_context=ssl.create_default_context(cafile=str(self._bundle)))

    @cached_property
    def _plain(self) -> urllib3.PoolManager:
        return urllib3.PoolManager(maxsize=1)

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None, seconds: float
    ) -> Answer:
        """Return the answer of any status, a redirect included.

        Raises NoAnswerError if it does not come whole within ``seconds`` or WHOLE_SECONDS, and EngageRefusedError if
        the certificate is not trusted. Raises EngageUnavailableError if even that takes too long, as when a name is
        not resolved or the head of an answer trickles: the call may go on, so no other may follow.
        """
        whole = max(LEAST_SECONDS, min(seconds, WHOLE_SECONDS))
        read = max(LEAST_SECONDS, min(seconds, READ_SECONDS))
        try:
            return within(
                whole + CONNECT_SECONDS + read, lambda: self._send(method, url, headers, body, whole=whole, read=read)
            )
        except DeadlineExceededError:
            raise EngageUnavailableError("the Engage API answers too slowly to wait for: try again later") from None

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, *, whole: float, read: float
    ) -> Answer:
        end = self._clock() + whole
        try:
            pool = self._secure if url.startswith("https:") else self._plain
            response = pool.request(
                method,
                url,
                body=body,
                headers=dict(headers),
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, read), read=read),
            )
            try:
                return Answer(response.status, self._read(response, end))
            finally:
                response.close()  # closes the connection unless the answer was read to its end
        except HTTPError as error:
            if isinstance(error, SSLError) and any(
                isinstance(each, ssl.SSLCertVerificationError) for each in error.args
            ):
                raise EngageRefusedError(
                    "the certificate of the Engage API is not trusted: check EngageApiUrl and EngageAuthUrl, "
                    "and whether a proxy stands in between"
                ) from None
            raise NoAnswerError(type(error).__name__) from None

    def _read(self, response: urllib3.BaseHTTPResponse, end: float) -> bytes:
        blocks: list[bytes] = []
        size = 0
        while block := response.read1(_BLOCK):
            blocks.append(block)
            size += len(block)
            if size > ANSWER_BYTES:
                raise NoAnswerError("AnswerTooLarge")
            if self._clock() > end:
                raise NoAnswerError("AnswerTooSlow")
        return b"".join(blocks)


def checked_url(url: str, name: str) -> str:
    """Return a base URL without a slash at its end.

    It must have https, or http with a loopback address, for the stand-in on this machine. Raises SettingsError.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))
        usable = usable and bool(parts.hostname) and parts.port != 0 and parts.path in ("", "/")
        usable = usable and not (parts.username or parts.password or parts.query or parts.fragment)
    except ValueError:
        usable = False
    if not usable or not url.isascii() or not url.isprintable() or " " in url:
        raise SettingsError(f"{name} cannot be used: give a URL with https:// and a host, such as https://host.example")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
