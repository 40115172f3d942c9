"""What moto computes for each stack and needs once, or not at all: most of the time in which a stack is made."""

from __future__ import annotations

import functools
import importlib
import json
from typing import Any


def make_stacks_fast() -> None:
    """Parse a template that is JSON as JSON, and encrypt all tables with one key.

    Imports moto's CloudFormation: call it after :func:`.cloudformation.know_resource_types`, which imports less of it.
    """
    from moto.cloudformation.models import Stack

    kms: Any = importlib.import_module("moto.kms.models")
    if hasattr(kms.generate_private_key, "cache_info"):
        return
    kms.generate_private_key = functools.cache(kms.generate_private_key)
    parse: Any = functools.partial(_parse, Stack.parse_template)
    Stack.parse_template = staticmethod(parse)  # type: ignore[method-assign]


def _parse(parse_yaml: Any, template: str) -> dict[str, Any]:
    """Return the same as moto, which tries YAML first, in pure Python. Every JSON document is YAML."""
    try:
        document: dict[str, Any] = json.loads(template)
    except ValueError:
        document = parse_yaml(template)
    return document
