"""The local stack over HTTP: concurrent, shuffled and repeated deliveries converge, and no content is logged."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from appointments.storage import items
from appointments.storage.backlog import Deferred, encode
from local.aws import BACKLOG_QUEUE, STACK
from local.delivery_log import DeliveryLog, Event
from local.observation import observe
from local.run import post, receive
from local.stack import Options, Stack
from local.template import EMBEDDED, Template
from tests.builders import TOKEN, body, delivery

HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}


@pytest.fixture(scope="module")
def stack(dynamodb_url: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for several tests. Each test has different appointments."""
    log = tmp_path_factory.mktemp("stack") / "functions.log"
    options = Options(port=0, aws_port=0, dynamodb_url=dynamodb_url, table_name=f"stack-{uuid4()}", log=log)
    started = Stack(options)
    address = urlsplit(started.gateway.url)
    with pytest.raises(ConnectionRefusedError):  # the functions may not be ready, so the port is closed
        socket.create_connection((address.hostname or "", address.port or 0), timeout=10)
    with started as running:
        yield running
        running.aws.client("dynamodb").delete_table(TableName=options.table_name)


def test_concurrent_shuffled_and_repeated_deliveries_converge(stack: Stack) -> None:
    times = [f"2026-03-02T09:00:{second:02}Z" for second in range(5)]
    bodies = [
        body(delivery(id=f"e-{a}-{n}", appointment_id=f"converge-{a}", updated_at=times[n // 2]))
        for a in range(6)
        for n in range(10)
    ]
    shuffled = random.Random(11).sample(bodies * 2, 2 * len(bodies))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda content: post(stack.gateway.url, content, HEADERS), shuffled))
    delivery_log = DeliveryLog()
    for content, (status, _) in zip(shuffled, answers, strict=True):
        delivery_log.record(Event.from_body(content), acknowledged=status in (200, 202))
    assert len(delivery_log.acknowledged) == len(bodies)
    outcomes = [answer["outcome"] for _, answer in answers]
    # On a busy machine there are more: the function did not wait for the answer of its commit, and tried again.
    assert outcomes.count("duplicate") >= len(bodies)
    assert {"stored", "stale", "duplicate"} <= set(outcomes) <= {"stored", "stale", "duplicate", "deferred"}
    messages = list(receive(stack, len(bodies)))
    assert list(delivery_log.problems(observe(stack, messages))) == []


def test_no_log_line_and_no_answer_contains_the_content_of_a_delivery(stack: Stack) -> None:
    assert stack.options.log is not None
    document = delivery(
        id="leak",
        appointment_id="leak",
        internalNotes="c4n4ry",
        office={"id": "o", "unknownMember": "c4n4ry"},  # the name of a member is no content, and the publisher logs it
        status={"c4n4ry": 1},
    )
    contents = [
        body(document),
        body(document)[:-9],
        body(document).replace(b'{"c4n4ry": 1}', b'"c4n4ry"'),
    ]
    answers = [post(stack.gateway.url + query, content, HEADERS) for content in contents for query in ("", "?c4n4ry")]
    answers += [post(stack.gateway.url, contents[2], {"authorization": "Bearer c4n4ry"})]
    assert [status for status, _ in answers] == [422, 422, 400, 400, 202, 200, 401]
    receive(stack, 1)
    log = stack.options.log.read_text()
    assert log.count("_aws") >= len(answers)
    assert "c4n4ry" not in log + json.dumps(answers)
    assert TOKEN not in log


def test_only_the_routes_of_the_template_exist(stack: Stack) -> None:
    assert post(stack.gateway.url + "more", body(delivery()), HEADERS)[0] == 404
    assert post(stack.gateway.url, b"x" * (11 * 1024 * 1024), HEADERS)[0] == 413
    assert post(stack.gateway.url, body(delivery()), HEADERS)[0] == 202


def test_a_trailing_slash_of_the_url_is_ignored(stack: Stack) -> None:
    for path, headers, status in (
        ("/", HEADERS, 202),
        ("/", {}, 401),
        (f"/{TOKEN}/", {}, 200),
        ("/wrong/", {}, 401),
        (f"/{TOKEN}/more", {}, 401),
    ):
        assert post(stack.gateway.url + path, body(delivery(id="e-slash")), headers)[0] == status, path


def test_the_table_has_the_keys_indexes_and_stream_of_the_template(stack: Stack) -> None:
    declared = Template().table()
    dynamodb = stack.aws.client("dynamodb")
    table = dynamodb.describe_table(TableName=stack.options.table_name)["Table"]
    assert table["KeySchema"] == declared["KeySchema"]
    indexes = {index["IndexName"]: index for index in table["GlobalSecondaryIndexes"]}
    for index in declared["GlobalSecondaryIndexes"]:
        made = indexes.pop(index["IndexName"])
        assert made["KeySchema"] == index["KeySchema"]
        assert made["Projection"] == index["Projection"]
    assert indexes == {}
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    expiry = dynamodb.describe_time_to_live(TableName=stack.options.table_name)["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": items.TTL_ATTRIBUTE}
    if not stack.options.dynamodb_url:
        backups = dynamodb.describe_continuous_backups(TableName=stack.options.table_name)
        recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


def test_the_embedded_stack_has_the_resources_parameters_and_outputs_of_the_template(stack: Stack) -> None:
    client, document = stack.aws.client("cloudformation"), Template()._document
    resources = client.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    unconditional = {
        name: resource["Type"] for name, resource in document["Resources"].items() if "Condition" not in resource
    }
    assert {each["LogicalResourceId"]: each["ResourceType"] for each in resources} == {
        name: kind for name, kind in unconditional.items() if kind in EMBEDDED
    }
    assert all(each["PhysicalResourceId"] for each in resources)
    (described,) = client.describe_stacks(StackName=STACK)["Stacks"]
    assert {each["ParameterKey"] for each in described["Parameters"]} == document["Parameters"].keys()
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}
    policies = {name for name, kind in unconditional.items() if kind == "AWS::IAM::ManagedPolicy"}  # not embedded
    wanted = {
        name
        for name, output in document["Outputs"].items()
        if output.get("Condition") in (None, "TakesToken") and output["Value"].get("Ref") not in policies
    }
    assert policies
    assert wanted <= outputs.keys()
    assert outputs["WebhookUrl"] == stack.gateway.url
    assert outputs["EventBusName"] == "appointments"
    alarms = stack.aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert len(alarms) == list(unconditional.values()).count("AWS::CloudWatch::Alarm")
    assert {dimension["Value"] for alarm in alarms for dimension in alarm["Dimensions"]} >= {
        "webhook",
        "backlog",
        "local-PublisherFunction",
    }


