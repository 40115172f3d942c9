"""The stack of ``make serve`` on this machine, as it describes itself in build/serve.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from appointments_cli.errors import WrongTargetError

FILE = Path("build") / "serve.json"


class Served(NamedTuple):
    """Where the stack of ``make serve`` is.

    ``endpoints`` maps the name of a service to its address; "" is the address of all others.
    """

    stack: str
    region: str
    endpoints: dict[str, str]
    credentials: tuple[str, str]

    def endpoint(self, service: str) -> str:
        return self.endpoints.get(service, self.endpoints[""])


def read() -> Served:
    """Read the file in this folder or in one above it. Raises WrongTargetError when no stack is served."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        path = folder / FILE
        if path.is_file():
            return _served(path)
    raise WrongTargetError(f"there is no {FILE.as_posix()} in this folder: start the stack with 'make serve'")


def _served(path: Path) -> Served:
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        other = document.get("dynamodb") or document["aws"]
        endpoints = {"": document["aws"], "dynamodb": other, "dynamodbstreams": other}
        return Served(document["stack"], document["region"], endpoints, ("local", "local"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise WrongTargetError(f"{path} does not describe a served stack: start it again with 'make serve'") from None
