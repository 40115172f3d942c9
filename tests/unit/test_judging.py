"""One appointment of the API against the current item of the table."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.contract.instants import utc
from appointments.reconciliation.engage_appointment import EngageAppointment, check
from appointments.reconciliation.judging import DIFFERING, Kind, Verdict, judge
from appointments.storage import items
from appointments.storage.items import Item
from local.engage.rows import row_of
from tests.builders import body, delivery, received

AT = "2026-03-02T09:00:00.362Z"
NOW = "2026-03-05T09:00:00.000000000Z"
LONG = "x" * (items.TEXT_BYTES + 1)


def stored(**overrides: Any) -> Item:
    """The current item of a delivery."""
    return items.current_item(received(body(delivery(**{"updated_at": AT, **overrides}))))


def shown(updated_at: str = AT, **overrides: Any) -> EngageAppointment:
    """The same appointment as the API shows it. ``raw_`` members replace those of the API."""
    raw = {name.removeprefix("raw_"): overrides.pop(name) for name in list(overrides) if name.startswith("raw_")}
    appointment = delivery(updated_at=updated_at, **overrides)["data"]["appointment"]
    return EngageAppointment(b"", check(row_of(appointment) | {"updatedAt": updated_at} | raw))


def verdict(appointment: EngageAppointment | None, item: Item | None, now: str = NOW) -> Verdict:
    return judge("a-1", appointment, item, now)


def test_the_same_version_is_the_same() -> None:
    found = verdict(shown(), stored())
    assert (found.kind, found.differing) == (Kind.SAME, ())
    assert found.updated_at == found.stored_at == "2026-03-02T09:00:00.362000000Z"


def test_what_the_table_lacks_is_missing() -> None:
    assert verdict(shown(), None) == Verdict("a-1", Kind.MISSING, (), shown(), None)


def test_what_the_api_lacks_is_gone() -> None:
    assert verdict(None, stored()).kind is Kind.GONE


CHANGED: dict[str, dict[str, Any]] = {
    "status": {"status": "CANCELLED"},
    "start": {"start": "2026-03-10T09:30:00+01:00"},
    "end": {"end": None},
    "meetingType": {"meetingType": "PHONE"},
    "office": {"office": {"id": "o-2"}},
    "subject": {"subject": {"id": 5}},
    "participants": {"participants": []},
}
NEWER, OLDER = "2026-03-02T09:00:01.400Z", "2026-03-02T08:59:59.300Z"


@pytest.mark.parametrize("name", CHANGED)
def test_a_newer_version_with_other_content_is_behind_and_names_the_member(name: str) -> None:
    found = verdict(shown(NEWER, **CHANGED[name]), stored())
    assert (found.kind, found.differing) == (Kind.BEHIND, (name,))


def test_every_compared_member_has_a_case() -> None:
    assert CHANGED.keys() == DIFFERING.keys()


@pytest.mark.parametrize("name", CHANGED)
def test_the_same_instant_with_other_content_differs(name: str) -> None:
    found = verdict(shown(**CHANGED[name]), stored())
    assert (found.kind, found.differing) == (Kind.DIFFERS, (name,))


def test_all_members_that_differ_are_named_in_order() -> None:
    changed = {name: value for change in CHANGED.values() for name, value in change.items()}
    assert verdict(shown(NEWER, **changed), stored()).differing == tuple(DIFFERING)


def test_a_newer_version_with_the_same_content_is_touched() -> None:
    found = verdict(shown(NEWER), stored())
    assert (found.kind, found.differing) == (Kind.TOUCHED, ())


@pytest.mark.parametrize("name", CHANGED)
def test_a_table_that_is_newer_is_ahead_and_no_member_is_named(name: str) -> None:
    found = verdict(shown(OLDER, **CHANGED[name]), stored())
    assert (found.kind, found.differing) == (Kind.AHEAD, ())


@pytest.mark.parametrize(
    ("of_the_api", "of_the_table", "kind"),
    [
        ("2026-03-02T09:00:00.362Z", "2026-03-02T09:00:00Z", Kind.SAME),  # a webhook in whole seconds
        ("2026-03-02T09:00:00.999Z", "2026-03-02T09:00:01+00:00", Kind.SAME),  # a webhook that rounds
        ("2026-03-02T09:00:00.000Z", "2026-03-02T09:00:00.700Z", Kind.SAME),
        ("2026-03-02T09:00:01.000Z", "2026-03-02T09:00:00Z", Kind.TOUCHED),
        ("2026-03-02T09:00:00Z", "2026-03-02T09:00:01.000Z", Kind.AHEAD),
        ("2026-03-02T09:00:00.362Z", "2026-03-02T10:00:00.362123+01:00", Kind.SAME),  # microseconds
        ("2026-03-02T09:00:00.363Z", "2026-03-02T09:00:00.362Z", Kind.TOUCHED),
        ("2026-03-02T09:00:00.362Z", "2026-03-02T09:00:00.363Z", Kind.AHEAD),
    ],
)
def test_instants_of_one_version_may_have_other_fractions(of_the_api: str, of_the_table: str, kind: Kind) -> None:
    assert verdict(shown(of_the_api), stored(updated_at=of_the_table)).kind is kind


@pytest.mark.parametrize(("minutes", "kind"), [(14.9, Kind.IN_FLIGHT), (15, Kind.BEHIND), (-14.9, Kind.IN_FLIGHT)])
def test_a_change_within_15_minutes_is_in_flight(minutes: float, kind: Kind) -> None:
    now = utc((datetime.fromisoformat(NEWER) + timedelta(minutes=minutes)).isoformat())
    changed = shown(NEWER, status="CANCELLED")
    assert verdict(changed, stored(), now).kind is kind
    assert (verdict(changed, None, now).kind is Kind.IN_FLIGHT) is (kind is Kind.IN_FLIGHT)


def test_an_instant_far_ahead_is_judged() -> None:
    assert verdict(shown("9999-12-31T23:59:59.999Z", status="CANCELLED"), stored()).kind is Kind.BEHIND


@pytest.mark.parametrize("name", ["updatedAt", "receivedAt"])
def test_an_appointment_that_the_table_just_got_is_not_gone(name: str) -> None:
    item = stored() | {name: {"S": "2026-03-05T08:46:00.000000000Z"}}
    assert verdict(None, item).kind is Kind.IN_FLIGHT


def test_ids_compare_as_texts() -> None:
    item = stored(office={"id": 21}, subject={"id": "31"})
    assert verdict(shown(raw_office={"id": "21"}, raw_subject={"id": 31}), item).kind is Kind.SAME


@pytest.mark.parametrize("name", ["office", "subject"])
def test_a_text_that_an_item_leaves_out_is_no_difference(name: str) -> None:
    long: dict[str, Any] = {name: {"id": LONG}}
    assert verdict(shown(**long), stored(**long)).kind is Kind.SAME
    assert verdict(shown(), stored(**long)).kind is Kind.DIFFERS


@pytest.mark.parametrize("name", ["status", "meetingType"])
def test_a_text_that_one_side_does_not_tell_is_no_difference(name: str) -> None:
    item = stored()
    del item[name]
    assert verdict(shown(), item).kind is Kind.SAME
    assert verdict(shown(**{f"raw_{name}": LONG}), stored()).kind is Kind.SAME


def test_a_meeting_type_that_the_api_does_not_tell_is_no_difference() -> None:
    assert verdict(shown(raw_meetingType=None), stored()).kind is Kind.SAME


def test_a_time_on_one_side_only_differs() -> None:
    undated: dict[str, Any] = {"status": "OUTGOING_INVITE", "start": None, "end": None}
    assert verdict(shown(**undated), stored(**undated)).kind is Kind.SAME
    assert verdict(shown(NEWER), stored(**undated)).differing == ("status", "start", "end")
    assert verdict(shown(NEWER, **undated), stored()).differing == ("status", "start", "end")


def test_times_compare_as_instants_in_whole_seconds() -> None:
    item = stored(start="2026-03-10T10:00:00.75+01:00")
    assert verdict(shown(raw_start="2026-03-10T09:00:00.000Z"), item).kind is Kind.SAME


def person(id_: Any, kind: str = "EMPLOYEE", role: str = "PRIMARY") -> dict[str, Any]:
    return {"type": kind, "role": role, kind.lower(): {"id": id_}}


@pytest.mark.parametrize(
    "people",
    [
        [person(1), person(2)],
        [person(2, role="SECONDARY"), person(1)],
        [person(1), person(2, role="SECONDARY"), person(3)],
        [person(1), person(2, "CUSTOMER", "SECONDARY")],
        [person(1), person(1)],
    ],
)
def test_participants_are_compared_by_type_role_and_id(people: list[dict[str, Any]]) -> None:
    before = [person(1), person("2", role="SECONDARY")]
    is_same = sorted(map(str, people)) == sorted(map(str, [person(1), person(2, role="SECONDARY")]))
    expected = () if is_same else ("participants",)
    assert verdict(shown(NEWER, participants=people), stored(participants=before)).differing == expected


def test_the_first_20_participants_and_their_number_are_known() -> None:
    people = [person(number) for number in range(25)]
    item = stored(participants=people)
    assert verdict(shown(participants=list(reversed(people))), item).kind is Kind.SAME
    assert verdict(shown(participants=[*people[:24], person("new")]), item).kind is Kind.SAME  # unknown
    assert verdict(shown(participants=[person("new"), *people[1:]]), item).kind is Kind.DIFFERS
    assert verdict(shown(participants=people[:24]), item).kind is Kind.DIFFERS


@pytest.mark.parametrize("unknown", [{"type": "EMPLOYEE", "role": "PRIMARY"}, person(LONG), person("")])
def test_a_participant_without_a_known_id_may_be_anybody_of_the_type(unknown: dict[str, Any]) -> None:
    item = stored(participants=[person(1), unknown])
    assert verdict(shown(participants=[person(7), person(1)]), item).kind is Kind.SAME
    assert verdict(shown(participants=[person(7, "CUSTOMER"), person(1)]), item).kind is Kind.DIFFERS
    nobody = {"type": "EMPLOYEE", "role": None, "participant": None}
    assert verdict(shown(raw_appointmentParticipants=[nobody, nobody]), item).kind is Kind.SAME


def test_a_participant_of_an_unknown_type_is_known_by_type_and_role() -> None:
    robot = {"type": "ROBOT", "role": "PRIMARY", "robot": {"id": "r"}}
    shown_robot = {"type": "ROBOT", "role": "PRIMARY", "participant": {"id": "r"}}
    assert verdict(shown(raw_appointmentParticipants=[shown_robot]), stored(participants=[robot])).kind is Kind.SAME


def test_an_item_without_participants_does_not_tell_them() -> None:
    item = stored()
    del item["participants"], item["participantCount"]
    assert verdict(shown(), item).kind is Kind.SAME


PEOPLE = st.lists(
    st.builds(
        person,
        st.one_of(st.integers(0, 5), st.sampled_from(["1", "p", LONG])),
        st.sampled_from(["EMPLOYEE", "CUSTOMER"]),
        st.sampled_from(["PRIMARY", "SECONDARY"]),
    ),
    max_size=25,
)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)).map(lambda each: f"{each.isoformat()}Z")  # noqa: DTZ001
APPOINTMENTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["ACCEPTED", "CANCELLED", "NEW"]),
        "meetingType": st.sampled_from(["OFFICE", "PHONE"]),
        "start": st.none() | MOMENTS,
        "end": st.none() | MOMENTS,
        "office": st.builds(dict, id=st.sampled_from(["1", 1, 2, LONG])),
        "subject": st.builds(dict, id=st.sampled_from(["1", 1, 2, LONG])),
        "participants": PEOPLE,
    }
)


@given(APPOINTMENTS, st.sampled_from(["milliseconds", "microseconds", "seconds"]), st.data())
def test_one_version_is_always_the_same(appointment: dict[str, Any], timespec: str, data: st.DataObject) -> None:
    moment = data.draw(st.datetimes(datetime(2025, 1, 1), datetime(2026, 3, 1)))  # noqa: DTZ001
    item = stored(updated_at=f"{moment.isoformat(timespec=timespec)}Z", **appointment)
    of_the_api = f"{moment.isoformat(timespec='milliseconds')}Z"
    shuffled = data.draw(st.permutations(appointment["participants"]))
    found = verdict(shown(of_the_api, **{**appointment, "participants": shuffled}), item)
    assert (found.kind, found.differing) == (Kind.SAME, ())


@given(APPOINTMENTS, APPOINTMENTS, st.integers(-3, 3))
def test_only_the_instants_decide_who_is_newer(one: dict[str, Any], two: dict[str, Any], hours: int) -> None:
    moment = datetime.fromisoformat(AT) + timedelta(hours=hours)
    found = verdict(shown(f"{moment.isoformat(timespec='milliseconds')[:23]}Z", **two), stored(**one))
    allowed = {
        -1: {Kind.AHEAD},
        0: {Kind.SAME, Kind.DIFFERS},
        1: {Kind.TOUCHED, Kind.BEHIND},
    }[(hours > 0) - (hours < 0)]
    assert found.kind in allowed
    assert bool(found.differing) is (found.kind in {Kind.DIFFERS, Kind.BEHIND})
