"""The client of the vendor's API, against the stand-in: tokens, failures, refusals, TLS, and what it never shows."""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import trustme

from appointments.reconciliation import engage_http
from appointments.reconciliation.credentials import Credentials
from appointments.reconciliation.engage_api import EngageApi
from appointments.reconciliation.engage_http import BUNDLE, EngageHttp, NoAnswerError, checked_url
from appointments.reconciliation.errors import (
    AnswerShapeError,
    BudgetSpentError,
    EngageRefusedError,
    EngageUnavailableError,
    SettingsError,
)
from appointments.reconciliation.manners import ATTEMPTS, Manners
from local.engage.faults import Faults
from local.engage.server import CLIENT_ID, CLIENT_SECRET, ENTERPRISE, SCOPE, EngageServer
from local.engage.switches import Switches
from local.engage.world import World
from tests import engage
from tests.tls import server_context

FIRST, LAST = "2026-03-01T00:00:00.000000000Z", "2026-04-01T00:00:00.000000000Z"
COUNT = 60


@pytest.fixture(scope="module")
def running() -> Iterator[EngageServer]:
    world = World()
    for number in range(COUNT):
        (history,) = engage.histories(1, number, engage.now())
        appointment = history.versions[0].appointment | {"id": str(number), "updatedAt": "2026-02-01T00:00:00Z"}
        world.put(appointment | {"start": "2026-03-10T09:00:00Z", "end": "2026-03-10T10:00:00Z"})
    with EngageServer(world) as server:
        yield server


@pytest.fixture
def server(running: EngageServer) -> EngageServer:
    """The stand-in with 60 appointments in March 2026, without faults and calls."""
    running.switches, running.faults = Switches(), Faults()
    running.calls.clear()
    running.forget_tokens()
    return running


def paths(server: EngageServer) -> list[str]:
    return [urlsplit(call.partition(" ")[2]).path for call in server.calls]


def test_a_question_for_a_time_has_the_documented_form(server: EngageServer) -> None:
    rows = engage.api(server, page_size=100).between(FIRST, LAST)
    assert rows.is_complete
    assert len(rows.appointments) == COUNT
    token, listing = server.calls
    assert token == f"POST /realms/{ENTERPRISE}/protocol/openid-connect/token"
    assert urlsplit(listing).path.endswith(f"/enterprises/{ENTERPRISE}/appointments")
    question = [("from", "2026-03-01T00:00:00Z"), ("to", "2026-04-01T00:00:00Z"), ("offset", "0"), ("limit", "100")]
    assert parse_qsl(urlsplit(listing).query) == question


def test_a_listing_of_many_pages_is_read_whole_with_one_correlation_id(server: EngageServer) -> None:
    server.correlation_ids.clear()
    api = engage.api(server, page_size=7)
    rows = api.between(FIRST, LAST)
    assert rows.is_complete
    assert len(rows.appointments) == COUNT
    assert server.correlation_ids == {api.correlation_id}


def test_a_question_for_ids_names_each_as_an_element_of_an_array(server: EngageServer) -> None:
    found = engage.api(server).with_ids(["1", "2", "a b&c/é"])
    assert list(found) == ["1", "2"]
    _, listing, single = server.calls
    names = [("id[]", "1"), ("id[]", "2"), ("id[]", "a b&c/é")]
    assert parse_qsl(urlsplit(listing).query)[:3] == names
    assert single.endswith("/appointments/a%20b%26c%2F%C3%A9")


def test_ids_are_asked_for_in_urls_of_bounded_length(server: EngageServer) -> None:
    ids = [f"{number}" for number in range(COUNT)]
    long = ["x" * 2_000, "y" * 2_000]
    found = engage.api(server, page_size=25).with_ids([*ids, *long])
    assert list(found) == ids
    assert max(map(len, server.calls)) < 2_200


def test_an_id_that_the_listing_leaves_out_is_asked_for_alone(server: EngageServer) -> None:
    server.faults.wrong = lambda page: (
        page | {"data": [], "meta": page["meta"] | {"totalCount": 0}} if "meta" in page else page
    )
    assert list(engage.api(server).with_ids(["3"])) == ["3"]


def test_no_ids_are_no_call(server: EngageServer) -> None:
    assert engage.api(server).with_ids([]) == {}
    assert server.calls == []


