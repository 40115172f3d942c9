"""Lambda's API that invokes a function of this machine."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest
from werkzeug.test import Client

from local.environment import FunctionError
from local.invocations import answering_for
from tests.unit.test_local_event_source_mappings import moto

PATH = "/2015-03-31/functions/{}/invocations"
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:local-Echo"


def echo(event: Any) -> Any:
    return {"event": event}


def failing(_event: Any) -> Any:
    raise FunctionError("KeyError")


@pytest.fixture
def api() -> Client:
    return Client(answering_for(moto, {"local-Echo": echo, "local-Failing": failing}))


@pytest.mark.parametrize("name", ["local-Echo", ARN, ARN.replace(":", "%3A")])
def test_a_function_is_invoked_by_its_name_or_its_arn(api: Client, name: str) -> None:
    answer = api.post(PATH.format(name), data=b'{"a": 1}')
    assert (answer.status_code, answer.get_json()) == (200, {"event": {"a": 1}})
    assert api.post(PATH.format(name)).get_json() == {"event": {}}


def test_the_answer_of_a_function_that_fails_is_marked_and_quotes_nothing(api: Client) -> None:
    answer = api.post(PATH.format("local-Failing"))
    assert (answer.status_code, answer.headers["X-Amz-Function-Error"]) == (200, "Unhandled")
    assert answer.get_json() == {"errorType": "KeyError"}


def test_an_event_is_answered_before_the_function_has_run() -> None:
    begun, answered, ended = Event(), Event(), Event()

    def slow(_event: Any) -> None:
        begun.set()
        assert answered.wait(10)
        ended.set()
        raise FunctionError("KeyError")

    client = Client(answering_for(moto, {"slow": slow}))
    answer = client.post(PATH.format("slow"), headers={"X-Amz-Invocation-Type": "Event"})
    assert (answer.status_code, answer.data) == (202, b"")
    assert begun.wait(10)
    assert not ended.is_set()
    answered.set()
    assert ended.wait(10)


def test_an_unknown_function_and_a_payload_that_is_not_json_are_refused_and_other_requests_are_for_moto(
    api: Client,
) -> None:
    assert api.post(PATH.format("local-Other")).status_code == 404
    assert api.post(PATH.format("local-Echo"), data=b"{").status_code == 400
    assert api.get(PATH.format("local-Echo")).data == api.post("/").data == b"moto"
