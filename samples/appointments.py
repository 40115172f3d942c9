"""An appointment as it is made, and what a change to it says of who made it."""

from __future__ import annotations

from samples.places import Json


def by(person: Json | None, channel: str, at: str) -> Json:
    """Who changed the appointment last, through what and when; nobody is another system."""
    kind = "OTHER" if person is None else "EMPLOYEE" if "availableRoles" in person else "CUSTOMER"
    return {
        "updatedAt": at,
        "updatedById": None if person is None else str(person["id"]),
        "updatedByType": kind,
        "updatedFrom": channel,
    }


def new(id_: str, at: str, person: Json, channel: str, **told: object) -> Json:
    """All members in the order of the vendor's sample, nothing in most of them; ``told`` replaces and adds."""
    changed = by(person, channel, at)
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
        "createdById": changed["updatedById"],
        "createdByType": changed["updatedByType"],
        "createdFrom": channel,
        **changed,
        **told,
    }


def without(appointment: Json, *names: str) -> Json:
    """The appointment with members absent instead of null."""
    return {name: value for name, value in appointment.items() if name not in names}