@pytest.mark.parametrize("limit", [25, 1000])
@pytest.mark.parametrize("above", ["capped", "refused"])
def test_the_greatest_page_may_be_any(limit: Any, above: Any, server: EngageServer) -> None:
    server.switches = Switches(greatest_limit=limit, above_limit=above)
    rows = engage.api(server, page_size=500).between(FIRST, LAST)
    assert rows.is_complete
    assert len(rows.appointments) == COUNT


def test_a_token_serves_until_it_expires(server: EngageServer) -> None:
    api = engage.api(server)
    for _ in range(3):
        api.between(FIRST, LAST)
    assert sum("token" in path for path in paths(server)) == 1
    server.forget_tokens()
    api.between(FIRST, LAST)
    assert sum("token" in path for path in paths(server)) == 2


def test_a_token_is_renewed_before_it_expires(server: EngageServer) -> None:
    now = [1_000.0]
    api = engage.api(server, clock=lambda: now[0])
    api.between(FIRST, LAST)
    now[0] += 0.9 * server.faults.token_seconds
    before = len(server.calls)
    api.between(FIRST, LAST)
    assert "/token" in paths(server)[before]


def test_a_new_token_that_is_refused_ends_the_run(server: EngageServer) -> None:
    server.faults.token_seconds = 0
    with pytest.raises(EngageRefusedError, match="refuses a new token"):
        engage.api(server).between(FIRST, LAST)
    assert len(server.calls) == 2


@pytest.mark.parametrize(
    ("secret", "enterprise", "message"),
    [
        ('{"clientId": "local-client", "clientSecret": "wrong-secret"}', ENTERPRISE, "refuses the client .401."),
        ('{"clientId": "stranger", "clientSecret": "local-client-secret"}', ENTERPRISE, "refuses the client .401."),
        (None, "elsewhere", "answers 404 instead of 200: check EngageEnterprise"),
    ],
)
def test_refused_credentials_end_the_run_at_once(
    secret: str | None, enterprise: str, message: str, server: EngageServer
) -> None:
    credentials = Credentials.of_secret(secret or server.credentials())
    api = EngageApi(credentials, enterprise, Manners(), api_url=server.url, auth_url=server.url)
    with pytest.raises(EngageRefusedError, match=message) as raised:
        api.between(FIRST, LAST)
    assert len(server.calls) == 1
    for text in ("wrong-secret", "stranger", CLIENT_SECRET, CLIENT_ID):
        assert text not in str(raised.value)


class Answers:
    """Lets the stand-in answer questions for appointments with a status."""

    def __init__(self, server: EngageServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statuses: list[int] = []
        handler: Any = server._server.RequestHandlerClass
        read = handler._read

        def answer(this: Any) -> tuple[int, Any]:
            return (self.statuses.pop(0), {"errors": [{"message": "canary"}]}) if self.statuses else read(this)

        monkeypatch.setattr(handler, "_read", answer)


@pytest.fixture
def answers(server: EngageServer, monkeypatch: pytest.MonkeyPatch) -> Answers:
    return Answers(server, monkeypatch)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
def test_a_passing_failure_is_asked_again(status: int, answers: Answers, server: EngageServer) -> None:
    answers.statuses = [status] * (ATTEMPTS - 1)
    assert engage.api(server, page_size=100).between(FIRST, LAST).is_complete
    assert len(server.calls) == 1 + ATTEMPTS


def test_a_failure_that_stays_ends_the_run(answers: Answers, server: EngageServer) -> None:
    answers.statuses = [503] * 100
    with pytest.raises(EngageUnavailableError, match=f"gave no answer {ATTEMPTS} times, at last status 503"):
        engage.api(server).between(FIRST, LAST)
    assert len(server.calls) == 1 + ATTEMPTS


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (403, f"forbids the question .403.: check that the client has the scope {SCOPE}"),
        (404, "answers 404 instead of 200: check EngageEnterprise and EngageApiUrl"),
        (405, "answers 405"),
        (422, "answers 422"),
        (204, "answers 204"),
        (302, "answers 302 instead of 200, and redirects are not followed"),
    ],
)
def test_a_refusal_is_not_asked_again(status: int, message: str, answers: Answers, server: EngageServer) -> None:
    answers.statuses = [status]
    with pytest.raises(EngageRefusedError, match=message) as raised:
        engage.api(server).between(FIRST, LAST)
    assert len(server.calls) == 2
    assert "canary" not in str(raised.value)


