"""What the sender sends: the envelope of POST Appointment, as frozen, strict models.

Source: the vendor's webhook page. docs/contract.md has the facts C1 to C23 and A1, and what follows from each. The
models only validate: what travels on is the decoded document. Presence is required where a consumer depends on it.
Unknown members are accepted at every level. Limits (lengths, minimums) are constraints like any other here;
:mod:`.violations` tells them from structure by the kind of error.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema
from pydantic.alias_generators import to_camel

from appointments.contract.checks import (
    check_appointment_id,
    check_date_time,
    check_envelope_id,
    check_id,
    check_map,
    check_number,
    choose_appointment,
    choose_participant,
)
from appointments.contract.instants import PATTERN
from appointments.contract.values import (
    Actor,
    AnswerType,
    Channel,
    DatedStatus,
    EmployeeRole,
    EmployeeStatus,
    EventType,
    MeetingType,
    ParticipantRole,
    ParticipantType,
    Status,
    UndatedStatus,
)

Number = Annotated[Any, AfterValidator(check_number), WithJsonSchema({"type": "number"})]
"""A number of JSON. Pydantic's float is narrower: it refuses an integer that a double cannot hold."""
DateTime = Annotated[
    str,
    AfterValidator(check_date_time),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": PATTERN}),
]
EnvelopeId = Annotated[str, AfterValidator(check_envelope_id), WithJsonSchema({"type": "string", "minLength": 1})]
AppointmentId = Annotated[str, AfterValidator(check_appointment_id), WithJsonSchema({"type": "string", "minLength": 1})]
Id = Annotated[
    Any,
    AfterValidator(check_id),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "minLength": 1}]}),
]
"""An integer or a text (C3). Compare and key by ``str(id)``."""
Map = Annotated[
    Any,
    AfterValidator(check_map),
    WithJsonSchema({"anyOf": [{"type": "object", "additionalProperties": True}, {"type": "array", "items": {}}]}),
]
Order = Annotated[int, Field(ge=0)]
ExternalId = Annotated[str, Field(max_length=255)]
Email = Annotated[str, Field(max_length=320)]
VideoUrl = Annotated[str, Field(max_length=2000)]
Language = Annotated[str, Field(max_length=2)]
CountryCode = Annotated[str, Field(min_length=2, max_length=2)]


ABSENT: Any = None
"""The default of a member that may be absent but not null: pydantic does not validate a default."""


