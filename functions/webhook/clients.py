"""The SDK clients of WebhookFunction, each with timeouts that fit the sender's three seconds."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from botocore.config import Config
from botocore.session import get_session

# A call that meets silence gives up in time for one more, or for the fallback; what outlasts that, like an answer
# that trickles in, is left behind by the deadline.
CONFIG = Config(connect_timeout=0.5, read_timeout=0.8, retries={"mode": "standard", "total_max_attempts": 2})
# One attempt, because the known keys bridge an outage and the sender tries again: a secret that hangs costs 1 s.
SECRET_CONFIG = Config(connect_timeout=0.4, read_timeout=0.6, retries={"mode": "standard", "total_max_attempts": 1})


_session: Any = get_session()


def client(service: str, config: Config) -> Any:
    """A client of botocore's own, without boto3 around it (docs/decisions/0016)."""
    return _session.create_client(service, config=config)


class Lazy:
    """A client that is made when it is first used: most deliveries need none of these, and each delays a cold start."""

    def __init__(self, service: str) -> None:
        self._service = service

    @cached_property
    def _client(self) -> Any:
        return client(self._service, CONFIG)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)
