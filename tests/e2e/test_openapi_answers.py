"""The local stack answers every sample and every refused request as docs/openapi.yaml documents."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from local.stack import Options, Stack
from samples import SAMPLES, TOKEN
from tests.builders import body, delivery
from tests.openapi import undocumented

JSON = {"content-type": "application/json"}
AUTHORIZED = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("stack") / "functions.log"
    with Stack(Options(port=0, aws_port=0, webhooks=1, token=TOKEN, log=log)) as stack:
        yield stack.gateway.url


def answer(url: str, content: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], Any]:
    """Post the content. Return the status, the headers by lower-case name and the decoded body."""
    request = urllib.request.Request(url, data=content, headers=headers, method="POST")  # noqa: S310 - our own address
    try:
        response = urllib.request.urlopen(request, timeout=30)  # noqa: S310
    except urllib.error.HTTPError as error:
        response = error
    with response:
        return response.status, {name.lower(): value for name, value in response.headers.items()}, json.load(response)


def test_every_sample_gets_the_documented_answer(url: str) -> None:
    for sample in SAMPLES:
        response = answer(url, sample.body, {**JSON, "authorization": f"Bearer {sample.token}"})
        assert (response[0], undocumented(*response)) == (sample.expected_status, []), sample.name


@pytest.mark.parametrize(
    ("status", "content", "headers"),
    [
        (400, b"", AUTHORIZED | JSON),
        (400, b"\xff{}", AUTHORIZED | JSON),
        (400, b'{"id": NaN}', AUTHORIZED | JSON),
        (401, body(delivery()), JSON),
        (401, body(delivery()), JSON | {"authorization": "Basic !!!"}),
        (413, b" " * (11 * 1024 * 1024), AUTHORIZED | JSON),
        (415, body(delivery()), AUTHORIZED | JSON | {"content-encoding": "gzip"}),
        (422, b"[]", AUTHORIZED | JSON),
        (422, body(delivery(id="")), AUTHORIZED | JSON),
    ],
)
def test_every_refused_request_gets_the_documented_answer(
    url: str, status: int, content: bytes, headers: dict[str, str]
) -> None:
    response = answer(url, content, headers)
    assert (response[0], undocumented(*response)) == (status, [])


def test_a_known_id_with_other_content_gets_the_documented_answer(url: str) -> None:
    outcomes = []
    for content in (
        body(delivery(id="same")),
        body(delivery(id="same")),
        body(delivery(id="same", status="COMPLETED")),
    ):
        status, headers, document = answer(url, content, AUTHORIZED | JSON)
        assert undocumented(status, headers, document) == []
        outcomes.append((status, document["outcome"]))
    assert outcomes == [(202, "stored"), (200, "duplicate"), (200, "conflicting-duplicate")]


def test_a_token_in_the_path_gets_the_documented_answer(url: str) -> None:
    for token, expected in ((TOKEN, 202), ("wrong", 401)):
        response = answer(f"{url}/{token}", body(delivery(id="path", appointment_id="path")), JSON)
        assert (response[0], undocumented(*response)) == (expected, [])
