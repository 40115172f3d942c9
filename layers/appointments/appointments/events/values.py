"""The kinds of values that a message has, and the base of its models.

The receiver is tolerant: a member of the sender can be missing, null or of another type than the contract says. Such a
member is None, and :attr:`Model.sent` has what was sent.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")

INSTANT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z$"
"""An instant in UTC with nine digits: string order is time order."""
_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)


class Tolerated:
    """Marks a member that the sender can send with any JSON: what is not of its type becomes None."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(_or_none, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe the type by the contract, and allow anything else, which includes null."""
        described = handler(schema["schema"])
        return {"anyOf": [described["anyOf"][0] if "anyOf" in described else described, {}]}


def _or_none(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        return None


Maybe = Annotated[T | None, Tolerated()]
"""A member of the sender: None if it is missing, null or of another type."""


def date_time(value: Any) -> datetime | None:
    """Convert a date-time with an offset to an aware datetime. None for anything else, and for a year that datetime
    does not have.

    Every notation of RFC 3339 is read: lower case, a space for the T, any number of digits, which are cut after
    microseconds, and a leap second, which is the first moment of the next minute. Other notations of ISO 8601 are read
    if datetime.fromisoformat reads them.
    """
    if isinstance(value, datetime):
        return value if value.tzinfo else None
    if not isinstance(value, str):
        return None
    try:
        match = _DATE_TIME.fullmatch(value)
        found = _of(match) if match else datetime.fromisoformat(value)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else None


def _of(match: re.Match[str]) -> datetime:
    day, clock, seconds, fraction, sign, hours, minutes = match.groups()
    leap = seconds == "60"
    found = datetime.fromisoformat(f"{day}T{clock}:{'59' if leap else seconds}")
    offset = timedelta(hours=int(hours), minutes=int(minutes)) if sign else timedelta()
    zone = timezone(-offset if sign == "-" else offset) if offset else UTC
    found = found.replace(microsecond=int(f"{fraction or '':0<6}"[:6]), tzinfo=zone)
    return found.replace(microsecond=0) + timedelta(seconds=1) if leap else found


def _identity(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Id = Annotated[str, BeforeValidator(_identity), WithJsonSchema({"type": ["string", "integer"]})]
"""An id as text. The sender writes some as integers, also above 2^53."""
Text = Annotated[str, WithJsonSchema({"type": "string"})]
NullableText = Annotated[str | None, WithJsonSchema({"type": ["string", "null"]})]
AnyJson = Annotated[Any, WithJsonSchema({})]
Map = Annotated[dict[str, Any] | list[Any], WithJsonSchema({"type": ["object", "array"]})]
"""An object. The sender writes an empty one as ``[]``."""
MaybeDateTime = Annotated[
    datetime | None,
    BeforeValidator(date_time),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {}]}),
]
"""A date-time of the sender as an aware datetime, in any notation (:func:`date_time`); None for anything else."""
Instant = Annotated[
    datetime | None,
    BeforeValidator(date_time),
    WithJsonSchema({"type": "string", "pattern": INSTANT_PATTERN}),
]
"""An instant of ours as an aware datetime; None in the year 0000."""
NullableInstant = Annotated[
    datetime | None,
    BeforeValidator(date_time),
    WithJsonSchema({"type": ["string", "null"], "pattern": INSTANT_PATTERN}),
]


def known(*values: str) -> WithJsonSchema:
    """Describe a text with the values that the contract knows. Other values can come."""
    return WithJsonSchema({"type": "string", "examples": list(values)})


class Model(BaseModel):
    """A JSON object: frozen, with camelCase names on the wire. Unknown members are in ``model_extra``."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="allow",
        alias_generator=to_camel,
        protected_namespaces=(),
    )
    _sent: dict[str, Any] = PrivateAttr(default_factory=dict)

    @property
    def sent(self) -> dict[str, Any]:
        """The JSON object as it was sent, with values that the model does not take. Do not change it."""
        return self._sent

    @model_validator(mode="wrap")
    @classmethod
    def _keep(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        model = handler(value)
        if isinstance(value, dict):
            model._sent = value
        return model


class Published(Model):
    """An object that the publisher makes: every member is always published."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)