class Model(BaseModel):
    """A model that is frozen and strict, has camelCase names on the wire and accepts unknown members (C5)."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow", alias_generator=to_camel)


class Translation(Model):
    value: str | None = None
    language: str | None = None  # no limit here, and no enum anywhere (C8)


Translations = list[Translation] | None


class SubjectGroupTranslations(Model):
    name: Translations = None


class SubjectTranslations(Model):
    name: Translations = None
    description: Translations = None
    instructions: Translations = None


class LocationTranslations(Model):
    city: Translations = None
    street1: Translations = Field(default=None, alias="street1")
    street2: Translations = Field(default=None, alias="street2")
    state: Translations = None


class OfficeTranslations(Model):
    name: Translations = None
    description: Translations = None
    directions: Translations = None
    parking_info: Translations = None


class EmployeeTranslations(Model):
    function: Translations = None


class QuestionTranslations(Model):
    label: Translations = None


class ListingTranslations(Model):
    name: Translations = None
    description: Translations = None


class SubjectGroup(Model):
    """A group of subjects. All members are optional; the limits are those of the richer copy of the page (C13)."""

    id: str = ABSENT
    external_id: ExternalId | None = None
    order: Order = ABSENT
    color: Annotated[str, Field(max_length=7)] | None = None
    image: Annotated[str, Field(max_length=65535)] | None = None
    translations: SubjectGroupTranslations | None = None
    created_at: DateTime = ABSENT
    updated_at: DateTime = ABSENT


class Subject(Model):
    id: str
    external_id: ExternalId | None = None
    enabled_for_customer_use: bool = ABSENT
    enabled_for_internal_use: bool = ABSENT
    order: Order = ABSENT
    cancellation_by_agent_form_id: str | None = None
    cancellation_by_customer_form_id: str | None = None
    completion_by_agent_form_id: str | None = None
    questionnaire_form_id: str | None = None
    subject_group: SubjectGroup = ABSENT
    translations: SubjectTranslations | None = None
    created_at: DateTime = ABSENT
    updated_at: DateTime = ABSENT


class Geolocation(Model):
    latitude: Number | None = None
    longitude: Number | None = None


class Location(Model):
    postal_code: str | None = None
    country_code: CountryCode | None = None
    geolocation: Geolocation | None = None  # null for a virtual office (C12)
    translations: LocationTranslations | None = None


class Office(Model):
    id: str
    active: bool | None = None
    email: str | None = None
    external_id: ExternalId | None = None
    phone_number: str | None = None
    time_zone: str | None = None
    uses_independent_agents: bool | None = None
    virtual: bool | None = None
    location: Location | None = None
    translations: OfficeTranslations | None = None
    created_at: DateTime | None = None
    updated_at: DateTime | None = None


class Employee(Model):
    id: str
    communication_email: Email | None = None
    email: Email | None = None
    external_id: ExternalId | None = None
    first_name: str | None = None
    language: Language | None = None
    last_name: str | None = None
    online_planning: bool | None = None
    phone_number: str | None = None
    profile_picture_url: str | None = None
    static_video_url: str | None = None
    translations: EmployeeTranslations | None = None
    available_roles: list[EmployeeRole] | None = None
    status: EmployeeStatus
    time_zone: str | None = None
    user_id: str | None = None
    created_at: DateTime | None = None
    updated_at: DateTime | None = None


class Customer(Model):
    """A customer. No sample exists; the member names are those of the vendor's REST resource."""

    id: Id
    external_id: ExternalId | None = None
    customer_number: str | None = None
    email: Email | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    language: Language | None = None
    notes: str | None = None
    phone_number: str | None = None
    existing: bool | None = None
    time_zone: str | None = None
    created_at: DateTime | None = None
    updated_at: DateTime | None = None
    deleted_at: str | None = None
    location: Location | None = None


class ParticipantBase(Model):
    """The members that participants of both types share. The limit of the two video URLs is inferred (C10)."""

    role: ParticipantRole
    token: str | None = None
    video_url: VideoUrl | None = None
    video_test_url: VideoUrl | None = None
    cancel_url: str | None = None
    edit_url: str | None = None
    invite_url: str | None = None
    office365_calendar_url: str | None = Field(default=None, alias="office365CalendarUrl")
    google_calendar_url: str | None = None
    ical_url: str | None = None
    created_at: DateTime | None = None


class EmployeeParticipant(ParticipantBase):
    type: Literal["EMPLOYEE"]
    employee: Employee


class CustomerParticipant(ParticipantBase):
    type: Literal["CUSTOMER"]
    customer: Customer


class UnknownParticipant(ParticipantBase):
    """A participant without a known type: the other members are validated as well."""

    type: ParticipantType


Participant = Annotated[
    Annotated[EmployeeParticipant, Tag("Employee")]
    | Annotated[CustomerParticipant, Tag("Customer")]
    | Annotated[UnknownParticipant, Tag("Unknown")],
    Discriminator(choose_participant),
]


class Form(Model):
    id: str | None = None


class Question(Model):
    id: str | None = None
    external_id: str | None = None
    order: int | None = None
    translations: QuestionTranslations | None = None


class SelectedAnswerOption(Model):
    id: str | None = None
    external_id: str | None = None
    value: str | None = None


