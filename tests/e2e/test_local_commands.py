"""The commands of local/ as processes: make run, make serve and the errors of a start."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.errors import StartError
from local.run import post
from local.settings import serve_options
from local.stack import Stack
from samples import SAMPLES
from tests.builders import body, delivery
from tests.local_command import end, local, read_until
from tests.processes import descendants, memory
from tests.project import ROOT

TOKEN = """it's-a-"token"-of-$HOME"""
FIRST_RUN = ROOT / "docs" / "first-run.md"
BLOCK = re.compile(r"(?<=<!-- make run -->\n```\n).*?(?=\n```)", re.DOTALL)
"""The complete output of make run on that page."""


def run_in_shell(command: str) -> str:
    """Run a command in a shell, as a user who pastes it. Return its output."""
    return subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S602


def hide_unlocked_packages(folder: Path) -> str:
    """Return a PYTHONPATH with which no process can import a package that requirements/run.txt does not have."""

    def canonical(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    lock = (ROOT / "requirements" / "run.txt").read_text()
    locked = {canonical(name) for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)} | {"engage-appointments"}
    hidden = {
        module for module, names in packages_distributions().items() if not locked & {canonical(name) for name in names}
    }
    assert {"pytest", "cfnlint", "mypy"} <= hidden
    (folder / "sitecustomize.py").write_text(
        f"import sys\nHIDDEN = {hidden!r}\n"
        "class Finder:\n"
        "    @staticmethod\n"
        "    def find_spec(name, path=None, target=None):\n"
        "        if name.partition('.')[0] in HIDDEN:\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Finder)\n"
    )
    return str(folder)


def test_make_run_delivers_every_sample_correctly_with_only_its_locked_packages(
    dynamodb_url: str | None, tmp_path: Path
) -> None:
    database = {"AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url} if dynamodb_url else {}
    process = local("run", PYTHONPATH=hide_unlocked_packages(tmp_path), COLUMNS="40", **database)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    lines = [line.rstrip() for line in output.splitlines()]
    first = next(number for number, line in enumerate(lines) if line.startswith("delivered "))
    assert lines[-2].startswith(f"{len(SAMPLES)} deliveries answered")
    assert lines[-2].endswith(": all correct.")
    shown = "\n".join(lines[first:-1])
    page = FIRST_RUN.read_text(encoding="utf-8")
    current = BLOCK.sub(lambda _: shown, page, count=1)
    if os.environ.get("REWRITE_DOCS"):
        FIRST_RUN.write_text(current, encoding="utf-8")
        page = current
    assert shown in current
    assert current == page, "docs/first-run.md shows another output: run this test with REWRITE_DOCS=1"


@contextmanager
def serving() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `make serve` on free ports, with the screen that it shows."""
    process = local(PORT="0", AWS_PORT="0", WEBHOOK_TOKEN=TOKEN)
    screen = read_until(process, "receive-message")
    yield process, screen
    process.terminate()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


@pytest.fixture(scope="module")
def serve() -> Iterator[tuple[subprocess.Popen[str], str]]:
    with serving() as served:
        yield served


@pytest.mark.xdist_group("serve")
def test_a_client_of_any_region_finds_the_table_the_queue_and_the_bus(serve: tuple[subprocess.Popen[str], str]) -> None:
    address = re.search(r"AWS +(http://\S+)", serve[1])
    assert address is not None

    def client(service: str) -> Any:
        return boto3.client(service, region_name="ap-southeast-2", endpoint_url=address[1])  # type: ignore[call-overload]

    assert client("dynamodb").scan(TableName="appointments")["Count"] == 0
    assert client("sqs").get_queue_url(QueueName="events")["QueueUrl"].endswith("/events")
    assert [bus["Name"] for bus in client("events").list_event_buses()["EventBuses"]] == ["default", "appointments"]


@pytest.mark.xdist_group("serve")
def test_make_serve_takes_less_than_500_mb_in_all_its_processes(serve: tuple[subprocess.Popen[str], str]) -> None:
    pid = serve[0].pid
    assert sum(map(memory, [pid, *descendants(pid)])) < 500_000_000


@pytest.mark.xdist_group("serve")
def test_the_printed_commands_work_with_quotes_in_the_token(
    serve: tuple[subprocess.Popen[str], str],
) -> None:
    _, screen = serve
    command = re.search(r"curl -i .*?create\.json", screen, re.DOTALL)
    alternatives = re.search(r"-u (.+), or the address (.+)$", screen, re.MULTILINE)
    assert command is not None
    assert alternatives is not None
    url = re.search(r"webhook +(\S+)", screen)
    assert url is not None
    rest = "-H 'Content-Type: application/json' --data-binary @events/deliveries/create.json"
    commands = [command[0], f"curl -i {url[1]} -u {alternatives[1]} {rest}", f"curl -i {alternatives[2]} {rest}"]
    answers = [_answered(line) for line in commands]
    assert "202 ACCEPTED" in answers[0]
    outcomes = [re.findall(r'"outcome": "(\w+)"', answer) for answer in answers]
    assert outcomes == [["stored"], ["duplicate"], ["duplicate"]]


def _answered(command: str) -> str:
    """Run a command again after a 503, as the sender does: a busy machine cannot always answer within 3 seconds."""
    for _ in range(3):
        answer = run_in_shell(command)
        if "HTTP/1.1 503" not in answer:
            break
    return answer


@pytest.fixture
def serve_reference(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`make serve` in the folder of the test, with messages in reference form."""
    process = local(folder=tmp_path, PORT="0", AWS_PORT="0", WEBHOOK_TOKEN=TOKEN, EVENT_DETAIL="reference")
    read_until(process, "receive-message")
    yield process
    process.terminate()
    process.wait()


def test_make_serve_describes_itself_in_a_file_while_it_runs(
    tmp_path: Path, serve_reference: subprocess.Popen[str]
) -> None:
    file = tmp_path / "build" / "serve.json"
    text = file.read_text()
    assert TOKEN not in text
    described = json.loads(text)
    assert (described["stack"], described["region"], described["dynamodb"]) == ("local", "eu-west-1", None)
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    document = delivery(id="e-shown", appointment_id="shown", internalNotes="not for the bus")
    assert post(described["webhook"], body(document), headers)[0] == 202
    sqs = boto3.client("sqs", endpoint_url=described["aws"], region_name="eu-west-1")
    (message,) = sqs.receive_message(QueueUrl=described["queue"], WaitTimeSeconds=20)["Messages"]
    assert "not for the bus" not in message["Body"]
    output = end(serve_reference, signal.SIGTERM, descendants(serve_reference.pid))
    assert re.findall(r"^\d\d:\d\d:\d\d  (.*)", output, re.MULTILINE) == [
        "webhook  stored  CREATE  appointment shown  event e-shown",
        "publisher  published  appointment shown  event e-shown",
    ]
    assert "_aws" not in output
    assert not file.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_one_signal_ends_make_serve_and_leaves_no_process(number: signal.Signals) -> None:
    with serving() as (process, _):
        processes = descendants(process.pid)
        assert len(processes) >= 4
        end(process, number, processes)


def test_the_first_connection_that_the_port_accepts_is_answered() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = local(PORT=str(port), AWS_PORT="0")
    try:
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.01)
        headers = {"authorization": "Bearer local-token", "content-type": "application/json"}
        status, answer = post(f"http://127.0.0.1:{port}/webhooks/appointments", body(delivery()), headers)
        assert (status, answer["outcome"]) == (202, "stored")
    finally:
        end(process, signal.SIGTERM, descendants(process.pid))


