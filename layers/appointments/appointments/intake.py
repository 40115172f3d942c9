"""The one path of a body: parse it, store it, or say why not and keep it in quarantine or in the backlog.

WebhookFunction, BacklogFunction and the redrive of the command line are its callers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from appointments import timing
from appointments.contract.essentials import MOST_AHEAD_SECONDS, Essentials, Ids
from appointments.contract.mode import ContractMode
from appointments.contract.parsing import Parsed, parse_body
from appointments.contract.violations import Kind, Violation
from appointments.errors import (
    DeadlineExceededError,
    QuarantineUnavailableError,
    RejectedError,
    StoreUnavailableError,
    UnavailableError,
)
from appointments.outcome import Outcome
from appointments.storage.items import Delivery, Item, expires_at, has_content, retained_from

if TYPE_CHECKING:
    from appointments.deadline import Deadline
    from appointments.storage.backlog import Backlog
    from appointments.storage.quarantine import Quarantine
    from appointments.storage.store import Store


FROM_THE_FUTURE = Violation(
    "$.data.appointment.updatedAt", "future", f"at most {MOST_AHEAD_SECONDS} s after its receipt", Kind.LIMIT
)


class Arrival(NamedTuple):
    """A body and what is known of its arrival.

    ``received_at`` is UTC in the fixed width of :func:`.instants.utc`. ``request_id`` and ``content_type`` are those
    of the request, if there was one; ``content_encoding`` is that of a compressed body. ``function_request_id`` is
    that of the invocation. ``erased_at`` is the instant at which a person was taken out of a body that waited in
    quarantine or in the backlog.
    """

    body: bytes
    received_at: str
    request_id: str = ""
    content_type: str = ""
    content_encoding: str = ""
    function_request_id: str = ""
    erased_at: str = ""


class Receipt(NamedTuple):
    """What became of a body. It is durable, in the table, the backlog or the quarantine.

    ``essentials`` is None for a body that was rejected. ``ids`` are the ids that a log may name. ``problem`` says what
    prevented the body from being stored; it quotes nothing of it.
    """

    outcome: Outcome
    violations: tuple[Violation, ...] = ()
    violation_count: int = 0
    essentials: Essentials | None = None
    problem: str = ""
    ids: Ids = Ids()


class Intake:
    """Stores bodies.

    ``quarantine`` takes rejected bodies; without one they are only reported, for a caller that has them in quarantine.
    ``backlog`` takes deliveries that cannot be stored in time; without one, StoreUnavailableError is raised. Both are
    functions, because most deliveries need neither. ``history_retention_days`` 0 keeps events for ever.
    """

    def __init__(
        self,
        store: Store,
        *,
        mode: ContractMode,
        history_retention_days: int,
        quarantine: Callable[[], Quarantine] | None = None,
        backlog: Callable[[], Backlog] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._mode = mode
        self._history_retention_days = history_retention_days
        self._quarantine = quarantine
        self._backlog = backlog
        self._clock = clock

    def receive(self, arrival: Arrival, deadline: Deadline) -> Receipt:
        """Parse and store the body; when this returns, it is durable.

        Raises QuarantineUnavailableError, BacklogUnavailableError or, without a backlog, StoreUnavailableError: the
        body may not be durable. A repeated call is safe.
        """
        try:
            parsed = self._parse(arrival)
        except RejectedError as error:
            return self.reject(arrival, error, deadline)
        ids = Ids.of_essentials(parsed.essentials)
        try:
            outcome, problem = self._save(arrival, parsed, deadline)
            if outcome is Outcome.CONFLICT:
                self._keep(arrival, outcome, deadline, ids)
        except UnavailableError as error:
            error.ids = ids
            raise
        return Receipt(outcome, parsed.violations, parsed.violation_count, parsed.essentials, problem, ids)

    def reject(self, arrival: Arrival, error: RejectedError, deadline: Deadline) -> Receipt:
        """Put a body in quarantine for a reason that its caller found.

        Raises QuarantineUnavailableError when it may not be durable. A repeated call is safe.
        """
        ids = error.ids or Ids()
        try:
            self._keep(arrival, error.outcome, deadline, ids, error)
        except UnavailableError as unavailable:
            unavailable.ids = ids
            raise
        return Receipt(error.outcome, error.violations, error.violation_count, problem=str(error), ids=ids)

    def preview(self, arrival: Arrival, find: Callable[[Essentials], Item | None]) -> Receipt | None:
        """Return what :meth:`receive` would return, without storing anything; None for a body that it would store.

        ``find`` returns the event item of a delivery, None when the table has none.
        """
        try:
            parsed = self._parse(arrival)
        except RejectedError as error:
            return Receipt(error.outcome, error.violations, error.violation_count, problem=str(error))
        item = find(parsed.essentials)
        if item is None:
            return None
        outcome = Outcome.DUPLICATE if has_content(item, arrival.body) else Outcome.CONFLICT
        return Receipt(outcome, parsed.violations, parsed.violation_count, parsed.essentials)

    def _parse(self, arrival: Arrival) -> Parsed:
        parsed = parse_body(arrival.body, self._mode)
        if not parsed.essentials.is_ahead_of(arrival.received_at):
            return parsed
        violations = (*parsed.violations, FROM_THE_FUTURE)
        return parsed._replace(violations=violations, violation_count=parsed.violation_count + 1)

    def _delivery(self, arrival: Arrival, parsed: Parsed) -> Delivery:
        return Delivery(
            body=arrival.body,
            document=parsed.document,
            essentials=parsed.essentials,
            violations=parsed.violations,
            violation_count=parsed.violation_count,
            received_at=arrival.received_at,
            expires_at=expires_at(
                self._history_retention_days, retained_from(parsed.document["data"]["appointment"], self._clock())
            ),
            erased_at=arrival.erased_at,
        )

    def _save(self, arrival: Arrival, parsed: Parsed, deadline: Deadline) -> tuple[Outcome, str]:
        delivery = self._delivery(arrival, parsed)
        if self._backlog is None:
            return self._store.save(delivery, deadline), ""
        try:
            store_deadline = deadline.earlier(timing.FALLBACK, at_least=timing.LEAST_STORE)
            return self._store.save(delivery, store_deadline), ""
        except StoreUnavailableError as error:
            problem = str(error)
        from appointments.storage.backlog import Deferred  # most deliveries are never deferred

        self._backlog().defer(Deferred(arrival.body, arrival.received_at, arrival.erased_at), deadline)
        return Outcome.DEFERRED, problem

    def _keep(
        self, arrival: Arrival, reason: Outcome, deadline: Deadline, ids: Ids, error: RejectedError | None = None
    ) -> None:
        if self._quarantine is None:
            return
        quarantine = self._quarantine

        def keep() -> None:
            from appointments.storage.quarantine import QuarantineMetadata  # most deliveries are never quarantined

            metadata = QuarantineMetadata(
                received_at=arrival.received_at,
                violations=error.violations if error else (),
                violation_count=error.violation_count if error else 0,
                request_id=arrival.request_id,
                content_type=arrival.content_type,
                content_encoding=arrival.content_encoding,
                function_request_id=arrival.function_request_id,
                erased_at=arrival.erased_at,
                ids=ids,
            )
            quarantine().keep(arrival.body, reason, metadata)

        try:
            deadline.call(keep)
        except DeadlineExceededError:
            raise QuarantineUnavailableError("S3 did not answer in time") from None
