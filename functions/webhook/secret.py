"""The shared secret: its current and its previous version, cached, and kept during an outage of Secrets Manager."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from botocore.parsers import ResponseParserError

from appointments import timing
from appointments.deadline import Deadline
from appointments.errors import AppointmentsError, DeadlineExceededError, UnavailableError
from appointments.sdk import SDK_ERRORS, code_of, name_of

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"


class SecretUnavailableError(UnavailableError):
    """Secrets Manager did not return the secret, or no key can be made of it: no request can be judged."""


class UnusableSecretError(AppointmentsError):
    """No key can be made of the secret. The message says why and quotes nothing of it."""


class Reading(NamedTuple):
    """The result of one read. ``complete`` is False when a version could not be read.

    ``problem`` says why a credential that matches no key can still be right; None when it cannot.
    """

    keys: tuple[bytes, ...]
    complete: bool = True
    problem: str | None = None


class Secret:
    """The keys that are accepted at the moment.

    ``key`` makes a key of a version's text, or raises UnusableSecretError. ``report`` receives the problem of each
    read that had one.
    """

    def __init__(
        self,
        client: SecretsManagerClient,
        arn: str,
        key: Callable[[str], bytes],
        report: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._arn = arn
        self._key = key
        self._report = report
        self._clock = clock
        self._keys: tuple[bytes, ...] = ()
        self._problem: str | None = None
        self._complete_at = self._tried_at = float("-inf")

    def read_ahead(self) -> None:
        """Read the secret before the first request. Raises nothing: a problem is reported, and keys() tries again."""
        self._refresh()

    def keys(self) -> tuple[bytes, ...]:
        """Return at least one key. Raises SecretUnavailableError when no key is known."""
        if not self._keys or self._clock() - self._complete_at >= timing.SECRET_FRESH:
            self._refresh()
        if not self._keys:
            raise SecretUnavailableError(self._problem)
        return self._keys

    def keys_after_a_mismatch(self) -> tuple[bytes, ...]:
        """Return the keys after another read, for a credential that matched none of keys().

        The read is skipped when the last one is recent. Raises SecretUnavailableError when the last read had a
        problem: the credential can still be right.
        """
        self._refresh()
        if self._problem:
            raise SecretUnavailableError(self._problem)
        return self._keys

    def _refresh(self) -> None:
        now = self._clock()
        if now - self._tried_at < (timing.SECRET_PAUSE if self._keys else timing.SECRET_FIRST_PAUSE):
            return
        reading = self._read()
        # Counted from the end of the read: after a slow read during the start, the delivery that waited for it does
        # not start another.
        self._tried_at = self._clock()
        self._problem = reading.problem
        if reading.problem:
            self._report(reading.problem)
        if reading.complete:
            self._keys, self._complete_at = reading.keys, now
        else:  # an outage removes no key
            self._keys = tuple(dict.fromkeys((*reading.keys, *self._keys)))

    def _read(self) -> Reading:
        """Read both versions, each with a call. Without an answer to the first there is no second call."""
        deadline = Deadline(timing.SECRET_READ)
        keys: list[bytes] = []
        problem = None
        # In this order, a rotation between the two calls can hide the new version, but never the version in use.
        for stage in (CURRENT, PREVIOUS):
            try:
                keys.extend(map(self._key, self._versions(stage, deadline)))
            except UnusableSecretError as error:
                # A previous version that never made a key is in use by no sender.
                problem = f"{stage}: {error}" if stage == CURRENT else problem
            except (*SDK_ERRORS, DeadlineExceededError) as error:
                return Reading(tuple(keys), complete=False, problem=f"{stage}: {code_of(error) or name_of(error)}")
        return Reading(tuple(dict.fromkeys(keys)), problem=problem)

    def _versions(self, stage: str, deadline: Deadline) -> Iterator[str]:
        """Yield the text of the version; nothing for the previous version of a secret that was never rotated."""
        try:
            version = deadline.call(lambda: self._client.get_secret_value(SecretId=self._arn, VersionStage=stage))
        except self._client.exceptions.ResourceNotFoundException:
            if stage == CURRENT:
                raise
            return
        match version:
            case {"SecretString": str(text)}:
                yield text
            case {"SecretBinary": _}:
                raise UnusableSecretError("the secret is binary, not text")
            case _:  # for instance the error page of a proxy
                raise ResponseParserError
