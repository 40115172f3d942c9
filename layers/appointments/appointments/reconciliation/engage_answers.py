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
from appointments.publishing.raw_members import members, skip
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
    texts = list(_elements(members(body.decode("utf-8-sig"))["data"]))
    meta = document["meta"]
    appointments = tuple(EngageAppointment(text.encode(), row) for text, row in zip(texts, rows, strict=True))
    return Page(appointments, meta["offset"], meta["limit"], meta["totalCount"])


def appointment_in(body: bytes) -> EngageAppointment:
    """Read the answer to a question for one appointment. Raises as :func:`page_of`."""
    document = check_shape(_One, _decoded(body))
    appointment = check(document["data"], ("data",))
    return EngageAppointment(members(body.decode("utf-8-sig"))["data"].encode(), appointment)


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


_decoder = json.JSONDecoder()


def _elements(array: str) -> Iterator[str]:
    """Yield the text of each element of an array that :func:`_decoded` has decoded."""
    position = skip(array, 1)
    while array[position] != "]":
        _, end = _decoder.raw_decode(array, position)
        yield array[position:end]
        position = skip(array, end)
        position = skip(array, position + 1) if array[position] == "," else position
