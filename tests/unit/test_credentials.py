"""The places in which a token is accepted, and the values that are refused."""

from __future__ import annotations

import base64
import hmac
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import webhook_event
from webhook.credentials import DUPLICATES, token_key, token_proof
from webhook.request import Request
from webhook.secret import UnusableSecretError

TOKEN = b"t0ken"
HEADER = "x-api-key"
LAX_PADDING = pytest.mark.skipif(sys.version_info < (3, 13), reason="base64 of older Pythons accepts excess padding")


def request(headers: dict[str, str] | None = None, path_token: str | None = None) -> Request:
    return Request.from_event(webhook_event(b"", token=None, headers=headers, path_token=path_token))


def proves(headers: dict[str, str] | None = None, path_token: str | None = None, *, header: str = HEADER) -> bool:
    """Return whether the request has the token. A request without a credential has no proof."""
    proof = token_proof(request(headers, path_token), header)
    return proof is not None and proof(TOKEN)


def basic(user_and_password: bytes) -> str:
    return f"Basic {base64.b64encode(user_and_password).decode()}"


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer t0ken",
        "bearer t0ken",
        "BEARER   t0ken",
        basic(b"engage:t0ken"),
        basic(b":t0ken"),
        basic(b":t0ken").replace("Basic", "bAsIc"),
        basic("é".encode() + b":t0ken"),
    ],
)
def test_the_token_is_accepted_as_bearer_and_as_the_password_of_any_user(authorization: str) -> None:
    assert proves({"Authorization": authorization})


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer t0ke",
        "Bearer t0kenx",
        "Bearer T0KEN",
        "Bearer t0k en",
        "Bearer\tt0ken",
        "Bearert0ken",
        "t0ken",
        "Token t0ken",
        "Bearer é\udcff",
        "Basic",
        "Basic ",
        "Basic t0ken",
        "Basic t0ke",
        "Basic *",
        "Basic é\udcff",
        basic(b"t0ken"),
        basic(b"t0ken:"),
        basic(b"engage:"),
        basic(b":"),
        basic(b"engage:wrong"),
        basic(b"engage:more:t0ken"),
        basic(b"\xff:t0ken"),
        basic(b"engage:t0ken")[:-1],
        pytest.param(basic(b"engage:t0ken") + "=", marks=LAX_PADDING),
        basic(b"engage:t0ken").replace("Basic ", "Bearer "),
    ],
)
def test_any_other_authorization_is_refused_without_an_error(authorization: str) -> None:
    assert not proves({"authorization": authorization})


def test_the_token_is_accepted_only_in_the_configured_header() -> None:
    assert proves({"X-Api-Key": "t0ken"})
    assert not proves({"X-Api-Key": "Bearer t0ken"})
    assert not proves({"X-Other": "t0ken"})
    assert not proves({"X-Api-Key": "t0ken"}, header="")
    assert not proves({"": "t0ken"}, header="")


def test_the_token_is_accepted_as_the_last_segment_of_the_path() -> None:
    assert proves(path_token="t0ken")
    assert not proves(path_token="t0ken ")
    assert not proves(path_token="wrong")
    assert not proves(path_token="")


def test_a_request_without_any_credential_has_no_proof() -> None:
    assert token_proof(request(), HEADER) is None
    assert token_proof(request({"authorization": "Basic *", HEADER: ""}, ""), HEADER) is None


@pytest.mark.parametrize("valid", [0, 1, 2])
def test_one_valid_credential_beside_invalid_ones_suffices(valid: int) -> None:
    bearer, key, path = ("t0ken" if place == valid else "wrong" for place in range(3))
    assert proves({"authorization": f"Bearer {bearer}", HEADER: key}, path)


@pytest.mark.parametrize("value", ["Bearer wrong,Bearer t0ken", "Bearer t0ken, Bearer wrong", "Basic *,Bearer t0ken"])
def test_each_value_of_a_repeated_header_is_checked(value: str) -> None:
    assert proves({"authorization": value})
    assert proves({HEADER: value.replace("Bearer ", "")})


def test_a_token_may_contain_a_comma() -> None:
    for headers in ({"authorization": "Bearer a,b"}, {HEADER: "a,b"}):
        proof = token_proof(request(headers), HEADER)
        assert proof is not None
        assert proof(b"a,b")


def test_a_header_with_too_many_values_is_refused() -> None:
    assert proves({HEADER: ",".join(["wrong"] * (DUPLICATES - 1) + ["t0ken"])})
    assert not proves({HEADER: ",".join(["wrong"] * DUPLICATES + ["t0ken"])})


def test_every_credential_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    compare_digest = hmac.compare_digest

    def compare(key: bytes, token: bytes) -> bool:
        compared.append((key, token))
        return compare_digest(key, token)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    for token in ("t0ken", "wrong"):
        compared.clear()
        assert proves({"authorization": f"Bearer {token}", HEADER: "a"}, "b") is (token == "t0ken")
        assert compared == [(TOKEN, token.encode()), (TOKEN, b"a"), (TOKEN, b"b")]


@given(authorization=st.text(), key=st.text(), path=st.text())
def test_no_text_in_a_credential_raises_an_error(authorization: str, key: str, path: str) -> None:
    proof = token_proof(request({"authorization": authorization, HEADER: key}, path), HEADER)
    assert proof is None or not proof(TOKEN) or "t0ken" in (authorization, key, path)


def test_the_key_is_the_stripped_secret_and_never_empty() -> None:
    assert token_key("é-t0ken\n") == "é-t0ken".encode()
    for empty in ("", " ", "\r\n"):
        with pytest.raises(UnusableSecretError, match="empty"):
            token_key(empty)


@pytest.mark.parametrize(
    "secret", ['{"token": "t0ken"}', '{"username":"engage","password":"t0ken"}', "t0 ken", "a\tb", "a\nb"]
)
def test_a_secret_that_no_sender_can_send_is_unusable(secret: str) -> None:
    with pytest.raises(UnusableSecretError, match="plain text"):
        token_key(secret)
