"""The documented shapes of the API's answers: a page of a listing, one appointment, an error and a token.

Source: the vendor's pages topic-pagination, topic-requests-and-responses, operation-getappointments,
operation-getappointmentbyid and authentication.
"""

# Annotations are objects, not strings: pydantic would have to evaluate the strings.
import json
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

from pydantic import Field
from pydantic_core import from_json

from appointments.contract.models import Model
from appointments.reconciliation.engage_appointment import EngageAppointment, check, check_shape

Count = Annotated[int, Field(ge=0)]


class NotJsonError(Exception):
    """The body is not JSON, as when a connection was cut."""


class Page(NamedTuple):
    """One page of a listing. ``total`` is the number of all rows that answer the question."""

    rows: tuple[EngageAppointment, ...]
    offset: int
    limit: int
    total: int


class _Meta(Model):
    offset: Count
    limit: Annotated[int, Field(ge=1)]
    total_count: Count


class _Page(Model):
    data: list[Any]
    meta: _Meta


class _One(Model):
    data: dict[str, Any]


class _Errors(Model):
    errors: Annotated[list[dict[str, Any]], Field(min_length=1)]


class _Token(Model):
    access_token: Annotated[str, Field(min_length=1, pattern=r"^[\x21-\x7e]+$", alias="access_token")]
    expires_in: Annotated[Count | None, Field(alias="expires_in")] = None


def page_of(body: bytes) -> Page:
    """Read a page. Raises NotJsonError, and AnswerShapeError for another shape of the page or of a row."""
    document = check_shape(_Page, _decoded(body))
    rows = [check(row, ("data", number)) for number, row in enumerate(document["data"])]
    texts = list(_elements(body.decode("utf-8-sig")))
    meta = document["meta"]
    appointments = tuple(EngageAppointment(text.encode(), row) for text, row in zip(texts, rows, strict=True))
    return Page(appointments, meta["offset"], meta["limit"], meta["totalCount"])


def appointment_in(body: bytes) -> EngageAppointment:
    """Read the answer to a question for one appointment. Raises as :func:`page_of`."""
    document = check_shape(_One, _decoded(body))
    appointment = check(document["data"], ("data",))
    return EngageAppointment(_member(body.decode("utf-8-sig"), "data").encode(), appointment)


def check_error(body: bytes) -> None:
    """Check that an answer is an error as documented. Raises as :func:`page_of`."""
    check_shape(_Errors, _decoded(body))


def token_of(body: bytes) -> tuple[str, int | None]:
    """Read an access token and the seconds that it is valid, None if the answer does not say."""
    document = check_shape(_Token, _decoded(body))
    return document["access_token"], document.get("expires_in")


def _decoded(body: bytes) -> Any:
    try:
        return from_json(body.removeprefix(b"\xef\xbb\xbf"), allow_inf_nan=False)
    except ValueError:  # its message quotes nothing, but its context may
        raise NotJsonError from None


_decoder = json.JSONDecoder(parse_int=str, parse_float=str)  # only the ends of values matter


def _elements(text: str) -> Iterator[str]:
    """Yield the text of each element of the array ``data`` in a page that :func:`_decoded` has decoded."""
    array = _member(text, "data")
    position = _skip(array, 1)
    while array[position] != "]":
        _, end = _decoder.raw_decode(array, position)
        yield array[position:end]
        position = _skip(array, end)
        position = _skip(array, position + 1) if array[position] == "," else position


def _member(text: str, name: str) -> str:
    """Return the text of a member of an object; of the last one, as the decoder does, if the name comes twice."""
    found = ""
    position = _skip(text, _skip(text, 0) + 1)
    while text[position] != "}":
        key, position = _decoder.raw_decode(text, position)
        begin = _skip(text, _skip(text, position) + 1)  # behind the colon
        _, end = _decoder.raw_decode(text, begin)
        if key == name:
            found = text[begin:end]
        position = _skip(text, end)
        position = _skip(text, position + 1) if text[position] == "," else position
    return found


def _skip(text: str, position: int) -> int:
    while text[position] in " \t\r\n":
        position += 1
    return position
