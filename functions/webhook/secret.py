"""The shared secret: its current and its previous version, read rarely and never given up because of an outage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from appointments.deadline import Deadline
from appointments.errors import AppointmentsError, DeadlineExceededError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
FRESH_SECONDS = 300.0
"""A complete reading is used for so long: a rotation takes effect within it, at the latest."""
PAUSE_SECONDS = 10.0
"""Between two readings, whoever asks. Less than the 12 s that the sender's three attempts span, so that one of them
comes after a reading that is newer than the first: no delivery is lost to a rotation."""
FIRST_PAUSE_SECONDS = 1.0
"""The same while no key is known, when every delivery is refused."""
READING_SECONDS = 1.2
"""For both versions together, however slowly they come: the rest of the sender's patience is for the delivery."""


class SecretUnavailableError(AppointmentsError):
    """Secrets Manager did not give the secret, or it is none: nobody can be told from anybody."""


class UnusableSecretError(AppointmentsError):
    """The secret is there and no key can be made of it; the message says why and holds nothing of it."""


class Reading(NamedTuple):
    """What one look into Secrets Manager gave. ``complete`` unless a version could not be read.

    ``problem`` says why a key that is not among ``keys`` may be right all the same; None when it cannot.
    """

    keys: tuple[bytes, ...]
    complete: bool = True
    problem: str | None = None


class Secret:
    """The keys that are accepted just now, made of the secret's versions by ``key``.

    ``key`` raises UnusableSecretError. ``report`` is told of each reading that had a problem.
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
        """Read it before it is asked for. Raises nothing: what goes wrong is reported, and keys() tries again."""
        self._refresh()

    def keys(self) -> tuple[bytes, ...]:
        """Never empty. Raises SecretUnavailableError when no key is known."""
        if not self._keys or self._clock() - self._complete_at >= FRESH_SECONDS:
            self._refresh()
        if not self._keys:
            raise SecretUnavailableError(self._problem)
        return self._keys

    def keys_after_a_mismatch(self) -> tuple[bytes, ...]:
        """The keys read anew, unless that was done a moment ago; for a credential that none of keys() matched.

        Raises SecretUnavailableError when it may be right all the same, because the last reading had a problem.
        """
        self._refresh()
        if self._problem:
            raise SecretUnavailableError(self._problem)
        return self._keys

    def _refresh(self) -> None:
        now = self._clock()
        if now - self._tried_at < (PAUSE_SECONDS if self._keys else FIRST_PAUSE_SECONDS):
            return
        reading = self._read()
        # From its end: a reading that took all of its time while the function started is not begun again by the
        # delivery that waited for it.
        self._tried_at = self._clock()
        self._problem = reading.problem
        if reading.problem:
            self._report(reading.problem)
        if reading.complete:
            self._keys, self._complete_at = reading.keys, now
        else:  # an outage takes no key away
            self._keys = tuple(dict.fromkeys((*reading.keys, *self._keys)))

    def _read(self) -> Reading:
        """Two calls: none gives both versions. The second is not tried when the first had no answer."""
        deadline = Deadline(READING_SECONDS)
        keys: list[bytes] = []
        problem = None
        # In this order: a rotation between the two calls then hides the new version and never the one in use.
        for stage in (CURRENT, PREVIOUS):
            try:
                keys.extend(map(self._key, self._versions(stage, deadline)))
            except UnusableSecretError as error:
                # Nobody can be in possession of a previous version of which no key could be made.
                problem = f"{stage}: {error}" if stage == CURRENT else problem
            except (ClientError, BotoCoreError, ResponseParserError, DeadlineExceededError) as error:
                return Reading(tuple(keys), complete=False, problem=f"{stage}: {_kind(error)}")
        return Reading(tuple(dict.fromkeys(keys)), problem=problem)

    def _versions(self, stage: str, deadline: Deadline) -> Iterator[str]:
        """The version's text; nothing for a previous one where the secret was never rotated."""
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
            case _:  # a page of something in between, for instance
                raise ResponseParserError


def _kind(error: Exception) -> str:
    """The error's code: its message can hold names."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__
