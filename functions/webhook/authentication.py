"""Authenticates a request with the shared secret. Fails closed: if the secret cannot be read, nobody gets in."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from appointments.errors import AppointmentsError
from webhook.secret import Secret
from webhook.settings import Settings, WebhookAuth

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from webhook.request import Request

Proof = Callable[[bytes], bool]
"""Checks whether the request was made with a key, in the same time for either answer."""

TOKEN_CHALLENGE = 'Bearer realm="appointments", Basic realm="appointments", charset="UTF-8"'  # noqa: S105 - schemes
SIGNATURE_CHALLENGE = 'StandardWebhooks realm="appointments"'


class UnauthenticatedError(AppointmentsError):
    """The request does not prove that it knows the secret; ``challenge`` is the value of WWW-Authenticate."""

    def __init__(self, detail: str, challenge: str) -> None:
        super().__init__(detail)
        self.challenge = challenge


class Authentication:
    """A check of requests, which returns for an authenticated one and raises for any other.

    ``prove`` returns the request's proof, None for a request whose credentials are missing or malformed: such a
    request is refused without reading the secret.
    """

    def __init__(self, prove: Callable[[Request], Proof | None], secret: Secret, detail: str, challenge: str) -> None:
        self.prove = prove
        self.secret = secret
        self.detail = detail
        self.challenge = challenge

    def __call__(self, request: Request) -> None:
        """Judge a request. Raises UnauthenticatedError, or SecretUnavailableError if the known keys cannot decide."""
        proof = self.prove(request)
        if proof is None or not (_any(proof, self.secret.keys()) or _any(proof, self.secret.keys_after_a_mismatch())):
            raise UnauthenticatedError(self.detail, self.challenge)


def authentication(
    settings: Settings, client: Callable[[], SecretsManagerClient], report: Callable[[str], None]
) -> Callable[[Request], None]:
    """Return the authentication of the settings. ``report`` receives the reason why the secret cannot be read."""
    match settings.webhook_auth:
        case WebhookAuth.TOKEN:
            from webhook.credentials import token_key, token_proof

            return Authentication(
                lambda request: token_proof(request, settings.webhook_token_header.lower()),
                Secret(client(), settings.webhook_secret_arn, token_key, report),
                "a valid token is required",
                TOKEN_CHALLENGE,
            )
        case WebhookAuth.SIGNATURE:
            from webhook.signature import signature_proof, signing_key

            return Authentication(
                lambda request: signature_proof(request, settings.webhook_tolerance_seconds, time.time()),
                Secret(client(), settings.webhook_secret_arn, signing_key, report),
                "a valid signature is required",
                SIGNATURE_CHALLENGE,
            )
        case WebhookAuth.NONE:
            return lambda _: None


def _any(proof: Proof, keys: tuple[bytes, ...]) -> bool:
    """Try every key, so that the time taken does not depend on which key was right."""
    return any([proof(key) for key in keys])  # noqa: C419 - a list: all of them run
