"""Generates docs/events.md, the description of the published messages, from the code and the golden messages."""

from __future__ import annotations

import json
from typing import Any

from appointments.contract.essentials import CHANGE_RANK, RANKS
from appointments.publishing.changes import CHANGES
from appointments.publishing.messages import DETAIL_TYPES, UNRECOGNIZED
from generate import rules
from samples.files import EVENTS, pretty

EXAMPLE = "AppointmentRescheduled"

METADATA = {
    "id": "the id of the envelope, the same on every delivery of the event: use it to skip duplicates",
    "correlationId": "the sender's id of the action, to search the logs by; null if the sender sent none",
    "webhookConfigurationId": "the id of the sender's webhook that delivered the event, or null",
    "version": "the sender's version of the envelope, or null",
    "eventType": "the sender's name of the event",
    "appointmentId": "the id of the appointment",
    "updatedAt": "the appointment's `updatedAt` in UTC, `YYYY-MM-DDTHH:MM:SS.fffffffffZ`: string order is time order",
    "order": "`<instant>#<rank>#<envelope id>`, compared as a string: the greatest of an appointment is its state",
    "receivedAt": "the time of receipt, in the same form",
    "schemaVersion": "the version of this message; it increases when consumers must change",
    "detail": "`full`, or `reference` without personal data and capability URLs",
    "stale": "true if the stored state was newer when the event arrived: the snapshot is old",
    "replayed": "true if an operator published the message with `appointments failures redrive`",
    "violations": "the documented limits that the event breaks and the deviations that tolerant mode accepts, as path, "
    "rule and bound; never a value; at most 100",
    "violationCount": "the number of all violations",
}
ROUTING = {
    "status": "the status of the appointment",
    "previousStatus": "the status before the change",
    "start": "when it starts, in the form of `updatedAt`",
    "end": "when it ends, in the same form",
    "officeId": "the id of the office",
    "previousOfficeId": "the id of the office before the change",
    "subjectId": "the id of the subject",
    "listingId": "the id of the listing",
    "leadSegmentId": "the id of the lead segment",
    "employeeId": "the id of the PRIMARY employee, or of the first if none is PRIMARY",
    "previousEmployeeId": "the same before the change",
    "employeesAdded": "the ids of the employees who were no participants before the change",
    "employeesRemoved": "the ids of the employees who are participants no more",
    "customerId": "the id of the PRIMARY customer, or of the first if none is PRIMARY",
    "meetingType": "how they meet",
    "createdFrom": "where the appointment was created",
    "createdByType": "who created it",
    "updatedFrom": "where it was changed last",
    "updatedByType": "who changed it last",
}
DATA = {
    "appointment": "the appointment exactly as sent; in a reference its ids, status and times",
    "previousAppointment": "the sender's reduced snapshot of the appointment before the change, or null",
    "message": "the sender's deprecated message, or null; absent from a reference",
    "changes": "the names of the members that differ from previousAppointment; [] without previousAppointment",
}


def generate() -> str:
    """Return the content of the file. Raises ValueError for a member of the message without a description."""
    example = json.loads((EVENTS / "eventbridge" / f"{EXAMPLE}.reference.v1.json").read_text(encoding="utf-8"))
    full = json.loads((EVENTS / "eventbridge" / f"{EXAMPLE}.v1.json").read_text(encoding="utf-8"))
    return PAGE.format(
        detail_types=_table(
            ("detail-type", "eventType"),
            [(f"`{d}`", f"`{e}`") for e, d in DETAIL_TYPES.items()] + [(f"`{UNRECOGNIZED}`", "any other")],
        ),
        ranks=_table(("rank", "eventType"), _ranks()),
        metadata=_described(METADATA, full["detail"]["metadata"]),
        routing=_described(ROUTING, full["detail"]["routing"]),
        data=_described(DATA, full["detail"]["data"]),
        unrecognized=UNRECOGNIZED,
        changes=", ".join(f"`{name}`" for name in CHANGES),
        rule=rules.block("moved"),
        example=pretty(example),
        file=f"events/eventbridge/{EXAMPLE}.v1.json",
    )


