"""What this subscriber keeps of an appointment. Replace it with what you need."""

from __future__ import annotations

from typing import Any

FROM_ROUTING = ("status", "start", "end", "officeId", "employeeId", "customerId", "meetingType")
"""These are texts or null, bounded, and alike in full messages and references."""
TEXT_CHARACTERS = 255


def record(detail: dict[str, Any], appointment: dict[str, Any] | None) -> dict[str, Any]:
    """Return the item of a message, in DynamoDB's form.

    ``appointment`` is the whole appointment, None if its event has expired. Any of its members can be missing or of
    another type, and as long as the sender likes.
    """
    metadata, routing = detail["metadata"], detail["routing"]
    found = {name: routing[name] for name in FROM_ROUTING} | {
        "appointmentId": metadata["appointmentId"],
        "order": metadata["order"],
        "eventId": metadata["id"],
        "externalId": short_text(appointment, "externalId"),
    }
    item: dict[str, Any] = {name: {"S": value} for name, value in found.items() if value is not None}
    participants = (appointment or {}).get("participants")
    if isinstance(participants, list):
        item["participants"] = {"N": str(sum(isinstance(each, dict) for each in participants))}
    return item


def short_text(appointment: dict[str, Any] | None, name: str) -> str | None:
    value = (appointment or {}).get(name)
    return value[:TEXT_CHARACTERS] if isinstance(value, str) else None
