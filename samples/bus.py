"""The published messages of the samples: a golden file for each detail-type and four special cases."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from appointments.publishing.messages import DETAIL_TYPES, RECONCILED, UNRECOGNIZED, EventDetail, Replay, message
from appointments.storage.items import Item
from samples.repairs import repaired_item
from samples.sample import Sample
from samples.story import SAMPLES
from samples.stream import stored_item

SOURCE = "pexip.engage"
ACCOUNT, REGION = "123456789012", "eu-west-1"
REPLAY = Replay("6fd7c1d0-5e0a-4d43-9f0b-2b1c7a3d5e90", "2026-03-05T08:30:00.000000000Z")
_SAMPLES = {sample.name: sample for sample in SAMPLES}


class MissingSampleError(Exception):
    """An eventType without a sample."""


def golden_messages() -> dict[str, dict[str, Any]]:
    """Return the message of each golden file by file name. Raises MissingSampleError."""
    messages = {
        f"{detail_type}.v1": published_message(sample_for(event_type))
        for event_type, detail_type in DETAIL_TYPES.items()
    }
    return messages | {
        f"{UNRECOGNIZED}.v1": published_message(unrecognized_sample()),
        f"{RECONCILED}.v1": _published(repaired_item(), EventDetail.FULL),
        "AppointmentUpdated.stale.v1": published_message(_SAMPLES["stale"]),
        "AppointmentAccepted.violations.v1": published_message(_SAMPLES["vendor-sample"]),
        "AppointmentCancelled.replayed.v1": published_message(sample_for("CANCEL"), replay=REPLAY),
        "AppointmentRescheduled.reference.v1": published_message(_SAMPLES["reschedule"], EventDetail.REFERENCE),
    }


def delivered_events() -> dict[str, dict[str, Any]]:
    """Return each golden message as a target of a rule gets it: with the members that EventBridge adds."""
    return {name.replace(".v1", ""): _delivered(message) for name, message in golden_messages().items()}


def _delivered(message: dict[str, Any]) -> dict[str, Any]:
    """Add EventBridge's members. Its id is another than the envelope's, and differs between publications."""
    metadata = message["detail"]["metadata"]
    return {
        "version": "0",
        "id": str(uuid5(NAMESPACE_OID, metadata["id"])),
        "detail-type": message["detail-type"],
        "source": message["source"],
        "account": ACCOUNT,
        "time": metadata["receivedAt"][:19] + "Z",
        "region": REGION,
        "resources": [],
        "detail": message["detail"],
    }


def unrecognized_sample() -> Sample:
    """Return the sample of a change of the vendor's that this release does not know, with unknown members."""
    sample = _SAMPLES["generic-update"]
    document = json.loads(sample.body)
    document["data"] |= {"eventType": "UPDATE_MEETING_TYPE", "reason": "customer asked for it"}
    body = json.dumps(document | {"tenant": "bank"}, ensure_ascii=False).encode()
    return replace(sample, name="unrecognized", body=body)


def sample_for(event_type: str) -> Sample:
    """Return the sample that is named after the eventType. Raises MissingSampleError."""
    name = event_type.lower().replace("_", "-")
    if name not in _SAMPLES:
        raise MissingSampleError(
            f"eventType {event_type} has no sample: "
            f'add a Sample named "{name}" to SAMPLES in samples/story.py, then run make generate'
        )
    return _SAMPLES[name]


def published_message(
    sample: Sample, event_detail: EventDetail = EventDetail.FULL, replay: Replay | None = None
) -> dict[str, Any]:
    """Return the message as a rule sees it, without the members that EventBridge adds."""
    return _published(stored_item(sample), event_detail, replay)


def _published(item: Item, event_detail: EventDetail, replay: Replay | None = None) -> dict[str, Any]:
    built = message(item, source=SOURCE, event_detail=event_detail, replay=replay)
    return {"source": SOURCE, "detail-type": built.detail_type, "detail": json.loads(built.detail)}
