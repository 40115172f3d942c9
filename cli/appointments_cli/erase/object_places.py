"""The objects of BodiesBucket and of quarantine, with all their versions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from appointments.contract.members import member, text
from appointments.storage import bodies, items
from appointments.storage.quarantine import QuarantineMetadata
from appointments_cli.erase.journal import Journal
from appointments_cli.erase.kept import BODY, DELETE, QUARANTINE, REDACT, Found, Kept, is_doubtful, is_named, redact
from appointments_cli.export.person import UnreadableError, decompress
from appointments_cli.target import Target

AT_ONCE = 16
GONE = ("NoSuchKey", "NoSuchVersion", "404")
UNVERSIONED = "null"
"""The version id of an object that was put into a bucket without versions."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of an object. Its id is UNVERSIONED if the bucket kept no versions when it was put."""

    key: str
    id: str
    is_latest: bool

    @property
    def identity(self) -> str:
        return f"{self.key} {self.id}"

    @property
    def options(self) -> dict[str, str]:
        is_only = self.id == UNVERSIONED and self.is_latest
        return {"Key": self.key} if is_only else {"Key": self.key, "VersionId": self.id}


class Versions:
    """The versions of a bucket."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def listed(self, prefix: str = "") -> Iterator[Version]:
        for page in self._pages(prefix):
            for each in page.get("Versions", ()):
                yield Version(each["Key"], each["VersionId"], each["IsLatest"])

    def markers(self, prefix: str) -> Iterator[Version]:
        """Yield the delete markers, which hide an object."""
        for page in self._pages(prefix):
            for each in page.get("DeleteMarkers", ()):
                yield Version(each["Key"], each["VersionId"], each["IsLatest"])

    def _pages(self, prefix: str) -> Any:
        return self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=prefix)

    def get(self, version: Version) -> Any:
        """Return S3's answer with the content as ``Content``; None for a version that is gone."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, **version.options)
            return {**answer, "Content": answer["Body"].read()}
        except ClientError as error:
            if error.response["Error"]["Code"] not in GONE:
                raise
            return None

    def delete(self, version: Version) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=version.key, VersionId=version.id)

    def read(self, versions: Iterable[Version]) -> Iterator[tuple[Version, Any]]:
        """Yield versions with their answers, some read at once."""
        remaining = iter(versions)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while batch := list(islice(remaining, AT_ONCE)):
                for version, answer in zip(batch, pool.map(self.get, batch), strict=True):
                    if answer is not None:
                        yield version, answer


class BodiesPlace:
    """The large bodies: those of events and of waiting deliveries, and those that nothing refers to."""

    names = (BODY,)
    held_by_others = 0

    def __init__(self, target: Target) -> None:
        self._target = target
        self._bucket = target.required_resource("BodiesBucket")
        self._versions = Versions(target.s3, self._bucket)
        self.missed: list[str] = []

    def kept(self) -> Iterator[Kept]:
        for version, answer in self._versions.read(self._versions.listed(bodies.PREFIX)):
            yield Kept(BODY, version.identity, {"key": version.key}, answer["Content"])

    def naming(self, customer: str, kept: Kept) -> Found | None:
        return None if is_named(kept.body, customer) is False else Found.of(kept, DELETE)

    def erase(self, customer: str, found: Sequence[Found], journal: Journal) -> Iterator[Found]:
        """Delete the versions, and the markers of their objects. An object that an event needs is left to it."""
        for each in found:
            key, _, version_id = each.identity.rpartition(" ")
            version = Version(key, version_id, is_latest=False)
            answer = self._versions.get(version)
            if answer is None or self._is_needed(key, answer["Content"]):
                continue
            redacted = redact(answer["Content"], customer) if is_named(answer["Content"], customer) else None
            journal.note(each.place, each.identity, redacted[1] if redacted else ())
            self._versions.delete(version)
            for marker in self._versions.markers(key):
                self._versions.delete(marker)
            yield each

    def _is_needed(self, key: str, body: bytes) -> bool:
        """Whether an event item refers to the object: one that came while the command ran is erased first."""
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            return False
        ids = {text(member(document, "data", "appointment", "id")), text(member(document, "id"))} - {None, ""}
        return any(self._refers(str(identity), key) for identity in ids)

    def _refers(self, appointment: str, key: str) -> bool:
        pages = self._target.dynamodb.get_paginator("query").paginate(
            TableName=self._target.table_name,
            KeyConditionExpression="pk = :pk",
            FilterExpression="bodyKey = :key",
            ExpressionAttributeValues={":pk": {"S": items.partition_key(appointment)}, ":key": {"S": key}},
            ProjectionExpression="pk",
            ConsistentRead=True,
        )
        return any(page["Items"] for page in pages)


