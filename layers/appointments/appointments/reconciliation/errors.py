"""The errors of a reconciliation. No message contains a value of an answer, a token or a credential."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appointments.errors import AppointmentsError

if TYPE_CHECKING:
    from appointments.contract.violations import Violation


class ReconciliationError(AppointmentsError):
    """The base of the errors of a reconciliation: it could not look, and judges nothing."""


class AnswerShapeError(ReconciliationError):
    """An answer of the vendor's API is not of the documented shape. ``violations`` has each path and rule."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        first, more = violations[0], len(violations) - 1
        others = f" and {more} more" if more else ""
        super().__init__(
            "an answer of the Engage API is not of the documented shape: "
            f"{first.path} breaks the rule {first.rule} (expected: {first.expected}){others}. "
            "Compare the vendor's page with docs/reconciliation.md"
        )
        self.violations = tuple(violations)
