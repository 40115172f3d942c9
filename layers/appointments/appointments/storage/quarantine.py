"""Bodies that were authenticated and cannot be stored, kept byte for byte for a person to look into.

One object for each body and reason, named ``<reason>/<SHA-256 of the body>``. An object is written once: the
sender's three attempts leave the first. What else is known of the body is the object's metadata, so the object is
nothing but the body.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from appointments.contract.essentials import Ids
from appointments.contract.violations import Violation
from appointments.errors import QuarantineUnavailableError
from appointments.outcome import Outcome
from appointments.sdk import SDK_ERRORS, code_of, problem_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

METADATA_BYTES = 2048
"""S3's limit of the metadata of an object, names and values together."""
HEADER = "x-amz-meta-"
TEXT_LENGTH = 200
ID_LENGTH = 128
ATTEMPTS = 3
"""S3 can refuse both of two simultaneous puts of one key, and asks to repeat them."""


class QuarantineMetadata(NamedTuple):
    """What is known of a body in quarantine.

    ``received_at`` is UTC in the fixed width of :func:`.instants.utc`. Of ``violations``, the object's metadata
    holds the first that fit; ``violation_count`` is the number of all. ``request_id`` is API Gateway's,
    ``function_request_id`` that of the invocation. ``erased_at`` is the instant at which a person was taken out of
    the body; the object then is no longer the body that its key names. ``ids`` are those of the body.
    """

    received_at: str
    violations: tuple[Violation, ...] = ()
    violation_count: int = 0
    request_id: str = ""
    content_type: str = ""
    content_encoding: str = ""
    function_request_id: str = ""
    erased_at: str = ""
    ids: Ids = Ids()

    def as_metadata(self, reason: str) -> dict[str, str]:
        """Encode as metadata of an object: printable ASCII, at most METADATA_BYTES."""
        metadata = {
            "reason": _printable(reason),
            "received-at": _printable(self.received_at),
            "request-id": _printable(self.request_id),
            "function-request-id": _printable(self.function_request_id, ID_LENGTH),
            **{name.replace("_", "-"): _printable(value, ID_LENGTH) for name, value in self.ids.known().items()},
            "content-type": _printable(self.content_type),
            "content-encoding": _printable(self.content_encoding),
            "erased-at": _printable(self.erased_at),
            "violation-count": str(self.violation_count),
            "violations": "",
        }
        room = METADATA_BYTES - sum(len(HEADER) + len(name) + len(value) for name, value in metadata.items())
        metadata["violations"] = _fitting(self.violations, room)
        return {name: value for name, value in metadata.items() if value}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> QuarantineMetadata:
        """Decode the metadata of an object; a value that is missing or unreadable becomes empty."""
        try:
            violations = tuple(
                Violation(str(path), str(rule), str(expected))
                for path, rule, expected in json.loads(metadata.get("violations", "[]"))
            )
            count = int(metadata.get("violation-count", "0"))
        except (ValueError, TypeError, RecursionError):
            violations, count = (), 0
        return cls(
            received_at=metadata.get("received-at", ""),
            violations=violations,
            violation_count=count,
            request_id=metadata.get("request-id", ""),
            content_type=metadata.get("content-type", ""),
            content_encoding=metadata.get("content-encoding", ""),
            function_request_id=metadata.get("function-request-id", ""),
            erased_at=metadata.get("erased-at", ""),
            ids=Ids(**{name: metadata.get(name.replace("_", "-"), "") for name in Ids._fields}),
        )


class Quarantine:
    """The bucket of rejected bodies."""

    def __init__(self, client: S3Client, bucket_name: str) -> None:
        self._client = client
        self._bucket_name = bucket_name

    def keep(self, body: bytes, reason: Outcome, metadata: QuarantineMetadata) -> str:
        """Store the body and return its key. The first object of a body and reason stays, with its metadata.

        Raises QuarantineUnavailableError when S3 does not confirm it. A repeated call is safe.
        """
        digest = hashlib.sha256(body)
        key = f"{reason.value}/{digest.hexdigest()}"
        for _ in range(ATTEMPTS):
            error_code = self._put(key, body, digest.digest(), metadata.as_metadata(reason))
            if error_code is None or error_code == "PreconditionFailed":  # the object exists
                return key
            if error_code != "ConditionalRequestConflict":  # another put of this key is in progress
                break
        raise QuarantineUnavailableError(f"S3 answered {error_code}")

    def _put(self, key: str, body: bytes, digest: bytes, metadata: dict[str, str]) -> str | None:
        """Return S3's error code, None when the object is written."""
        try:
            self._client.put_object(
                Bucket=self._bucket_name,
                Key=key,
                Body=body,
                IfNoneMatch="*",
                ChecksumSHA256=base64.b64encode(digest).decode(),
                ContentType="application/octet-stream",  # a browser must not render it
                Metadata=metadata,
            )
        except SDK_ERRORS as error:
            if code := code_of(error):
                return code
            raise QuarantineUnavailableError(problem_of("S3", error)) from None
        return None


def _printable(text: str, length: int = TEXT_LENGTH) -> str:
    """Make the text fit for a header: printable ASCII, single spaces, cut to ``length``."""
    words = "".join(character if " " <= character <= "~" else "?" for character in text[:length]).split()
    return " ".join(words)


def _fitting(violations: Iterable[Violation], room: int) -> str:
    """Return the first violations as JSON, ``[[path, rule, expected], ...]``, in at most ``room`` characters."""
    texts: list[str] = []
    room -= len("[]")
    for violation in violations:
        text = json.dumps([violation.path, violation.rule, violation.expected], separators=(",", ":"))
        room -= len(text) + len(",")
        if room < 0:
            break
        texts.append(text)
    return f"[{','.join(texts)}]" if texts else ""
