"""templates/schema-registry.yaml has the schemas in the form of EventBridge's schema registry."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml
from jsonschema import Draft4Validator

from generate.message_schema import EVENT_TYPES, FOLDER
from generate.schema_registry import PATH
from samples.bus import delivered_events
from tests.project import ROOT

CHARACTERS = 100_000
"""The limit of the registry for one schema."""
TEMPLATE_BYTES = 1_048_576
"""The limit of CloudFormation for a template in a bucket."""


@pytest.fixture(scope="module")
def contents() -> dict[str, str]:
    resources = cfn_yaml.load(str(ROOT / PATH))["Resources"].values()
    schemas = [each["Properties"] for each in resources if each["Type"] == "AWS::EventSchemas::Schema"]
    assert {each["Type"] for each in schemas} == {"JSONSchemaDraft4"}
    return {each["SchemaName"].rpartition("@")[2]: each["Content"] for each in schemas}


def test_the_template_has_every_detail_type_within_the_limits(contents: dict[str, str]) -> None:
    assert contents.keys() == EVENT_TYPES.keys()
    assert max(map(len, contents.values())) < CHARACTERS
    assert len((ROOT / PATH).read_bytes()) < TEMPLATE_BYTES


def keywords(value: Any, *, names: bool = False) -> set[str]:
    """Return the keywords of a schema, without the names of members and definitions."""
    if isinstance(value, list):
        return set().union(*(keywords(each) for each in value))
    if not isinstance(value, dict):
        return set()
    below = [keywords(each, names=key in ("properties", "definitions")) for key, each in value.items()]
    return set().union(*below) if names else set(value).union(*below)


def test_the_schemas_are_of_draft_4_and_accept_the_golden_messages(contents: dict[str, str]) -> None:
    for event in delivered_events().values():
        schema = json.loads(contents[event["detail-type"]])
        Draft4Validator.check_schema(schema)
        assert not keywords(schema) & {"$defs", "const", "examples"}
        assert Draft4Validator(schema).is_valid(event)
        assert not Draft4Validator(schema).is_valid(event | {"detail-type": "Other"})
        assert schema["x-amazon-events-detail-type"] == event["detail-type"]


def test_the_schemas_require_what_those_of_the_documentation_require(contents: dict[str, str]) -> None:
    for name, content in contents.items():
        published = json.loads((ROOT / FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        definitions = json.loads(content)["definitions"]
        for definition, schema in published["$defs"].items():
            assert definitions[definition].get("required") == schema.get("required")
            assert definitions[definition]["properties"].keys() == schema["properties"].keys()


def test_cfn_lint_accepts_the_template() -> None:
    lint = "from cfnlint.runner import main; raise SystemExit(main())"
    command = [sys.executable, "-c", lint, "--", str(ROOT / PATH)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert answer.returncode == 0, answer.stdout
