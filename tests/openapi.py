"""docs/openapi.yaml and what it says of an answer."""

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


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """The node itself, or what it refers to inside the document."""
    while "$ref" in node:
        found: Any = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def response(status: int) -> dict[str, Any]:
    """Raises KeyError for a status that is not documented."""
    return resolved(OPERATION["responses"][str(status)])


def undocumented(status: int, headers: Mapping[str, str], content: Any) -> list[str]:
    """What of an answer is not as documented: header names in lower case, ``content`` the decoded body."""
    documented = response(status)
    wrong = [
        f"{status} without {name}"
        for name, header in documented.get("headers", {}).items()
        if resolved(header).get("required") and name.lower() not in headers
    ]
    media_type = headers["content-type"].partition(";")[0]
    schema = documented["content"].get(media_type, {}).get("schema")
    if schema is None:
        return [*wrong, f"{status} as {media_type}"]
    # A path of references: every one of them is relative to the whole document.
    pointer = f"urn:openapi{OPERATION['responses'][str(status)]['$ref']}/content/{media_type.replace('/', '~1')}/schema"
    errors = Draft202012Validator({"$ref": pointer}, registry=_REGISTRY).iter_errors(content)
    return wrong + [f"{status} {error.json_path} {error.message}" for error in errors]
