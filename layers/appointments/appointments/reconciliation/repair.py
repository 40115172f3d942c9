"""Makes a repair of an appointment of the vendor's API: the event item and the state that :meth:`.Store.repair` writes.

A repair is no webhook. Its key is derived from the appointment and its ``updatedAt``, so a repeated repair is a
duplicate. Its ``updatedAt`` is cut to the second and its rank sorts below all others: a webhook of the same second wins
over it, whenever it arrives.
"""

from __future__ import annotations

import hashlib
from typing import Any

from appointments.contract import instants
from appointments.contract.essentials import Essentials
from appointments.publishing.references import bounded, reference
from appointments.reconciliation.engage_appointment import EngageAppointment, appointment_of
from appointments.storage.items import RECONCILIATION, Delivery, expires_at, retained_from

EVENT_TYPE = "RECONCILED"
"""The eventType of a repair. It is ours: the sender has no such name, and a delivery that has it is no repair."""
KEY_PREFIX = "reconciled-"
_SECOND = len("YYYY-MM-DDTHH:MM:SS")
_MORE_MEMBERS = ("externalId", "meetingType")


def repair_of(
    found: EngageAppointment, *, received_at: str, history_retention_days: int = 0, now: float = 0.0
) -> Delivery:
    """Return the repair of an appointment that the API answered at ``received_at``.

    ``received_at`` is UTC in the fixed width of :func:`.instants.utc`, ``now`` the same instant in epoch seconds; it
    is needed with ``history_retention_days`` only. The current item and the message get ids, status and times: what the
    API does not have, such as names, tokens and URLs, is absent.

    Raises ValueError for an ``updatedAt`` that is more than five minutes ahead of the receipt. A webhook of it is
    ordered by its receipt, so a repair could win over a webhook that came before.
    """
    appointment = appointment_of(found.document)
    identity, second = appointment["id"], instants.utc_of_any(appointment["updatedAt"])[:_SECOND]
    essentials = Essentials(
        envelope_id=key_of(identity, second),
        appointment_id=identity,
        event_type=EVENT_TYPE,
        updated_at=f"{second}.000000000Z",
    )
    if essentials.is_ahead_of(received_at):
        raise ValueError("updatedAt is in the future")
    return Delivery(
        body=found.body,
        document={"data": {"appointment": _bounded(appointment)}},
        essentials=essentials,
        violations=(),
        violation_count=0,
        received_at=received_at,
        expires_at=expires_at(history_retention_days, retained_from(appointment, now)),
        origin=RECONCILIATION,
    )


def key_of(appointment_id: str, second: str) -> str:
    """Return the id of a repair, in place of an envelope id. ``second`` is ``YYYY-MM-DDTHH:MM:SS`` in UTC.

    Two appointments that change in the same second have different ids, because a subscriber can know events by this id
    alone. An appointment id can be longer than a key may be, so its digest stands for it.
    """
    return f"{KEY_PREFIX}{second}Z-{hashlib.sha256(appointment_id.encode()).hexdigest()[:16]}"


def _bounded(appointment: dict[str, Any]) -> dict[str, Any]:
    """What a message can say of it, and the state needs, in bounded size."""
    more = {name: bounded(appointment[name]) for name in _MORE_MEMBERS if name in appointment}
    return reference(appointment) | more