@pytest.fixture(scope="module")
def busy_port() -> Iterator[str]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield str(taken.getsockname()[1])


REASONS = [
    ({"PORT": "abc"}, "PORT is 'abc'. Set it to a number from 0 (any free port) to 65535"),
    ({"PORT": "99999"}, "PORT is '99999'. Set it to a number from 0 (any free port) to 65535"),
    ({"PORT": "0", "AWS_PORT": "-1"}, "AWS_PORT is '-1'. Set it to a number from 0 (any free port) to 65535"),
    ({"WEBHOOK_TOKEN": ""}, "WEBHOOK_TOKEN is empty. Set it to a token, or unset it to use the default"),
    ({"HOST": "no.such.host.invalid", "PORT": "0"}, "HOST is 'no.such.host.invalid'"),
    ({"WEBHOOK_AUTH": "open"}, "WebhookAuth is 'open'. Set it to one of token, signature, none"),
    ({"PORT": "BUSY"}, "Address already in use. Set PORT to another port"),
    ({"PORT": "0", "AWS_PORT": "BUSY"}, "Address already in use. Set AWS_PORT to another port"),
    ({"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1"}, "no DynamoDB answers at http://127.0.0.1:1. Start one"),
    ({"AWS_ENDPOINT_URL_DYNAMODB": "nonsense"}, "no DynamoDB answers at nonsense. Start one"),
]
"""Variables, and the reason why a stack does not start with them."""


def with_ports(variables: dict[str, str], busy_port: str) -> dict[str, str]:
    settings = {name: busy_port if value == "BUSY" else value for name, value in variables.items()}
    return {"PORT": "0", "AWS_PORT": "0", **settings}


@pytest.mark.parametrize(("variables", "message"), REASONS)
def test_a_stack_that_cannot_start_says_the_reason_in_one_line(
    variables: dict[str, str], message: str, busy_port: str
) -> None:
    with pytest.raises(StartError) as error:
        Stack(serve_options(with_ports(variables, busy_port)))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("variables", "message"), [REASONS[0], REASONS[7]])
def test_a_failed_start_prints_the_reason_in_one_line(variables: dict[str, str], message: str, busy_port: str) -> None:
    process = local(**with_ports(variables, busy_port))
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    (line,) = output.splitlines()[1:]
    assert line.startswith("cannot start: ")
    assert message in line
