"""The appointment of a full message, as the sender sent it. Only ``id``, ``status`` and ``updated_at`` are certain."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from appointments.events.people import Participant, ParticipantRole, ParticipantType
from appointments.events.places import LeadSegment, Listing, Location, Office, Subject, Translations
from appointments.events.values import AnyJson, Id, Map, Maybe, MaybeDateTime, Model, Text, date_time, known

Status = Annotated[
    str,
    known(
        "ACCEPTED",
        "COMPLETED",
        "NO_SHOW",
        "CANCELLED",
        "INCOMING_REQUEST",
        "OUTGOING_INVITE",
        "ALTERNATIVE_DATE_REQUESTED",
    ),
]
MeetingType = Annotated[str, known("OFFICE", "ON_LOCATION", "PHONE", "VIDEO")]
Actor = Annotated[str, known("CUSTOMER", "EMPLOYEE", "OTHER")]
Channel = Annotated[str, known("PLUGIN", "BACKOFFICE_APP", "PARTNER_BOOKING_APP", "OTHER")]
AnswerType = Annotated[
    str,
    known(
        "SUBJECT_QUESTIONNAIRE",
        "APPOINTMENT_CANCELLATION",
        "APPOINTMENT_COMPLETION",
        "QUALIFICATION",
    ),
]
"""Texts with the values that the contract knows. Other values can come."""
AppointmentInstant = Annotated[datetime | None, BeforeValidator(date_time), WithJsonSchema({"type": "string"})]


class QuestionTranslations(Model):
    label: Translations = None


class Form(Model):
    id: Maybe[Id] = None


class Question(Model):
    id: Maybe[Id] = None
    external_id: Maybe[Text] = None
    order: Maybe[int] = None
    translations: Maybe[QuestionTranslations] = None


class SelectedAnswerOption(Model):
    id: Maybe[Id] = None
    external_id: Maybe[Text] = None
    value: Maybe[Text] = None


class Answer(Model):
    id: Maybe[Id] = None
    form: Maybe[Form] = None
    question: Maybe[Question] = None
    answer_type: Maybe[AnswerType] = None
    value: Maybe[Text] = None
    selected_answer_options: Maybe[list[Maybe[SelectedAnswerOption]]] = None
    created_at: MaybeDateTime = None
    updated_at: MaybeDateTime = None


class Appointment(Model):
    """An appointment as the sender sent it, after the change. ``updated_at`` is None in the year 0000."""

    id: Text
    status: Status
    updated_at: AppointmentInstant
    subject: Maybe[Subject] = None
    office: Maybe[Office] = None
    participants: Maybe[list[Maybe[Participant]]] = None
    answers: Maybe[list[Maybe[Answer]]] = None
    callback_request: AnyJson = None
    location: Maybe[Location] = None
    listing: Maybe[Listing] = None
    lead_segment: Maybe[LeadSegment] = None
    meeting_type: Maybe[MeetingType] = None
    external_id: Maybe[Text] = None
    hybrid: Maybe[bool] = None
    trailing_buffer_time: Maybe[int] = None
    internal_notes: Maybe[Text] = None
    metadata: Maybe[Map] = None
    created_at: MaybeDateTime = None
    created_by_id: Maybe[Text] = None
    created_by_type: Maybe[Actor] = None
    created_from: Maybe[Channel] = None
    updated_by_id: Maybe[Text] = None
    updated_by_type: Maybe[Actor] = None
    updated_from: Maybe[Channel] = None
    start: MaybeDateTime = None
    end: MaybeDateTime = None


class OnlyId(Model):
    """An object of which only the id is known."""

    id: Maybe[Id] = None


class PreviousParticipant(Model):
    role: Maybe[ParticipantRole] = None
    type: Maybe[ParticipantType] = None
    token: Maybe[Text] = None
    video_url: Maybe[Text] = None
    video_test_url: Maybe[Text] = None
    employee: Maybe[OnlyId] = None
    customer: Maybe[OnlyId] = None


class PreviousAppointment(Model):
    """The appointment before the change: a reduced snapshot without an id."""

    status: Maybe[Status] = None
    subject: Maybe[OnlyId] = None
    office: Maybe[OnlyId] = None
    participants: Maybe[list[Maybe[PreviousParticipant]]] = None
    location: Maybe[Location] = None
    listing: Maybe[OnlyId] = None
    lead_segment: Maybe[OnlyId] = None
    external_id: Maybe[Text] = None
    start: MaybeDateTime = None
    end: MaybeDateTime = None
