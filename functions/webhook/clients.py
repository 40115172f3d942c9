"""The SDK clients of WebhookFunction, each with timeouts that fit the sender's three seconds."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from botocore import handlers
from botocore.config import Config
from botocore.session import Session

SERVICES = {"dynamodb", "secretsmanager", "s3", "sqs"}
"""All that the function calls."""


def lean_session() -> Any:
    """As ``get_session`` makes it, but for the event handlers of services that are none of ours.

    Each client gets a copy of all handlers: to register and to copy those of four hundred services is a twentieth of
    the cold start.
    """
    session = Session(include_builtin_handlers=False)
    events = session.get_component("event_emitter")
    for event, handler, *position in handlers.BUILTIN_HANDLERS:
        _, _, service = event.partition(".")
        if not service or service.partition(".")[0] in SERVICES:
            _register(events, position)(event, handler)
    return session


def _register(events: Any, position: list[Any]) -> Any:
    match position:
        case [handlers.REGISTER_FIRST]:
            return events.register_first
        case [handlers.REGISTER_LAST]:
            return events.register_last
    return events.register


_session = lean_session()
_SHARED: dict[str, Any] = {
    # What our code builds is right or a test fails. Checking it again costs a twentieth of each delivery.
    "parameter_validation": False,
    # Put together once instead of twice for each call.
    "user_agent": _session.user_agent(),
}
# A call that meets silence gives up in time for one more, or for the fallback; what outlasts that, like an answer
# that trickles in, is left behind by the deadline.
CONFIG = Config(connect_timeout=0.5, read_timeout=0.8, retries={"mode": "standard", "total_max_attempts": 2}, **_SHARED)
# One attempt, because the known keys bridge an outage and the sender tries again: a secret that hangs costs 1 s.
SECRET_CONFIG = Config(
    connect_timeout=0.4, read_timeout=0.6, retries={"mode": "standard", "total_max_attempts": 1}, **_SHARED
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
