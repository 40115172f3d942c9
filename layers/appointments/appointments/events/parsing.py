"""From a payload to a typed event."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from appointments.events.message import AppointmentEvent

BODIES = ("body", "Body")
"""The member of an SQS message that has the event: in an event of Lambda, and in an answer of ReceiveMessage."""


class MessageError(ValueError):
    """A payload that is no message of an appointment. The text names the member and the rule, never a value."""


def parse(payload: Mapping[str, Any] | str | bytes) -> AppointmentEvent:
    """Return the event of a payload.

    ``payload`` is the event of EventBridge or an SQS message that has it as its body, as a dict or as JSON text. A
    batch of SQS is parsed record by record: ``[parse(record) for record in batch["Records"]]``.

    Raises MessageError if the payload is something else, or if a member that keys, orders or routes is missing:
    ``detail-type``, ``source``, ``metadata.id``, ``metadata.appointmentId``, ``metadata.order``, ``metadata.detail``,
    and in a full message the appointment's ``id``, ``status`` and ``updatedAt``.
    """
    document = _decode(payload)
    for name in BODIES:
        if name in document and "detail" not in document:
            document = _decode(document[name])
    if "Records" in document:
        raise MessageError("the payload is a batch: parse each element of Records")
    try:
        return AppointmentEvent.model_validate(document)
    except ValidationError as error:
        found = "; ".join(
            f"{'.'.join(str(step) for step in each['loc'])}: {each['type']}"
            for each in error.errors(include_url=False, include_context=False, include_input=False)
        )
        raise MessageError(f"the payload is no message of an appointment: {found}") from None


def _decode(payload: Any) -> Mapping[str, Any]:
    if isinstance(payload, str | bytes):
        try:
            payload = json.loads(payload)
        except ValueError:
            raise MessageError("the payload is not JSON") from None
    if not isinstance(payload, Mapping):
        raise MessageError("the payload is no JSON object")
    return payload
