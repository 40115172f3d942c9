"""WebhookFunction: authenticate the raw bytes, parse the envelope, store it, answer.

The composition root, and the one place where an error becomes an HTTP status.
"""

from __future__ import annotations

import logging
import os
import re
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from appointments.bodies import Bodies
from appointments.errors import (
    ContractError,
    MalformedBodyError,
    QuarantineUnavailableError,
    StoreUnavailableError,
)
from appointments.items import Delivery
from appointments.parsing import parse_envelope
from appointments.quarantine import Quarantine, Reason
from appointments.store import Outcome, Store
from webhook import responses
from webhook.authentication import UnauthenticatedError, authentication
from webhook.request import EPOCH, Request, UnsupportedMediaTypeError
from webhook.secret import SecretUnavailableError
from webhook.settings import Settings, WebhookAuth

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from appointments.contract import Envelope

SECONDS_PER_DAY = 86_400
RETRY_AFTER = {"retry-after": "2"}
# An id is logged only if it looks like one: whatever else a sender puts there stays out of the logs.
LOGGABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
METRICS = {
    Outcome.STORED: "Accepted",
    Outcome.DUPLICATE: "Duplicate",
    Outcome.STALE: "Stale",
    Outcome.CONFLICT: "Quarantined",
}

logger = Logger()
metrics = Metrics()
# The SDK writes whole requests at DEBUG, and with them names and tokens: never, whatever the level.
for _name in ("boto3", "botocore", "urllib3"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_settings = Settings.from_environment(os.environ)
# The sender hangs up after 3 s. Two attempts of at most 1 s each leave room for the rest.
_config = Config(connect_timeout=0.4, read_timeout=0.6, retries={"mode": "standard", "total_max_attempts": 2})
# One attempt, because the known keys bridge an outage and the sender tries again: a secret that hangs costs 1 s.
_secret_config = Config(connect_timeout=0.4, read_timeout=0.6, retries={"mode": "standard", "total_max_attempts": 1})
_authenticate = authentication(
    _settings,
    lambda: boto3.client("secretsmanager", config=_secret_config),
    lambda problem: logger.error("the secret could not be read", extra={"error": problem}),
)
if _settings.webhook_auth is WebhookAuth.NONE:
    logger.warning("authentication is off: whoever knows the URL can deliver")
_s3 = boto3.client("s3", config=_config)
_quarantine = Quarantine(_s3, _settings.quarantine_bucket_name)
_store = Store(
    boto3.client("dynamodb", config=_config),
    _settings.table_name,
    Bodies(_s3, _settings.bodies_bucket_name),
    deadline_seconds=1.0,
)


@metrics.log_metrics
@logger.inject_lambda_context(log_event=False, clear_state=True)
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer one delivery; every error the sender can cause has its status here, so nothing is left for a 500."""
    request = Request.from_event(event)
    try:
        _authenticate(request)
        return _receive(request)
    except UnauthenticatedError as error:
        return _refuse(
            "Unauthorized",
            HTTPStatus.UNAUTHORIZED,
            str(error),
            headers={"www-authenticate": error.challenge},
        )
    except UnsupportedMediaTypeError as error:
        return _refuse("Invalid", HTTPStatus.UNSUPPORTED_MEDIA_TYPE, str(error))
    except MalformedBodyError as error:
        return _refuse("Invalid", HTTPStatus.BAD_REQUEST, str(error))
    except ContractError as error:
        return _refuse(
            "Invalid",
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "the body breaks the contract",
            violations=error.violations,
        )
    except (StoreUnavailableError, QuarantineUnavailableError, SecretUnavailableError) as error:
        logger.error("not stored", extra={"error": str(error)})
        return _refuse(
            "NotStored",
            HTTPStatus.SERVICE_UNAVAILABLE,
            "not stored, please send it again",
            headers=RETRY_AFTER,
        )


def _receive(request: Request) -> dict[str, Any]:
    request.check_media_type()
    body = request.body()
    parsed = parse_envelope(body)
    delivery = Delivery(
        body=body,
        envelope=parsed.envelope,
        violations=parsed.violations,
        received_at=request.received_at,
        expires_at=_expires_at(request),
    )
    _log_ids(parsed.envelope)
    result = _store.save(delivery)
    if result is Outcome.CONFLICT:
        _quarantine.keep(body, Reason.CONFLICTING_DUPLICATE, received_at=delivery.received_at)
    metrics.add_metric(METRICS[result], MetricUnit.Count, 1)
    metrics.add_metric("LimitViolations", MetricUnit.Count, len(parsed.violations))
    metrics.add_metric("Lag", MetricUnit.Milliseconds, _lag(request, delivery))
    logger.info(
        result.value,
        extra={"event_type": parsed.envelope.data.event_type, "limit_violations": len(parsed.violations)},
    )
    return responses.outcome(result, parsed.violations)


def _refuse(metric: str, status: HTTPStatus, detail: str, **answer: Any) -> dict[str, Any]:
    metrics.add_metric(metric, MetricUnit.Count, 1)
    rules = [f"{violation.path} {violation.rule}" for violation in answer.get("violations", ())]
    logger.warning(detail, extra={"status": status.value, "rules": rules[: responses.LISTED]})
    return responses.problem(status, detail, **answer)


def _log_ids(envelope: Envelope) -> None:
    """Every later line of this delivery carries the ids by which it is found at night."""
    ids = {
        "correlation_id": envelope.correlation_id,
        "envelope_id": envelope.id,
        "appointment_id": envelope.data.appointment.id,
    }
    logger.append_keys(**{name: text if LOGGABLE.fullmatch(text) else "(not logged)" for name, text in ids.items()})


def _expires_at(request: Request) -> int | None:
    days = _settings.history_retention_days
    return request.received_at_ms // 1000 + days * SECONDS_PER_DAY if days else None


def _lag(request: Request, delivery: Delivery) -> float:
    """receivedAt minus updatedAt in milliseconds, 0 where the sender's clock is ahead."""
    try:
        updated_at = datetime.fromisoformat(delivery.updated_at)
    except ValueError:  # year 0000
        return 0
    return max(0.0, request.received_at_ms - (updated_at - EPOCH) / timedelta(milliseconds=1))
