"""docs/asyncapi.json names every message and its schema."""

from __future__ import annotations

import json
from typing import Any

import pytest

from generate.asyncapi import PATH
from generate.message_schema import EVENT_TYPES
from tests.project import ROOT

DOCUMENT: Any = json.loads((ROOT / PATH).read_text(encoding="utf-8"))


def resolved(reference: str) -> Any:
    """Return what a reference leads to. Raises KeyError or FileNotFoundError if there is nothing."""
    path, _, pointer = reference.partition("#")
    file = ROOT / "docs" / path if path else ROOT / PATH
    value = json.loads(file.read_text(encoding="utf-8"))
    for step in pointer.split("/")[1:]:
        value = value[step]
    return value


@pytest.mark.parametrize("detail_type", EVENT_TYPES)
def test_every_message_of_the_bus_has_the_schema_of_its_detail_type(detail_type: str) -> None:
    (channel,) = DOCUMENT["channels"].values()
    assert channel["messages"].keys() == EVENT_TYPES.keys()
    message = resolved(channel["messages"][detail_type]["$ref"])
    schema = resolved(message["payload"]["schema"]["$ref"])
    assert message["name"] == detail_type
    assert schema["properties"]["detail-type"] == {"const": detail_type}


def test_the_operation_sends_to_the_bus() -> None:
    (operation,) = DOCUMENT["operations"].values()
    assert operation["action"] == "send"
    assert resolved(operation["channel"]["$ref"]) is not None
