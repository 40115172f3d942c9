"""The participants of an appointment."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from appointments.events.places import Location, Translations
from appointments.events.values import Id, Maybe, MaybeDateTime, Model, Text, known

ParticipantRole = Annotated[str, known("PRIMARY", "SECONDARY")]
ParticipantType = Annotated[str, known("EMPLOYEE", "CUSTOMER")]
EmployeeRole = Annotated[str, known("ADMIN", "AGENT", "CENTRAL_PLANNER", "OFFICE_MANAGER")]
EmployeeStatus = Annotated[str, known("ACTIVE", "SUSPENDED", "PENDING")]
"""Texts with the values that the contract knows. Other values can come."""


class EmployeeTranslations(Model):
    function: Translations = None


class Employee(Model):
    id: Maybe[Id] = None
    communication_email: Maybe[Text] = None
    email: Maybe[Text] = None
    external_id: Maybe[Text] = None
    first_name: Maybe[Text] = None
    language: Maybe[Text] = None
    last_name: Maybe[Text] = None
    online_planning: Maybe[bool] = None
    phone_number: Maybe[Text] = None
    profile_picture_url: Maybe[Text] = None
    static_video_url: Maybe[Text] = None
    translations: Maybe[EmployeeTranslations] = None
    available_roles: Maybe[list[Maybe[EmployeeRole]]] = None
    status: Maybe[EmployeeStatus] = None
    time_zone: Maybe[Text] = None
    user_id: Maybe[Text] = None
    created_at: MaybeDateTime = None
    updated_at: MaybeDateTime = None


class Customer(Model):
    id: Maybe[Id] = None
    external_id: Maybe[Text] = None
    customer_number: Maybe[Text] = None
    email: Maybe[Text] = None
    first_name: Maybe[Text] = None
    last_name: Maybe[Text] = None
    company: Maybe[Text] = None
    language: Maybe[Text] = None
    notes: Maybe[Text] = None
    phone_number: Maybe[Text] = None
    existing: Maybe[bool] = None
    time_zone: Maybe[Text] = None
    created_at: MaybeDateTime = None
    updated_at: MaybeDateTime = None
    deleted_at: Maybe[Text] = None
    location: Maybe[Location] = None


class Participant(Model):
    """An employee, a customer, or a participant of a type that this release does not know."""

    type: Maybe[ParticipantType] = None
    role: Maybe[ParticipantRole] = None
    token: Maybe[Text] = None
    video_url: Maybe[Text] = None
    video_test_url: Maybe[Text] = None
    cancel_url: Maybe[Text] = None
    edit_url: Maybe[Text] = None
    invite_url: Maybe[Text] = None
    office365_calendar_url: Maybe[Text] = Field(default=None, alias="office365CalendarUrl")
    google_calendar_url: Maybe[Text] = None
    ical_url: Maybe[Text] = None
    created_at: MaybeDateTime = None
    employee: Maybe[Employee] = None
    customer: Maybe[Customer] = None
