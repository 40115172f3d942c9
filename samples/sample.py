"""The type of a sample: a delivery and the answer that it must get."""

from __future__ import annotations

from dataclasses import dataclass

from appointments.contract.instants import utc
from appointments.outcome import Outcome

TOKEN = "local-token"  # noqa: S105 - the token of the local stack, no secret


@dataclass(frozen=True, slots=True)
class Sample:
    """A delivery of the story.

    ``expected_status`` and ``expected_outcome`` (None for a refusal) hold if the samples are delivered in the story's
    order to an empty table. ``received`` is the time of receipt, RFC 3339 in UTC with milliseconds. If ``encoded`` is
    true, API Gateway passes the body as base64.
    """

    name: str
    body: bytes
    received: str
    expected_status: int = 202
    expected_outcome: Outcome | None = Outcome.STORED
    token: str = TOKEN
    encoded: bool = False

    @property
    def received_at(self) -> str:
        """The time of receipt in the fixed-width form of the table."""
        return utc(self.received)
