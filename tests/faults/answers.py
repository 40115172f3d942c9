"""Error answers of the AWS services, in the format that the SDK client of each service expects."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from xml.sax.saxutils import escape

THROTTLED = {
    "dynamodb": (400, "ProvisionedThroughputExceededException"),
    "secretsmanager": (400, "ThrottlingException"),
    "events": (400, "ThrottlingException"),
    "sqs": (400, "RequestThrottled"),
    "s3": (503, "SlowDown"),
}
FAILED = {
    "dynamodb": "InternalServerError",
    "secretsmanager": "InternalServiceError",
    "events": "InternalException",
    "sqs": "InternalFailure",
    "s3": "InternalError",
}
JSON_VERSION = {"dynamodb": "1.0", "sqs": "1.0"}
NAMESPACE = {"dynamodb": "com.amazonaws.dynamodb.v20120810", "sqs": "com.amazonaws.sqs"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer. ``headers`` include Content-Length only for an answer to HEAD."""

    status: int
    headers: tuple[tuple[str, str], ...] = field(default=())
    content: bytes = b""

    def head(self) -> bytes:
        reason = HTTPStatus(self.status).phrase
        lines = [f"HTTP/1.1 {self.status} {reason}", *(f"{name}: {value}" for name, value in self.headers)]
        if "content-length" not in {name.lower() for name, _ in self.headers}:
            lines.append(f"Content-Length: {len(self.content)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def raw(self) -> bytes:
        return self.head() + self.content


def refusal(service: str, status: int, code: str, message: str = "injected", **members: object) -> Answer:
    """Return an error answer: XML for S3, else AWS's JSON protocol. ``members`` are added to the JSON."""
    if service == "s3":
        content = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message><RequestId>r</RequestId></Error>"
        return Answer(status, (("Content-Type", "application/xml"), ("x-amz-request-id", "r")), content.encode())
    kind = f"{NAMESPACE[service]}#{code}" if service in NAMESPACE else code
    media_type = f"application/x-amz-json-{JSON_VERSION.get(service, '1.1')}"
    headers = [("Content-Type", media_type), ("x-amzn-RequestId", "r")]
    if service == "sqs":
        headers.append(("x-amzn-query-error", f"{code};{'Sender' if status < 500 else 'Receiver'}"))
    return Answer(status, tuple(headers), json.dumps({"__type": kind, "message": message, **members}).encode())
