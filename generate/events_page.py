"""docs/events.md: what subscribers can receive, made from the code and the golden messages.

``python -m generate.events_page`` rewrites it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from appointments.publishing.changes import CHANGES
from appointments.publishing.messages import DETAIL_TYPES
from samples.files import EVENTS, pretty

PATH = Path(__file__).parent.parent / "docs" / "events.md"
EXAMPLE = "AppointmentRescheduled"

METADATA = {
    "id": "the envelope's id: the same on every delivery of the event, so what you have seen with it you have seen",
    "correlationId": "the sender's, to follow one action through the logs; null if it sent none",
    "webhookConfigurationId": "the sender's webhook that delivered the event, or null",
    "version": "the sender's version of the envelope, or null",
    "eventType": "the sender's name of the event",
    "appointmentId": "whose event it is",
    "updatedAt": "the appointment's `updatedAt` in UTC, `YYYY-MM-DDTHH:MM:SS.fffffffffZ`: string order is time order",
    "receivedAt": "when it was received, in the same form",
    "schemaVersion": "of this message, counted up when a consumer would have to change",
    "detail": "`full`, or `reference` without personal data and capability URLs",
    "stale": "true when the stored state was newer already: the event is history, not news",
    "violations": "the documented limits that the event breaks, and what tolerant mode let pass, as path, rule and "
    "bound; never a value",
}
DATA = {
    "appointment": "the appointment as it was sent, to the letter; in a reference its ids, status and times",
    "previousAppointment": "the sender's reduced snapshot of before, or null",
    "message": "the sender's deprecated message, or null; not in a reference",
    "changes": "the names of what differs from previousAppointment, [] without one",
}


def document() -> str:
    """The whole page."""
    example = json.loads((EVENTS / "eventbridge" / f"{EXAMPLE}.reference.v1.json").read_text(encoding="utf-8"))
    full = json.loads((EVENTS / "eventbridge" / f"{EXAMPLE}.v1.json").read_text(encoding="utf-8"))
    return PAGE.format(
        detail_types=_table(("detail-type", "eventType"), [(f"`{d}`", f"`{e}`") for e, d in DETAIL_TYPES.items()]),
        metadata=_described(METADATA, full["detail"]["metadata"]),
        data=_described(DATA, full["detail"]["data"]),
        changes=", ".join(f"`{name}`" for name in CHANGES),
        example=pretty(example),
        file=f"events/eventbridge/{EXAMPLE}.v1.json",
    )


def _described(descriptions: dict[str, str], message: dict[str, Any]) -> str:
    if descriptions.keys() != message.keys():
        raise ValueError(f"described are {sorted(descriptions)}, in the message are {sorted(message)}")
    return _table(("member", "what it is"), [(f"`{name}`", descriptions[name]) for name in message])


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    return "\n".join(f"| {left} | {right} |" for left, right in [head, ("---", "---"), *rows])


PAGE = """\
# Messages on the bus

<!-- Made by python -m generate.events_page from the code and events/eventbridge/. -->

Each stored event becomes one message, source `pexip.engage` (parameter `EventSource`), with a detail-type for each
eventType. Names and members are never renamed and never change their meaning; a change that a consumer must follow
counts `schemaVersion` up and is in the [changelog](../CHANGELOG.md).

{detail_types}

`detail` is `{{"metadata": {{...}}, "data": {{...}}}}`.

{metadata}

{data}

A change is one of {changes}.
Instants compare as instants and ids as text, whatever their notation.

## What to rely on

- **At least once.** The same message can arrive twice: remember `metadata.id`.
- **In order per appointment onto the bus, in no order off it.** EventBridge promises its targets no order. Compare
  `metadata.updatedAt` as strings with the last one you acted on, and skip a message with `metadata.stale` true unless
  you want the history. Two events of one change can have the same `updatedAt`; neither is stale.
- **A tolerant deployment publishes what the contract does not know yet.** With `ContractMode=tolerant`, enum values
  can be others than the documented ones, and members can be missing, but for `id`, `status` and `updatedAt` of the
  appointment. `metadata.violations` has the path of each; a rule on
  `{{"metadata": {{"violations": {{"rule": ["enum", "required"]}}}}}}` finds them. A missing member counts as null in
  `changes`.
- **`full` is personal data.** It holds names, addresses and URLs that act on an appointment. Deployed with
  `EventDetail=reference`, or where a message would pass EventBridge's 1 MB, it is left out and `metadata.detail` says
  so: read the appointment from the table by `appointmentId`, or from its event item by `id`.

## A rule

Cancelled, or moved in time or place, and news:

```json
{{
  "source": ["pexip.engage"],
  "detail": {{
    "metadata": {{"stale": [false]}},
    "data": {{"changes": ["status", "start", "end", "office"]}}
  }}
}}
```

## A message

In reference form; `{file}` and its neighbours show one of each detail-type in full.

```json
{example}
```
"""


if __name__ == "__main__":
    PATH.write_text(document(), encoding="utf-8")
