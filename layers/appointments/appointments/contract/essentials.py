"""What the receiver needs of a delivery to key, order and route it."""

from __future__ import annotations

from typing import Any, NamedTuple

from appointments.contract.instants import utc
from appointments.contract.members import text


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
            updated_at=utc(appointment["updatedAt"]),
            correlation_id=text(document.get("correlationId")),
        )
