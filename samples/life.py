"""The life of one appointment in six deliveries: what the bill of docs/cost.md counts.

It is created, reassigned to another employee, rescheduled, updated twice and completed.
"""

from __future__ import annotations

from appointments.contract.parsing import parse_body
from appointments.storage import items
from samples import people, steps
from samples.appointments import last_change
from samples.story import encode, envelope

_RESCHEDULED = steps.MORTGAGE_REASSIGNED | {
    name: steps.MORTGAGE_RESCHEDULED[name] for name in ("start", "end", *last_change(None, "", ""))
}
_LINKED = _RESCHEDULED | {
    **{name: steps.MORTGAGE_LINKED[name] for name in ("listing", "leadSegment", "externalId")},
    **last_change(None, "OTHER", "2026-03-05T08:00:00Z"),
}
_NOTED = _LINKED | {
    "internalNotes": "Attestation de revenus reçue",
    **last_change(people.AMELIE, "BACKOFFICE_APP", "2026-03-06T10:30:00Z"),
}
_COMPLETED = _NOTED | {
    name: steps.MORTGAGE_COMPLETED[name] for name in ("answers", "leadSegment", "status", *last_change(None, "", ""))
}
_STATES = (
    ("CREATE", steps.MORTGAGE_BOOKED),
    ("REASSIGN", steps.MORTGAGE_REASSIGNED),
    ("RESCHEDULE", _RESCHEDULED),
    ("GENERIC_UPDATE", _LINKED),
    ("GENERIC_UPDATE", _NOTED),
    ("COMPLETE", _COMPLETED),
)
LIFE: tuple[bytes, ...] = tuple(
    encode(envelope(number, event_type, state, _STATES[number - 1][1] if number else None, message=None))
    for number, (event_type, state) in enumerate(_STATES)
)
"""The bodies in order."""


def deliveries() -> list[items.Delivery]:
    """Return the deliveries as the intake hands them to the store."""
    return [items.Delivery(body, *parse_body(body), received_at="2026-04-01T00:00:00.000000000Z") for body in LIFE]
