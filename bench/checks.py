"""Checks that a measured handler does its work: it answers with a success, stores the delivery and publishes it."""

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

WRITES = "dynamodb.PutItem", "dynamodb.TransactWriteItems"
STORES_NOTHING = (NO_OP,)
PUBLISHES_NOTHING = (FLOOR, WEBHOOK)
"""The webhook leaves publishing to the table's stream."""


class WrongAnswerError(Exception):
    """A handler that does not do what it is measured for."""


def check_answer(answer: bytes) -> None:
    """Check that the answer is a success. Raises WrongAnswerError."""
    response = json.loads(answer)
    if not isinstance(response, dict) or not 200 <= response.get("statusCode", 0) < 300:
        raise WrongAnswerError(f"the handler answered {answer.decode(errors='replace')[:300]}")


def check_arrival(variant: str, calls: Sequence[tuple[str, bytes]], envelope: dict[str, Any]) -> None:
    """Check that a write to the table and an event on the bus hold the whole delivery. Raises WrongAnswerError."""
    if variant in STORES_NOTHING:
        return
    delivered = _normal(envelope)
    if not any(_normal(body) == delivered for body in _stored(calls)):
        raise WrongAnswerError(f"{variant} has not stored the delivery")
    if variant not in PUBLISHES_NOTHING and not any(_normal(data) == delivered["data"] for data in _published(calls)):
        raise WrongAnswerError(f"{variant} has not published the delivery")


def _stored(calls: Sequence[tuple[str, bytes]]) -> Iterator[Any]:
    """Yield every body in a written item, in any of the variants' formats."""
    for operation, body in calls:
        if operation in WRITES:
            request = json.loads(body)
            writes = [next(iter(write.values())) for write in request.get("TransactItems", [])] or [request]
            for item in (write["Item"] for write in writes if "Item" in write):
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
    """Convert numbers to floats and date-times to instants, because models may write them differently."""
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