class QuarantinePlace:
    """The refused bodies.

    The object stays under its key, with a body without the customer, or with none where the body is not JSON. So the
    same body does not come back when it is sent and refused again: the webhook never replaces an object.
    """

    names = (QUARANTINE,)
    held_by_others = 0

    def __init__(self, target: Target, now: Callable[[], str]) -> None:
        self._target = target
        self._bucket = target.quarantine_bucket
        self._versions = Versions(target.s3, self._bucket)
        self._now = now
        self.missed: list[str] = []

    def kept(self) -> Iterator[Kept]:
        self.missed.clear()
        for version, answer in self._versions.read(self._versions.listed()):
            metadata = QuarantineMetadata.from_metadata(answer["Metadata"])
            try:
                body = decompress(answer["Content"], metadata.content_encoding)
            except UnreadableError as error:
                self.missed.append(f"the object {version.key} in quarantine: {error}")
                continue
            ids = {"key": version.key, "receivedAt": metadata.received_at or None, "_latest": version.is_latest}
            yield Kept(QUARANTINE, version.identity, ids, body)

    def naming(self, customer: str, kept: Kept) -> Found | None:
        named = is_named(kept.body, customer)
        if named is False:
            if is_doubtful(kept.body, customer):
                self.missed.append(f"the object {kept.ids['key']} in quarantine: not JSON, and has the id in its text")
            return None
        return Found.of(kept, REDACT if named and kept.ids["_latest"] else DELETE)

    def erase(self, customer: str, found: Sequence[Found], journal: Journal) -> Iterator[Found]:
        """Write the object again without the customer, then delete its old versions."""
        for each in found:
            key, _, version_id = each.identity.rpartition(" ")
            version = Version(key, version_id, is_latest=bool(each.ids["_latest"]))
            answer = self._versions.get(version)
            if answer is None:
                continue
            metadata = QuarantineMetadata.from_metadata(answer["Metadata"])
            body = decompress(answer["Content"], metadata.content_encoding)
            redacted = redact(body, customer) if is_named(body, customer) else None
            journal.note(each.place, each.identity, redacted[1] if redacted else ())
            new = version.id
            if version.is_latest:
                new = self._replace(key, redacted[0] if redacted else b"", metadata, answer["ETag"])
            if new != version.id or not version.is_latest:
                self._versions.delete(version)
            yield each

    def _replace(self, key: str, body: bytes, metadata: QuarantineMetadata, etag: str) -> str:
        """Write the object again, and return the id of the new version."""
        tags = self._target.s3.get_object_tagging(Bucket=self._bucket, Key=key)["TagSet"]
        erased = metadata._replace(erased_at=self._now(), content_encoding="")
        answer = self._target.s3.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=body,
            IfMatch=etag,
            ContentType="application/octet-stream",
            Metadata=erased.as_metadata(key.partition("/")[0]),
            Tagging=urlencode({tag["Key"]: tag["Value"] for tag in tags}),
        )
        return str(answer.get("VersionId", UNVERSIONED))
