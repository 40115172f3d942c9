"""What happens to an authenticated delivery: stored, deferred or in quarantine, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from appointments.contract.mode import ContractMode
from appointments.contract.parsing import Parsed, parse_envelope
from appointments.errors import (
    AppointmentsError,
    ContractError,
    DeadlineExceededError,
    MalformedBodyError,
    QuarantineUnavailableError,
    StoreUnavailableError,
)
from appointments.storage.items import Delivery, expires_at
from appointments.storage.store import Outcome
from webhook.request import UnsupportedMediaTypeError
from webhook.responses import DEFERRED

if TYPE_CHECKING:
    from collections.abc import Callable

    from appointments.contract.violations import Violation
    from appointments.deadline import Deadline
    from appointments.storage.backlog import Backlog
    from appointments.storage.quarantine import Quarantine
    from appointments.storage.store import Store
    from webhook.request import Request

FALLBACK_SECONDS = 1.0
"""Kept back from the store for the backlog."""
STORE_SECONDS = 0.4
"""The store's all the same, however late it is."""
REASONS: dict[type[AppointmentsError], str] = {
    UnsupportedMediaTypeError: "media-type",
    MalformedBodyError: "malformed",
    ContractError: "contract",
}
"""By the values of :class:`appointments.storage.quarantine.Reason`, which most deliveries never need.
A conflict's is the name of its outcome."""


class Receipt(NamedTuple):
    """A delivery that is safe. ``outcome`` is one of :class:`appointments.storage.store.Outcome`, or ``deferred``."""

    outcome: str
    parsed: Parsed
    delivery: Delivery


class Receiver:
    """``report`` is told what kept a delivery from being stored at once, in words that quote nothing."""

    def __init__(
        self,
        store: Store,
        quarantine: Quarantine,
        backlog: Backlog,
        *,
        mode: ContractMode,
        history_retention_days: int,
        report: Callable[[str], None],
    ) -> None:
        self._store = store
        self._quarantine = quarantine
        self._backlog = backlog
        self._mode = mode
        self._history_retention_days = history_retention_days
        self._report = report

    def parse(self, request: Request, deadline: Deadline) -> Parsed:
        """Raises what is wrong with the body, one of REASONS, once it is in quarantine."""
        try:
            request.check_media_type()
            return parse_envelope(request.body(), self._mode)
        except tuple(REASONS) as error:
            self._keep(request, REASONS[type(error)], deadline, getattr(error, "violations", ()))
            raise

    def save(self, request: Request, parsed: Parsed, deadline: Deadline) -> Receipt:
        """Durable when it returns. Raises BacklogUnavailableError or QuarantineUnavailableError: not safe yet."""
        delivery = Delivery(
            body=request.body(),
            envelope=parsed.envelope,
            violations=parsed.violations,
            received_at=request.received_at,
            expires_at=expires_at(self._history_retention_days, request.received_at_ms / 1000),
        )
        try:
            result: str = self._store.save(delivery, deadline.earlier(FALLBACK_SECONDS, at_least=STORE_SECONDS)).value
        except StoreUnavailableError as error:
            self._report(str(error))
            self._defer(delivery, deadline)
            result = DEFERRED
        if result == Outcome.CONFLICT:
            self._keep(request, result, deadline)
        return Receipt(result, parsed, delivery)

    def _defer(self, delivery: Delivery, deadline: Deadline) -> None:
        from appointments.storage.backlog import Deferred

        self._backlog.defer(Deferred(delivery.body, delivery.received_at), deadline)

    def _keep(self, request: Request, reason: str, deadline: Deadline, violations: tuple[Violation, ...] = ()) -> None:
        from appointments.storage.quarantine import Reason

        try:
            deadline.call(
                lambda: self._quarantine.keep(
                    request.raw(),
                    Reason(reason),
                    received_at=request.received_at,
                    violations=violations,
                    request_id=request.request_id,
                    content_type=request.headers.get("content-type", ""),
                )
            )
        except DeadlineExceededError:
            raise QuarantineUnavailableError("S3 did not answer in time") from None
