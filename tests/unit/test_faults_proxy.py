"""The proxy injects faults into requests, as seen by a plain HTTP client and a service that records requests."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.faults import kinds
from tests.faults.proxy import Proxy

CLIENT_TIMEOUT = 0.4


class Service(BaseHTTPRequestHandler):
    """A service that answers with the content of the request and records it."""

    protocol_version = "HTTP/1.1"
    arrivals: list[bytes]

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.arrivals.append(content)
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def arrivals() -> list[bytes]:
    """The contents of the requests that reached the service."""
    return []


@pytest.fixture
def proxy(arrivals: list[bytes]) -> Iterator[Proxy]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Service,), {"arrivals": arrivals}))
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    with Proxy("dynamodb", f"http://127.0.0.1:{server.server_port}") as running:
        yield running
    server.shutdown()
    server.server_close()


def ask(
    proxy: Proxy, content: bytes = b"hello", operation: str = "PutItem", timeout: float = CLIENT_TIMEOUT
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(proxy.url.removeprefix("http://"), timeout=timeout)
    try:
        connection.request("POST", "/", content, {"X-Amz-Target": f"DynamoDB_20120810.{operation}"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_the_proxy_forwards_and_counts_a_request_without_a_fault(proxy: Proxy, arrivals: list[bytes]) -> None:
    assert ask(proxy) == (200, b"hello")
    assert (arrivals, proxy.requests) == ([b"hello"], {"PutItem": 1})


def test_a_fault_affects_only_its_operation_and_only_the_given_number_of_times(proxy: Proxy) -> None:
    proxy.inject(kinds.fail, "PutItem", times=2)
    assert [ask(proxy, operation=name)[0] for name in ("GetItem", "PutItem", "PutItem", "PutItem")] == [
        *(200, 500, 500, 200),
    ]


def test_the_proxy_recognises_the_operations_of_the_query_protocol_and_of_s3(proxy: Proxy) -> None:
    connection = http.client.HTTPConnection(proxy.url.removeprefix("http://"), timeout=CLIENT_TIMEOUT)
    connection.request("POST", "/", b"Action=SendMessage&MessageBody=x")
    connection.getresponse().read()
    connection.request("PUT", "/bucket/key", b"content")  # also on the same connection
    connection.getresponse().read()
    connection.close()
    assert proxy.requests == {"SendMessage": 1, "PutObject": 1}


def test_healing_removes_every_fault(proxy: Proxy) -> None:
    proxy.inject(kinds.fail)
    proxy.heal()
    assert ask(proxy)[0] == 200


def test_a_delay_takes_the_given_time(proxy: Proxy) -> None:
    proxy.inject(kinds.Delay(0.3))
    start = time.monotonic()
    assert ask(proxy, timeout=5)[0] == 200
    assert 0.3 <= time.monotonic() - start < 2


def test_a_hang_never_answers_and_forwards_nothing(proxy: Proxy, arrivals: list[bytes]) -> None:
    proxy.inject(kinds.hang)
    with pytest.raises(TimeoutError):
        ask(proxy)
    assert arrivals == []


@pytest.mark.parametrize("fault", [kinds.hang_after_forwarding, kinds.hang_after_headers])
def test_a_later_hang_forwards_the_request_and_never_completes_the_answer(
    proxy: Proxy, arrivals: list[bytes], fault: kinds.Fault
) -> None:
    proxy.inject(fault)
    with pytest.raises(TimeoutError):
        ask(proxy)
    assert arrivals == [b"hello"]


def test_a_hang_after_the_headers_sends_the_status_and_no_content(proxy: Proxy) -> None:
    proxy.inject(kinds.hang_after_headers)
    connection = http.client.HTTPConnection(proxy.url.removeprefix("http://"), timeout=CLIENT_TIMEOUT)
    connection.request("POST", "/", b"hello")
    answer = connection.getresponse()
    assert answer.status == 200
    with pytest.raises(TimeoutError):
        answer.read()
    connection.close()


def test_a_trickling_answer_is_complete_and_no_single_read_times_out(proxy: Proxy) -> None:
    proxy.inject(kinds.Trickle(0.01))
    start = time.monotonic()
    assert ask(proxy, timeout=CLIENT_TIMEOUT) == (200, b"hello")
    assert time.monotonic() - start > 2 * CLIENT_TIMEOUT  # longer than the timeout of a single read


def test_a_reset_reaches_the_client_and_not_the_service(proxy: Proxy, arrivals: list[bytes]) -> None:
    proxy.inject(kinds.reset)
    with pytest.raises(ConnectionResetError):
        ask(proxy)
    assert arrivals == []


def test_a_request_with_a_dropped_answer_was_forwarded(proxy: Proxy, arrivals: list[bytes]) -> None:
    proxy.inject(kinds.drop_answer)
    with pytest.raises(ConnectionResetError):
        ask(proxy)
    assert arrivals == [b"hello"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [(kinds.close_mid_answer, http.client.BadStatusLine), (kinds.truncate_answer, http.client.IncompleteRead)],
)
def test_a_request_with_an_incomplete_answer_was_forwarded(
    proxy: Proxy, arrivals: list[bytes], fault: kinds.Fault, error: type[Exception]
) -> None:
    proxy.inject(fault)
    with pytest.raises(error):
        ask(proxy)
    assert arrivals == [b"hello"]


def test_healing_ends_the_refusal_of_connections(proxy: Proxy) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        ask(proxy)
    proxy.heal()
    assert ask(proxy)[0] == 200


def test_a_refusal_of_connections_also_closes_open_connections(proxy: Proxy) -> None:
    connection = http.client.HTTPConnection(proxy.url.removeprefix("http://"), timeout=CLIENT_TIMEOUT)
    connection.request("POST", "/", b"hello")
    connection.getresponse().read()
    proxy.refuse()
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):  # noqa: PT012 - either call may raise
        connection.request("POST", "/", b"hello")
        connection.getresponse()
    connection.close()


def test_a_connection_to_a_vanished_address_times_out(proxy: Proxy) -> None:
    proxy.vanish()
    with pytest.raises(TimeoutError):
        ask(proxy)
    proxy.heal()
    assert ask(proxy)[0] == 200


@pytest.mark.parametrize(
    ("hold", "before", "after"),
    [
        (kinds.Hold(), [], [b"hello"]),
        (kinds.Hold(lost=True), [], []),
        (kinds.Hold(answered=True), [b"hello"], [b"hello"]),
    ],
)
def test_a_held_request_waits_for_its_release(
    proxy: Proxy, arrivals: list[bytes], hold: kinds.Hold, before: list[bytes], after: list[bytes]
) -> None:
    proxy.inject(hold)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, proxy, timeout=10)
        assert hold.reached.wait(5)
        assert (arrivals, answer.done()) == (before, False)
        hold.release.set()
        assert answer.exception(5) is None or hold.lost
    assert arrivals == after


@pytest.mark.parametrize(
    ("service", "call", "status", "code"),
    [
        ("dynamodb", ("get_item", {"TableName": "t", "Key": {}}), 400, "ProvisionedThroughputExceededException"),
        ("secretsmanager", ("get_secret_value", {"SecretId": "s"}), 400, "ThrottlingException"),
        ("events", ("put_events", {"Entries": [{"Detail": "{}"}]}), 400, "ThrottlingException"),
        ("sqs", ("send_message", {"QueueUrl": "http://q/1/q", "MessageBody": "m"}), 400, "RequestThrottled"),
        ("s3", ("put_object", {"Bucket": "b", "Key": "k", "Body": b"content"}), 503, "SlowDown"),
    ],
)
def test_the_client_of_each_service_recognises_throttling(
    service: Any, call: tuple[str, dict[str, Any]], status: int, code: str
) -> None:
    with Proxy(service) as proxy:
        proxy.inject(kinds.throttle)
        config = Config(retries={"mode": "standard", "total_max_attempts": 2})
        client = boto3.client(service, endpoint_url=proxy.url, config=config)
        with pytest.raises(ClientError) as raised:
            getattr(client, call[0])(**call[1])
        assert raised.value.response["Error"]["Code"] == code
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
        assert raised.value.response["ResponseMetadata"]["RetryAttempts"] == 1  # botocore recognised it as throttling
        assert proxy.requests.total() == 2


def test_a_cancelled_transaction_has_a_reason_for_each_write() -> None:
    with Proxy("dynamodb") as proxy:
        proxy.inject(kinds.Cancel(("TransactionConflict",)))
        client = boto3.client("dynamodb", endpoint_url=proxy.url, config=Config(retries={"total_max_attempts": 1}))
        write: Any = {"Put": {"TableName": "t", "Item": {}}}
        with pytest.raises(client.exceptions.TransactionCanceledException) as raised:
            client.transact_write_items(TransactItems=[write, write])
        reasons = raised.value.response["CancellationReasons"]
        assert [reason["Code"] for reason in reasons] == ["TransactionConflict", "None"]


def test_only_entries_that_are_not_refused_reach_the_bus(proxy: Proxy, arrivals: list[bytes]) -> None:
    proxy.inject(kinds.RefuseEntries(lambda detail: bool(detail["no"])))
    entries = [{"Detail": json.dumps({"no": no})} for no in (1, 0, 1)]
    _, answer = ask(proxy, json.dumps({"Entries": entries}).encode())
    assert json.loads(answer)["FailedEntryCount"] == 2
    assert ["ErrorCode" in entry for entry in json.loads(answer)["Entries"]] == [True, False, True]
    assert [json.loads(content)["Entries"] for content in arrivals] == [entries[1:2]]


def test_a_quoting_refusal_contains_the_request(proxy: Proxy) -> None:
    proxy.inject(kinds.Refuse(400, "ValidationException", quoting=True))
    status, answer = ask(proxy, b"c4n4ry")
    assert status == 400
    assert b"c4n4ry" in answer
