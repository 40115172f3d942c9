"""docs/table.md: the attributes of the table's items, generated from the code and events/table/current.json."""

from __future__ import annotations

import json
from typing import Any

from appointments.storage import items
from samples.files import EVENTS
from samples.story import SAMPLES
from samples.stream import stored_item

CURRENT = EVENTS / "table" / "current.json"

APPOINTMENT = "data.appointment"
CURRENT_ATTRIBUTES = {
    "pk": "`APPOINTMENT#` and the appointment's id",
    "sk": "`CURRENT`",
    "updatedAt": f"`{APPOINTMENT}.updatedAt` as an instant",
    "order": "`<instant>#<rank>#<envelope id>`: its string order decides which event is the newest",
    "eventId": "the envelope id of the event that this item is made of; its event item has the whole body",
    "eventType": "the eventType of that event",
    "receivedAt": "when that event was received, an instant",
    "status": f"`{APPOINTMENT}.status`",
    "meetingType": f"`{APPOINTMENT}.meetingType`",
    "start": f"`{APPOINTMENT}.start` in UTC and whole seconds, `YYYY-MM-DDTHH:MM:SSZ`; sort key of the indexes",
    "end": f"`{APPOINTMENT}.end` in the same form",
    "externalId": f"`{APPOINTMENT}.externalId`",
    "officeId": "the id of the office; partition key of OfficeIndex",
    "officeExternalId": "the externalId of the office",
    "subjectId": "the id of the subject",
    "subjectExternalId": "the externalId of the subject",
    "employeeId": "the id of the PRIMARY employee, else of the first; partition key of EmployeeIndex",
    "customerId": "the id of the PRIMARY customer, else of the first; partition key of CustomerIndex",
    "listingId": "the id of the listing",
    "leadSegmentId": "the id of the lead segment",
    "participants": f"at most {items.PARTICIPANTS} participants with `type`, `role`, `id`, `externalId` and `name`",
    "participantCount": "the number of all participants",
}
EVENT_ATTRIBUTES = {
    "pk": "`APPOINTMENT#` and the appointment's id",
    "sk": "`EVENT#` and the envelope id, or the id of a repair",
    "eventType": "the sender's eventType",
    "order": "as in the current item; a rule of the ranks is in docs/events.md",
    "updatedAt": f"`{APPOINTMENT}.updatedAt` as an instant",
    "receivedAt": "when it was received, an instant",
    "storedAt": "when it was written, an instant",
    "correlationId": "the sender's correlationId",
    "webhookConfigurationId": "the sender's webhookConfigurationId",
    "version": "the sender's version",
    "body": "the body as received, gzip (`base64 -d | gunzip` reads it)",
    "stale": "whether the current item was newer",
    "violations": f"at most {items.VIOLATIONS} violations, each with `path`, `rule` and `expected`",
    "violationCount": "the number of all violations",
}
CURRENT_ALTERNATIVES = {
    "origin": "`reconciliation` if the vendor's API told this state; absent if the sender delivered it",
}
EVENT_ALTERNATIVES = {
    "bodyKey": "instead of `body`: the key of the body in BodiesBucket",
    "contentDigest": "with `bodyKey`: the SHA-256 of the body's canonical JSON, in hexadecimal",
    "origin": "`reconciliation`: the event is a repair, and `body` is what the vendor's API answered; absent if the "
    "sender delivered it",
    "appointment": "with `origin`: the appointment under the names of the contract: ids, status and times, as JSON",
    "replaced": "with `origin`: the state that it replaced, as JSON text; absent if there was none",
    "erasedAt": "after an [erasure](operations.md#erasure): when a person was taken out of the body, an instant",
    "expiresAt": "with `HistoryRetentionDays`: when DynamoDB deletes the item, in epoch seconds",
}
TYPES = {"S": "string", "N": "number", "B": "binary", "BOOL": "boolean", "L": "list"}


def generate() -> str:
    """Return the whole page. Raises ValueError when an attribute lacks its description, or the reverse."""
    current = _merged(json.loads(CURRENT.read_text(encoding="utf-8")).values())
    event = stored_item(SAMPLES[0])
    return PAGE.format(
        current=_described(CURRENT_ATTRIBUTES, current),
        event=_described(EVENT_ATTRIBUTES, event),
        alternatives="\n".join(f"| `{name}` | {text} |" for name, text in EVENT_ALTERNATIVES.items()),
        current_alternatives="\n".join(f"| `{name}` | {text} |" for name, text in CURRENT_ALTERNATIVES.items()),
        indexes="\n".join(f"| `{index}` | `{keys[0]}` | `{keys[1]}` |" for index, keys in items.INDEXES.items()),
        text_bytes=f"{items.TEXT_BYTES:,}",
    )


def _merged(found: Any) -> dict[str, Any]:
    return {name: attribute for item in found for name, attribute in item.items()}


def _described(descriptions: dict[str, str], item: dict[str, Any]) -> str:
    if descriptions.keys() != item.keys():
        differing = sorted(descriptions.keys() ^ item.keys())
        raise ValueError(f"generate/table_page.py and the item differ in the attributes {differing}")
    return "\n".join(f"| `{name}` | {TYPES[next(iter(item[name]))]} | {text} |" for name, text in descriptions.items())


PAGE = """\
# The table

<!-- Generated by `make generate` from the code and events/table/current.json. -->

One table holds two kinds of items. (Items under `pk` `ERASURE` are records of [erasures](operations.md#erasure) and say
nothing about an appointment.) An instant is UTC in one fixed width, `YYYY-MM-DDTHH:MM:SS.fffffffffZ`: string
order is time order. An attribute is absent where the sender sent nothing, an empty text, a text of more than
{text_bytes} bytes, or another type than it should have. `events/table/current.json` has the current items of the
sample deliveries. Attributes are only added: none is renamed, and none changes its type or meaning.

## Current item: the appointment's state

| attribute | type | content |
| --- | --- | --- |
{current}

| attribute | when |
| --- | --- |
{current_alternatives}

| index | partition key | sort key |
| --- | --- | --- |
{indexes}

The indexes have the current items that have both keys, and hold only these keys, `pk` and `sk`. The parameters
`OfficeIndex`, `EmployeeIndex` and `CustomerIndex` of the stack leave out the index of this name. An appointment without
a date, and participants other than the PRIMARY employee and customer, are in no index.
[architecture.md](architecture.md#queries) has queries of an index and of the items that it finds.

## Event item: one event of the history

| attribute | type | content |
| --- | --- | --- |
{event}

| attribute | when |
| --- | --- |
{alternatives}
"""
