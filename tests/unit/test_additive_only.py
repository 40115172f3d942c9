"""A release only adds to what is published: the schemas of the last release read the messages of this commit."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from generate.baseline import facts
from generate.message_schema import EVENT_TYPES, schema
from samples.bus import golden_messages
from tests.builders import delivery
from tests.compatibility import by_contract, differences, members, released, schema_differences
from tests.messages import published

pytest.importorskip("jsoncompat", reason="jsoncompat needs Python 3.12")
NAME = "AppointmentRescheduled"
SCHEMA = schema(NAME)
DEFINITIONS = SCHEMA["$defs"]


def current() -> Any:
    return json.loads(json.dumps(facts())) | {"schemas": {name: schema(name) for name in EVENT_TYPES}}


def test_subscribers_of_the_last_release_can_read_this_one() -> None:
    assert differences(released(), current()) == []


def test_golden_messages_are_valid_by_the_schemas_of_the_last_release() -> None:
    schemas = released()["schemas"]
    for name, event in golden_messages().items():
        if event["detail-type"] in schemas:  # a new detail-type matches no rule of the last release
            assert not list(Draft202012Validator(schemas[event["detail-type"]]).iter_errors(event)), name


Change = Callable[[Any], Any]


def member(definition: str, name: str) -> Callable[[Any], Any]:
    return lambda definitions: definitions[definition]["properties"][name]


def remove(definition: str, name: str) -> Change:
    def change(definitions: Any) -> None:
        del definitions[definition]["properties"][name]
        if name in definitions[definition].get("required", []):
            definitions[definition]["required"].remove(name)

    return change


def rename(definition: str, name: str) -> Change:
    def change(definitions: Any) -> None:
        value = member(definition, name)(definitions)
        required = name in definitions[definition].get("required", [])
        remove(definition, name)(definitions)
        add(definition, f"{name}New", value, required=required)(definitions)

    return change


def add(definition: str, name: str, value: Any, *, required: bool = True) -> Change:
    def change(definitions: Any) -> None:
        definitions[definition]["properties"][name] = value
        if required:
            definitions[definition].setdefault("required", []).append(name)

    return change


def edit(definition: str, name: str, **keywords: Any) -> Change:
    """Replace keywords of a member; None removes a keyword."""

    def change(definitions: Any) -> None:
        value = member(definition, name)(definitions)
        value.update(keywords)
        for keyword in [keyword for keyword, new in keywords.items() if new is None]:
            del value[keyword]

    return change


def optional(definition: str, name: str) -> Change:
    return lambda definitions: definitions[definition]["required"].remove(name)


BREAKING = {
    "a required member is removed": remove("FullMetadata", "stale"),
    "a required member of routing is removed": remove("Routing", "officeId"),
    "a required member of a reference is removed": remove("ReferenceMetadata", "order"),
    "an optional member is removed": remove("Appointment", "start"),
    "an optional member of a reference is removed": remove("AppointmentReference", "office"),
    "an optional member with any JSON is removed": remove("Appointment", "callbackRequest"),
    "a member in an array is removed": remove("Violation", "rule"),
    "an optional member in an array is removed": remove("Participant", "role"),
    "a required member is renamed": rename("FullMetadata", "appointmentId"),
    "an optional member is renamed": rename("Office", "timeZone"),
    "a member becomes nullable": edit("FullMetadata", "id", type=["string", "null"]),
    "a member of an appointment becomes nullable": edit("Appointment", "status", type=["string", "null"]),
    "an element of an array becomes nullable": edit("Routing", "employeesAdded", items={"type": ["string", "null"]}),
    "a member becomes wider": edit("FullMetadata", "violationCount", type="number"),
    "a member of the sender becomes wider": edit("Appointment", "hybrid", anyOf=[{"type": ["boolean", "string"]}, {}]),
    "a member changes its type": edit("Routing", "officeId", type=["integer", "null"]),
    "a member of ours may have any JSON": edit("FullMetadata", "order", anyOf=[{}], type=None, pattern=None),
    "a member becomes optional": optional("FullMetadata", "replayed"),
    "a member of routing becomes optional": optional("Routing", "status"),
    "a block becomes optional": optional("Full", "routing"),
    "a pattern is dropped": edit("ReferenceMetadata", "order", pattern=None),
    "a nullable member loses its pattern": edit("Routing", "start", pattern=None),
    "a minimum is dropped": edit("FullMetadata", "violationCount", minimum=None),
    "a constant of the metadata changes": edit("FullMetadata", "eventType", const="MOVE"),
    "the name of a form changes": edit("ReferenceMetadata", "detail", const="ref"),
    "the version changes": edit("FullMetadata", "schemaVersion", const="2"),
}
ADDITIVE = {
    "nothing changes": lambda _: None,
    "a required member is added": add("Routing", "robotId", {"type": ["string", "null"]}),
    "an optional member is added": add("Appointment", "price", {"anyOf": [{"type": "number"}, {}]}, required=False),
    "a member in an array is added": add("Violation", "kind", {"type": "string"}),
    "an open enum has a new value": edit("Appointment", "status", examples=["ACCEPTED", "PAUSED"]),
    "a member becomes narrower": edit("Routing", "status", type="string"),
    "a member becomes required": lambda definitions: definitions["AppointmentReference"].update(required=["office"]),
    "a description changes": edit("Routing", "status", description="another"),
}


def changed(change: Change) -> Any:
    new = copy.deepcopy(SCHEMA)
    change(new["$defs"])
    return new


@pytest.mark.parametrize("change", BREAKING.values(), ids=BREAKING)
def test_a_change_that_breaks_subscribers_is_refused(change: Change) -> None:
    assert schema_differences(SCHEMA, changed(change)) != []


@pytest.mark.parametrize("change", ADDITIVE.values(), ids=ADDITIVE)
def test_an_addition_is_accepted(change: Change) -> None:
    assert schema_differences(SCHEMA, changed(change)) == []


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_no_member_can_be_removed(definition: str) -> None:
    for name in DEFINITIONS[definition]["properties"]:
        new = changed(remove(definition, name))
        assert members(SCHEMA) - members(new), (definition, name)


@pytest.mark.nightly
@pytest.mark.parametrize("definition", DEFINITIONS)
def test_every_removal_of_a_typed_member_is_seen_by_jsoncompat_too(definition: str) -> None:
    for name in DEFINITIONS[definition]["properties"]:
        if (definition, name) not in {("Appointment", "callbackRequest")}:
            found = schema_differences(SCHEMA, changed(remove(definition, name)))
            assert any(text.startswith("by_contract") for text in found), (definition, name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source", "pexip.appointments"),
        ("schemaVersion", "2"),
        ("changes", ["status"]),
        ("detailTypes", {**EVENT_TYPES, NAME: "MOVE"}),
        ("detailTypes", {name: event_type for name, event_type in EVENT_TYPES.items() if name != NAME}),
        ("schemas", {}),
        ("schemas", {name: schema("AppointmentCreated") for name in EVENT_TYPES}),
    ],
)
def test_another_source_detail_type_or_name_of_a_change_is_refused(name: str, value: Any) -> None:
    old = released()
    assert differences(old, old) == []
    assert differences(old, old | {name: value}) != []


@pytest.mark.parametrize(
    ("name", "value"), [("changes", "meetingType"), ("detailTypes", {"AppointmentPaused": "PAUSE"})]
)
def test_a_new_detail_type_or_name_of_a_change_is_accepted(name: str, value: Any) -> None:
    old = released()
    new = old[name] | value if isinstance(value, dict) else [*old[name], value]
    assert differences(old, old | {name: new}) == []


def test_an_event_without_violations_has_the_types_of_the_contract() -> None:
    validator = Draft202012Validator(by_contract(SCHEMA))
    event = published(delivery(event_type="RESCHEDULE"))
    assert event["detail"]["metadata"]["violationCount"] == 0
    assert validator.is_valid(event)
    event["detail"]["data"]["appointment"]["hybrid"] = "yes"
    assert not validator.is_valid(event)
