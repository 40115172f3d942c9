"""One call of PutEvents: every entry's result, and what of it a retry can change."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from appointments.publishing.bus import PERMANENT_CODES, Bus, Refusal
from tests.unit.publishing import SOURCE, Bridge, Clock, accepted, message, refused


def put(bridge: Any, *details: str) -> list[Refusal | None]:
    return Bus(bridge, "bus", SOURCE).put([message(detail) for detail in details], Clock().deadline(60))


def client_error(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutEvents")  # type: ignore[typeddict-item]


class Failing(Bridge):
    """Fails whole calls: those with ``detail`` in them, or all."""

    def __init__(self, error: Exception, detail: str = "") -> None:
        super().__init__(self._fail)
        self._error = error
        self._detail = detail

    def _fail(self, _: int, details: Any) -> Any:
        if any(self._detail in detail for detail in details):
            raise self._error
        return [accepted() for _ in details]


def test_each_entry_has_its_own_result() -> None:
    bridge = Bridge(lambda *_: [accepted(), refused("InternalFailure"), refused("MalformedDetail")])
    assert put(bridge, "a", "b", "c") == [None, Refusal("InternalFailure"), Refusal("MalformedDetail", permanent=True)]


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalFailure", "InternalException", "SomethingNew"])
def test_a_code_that_is_not_known_to_be_permanent_is_tried_again(code: str) -> None:
    assert code not in PERMANENT_CODES
    assert put(Bridge(lambda *_: [refused(code)]), "a") == [Refusal(code, permanent=False)]


@pytest.mark.parametrize("results", [[], [{}], [accepted(), accepted()], [{"EventId": ""}]])
def test_an_entry_that_the_answer_does_not_confirm_is_not_taken_for_accepted(results: Any) -> None:
    (refusal,) = put(Bridge(lambda *_: results), "a")
    assert refusal is not None
    assert (refusal.code, refusal.permanent) == ("IncompleteAnswer", False)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (client_error("ThrottlingException"), "ThrottlingException"),
        (client_error("InternalException", 500), "InternalException"),
        (client_error("503", 503), "503"),
        (client_error("AccessDeniedException"), "AccessDeniedException"),
        (client_error("ExpiredTokenException"), "ExpiredTokenException"),
        (client_error("ResourceNotFoundException"), "ResourceNotFoundException"),
        (client_error("SomethingNew"), "SomethingNew"),
        (ReadTimeoutError(endpoint_url="url"), "ReadTimeoutError"),
        (EndpointConnectionError(endpoint_url="url"), "EndpointConnectionError"),
        (BotoCoreError(), "BotoCoreError"),
        (ResponseParserError(), "ResponseParserError"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_a_call_that_fails_for_its_surroundings_is_a_refusal_of_every_entry_to_be_tried_again(
    error: Exception, code: str
) -> None:
    bridge = Failing(error)
    assert put(bridge, "a", "b") == [Refusal(code, permanent=False, whole_call=True)] * 2
    assert len(bridge.calls) == 1


@pytest.mark.parametrize(
    "error",
    [
        client_error("ValidationException"),
        client_error("SerializationException"),
        client_error("Whatever", 413),
        ParamValidationError(report="no"),
    ],
)
def test_a_call_that_fails_for_what_is_in_it_is_made_again_entry_by_entry_and_only_the_one_to_blame_is_refused(
    error: Exception,
) -> None:
    bridge = Failing(error, "bad")
    first, second, third = put(bridge, "a", "bad", "c")
    assert (first, third) == (None, None)
    assert second is not None
    assert second.permanent
    assert bridge.calls == [["a", "bad", "c"], ["a"], ["bad"], ["c"]]
    assert bridge.accepted == ["a", "c"]


def test_a_single_entry_is_not_sent_twice_to_be_told_the_same() -> None:
    bridge = Failing(client_error("ValidationException"))
    put(bridge, "a")
    assert len(bridge.calls) == 1


def test_without_time_nothing_is_sent() -> None:
    bridge: Any = Bridge()
    refusals = Bus(bridge, "bus", SOURCE).put([message("a")], Clock().deadline(0.9))
    assert refusals == [Refusal("DeadlineExceededError", permanent=False, whole_call=True)]
    assert bridge.calls == []
