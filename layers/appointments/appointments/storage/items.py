"""The two items of the table, and how a delivery becomes them.

This module states the names of keys, attributes and indexes once; tests compare template.yaml and
events/table/current.json with it.

current  ``pk=APPOINTMENT#<id>  sk=CURRENT``        what a person or a query looks for, and in ``eventId`` the
                                                    event item that holds the whole appointment
event    ``pk=APPOINTMENT#<id>  sk=EVENT#<id>``     history, outbox and deduplication in one: the body as received,
                                                    or the key of the object in S3 that is the body (:mod:`.bodies`)

A repair (:mod:`appointments.reconciliation.repair`) is an event item too: it has an ``origin``, and its body is what
the vendor's API answered.

The size of both items is bounded for every delivery: each text but the body has a limit, and a large body moves to S3.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from appointments.contract.instants import epoch_seconds
from appointments.contract.members import PERSONS, instant, member, objects, person, text
from appointments.storage import content

if TYPE_CHECKING:
    from appointments.contract.essentials import Essentials
    from appointments.contract.violations import Violation

PARTITION_KEY = "pk"
SORT_KEY = "sk"
TTL_ATTRIBUTE = "expiresAt"
STORED_AT = "storedAt"
ERASED_AT = "erasedAt"
"""The instant at which a person was taken out of an event item. Its body is no longer what the sender sent."""
ORDER = "order"
ORIGIN = "origin"
"""How the event came to this system. Absent from a delivery of the sender, which is nearly every event: the attribute
would cost bytes in each, and the events of earlier releases do not have it."""
RECONCILIATION = "reconciliation"
"""The origin of an event, and of a current item, that the vendor's API told and no webhook delivered."""
REPAIR_RANK = "-"
"""The rank of a repair in its order. It sorts below the digits of all other ranks (:mod:`.essentials`)."""
APPOINTMENT = "appointment"
"""The appointment of a repair as JSON text, under the names of the contract: ids, status and times."""
REPLACED = "replaced"
"""The state that a repair replaced, as JSON text with the members of a previousAppointment. Absent without a state."""
APPOINTMENT_KEY_PREFIX = "APPOINTMENT#"
CURRENT_SORT_KEY = "CURRENT"
EVENT_SORT_KEY_PREFIX = "EVENT#"
INDEXES = {
    "OfficeIndex": ("officeId", "start"),
    "EmployeeIndex": ("employeeId", "start"),
    "CustomerIndex": ("customerId", "start"),
}
"""Partition key and sort key of each index. An index holds keys only: the keys above and those of the table."""

ITEM_BYTES = 256 * 1024
"""A larger event item holds the key of its body instead of the body. DynamoDB's limit is 400 KB. The margin covers
errors in our count, a duplicate returns less data, and a put to S3 costs less than the write units."""
BODY_BYTES = 1024 * 1024
"""A longer body goes to S3 uncompressed: compressing megabytes takes too long, and its message is a reference."""
FITTING_BYTES = 32 * 1024
"""The item of a body up to this size always fits, because everything else in it is bounded. Most bodies are shorter."""
TEXT_BYTES = 1024
"""A longer text stays in the body alone, and so does an empty one: DynamoDB refuses a whole write for one index key
that is empty or too long."""
PARTICIPANTS = 20
"""The current item names at most this many participants; the event item has all of them."""
VIOLATIONS = 100
"""An event item lists at most this many violations; ``violationCount`` is the number of all."""

SECONDS_PER_DAY = 86_400

Attribute = dict[str, Any]
Item = dict[str, Attribute]


class Delivery(NamedTuple):
    """One authenticated, parsed delivery on its way to the table.

    ``document`` is the decoded ``body``. ``received_at`` is UTC in the fixed width of :func:`.instants.utc`;
    ``expires_at`` is in epoch seconds, None keeps the event for ever. ``origin`` is RECONCILIATION for a repair: then
    ``document`` is not the decoded ``body``, but has the appointment of it under the names of the contract.
    ``erased_at`` is the instant at which a person was taken out of the body while it waited; empty for a body as
    received.
    """

    body: bytes
    document: dict[str, Any]
    essentials: Essentials
    violations: tuple[Violation, ...]
    violation_count: int
    received_at: str
    expires_at: int | None = None
    origin: str | None = None
    erased_at: str = ""

    @property
    def order(self) -> str:
        """Decides which event is the newest: see :meth:`.essentials.Essentials.order`.

        A repair sorts below every delivery of the same instant.
        """
        if self.origin is not None:
            return f"{self.essentials.updated_at}#{REPAIR_RANK}#{self.essentials.envelope_id}"
        return self.essentials.order(self.received_at)

    @property
    def appointment(self) -> dict[str, Any]:
        found: dict[str, Any] = self.document["data"]["appointment"]
        return found


def expires_at(retention_days: int, since: float) -> int | None:
    """Return when an event leaves the history: ``retention_days`` after ``since``, in epoch seconds; None for never."""
    return int(since) + retention_days * SECONDS_PER_DAY if retention_days else None


