"""What is in quarantine: a page at a time, never all of it at once."""

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
from appointments.storage.quarantine import Account

AT_ONCE = 16
CLOCKS_DIFFER = timedelta(minutes=5)
OUTCOME, REDRIVEN_AT = "outcome", "redriven-at"
"""Tags: they change without touching the object, and what is written once stays written once."""


@dataclass(frozen=True, slots=True)
class Found:
    """An object in quarantine and what is known of it; ``outcome`` is that of its last redrive."""

    key: str
    size: int
    received_at: str
    account: Account
    outcome: str | None
    redriven_at: str | None

    @property
    def reason(self) -> str:
        return self.key.partition("/")[0]

    @property
    def unlisted(self) -> int:
        """So many violations did not fit the metadata."""
        return self.account.violation_count - len(self.account.violations)

    def as_dict(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "reason": self.reason,
            "receivedAt": self.received_at,
            "size": self.size,
            "requestId": self.account.request_id,
            "contentType": self.account.content_type,
            "violationCount": self.account.violation_count,
            "violations": [violation.as_dict() for violation in self.account.violations],
            "outcome": self.outcome,
            "redrivenAt": self.redriven_at,
        }


@dataclass(frozen=True, slots=True)
class Filters:
    """``since`` is included and ``until`` is not, both in the form of :func:`appointments.contract.instants.utc`.

    ``path`` is a violation's path or the beginning of one, in whole members.
    """

    reasons: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    path: str | None = None

    def match(self, found: Found) -> bool:
        if self.since and found.received_at < self.since:
            return False
        if self.until and found.received_at >= self.until:
            return False
        return self.path is None or any(self._under(violation.path) for violation in found.account.violations)

    def _under(self, path: str) -> bool:
        return self.path is not None and (path == self.path or path.startswith((self.path + ".", self.path + "[")))

    def too_old(self, modified: datetime) -> bool:
        """A body is received before it is kept: what is older than ``since`` need not be looked at."""
        return self.since is not None and utc((modified + CLOCKS_DIFFER).isoformat()) < self.since


class Finder:
    """Reads a quarantine bucket. ``incomplete`` is told of an object that ``path`` could not be looked for in whole."""

    def __init__(self, client: Any, bucket: str, incomplete: Callable[[Found], None] = lambda _: None) -> None:
        self._client = client
        self._bucket = bucket
        self._incomplete = incomplete

    def find(self, filters: Filters) -> Iterator[Found]:
        """In the order of keys; what is known of a few is fetched at once."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            keys = self._keys(filters)
            while chunk := list(islice(keys, AT_ONCE)):
                for found in pool.map(self.look, chunk):
                    if found is not None and filters.match(found):
                        yield found
                    elif found is not None and found.unlisted and replace(filters, path=None).match(found):
                        self._incomplete(found)

    def look_at(self, key: str) -> Found:
        """Ends the command when there is no such object."""
        found = self.look(key)
        if found is None:
            raise click.ClickException(f"there is no {key} in quarantine")
        return found

    def look(self, key: str) -> Found | None:
        """None when there is no such object (any more)."""
        try:
            head = self._client.head_object(Bucket=self._bucket, Key=key)
            tags = self._client.get_object_tagging(Bucket=self._bucket, Key=key)["TagSet"]
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
                return None
            raise
        noted = {tag["Key"]: tag["Value"] for tag in tags}
        account = Account.from_metadata(head["Metadata"])
        modified = head["LastModified"].astimezone(UTC).isoformat()
        return Found(
            key=key,
            size=head["ContentLength"],
            received_at=utc(account.received_at if is_date_time(account.received_at) else modified),
            account=account,
            outcome=noted.get(OUTCOME),
            redriven_at=noted.get(REDRIVEN_AT),
        )

    def _keys(self, filters: Filters) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2")
        for prefix in [f"{reason}/" for reason in filters.reasons] or [""]:
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                for one in page.get("Contents", ()):
                    if not filters.too_old(one["LastModified"]):
                        yield one["Key"]
