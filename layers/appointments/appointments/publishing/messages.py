"""What we publish: the contract with every subscriber, owned here and frozen by events/eventbridge/*.v1.json.

``detail`` is ``{"metadata": {...}, "data": {...}}``. The appointment, previousAppointment and message are the
sender's own JSON text, spliced in rather than parsed and written again: unknown members, number notations and
member order arrive as they were sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from appointments.contract.instants import utc
from appointments.storage import items
from appointments.storage.items import Item

SCHEMA_VERSION = "1"
ENTRY_BYTES = 1024 * 1024
"""EventBridge's limit of one PutEvents call, and so of one entry."""
REFERENCE_PARTICIPANTS = 100
"""A reference lists so many participants, because it is what a message too large for the bus falls back to."""
REFERENCE_BYTES = 1024
"""For the same reason a value of more JSON text than this is null in a reference: its size has a bound."""

DETAIL_TYPES = {
    "ACCEPT": "AppointmentAccepted",
    "REASSIGN": "AppointmentReassigned",
    "CANCEL": "AppointmentCancelled",
    "COMPLETE": "AppointmentCompleted",
    "CREATE": "AppointmentCreated",
    "RESCHEDULE": "AppointmentRescheduled",
    "REQUEST_ALTERNATIVE_DATE": "AppointmentAlternativeDateRequested",
    "CREATE_REQUEST": "AppointmentRequestCreated",
    "RESCHEDULE_REQUEST": "AppointmentRescheduleRequested",
    "REOPEN": "AppointmentReopened",
    "GENERIC_UPDATE": "AppointmentUpdated",
}


class EventDetail(StrEnum):
    """``reference`` leaves personal data and capability URLs off the bus: ids, status, times and changes only."""

    FULL = "full"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Message:
    """One message for the bus; ``detail`` is JSON text."""

    appointment_id: str
    envelope_id: str
    detail_type: str
    detail: str

    def entry(self, *, source: str, bus_name: str) -> dict[str, Any]:
        return {
            "Source": source,
            "DetailType": self.detail_type,
            "Detail": self.detail,
            "EventBusName": bus_name,
        }

    def size(self, *, source: str) -> int:
        """The entry's size as EventBridge counts it, in bytes."""
        return sum(len(text.encode()) for text in (source, self.detail_type, self.detail))


def message(
    item: Item,
    *,
    source: str,
    event_detail: EventDetail = EventDetail.FULL,
    load: Callable[[str], bytes] | None = None,
) -> Message:
    """The message an event item obliges us to publish; one too large for the bus falls back to a reference.

    ``item`` is an event item in DynamoDB's attribute form with ``body`` as bytes. ``load`` gives the body of an item
    that has a ``bodyKey`` instead (:meth:`.bodies.Bodies.get`); what it raises is not caught. Raises
    KeyError, ValueError or zlib.error for an item that :func:`appointments.storage.items.event_item` did not write.
    """
    body = items.read_body(item, load).decode()
    built = _build(item, body, event_detail)
    if event_detail is EventDetail.FULL and built.size(source=source) > ENTRY_BYTES:
        return _build(item, body, EventDetail.REFERENCE)
    return built


def changes(appointment: dict[str, Any], previous: dict[str, Any] | None) -> list[str]:
    """The names of what differs from previousAppointment, an absent member counting as null; [] without one."""
    if previous is None:
        return []
    return [name for name, view in _VIEWS.items() if _differ(appointment.get(name), previous.get(name), view)]


def _differ(value: Any, previous: Any, view: Callable[[Any], Any]) -> bool:
    """Most members are the same to the letter, and need no look at what they mean."""
    return value != previous and bool(view(value) != view(previous))


def _build(item: Item, body: str, event_detail: EventDetail) -> Message:
    document, spans = _decode(body)
    data = document["data"]
    appointment, previous = data["appointment"], data.get("previousAppointment")
    differences = changes(appointment, previous)
    metadata = _encode(_metadata(item, document, event_detail))
    if event_detail is EventDetail.FULL:
        parts = {name: body[spans[name]] if name in spans else "null" for name in _SPLICED}
    else:
        parts = {
            "appointment": _encode(_reference(appointment)),
            "previousAppointment": _encode(previous and _reference(previous)),
        }
    parts["changes"] = _encode(differences)
    members = ",".join(f'"{name}":{value}' for name, value in parts.items())
    return Message(
        appointment_id=appointment["id"],
        envelope_id=document["id"],
        detail_type=DETAIL_TYPES[data["eventType"]],
        detail=f'{{"metadata":{metadata},"data":{{{members}}}}}',
    )


