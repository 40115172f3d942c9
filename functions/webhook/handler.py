"""WebhookFunction: authenticate the raw bytes, parse the envelope, store it or keep it safe elsewhere, answer.

The composition root, and the one place where an error becomes an HTTP status.
"""

from __future__ import annotations

from webhook.startup import authenticate, finish, logger, settings

# isort: split
import re
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from appointments.contract.parsing import prepare
from appointments.errors import (
    BacklogUnavailableError,
    ContractError,
    MalformedBodyError,
    QuarantineUnavailableError,
)
from appointments.storage.store import Outcome, Store
from webhook import responses
from webhook.authentication import UnauthenticatedError
from webhook.clients import Lazy, client
from webhook.receiver import Receipt, Receiver
from webhook.request import EPOCH, Request, UnsupportedMediaTypeError
from webhook.secret import SecretUnavailableError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from appointments.contract.models import Envelope
    from appointments.deadline import Deadline
    from appointments.storage.backlog import Backlog
    from appointments.storage.bodies import Bodies
    from appointments.storage.items import Delivery
    from appointments.storage.quarantine import Quarantine

RETRY_AFTER = {"retry-after": "2"}
# An id is logged only if it looks like one: whatever else a sender puts there stays out of the logs.
LOGGABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
METRICS = {
    Outcome.STORED.value: "Accepted",
    Outcome.DUPLICATE.value: "Duplicate",
    Outcome.STALE.value: "Stale",
    Outcome.CONFLICT.value: "Quarantined",
    responses.DEFERRED: "Deferred",
}

metrics = Metrics()


def _make_bodies() -> Bodies:
    from appointments.storage.bodies import Bodies

    return Bodies(_s3, settings.bodies_bucket_name)


def _make_quarantine() -> Quarantine:
    from appointments.storage.quarantine import Quarantine

    return Quarantine(_s3, settings.quarantine_bucket_name)


def _make_backlog() -> Backlog:
    from appointments.storage.backlog import Backlog

    return Backlog(client("sqs"), settings.backlog_queue_url, _bodies)


_s3: Any = Lazy(lambda: client("s3"))
_bodies: Any = Lazy(_make_bodies)
_quarantine: Any = Lazy(_make_quarantine)
_backlog: Any = Lazy(_make_backlog)
_receiver = Receiver(
    Store(client("dynamodb"), settings.table_name, _bodies),
    _quarantine,
    _backlog,
    mode=settings.contract_mode,
    history_retention_days=settings.history_retention_days,
    report=lambda problem: logger.error("not stored at once", extra={"error": problem}),
)
prepare()
finish()


@metrics.log_metrics
@logger.inject_lambda_context(log_event=False, clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one delivery; every error the sender can cause has its status here, so nothing is left for a 500."""
    metrics.add_metadata("function_request_id", context.aws_request_id)
    request = Request.from_event(event)
    deadline = request.deadline()
    try:
        authenticate(request)
        return _receive(request, deadline)
    except UnauthenticatedError as error:
        return _refuse(
            "Unauthorized",
            HTTPStatus.UNAUTHORIZED,
            str(error),
            headers={"www-authenticate": error.challenge},
        )
    except (BacklogUnavailableError, QuarantineUnavailableError, SecretUnavailableError) as error:
        logger.error("not safe", extra={"error": str(error)})
        return _refuse(
            "NotStored",
            HTTPStatus.SERVICE_UNAVAILABLE,
            "not stored, please send it again",
            headers=RETRY_AFTER,
        )


def _receive(request: Request, deadline: Deadline) -> dict[str, Any]:
    try:
        parsed = _receiver.parse(request, deadline)
    except UnsupportedMediaTypeError as error:
        return _quarantined(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, str(error))
    except MalformedBodyError as error:
        return _quarantined(HTTPStatus.BAD_REQUEST, str(error))
    except ContractError as error:
        detail = "the body breaks the contract"
        return _quarantined(HTTPStatus.UNPROCESSABLE_ENTITY, detail, violations=error.violations)
    ids = _ids(parsed.envelope)
    logger.append_keys(**ids)
    receipt = _receiver.save(request, parsed, deadline)
    _tell(request, receipt, ids)
    return responses.outcome(receipt.outcome, parsed.violations)


def _tell(request: Request, receipt: Receipt, ids: dict[str, str]) -> None:
    """In one line, the metrics' own: one more for the log would take as long as to validate (docs/decisions/0019)."""
    limits = len(receipt.parsed.violations) - receipt.parsed.tolerated
    metrics.add_metric(METRICS[receipt.outcome], MetricUnit.Count, 1)
    metrics.add_metric("LimitViolations", MetricUnit.Count, limits)
    if receipt.parsed.tolerated:
        metrics.add_metric("ToleratedViolations", MetricUnit.Count, receipt.parsed.tolerated)
    metrics.add_metric("Lag", MetricUnit.Milliseconds, _lag(request, receipt.delivery))
    line = {"message": receipt.outcome, "event_type": receipt.parsed.envelope.data.event_type, **ids}
    for name, text in line.items():
        metrics.add_metadata(name, text)


def _quarantined(status: HTTPStatus, detail: str, **answer: Any) -> dict[str, Any]:
    metrics.add_metric("Quarantined", MetricUnit.Count, 1)
    return _refuse("Invalid", status, detail, **answer)


def _refuse(metric: str, status: HTTPStatus, detail: str, **answer: Any) -> dict[str, Any]:
    metrics.add_metric(metric, MetricUnit.Count, 1)
    rules = [f"{violation.path} {violation.rule}" for violation in answer.get("violations", ())]
    logger.warning(detail, extra={"status": status.value, "rules": rules[: responses.LISTED]})
    return responses.problem(status, detail, **answer)


def _ids(envelope: Envelope) -> dict[str, str]:
    """By what a line of this delivery is found at night."""
    ids = {
        "correlation_id": envelope.correlation_id,
        "envelope_id": envelope.id,
        "appointment_id": envelope.data.appointment.id,
    }
    # Without a correlation id, as tolerant mode takes it in, the line has none.
    there = ((name, text) for name, text in ids.items() if text is not None)
    return {name: text if LOGGABLE.fullmatch(text) else "(not logged)" for name, text in there}


def _lag(request: Request, delivery: Delivery) -> float:
    """receivedAt minus updatedAt in milliseconds, 0 where the sender's clock is ahead."""
    try:
        updated_at = datetime.fromisoformat(delivery.updated_at)
    except ValueError:  # year 0000
        return 0
    return max(0.0, request.received_at_ms - (updated_at - EPOCH) / timedelta(milliseconds=1))
