"""The class of each member of the contract and of a message, for docs/privacy.md.

A test compares the names with the models and with the messages: a new member fails it until it has a class here.
``personal`` tells of a person or can. ``capability`` is a URL or token that lets anybody who has it act on an
appointment or join a meeting. ``neither`` is the rest. ``parts`` are objects, whose members have their own rows. A
class without members is left out.
"""

from __future__ import annotations

PARTICIPANT = {
    "capability": "token videoUrl videoTestUrl cancelUrl editUrl inviteUrl office365CalendarUrl googleCalendarUrl "
    "icalUrl",
    "neither": "role type createdAt",
}
APPOINTMENT = {
    "personal": "callbackRequest internalNotes metadata createdById updatedById externalId start end",
    "neither": "id meetingType hybrid trailingBufferTime createdAt createdByType createdFrom updatedAt updatedByType "
    "updatedFrom status",
    "parts": "subject office participants answers location listing leadSegment",
}
CLASSES: dict[str, dict[str, str]] = {
    "Envelope": {"neither": "id correlationId webhookConfigurationId version entity", "parts": "data"},
    "Data": {"personal": "message", "neither": "eventType", "parts": "appointment previousAppointment"},
    "DatedAppointment": APPOINTMENT,
    "UndatedAppointment": APPOINTMENT,
    "PreviousAppointment": {
        "personal": "externalId start end",
        "neither": "status",
        "parts": "subject office participants location listing leadSegment",
    },
    "EmployeeParticipant": PARTICIPANT | {"parts": "employee"},
    "CustomerParticipant": PARTICIPANT | {"parts": "customer"},
    "PreviousParticipant": {
        "capability": "token videoUrl videoTestUrl",
        "neither": "role type",
        "parts": "employee customer",
    },
    "Employee": {
        "personal": "id communicationEmail email externalId firstName lastName language phoneNumber profilePictureUrl "
        "userId status timeZone availableRoles onlinePlanning",
        "capability": "staticVideoUrl",
        "neither": "createdAt updatedAt",
        "parts": "translations",
    },
    "EmployeeTranslations": {"personal": "function"},
    "Customer": {
        "personal": "id externalId customerNumber email firstName lastName company language notes phoneNumber existing "
        "timeZone createdAt updatedAt deletedAt",
        "parts": "location",
    },
    "Reference": {"personal": "id"},
    "Answer": {
        "personal": "value",
        "neither": "id answerType createdAt updatedAt",
        "parts": "form question selectedAnswerOptions",
    },
    "SelectedAnswerOption": {"personal": "id externalId value"},
    "Form": {"neither": "id"},
    "Question": {"neither": "id externalId order", "parts": "translations"},
    "QuestionTranslations": {"neither": "label"},
    "Location": {"personal": "postalCode countryCode", "parts": "geolocation translations"},
    "LocationTranslations": {"personal": "city street1 street2 state"},
    "Geolocation": {"personal": "latitude longitude"},
    "Translation": {"personal": "value", "neither": "language"},
    "Office": {
        "personal": "email phoneNumber",
        "neither": "id active externalId timeZone usesIndependentAgents virtual createdAt updatedAt",
        "parts": "location translations",
    },
    "OfficeTranslations": {"neither": "name description directions parkingInfo"},
    "Subject": {
        "neither": "id externalId enabledForCustomerUse enabledForInternalUse order cancellationByAgentFormId "
        "cancellationByCustomerFormId completionByAgentFormId questionnaireFormId createdAt updatedAt",
        "parts": "subjectGroup translations",
    },
    "SubjectTranslations": {"neither": "name description instructions"},
    "SubjectGroup": {"neither": "id externalId order color image createdAt updatedAt", "parts": "translations"},
    "SubjectGroupTranslations": {"neither": "name"},
    "Listing": {"neither": "id active externalId timeZone tags createdAt updatedAt", "parts": "location translations"},
    "ListingTranslations": {"neither": "name description"},
    "LeadSegment": {"personal": "id code description", "neither": "active createdAt updatedAt deletedAt"},
}
"""By the name of a definition in docs/contract.schema.json: the members of each class, separated by spaces."""
