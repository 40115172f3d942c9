"""docs/openapi.yaml, and the differences between an answer and its documentation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

PATH = Path(__file__).parent.parent / "docs" / "openapi.yaml"
DOCUMENT: dict[str, Any] = yaml.safe_load(PATH.read_text())
OPERATION: dict[str, Any] = DOCUMENT["paths"]["/webhooks/appointments"]["post"]

_REGISTRY: Registry[Any] = Registry().with_resource("urn:openapi", DRAFT202012.create_resource(DOCUMENT))


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    """Return the node, or the part of the document that it refers to."""
    while "$ref" in node:
        found: Any = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def response(status: int) -> dict[str, Any]:
    """Return the documented response for a status. Raises KeyError for an undocumented status."""
    return resolve(OPERATION["responses"][str(status)])


def undocumented(status: int, headers: Mapping[str, str], content: Any) -> list[str]:
    """Return the differences of an answer. Header names are in lower case; ``content`` is the decoded body."""
    documented = response(status)
    differences = [
        f"{status} without {name}"
        for name, header in documented.get("headers", {}).items()
        if resolve(header).get("required") and name.lower() not in headers
    ]
    media_type = headers["content-type"].partition(";")[0]
    schema = documented["content"].get(media_type, {}).get("schema")
    if schema is None:
        return [*differences, f"{status} as {media_type}"]
    # References in the schema are relative to the whole document, so the schema is validated inside it.
    pointer = f"urn:openapi{OPERATION['responses'][str(status)]['$ref']}/content/{media_type.replace('/', '~1')}/schema"
    errors = Draft202012Validator({"$ref": pointer}, registry=_REGISTRY).iter_errors(content)
    return differences + [f"{status} {error.json_path} {error.message}" for error in errors]
