"""The stack on this machine, over real HTTP: deliveries at once, shuffled and twice converge, and nothing leaks."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from appointments.storage import items
from local.report import Delivered, Result
from local.run import post, receive, scan
from local.stack import Options, Stack
from local.template import Template
from tests.builders import TOKEN, body, delivery

ROOT = Path(__file__).parent.parent.parent
FIRST_RUN = ROOT / "docs" / "first-run.md"
BLOCK = re.compile(r"(?<=<!-- make run -->\n```\n).*?(?=\n```)", re.DOTALL)
"""The complete output of make run on that page."""
HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}


@pytest.fixture(scope="module")
def stack(dynamodb_url: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for several tests, each with appointments of its own."""
    log = tmp_path_factory.mktemp("stack") / "functions.log"
    options = Options(port=0, aws_port=0, dynamodb_url=dynamodb_url, table_name=f"stack-{uuid4()}", log=log)
    with Stack(options) as running:
        yield running
        running.aws.client("dynamodb").delete_table(TableName=options.table_name)


def test_deliveries_at_once_shuffled_and_twice_converge(stack: Stack) -> None:
    times = [f"2026-03-02T09:00:{second:02}Z" for second in range(5)]
    bodies = [
        body(delivery(id=f"e-{a}-{n}", appointment_id=f"converge-{a}", updated_at=times[n // 2]))
        for a in range(6)
        for n in range(10)
    ]
    shuffled = random.Random(11).sample(bodies * 2, 2 * len(bodies))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda content: post(stack.gateway.url, content, HEADERS), shuffled))
    delivered = tuple(
        Delivered(str(number), status, answer.get("outcome"), 0, json.loads(content))
        for number, (content, (status, answer)) in enumerate(zip(shuffled, answers, strict=True))
    )
    outcomes = [one.outcome for one in delivered]
    assert outcomes.count("duplicate") == len(bodies)
    assert set(outcomes) == {"stored", "stale", "duplicate"}
    ours = tuple(item for item in scan(stack) if item["pk"]["S"].startswith("APPOINTMENT#converge-"))
    result = Result(delivered, ours, receive(stack, len(bodies)))
    assert list(result.wrong({one.name: (one.status, one.outcome) for one in delivered})) == []


def test_nothing_that_was_sent_is_in_a_log_line_or_an_answer(stack: Stack) -> None:
    assert stack.options.log is not None
    document = delivery(
        id="leak", appointment_id="leak", internalNotes="c4n4ry", office={"id": "o", "c4n4ry": "c4n4ry"}, start="c4n4ry"
    )
    contents = [
        body(document),
        body(document)[:-9],
        body(document).replace(b'"start": "c4n4ry"', b'"start": "2026-03-10T10:00:00Z"'),
    ]
    answers = [post(stack.gateway.url + query, content, HEADERS) for content in contents for query in ("", "?c4n4ry")]
    answers += [post(stack.gateway.url, contents[2], {"authorization": "Bearer c4n4ry"})]
    assert [status for status, _ in answers] == [422, 422, 400, 400, 202, 200, 401]
    receive(stack, 1)
    log = stack.options.log.read_text()
    assert log.count("_aws") >= len(answers)
    assert "c4n4ry" not in log + json.dumps(answers)
    assert TOKEN not in log


def test_only_the_templates_routes_exist(stack: Stack) -> None:
    for more in ("/", "/more/still", "more"):
        assert post(stack.gateway.url + more, body(delivery()), HEADERS)[0] == 404
    assert post(stack.gateway.url, b"x" * (11 * 1024 * 1024), HEADERS)[0] == 413
    assert post(stack.gateway.url, body(delivery()), HEADERS)[0] == 202


def test_the_table_is_the_templates(stack: Stack) -> None:
    declared = Template().properties("AppointmentsTable")
    dynamodb = stack.aws.client("dynamodb")
    table = dynamodb.describe_table(TableName=stack.options.table_name)["Table"]
    assert table["KeySchema"] == declared["KeySchema"]
    indexes = {index["IndexName"]: index for index in table["GlobalSecondaryIndexes"]}
    for index in declared["GlobalSecondaryIndexes"]:
        made = indexes.pop(index["IndexName"])
        assert made["KeySchema"] == index["KeySchema"]
        assert made["Projection"]["ProjectionType"] == index["Projection"]["ProjectionType"]
        assert set(made["Projection"]["NonKeyAttributes"]) == set(index["Projection"]["NonKeyAttributes"])
    assert indexes == {}
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    expiry = dynamodb.describe_time_to_live(TableName=stack.options.table_name)["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": items.TTL_ATTRIBUTE}


def test_a_function_has_the_environment_of_the_template_with_every_reference_resolved(stack: Stack) -> None:
    for name in ("WebhookFunction", "PublisherFunction"):
        environment = stack.aws.environment(name)
        assert set(Template().function(name).environment) <= environment.keys()
        assert all(isinstance(value, str) for value in environment.values())
    assert stack.aws.environment("WebhookFunction")["TABLE_NAME"] == stack.options.table_name
    assert stack.aws.environment("PublisherFunction")["EVENT_BUS_NAME"] == "appointments"
    assert stack.aws.environment("PublisherFunction")["EVENT_SOURCE"] == "pexip.engage"


def local(*arguments: str, **variables: str) -> subprocess.Popen[str]:
    # A profile that does not exist stands for the settings of whoever starts it: they must have no part in it.
    environment = {**os.environ, "AWS_PROFILE": "no-such-profile", "PYTHONUNBUFFERED": "1", **variables}
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "local", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_make_run_delivers_every_sample_and_finds_all_as_it_should_be(dynamodb_url: str | None) -> None:
    process = local("run", **({"AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url} if dynamodb_url else {}))
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    shown = output[output.index("delivered  ") : output.rindex("The functions' log lines")].rstrip()
    count = len(list((ROOT / "events" / "webhook").glob("*.json")))
    assert shown.splitlines()[-1].startswith(f"{count} deliveries answered")
    assert shown.endswith("all as it should be.")
    page = FIRST_RUN.read_text(encoding="utf-8")
    current = BLOCK.sub(lambda _: shown, page, count=1)
    if os.environ.get("REWRITE_DOCS"):
        FIRST_RUN.write_text(current, encoding="utf-8")
    assert shown in current
    assert current == page, "docs/first-run.md shows another output: run this test with REWRITE_DOCS=1"


@pytest.fixture
def served() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`python -m local` on free ports, and the screen that it shows."""
    process = local(PORT="0", AWS_PORT="0", WEBHOOK_TOKEN="another-token")
    assert process.stdout is not None
    screen = ""
    while "receive-message" not in screen:
        line = process.stdout.readline()
        assert line, screen
        screen += line
    yield process, screen
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_curl_on_the_screen_works_when_pasted(served: tuple[subprocess.Popen[str], str]) -> None:
    command = re.search(r"curl -i .*?create\.json", served[1], re.DOTALL)
    assert command is not None
    answers = [
        subprocess.run(command[0], shell=True, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S602
        for _ in range(2)
    ]
    assert "202 ACCEPTED" in answers[0].stdout
    assert '"outcome": "stored"' in answers[0].stdout
    assert '"outcome": "duplicate"' in answers[1].stdout


def test_whatever_region_a_client_has_it_finds_table_and_queue(served: tuple[subprocess.Popen[str], str]) -> None:
    address = re.search(r"AWS +(http://\S+)", served[1])
    assert address is not None

    def client(service: str) -> Any:
        return boto3.client(service, region_name="ap-southeast-2", endpoint_url=address[1])  # type: ignore[call-overload]

    assert client("dynamodb").scan(TableName="appointments")["Count"] == 0
    assert client("sqs").get_queue_url(QueueName="events")["QueueUrl"].endswith("/events")
    assert [bus["Name"] for bus in client("events").list_event_buses()["EventBuses"]] == ["default", "appointments"]


def test_ctrl_c_ends_it_cleanly_and_leaves_no_process(served: tuple[subprocess.Popen[str], str]) -> None:
    process, _ = served
    children = _children(process.pid)
    assert len(children) >= 5
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert "Traceback" not in process.stdout.read()
    assert process.wait(timeout=20) == 0
    give_up = time.monotonic() + 10
    while any(map(_runs, children)) and time.monotonic() < give_up:
        time.sleep(0.1)
    assert [pid for pid in children if _runs(pid)] == []


def test_a_port_that_is_taken_is_told_in_a_line(served: tuple[subprocess.Popen[str], str]) -> None:
    port = re.search(r"webhook +http://127\.0\.0\.1:(\d+)", served[1])
    assert port is not None
    second = local(PORT=port[1], AWS_PORT="0")
    output, _ = second.communicate(timeout=30)
    assert second.returncode == 1
    assert "Address already in use" in output
    assert "Traceback" not in output


def _children(pid: int) -> list[int]:
    """The processes that this one started, on Linux; elsewhere the test has nothing to look at."""
    folder = Path(f"/proc/{pid}/task/{pid}/children")
    if not folder.exists():
        pytest.skip("children of a process are listed in /proc only")
    return [int(child) for child in folder.read_text().split()]


def _runs(pid: int) -> bool:
    """Whether the process is there and not merely waiting for somebody to collect its exit status."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
