"""Sessions and settings of botocore that make and call clients with no more than our few calls need.

They are made of public names of botocore alone; tests/unit/test_clients.py holds the requests against those of a full
session (docs/decisions/0018).
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

from botocore import handlers
from botocore.config import Config
from botocore.session import Session


def lean_session(services: Collection[str]) -> Any:
    """As ``get_session`` makes it, but for the event handlers of other services than these, and never talkative.

    Each client gets a copy of all handlers: to register and to copy those of four hundred services is a twentieth of
    the webhook's cold start.
    """
    # The SDK writes whole requests at DEBUG, and with them names, tokens and what is published: whatever the level.
    for name in ("botocore", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
    session = Session(include_builtin_handlers=False)
    events = session.get_component("event_emitter")
    for event, handler, *position in handlers.BUILTIN_HANDLERS:
        _, _, service = event.partition(".")
        if not service or service.partition(".")[0] in services:
            _register(events, position)(event, handler)
    return session


def _register(events: Any, position: list[Any]) -> Any:
    match position:
        case [handlers.REGISTER_FIRST]:
            return events.register_first
        case [handlers.REGISTER_LAST]:
            return events.register_last
    return events.register


def lean_config(session: Any, **settings: Any) -> Config:
    """The settings, for a client of the session that does per call only what differs from call to call."""
    shared = {
        # What our code builds is right or a test fails. Checking it again costs a twentieth of each delivery.
        "parameter_validation": False,
        # Put together once instead of twice for each call.
        "user_agent": session.user_agent(),
    }
    return Config(**shared, **settings)
