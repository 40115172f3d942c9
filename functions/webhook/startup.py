"""The first part of a cold start: what has to come from afar is asked for before all else is imported.

A cold start counts against the sender's three seconds. The secret is therefore read in a thread, while the main one
imports and builds what parses and stores (docs/performance.md, "Levers").
"""

from __future__ import annotations

import gc

gc.disable()  # until finish(): nothing that a start makes is garbage, and looking through it takes a twentieth of it

import os  # noqa: E402
from threading import Thread  # noqa: E402

from aws_lambda_powertools import Logger  # noqa: E402

from webhook.authentication import Authentication, authentication  # noqa: E402
from webhook.clients import SECRET_CONFIG, client  # noqa: E402
from webhook.settings import Settings, WebhookAuth  # noqa: E402

logger = Logger()
settings = Settings.from_environment(os.environ)
authenticate = authentication(
    settings,
    lambda: client("secretsmanager", SECRET_CONFIG),
    lambda problem: logger.error("the secret could not be read", extra={"error": problem}),
)
if settings.webhook_auth is WebhookAuth.NONE:
    logger.warning("authentication is off: whoever knows the URL can deliver")


def _read_ahead() -> Thread | None:
    """A snapshot must hold neither a secret, which would be old when it is woken, nor a connection, which is gone."""
    if settings.aws_lambda_initialization_type == "snap-start":
        _differ_after_restore()
        return None
    if not isinstance(authenticate, Authentication):
        return None
    thread = Thread(target=authenticate.secret.read_ahead, daemon=True)
    thread.start()
    return thread


def _differ_after_restore() -> None:
    """All that wake of one snapshot would wait for the same time when they are in each other's way."""
    import random

    from snapshot_restore_py import register_after_restore

    register_after_restore(random.seed)


_reading = _read_ahead()


def finish() -> None:
    """To be called when the rest is done. Never later than the secret's own deadline allows."""
    if _reading is not None:
        _reading.join()
    gc.freeze()  # what is here now stays for good
    gc.enable()
