"""Stores one message of the backlog."""

from __future__ import annotations

from collections.abc import Callable

from appointments import timing
from appointments.contract import instants
from appointments.contract.essentials import Ids
from appointments.contract.parsing import ids_of_body
from appointments.deadline import Deadline
from appointments.errors import (
    BodyLostError,
    BodyUnavailableError,
    StoreRefusedError,
    UnavailableError,
    UndeliverableError,
)
from appointments.intake import Arrival, Intake, Receipt
from appointments.storage.backlog import decode

MOST_RECEIVES = 5
"""A message that fails for a reason other than an outage goes to quarantine after this many receives. An outage is
waited for without a limit."""


def store(
    message: str, receives: int, intake: Intake, load: Callable[[str], bytes], function_request_id: str = ""
) -> Receipt:
    """Store the delivery of a message, or put it in quarantine.

    ``receives`` is how often the queue has delivered the message; ``load`` fetches a body in S3 by its key;
    ``function_request_id`` is that of the invocation. Raises UnavailableError when the message must come again.
    """
    deadline = Deadline(timing.BACKLOG_DELIVERY)
    encoded = message.encode("utf-8", "surrogatepass")
    arrival = Arrival(encoded, instants.now(), function_request_id=function_request_id)
    try:
        body, received_at, erased_at = decode(message, load)
        arrival = arrival._replace(body=body, received_at=received_at, erased_at=erased_at)
        return intake.receive(arrival, deadline)
    except UndeliverableError as error:
        rejection = error
    except BodyLostError as error:
        rejection = UndeliverableError(str(error))
    except UnavailableError as error:
        if not isinstance(error, StoreRefusedError) or receives < MOST_RECEIVES:
            raise
        rejection = UndeliverableError(str(error), error.ids)
    except Exception as error:  # noqa: BLE001 - no message may come again for ever
        ids = ids_of_body(arrival.body)
        if receives < MOST_RECEIVES:
            refusal = StoreRefusedError(type(error).__name__)
            refusal.ids = ids
            raise refusal from None
        rejection = UndeliverableError(type(error).__name__, ids)
    return intake.reject(arrival, rejection, Deadline(timing.BACKLOG_DELIVERY))


def ids_of_message(message: str) -> Ids:
    """Return the ids of the delivery in a message without calling a service; none for a body in S3."""
    try:
        return ids_of_body(decode(message, _in_s3).body)
    except (UndeliverableError, BodyUnavailableError):
        return Ids()


def _in_s3(_key: str) -> bytes:
    raise BodyUnavailableError("not fetched")
