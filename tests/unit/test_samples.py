"""The files in events/: what they cover, that they are fresh, and the messages that consumers rely on.

Freshness makes the files anew with the generator that wrote them, so it proves no more than that nobody changed one
without the other. What is right is in the committed files: a change of the code that alters one shows in its diff.
The golden files are held against the publisher's code itself, from the committed deliveries.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from appointments.contract.parsing import parse_body
from appointments.errors import ContractError, MalformedBodyError
from appointments.outcome import Outcome
from appointments.publishing.messages import DETAIL_TYPES, EventDetail, message
from appointments.storage import backlog, items
from samples import SAMPLES, Sample
from samples.files import EVENTS, FOLDERS, files, present
from tests.builders import received
from webhook.request import Request

FIXTURES = Path(__file__).parent.parent / "fixtures"
SCHEMA = json.loads((FIXTURES / "contract.schema.json").read_text())
VENDOR_SAMPLE = (FIXTURES / "vendor-sample.json").read_bytes()
MADE = files()
BY_NAME = {sample.name: sample for sample in SAMPLES}
REFUSED = {"invalid": ContractError, "malformed": MalformedBodyError}
SOUND = [sample for sample in SAMPLES if sample.name not in REFUSED]
OWN = [sample for sample in SOUND if sample.name != "vendor-sample"]
GOLDEN = {
    **{f"{detail_type}.v1": kind.lower().replace("_", "-") for kind, detail_type in DETAIL_TYPES.items()},
    "AppointmentUpdated.stale.v1": "stale",
    "AppointmentAccepted.violations.v1": "vendor-sample",
    "AppointmentRescheduled.reference.v1": "reschedule",
}


def named(samples: list[Sample] | tuple[Sample, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sample", samples, ids=lambda sample: sample.name)


def committed(path: str) -> Any:
    return json.loads((EVENTS / path).read_text(encoding="utf-8"))


def unpacked(path: str, content: bytes) -> Any:
    """The content to compare: another zlib packs the same body into other bytes, and that is no difference."""
    if not path.startswith(("stream/", "backlog/")):
        return content
    batch = json.loads(content)
    if path.startswith("backlog/"):
        return [_without_compression(record) for record in batch["Records"]]
    for record in batch["Records"]:
        del record["dynamodb"]["SizeBytes"]
        packed = base64.b64decode(record["dynamodb"]["NewImage"]["body"]["B"])
        if packed.startswith(b"\x1f\x8b"):
            record["dynamodb"]["NewImage"]["body"]["B"] = items.unpack(packed).decode()
    return batch


def _without_compression(record: dict[str, Any]) -> dict[str, Any]:
    """A message of the backlog; its ids and its digest are made of the compressed text."""
    record = {name: value for name, value in record.items() if name not in ("messageId", "receiptHandle", "md5OfBody")}
    if record["body"].startswith("{"):
        record["body"] = backlog.decode(record["body"], load=lambda _: b"")
    return record


# ---------------------------------------------------------------- the files


@pytest.mark.parametrize("path", MADE)
def test_every_file_is_what_the_generator_makes(path: str) -> None:
    there = (EVENTS / path).read_bytes() if path in present() else b'{"Records": []}'
    same = unpacked(path, there) == unpacked(path, MADE[path])
    assert same, f"events/{path} is not what the samples make: run python -m samples, and look at the diff"


def test_nothing_else_is_in_the_folders() -> None:
    assert {path.split("/")[0] for path in MADE} == set(FOLDERS)
    stray = present() - MADE.keys()
    assert not stray, "python -m samples makes all of these folders, and would remove these files"


@named(SAMPLES)
def test_an_api_event_carries_its_delivery(sample: Sample) -> None:
    event = committed(f"webhook/{sample.name}.json")
    request = Request.from_event(event)
    assert request.body == sample.body
    assert request.received_at == sample.received_at
    assert request.headers["authorization"] == f"Bearer {sample.token}"
    assert request.headers["content-length"] == str(len(sample.body))


def test_exactly_one_api_event_is_base64_and_it_holds_more_than_ascii() -> None:
    encoded = [sample for sample in SAMPLES if committed(f"webhook/{sample.name}.json")["isBase64Encoded"]]
    assert [sample.name for sample in encoded] == ["reassign"]
    assert not encoded[0].body.isascii()


@named(SOUND)
def test_a_plain_body_says_the_same_as_the_api_event(sample: Sample) -> None:
    assert committed(f"deliveries/{sample.name}.json") == json.loads(sample.body)


# ---------------------------------------------------------------- what they cover


def test_every_event_type_has_a_sample_of_its_name() -> None:
    for event_type in DETAIL_TYPES:
        sample = BY_NAME[event_type.lower().replace("_", "-")]
        assert parse_body(sample.body).essentials.event_type == event_type
        assert sample.expected_outcome is Outcome.STORED


def test_the_samples_cover_all_statuses_and_both_kinds_and_roles_of_participants() -> None:
    sent = [parse_body(sample.body).document["data"]["appointment"] for sample in OWN if sample.expected_outcome]
    assert {appointment["status"] for appointment in sent} == {
        "ACCEPTED",
        "CANCELLED",
        "COMPLETED",
        "NO_SHOW",
        "INCOMING_REQUEST",
        "OUTGOING_INVITE",
        "ALTERNATIVE_DATE_REQUESTED",
    }
    assert {(p["type"], p["role"]) for appointment in sent for p in appointment["participants"]} == {
        (kind, role) for kind in ("EMPLOYEE", "CUSTOMER") for role in ("PRIMARY", "SECONDARY")
    }
    assert {appointment["meetingType"] for appointment in sent} == {"OFFICE", "ON_LOCATION", "PHONE", "VIDEO"}


@named(OWN)
def test_a_sample_breaks_no_rule_of_ours_and_no_limit_of_the_vendors_schema(sample: Sample) -> None:
    assert parse_body(sample.body).violations == ()
    jsonschema.validate(json.loads(sample.body), SCHEMA)


def test_the_vendors_sample_is_the_vendors_to_the_byte_and_breaks_five_limits() -> None:
    assert BY_NAME["vendor-sample"].body == VENDOR_SAMPLE
    assert (EVENTS / "deliveries" / "vendor-sample.json").read_bytes() == VENDOR_SAMPLE
    assert len(parse_body(VENDOR_SAMPLE).violations) == 5


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_to_be_refused_is(name: str) -> None:
    with pytest.raises(REFUSED[name]):
        parse_body(BY_NAME[name].body)


def test_the_invalid_sample_breaks_rules_of_every_kind_at_different_depths() -> None:
    with pytest.raises(ContractError) as raised:
        parse_body(BY_NAME["invalid"].body)
    assert [(v.path, v.rule) for v in raised.value.violations] == [
        ("$.data.appointment.office.location.geolocation.latitude", "type"),
        ("$.data.appointment.participants[0].employee.availableRoles[1]", "enum"),
        ("$.data.appointment.participants[2].type", "enum"),
        ("$.data.appointment.updatedAt", "format"),
        ("$.data.eventType", "enum"),
        ("$.data.previousAppointment", "required"),
        ("$.version", "type"),
    ]


def test_a_duplicate_is_the_same_to_the_byte_and_a_stale_one_is_older_than_what_came_before() -> None:
    assert BY_NAME["duplicate"].body == BY_NAME["create"].body
    late, before = (parse_body(BY_NAME[name].body).essentials for name in ("stale", "reschedule"))
    assert late.appointment_id == before.appointment_id
    assert late.updated_at < before.updated_at
    assert SAMPLES.index(BY_NAME["stale"]) > SAMPLES.index(BY_NAME["reschedule"])


def test_nothing_in_the_samples_is_anybodys() -> None:
    """Whoever runs the samples sends nothing anywhere: every host is of example.com."""
    text = b"".join(sample.body for sample in OWN).decode()
    hosts = {part.split("/")[0] for part in text.split("https://")[1:]}
    domains = {part.split('"')[0] for part in text.split("@")[1:]}
    assert {host.split(".", 1)[1] for host in hosts} == {"example.com"}
    assert domains == {"example.com", "bank.example.com"}


# ---------------------------------------------------------------- the messages


def test_every_detail_type_has_a_golden_file() -> None:
    assert {path.stem for path in (EVENTS / "eventbridge").iterdir()} == GOLDEN.keys()


@pytest.mark.parametrize("golden", GOLDEN)
def test_consumers_get_what_the_golden_file_says(golden: str) -> None:
    """A difference is a change of the published contract: it needs a new version, or an entry in the changelog."""
    request = Request.from_event(committed(f"webhook/{GOLDEN[golden]}.json"))
    delivery = received(request.body, received_at=request.received_at)
    built = message(
        items.event_item(delivery, stale=".stale." in golden),
        source="pexip.engage",
        event_detail=EventDetail.REFERENCE if ".reference." in golden else EventDetail.FULL,
    )
    sent = {"source": "pexip.engage", "detail-type": built.detail_type, "detail": json.loads(built.detail)}
    assert sent == committed(f"eventbridge/{golden}.json")
    assert built.detail_type == golden.partition(".")[0]
