"""What ``appointments export`` finds of a customer, and what it says about places that it could not search."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from moto import mock_aws

from appointments.storage.backlog import Deferred, encode
from appointments_cli import queue_reader
from appointments_cli.export import person as finding
from tests.builders import body, delivery
from tests.deployment import Deployment, ago

ID = "90418"
CANARY = "c4n4ry"
SECONDARY = {"type": "CUSTOMER", "role": "SECONDARY", "customer": {"id": ID, "firstName": CANARY}}
OTHERS = delivery()["data"]["appointment"]["participants"]
API_CALL: Any = vars(BaseClient)["_make_api_call"]


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployment]:
    with mock_aws():
        yield Deployment()


@pytest.fixture
def others(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """The deployment with one delivery of other people in each place."""
    monkeypatch.setattr(queue_reader, "WAIT_SECONDS", 0)
    for item in deployed.dynamodb.scan(TableName=deployed.table_name)["Items"]:
        deployed.dynamodb.delete_item(TableName=deployed.table_name, Key={"pk": item["pk"], "sk": item["sk"]})
    bucket = boto3.resource("s3").Bucket(deployed.resources["QuarantineBucket"])
    bucket.object_versions.delete()
    for name in ("BacklogFailureQueue", "BacklogQueue"):
        deployed.sqs.delete_queue(QueueUrl=deployed.resources[name])
        deployed.sqs.create_queue(QueueName=deployed.resources[name].rpartition("/")[2])
    deployed.receive(body(delivery(id="other", appointment_id="other")))
    deployed.keep(body(delivery(id="other-2", appointment_id="other")), ago(hours=2))
    give_up(deployed, body(delivery(id="other-3", appointment_id="other")))
    return deployed


def give_up(deployment: Deployment, content: bytes) -> None:
    message = encode(Deferred(content, ago(hours=1)))
    deployment.sqs.send_message(QueueUrl=deployment.resources["BacklogFailureQueue"], MessageBody=message)


def exported(deployment: Deployment, code: int = 0) -> list[dict[str, Any]]:
    return deployment.records("export", "--customer", ID, code=code)


def sources(records: list[dict[str, Any]]) -> list[str]:
    return [record["source"] for record in records]


def test_a_customer_who_is_only_a_secondary_participant_is_found(others: Deployment) -> None:
    document = delivery(participants=[*OTHERS, SECONDARY])
    others.receive(body(document))
    current, event = exported(others)
    assert (current["source"], current["appointmentId"], current["item"]["participantCount"]) == ("current", "a-1", 3)
    assert (event["source"], event["envelopeId"], event["document"]) == ("event", "e-1", document)
    assert event["paths"] == ["$.data.appointment.participants[2].customer"]


def test_a_customer_who_is_only_in_an_undated_invite_is_found(others: Deployment) -> None:
    invite = delivery(event_type="INVITE", status="INVITED", participants=[SECONDARY])
    for name in ("start", "end"):
        del invite["data"]["appointment"][name]
    others.receive(body(invite))
    assert sources(exported(others)) == ["current", "event"]


def test_a_customer_who_is_only_in_a_large_body_in_s3_is_found(others: Deployment) -> None:
    document = delivery(participants=[*OTHERS, SECONDARY], internalNotes="x" * 1_200_000)
    others.receive(body(document))
    key = {"pk": {"S": "APPOINTMENT#a-1"}, "sk": {"S": "EVENT#e-1"}}
    assert "bodyKey" in others.dynamodb.get_item(TableName=others.table_name, Key=key)["Item"]
    _, event = exported(others)
    assert event["document"] == document


def test_a_customer_who_is_only_in_quarantine_is_found(others: Deployment) -> None:
    document = delivery(participants=[SECONDARY], status=None)
    key = others.keep(body(document), ago(hours=1))
    (record,) = exported(others)
    assert (record["source"], record["key"], record["document"]) == ("quarantine", key, document)


def test_a_body_in_quarantine_is_decompressed_and_one_that_is_no_json_is_searched_as_text(others: Deployment) -> None:
    document = delivery(participants=[SECONDARY])
    others.keep(gzip.compress(body(document)), ago(hours=1), content_encoding="gzip")
    cut = body(document)[:-3]
    others.keep(cut, ago(hours=2))
    compressed, text = exported(others)
    assert compressed["document"] == document
    assert text["text"] == cut.decode()


def test_a_customer_who_is_only_in_the_failure_queue_of_the_backlog_is_found(others: Deployment) -> None:
    document = delivery(participants=[SECONDARY])
    give_up(others, body(document))
    (record,) = exported(others)
    assert (record["source"], record["document"]) == ("backlog", document)
    assert sources(exported(others)) == ["backlog"], "the message stays"


def test_a_former_participant_is_in_the_history_and_not_in_the_current_item(others: Deployment) -> None:
    previous = {"participants": [{**SECONDARY, "token": CANARY}]}
    others.receive(body(delivery(event_type="REASSIGN", previous=previous)))
    (event,) = exported(others)
    assert (event["source"], event["paths"]) == ("event", ["$.data.previousAppointment.participants[0].customer"])


def test_the_creator_and_the_updater_are_found_if_they_are_customers(others: Deployment) -> None:
    others.receive(body(delivery(createdById=ID, updatedById=int(ID))))
    others.receive(body(delivery(id="e-2", appointment_id="a-2", createdByType="EMPLOYEE", createdById=ID)))
    current, event = exported(others)
    assert event["paths"] == ["$.data.appointment.createdById", "$.data.appointment.updatedById"]
    assert (current["source"], current["appointmentId"]) == ("current", "a-1"), "the state is that of the event"


def test_a_participant_that_the_bounded_current_item_does_not_name_is_found(others: Deployment) -> None:
    crowd = [{"type": "CUSTOMER", "role": "SECONDARY", "customer": {"id": number}} for number in range(30)]
    others.receive(body(delivery(participants=[*OTHERS, *crowd, SECONDARY])))
    assert sources(exported(others)) == ["current", "event"]


def test_the_newest_record_of_a_place_comes_first(others: Deployment) -> None:
    for day in ("03", "05", "04"):
        updated_at = f"2026-03-{day}T09:00:00Z"
        others.receive(body(delivery(id=f"e-{day}", updated_at=updated_at, participants=[SECONDARY])))
        others.keep(body(delivery(id=f"q-{day}", participants=[SECONDARY])), f"2026-03-{day}T09:00:00.000000000Z")
    records = exported(others)
    assert [each.get("envelopeId") for each in records[1:4]] == ["e-05", "e-04", "e-03"]
    assert [each["document"]["id"] for each in records[4:]] == ["q-05", "q-04", "q-03"]


def test_size_and_price_come_first_and_the_counts_last_and_neither_names_the_customer(others: Deployment) -> None:
    others.receive(body(delivery(participants=[*OTHERS, SECONDARY])))
    answer = others.run("export", "--customer", ID)
    first, *_, last = answer.stderr.splitlines()
    assert first.startswith("reading the whole table, ")
    assert first.endswith(" dollars")
    assert last == "1 current item, 1 event, 0 quarantined bodies, 0 deliveries given up"
    assert ID not in answer.stderr
    assert CANARY in answer.stdout
    assert [json.loads(line)["source"] for line in answer.stdout.splitlines()] == ["current", "event"]


def test_a_customer_of_whom_nothing_is_kept_is_a_sentence_and_an_empty_output(others: Deployment) -> None:
    answer = others.run("export", "--customer", ID)
    assert answer.stdout == ""
    assert "nothing found: no current item, no event, no quarantined body, no delivery given up" in answer.stderr


def test_an_export_changes_nothing(others: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: set[str] = set()

    def record(client: Any, operation: str, parameters: Any) -> Any:
        calls.add(operation)
        return API_CALL(client, operation, parameters)

    others.receive(body(delivery(participants=[SECONDARY], internalNotes="x" * 1_200_000)))
    monkeypatch.setattr(BaseClient, "_make_api_call", record)
    exported(others)
    assert "Scan" in calls
    reads = ("Get", "Head", "List", "Describe", "Scan")
    assert {call for call in calls if not call.startswith(reads)} == {"ReceiveMessage", "ChangeMessageVisibilityBatch"}


def test_what_could_not_be_searched_is_named_and_ends_with_1(others: Deployment) -> None:
    damaged: Any = {"pk": {"S": "APPOINTMENT#a-2"}, "sk": {"S": "EVENT#e-2"}, "body": {"B": b"no gzip"}}
    others.dynamodb.put_item(TableName=others.table_name, Item=damaged)
    key = others.keep(b"br", ago(hours=1), content_encoding="br")
    given_up = others.resources["BacklogFailureQueue"]
    others.sqs.send_message(QueueUrl=given_up, MessageBody=f"what is this, {ID}?")
    others.sqs.send_message(QueueUrl=others.resources["BacklogQueue"], MessageBody="waits")
    answer = others.run("export", "--customer", ID, code=1)
    assert "not searched: the body of event e-2 of appointment a-2: error" in answer.stderr
    assert f"not searched: the object {key} in quarantine: it is compressed with br" in answer.stderr
    assert "of BacklogFailureQueue: UndeliverableError" in answer.stderr
    assert "not searched: about 1 deliveries in BacklogQueue, which wait for the table" in answer.stderr
    assert sources([json.loads(line) for line in answer.stdout.splitlines()]) == ["backlog"]


def test_messages_that_another_reader_holds_are_named(others: Deployment) -> None:
    others.sqs.receive_message(QueueUrl=others.resources["BacklogFailureQueue"], VisibilityTimeout=60)
    answer = others.run("export", "--customer", ID, code=1)
    assert "not searched: about 1 messages of BacklogFailureQueue, which another reader holds" in answer.stderr


@pytest.mark.parametrize(
    "content",
    [
        b'{"customer": {"id": "90418"}, "customer": 1}',
        b'{"customer": {"id": "90418"',
        b"\xff customer=90418",
        b'{"a":90418} trailing',
    ],
)
def test_a_body_that_cannot_be_decoded_whole_is_searched_as_text(content: bytes) -> None:
    found = finding.find(content, ID)
    assert found is not None
    assert found.text == content.decode("utf-8", "backslashreplace")


@pytest.mark.parametrize(
    "content", [b"190418", b"904180", b"a90418", b"90418-1", b'{"id": "90418"}', b'{"note": "90418"}']
)
def test_an_id_inside_another_text_or_of_another_object_is_not_the_customer(content: bytes) -> None:
    assert finding.find(content, ID) is None


@pytest.mark.parametrize(
    "content",
    [
        b'{"customer": {"id": "\\u0039\\u0030418"}}',
        '{"customer": {"id": "90418"}}'.encode("utf-16"),
        b'\xef\xbb\xbf{"customer": {"id": 90418}}',
    ],
    ids=["escaped", "UTF-16", "byte order mark"],
)
def test_an_id_is_found_in_every_form_that_json_allows(content: bytes) -> None:
    found = finding.find(content, ID)
    assert found is not None
    assert found.paths == ["$.customer"]


def test_numbers_that_json_cannot_write_stay_texts() -> None:
    found = finding.find(b'{"customer": {"id": 90418, "a": 1e999, "b": NaN, "c": -Infinity}}', ID)
    assert found is not None
    assert found.document["customer"] == {"id": 90418, "a": "1e999", "b": "NaN", "c": "-Infinity"}


@pytest.mark.parametrize("coding", ["gzip", "deflate", "identity", "", "GZIP"])
def test_a_known_content_coding_is_undone(coding: str) -> None:
    packed = {"gzip": gzip.compress(b"{}"), "deflate": zlib.compress(b"{}")}.get(coding.lower(), b"{}")
    assert finding.decompress(packed, coding) == b"{}"


def test_a_decompression_ends_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MOST_BYTES", 1000)
    assert finding.decompress(gzip.compress(b"x" * 999), "gzip") == b"x" * 999
    for packed in (gzip.compress(b"x" * 1001), gzip.compress(b"xyz")[:-9], b"none"):
        with pytest.raises(finding.UnreadableError):
            finding.decompress(packed, "gzip")
