"""An event is found by any id that a person has of it: the envelope id, EventBridge's id or the correlation id."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from appointments.publishing.failures import Cause, Parked
from appointments_cli import queue_reader
from appointments_cli.reading import whereabouts
from tests.builders import body, delivery
from tests.deployment import Deployment
from tests.integration.test_cli_publish import Subscriber, ids

COMMANDS = {
    "event": ["event"],
    "raw": ["raw", "--reveal"],
    "publish": ["publish", "--to", "everybody", "--event"],
    "failures redrive": ["failures", "redrive", "--event"],
}


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    monkeypatch.setattr(queue_reader, "WAIT_SECONDS", 0)
    with mock_aws():
        deployment = Deployment()
        for envelope in ("e-1", "e-2"):
            deployment.receive(body(delivery(id=envelope, updated_at=f"2026-03-02T09:00:0{envelope[2:]}Z")))
        deployment.log_publication(("e-1", "a-1"))
        yield deployment


def found(deployment: Deployment, command: str, identity: str) -> set[str]:
    return {each["envelopeId"] for each in deployment.records(*COMMANDS[command], identity)}


def test_each_command_that_takes_an_event_finds_it_by_its_id_alone(deployed: Deployment) -> None:
    for command in COMMANDS:
        assert found(deployed, command, "e-1") == {"e-1"}, command
        assert found(deployed, command, "e-2") == {"e-2"}, f"{command}: no log line names it"


def test_each_command_that_takes_an_event_knows_the_id_that_eventbridge_gave(deployed: Deployment) -> None:
    for command, words in COMMANDS.items():
        assert found(deployed, command, "eb-e-1") == {"e-1"}, command
        assert "eb-e-1 belongs to the event e-1\n" in deployed.run(*words, "eb-e-1").stderr


def test_an_id_of_several_events_is_an_error_that_names_them(deployed: Deployment) -> None:
    deployed.log_delivery("stored", "e-1", "a-1")
    assert found(deployed, "event", "c-1") == {"e-1"}
    deployed.log_delivery("stored", "e-2", "a-1")
    for words in COMMANDS.values():
        said = deployed.run(*words, "c-1", code=2).stderr
        assert "c-1 belongs to several events: give one of e-1, e-2" in said, words


def test_an_unknown_event_is_exit_code_3_and_says_which_id_is_meant(deployed: Deployment) -> None:
    for words in COMMANDS.values():
        said = deployed.run(*words, "none", code=3).stderr
        assert f"there is no event none: looked through the table {deployed.table_name}, quarantine" in said, words
        assert "an event is found by detail.metadata.id of its message, which is envelope_id in the log" in said


def test_a_table_that_is_too_large_to_be_searched_is_not_called_searched(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whereabouts, "SCAN_BYTES", -1)
    said = deployed.run("event", "e-2", code=3).stderr
    assert "the table was not searched: --scan reads it" in said
    assert "looked through quarantine and the log lines" in said
    assert found(deployed, "event", "e-1") == {"e-1"}, "its log line names the appointment"
    assert {each["envelopeId"] for each in deployed.records("failures", "redrive", "--event", "e-2", "--scan")} == {
        "e-2"
    }


def test_an_id_of_the_other_kind_is_named_with_the_command_to_run(deployed: Deployment) -> None:
    assert "it is an appointment: 'appointments history a-1'" in deployed.run("event", "a-1", code=3).stderr
    expected = "it is an id of an event of appointment a-1: 'appointments history a-1'"
    for command in (["history", "e-1"], ["show", "e-1"], ["history", "eb-e-1"]):
        assert expected in deployed.run(*command, code=3).stderr


def test_an_event_named_by_its_id_is_redriven_without_the_queue(deployed: Deployment) -> None:
    parked = Parked("APPOINTMENT#a-1", "EVENT#e-2", Cause.REFUSED, "x", "1", "2026-03-02T09:00:00Z")
    queue = deployed.resources["PublisherFailureQueue"]
    deployed.sqs.send_message(QueueUrl=queue, MessageBody=parked.body())
    crm = Subscriber(deployed, "crm", rule=True)
    deployed.run("failures", "redrive", "--event", "e-1", "--yes")
    assert ids(crm.messages()) == ["e-1"]
    assert len(deployed.records("failures", "list")) == 1


def test_an_appointment_without_the_event_is_an_error_that_names_both(deployed: Deployment) -> None:
    for command in (["publish", "--to", "everybody"], ["failures", "redrive"]):
        said = deployed.run(*command, "--appointment", "a-9", code=3).stderr
        assert f"the table {deployed.table_name} has no event of appointment a-9" in said
        said = deployed.run(*command, "--appointment", "a-9", "--event", "e-1", code=3).stderr
        assert "there is no event e-1" in said
        assert "it is an id of an event of appointment a-1" in said
