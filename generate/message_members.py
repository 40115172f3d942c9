"""What the members of a message are: type and meaning, for docs/events.md. A test compares types with the messages."""

from __future__ import annotations

TEXT, TEXT_OR_NULL, FLAG, NUMBER, TEXTS = "text", "text or null", "true or false", "number", "list of texts"
AS_SENT = "as sent: text or null"
"""By the contract; in tolerant mode it can be any JSON, and null in a reference if it is long."""
INSTANT, INSTANT_OR_NULL = "instant", "instant or null"

Members = dict[str, tuple[str, str]]

OUTER: Members = {
    "version": (TEXT, "`0`, the version of EventBridge's form"),
    "id": (
        TEXT,
        "EventBridge's id of this publication. It differs when the event is published again: never skip by it",
    ),
    "detail-type": (TEXT, "see [Detail-types](#detail-types)"),
    "source": (TEXT, "`pexip.engage`, or the parameter `EventSource`"),
    "account": (TEXT, "the account of the bus"),
    "time": (TEXT, "when EventBridge accepted the message, in whole seconds. `updatedAt` is the time of the change"),
    "region": (TEXT, "the region of the bus"),
    "resources": ("list", "empty"),
    "replay-name": (TEXT, "the name of the replay; only in a message that is replayed from an archive"),
    "detail": ("object", "the message itself, below"),
}
METADATA: Members = {
    "id": (TEXT, "the envelope id of the event, the same in every delivery and publication"),
    "correlationId": (AS_SENT, "the sender's id of the action, to search the logs by"),
    "webhookConfigurationId": (AS_SENT, "the id of the sender's webhook that delivered the event"),
    "version": (AS_SENT, "the sender's version of the envelope"),
    "eventType": (
        TEXT,
        "the sender's name of the event; null in a reference if it is longer than 1,024 bytes. `RECONCILED` of an "
        "`AppointmentReconciled` is ours",
    ),
    "appointmentId": (TEXT, "the id of the appointment"),
    "updatedAt": (INSTANT, "the appointment's `updatedAt`"),
    "order": (TEXT, "`<instant>#<rank>#<envelope id>`: the greatest of an appointment is its state"),
    "receivedAt": (INSTANT, "when the event was received"),
    "schemaVersion": (TEXT, "`1`; it increases when subscribers must change"),
    "detail": (TEXT, "`full` or `reference`"),
    "stale": (FLAG, "whether the stored state was newer when the event was stored"),
    "replayed": (
        FLAG,
        "whether an operator published the message with `appointments failures redrive` or `appointments publish`",
    ),
    "replay": (
        "object or null",
        "which publication by an operator it is; null in the first publication. `id` is text, random, and the same in "
        "all messages of one run of the command; `instant` is when this message was published again",
    ),
    "origin": (
        TEXT,
        "how the event came to this system: `webhook`, a delivery of the sender, or `reconciliation`, an answer of the "
        "vendor's API (only in `AppointmentReconciled`)",
    ),
    "violations": (
        "list of objects",
        "where the event breaks the contract: at most 100, each with `path`, `rule` and `expected`, never a value",
    ),
    "violationCount": (NUMBER, "the number of all violations"),
}
ROUTING: Members = {
    "status": (TEXT_OR_NULL, "the status of the appointment"),
    "previousStatus": (TEXT_OR_NULL, "the status before the change"),
    "start": (INSTANT_OR_NULL, "when the appointment starts"),
    "end": (INSTANT_OR_NULL, "when it ends"),
    "officeId": (TEXT_OR_NULL, "the office"),
    "previousOfficeId": (TEXT_OR_NULL, "the office before the change"),
    "subjectId": (TEXT_OR_NULL, "the subject"),
    "listingId": (TEXT_OR_NULL, "the listing"),
    "leadSegmentId": (TEXT_OR_NULL, "the lead segment"),
    "employeeId": (TEXT_OR_NULL, "the PRIMARY employee, or the first if none is PRIMARY"),
    "previousEmployeeId": (TEXT_OR_NULL, "the same before the change"),
    "employeesAdded": (TEXTS, "employees who were no participants before the change; empty at a creation"),
    "employeesRemoved": (TEXTS, "employees who are participants no more"),
    "customerId": (TEXT_OR_NULL, "the PRIMARY customer, or the first if none is PRIMARY"),
    "meetingType": (TEXT_OR_NULL, "OFFICE, ON_LOCATION, PHONE, VIDEO or another value"),
    "createdFrom": (TEXT_OR_NULL, "where it was created: PLUGIN, BACKOFFICE_APP, PARTNER_BOOKING_APP, OTHER"),
    "createdByType": (TEXT_OR_NULL, "who created it: CUSTOMER, EMPLOYEE, OTHER"),
    "updatedFrom": (TEXT_OR_NULL, "where this change was made, with the same values"),
    "updatedByType": (TEXT_OR_NULL, "who made this change, with the same values"),
}
DATA: Members = {
    "appointment": ("object", "the appointment after the change; in a reference only ids, status and times"),
    "previousAppointment": (
        "object or null",
        "a reduced snapshot before the change, without an id; in a reference the same members as `appointment`",
    ),
    "message": (AS_SENT, "deprecated by the sender; absent from a reference"),
    "changes": (TEXTS, "the members that differ from `previousAppointment`, see [changes](#changes)"),
}
SENT_WHEN = {
    "AppointmentCreated": ("an appointment or an invite is created", "that the status is ACCEPTED"),
    "AppointmentRequestCreated": ("a customer asks for an appointment", "that somebody is assigned"),
    "AppointmentAccepted": ("a request or an invite is accepted", "that only the status changed"),
    "AppointmentReassigned": ("other employees take an appointment", "each change of employees: others come elsewhere"),
    "AppointmentRescheduled": ("an appointment gets another time", "each change of time: `changes` names it"),
    "AppointmentAlternativeDateRequested": ("an employee asks the customer for another date", "a date"),
    "AppointmentRescheduleRequested": ("a customer asks for another date", "that the appointment moves"),
    "AppointmentCancelled": ("an appointment is cancelled", "each cancellation: one can come as `AppointmentUpdated`"),
    "AppointmentCompleted": ("an appointment is over", "that the customer came, and each no-show"),
    "AppointmentReopened": ("a cancelled or completed appointment is open again", "the earlier time or office"),
    "AppointmentUpdated": ("anything else changes", "that the status is the same, or that `changes` names something"),
    "AppointmentReconciled": (
        "a reconciliation repairs an appointment whose events never arrived",
        "which events those were, nor any member that a reference does not have",
    ),
    "AppointmentUnrecognized": ("the eventType is not known to this release", "anything but `metadata` and `routing`"),
}
"""By detail-type: when it is sent, and what it does not promise."""
