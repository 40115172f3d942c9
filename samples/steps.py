"""Four appointments, each in its state after every step of the story.

A step is the state before it plus the changed members, so that previousAppointment is correct by construction.
"""

from __future__ import annotations

from samples import forms, people, places
from samples.appointments import last_change, new_appointment, without_members

# A mortgage: the customer books, the bank reassigns, the CRM adds its ids, the customer reschedules, it takes place.
_BOOKED_AT = "2026-03-02T08:14:07.312Z"
_LOTTE = people.participant(people.LOTTE, "48101", _BOOKED_AT)
_MILAN = people.participant(people.MILAN, "48101", _BOOKED_AT, role="SECONDARY")
MORTGAGE_BOOKED = new_appointment(
    "48101",
    _BOOKED_AT,
    people.LOTTE,
    "PLUGIN",
    subject=places.MORTGAGE,
    office=places.GHENT,
    participants=[people.participant(people.JEF, "48101", _BOOKED_AT), _LOTTE, _MILAN],
    answers=forms.QUESTIONNAIRE,
    metadata={"utm": {"source": "newsletter", "campaign": "lente-2026"}, "steps": [1, 2, 3], "score": 0.75},
    status="ACCEPTED",
    start="2026-03-26T14:00:00+01:00",
    end="2026-03-26T15:00:00+01:00",
)
MORTGAGE_REASSIGNED = MORTGAGE_BOOKED | {
    "participants": [people.participant(people.AMELIE, "48101", "2026-03-03T09:05:12+00:00"), _LOTTE, _MILAN],
    "internalNotes": "Jef est absent cette semaine-là → Amélie 🙂",
    **last_change(people.NOOR, "BACKOFFICE_APP", "2026-03-03T09:05:12+00:00"),
}
MORTGAGE_LINKED = MORTGAGE_REASSIGNED | {
    "listing": places.FLAT_FOR_SALE,
    "leadSegment": places.FIRST_HOME,
    "externalId": "CRM-DEAL-2026-0193",
    **last_change(None, "OTHER", "2026-03-04T11:05:00.120456+01:00"),
}
MORTGAGE_RESCHEDULED = MORTGAGE_LINKED | {
    "start": "2026-03-31T10:00:00+02:00",  # after the change to summer time
    "end": "2026-03-31T11:00:00+02:00",
    **last_change(people.LOTTE, "PLUGIN", "2026-03-04T15:20:11.0457Z"),
}
MORTGAGE_COMPLETED = MORTGAGE_RESCHEDULED | {
    "answers": forms.QUESTIONNAIRE + forms.COMPLETION,
    "leadSegment": places.HOME_OWNER,
    "status": "COMPLETED",
    **last_change(people.AMELIE, "BACKOFFICE_APP", "2026-03-31T11:07:44+02:00"),
}

# Investment advice: a request, a request for another date, a second proposal, an acceptance as a video call.
_REQUESTED_AT = "2026-03-02T19:47:52Z"
_ZOE = people.participant(people.ZOE, "48102", _REQUESTED_AT, video=True)
INVESTING_REQUESTED = new_appointment(
    "48102",
    _REQUESTED_AT,
    people.ZOE,
    "PLUGIN",
    subject=places.INVESTING,
    office=places.GHENT,
    participants=[_ZOE],
    answers=forms.QUALIFICATION,
    callbackRequest={"id": "8120"},
    meetingType="VIDEO",
    hybrid=None,
    metadata=[],  # the sender's notation of an empty map
    status="INCOMING_REQUEST",
    start="2026-03-09T08:30:00+01:00",
    end="2026-03-09T09:15:00+01:00",
)
INVESTING_OTHER_DATE = INVESTING_REQUESTED | {
    "status": "ALTERNATIVE_DATE_REQUESTED",
    "start": None,
    "end": None,
    **last_change(people.NOOR, "BACKOFFICE_APP", "2026-03-03T09:31:40.000Z"),
}
INVESTING_REQUESTED_AGAIN = INVESTING_OTHER_DATE | {
    "status": "INCOMING_REQUEST",
    "start": "2026-03-11T07:30:00Z",
    "end": "2026-03-11T08:15:00Z",
    **last_change(people.ZOE, "PLUGIN", "2026-03-03T21:58:03.900Z"),
}
INVESTING_ACCEPTED = INVESTING_REQUESTED_AGAIN | {
    "office": places.ONLINE,
    "participants": [people.participant(people.BRAM, "48102", "2026-03-04T09:10:26Z", video=True), _ZOE],
    "status": "ACCEPTED",
    **last_change(people.NOOR, "BACKOFFICE_APP", "2026-03-04T09:10:26Z"),
}

