"""Who may deliver: the bearer of the shared secret, and nobody while the secret cannot be read."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from appointments.errors import AppointmentsError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

STAGES = ("AWSCURRENT", "AWSPREVIOUS")
FRESH_SECONDS = 300.0


class UnauthenticatedError(AppointmentsError):
    """The delivery does not carry the shared secret."""


class SecretUnavailableError(AppointmentsError):
    """Secrets Manager did not give the secret, so nobody can be told from anybody."""


class Tokens:
    """The tokens that are accepted just now: the secret's current and its previous version.

    Both, so that rotating the secret and telling the sender needs no downtime. Read once and kept for five
    minutes, so that a rotation is picked up without a redeploy and without a call per delivery.
    """

    def __init__(
        self,
        client: SecretsManagerClient,
        secret_arn: str,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._secret_arn = secret_arn
        self._clock = clock
        self._tokens: tuple[bytes, ...] = ()
        self._fresh_until = float("-inf")

    def __call__(self) -> tuple[bytes, ...]:
        """Raises SecretUnavailableError when the secret was never read and cannot be read now."""
        if self._clock() >= self._fresh_until:
            try:
                self._tokens = tuple(filter(None, map(self._read, STAGES)))
            except (ClientError, BotoCoreError) as error:
                if not self._tokens:  # tokens of a moment ago beat refusing deliveries during an outage
                    raise SecretUnavailableError(type(error).__name__) from None
            self._fresh_until = self._clock() + FRESH_SECONDS
        if not self._tokens:
            raise SecretUnavailableError("the secret is empty")
        return self._tokens

    def _read(self, stage: str) -> bytes:
        try:
            secret = self._client.get_secret_value(SecretId=self._secret_arn, VersionStage=stage)
        except self._client.exceptions.ResourceNotFoundException:
            if stage == "AWSPREVIOUS":  # never rotated
                return b""
            raise
        return secret["SecretString"].encode()


def authenticate(headers: Mapping[str, str], tokens: tuple[bytes, ...]) -> None:
    """Accept ``Authorization: Bearer <token>``, compared in constant time; raise UnauthenticatedError else.

    ``headers`` have lower-case names. Anything malformed is unauthenticated, never an error of its own.
    """
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    presented = credentials.strip(" ").encode("utf-8", "surrogatepass")
    # Every token is compared, so that the time taken does not tell which one was close.
    matches = [hmac.compare_digest(presented, token) for token in tokens]
    if scheme.lower() != "bearer" or not any(matches):
        raise UnauthenticatedError
