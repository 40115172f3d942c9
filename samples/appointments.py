"""Builders for appointments and for the members that record their last change."""

from __future__ import annotations

from samples.places import Json


def last_change(person: Json | None, channel: str, at: str) -> Json:
    """Return the members that record who changed the appointment. Without a person, another system did."""
    kind = "OTHER" if person is None else "EMPLOYEE" if "availableRoles" in person else "CUSTOMER"
    return {
        "updatedAt": at,
        "updatedById": None if person is None else str(person["id"]),
        "updatedByType": kind,
        "updatedFrom": channel,
    }


def new_appointment(id_: str, at: str, person: Json, channel: str, **members: object) -> Json:
    """Return an appointment with all members in the order of the vendor's sample, most of them null.

    ``members`` replace these or add to them.
    """
    change = last_change(person, channel, at)
    return {
        "id": id_,
        "subject": None,
        "office": None,
        "participants": [],
        "answers": [],
        "location": None,
        "listing": None,
        "leadSegment": None,
        "meetingType": "OFFICE",
        "externalId": None,
        "hybrid": False,
        "trailingBufferTime": 15,
        "internalNotes": None,
        "metadata": {},
        "createdAt": at,
        "createdById": change["updatedById"],
        "createdByType": change["updatedByType"],
        "createdFrom": channel,
        **change,
        **members,
    }


def without_members(appointment: Json, *names: str) -> Json:
    """Return the appointment without these members."""
    return {name: value for name, value in appointment.items() if name not in names}
