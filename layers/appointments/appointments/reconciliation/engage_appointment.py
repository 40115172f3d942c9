"""The shape of one appointment in the vendor's API, and the same appointment under the names of the webhook.

Source: the vendor's pages operation-getappointments and operation-getappointmentbyid. The names differ from those of
the webhook: ``appointmentParticipants`` holds each person as ``participant``, whatever the type. The API has no tokens,
no names of people, and no URLs but those of a video call.

The check is strict where this project depends on a member, and tolerant elsewhere: unknown members and unknown values
of an enum are accepted, because the vendor announces both as compatible changes (topic-api-upgrades).
"""

# Annotations are objects, not strings: pydantic would have to evaluate the strings.
from typing import Annotated, Any, NamedTuple

from pydantic import Field, ValidationError

from appointments.contract.members import PERSONS
from appointments.contract.models import ABSENT, AppointmentId, DateTime, Id, Model
from appointments.contract.violations import Location, Violation, from_error, json_path
from appointments.reconciliation.errors import AnswerShapeError

Text = Annotated[str, Field(min_length=1)]
LISTED = 20
"""An error lists at most this many violations."""


class EngageAppointment(NamedTuple):
    """One appointment of the API: ``body`` is its JSON exactly as the API sent it, ``document`` the decoded body."""

    body: bytes
    document: dict[str, Any]


class _Reference(Model):
    id: Id


class _Participant(Model):
    type: Text
    role: Text | None
    participant: _Reference | None


class _Appointment(Model):
    """What a comparison and a repair depend on. ``subject`` and ``office`` may be null: the pages at hand do
    not say, and an appointment without one harms nothing."""

    id: AppointmentId
    status: Text
    start: DateTime | None
    end: DateTime | None
    updated_at: DateTime
    meeting_type: Text | None
    subject: _Reference | None
    office: _Reference | None
    appointment_participants: list[_Participant]
    listing: _Reference | None = ABSENT
    lead_segment: _Reference | None = ABSENT
    external_id: str | None = ABSENT


def check(document: Any, at: Location = ()) -> dict[str, Any]:
    """Return the document of one appointment if it has the documented shape.

    ``at`` is where the appointment stands in the answer, such as ``("data", 3)``. Raises AnswerShapeError with the path
    and the rule of each violation.
    """
    return check_shape(_Appointment, document, at)


def check_shape(model: type[Model], document: Any, at: Location = ()) -> dict[str, Any]:
    """Return the document if it has the shape of the model. Raises AnswerShapeError."""
    violations: list[Violation] = []
    try:
        model.model_validate(document)
    except ValidationError as error:  # its message quotes the document: it must not become the context of an error
        prefix = json_path(at)
        found = [from_error(each, document) for each in error.errors(include_url=False, include_input=False)[:LISTED]]
        violations = [violation._replace(path=prefix + violation.path.removeprefix("$")) for violation in found]
    if violations:
        raise AnswerShapeError(violations)
    checked: dict[str, Any] = document
    return checked


_SAME = ("id", "externalId", "status", "start", "end", "updatedAt", "meetingType")
_REFERENCES = ("office", "subject", "listing", "leadSegment")


def appointment_of(document: dict[str, Any]) -> dict[str, Any]:
    """Return the appointment under the names of the webhook contract, as a reference has them.

    ``document`` is one that :func:`check` accepted. The result has ``id``, ``externalId``, ``status``, ``start``,
    ``end``, ``updatedAt``, ``meetingType``, the ids of ``office``, ``subject``, ``listing`` and ``leadSegment``, and
    ``participants`` with ``type``, ``role`` and the id of the person under ``employee`` or ``customer``. A member that
    the API left out is absent, null stays null, and instants keep the notation of the API.
    """
    appointment = {name: document[name] for name in _SAME if name in document}
    appointment |= {name: _only_id(document[name]) for name in _REFERENCES if name in document}
    appointment["participants"] = [_participant(each) for each in document["appointmentParticipants"]]
    return appointment


def _participant(participant: dict[str, Any]) -> dict[str, Any]:
    members = {name: participant[name] for name in ("type", "role")}
    name = PERSONS.get(participant["type"])
    return members if name is None else members | {name: _only_id(participant["participant"])}


def _only_id(value: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if value is None else {"id": value["id"]}
