"""What the commands show of a deployment: in-process, with the resources of template.yaml in the embedded AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from click.testing import CliRunner
from moto import mock_aws

from appointments.outcome import Outcome
from appointments.publishing.failures import Cause, Parked
from appointments.storage import items
from appointments.storage.quarantine import QuarantineMetadata
from appointments_cli.commands import tail
from appointments_cli.main import main
from appointments_cli.screen import Screen
from tests.builders import body, delivery
from tests.deployment import BUS, STACK, Deployment, ago

CANARY = "c4n4ry"
API_CALL: Any = vars(BaseClient)["_make_api_call"]
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployment]:
    with mock_aws():
        yield Deployment()


@pytest.fixture
def empty(deployed: Deployment) -> Deployment:
    """The deployment without items, objects and messages."""
    table, key = deployed.table_name, ("pk", "sk")
    for item in deployed.dynamodb.scan(TableName=table)["Items"]:
        deployed.dynamodb.delete_item(TableName=table, Key={name: item[name] for name in key})
    for entry in deployed.s3.list_objects_v2(Bucket=deployed.resources["QuarantineBucket"]).get("Contents", ()):
        deployed.s3.delete_object(Bucket=deployed.resources["QuarantineBucket"], Key=entry["Key"])
    for name in ("PublisherFailureQueue", "BacklogQueue"):
        url = deployed.resources[name]
        deployed.sqs.delete_queue(QueueUrl=url)  # a purge leaves the messages in flight
        deployed.sqs.create_queue(QueueName=url.rpartition("/")[2])
    for group in deployed.log_groups():
        deployed.logs.delete_log_stream(logGroupName=group, logStreamName="1")
        deployed.logs.create_log_stream(logGroupName=group, logStreamName="1")
    return deployed


def sent(number: int, **members: Any) -> dict[str, Any]:
    """The delivery of the hour ``number`` of a day."""
    return delivery(id=f"e-{number}", updated_at=f"2026-03-02T{number:02}:00:00Z", **members)


def person(kind: str, role: str, identity: str, **members: Any) -> dict[str, Any]:
    return {"type": kind, "role": role, kind.lower(): {"id": identity, "status": "ACTIVE", **members}}


# ------------------------------------------------------------------------------------------------ history and show


def test_the_history_tells_who_changed_what_the_newest_first(empty: Deployment) -> None:
    empty.receive(body(sent(9)))
    empty.receive(body(sent(11, event_type="REASSIGN", participants=[person("EMPLOYEE", "PRIMARY", "p-2")])))
    empty.receive(body(sent(10, event_type="RESCHEDULE", start="2026-03-11T09:00:00Z", updatedById="5502")))
    latest, middle, first = empty.records("history", "a-1")
    assert [each["envelopeId"] for each in (latest, middle, first)] == ["e-11", "e-10", "e-9"]
    assert middle["changes"] == [{"path": "start", "from": "2026-03-10T10:00:00+01:00", "to": "2026-03-11T09:00:00Z"}]
    assert middle["by"] == "CUSTOMER 5502 from PLUGIN"
    assert {"path": "EMPLOYEE PRIMARY", "from": "p-1", "to": "p-2"} in latest["changes"]
    assert (middle["marks"], latest["marks"]) == (["stale"], [])


def test_the_history_has_publications_duplicates_deferrals_and_violations(empty: Deployment) -> None:
    empty.receive(body(sent(9, meetingType="HOLOGRAM")), ago(minutes=30))
    empty.log_delivery("deferred", "e-9", "a-1")
    empty.log_delivery("duplicate", "e-9", "a-1")
    empty.log_delivery("duplicate", "e-9", "a-1")
    empty.log_delivery("duplicate", "e-9", "a-2")
    empty.log_publication(("e-8", "a-2"), ("e-9", "a-1"))
    (event,) = empty.records("history", "a-1")
    assert event["marks"] == ["deferred", "1 violation", "2 duplicates"]
    assert event["eventId"] == "eb-e-9"
    assert event["publishedAt"] > event["storedAt"] > event["receivedAt"]


def test_a_history_of_many_events_shows_only_those_that_changed_a_member(empty: Deployment) -> None:
    empty.receive(body(sent(9)))
    empty.receive(body(sent(10, event_type="GENERIC_UPDATE", internalNotes="x")))
    empty.receive(body(sent(11, event_type="REASSIGN", participants=[person("EMPLOYEE", "PRIMARY", "p-2")])))
    assert [each["envelopeId"] for each in empty.records("history", "a-1", "--changed", "employee")] == ["e-11", "e-9"]
    assert [each["envelopeId"] for each in empty.records("history", "a-1", "--changed", "listing")] == []
    noted = [each["envelopeId"] for each in empty.records("history", "a-1", "--changed", "internalnotes")]
    assert noted == ["e-11", "e-10"]
    assert empty.run("history", "a-1", "--changed", "listing").stderr == "nothing found: no event of appointment a-1\n"


def test_a_quarantined_delivery_stands_at_its_time_in_the_history(empty: Deployment) -> None:
    empty.receive(body(sent(9)), "2026-03-02T09:00:01.000000000Z")
    empty.receive(body(sent(11, event_type="CANCEL")), "2026-03-02T11:00:01.000000000Z")
    key = empty.keep(b"{}", "2026-03-02T10:00:00.000000000Z", appointment_id="a-1", envelope_id="e-10")
    empty.keep(b"[]", "2026-03-02T10:00:00.000000000Z", appointment_id="a-2", envelope_id="e-3")
    events = empty.records("history", "a-1")
    assert [each["envelopeId"] for each in events] == ["e-11", "e-10", "e-9"]
    assert events[1]["marks"] == ["quarantined contract"]
    assert events[1]["quarantineKey"] == key


def test_two_hundred_events_are_paged_limited_and_selected_by_time(empty: Deployment) -> None:
    for number in range(200):
        empty.receive(body(delivery(id=f"e-{number}", updated_at=f"2026-03-02T{number // 60:02}:{number % 60:02}:00Z")))
    assert len(empty.records("history", "a-1")) == 200
    answer = empty.run("history", "a-1", "--limit", "3")
    assert len(answer.stdout.splitlines()) == 3
    assert answer.stderr == "3 events of appointment a-1: there are more, give a higher --limit\n"
    selected = empty.records(
        "history", "a-1", "--since", "2026-03-02T01:00", "--until", "2026-03-02T01:10", "--tz", "UTC"
    )
    assert len(selected) == 10


def test_no_command_shows_what_may_be_personal_unless_it_is_revealed(empty: Deployment) -> None:
    people = [person("CUSTOMER", "PRIMARY", "77", firstName=CANARY, email=CANARY, phoneNumber=CANARY)]
    empty.receive(body(sent(9)))
    empty.receive(body(sent(10, participants=people, internalNotes=CANARY, metadata={CANARY: 1}, token=CANARY)))
    for command in (["history", "a-1"], ["show", "a-1"], ["event", "e-10", "--appointment", "a-1"]):
        for more in ([], ["--json"]):
            shown = empty.run(*command, *more).output
            assert "77" in shown or command[0] == "event"
            assert CANARY not in shown
    assert CANARY in empty.run("show", "a-1", "--reveal").stdout
    assert CANARY in empty.run("history", "a-1", "--reveal").stdout


def test_what_was_sent_cannot_control_a_terminal(empty: Deployment) -> None:
    hostile = "\x1b[2J\u202e"
    members = {"event_type": hostile, "status": hostile, hostile: hostile}
    empty.receive(body(sent(9, appointment_id=hostile)))
    empty.receive(body(sent(10, appointment_id=hostile, **members)))
    for command in (["history", hostile], ["show", hostile], ["event", "e-9", "--appointment", hostile]):
        for more in ([], ["--reveal"]) if command[0] != "event" else ([],):
            output = empty.run(*command, *more).output
            assert all(char.isprintable() or char in "\n\t" for char in output)


def test_show_has_the_state_of_the_newest_event(empty: Deployment) -> None:
    empty.receive(body(sent(10, event_type="CANCEL", status="CANCELLED")))
    empty.receive(body(sent(9)))
    (state,) = empty.records("show", "a-1")
    assert (state["status"], state["eventId"], state["office"]) == ("CANCELLED", "e-10", "o-1")
    assert state["people"] == ["EMPLOYEE PRIMARY p-1", "CUSTOMER PRIMARY 7"]
    assert state["appointment"]["subject"] == {"id": "s-1"}


@pytest.mark.parametrize("command", [["history", "a-9"], ["show", "a-9"], ["event", "e-9"], ["raw", "e-9", "--reveal"]])
def test_an_unknown_id_says_what_was_looked_through_and_who_knows_it(empty: Deployment, command: list[str]) -> None:
    answer = empty.run(*command, code=3)
    last = answer.stderr.splitlines()[-1]
    assert f"looked through the table {empty.table_name}, quarantine and the log lines" in last
    assert "neither quarantine nor the backlog knows it" in last
    assert answer.stdout == ""
    empty.log_delivery("deferred", "e-9", "a-9")
    if command[0] == "history":
        return  # it shows what waits
    assert "it was deferred and is not stored: 'appointments backlog status'" in empty.run(*command, code=3).stderr


def test_an_unknown_event_that_is_in_quarantine_is_named_there(empty: Deployment) -> None:
    key = empty.keep(b"{}", "2026-03-02T10:00:00.000000000Z", appointment_id="a-9", envelope_id="e-9")
    assert f"quarantine has {key}" in empty.run("event", "e-9", code=3).stderr
    assert f"quarantine has {key}" in empty.run("show", "a-9", code=3).stderr


# ------------------------------------------------------------------------------------------------ event and raw


def test_an_event_is_found_by_its_log_line_without_a_scan(empty: Deployment) -> None:
    empty.receive(body(sent(9)))
    empty.log_delivery("stored", "e-9", "a-1")
    empty.log_publication(("e-9", "a-1"))
    answer = empty.run("event", "e-9", "--json")
    event = json.loads(answer.stdout)
    assert (event["appointmentId"], event["published"], event["eventIds"]) == ("a-1", "published", ["eb-e-9"])
    assert "whole table" not in answer.stderr


def test_an_event_without_a_log_line_is_found_by_a_scan_that_says_its_cost_first(empty: Deployment) -> None:
    empty.receive(body(sent(9)))
    answer = empty.run("event", "e-9", "--json")
    assert json.loads(answer.stdout)["published"] == "unknown: no log line of the publisher names it"
    assert answer.stderr.startswith("reading the whole table, ")
    assert "read units" in answer.stderr


@pytest.mark.parametrize(("result", "shown"), [("parked", "parked in the failure queue"), ("again", "not yet")])
def test_an_event_that_is_not_published_says_why(empty: Deployment, result: str, shown: str) -> None:
    empty.receive(body(sent(9)))
    empty.log_publication(("e-9", "a-1"), result=result)
    assert shown in empty.records("event", "e-9")[0]["published"]


@pytest.mark.parametrize("size", [100, 2_000_000])
def test_raw_prints_the_exact_bytes_and_only_with_reveal(empty: Deployment, size: int) -> None:
    content = body(sent(9, internalNotes="é" * (size // 2))) + b"\n "
    empty.receive(content)
    assert empty.run("raw", "e-9", "--reveal", "--appointment", "a-1").stdout_bytes == content
    (as_json,) = empty.records("raw", "e-9", "--reveal", "--appointment", "a-1")
    assert as_json == {"appointmentId": "a-1", "envelopeId": "e-9", "body": content.decode()}
    answer = empty.run("raw", "e-9", code=2)
    assert (answer.stdout, "--reveal prints it" in answer.stderr) == ("", True)


# ------------------------------------------------------------------------------------------------ list and count


def fill_offices(deployment: Deployment) -> None:
    for number, (office, status, start) in enumerate(
        [("1", "ACCEPTED", "2026-03-10T23:30:00Z"), ("1", "CANCELLED", "2026-03-11T09:00:00Z"), ("2", "ACCEPTED", None)]
    ):
        people = [
            person("EMPLOYEE", "PRIMARY", "p-1"),
            person("CUSTOMER", "PRIMARY", f"c-{number}"),
            person("CUSTOMER", "SECONDARY", "c-9"),
        ]
        members: dict[str, Any] = {"office": {"id": office}, "start": start, "participants": people}
        deployment.receive(body(delivery(id=f"e-{number}", appointment_id=f"a-{number}", status=status, **members)))


def listed(deployment: Deployment, *arguments: str) -> list[str]:
    return [each["appointmentId"] for each in deployment.records("list", "--tz", "Europe/Brussels", *arguments)]


def test_appointments_are_listed_by_office_employee_customer_status_and_day(empty: Deployment) -> None:
    fill_offices(empty)
    assert listed(empty, "--office", "1") == ["a-1", "a-0"]
    assert listed(empty, "--employee", "p-1") == ["a-1", "a-0"]
    assert listed(empty, "--customer", "c-0") == ["a-0"]
    assert listed(empty, "--office", "1", "--status", "CANCELLED") == ["a-1"]
    assert listed(empty, "--day", "2026-03-11") == ["a-1", "a-0"]
    assert listed(empty, "--office", "1", "--day", "2026-03-10") == []
    assert listed(empty, "--office", "1", "--limit", "1") == ["a-1"]


def test_what_an_index_does_not_hold_is_said_and_found_by_a_scan(empty: Deployment) -> None:
    fill_offices(empty)
    answer = empty.run("list", "--customer", "c-9")
    assert answer.stdout == ""
    assert (
        "not looked for: appointments without a date, and those where the customer is not the primary one"
        in answer.stderr
    )
    assert listed(empty, "--customer", "c-9", "--scan") == ["a-1", "a-0", "a-2"]
    assert listed(empty, "--employee", "p-1", "--status", "ACCEPTED", "--scan") == ["a-0", "a-2"]
    assert "give --office" in empty.run("list", "--status", "ACCEPTED", code=2).stderr


def test_the_appointments_of_a_day_are_counted_without_a_scan_of_the_table(
    empty: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_offices(empty)
    calls: list[Any] = []
    real = API_CALL

    def recorded(self: Any, operation: str, parameters: Any) -> Any:
        calls.append((operation, parameters.get("IndexName")))
        return real(self, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", recorded)
    day = ["--day", "2026-03-11", "--tz", "Europe/Brussels"]
    assert empty.records("count", "--by", "office", *day) == [{"count": 2, "value": "1"}]
    assert empty.records("count", "--by", "employee", *day) == [{"count": 2, "value": "p-1"}]
    by_status = empty.records("count", "--by", "status", *day)
    assert {each["value"]: each["count"] for each in by_status} == {"ACCEPTED": 1, "CANCELLED": 1}
    assert {index for operation, index in calls if operation == "Scan"} == {"OfficeIndex"}


# ------------------------------------------------------------------------------------------------ tail and verify


def test_tail_shows_deliveries_and_publications_and_filters_as_list_does(
    empty: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_offices(empty)
    monkeypatch.setattr(tail, "POLL_SECONDS", 0.0)
    at = datetime.now(UTC) - timedelta(minutes=5)  # within the last ten minutes, whenever this test runs
    for number in range(3):
        empty.log_delivery("stored", f"e-{number}", f"a-{number}", at + timedelta(seconds=number))
    empty.log(
        "webhook",
        {"level": "WARNING", "status": 422, "message": "x", "appointment_id": "a-0"},
        at + timedelta(seconds=8),
    )
    empty.log_publication(("e-0", "a-0"), ("e-2", "a-2"), at=at + timedelta(seconds=9))
    lines = empty.records("tail", "--since", "10m", "--count", "6")
    assert [each["result"] for each in lines] == ["stored"] * 3 + ["refused"] + ["published"] * 2
    filtered = empty.records("tail", "--since", "10m", "--count", "3", "--office", "1")
    assert [each["appointmentId"] for each in filtered] == ["a-0", "a-1", "a-0"]
    starts = ["tail", "--since", "10m", "--tz", "UTC", "--count"]
    of_a_day = empty.records(*starts, "3", "--day", "2026-03-10")
    assert [each["appointmentId"] for each in of_a_day] == ["a-0"] * 3
    assert "is not a day" in empty.run(*starts, "1", "--day", "soon", code=2).stderr


def test_tail_shows_each_line_once_and_ends_at_ctrl_c(empty: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    empty.log_delivery("stored", "e-1", "a-1", now - timedelta(minutes=1))
    polls: list[float] = []

    def wait(seconds: float) -> None:
        polls.append(seconds)
        if len(polls) == 1:
            empty.log_delivery("duplicate", "e-1", "a-1", now)
        if len(polls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", wait)
    answer = empty.run("tail", "--since", "10m")
    assert [line.split("\t")[1] for line in answer.stdout.splitlines()] == ["stored", "duplicate"]
    assert answer.stderr == "2 lines\n"


def stored_then(deployment: Deployment, *envelopes: str) -> None:
    """Store events that are old enough to be published."""
    for envelope in envelopes:
        deployment.receive(body(delivery(id=envelope)))
        deployment.age("a-1", envelope)


def test_verify_passes_if_each_event_was_published_or_is_parked(empty: Deployment) -> None:
    stored_then(empty, "e-1", "e-2")
    empty.log_publication(("e-1", "a-1"))
    empty.log_publication(("e-2", "a-1"), result="parked")
    answer = empty.run("verify", "--since", "1h")
    assert answer.stdout == ""
    assert "2 events stored: 1 parked, 1 published" in answer.stderr
    assert "a delivery that never arrived is in no record of this stack" in answer.stderr


def test_verify_fails_with_the_ids_of_what_is_missing(empty: Deployment) -> None:
    stored_then(empty, "e-1", "e-2", "e-3")
    empty.log_publication(("e-1", "a-1"))
    empty.log_publication(("e-2", "a-1"), result="again")
    records = empty.records("verify", "--since", "1h", code=1)
    assert {each["envelopeId"]: each["state"] for each in records} == {"e-2": "not yet published", "e-3": "missing"}
    advice = "'appointments publish --event ENVELOPE-ID --to everybody'"
    assert advice in empty.run("verify", "--since", "1h", code=1).stderr
    empty.log_publication(("e-3", "a-1"))
    assert advice not in empty.run("verify", "--since", "1h", code=1).stderr, "the publisher tries e-2 again"


def test_verify_counts_what_the_failure_queue_has_as_parked_and_leaves_it_there(empty: Deployment) -> None:
    stored_then(empty, "e-1")
    parked = Parked("APPOINTMENT#a-1", "EVENT#e-1", Cause.REFUSED, "x", "1", "2026-03-02T09:00:00Z")
    url = empty.resources["PublisherFailureQueue"]
    empty.sqs.send_message(QueueUrl=url, MessageBody=parked.body())
    assert "1 event stored: 1 parked" in empty.run("verify", "--since", "1h").stderr
    assert len(empty.sqs.receive_message(QueueUrl=url)["Messages"]) == 1


def test_verify_says_that_another_reader_holds_failures_which_it_cannot_see(empty: Deployment) -> None:
    empty.receive(body(delivery(id="e-1")))
    empty.age("a-1", "e-1")
    queue = empty.resources["PublisherFailureQueue"]
    parked = Parked("APPOINTMENT#a-1", "EVENT#e-1", Cause.REFUSED, "x", "1", "2026-03-02T09:00:00Z")
    empty.sqs.send_message(QueueUrl=queue, MessageBody=parked.body())
    empty.sqs.receive_message(QueueUrl=queue, VisibilityTimeout=60)
    said = empty.run("verify", code=1).stderr
    assert "another reader holds about 1 message of the failure queue: an event that one of them names" in said


def test_verify_counts_the_answers_of_the_api(empty: Deployment) -> None:
    for status in ("202", "202", "401", "429", "503"):
        empty.log("api", {"status": status}, NOW)
    said = empty.run("verify", "--since", "1h").stderr
    assert "2 deliveries were answered with success, 1 with 401, 1 with 429, 1 with 503" in said


# ------------------------------------------------------------------------------------------------ status


def facts() -> dict[str, tuple[str, str]]:
    answer = CliRunner().invoke(main, ["status", "--json", "--stack", STACK])
    records = [json.loads(line) for line in answer.stdout.splitlines()]
    assert answer.exit_code == (1 if any(each["state"] == "wrong" for each in records) else 0)
    return {each["what"]: (each["state"], each["detail"]) for each in records}


def put_metric(service: str, name: str, value: float, at: datetime) -> None:
    datum: Any = {
        "MetricName": name,
        "Value": value,
        "Timestamp": at,
        "Dimensions": [{"Name": "service", "Value": service}],
    }
    boto3.client("cloudwatch").put_metric_data(Namespace=f"Appointments/{STACK}", MetricData=[datum])


@pytest.mark.usefixtures("empty")
def test_status_names_what_fails_silently_and_what_it_cannot_read() -> None:
    found = facts()
    assert found["alarms notify"] == ("wrong", "nobody: set AlarmEmail or AlarmTopicArn")
    assert found["expiry (TTL)"][0] == "wrong"
    assert found["point-in-time recovery"][0] == "wrong"
    assert found["log level"] == ("ok", "INFO")
    assert found["PublisherFunction mapping"][0] == "unknown"
    assert found["quarantine"] == ("ok", "nothing unsettled")
    assert found["PublisherFailureQueue"] == ("ok", "empty")


@pytest.mark.usefixtures("empty")
def test_status_compares_this_hour_with_that_of_last_week_and_stored_with_published() -> None:
    put_metric("webhook", "Accepted", 3, NOW - timedelta(minutes=30))
    put_metric("webhook", "Accepted", 5, NOW - timedelta(days=7, minutes=30))
    put_metric("publisher", "Published", 2, NOW - timedelta(minutes=29))
    put_metric("webhook", "NotStored", 1, NOW - timedelta(minutes=20))
    found = facts()
    assert found["Accepted in 1 h"] == ("ok", "3, same hour last week 5")
    lost = "see docs/operations.md, Deliveries are being lost"
    assert found["NotStored in 1 h"] == ("wrong", f"1, same hour last week 0: {lost}")
    state, detail = found["stored against published"]
    assert (state, detail.partition(":")[0]) == ("wrong", "3 stored until 5 min ago, 2 published, 0 parked in 1 h")
    assert " min ago, " in found["last delivery"][1]


def test_status_shows_failures_quarantine_and_a_backlog(empty: Deployment) -> None:
    empty.sqs.send_message(QueueUrl=empty.resources["PublisherFailureQueue"], MessageBody="x")
    empty.sqs.receive_message(QueueUrl=empty.resources["PublisherFailureQueue"], VisibilityTimeout=60)
    empty.sqs.send_message(QueueUrl=empty.resources["BacklogQueue"], MessageBody="x")
    empty.keep(b"{}", "2026-03-02T10:00:00.000000000Z")
    found = facts()
    assert found["PublisherFailureQueue"][1] == "0 visible, 1 held: see failures list"
    assert found["PublisherFailureQueue"][0] == "wrong"
    assert found["quarantine"] == ("-", "1 (contract)"), "what the object breaks, below the fact itself"
    assert found["backlog"][1].startswith("1 waiting, 0 in flight")


def test_on_a_narrow_terminal_what_to_do_stands_below_the_problem(
    empty: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Screen, "is_terminal", property(lambda screen: not screen.as_json))
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    empty.sqs.send_message(QueueUrl=empty.resources["PublisherFailureQueue"], MessageBody="x")
    lines = empty.run("status", code=1).stdout.splitlines()
    place = lines.index("wrong    PublisherFailureQueue      1 visible, 0 held")
    assert lines[place + 1] == "    see failures list"
    assert max(map(len, lines)) <= 60


@pytest.mark.usefixtures("empty")
def test_status_shows_the_failed_invocations_of_each_rule() -> None:
    boto3.client("events").put_rule(Name="crm", EventBusName=BUS, EventPattern='{"source": ["pexip.engage"]}')
    dimensions: Any = [{"Name": "EventBusName", "Value": BUS}, {"Name": "RuleName", "Value": "crm"}]
    datum: Any = {"MetricName": "FailedInvocations", "Value": 2, "Timestamp": NOW, "Dimensions": dimensions}
    boto3.client("cloudwatch").put_metric_data(Namespace="AWS/Events", MetricData=[datum])
    advice = "see docs/operations.md, Subscribers that receive nothing"
    assert facts()["rule crm"] == ("wrong", f"2 failed invocations in 1 h: {advice}")
    boto3.client("events").delete_rule(Name="crm", EventBusName=BUS)


@pytest.mark.usefixtures("empty")
def test_status_never_calls_fine_what_it_may_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    real = API_CALL

    def denied(self: Any, operation: str, parameters: Any) -> Any:
        if operation in ("DescribeStacks", "ListStackResources"):
            return real(self, operation, parameters)
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)

    monkeypatch.setattr(BaseClient, "_make_api_call", denied)
    states = {what: state for what, (state, _) in facts().items()}
    settings = {"log level", "authentication", "alarms notify"}
    assert {state for what, state in states.items() if what not in settings} == {"unknown"}


# ------------------------------------------------------------------------------------------------ failures


def test_a_second_viewer_of_the_failures_reads_how_many_another_one_holds(empty: Deployment) -> None:
    url = empty.resources["PublisherFailureQueue"]
    for number in range(3):
        parked = Parked("APPOINTMENT#a", f"EVENT#{number}", Cause.REFUSED, "x", "1", "2026-03-02T09:00:00Z")
        empty.sqs.send_message(QueueUrl=url, MessageBody=parked.body())
    empty.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=2, VisibilityTimeout=600)
    answer = empty.run("failures", "list")
    assert len(answer.stdout.splitlines()) == 1
    assert "about 2 more are not shown, because another reader holds them" in answer.stderr
    assert len(empty.sqs.receive_message(QueueUrl=url)["Messages"]) == 1, "the list holds nothing after its end"


def test_a_body_that_conflicts_with_the_table_is_never_called_deliverable(empty: Deployment) -> None:
    empty.receive(body(sent(9)))
    content = body(sent(9, internalNotes="another"))
    empty.quarantine.keep(content, Outcome.CONTRACT, QuarantineMetadata(received_at="2026-03-02T10:00:00.000000000Z"))
    answer = empty.run("quarantine", "redrive", code=1)
    assert answer.stdout.startswith("conflicting-duplicate\t")
    assert "deliverable" not in answer.output


def test_quarantine_is_filtered_by_appointment_grouped_by_path_and_named_by_prefixes(empty: Deployment) -> None:
    first = empty.keep(b"{}", "2026-03-02T10:00:00.000000000Z", appointment_id="a-1")
    second = empty.keep(b"[]", "2026-03-03T10:00:00.000000000Z", appointment_id="a-2")
    assert [each["key"] for each in empty.records("quarantine", "list")] == [second, first]
    assert [each["key"] for each in empty.records("quarantine", "list", "--appointment", "a-1")] == [first]
    (group,) = empty.records("quarantine", "list", "--group-by", "path")
    assert (group["objects"], group["path"]) == (2, "(contract)")
    digest = first.partition("/")[2]
    for prefix in (first, digest, digest[:6], f"contract/{digest[:6]}"):
        assert empty.records("quarantine", "show", prefix)[0]["key"] == first
    both = empty.run("quarantine", "show", "contract/", code=2)
    assert first in both.stderr
    assert second in both.stderr
    assert [each["key"] for each in empty.records("quarantine", "show", first, second)] == [first, second]


def test_nothing_found_is_exit_code_0_an_empty_stdout_and_a_sentence(empty: Deployment) -> None:
    for command in (
        ["list", "--office", "none"],
        ["count", "--by", "office"],
        ["quarantine", "list"],
        ["failures", "list"],
        ["verify", "--since", "1h"],
    ):
        answer = empty.run(*command)
        assert answer.stdout == "", command
        assert answer.stderr


def test_an_item_of_another_writer_is_shown_as_unreadable(empty: Deployment) -> None:
    empty.receive(body(sent(9)))
    key = {"pk": {"S": items.partition_key("a-1")}, "sk": {"S": items.event_sort_key("e-9")}}
    item = empty.dynamodb.get_item(TableName=empty.table_name, Key=key)["Item"]
    empty.dynamodb.put_item(TableName=empty.table_name, Item=item | {"body": {"B": b"x"}})
    assert empty.records("history", "a-1")[0]["marks"] == ["unreadable: error"]
    assert "cannot be read" in empty.run("show", "a-1").stderr
    assert "cannot be read" in empty.run("raw", "e-9", "--appointment", "a-1", "--reveal", code=1).stderr
