"""The measured deliveries: the body of a sample as new deliveries."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from samples import SAMPLES
from samples.apigateway import webhook_event
from samples.sample import Sample

SAMPLE = "reassign"
BEGIN = datetime(2026, 3, 3, 9, tzinfo=UTC)


def sample_envelope() -> dict[str, Any]:
    """Return the envelope of the sample, 8.4 KB when sent."""
    sample = next(sample for sample in SAMPLES if sample.name == SAMPLE)
    envelope: dict[str, Any] = json.loads(sample.body)
    return envelope


def new_delivery(
    envelope: dict[str, Any], *, appointment_id: str | None = None, updated_at: str | None = None
) -> dict[str, Any]:
    """Return the envelope with a new envelope id, and with a new appointment id unless one is given."""
    members = {"id": appointment_id or str(uuid4())} | ({"updatedAt": updated_at} if updated_at else {})
    appointment = envelope["data"]["appointment"] | members
    return envelope | {"id": str(uuid4()), "data": envelope["data"] | {"appointment": appointment}}


def update_instant(number: int) -> str:
    """Return the updatedAt of an appointment's event with this number."""
    return (BEGIN + timedelta(seconds=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encode(envelope: dict[str, Any]) -> bytes:
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()


def api_event(body: bytes) -> bytes:
    """Return the API Gateway event of a request that was received now."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    event = webhook_event(Sample(SAMPLE, body, now))
    event["requestContext"]["timeEpoch"] = int(time.time() * 1000)
    return json.dumps(event).encode()


def sample_event() -> bytes:
    """Return the API Gateway event of a new delivery of the sample."""
    return api_event(encode(new_delivery(sample_envelope())))
