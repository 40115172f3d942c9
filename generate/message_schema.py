"""Generates docs/schemas/v1/, a JSON Schema for each detail-type, from the models that subscribers parse with.

A schema describes what is published, not what the sender should send: values and limits are open. A member that the
sender may send with any JSON is ``{"anyOf": [<its type by the contract>, {}]}``.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from appointments.events import AppointmentEvent
from appointments.publishing.messages import DETAIL_TYPES, RECONCILED, SCHEMA_VERSION, UNRECOGNIZED
from appointments.reconciliation.repair import EVENT_TYPE
from appointments.storage.items import RECONCILIATION, REPAIR_RANK
from generate import message_members
from generate.contract_schema import PlainSchema
from samples.files import pretty

Json = dict[str, Any]
FOLDER = f"docs/schemas/v{SCHEMA_VERSION}"
EVENT_TYPES = {
    **{detail_type: event_type for event_type, detail_type in DETAIL_TYPES.items()},
    UNRECOGNIZED: None,
    RECONCILED: EVENT_TYPE,
}
"""The eventType of each detail-type; None for any other."""
OURS = {"Metadata": message_members.METADATA, "Routing": message_members.ROUTING, "Data": message_members.DATA}


def generate(detail_type: str) -> str:
    """Return the file of a detail-type."""
    return f"{pretty(schema(detail_type))}\n"


def schema(detail_type: str) -> Json:
    """Return the schema of the event that EventBridge delivers with this detail-type."""
    made: Json = json.loads(_of_models())
    definitions = made.pop("$defs")
    made["properties"]["detail-type"] = {"const": detail_type}
    made["properties"]["detail"] = {"anyOf": made["properties"]["detail"].pop("oneOf")}  # metadata.detail tells them
    for form in ("Full", "Reference"):
        definitions[f"{form}Metadata"]["properties"]["eventType"] = _event_type(detail_type, form)
    if detail_type == RECONCILED:
        _make_a_repair(made, definitions)
    for name, definition in definitions.items():
        definition.pop("title", None)
        definition.pop("additionalProperties", None)  # true is the default
        _describe(name, definition)
    when, _ = message_members.SENT_WHEN[detail_type]
    head = {"$schema": PlainSchema.schema_dialect, "title": detail_type, "description": f"Sent when {when}."}
    made = {name: value for name, value in made.items() if name not in ("title", "description", "additionalProperties")}
    return {**head, **made, "$defs": dict(sorted(definitions.items()))}


@cache
def _of_models() -> str:
    """The schema of the models as JSON. It takes long, and each detail-type changes it."""
    return json.dumps(AppointmentEvent.model_json_schema(schema_generator=PlainSchema, mode="serialization"))


def _make_a_repair(made: Json, definitions: Json) -> None:
    """A repair is always a reference, from another origin, with a rank below all others."""
    made["properties"]["detail"] = {"$ref": "#/$defs/Reference"}
    for name in [name for name in definitions if name not in _referenced(definitions, "Reference")]:
        del definitions[name]
    members = definitions["ReferenceMetadata"]["properties"]
    members["origin"] = {"const": RECONCILIATION}
    members["order"]["pattern"] = members["order"]["pattern"].replace("[0-4]", REPAIR_RANK)


def _referenced(definitions: Json, name: str) -> set[str]:
    """The names of the definitions that this one refers to, and its own."""
    names = re.findall(r'"#/\$defs/(\w+)"', json.dumps(definitions[name]))
    return {name}.union(*(_referenced(definitions, each) for each in names))


def _event_type(detail_type: str, form: str) -> Json:
    if event_type := EVENT_TYPES[detail_type]:
        return {"const": event_type}
    return {"type": "string"} if form == "Full" else {"type": ["string", "null"]}


def _describe(name: str, definition: Json) -> None:
    """Add the meaning of our members; the docstrings of the other models are for Python."""
    definition.pop("description", None)
    members = next((members for ending, members in OURS.items() if name.endswith(ending)), {})
    for member, value in definition.get("properties", {}).items():
        if member in members and "$ref" not in value:
            value["description"] = members[member][1]
