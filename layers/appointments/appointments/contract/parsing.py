"""From the bytes that arrived to an envelope and the limits it breaks, or to an error that says where and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from aws_lambda_powertools.utilities.parser import ValidationError, parse
from pydantic import VERSION, BaseModel
from pydantic_core import from_json, to_json

from appointments.contract import limits
from appointments.contract.mode import ContractMode
from appointments.contract.models import (
    AppointmentBase,
    Envelope,
    ParticipantBase,
)
from appointments.contract.prepared import PYDANTIC, PreparedEnvelope
from appointments.contract.violations import Location, Violation, from_errors, members
from appointments.errors import ContractError, MalformedBodyError

VALUES = 100_000
"""A body of more JSON values than this is refused unread: models and errors of all that fits six megabytes take more
memory than the function has, and one that is killed for it answers nothing and keeps nothing (docs/decisions/0020)."""
ERRORS = 1000
"""So many errors are told one by one."""
ELEMENTS = 50
"""So many elements of each array are looked at for them, where there are more."""


def model_for(pydantic: str) -> type[Any]:
    """What a release of pydantic parses with: what was prepared for it, if it is the one, else the models."""
    return PreparedEnvelope if pydantic == PYDANTIC else Envelope


MODEL = model_for(VERSION)


class Parsed(NamedTuple):
    """An envelope, and every rule that it breaks without being refused: of the structure first, then the limits.

    The first ``tolerated`` violations are of the structure: 0 in strict mode. With any, secondary members that the
    contract requires can be None, and texts can be values that it does not know, whatever their types say.
    """

    envelope: Envelope
    violations: tuple[Violation, ...]
    tolerated: int = 0


def parse_envelope(body: bytes, mode: ContractMode = ContractMode.STRICT) -> Parsed:
    """Raises MalformedBodyError for what is not JSON, ContractError with all violations of the structure.

    Tolerant mode raises it only where something needed is missing or something is wrong beyond being unknown, and
    then with what could be tolerated among the violations.
    """
    document = decode(body)
    if not isinstance(document, dict):  # Powertools would take a string for JSON to decode once more
        raise ContractError((Violation("$", "type", "object"),))
    if len(body) > 2 * VALUES and _count(document) > VALUES:  # a value takes two bytes, with what stands around it
        raise ContractError((Violation("$", "maxValues", str(VALUES)),))
    try:
        envelope = parse(event=document, model=MODEL)
    except ValidationError as error:
        violations = _structure(error, document)
    else:
        return Parsed(envelope, limits.collect(envelope))
    # Outside the except: pydantic's error quotes the input.
    if mode is ContractMode.TOLERANT and (tolerated := _tolerated(document)):
        return Parsed(tolerated, (*violations, *limits.collect(tolerated)), len(violations))
    raise ContractError(violations)


def prepare() -> None:
    """Make now what the first delivery would wait for."""
    with suppress(ValidationError):
        parse(event={}, model=MODEL)
    limits.prepare(Envelope)


def _tolerated(document: dict[str, Any]) -> Envelope | None:
    from appointments.contract import tolerant  # builds models of its own: not before a delivery needs them

    return tolerant.read(document)


def decode(body: bytes) -> Any:
    """One JSON value out of UTF-8 bytes, strictly: no NaN or Infinity, no lone surrogate, no BOM, no name twice,
    nesting of at most 200 levels. Raises MalformedBodyError, which tells line and column but no content.
    """
    try:
        document = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        reason = str(error)
    else:
        return document if _has_each_name_once(body, document) else _decode_again(body)
    raise MalformedBodyError(f"the body is not JSON: {reason}")


def _has_each_name_once(body: bytes, document: Any) -> bool:
    """False also where it cannot be told without a closer look, which takes four times as long.

    A member that was dropped took its colon with it, and written again, nothing else gains one but an escaped colon.
    """
    return b"\\u003" not in body and body.count(b":") == to_json(document).count(b":")


def _count(document: Any) -> int:
    """How many values a document is made of."""
    count, containers = 1, [document]
    for container in containers:  # which grows meanwhile; exact types, since from_json makes no others
        values = container.values() if type(container) is dict else container
        count += len(values)
        containers += [value for value in values if type(value) in (dict, list)]
    return count


def _decode_again(body: bytes) -> Any:
    return json.loads(body, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedBodyError("the body is not JSON: an object has the same name twice")
    return members


def _structure(error: Any, document: Any) -> tuple[Violation, ...]:
    """All violations, or where a body is broken in thousands of places those of the first elements of its arrays."""
    if error.error_count() > ERRORS:
        document = _cut(document)
        try:
            parse(event=document, model=MODEL)
        except ValidationError as fewer:
            error = fewer
    return tuple(sorted(set(_violations(error, document, ()))))


def _cut(value: Any) -> Any:
    """The value with nothing but the first elements of every array: a broken body has to be answered in time too."""
    if isinstance(value, dict):
        return {name: _cut(member) for name, member in value.items()}
    return [_cut(element) for element in value[:ELEMENTS]] if isinstance(value, list) else value


def _violations(error: Any, value: Any, location: Location) -> Iterator[Violation]:
    """All of them, also those inside an object whose discriminator is unknown, which pydantic stops at."""
    errors = error.errors(include_url=False, include_input=False)[:ERRORS]
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
    return AppointmentBase


def _at(document: Any, location: Location) -> Any:
    for part in location:
        document = document[part]
    return document
