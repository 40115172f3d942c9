"""Validates a decoded document against the contract, with pydantic's core.

:mod:`.core_schema` is generated from :mod:`.models`, which a start need not import then (docs/decisions/0050).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic_core import SchemaValidator, ValidationError

from appointments.contract.core_schema import SCHEMA
from appointments.contract.violations import Kind, Violation, from_error

ERRORS = 1000
"""With more errors than this, only those in the first ELEMENTS of each array are listed: to describe an error takes
more time than to find it."""
ELEMENTS = 50


def validate(document: Any) -> tuple[tuple[Violation, ...], int]:
    """Return the broken rules, those of the structure sorted by path, then the limits in the order of the contract.

    The second value is the number of all. It is larger than the number of listed ones where there are very many.
    """
    error = _error(document)
    if error is None:
        return (), 0
    count = error.error_count()
    if count > ERRORS:
        error = _error(_first_elements(document)) or error
    found = [from_error(detail, document) for detail in error.errors(include_url=False, include_input=False)[:ERRORS]]
    structure = sorted(violation for violation in found if violation.kind is Kind.STRUCTURE)
    return (*structure, *(violation for violation in found if violation.kind is Kind.LIMIT)), count


@cache
def _validator() -> SchemaValidator:
    return SchemaValidator(SCHEMA)


def _error(document: Any) -> ValidationError | None:
    """Pydantic's error, or None. Its message quotes the input: it must not become the context of another error."""
    try:
        _validator().validate_python(document)
    except ValidationError as error:
        return error
    return None


def _first_elements(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _first_elements(member) for name, member in value.items()}
    return [_first_elements(element) for element in value[:ELEMENTS]] if isinstance(value, list) else value
