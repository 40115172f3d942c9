"""The rules of the contract that are functions. ``core_schema.py`` names them; :mod:`.models` uses them too."""

from __future__ import annotations

from typing import Any, get_args

from pydantic_core import PydanticCustomError

from appointments.contract.instants import is_date_time
from appointments.contract.values import DatedStatus, UndatedStatus

ENVELOPE_ID_BYTES = 1024 - len("EVENT#")
APPOINTMENT_ID_BYTES = 2048 - len("APPOINTMENT#")
"""An id becomes a key of the table. With its prefix it must fit DynamoDB's limit (C22)."""
DATED = frozenset(get_args(DatedStatus))
UNDATED = frozenset(get_args(UndatedStatus))


def check_date_time(text: str) -> str:
    if not is_date_time(text):
        raise PydanticCustomError("date_time", "not an RFC 3339 date-time", {"bound": "RFC 3339 date-time with offset"})
    return text


def check_envelope_id(text: str) -> str:
    return _check_key(text, ENVELOPE_ID_BYTES)


def check_appointment_id(text: str) -> str:
    return _check_key(text, APPOINTMENT_ID_BYTES)


def check_number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("float_type", "not a number")
    return value


def check_map(value: Any) -> Any:
    if not isinstance(value, dict | list):
        raise PydanticCustomError("map_type", "neither an object nor an array")
    return value


def check_id(value: Any) -> Any:
    if isinstance(value, str):
        if not value:
            raise PydanticCustomError("string_too_short", "empty", {"min_length": 1})
    elif not isinstance(value, int) or isinstance(value, bool):
        raise PydanticCustomError("id_type", "neither an integer nor a string")
    elif value < 0:
        raise PydanticCustomError("greater_than_equal", "negative", {"ge": 0})
    return value


def empty_map(value: Any) -> Any:
    """Return ``{}`` for ``[]``, the sender's empty map (C7), for an object without a required member."""
    return {} if value == [] else value


def choose_participant(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else None
    return {"EMPLOYEE": "Employee", "CUSTOMER": "Customer"}.get(kind, "Unknown") if isinstance(kind, str) else "Unknown"


def choose_appointment(value: Any) -> str:
    status = value.get("status") if isinstance(value, dict) else None
    if not isinstance(status, str):
        return "Unknown"
    return "Dated" if status in DATED else "Undated" if status in UNDATED else "Unknown"


def _check_key(text: str, bound: int) -> str:
    if not text:
        raise PydanticCustomError("minLength", "empty", {"bound": 1})
    if len(text.encode()) > bound:
        raise PydanticCustomError("maxBytes", "too long for a key", {"bound": bound})
    return text
