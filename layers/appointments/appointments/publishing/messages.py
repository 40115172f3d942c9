"""The messages that we publish: our contract with every subscriber, frozen by events/eventbridge/*.v1.json.

``detail`` is ``{"metadata": {...}, "routing": {...}, "data": {...}}``. ``routing`` is flat and alike in every form of a
message (:mod:`.routing`). The appointment, previousAppointment and message are the sender's own JSON text
(:mod:`.raw_members`), and so are members of ``data`` that the contract does not know. Unknown members of the envelope
are in a fourth member, ``envelope``, which is absent without them. A repair has no text of the sender: its message is a
reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from appointments.contract.member_names import MEMBERS, ROOT
from appointments.contract.unknown_members import unknown_members
from appointments.publishing import raw_members
from appointments.publishing.changes import changes
from appointments.publishing.references import bounded, reference
from appointments.publishing.routing import routing
from appointments.storage import items
from appointments.storage.items import Item

SCHEMA_VERSION = "1"
ENTRY_BYTES = 1024 * 1024 - 2048
"""The limit of one entry, and of the entries of one call. EventBridge, SQS and asynchronous invocations of Lambda take
1 MB. The margin is for the 200 bytes that EventBridge puts around a message for its targets, and for the attributes
that it adds in a target's dead-letter queue."""

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


WEBHOOK = "webhook"
"""The ``metadata.origin`` of an event that the sender delivered."""
RECONCILED = "AppointmentReconciled"
"""The detail-type of a repair. It depends on the origin of the item alone: a delivery can have any eventType."""
UNRECOGNIZED = "AppointmentUnrecognized"
"""The detail-type of an eventType that this release does not know."""