# Home insurance: an invitation without a date, at the customer's home. Unknown members are absent.
_INVITED_AT = "2026-03-04T08:02:59.001+01:00"
INSURANCE_INVITED = without_members(
    new_appointment(
        "48103",
        _INVITED_AT,
        people.AMELIE,
        "PARTNER_BOOKING_APP",
        subject=places.INSURANCE,
        office=places.GHENT,
        participants=[
            people.participant(people.AMELIE, "48103", _INVITED_AT),
            people.participant(people.LOTTE, "48103", _INVITED_AT),
        ],
        location=places.HOME_IN_GHENT,
        leadSegment=places.FIRST_HOME,
        meetingType="ON_LOCATION",
        messageForCustomer="Tot binnenkort! 👋",  # a member that the vendor's page lacks
        metadata=None,
        status="OUTGOING_INVITE",
    ),
    "answers",
    "listing",
    "externalId",
    "internalNotes",
)

INSURANCE_ACCEPTED = INSURANCE_INVITED | {
    "status": "ACCEPTED",
    "start": "2026-03-19T17:30:00+01:00",
    "end": "2026-03-19T18:15:00+01:00",
    **last_change(people.LOTTE, "PLUGIN", "2026-03-06T20:11:32.518Z"),
}

# A business account: booked before the webhook exists, cancelled, reopened at another office, then a no-show.
_ACCOUNT_BOOKED_AT = "2026-02-17T10:26:00+01:00"
ACCOUNT_BOOKED = new_appointment(
    "48104",
    _ACCOUNT_BOOKED_AT,
    people.NOOR,
    "BACKOFFICE_APP",
    subject=places.BUSINESS_ACCOUNT,
    office=places.ANTWERP,
    participants=[
        people.participant(people.NOOR, "48104", _ACCOUNT_BOOKED_AT),
        people.participant(people.JEF, "48104", _ACCOUNT_BOOKED_AT, role="SECONDARY"),
        people.participant(people.IPEK, "48104", _ACCOUNT_BOOKED_AT),
    ],
    trailingBufferTime=None,
    status="ACCEPTED",
    start="2026-03-05T09:00:00+01:00",
    end="2026-03-05T10:30:00+01:00",
)
ACCOUNT_CANCELLED = ACCOUNT_BOOKED | {
    "answers": forms.CANCELLATION,
    "status": "CANCELLED",
    **last_change(people.IPEK, "PLUGIN", "2026-03-03T12:40:30.5Z"),
}
ACCOUNT_REOPENED = ACCOUNT_CANCELLED | {
    "office": places.GHENT,
    "meetingType": "PHONE",
    "status": "ACCEPTED",
    "start": "2026-03-12T16:00:00+01:00",
    "end": "2026-03-12T16:30:00+01:00",
    **last_change(people.NOOR, "BACKOFFICE_APP", "2026-03-04T12:15:00+01:00"),
}
ACCOUNT_NO_SHOW = ACCOUNT_REOPENED | {
    "internalNotes": "Drie keer gebeld, geen antwoord.",
    "status": "NO_SHOW",
    **last_change(people.JEF, "BACKOFFICE_APP", "2026-03-12T16:41:35.750+01:00"),
}