def test_pauses_grow_between_attempts(answers: Answers, server: EngageServer) -> None:
    pauses: list[float] = []
    answers.statuses = [429] * 3
    manners = Manners(calls_per_second=10_000, sleep=pauses.append, jitter=lambda: 1.0)
    engage.api(server, manners=manners).between(FIRST, LAST)
    assert [pause for pause in pauses if pause > 0.1] == [0.5, 1.0, 2.0]


def test_a_run_ends_when_its_calls_are_spent(server: EngageServer) -> None:
    with pytest.raises(BudgetSpentError, match="3 calls"):
        engage.api(server, page_size=5, manners=Manners(calls_per_second=10_000, calls=3)).between(FIRST, LAST)
    assert len(server.calls) == 3


def test_an_answer_that_hangs_is_given_up(server: EngageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engage_http, "READ_SECONDS", 0.2)
    monkeypatch.setattr(engage_http, "LEAST_SECONDS", 0.1)
    api = engage.api(server)
    api.between(FIRST, LAST)
    server.faults.hang, server.faults.hang_seconds = 1.0, 5.0
    begin = time.monotonic()
    with pytest.raises(EngageUnavailableError, match="ReadTimeoutError"):
        api.between(FIRST, LAST)
    assert time.monotonic() - begin < 60
    server.stopped.set()
    server.stopped.clear()


@contextmanager
def trickling(begin: bytes) -> Iterator[str]:
    """Yield the URL of a server that sends these bytes and then a space now and then, for ever."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def trickle() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(10_000)
                connection.sendall(begin)
                while not stop.wait(0.02):
                    connection.sendall(b" ")

        stop = Event()
        thread = Thread(target=trickle)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            stop.set()
            thread.join()


def test_an_answer_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each silence is short, so only the bound of the whole answer ends it."""
    monkeypatch.setattr(engage_http, "WHOLE_SECONDS", 0.5)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    with trickling(head) as url, pytest.raises(NoAnswerError, match="AnswerTooSlow"):
        EngageHttp().send("GET", url, headers={}, seconds=60)


