"""WebhookFunction: authenticates a request, hands its body to the intake and answers.

This module is the composition root of the function.
"""

from __future__ import annotations

from webhook.startup import ahead, authenticate, finish, logger, settings

# isort: split
from datetime import datetime, timedelta
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from appointments.contract.parsing import prepare
from appointments.contract.violations import Kind
from appointments.deadline import Deadline
from appointments.errors import UnavailableError
from appointments.intake import Arrival, Intake, Receipt
from appointments.outcome import UNALARMED, Outcome
from appointments.storage.store import Store
from webhook import clients, responses
from webhook.authentication import UnauthenticatedError
from webhook.request import EPOCH, Request

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from appointments.contract.essentials import Essentials
    from appointments.storage.backlog import Backlog
    from appointments.storage.bodies import Bodies
    from appointments.storage.quarantine import Quarantine

RETRY_AFTER = {"retry-after": "2"}
METRICS = {
    Outcome.STORED: "Accepted",
    Outcome.DUPLICATE: "Duplicate",
    Outcome.STALE: "Stale",
    Outcome.CONFLICT: "Quarantined",
    Outcome.DEFERRED: "Deferred",
}

metrics = Metrics()


# Most deliveries need none of these, and each would delay the cold start.
@cache
def _bodies() -> Bodies:
    from appointments.storage.bodies import Bodies

    return Bodies(clients.s3(), settings.bodies_bucket_name)


@cache
def _quarantine() -> Quarantine:
    from appointments.storage.quarantine import Quarantine

    return Quarantine(clients.s3(), settings.quarantine_bucket_name)


@cache
def _backlog() -> Backlog:
    from appointments.storage.backlog import Backlog

    return Backlog(clients.sqs(), settings.backlog_queue_url, _bodies)


_store = Store(clients.dynamodb(), settings.table_name, _bodies)
_opening = ahead(_store.open)
_intake = Intake(
    _store,
    mode=settings.contract_mode,
    history_retention_days=settings.history_retention_days,
    quarantine=_quarantine,
    backlog=_backlog,
)
prepare()
finish(_opening)


@metrics.log_metrics
@logger.inject_lambda_context(log_event=False, clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request. Every error that a sender can cause has a status here, so API Gateway answers no 500."""
    metrics.add_metadata("function_request_id", context.aws_request_id)
    request = Request.from_event(event)
    deadline = Deadline(request.answer_seconds)
    try:
        authenticate(request)
        receipt = _receive(request, context.aws_request_id, deadline)
    except UnauthenticatedError as error:
        _log_refusal("Unauthorized", HTTPStatus.UNAUTHORIZED, str(error))
        return responses.problem(HTTPStatus.UNAUTHORIZED, str(error), headers={"www-authenticate": error.challenge})
    except UnavailableError as error:
        ids = {} if error.ids is None else error.ids.present()
        logger.error("not safe", extra={"error": str(error), **ids})
        detail = "not stored, please send it again"
        _log_refusal("NotStored", HTTPStatus.SERVICE_UNAVAILABLE, detail)
        return responses.problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=RETRY_AFTER)
    if receipt.outcome in responses.REFUSED:
        _log_rejection(receipt)
    else:
        _log_receipt(request, receipt)
    return responses.answer(receipt)


def _receive(request: Request, function_request_id: str, deadline: Deadline) -> Receipt:
    arrival = Arrival(
        request.body,
        request.received_at,
        request.request_id,
        content_type=request.headers.get("content-type", ""),
        content_encoding=request.headers.get("content-encoding", ""),
        function_request_id=function_request_id,
    )
    if request.error is not None:
        return _intake.reject(arrival, request.error, deadline)
    return _intake.receive(arrival, deadline)


def _log_receipt(request: Request, receipt: Receipt) -> None:
    """Write one log line, which is also the metrics: a second one costs as much time as validation (decision 0019)."""
    essentials = receipt.essentials
    assert essentials is not None  # noqa: S101 - only a rejected body has none
    if receipt.problem:
        logger.error("not stored at once", extra={"error": receipt.problem, **receipt.ids.present()})
    limits = sum(violation.kind is Kind.LIMIT for violation in receipt.violations)
    tolerated = sum(violation.kind is Kind.STRUCTURE for violation in receipt.violations)
    metrics.add_metric(METRICS[receipt.outcome], MetricUnit.Count, 1)
    # A metric is billed for every hour in which it is sent, also as zero.
    for name, count in (("LimitViolations", limits), ("ToleratedViolations", tolerated)):
        if count:
            metrics.add_metric(name, MetricUnit.Count, count)
    metrics.add_metric("Lag", MetricUnit.Milliseconds, _lag(request, essentials))
    for name, value in {"message": receipt.outcome.value, **receipt.ids.present()}.items():
        metrics.add_metadata(name, value)


def _log_rejection(receipt: Receipt) -> None:
    if receipt.outcome not in UNALARMED:
        metrics.add_metric("Quarantined", MetricUnit.Count, 1)
    rules = [f"{violation.path} {violation.rule}" for violation in receipt.violations[: responses.LISTED]]
    extra = {"rules": rules, **receipt.ids.present()}
    _log_refusal("Invalid", responses.STATUSES[receipt.outcome], responses.detail(receipt), extra)


def _log_refusal(metric: str, status: HTTPStatus, detail: str, extra: dict[str, Any] | None = None) -> None:
    metrics.add_metric(metric, MetricUnit.Count, 1)
    logger.warning(detail, extra={"status": status.value, "rules": [], **(extra or {})})


def _lag(request: Request, essentials: Essentials) -> float:
    """The milliseconds from updatedAt to the receipt, at least 0: the sender's clock can be ahead."""
    try:
        updated_at = datetime.fromisoformat(essentials.updated_at)
    except ValueError:  # year 0000
        return 0
    return max(0.0, request.received_at_ms - (updated_at - EPOCH) / timedelta(milliseconds=1))
