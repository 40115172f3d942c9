"""Where a pass of the scheduled reconciliation stands: one object of S3, which one run at a time holds.

Each write is conditional on the version that this run read or wrote last. So two runs never hold it, and a run whose
hold has ended notices before it writes again. A run that is killed holds it until its time is up.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from appointments.errors import UnavailableError
from appointments.sdk import SDK_ERRORS, code_of, problem_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "reconciliation/position.json"
LOST = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}
"""S3's codes for a write whose condition does not hold, or holds no longer."""
STALE_SECONDS = 7 * 86_400
"""The position of a pass that began longer ago is not continued: its window has moved on."""


class NotHeldError(UnavailableError):
    """Another run holds the position."""


class Position:
    """The object in the bucket. ``holder`` is new for each run, and tells its writes from those of others."""

    def __init__(
        self,
        client: S3Client,
        bucket_name: str,
        *,
        clock: Callable[[], float] = time.time,
        holder: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self._client = client
        self._bucket_name = bucket_name
        self._clock = clock
        self._holder = holder()
        self._version = ""
        self._held_until = 0.0
        self._begun_at = 0.0

    def take(self, seconds: float) -> str | None:
        """Hold the position for at most ``seconds``. Return the text of the last :meth:`save`, None for a new pass.

        Raises NotHeldError if another run holds it, and UnavailableError when S3 does not answer.
        """
        self._held_until = self._clock() + seconds
        self._begun_at = self._clock()
        if self._put(None, IfNoneMatch="*"):
            return None
        found, version = self._read()
        if found.get("heldUntil", 0) > self._clock():
            raise NotHeldError("another run holds the position of the pass")
        cursor, begun_at = found.get("cursor"), found.get("begunAt", 0)
        if cursor is None or begun_at < self._clock() - STALE_SECONDS:
            cursor = None
        else:
            self._begun_at = begun_at
        if not self._put(cursor, IfMatch=version):
            raise NotHeldError("another run took the position of the pass")
        return cursor

    def save(self, cursor: str | None) -> None:
        """Save where the pass stands. Raises NotHeldError if another run has the position, and UnavailableError."""
        if not self._put(cursor, IfMatch=self._version):
            raise NotHeldError("another run took the position of the pass")

    def release(self, cursor: str | None) -> None:
        """Let the next run continue at the cursor; None begins a new pass. Raises as :meth:`save`."""
        self._held_until = 0.0
        self.save(cursor)

    def _put(self, cursor: str | None, **condition: Any) -> bool:
        """Write the object if the condition holds. A repeated request of the SDK can fail by its own first attempt."""
        text = json.dumps(
            {"heldUntil": self._held_until, "holder": self._holder, "begunAt": self._begun_at, "cursor": cursor}
        )
        try:
            answer = self._client.put_object(
                Bucket=self._bucket_name,
                Key=KEY,
                Body=text.encode(),
                ContentType="application/json",
                **condition,
            )
        except SDK_ERRORS as error:
            if code_of(error) not in LOST:
                raise UnavailableError(problem_of("S3", error)) from None
            return self._is_ours(text)
        self._version = answer["ETag"]
        return True

    def _is_ours(self, text: str) -> bool:
        body, version = self._get()
        if body != text.encode():
            return False
        self._version = version
        return True

    def _read(self) -> tuple[dict[str, Any], str]:
        body, version = self._get()
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        return found if isinstance(found, dict) else {}, version

    def _get(self) -> tuple[bytes, str]:
        try:
            answer = self._client.get_object(Bucket=self._bucket_name, Key=KEY)
            return answer["Body"].read(), answer["ETag"]
        except SDK_ERRORS as error:
            raise UnavailableError(problem_of("S3", error)) from None
