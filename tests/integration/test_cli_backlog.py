"""``appointments backlog``: what waits for the table, and what was given up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from appointments.storage.backlog import Deferred, encode
from tests.builders import body, delivery
from tests.deployment import Deployment

RECEIVED = "2026-03-02T09:00:00.000000000Z"


@pytest.fixture
def deployed() -> Iterator[Deployment]:
    with mock_aws():
        yield Deployment()


def give_up(deployment: Deployment, *envelopes: str) -> None:
    for envelope in envelopes:
        message = encode(Deferred(body(delivery(id=envelope, internalNotes="c4n4ry")), RECEIVED))
        deployment.sqs.send_message(QueueUrl=deployment.resources["BacklogFailureQueue"], MessageBody=message)


def waiting(deployment: Deployment, queue: str) -> int:
    return len(
        deployment.sqs.receive_message(
            QueueUrl=deployment.resources[queue], MaxNumberOfMessages=10, VisibilityTimeout=0
        ).get("Messages", [])
    )


def test_the_status_counts_both_queues_and_fails_if_a_delivery_was_given_up(deployed: Deployment) -> None:
    deployed.sqs.send_message(QueueUrl=deployed.resources["BacklogQueue"], MessageBody="x")
    counts = {each["queue"]: each["waiting"] for each in deployed.records("backlog", "status")}
    assert counts == {"BacklogQueue": 1, "BacklogFailureQueue": 0}
    give_up(deployed, "e-1")
    assert "deliveries were given up" in deployed.run("backlog", "status", code=1).stderr


def test_the_list_names_ids_and_no_content_and_leaves_everything_there(deployed: Deployment) -> None:
    give_up(deployed, "e-1", "e-2")
    deployed.sqs.send_message(QueueUrl=deployed.resources["BacklogFailureQueue"], MessageBody="unreadable")
    answer = deployed.run("backlog", "list", "--json")
    assert "c4n4ry" not in answer.output
    records = deployed.records("backlog", "list")
    assert {each.get("envelopeId") for each in records} == {"e-1", "e-2", None}
    assert {each["receivedAt"] for each in records} == {RECEIVED, None}
    assert waiting(deployed, "BacklogFailureQueue") == 3


def test_a_message_of_nobody_is_listed_with_its_problem_whatever_its_form(deployed: Deployment) -> None:
    parked = '{"version": "1", "parkedEvent": {"pk": "APPOINTMENT#a", "sk": "EVENT#e"}}'
    for text in ("[" * 200_000, parked, "null"):
        deployed.sqs.send_message(QueueUrl=deployed.resources["BacklogFailureQueue"], MessageBody=text)
    records = deployed.records("backlog", "list")
    assert [each["problem"].partition(":")[0] for each in records] == ["the message is no delivery"] * 3
    assert len({each["messageId"] for each in records}) == 3


def test_a_redrive_is_a_dry_run_until_it_is_confirmed_and_returns_each_delivery(deployed: Deployment) -> None:
    give_up(deployed, "e-1", "e-2", "e-3")
    answer = deployed.run("backlog", "redrive")
    assert "dry run, nothing is changed without --yes: 3 deliveries given up, 0 returned" in answer.stderr
    assert (waiting(deployed, "BacklogFailureQueue"), waiting(deployed, "BacklogQueue")) == (3, 0)
    deployed.run("backlog", "redrive", "--yes", "--limit", "2")
    assert (waiting(deployed, "BacklogFailureQueue"), waiting(deployed, "BacklogQueue")) == (1, 2)
    assert "1 returned" in deployed.run("backlog", "redrive", "--yes").stderr
    assert "0 deliveries given up" in deployed.run("backlog", "redrive", "--yes").stderr


def test_a_redrive_that_is_interrupted_loses_no_delivery(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    from appointments_cli.queue_reader import QueueReader

    give_up(deployed, "e-1", "e-2")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(QueueReader, "delete", interrupted)
    deployed.run("backlog", "redrive", "--yes", code=1)
    monkeypatch.undo()
    deployed.run("backlog", "redrive", "--yes")
    assert waiting(deployed, "BacklogFailureQueue") == 0
    assert waiting(deployed, "BacklogQueue") == 3, "the interrupted delivery is in the queue twice"
