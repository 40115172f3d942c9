"""Batches of the table's stream, in the form in which the event source mapping invokes PublisherFunction."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from appointments.outcome import Outcome
from appointments.storage import items
from appointments.storage.items import Item
from samples.repairs import REPAIRED_AT, repaired_item
from samples.sample import Sample
from samples.story import SAMPLES
from samples.table import delivery

STREAM_ARN = (
    "arn:aws:dynamodb:eu-west-1:123456789012:table/engage-appointments-AppointmentsTable-1EXAMPLE2TABLE"
    "/stream/2026-03-01T00:00:00.000"
)
FIRST_SEQUENCE_NUMBER = 4021700000000051234567890
SINGLE = ("create",)
# The mortgage has a good record, the unreadable record, and one after it. The others belong to other appointments.
POISON = ("create", "create-request", "reassign", "cancel", "reschedule", "create-invite")
POISONED = "reassign"
NOT_GZIP = b"this body is not gzip"


def batches() -> dict[str, dict[str, Any]]:
    """Return the batches by name: a record, the whole story, a batch with an unreadable record, and a repair."""
    stored = [sample for sample in SAMPLES if sample.expected_outcome in (Outcome.STORED, Outcome.STALE)]
    return {
        "one": _batch(sample for sample in stored if sample.name in SINGLE),
        "batch": _batch(stored),
        "poison": _batch((sample for sample in stored if sample.name in POISON), poisoned=POISONED),
        "repair": {"Records": [_record(repaired_item(), REPAIRED_AT, FIRST_SEQUENCE_NUMBER)]},
    }


def stored_item(sample: Sample) -> Item:
    """Return the event item that the store writes for the sample."""
    return items.event_item(delivery(sample), stale=sample.expected_outcome is Outcome.STALE)


def _batch(samples: Iterable[Sample], poisoned: str | None = None) -> dict[str, Any]:
    records = []
    for number, sample in enumerate(samples):
        item = stored_item(sample)
        if sample.name == poisoned:
            item["body"] = {"B": NOT_GZIP}
        records.append(_record(item, sample.received, FIRST_SEQUENCE_NUMBER + 1_000 * number))
    return {"Records": records}


def _record(item: Item, received: str, sequence_number: int) -> dict[str, Any]:
    keys = {name: item[name] for name in (items.PARTITION_KEY, items.SORT_KEY)}
    return {
        "eventID": hashlib.sha256(str(keys).encode()).hexdigest()[:32],
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": {
            "ApproximateCreationDateTime": int(datetime.fromisoformat(received).timestamp()),
            "Keys": keys,
            "NewImage": item | {"body": {"B": base64.b64encode(item["body"]["B"]).decode()}},
            "SequenceNumber": str(sequence_number),
            "SizeBytes": items.size(keys) + items.size(item),
            "StreamViewType": "NEW_IMAGE",
        },
        "eventSourceARN": STREAM_ARN,
    }
