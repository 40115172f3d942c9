"""The one exception tree. No message ever holds a value that was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appointments.contract.violations import Violation


class AppointmentsError(Exception):
    """Whatever this package refuses or could not do."""


class MalformedBodyError(AppointmentsError):
    """The body is not the JSON it should be; the message names the rule and the place."""


class ContractError(AppointmentsError):
    """The body is JSON but breaks the structure of the contract, in every one of ``violations``."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        super().__init__(f"the body breaks the contract in {len(violations)} places")
        self.violations = violations


class StoreUnavailableError(AppointmentsError):
    """A delivery could not be stored, or not in time; delivering it again is safe."""


class StoreRefusedError(StoreUnavailableError):
    """DynamoDB finds fault with what it was to store: no outage, so waiting alone does not help."""


class BodyUnavailableError(AppointmentsError):
    """S3 did not take a body, or did not give the one that was put."""


class BodyLostError(BodyUnavailableError):
    """The body is gone, or is not the one that was put; trying again cannot help."""


class QuarantineUnavailableError(AppointmentsError):
    """S3 did not take a body into quarantine; keeping it again is safe."""


class DeadlineExceededError(AppointmentsError):
    """A call was not answered while there was time for it."""


class BacklogUnavailableError(AppointmentsError):
    """The backlog could not take a delivery; deferring it again is safe."""


class UndeliverableError(AppointmentsError):
    """A message of the backlog is none of ours."""
