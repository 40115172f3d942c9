"""What a repair is made of: its key, its order and its members."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.contract.checks import APPOINTMENT_ID_BYTES
from appointments.contract.essentials import RANKS, Essentials
from appointments.contract.members import LOGGABLE
from appointments.publishing.messages import message
from appointments.reconciliation.repair import key_of, repair_of
from appointments.storage import items
from tests.repairs import LATER, engage_appointment, repair

SECOND = "2026-03-02T09:00:00"


@pytest.mark.parametrize(
    "updated_at",
    ["2026-03-02T09:00:00Z", "2026-03-02T09:00:00.999999999Z", "2026-03-02T10:00:00.5+01:00", "2026-03-02t09:00:00.0z"],
)
def test_every_notation_of_a_second_has_one_key_and_one_order(updated_at: str) -> None:
    assert repair(updated_at=updated_at).order == f"{SECOND}.000000000Z#-#{key_of('a-1', SECOND)}"


@given(st.text(min_size=1), st.sampled_from([*RANKS, "ACCEPT", "SOMETHING_NEW"]))
def test_the_order_of_a_repair_is_below_that_of_every_delivery_of_its_second(envelope_id: str, event_type: str) -> None:
    delivered = Essentials(envelope_id, "a-1", event_type, f"{SECOND}.000000000Z")
    assert repair().order < delivered.order(LATER)


def test_two_appointments_have_two_keys_that_fit_and_may_be_logged() -> None:
    long = "é" * (APPOINTMENT_ID_BYTES // 2)
    keys = {key_of(identity, SECOND) for identity in ("a-1", "a-2", long)}
    assert len(keys) == 3
    assert all(LOGGABLE.fullmatch(key) for key in keys)


def test_a_state_of_the_future_is_not_repaired() -> None:
    with pytest.raises(ValueError, match="future"):
        repair(updated_at="2026-03-02T12:05:01Z")
    assert repair(updated_at="2026-03-02T12:05:00Z").order.startswith("2026-03-02T12:05:00")


def test_an_event_is_kept_from_its_repair_or_the_end_of_its_appointment_on() -> None:
    found = engage_appointment()
    past, future = (
        repair_of(found, received_at=LATER, history_retention_days=1, now=now) for now in (4_000_000_000.0, 0.0)
    )
    assert past.expires_at == 4_000_000_000 + 86_400
    assert future.expires_at == 1_773_136_800 + 86_400
    assert repair().expires_at is None


def test_a_long_id_is_that_of_the_metadata_and_null_in_the_appointment() -> None:
    identity = "é" * 600
    detail = json.loads(message(items.event_item(repair(id=identity)), source="pexip.engage").detail)
    assert detail["metadata"]["appointmentId"] == identity
    assert detail["data"]["appointment"]["id"] is None


def test_a_state_that_does_not_name_all_participants_is_no_evidence_of_other_ones() -> None:
    people = [{"type": "EMPLOYEE", "role": "SECONDARY", "participant": {"id": f"p-{n}"}} for n in range(21)]
    current = items.current_item(repair(appointmentParticipants=people))
    assert "participants" not in items.replaced_state(current)
    assert items.replaced_state(items.current_item(repair()))["participants"] == [
        {"type": "EMPLOYEE", "role": "PRIMARY", "employee": {"id": "p-1"}},
        {"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": "7"}},
    ]
