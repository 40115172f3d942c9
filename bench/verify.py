"""Whoever is measured does the work: the answer is a success, and what was delivered arrived where it belongs."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from bench.variants import FLOOR, NO_OP, WEBHOOK

STORES = "dynamodb.PutItem", "dynamodb.TransactWriteItems"
NOTHING_ARRIVES = (NO_OP,)
PUBLISHES_LATER = (FLOOR, WEBHOOK)
"""The function publishes by the table's stream, and the floor not at all."""


class WrongAnswerError(Exception):
    """A handler that is fast because it does not do what it is measured for."""


def check_answer(answer: bytes) -> None:
    """Raises WrongAnswerError unless it is a success."""
    told = json.loads(answer)
    if not isinstance(told, dict) or not 200 <= told.get("statusCode", 0) < 300:
        raise WrongAnswerError(f"answered {answer.decode(errors='replace')[:300]}")


def check_arrival(variant: str, calls: Sequence[tuple[str, bytes]], envelope: dict[str, Any]) -> None:
    """Raises WrongAnswerError unless the whole delivery is in a write to the table, and in an event of the bus."""
    if variant in NOTHING_ARRIVES:
        return
    delivered = _normal(envelope)
    if not any(_normal(one) == delivered for one in _stored(calls)):
        raise WrongAnswerError(f"{variant}: what was stored is not what was delivered")
    if variant not in PUBLISHES_LATER and not any(_normal(one) == delivered["data"] for one in _published(calls)):
        raise WrongAnswerError(f"{variant}: what was published is not what was delivered")


def _stored(calls: Sequence[tuple[str, bytes]]) -> Iterator[Any]:
    """Every body in a written item, whichever way the variant keeps it."""
    for operation, body in calls:
        if operation in STORES:
            request = json.loads(body)
            writes = [next(iter(write.values())) for write in request.get("TransactItems", [])] or [request]
            for item in (write["Item"] for write in writes):
                match item:
                    case {"body": {"B": str(packed)}}:
                        yield json.loads(gzip.decompress(base64.b64decode(packed)))
                    case {"body": {"S": str(text)}}:
                        yield json.loads(text)
                    case {"payload": {"M": _}}:
                        yield TypeDeserializer().deserialize(item["payload"])


def _published(calls: Sequence[tuple[str, bytes]]) -> Iterator[Any]:
    for operation, body in calls:
        if operation == "events.PutEvents":
            for entry in json.loads(body)["Entries"]:
                yield json.loads(entry["Detail"])["data"]


def _normal(value: Any) -> Any:
    """Numbers as floats and date-times as instants: models may spell them in another way."""
    match value:
        case dict():
            return {name: _normal(member) for name, member in value.items()}
        case list():
            return [_normal(element) for element in value]
        case bool() | None:
            return value
        case int() | Decimal():
            return float(value)
        case str() if "T" in value:
            try:
                return datetime.fromisoformat(value).timestamp()
            except ValueError:
                return value
        case _:
            return value
