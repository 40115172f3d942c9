"""Takes one customer out of a decoded body. What others need stays: other participants, office, subject, times, status.

docs/privacy.md has the members that are personal or a capability. Three kinds of members are taken out:

- the customer as a participant, now or before: role and type stay, and the id becomes ``erased``;
- what tells of the customers of an appointment without saying of which: notes, answers, message, metadata, address;
- in members that the contract does not know, each text that is or contains one of the customer's values.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from appointments.contract.instants import is_date_time
from appointments.contract.members import PERSONS
from appointments_cli.erase.documents import NUMBER, leaves
from appointments_cli.export.person import named

ERASED = "erased"
"""Stands for the id of an erased customer, which the contract requires."""
CAPABILITIES = frozenset(
    {
        "token",
        "videoUrl",
        "videoTestUrl",
        "cancelUrl",
        "editUrl",
        "inviteUrl",
        "office365CalendarUrl",
        "googleCalendarUrl",
        "icalUrl",
    }
)
FREE = CAPABILITIES | {
    "message",
    "internalNotes",
    "metadata",
    "callbackRequest",
    "externalId",
    "leadSegment",
    "location",
}
"""The members of an appointment, or around it, that become null. Each may be null by the contract."""
ANSWER = frozenset({"id", "form", "question", "answerType", "createdAt", "updatedAt"})
"""What stays of an answer."""
OF_OTHERS = frozenset({"office", "subject", "listing", "employee"})
"""The members that tell of something or somebody else."""
KNOWN = frozenset(
    {
        "id",
        "correlationId",
        "webhookConfigurationId",
        "version",
        "entity",
        "eventType",
        "meetingType",
        "hybrid",
        "trailingBufferTime",
        "createdAt",
        "createdById",
        "createdByType",
        "createdFrom",
        "updatedAt",
        "updatedById",
        "updatedByType",
        "updatedFrom",
        "status",
        "start",
        "end",
    }
)
"""The other members that the contract knows, whose texts cannot be the customer's."""
SHORTEST = 4
"""A shorter text says too little to be searched."""
STRONG, STRONG_WORD = 8, 16
"""A text of at least this length with a digit or an ``@``, or one word of the second length, is searched inside other
texts too."""


class Redaction(NamedTuple):
    """A document without the customer, and the ``values`` that were taken out and can be searched."""

    document: Any
    values: frozenset[str]


def redact(document: Any, customer: str) -> Redaction:
    """Take a customer out of a document that names the customer. The result does not name the customer any more."""
    redactor = _Redactor(customer)
    redacted = redactor.redacted(document)
    values = frozenset(value for value in redactor.taken if is_searchable(value))
    return Redaction(_without(redacted, values), values)


def is_searchable(value: str) -> bool:
    """Whether a value tells somebody apart: not a short text, and not a time."""
    return len(value) >= SHORTEST and value != ERASED and not is_date_time(value)


def is_strong(value: str) -> bool:
    """Whether a value cannot stand in another text by accident: a token, a URL, an address, a number."""
    if len(value) >= STRONG_WORD and not any(char.isspace() for char in value):
        return True
    return len(value) >= STRONG and any(char.isdigit() or char == "@" for char in value)


class _Redactor:
    """Takes a customer out of JSON values. Inside what tells of others (``of_others``), only a mention is taken out."""

    def __init__(self, customer: str) -> None:
        self._customer = customer
        self.taken: set[str] = set()

    def redacted(self, value: Any, *, of_others: bool = False) -> Any:
        if isinstance(value, list):
            return [self.redacted(element, of_others=of_others) for element in value]
        if not isinstance(value, dict):
            return value
        if self._is_the_participant(value):
            return self._participant(value)
        of_others = of_others or is_other_person(value)
        return {name: self._member(value, name, of_others=of_others) for name in value}

    def _member(self, owner: dict[str, Any], name: str, *, of_others: bool) -> Any:
        value = owner[name]
        if self._is(owner, name):
            return self._take(value, _placeholder(name, value))
        if of_others or name in OF_OTHERS or (name == "customer" and isinstance(value, dict)):
            return self.redacted(value, of_others=True)
        if name in FREE:
            return self._take(value)
        if name == "answers":
            return self._answers(value)
        return self.redacted(value)

    def _is(self, owner: dict[str, Any], name: str) -> bool:
        return named(owner, name) == self._customer

    def _is_the_participant(self, owner: dict[str, Any]) -> bool:
        if not owner.keys() & {"role", "type", *CAPABILITIES}:
            return False
        return any(self._is(owner, name) for name in ("customer", "participant", "id") if name in owner)

    def _participant(self, owner: dict[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for name, value in owner.items():
            if name in ("role", "type") and isinstance(value, str):
                kept[name] = value
            elif name in OF_OTHERS:
                kept[name] = self.redacted(value, of_others=True)
            elif self._is(owner, name):
                kept[name] = self._take(value, _placeholder(name, value))
            else:
                self._take(value)
        return kept

    def _answers(self, value: Any) -> Any:
        if not isinstance(value, list) or not all(isinstance(answer, dict) for answer in value):
            return self._take(value)
        return [
            {
                name: self.redacted(member, of_others=True) if name in ANSWER else self._take(member)
                for name, member in answer.items()
            }
            for answer in value
        ]

    def _take(self, value: Any, left: Any = None) -> Any:
        self.taken.update(text for _, text in leaves(value))
        return left


def is_other_person(owner: dict[str, Any]) -> bool:
    """Whether an object is a participant: an employee, or a customer who is not the one to take out."""
    kind = owner.get("type")
    if "role" not in owner and not (isinstance(kind, str) and kind in PERSONS):
        return False
    return any(isinstance(owner.get(name), dict) for name in (*PERSONS.values(), "participant")) or "id" in owner


def _placeholder(name: str, value: Any) -> Any:
    if name in ("createdById", "updatedById"):
        return None
    return {"id": ERASED} if isinstance(value, dict) else ERASED


def _without(value: Any, values: frozenset[str]) -> Any:
    """Replace what is left of the values, in members that the contract does not know."""
    strong = [text for text in values if is_strong(text)]

    def scrubbed(value: Any) -> Any:
        if isinstance(value, list):
            return [scrubbed(element) for element in value]
        if isinstance(value, dict):
            if is_other_person(value):
                return value
            kept = OF_OTHERS | KNOWN | {"customer", "answers", "role", "type"}
            return {name: member if name in kept else scrubbed(member) for name, member in value.items()}
        if not isinstance(value, str) or value.startswith(NUMBER):
            return value
        return ERASED if value in values or any(text in value for text in strong) else value

    return scrubbed(value)
