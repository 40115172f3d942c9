"""The errors of a reconciliation. No message contains a value of an answer, a token or a credential."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appointments.errors import AppointmentsError

if TYPE_CHECKING:
    from appointments.contract.violations import Violation


class ReconciliationError(AppointmentsError):
    """The base of the errors of a reconciliation: it could not look. What it judged before stays true."""


class SettingsError(ReconciliationError):
    """The credentials, the enterprise or a URL of the API cannot be used."""


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


class EngageRefusedError(ReconciliationError):
    """The API or its token endpoint refuses the question: repeating it does not help."""


class EngageUnavailableError(ReconciliationError):
    """The API or its token endpoint did not answer, also not when asked again. Another run may succeed."""


class BudgetSpentError(ReconciliationError):
    """The run has made as many calls, or has taken as long, as it may. Another run continues."""
