"""``appointments erase``: one customer is taken out of every place, nothing comes back, and the receipt proves it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient

from appointments.contract.instants import utc
from appointments.outcome import Outcome
from appointments.reconciliation.judging import Kind, judge
from appointments.storage import items
from appointments.storage.backlog import decode
from appointments.storage.bodies import Bodies
from appointments_cli.erase import journal
from appointments_cli.reading.table import Table
from local.eventbridge.pattern import matches
from tests import erasure
from tests.builders import body, delivery
from tests.deployment import Deployment, ago
from tests.erasure import CANARY, ID, OTHERS, customer, traces
from tests.repairs import engage_appointment, repair, save_repair
from tests.template import DOCUMENT

API_CALL: Any = vars(BaseClient)["_make_api_call"]
READS = ("Get", "Head", "List", "Describe", "Scan", "Query", "Receive", "ChangeMessageVisibility")


@pytest.fixture(params=erasure.STORES)
def deployed(request: pytest.FixtureRequest) -> Iterator[Deployment]:
    with erasure.deployment(request.param) as deployment:
        yield deployment


@pytest.fixture
def moto() -> Iterator[Deployment]:
    """A deployment in moto alone, for what does not depend on the table."""
    with erasure.deployment("moto") as deployment:
        yield deployment


def erase(deployment: Deployment, *arguments: str, code: int = 0) -> Any:
    return deployment.run("erase", "--customer", ID, *arguments, code=code)


def receipt_of(answer: Any) -> dict[str, Any]:
    receipt: dict[str, Any] = json.loads(answer.stdout)
    return receipt


def published(deployment: Deployment) -> list[str]:
    """Return the sort keys of what the filter of the stream lets through to the publisher, from the begin."""
    endpoint = deployment.dynamodb.meta.endpoint_url
    local = endpoint if "127.0.0.1" in endpoint else None
    streams = boto3.client("dynamodbstreams", endpoint_url=local)
    arn = deployment.dynamodb.describe_table(TableName=deployment.table_name)["Table"]["LatestStreamArn"]
    mapping = DOCUMENT["Resources"]["PublisherFunction"]["Properties"]["Events"]
    (mapping,) = [each["Properties"] for each in mapping.values() if each["Type"] == "DynamoDB"]
    patterns = [each["Pattern"] for each in mapping["FilterCriteria"]["Filters"]]
    found = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        where: Any = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator: Any = streams.get_shard_iterator(**where)["ShardIterator"]
        while page := streams.get_records(ShardIterator=iterator)["Records"]:
            found += [each["dynamodb"]["Keys"]["sk"]["S"] for each in page if any(matches(p, each) for p in patterns)]
            where |= {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "SequenceNumber": page[-1]["dynamodb"]["SequenceNumber"],
            }
            iterator = streams.get_shard_iterator(**where)["ShardIterator"]
    return found


def test_a_customer_is_in_no_place_afterwards_and_nothing_comes_back(deployed: Deployment) -> None:
    erasure.fill(deployed)
    before = erasure.everything(deployed)
    mine = {*traces(deployed, CANARY, ID), *(where for where, text in before.items() if "bodyKey" in text)}
    others = {where: text for where, text in before.items() if where not in mine}
    exported = deployed.records("export", "--customer", ID)
    assert {each["source"] for each in exported} == {"current", "event", "quarantine", "backlog"}
    records = published(deployed)

    dry = erase(deployed)
    assert "dry run, nothing is changed without --yes" in dry.stderr
    assert erasure.everything(deployed) == before

    receipt = receipt_of(erase(deployed, "--yes"))
    assert traces(deployed, CANARY, ID) == []
    after = erasure.everything(deployed)
    assert {where: after[where] for where in others} == others, "all else is as it was"
    assert receipt["erased"] == {"current": 5, "event": 8, "backlog": 2, "body": 4, "quarantine": 3}
    assert CANARY not in json.dumps(receipt)
    assert ID not in json.dumps(receipt)
    assert published(deployed) == records, "the publisher sees no update"

    deployed.run("erase", "--prove", receipt["receipt"])
    assert deployed.records("export", "--customer", ID) == []
    assert "nothing found" in erase(deployed, "--yes").stderr

    for name, content in erasure.deliveries().items():
        assert deployed.receive(content).outcome is Outcome.DUPLICATE, name
    assert erasure.everything(deployed) == after
    assert published(deployed) == records
    deployed.run("erase", "--prove", receipt["receipt"])


def test_refused_bodies_that_are_sent_again_bring_nothing_back(deployed: Deployment) -> None:
    refused = {**erasure.refused(), "structure": body(delivery(id="q-5", participants=[customer()], updatedAt=5))}
    for content in refused.values():
        deployed.receive(content)
    assert traces(deployed, CANARY)
    erase(deployed, "--yes")
    after = erasure.everything(deployed)
    for content in (refused["no json"], refused["structure"]):
        assert deployed.receive(content).outcome in (Outcome.MALFORMED, Outcome.CONTRACT)
    assert traces(deployed, CANARY) == []
    assert erasure.everything(deployed) == after


def test_what_waited_is_stored_without_the_customer_and_a_late_copy_is_a_duplicate(deployed: Deployment) -> None:
    erasure.give_up(deployed, *erasure.given_up().values())
    fixed = body(delivery(id="q-6", appointment_id="q", participants=[*OTHERS, customer()], meetingType="TELEPATHY"))
    deployed.keep(fixed, ago(hours=1))
    deployed.keep(erasure.refused()["no json"], ago(hours=1), reason=Outcome.MALFORMED)
    erase(deployed, "--yes")
    assert {each["appointmentId"] for each in deployed.records("backlog", "list")} == {"b"}
    redriven = deployed.records("quarantine", "redrive", "--yes")
    assert {each["outcome"] for each in redriven} == {"erased", "stored"}
    for message in erasure.messages(deployed):
        deferred = decode(message["Body"], Bodies(deployed.s3, deployed.resources["BodiesBucket"]).get)
        assert deferred.erased_at
        assert deployed.receive_deferred(deferred).outcome is Outcome.STORED
    assert traces(deployed, CANARY, ID) == []
    for content in (fixed, *erasure.given_up().values()):
        assert deployed.receive(content).outcome is Outcome.DUPLICATE
    assert traces(deployed, CANARY, ID) == []


class KilledError(BaseException):
    """Ends a command like SIGKILL: nothing in the command handles it."""


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """A function that ends the command after its next write that no command has ended after before."""
    state: dict[str, Any] = {"armed": False, "ended": set()}

    def call(client: Any, operation: str, parameters: Any) -> Any:
        answer = API_CALL(client, operation, parameters)
        write = f"{operation} {parameters.get('Key')} {parameters.get('Item')}"
        if operation.startswith(READS) or not state["armed"] or write in state["ended"]:
            return answer
        state["armed"] = False
        state["ended"].add(write)
        raise KilledError

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    yield lambda: state.update(armed=True)
    state["armed"] = False


@pytest.mark.parametrize("deployed", ["moto", pytest.param("dynamodb-local", marks=pytest.mark.nightly)], indirect=True)
def test_a_command_that_is_killed_after_each_of_its_writes_goes_on_and_ends_with_the_same_receipt(
    deployed: Deployment, kill: Callable[[], None]
) -> None:
    """A write that does not take effect leaves the state of the write before it."""
    deployed.receive(erasure.deliveries()["large"])
    deployed.keep(erasure.refused()["contract"], ago(hours=1))
    erasure.give_up(deployed, erasure.given_up()["message"])
    records = published(deployed)
    killed = 0
    while True:
        kill()
        with suppress(KilledError):
            answer = erase(deployed, "--yes")
            break
        killed += 1
        assert killed < 100
    receipt = receipt_of(answer)
    assert killed > 15
    assert receipt["erased"] == {"current": 1, "event": 1, "backlog": 1, "body": 1, "quarantine": 1}
    assert traces(deployed, CANARY, ID) == []
    assert published(deployed) == records
    deployed.run("erase", "--prove", receipt["receipt"])
    assert "key" not in erased_record(deployed)


def test_a_command_that_is_interrupted_says_that_it_goes_on_and_does(
    moto: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    moto.receive(erasure.deliveries()["secondary"])

    def interrupted(client: Any, operation: str, parameters: Any) -> Any:
        if operation == "UpdateItem":
            raise KeyboardInterrupt
        return API_CALL(client, operation, parameters)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", interrupted)
        answer = erase(moto, "--yes", code=1)
    assert "interrupted, the same command goes on from here" in answer.stderr
    assert answer.stdout.strip() == ""
    assert "an erasure was stopped and goes on" in erase(moto).stderr
    assert receipt_of(erase(moto, "--yes"))["erased"]["event"] == 1
    assert traces(moto, CANARY, ID) == []


def erased_record(deployment: Deployment) -> dict[str, Any]:
    found = deployment.dynamodb.scan(TableName=deployment.table_name, ConsistentRead=True)["Items"]
    (record,) = (item for item in found if "check" in item)
    return dict(record)


def test_a_delivery_that_comes_during_the_erasure_is_not_lost_and_is_erased_too(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.receive(erasure.deliveries()["secondary"])
    newer = body(
        delivery(id="e-9", updated_at="2026-03-09T09:00:00Z", participants=[*OTHERS, customer()], status="NO_SHOW")
    )
    fetch = Table.body
    received: list[Any] = []

    def body_and_delivery(table: Any, event: Any) -> bytes:
        if not received:
            received.append(deployed.receive(newer).outcome)
        return fetch(table, event)

    monkeypatch.setattr(Table, "body", body_and_delivery)
    receipt = receipt_of(erase(deployed, "--yes"))
    assert received == [Outcome.STORED]
    assert receipt["erased"]["event"] == 2
    assert traces(deployed, CANARY, ID) == []
    (current,) = (text for where, text in erasure.everything(deployed).items() if where.endswith(" CURRENT"))
    assert "NO_SHOW" in current


def test_an_object_that_an_event_began_to_need_during_the_erasure_goes_after_the_event_has_another(
    moto: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The webhook puts a large body into the bucket before it stores the event."""
    content = erasure.deliveries()["large"]
    key = Bodies(moto.s3, moto.resources["BodiesBucket"]).put(content)
    received: list[Any] = []

    def intruding(client: Any, operation: str, parameters: Any) -> Any:
        if operation == "PutItem" and not received:
            with monkeypatch.context() as patch:
                patch.setattr(Bodies, "put", lambda *_: key)
                received.append(moto.receive(content).outcome)
        return API_CALL(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", intruding)
    receipt = receipt_of(erase(moto, "--yes"))
    assert received == [Outcome.STORED]
    assert receipt["erased"] == {"current": 1, "event": 1, "backlog": 0, "body": 1, "quarantine": 0}
    assert traces(moto, CANARY, ID) == []
    (event,) = (item for item in scan(moto) if item["sk"]["S"] == "EVENT#large")
    assert items.read_body(event, Bodies(moto.s3, moto.resources["BodiesBucket"]).get)


@pytest.mark.parametrize("place", ["current", "event"])
def test_an_update_of_another_writer_between_read_and_write_is_not_lost(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """The other writer erases another customer of the same appointment."""
    other = customer("SECONDARY", "other", "b3ta")
    deployed.receive(body(delivery(participants=[*OTHERS, customer(), other])))
    interrupted: list[str] = []

    def intruding(client: Any, operation: str, parameters: Any) -> Any:
        sort = "CURRENT" if place == "current" else "EVENT#e-1"
        if operation == "UpdateItem" and parameters["Key"]["sk"]["S"] == sort and not interrupted:
            interrupted.append(place)
            deployed.run("erase", "--customer", "other", "--yes")
        return API_CALL(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", intruding)
    erase(deployed, "--yes")
    assert interrupted
    assert traces(deployed, CANARY, "b3ta") == []


def test_a_state_that_became_newer_in_between_is_not_overwritten(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.receive(erasure.deliveries()["secondary"])
    newer = body(delivery(id="e-9", updated_at="2026-03-09T09:00:00Z", status="NO_SHOW"))
    received: list[Any] = []

    def intruding(client: Any, operation: str, parameters: Any) -> Any:
        if operation == "UpdateItem" and parameters["Key"]["sk"]["S"] == "CURRENT" and not received:
            received.append(deployed.receive(newer).outcome)
        return API_CALL(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", intruding)
    erase(deployed, "--yes")
    assert received == [Outcome.STORED]
    key = items.key("APPOINTMENT#a-1", "CURRENT")
    item = deployed.dynamodb.get_item(TableName=deployed.table_name, Key=key, ConsistentRead=True)["Item"]
    assert (item["eventId"], item["status"], item["customerId"]) == ({"S": "e-9"}, {"S": "NO_SHOW"}, {"S": "7"})


def test_an_event_item_keeps_all_but_the_body_and_a_current_item_its_other_participants(deployed: Deployment) -> None:
    deployed.receive(erasure.deliveries()["secondary"])
    deployed.receive(erasure.deliveries()["integer"])
    found = {item["sk"]["S"] + item["pk"]["S"]: item for item in scan(deployed)}
    erase(deployed, "--yes")
    for item in scan(deployed):
        before = found.get(item["sk"]["S"] + item["pk"]["S"])
        if before is not None and item["sk"]["S"] != "CURRENT":
            assert {**before, "body": item["body"], "erasedAt": item["erasedAt"]} == item
    current = {item["pk"]["S"]: item for item in scan(deployed) if item["sk"]["S"] == "CURRENT"}
    secondary, primary = current["APPOINTMENT#a-1"], current["APPOINTMENT#integer"]
    before = found["CURRENTAPPOINTMENT#a-1"]
    gone = {"M": {"type": {"S": "CUSTOMER"}, "role": {"S": "SECONDARY"}}}
    kept = {name: value for name, value in before.items() if name != "externalId"}
    assert secondary == {**kept, "participants": {"L": [*before["participants"]["L"][:2], gone]}}
    assert "customerId" not in primary, "CustomerIndex does not have the appointment any more"


def scan(deployment: Deployment) -> list[Any]:
    return list(deployment.dynamodb.scan(TableName=deployment.table_name, ConsistentRead=True)["Items"])


def test_a_redacted_body_that_is_still_large_is_a_new_object_and_the_old_one_is_gone(deployed: Deployment) -> None:
    deployed.receive(erasure.deliveries()["large"])
    (old,) = (item["bodyKey"]["S"] for item in scan(deployed) if "bodyKey" in item)
    erase(deployed, "--yes")
    (event,) = (item for item in scan(deployed) if "bodyKey" in item)
    assert event["bodyKey"]["S"] != old
    listed = deployed.s3.list_object_versions(Bucket=deployed.resources["BodiesBucket"])
    assert [each["Key"] for each in listed["Versions"]] == [event["bodyKey"]["S"]]
    assert "DeleteMarkers" not in listed
    load = Bodies(deployed.s3, deployed.resources["BodiesBucket"]).get
    assert json.loads(items.read_body(event, load))["data"]["appointment"]["subject"] == {"id": erasure.NOISE}


def test_an_erased_event_is_neither_published_again_nor_a_failure(moto: Deployment) -> None:
    moto.receive(erasure.deliveries()["secondary"])
    moto.receive(body(delivery(id="e-9", updated_at="2026-03-09T09:00:00Z")))
    erase(moto, "--yes")
    url = moto.sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    parked = erasure.parked("APPOINTMENT#a-1", "EVENT#e-1")
    moto.sqs.send_message(QueueUrl=moto.resources["PublisherFailureQueue"], MessageBody=parked)
    for arguments in (
        ["publish", "--to", "everybody", "--appointment", "a-1"],
        ["publish", "--to", f"queue:{url}", "--appointment", "a-1"],
        ["failures", "redrive", "--appointment", "a-1"],
    ):
        dry = moto.records(*arguments)
        assert [each["result"] for each in dry] == ["erased", "would publish"], arguments
        done = moto.records(*arguments, "--yes")
        assert [each["result"] for each in done] == ["erased", "published"], arguments
    answer = moto.run("failures", "redrive", "--yes")
    assert "1 failure, 1 event: 0 published, 0 failed, 0 not tried, 1 erased; 1 failure deleted" in answer.stderr
    assert moto.records("failures", "list") == []
    (message,) = moto.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert json.loads(message["Body"])["detail"]["metadata"]["id"] == "e-9"
    assert ["erased" in each["marks"] for each in moto.records("history", "a-1")] == [False, True]


def test_a_repair_of_the_vendors_api_is_erased_in_all_its_texts_and_stays_known(deployed: Deployment) -> None:
    person = {
        "role": "SECONDARY",
        "type": "CUSTOMER",
        "participant": {"id": int(ID)},
        "videoUrl": f"https://{CANARY}/v",
    }
    other = {"role": "PRIMARY", "type": "CUSTOMER", "participant": {"id": 8}}
    deployed.receive(erasure.deliveries()["integer"])
    first = deployed.repair(id="r", appointmentParticipants=[other, person], answers=[{"value": CANARY}])
    again = deployed.repair(
        id="integer", updated_at="2026-03-03T09:00:00Z", appointmentParticipants=[other], externalId="deal-7"
    )
    replaced = next(item for item in scan(deployed) if item["sk"]["S"] == f"EVENT#{again}")
    assert ID in replaced["replaced"]["S"]
    receipt = receipt_of(erase(deployed, "--yes"))
    assert receipt["erased"]["event"] == 3
    assert traces(deployed, CANARY, ID) == []
    events = {item["sk"]["S"]: item for item in scan(deployed)}
    assert "erasedAt" in events[f"EVENT#{first}"]
    assert json.loads(events[f"EVENT#{first}"]["appointment"]["S"])["participants"] == [
        {"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": 8}},
        {"type": "CUSTOMER", "role": "SECONDARY", "customer": {"id": "erased"}},
    ]
    members: Any = {"id": "r", "appointmentParticipants": [other, person], "answers": [{"value": CANARY}]}
    assert save_repair(deployed.store, repair(ago(seconds=1), **members)) in (Outcome.DUPLICATE, Outcome.STALE)
    assert traces(deployed, CANARY, ID) == []
    deployed.run("erase", "--prove", receipt["receipt"])


def test_an_erased_state_does_not_differ_from_what_the_vendors_api_says(moto: Deployment) -> None:
    moto.receive(body(delivery(participants=[*OTHERS, customer()])))
    erase(moto, "--yes")
    (current,) = (item for item in scan(moto) if item["sk"]["S"] == "CURRENT")
    people = [(each["type"], each["role"], identity) for each, identity in zip(OTHERS, ("p-1", "7"), strict=True)]
    for left in (ID, "another"):
        participants = [
            {"type": kind, "role": role, "participant": {"id": identity}}
            for kind, role, identity in [*people, ("CUSTOMER", "SECONDARY", left)]
        ]
        answered = engage_appointment(updated_at="2026-03-02T09:00:00Z", appointmentParticipants=participants)
        assert judge("a-1", answered, current, ago(seconds=0)).kind is Kind.SAME


def test_a_quarantined_object_keeps_its_key_its_metadata_and_its_tags(moto: Deployment) -> None:
    content = erasure.refused()["contract"]
    key = moto.keep(content, ago(hours=1), appointment_id="q", envelope_id="q-1")
    bucket = moto.resources["QuarantineBucket"]
    tags: Any = [{"Key": "outcome", "Value": "contract"}, {"Key": "redriven-at", "Value": ago(minutes=5)}]
    moto.s3.put_object_tagging(Bucket=bucket, Key=key, Tagging={"TagSet": tags})
    erase(moto, "--yes")
    (record,) = moto.records("quarantine", "show", key)
    assert (record["appointmentId"], record["outcome"], record["reason"]) == ("q", "contract", "contract")
    assert record["erasedAt"]
    redacted = json.loads(moto.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert redacted["data"]["appointment"]["participants"][:2] == OTHERS


def test_old_versions_in_a_bucket_of_quarantine_that_keeps_them_are_deleted(moto: Deployment) -> None:
    bucket = moto.resources["QuarantineBucket"]
    moto.keep(erasure.refused()["contract"], ago(hours=2))
    moto.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for hours in (2, 1):
        moto.keep(erasure.refused()["contract"], ago(hours=hours))
    moto.keep(erasure.refused()["no json"], ago(hours=1), reason=Outcome.MALFORMED)
    assert len(moto.s3.list_object_versions(Bucket=bucket)["Versions"]) == 4
    erase(moto, "--yes")
    assert traces(moto, CANARY, ID) == []
    assert len(moto.s3.list_object_versions(Bucket=bucket)["Versions"]) == 2


def test_versions_behind_a_delete_marker_and_the_marker_go(moto: Deployment) -> None:
    bucket = moto.resources["BodiesBucket"]
    key = Bodies(moto.s3, bucket).put(erasure.refused()["orphan"])
    moto.s3.delete_object(Bucket=bucket, Key=key)
    assert moto.s3.list_object_versions(Bucket=bucket)["DeleteMarkers"]
    erase(moto, "--yes")
    listed = moto.s3.list_object_versions(Bucket=bucket)
    assert not listed.get("Versions")
    assert not listed.get("DeleteMarkers")


@pytest.mark.parametrize("state", ["visible", "in flight", "delayed"])
def test_nothing_is_erased_while_the_backlog_has_a_delivery(moto: Deployment, state: str) -> None:
    moto.receive(erasure.deliveries()["secondary"])
    url = moto.resources["BacklogQueue"]
    moto.sqs.send_message(QueueUrl=url, MessageBody="waits", DelaySeconds=60 if state == "delayed" else 0)
    if state == "in flight":
        assert moto.sqs.receive_message(QueueUrl=url, VisibilityTimeout=60)["Messages"]
    answer = erase(moto, "--yes", code=1)
    assert "nothing is erased: about 1 deliveries wait in the backlog" in answer.stderr
    assert "--yes refuses to erase" in erase(moto).stderr
    assert traces(moto, CANARY)


def test_a_limit_ends_a_run_and_the_next_one_goes_on_until_there_is_a_receipt(moto: Deployment) -> None:
    erasure.fill(moto)
    runs = 0
    while True:
        answer = erase(moto, "--yes", "--limit", "5")
        if answer.stdout:
            break
        assert "the same command goes on with the others" in answer.stderr
        runs += 1
    assert runs == 4
    assert receipt_of(answer)["erased"] == {"current": 5, "event": 8, "backlog": 2, "body": 4, "quarantine": 3}
    assert traces(moto, CANARY, ID) == []


def test_a_customer_who_is_not_there_is_a_sentence_and_an_empty_output(moto: Deployment) -> None:
    moto.receive(body(delivery()))
    before = erasure.everything(moto)
    for arguments in ([], ["--yes"]):
        answer = erase(moto, *arguments)
        assert answer.stdout == ""
        assert "nothing found: no place of the stack names this customer" in answer.stderr
    assert erasure.everything(moto) == before


def test_an_employee_with_the_same_id_is_not_erased(moto: Deployment) -> None:
    employee = {"type": "EMPLOYEE", "role": "PRIMARY", "employee": {"id": ID, "status": "ACTIVE"}}
    moto.receive(body(delivery(participants=[employee], createdByType="EMPLOYEE", createdById=ID)))
    assert "nothing found" in erase(moto, "--yes").stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "give either --customer or --prove"),
        (["--customer", "1", "--prove", "x"], "give either --customer or --prove"),
        (["--customer", ""], "--customer is empty"),
        (["--customer", "erased"], "stands for customers who are erased"),
        (["--prove", "x"], "--prove needs the id of a receipt"),
    ],
)
def test_a_wrong_command_line_says_what_to_give(moto: Deployment, arguments: list[str], sentence: str) -> None:
    assert sentence in moto.run("erase", *arguments, code=2).stderr


def test_an_unknown_receipt_and_one_with_another_key_are_unknown(moto: Deployment) -> None:
    moto.receive(erasure.deliveries()["secondary"])
    receipt = receipt_of(erase(moto, "--yes"))["receipt"]
    for other in ("0" * 8 + receipt[8:], receipt[:-1] + ("0" if receipt[-1] != "0" else "1")):
        answer = moto.run("erase", "--prove", other, code=3)
        assert "there is no erasure with this receipt id" in answer.stderr


def test_the_proof_fails_when_something_of_the_customer_is_there_again(moto: Deployment) -> None:
    moto.receive(erasure.deliveries()["secondary"])
    receipt = receipt_of(erase(moto, "--yes"))["receipt"]
    moto.run("erase", "--prove", receipt)
    with_token = {"type": "CUSTOMER", "role": "PRIMARY", "token": f"{CANARY}-token-1", "customer": {"id": 8}}
    with_note: Any = {"internalNotes": f"call {CANARY}@example.com"}
    similar = {"firstName": f"{CANARY} firstName", "company": f"{CANARY} company", "id": 8}
    for again in (
        delivery(id="by-id", appointment_id="again", participants=[customer()]),
        delivery(id="by-token", appointment_id="again", participants=[with_token]),
        delivery(id="in-a-text", appointment_id="again", **with_note),
        delivery(id="by-names", appointment_id="again", participants=[{"type": "CUSTOMER", "customer": similar}]),
    ):
        moto.receive(body(again))
        answer = moto.run("erase", "--prove", receipt, code=1)
        assert f"a value is there: event again {again['id']} $." in answer.stderr
        for item in scan(moto):
            if item["pk"]["S"] == "APPOINTMENT#again":
                moto.dynamodb.delete_item(TableName=moto.table_name, Key={name: item[name] for name in ("pk", "sk")})
    text = f'{{"token": "{CANARY}-token-1"'.encode()
    moto.keep(text, ago(hours=1), reason=Outcome.MALFORMED)
    assert "a value is there: quarantine malformed/" in moto.run("erase", "--prove", receipt, code=1).stderr


def test_a_value_that_others_have_too_is_no_part_of_the_proof(moto: Deployment) -> None:
    shared = {"id": 8, "firstName": f"{CANARY} firstName", "phoneNumber": f"{CANARY} phoneNumber 1"}
    mine = customer()
    mine["customer"] |= {"phoneNumber": f"{CANARY} phoneNumber 1"}
    moto.receive(body(delivery(participants=[mine])))
    relative = {"type": "CUSTOMER", "role": "PRIMARY", "customer": shared}
    moto.receive(body(delivery(id="other", appointment_id="other", participants=[relative])))
    answer = erase(moto, "--yes")
    receipt = receipt_of(answer)
    assert receipt["sharedValues"] == 2
    assert "another's too, or the same person under another id: event other other $." in answer.stderr
    moto.run("erase", "--prove", receipt["receipt"])
    assert set(traces(moto, CANARY)) == {"table APPOINTMENT#other CURRENT", "table APPOINTMENT#other EVENT#other"}


def test_what_could_not_be_searched_is_named_counted_and_ends_with_1(moto: Deployment) -> None:
    moto.receive(erasure.deliveries()["secondary"])
    key = moto.keep(b"br", ago(hours=1), content_encoding="br")
    damaged: Any = {"pk": {"S": "APPOINTMENT#a-2"}, "sk": {"S": "EVENT#e-2"}, "body": {"B": b"no gzip"}}
    moto.dynamodb.put_item(TableName=moto.table_name, Item=damaged)
    answer = erase(moto, "--yes", code=1)
    assert f"not searched: the object {key} in quarantine: it is compressed with br" in answer.stderr
    assert "not searched: the body of event e-2 of appointment a-2: error" in answer.stderr
    assert receipt_of(answer)["notSearched"] == 2


def test_there_is_no_receipt_while_somebody_holds_a_given_up_delivery(moto: Deployment) -> None:
    moto.receive(erasure.deliveries()["secondary"])
    erasure.give_up(moto, erasure.given_up()["message"])
    url = moto.resources["BacklogFailureQueue"]
    (held,) = moto.sqs.receive_message(QueueUrl=url, VisibilityTimeout=60)["Messages"]
    answer = erase(moto, "--yes", code=1)
    assert answer.stdout == ""
    assert "run the same command again in a minute" in answer.stderr
    moto.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=held["ReceiptHandle"], VisibilityTimeout=0)
    assert receipt_of(erase(moto, "--yes"))["erased"]["backlog"] == 1
    assert traces(moto, CANARY, ID) == []


def test_a_short_id_in_a_text_is_left_to_a_person(moto: Deployment) -> None:
    """A text that is not JSON can mean anything by 7, and it could only be deleted."""
    key = moto.keep(b'{"order": 7,', ago(hours=1), reason=Outcome.MALFORMED)
    named = moto.keep(b'{"customer": {"id": 7,', ago(hours=2), reason=Outcome.MALFORMED)
    answer = moto.run("erase", "--customer", "7", "--yes", code=1)
    assert f"not searched: the object {key} in quarantine: not JSON, and has the id in its text" in answer.stderr
    assert json.loads(answer.stdout)["erased"]["quarantine"] == 1
    assert moto.s3.get_object(Bucket=moto.resources["QuarantineBucket"], Key=named)["ContentLength"] == 0


def test_the_receipt_says_what_is_left_elsewhere_and_until_when(moto: Deployment) -> None:
    moto.receive(erasure.deliveries()["secondary"])
    receipt = receipt_of(erase(moto, "--yes"))
    finished = datetime.fromisoformat(receipt["finishedAt"])
    left = {each["where"]: each["until"] for each in receipt["leftElsewhere"]}
    assert left["backups of the table (point-in-time recovery)"] == utc((finished + timedelta(days=35)).isoformat())
    assert left["the targets of rules and other consumers: ask each"] is None
    assert receipt["by"].startswith("arn:aws:sts::")
    assert receipt["receipt"] not in str(scan(moto)), "only the receipt has the key"


def test_the_record_in_the_table_says_nothing_about_whom_and_its_digests_expire(
    moto: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "MOST_IN_ITEM", 5)
    moto.receive(erasure.deliveries()["secondary"])
    receipt = receipt_of(erase(moto, "--yes"))
    kept = [item for item in scan(moto) if item["pk"]["S"] == "ERASURE"]
    assert {"key", "customer", "salt"}.isdisjoint(erased_record(moto))
    assert CANARY not in str(kept)
    assert ID not in str(kept)
    assert all(("expiresAt" in item) is ("check" not in item) for item in kept)
    assert len(kept) > 5
    moto.run("erase", "--prove", receipt["receipt"])
    for item in kept:
        if "expiresAt" in item:
            moto.dynamodb.delete_item(TableName=moto.table_name, Key={name: item[name] for name in ("pk", "sk")})
    answer = moto.run("erase", "--prove", receipt["receipt"], code=1)
    assert "the values of this erasure are gone: they are kept for 400 days" in answer.stderr


def test_nothing_that_a_person_sees_before_the_receipt_names_the_customer(moto: Deployment) -> None:
    moto.receive(erasure.deliveries()["secondary"])
    moto.keep(erasure.refused()["no json"], ago(hours=1), reason=Outcome.MALFORMED)
    for arguments in ([], ["--json"], ["--yes"]):
        answer = erase(moto, *arguments)
        assert CANARY not in answer.output
        assert ID not in answer.output
