"""A usual model of the contract's main parts: pydantic's defaults, datetimes, unknown members kept."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class EventType(StrEnum):
    ACCEPT = "ACCEPT"
    REASSIGN = "REASSIGN"
    CANCEL = "CANCEL"
    COMPLETE = "COMPLETE"
    CREATE = "CREATE"
    RESCHEDULE = "RESCHEDULE"
    REQUEST_ALTERNATIVE_DATE = "REQUEST_ALTERNATIVE_DATE"
    CREATE_REQUEST = "CREATE_REQUEST"
    RESCHEDULE_REQUEST = "RESCHEDULE_REQUEST"
    REOPEN = "REOPEN"
    GENERIC_UPDATE = "GENERIC_UPDATE"


class Status(StrEnum):
    ACCEPTED = "ACCEPTED"
    COMPLETED = "COMPLETED"
    NO_SHOW = "NO_SHOW"
    CANCELLED = "CANCELLED"
    INCOMING_REQUEST = "INCOMING_REQUEST"
    OUTGOING_INVITE = "OUTGOING_INVITE"
    ALTERNATIVE_DATE_REQUESTED = "ALTERNATIVE_DATE_REQUESTED"


class MeetingType(StrEnum):
    OFFICE = "OFFICE"
    ON_LOCATION = "ON_LOCATION"
    PHONE = "PHONE"
    VIDEO = "VIDEO"


class Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow")


class Resource(Model):
    id: int | str
    external_id: str | None = Field(default=None, max_length=255)


class Subject(Resource):
    enabled_for_customer_use: bool | None = None
    enabled_for_internal_use: bool | None = None
    order: int | None = Field(default=None, ge=0)
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Location(Model):
    postal_code: str | None = None
    country_code: str | None = Field(default=None, min_length=2, max_length=2)


class Office(Resource):
    active: bool | None = None
    email: str | None = None
    phone_number: str | None = None
    time_zone: str | None = None
    virtual: bool | None = None
    location: Location | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Person(Resource):
    email: str | None = Field(default=None, max_length=320)
    first_name: str | None = None
    last_name: str | None = None
    language: str | None = Field(default=None, max_length=2)
    phone_number: str | None = None
    time_zone: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Participant(Model):
    role: str
    type: str
    token: str | None = None
    employee: Person | None = None
    customer: Person | None = None
    created_at: datetime | None = None


class Answer(Model):
    id: str | None = None
    answer_type: str
    value: str | None = None


class Appointment(Model):
    id: str = Field(min_length=1)
    status: Status
    meeting_type: MeetingType
    subject: Subject
    office: Office
    participants: list[Participant]
    answers: list[Answer] | None = None
    location: Location | None = None
    listing: Resource | None = None
    lead_segment: Resource | None = None
    external_id: str | None = Field(default=None, max_length=255)
    internal_notes: str | None = None
    metadata: dict[str, Any] | list[Any] | None = None
    start: datetime | None = None
    end: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime


class Data(Model):
    event_type: EventType
    message: str | None = None
    appointment: Appointment
    previous_appointment: dict[str, Any] | None = None


class Delivery(Model):
    id: str = Field(min_length=1)
    correlation_id: str
    webhook_configuration_id: str
    version: str
    entity: str
    data: Data