def retained_from(appointment: Any, now: float) -> float:
    """Return the later of ``now`` and the end of the appointment, in epoch seconds.

    An event must not expire before it is of use, neither after a wait in the backlog or in quarantine nor before an
    appointment that is still to come.
    """
    end = instant(member(appointment, "end"))
    return max(now, 0 if end is None else epoch_seconds(end))


def partition_key(appointment_id: str) -> str:
    return APPOINTMENT_KEY_PREFIX + appointment_id


def event_sort_key(envelope_id: str) -> str:
    return EVENT_SORT_KEY_PREFIX + envelope_id


def key(partition: str, sort: str) -> Item:
    """Return the key of an item in DynamoDB's attribute form."""
    return {PARTITION_KEY: {"S": partition}, SORT_KEY: {"S": sort}}


def appointment_id_of(partition: str) -> str:
    return partition.removeprefix(APPOINTMENT_KEY_PREFIX)


def envelope_id_of(sort: str) -> str:
    return sort.removeprefix(EVENT_SORT_KEY_PREFIX)


def event_item(delivery: Delivery, *, stale: bool = False, body_key: str | None = None) -> Item:
    """Return the event item: the exact bytes, compressed, and what a reader needs without decompressing them.

    ``storedAt`` is the receipt until the store sets it to the instant of its write. With ``body_key`` the body is the
    object of that key, and the item holds the digest of its content instead.
    """
    essentials, document = delivery.essentials, delivery.document
    item = _texts(
        {
            PARTITION_KEY: partition_key(essentials.appointment_id),
            SORT_KEY: event_sort_key(essentials.envelope_id),
            "updatedAt": essentials.updated_at,
            ORDER: delivery.order,
            "receivedAt": delivery.received_at,
            STORED_AT: delivery.received_at,
        }
    )
    names = ("correlationId", "webhookConfigurationId", "version")
    item |= _bounded_texts({"eventType": essentials.event_type, **{name: text(document.get(name)) for name in names}})
    if body_key is None:
        item["body"] = {"B": pack(delivery.body)}
    else:
        item |= _texts({"bodyKey": body_key, "contentDigest": content.digest(delivery.body)})
    item["stale"] = {"BOOL": stale}
    item["violations"] = {"L": [{"M": _texts(v.as_dict())} for v in delivery.violations[:VIOLATIONS]]}
    item["violationCount"] = {"N": str(delivery.violation_count)}
    if delivery.expires_at is not None:
        item[TTL_ATTRIBUTE] = {"N": str(delivery.expires_at)}
    if delivery.origin is not None:
        item |= _texts({ORIGIN: delivery.origin, APPOINTMENT: json.dumps(delivery.appointment, ensure_ascii=False)})
    if delivery.erased_at:
        item[ERASED_AT] = {"S": delivery.erased_at}
    return item


def current_item(delivery: Delivery) -> Item:
    """Return the current item: attributes of bounded size for people and queries."""
    essentials = delivery.essentials
    item = _bounded_texts({"eventType": essentials.event_type, "receivedAt": delivery.received_at})
    item |= appointment_attributes(delivery.appointment)
    item |= _texts(
        {
            PARTITION_KEY: partition_key(essentials.appointment_id),
            SORT_KEY: CURRENT_SORT_KEY,
            "updatedAt": essentials.updated_at,
            ORDER: delivery.order,
            "eventId": essentials.envelope_id,
        }
    )
    if delivery.origin is not None:
        item[ORIGIN] = {"S": delivery.origin}
    return item


def appointment_attributes(appointment: dict[str, Any]) -> Item:
    """Return the attributes of a current item that the appointment decides, the same for each notation of a value."""
    participants = objects(appointment.get("participants"))
    item = _bounded_texts(
        {
            "status": text(appointment.get("status")),
            "meetingType": text(appointment.get("meetingType")),
            "start": _second(appointment.get("start")),
            "end": _second(appointment.get("end")),
            "externalId": text(appointment.get("externalId")),
            "officeId": text(member(appointment, "office", "id")),
            "officeExternalId": text(member(appointment, "office", "externalId")),
            "subjectId": text(member(appointment, "subject", "id")),
            "subjectExternalId": text(member(appointment, "subject", "externalId")),
            "employeeId": primary_id(participants, "EMPLOYEE"),
            "customerId": primary_id(participants, "CUSTOMER"),
            "listingId": text(member(appointment, "listing", "id")),
            "leadSegmentId": text(member(appointment, "leadSegment", "id")),
        }
    )
    item["participants"] = {"L": [{"M": _participant(p)} for p in participants[:PARTICIPANTS]]}
    item["participantCount"] = {"N": str(len(participants))}
    return item


def replaced_state(current: Item) -> dict[str, Any]:
    """Return what a current item says of its appointment, with the members of a previousAppointment and meetingType.

    An attribute that is absent is null: the stored state has no value. The participants are left out if the item does
    not name all of them.
    """
    state: dict[str, Any] = {name: _text_of(current, name) for name in _STATE_TEXTS}
    state |= {name: _reference_of(_text_of(current, f"{name}Id")) for name in _STATE_REFERENCES}
    people = current["participants"]["L"]
    if len(people) == int(current["participantCount"]["N"]):
        state["participants"] = [_previous_participant(person["M"]) for person in people]
    return state


