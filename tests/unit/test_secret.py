"""The cache of the secret: a rotation needs no redeploy, a request needs no call, and an outage loses no key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from appointments import timing
from tests import profiles
from tests.unit.vault import ARN, FAULTS, Vault
from webhook.secret import (
    CURRENT,
    PREVIOUS,
    Secret,
    SecretUnavailableError,
)
from webhook.signature import signing_key

ATTEMPTS = (0.0, 2.0, 12.0)
"""The sender's attempts, in seconds after the first."""


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no read fail by its deadline, which a busy machine can reach: tests/unit/test_deadline.py has deadlines."""
    monkeypatch.setattr(timing, "SECRET_READ", 60.0)


@pytest.fixture
def vault() -> Iterator[Vault]:
    with mock_aws():
        yield Vault("first")


def accepts(secret: Secret, token: bytes) -> bool:
    """Check a token as Authentication does. Raises SecretUnavailableError."""
    return token in secret.keys() or token in secret.keys_after_a_mismatch()  # noqa: SIM118 - not a dictionary


def test_only_the_current_and_the_previous_version_are_keys(vault: Vault) -> None:
    assert vault.secret().keys() == (b"first",)
    vault.rotate("second")
    assert vault.secret().keys() == (b"second", b"first")
    vault.rotate("third")
    assert vault.secret().keys() == (b"third", b"second")


def test_a_read_of_both_versions_is_cached_for_five_minutes(vault: Vault) -> None:
    secret = vault.secret()
    for _ in range(1000):
        secret.keys()
    vault.now = timing.SECRET_FRESH - 0.1
    secret.keys()
    assert vault.calls == [CURRENT, PREVIOUS]
    vault.rotate("second")
    vault.now = timing.SECRET_FRESH
    assert secret.keys() == (b"second", b"first")
    assert len(vault.calls) == 4


def test_a_replaced_version_is_no_key_after_five_minutes(vault: Vault) -> None:
    secret = vault.secret()
    assert accepts(secret, b"first")
    vault.rotate("second")
    vault.rotate("third")
    vault.now = timing.SECRET_FRESH
    assert not accepts(secret, b"first")


def test_unknown_credentials_cause_at_most_one_read_in_ten_seconds(vault: Vault) -> None:
    secret = vault.secret()
    for _ in range(1000):
        assert not accepts(secret, b"wrong")
        vault.now += 0.1
    assert len(vault.calls) == 2 * 100 / timing.SECRET_PAUSE


def test_a_new_version_is_accepted_before_the_cache_expires(vault: Vault) -> None:
    secret = vault.secret()
    secret.keys()
    vault.rotate("second")
    vault.now = timing.SECRET_PAUSE
    assert accepts(secret, b"second")
    assert accepts(secret, b"first")
    assert len(vault.calls) == 4


@given(
    read=st.floats(0, 400),
    rotated=st.floats(0, 20),
    hostile=st.lists(st.floats(0, 400), max_size=8),
)
@settings(max_examples=profiles.examples(60))
def test_one_of_the_senders_attempts_is_accepted_after_a_rotation(
    read: float, rotated: float, hostile: list[float]
) -> None:
    with mock_aws():
        vault = Vault("first")
        secret = vault.secret()
        sent = read + rotated
        vault.now = read
        secret.keys()
        rotation = [(sent, b"")]
        attempts = [(sent + after, b"second") for after in ATTEMPTS]
        others = [(read + moment, b"wrong") for moment in hostile]
        accepted = []
        for moment, token in sorted([*rotation, *attempts, *others]):
            vault.now = moment
            if token:
                accepted.append(accepts(secret, token))
            else:
                vault.rotate("second")
        assert any(accepted)


@pytest.mark.parametrize("kind", FAULTS)
def test_an_outage_removes_no_key_and_refuses_no_unknown_credential(vault: Vault, kind: str) -> None:
    secret = vault.secret()
    vault.rotate("second")
    secret.keys()
    vault.rotate("third")
    vault.fail(kind, CURRENT, PREVIOUS)
    for vault.now in (timing.SECRET_PAUSE, timing.SECRET_FRESH, 100 * timing.SECRET_FRESH):
        assert accepts(secret, b"first")
        assert accepts(secret, b"second")
        with pytest.raises(SecretUnavailableError, match=f"^AWSCURRENT: {kind}$"):
            accepts(secret, b"third")
    vault.fail("")
    vault.now += timing.SECRET_PAUSE
    assert accepts(secret, b"third")
    assert not accepts(secret, b"first")


def test_after_a_failed_read_an_unknown_credential_is_unavailable_until_the_next_read(
    vault: Vault,
) -> None:
    secret = vault.secret()
    secret.keys()
    vault.now = timing.SECRET_PAUSE
    vault.fail("ReadTimeoutError", CURRENT)
    with pytest.raises(SecretUnavailableError):
        accepts(secret, b"wrong")
    vault.fail("")
    vault.now += timing.SECRET_PAUSE - 0.1
    with pytest.raises(SecretUnavailableError):
        accepts(secret, b"wrong")
    vault.now += 0.1
    assert not accepts(secret, b"wrong")


def test_without_the_previous_version_known_keys_are_accepted_and_others_unavailable(
    vault: Vault,
) -> None:
    vault.fail("DecryptionFailure", PREVIOUS)
    secret = vault.secret()
    assert accepts(secret, b"first")
    with pytest.raises(SecretUnavailableError, match=r"^AWSPREVIOUS: DecryptionFailure$"):
        accepts(secret, b"maybe the previous one")
    vault.rotate("second")
    vault.now = timing.SECRET_PAUSE
    assert accepts(secret, b"second")
    assert accepts(secret, b"first"), "the former current version is now the previous version"
    vault.fail("")
    vault.now += timing.SECRET_PAUSE
    assert not accepts(secret, b"maybe the previous one")


def test_an_outage_causes_one_call_in_ten_seconds_for_any_number_of_deliveries(vault: Vault) -> None:
    secret = vault.secret()
    secret.keys()
    vault.fail("ReadTimeoutError", CURRENT, PREVIOUS)
    vault.calls.clear()
    vault.now = timing.SECRET_FRESH
    for _ in range(1000):
        assert accepts(secret, b"first")
        vault.now += 0.1
    assert vault.calls == [CURRENT] * int(100 / timing.SECRET_PAUSE)
    assert len(vault.reports) == len(vault.calls)


def test_without_any_key_the_read_is_retried_after_a_second(vault: Vault) -> None:
    vault.fail("InternalServiceError", CURRENT, PREVIOUS)
    secret = vault.secret()
    for _ in range(100):
        with pytest.raises(SecretUnavailableError, match=r"^AWSCURRENT: InternalServiceError$"):
            accepts(secret, b"first")
    assert vault.calls == [CURRENT]
    vault.fail("")
    vault.now = timing.SECRET_FIRST_PAUSE
    assert accepts(secret, b"first")


def test_a_missing_secret_is_unavailable(vault: Vault) -> None:
    vault.client.delete_secret(SecretId=ARN, ForceDeleteWithoutRecovery=True)
    with pytest.raises(SecretUnavailableError, match=r"^AWSCURRENT: ResourceNotFoundException$"):
        accepts(vault.secret(), b"first")


@pytest.mark.parametrize("value", [" ", "\n", "\t \r\n"])
def test_an_empty_secret_accepts_no_token_and_is_reported(vault: Vault, value: str) -> None:
    vault.rotate(value)
    vault.rotate(value)  # so that the previous version is empty too
    secret = vault.secret()
    for token in (b"", value.encode()):
        with pytest.raises(SecretUnavailableError, match=r"^AWSCURRENT: the secret is empty$"):
            accepts(secret, token)
    assert vault.reports == ["AWSCURRENT: the secret is empty"]


def test_a_binary_secret_is_reported_and_the_previous_version_accepted(vault: Vault) -> None:
    vault.client.put_secret_value(SecretId=ARN, SecretBinary=b"binary")
    secret = vault.secret()
    assert accepts(secret, b"first")
    with pytest.raises(SecretUnavailableError, match=r"^AWSCURRENT: the secret is binary, not text$"):
        accepts(secret, b"binary")


def test_white_space_around_the_secret_is_ignored(vault: Vault) -> None:
    vault.rotate("second\n")
    assert accepts(vault.secret(), b"second")


def test_a_signing_secret_that_is_not_base64_is_unavailable_until_it_is_corrected(
    vault: Vault,
) -> None:
    vault.rotate("not base64!")
    vault.rotate("whsec_not base64 either!")
    secret = vault.secret(signing_key)
    reason = "^AWSCURRENT: the secret is not base64: it is no signing key$"
    with pytest.raises(SecretUnavailableError, match=reason):
        accepts(secret, b"key")
    vault.rotate("whsec_a2V5")
    vault.now = timing.SECRET_FIRST_PAUSE
    assert accepts(secret, b"key")
    # The previous version is not a key, so no sender can have signed with it.
    assert not accepts(secret, b"another")


def test_a_report_contains_the_kind_of_error_but_no_name_and_no_message(vault: Vault) -> None:
    for kind in FAULTS:
        vault.fail(kind, CURRENT)
        with pytest.raises(SecretUnavailableError) as raised:
            vault.secret().keys()
        assert "n4me" not in str(raised.value)
    assert vault.reports == [f"AWSCURRENT: {kind}" for kind in FAULTS]


def test_a_delivery_that_waited_for_a_failed_read_does_not_repeat_it(
    vault: Vault,
) -> None:
    vault.fail("ReadTimeoutError", CURRENT, PREVIOUS)
    vault.seconds = 1.2
    secret = vault.secret()
    secret.read_ahead()
    with pytest.raises(SecretUnavailableError, match=r"^AWSCURRENT: ReadTimeoutError$"):
        secret.keys()
    assert vault.calls == [CURRENT]
    vault.fail("")
    vault.now += timing.SECRET_FIRST_PAUSE
    assert secret.keys() == (b"first",)
