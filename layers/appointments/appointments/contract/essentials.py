"""What the receiver needs of a delivery to key, order and route it."""

from __future__ import annotations

from typing import Any, NamedTuple

from appointments.contract import instants
from appointments.contract.members import text

RANKS = {
    "CREATE": 0,
    "CREATE_REQUEST": 0,
    "REQUEST_ALTERNATIVE_DATE": 1,
    "RESCHEDULE_REQUEST": 1,
    "COMPLETE": 3,
    "CANCEL": 3,
    "REOPEN": 4,
}
"""The order of events with the same instant, by eventType: creations, wishes, changes, ends, reopenings."""
CHANGE_RANK = 2
"""The rank of ACCEPT, REASSIGN, RESCHEDULE, GENERIC_UPDATE and of any unknown eventType."""
MOST_AHEAD_SECONDS = 300
"""An ``updatedAt`` that is further ahead of its receipt is ordered by the receipt: a date in 9999 would make every
later event of the appointment stale."""
INSTANT_LENGTH = len(instants.LAST)


class Essentials(NamedTuple):
    """``updated_at`` is an instant in the fixed width of :func:`.instants.utc`.

    ``correlation_id`` is for logs only; None where the sender sent none.
    """

    envelope_id: str
    appointment_id: str
    event_type: str
    updated_at: str
    correlation_id: str | None = None

    @classmethod
    def of(cls, document: dict[str, Any]) -> Essentials:
        """Read them from a document that :func:`.parsing.parse_body` accepted."""
        data = document["data"]
        appointment = data["appointment"]
        return cls(
            envelope_id=document["id"],
            appointment_id=appointment["id"],
            event_type=data["eventType"],
            updated_at=instants.utc_of_any(appointment["updatedAt"]),
            correlation_id=text(document.get("correlationId")),
        )

    def is_ahead_of(self, received_at: str) -> bool:
        """Whether ``updated_at`` is too far in the future to order by."""
        return self.updated_at > instants.later(received_at, MOST_AHEAD_SECONDS)

    def order(self, received_at: str) -> str:
        """Return the text whose string order decides which event is the newest of an appointment.

        It is ``<instant>#<rank>#<envelope id>``: the instant of the change, the rank of its eventType, and the
        envelope id for a decision that is the same everywhere.
        """
        instant = received_at if self.is_ahead_of(received_at) else self.updated_at
        return f"{instant}#{RANKS.get(self.event_type, CHANGE_RANK)}#{self.envelope_id}"


def instant_of(order: str) -> str:
    """Return the instant of an order: events with the same one are not stale to each other."""
    return order[:INSTANT_LENGTH]
