"""The lines that the functions write about deliveries and publications, read from their log groups.

The table's stream would have the events too, but more than two readers of a shard are throttled, and the publisher is
one of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from appointments.contract.instants import epoch_seconds, utc
from appointments.outcome import Outcome
from appointments_cli.errors import CommandError
from appointments_cli.options import Window
from appointments_cli.screen import camel
from appointments_cli.target import Target

GROUPS = {
    "webhook": "WebhookFunctionLogGroup",
    "backlog": "BacklogFunctionLogGroup",
    "publisher": "PublisherFunctionLogGroup",
    "reconcile": "ReconcileFunctionLogGroup",
}
"""The log group of each function in template.yaml, by its service."""
OPTIONAL = frozenset({"reconcile"})
"""The services that a stack need not have."""
OUTCOMES = frozenset(outcome.value for outcome in Outcome)
REFUSED, NOT_STORED = "refused", "not stored"


class NoLogsError(CommandError):
    """The stack has no such log group."""


class Line(NamedTuple):
    """What one function did with one delivery or event. Absent values are "".

    ``result`` is an outcome of the intake, ``refused``, ``not stored``, ``again``, ``published``, ``parked``, or
    ``sent`` to one queue; ``event_id`` is EventBridge's; ``detail`` is a code, a status or an error. A line of the
    command itself, service ``command``, has the id of its run as ``replay_id``, and ``destination``. Of the service
    ``reconcile``, ``result`` is the verdict about a missed appointment, or the outcome of a run after ``run ``;
    ``detail`` has the result of the repair and what differs, or the problem.
    """

    at: str
    service: str
    result: str
    event_type: str = ""
    appointment_id: str = ""
    envelope_id: str = ""
    correlation_id: str = ""
    event_id: str = ""
    detail: str = ""
    replay_id: str = ""
    destination: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {camel(name): value or None for name, value in self._asdict().items()}


def read(
    target: Target, window: Window, *, about: str | None = None, services: Iterable[str] = tuple(GROUPS)
) -> list[Line]:
    """Return the lines of a time, the oldest first; ``about`` keeps only those that name an id.

    Raises NoLogsError when the stack has no log group of a function that every stack has.
    """
    there = [each for each in services if each not in OPTIONAL or target.resource(GROUPS[each])]
    found = [line for service in there for line in _lines(target, service, window, about)]
    return sorted(found, key=lambda line: line.at)


def messages(target: Target, logical_id: str, window: Window, pattern: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield id, instant and text of the messages of a log group."""
    group = target.resource(logical_id)
    if group is None:
        raise NoLogsError(f"the stack {target.stack.name} has no {logical_id}")
    options: dict[str, Any] = {"logGroupName": group}
    if pattern:
        options["filterPattern"] = pattern
    if window.since:
        options["startTime"] = _milliseconds(window.since)
    if window.until:
        options["endTime"] = _milliseconds(window.until)
    try:
        for page in target.logs.get_paginator("filter_log_events").paginate(**options):
            for event in page.get("events", ()):
                moment = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                yield event["eventId"], utc(moment.isoformat()), event["message"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            raise NoLogsError(f"there is no log group {group}") from None
        raise


def _lines(target: Target, service: str, window: Window, about: str | None) -> Iterator[Line]:
    pattern = "" if about is None else '"' + about.replace('"', "") + '"'
    errors: dict[str, str] = {}
    for _, at, message in messages(target, GROUPS[service], window, pattern):
        errors |= _error(message)
        for line in parse(service, at, message, errors):
            if about is None or about in (line.envelope_id, line.appointment_id, line.correlation_id, line.event_id):
                yield line


def parse(service: str, at: str, message: str, errors: Mapping[str, str] | None = None) -> list[Line]:
    """Return what a message says of deliveries and events; [] for any other message.

    ``errors`` are those that a function wrote before, by the id of its invocation: why a delivery was deferred.
    """
    document = _document(message)
    error = (errors or {}).get(str(document.get("function_request_id")), "")
    if service == "webhook":
        return _of_webhook(at, document, error)
    if service == "reconcile":
        return _of_reconcile(at, document)
    members = {"backlog": ("messages", "outcome"), "publisher": ("events", "result")}
    listed, result = members[service]
    entries = document.get(listed)
    if not isinstance(entries, list):
        return []
    common: dict[str, Any] = {}
    if service == "backlog":
        entries = [each | {"code": error} if _is_again(each) else each for each in entries]
    if document.get("service") == "command":
        service, common = "command", {name: document.get(name) for name in ("replay_id", "destination")}
    return [_line(at, service, str(each.get(result, "")), common | each) for each in entries if isinstance(each, dict)]


def _document(message: str) -> dict[str, Any]:
    try:
        document = json.loads(message)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _error(message: str) -> dict[str, str]:
    document = _document(message) if '"error"' in message else {}
    request, error = document.get("function_request_id"), document.get("error")
    return {request: error} if isinstance(request, str) and isinstance(error, str) else {}


def _is_again(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.get("outcome") == "again"


def _of_webhook(at: str, document: dict[str, Any], error: str) -> list[Line]:
    result = document.get("message")
    if "_aws" in document:
        reason = {"code": error} if result == Outcome.DEFERRED else {}
        return [_line(at, "webhook", str(result), document | reason)] if result in OUTCOMES else []
    if document.get("level") == "WARNING" and isinstance(document.get("status"), int) and document["status"] != 503:
        return [_line(at, "webhook", REFUSED, document)]
    if document.get("level") == "ERROR" and result == "not safe":
        return [_line(at, "webhook", NOT_STORED, {**document, "code": f"503 {document.get('error', '')}".strip()})]
    return []


def _of_reconcile(at: str, document: dict[str, Any]) -> list[Line]:
    if "_aws" not in document or document.get("message") != "reconcile":
        return []
    missed = [each for each in document.get("missed", []) if isinstance(each, dict)]
    found = [_line(at, "reconcile", str(each.get("verdict", "")), each | {"code": _finding(each)}) for each in missed]
    run = {"code": document.get("problem")}
    return [*found, _line(at, "reconcile", f"run {document.get('outcome', '')}", run)]


def _finding(missed: dict[str, Any]) -> str:
    differing = ", ".join(map(str, missed.get("differing") or ()))
    return "; ".join(filter(None, (str(missed.get("repair", "")), differing and f"differs in {differing}")))


def _line(at: str, service: str, result: str, entry: dict[str, Any]) -> Line:
    def text(name: str) -> str:
        value = entry.get(name)
        return str(value) if isinstance(value, str | int) else ""

    named = {name: text(name) for name in Line._fields[3:] if name != "detail"}
    return Line(at, service, result, detail=text("code") or text("status"), **named)


def _milliseconds(instant: str) -> int:
    return int(epoch_seconds(instant) * 1000) + int((instant[20:23] or "0").ljust(3, "0"))
