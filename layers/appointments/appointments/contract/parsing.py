"""From the bytes of a body to a document that can be stored, or to an error that says where and why it cannot."""

from __future__ import annotations

from typing import Any, NamedTuple

from appointments.contract.document import decode
from appointments.contract.essentials import Essentials, Ids
from appointments.contract.members import instant, member
from appointments.contract.mode import ContractMode
from appointments.contract.validation import validate
from appointments.contract.violations import Kind, Violation
from appointments.errors import CallbackRequestError, ContractError, RejectedError

REQUIRED = {
    "$",
    "$.id",
    "$.entity",
    "$.data",
    "$.data.eventType",
    "$.data.appointment",
    "$.data.appointment.id",
    "$.data.appointment.status",
    "$.data.appointment.updatedAt",
}
"""Without these there is no key, no order or no detail-type. Their rules hold in both modes, except that eventType and
status can be any text, and updatedAt any notation of an instant."""
OPEN = {"$.data.eventType", "$.data.appointment.status"}
CALLBACK_REQUEST = "Callback Request"
SMALL_BODY = b"""{"id": "0", "entity": "Appointment", "data": {"eventType": "CREATE", "appointment": {
"id": "0", "status": "ACCEPTED", "updatedAt": "2026-01-01T00:00:00Z",
"participants": [{"role": "PRIMARY", "type": "CUSTOMER", "customer": {"id": "0"}}]}}}"""
"""A body that can be stored, for :func:`prepare`."""


class Parsed(NamedTuple):
    """A document that can be stored, and the rules that it breaks: see :func:`.validation.validate`."""

    document: dict[str, Any]
    essentials: Essentials
    violations: tuple[Violation, ...]
    violation_count: int


def parse_body(body: bytes, mode: ContractMode = ContractMode.TOLERANT) -> Parsed:
    """Parse a body.

    Raises MalformedBodyError for what is not JSON, CallbackRequestError for the vendor's other webhook entity, and
    ContractError for a structure that the mode does not accept, with all violations of the structure.
    """
    document = decode(body)
    if member(document, "entity") == CALLBACK_REQUEST:
        raise CallbackRequestError(Violation("$.entity", "const", "Appointment"), Ids.of(document))
    violations, count = validate(document)
    structure = tuple(violation for violation in violations if violation.kind is Kind.STRUCTURE)
    if any(mode is ContractMode.STRICT or _is_needed(violation, document) for violation in structure):
        listed_limits = len(violations) - len(structure)
        raise ContractError(structure, count - listed_limits, Ids.of(document))
    return Parsed(document, Essentials.of(document), violations, count)


def prepare() -> None:
    """Do at the start what the first body needs once: build the validator and load the code that parses a body."""
    parse_body(SMALL_BODY)


def ids_of_body(body: bytes) -> Ids:
    """Return the ids that a body holds; none for what is not JSON."""
    try:
        return Ids.of(decode(body))
    except RejectedError:
        return Ids()


def _is_needed(violation: Violation, document: Any) -> bool:
    if violation.path not in REQUIRED:
        return False
    value = member(document, *violation.path.split(".")[1:])
    if violation.path in OPEN:
        return not (isinstance(value, str) and value)
    if violation.path == "$.data.appointment.updatedAt":
        return instant(value) is None
    return True
