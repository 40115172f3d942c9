"""The bank's questions and the answers of the story's people."""

from __future__ import annotations

from samples.places import Json, translated


def _answer(id_: str, form: str, kind: str, question: Json, at: str, **members: object) -> Json:
    return {
        "id": id_,
        "form": {"id": form},
        "question": question,
        "answerType": kind,
        **members,
        "createdAt": at,
        "updatedAt": at,
    }


def _question(id_: str, order: int, label: list[Json], external_id: str | None = None) -> Json:
    return {"id": id_, "externalId": external_id, "order": order, "translations": {"label": label}}


_AMOUNT = _question("4011", 0, translated("Welk bedrag?", "Quel montant ?", "What amount?"), "AMOUNT")
_REMARKS = _question("4012", 1, translated("Nog iets?", "Autre chose ?", "Anything else?"))
_REASON = _question("4021", 0, translated("Waarom annuleert u?", "Pourquoi annuler ?", "Why do you cancel?"), "REASON")
_RESULT = _question("4031", 0, translated("Resultaat", "Résultat", "Result"), "RESULT")

QUESTIONNAIRE = [
    _answer(
        "6001",
        "401",
        "SUBJECT_QUESTIONNAIRE",
        _AMOUNT,
        "2026-03-02T08:14:07.312Z",
        value=None,
        selectedAnswerOptions=[{"id": "40113", "externalId": "200-300K", "value": "€ 200.000 tot € 300.000"}],
    ),
    _answer(
        "6002",
        "401",
        "SUBJECT_QUESTIONNAIRE",
        _REMARKS,
        "2026-03-02T08:14:07.312Z",
        value="We brengen de hond mee, is dat goed? 🐕",
        selectedAnswerOptions=None,
    ),
]
# Without the optional members of an answer, such as value.
QUALIFICATION = [
    _answer("6011", "404", "QUALIFICATION", {"id": "4041", "order": 0}, "2026-03-02T19:47:52Z", files=[]),
]
CANCELLATION = [
    _answer(
        "6021",
        "402",
        "APPOINTMENT_CANCELLATION",
        _REASON,
        "2026-03-03T12:40:30.5Z",
        value=None,
        selectedAnswerOptions=[
            {"id": "40212", "externalId": "NO-TIME", "value": "Geen tijd"},
            {"id": "40219", "externalId": None, "value": None},
        ],
    ),
]
COMPLETION = [
    _answer(
        "6031",
        "403",
        "APPOINTMENT_COMPLETION",
        _RESULT,
        "2026-03-31T11:07:44+02:00",
        value="Offerte getekend, dossier naar het hoofdkantoor.",
    ),
]
