"""Typed messages for subscribers. It needs pydantic alone and is the distribution ``appointments-events``.

``event = parse(payload)`` is an :class:`AppointmentEvent`. ``event.detail`` is :class:`Full` or :class:`Reference`.
"""

from appointments.events.appointment import Appointment, PreviousAppointment
from appointments.events.message import (
    AppointmentEvent,
    AppointmentReference,
    Detail,
    Full,
    Metadata,
    Reference,
    Replay,
    Routing,
    Violation,
)
from appointments.events.parsing import MessageError, parse
from appointments.events.people import Customer, Employee, Participant

__all__ = [
    "Appointment",
    "AppointmentEvent",
    "AppointmentReference",
    "Customer",
    "Detail",
    "Employee",
    "Full",
    "MessageError",
    "Metadata",
    "Participant",
    "PreviousAppointment",
    "Reference",
    "Replay",
    "Routing",
    "Violation",
    "parse",
]
