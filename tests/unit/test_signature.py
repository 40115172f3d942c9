"""Signatures of Standard Webhooks, made by the reference library."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from tests.builders import webhook_event
from webhook.request import Request
from webhook.secret import UnusableSecretError
from webhook.signature import signature_proof, signing_key

NOW = 1772442001
TOLERANCE = 300
SECRET = "whsec_" + base64.b64encode(b"a key of thirty-two bytes, or so").decode()
BODY = b'{"id": "e-1"}'

secrets = st.binary(min_size=24, max_size=64).map(lambda key: "whsec_" + base64.b64encode(key).decode())
# Characters that a header can contain. Bodies are text because the library signs only text.
identifiers = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)
moments = st.integers(NOW - TOLERANCE, NOW + TOLERANCE)


def sign(body: bytes = BODY, *, identifier: str = "m-1", moment: int = NOW, secret: str = SECRET) -> dict[str, str]:
    """Sign a request with the reference library, and return its headers."""
    signature = Webhook(secret).sign(identifier, datetime.fromtimestamp(moment, UTC), body.decode())
    return {"webhook-id": identifier, "webhook-timestamp": str(moment), "webhook-signature": signature}


def is_accepted(
    headers: dict[str, str], body: bytes = BODY, *, secret: str = SECRET, now: float = NOW, encoded: bool = False
) -> bool:
    return _is_event_accepted(webhook_event(body, token=None, headers=headers, encoded=encoded), secret, now)


def _is_event_accepted(event: dict[str, Any], secret: str = SECRET, now: float = NOW) -> bool:
    proof = signature_proof(Request.from_event(event), TOLERANCE, now)
    return proof is not None and proof(signing_key(secret))


@given(secret=secrets, identifier=identifiers, moment=moments, text=st.text(), encoded=st.booleans())
def test_a_signature_of_the_library_is_accepted(
    secret: str, identifier: str, moment: int, text: str, encoded: bool
) -> None:
    body = text.encode()
    headers = sign(body, identifier=identifier, moment=moment, secret=secret)
    assert is_accepted(headers, body, secret=secret, encoded=encoded)
    assert is_accepted(headers, body, secret=secret.removeprefix("whsec_"))
    assert is_accepted(headers, body, secret=secret.rstrip("="))


@given(secret=secrets, identifier=identifiers, moment=moments, text=st.text(), data=st.data())
def test_a_changed_body_identifier_timestamp_or_secret_is_refused(
    secret: str, identifier: str, moment: int, text: str, data: st.DataObject
) -> None:
    body = text.encode()
    headers = sign(body, identifier=identifier, moment=moment, secret=secret)
    other_body = data.draw(st.one_of(st.binary(), st.just(body + b" "), st.just(body[1:])), "body")
    other_id, other_moment, other_secret = data.draw(st.tuples(identifiers, moments, secrets))
    assume((other_body, other_id, other_moment, other_secret) != (body, identifier, moment, secret))
    if other_body != body:
        assert not is_accepted(headers, other_body, secret=secret, encoded=True)
    if other_id != identifier:
        assert not is_accepted(headers | {"webhook-id": other_id}, body, secret=secret)
    if other_moment != moment:
        assert not is_accepted(headers | {"webhook-timestamp": str(other_moment)}, body, secret=secret)
    # HMAC pads a key with zeros: keys that differ only in trailing zeros are equal.
    if signing_key(other_secret).rstrip(b"\0") != signing_key(secret).rstrip(b"\0"):
        assert not is_accepted(headers, body, secret=other_secret)


@given(body=st.binary(min_size=1, max_size=40), position=st.integers(0), bit=st.integers(0, 7))
def test_a_body_with_one_changed_bit_is_refused(body: bytes, position: int, bit: int) -> None:
    body = base64.b64encode(body)
    changed = bytearray(body)
    changed[position % len(body)] ^= 1 << bit
    headers = sign(body)
    assert is_accepted(headers, body)
    assert not is_accepted(headers, bytes(changed), encoded=True)


def test_a_body_that_is_not_text_is_verified_byte_for_byte() -> None:
    body = b"\xff\xfe\x00"
    key = signing_key(SECRET)
    signature = base64.b64encode(hmac.digest(key, b"m-1.%d." % NOW + body, "sha256")).decode()
    headers = {"webhook-id": "m-1", "webhook-timestamp": str(NOW), "webhook-signature": f"v1,{signature}"}
    assert is_accepted(headers, body, encoded=True)


@pytest.mark.parametrize(("age", "accepted"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_a_signature_is_accepted_only_within_the_tolerance(age: int, accepted: bool) -> None:
    assert is_accepted(sign(), now=NOW + age) is accepted


def test_one_valid_signature_among_several_is_accepted() -> None:
    right = sign()["webhook-signature"]
    wrong = sign(secret="whsec_" + "A" * 32)["webhook-signature"]
    # The others are from a wrong key, another scheme or another version, or are no signature.
    for others in (wrong, f"v1a,{right[3:]}", "v2,AAAA", "nonsense", "v1,", ","):
        for together in (f"{others} {right}", f"{right} {others}", f"{others},{right}", f"{right}, {others}"):
            assert is_accepted(sign() | {"webhook-signature": together}), together


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_request_with_a_missing_or_empty_header_is_refused(missing: str) -> None:
    headers = sign()
    assert not is_accepted({name: value for name, value in headers.items() if name != missing})
    assert not is_accepted(headers | {missing: ""})


@pytest.mark.parametrize(
    "timestamp",
    ["now", "", " ", "-1", "+1", "1.5", "1e9", "1_0", "NaN", "inf", "\uff19", "9" * 5000, f"{NOW} ", f"{NOW}\n"],
)
def test_a_malformed_timestamp_is_refused(timestamp: str) -> None:
    assert not is_accepted(sign() | {"webhook-timestamp": timestamp})


@pytest.mark.parametrize(
    "change", ["{0}x", "x{0}", "{0}=", "v1", "v1,", "{1}", "V1,{1}", "v1, {1}", "v1,{2}", "é\udcff"]
)
def test_a_malformed_signature_is_refused_without_an_error(change: str) -> None:
    right = sign()["webhook-signature"]
    value = change.format(right, right[3:], right[3:].rstrip("="))
    assert not is_accepted(sign() | {"webhook-signature": value})


def test_a_body_that_is_declared_as_base64_and_is_not_is_refused() -> None:
    event = webhook_event(BODY, token=None, headers=sign(), encoded=True)
    assert _is_event_accepted(event)
    assert not _is_event_accepted(event | {"body": event["body"] + "*"})


@given(identifier=st.text(), timestamp=st.text(), signature=st.text())
def test_no_header_value_causes_an_error(identifier: str, timestamp: str, signature: str) -> None:
    assert not is_accepted({"webhook-id": identifier, "webhook-timestamp": timestamp, "webhook-signature": signature})


@pytest.mark.parametrize("secret", ["whsec_a b", "a-b_", "whsec_whsec_a2V5", "é", "a", "whsec_*", "a2V5=a2V5"])
def test_a_secret_that_is_not_base64_is_unusable(secret: str) -> None:
    with pytest.raises(UnusableSecretError, match=r"^the secret is not base64: it is no signing key$"):
        signing_key(secret)


@pytest.mark.parametrize("secret", ["", " ", "whsec_", "whsec_\n", "===="])
def test_an_empty_secret_is_unusable(secret: str) -> None:
    with pytest.raises(UnusableSecretError):
        signing_key(secret)
