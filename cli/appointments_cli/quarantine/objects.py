"""The objects in quarantine, read page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import click
from botocore.exceptions import ClientError

from appointments.contract.instants import is_date_time, utc
from appointments.outcome import Outcome
from appointments.storage.quarantine import QuarantineMetadata

AT_ONCE = 16
CLOCKS_DIFFER = timedelta(minutes=5)
OUTCOME, REDRIVEN_AT = "outcome", "redriven-at"
"""Tags of the object: a change of a tag leaves the object itself unchanged."""
_CAMEL = {
    "event_type": "eventType",
    "correlation_id": "correlationId",
    "envelope_id": "envelopeId",
    "appointment_id": "appointmentId",
}


@dataclass(frozen=True, slots=True)
class QuarantineObject:
    """An object in quarantine and its metadata; ``outcome`` is that of its last redrive."""

    key: str
    size: int
    received_at: str
    metadata: QuarantineMetadata
    outcome: str | None
    redriven_at: str | None

    @property
    def reason(self) -> str:
        return self.key.partition("/")[0]

    @property
    def is_conflict(self) -> bool:
        """Whether the envelope id belonged to another event when the body was received or last redriven."""
        return Outcome.CONFLICT.value in (self.reason, self.outcome)

    @property
    def unlisted(self) -> int:
        """The number of violations that did not fit the metadata."""
        return self.metadata.violation_count - len(self.metadata.violations)

    def as_dict(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "reason": self.reason,
            "receivedAt": self.received_at,
            "size": self.size,
            "requestId": self.metadata.request_id,
            "functionRequestId": self.metadata.function_request_id or None,
            **{_CAMEL[name]: value or None for name, value in self.metadata.ids._asdict().items()},
            "contentType": self.metadata.content_type,
            "violationCount": self.metadata.violation_count,
            "violations": [violation.as_dict() for violation in self.metadata.violations],
            "outcome": self.outcome,
            "redrivenAt": self.redriven_at,
        }


@dataclass(frozen=True, slots=True)
class Filters:
    """``since`` is included and ``until`` is not, both in the form of :func:`appointments.contract.instants.utc`.

    ``path`` is the path of a violation, or the first members of one.
    """

    reasons: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    path: str | None = None

    def match(self, entry: QuarantineObject) -> bool:
        if self.since and entry.received_at < self.since:
            return False
        if self.until and entry.received_at >= self.until:
            return False
        return self.path is None or any(self._under(violation.path) for violation in entry.metadata.violations)

    def _under(self, path: str) -> bool:
        return self.path is not None and (path == self.path or path.startswith((self.path + ".", self.path + "[")))

    def too_old(self, modified: datetime) -> bool:
        """Whether an object was written before ``since``: a body is received before it is written."""
        return self.since is not None and utc((modified + CLOCKS_DIFFER).isoformat()) < self.since


class Finder:
    """Reads a quarantine bucket.

    ``incomplete`` receives each object that ``path`` may match by a violation that its metadata does not list.
    """

    def __init__(
        self, client: Any, bucket: str, incomplete: Callable[[QuarantineObject], None] = lambda _: None
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._incomplete = incomplete

    def find(self, filters: Filters) -> Iterator[QuarantineObject]:
        """Yield the matching objects in the order of their keys; the metadata of AT_ONCE objects is read at once."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            keys = self._keys(filters)
            while chunk := list(islice(keys, AT_ONCE)):
                for entry in pool.map(self._read, chunk):
                    if entry is not None and filters.match(entry):
                        yield entry
                    elif entry is not None and entry.unlisted and replace(filters, path=None).match(entry):
                        self._incomplete(entry)

    def get(self, key: str) -> QuarantineObject:
        """Return the object. Raises ClickException when there is none."""
        entry = self._read(key)
        if entry is None:
            raise click.ClickException(f"there is no {key} in quarantine: 'appointments quarantine list' shows all")
        return entry

    def _read(self, key: str) -> QuarantineObject | None:
        try:
            # The tags first: the answer to a failed HEAD has no error code, and can mean a missing bucket.
            tags = self._client.get_object_tagging(Bucket=self._bucket, Key=key)["TagSet"]
            head = self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
                return None
            raise
        tags_by_name = {tag["Key"]: tag["Value"] for tag in tags}
        metadata = QuarantineMetadata.from_metadata(head["Metadata"])
        modified = head["LastModified"].astimezone(UTC).isoformat()
        return QuarantineObject(
            key=key,
            size=head["ContentLength"],
            received_at=utc(metadata.received_at if is_date_time(metadata.received_at) else modified),
            metadata=metadata,
            outcome=tags_by_name.get(OUTCOME),
            redriven_at=tags_by_name.get(REDRIVEN_AT),
        )

    def _keys(self, filters: Filters) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2")
        for prefix in [f"{reason}/" for reason in filters.reasons] or [""]:
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                for entry in page.get("Contents", ()):
                    if not filters.too_old(entry["LastModified"]):
                        yield entry["Key"]
