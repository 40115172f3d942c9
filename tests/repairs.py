"""Builders of appointments as the vendor's API answers them, and of their repairs."""

from __future__ import annotations

import json
from typing import Any

from appointments.deadline import Deadline
from appointments.outcome import Outcome
from appointments.reconciliation.engage_appointment import EngageAppointment, check
from appointments.reconciliation.repair import repair_of
from appointments.storage.items import Delivery
from appointments.storage.store import Store

LATER = "2026-03-02T12:00:00.000000000Z"


def answered(*, updated_at: str = "2026-03-02T09:00:00.362Z", **members: Any) -> dict[str, Any]:
    """Return the appointment of :func:`.builders.delivery` as the API answers it. Other keywords replace members."""
    return {
        "id": "a-1",
        "externalId": None,
        "status": "ACCEPTED",
        "start": "2026-03-10T09:00:00.000Z",
        "end": "2026-03-10T10:00:00.000Z",
        "subject": {"id": "s-1"},
        "office": {"id": "o-1"},
        "appointmentParticipants": [
            {"type": "EMPLOYEE", "role": "PRIMARY", "participant": {"id": "p-1"}, "videoUrl": None},
            {"type": "CUSTOMER", "role": "PRIMARY", "participant": {"id": "7"}, "videoUrl": None},
        ],
        "listing": None,
        "leadSegment": None,
        "callbackRequest": None,
        "meetingType": "OFFICE",
        "createdAt": "2026-03-01T09:00:00.000Z",
        "updatedAt": updated_at,
        **members,
    }


def engage_appointment(document: dict[str, Any] | None = None, **members: Any) -> EngageAppointment:
    """Return the document, or the one of :func:`answered`, as the client of the API returns it."""
    document = answered(**members) if document is None else document
    return EngageAppointment(json.dumps(document).encode(), check(document))


def repair(received_at: str = LATER, **members: Any) -> Delivery:
    """Return the repair of :func:`answered`."""
    return repair_of(engage_appointment(**members), received_at=received_at)


def save_repair(store: Store, repair: Delivery) -> Outcome:
    """Save the repair with a deadline that no test reaches."""
    return store.repair(repair, Deadline(20))
