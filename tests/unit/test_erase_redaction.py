"""What an erasure takes out of a body, and what it leaves."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from appointments.contract.members import objects
from appointments.contract.mode import ContractMode
from appointments.contract.parsing import parse_body
from appointments.errors import RejectedError
from appointments.reconciliation.engage_appointment import check
from appointments_cli.erase import documents
from appointments_cli.erase.redaction import CAPABILITIES, ERASED, FREE, is_other_person, is_strong, redact
from appointments_cli.export.person import customers, find
from generate.privacy_members import APPOINTMENT, CLASSES, PARTICIPANT
from samples import SAMPLES
from tests.builders import body, delivery
from tests.unit.test_engage_appointment import DOCUMENTED, PERSON

ID = "90418"
CANARY = "c4n4ry"


def persons(document: Any) -> set[str]:
    return {identity for _, identity in customers(document)} - {ERASED}


ERASABLE = [
    pytest.param(sample.body, identity, id=f"{sample.name} {identity}")
    for sample in SAMPLES
    if sample.expected_outcome is not None
    for identity in sorted(persons(json.loads(sample.body)))
]


def customer(role: str = "SECONDARY", identity: Any = ID) -> dict[str, Any]:
    """A participant with a canary in each member of the contract that is personal or a capability."""
    human: dict[str, Any] = {name: f"{CANARY}-{name}" for name in CLASSES["Customer"]["personal"].split()}
    street = {"street1": [{"value": f"{CANARY} street", "language": "nl"}]}
    human |= {"id": identity, "location": {"postalCode": f"{CANARY} 9040", "translations": street}}
    urls = {name: f"https://{CANARY}.example.com/{name}" for name in PARTICIPANT["capability"].split()}
    return {"role": role, "type": "CUSTOMER", "createdAt": "2026-03-02T08:14:07.312Z", "customer": human, **urls}


def test_nothing_of_a_secondary_customer_stays_and_the_others_stay_whole() -> None:
    document: Any = delivery()
    others = copy.deepcopy(document["data"]["appointment"]["participants"])
    document["data"]["appointment"]["participants"] += [customer()]
    redacted = redact(document, ID).document
    assert CANARY not in json.dumps(redacted)
    *left, erased = redacted["data"]["appointment"]["participants"]
    assert left == others
    assert erased == {"role": "SECONDARY", "type": "CUSTOMER", "customer": {"id": ERASED}}


@pytest.mark.parametrize("name", sorted(set(APPOINTMENT["personal"].split()) - {"start", "end"}))
def test_a_personal_member_of_an_appointment_becomes_null(name: str) -> None:
    """Nothing says of which customer it tells. Times stay: they are those of the others too."""
    values: Any = {name: f"{CANARY} 1", "createdById": ID, "updatedById": ID}
    values |= {name: {CANARY: CANARY}} if name in ("metadata", "callbackRequest") else {}
    redacted = redact(delivery(participants=[customer()], **values), ID).document
    assert redacted["data"]["appointment"][name] is None


def test_every_member_of_the_contract_that_is_personal_has_a_rule() -> None:
    """A new personal member of an appointment, or a new capability, must be erased."""
    by_rule = FREE | {"createdById", "updatedById", "start", "end"}
    assert set(APPOINTMENT["personal"].split()) <= by_rule
    assert set(CLASSES["Data"]["personal"].split()) <= by_rule
    assert set(CLASSES["PreviousAppointment"]["personal"].split()) <= by_rule
    assert {name for each in CLASSES.values() for name in each.get("capability", "").split()} - {
        "staticVideoUrl"
    } == CAPABILITIES


def test_an_answer_keeps_its_question_and_loses_its_value() -> None:
    answer = {
        "id": "6001",
        "question": {"id": "4011", "translations": {"label": [{"value": "Which amount?", "language": "en"}]}},
        "answerType": "SUBJECT_QUESTIONNAIRE",
        "value": CANARY,
        "selectedAnswerOptions": [{"id": "40113", "externalId": CANARY, "value": CANARY}],
        "files": [CANARY],
    }
    redacted = redact(delivery(participants=[customer()], answers=[answer]), ID).document
    emptied = dict.fromkeys(("value", "selectedAnswerOptions", "files"))
    assert redacted["data"]["appointment"]["answers"] == [{**answer, **emptied}]


def test_a_former_participant_and_the_message_go_and_the_appointment_of_others_stays() -> None:
    document = delivery(previous={"status": "ACCEPTED", "participants": [customer()], "location": {"city": CANARY}})
    document["data"]["message"] = CANARY
    before = copy.deepcopy(document)
    redacted = redact(document, ID).document
    assert CANARY not in json.dumps(redacted)
    assert redacted["data"]["appointment"] == before["data"]["appointment"]
    assert document["data"]["message"] == CANARY, "the document that was given does not change"


@pytest.mark.parametrize("kind", ["CUSTOMER", "EMPLOYEE", "OTHER"])
def test_a_creator_goes_only_if_it_is_the_customer(kind: str) -> None:
    document = delivery(createdByType=kind, createdById=ID, participants=[customer()])
    assert redact(document, ID).document["data"]["appointment"]["createdById"] == (None if kind == "CUSTOMER" else ID)


def test_a_value_of_the_customer_goes_from_members_that_the_contract_does_not_know() -> None:
    document = delivery(
        participants=[customer()],
        joinUrl=f"https://x/?t=https://{CANARY}.example.com/token",
        summary={"for": [f"{CANARY}-firstName", "the branch"]},
        amount=1.50,
    )
    appointment = redact(document, ID).document["data"]["appointment"]
    assert appointment["joinUrl"] == ERASED
    assert appointment["summary"] == {"for": [ERASED, "the branch"]}
    assert appointment["amount"] == 1.5


def test_a_url_that_all_participants_share_stays_with_the_others() -> None:
    shared = "https://meet.example.com/room-4711"
    employee = {"type": "EMPLOYEE", "role": "PRIMARY", "videoUrl": shared, "employee": {"id": "p-1"}}
    redacted = redact(delivery(participants=[employee, customer() | {"videoUrl": shared}]), ID).document
    assert redacted["data"]["appointment"]["participants"][0] == employee


@pytest.mark.parametrize("kind", [None, "customer", 5, ["CUSTOMER"]])
def test_a_participant_whose_type_breaks_the_contract_goes_too(kind: Any) -> None:
    redacted = redact(delivery(participants=[customer() | {"type": kind}]), ID).document
    assert CANARY not in json.dumps(redacted)
    assert not find(body(redacted), ID)


def test_an_employee_with_the_id_of_the_customer_stays() -> None:
    document = delivery(participants=[{"type": "EMPLOYEE", "role": "PRIMARY", "employee": {"id": ID}}, customer()])
    redacted = redact(document, ID).document
    assert redacted["data"]["appointment"]["participants"][0]["employee"] == {"id": ID}


def test_a_customer_who_is_mentioned_by_another_participant_goes() -> None:
    other = {
        "type": "CUSTOMER",
        "role": "PRIMARY",
        "customer": {"id": 7, "firstName": "Jo", "partner": {"customerId": ID}},
    }
    redacted = redact(delivery(participants=[other]), ID).document
    mentioned = redacted["data"]["appointment"]["participants"][0]["customer"]
    assert mentioned == {"id": 7, "firstName": "Jo", "partner": {"customerId": ERASED}}


def test_a_body_of_the_vendors_api_is_redacted_and_keeps_its_shape() -> None:
    document: Any = copy.deepcopy(DOCUMENTED)
    video = {"videoUrl": f"https://{CANARY}/v", "videoTestUrl": f"https://{CANARY}/t"}
    document["appointmentParticipants"][1] |= video
    document["answers"] = [{"value": CANARY}]
    assert find(body(document), "7") is not None
    redacted = redact(document, "7").document
    assert redacted["appointmentParticipants"] == [
        PERSON,
        {"role": "SECONDARY", "type": "CUSTOMER", "participant": {"id": ERASED}},
    ]
    assert CANARY not in json.dumps(redacted)
    assert (redacted["start"], redacted["office"], redacted["status"]) == tuple(
        DOCUMENTED[name] for name in ("start", "office", "status")
    )
    assert find(body(redacted), "7") is None
    check(redacted)


@pytest.mark.parametrize(("content", "identity"), ERASABLE)
def test_a_redacted_sample_breaks_no_rule_that_it_did_not_break_before(content: bytes, identity: str) -> None:
    redacted = documents.encode(redact(documents.decode(content), identity).document)
    before, after = (parse_body(each, ContractMode.TOLERANT).violations for each in (content, redacted))
    assert {(each.path, each.rule) for each in after} <= {(each.path, each.rule) for each in before}
    assert find(redacted, identity) is None
    assert persons(json.loads(redacted)) == persons(json.loads(content)) - {identity}


@pytest.mark.parametrize(("content", "identity"), ERASABLE)
def test_no_capability_and_no_name_of_the_customer_is_left_in_a_sample(content: bytes, identity: str) -> None:
    redaction = redact(documents.decode(content), identity)
    left = " ".join(text for _, text in documents.leaves(redaction.document))
    participants = [
        each
        for name in ("appointment", "previousAppointment")
        for each in objects((json.loads(content)["data"][name] or {}).get("participants"))
    ]
    mine = [each for each in participants if str((each.get("customer") or {}).get("id")) == identity]
    tokens = {str(each[name]) for each in mine for name in CAPABILITIES if each.get(name) not in (None, "string")}
    assert tokens <= redaction.values
    assert not [token for token in tokens if token in left]


NAMES = ["customer", "participant", "participants", "id", "type", "role", "customerId", "createdById", "createdByType"]
NAMES += ["office", "answers", "value", "token", "appointment", "data", "externalId", "unknown"]
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from([ID, CANARY, "x"])
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=5,
        )
        | st.builds(lambda each: {"customer": {"id": ID}, **each}, st.dictionaries(st.just("role"), inner))
        | st.sampled_from(["CUSTOMER", "EMPLOYEE"]).map(
            lambda kind: {"type": kind, "id": ID, "participant": {"id": ID}}
        )
    ),
    max_leaves=25,
)


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(document=values)
def test_no_document_names_the_customer_after_its_redaction_and_a_second_one_changes_nothing(document: Any) -> None:
    redacted = redact(document, ID).document
    assert not find(body(redacted), ID)
    assert redact(redacted, ID).document == redacted


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(document=values)
def test_another_participant_without_a_mention_is_never_changed(document: Any) -> None:
    other = {"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": 7, "notes": "x"}, "token": "of another"}
    assume(not isinstance(document, dict) or "participants" not in document)
    whole = {"data": {"appointment": {"participants": [other, customer()], "unknown": document}}}
    assert redact(whole, ID).document["data"]["appointment"]["participants"][0] == other


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(
    participants=st.lists(st.sampled_from(["PRIMARY", "SECONDARY"]).map(customer), min_size=1, max_size=3),
    former=st.booleans(),
    event_type=st.sampled_from(["CREATE", "REASSIGN", "CANCEL"]),
)
def test_no_canary_survives_in_any_form_of_a_delivery(participants: Any, former: bool, event_type: str) -> None:
    previous = {"status": "ACCEPTED", "participants": participants} if former else None
    document = delivery(event_type=event_type, previous=previous, **({} if former else {"participants": participants}))
    redaction = redact(document, ID)
    assert CANARY not in json.dumps(redaction.document)
    assert {f"{CANARY}-email", f"https://{CANARY}.example.com/cancelUrl"} <= redaction.values
    try:
        parse_body(body(redaction.document), ContractMode.STRICT)
    except RejectedError as error:
        raise AssertionError(error.violations) from None


@pytest.mark.parametrize("literal", ["1.10", "1e400", "-0", "123456789012345678901234567890", "1.0"])
def test_a_number_keeps_its_notation(literal: str) -> None:
    content = f'{{"customer":{{"id":"90418"}},"amount":{literal},"é":"é"}}'.encode()
    redacted = documents.encode(redact(documents.decode(content), ID).document)
    assert redacted == f'{{"customer":{{"id":"erased"}},"amount":{literal},"é":"é"}}'.encode()


def test_a_refused_body_with_a_lone_surrogate_is_encoded_with_escapes() -> None:
    content = b'{"customer":{"id":"90418"},"text":"\\udead","amount":1.10}'
    redacted = documents.encode(redact(documents.decode(content), ID).document)
    assert redacted == b'{"customer":{"id":"erased"},"text":"\\udead","amount":1.10}'


def test_a_name_that_an_object_has_twice_is_no_document() -> None:
    with pytest.raises(ValueError, match="twice"):
        documents.decode(b'{"a": 1, "a": 2}')


@pytest.mark.parametrize(
    ("value", "strong"),
    [
        ("Lotte", False),
        ("lotte@example.com", True),
        ("tok-48101", True),
        ("SW1A1AA", False),
        ("Gent", False),
        ("abcdefghijklmnop", True),
    ],
)
def test_only_a_distinctive_value_is_searched_inside_other_texts(value: str, strong: bool) -> None:
    assert is_strong(value) is strong


@pytest.mark.parametrize(
    ("owner", "is_person"),
    [
        ({"type": "EMPLOYEE", "employee": {"id": 1}}, True),
        ({"role": "PRIMARY", "participant": {"id": 1}}, True),
        ({"type": ["EMPLOYEE"], "id": 1}, False),
        ({"id": 1, "status": "ACCEPTED"}, False),
    ],
)
def test_a_participant_is_known_by_its_type_or_role(owner: Any, is_person: bool) -> None:
    assert is_other_person(owner) is is_person
