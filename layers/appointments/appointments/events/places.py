"""What an appointment is about and where it is: subject, office, location, listing and lead segment."""

from __future__ import annotations

from pydantic import Field

from appointments.events.values import Id, Maybe, MaybeDateTime, Model, Text


class Translation(Model):
    value: Maybe[Text] = None
    language: Maybe[Text] = None


Translations = Maybe[list[Maybe[Translation]]]


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


class ListingTranslations(Model):
    name: Translations = None
    description: Translations = None


class SubjectGroup(Model):
    id: Maybe[Id] = None
    external_id: Maybe[Text] = None
    order: Maybe[int] = None
    color: Maybe[Text] = None
    image: Maybe[Text] = None
    translations: Maybe[SubjectGroupTranslations] = None
    created_at: MaybeDateTime = None
    updated_at: MaybeDateTime = None


class Subject(Model):
    id: Maybe[Id] = None
    external_id: Maybe[Text] = None
    enabled_for_customer_use: Maybe[bool] = None
    enabled_for_internal_use: Maybe[bool] = None
    order: Maybe[int] = None
    cancellation_by_agent_form_id: Maybe[Text] = None
    cancellation_by_customer_form_id: Maybe[Text] = None
    completion_by_agent_form_id: Maybe[Text] = None
    questionnaire_form_id: Maybe[Text] = None
    subject_group: Maybe[SubjectGroup] = None
    translations: Maybe[SubjectTranslations] = None
    created_at: MaybeDateTime = None
    updated_at: MaybeDateTime = None


class Geolocation(Model):
    latitude: Maybe[float] = None
    longitude: Maybe[float] = None


class Location(Model):
    postal_code: Maybe[Text] = None
    country_code: Maybe[Text] = None
    geolocation: Maybe[Geolocation] = None
    translations: Maybe[LocationTranslations] = None


class Office(Model):
    id: Maybe[Id] = None
    active: Maybe[bool] = None
    email: Maybe[Text] = None
    external_id: Maybe[Text] = None
    phone_number: Maybe[Text] = None
    time_zone: Maybe[Text] = None
    uses_independent_agents: Maybe[bool] = None
    virtual: Maybe[bool] = None
    location: Maybe[Location] = None
    translations: Maybe[OfficeTranslations] = None
    created_at: MaybeDateTime = None
    updated_at: MaybeDateTime = None


class Listing(Model):
    id: Maybe[Id] = None
    active: Maybe[bool] = None
    external_id: Maybe[Text] = None
    time_zone: Maybe[Text] = None
    location: Maybe[Location] = None
    tags: Maybe[list[Maybe[Text]]] = None
    translations: Maybe[ListingTranslations] = None
    created_at: MaybeDateTime = None
    updated_at: MaybeDateTime = None


class LeadSegment(Model):
    id: Maybe[Id] = None
    active: Maybe[bool] = None
    code: Maybe[Text] = None
    description: Maybe[Text] = None
    created_at: MaybeDateTime = None
    updated_at: MaybeDateTime = None
    deleted_at: Maybe[Text] = None
