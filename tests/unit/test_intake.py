"""The one path of a body, with a store that answers as the test says."""

from __future__ import annotations

from typing import Any

import pytest

from appointments.contract.mode import ContractMode
from appointments.deadline import Deadline
from appointments.errors import QuarantineUnavailableError, StoreUnavailableError, UndeliverableError
from appointments.intake import Arrival, Intake, Receipt
from appointments.outcome import QUARANTINED, Outcome
from appointments.storage import items
from appointments.storage.items import Delivery
from tests.builders import body, delivery, received

RECEIVED_AT = "2026-03-02T09:00:01.000000000Z"
NOW = 1_772_442_001.0
"""RECEIVED_AT in epoch seconds."""
DAY = 86_400


class FakeStore:
    def __init__(self, answer: Outcome | Exception = Outcome.STORED) -> None:
        self.saved: list[Delivery] = []
        self.seconds: list[float] = []
        self._answer = answer

    def save(self, saved: Delivery, deadline: Deadline) -> Outcome:
        self.saved.append(saved)
        self.seconds.append(deadline.remaining)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


class Kept:
    """A quarantine or a backlog that notes what it gets."""

    def __init__(self, error: Exception | None = None) -> None:
        self.bodies: list[tuple[bytes, Any]] = []
        self._error = error

    def keep(self, content: bytes, reason: Outcome, _metadata: Any) -> str:
        return self._note(content, reason)

    def defer(self, deferred: Any, _: Deadline) -> None:
        self._note(deferred.body, deferred.received_at)

    def _note(self, content: bytes, more: Any) -> str:
        if self._error:
            raise self._error
        self.bodies.append((content, more))
        return "key"


class Path:
    """An intake and what it writes to."""

    def __init__(
        self, answer: Outcome | Exception = Outcome.STORED, *, days: int = 0, backlog: bool = True, **given: Any
    ) -> None:
        self.store = FakeStore(answer)
        self.quarantine, self.backlog = given.get("quarantine", Kept()), Kept()
        store: Any = self.store
        self.intake = Intake(
            store,
            mode=given.get("mode", ContractMode.TOLERANT),
            history_retention_days=days,
            quarantine=lambda: self.quarantine,
            backlog=(lambda: self.backlog) if backlog else None,  # type: ignore[arg-type, return-value]
            clock=lambda: NOW,
        )

    def receive(self, content: bytes, received_at: str = RECEIVED_AT) -> Receipt:
        return self.intake.receive(Arrival(content, received_at), Deadline(2.6))


@pytest.mark.parametrize("outcome", [Outcome.STORED, Outcome.STALE, Outcome.DUPLICATE])
def test_a_delivery_that_the_store_takes_is_kept_nowhere_else(outcome: Outcome) -> None:
    path = Path(outcome)
    receipt = path.receive(body(delivery()))
    assert (receipt.outcome, receipt.problem) == (outcome, "")
    assert receipt.essentials is not None
    assert path.quarantine.bodies == path.backlog.bodies == []


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        (b"{", Outcome.MALFORMED),
        (b"{}", Outcome.CONTRACT),
        (body({**delivery(), "entity": "Callback Request"}), Outcome.CALLBACK_REQUEST),
    ],
)
def test_a_rejected_body_is_in_quarantine_under_its_outcome_and_never_in_the_store(
    content: bytes, outcome: Outcome
) -> None:
    path = Path()
    receipt = path.receive(content)
    assert (receipt.outcome, receipt.essentials) == (outcome, None)
    assert path.quarantine.bodies == [(content, outcome)]
    assert path.store.saved == []
    assert outcome in QUARANTINED


def test_a_conflict_is_in_quarantine() -> None:
    path = Path(Outcome.CONFLICT)
    assert path.receive(body(delivery())).outcome is Outcome.CONFLICT
    assert path.quarantine.bodies == [(body(delivery()), Outcome.CONFLICT)]


