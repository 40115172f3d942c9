"""The events that are delivered: the sample's body as ever new deliveries, and grown within the contract."""

from __future__ import annotations

import json
import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from samples import SAMPLES
from samples.apigateway import webhook_event
from samples.sample import Sample

SAMPLE = "reassign"
WORDS = (
    "appointment advice branch mortgage savings pension customer colleague phone video letter morning afternoon "
    "confirm explain prepare document signature account question answer transfer insurance property payment term"
)
ANSWER_CHARACTERS = 600
"""What a customer writes into one answer, about."""
BEGIN = datetime(2026, 3, 3, 9, tzinfo=UTC)


def document() -> dict[str, Any]:
    """The sample's envelope, 8.4 KB as it is sent."""
    sample = next(sample for sample in SAMPLES if sample.name == SAMPLE)
    envelope: dict[str, Any] = json.loads(sample.body)
    return envelope


def renewed(
    envelope: dict[str, Any], *, appointment_id: str | None = None, updated_at: str | None = None
) -> dict[str, Any]:
    """The same under a new envelope id, so that it is no duplicate, and of a new appointment unless one is named."""
    given = {"id": appointment_id or str(uuid4())}
    appointment = envelope["data"]["appointment"] | given | ({"updatedAt": updated_at} if updated_at else {})
    return envelope | {"id": str(uuid4()), "data": envelope["data"] | {"appointment": appointment}}


def later(number: int) -> str:
    """The instant of an appointment's event by its number."""
    return (BEGIN + timedelta(seconds=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encode(envelope: dict[str, Any]) -> bytes:
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()


def event(body: bytes) -> bytes:
    """What the runtime hands to the function: API Gateway took the request just now."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    made = webhook_event(Sample(SAMPLE, body, now))
    made["requestContext"]["timeEpoch"] = int(time.time() * 1000)
    return json.dumps(made).encode()


def of_size(size: int, chance: random.Random) -> dict[str, Any]:
    """An envelope of about so many bytes: without what is optional for the least, else with answers for the rest."""
    envelope = document()
    appointment = envelope["data"]["appointment"]
    if size < len(encode(envelope)):
        envelope["data"]["previousAppointment"] = None
        appointment |= {"answers": [], "listing": None, "metadata": None, "location": None}
        appointment["subject"]["translations"] = None
        appointment["office"] |= {"translations": None, "location": None}
        appointment["subject"].pop("subjectGroup", None)
        appointment["participants"] = appointment["participants"][: 1 if size < 4096 else 2]
    answers = appointment.setdefault("answers", [])
    while (missing := size - len(encode(envelope))) > 300:
        answers.append(_answer(len(answers), min(ANSWER_CHARACTERS, missing - 200), chance))
    return envelope


def of_participants(number: int) -> dict[str, Any]:
    """An envelope with so many participants, each with ids of its own."""
    envelope = document()
    appointment = envelope["data"]["appointment"]
    models = appointment["participants"]
    appointment["participants"] = [_participant(models[n % len(models)], n) for n in range(number)]
    return envelope


def _participant(model: dict[str, Any], number: int) -> dict[str, Any]:
    kind = "employee" if model["type"] == "EMPLOYEE" else "customer"
    role = "PRIMARY" if number < 2 else "SECONDARY"
    return model | {"role": role, "token": str(uuid4()), kind: model[kind] | {"id": f"{kind}-{number}"}}


def _answer(number: int, characters: int, chance: random.Random) -> dict[str, Any]:
    """Words in random order, which compress about as prose does."""
    text = " ".join(chance.choices(WORDS.split(), k=characters // 5))[: max(characters, 1)]
    return {
        "id": f"answer-{number}",
        "form": {"id": "form-1"},
        "question": {"id": f"question-{number}", "order": number},
        "answerType": "SUBJECT_QUESTIONNAIRE",
        "value": text,
    }
