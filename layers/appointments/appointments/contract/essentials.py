"""What the receiver needs of a delivery to key, order and route it."""

from __future__ import annotations

from typing import Any, NamedTuple, get_args

from appointments.contract import instants
from appointments.contract.members import NOT_LOGGED, loggable, member, text
from appointments.contract.values import EventType

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
EVENT_TYPES = frozenset(get_args(EventType))
UNRECOGNIZED = "(unrecognized)"
"""Replaces an eventType that the contract does not know: it is text of the sender."""


class Ids(NamedTuple):
    """The ids of a document that logs and quarantine are searched by; empty where the document has none.

    An id that does not look like one is NOT_LOGGED (:func:`.members.loggable`).
    """

    event_type: str = ""
    correlation_id: str = ""
    envelope_id: str = ""
    appointment_id: str = ""

    @classmethod
    def of(cls, document: Any) -> Ids:
        """Read them from any JSON value."""
        return cls._checked(
            member(document, "data", "eventType"),
            text(member(document, "correlationId")),
            text(member(document, "id")),
            text(member(document, "data", "appointment", "id")),
        )

    @classmethod
    def of_essentials(cls, essentials: Essentials) -> Ids:
        return cls._checked(
            essentials.event_type, essentials.correlation_id, essentials.envelope_id, essentials.appointment_id
        )

    @classmethod
    def _checked(cls, event_type: Any, *ids: str | None) -> Ids:
        known = event_type in EVENT_TYPES if isinstance(event_type, str) else None
        shown = {None: "", True: event_type, False: UNRECOGNIZED}[known]
        return cls(shown, *(loggable(value) if value else "" for value in ids))

    def present(self) -> dict[str, str]:
        """The ids that the document has, by name."""
        return {name: value for name, value in self._asdict().items() if value}

    def known(self) -> dict[str, str]:
        """The ids that are written out."""
        return {name: value for name, value in self.present().items() if value not in (NOT_LOGGED, UNRECOGNIZED)}


class Essentials(NamedTuple):
    """The ids, the eventType and the instant of a delivery.

    ``updated_at`` is in the fixed width of :func:`.instants.utc`.

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
