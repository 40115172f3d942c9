"""The SDK clients of WebhookFunction, each with timeouts that fit the sender's three seconds."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from appointments.sdk import lean_config, lean_session

if TYPE_CHECKING:
    from botocore.config import Config

SERVICES = {"dynamodb", "secretsmanager", "s3", "sqs"}
"""All that the function calls."""

_session = lean_session(SERVICES)
# A call that meets silence gives up in time for one more, or for the fallback; what outlasts that, like an answer
# that trickles in, is left behind by the deadline.
CONFIG = lean_config(
    _session, connect_timeout=0.5, read_timeout=0.8, retries={"mode": "standard", "total_max_attempts": 2}
)
# One attempt, because the known keys bridge an outage and the sender tries again: a secret that hangs costs 1 s.
SECRET_CONFIG = lean_config(
    _session, connect_timeout=0.4, read_timeout=0.6, retries={"mode": "standard", "total_max_attempts": 1}
)


def client(service: str, config: Config = CONFIG) -> Any:
    """A client of botocore's own, without boto3 around it (docs/decisions/0016)."""
    return _session.create_client(service, config=config)


class Lazy:
    """What is made when it is first used: most deliveries need none of these, and each delays a cold start."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Any:
        return self._make()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)
