"""The part of Lambda's API that is about event source mappings, for the mappings that run on this machine.

``aws lambda list-event-source-mappings`` and ``update-event-source-mapping`` work on them as on those of a deployed
stack. moto's own Lambda is not imported, because it takes memory.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote
from uuid import NAMESPACE_OID, uuid5

from local.polling import Poller

PATH = "/2015-03-31/event-source-mappings"

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """The mapping of one function, by its name. ``poller`` runs it."""

    function: str
    source_arn: str
    batch_size: int
    poller: Poller

    @property
    def uuid(self) -> str:
        return str(uuid5(NAMESPACE_OID, self.function))

    def described(self) -> dict[str, Any]:
        """Return the members of Lambda's answer."""
        return {
            "UUID": self.uuid,
            "BatchSize": self.batch_size,
            "EventSourceArn": self.source_arn,
            "FunctionArn": f"arn:aws:lambda:eu-west-1:123456789012:function:{self.function}",
            "LastProcessingResult": self.poller.result,
            "State": "Enabled" if self.poller.is_enabled else "Disabled",
            "StateTransitionReason": "User action",
        }


def answering_for(server: Wsgi, mappings: Mapping[str, EventSourceMapping]) -> Wsgi:
    """Answer requests about event source mappings, and leave all others to ``server``. ``mappings`` are by UUID."""

    def answering(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not path.startswith(PATH):
            return server(environ, start_response)
        status, answer = _answer(mappings, environ, unquote(path.removeprefix(PATH).strip("/")))
        body = json.dumps(answer).encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return answering


def _answer(mappings: Mapping[str, EventSourceMapping], environ: dict[str, Any], uuid: str) -> tuple[str, Any]:
    method = environ["REQUEST_METHOD"]
    if not uuid and method == "GET":
        (name,) = parse_qs(environ.get("QUERY_STRING", "")).get("FunctionName", [""])
        found = [each for each in mappings.values() if not name or each.function == name.rpartition(":")[2]]
        return "200 OK", {"EventSourceMappings": [each.described() for each in found]}
    if uuid not in mappings or method not in ("GET", "PUT"):
        return "404 Not Found", {"Type": "User", "Message": "The resource you requested does not exist."}
    if method == "PUT":
        request = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or b"{}")
        if "Enabled" in request:
            mappings[uuid].poller.enable(enabled=request["Enabled"])
    return "200 OK", mappings[uuid].described()
