"""Standard Webhooks, with the reference library as the sender."""

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
# What a header can hold; bodies are text because the library signs nothing else.
identifiers = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)
moments = st.integers(NOW - TOLERANCE, NOW + TOLERANCE)


def signed(body: bytes = BODY, *, identifier: str = "m-1", moment: int = NOW, secret: str = SECRET) -> dict[str, str]:
    """The headers that the reference library's user sends."""
    signature = Webhook(secret).sign(identifier, datetime.fromtimestamp(moment, UTC), body.decode())
    return {"webhook-id": identifier, "webhook-timestamp": str(moment), "webhook-signature": signature}


def proves(
    headers: dict[str, str], body: bytes = BODY, *, secret: str = SECRET, now: float = NOW, encoded: bool = False
) -> bool:
    return _proves(webhook_event(body, token=None, headers=headers, encoded=encoded), secret, now)


def _proves(event: dict[str, Any], secret: str = SECRET, now: float = NOW) -> bool:
    proof = signature_proof(Request.from_event(event), TOLERANCE, now)
    return proof is not None and proof(signing_key(secret))


@given(secret=secrets, identifier=identifiers, moment=moments, text=st.text(), encoded=st.booleans())
def test_what_the_library_signs_is_accepted(
    secret: str, identifier: str, moment: int, text: str, encoded: bool
) -> None:
    body = text.encode()
    headers = signed(body, identifier=identifier, moment=moment, secret=secret)
    assert proves(headers, body, secret=secret, encoded=encoded)
    assert proves(headers, body, secret=secret.removeprefix("whsec_"))
    assert proves(headers, body, secret=secret.rstrip("="))


@given(secret=secrets, identifier=identifiers, moment=moments, text=st.text(), data=st.data())
def test_a_changed_byte_identifier_timestamp_or_secret_is_not(
    secret: str, identifier: str, moment: int, text: str, data: st.DataObject
) -> None:
    body = text.encode()
    headers = signed(body, identifier=identifier, moment=moment, secret=secret)
    other_body = data.draw(st.one_of(st.binary(), st.just(body + b" "), st.just(body[1:])), "body")
    other_id, other_moment, other_secret = data.draw(st.tuples(identifiers, moments, secrets))
    assume((other_body, other_id, other_moment, other_secret) != (body, identifier, moment, secret))
    if other_body != body:
        assert not proves(headers, other_body, secret=secret, encoded=True)
    if other_id != identifier:
        assert not proves(headers | {"webhook-id": other_id}, body, secret=secret)
    if other_moment != moment:
        assert not proves(headers | {"webhook-timestamp": str(other_moment)}, body, secret=secret)
    # HMAC fills a key up with zeros.
    if signing_key(other_secret).rstrip(b"\0") != signing_key(secret).rstrip(b"\0"):
        assert not proves(headers, body, secret=other_secret)


@given(body=st.binary(min_size=1, max_size=40), position=st.integers(0), bit=st.integers(0, 7))
def test_one_bit_of_the_body_is_enough(body: bytes, position: int, bit: int) -> None:
    body = base64.b64encode(body)
    changed = bytearray(body)
    changed[position % len(body)] ^= 1 << bit
    headers = signed(body)
    assert proves(headers, body)
    assert not proves(headers, bytes(changed), encoded=True)


def test_bytes_that_are_no_text_are_signed_as_they_are() -> None:
    body = b"\xff\xfe\x00"
    key = signing_key(SECRET)
    made = base64.b64encode(hmac.digest(key, b"m-1.%d." % NOW + body, "sha256")).decode()
    headers = {"webhook-id": "m-1", "webhook-timestamp": str(NOW), "webhook-signature": f"v1,{made}"}
    assert proves(headers, body, encoded=True)


@pytest.mark.parametrize(("age", "accepted"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_a_signature_is_of_now_give_or_take_the_tolerance(age: int, accepted: bool) -> None:
    assert proves(signed(), now=NOW + age) is accepted


def test_any_of_several_signatures_will_do() -> None:
    right = signed()["webhook-signature"]
    wrong = signed(secret="whsec_" + "A" * 32)["webhook-signature"]
    # Another scheme's, another version's and what is none at all stand beside it.
    for others in (wrong, f"v1a,{right[3:]}", "v2,AAAA", "nonsense", "v1,", ","):
        for together in (f"{others} {right}", f"{right} {others}", f"{others},{right}", f"{right}, {others}"):
            assert proves(signed() | {"webhook-signature": together}), together


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_header_that_is_missing_or_empty_is_no_proof(missing: str) -> None:
    headers = signed()
    assert not proves({name: value for name, value in headers.items() if name != missing})
    assert not proves(headers | {missing: ""})


@pytest.mark.parametrize(
    "timestamp",
    ["now", "", " ", "-1", "+1", "1.5", "1e9", "1_0", "NaN", "inf", "\uff19", "9" * 5000, f"{NOW} ", f"{NOW}\n"],
)
def test_a_timestamp_is_digits_and_nothing_else(timestamp: str) -> None:
    assert not proves(signed() | {"webhook-timestamp": timestamp})


@pytest.mark.parametrize(
    "change", ["{0}x", "x{0}", "{0}=", "v1", "v1,", "{1}", "V1,{1}", "v1, {1}", "v1,{2}", "é\udcff"]
)
def test_a_malformed_signature_is_no_proof_and_no_error(change: str) -> None:
    right = signed()["webhook-signature"]
    value = change.format(right, right[3:], right[3:].rstrip("="))
    assert not proves(signed() | {"webhook-signature": value})


def test_a_body_that_is_not_the_base64_it_is_declared_to_be_is_no_proof() -> None:
    event = webhook_event(BODY, token=None, headers=signed(), encoded=True)
    assert _proves(event)
    assert not _proves(event | {"body": event["body"] + "*"})


@given(identifier=st.text(), timestamp=st.text(), signature=st.text())
def test_no_text_is_ever_an_error(identifier: str, timestamp: str, signature: str) -> None:
    assert not proves({"webhook-id": identifier, "webhook-timestamp": timestamp, "webhook-signature": signature})


@pytest.mark.parametrize("secret", ["whsec_a b", "a-b_", "whsec_whsec_a2V5", "é", "a", "whsec_*", "a2V5=a2V5"])
def test_a_secret_that_is_no_base64_is_no_key(secret: str) -> None:
    with pytest.raises(UnusableSecretError, match=r"^the secret is not base64: it is no signing key$"):
        signing_key(secret)


@pytest.mark.parametrize("secret", ["", " ", "whsec_", "whsec_\n", "===="])
def test_an_empty_secret_is_no_key(secret: str) -> None:
    with pytest.raises(UnusableSecretError):
        signing_key(secret)