def test_lines_and_metrics_of_a_function_are_in_cloudwatch_before_its_answer(stack: Stack) -> None:
    logs, cloudwatch = stack.aws.client("logs"), stack.aws.client("cloudwatch")
    resource = {"StackName": STACK, "LogicalResourceId": "WebhookFunctionLogGroup"}
    detail = stack.aws.client("cloudformation").describe_stack_resource(**resource)["StackResourceDetail"]
    metric = {
        "Namespace": f"Appointments/{STACK}",
        "MetricName": "Accepted",
        "Dimensions": [{"Name": "service", "Value": "webhook"}],
    }

    def accepted() -> float:
        times = {"StartTime": datetime.now(UTC) - timedelta(hours=1), "EndTime": datetime.now(UTC) + timedelta(hours=1)}
        points = cloudwatch.get_metric_statistics(**metric, **times, Period=86_400, Statistics=["Sum"])["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    before = accepted()
    assert post(stack.gateway.url, body(delivery(id="seen", appointment_id="seen")), HEADERS)[0] == 202
    events = logs.filter_log_events(logGroupName=detail["PhysicalResourceId"], filterPattern='"seen"')["events"]
    assert [json.loads(event["message"])["envelope_id"] for event in events] == ["seen"]
    assert accepted() == before + 1
    access = stack.aws.client("cloudformation").describe_stack_resource(
        StackName=STACK, LogicalResourceId="WebhookApiLogGroup"
    )["StackResourceDetail"]["PhysicalResourceId"]
    lines = [json.loads(event["message"]) for event in logs.filter_log_events(logGroupName=access)["events"]]
    assert lines[-1]["status"] == "202"
    assert lines[-1]["functionRequestId"] == json.loads(events[0]["message"])["function_request_id"]


def test_a_function_has_the_environment_of_the_template_with_resolved_references(stack: Stack) -> None:
    for name in ("WebhookFunction", "PublisherFunction"):
        environment = stack.aws.environment(name)
        variables = Template().function(name).environment.keys()
        assert variables - environment.keys() == {"AWS_CA_BUNDLE"}  # names a file in a layer
        assert all(isinstance(value, str) for value in environment.values())
    assert stack.aws.environment("WebhookFunction")["TABLE_NAME"] == stack.options.table_name
    assert stack.aws.environment("PublisherFunction")["EVENT_BUS_NAME"] == "appointments"
    assert stack.aws.environment("PublisherFunction")["EVENT_SOURCE"] == "pexip.engage"


def test_an_idle_stack_calls_moto_at_most_twice_a_second(stack: Stack) -> None:
    receive(stack, 0)  # of what other tests published
    calls: list[str] = []
    stack.aws.listeners.append(calls.append)
    begin = time.monotonic()
    time.sleep(3)
    stack.aws.listeners.remove(calls.append)
    assert len(calls) <= 2 * (time.monotonic() - begin)


def test_a_write_to_the_table_or_the_backlog_is_handled_without_a_poll(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    if stack.options.dynamodb_url:
        pytest.skip("another DynamoDB is polled")
    for poller in stack._pollers:
        monkeypatch.setattr(poller, "_pause", 3600)
        poller.wake()
    sqs, backlog = stack.aws.client("sqs"), stack.queue_url(BACKLOG_QUEUE)
    receive(stack, 0)  # of what other tests published
    for name in ("first", "second"):  # the first can come before the pause
        deferred = Deferred(body(delivery(id=name, appointment_id=name)), "2026-03-02T09:00:00.000000000Z")
        sqs.send_message(QueueUrl=backlog, MessageBody=encode(deferred))
        assert [message["detail"]["metadata"]["id"] for message in receive(stack, 1)] == [name]
    monkeypatch.undo()
    for poller in stack._pollers:
        poller.wake()


def test_no_delivery_fails_after_the_processes_are_killed(stack: Stack) -> None:
    if stack.options.dynamodb_url:
        pytest.skip("independent of the store: the test on moto covers it")
    for pid in stack.pools["WebhookFunction"].pids():
        os.kill(pid, signal.SIGKILL)
    contents = [body(delivery(id=f"killed-{n}", appointment_id=f"killed-{n}")) for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda content: post(stack.gateway.url, content, HEADERS), contents))
    assert {status for status, _ in answers} == {202}