class EventDetail(StrEnum):
    """How much of an appointment a message has.

    ``full`` has all of it. ``reference`` has ids, status, times and changes only, so that no personal data and no
    capability URL is on the bus.
    """

    FULL = "full"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Replay:
    """Marks a message that an operator publishes again.

    ``id`` is random, and the same in all messages of one run of a command. ``instant`` is when this message was
    published again, in the fixed width of :func:`.instants.utc`.
    """

    id: str
    instant: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message for the bus; ``detail`` is JSON text.

    ``unknown_members`` are the paths of members that the contract does not know, ``violations`` the paths and rules
    that the event breaks. Both are for logs: they contain no value, and ``[*]`` for an index.
    """

    appointment_id: str
    envelope_id: str
    detail_type: str
    detail: str
    unknown_members: tuple[str, ...] = ()
    violations: tuple[str, ...] = ()

    def entry(self, *, source: str, bus_name: str) -> dict[str, Any]:
        return {
            "Source": source,
            "DetailType": self.detail_type,
            "Detail": self.detail,
            "EventBusName": bus_name,
        }

    def size(self, *, source: str) -> int:
        """Return the size of the entry as EventBridge counts it, in bytes."""
        return sum(len(text.encode()) for text in (source, self.detail_type, self.detail))


def message(
    item: Item,
    *,
    source: str,
    event_detail: EventDetail = EventDetail.FULL,
    load: Callable[[str], bytes] | None = None,
    replay: Replay | None = None,
) -> Message:
    """Return the message of an event item; one that is too large for the bus becomes a reference.

    ``item`` is in DynamoDB's attribute form, with ``body`` as bytes. ``load`` fetches the body of an item that has a
    ``bodyKey`` instead (:meth:`.bodies.Bodies.get`); its errors are not caught. With ``replay``, only ``replayed`` and
    ``replay`` of the metadata differ from the first publication. Raises KeyError, ValueError or zlib.error for an item
    that :func:`.items.event_item` did not write.
    """
    if items.ORIGIN in item:
        return _reconciled(item, replay)
    document, texts = raw_members.decode(items.read_body(item, load).decode("utf-8-sig"), into="data")
    built = Message(
        appointment_id=document["data"]["appointment"]["id"],
        envelope_id=document["id"],
        detail_type=DETAIL_TYPES.get(document["data"]["eventType"], UNRECOGNIZED),
        detail=_detail(item, document, texts, event_detail, replay),
        unknown_members=unknown_members(document),
        violations=tuple(dict.fromkeys(_violations(item))),
    )
    if event_detail is EventDetail.FULL and built.size(source=source) > ENTRY_BYTES:
        return replace(built, detail=_detail(item, document, texts, EventDetail.REFERENCE, replay))
    return built


def _detail(
    item: Item, document: dict[str, Any], texts: dict[str, str], event_detail: EventDetail, replay: Replay | None
) -> str:
    """Return the text of the detail; ``texts`` are those of the members of ``data``, as sent."""
    appointment, previous = document["data"]["appointment"], document["data"].get("previousAppointment")
    if event_detail is EventDetail.FULL:
        parts = {name: texts.get(name, "null") for name in _AS_SENT}
        parts |= {name: text for name, text in texts.items() if name not in _OUR_NAMES}
    else:
        parts = {
            "appointment": _encode(reference(appointment)),
            "previousAppointment": _encode(reference(previous) if isinstance(previous, dict) else None),
        }
    parts["changes"] = _encode(changes(appointment, previous))
    members = ",".join(f"{_encode(name)}:{text}" for name, text in parts.items())
    metadata = _metadata(item, document, event_detail, replay)
    head = _encode({"metadata": metadata, "routing": routing(appointment, previous)})
    detail = f'{head[:-1]},"data":{{{members}}}{_unknown_envelope(document, event_detail)}}}'
    return _without_noncharacters(detail)


def _reconciled(item: Item, replay: Replay | None) -> Message:
    """The message of a repair, which is always a reference: the vendor's API has no more.

    Its changes are those against the state that it replaced, and it has no previousAppointment, because the sender sent
    none.
    """
    appointment = json.loads(item[items.APPOINTMENT]["S"])
    replaced = json.loads(item[items.REPLACED]["S"]) if items.REPLACED in item else None
    appointment_id = items.appointment_id_of(item[items.PARTITION_KEY]["S"])
    envelope_id = items.envelope_id_of(item[items.SORT_KEY]["S"])
    data = {"eventType": item["eventType"]["S"], "appointment": {"id": appointment_id}}
    metadata = _metadata(item, {"id": envelope_id, "data": data}, EventDetail.REFERENCE, replay)
    detail = {
        "metadata": metadata | {"origin": item[items.ORIGIN]["S"]},
        "routing": routing(appointment, replaced),
        "data": {
            "appointment": reference(appointment),
            "previousAppointment": None,
            "changes": changes(appointment, replaced),
        },
    }
    return Message(appointment_id, envelope_id, RECONCILED, _without_noncharacters(_encode(detail)))


def _without_noncharacters(detail: str) -> str:
    """Escape two characters that JSON may contain, but that SQS and other targets of a rule refuse."""
    return detail.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


def _violations(item: Item) -> Iterator[str]:
    for violation in item["violations"]["L"]:
        yield f"{_INDEX.sub('[*]', violation['M']['path']['S'])} {violation['M']['rule']['S']}"


def _unknown_envelope(document: dict[str, Any], event_detail: EventDetail) -> str:
    """The members of the envelope that the contract does not know, as the member ``envelope`` of a full message."""
    unknown = {name: value for name, value in document.items() if name not in MEMBERS[ROOT]}
    return f',"envelope":{_encode(unknown)}' if unknown and event_detail is EventDetail.FULL else ""


def _metadata(item: Item, document: dict[str, Any], event_detail: EventDetail, replay: Replay | None) -> dict[str, Any]:
    shown = _as_sent if event_detail is EventDetail.FULL else bounded
    return {
        "id": document["id"],
        "correlationId": shown(document.get("correlationId")),
        "webhookConfigurationId": shown(document.get("webhookConfigurationId")),
        "version": shown(document.get("version")),
        "eventType": shown(document["data"]["eventType"]),
        "appointmentId": document["data"]["appointment"]["id"],
        "updatedAt": item["updatedAt"]["S"],
        "order": item["order"]["S"],
        "receivedAt": item["receivedAt"]["S"],
        "schemaVersion": SCHEMA_VERSION,
        "detail": event_detail.value,
        "stale": item["stale"]["BOOL"],
        "replayed": replay is not None,
        "replay": None if replay is None else {"id": replay.id, "instant": replay.instant},
        "origin": WEBHOOK,
        "violations": [
            {name: text["S"] for name, text in violation["M"].items()} for violation in item["violations"]["L"]
        ],
        "violationCount": int(item["violationCount"]["N"]),
    }


_AS_SENT = ("appointment", "previousAppointment", "message")
_OUR_NAMES = {*_AS_SENT, "eventType", "changes"}
_INDEX = re.compile(r"\[\d+\]")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _as_sent(value: Any) -> Any:
    return value
