"""docs/schemas/ describes what is published, for each detail-type."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from appointments.publishing.messages import DETAIL_TYPES, RECONCILED, UNRECOGNIZED, EventDetail
from generate.message_schema import EVENT_TYPES, FOLDER
from samples.bus import delivered_events, golden_messages
from tests.builders import delivery
from tests.messages import published, published_events
from tests.project import ROOT

SCHEMAS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / FOLDER).iterdir()}
VALIDATORS = {name: Draft202012Validator(schema) for name, schema in SCHEMAS.items()}


def broken(event: Any) -> list[str]:
    """Return the paths at which an event breaks the schema of its detail-type."""
    return [error.json_path for error in VALIDATORS[event["detail-type"]].iter_errors(event)]


def test_every_detail_type_has_a_schema() -> None:
    assert SCHEMAS.keys() == {*DETAIL_TYPES.values(), UNRECOGNIZED, RECONCILED} == EVENT_TYPES.keys()


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_valid(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize("made", [golden_messages, delivered_events])
def test_every_golden_message_is_valid(made: Any) -> None:
    found = {name: broken(event) for name, event in made().items()}
    assert not {name: paths for name, paths in found.items() if paths}
    assert len(found) >= len(SCHEMAS)


@given(published_events())
def test_every_event_that_is_published_is_valid(event: Any) -> None:
    assert broken(event) == []


@pytest.mark.parametrize("form", EventDetail)
@pytest.mark.parametrize("block", ["metadata", "routing"])
def test_every_member_that_we_make_is_described_required_and_typed(form: EventDetail, block: str) -> None:
    event = published(delivery(), form)
    for member in list(event["detail"][block]):
        for change in ({"missing"}, {"another type"}):
            changed = json.loads(json.dumps(event))
            if change == {"missing"}:
                del changed["detail"][block][member]
            else:
                changed["detail"][block][member] = {"another": "type"}
            tolerated = change == {"another type"} and member in ("correlationId", "webhookConfigurationId", "version")
            assert (broken(changed) == []) is tolerated, (member, change)


@pytest.mark.parametrize("name", SCHEMAS)
def test_an_event_of_another_detail_type_or_event_type_is_not_valid(name: str) -> None:
    repaired = golden_messages()[f"{RECONCILED}.v1"]
    event = repaired if name == RECONCILED else published(delivery(event_type=EVENT_TYPES[name] or "NEW"))
    assert event["detail-type"] == name
    assert broken(event) == []
    assert all(not VALIDATORS[other].is_valid(event) for other in SCHEMAS if other != name)
    event["detail"]["metadata"]["eventType"] = 5
    assert broken(event) != []


@pytest.mark.parametrize(
    ("block", "member", "value"),
    [
        ("metadata", "origin", "webhook"),
        ("metadata", "detail", "full"),
        ("metadata", "order", "2026-03-05T18:22:41.000000000Z#2#e-1"),
        ("routing", "previousStatus", 5),
        ("data", "changes", None),
    ],
)
def test_a_repair_of_another_origin_form_or_rank_is_not_valid(block: str, member: str, value: Any) -> None:
    event = golden_messages()[f"{RECONCILED}.v1"]
    assert broken(event) == []
    event["detail"][block][member] = value
    assert broken(event) != []


def test_new_members_are_valid_at_every_level() -> None:
    event = published(delivery())
    event["added"] = 1
    for block in (event["detail"], *event["detail"].values(), event["detail"]["data"]["appointment"]):
        block["added"] = 1
    assert broken(event) == []
