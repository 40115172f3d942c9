"""The one exception tree. No message contains a value of a delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from appointments.outcome import Outcome

if TYPE_CHECKING:
    from appointments.contract.essentials import Ids
    from appointments.contract.violations import Violation


class AppointmentsError(Exception):
    """The base of all errors of this package. ``ids`` are those of the delivery that it is about, None if unknown."""

    ids: Ids | None = None


class RejectedError(AppointmentsError):
    """The body cannot be stored, now or later; ``outcome`` says why and is the reason in quarantine."""

    outcome: ClassVar[Outcome]

    def __init__(
        self, message: str, ids: Ids | None = None, violations: tuple[Violation, ...] = (), violation_count: int = 0
    ) -> None:
        super().__init__(message)
        self.ids = ids
        self.violations = violations
        self.violation_count = violation_count


class MalformedBodyError(RejectedError):
    """The body is not JSON. The message names the rule and the position."""

    outcome = Outcome.MALFORMED


class UnsupportedMediaTypeError(RejectedError):
    """The headers say that the body is compressed."""

    outcome = Outcome.MEDIA_TYPE


class ContractError(RejectedError):
    """The body is JSON but breaks the structure of the contract; see :func:`.validation.validate`."""

    outcome = Outcome.CONTRACT

    def __init__(self, violations: tuple[Violation, ...], count: int, ids: Ids | None = None) -> None:
        super().__init__(f"the body breaks the contract in {count} places", ids, violations, count)


class CallbackRequestError(RejectedError):
    """The body is an event of the vendor's other webhook entity (docs/contract.md, C21)."""

    outcome = Outcome.CALLBACK_REQUEST

    def __init__(self, violation: Violation, ids: Ids | None = None) -> None:
        message = "the entity is Callback Request: configure this URL for the entity Appointment only"
        super().__init__(message, ids, (violation,), 1)


class UndeliverableError(RejectedError):
    """A message of the backlog does not contain a delivery, or its delivery fails again and again."""

    outcome = Outcome.UNDELIVERABLE


class UnavailableError(AppointmentsError):
    """A service did not confirm a call. Repeating the call is safe."""


class StoreUnavailableError(UnavailableError):
    """DynamoDB did not confirm the write in time. The delivery may or may not be stored."""


class StoreRefusedError(StoreUnavailableError):
    """DynamoDB refuses the content of the write. Waiting alone does not help."""


class BodyUnavailableError(UnavailableError):
    """S3 did not confirm that it stored a body, or did not return it."""


class BodyLostError(BodyUnavailableError):
    """The object is gone, or has other content than its key says. Repeating the call does not help."""


class QuarantineUnavailableError(UnavailableError):
    """S3 did not confirm that a body is in quarantine."""


class BacklogUnavailableError(UnavailableError):
    """SQS did not confirm that a delivery is in the backlog."""


class DeadlineExceededError(AppointmentsError):
    """A call did not return in time. Whether it took effect is unknown."""
