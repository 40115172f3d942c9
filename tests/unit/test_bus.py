"""One call of PutEvents: the result of each entry, and whether a retry can change it."""

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

from appointments.publishing.bus import PERMANENT_CODES, Accepted, Bus, Refusal, Result
from publisher.settings import trace_header
from tests.unit.publishing import SOURCE, Bridge, Clock, failure, message, success


def put(bridge: Any, *details: str) -> list[Result]:
    return Bus(bridge, "bus", SOURCE).put([message(detail) for detail in details], Clock().deadline(60))


def client_error(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutEvents")  # type: ignore[typeddict-item]


class FailingBridge(Bridge):
    """EventBridge that fails each call with ``detail`` in one of its entries; without ``detail``, every call."""

    def __init__(self, error: Exception, detail: str = "") -> None:
        super().__init__(self._fail)
        self._error = error
        self._detail = detail

    def _fail(self, _: int, details: Any) -> Any:
        if any(self._detail in detail for detail in details):
            raise self._error
        return [success() for _ in details]


def test_each_entry_has_its_own_result() -> None:
    bridge = Bridge(lambda *_: [success(), failure("InternalFailure"), failure("MalformedDetail")])
    assert put(bridge, "a", "b", "c") == [
        Accepted("1"),
        Refusal("InternalFailure"),
        Refusal("MalformedDetail", permanent=True),
    ]


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalFailure", "InternalException", "SomethingNew"])
def test_an_error_code_that_is_not_permanent_can_be_retried(code: str) -> None:
    assert code not in PERMANENT_CODES
    assert put(Bridge(lambda *_: [failure(code)]), "a") == [Refusal(code, permanent=False)]


@pytest.mark.parametrize("results", [[], [{}], [success(), success()], [{"EventId": ""}]])
def test_an_entry_that_the_answer_does_not_confirm_counts_as_refused(results: Any) -> None:
    (refusal,) = put(Bridge(lambda *_: results), "a")
    assert isinstance(refusal, Refusal)
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
def test_an_error_of_the_whole_call_refuses_every_entry_and_can_be_retried(error: Exception, code: str) -> None:
    bridge = FailingBridge(error)
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
def test_after_an_error_in_the_content_each_entry_is_sent_alone_and_only_the_bad_entry_is_refused(
    error: Exception,
) -> None:
    bridge = FailingBridge(error, "bad")
    first, second, third = put(bridge, "a", "bad", "c")
    assert first == third == Accepted("1")
    assert isinstance(second, Refusal)
    assert second.permanent
    assert bridge.calls == [["a", "bad", "c"], ["a"], ["bad"], ["c"]]
    assert bridge.accepted == ["a", "c"]


def test_a_single_entry_with_an_error_in_its_content_is_sent_once() -> None:
    bridge = FailingBridge(client_error("ValidationException"))
    put(bridge, "a")
    assert len(bridge.calls) == 1


def test_no_call_is_made_when_too_little_time_is_left() -> None:
    bridge: Any = Bridge()
    refusals = Bus(bridge, "bus", SOURCE).put([message("a")], Clock().deadline(0.9))
    assert refusals == [Refusal("DeadlineExceededError", permanent=False, whole_call=True)]
    assert bridge.calls == []


class Recorder(Bridge):
    """EventBridge that keeps the entries."""

    entries: list[Any]

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - the API's name
        self.entries = Entries
        return super().put_events(Entries=Entries)


@pytest.mark.parametrize(
    ("environment", "header"),
    [
        ({"_X_AMZN_TRACE_ID": "Root=1-2-3;Parent=4;Sampled=1"}, "Root=1-2-3;Parent=4;Sampled=1"),
        ({"_X_AMZN_TRACE_ID": "Root=1-2-3;Parent=4;Sampled=0"}, None),
        ({"_X_AMZN_TRACE_ID": "Root=1-2-3"}, None),
        ({}, None),
    ],
)
def test_the_entries_carry_the_trace_of_an_invocation_that_is_recorded(
    environment: dict[str, str], header: str | None
) -> None:
    bridge = Recorder()
    bus = Bus(bridge, "bus", SOURCE, trace_header=trace_header(environment))  # type: ignore[arg-type]
    assert bus.put([message("a"), message("b")], Clock().deadline(60)) == [Accepted("1")] * 2
    assert [entry.get("TraceHeader") for entry in bridge.entries] == [header, header]
    assert all("TraceHeader" in entry for entry in bridge.entries) is (header is not None)
