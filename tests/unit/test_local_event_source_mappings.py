"""Lambda's API about the event source mappings of this machine, and the metrics that Lambda writes about functions."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest
from werkzeug.test import Client

from local.environment import FunctionError
from local.event_source_mappings import PATH, EventSourceMapping, answering_for
from local.polling import Poller
from local.stack import Stack


class Idle:
    def poll(self, stopping: Event) -> None: ...


def moto(_environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b"moto"]


@pytest.fixture
def mapping() -> EventSourceMapping:
    return EventSourceMapping("local-PublisherFunction", "arn:aws:dynamodb:stream", 100, Poller(Idle(), pause=1))


@pytest.fixture
def api(mapping: EventSourceMapping) -> Client:
    return Client(answering_for(moto, {mapping.uuid: mapping}))


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("local-PublisherFunction", 1),
        ("arn:aws:lambda:eu-west-1:123456789012:function:local-PublisherFunction", 1),
        ("", 1),
        ("local-Another", 0),
    ],
)
def test_mappings_are_listed_by_the_name_or_the_arn_of_their_function(api: Client, name: str, found: int) -> None:
    answer = api.get(f"{PATH}/", query_string={"FunctionName": name} if name else {}).get_json()
    assert [each["State"] for each in answer["EventSourceMappings"]] == ["Enabled"] * found


def test_a_mapping_is_disabled_and_enabled_and_another_change_leaves_it(
    api: Client, mapping: EventSourceMapping
) -> None:
    path = f"{PATH}/{mapping.uuid}"
    assert api.put(path, json={"Enabled": False}).get_json()["State"] == "Disabled"
    assert not mapping.poller.is_enabled
    assert api.put(path, json={"BatchSize": 1}).get_json()["State"] == "Disabled"
    assert api.put(path, json={"Enabled": True}).get_json()["State"] == api.get(path).get_json()["State"] == "Enabled"


def test_an_unknown_mapping_is_no_resource_and_other_requests_are_for_moto(api: Client) -> None:
    assert api.get(f"{PATH}/none").status_code == api.delete(f"{PATH}/none").status_code == 404
    assert api.get("/2015-03-31/functions/").data == b"moto"


class FailingPool:
    def invoke(self, _event: Any, _request_id: str | None) -> Any:
        raise FunctionError("Runtime exited")


class Metrics:
    def __init__(self) -> None:
        self.written: list[tuple[Any, ...]] = []

    def measure(self, *metric: Any, **dimensions: str) -> None:
        self.written.append((*metric, dimensions))


def test_an_error_of_a_function_is_counted_and_the_age_of_a_batch_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    stack: Any = object.__new__(Stack)
    stack.pools, stack._logs = {"PublisherFunction": FailingPool()}, Metrics()
    monkeypatch.setattr("local.stack.time.time", lambda: 1000.0)
    records = [{"dynamodb": {"ApproximateCreationDateTime": moment}} for moment in (900.0, 997.5)]
    with pytest.raises(FunctionError):
        stack._publish({"Records": records})
    function = {"FunctionName": "local-PublisherFunction"}
    assert stack._logs.written == [
        ("AWS/Lambda", "IteratorAge", 2500.0, function),
        ("AWS/Lambda", "Errors", 1, function),
    ]