def is_same_repair(item: Item, repair: Delivery) -> bool:
    """Return whether an event item is a repair with the same appointment, in whatever notation the API sent it.

    An erased event has any content, as in :func:`has_content`.
    """
    if ERASED_AT in item:
        return True
    if _text_of(item, ORIGIN) != repair.origin or APPOINTMENT not in item:
        return False
    return appointment_attributes(json.loads(item[APPOINTMENT]["S"])) == appointment_attributes(repair.appointment)


def primary_id(participants: Iterable[dict[str, Any]], kind: str) -> str | None:
    """Return the id of the PRIMARY participant of a type, else of the first: an index holds one key of an item."""
    of_kind = [participant for participant in participants if participant.get("type") == kind]
    primary = next((p for p in of_kind if p.get("role") == "PRIMARY"), of_kind[0] if of_kind else None)
    return None if primary is None else text(member(person(primary), "id"))


def read_body(item: Item, load: Callable[[str], bytes] | None = None) -> bytes:
    """Return the body of an event item, exactly as received; ``load`` fetches a body in S3 by its key.

    Raises KeyError where ``load`` is needed and missing, ValueError or zlib.error for an item that
    :func:`event_item` did not write, and whatever ``load`` raises.
    """
    if load is not None and "bodyKey" in item:
        return load(item["bodyKey"]["S"])
    return unpack(item["body"]["B"])


def has_content(item: Item, body: bytes) -> bool:
    """Return whether an event item has the same content as ``body``; False also if the item is unreadable.

    A body in S3 is compared by its digest, so nothing is fetched. An erased event has any content: the original body
    of the sender's retry would be kept in quarantine otherwise, with the person who was erased.
    """
    if ERASED_AT in item:
        return True
    try:
        if "bodyKey" in item:
            return bool(item["contentDigest"]["S"] == content.digest(body))
        return content.same(body, unpack(item["body"]["B"]))
    except (KeyError, ValueError, TypeError, RecursionError, zlib.error):
        return False


def pack(body: bytes) -> bytes:
    """Compress with gzip, so that ``base64 -d | gunzip`` reads it without our tools; without a time stamp."""
    compressor = zlib.compressobj(level=6, wbits=31)
    return compressor.compress(body) + compressor.flush()


def unpack(packed: bytes) -> bytes:
    return zlib.decompress(packed, wbits=31)


def size(item: Item) -> int:
    """Return the size of an item in bytes by DynamoDB's rules, rounded up where a rule is approximate."""
    return sum(_bytes(name) + _size(attribute) for name, attribute in item.items())


def _size(attribute: Attribute) -> int:
    (kind, value), *_ = attribute.items()
    match kind:
        case "S":
            return _bytes(value)
        case "N":
            return 1 + _bytes(value)  # one byte for two digits, and one more
        case "B":
            return len(value)
        case "L":
            return 3 + sum(1 + _size(element) for element in value)
        case "M":
            return 3 + sum(1 + _bytes(name) + _size(element) for name, element in value.items())
        case _:
            return 1


def _second(value: Any) -> str | None:
    """The instant in whole seconds, ``YYYY-MM-DDTHH:MM:SSZ``, as people write the bounds of a query."""
    found = instant(value)
    return None if found is None else f"{found[:19]}Z"


def _participant(participant: dict[str, Any]) -> Item:
    human = person(participant)
    names = (text(member(human, name)) for name in ("firstName", "lastName"))
    return _bounded_texts(
        {
            "type": text(participant.get("type")),
            "role": text(participant.get("role")),
            "id": text(member(human, "id")),
            "externalId": text(member(human, "externalId")),
            "name": " ".join(name for name in names if name),
        }
    )


_STATE_TEXTS = ("status", "start", "end", "externalId", "meetingType")
_STATE_REFERENCES = ("office", "subject", "listing", "leadSegment")


def _text_of(item: Item, name: str) -> str | None:
    return item[name]["S"] if name in item else None


def _reference_of(identity: str | None) -> dict[str, str] | None:
    return None if identity is None else {"id": identity}


def _previous_participant(participant: Item) -> dict[str, Any]:
    kind = _text_of(participant, "type")
    members: dict[str, Any] = {"type": kind, "role": _text_of(participant, "role")}
    name = PERSONS.get(kind or "")
    return members if name is None else members | {name: _reference_of(_text_of(participant, "id"))}


def _texts(texts: dict[str, str]) -> Item:
    return {name: {"S": value} for name, value in texts.items()}


def _bounded_texts(texts: dict[str, str | None]) -> Item:
    """The attributes of the texts that are neither missing, nor empty, nor too long."""
    return {name: {"S": value} for name, value in texts.items() if value and _bytes(value) <= TEXT_BYTES}


def _bytes(value: str) -> int:
    return len(value.encode())
