"""Batches of the table's stream as the event source mapping hands them to PublisherFunction."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from appointments.contract.parsing import parse_body
from appointments.outcome import Outcome
from appointments.storage import items
from appointments.storage.items import Item
from samples.sample import Sample
from samples.story import SAMPLES

STREAM_ARN = (
    "arn:aws:dynamodb:eu-west-1:123456789012:table/engage-appointments-AppointmentsTable-1EXAMPLE2TABLE"
    "/stream/2026-03-01T00:00:00.000"
)
FIRST_SEQUENCE_NUMBER = 4021700000000051234567890
ONE = ("create",)
# Of the mortgage: a good record, the one that cannot be read, one after it. All others are of other appointments.
POISON = ("create", "create-request", "reassign", "cancel", "reschedule", "create-invite")
POISONED = "reassign"
NOT_GZIP = b"this body is not gzip"


def batches() -> dict[str, dict[str, Any]]:
    """The batches by name: one record, the whole story, and one with a record that cannot be read."""
    stored = [sample for sample in SAMPLES if sample.expected_outcome in (Outcome.STORED, Outcome.STALE)]
    return {
        "one": _batch(sample for sample in stored if sample.name in ONE),
        "batch": _batch(stored),
        "poison": _batch((sample for sample in stored if sample.name in POISON), poisoned=POISONED),
    }


def stored_item(sample: Sample) -> Item:
    """The event item that the store makes of the sample."""
    parsed = parse_body(sample.body)
    delivery = items.Delivery(
        sample.body, parsed.document, parsed.essentials, parsed.violations, parsed.violation_count, sample.received_at
    )
    return items.event_item(delivery, stale=sample.expected_outcome is Outcome.STALE)


def _batch(samples: Iterable[Sample], poisoned: str | None = None) -> dict[str, Any]:
    records = []
    for number, sample in enumerate(samples):
        item = stored_item(sample)
        if sample.name == poisoned:
            item["body"] = {"B": NOT_GZIP}
        records.append(_record(item, sample, FIRST_SEQUENCE_NUMBER + 1_000 * number))
    return {"Records": records}


def _record(item: Item, sample: Sample, sequence_number: int) -> dict[str, Any]:
    keys = {name: item[name] for name in (items.PARTITION_KEY, items.SORT_KEY)}
    return {
        "eventID": hashlib.sha256(str(keys).encode()).hexdigest()[:32],
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": {
            "ApproximateCreationDateTime": int(datetime.fromisoformat(sample.received).timestamp()),
            "Keys": keys,
            "NewImage": item | {"body": {"B": base64.b64encode(item["body"]["B"]).decode()}},
            "SequenceNumber": str(sequence_number),
            "SizeBytes": items.size(keys) + items.size(item),
            "StreamViewType": "NEW_IMAGE",
        },
        "eventSourceARN": STREAM_ARN,
    }
