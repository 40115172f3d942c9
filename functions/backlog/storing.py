"""Stores one message of the backlog."""

from __future__ import annotations

from collections.abc import Callable

from appointments import timing
from appointments.contract import instants
from appointments.deadline import Deadline
from appointments.errors import BodyLostError, StoreRefusedError, UnavailableError, UndeliverableError
from appointments.intake import Arrival, Intake, Receipt
from appointments.storage.backlog import decode

MOST_RECEIVES = 5
"""A message that fails for a reason other than an outage goes to quarantine after this many receives. An outage is
waited for without a limit."""


def store(message: str, receives: int, intake: Intake, load: Callable[[str], bytes]) -> Receipt:
    """Store the delivery of a message, or put it in quarantine.

    ``receives`` is how often the queue has delivered the message; ``load`` fetches a body in S3 by its key. Raises
    UnavailableError when the message must come again.
    """
    deadline = Deadline(timing.BACKLOG_DELIVERY)
    arrival = Arrival(message.encode("utf-8", "surrogatepass"), instants.now())  # replaced when the message is decoded
    try:
        arrival = Arrival(*decode(message, load))
        return intake.receive(arrival, deadline)
    except UndeliverableError as error:
        rejection = error
    except BodyLostError as error:
        rejection = UndeliverableError(str(error))
    except UnavailableError as error:
        if not isinstance(error, StoreRefusedError) or receives < MOST_RECEIVES:
            raise
        rejection = UndeliverableError(str(error))
    except Exception as error:  # noqa: BLE001 - no message may come again for ever
        if receives < MOST_RECEIVES:
            raise StoreRefusedError(type(error).__name__) from None
        rejection = UndeliverableError(type(error).__name__)
    return intake.reject(arrival, rejection, Deadline(timing.BACKLOG_DELIVERY))
