"""The deliveries in the order they arrive, with the answer that each must get."""

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
    """The appointment as previousAppointment shows it: reduced, other things by their id (mapping.md, C17)."""
    segment = appointment.get("leadSegment")
    return {
        **{name: _reference(appointment[name]) for name in ("subject", "office")},
        "participants": [_former(participant) for participant in appointment["participants"]],
        "location": appointment.get("location"),
        "listing": _reference(appointment.get("listing")),
        "leadSegment": segment and {"id": str(segment["id"])},  # text here, a number there (C3)
        **{name: appointment.get(name) for name in ("externalId", "status", "start", "end")},
    }


def _reference(thing: Json | None) -> Json | None:
    return None if thing is None else {"id": thing["id"]}


def _former(participant: Json) -> Json:
    kind = participant["type"].lower()
    told = {name: participant[name] for name in ("role", "token", "videoUrl", "videoTestUrl")}
    return told | {kind: {"id": participant[kind]["id"]}, "type": participant["type"]}


def _envelope(number: int, event_type: str, now: Json, before: Json | None = None, **data: Any) -> Json:
    return {
        "id": f"4f1c2b7e-8d3a-4c55-9b1e-{number:012}",
        "correlationId": f"9d2e6a10-77c4-4b0f-a3d8-{number:012}",
        "webhookConfigurationId": "17",
        "version": "1",
        "entity": "Appointment",
        "data": {
            "eventType": event_type,
            **data,
            "appointment": now,
            "previousAppointment": before and snapshot(before),
        },
    }


def _invalid() -> Json:
    """Breaks the structure at every depth."""
    document = copy.deepcopy(_envelope(13, "GENERIC_UPDATE", steps.ACCOUNT_REOPENED))
    document["version"] = 1
    del document["data"]["previousAppointment"]
    document["data"]["eventType"] = "MOVED"
    appointment = document["data"]["appointment"]
    appointment["updatedAt"] = "2026-03-04T16:30:00"
    appointment["participants"][2]["type"] = "VISITOR"
    appointment["participants"][0]["employee"]["availableRoles"][1] = "JANITOR"
    appointment["office"]["location"]["geolocation"]["latitude"] = "51.0543"
    return document


def _bytes(document: Json) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


CREATE = _bytes(_envelope(1, "CREATE", steps.MORTGAGE_BOOKED, message=None))
_CREATE_REQUEST = _bytes(_envelope(2, "CREATE_REQUEST", steps.INVESTING_ASKED, message=None))
_REASSIGN = _bytes(
    _envelope(3, "REASSIGN", steps.MORTGAGE_REASSIGNED, steps.MORTGAGE_BOOKED, message="Bonne journée ☀️")
)
_REQUEST_ALTERNATIVE_DATE = _bytes(
    _envelope(4, "REQUEST_ALTERNATIVE_DATE", steps.INVESTING_OTHER_DATE, steps.INVESTING_ASKED, message=None)
)
_CANCEL = _bytes(_envelope(5, "CANCEL", steps.ACCOUNT_CANCELLED, steps.ACCOUNT_BOOKED, message="Geen tijd"))
_RESCHEDULE_REQUEST = _bytes(
    _envelope(6, "RESCHEDULE_REQUEST", steps.INVESTING_ASKED_AGAIN, steps.INVESTING_OTHER_DATE, message=None)
)
_CREATE_INVITE = _bytes(_envelope(7, "CREATE", steps.INSURANCE_INVITED))
_ACCEPT = _bytes(_envelope(8, "ACCEPT", steps.INVESTING_ACCEPTED, steps.INVESTING_ASKED_AGAIN, message=None))
_REOPEN = _bytes(_envelope(9, "REOPEN", steps.ACCOUNT_REOPENED, steps.ACCOUNT_CANCELLED, message=None))
_STALE = _bytes(_envelope(10, "GENERIC_UPDATE", steps.MORTGAGE_LINKED, steps.MORTGAGE_REASSIGNED, message=None))
_RESCHEDULE = _bytes(_envelope(11, "RESCHEDULE", steps.MORTGAGE_MOVED, steps.MORTGAGE_LINKED, message=None))
_FORGED = _bytes(_envelope(12, "CANCEL", steps.INSURANCE_INVITED | {"status": "CANCELLED"}, steps.INSURANCE_INVITED))
_GENERIC_UPDATE = _bytes(_envelope(14, "GENERIC_UPDATE", steps.ACCOUNT_NO_SHOW, steps.ACCOUNT_REOPENED))
_COMPLETE = _bytes(_envelope(15, "COMPLETE", steps.MORTGAGE_DONE, steps.MORTGAGE_MOVED, message=None))

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
    # What happened in the morning arrives after what happened in the afternoon.
    Sample("stale", _STALE, "2026-03-04T15:20:12.503Z", 202, Outcome.STALE),
    Sample("vendor-sample", VENDOR_SAMPLE.read_bytes(), "2026-03-04T16:00:00.000Z"),
    Sample("invalid", _bytes(_invalid()), "2026-03-04T16:30:01.047Z", 422, None),
    Sample("malformed", CREATE[: CREATE.index(b"Verhaegen")], "2026-03-04T16:31:15.630Z", 400, None),
    Sample("unauthenticated", _FORGED, "2026-03-05T03:12:44.018Z", 401, None, token="wrong-token"),  # noqa: S106 - it opens nothing
    Sample("generic-update", _GENERIC_UPDATE, "2026-03-12T15:41:36.511Z"),
    Sample("complete", _COMPLETE, "2026-03-31T09:07:45.227Z"),
)
