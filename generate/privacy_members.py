"""The class of each member of the contract and of a message, for docs/privacy.md.

A test compares the names with the models and with the messages: a new member fails it until it has a class here.
``personal`` tells of a person or can. ``capability`` is a URL or token that lets anybody who has it act on an
appointment or join a meeting. ``neither`` is the rest. ``parts`` are objects, whose members have their own rows.
"""

from __future__ import annotations

PARTICIPANT = {
    "personal": "",
    "capability": "token videoUrl videoTestUrl cancelUrl editUrl inviteUrl office365CalendarUrl googleCalendarUrl "
    "icalUrl",
    "neither": "role type createdAt",
}
APPOINTMENT = {
    "personal": "callbackRequest internalNotes metadata createdById updatedById externalId start end",
    "capability": "",
    "neither": "id meetingType hybrid trailingBufferTime createdAt createdByType createdFrom updatedAt updatedByType "
    "updatedFrom status",
    "parts": "subject office participants answers location listing leadSegment",
}
CLASSES: dict[str, dict[str, str]] = {
    "Envelope": {
        "personal": "",
        "capability": "",
        "neither": "id correlationId webhookConfigurationId version entity",
        "parts": "data",
    },
    "Data": {
        "personal": "message",
        "capability": "",
        "neither": "eventType",
        "parts": "appointment previousAppointment",
    },
    "DatedAppointment": APPOINTMENT,
    "UndatedAppointment": APPOINTMENT,
    "PreviousAppointment": {
        "personal": "externalId start end",
        "capability": "",
        "neither": "status",
        "parts": "subject office participants location listing leadSegment",
    },
    "EmployeeParticipant": PARTICIPANT | {"parts": "employee"},
    "CustomerParticipant": PARTICIPANT | {"parts": "customer"},
    "PreviousParticipant": {
        "personal": "",
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
    "EmployeeTranslations": {"personal": "function", "capability": "", "neither": ""},
    "Customer": {
        "personal": "id externalId customerNumber email firstName lastName company language notes phoneNumber existing "
        "timeZone createdAt updatedAt deletedAt",
        "capability": "",
        "neither": "",
        "parts": "location",
    },
    "Reference": {"personal": "id", "capability": "", "neither": ""},
    "Answer": {
        "personal": "value",
        "capability": "",
        "neither": "id answerType createdAt updatedAt",
        "parts": "form question selectedAnswerOptions",
    },
    "SelectedAnswerOption": {"personal": "id externalId value", "capability": "", "neither": ""},
    "Form": {"personal": "", "capability": "", "neither": "id"},
    "Question": {"personal": "", "capability": "", "neither": "id externalId order", "parts": "translations"},
    "QuestionTranslations": {"personal": "", "capability": "", "neither": "label"},
    "Location": {
        "personal": "postalCode countryCode",
        "capability": "",
        "neither": "",
        "parts": "geolocation translations",
    },
    "LocationTranslations": {"personal": "city street1 street2 state", "capability": "", "neither": ""},
    "Geolocation": {"personal": "latitude longitude", "capability": "", "neither": ""},
    "Translation": {"personal": "value", "capability": "", "neither": "language"},
    "Office": {
        "personal": "email phoneNumber",
        "capability": "",
        "neither": "id active externalId timeZone usesIndependentAgents virtual createdAt updatedAt",
        "parts": "location translations",
    },
    "OfficeTranslations": {"personal": "", "capability": "", "neither": "name description directions parkingInfo"},
    "Subject": {
        "personal": "",
        "capability": "",
        "neither": "id externalId enabledForCustomerUse enabledForInternalUse order cancellationByAgentFormId "
        "cancellationByCustomerFormId completionByAgentFormId questionnaireFormId createdAt updatedAt",
        "parts": "subjectGroup translations",
    },
    "SubjectTranslations": {"personal": "", "capability": "", "neither": "name description instructions"},
    "SubjectGroup": {
        "personal": "",
        "capability": "",
        "neither": "id externalId order color image createdAt updatedAt",
        "parts": "translations",
    },
    "SubjectGroupTranslations": {"personal": "", "capability": "", "neither": "name"},
    "Listing": {
        "personal": "",
        "capability": "",
        "neither": "id active externalId timeZone tags createdAt updatedAt",
        "parts": "location translations",
    },
    "ListingTranslations": {"personal": "", "capability": "", "neither": "name description"},
    "LeadSegment": {
        "personal": "id code description",
        "capability": "",
        "neither": "active createdAt updatedAt deletedAt",
    },
}
"""By the name of a definition in docs/contract.schema.json: the members of each class, separated by spaces."""
