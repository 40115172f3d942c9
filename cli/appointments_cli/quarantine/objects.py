"""The objects in quarantine, read page by page."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from operator import itemgetter
from typing import Any

import click
from botocore.exceptions import ClientError

from appointments.contract.essentials import Ids
from appointments.contract.instants import is_date_time, utc
from appointments.outcome import QUARANTINED, Outcome
from appointments.storage.quarantine import QuarantineMetadata
from appointments_cli.errors import UnknownIdError
from appointments_cli.options import Window
from appointments_cli.screen import camel

AT_ONCE = 16
CLOCKS_DIFFER = timedelta(minutes=5)
PREFIX_LENGTH = 8
"""A key is shown with at least this many characters of its digest."""
CANDIDATES = 10
OUTCOME, REDRIVEN_AT = "outcome", "redriven-at"
"""Tags of the object: a change of a tag leaves the object itself unchanged."""


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
    def ids(self) -> dict[str, str]:
        """The ids that the metadata names, with the names of a record."""
        return {camel(name): value for name, value in self.metadata.ids.present().items()}

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
            **{name: self.ids.get(name) for name in map(camel, Ids._fields)},
            "contentType": self.metadata.content_type,
            "contentEncoding": self.metadata.content_encoding,
            "erasedAt": self.metadata.erased_at or None,
            "violationCount": self.metadata.violation_count,
            "violations": [violation.as_dict() for violation in self.metadata.violations],
            "outcome": self.outcome,
            "redrivenAt": self.redriven_at,
        }


@dataclass(frozen=True, slots=True)
class Filters:
    """What an object must be to be selected; None leaves a property open.

    ``window`` is the time of its receipt. ``path`` is the path of a violation, or the first members of one.
    """

    reasons: tuple[str, ...] = ()
    window: Window = field(default_factory=Window)
    path: str | None = None
    appointment: str | None = None

    def match(self, entry: QuarantineObject) -> bool:
        if self.appointment is not None and entry.ids.get("appointmentId") != self.appointment:
            return False
        if entry.received_at not in self.window:
            return False
        return self.path is None or any(self._under(violation.path) for violation in entry.metadata.violations)

    def _under(self, path: str) -> bool:
        return self.path is not None and (path == self.path or path.startswith((self.path + ".", self.path + "[")))

    def too_old(self, modified: datetime) -> bool:
        """Whether an object was written before ``since``: a body is received before it is written."""
        since = self.window.since
        return since is not None and utc((modified + CLOCKS_DIFFER).isoformat()) < since


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

    def find(self, filters: Filters, *, newest_first: bool = False) -> Iterator[QuarantineObject]:
        """Yield the matching objects; the metadata of AT_ONCE objects is read at once.

        The order is that of the second in which an object was written. Objects of one second ascend by their keys.
        """
        keys = iter(self._keys(filters, newest_first=newest_first))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while chunk := list(islice(keys, AT_ONCE)):
                for entry in pool.map(self._read, chunk):
                    if entry is not None and filters.match(entry):
                        yield entry
                    elif entry is not None and entry.unlisted and replace(filters, path=None).match(entry):
                        self._incomplete(entry)

    def get(self, key: str) -> QuarantineObject:
        """Return the object of a key or of a prefix of one: ``contract/922cbc01`` or ``922cbc01``.

        Raises UnknownIdError when there is none, UsageError with the candidates when there are several.
        """
        prefixes = [key] if "/" in key else [f"{outcome.value}/{key}" for outcome in QUARANTINED]
        if not key.strip("/"):
            raise click.UsageError("the key is empty: give a key of 'appointments quarantine list'")
        found: list[str] = []
        for prefix in prefixes:
            answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=CANDIDATES)
            found += [each["Key"] for each in answer.get("Contents", ())]
        if key not in found and len(found) > 1:
            raise click.UsageError(f"{key} is not unique: {', '.join(found[:CANDIDATES])}")
        entry = self._read(key if key in found or not found else found[0]) if found else None
        if entry is None:
            raise UnknownIdError(f"there is no {key} in quarantine: 'appointments quarantine list' shows all")
        return entry

    def shortener(self) -> Callable[[str], str]:
        """Return a function from a key to its shortest prefix that names no other object in quarantine."""
        every = sorted({key for _, key in self._listed(("",))})
        return lambda key: _unique(key, every)

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

    def _keys(self, filters: Filters, *, newest_first: bool) -> list[str]:
        prefixes = tuple(f"{reason}/" for reason in filters.reasons) or ("",)
        listed = [each for each in self._listed(prefixes) if not filters.too_old(each[0])]
        listed.sort(key=itemgetter(1))
        listed.sort(key=itemgetter(0), reverse=newest_first)  # stable: the keys of one second still ascend
        return [key for _, key in listed]

    def _listed(self, prefixes: tuple[str, ...]) -> list[tuple[datetime, str]]:
        pages = self._client.get_paginator("list_objects_v2")
        return [
            (entry["LastModified"], entry["Key"])
            for prefix in prefixes
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix)
            for entry in page.get("Contents", ())
        ]


def _unique(key: str, every: list[str]) -> str:
    """The shortest prefix of a key that no other of the sorted keys has."""
    place = bisect_left(every, key)
    others = [*every[max(0, place - 1) : place], *every[place + 1 : place + 2]]
    reason, slash, digest = key.rpartition("/")
    length = PREFIX_LENGTH
    while length < len(digest) and any(other.startswith(f"{reason}{slash}{digest[:length]}") for other in others):
        length += 1
    return f"{reason}{slash}{digest[:length]}"
