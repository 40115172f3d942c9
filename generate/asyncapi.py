"""Generates docs/asyncapi.json: the bus and its messages as an AsyncAPI 3 document. The payloads are docs/schemas/."""

from __future__ import annotations

from typing import Any

from appointments.publishing.messages import SCHEMA_VERSION
from generate.message_members import SENT_WHEN
from generate.message_schema import EVENT_TYPES, FOLDER
from samples.files import pretty

PATH = "docs/asyncapi.json"
SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"


def generate() -> str:
    """Return the document."""
    return f"{pretty(document())}\n"


def document() -> dict[str, Any]:
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Messages of Pexip Engage appointments",
            "version": SCHEMA_VERSION,
            "description": "Every change of an appointment is a message on an EventBridge bus. docs/events.md explains "
            "order, duplicates and references.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "bus": {
                "address": None,  # the output EventBusName of each deployment
                "title": "The event bus (output EventBusName)",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in EVENT_TYPES},
            }
        },
        "operations": {
            "publish": {
                "action": "send",
                "channel": {"$ref": "#/channels/bus"},
                "summary": "Publish a change of an appointment, at least once and in no order.",
            }
        },
        "components": {"messages": {name: _message(name) for name in EVENT_TYPES}},
    }


def _message(detail_type: str) -> dict[str, Any]:
    when, no_promise = SENT_WHEN[detail_type]
    folder = FOLDER.removeprefix("docs/")
    return {
        "name": detail_type,
        "summary": f"Sent when {when}.",
        "description": f"It does not promise {no_promise}.",
        "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": {"$ref": f"./{folder}/{detail_type}.json"}},
    }
