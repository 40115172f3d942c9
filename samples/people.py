"""The people of the story, and their form as participants of an appointment."""

from __future__ import annotations

from samples.places import HOME_IN_GHENT, Json, translated

ADVISER = translated("Adviseur", "Conseiller", "Adviser")
BRANCH_MANAGER = translated("Kantoordirecteur", "Directrice d'agence", "Branch manager")


def _employee(id_: str, first_name: str, last_name: str, language: str, function: list[Json], *roles: str) -> Json:
    address = f"employee-{id_}@bank.example.com"
    return {
        "id": id_,
        "communicationEmail": address,
        "email": address,
        "externalId": f"HR-{id_}",
        "firstName": first_name,
        "language": language,
        "lastName": last_name,
        "onlinePlanning": True,
        "phoneNumber": f"+32 0 000 {id_}",
        "profilePictureUrl": f"https://cdn.example.com/people/{id_}.jpg",
        "staticVideoUrl": None,
        "translations": {"function": function},
        "availableRoles": list(roles),
        "status": "ACTIVE",
        "timeZone": "Europe/Brussels",
        "userId": f"u-{id_}",
        "createdAt": "2024-09-16T08:00:00+02:00",
        "updatedAt": "2026-02-11T13:22:47.081+01:00",
    }


JEF = _employee("5501", "Jef", "Wouters", "nl", ADVISER, "AGENT")
AMELIE = _employee("5502", "Amélie", "Lefèvre", "fr", ADVISER, "AGENT")
NOOR = _employee("5503", "Noor", "El Idrissi", "nl", BRANCH_MANAGER, "AGENT", "OFFICE_MANAGER", "CENTRAL_PLANNER")
# A new user of the platform: most members that can be null are null.
BRAM = _employee("5504", "Bram", "Claes", "nl", ADVISER, "AGENT") | {
    "communicationEmail": None,
    "phoneNumber": None,
    "profilePictureUrl": None,
    "translations": None,
    "status": "PENDING",
    "userId": None,
}


def _customer(id_: int | str, first_name: str, last_name: str, language: str) -> Json:
    return {
        "id": id_,
        "externalId": f"CRM-{id_}",
        "customerNumber": f"000-{id_}",
        "email": f"customer-{id_}@example.com",
        "firstName": first_name,
        "lastName": last_name,
        "company": None,
        "language": language,
        "notes": None,
        "phoneNumber": f"+32 0 000 {id_}",
        "existing": True,
        "timeZone": "Europe/Brussels",
        "createdAt": "2025-06-03T18:12:00Z",
        "updatedAt": "2026-03-02T08:14:05.000Z",
        "deletedAt": None,
        "location": None,
    }


LOTTE = _customer(90417, "Lotte", "Verhaegen", "nl") | {"location": HOME_IN_GHENT}
MILAN = _customer(90418, "Milan", "Đorđević", "en")
ZOE = _customer(90422, "Zoë", "D'Hondt-Grönroos", "fr") | {"existing": False, "notes": "Préfère le matin ☕"}
# The id of a customer is an integer or a text. An absent member is as legal as null.
IPEK = {
    name: value
    for name, value in _customer("c-90431", "İpek", "Öztürk", "nl").items()
    if name not in ("notes", "timeZone", "deletedAt", "location")
} | {"company": "Bakkerij De Zon 🥐"}


def participant(person: Json, appointment_id: str, since: str, *, role: str = "PRIMARY", video: bool = False) -> Json:
    """Return the person as a participant. In real deliveries, the token and the URLs grant access like a password."""
    kind = "EMPLOYEE" if "availableRoles" in person else "CUSTOMER"
    token = f"tok-{appointment_id}-{person['id']}"
    book, calendar, meet = "https://book.example.com", "https://calendar.example.com", "https://video.example.com"
    return {
        "role": role,
        "type": kind,
        "token": token,
        "videoUrl": f"{meet}/join/{token}" if video else None,
        "videoTestUrl": f"{meet}/test/{token}" if video else None,
        "cancelUrl": f"{book}/cancel/{token}",
        "editUrl": f"{book}/edit/{token}",
        "inviteUrl": f"{book}/invite/{token}" if kind == "CUSTOMER" else None,
        "office365CalendarUrl": f"{calendar}/office365?token={token}&lang={person['language']}",
        "googleCalendarUrl": f"{calendar}/google?token={token}&lang={person['language']}",
        "icalUrl": f"{calendar}/ical/{token}.ics",
        "createdAt": since,
        kind.lower(): person,
    }
