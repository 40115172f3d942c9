"""Validates a decoded document against the models of the contract."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

from aws_lambda_powertools.utilities.parser import ValidationError, parse

from appointments.contract import models
from appointments.contract.models import Envelope
from appointments.contract.violations import Kind, Violation, from_error, location_of, value_at

ERRORS = 1000
"""With more errors than this, only those in the first ELEMENTS of each array are listed: to describe an error takes
more time than to find it."""
ELEMENTS = 50


class Findings(NamedTuple):
    """The broken rules: those of the structure sorted by path, then the limits in the order of the contract.

    ``violation_count`` is the number of all. It is larger than the number of listed ones where there are very many.
    """

    violations: tuple[Violation, ...]
    violation_count: int


def validate(document: Any) -> Findings:
    if not isinstance(document, dict):  # Powertools would decode a string once more
        return Findings((Violation("$", "type", "object"),), 1)
    error = _error(document)
    if error is None:
        return Findings((), 0)
    count: int = error.error_count()
    if count > ERRORS:
        document = _first_elements(document)
        error = _error(document) or error
    errors = error.errors(include_url=False, include_input=False)[:ERRORS]
    sound = sum(_is_empty_map(detail, document) for detail in errors)
    found = [from_error(detail, document) for detail in errors if not _is_empty_map(detail, document)]
    structure = sorted(violation for violation in found if violation.kind is Kind.STRUCTURE)
    return Findings((*structure, *(violation for violation in found if violation.kind is Kind.LIMIT)), count - sound)


def _is_empty_map(error: Any, document: Any) -> bool:
    """Whether the error is about ``[]`` for an object without a required member: the sender's empty map (C7)."""
    if error["type"] != "model_type":
        return False
    model = getattr(models, error["ctx"]["class_name"])
    if any(field.is_required() for field in model.model_fields.values()):
        return False
    return bool(value_at(document, location_of(error)) == [])


def prepare() -> None:
    """Build the validator now instead of for the first delivery."""
    with suppress(ValidationError):
        parse(event={}, model=Envelope)


def _error(document: dict[str, Any]) -> Any:
    """Pydantic's error, or None. Its message quotes the input: it must not become the context of another error."""
    try:
        parse(event=document, model=Envelope)
    except ValidationError as error:
        return error
    return None


def _first_elements(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _first_elements(member) for name, member in value.items()}
    return [_first_elements(element) for element in value[:ELEMENTS]] if isinstance(value, list) else value
