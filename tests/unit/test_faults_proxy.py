"""The proxy does to a request what it is told to, seen with a plain HTTP client and a service that counts."""

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

QUICK = 0.4


class Service(BaseHTTPRequestHandler):
    """Answers with what it was asked and remembers it."""

    protocol_version = "HTTP/1.1"
    seen: list[bytes]

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(content)
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def seen() -> list[bytes]:
    """What reached the service."""
    return []


@pytest.fixture
def proxy(seen: list[bytes]) -> Iterator[Proxy]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Service,), {"seen": seen}))
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    with Proxy("dynamodb", f"http://127.0.0.1:{server.server_port}") as running:
        yield running
    server.shutdown()
    server.server_close()


def ask(proxy: Proxy, content: bytes = b"hello", operation: str = "PutItem", timeout: float = QUICK) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(proxy.url.removeprefix("http://"), timeout=timeout)
    try:
        connection.request("POST", "/", content, {"X-Amz-Target": f"DynamoDB_20120810.{operation}"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_without_a_fault_a_request_passes_and_is_counted(proxy: Proxy, seen: list[bytes]) -> None:
    assert ask(proxy) == (200, b"hello")
    assert (seen, proxy.requests) == ([b"hello"], {"PutItem": 1})


def test_a_fault_meets_its_operation_only_as_often_as_it_was_told(proxy: Proxy) -> None:
    proxy.inject(kinds.fail, "PutItem", times=2)
    assert [ask(proxy, operation=name)[0] for name in ("GetItem", "PutItem", "PutItem", "PutItem")] == [
        *(200, 500, 500, 200),
    ]


def test_the_query_protocols_action_and_s3s_methods_are_operations_too(proxy: Proxy) -> None:
    connection = http.client.HTTPConnection(proxy.url.removeprefix("http://"), timeout=QUICK)
    connection.request("POST", "/", b"Action=SendMessage&MessageBody=x")
    connection.getresponse().read()
    connection.request("PUT", "/bucket/key", b"content")  # also on the same connection
    connection.getresponse().read()
    connection.close()
    assert proxy.requests == {"SendMessage": 1, "PutObject": 1}


def test_healing_takes_every_fault_away(proxy: Proxy) -> None:
    proxy.inject(kinds.fail)
    proxy.heal()
    assert ask(proxy)[0] == 200


def test_a_delay_is_as_long_as_it_was_told(proxy: Proxy) -> None:
    proxy.inject(kinds.Delay(0.3))
    start = time.monotonic()
    assert ask(proxy, timeout=5)[0] == 200
    assert 0.3 <= time.monotonic() - start < 2


def test_hanging_never_answers_and_never_reaches_the_service(proxy: Proxy, seen: list[bytes]) -> None:
    proxy.inject(kinds.hang)
    with pytest.raises(TimeoutError):
        ask(proxy)
    assert seen == []


@pytest.mark.parametrize("fault", [kinds.hang_after_forwarding, kinds.hang_after_headers])
def test_the_service_has_done_it_and_the_answer_never_comes(
    proxy: Proxy, seen: list[bytes], fault: kinds.Fault
) -> None:
    proxy.inject(fault)
    with pytest.raises(TimeoutError):
        ask(proxy)
    assert seen == [b"hello"]


def test_after_the_headers_nothing_more_comes(proxy: Proxy) -> None:
    proxy.inject(kinds.hang_after_headers)
    connection = http.client.HTTPConnection(proxy.url.removeprefix("http://"), timeout=QUICK)
    connection.request("POST", "/", b"hello")
    answer = connection.getresponse()
    assert answer.status == 200
    with pytest.raises(TimeoutError):
        answer.read()
    connection.close()


def test_a_trickling_answer_times_out_no_single_read_and_comes_whole(proxy: Proxy) -> None:
    proxy.inject(kinds.Trickle(0.01))
    start = time.monotonic()
    assert ask(proxy, timeout=QUICK) == (200, b"hello")
    assert time.monotonic() - start > 2 * QUICK  # so that QUICK was no bound of the whole


def test_a_reset_reaches_the_client_and_not_the_service(proxy: Proxy, seen: list[bytes]) -> None:
    proxy.inject(kinds.reset)
    with pytest.raises(ConnectionResetError):
        ask(proxy)
    assert seen == []


def test_a_dropped_answer_was_done(proxy: Proxy, seen: list[bytes]) -> None:
    proxy.inject(kinds.drop_answer)
    with pytest.raises(ConnectionResetError):
        ask(proxy)
    assert seen == [b"hello"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [(kinds.close_mid_answer, http.client.BadStatusLine), (kinds.cut_short, http.client.IncompleteRead)],
)
def test_an_answer_that_breaks_off_was_done(
    proxy: Proxy, seen: list[bytes], fault: kinds.Fault, error: type[Exception]
) -> None:
    proxy.inject(fault)
    with pytest.raises(error):
        ask(proxy)
    assert seen == [b"hello"]


def test_refused_connections_are_accepted_again_after_healing(proxy: Proxy) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        ask(proxy)
    proxy.heal()
    assert ask(proxy)[0] == 200


def test_an_open_connection_ends_when_connections_are_refused(proxy: Proxy) -> None:
    connection = http.client.HTTPConnection(proxy.url.removeprefix("http://"), timeout=QUICK)
    connection.request("POST", "/", b"hello")
    connection.getresponse().read()
    proxy.refuse()
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):  # noqa: PT012 - either may be first to see it
        connection.request("POST", "/", b"hello")
        connection.getresponse()
    connection.close()


def test_an_address_that_vanished_takes_no_connection_and_refuses_none(proxy: Proxy) -> None:
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
def test_a_held_request_waits_until_it_is_let_go(
    proxy: Proxy, seen: list[bytes], hold: kinds.Hold, before: list[bytes], after: list[bytes]
) -> None:
    proxy.inject(hold)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, proxy, timeout=10)
        assert hold.reached.wait(5)
        assert (seen, asked.done()) == (before, False)
        hold.let_go.set()
        assert asked.exception(5) is None or hold.lost
    assert seen == after


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
def test_each_services_client_understands_that_it_is_throttled(
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
        assert raised.value.response["ResponseMetadata"]["RetryAttempts"] == 1  # botocore took it for what it is
        assert proxy.requests.total() == 2


def test_a_cancelled_transaction_has_one_reason_for_each_write() -> None:
    with Proxy("dynamodb") as proxy:
        proxy.inject(kinds.Cancel(("TransactionConflict",)))
        client = boto3.client("dynamodb", endpoint_url=proxy.url, config=Config(retries={"total_max_attempts": 1}))
        write: Any = {"Put": {"TableName": "t", "Item": {}}}
        with pytest.raises(client.exceptions.TransactionCanceledException) as raised:
            client.transact_write_items(TransactItems=[write, write])
        reasons = raised.value.response["CancellationReasons"]
        assert [reason["Code"] for reason in reasons] == ["TransactionConflict", "None"]


def test_refused_entries_never_reach_the_bus_and_the_others_do(proxy: Proxy, seen: list[bytes]) -> None:
    proxy.inject(kinds.RefuseEntries(lambda detail: bool(detail["no"])))
    entries = [{"Detail": json.dumps({"no": no})} for no in (1, 0, 1)]
    _, answer = ask(proxy, json.dumps({"Entries": entries}).encode())
    assert json.loads(answer)["FailedEntryCount"] == 2
    assert ["ErrorCode" in entry for entry in json.loads(answer)["Entries"]] == [True, False, True]
    assert [json.loads(content)["Entries"] for content in seen] == [entries[1:2]]


def test_a_quoting_refusal_holds_the_request(proxy: Proxy) -> None:
    proxy.inject(kinds.Refuse(400, "ValidationException", quoting=True))
    status, answer = ask(proxy, b"c4n4ry")
    assert status == 400
    assert b"c4n4ry" in answer
