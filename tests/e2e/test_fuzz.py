"""Hostile requests against the local stack: no 5xx, no hang, no access without the token.

FUZZ_EXAMPLES sets the number of requests of each kind. `make fuzz` sends many.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from local.aws import BUCKETS
from local.run import scan
from local.stack import Options, Stack
from tests.builders import body, delivery
from tests.faults import hostile
from tests.faults.hostile import VALID_HEADERS, contents, request, statuses

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
fuzz = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    log = tmp_path_factory.mktemp("fuzz") / "functions.log"
    with Stack(Options(port=0, aws_port=0, webhooks=1, log=log)) as running:
        yield running
        assert statuses(running.gateway.url, request(body(delivery(id="after")))) == [202]
        assert "Traceback" not in log.read_text()


@pytest.fixture
def untouched(stack: Stack) -> Iterator[None]:
    """Check that a test changes neither the table nor the quarantine."""

    def contents_of_stores() -> tuple[Any, ...]:
        pages = stack.aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKETS["QuarantineBucket"])
        return scan(stack), sum(page["KeyCount"] for page in pages)

    before = contents_of_stores()
    yield
    assert contents_of_stores() == before


def assert_no_server_error(answers: list[int]) -> None:
    assert all(status < 500 for status in answers), answers


@given(content=contents)
@example(content=b"[" * 1_000_000)
@fuzz
def test_any_body_gets_one_answer(stack: Stack, content: bytes) -> None:
    answers = statuses(stack.gateway.url, request(content))
    assert len(answers) == 1
    assert_no_server_error(answers)


@pytest.mark.usefixtures("untouched")
@given(content=contents, fields=hostile.headers)
@example(content=body(delivery(id="nobody")), fields=[VALID_HEADERS[1]])
@example(content=b"{", fields=[VALID_HEADERS[1]])
@fuzz
def test_no_headers_give_access_without_the_token(
    stack: Stack, content: bytes, fields: list[tuple[bytes, bytes]]
) -> None:
    answers = statuses(stack.gateway.url, request(content, tuple(fields)))
    assert_no_server_error(answers)
    assert not any(200 <= status < 300 for status in answers)


@given(content=contents, fields=hostile.headers)
@fuzz
def test_any_headers_beside_the_token_get_an_answer(
    stack: Stack, content: bytes, fields: list[tuple[bytes, bytes]]
) -> None:
    assert_no_server_error(statuses(stack.gateway.url, request(content, (*fields, *VALID_HEADERS))))
    assert_no_server_error(statuses(stack.gateway.url, request(content, (*VALID_HEADERS, *fields))))


@given(method=hostile.methods, path=hostile.paths, version=hostile.versions, content=contents)
@fuzz
def test_any_request_line_gets_no_server_error(
    stack: Stack, method: bytes, path: bytes, version: bytes, content: bytes
) -> None:
    assert_no_server_error(statuses(stack.gateway.url, request(content, start=b" ".join((method, path, version)))))


@given(
    content=contents,
    length=st.one_of(st.integers(-5, 3_000_000).map(lambda n: str(n).encode()), st.sampled_from([b"", b"x", b"1,2"])),
)
@fuzz
def test_any_content_length_gets_no_server_error(stack: Stack, content: bytes, length: bytes) -> None:
    assert_no_server_error(statuses(stack.gateway.url, request(content, length=length)))


@given(
    pieces=st.lists(contents.map(lambda content: content[:3000]), max_size=5),
    sizes=st.none() | st.lists(st.sampled_from([b"0", b"5", b"ffffffffff", b"-1", b"zz", b"", b"1;x=y"]), max_size=5),
    end=st.sampled_from([b"0\r\n\r\n", b"", b"0\r\n", b"0\r\nX-Trailer: 1\r\n\r\n", b"\r\n\r\n"]),
)
@fuzz
def test_any_chunks_get_no_server_error(
    stack: Stack, pieces: list[bytes], sizes: list[bytes] | None, end: bytes
) -> None:
    assert_no_server_error(statuses(stack.gateway.url, hostile.chunked(pieces, sizes, end)))


@given(
    requests=st.lists(contents.map(lambda content: request(content[:3000])), min_size=2, max_size=4),
    rest=st.binary(max_size=100),
)
@fuzz
def test_pipelined_requests_get_no_server_error(stack: Stack, requests: list[bytes], rest: bytes) -> None:
    assert_no_server_error(statuses(stack.gateway.url, b"".join(requests) + rest))


@given(raw=st.binary(max_size=2000))
@fuzz
def test_bytes_that_are_no_request_get_no_server_error(stack: Stack, raw: bytes) -> None:
    assert_no_server_error(statuses(stack.gateway.url, raw))


@pytest.mark.parametrize(
    ("fields", "length"),
    [
        (tuple((f"X-{n}".encode(), b"v") for n in range(500)), None),
        (((b"X-Long", b"v" * 100_000),), None),
        (((b"Content-Length", b"3"),), b"7"),
        (((b"Transfer-Encoding", b"chunked"),), b"7"),
        (((b"Transfer-Encoding", b"gzip, chunked"),), None),
        (((b"Host", b"a b/c:99999"),), None),
        (((b"Authorization", b"Bearer a"), (b"Authorization", b"Bearer b")), None),
        (((b"Content-Type", b"text/plain"), (b"Content-Type", b"application/json")), None),
    ],
)
def test_too_many_too_long_or_contradictory_headers_get_no_server_error(
    stack: Stack, fields: tuple[tuple[bytes, bytes], ...], length: Any
) -> None:
    assert_no_server_error(
        statuses(stack.gateway.url, request(body(delivery()), (*VALID_HEADERS, *fields), length=length))
    )
