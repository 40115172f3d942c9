"""Generates docs/contract.schema.json, the contract as JSON Schema, from the models."""

from __future__ import annotations

import json
from typing import Any, get_args

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from appointments.contract.checks import choose_appointment, choose_participant
from appointments.contract.models import Envelope
from appointments.contract.values import ParticipantType, Status

HEAD = {
    "$schema": GenerateJsonSchema.schema_dialect,
    "title": "Pexip Engage webhook: POST Appointment",
    "description": (
        "What a delivery may hold, generated from the models. A broken maxLength, minLength or minimum is reported, "
        "not refused, except for the two ids that become keys: the envelope's and the appointment's."
    ),
}


UNKNOWN = "Unknown"
DISCRIMINATORS: dict[Any, str] = {choose_appointment: "status", choose_participant: "type"}
VALUES: dict[Any, Any] = {choose_appointment: Status, choose_participant: ParticipantType}


def _tags(choose: Any) -> dict[str, str]:
    """The tag of the variant that each value selects."""
    return {value: choose({DISCRIMINATORS[choose]: value}) for value in get_args(VALUES[choose])}


class PlainSchema(GenerateJsonSchema):
    """Generates a schema in the order of the models, without defaults and without titles."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Omit the default. It stands for a missing member, also where null is refused, or is for Python alone."""
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        """Omit pydantic's titles, which only repeat the name of the member."""
        return False

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:  # noqa: ARG002
        """Keep the order of the models instead of the alphabetical order."""
        return value


class _Generator(PlainSchema):
    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        """Describe the union by the member that selects the variant, without the variant for unknown values."""
        member = DISCRIMINATORS[schema["discriminator"]]
        variants = {tag: self.generate_inner(variant) for tag, variant in schema["choices"].items() if tag != UNKNOWN}
        mapping = {value: variants[tag]["$ref"] for value, tag in _tags(schema["discriminator"]).items()}
        return {
            "oneOf": list(variants.values()),
            "discriminator": {"propertyName": member, "mapping": mapping},
        }


def generate() -> str:
    """Return the content of the file."""
    schema = Envelope.model_json_schema(schema_generator=_Generator)
    definitions = dict(sorted(schema.pop("$defs").items()))
    return json.dumps({**HEAD, **schema, **HEAD, "$defs": definitions}, indent=2) + "\n"