class Answer(Model):
    id: str | None = None
    form: Form | None = None
    question: Question | None = None
    answer_type: AnswerType
    value: str | None = None
    selected_answer_options: list[SelectedAnswerOption] | None = None
    created_at: DateTime | None = None
    updated_at: DateTime | None = None


class Listing(Model):
    id: str
    active: bool | None = None
    external_id: ExternalId | None = None
    time_zone: str | None = None
    location: Location | None = None
    tags: list[str] | None = None
    translations: ListingTranslations | None = None
    created_at: DateTime | None = None
    updated_at: DateTime | None = None


class LeadSegment(Model):
    id: Id
    active: bool | None = None
    code: Annotated[str, Field(max_length=255)] | None = None
    description: str | None = None
    created_at: DateTime | None = None
    updated_at: DateTime | None = None
    deleted_at: str | None = None  # the page declares no date-time format (C6)


class AppointmentBase(Model):
    """The members of an appointment of any status."""

    id: AppointmentId
    subject: Subject
    office: Office
    participants: list[Participant]  # an empty array is legal (C9)
    answers: list[Answer] | None = None
    callback_request: Any = None  # required on the page, absent from its sample (C1)
    location: Location | None = None
    listing: Listing | None = None
    lead_segment: LeadSegment | None = None
    meeting_type: MeetingType
    external_id: ExternalId | None = None
    hybrid: bool | None = None
    trailing_buffer_time: int | None = None
    internal_notes: str | None = None
    metadata: Map | None = None  # an empty map can arrive as [] (C7)
    created_at: DateTime | None = None
    created_by_id: str | None = None
    created_by_type: Actor
    created_from: Channel
    updated_at: DateTime  # receivers order events by it (C20)
    updated_by_id: str | None = None
    updated_by_type: Actor
    updated_from: Channel
    start: DateTime | None = None
    end: DateTime | None = None


class DatedAppointment(AppointmentBase):
    """An appointment whose status requires a start and an end."""

    status: DatedStatus
    start: DateTime
    end: DateTime


class UndatedAppointment(AppointmentBase):
    """An appointment whose status does not require a date: an invite without one can be cancelled (C15).

    The page does not describe the dates of requests and invites (A1), so these may have a date as well.
    """

    status: UndatedStatus


class UnknownAppointment(AppointmentBase):
    """An appointment without a known status: the other members are validated as well."""

    status: Status


Appointment = Annotated[
    Annotated[DatedAppointment, Tag("Dated")]
    | Annotated[UndatedAppointment, Tag("Undated")]
    | Annotated[UnknownAppointment, Tag("Unknown")],
    Discriminator(choose_appointment),
]


class Reference(Model):
    """A reference to an object by its id."""

    id: Id = ABSENT


class PreviousParticipant(Model):
    role: ParticipantRole = ABSENT
    type: ParticipantType = ABSENT
    token: str | None = None
    video_url: str | None = None
    video_test_url: str | None = None
    employee: Reference | None = None
    customer: Reference | None = None


class PreviousAppointment(Model):
    """The appointment before the change: a reduced snapshot without an id, alike for every status (C17)."""

    status: Status
    subject: Reference | None = None
    office: Reference | None = None
    participants: list[PreviousParticipant] | None = None
    location: Location | None = None
    listing: Reference | None = None
    lead_segment: Reference | None = None
    external_id: ExternalId | None = None
    start: DateTime | None = None
    end: DateTime | None = None


class Data(Model):
    """The change. eventType, status and previousAppointment are not validated against each other (C14)."""

    event_type: EventType
    message: str | None = None  # deprecated by the vendor (C4)
    appointment: Appointment
    previous_appointment: PreviousAppointment | None


class Envelope(Model):
    """One event. ``id`` is unique per event, and the same in every retry of the sender."""

    id: EnvelopeId
    correlation_id: str
    webhook_configuration_id: str
    version: str
    entity: Literal["Appointment"]  # the vendor's other webhook entity is "Callback Request" (C21)
    data: Data
