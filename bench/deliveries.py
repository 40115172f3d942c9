"""The measured deliveries: the body of a sample as new deliveries, and larger bodies within the contract."""

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
"""The approximate length of a customer's answer."""
BEGIN = datetime(2026, 3, 3, 9, tzinfo=UTC)


def sample_envelope() -> dict[str, Any]:
    """Return the envelope of the sample, 8.4 KB when sent."""
    sample = next(sample for sample in SAMPLES if sample.name == SAMPLE)
    envelope: dict[str, Any] = json.loads(sample.body)
    return envelope


def new_delivery(
    envelope: dict[str, Any], *, appointment_id: str | None = None, updated_at: str | None = None
) -> dict[str, Any]:
    """Return the envelope with a new envelope id, and with a new appointment id unless one is given."""
    members = {"id": appointment_id or str(uuid4())} | ({"updatedAt": updated_at} if updated_at else {})
    appointment = envelope["data"]["appointment"] | members
    return envelope | {"id": str(uuid4()), "data": envelope["data"] | {"appointment": appointment}}


def update_instant(number: int) -> str:
    """Return the updatedAt of an appointment's event with this number."""
    return (BEGIN + timedelta(seconds=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encode(envelope: dict[str, Any]) -> bytes:
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()


def api_event(body: bytes) -> bytes:
    """Return the API Gateway event of a request that was received now."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    event = webhook_event(Sample(SAMPLE, body, now))
    event["requestContext"]["timeEpoch"] = int(time.time() * 1000)
    return json.dumps(event).encode()


def sample_event() -> bytes:
    """Return the API Gateway event of a new delivery of the sample."""
    return api_event(encode(new_delivery(sample_envelope())))


def envelope_of_size(size: int, generator: random.Random) -> dict[str, Any]:
    """Return an envelope of about ``size`` bytes: without optional members, or with additional answers."""
    envelope = sample_envelope()
    appointment = envelope["data"]["appointment"]
    if size < len(encode(envelope)):
        envelope["data"]["previousAppointment"] = None
        appointment |= {"answers": [], "listing": None, "metadata": None, "location": None}
        appointment["subject"]["translations"] = None
        appointment["office"] |= {"translations": None, "location": None}
        appointment["subject"].pop("subjectGroup", None)
        appointment["participants"] = appointment["participants"][: 1 if size < 4096 else 2]
    answers = appointment.setdefault("answers", [])
    missing = size - len(encode(envelope))
    while missing > 300:
        answers.append(_answer(len(answers), min(ANSWER_CHARACTERS, missing - 200), generator))
        missing -= len(encode(answers[-1])) + len(",")
    return envelope


def envelope_with_participants(number: int) -> dict[str, Any]:
    """Return an envelope with this number of participants, each with different ids."""
    envelope = sample_envelope()
    appointment = envelope["data"]["appointment"]
    models = appointment["participants"]
    appointment["participants"] = [_participant(models[n % len(models)], n) for n in range(number)]
    return envelope


def _participant(model: dict[str, Any], number: int) -> dict[str, Any]:
    kind = "employee" if model["type"] == "EMPLOYEE" else "customer"
    role = "PRIMARY" if number < 2 else "SECONDARY"
    return model | {"role": role, "token": str(uuid4()), kind: model[kind] | {"id": f"{kind}-{number}"}}


def _answer(number: int, characters: int, generator: random.Random) -> dict[str, Any]:
    """Return an answer of words in random order, which compress about as well as prose."""
    text = " ".join(generator.choices(WORDS.split(), k=characters // 5))[: max(characters, 1)]
    return {
        "id": f"answer-{number}",
        "form": {"id": "form-1"},
        "question": {"id": f"question-{number}", "order": number},
        "answerType": "SUBJECT_QUESTIONNAIRE",
        "value": text,
    }
