"""A command that works through many objects says how far it is: with a bar on a terminal, with lines elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from appointments.publishing.failures import Cause, Parked
from appointments.storage.backlog import Deferred, encode
from appointments_cli import progress
from appointments_cli.main import main
from appointments_cli.reading import table
from local.eventbridge.delivery import deliver_as_eventbridge
from tests.builders import body, delivery
from tests.deployment import STACK, Deployment, ago
from tests.terminals import terminal

EVENTS = 5
COMMANDS: dict[str, tuple[list[str], str]] = {
    "quarantine redrive": (["quarantine", "redrive"], "objects"),
    "failures redrive": (["failures", "redrive", "--yes"], "failures looked up"),
    "backlog redrive": (["backlog", "redrive"], "deliveries"),
    "publish --to queue": (["publish", "--to", "queue:{queue}", "--since", "1h", "--yes"], "events tried"),
    "publish --to everybody": (["publish", "--to", "everybody", "--appointment", "a-1", "--yes"], "events tried"),
    "export": (["export", "--customer", "7"], "bodies of quarantine"),
    "verify": (["verify", "--since", "1h"], "items read"),
}


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployment]:
    deliver_as_eventbridge()
    with mock_aws():
        deployment = Deployment()
        for number in range(EVENTS):
            deployment.receive(body(delivery(id=f"e-{number}", updated_at=f"2026-03-02T0{number}:00:00Z")))
            deployment.keep(f"{number}".encode(), ago(hours=1))
            message = encode(Deferred(body(delivery(id=f"b-{number}")), ago(hours=1)))
            deployment.sqs.send_message(QueueUrl=deployment.resources["BacklogFailureQueue"], MessageBody=message)
        yield deployment


@pytest.fixture
def parked(deployed: Deployment) -> None:
    for number in range(EVENTS):
        message = Parked(
            "APPOINTMENT#a-1", f"EVENT#e-{number}", Cause.REFUSED, "x", str(number), "2026-03-02T09:00:00Z"
        )
        deployed.sqs.send_message(QueueUrl=deployed.resources["PublisherFailureQueue"], MessageBody=message.body())


def arguments_of(deployment: Deployment, name: str) -> tuple[list[str], str]:
    queue = str(deployment.sqs.create_queue(QueueName="subscriber")["QueueUrl"])
    arguments, label = COMMANDS[name]
    return [each.format(queue=queue) for each in arguments], label


@pytest.mark.usefixtures("parked")
@pytest.mark.parametrize("name", COMMANDS)
def test_a_terminal_gets_a_bar_that_is_gone_at_the_end_and_a_pipe_only_the_records(
    deployed: Deployment, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, label = arguments_of(deployed, name)
    with terminal(monkeypatch, "stderr") as shown:
        main.main([*arguments, "--stack", STACK, "--json"], standalone_mode=False)
    text = shown.getvalue().decode()
    assert f"{label} " in text
    assert "\u2501" in text  # a piece of the bar
    assert "\x1b[?25l" not in text  # the cursor is there, also after the process is killed
    assert "\u2501" not in text.rpartition("\x1b[2K")[2]  # the last bar is erased
    for line in capsys.readouterr().out.splitlines():
        assert isinstance(json.loads(line), dict)


@pytest.mark.usefixtures("parked")
@pytest.mark.parametrize("name", COMMANDS)
def test_elsewhere_a_line_follows_now_and_then(
    deployed: Deployment, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments, label = arguments_of(deployed, name)
    monkeypatch.setattr(table, "PROGRESS_ITEMS", 2)

    def often(self: Any, label: str, done: int, total: int | None = None, every: int = 2) -> None:
        show(self, label, done, total, min(every, 2))

    show = progress._Lines.show
    monkeypatch.setattr(progress._Lines, "show", often)
    answer = deployed.invoke(*arguments)
    assert f"... {label}: " in answer.stderr
    assert "\x1b" not in answer.stderr


def test_a_line_comes_after_a_number_of_steps_of_each_label(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.shown() as show:
        for number in range(1, 251):
            show("events", number, 2_500)
        show("others", 100)
        show("others", 101)
    assert capsys.readouterr().err == "... events: 100 of 2,500\n... events: 200 of 2,500\n... others: 100\n"
