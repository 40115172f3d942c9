"""Four appointments, each as it stands after every step of the story.

A step is the one before with what the step changes, so that previousAppointment is true by construction.
"""

from __future__ import annotations

from samples import forms, people, places
from samples.appointments import by, new, without

# A mortgage: booked by the customer, reassigned, completed with the CRM's ids, moved, done.
_BOOKED = "2026-03-02T08:14:07.312Z"
_LOTTE = people.participant(people.LOTTE, "48101", _BOOKED)
_MILAN = people.participant(people.MILAN, "48101", _BOOKED, role="SECONDARY")
MORTGAGE_BOOKED = new(
    "48101",
    _BOOKED,
    people.LOTTE,
    "PLUGIN",
    subject=places.MORTGAGE,
    office=places.GHENT,
    participants=[people.participant(people.JEF, "48101", _BOOKED), _LOTTE, _MILAN],
    answers=forms.QUESTIONNAIRE,
    metadata={"utm": {"source": "newsletter", "campaign": "lente-2026"}, "steps": [1, 2, 3], "score": 0.75},
    status="ACCEPTED",
    start="2026-03-26T14:00:00+01:00",
    end="2026-03-26T15:00:00+01:00",
)
MORTGAGE_REASSIGNED = MORTGAGE_BOOKED | {
    "participants": [people.participant(people.AMELIE, "48101", "2026-03-03T09:05:12+00:00"), _LOTTE, _MILAN],
    "internalNotes": "Jef est absent cette semaine-là → Amélie 🙂",
    **by(people.NOOR, "BACKOFFICE_APP", "2026-03-03T09:05:12+00:00"),
}
MORTGAGE_LINKED = MORTGAGE_REASSIGNED | {
    "listing": places.FLAT_FOR_SALE,
    "leadSegment": places.FIRST_HOME,
    "externalId": "CRM-DEAL-2026-0193",
    **by(None, "OTHER", "2026-03-04T11:05:00.120456+01:00"),
}
MORTGAGE_MOVED = MORTGAGE_LINKED | {
    "start": "2026-03-31T10:00:00+02:00",  # on the other side of the change to summer time
    "end": "2026-03-31T11:00:00+02:00",
    **by(people.LOTTE, "PLUGIN", "2026-03-04T15:20:11.0457Z"),
}
MORTGAGE_DONE = MORTGAGE_MOVED | {
    "answers": forms.QUESTIONNAIRE + forms.COMPLETION,
    "leadSegment": places.HOME_OWNER,
    "status": "COMPLETED",
    **by(people.AMELIE, "BACKOFFICE_APP", "2026-03-31T11:07:44+02:00"),
}

# Investment advice: asked for, another date asked for, proposed again, accepted as a video call.
_ASKED = "2026-03-02T19:47:52Z"
_ZOE = people.participant(people.ZOE, "48102", _ASKED, video=True)
INVESTING_ASKED = new(
    "48102",
    _ASKED,
    people.ZOE,
    "PLUGIN",
    subject=places.INVESTING,
    office=places.GHENT,
    participants=[_ZOE],
    answers=forms.QUALIFICATION,
    callbackRequest={"id": "8120"},
    meetingType="VIDEO",
    hybrid=None,
    metadata=[],  # how an empty map can arrive
    status="INCOMING_REQUEST",
    start="2026-03-09T08:30:00+01:00",
    end="2026-03-09T09:15:00+01:00",
)
INVESTING_OTHER_DATE = INVESTING_ASKED | {
    "status": "ALTERNATIVE_DATE_REQUESTED",
    "start": None,
    "end": None,
    **by(people.NOOR, "BACKOFFICE_APP", "2026-03-03T09:31:40.000Z"),
}
INVESTING_ASKED_AGAIN = INVESTING_OTHER_DATE | {
    "status": "INCOMING_REQUEST",
    "start": "2026-03-11T07:30:00Z",
    "end": "2026-03-11T08:15:00Z",
    **by(people.ZOE, "PLUGIN", "2026-03-03T21:58:03.900Z"),
}
INVESTING_ACCEPTED = INVESTING_ASKED_AGAIN | {
    "office": places.ONLINE,
    "participants": [people.participant(people.BRAM, "48102", "2026-03-04T09:10:26Z", video=True), _ZOE],
    "status": "ACCEPTED",
    **by(people.NOOR, "BACKOFFICE_APP", "2026-03-04T09:10:26Z"),
}

# Home insurance: an invitation without a date, at the customer's home. What is not known is not sent.
_INVITED = "2026-03-04T08:02:59.001+01:00"
INSURANCE_INVITED = without(
    new(
        "48103",
        _INVITED,
        people.AMELIE,
        "PARTNER_BOOKING_APP",
        subject=places.INSURANCE,
        office=places.GHENT,
        participants=[
            people.participant(people.AMELIE, "48103", _INVITED),
            people.participant(people.LOTTE, "48103", _INVITED),
        ],
        location=places.HOME_IN_GHENT,
        leadSegment=places.FIRST_HOME,
        meetingType="ON_LOCATION",
        messageForCustomer="Tot binnenkort! 👋",  # a member that the vendor's page does not know
        metadata=None,
        status="OUTGOING_INVITE",
    ),
    "answers",
    "listing",
    "externalId",
    "internalNotes",
)

# A business account: booked before the webhook was set up; cancelled, reopened elsewhere, and nobody came.
_EARLIER = "2026-02-17T10:26:00+01:00"
ACCOUNT_BOOKED = new(
    "48104",
    _EARLIER,
    people.NOOR,
    "BACKOFFICE_APP",
    subject=places.BUSINESS_ACCOUNT,
    office=places.ANTWERP,
    participants=[
        people.participant(people.NOOR, "48104", _EARLIER),
        people.participant(people.JEF, "48104", _EARLIER, role="SECONDARY"),
        people.participant(people.IPEK, "48104", _EARLIER),
    ],
    trailingBufferTime=None,
    status="ACCEPTED",
    start="2026-03-05T09:00:00+01:00",
    end="2026-03-05T10:30:00+01:00",
)
ACCOUNT_CANCELLED = ACCOUNT_BOOKED | {
    "answers": forms.CANCELLATION,
    "status": "CANCELLED",
    **by(people.IPEK, "PLUGIN", "2026-03-03T12:40:30.5Z"),
}
ACCOUNT_REOPENED = ACCOUNT_CANCELLED | {
    "office": places.GHENT,
    "meetingType": "PHONE",
    "status": "ACCEPTED",
    "start": "2026-03-12T16:00:00+01:00",
    "end": "2026-03-12T16:30:00+01:00",
    **by(people.NOOR, "BACKOFFICE_APP", "2026-03-04T12:15:00+01:00"),
}
ACCOUNT_NO_SHOW = ACCOUNT_REOPENED | {
    "internalNotes": "Drie keer gebeld, geen antwoord.",
    "status": "NO_SHOW",
    **by(people.JEF, "BACKOFFICE_APP", "2026-03-12T16:41:35.750+01:00"),
}
