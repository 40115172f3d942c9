"""The messages that consumers get of the samples: one golden file for each detail-type, and three special ones."""

from __future__ import annotations

import json
from typing import Any

from appointments.publishing.messages import DETAIL_TYPES, EventDetail, message
from samples.sample import Sample
from samples.story import SAMPLES
from samples.stream import stored_item

SOURCE = "pexip.engage"
_BY_NAME = {sample.name: sample for sample in SAMPLES}


def golden() -> dict[str, dict[str, Any]]:
    """File name to message: the sample named like an eventType is what that detail-type's file shows."""
    of_type = {
        f"{detail_type}.v1": published(_BY_NAME[event_type.lower().replace("_", "-")])
        for event_type, detail_type in DETAIL_TYPES.items()
    }
    return of_type | {
        "AppointmentUpdated.stale.v1": published(_BY_NAME["stale"]),
        "AppointmentAccepted.violations.v1": published(_BY_NAME["vendor-sample"]),
        "AppointmentRescheduled.reference.v1": published(_BY_NAME["reschedule"], EventDetail.REFERENCE),
    }


def published(sample: Sample, event_detail: EventDetail = EventDetail.FULL) -> dict[str, Any]:
    """The message as a rule sees it, less what EventBridge itself adds."""
    built = message(stored_item(sample), source=SOURCE, event_detail=event_detail)
    return {"source": SOURCE, "detail-type": built.detail_type, "detail": json.loads(built.detail)}