def _ranks() -> list[tuple[str, str]]:
    names: dict[int, list[str]] = {}
    for event_type in DETAIL_TYPES:
        names.setdefault(RANKS.get(event_type, CHANGE_RANK), []).append(event_type)
    names[CHANGE_RANK].append("and any other")
    return [(str(rank), ", ".join(names[rank])) for rank in sorted(names)]


def _described(descriptions: dict[str, str], message: dict[str, Any]) -> str:
    if descriptions.keys() != message.keys():
        names = ", ".join(sorted(descriptions.keys() ^ message.keys()))
        raise ValueError(f"the descriptions and the golden message differ in {names}: edit generate/events_page.py")
    return _table(("member", "meaning"), [(f"`{name}`", descriptions[name]) for name in message])


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    return "\n".join(f"| {left} | {right} |" for left, right in [head, ("---", "---"), *rows])


PAGE = """\
# Messages on the bus

<!-- Generated by make generate from the code and events/eventbridge/; do not edit. -->

Each stored event becomes one message, source `pexip.engage` (parameter `EventSource`), with one detail-type for each
eventType. Detail-types and members are never renamed and never change their meaning. A change that consumers must
follow increases `schemaVersion` and is in the [changelog](../CHANGELOG.md).

{detail_types}

When a release learns an eventType, it gets its own detail-type: rules on `{unrecognized}` should match
`metadata.eventType` too.

`detail` is `{{"metadata": {{...}}, "routing": {{...}}, "data": {{...}}}}`. In a full message, `data` also has the
members of the sender's `data` that the contract does not know, under their names. Unknown members of the envelope are
in a fourth member, `envelope`, which is absent without them.

`metadata`:

{metadata}

`routing`, alike in a full message and a reference. Each member is always there. A text is null where the sender's value
is missing, of another type or longer than 1,024 bytes of JSON. The two lists are empty instead: `exists` matches null,
but no empty list. Ids are texts. What previousAppointment leaves out is null and no change.

{routing}

`data`:

{data}

`changes` holds names out of {changes}.
Instants are compared as instants and ids as text, whatever their notation. A member that previousAppointment leaves out
is no evidence of a change; null is a value.

## What to rely on

- **At least once.** The same message can arrive twice. An event is known by `metadata.appointmentId` and `metadata.id`
  together: remember both.
- **In order per appointment onto the bus, in no order off it.** EventBridge promises its targets no order. Process a
  message if its `metadata.order` is greater, as a string, than the last one that you processed for the appointment.
  That covers duplicates, ties and stale events, and ends in the state of the table.
- **Stale is no reason to skip.** `stale` says that the snapshot in the message is old, not that the change is no news:
  a cancellation that a later update overtakes is stale, and it is the only message that says "cancelled".
- **Any member can be missing or of another type.** The contract is tolerant by default, because the vendor adds values
  and members without notice. Only `metadata` and, in the appointment, a non-empty `id` and `status` and an instant in
  `updatedAt` are sure. `metadata.violations` has the path of each deviation.
- **`full` is personal data.** It holds names, addresses and URLs that act on an appointment. A reference omits them.
  Messages are references if `EventDetail` is `reference`, or if the full message is larger than 1 MB less 2 KB;
  `metadata.detail` says which. Read the appointment from the table by `appointmentId`, or from its event item by `id`.

## The order of events

`metadata.order` is `updatedAt`, a rank and the envelope id. The rank decides between events of one `updatedAt`:

{ranks}

An `updatedAt` that is more than five minutes ahead of its receipt is replaced by the receipt, and reported as a
violation of the rule `future`.

## A rule

{rule}

[rules.md](rules.md) has more rules to copy.

## A message

This message is in reference form. `{file}` and the files beside it show each detail-type in full.

```json
{example}
```
"""
