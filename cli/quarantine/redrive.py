"""Redrives bodies from quarantine: sends them through the intake once more, and notes the outcome on each object."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from appointments.contract.instants import utc
from appointments.contract.violations import Violation
from appointments.deadline import Deadline
from appointments.errors import StoreUnavailableError
from appointments.intake import Arrival, Intake
from appointments.outcome import Outcome
from cli.quarantine import output
from cli.quarantine.objects import OUTCOME, REDRIVEN_AT, QuarantineObject

DELIVERABLE = "deliverable"
UNAVAILABLE = "unavailable"
MOST_UNAVAILABLE = 3
"""The run ends after this many objects in a row that could not be tried: an outage would fail the others as well."""
SETTLED = frozenset({Outcome.STORED.value, Outcome.DUPLICATE.value, Outcome.STALE.value})
"""The event is in the table: nothing is left to do for the object."""
SAVE_SECONDS = 30.0
"""The time for one object. A person waits, not the sender."""


@dataclass(frozen=True, slots=True)
class Result:
    """``outcome`` is that of the intake, DELIVERABLE in a dry run, or UNAVAILABLE with the cause in ``detail``."""

    outcome: str
    detail: str = ""
    violations: tuple[Violation, ...] = ()

    @property
    def failed(self) -> bool:
        return self.outcome not in SETTLED and self.outcome != DELIVERABLE


class Redriver:
    """Redrives objects of one bucket. ``dry_run`` only finds out what would become of them."""

    def __init__(
        self,
        client: Any,
        bucket: str,
        intake: Intake,
        *,
        dry_run: bool,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._intake = intake
        self._dry_run = dry_run
        self._now = now

    def redrive(self, found: QuarantineObject) -> Result:
        """Send the body through the intake. Safe to repeat and to interrupt: a stored body is a duplicate next time."""
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=found.key)["Body"].read()
            result = self._deliver(Arrival(body, found.received_at))
            if not self._dry_run:
                self._note(found.key, result)
        except StoreUnavailableError as error:
            return Result(UNAVAILABLE, str(error))
        except ClientError as error:
            return Result(UNAVAILABLE, f"{error.operation_name} was refused: {error.response['Error']['Code']}")
        except BotoCoreError as error:
            return Result(UNAVAILABLE, type(error).__name__)
        return result

    def _deliver(self, arrival: Arrival) -> Result:
        if self._dry_run:
            receipt = self._intake.preview(arrival)
        else:
            receipt = self._intake.receive(arrival, Deadline(SAVE_SECONDS))
        if receipt is None:
            return Result(DELIVERABLE)
        refused = receipt.essentials is None
        detail = "" if receipt.outcome is Outcome.CONTRACT else receipt.problem
        return Result(receipt.outcome.value, detail, receipt.violations if refused else ())

    def _note(self, key: str, result: Result) -> None:
        tags = {OUTCOME: result.outcome, REDRIVEN_AT: utc(self._now().isoformat())}
        self._client.put_object_tagging(
            Bucket=self._bucket,
            Key=key,
            Tagging={"TagSet": [{"Key": name, "Value": value} for name, value in tags.items()]},
        )


class Run:
    """Redrives objects one after the other, prints a line for each and skips those that are settled."""

    def __init__(self, redriver: Redriver, progress: output.Progress, *, again: bool, limit: int | None) -> None:
        self._redriver = redriver
        self._progress = progress
        self._again = again
        self._limit = limit
        self._skipped = 0
        self._ending = "interrupted, the same command continues from here: "
        self.failed = False

    def run(self, objects: Iterable[QuarantineObject]) -> None:
        unavailable = 0
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
            unavailable = unavailable + 1 if result.outcome == UNAVAILABLE else 0
            if unavailable == MOST_UNAVAILABLE:
                self._ending = "stopped, the same command continues from here: "
                return
        self._ending = ""

    def closing_line(self, *, dry: str) -> str:
        skipped = f"; {self._skipped} skipped, redriven before" if self._skipped else ""
        return self._ending + dry + self._progress.summary() + skipped
