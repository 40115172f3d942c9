"""The tables of docs/events.md match the published messages, and what the page says works."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from appointments.contract.members import instant
from appointments.publishing import messages
from appointments.publishing.changes import CHANGES, changes
from appointments.storage import items
from generate import contract_members, events_page, message_members
from local.eventbridge.target_input import target_input
from samples.files import EVENTS
from samples.sample import Sample
from samples.story import SAMPLES
from samples.stream import stored_item
from tests.project import ROOT

PARTS = {"metadata": message_members.METADATA, "routing": message_members.ROUTING, "data": message_members.DATA}
PAGE = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_instant(value: Any) -> bool:
    return is_text(value) and instant(value) == value


TYPES: dict[str, Any] = {
    "text": is_text,
    "text or null": lambda value: value is None or is_text(value),
    "as sent: text or null": lambda value: value is None or is_text(value),
    "instant": is_instant,
    "instant or null": lambda value: value is None or is_instant(value),
    "true or false": lambda value: isinstance(value, bool),
    "number": lambda value: type(value) is int,
    "list of texts": lambda value: isinstance(value, list) and all(map(is_text, value)),
    "list of objects": lambda value: isinstance(value, list) and all(isinstance(each, dict) for each in value),
    "object": lambda value: isinstance(value, dict),
    "object or null": lambda value: value is None or isinstance(value, dict),
}


GOLDEN = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((EVENTS / "eventbridge").iterdir())
}


@pytest.mark.parametrize("detail", [message["detail"] for message in GOLDEN.values()], ids=list(GOLDEN))
@pytest.mark.parametrize("part", PARTS)
def test_a_member_has_the_type_that_the_page_states(part: str, detail: dict[str, Any]) -> None:
    for name, (stated, _) in PARTS[part].items():
        if name in detail[part] or part != "data":
            assert TYPES[stated](detail[part][name]), f"{part}.{name} is not {stated}"


@pytest.mark.parametrize("part", PARTS)
def test_a_member_without_a_description_is_an_error_that_names_it(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, _ = list(PARTS[part].items())[-1]
    monkeypatch.delitem(PARTS[part], name)
    with pytest.raises(ValueError, match=f"differ in {name}: edit generate/message_members.py"):
        events_page.generate()


def test_a_detail_type_without_a_description_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    # A copy: an item that is put back would be the last one, and the page of a later test would differ.
    others = {name: when for name, when in message_members.SENT_WHEN.items() if name != "AppointmentCancelled"}
    monkeypatch.setattr(message_members, "SENT_WHEN", others)
    with pytest.raises(ValueError, match="differ in AppointmentCancelled"):
        events_page.generate()


def test_the_table_of_the_appointment_states_notation_null_and_absence() -> None:
    rows = {row[0]: row[1:] for row in contract_members.of_appointment()}
    assert rows["`id`"] == ("text", "no", "no")
    assert rows["`start`"] == ("date-time", "yes", "yes")
    assert rows["`updatedAt`"] == ("date-time", "no", "no")
    assert rows["`callbackRequest`"] == ("any JSON", "yes", "yes")
    assert rows["`participants[].type`"] == ("text: EMPLOYEE, CUSTOMER", "no", "no")
    assert rows["`participants[].customer`"] == ("object", "no", "yes")
    assert rows["`createdFrom`"][0] == "text: PLUGIN, BACKOFFICE_APP, PARTNER_BOOKING_APP, OTHER"


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_one_member_is_named_alone(name: str) -> None:
    before: dict[str, Any] = {"status": "ACCEPTED"}
    value: Any = {
        "status": "CANCELLED",
        "start": "2026-03-02T09:00:00Z",
        "end": "2026-03-02T09:00:00Z",
        "participants": [{"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": 1}}],
        "externalId": "x",
    }.get(name, {"id": "1"})
    assert changes({**before, name: value}, {name: None, **before}) == [name]
    assert changes({**before, name: value}, before) == ([name] if name == "status" else [])


@pytest.mark.parametrize("name", ["answers", "internalNotes", "metadata"])
def test_a_change_that_the_page_calls_invisible_is_named_nowhere(name: str) -> None:
    assert changes({"status": "ACCEPTED", name: "new"}, {"status": "ACCEPTED", name: "old"}) == []


def test_another_meeting_type_shows_only_against_a_state_that_has_one() -> None:
    assert changes({"meetingType": "VIDEO"}, {"externalId": None}) == []
    assert changes({"meetingType": "VIDEO"}, {"meetingType": "OFFICE"}) == ["meetingType"]


def code(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


class Table:
    """A table and a bucket that hold one event, as clients of DynamoDB and S3 show it."""

    def __init__(self, sample: Sample, *, large: bool) -> None:
        self.body = sample.body
        self.item = stored_item(sample)
        if large:
            del self.item["body"]
            self.item["bodyKey"] = {"S": "bodies/k"}

    def get_item(self, *, TableName: str, Key: Any, ConsistentRead: bool) -> Any:  # noqa: N803 - boto3's names
        assert (TableName, ConsistentRead) == ("t", True)
        same = Key == {name: self.item[name] for name in (items.PARTITION_KEY, items.SORT_KEY)}
        return {"Item": self.item} if same else {}

    def get_object(self, *, Bucket: str, Key: str) -> Any:  # noqa: N803 - boto3's names
        assert (Bucket, Key) == ("b", "bodies/k")
        return {"Body": self}

    def read(self) -> bytes:
        return self.body


@pytest.mark.parametrize("large", [False, True], ids=["in the item", "in the bucket"])
def test_the_code_of_the_page_reads_the_appointment_of_a_reference(large: bool) -> None:
    (source,) = code("python")
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102 - the page's own code
    (sample,) = [each for each in SAMPLES if each.name == "reschedule"]
    table = Table(sample, large=large)
    built = messages.message(stored_item(sample), source="pexip.engage", event_detail=messages.EventDetail.REFERENCE)
    metadata = json.loads(built.detail)["metadata"]
    sent = json.loads(sample.body)["data"]["appointment"]
    assert names["appointment"](table, table, "t", "b", metadata) == sent
    assert names["appointment"](table, table, "t", "b", metadata | {"id": "expired"}) is None


@pytest.mark.parametrize("event", GOLDEN.values(), ids=list(GOLDEN))
def test_the_input_transformer_of_the_page_makes_a_cloud_event(event: dict[str, Any]) -> None:
    (transformer,) = [json.loads(block) for block in code("json") if "InputTemplate" in block]
    rule = {"name": "r", "arn": "arn:aws:events:eu-west-1:123456789012:rule/b/r"}
    made = json.loads(target_input({"InputTransformer": transformer}, event, rule, "2026-03-02T09:00:00Z"))
    metadata = event["detail"]["metadata"]
    assert made == {
        "specversion": "1.0",
        "id": metadata["id"],
        "source": "pexip.engage",
        "type": event["detail-type"],
        "subject": metadata["appointmentId"],
        "time": metadata["updatedAt"],
        "datacontenttype": "application/json",
        "data": event["detail"],
    }
