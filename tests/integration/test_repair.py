"""The writes of a repair, on moto and on DynamoDB Local."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from appointments.outcome import Outcome
from appointments.publishing.messages import RECONCILED, message
from appointments.reconciliation.repair import EVENT_TYPE
from appointments.storage import items
from tests.builders import received_delivery, save
from tests.repairs import answered, engage_appointment, repair, save_repair

if TYPE_CHECKING:
    from appointments.storage.store import Store

LATE = "2026-03-02T13:00:00.000000000Z"


def event_of(stored: Any, written: Any) -> dict[str, Any]:
    found: dict[str, Any] = stored()[f"EVENT#{written.essentials.envelope_id}"]
    return found


def published(item: Any) -> dict[str, Any]:
    detail: dict[str, Any] = json.loads(message(item, source="pexip.engage").detail)
    return detail


def test_a_missing_appointment_gets_one_event_item_and_the_current_item(store: Store, stored: Any) -> None:
    found = engage_appointment()
    written = repair()
    assert save_repair(store, written) is Outcome.STORED
    assert sorted(stored()) == ["CURRENT", f"EVENT#{written.essentials.envelope_id}"]
    event, current = event_of(stored, written), stored()["CURRENT"]
    assert items.unpack(event["body"]["B"]) == found.body
    assert (event["origin"], event["eventType"]) == ({"S": "reconciliation"}, {"S": EVENT_TYPE})
    assert event["updatedAt"] == current["updatedAt"] == {"S": "2026-03-02T09:00:00.000000000Z"}
    assert current["order"] == {"S": f"2026-03-02T09:00:00.000000000Z#-#{written.essentials.envelope_id}"}
    assert current["origin"] == {"S": "reconciliation"}
    assert (current["officeId"], current["employeeId"], current["customerId"]) == (
        {"S": "o-1"},
        {"S": "p-1"},
        {"S": "7"},
    )
    assert published(event)["data"]["changes"] == []


def test_the_state_has_only_what_the_api_tells(store: Store, stored: Any) -> None:
    person = {"id": "p-1", "status": "ACTIVE", "firstName": "Ada", "lastName": "Byron", "externalId": "x-1"}
    save(
        store,
        received_delivery(
            office={"id": "o-1", "externalId": "o-x"},
            participants=[{"type": "EMPLOYEE", "role": "PRIMARY", "employee": person}],
        ),
    )
    save_repair(store, repair(updated_at="2026-03-02T10:00:00Z"))
    assert "officeExternalId" not in stored()["CURRENT"]
    assert {name for each in stored()["CURRENT"]["participants"]["L"] for name in each["M"]} == {"type", "role", "id"}


@pytest.mark.parametrize(
    ("members", "changes"),
    [
        ({}, []),
        ({"status": "CANCELLED"}, ["status"]),
        ({"start": None, "end": None}, ["start", "end"]),
        ({"start": "2026-03-10T11:00:00+01:00"}, ["start"]),
        ({"office": {"id": "o-2"}, "subject": {"id": "s-2"}}, ["office", "subject"]),
        ({"office": None}, ["office"]),
        ({"meetingType": "VIDEO"}, ["meetingType"]),
        ({"externalId": "x"}, ["externalId"]),
        ({"listing": {"id": "l-1"}, "leadSegment": {"id": 4}}, ["listing", "leadSegment"]),
        ({"appointmentParticipants": answered()["appointmentParticipants"][::-1]}, []),
        ({"appointmentParticipants": answered()["appointmentParticipants"][:1]}, ["participants"]),
    ],
)
def test_the_message_names_what_differs_from_the_state_that_was_stored(
    store: Store, stored: Any, members: Any, changes: list[str]
) -> None:
    save(store, received_delivery())
    written = repair(updated_at="2026-03-02T10:00:00Z", **members)
    assert save_repair(store, written) is Outcome.STORED
    assert published(event_of(stored, written))["data"]["changes"] == changes


def test_a_repeated_repair_changes_nothing(store: Store, stored: Any) -> None:
    save_repair(store, repair())
    before = stored()
    assert save_repair(store, repair(LATE)) is Outcome.DUPLICATE
    assert stored() == before


@pytest.mark.parametrize(
    "other",
    [
        {"updated_at": "2026-03-02T10:00:00.900+01:00"},
        {"start": "2026-03-10T10:00:00+01:00"},
        {"rating": 5, "createdAt": None},
        {"callbackRequest": {"id": "1"}},
        {"office": {"id": "o-1", "name": "Ghent"}},
    ],
)
def test_a_repeat_in_another_notation_or_with_other_members_that_nothing_depends_on_is_a_duplicate(
    store: Store, stored: Any, other: Any
) -> None:
    save_repair(store, repair())
    before = stored()
    assert save_repair(store, repair(LATE, **other)) is Outcome.DUPLICATE
    assert stored() == before


def test_another_content_of_the_same_second_is_a_conflict_and_changes_nothing(store: Store, stored: Any) -> None:
    save_repair(store, repair())
    before = stored()
    assert save_repair(store, repair(status="CANCELLED")) is Outcome.CONFLICT
    assert stored() == before


@pytest.mark.parametrize("updated_at", ["2026-03-02T09:00:00Z", "2026-03-02T09:00:00.362Z", "2026-03-02T10:00:00Z"])
def test_nothing_is_written_for_a_state_that_is_as_new(store: Store, stored: Any, updated_at: str) -> None:
    save(store, received_delivery(updated_at=updated_at))
    before = stored()
    assert save_repair(store, repair()) is Outcome.STALE
    assert stored() == before


@pytest.mark.parametrize("event_type", ["CREATE", "RESCHEDULE", "CANCEL", "SOMETHING_NEW"])
@pytest.mark.parametrize("updated_at", ["2026-03-02T09:00:00Z", "2026-03-02T09:00:00.362Z"])
def test_a_late_webhook_of_the_same_second_wins(store: Store, stored: Any, updated_at: str, event_type: str) -> None:
    save_repair(store, repair())
    late = received_delivery(updated_at=updated_at, event_type=event_type)
    assert save(store, late) is Outcome.STORED
    assert stored()["CURRENT"]["eventId"] == {"S": "e-1"}
    assert "origin" not in stored()["CURRENT"]
    assert stored()["EVENT#e-1"]["stale"] == {"BOOL": False}
    assert save_repair(store, repair(LATE)) is Outcome.DUPLICATE


def test_an_older_webhook_that_comes_after_the_repair_is_stale(store: Store, stored: Any) -> None:
    written = repair()
    save_repair(store, written)
    assert save(store, received_delivery(updated_at="2026-03-02T08:59:59.9Z")) is Outcome.STALE
    assert stored()["CURRENT"]["eventId"] == {"S": written.essentials.envelope_id}


def test_a_webhook_with_the_id_of_a_repair_is_a_conflict_and_never_a_duplicate(store: Store, stored: Any) -> None:
    written = repair()
    save_repair(store, written)
    before = stored()
    assert save(store, received_delivery(id=written.essentials.envelope_id)) is Outcome.CONFLICT
    assert stored() == before


def test_a_repair_does_not_replace_a_webhook_with_its_id(store: Store, stored: Any) -> None:
    written = repair()
    save(store, received_delivery(id=written.essentials.envelope_id, updated_at="2026-03-01T09:00:00Z"))
    before = stored()
    assert save_repair(store, written) is Outcome.CONFLICT
    assert stored() == before


def test_a_delivery_with_the_event_type_of_a_repair_is_no_repair(store: Store, stored: Any) -> None:
    save(store, received_delivery(event_type=EVENT_TYPE))
    built = message(stored()["EVENT#e-1"], source="pexip.engage")
    assert built.detail_type != RECONCILED
    assert json.loads(built.detail)["metadata"]["origin"] == "webhook"
    assert stored()["CURRENT"]["order"]["S"].split("#")[1] == "2"


def test_repairs_at_the_same_time_write_once(store: Store, stored: Any, request: pytest.FixtureRequest) -> None:
    save(store, received_delivery(updated_at="2026-03-01T09:00:00Z"))
    # One worker on moto, which rolls a transaction back by swapping tables.
    with ThreadPoolExecutor(1 if "moto" in request.node.name else 8) as pool:
        outcomes = list(pool.map(lambda _: save_repair(store, repair()), range(8)))
    assert sorted(outcomes) == sorted([Outcome.STORED, *[Outcome.DUPLICATE] * 7])
    assert len(stored()) == 3


def test_the_largest_repair_fits(store: Store, stored: Any) -> None:
    people = [
        {"type": "EMPLOYEE", "role": "r" * 1000, "participant": {"id": f"{n}" * 300}, "note": "é" * 5000}
        for n in range(150)
    ]
    save(
        store,
        received_delivery(participants=[{"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": "7" * 300}}] * 20),
    )
    written = repair(updated_at="2026-03-02T10:00:00Z", appointmentParticipants=people)
    assert save_repair(store, written) is Outcome.STORED
    event = event_of(stored, written)
    assert "bodyKey" in event
    assert published(event)["data"]["changes"] == ["participants"]


def test_a_webhook_that_comes_between_two_attempts_is_the_state_that_the_repair_names(
    store: Store, stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message must not speak of a state that the repair did not replace."""
    save(store, received_delivery(updated_at="2026-03-01T09:00:00Z"))
    client: Any = store._client
    write = client.transact_write_items
    attempts: list[Any] = []

    def overtaken(**request: Any) -> Any:
        attempts.append(request)
        if len(attempts) == 2:
            monkeypatch.setattr(client, "transact_write_items", write)
            save(store, received_delivery(id="e-2", updated_at="2026-03-01T10:00:00Z", status="CANCELLED"))
            monkeypatch.setattr(client, "transact_write_items", overtaken)
        return write(**request)

    monkeypatch.setattr(client, "transact_write_items", overtaken)
    written = repair()
    assert save_repair(store, written) is Outcome.STORED
    assert len(attempts) == 3
    detail = published(event_of(stored, written))
    assert (detail["data"]["changes"], detail["routing"]["previousStatus"]) == (["status"], "CANCELLED")
