"""Sessions and settings of botocore with only what our few calls need, and the names of its errors.

They use public names of botocore alone. tests/unit/test_clients.py compares the requests with those of a full session
(docs/decisions/0018).
"""

from __future__ import annotations

import logging
from functools import cache
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING, Any

from botocore import handlers
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, SSLError
from botocore.parsers import ResponseParserError
from botocore.session import Session

if TYPE_CHECKING:
    from appointments.timing import CallTimeouts

SDK_ERRORS = (ClientError, BotoCoreError, ResponseParserError)
"""What a call of a client raises: ClientError for an answer, the others without one."""
SERVICES = {"dynamodb", "events", "s3", "secretsmanager", "sqs"}
"""All services that the functions call."""
UNKNOWN_AUTHORITY = {2, 18, 19, 20, 21}
"""OpenSSL's codes for a chain of certificates that ends at no trusted one (X509_STORE_CTX_get_error(3))."""


@cache
def _session() -> Session:
    return new_session()


def new_client(service: str, timeouts: CallTimeouts) -> Any:
    """Return a client of a service. All clients of a process share one session."""
    return _session().create_client(service, config=lean_config(_session(), timeouts))


def new_session() -> Session:
    """Return a session that logs no requests: at DEBUG, the SDK logs whole ones, with names and tokens in them.

    Every client copies the event handlers of its session. Without those of other services than ours, a start takes 3 %
    fewer instructions.
    """
    for name in ("botocore", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
    session = Session(include_builtin_handlers=False)
    events = session.get_component("event_emitter")
    register = {handlers.REGISTER_FIRST: events.register_first, handlers.REGISTER_LAST: events.register_last}
    for event, handler, *position in handlers.BUILTIN_HANDLERS:
        if SERVICES.issuperset(event.split(".")[1:2]):
            register.get(position[0] if position else None, events.register)(event, handler)
    return session


def lean_config(session: Session, timeouts: CallTimeouts) -> Config:
    """Return the settings of a client of the session, without work that is the same for every call."""
    return Config(
        connect_timeout=timeouts.connect,
        read_timeout=timeouts.read,
        retries={"mode": "standard", "total_max_attempts": timeouts.attempts},
        parameter_validation=False,  # tests check what our code sends; the check costs a twentieth of each delivery
        user_agent=session.user_agent(),  # assembled once instead of twice in each call
    )


def code_of(error: Exception) -> str | None:
    """Return the code of a service's answer; None for an error without an answer."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else None


def problem_of(service: str, error: Exception) -> str:
    """Return how a call of a service ended: ``S3 answered SlowDown``, ``S3 did not answer: ReadTimeoutError``."""
    code = code_of(error)
    return f"{service} answered {code}" if code else f"{service} did not answer: {name_of(error)}"


def name_of(error: Exception) -> str:
    """Return the name of an error of a call, and what to do about a certificate authority that is not trusted.

    The error's own message can quote the request.
    """
    name = type(error).__name__
    cause = next(iter(error.kwargs["error"].args), None) if isinstance(error, SSLError) else None
    if isinstance(cause, SSLCertVerificationError) and cause.verify_code in UNKNOWN_AUTHORITY:
        return f"{name}: no trusted authority signed the endpoint's certificate; set the parameter CaBundle"
    if isinstance(cause, FileNotFoundError):
        return f"{name}: the file of certificate authorities is missing; correct the parameter CaBundle"
    return name
