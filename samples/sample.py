"""What a sample is: a delivery and the answer that it must get."""

from __future__ import annotations

from dataclasses import dataclass

from appointments.contract.instants import utc
from appointments.outcome import Outcome

TOKEN = "local-token"  # noqa: S105 - what the local stack accepts, no secret of anybody's


@dataclass(frozen=True, slots=True)
class Sample:
    """One delivery of the story.

    ``expected_status`` and ``expected_outcome`` (None when refused) hold when all samples are delivered in the
    story's order to an empty table. ``received`` is when it arrives, RFC 3339 in UTC with milliseconds;
    ``encoded`` says that API Gateway hands the body over as base64.
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
        """The same instant as the table keeps it."""
        return utc(self.received)
