"""The bank's branches and the subjects of its appointments."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def translated(nl: str, fr: str, en: str) -> list[Json]:
    """Return a text in the bank's three languages."""
    return [{"value": text, "language": language} for language, text in (("nl", nl), ("fr", fr), ("en", en))]


def location(postal_code: str, city: list[Json], street: str, latitude: float, longitude: float) -> Json:
    return {
        "postalCode": postal_code,
        "countryCode": "BE",
        "geolocation": {"latitude": latitude, "longitude": longitude},
        "translations": {
            "city": city,
            "street1": [{"value": street, "language": "nl"}],
            "street2": [],
            "state": None,
        },
    }


def _office(id_: str, code: str, name: list[Json], address: Json | None, **translations: list[Json]) -> Json:
    return {
        "id": id_,
        "active": True,
        "email": f"{code.lower()}@bank.example.com",
        "externalId": code,
        "phoneNumber": f"+32 0 000 0{id_}",
        "timeZone": "Europe/Brussels",
        "usesIndependentAgents": False,
        "virtual": address is None,
        "location": address,
        "translations": {"name": name, **translations},
        "createdAt": "2024-09-02T07:00:00+00:00",
        "updatedAt": "2026-01-12T16:41:09+00:00",
    }


_IN_GHENT = translated("Gent", "Gand", "Ghent")
_IN_ANTWERP = translated("Antwerpen", "Anvers", "Antwerp")

GHENT = _office(
    "211",
    "BR-GENT",
    translated("Kantoor Gent", "Agence de Gand", "Ghent branch"),
    location("9000", _IN_GHENT, "Voorbeeldkaai 12", 51.0543, 3.7174),
    description=translated(
        "Aan het water, tegenover het park.", "Au bord de l'eau.", "By the water, opposite the park."
    ),
    directions=translated("Tram 1, halte Voorbeeldkaai.", "Tram 1, arrêt Voorbeeldkaai.", "Tram 1 to Voorbeeldkaai."),
    parkingInfo=translated(
        "Ondergronds, eerste uur gratis.", "Souterrain, 1ʳᵉ heure gratuite.", "Underground, first hour free."
    ),
)
ANTWERP = _office(
    "212",
    "BR-ANTWERPEN",
    translated("Kantoor Antwerpen", "Agence d'Anvers", "Antwerp branch"),
    location("2000", _IN_ANTWERP, "Voorbeeldplein 3 bus 2", 51.2194, 4.4025),
    description=translated("Vlak bij het station.", "À deux pas de la gare.", "A stone's throw from the station."),
)
ONLINE = _office("219", "BR-ONLINE", translated("Online kantoor", "Agence en ligne", "Online branch"), None)

HOME_IN_GHENT = location("9040", _IN_GHENT, "Denkbeeldstraat 48", 51.06012, 3.75441)


def _subject(id_: str, code: str, order: int, group: Json, **translations: list[Json]) -> Json:
    return {
        "id": id_,
        "externalId": code,
        "enabledForCustomerUse": True,
        "enabledForInternalUse": True,
        "order": order,
        "cancellationByAgentFormId": None,
        "cancellationByCustomerFormId": "402",
        "completionByAgentFormId": "403",
        "questionnaireFormId": "401",
        "subjectGroup": group,
        "translations": translations,
        "createdAt": "2024-09-02T07:00:00+00:00",
        "updatedAt": "2025-11-20T10:15:30.250+00:00",
    }


def _group(id_: str, order: int, color: str | None, name: list[Json]) -> Json:
    return {
        "id": id_,
        "externalId": None,
        "order": order,
        "color": color,
        "image": f"https://cdn.example.com/subject-groups/{id_}.svg",
        "translations": {"name": name},
        "createdAt": "2024-09-02T07:00:00+00:00",
        "updatedAt": "2024-09-02T07:00:00+00:00",
    }


_LENDING = _group("31", 0, "#1F6FEB", translated("Lenen en verzekeren", "Emprunter et assurer", "Loans and insurance"))
_MONEY = _group("32", 1, None, translated("Sparen en beleggen", "Épargner et investir", "Saving and investing"))

MORTGAGE = _subject(
    "3101",
    "MORTGAGE",
    0,
    _LENDING,
    name=translated("Woonkrediet", "Crédit logement", "Mortgage"),
    description=translated("Een huis kopen of verbouwen.", "Acheter ou rénover.", "Buying or renovating a home."),
    instructions=translated(
        "Breng uw laatste loonfiches mee.", "Apportez vos fiches de paie.", "Please bring your latest payslips."
    ),
)
INSURANCE = _subject(
    "3102", "HOME-INSURANCE", 1, _LENDING, name=translated("Woonverzekering", "Assurance habitation", "Home insurance")
)
INVESTING = _subject(
    "3201", "INVESTING", 0, _MONEY, name=translated("Beleggingsadvies", "Conseil en placement", "Investment advice")
)
# deletedAt is absent from the vendor's page but present on its newer pages.
BUSINESS_ACCOUNT = _subject(
    "3202",
    "BUSINESS-ACCOUNT",
    1,
    _MONEY,
    name=translated("Zakelijke rekening", "Compte professionnel", "Business account"),
) | {"deletedAt": None}

FLAT_FOR_SALE = {
    "id": "7701",
    "active": True,
    "externalId": "LISTING-2026-0117",
    "timeZone": "Europe/Brussels",
    "location": location("9000", _IN_GHENT, "Voorbeeldkaai 85", 51.0551, 3.7202),
    "tags": ["flat", "new-build", "canal-side"],
    "translations": {
        "name": translated("Appartement aan het water", "Appartement au bord de l'eau", "Flat by the water"),
        "description": translated("Twee slaapkamers.", "Deux chambres.", "Two bedrooms."),
    },
    "createdAt": "2026-01-17T09:30:00+01:00",
    "updatedAt": "2026-02-20T17:05:00+01:00",
}


def lead_segment(id_: int, code: str, description: str) -> Json:
    return {
        "id": id_,
        "active": True,
        "code": code,
        "description": description,
        "createdAt": "2025-01-06T08:00:00+00:00",
        "updatedAt": "2025-01-06T08:00:00+00:00",
        "deletedAt": None,
    }


FIRST_HOME = lead_segment(42, "FIRST-HOME", "Buys a first home")
HOME_OWNER = lead_segment(43, "HOME-OWNER", "Has a mortgage with us")
