"""The files in events/: they are up to date, they cover the contract, and consumers get the golden messages.

The freshness test runs the generator again. So it only proves that the files and the generator were changed together;
the diff of the committed files shows what a change of the code alters. The golden files are compared with the messages
that the publisher's code makes of the committed deliveries.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from aws_lambda_powertools.utilities.parser.models import EventBridgeModel

from appointments.contract.parsing import parse_body
from appointments.errors import ContractError, MalformedBodyError
from appointments.outcome import Outcome
from appointments.publishing.messages import DETAIL_TYPES, RECONCILED, UNRECOGNIZED, EventDetail, message
from appointments.storage import backlog, items
from samples import SAMPLES, Sample, bus
from samples.files import EVENTS, FOLDERS, files, present
from tests.builders import received
from webhook.request import Request

FIXTURES = Path(__file__).parent.parent / "fixtures"
SCHEMA = json.loads((FIXTURES / "contract.schema.json").read_text())
VENDOR_SAMPLE = (FIXTURES / "vendor-sample.json").read_bytes()
GENERATED = files()
BY_NAME = {sample.name: sample for sample in SAMPLES}
REFUSED = {"invalid": ContractError, "malformed": MalformedBodyError}
ACCEPTED = [sample for sample in SAMPLES if sample.name not in REFUSED]
OWN = [sample for sample in ACCEPTED if sample.name != "vendor-sample"]
GOLDEN = {
    **{f"{detail_type}.v1": kind.lower().replace("_", "-") for kind, detail_type in DETAIL_TYPES.items()},
    "AppointmentUpdated.stale.v1": "stale",
    "AppointmentAccepted.violations.v1": "vendor-sample",
    "AppointmentCancelled.replayed.v1": "cancel",
    "AppointmentRescheduled.reference.v1": "reschedule",
}


def each_sample(samples: list[Sample] | tuple[Sample, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sample", samples, ids=lambda sample: sample.name)


def committed(path: str) -> Any:
    return json.loads((EVENTS / path).read_text(encoding="utf-8"))


def comparable(path: str, content: bytes) -> Any:
    """Return the content without compression, because versions of zlib compress the same body differently."""
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
    """Return a message of the backlog without its ids and its digest, which depend on the compressed text."""
    record = {name: value for name, value in record.items() if name not in ("messageId", "receiptHandle", "md5OfBody")}
    if record["body"].startswith("{"):
        record["body"] = backlog.decode(record["body"], load=lambda _: b"")
    return record


# ---------------------------------------------------------------- the files


@pytest.mark.parametrize("path", GENERATED)
def test_a_file_of_events_is_up_to_date(path: str) -> None:
    committed_bytes = (EVENTS / path).read_bytes() if path in present() else b'{"Records": []}'
    same = comparable(path, committed_bytes) == comparable(path, GENERATED[path])
    assert same, f"events/{path} is not up to date: run make generate, then check the diff"


def test_the_folders_hold_no_other_files() -> None:
    assert {path.split("/")[0] for path in GENERATED} == set(FOLDERS)
    others = present() - GENERATED.keys()
    assert not others, "events/ has files that no generator writes: run make generate, which removes them"


@each_sample(SAMPLES)
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


@each_sample(ACCEPTED)
def test_a_plain_body_equals_the_body_of_the_api_event(sample: Sample) -> None:
    assert committed(f"deliveries/{sample.name}.json") == json.loads(sample.body)


# ---------------------------------------------------------------- coverage


def test_a_subscribers_event_is_a_golden_message_with_the_members_of_eventbridge() -> None:
    files_of_subscribers = [path for path in GENERATED if path.startswith("subscriber/")]
    assert len(files_of_subscribers) == len(bus.golden_messages())
    for path in files_of_subscribers:
        event = committed(path)
        model = EventBridgeModel.model_validate(event)
        assert (model.version, model.account, model.region, model.resources) == ("0", "123456789012", "eu-west-1", [])
        golden = committed(path.replace("subscriber/", "eventbridge/").replace(".json", ".v1.json"))
        assert {name: event[name] for name in golden} == golden
        assert event["id"] != event["detail"]["metadata"]["id"]


def test_every_event_type_has_a_sample_of_its_name() -> None:
    for event_type in DETAIL_TYPES:
        sample = bus.sample_for(event_type)
        assert parse_body(sample.body).essentials.event_type == event_type
        assert sample.expected_outcome is Outcome.STORED


def test_an_event_type_without_a_sample_is_an_error_that_says_what_to_edit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus, "DETAIL_TYPES", {**DETAIL_TYPES, "NO_SHOW_REPORTED": "AppointmentNoShowReported"})
    with pytest.raises(bus.MissingSampleError) as raised:
        files()
    assert str(raised.value) == (
        'eventType NO_SHOW_REPORTED has no sample: add a Sample named "no-show-reported" to SAMPLES in '
        "samples/story.py, then run make generate"
    )


def test_the_samples_cover_all_statuses_and_both_kinds_and_roles_of_participants() -> None:
    appointments = [
        parse_body(sample.body).document["data"]["appointment"] for sample in OWN if sample.expected_outcome
    ]
    assert {appointment["status"] for appointment in appointments} == {
        "ACCEPTED",
        "CANCELLED",
        "COMPLETED",
        "NO_SHOW",
        "INCOMING_REQUEST",
        "OUTGOING_INVITE",
        "ALTERNATIVE_DATE_REQUESTED",
    }
    assert {(p["type"], p["role"]) for appointment in appointments for p in appointment["participants"]} == {
        (kind, role) for kind in ("EMPLOYEE", "CUSTOMER") for role in ("PRIMARY", "SECONDARY")
    }
    assert {appointment["meetingType"] for appointment in appointments} == {"OFFICE", "ON_LOCATION", "PHONE", "VIDEO"}


@each_sample(OWN)
def test_a_sample_breaks_neither_the_models_nor_the_vendors_schema(sample: Sample) -> None:
    assert parse_body(sample.body).violations == ()
    jsonschema.validate(json.loads(sample.body), SCHEMA)


def test_the_vendors_sample_is_the_vendors_to_the_byte_and_breaks_five_limits() -> None:
    assert BY_NAME["vendor-sample"].body == VENDOR_SAMPLE
    assert (EVENTS / "deliveries" / "vendor-sample.json").read_bytes() == VENDOR_SAMPLE
    assert len(parse_body(VENDOR_SAMPLE).violations) == 5


@pytest.mark.parametrize("name", REFUSED)
def test_a_sample_to_be_refused_is_refused(name: str) -> None:
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


def test_the_duplicate_has_the_same_bytes_and_the_stale_sample_is_older_than_its_predecessor() -> None:
    assert BY_NAME["duplicate"].body == BY_NAME["create"].body
    late, before = (parse_body(BY_NAME[name].body).essentials for name in ("stale", "reschedule"))
    assert late.appointment_id == before.appointment_id
    assert late.updated_at < before.updated_at
    assert SAMPLES.index(BY_NAME["stale"]) > SAMPLES.index(BY_NAME["reschedule"])


def test_every_host_and_mail_domain_of_the_samples_is_in_example_com() -> None:
    text = b"".join(sample.body for sample in OWN).decode()
    hosts = {part.split("/")[0] for part in text.split("https://")[1:]}
    domains = {part.split('"')[0] for part in text.split("@")[1:]}
    assert {host.split(".", 1)[1] for host in hosts} == {"example.com"}
    assert domains == {"example.com", "bank.example.com"}


# ---------------------------------------------------------------- the messages


def test_every_detail_type_has_a_golden_file() -> None:
    golden = {path.stem for path in (EVENTS / "eventbridge").iterdir()}
    assert golden == {*GOLDEN, f"{UNRECOGNIZED}.v1", f"{RECONCILED}.v1"}


@pytest.mark.parametrize("golden", GOLDEN)
def test_the_published_message_equals_its_golden_file(golden: str) -> None:
    """A difference changes the published contract, so it needs a new version or an entry in the changelog."""
    request = Request.from_event(committed(f"webhook/{GOLDEN[golden]}.json"))
    delivery = received(request.body, received_at=request.received_at)
    built = message(
        items.event_item(delivery, stale=".stale." in golden),
        source="pexip.engage",
        event_detail=EventDetail.REFERENCE if ".reference." in golden else EventDetail.FULL,
        replay=bus.REPLAY if ".replayed." in golden else None,
    )
    sent = {"source": "pexip.engage", "detail-type": built.detail_type, "detail": json.loads(built.detail)}
    assert sent == committed(f"eventbridge/{golden}.json")
    assert built.detail_type == golden.partition(".")[0]
