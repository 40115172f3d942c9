"""The gateway limits, refuses and passes on requests as API Gateway does."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.environment import FunctionError
from local.errors import StartError
from local.gateway import GATEWAY_BYTES, INVOCATION_BYTES, Gateway

PATH = "/webhooks/appointments"
ROUTES = [("POST", PATH), ("POST", PATH + "/{token}"), ("POST", PATH + "/{proxy+}")]
POST = f"POST {PATH} HTTP/1.1\r\n".encode()
JSON = {"content-type": "application/json"}


accesses: list[Mapping[str, str]] = []
"""What the access log gets."""


def echo(event: dict[str, Any], _request_id: str) -> dict[str, Any]:
    """Answer with the event. Fail as a function does when the body asks for it."""
    if event.get("body") == "fail":
        raise FunctionError("Runtime exited")
    return {"statusCode": 202, "headers": JSON, "body": json.dumps(event)}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    gateway = Gateway(ROUTES, echo, host="127.0.0.1", port=0, log_access=accesses.append)
    gateway.start()
    yield gateway.url
    gateway.close()
    gateway.join()


def post(url: str, content: Any, headers: dict[str, str] = JSON, path: str = PATH) -> tuple[int, dict[str, Any]]:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
        connection.request("POST", path, content, headers, encode_chunked=not isinstance(content, bytes))
        answer = connection.getresponse()
        return answer.status, json.load(answer)


def exchange(url: str, raw: bytes, *, close_sending_side: bool = False) -> bytes:
    """Send bytes and return everything that comes back until the gateway closes the connection."""
    address = urlsplit(url)
    answer = b""
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as client:
        client.sendall(raw)
        if close_sending_side:
            client.shutdown(socket.SHUT_WR)
        while data := client.recv(65536):
            answer += data
    return answer


def test_the_function_gets_text_as_text_and_other_bodies_in_base64(url: str) -> None:
    assert post(url, "ü".encode())[1]["body"] == "ü"
    event = post(url, b"\xff")[1]
    assert (event["body"], event["isBase64Encoded"]) == ("/w==", True)
    assert post(url, b"x", {"content-type": "image/png"})[1]["isBase64Encoded"]


@pytest.mark.parametrize("rest", ["", "a/", "a/b"])
def test_the_greedy_route_matches_other_paths_and_a_trailing_slash(url: str, rest: str) -> None:
    event = post(url, b"", path=f"{PATH}/{rest}")[1]
    assert (event["routeKey"], event["pathParameters"]) == (f"POST {PATH}/{{proxy+}}", {"proxy": rest})


def test_the_function_gets_the_route_the_path_and_the_query(url: str) -> None:
    event = post(url, b"", path=PATH + "/a%20b?c=%20")[1]
    assert (event["routeKey"], event["pathParameters"]) == (f"POST {PATH}/{{token}}", {"token": "a b"})
    assert event["rawQueryString"] == "c=%20"


def test_the_chunks_of_a_body_are_joined(url: str) -> None:
    assert post(url, iter([b"a" * 1000, b"b", b"c" * 5000]))[1]["body"] == "a" * 1000 + "b" + "c" * 5000


def test_repeated_headers_are_joined_by_commas(url: str) -> None:
    answer = exchange(url, POST + b"X-A: 1\r\nX-A: 2\r\nConnection: close\r\n\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["headers"]["x-a"] == "1, 2"


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [GATEWAY_BYTES + 1, INVOCATION_BYTES + 1])
def test_a_body_over_a_limit_is_refused(url: str, size: int, chunked: bool) -> None:
    content = b"x" * size
    status, answer = post(url, iter([content]) if chunked else content)
    assert (status, answer) == (413, {"message": "Request Entity Too Large"})


def test_the_limit_of_an_invocation_counts_the_base64_of_a_body(url: str) -> None:
    binary = {"content-type": "application/octet-stream"}
    assert post(url, b"x" * (INVOCATION_BYTES // 4 * 3 - 3000), binary)[0] == 202
    assert post(url, b"x" * (INVOCATION_BYTES // 4 * 3), binary)[0] == 413


def test_an_unknown_route_and_a_failed_function_are_answered(url: str) -> None:
    assert post(url, b"", path="/") == (404, {"message": "Not Found"})
    assert post(url, b"", path="/webhooks/other")[0] == 404
    assert post(url, b"fail") == (500, {"message": "Internal Server Error"})


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 400),
        (POST + b"Content-Length: 3, 7\r\n\r\n", 400),
        (POST + b"Content-Length: -1\r\n\r\n", 400),
        (POST + b"Content-Length: 99999999999\r\n\r\n", 413),
        (POST + b"X-Long: " + b"c4n4ry" * 2000 + b"\r\n\r\n", 431),
        (b"c4n4ry\r\n\r\n", 400),
        (b"POST  /c4n4ry HTTP/1.1\r\n\r\n", 400),
    ],
)
def test_a_malformed_request_is_refused_and_not_quoted(url: str, raw: bytes, status: int) -> None:
    fields, _, content = exchange(url, raw).partition(b"\r\n\r\n")
    assert int(fields.split(b" ", 2)[1]) == status
    assert b"content-type: application/json" in fields.lower()
    assert list(json.loads(content)) == ["message"]
    assert b"c4n4ry" not in fields + content
    assert b"server:" not in fields.lower()


@pytest.mark.parametrize(
    "raw",
    [
        POST + b"Content-Length: 100\r\n\r\nless",
        POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffff\r\nless",
        POST + b"Transfer-Encoding: chunked\r\n\r\n",
        POST,
    ],
)
def test_an_incomplete_request_gets_no_answer_and_a_closed_connection(url: str, raw: bytes) -> None:
    assert exchange(url, raw, close_sending_side=True) == b""
    assert post(url, b"next")[0] == 202


def test_the_port_is_reserved_at_once_and_open_only_from_start_to_close() -> None:
    gateway = Gateway(ROUTES, echo, host="127.0.0.1", port=0, log_access=accesses.append)
    port = urlsplit(gateway.url).port or 0
    other = Gateway(
        ROUTES, echo, host="127.0.0.1", port=port, log_access=accesses.append
    )  # binds before the first gateway starts
    with pytest.raises(ConnectionRefusedError):
        post(gateway.url, b"")
    gateway.start()
    assert post(gateway.url, b"")[0] == 202
    in_use = f"port {port} of 127.0.0.1: .* Set PORT to another port"
    with pytest.raises(StartError, match=in_use):
        other.start()
    other.close()
    with pytest.raises(StartError, match=in_use):
        Gateway(ROUTES, echo, host="127.0.0.1", port=port, log_access=accesses.append)
    gateway.close()
    with pytest.raises(ConnectionRefusedError):
        post(gateway.url, b"")
    gateway.join()


def test_each_request_with_a_route_is_in_the_access_log(url: str) -> None:
    accesses.clear()
    post(url, b"{}")
    post(url, b"fail")
    post(url, b"{}", path="/other")
    answered, failed = accesses
    assert answered["routeKey"] == f"POST {PATH}"
    assert (answered["status"], failed["status"], failed["integrationErrorMessage"]) == ("202", "500", "Runtime exited")
    assert "integrationErrorMessage" not in answered
    assert int(answered["responseLatency"]) >= 0
    assert len({answered["requestId"], answered["integration.requestId"], failed["requestId"]}) == 3
