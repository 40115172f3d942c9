"""What a message of PublisherFailureQueue says."""

from __future__ import annotations

from appointments.publishing.failures import Failure, UnknownFailureError, parse
from appointments_cli.queue_reader import HeldMessage


def failure_of(held: HeldMessage) -> Failure | None:
    """Decode a message; None for one that neither the publisher nor its event source mapping sent."""
    try:
        return parse(held.body)
    except UnknownFailureError:
        return None
