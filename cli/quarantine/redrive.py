"""A body out of quarantine on the path that it came to grief on, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from appointments.contract.instants import utc
from appointments.contract.mode import ContractMode
from appointments.contract.parsing import Parsed, parse_envelope
from appointments.contract.violations import Violation
from appointments.errors import ContractError, MalformedBodyError, StoreUnavailableError
from appointments.storage.items import Delivery, expires_at
from appointments.storage.quarantine import Reason
from appointments.storage.store import Outcome, Store
from cli.quarantine import output
from cli.quarantine.objects import OUTCOME, REDRIVEN_AT, Found

DELIVERABLE = "deliverable"
UNAVAILABLE = "unavailable"
GIVE_UP_AFTER = 3
"""So many objects in a row that could not even be tried: the rest would only fail more slowly."""
SETTLED = frozenset({Outcome.STORED.value, Outcome.DUPLICATE.value, Outcome.STALE.value})
"""The event is in the table: there is nothing left to do about the object."""


@dataclass(frozen=True, slots=True)
class Result:
    """``outcome`` is the store's, the reason it is still refused for, or why it could not be tried."""

    outcome: str
    detail: str = ""
    violations: tuple[Violation, ...] = ()

    @property
    def failed(self) -> bool:
        return self.outcome not in SETTLED and self.outcome != DELIVERABLE


class Redriver:
    """Redrives objects of one bucket. Without ``store`` nothing is written: it is only tried whether they parse."""

    def __init__(
        self,
        client: Any,
        bucket: str,
        store: Store | None,
        *,
        mode: ContractMode = ContractMode.STRICT,
        history_retention_days: int = 0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._store = store
        self._mode = mode
        self._history_retention_days = history_retention_days
        self._now = now

    def redrive(self, found: Found) -> Result:
        """Safe to repeat, and to stop anywhere: a body that was stored is a duplicate the next time."""
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=found.key)["Body"].read()
            result = self._deliver(body, found.received_at)
            if self._store is not None:
                self._note(found.key, result)
        except StoreUnavailableError as error:
            return Result(UNAVAILABLE, str(error))
        except ClientError as error:
            return Result(UNAVAILABLE, f"{error.operation_name} was refused: {error.response['Error']['Code']}")
        except BotoCoreError as error:
            return Result(UNAVAILABLE, type(error).__name__)
        return result

    def _deliver(self, body: bytes, received_at: str) -> Result:
        try:
            parsed = parse_envelope(body, self._mode)
        except MalformedBodyError as error:
            return Result(Reason.MALFORMED.value, str(error))
        except ContractError as error:
            return Result(Reason.CONTRACT.value, violations=error.violations)
        if self._store is None:
            return Result(DELIVERABLE)
        return Result(self._store.save(self._delivery(body, parsed, received_at)).value)

    def _delivery(self, body: bytes, parsed: Parsed, received_at: str) -> Delivery:
        """As the webhook would have made it; its days in the history begin now, when it gets there."""
        expiry = expires_at(self._history_retention_days, self._now().timestamp())
        return Delivery(body, parsed.envelope, parsed.violations, received_at, expiry)

    def _note(self, key: str, result: Result) -> None:
        tags = {OUTCOME: result.outcome, REDRIVEN_AT: utc(self._now().isoformat())}
        self._client.put_object_tagging(
            Bucket=self._bucket,
            Key=key,
            Tagging={"TagSet": [{"Key": name, "Value": value} for name, value in tags.items()]},
        )


class Run:
    """One object after the other: each with a line of its own, counted, and settled ones passed over."""

    def __init__(self, redriver: Redriver, progress: output.Progress, *, again: bool, limit: int | None) -> None:
        self._redriver = redriver
        self._progress = progress
        self._again = again
        self._limit = limit
        self._skipped = 0
        self._ending = "interrupted, the same command goes on from here: "
        self.failed = False

    def over(self, objects: Iterable[Found]) -> None:
        in_vain = 0
        for found in objects:
            if found.outcome in SETTLED and not self._again:
                self._skipped += 1
                continue
            if self._progress.total == self._limit:
                break
            result = self._redriver.redrive(found)
            self._progress.add(result.outcome)
            click.echo(output.result(result.outcome, found.key, result.detail, result.violations))
            self.failed |= result.failed
            in_vain = in_vain + 1 if result.outcome == UNAVAILABLE else 0
            if in_vain == GIVE_UP_AFTER:
                self._ending = "given up, the same command goes on from here: "
                return
        self._ending = ""

    def closing_line(self, *, dry: str) -> str:
        skipped = f"; {self._skipped} skipped, redriven before" if self._skipped else ""
        return self._ending + dry + self._progress.summary() + skipped
