"""From the bytes that arrived to an envelope and the limits it breaks, or to an error that says where and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.utilities.parser import ValidationError, parse
from pydantic import BaseModel
from pydantic_core import from_json

from appointments import limits
from appointments.contract import (
    AppointmentBase,
    Envelope,
    ParticipantBase,
    PreviousAppointmentBase,
)
from appointments.errors import ContractError, MalformedBodyError
from appointments.violations import Location, Violation, from_errors, members


@dataclass(frozen=True, slots=True)
class Parsed:
    """An envelope whose structure is sound, and every documented limit that it breaks."""

    envelope: Envelope
    violations: tuple[Violation, ...]


def parse_envelope(body: bytes) -> Parsed:
    """Raises MalformedBodyError for what is not JSON, ContractError with all violations of the structure."""
    document = decode(body)
    if not isinstance(document, dict):  # Powertools would take a string for JSON to decode once more
        raise ContractError((Violation("$", "type", "object"),))
    try:
        envelope = parse(event=document, model=Envelope)
    except ValidationError as error:
        violations = _structure(error, document)
    else:
        return Parsed(envelope, limits.collect(envelope))
    raise ContractError(violations)  # outside the except: pydantic's error quotes the input


def decode(body: bytes) -> Any:
    """One JSON value out of UTF-8 bytes, strictly: no NaN or Infinity, no lone surrogate, no BOM, no name twice,
    nesting of at most 200 levels. Raises MalformedBodyError, which tells line and column but no content.
    """
    try:
        from_json(body, allow_inf_nan=False)
    except ValueError as error:
        reason = str(error)
    else:
        return json.loads(body, object_pairs_hook=_unique)
    raise MalformedBodyError(f"the body is not JSON: {reason}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedBodyError("the body is not JSON: an object has the same name twice")
    return members


def _structure(error: Any, document: Any) -> tuple[Violation, ...]:
    return tuple(sorted(set(_violations(error, document, ()))))


def _violations(error: Any, value: Any, location: Location) -> Iterator[Violation]:
    """All of them, also those inside an object whose discriminator is unknown, which pydantic stops at."""
    errors = error.errors(include_url=False, include_input=False)
    yield from from_errors(errors, location)
    for detail in errors:
        if detail["type"] in ("union_tag_invalid", "union_tag_not_found"):
            inner = members(detail["loc"])
            yield from _rest(_at(value, inner), (*location, *inner))


def _rest(value: Any, location: Location) -> Iterator[Violation]:
    try:
        _base(location).model_validate(value)
    except ValidationError as error:
        yield from _violations(error, value, location)


def _base(location: Location) -> type[BaseModel]:
    if isinstance(location[-1], int):
        return ParticipantBase
    return AppointmentBase if location[-1] == "appointment" else PreviousAppointmentBase


def _at(document: Any, location: Location) -> Any:
    for part in location:
        document = document[part]
    return document
