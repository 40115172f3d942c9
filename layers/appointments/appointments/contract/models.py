"""What the sender sends: the envelope of POST Appointment, as frozen, strict models.

Source: the vendor's webhook page as mapped in mapping.md, section 3 (types, nullability, presence) and section 4
(C1 to C22, A1). Presence is enforced only where a consumer depends on it; unknown members are kept at every level;
limits are annotations that are reported and never enforced (:mod:`appointments.contract.limits`). Date-times stay the
sender's text, checked for RFC 3339 with an offset: a datetime would lose digits of the fraction.
"""

# Annotations are evaluated as they stand: pydantic would have to evaluate their text, at every cold start.
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from appointments.contract.instants import PATTERN, is_date_time
from appointments.contract.limits import MaxLength, Minimum, MinLength

Status = Literal[
    "ACCEPTED",
    "COMPLETED",
    "NO_SHOW",
    "CANCELLED",
    "INCOMING_REQUEST",
    "OUTGOING_INVITE",
    "ALTERNATIVE_DATE_REQUESTED",
]
EventType = Literal[
    "ACCEPT",
    "REASSIGN",
    "CANCEL",
    "COMPLETE",
    "CREATE",
    "RESCHEDULE",
    "REQUEST_ALTERNATIVE_DATE",
    "CREATE_REQUEST",
    "RESCHEDULE_REQUEST",
    "REOPEN",
    "GENERIC_UPDATE",
]
MeetingType = Literal["OFFICE", "ON_LOCATION", "PHONE", "VIDEO"]
Actor = Literal["CUSTOMER", "EMPLOYEE", "OTHER"]
Channel = Literal["PLUGIN", "BACKOFFICE_APP", "PARTNER_BOOKING_APP", "OTHER"]
ParticipantRole = Literal["PRIMARY", "SECONDARY"]
ParticipantType = Literal["EMPLOYEE", "CUSTOMER"]
EmployeeRole = Literal["ADMIN", "AGENT", "CENTRAL_PLANNER", "OFFICE_MANAGER"]
EmployeeStatus = Literal["ACTIVE", "SUSPENDED", "PENDING"]
AnswerType = Literal["SUBJECT_QUESTIONNAIRE", "APPOINTMENT_CANCELLATION", "APPOINTMENT_COMPLETION", "QUALIFICATION"]


ENVELOPE_ID_BYTES = 1024 - len("EVENT#")
APPOINTMENT_ID_BYTES = 2048 - len("APPOINTMENT#")
"""An id becomes a key of the table and has to fit DynamoDB's limit together with its prefix (C22)."""


def check_date_time(text: str) -> str:
    if not is_date_time(text):
        raise PydanticCustomError("date_time", "not an RFC 3339 date-time", {"bound": "RFC 3339 date-time with offset"})
    return text


def check_envelope_id(text: str) -> str:
    return _fitting(text, ENVELOPE_ID_BYTES)


def check_appointment_id(text: str) -> str:
    return _fitting(text, APPOINTMENT_ID_BYTES)


def check_number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("float_type", "not a number")
    return value


def _fitting(text: str, bound: int) -> str:
    if not text:
        raise PydanticCustomError("minLength", "empty", {"bound": 1})
    if len(text.encode()) > bound:
        raise PydanticCustomError("maxBytes", "too long for a key", {"bound": bound})
    return text


Number = Annotated[Any, AfterValidator(check_number), WithJsonSchema({"type": "number"})]
"""As JSON has it. Pydantic's float is narrower: it refuses an integer that a double cannot hold."""
DateTime = Annotated[
    str,
    AfterValidator(check_date_time),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": PATTERN}),
]
EnvelopeId = Annotated[str, AfterValidator(check_envelope_id), WithJsonSchema({"type": "string", "minLength": 1})]
AppointmentId = Annotated[str, AfterValidator(check_appointment_id), WithJsonSchema({"type": "string", "minLength": 1})]
Id = Annotated[int, Minimum(0)] | Annotated[str, MinLength(1)]
"""Integer or text (C3); compare and key by ``str(id)``."""
ExternalId = Annotated[str, MaxLength(255)]
Email = Annotated[str, MaxLength(320)]
VideoUrl = Annotated[str, MaxLength(2000)]
Language = Annotated[str, MaxLength(2)]
CountryCode = Annotated[str, MinLength(2), MaxLength(2)]


ABSENT: Any = None
"""For a member that may be left out but not be null: a default is not validated, so null itself is refused."""


