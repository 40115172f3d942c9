"""The first part of a cold start: reads the secret in a thread while the main thread imports the rest.

A cold start counts against the sender's three seconds (docs/performance.md, "Levers").
"""

from __future__ import annotations

import gc

gc.disable()  # until finish(): the collector takes 5 % of the start and frees nothing

import os  # noqa: E402
from collections.abc import Callable  # noqa: E402
from threading import Thread  # noqa: E402

from aws_lambda_powertools import Logger  # noqa: E402

from appointments import timing  # noqa: E402
from webhook import clients  # noqa: E402
from webhook.authentication import Authentication, authentication  # noqa: E402
from webhook.settings import Settings, WebhookAuth  # noqa: E402

logger = Logger()
settings = Settings.from_environment(os.environ)
authenticate = authentication(
    settings,
    clients.secrets_manager,
    lambda problem: logger.error("the secret could not be read", extra={"error": problem}),
)
if settings.webhook_auth is WebhookAuth.NONE:
    # At ERROR, so that no log level hides it.
    logger.error("authentication is off: anybody who knows the URL can deliver")


def ahead(task: Callable[[], None]) -> Thread | None:
    """Start a task in a thread. A snapshot must contain no secret, which can be old at restore, and no connection."""
    if settings.aws_lambda_initialization_type == "snap-start":
        return None
    thread = Thread(target=task, daemon=True)
    thread.start()
    return thread


def _differ_after_restore() -> None:
    """Seed random after a restore: all environments of one snapshot would choose the same jitter."""
    import random

    from snapshot_restore_py import register_after_restore

    register_after_restore(random.seed)


if settings.aws_lambda_initialization_type == "snap-start":
    _differ_after_restore()
_reading = ahead(authenticate.secret.read_ahead) if isinstance(authenticate, Authentication) else None


def finish(opening: Thread | None) -> None:
    """End the start: wait for the secret, within its deadline, and for the table, and switch the collector on."""
    if _reading is not None:
        _reading.join()
    if opening is not None:
        opening.join(timing.OPEN_TABLE)
    gc.freeze()  # the objects of the start live as long as the process
    gc.enable()
