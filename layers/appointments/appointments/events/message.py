"""The message that EventBridge delivers, for every detail-type.

What the publisher makes (``metadata``, ``routing``, ``changes``) is always there. Of a :class:`Full` message the
appointment is the sender's; a :class:`Reference` has ids, status and times only.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, WithJsonSchema

from appointments.events.appointment import Appointment, OnlyId, PreviousAppointment, Status
from appointments.events.people import ParticipantRole, ParticipantType
from appointments.events.values import (
    INSTANT_PATTERN,
    Id,
    Instant,
    Maybe,
    MaybeDateTime,
    Model,
    NullableInstant,
    NullableText,
    Published,
    Text,
)

REFERENCE = "reference"
Order = Annotated[str, WithJsonSchema({"type": "string", "pattern": INSTANT_PATTERN.removesuffix("$") + "#[0-4]#"})]


class Violation(Published):
    """Where an event breaks the contract: never with a value."""

    path: str
    rule: str
    expected: str = ""


class Replay(Published):
    """One publication by an operator. All messages of one run of a command have the same ``id``."""

    id: str
    instant: Instant = None


class Metadata(Published):
    """Who the event is, and when it was. Act if ``order`` is greater than the last of this ``appointment_id``."""

    id: str
    correlation_id: Maybe[Text] = None
    webhook_configuration_id: Maybe[Text] = None
    version: Maybe[Text] = None
    event_type: NullableText = None
    appointment_id: str
    updated_at: Instant = None
    order: Order
    received_at: Instant = None
    schema_version: Annotated[str, WithJsonSchema({"const": "1"})] = "1"
    detail: str
    stale: bool = False
    replayed: bool = False
    replay: Replay | None = None
    origin: Annotated[str, WithJsonSchema({"type": "string", "examples": ["webhook"]})] = "webhook"
    violations: list[Violation] = Field(default_factory=list)
    violation_count: Annotated[int, WithJsonSchema({"type": "integer", "minimum": 0})] = 0


class FullMetadata(Metadata):
    event_type: Text = ""
    detail: Annotated[str, WithJsonSchema({"const": "full"})]


class ReferenceMetadata(Metadata):
    detail: Annotated[str, WithJsonSchema({"const": REFERENCE})]


class Routing(Published):
    """Flat members, alike in full messages and references. None where the sender's value is missing or too long."""

    status: NullableText = None
    previous_status: NullableText = None
    start: NullableInstant = None
    end: NullableInstant = None
    office_id: NullableText = None
    previous_office_id: NullableText = None
    subject_id: NullableText = None
    listing_id: NullableText = None
    lead_segment_id: NullableText = None
    employee_id: NullableText = None
    previous_employee_id: NullableText = None
    employees_added: list[str] = Field(default_factory=list)
    employees_removed: list[str] = Field(default_factory=list)
    customer_id: NullableText = None
    meeting_type: NullableText = None
    created_from: NullableText = None
    created_by_type: NullableText = None
    updated_from: NullableText = None
    updated_by_type: NullableText = None


class FullData(Published):
    appointment: Appointment
    previous_appointment: Maybe[PreviousAppointment] = None
    message: Maybe[Text] = None
    changes: list[str] = Field(default_factory=list)


class ReferenceParticipant(Model):
    type: Maybe[ParticipantType] = None
    role: Maybe[ParticipantRole] = None
    employee: OnlyId | None = None
    customer: OnlyId | None = None


class AppointmentReference(Model):
    """Ids, status and times of an appointment. A value of more than 1,024 bytes is None."""

    id: Maybe[Id] = None
    status: Maybe[Status] = None
    start: MaybeDateTime = None
    end: MaybeDateTime = None
    updated_at: MaybeDateTime = None
    office: OnlyId | None = None
    subject: OnlyId | None = None
    listing: OnlyId | None = None
    lead_segment: OnlyId | None = None
    participants: list[ReferenceParticipant] = Field(default_factory=list)


class ReferenceData(Published):
    appointment: AppointmentReference
    previous_appointment: AppointmentReference | None = None
    changes: list[str] = Field(default_factory=list)


class Full(Published):
    """A message with the whole appointment as sent. ``envelope`` has unknown members of the sender's envelope."""

    metadata: FullMetadata
    routing: Routing
    data: FullData


class Reference(Published):
    """A message with ids, status and times only. docs/events.md says how to read the appointment from the table."""

    metadata: ReferenceMetadata
    routing: Routing
    data: ReferenceData


def _form(detail: Any) -> str:
    if isinstance(detail, Full | Reference):
        return type(detail).__name__
    metadata = detail.get("metadata") if isinstance(detail, dict) else None
    return "Reference" if isinstance(metadata, dict) and metadata.get("detail") == REFERENCE else "Full"


Detail = Annotated[Annotated[Full, Tag("Full")] | Annotated[Reference, Tag("Reference")], Discriminator(_form)]
"""The member ``detail``: the model for the EventBridgeEnvelope of Powertools."""


class AppointmentEvent(Model):
    """A message as EventBridge delivers it. ``id`` is the id of the publication; see ``metadata.id`` for the event."""

    version: Annotated[str | None, WithJsonSchema({"type": "string"})] = None
    id: Annotated[str | None, WithJsonSchema({"type": "string"})] = None
    detail_type: Text = Field(alias="detail-type")
    source: Text
    account: Annotated[str | None, WithJsonSchema({"type": "string"})] = None
    time: Annotated[str | None, WithJsonSchema({"type": "string"})] = None
    region: Annotated[str | None, WithJsonSchema({"type": "string"})] = None
    resources: list[str] = Field(default_factory=list)
    replay_name: Annotated[str | None, WithJsonSchema({"type": "string"})] = Field(default=None, alias="replay-name")
    detail: Detail

    @property
    def metadata(self) -> Metadata:
        return self.detail.metadata

    @property
    def routing(self) -> Routing:
        return self.detail.routing

    @property
    def appointment(self) -> Appointment | AppointmentReference:
        """The appointment after the change: an :class:`AppointmentReference` in a reference."""
        return self.detail.data.appointment

    @property
    def previous_appointment(self) -> PreviousAppointment | AppointmentReference | None:
        return self.detail.data.previous_appointment

    @property
    def changes(self) -> list[str]:
        return self.detail.data.changes
