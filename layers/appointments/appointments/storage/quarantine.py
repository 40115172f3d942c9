"""Bodies that were authenticated and could not be stored, kept byte for byte until somebody has looked into them.

One object for each body and reason, named ``<reason>/<SHA-256 of the body>`` and written only where there is none:
the sender's three tries, at once or one after the other, leave the first. What is known besides is in the object's
metadata, so that nothing has to be read twice and the object is nothing but the body.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from appointments.contract.violations import Violation
from appointments.errors import QuarantineUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

METADATA_BYTES = 2048
"""S3's limit of an object's own metadata, names and values together."""
HEADER = "x-amz-meta-"
TEXT_LENGTH = 200
ATTEMPTS = 3
"""Two puts of one key at once: S3 may refuse both, and wants them again."""


class Reason(StrEnum):
    """Why a body is in quarantine; the first part of its key."""

    MALFORMED = "malformed"
    CONTRACT = "contract"
    MEDIA_TYPE = "media-type"
    CONFLICTING_DUPLICATE = "conflicting-duplicate"
    UNDELIVERABLE = "undeliverable"


class Account(NamedTuple):
    """What is known of a body in quarantine besides the body.

    ``received_at`` is UTC in the fixed width of :func:`.instants.utc`. Of ``violations``, metadata holds
    the first that fit; ``violation_count`` says how many there were.
    """

    received_at: str
    violations: tuple[Violation, ...] = ()
    violation_count: int = 0
    request_id: str = ""
    content_type: str = ""

    def as_metadata(self, reason: str) -> dict[str, str]:
        """Printable ASCII, at most METADATA_BYTES whatever there is to tell."""
        metadata = {
            "reason": _printable(reason),
            "received-at": _printable(self.received_at),
            "request-id": _printable(self.request_id),
            "content-type": _printable(self.content_type),
            "violation-count": str(self.violation_count),
            "violations": "",
        }
        room = METADATA_BYTES - sum(len(HEADER) + len(name) + len(value) for name, value in metadata.items())
        metadata["violations"] = _fitting(self.violations, room)
        return {name: value for name, value in metadata.items() if value}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Account:
        """Also of an object that somebody put there by hand: what is missing or unreadable is empty."""
        try:
            violations = tuple(Violation(*map(str, one)) for one in json.loads(metadata.get("violations", "[]")))
            count = int(metadata.get("violation-count", "0"))
        except (ValueError, TypeError, RecursionError):
            violations, count = (), 0
        return cls(
            received_at=metadata.get("received-at", ""),
            violations=violations,
            violation_count=count,
            request_id=metadata.get("request-id", ""),
            content_type=metadata.get("content-type", ""),
        )


class Quarantine:
    """The bucket that rejected bodies go to."""

    def __init__(self, client: S3Client, bucket_name: str) -> None:
        self._client = client
        self._bucket_name = bucket_name

    def keep(
        self,
        body: bytes,
        reason: Reason,
        *,
        received_at: str,
        violations: Iterable[Violation] = (),
        request_id: str = "",
        content_type: str = "",
    ) -> str:
        """The key under which the body is durable. The first account of it stays, and whatever was noted on it.

        Raises QuarantineUnavailableError when S3 did not confirm it; keeping it again is safe.
        """
        found = tuple(violations)
        account = Account(received_at, found, len(found), request_id, content_type)
        digest = hashlib.sha256(body)
        key = f"{reason.value}/{digest.hexdigest()}"
        for _ in range(ATTEMPTS):
            refusal = self._put(key, body, digest.digest(), account.as_metadata(reason))
            if refusal is None or refusal == "PreconditionFailed":  # it is there already
                return key
            if refusal != "ConditionalRequestConflict":  # somebody else is at it just now
                break
        raise QuarantineUnavailableError(f"S3 answered {refusal}")

    def _put(self, key: str, body: bytes, digest: bytes, metadata: dict[str, str]) -> str | None:
        """S3's error code, None when it is written."""
        try:
            self._client.put_object(
                Bucket=self._bucket_name,
                Key=key,
                Body=body,
                IfNoneMatch="*",
                ChecksumSHA256=base64.b64encode(digest).decode(),
                ContentType="application/octet-stream",  # what a browser shows it as is not the sender's to say
                Metadata=metadata,
            )
        except ClientError as error:
            return error.response["Error"]["Code"]
        except (BotoCoreError, ResponseParserError) as error:
            raise QuarantineUnavailableError("S3 did not answer: " + type(error).__name__) from None
        return None


def _printable(text: str) -> str:
    """As a header's value can hold it: printable ASCII, single spaces, cut."""
    words = "".join(character if " " <= character <= "~" else "?" for character in text[:TEXT_LENGTH]).split()
    return " ".join(words)


def _fitting(violations: Iterable[Violation], room: int) -> str:
    """The first violations whose JSON, ``[[path, rule, expected], ...]``, is no longer than ``room`` characters."""
    texts: list[str] = []
    room -= len("[]")
    for violation in violations:
        text = json.dumps([violation.path, violation.rule, violation.expected], separators=(",", ":"))
        room -= len(text) + len(",")
        if room < 0:
            break
        texts.append(text)
    return f"[{','.join(texts)}]" if texts else ""
