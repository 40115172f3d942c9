"""Batches of the backlog as the event source mapping hands them to BacklogFunction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from appointments.storage.backlog import Deferred, encode
from samples.sample import Sample
from samples.story import SAMPLES

QUEUE_ARN = "arn:aws:sqs:eu-west-1:123456789012:engage-appointments-BacklogQueue-1EXAMPLE2QUEUE"
NOT_OURS = "a message that somebody else put into the queue"


def batches() -> dict[str, dict[str, Any]]:
    """Two deliveries that were deferred, and a batch in which one message is none of ours and one has gone bad."""
    by_name = {sample.name: sample for sample in SAMPLES}
    poison = [_message(NOT_OURS, 3), _message(_text(by_name["invalid"]), 1), _message(_text(by_name["accept"]), 1)]
    return {"batch": _batch(by_name[name] for name in ("create", "reassign")), "poison": {"Records": poison}}


def _batch(samples: Iterable[Sample]) -> dict[str, Any]:
    return {"Records": [_message(_text(sample), 1) for sample in samples]}


def _text(sample: Sample) -> str:
    return encode(Deferred(sample.body, sample.received_at))


def _message(text: str, receives: int) -> dict[str, Any]:
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return {
        "messageId": f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}",
        "receiptHandle": "AQEB-" + digest,
        "body": text,
        "attributes": {
            "ApproximateReceiveCount": str(receives),
            "SentTimestamp": "1772439248000",
            "SenderId": "AROAEXAMPLE:engage-appointments-WebhookFunction",
            "ApproximateFirstReceiveTimestamp": "1772439249000",
        },
        "messageAttributes": {},
        "md5OfBody": digest,
        "eventSource": "aws:sqs",
        "eventSourceARN": QUEUE_ARN,
        "awsRegion": "eu-west-1",
    }