def _metadata(item: Item, document: dict[str, Any], event_detail: EventDetail) -> dict[str, Any]:
    told = _as_is if event_detail is EventDetail.FULL else _bounded
    return {
        "id": document["id"],
        "correlationId": told(document.get("correlationId")),
        "webhookConfigurationId": told(document.get("webhookConfigurationId")),
        "version": told(document.get("version")),
        "eventType": document["data"]["eventType"],
        "appointmentId": document["data"]["appointment"]["id"],
        "updatedAt": item["updatedAt"]["S"],
        "receivedAt": item["receivedAt"]["S"],
        "schemaVersion": SCHEMA_VERSION,
        "detail": event_detail.value,
        "stale": item["stale"]["BOOL"],
        "violations": [
            {name: text["S"] for name, text in violation["M"].items()} for violation in item["violations"]["L"]
        ],
    }


_SPLICED = ("appointment", "previousAppointment", "message")
_decoder = json.JSONDecoder()
_encode = json.JSONEncoder(ensure_ascii=False).encode


def _decode(body: str) -> tuple[dict[str, Any], dict[str, slice]]:
    """The document, and where in the text the members of its ``data`` are: each is decoded once.

    Raises ValueError or IndexError for what is not an object with such a member; no name comes twice in it.
    """
    spans: dict[str, slice] = {}
    document, end = _object(body, _skip(body, 0), spans, into="data")
    if body[end:].strip(" \t\r\n"):
        raise ValueError("something follows the document")
    return document, spans


def _object(text: str, position: int, spans: dict[str, slice], into: str | None = None) -> tuple[dict[str, Any], int]:
    """The object that begins at ``position``, and where it ends. Of the member ``into`` the spans are noted, else of
    all of its own.
    """
    members: dict[str, Any] = {}
    position = _skip(text, _after("{", text, position))
    while text[position] != "}":
        if members:
            position = _skip(text, _after(",", text, position))
        name, position = _decoder.raw_decode(text, position)
        begin = _skip(text, _after(":", text, _skip(text, position)))
        if name == into:
            members[name], position = _object(text, begin, spans)
        else:
            members[name], position = _decoder.raw_decode(text, begin)
        if into is None:
            spans[name] = slice(begin, position)
        position = _skip(text, position)
    return members, position + 1


def _after(mark: str, text: str, position: int) -> int:
    if text[position] != mark:
        raise ValueError(f"no {mark} where one has to be")
    return position + 1


def _skip(text: str, position: int) -> int:
    while text[position] in " \t\r\n":
        position += 1
    return position


_TOLD = ("id", "status", "start", "end", "updatedAt")


def _reference(appointment: dict[str, Any]) -> dict[str, Any]:
    """Ids, status and times of an appointment or a previousAppointment, in their own shape."""
    kept: dict[str, Any] = {name: _bounded(appointment[name]) for name in _TOLD if name in appointment}
    for name in ("office", "subject", "listing", "leadSegment"):
        if appointment.get(name):
            kept[name] = _only_id(appointment[name])
    kept["participants"] = [
        {name: _bounded(participant[name]) for name in ("type", "role") if name in participant}
        | {name: _only_id(participant[name]) for name in _PERSONS if isinstance(participant.get(name), dict)}
        for participant in (appointment.get("participants") or ())[:REFERENCE_PARTICIPANTS]
    ]
    return kept


def _only_id(thing: dict[str, Any]) -> dict[str, Any]:
    identity = thing.get("id")
    return {"id": _bounded(identity) if isinstance(identity, int | str) else None}


def _bounded(value: Any) -> Any:
    return value if len(json.dumps(value)) <= REFERENCE_BYTES else None


def _as_is(value: Any) -> Any:
    return value


def _instant(value: str | None) -> str | None:
    return None if value is None else utc(value)


def _identity(value: dict[str, Any] | None) -> str | None:
    """Ids compare as text: the sender writes one lead segment as 42 and as "42" (mapping.md, C3)."""
    return None if value is None or value.get("id") is None else str(value["id"])


_PERSONS = ("employee", "customer")


def _person(participant: dict[str, Any]) -> dict[str, Any] | None:
    """Of the participant's own type first: what is under the other's name, or of an unknown type, can be any JSON."""
    names = _PERSONS[::-1] if participant.get("type") == "CUSTOMER" else _PERSONS
    return next((participant[name] for name in names if isinstance(participant.get(name), dict)), None)


def _people(value: list[dict[str, Any]] | None) -> list[tuple[Any, ...]]:
    people = [(p.get("type") or "", p.get("role") or "", _identity(_person(p)) or "") for p in value or ()]
    return sorted(people)


_VIEWS = {
    "status": _as_is,
    "start": _instant,
    "end": _instant,
    "office": _identity,
    "subject": _identity,
    "participants": _people,
    "location": _as_is,
    "listing": _identity,
    "leadSegment": _identity,
    "externalId": _as_is,
}
CHANGES = tuple(_VIEWS)
"""What can be named in ``changes``; part of the contract with subscribers."""
