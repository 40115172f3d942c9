"""The rules that decide whether a delivery is taken in, and what is said of one that is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.errors import AppointmentsError, ContractError, MalformedBodyError
from appointments.parsing import parse_envelope
from tests.builders import body, delivery

SAMPLE = (Path(__file__).parent.parent / "fixtures" / "vendor-sample.json").read_bytes()


def structure(document: Any) -> set[tuple[str, str]]:
    with pytest.raises(ContractError) as raised:
        parse_envelope(body(document))
    return {(violation.path, violation.rule) for violation in raised.value.violations}


def limits(document: Any) -> set[tuple[str, str]]:
    return {(violation.path, violation.rule) for violation in parse_envelope(body(document)).violations}


def test_the_vendors_own_sample_is_accepted_and_its_five_broken_limits_are_reported() -> None:
    found = parse_envelope(SAMPLE).violations
    assert [(v.path, v.rule, v.expected) for v in found] == [
        ("$.data.appointment.office.location.countryCode", "maxLength", "2"),
        ("$.data.appointment.participants[0].employee.language", "maxLength", "2"),
        ("$.data.appointment.location.countryCode", "maxLength", "2"),
        ("$.data.appointment.listing.location.countryCode", "maxLength", "2"),
        ("$.data.previousAppointment.location.countryCode", "maxLength", "2"),
    ]


@pytest.mark.parametrize(
    ("member", "value", "path"),
    [
        ("subject", {"id": "s", "order": "1"}, "subject.order"),
        ("subject", {"id": "s", "order": True}, "subject.order"),
        ("subject", {"id": "s", "order": 1.0}, "subject.order"),
        ("subject", {"id": "s", "order": None}, "subject.order"),
        ("office", {"id": "o", "active": "yes"}, "office.active"),
        ("office", {"id": "o", "active": 1}, "office.active"),
        ("leadSegment", {"id": True}, "leadSegment.id"),
        ("leadSegment", {"id": 1.5}, "leadSegment.id"),
        ("metadata", 3, "metadata"),
        ("externalId", 3, "externalId"),
        ("start", None, "start"),
    ],
)
def test_no_value_is_converted_to_the_type_it_should_have(member: str, value: Any, path: str) -> None:
    assert structure(delivery(**{member: value})) == {(f"$.data.appointment.{path}", "type")}


@pytest.mark.parametrize("text", ["2026-03-02T09:00:00", "2026-02-30T09:00:00Z", "2026-03-02", "x"])
def test_a_date_without_offset_or_day_is_refused(text: str) -> None:
    assert structure(delivery(updated_at=text)) == {("$.data.appointment.updatedAt", "format")}


def test_all_violations_are_told_also_behind_an_unknown_discriminator() -> None:
    document = delivery(id="", status="WAITING", office={})
    document["data"]["appointment"]["participants"][0]["type"] = "ROBOT"
    del document["data"]["previousAppointment"]
    assert structure(document) == {
        ("$.id", "minLength"),
        ("$.data.appointment.status", "enum"),
        ("$.data.appointment.office.id", "required"),
        ("$.data.appointment.participants[0].type", "enum"),
        ("$.data.previousAppointment", "required"),
    }


@pytest.mark.parametrize("status", ["ACCEPTED", "COMPLETED", "NO_SHOW"])
def test_a_dated_status_needs_its_dates(status: str) -> None:
    document = delivery(status=status)
    del document["data"]["appointment"]["start"]
    assert structure(document) == {("$.data.appointment.start", "required")}


@pytest.mark.parametrize("status", ["CANCELLED", "INCOMING_REQUEST", "OUTGOING_INVITE", "ALTERNATIVE_DATE_REQUESTED"])
def test_the_other_statuses_do_without_dates(status: str) -> None:
    assert limits(delivery(status=status, start=None, end=None)) == set()


def test_a_limit_is_reported_and_the_delivery_accepted() -> None:
    document = delivery(
        leadSegment={"id": -1, "code": "x" * 256}, externalId="😀" * 255, subject={"id": "", "order": -1}
    )
    assert limits(document) == {
        ("$.data.appointment.leadSegment.id", "minimum"),
        ("$.data.appointment.leadSegment.code", "maxLength"),
        ("$.data.appointment.subject.order", "minimum"),
    }


def test_an_id_that_does_not_fit_a_key_is_refused_by_bytes() -> None:
    assert parse_envelope(body(delivery(id="é" * 509)))
    assert structure(delivery(id="é" * 510)) == {("$.id", "maxBytes")}
    assert structure(delivery(appointment_id="x" * 2037)) == {("$.data.appointment.id", "maxBytes")}


def test_unknown_members_are_kept_at_every_level() -> None:
    document = delivery(newMember={"deep": [1]}, office={"id": "o", "floor": 3})
    document["extra"] = "kept"
    envelope = parse_envelope(body(document)).envelope
    assert envelope.model_extra == {"extra": "kept"}
    assert envelope.data.appointment.model_extra == {"newMember": {"deep": [1]}}
    assert envelope.data.appointment.office.model_extra == {"floor": 3}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":"\\ud800"}',
        b'{"a":1,"a":2}',
        b"[" * 100_000,
        b'{"a":' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_not_json_is_malformed(content: bytes) -> None:
    with pytest.raises(MalformedBodyError):
        parse_envelope(content)


@given(st.binary(max_size=200))
def test_no_bytes_escape_the_error_tree(content: bytes) -> None:
    with pytest.raises(AppointmentsError):
        parse_envelope(content)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.sampled_from(["id", "type", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
MEMBERS = ["id", "subject", "office", "participants", "status", "leadSegment", "metadata", "updatedAt", "start"]


@given(st.sampled_from(MEMBERS), JSON)
def test_any_json_in_any_member_is_taken_or_refused_by_name(member: str, value: Any) -> None:
    try:
        parse_envelope(body(delivery(**{member: value} if member != "id" else {"appointment_id": value})))
    except ContractError as error:
        assert all(v.path.startswith(f"$.data.appointment.{member}") for v in error.violations)  # noqa: PT017


def test_no_value_that_was_sent_is_in_what_is_said() -> None:
    canary = "c4n4ry"
    document = json.loads(SAMPLE.replace(b'"string"', b'{"c4n4ry":["c4n4ry"]}').replace(b"42.0", b'"c4n4ry"'))
    with pytest.raises(ContractError) as raised:
        parse_envelope(body(document))
    assert canary not in repr(raised.value.violations) + str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None
