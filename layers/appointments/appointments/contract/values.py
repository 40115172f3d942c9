"""The fixed values of the contract: enums of the sender, as types."""

from __future__ import annotations

from typing import Literal

DatedStatus = Literal["ACCEPTED", "COMPLETED", "NO_SHOW"]
UndatedStatus = Literal["CANCELLED", "INCOMING_REQUEST", "OUTGOING_INVITE", "ALTERNATIVE_DATE_REQUESTED"]
Status = Literal[DatedStatus, UndatedStatus]
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
