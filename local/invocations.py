"""The part of Lambda's API that invokes a function by its name, for the functions that run on this machine.

``aws lambda invoke`` works on them as on those of a deployed stack. moto's own Lambda is not imported, because it takes
memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from threading import Thread
from typing import Any
from urllib.parse import unquote

from local.environment import FunctionError
from local.event_source_mappings import Wsgi

PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")

Invoke = Callable[[Any], Any]
Answer = tuple[str, dict[str, str], bytes]
"""Status line, headers and body."""


def answering_for(server: Wsgi, functions: Mapping[str, Invoke]) -> Wsgi:
    """Answer requests that invoke a function, and leave all others to ``server``. ``functions`` are by their names."""

    def answering(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        found = PATH.fullmatch(environ.get("PATH_INFO", ""))
        if found is None or environ["REQUEST_METHOD"] != "POST":
            return server(environ, start_response)
        name = unquote(found[1]).rpartition(":")[2]
        status, headers, body = _answer(functions.get(name), environ)
        own = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        start_response(status, list({**own, **headers}.items()))
        return [body]

    return answering


def _answer(invoke: Invoke | None, environ: Mapping[str, Any]) -> Answer:
    if invoke is None:
        return "404 Not Found", {}, _json({"Type": "User", "Message": "Function not found"})
    try:
        event = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or b"{}")
    except ValueError:
        return "400 Bad Request", {}, _json({"Type": "User", "Message": "Could not parse request body into json"})
    if environ.get("HTTP_X_AMZ_INVOCATION_TYPE") == "Event":
        Thread(target=_in_background, args=(invoke, event), name="invocation", daemon=True).start()
        return "202 Accepted", {}, b""
    try:
        return "200 OK", {}, _json(invoke(event))
    except FunctionError as error:
        return "200 OK", {"X-Amz-Function-Error": "Unhandled"}, _json({"errorType": str(error)})


def _in_background(invoke: Invoke, event: Any) -> None:
    with suppress(FunctionError):  # the function's log and its metric Errors have it
        invoke(event)


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()
