"""The table's two items and how a delivery becomes them.

Keys, attribute names and index names are stated here once; a test holds template.yaml against them.

current  ``pk=APPOINTMENT#<id>  sk=CURRENT``        what a person or a query asks for, and in ``eventId`` the
                                                    event item that holds the whole appointment
event    ``pk=APPOINTMENT#<id>  sk=EVENT#<id>``     history, outbox and deduplication in one: the body as received,
                                                    or the key of the object in S3 that it is (:mod:`.bodies`)

Neither grows with what is sent: every text but the body has a bound, and the body moves out when it is too large.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from appointments.contract.instants import utc
from appointments.storage import content

if TYPE_CHECKING:
    from appointments.contract.models import Envelope
    from appointments.contract.violations import Violation

PARTITION_KEY = "pk"
SORT_KEY = "sk"
TTL_ATTRIBUTE = "expiresAt"
STORED_AT = "storedAt"
CURRENT_SORT_KEY = "CURRENT"
EVENT_SORT_KEY_PREFIX = "EVENT#"
INDEXES = {
    "OfficeIndex": ("officeId", "start"),
    "EmployeeIndex": ("employeeId", "start"),
    "CustomerIndex": ("customerId", "start"),
}
INDEX_PROJECTION = ("status", "end", "meetingType", "updatedAt")

ITEM_BYTES = 256 * 1024
"""A larger event item names its body instead of holding it. DynamoDB's own limit is 400 KB, and far from it an error
in our counting does no harm, a duplicate brings less back, and a put to S3 is cheaper than the write units."""
BODY_BYTES = 1024 * 1024
"""A longer body goes to S3 without trying whether it would fit: compressing megabytes costs the time to answer, and
the message on the bus is a reference all the same."""
FITTING_BYTES = 32 * 1024
"""The item of a body up to it fits and is not measured: all else in it is bounded. Most bodies are shorter."""
TEXT_BYTES = 1024
"""Longer texts stay in the body alone, and so do empty ones where the current item would have them: the items are
lean whatever is sent, and DynamoDB refuses a whole write for one index key that is empty or too long."""
PARTICIPANTS = 20
"""So many participants are named in the current item; all of them are in the event item."""
VIOLATIONS = 100
"""So many violations are listed in an event item; ``violationCount`` says how many there were."""

SECONDS_PER_DAY = 86_400

Attribute = dict[str, Any]
Item = dict[str, Attribute]


class Delivery(NamedTuple):
    """One authenticated, parsed delivery on its way to the table.

    ``received_at`` is UTC in the fixed width of :func:`appointments.contract.instants.utc`; ``expires_at`` is in epoch
    seconds, None keeps the history for ever.
    """

    body: bytes
    envelope: Envelope
    violations: tuple[Violation, ...]
    received_at: str
    expires_at: int | None = None

    @property
    def updated_at(self) -> str:
        return utc(self.envelope.data.appointment.updated_at)


def expires_at(retention_days: int, since: float) -> int | None:
    """When an event leaves the history, so many days after ``since``, both in epoch seconds; None for never."""
    return int(since) + retention_days * SECONDS_PER_DAY if retention_days else None


def partition_key(appointment_id: str) -> str:
    return f"APPOINTMENT#{appointment_id}"


def event_sort_key(envelope_id: str) -> str:
    return EVENT_SORT_KEY_PREFIX + envelope_id


def event_item(
    delivery: Delivery, *, stale: bool = False, stored_at: str | None = None, body_key: str | None = None
) -> Item:
    """The delivery as history keeps it: the exact bytes, gzip, and what a reader needs without unpacking them.

    ``stored_at`` is the instant of the write, in the form of ``received_at``, which it is without one. With
    ``body_key`` the body is the object of that key, and the item holds the digest of its content in its place.
    """
    envelope = delivery.envelope
    told = {
        "correlationId": envelope.correlation_id,
        "webhookConfigurationId": envelope.webhook_configuration_id,
        "version": envelope.version,
    }
    item = _strings(
        {
            PARTITION_KEY: partition_key(envelope.data.appointment.id),
            SORT_KEY: event_sort_key(envelope.id),
            "eventType": envelope.data.event_type,
            "updatedAt": delivery.updated_at,
            "receivedAt": delivery.received_at,
            STORED_AT: stored_at or delivery.received_at,
            **{name: text for name, text in told.items() if text is not None and _is_short(text)},
        }
    )
    if body_key is None:
        item["body"] = {"B": pack(delivery.body)}
    else:
        item |= _strings({"bodyKey": body_key, "contentDigest": content.digest(delivery.body)})
    item["stale"] = {"BOOL": stale}
    item["violations"] = {"L": [{"M": _strings(v.as_dict())} for v in delivery.violations[:VIOLATIONS]]}
    item["violationCount"] = {"N": str(len(delivery.violations))}
    if delivery.expires_at is not None:
        item[TTL_ATTRIBUTE] = {"N": str(delivery.expires_at)}
    return item


def current_item(delivery: Delivery) -> Item:
    """The appointment as it stands: native attributes for people and queries, bounded whatever was sent."""
    appointment = delivery.envelope.data.appointment
    listing, segment = appointment.listing, appointment.lead_segment
    participants = appointment.participants or ()
    texts = {
        "eventType": delivery.envelope.data.event_type,
        "receivedAt": delivery.received_at,
        "status": appointment.status,
        "meetingType": appointment.meeting_type,
        "start": utc(appointment.start) if appointment.start else None,
        "end": utc(appointment.end) if appointment.end else None,
        "externalId": appointment.external_id,
        "officeId": _of(appointment.office, "id"),
        "officeExternalId": _of(appointment.office, "external_id"),
        "subjectId": _of(appointment.subject, "id"),
        "subjectExternalId": _of(appointment.subject, "external_id"),
        "employeeId": _primary(participants, "EMPLOYEE"),
        "customerId": _primary(participants, "CUSTOMER"),
        "listingId": _of(listing, "id"),
        "leadSegmentId": _of(segment, "id"),
    }
    item = _kept(texts)
    item |= _strings(
        {
            PARTITION_KEY: partition_key(appointment.id),
            SORT_KEY: CURRENT_SORT_KEY,
            "updatedAt": delivery.updated_at,
            "eventId": delivery.envelope.id,
        }
    )
    item["participants"] = {"L": [_participant(p) for p in participants[:PARTICIPANTS]]}
    item["participantCount"] = {"N": str(len(participants))}
    return item


def read_body(item: Item, load: Callable[[str], bytes] | None = None) -> bytes:
    """The body of an event item, exactly as received; ``load`` gives the one of a claim check by its key.

    Raises KeyError without ``load`` where it is needed, ValueError or zlib.error for what :func:`event_item` did not
    write, and whatever ``load`` raises.
    """
    if load is not None and "bodyKey" in item:
        return load(item["bodyKey"]["S"])
    return unpack(item["body"]["B"])


def has_content(item: Item, body: bytes) -> bool:
    """Whether an event item says what ``body`` says; False also where what it says cannot be told any more.

    A claim check is compared by its digest, so nothing is ever fetched for this.
    """
    try:
        if "bodyKey" in item:
            return bool(item["contentDigest"]["S"] == content.digest(body))
        return content.same(body, unpack(item["body"]["B"]))
    except (KeyError, ValueError, TypeError, RecursionError, zlib.error):
        return False


def pack(body: bytes) -> bytes:
    """gzip, so that ``base64 -d | gunzip`` reads it at night without any tool of ours; no time stamp inside."""
    compressor = zlib.compressobj(level=6, wbits=31)
    return compressor.compress(body) + compressor.flush()


def unpack(packed: bytes) -> bytes:
    return zlib.decompress(packed, wbits=31)


def size(item: Item) -> int:
    """The item's size by DynamoDB's own rules, in bytes, rounded up where the rule is approximate."""
    return sum(_bytes(name) + _size(attribute) for name, attribute in item.items())


def _size(attribute: Attribute) -> int:
    (kind, value), *_ = attribute.items()
    match kind:
        case "S" | "N":
            return _bytes(value)
        case "B":
            return len(value)
        case "L":
            return 3 + sum(1 + _size(element) for element in value)
        case "M":
            return 3 + sum(1 + _bytes(name) + _size(element) for name, element in value.items())
        case _:
            return 1


def _participant(participant: Any) -> Attribute:
    person = _person(participant)
    name = " ".join(part for part in (_of(person, "first_name"), _of(person, "last_name")) if part)
    texts = {
        "type": participant.type,
        "role": participant.role,
        "id": _of(person, "id"),
        "externalId": _of(person, "external_id"),
        "name": name,
    }
    return {"M": _kept(texts)}


def _primary(participants: Iterable[Any], kind: str) -> str | None:
    """The id of the PRIMARY participant of a type, else of the first: an item has one key per index."""
    of_kind = [p for p in participants if p.type == kind]
    chosen = next((p for p in of_kind if p.role == "PRIMARY"), of_kind[0] if of_kind else None)
    return _of(_person(chosen), "id")


def _person(participant: Any) -> Any:
    """None without a participant, of a type that the contract does not know, or with nobody in it."""
    match _of(participant, "type"):
        case "EMPLOYEE":
            return participant.employee
        case "CUSTOMER":
            return participant.customer
        case _:
            return None


def _of(thing: Any, name: str) -> str | None:
    """A member as text. None where the thing or the member is missing, as both may be in tolerant mode."""
    value = getattr(thing, name, None)
    return None if value is None else str(value)


def _strings(texts: dict[str, Any]) -> Item:
    return {name: {"S": str(text)} for name, text in texts.items()}


def _kept(texts: dict[str, str | None]) -> Item:
    return {name: {"S": text} for name, text in texts.items() if text and _is_short(text)}


def _is_short(text: str) -> bool:
    return _bytes(text) <= TEXT_BYTES


def _bytes(text: str) -> int:
    return len(text.encode())
