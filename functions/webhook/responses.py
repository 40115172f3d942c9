"""Answers: an outcome as JSON, a problem as RFC 9457 problem details. Neither ever holds what was sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from appointments.storage.store import Outcome

if TYPE_CHECKING:
    from appointments.contract.violations import Violation

LISTED = 100
"""So many violations are listed; ``violationCount`` says how many there are. A hostile body has millions."""

DEFERRED = "deferred"
"""Safe in the backlog, and stored once the table can be written again."""
STATUSES = {
    Outcome.STORED.value: HTTPStatus.ACCEPTED,
    Outcome.DUPLICATE.value: HTTPStatus.OK,
    Outcome.STALE.value: HTTPStatus.ACCEPTED,
    Outcome.CONFLICT.value: HTTPStatus.OK,
    DEFERRED: HTTPStatus.ACCEPTED,
}


def outcome(result: str, violations: Sequence[Violation]) -> dict[str, Any]:
    """202 what is safe now, 200 what was before; the broken limits are told, none a reason to refuse."""
    return _answer(STATUSES[result], {"outcome": result, **_listing(violations)})


def problem(
    status: HTTPStatus,
    detail: str,
    violations: Sequence[Violation] = (),
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
    }
    if violations:
        body |= _listing(violations)
    return _answer(status, body, {"content-type": "application/problem+json", **(headers or {})})


def _listing(violations: Sequence[Violation]) -> dict[str, Any]:
    return {
        "violations": [violation.as_dict() for violation in violations[:LISTED]],
        "violationCount": len(violations),
    }


def _answer(status: HTTPStatus, body: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "statusCode": status.value,
        "headers": {"content-type": "application/json", "cache-control": "no-store", **(headers or {})},
        "body": json.dumps(body),
    }
