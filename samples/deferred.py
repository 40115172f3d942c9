"""Batches of the backlog queue, in the form in which the event source mapping invokes BacklogFunction."""

from __future__ import annotations

import hashlib
from typing import Any

from appointments.storage.backlog import Deferred, encode
from samples.story import SAMPLES

QUEUE_ARN = "arn:aws:sqs:eu-west-1:123456789012:engage-appointments-BacklogQueue-1EXAMPLE2QUEUE"
FOREIGN_TEXT = "a message that somebody else put into the queue"


def batches() -> dict[str, dict[str, Any]]:
    """Return a batch of two deferred deliveries, and a batch with a foreign message and an invalid delivery."""
    texts = {sample.name: encode(Deferred(sample.body, sample.received_at)) for sample in SAMPLES}
    batch = [_message(texts[name], 1) for name in ("create", "reassign")]
    poison = [_message(FOREIGN_TEXT, 3), _message(texts["invalid"], 1), _message(texts["accept"], 1)]
    return {"batch": {"Records": batch}, "poison": {"Records": poison}}


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
