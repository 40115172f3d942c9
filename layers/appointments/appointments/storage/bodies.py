"""Bodies that are too large for an item of the table: objects in S3, named by their content (a claim check).

The key is the SHA-256 of the bytes. A repeated put writes the same bytes under the same key, so a crash between the
bucket and the table needs no cleaning up, and a reader can check that the object is the body that was put.

S3 expires objects by their age and prefix, DynamoDB expires each event at its own time. The prefix of a body is
therefore its lifetime, rounded up to one of LIFETIMES; template.yaml has a lifecycle rule for each.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from appointments.errors import BodyLostError, BodyUnavailableError
from appointments.sdk import SDK_ERRORS, code_of, problem_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "bodies/"
LIFETIMES = (30, 60, 120, 240, 480, 960, 1920, 3840, 7680)
"""The lifetimes of objects, in days. An object with a longer one is never deleted."""
MARGIN_DAYS = 30
"""An object outlives its event by at least this: DynamoDB deletes an expired item days later, and a body waits in the
backlog for up to 14 days."""
SECONDS_PER_DAY = 86_400


def key_of(body: bytes, expires_at: float | None = None, now: float = 0.0) -> str:
    """Return the key of a body whose event expires at ``expires_at``, None for never; both in epoch seconds."""
    return PREFIX + _lifetime(expires_at, now) + hashlib.sha256(body).hexdigest()


def _lifetime(expires_at: float | None, now: float) -> str:
    if expires_at is None:
        return ""
    days = (expires_at - now) / SECONDS_PER_DAY + MARGIN_DAYS
    return next((f"{lifetime}d/" for lifetime in LIFETIMES if lifetime >= days), "")


class Bodies:
    """The bucket: each object is exactly the bytes that were received."""

    def __init__(self, client: S3Client, bucket_name: str, *, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._bucket_name = bucket_name
        self._clock = clock

    def put(self, body: bytes, expires_at: float | None = None) -> str:
        """Store the body and return its key. A repeated put is safe and restarts the object's lifetime.

        ``expires_at`` is when its event expires, in epoch seconds; None for never.

        Raises BodyUnavailableError when S3 does not confirm it.
        """
        key = key_of(body, expires_at, self._clock())
        try:
            self._client.put_object(
                Bucket=self._bucket_name,
                Key=key,
                Body=body,
                ContentType="application/json",
                ChecksumSHA256=base64.b64encode(hashlib.sha256(body).digest()).decode(),
            )
        except SDK_ERRORS as error:
            raise BodyUnavailableError(problem_of("S3", error)) from None
        return key

    def get(self, key: str) -> bytes:
        """Return the body that was put under the key.

        Raises BodyLostError when there is no such object or its content differs, BodyUnavailableError when S3 does
        not answer.
        """
        try:
            body = self._client.get_object(Bucket=self._bucket_name, Key=key)["Body"].read()
        except SDK_ERRORS as error:
            kind = BodyLostError if code_of(error) == "NoSuchKey" else BodyUnavailableError
            raise kind(problem_of("S3", error)) from None
        if hashlib.sha256(body).hexdigest() != key.rpartition("/")[2]:
            raise BodyLostError("the object is not the body that its key names")
        return body