class Model(BaseModel):
    """Frozen, strict, camelCase on the wire, unknown members kept (C5).

    Validators are made when they are asked for, which at a cold start none is (:mod:`appointments.contract.prepared`).
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="allow", alias_generator=to_camel, defer_build=True)


class Translation(Model):
    value: str | None = None
    language: str | None = None  # no limit here, and no enum anywhere (C8)


# Arrays are immutable tuples; strict pydantic would want the decoded JSON array to be one already.
Translations = Annotated[tuple[Translation, ...], Field(strict=False)] | None


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
    """All members optional, limits of the richer copy of the page (C13); null only where it is printed."""

    id: str = ABSENT
    external_id: ExternalId | None = None
    order: Annotated[int, Minimum(0)] = ABSENT
    color: Annotated[str, MaxLength(7)] | None = None
    image: Annotated[str, MaxLength(65535)] | None = None
    translations: SubjectGroupTranslations | None = None
    created_at: DateTime = ABSENT
    updated_at: DateTime = ABSENT


class Subject(Model):
    id: str
    external_id: ExternalId | None = None
    enabled_for_customer_use: bool = ABSENT
    enabled_for_internal_use: bool = ABSENT
    order: Annotated[int, Minimum(0)] = ABSENT
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
    geolocation: Geolocation | None = None  # also null: virtual offices exist (C12)
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
    available_roles: Annotated[tuple[EmployeeRole, ...], Field(strict=False)] | None = None
    status: EmployeeStatus
    time_zone: str | None = None
    user_id: str | None = None
    created_at: DateTime | None = None
    updated_at: DateTime | None = None


class Customer(Model):
    """No sample exists; the names are those of the vendor's REST resource."""

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
    """Which two members hold at most 2000 characters is not printed: the video URLs (C10)."""

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


Participant = Annotated[EmployeeParticipant | CustomerParticipant, Field(discriminator="type")]


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
    selected_answer_options: Annotated[tuple[SelectedAnswerOption, ...], Field(strict=False)] | None = None
    created_at: DateTime | None = None
    updated_at: DateTime | None = None


class Listing(Model):
    id: str
    active: bool | None = None
    external_id: ExternalId | None = None
    time_zone: str | None = None
    location: Location | None = None
    tags: Annotated[tuple[str, ...], Field(strict=False)] | None = None
    translations: ListingTranslations | None = None
    created_at: DateTime | None = None
    updated_at: DateTime | None = None


class LeadSegment(Model):
    id: Id
    active: bool | None = None
    code: Annotated[str, MaxLength(255)] | None = None
    description: str | None = None
    created_at: DateTime | None = None
    updated_at: DateTime | None = None
    deleted_at: str | None = None  # no date-time format declared (C6)


class AppointmentBase(Model):
    """What every appointment has, whatever its status."""

    id: AppointmentId
    subject: Subject
    office: Office
    participants: Annotated[tuple[Participant, ...], Field(strict=False)]  # none is legal too (C9)
    answers: Annotated[tuple[Answer, ...], Field(strict=False)] | None = None
    callback_request: Any = None  # Required on the page, missing from its sample (C1)
    location: Location | None = None
    listing: Listing | None = None
    lead_segment: LeadSegment | None = None
    meeting_type: MeetingType
    external_id: ExternalId | None = None
    hybrid: bool | None = None
    trailing_buffer_time: int | None = None
    internal_notes: str | None = None
    metadata: dict[str, Any] | Annotated[tuple[Any, ...], Field(strict=False)] | None = None  # [] is a map too (C7)
    created_at: DateTime | None = None
    created_by_id: str | None = None
    created_by_type: Actor
    created_from: Channel
    updated_at: DateTime  # what the vendor tells receivers to order by (C20)
    updated_by_id: str | None = None
    updated_by_type: Actor
    updated_from: Channel
    start: DateTime | None = None
    end: DateTime | None = None


class DatedAppointment(AppointmentBase):
    """Statuses that cannot be without a date."""

    status: Literal["ACCEPTED", "COMPLETED", "NO_SHOW"]
    start: DateTime
    end: DateTime


class UndatedAppointment(AppointmentBase):
    """Statuses that can be without a date: an invite that never had one can be cancelled (C15). What the page says of
    requests and invites ends with the status (A1), so one with a date is accepted all the same.
    """

    status: Literal["CANCELLED", "INCOMING_REQUEST", "OUTGOING_INVITE", "ALTERNATIVE_DATE_REQUESTED"]


Appointment = Annotated[DatedAppointment | UndatedAppointment, Field(discriminator="status")]


class Reference(Model):
    """An object of which only the id is told."""

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
    """A reduced snapshot without an id of its own (C17), alike for every status."""

    status: Status
    subject: Reference | None = None
    office: Reference | None = None
    participants: Annotated[tuple[PreviousParticipant, ...], Field(strict=False)] | None = None
    location: Location | None = None
    listing: Reference | None = None
    lead_segment: Reference | None = None
    external_id: ExternalId | None = None
    start: DateTime | None = None
    end: DateTime | None = None


class Data(Model):
    """eventType, status and previousAppointment are never validated against each other (C14)."""

    event_type: EventType
    message: str | None = None  # deprecated by the vendor (C4)
    appointment: Appointment
    previous_appointment: PreviousAppointment | None


class Envelope(Model):
    """One event. ``id`` is unique per event and unchanged when the sender retries."""

    id: EnvelopeId
    correlation_id: str
    webhook_configuration_id: str
    version: str
    entity: Literal["Appointment"]  # the sibling webhook's "Callback Request" is refused clearly (C21)
    data: Data
