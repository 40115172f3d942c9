"""The rules that accept or refuse a delivery, and the violations that a refusal reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.contract.mode import ContractMode
from appointments.contract.parsing import parse_body
from appointments.contract.validation import ERRORS
from appointments.errors import AppointmentsError, ContractError, MalformedBodyError
from tests.builders import body, delivery

SAMPLE = (Path(__file__).parent.parent / "fixtures" / "vendor-sample.json").read_bytes()


def structure(document: Any) -> set[tuple[str, str]]:
    with pytest.raises(ContractError) as raised:
        parse_body(body(document), ContractMode.STRICT)
    return {(violation.path, violation.rule) for violation in raised.value.violations}


def limits(document: Any) -> set[tuple[str, str]]:
    return {(violation.path, violation.rule) for violation in parse_body(body(document)).violations}


def test_the_vendors_sample_is_accepted_and_its_five_broken_limits_are_reported() -> None:
    found = parse_body(SAMPLE).violations
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
def test_a_value_is_not_converted_to_the_required_type(member: str, value: Any, path: str) -> None:
    assert structure(delivery(**{member: value})) == {(f"$.data.appointment.{path}", "type")}


@pytest.mark.parametrize(
    ("member", "value", "expected"),
    [
        ("subject", {"id": "s", "order": 1.0}, "integer"),
        ("subject", {"id": "s", "order": "1"}, "integer"),
        ("office", {"id": "o", "active": 1}, "boolean"),
        ("office", "o", "object"),
        ("location", {"geolocation": {"latitude": "1"}}, "number"),
        ("location", {"geolocation": {"latitude": True}}, "number"),
        ("participants", {}, "array"),
        ("externalId", 3, "string"),
        ("updatedAt", 3, "string"),
        ("leadSegment", {"id": 1.5}, "integer or string"),
        ("metadata", 3, "object or array"),
    ],
)
def test_a_violation_of_a_type_names_the_expected_type(member: str, value: Any, expected: str) -> None:
    with pytest.raises(ContractError) as raised:
        parse_body(body(delivery(**{member: value})), ContractMode.STRICT)
    assert [(violation.rule, violation.expected) for violation in raised.value.violations] == [("type", expected)]


@pytest.mark.parametrize(
    ("member", "value", "found"),
    [
        ("location", [], set()),
        ("location", {"geolocation": []}, set()),
        ("office", {"id": "o", "translations": []}, set()),
        ("location", [{}], {("$.data.appointment.location", "type")}),
        ("office", [], {("$.data.appointment.office", "type")}),
    ],
)
def test_an_empty_array_stands_for_an_object_without_required_members(
    member: str, value: Any, found: set[tuple[str, str]]
) -> None:
    violations = parse_body(body(delivery(**{member: value})), ContractMode.TOLERANT).violations
    assert {(violation.path, violation.rule) for violation in violations} == found


@pytest.mark.parametrize(
    ("document", "path", "rule", "expected"),
    [
        ({**delivery(), "id": ""}, "id", "minLength", "1"),
        ({**delivery(), "id": "x" * 1019}, "id", "maxBytes", "1018"),
        ({**delivery(), "entity": "Office"}, "entity", "const", "Appointment"),
        (delivery(meetingType="SKYPE"), "data.appointment.meetingType", "enum", "OFFICE, ON_LOCATION, PHONE, VIDEO"),
        (delivery(meetingType=None), "data.appointment.meetingType", "type", "string"),
        (delivery(updated_at="x"), "data.appointment.updatedAt", "format", "RFC 3339 date-time with offset"),
        (delivery(office={}), "data.appointment.office.id", "required", "present"),
        (delivery(externalId="x" * 256), "data.appointment.externalId", "maxLength", "255"),
        (delivery(location={"countryCode": "B"}), "data.appointment.location.countryCode", "minLength", "2"),
        (delivery(leadSegment={"id": -1}), "data.appointment.leadSegment.id", "minimum", "0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_violation_says_what_its_rule_expects(document: Any, path: str, rule: str, expected: str) -> None:
    try:
        found = parse_body(body(document), ContractMode.STRICT).violations
    except ContractError as error:
        found = error.violations
    assert [(violation.path, violation.rule, violation.expected) for violation in found] == [
        (f"$.{path}", rule, expected)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T09:00:00",
        "2026-02-30T09:00:00Z",
        "2026-03-02",
        "2026-03-02T24:00:00Z",
        "2026-03-02T09:00:00Z\n",
        "\uff12026-03-02T09:00:00Z",
        "x",
    ],
)
def test_an_invalid_date_time_is_refused(text: str) -> None:
    assert structure(delivery(updated_at=text)) == {("$.data.appointment.updatedAt", "format")}


def test_every_violation_is_reported_also_with_an_unknown_discriminator() -> None:
    document = delivery(id="", status="WAITING", office={})
    document["data"]["appointment"]["participants"][0] = {"type": "ROBOT"}
    del document["data"]["previousAppointment"]
    assert structure(document) == {
        ("$.id", "minLength"),
        ("$.data.appointment.status", "enum"),
        ("$.data.appointment.office.id", "required"),
        ("$.data.appointment.participants[0].type", "enum"),
        ("$.data.appointment.participants[0].role", "required"),
        ("$.data.previousAppointment", "required"),
    }


@pytest.mark.parametrize("status", ["ACCEPTED", "COMPLETED", "NO_SHOW"])
def test_a_status_with_dates_requires_them(status: str) -> None:
    document = delivery(status=status)
    del document["data"]["appointment"]["start"]
    assert structure(document) == {("$.data.appointment.start", "required")}


@pytest.mark.parametrize("status", ["CANCELLED", "INCOMING_REQUEST", "OUTGOING_INVITE", "ALTERNATIVE_DATE_REQUESTED"])
def test_the_other_statuses_do_not_require_dates(status: str) -> None:
    assert limits(delivery(status=status, start=None, end=None)) == set()


def test_a_broken_limit_is_reported_and_the_delivery_accepted() -> None:
    document = delivery(
        leadSegment={"id": -1, "code": "x" * 256}, externalId="😀" * 255, subject={"id": "", "order": -1}
    )
    assert limits(document) == {
        ("$.data.appointment.leadSegment.id", "minimum"),
        ("$.data.appointment.leadSegment.code", "maxLength"),
        ("$.data.appointment.subject.order", "minimum"),
    }


def test_an_id_with_too_many_bytes_for_a_key_is_refused() -> None:
    assert parse_body(body(delivery(id="é" * 509)))
    assert structure(delivery(id="é" * 510)) == {("$.id", "maxBytes")}
    assert structure(delivery(appointment_id="x" * 2037)) == {("$.data.appointment.id", "maxBytes")}


def test_unknown_members_are_preserved_at_every_level() -> None:
    document = delivery(newMember={"deep": [1]}, office={"id": "o", "floor": 3})
    document["extra"] = "preserved"
    parsed = parse_body(body(document))
    assert parsed.violations == ()
    assert parsed.document == document


@pytest.mark.parametrize("document", [None, 3, [], "", json.dumps(delivery()), json.dumps(delivery(status="WAITING"))])
def test_a_delivery_that_is_not_an_object_is_refused(document: Any) -> None:
    assert structure(document) == {("$", "type")}


def in_a_new_member(value: bytes) -> bytes:
    """Return a valid delivery with the value at its fourth level."""
    return body(delivery(newMember=0)).replace(b'"newMember": 0', b'"newMember": ' + value)


@pytest.mark.parametrize(
    "value",
    [
        b"9" * 4300,
        b"-" + b"9" * 4300,
        b"1e400",
        b"1e-999999999",
        b"[" * 197 + b"1" + b"]" * 197,
        b'{"a":' * 197 + b"1" + b"}" * 197,
        b'"\\u0000"',
        b'"\\ud83d\\ude00"',
    ],
)
def test_json_is_accepted_up_to_the_bounds_of_the_parser(value: bytes) -> None:
    assert parse_body(in_a_new_member(value)).violations == ()


@pytest.mark.parametrize("latitude", [b"9" * 400, b"-" + b"9" * 400, b"1e400", b"50", b"-0.0"])
def test_a_number_outside_the_range_of_a_double_is_accepted(latitude: bytes) -> None:
    content = body(delivery(location={"geolocation": {"latitude": 0}}))
    assert parse_body(content.replace(b'"latitude": 0', b'"latitude": ' + latitude)).violations == ()


def test_a_member_with_its_python_name_is_an_unknown_member() -> None:
    assert parse_body(body(delivery(created_at=3))).violations == ()
    document = delivery()
    document["data"]["event_type"] = document["data"].pop("eventType")
    assert structure(document) == {("$.data.eventType", "required")}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n",
        b"{",
        b"\xff",
        body(delivery()).decode().encode("utf-16"),
        body(delivery()).decode().encode("utf-16-le"),
        body(delivery()).decode().encode("utf-32-be"),
        body(delivery()) + b"\0",
        body(delivery()) * 2,
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":"\\ud800"}',
        b'{"\\udc00":1}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\0"}',
        b'{"a":1,"a":2}',
        in_a_new_member(b'{"a":1,"\\u0061":2}'),
        in_a_new_member(b"9" * 4301),
        in_a_new_member(b"-" + b"9" * 4301),
        in_a_new_member(b"[" * 198 + b"1" + b"]" * 198),
        in_a_new_member(b'{"a":' * 198 + b"1" + b"}" * 198),
        b"[" * 30_000,
    ],
)
def test_invalid_json_is_malformed(content: bytes) -> None:
    with pytest.raises(MalformedBodyError):
        parse_body(content)


@given(st.binary(max_size=200))
def test_random_bytes_raise_only_errors_of_the_package(content: bytes) -> None:
    with pytest.raises(AppointmentsError):
        parse_body(content)


TOKENS = [
    b"",
    b'"',
    b"\\",
    b"{",
    b"]",
    b",",
    b":",
    b"-",
    b"e9",
    b"NaN",
    b"9" * 4301,
    b"\0",
    b"\xff",
    b"\\ud800",
    b"c4n4ry",
]
FULL = SAMPLE.replace(b'"string"', b'"c4n4ry"')


@given(st.integers(0, len(FULL)), st.integers(0, 3), st.sampled_from(TOKENS))
def test_a_damaged_body_is_accepted_or_refused_without_a_quote_of_it(start: int, length: int, token: bytes) -> None:
    try:
        parse_body(FULL[:start] + token + FULL[start + length :])
    except AppointmentsError as error:
        error_text = f"{error!r}{getattr(error, 'violations', '')}{error.__context__!r}"
        assert "c4n4ry" not in error_text


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
def test_any_json_in_any_member_is_accepted_or_refused_with_the_path_of_the_member(member: str, value: Any) -> None:
    try:
        parse_body(
            body(delivery(**{member: value} if member != "id" else {"appointment_id": value})), ContractMode.STRICT
        )
    except ContractError as error:
        assert all(v.path.startswith(f"$.data.appointment.{member}") for v in error.violations)  # noqa: PT017


def test_no_error_and_no_violation_contains_a_value_of_the_body() -> None:
    canary = "c4n4ry"
    document = json.loads(SAMPLE.replace(b'"string"', b'{"c4n4ry":["c4n4ry"]}').replace(b"42.0", b'"c4n4ry"'))
    with pytest.raises(ContractError) as raised:
        parse_body(body(document), ContractMode.STRICT)
    assert canary not in repr(raised.value.violations) + str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


@pytest.mark.parametrize("good", [0, 60])
def test_a_body_with_very_many_violations_is_refused_with_the_first_of_them(good: int) -> None:
    document = delivery(office={})
    (employee, _) = document["data"]["appointment"]["participants"]
    document["data"]["appointment"]["participants"] = [employee] * good + [{"type": "ROBOT"}] * 12_000
    with pytest.raises(ContractError) as raised:
        parse_body(body(document), ContractMode.STRICT)
    found = {(violation.path, violation.rule) for violation in raised.value.violations}
    assert ("$.data.appointment.office.id", "required") in found
    assert len(found) <= 4 * ERRORS
    if not good:
        assert ("$.data.appointment.participants[49].type", "enum") in found


def test_a_byte_order_mark_is_skipped() -> None:
    content = b"\xef\xbb\xbf" + body(delivery())
    assert parse_body(content) == parse_body(body(delivery()))
    with pytest.raises(MalformedBodyError):
        parse_body(b"\xef\xbb\xbf" + content)


@pytest.mark.parametrize("member", ["meetingType", "createdFrom", "status"])
@pytest.mark.parametrize("value", [None, 3, [], {}])
def test_a_value_that_is_not_a_text_violates_the_type_and_not_the_enum(member: str, value: Any) -> None:
    assert structure(delivery(**{member: value})) == {(f"$.data.appointment.{member}", "type")}


@pytest.mark.parametrize("broken", [1_200, 12_000])
def test_the_violation_count_includes_violations_that_are_not_listed(broken: int) -> None:
    answers = [{"answerType": "NEW"}] * broken
    parsed = parse_body(body(delivery(answers=answers)))
    assert parsed.violation_count == broken
    assert 0 < len(parsed.violations) <= ERRORS
