"""Answers: an outcome as JSON, a problem as RFC 9457 problem details. Neither contains a value of the request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from appointments.outcome import Outcome

if TYPE_CHECKING:
    from appointments.contract.violations import Violation
    from appointments.intake import Receipt

LISTED = 100
"""An answer lists at most this many violations; ``violationCount`` is the number of all."""

STATUSES = {
    Outcome.STORED: HTTPStatus.ACCEPTED,
    Outcome.DUPLICATE: HTTPStatus.OK,
    Outcome.STALE: HTTPStatus.ACCEPTED,
    Outcome.CONFLICT: HTTPStatus.OK,
    Outcome.DEFERRED: HTTPStatus.ACCEPTED,
    Outcome.MALFORMED: HTTPStatus.BAD_REQUEST,
    Outcome.MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Outcome.CONTRACT: HTTPStatus.UNPROCESSABLE_ENTITY,
    Outcome.CALLBACK_REQUEST: HTTPStatus.UNPROCESSABLE_ENTITY,
}
REFUSED = frozenset(outcome for outcome, status in STATUSES.items() if status >= HTTPStatus.BAD_REQUEST)
TITLES = {HTTPStatus.UNPROCESSABLE_ENTITY: "Unprocessable Content"}
"""Status phrases of RFC 9110, which older releases of Python lack."""


def answer(receipt: Receipt) -> dict[str, Any]:
    """Return 202 for a new delivery, 200 for a known one, a problem for a refused one."""
    status = STATUSES[receipt.outcome]
    if receipt.outcome in REFUSED:
        return problem(status, detail(receipt), receipt.violations, receipt.violation_count)
    return _response(
        status, {"outcome": receipt.outcome.value, **_listing(receipt.violations, receipt.violation_count)}
    )


def detail(receipt: Receipt) -> str:
    return "the body breaks the contract" if receipt.outcome is Outcome.CONTRACT else receipt.problem


def problem(
    status: HTTPStatus,
    detail: str,
    violations: Sequence[Violation] = (),
    violation_count: int = 0,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(status, status.phrase),
        "status": status.value,
        "detail": detail,
    }
    if violations:
        body |= _listing(violations, violation_count)
    return _response(status, body, {"content-type": "application/problem+json", **(headers or {})})


def _listing(violations: Sequence[Violation], count: int) -> dict[str, Any]:
    return {
        "violations": [violation.as_dict() for violation in violations[:LISTED]],
        "violationCount": count,
    }


def _response(status: HTTPStatus, body: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "statusCode": status.value,
        "headers": {"content-type": "application/json", "cache-control": "no-store", **(headers or {})},
        "body": json.dumps(body),
    }
