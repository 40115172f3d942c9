"""The commands show an event that a reconciliation wrote as what it is: no delivery of the sender."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from appointments.storage import items
from tests.builders import body, delivery
from tests.deployment import Deployment
from tests.repairs import answered

MEMBERS = {"updated_at": "2026-03-02T10:00:00.5Z", "status": "CANCELLED", "office": {"id": "o-2"}}


@pytest.fixture
def repaired() -> Iterator[Deployment]:
    with mock_aws():
        deployment = Deployment()
        deployment.receive(body(delivery()))
        deployment.repair(**MEMBERS)
        yield deployment


def identity(deployment: Deployment) -> str:
    return str(deployment.records("history", "a-1")[0]["envelopeId"])


def test_the_history_marks_a_repair_and_names_what_differed_from_the_state(repaired: Deployment) -> None:
    found, before = repaired.records("history", "a-1")
    assert (found["origin"], found["marks"], found["eventType"]) == ("reconciliation", ["reconciliation"], "RECONCILED")
    assert found["changes"] == [
        {"path": "status", "from": "ACCEPTED", "to": "CANCELLED"},
        {"path": "office", "from": "o-1", "to": "o-2"},
    ]
    assert (before["origin"], before["marks"]) == (None, [])


def test_a_delivery_after_a_repair_is_compared_with_the_delivery_before_it(repaired: Deployment) -> None:
    repaired.receive(body(delivery(id="e-2", updated_at="2026-03-02T10:00:00.5Z", status="CANCELLED")))
    assert repaired.records("history", "a-1")[0]["changes"] == [
        {"path": "status", "from": "ACCEPTED", "to": "CANCELLED"},
    ]


def test_show_and_event_say_the_origin(repaired: Deployment) -> None:
    (state,) = repaired.records("show", "a-1")
    assert (state["origin"], state["status"], state["eventId"]) == ("reconciliation", "CANCELLED", identity(repaired))
    (event,) = repaired.records("event", identity(repaired), "--appointment", "a-1")
    assert (event["origin"], event["eventType"]) == ("reconciliation", "RECONCILED")
    assert repaired.records("event", "e-1", "--appointment", "a-1")[0]["origin"] is None


def test_raw_prints_the_answer_of_the_api(repaired: Deployment) -> None:
    answer = repaired.run("raw", identity(repaired), "--appointment", "a-1", "--reveal")
    key = items.key(items.partition_key("a-1"), items.event_sort_key(identity(repaired)))
    item = repaired.dynamodb.get_item(TableName=repaired.table_name, Key=key)["Item"]
    assert answer.stdout_bytes == items.unpack(item["body"]["B"])


def test_publish_sends_a_repair_again_as_it_was(repaired: Deployment) -> None:
    would, other = repaired.records("publish", "--to", "everybody", "--appointment", "a-1")[::-1]
    assert (would["origin"], would["envelopeId"]) == ("reconciliation", identity(repaired))
    assert other["origin"] is None
    done = repaired.records("publish", "--to", "everybody", "--appointment", "a-1", "--yes")
    assert [each["result"] for each in done] == ["published"] * 2


def test_export_finds_the_customer_of_a_repair(repaired: Deployment) -> None:
    members = answered()["appointmentParticipants"]
    members[1]["participant"]["id"] = "90417"
    repaired.repair(id="a-9", appointmentParticipants=members)
    found = repaired.records("export", "--customer", "90417")
    assert [(each["source"], each["appointmentId"]) for each in found] == [("current", "a-9"), ("event", "a-9")]
    assert found[1]["paths"] == ["$.appointmentParticipants[1].participant"]
