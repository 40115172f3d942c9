"""How a stack reaches the vendor's API: the values of the template's parameters that a reconciliation needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from appointments.reconciliation.run import DAYS_AHEAD, DAYS_BACK
from local.engage.server import ENTERPRISE, EngageServer
from local.engage.story import SINCE, UNTIL

CALLS_PER_SECOND = 50
"""The stand-in has no limit to respect."""


@dataclass(frozen=True, slots=True)
class EngageAccess:
    """The address of a stand-in, and the text of the secret with its credentials.

    ``days_back`` and ``days_ahead`` are the window of a scheduled reconciliation.
    """

    url: str
    credentials: str
    days_back: int
    days_ahead: int

    @classmethod
    def to(cls, server: EngageServer) -> EngageAccess:
        """Return the access to a stand-in, with a window that has the story of the samples."""
        now = datetime.now(UTC)
        since, until = (datetime.fromisoformat(each) for each in (SINCE, UNTIL))
        back, ahead = (now - since).days + 1, (until - now).days + 1
        return cls(server.url, server.credentials(), max(DAYS_BACK, back), max(DAYS_AHEAD, ahead))

    def parameters(self, secret_arn: str) -> dict[str, str]:
        return {
            "EngageApiSecretArn": secret_arn,
            "EngageEnterprise": ENTERPRISE,
            "EngageApiUrl": self.url,
            "EngageAuthUrl": self.url,
            "ReconcileDaysBack": str(self.days_back),
            "ReconcileDaysAhead": str(self.days_ahead),
            "ReconcileCallsPerSecond": str(CALLS_PER_SECOND),
        }
