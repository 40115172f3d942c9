"""Sessions and settings of botocore with only what our few calls need.

They use public names of botocore alone. tests/unit/test_clients.py compares the requests with those of a full session
(docs/decisions/0018).
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from botocore import handlers
from botocore.config import Config
from botocore.session import Session

if TYPE_CHECKING:
    from appointments.timing import CallTimeouts


def lean_session(services: Collection[str]) -> Session:
    """Return a session without the event handlers of services other than ``services``.

    Every client copies all handlers of its session, and botocore has handlers for four hundred services.
    """
    # At DEBUG the SDK logs whole requests, with names and tokens in them.
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


def lean_config(session: Session, timeouts: CallTimeouts) -> Config:
    """Return the settings of a client of the session, without work that is the same for every call."""
    return Config(
        connect_timeout=timeouts.connect,
        read_timeout=timeouts.read,
        retries={"mode": "standard", "total_max_attempts": timeouts.attempts},
        parameter_validation=False,  # tests check what our code sends; the check costs a twentieth of each delivery
        user_agent=session.user_agent(),  # assembled once instead of twice in each call
    )
