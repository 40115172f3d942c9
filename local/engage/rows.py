"""An appointment of a webhook as the API shows it: other names, ids in the place of people and places, no tokens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from appointments.contract.members import PERSONS

Row = dict[str, Any]
_SAME = ("externalId", "meetingType", "status", "hybrid", "trailingBufferTime", "internalNotes", "messageForCustomer")
_WHO = ("createdByType", "createdFrom", "updatedByType", "updatedFrom")
_REFERENCES = ("subject", "office", "callbackRequest", "listing", "leadSegment")


def row_of(appointment: dict[str, Any]) -> Row:
    """Return the row of an appointment of a webhook. Ids are texts, and instants have milliseconds."""
    row = {"id": appointment["id"]}
    row |= {name: appointment.get(name) for name in (*_SAME, *_WHO)}
    row |= {name: _reference(appointment.get(name)) for name in _REFERENCES}
    row |= {name: _instant(appointment.get(name)) for name in ("start", "end", "createdAt", "updatedAt")}
    row["appointmentParticipants"] = [_participant(each) for each in appointment.get("participants") or ()]
    row["answers"] = [
        {"id": str(answer["id"]), "value": answer.get("value"), "question": _reference(answer.get("question"))}
        for answer in appointment.get("answers") or ()
    ]
    row |= {name: _by(appointment.get(f"{name}Id")) for name in ("createdBy", "updatedBy")}
    row["location"] = appointment.get("location")
    return row


def written(moment: datetime) -> str:
    """Return a moment as the API writes instants."""
    return f"{moment.astimezone(UTC).isoformat(timespec='milliseconds')[:23]}Z"


def _participant(participant: dict[str, Any]) -> Row:
    person = participant.get(PERSONS.get(participant["type"], ""))
    return {
        "role": participant["role"],
        "participant": _reference(person),
        "type": participant["type"],
        "videoUrl": participant.get("videoUrl"),
        "videoTestUrl": participant.get("videoTestUrl"),
    }


def _reference(value: dict[str, Any] | None) -> Row | None:
    return {"id": str(value["id"])} if value else None


def _by(id_: str | None) -> Row | None:
    return None if id_ is None else {"id": id_}


def _instant(text: str | None) -> str | None:
    return None if text is None else written(datetime.fromisoformat(text))