def test_the_head_of_an_answer_that_trickles_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The call cannot be stopped, so another would be the second at once."""
    for name in ("WHOLE_SECONDS", "READ_SECONDS", "CONNECT_SECONDS", "LEAST_SECONDS"):
        monkeypatch.setattr(engage_http, name, 0.2)
    with (
        trickling(b"HTTP/1.1 200 OK\r\nX-Long: ") as url,
        pytest.raises(EngageUnavailableError, match="too slowly to wait for"),
    ):
        EngageHttp().send("GET", url, headers={}, seconds=60)


def test_an_answer_that_is_too_large_is_given_up(server: EngageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engage_http, "ANSWER_BYTES", 1_000)
    with pytest.raises(EngageUnavailableError, match="AnswerTooLarge"):
        engage.api(server).between(FIRST, LAST)


@pytest.mark.parametrize("fault", ["cut", "truncated"])
def test_an_answer_that_ends_early_is_asked_again(fault: str, server: EngageServer) -> None:
    setattr(server.faults, fault, 0.5)
    assert engage.api(server, page_size=100).between(FIRST, LAST).is_complete
    assert len(server.calls) > 2


def test_json_that_never_ends_is_no_answer_of_the_documented_shape(server: EngageServer) -> None:
    server.faults.truncated = 1.0
    with pytest.raises(AnswerShapeError, match=r"\$ breaks the rule format .expected: JSON."):
        engage.api(server).between(FIRST, LAST)


@pytest.mark.parametrize("token", [{}, {"access_token": ""}, {"access_token": 5}, {"access_token": "a\nb: c"}, []])
def test_a_token_of_another_shape_ends_the_run(
    token: Any, server: EngageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler: Any = server._server.RequestHandlerClass
    monkeypatch.setattr(handler, "_token", lambda *_: (200, token))
    with pytest.raises(AnswerShapeError, match=r"\$"):
        engage.api(server).between(FIRST, LAST)


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        (lambda _: {"data": []}, r"\$\.data"),
        (lambda _: {"data": {"id": "3"}}, r"\$\.data\.status"),
        (lambda page: {"data": page["data"] | {"id": "4"}}, r"\$\.data\.id"),
    ],
)
def test_a_single_appointment_of_another_shape_ends_the_run(wrong: Any, path: str, server: EngageServer) -> None:
    empty = {"data": [], "meta": {"offset": 0, "limit": 25, "totalCount": 0}}
    server.faults.wrong = lambda page: empty if "meta" in page else wrong(page)
    with pytest.raises(AnswerShapeError, match=path):
        engage.api(server).with_ids(["3"])


def test_a_404_without_the_documented_errors_is_no_answer(
    server: EngageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler: Any = server._server.RequestHandlerClass
    read = handler._read
    monkeypatch.setattr(handler, "_read", lambda this: (404, {}) if this.path.endswith("/none") else read(this))
    with pytest.raises(AnswerShapeError, match=r"\$\.errors"):
        engage.api(server).with_ids(["none"])


def test_neither_credentials_nor_tokens_are_shown_or_logged(
    server: EngageServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.NOTSET)
    server.faults.busy = 0.3
    api = engage.api(server)
    api.between(FIRST, LAST)
    assert not [record for record in caplog.records if record.name.startswith("urllib3")]
    tokens = list(server._tokens)
    credentials = Credentials.of_secret(server.credentials())
    shown = caplog.text + repr(api) + repr(credentials) + str(credentials) + repr(vars(api).get("_credentials"))
    assert tokens
    for text in (CLIENT_ID, CLIENT_SECRET, *tokens):
        assert text not in shown


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "canary",
        "[]",
        '{"clientId": "canary"}',
        '{"clientId": 5, "clientSecret": "canary"}',
        '{"clientId": "", "clientSecret": "canary"}',
        "[" * 100_000,
    ],
)
def test_a_secret_of_another_form_is_an_error_without_its_text(secret: str) -> None:
    with pytest.raises(SettingsError, match="the secret of the Engage API has another form") as raised:
        Credentials.of_secret(secret)
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["https://api.pexipengage.com", "https://host.example:8443/", "http://127.0.0.1:80", "http://[::1]:80"]
)
def test_https_and_a_loopback_address_are_accepted(url: str) -> None:
    assert checked_url(url, "EngageApiUrl") == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.pexipengage.com",
        "http://api.pexipengage.com",
        "http://localhost:80",
        "http://127.0.0.1.example.com",
        "ftp://host.example",
        "https://",
        "https://user:password@host.example",
        "https://host.example/path",
        "https://host.example?x=1",
        "https://host.example#x",
        "https://host.example:0",
        "https://host.example:99999",
        "https://host example",
        "https://host.example\r\nX: y",
    ],
)
def test_any_other_url_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="EngageApiUrl cannot be used"):
        checked_url(url, "EngageApiUrl")


@pytest.mark.parametrize("enterprise", ["", " ", ".", ".."])
def test_an_enterprise_is_a_name(enterprise: str) -> None:
    with pytest.raises(SettingsError, match="EngageEnterprise"):
        EngageApi(Credentials("a", "b"), enterprise, Manners())


def test_an_enterprise_stays_one_part_of_the_path(server: EngageServer) -> None:
    credentials = Credentials.of_secret(server.credentials())
    with pytest.raises(EngageRefusedError):
        EngageApi(credentials, "a/../b?c", Manners(), api_url=server.url, auth_url=server.url).between(FIRST, LAST)
    assert server.calls == ["POST /realms/a%2F..%2Fb%3Fc/protocol/openid-connect/token"]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[EngageServer]:
    """The stand-in behind TLS, with a certificate of the authority for 127.0.0.1."""
    with EngageServer(World(), context=server_context(authority)) as running:
        yield running


def test_a_certificate_of_a_trusted_authority_is_accepted(
    secure: EngageServer, authority: trustme.CA, tmp_path: Path
) -> None:
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    assert secure.url.startswith("https://")
    assert engage.api(secure, http=EngageHttp(bundle)).between(FIRST, LAST).is_complete


def test_a_certificate_of_an_unknown_authority_ends_the_run(secure: EngageServer) -> None:
    with pytest.raises(EngageRefusedError, match="certificate of the Engage API is not trusted"):
        engage.api(secure).between(FIRST, LAST)
    assert secure.calls == []


def test_the_authorities_are_all_of_the_bundle_and_not_those_of_amazon_alone() -> None:
    context = ssl.create_default_context(cafile=str(BUNDLE))
    assert context.cert_store_stats()["x509_ca"] > 100
