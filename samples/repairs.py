"""The repair of the samples: the customer accepts the invitation of the story, and no webhook of it arrives.

A reconciliation finds the appointment in the vendor's API, whose answer has no names, no tokens and no URLs.
"""

from __future__ import annotations

from typing import Any

from appointments.contract.instants import utc
from appointments.reconciliation.engage_appointment import EngageAppointment, check
from appointments.reconciliation.repair import repair_of
from appointments.storage import items
from appointments.storage.store import with_replaced
from samples import steps
from samples.places import Json
from samples.story import SAMPLES, encode
from samples.table import delivery

REPAIRED_AT = "2026-03-06T04:00:12.480Z"
_ACCEPTED = steps.INSURANCE_INVITED | {
    "status": "ACCEPTED",
    "start": "2026-03-19T13:00:00.000Z",
    "end": "2026-03-19T14:00:00.000Z",
    "updatedAt": "2026-03-05T18:22:41.907Z",
}
_BEFORE = next(sample for sample in SAMPLES if sample.name == "create-invite")


def repaired_item() -> items.Item:
    """Return the event item of the repair."""
    answered = _as_the_api_answers(_ACCEPTED)
    repair = repair_of(EngageAppointment(encode(answered), check(answered)), received_at=utc(REPAIRED_AT))
    return with_replaced(items.event_item(repair), items.current_item(delivery(_BEFORE)))


def _as_the_api_answers(appointment: Json) -> Json:
    """Return the appointment in the form of the vendor's API (operation-getappointmentbyid)."""
    same = ("id", "status", "start", "end", "meetingType", "createdAt", "updatedAt")
    return {
        **{name: appointment[name] for name in same},
        "externalId": appointment.get("externalId"),
        **{name: _reference(appointment.get(name)) for name in ("subject", "office", "listing", "leadSegment")},
        "callbackRequest": None,
        "appointmentParticipants": [_participant(participant) for participant in appointment["participants"]],
    }


def _participant(participant: Json) -> Json:
    person: Any = participant[participant["type"].lower()]
    members = {name: participant[name] for name in ("role", "type", "videoUrl", "videoTestUrl")}
    return members | {"participant": {"id": str(person["id"])}}


def _reference(resource: Json | None) -> Json | None:
    return None if resource is None else {"id": resource["id"]}
