"""From the bytes of a body to a document that can be stored, or to an error that says where and why it cannot."""

from __future__ import annotations

from typing import Any, NamedTuple

from appointments.contract.document import decode
from appointments.contract.essentials import Essentials
from appointments.contract.mode import ContractMode
from appointments.contract.validation import validate
from appointments.contract.violations import Kind, Violation
from appointments.errors import ContractError

NEEDED = {
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
"""Without these there is no key, no order or no detail-type."""
CLOSED = {"$.entity", "$.data.eventType"}


class Parsed(NamedTuple):
    """A document that can be stored, and the rules that it breaks: see :class:`.validation.Findings`."""

    document: dict[str, Any]
    essentials: Essentials
    violations: tuple[Violation, ...]
    violation_count: int


def parse_body(body: bytes, mode: ContractMode = ContractMode.STRICT) -> Parsed:
    """Raises MalformedBodyError for what is not JSON, and ContractError for a broken structure.

    Strict mode refuses every broken structure. Tolerant mode accepts unknown enum values and missing secondary
    members. A ContractError has all violations of the structure, whichever of them are the reason.
    """
    document = decode(body)
    violations, count = validate(document)
    structure = tuple(violation for violation in violations if violation.kind is Kind.STRUCTURE)
    if any(mode is ContractMode.STRICT or not _is_tolerable(violation) for violation in structure):
        listed_limits = len(violations) - len(structure)
        raise ContractError(structure, count - listed_limits)
    return Parsed(document, Essentials.of(document), violations, count)


def _is_tolerable(violation: Violation) -> bool:
    if violation.rule == "required":
        return violation.path not in NEEDED
    return violation.rule == "enum" and violation.path not in CLOSED