def test_a_delivery_that_cannot_be_stored_in_time_is_in_the_backlog_with_its_receipt() -> None:
    path = Path(StoreUnavailableError("no answer"))
    receipt = path.receive(body(delivery()))
    assert (receipt.outcome, receipt.problem) == (Outcome.DEFERRED, "no answer")
    assert path.backlog.bodies == [(body(delivery()), RECEIVED_AT)]
    assert path.store.seconds[0] == pytest.approx(1.6, abs=0.3)  # the rest is the backlog's


def test_without_a_backlog_the_caller_learns_that_nothing_is_stored() -> None:
    with pytest.raises(StoreUnavailableError):
        Path(StoreUnavailableError("no answer"), backlog=False).receive(body(delivery()))


def test_a_quarantine_that_does_not_answer_is_an_error_and_never_an_outcome() -> None:
    path = Path(quarantine=Kept(QuarantineUnavailableError("no answer")))
    with pytest.raises(QuarantineUnavailableError):
        path.receive(b"{")


def test_a_reason_of_the_caller_is_kept_as_one_of_ours() -> None:
    path = Path()
    receipt = path.intake.reject(Arrival(b"x", RECEIVED_AT), UndeliverableError("no delivery"), Deadline(1))
    assert (receipt.outcome, receipt.problem) == (Outcome.UNDELIVERABLE, "no delivery")
    assert path.quarantine.bodies == [(b"x", Outcome.UNDELIVERABLE)]


@pytest.mark.parametrize(
    ("end", "expires_in"),
    [
        ("2026-03-10T10:00:00Z", 8 * DAY + 3599 + 30 * DAY),  # still to come: from its end
        ("2026-03-01T10:00:00Z", 30 * DAY),  # over: from now
        (None, 30 * DAY),
        ("soon", 30 * DAY),
        ([], 30 * DAY),
    ],
)
def test_an_event_outlives_its_appointment_by_the_days_of_retention(end: Any, expires_in: int) -> None:
    path = Path(days=30)
    path.receive(body(delivery(status="CANCELLED", end=end)))
    assert path.store.saved[0].expires_at == NOW + expires_in


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "0000-01-01T00:00:00Z"])
def test_no_end_breaks_the_expiry(end: str) -> None:
    path = Path(days=1)
    assert path.receive(body(delivery(end=end))).outcome is Outcome.STORED
    assert (path.store.saved[0].expires_at or 0) >= NOW + DAY


def test_without_retention_an_event_never_expires() -> None:
    path = Path()
    path.receive(body(delivery()))
    assert path.store.saved[0].expires_at is None


def test_an_update_from_the_future_is_one_more_violation_in_either_mode() -> None:
    for mode in ContractMode:
        path = Path(mode=mode)
        receipt = path.receive(body(delivery(updated_at="2026-03-02T09:05:02Z")))
        assert [(v.path, v.rule) for v in receipt.violations] == [("$.data.appointment.updatedAt", "future")]
        assert receipt.violation_count == path.store.saved[0].violation_count == 1
        assert path.receive(body(delivery(updated_at="2026-03-02T09:05:01Z"))).violations == ()


@pytest.mark.parametrize(
    ("content", "stored", "outcome"),
    [
        (b"{", None, Outcome.MALFORMED),
        (b"{}", None, Outcome.CONTRACT),
        (body(delivery()), None, None),
        (body(delivery()), delivery(number=1), Outcome.CONFLICT),
        (body(delivery()), delivery(), Outcome.DUPLICATE),
    ],
)
def test_a_preview_says_what_would_become_of_a_body_and_writes_nothing(
    content: bytes, stored: Any, outcome: Outcome | None
) -> None:
    path = Path()
    item = None if stored is None else items.event_item(received(body(stored)))
    receipt = path.intake.preview(Arrival(content, RECEIVED_AT), lambda essentials: item if essentials else None)
    assert (receipt.outcome if receipt else None) is outcome
    assert path.store.saved == path.quarantine.bodies == path.backlog.bodies == []
