"""The sample deliveries in the order of arrival, each with the answer that it must get."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from appointments.outcome import Outcome
from samples import steps
from samples.places import Json
from samples.sample import Sample

VENDOR_SAMPLE = Path(__file__).parents[1] / "tests" / "fixtures" / "vendor-sample.json"


def snapshot(appointment: Json) -> Json:
    """Return the reduced form of previousAppointment, with references by id."""
    segment = appointment.get("leadSegment")
    return {
        **{name: _reference(appointment[name]) for name in ("subject", "office")},
        "participants": [_reduced_participant(participant) for participant in appointment["participants"]],
        "location": appointment.get("location"),
        "listing": _reference(appointment.get("listing")),
        "leadSegment": segment and {"id": str(segment["id"])},  # a text here, a number in the appointment
        **{name: appointment.get(name) for name in ("externalId", "status", "start", "end")},
    }


def _reference(resource: Json | None) -> Json | None:
    return None if resource is None else {"id": resource["id"]}


def _reduced_participant(participant: Json) -> Json:
    kind = participant["type"].lower()
    members = {name: participant[name] for name in ("role", "token", "videoUrl", "videoTestUrl")}
    return members | {kind: {"id": participant[kind]["id"]}, "type": participant["type"]}


def envelope(number: int, event_type: str, appointment: Json, previous: Json | None = None, **data: Any) -> Json:
    """Return a delivery with the ids of this number. ``data`` are further members beside the eventType."""
    return {
        "id": f"4f1c2b7e-8d3a-4c55-9b1e-{number:012}",
        "correlationId": f"9d2e6a10-77c4-4b0f-a3d8-{number:012}",
        "webhookConfigurationId": "17",
        "version": "1",
        "entity": "Appointment",
        "data": {
            "eventType": event_type,
            **data,
            "appointment": appointment,
            "previousAppointment": previous and snapshot(previous),
        },
    }


def _invalid() -> Json:
    """Return an envelope that breaks the structure at every depth."""
    document = copy.deepcopy(envelope(13, "GENERIC_UPDATE", steps.ACCOUNT_REOPENED))
    document["version"] = 1
    del document["data"]["previousAppointment"]
    document["data"]["eventType"] = "MOVED"
    appointment = document["data"]["appointment"]
    appointment["updatedAt"] = "2026-03-04T16:30:00"
    appointment["participants"][2]["type"] = "VISITOR"
    appointment["participants"][0]["employee"]["availableRoles"][1] = "JANITOR"
    appointment["office"]["location"]["geolocation"]["latitude"] = "51.0543"
    return document


def encode(document: Json) -> bytes:
    """Return the document as the sender writes it: JSON without spaces, in UTF-8."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


CREATE = encode(envelope(1, "CREATE", steps.MORTGAGE_BOOKED, message=None))
_CREATE_REQUEST = encode(envelope(2, "CREATE_REQUEST", steps.INVESTING_REQUESTED, message=None))
_REASSIGN = encode(envelope(3, "REASSIGN", steps.MORTGAGE_REASSIGNED, steps.MORTGAGE_BOOKED, message="Bonne journée ☀️"))
_REQUEST_ALTERNATIVE_DATE = encode(
    envelope(4, "REQUEST_ALTERNATIVE_DATE", steps.INVESTING_OTHER_DATE, steps.INVESTING_REQUESTED, message=None)
)
_CANCEL = encode(envelope(5, "CANCEL", steps.ACCOUNT_CANCELLED, steps.ACCOUNT_BOOKED, message="Geen tijd"))
_RESCHEDULE_REQUEST = encode(
    envelope(6, "RESCHEDULE_REQUEST", steps.INVESTING_REQUESTED_AGAIN, steps.INVESTING_OTHER_DATE, message=None)
)
_CREATE_INVITE = encode(envelope(7, "CREATE", steps.INSURANCE_INVITED))
_ACCEPT = encode(envelope(8, "ACCEPT", steps.INVESTING_ACCEPTED, steps.INVESTING_REQUESTED_AGAIN, message=None))
_REOPEN = encode(envelope(9, "REOPEN", steps.ACCOUNT_REOPENED, steps.ACCOUNT_CANCELLED, message=None))
_STALE = encode(envelope(10, "GENERIC_UPDATE", steps.MORTGAGE_LINKED, steps.MORTGAGE_REASSIGNED, message=None))
_RESCHEDULE = encode(envelope(11, "RESCHEDULE", steps.MORTGAGE_RESCHEDULED, steps.MORTGAGE_LINKED, message=None))
_FORGED = encode(envelope(12, "CANCEL", steps.INSURANCE_INVITED | {"status": "CANCELLED"}, steps.INSURANCE_INVITED))
_GENERIC_UPDATE = encode(envelope(14, "GENERIC_UPDATE", steps.ACCOUNT_NO_SHOW, steps.ACCOUNT_REOPENED))
_COMPLETE = encode(envelope(15, "COMPLETE", steps.MORTGAGE_COMPLETED, steps.MORTGAGE_RESCHEDULED, message=None))

SAMPLES: tuple[Sample, ...] = (
    Sample("create", CREATE, "2026-03-02T08:14:08.020Z"),
    Sample("duplicate", CREATE, "2026-03-02T08:14:13.411Z", 200, Outcome.DUPLICATE),
    Sample("create-request", _CREATE_REQUEST, "2026-03-02T19:47:53.206Z"),
    Sample("reassign", _REASSIGN, "2026-03-03T09:05:12.934Z", encoded=True),
    Sample("request-alternative-date", _REQUEST_ALTERNATIVE_DATE, "2026-03-03T09:31:40.771Z"),
    Sample("cancel", _CANCEL, "2026-03-03T12:40:31.188Z"),
    Sample("reschedule-request", _RESCHEDULE_REQUEST, "2026-03-03T21:58:04.655Z"),
    Sample("create-invite", _CREATE_INVITE, "2026-03-04T07:03:00.102Z"),
    Sample("accept", _ACCEPT, "2026-03-04T09:10:27.340Z"),
    Sample("reopen", _REOPEN, "2026-03-04T11:15:01.019Z"),
    Sample("reschedule", _RESCHEDULE, "2026-03-04T15:20:11.892Z"),
    # The change of the morning arrives after the change of the afternoon.
    Sample("stale", _STALE, "2026-03-04T15:20:12.503Z", 202, Outcome.STALE),
    Sample("vendor-sample", VENDOR_SAMPLE.read_bytes(), "2026-03-04T16:00:00.000Z"),
    Sample("invalid", encode(_invalid()), "2026-03-04T16:30:01.047Z", 422, None),
    Sample("malformed", CREATE[: CREATE.index(b"Verhaegen")], "2026-03-04T16:31:15.630Z", 400, None),
    Sample("unauthenticated", _FORGED, "2026-03-05T03:12:44.018Z", 401, None, token="wrong-token"),  # noqa: S106 - grants no access
    Sample("generic-update", _GENERIC_UPDATE, "2026-03-12T15:41:36.511Z"),
    Sample("complete", _COMPLETE, "2026-03-31T09:07:45.227Z"),
)

WITHHELD = encode(envelope(16, "ACCEPT", steps.INSURANCE_ACCEPTED, steps.INSURANCE_INVITED, message=None))
"""A delivery that never arrives: the customer accepts the invitation while the webhook cannot be reached."""
