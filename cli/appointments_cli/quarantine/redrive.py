"""Redrives bodies from quarantine: sends them through the intake once more, and notes the outcome on each object."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from appointments.contract.essentials import Essentials
from appointments.contract.instants import utc
from appointments.contract.violations import Violation
from appointments.deadline import Deadline
from appointments.errors import StoreUnavailableError
from appointments.intake import Arrival, Intake, Receipt
from appointments.outcome import Outcome
from appointments.sdk import SDK_ERRORS
from appointments.storage.items import Item
from appointments_cli import errors
from appointments_cli.quarantine import output
from appointments_cli.quarantine.objects import OUTCOME, REDRIVEN_AT, QuarantineObject

DELIVERABLE = "deliverable"
UNAVAILABLE = "unavailable"
ERASED = "erased"
MOST_UNAVAILABLE = 3
"""The run ends after this many objects in a row that could not be tried: an outage would fail the others as well."""
SETTLED = frozenset({Outcome.STORED.value, Outcome.DUPLICATE.value, Outcome.STALE.value})
"""The event is in the table: nothing is left to do for the object."""
SAVE_SECONDS = 30.0
"""The time for one object. A person waits, not the sender."""
NOT_REDRIVEN = "not redriven: another event has its envelope id; compare both, then give its key with --conflict"
KEPT = "the table has this event with other content, and keeps it"
DELETED = "an erasure deleted this body, which was not JSON"
WOULD_BE_STORED = "the table does not have this event any more: --yes stores this body"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one object.

    ``outcome`` is that of the intake, DELIVERABLE in a dry run, ERASED for a body that an erasure deleted, or
    UNAVAILABLE with the cause in ``detail``.
    """

    outcome: str
    detail: str = ""
    violations: tuple[Violation, ...] = ()

    @property
    def failed(self) -> bool:
        return self.outcome not in SETTLED | {DELIVERABLE, ERASED}


class Redriver:
    """Redrives objects of one bucket. ``dry_run`` only finds out what would become of them."""

    def __init__(
        self,
        client: Any,
        bucket: str,
        intake: Intake,
        find_event: Callable[[Essentials], Item | None],
        *,
        dry_run: bool,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._intake = intake
        self._find_event = find_event
        self._dry_run = dry_run
        self._now = now

    def redrive(self, entry: QuarantineObject) -> Result:
        """Send the body through the intake. Safe to repeat and to interrupt: a stored body is a duplicate next time."""
        if entry.metadata.erased_at and not entry.size:
            return Result(ERASED, DELETED)
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=entry.key)["Body"].read()
            arrival = Arrival(body, entry.received_at, erased_at=entry.metadata.erased_at)
            if self._dry_run:
                return self._preview(arrival, is_conflict=entry.is_conflict)
            result = _result(self._intake.receive(arrival, Deadline(SAVE_SECONDS)))
            self._note(entry.key, result)
        except StoreUnavailableError as error:
            return Result(UNAVAILABLE, str(error))
        except SDK_ERRORS as error:
            return Result(UNAVAILABLE, errors.describe(error))
        return result

    def _preview(self, arrival: Arrival, *, is_conflict: bool) -> Result:
        """A conflicting duplicate stays one: that the table no longer has the first event does not make it right."""
        receipt = self._intake.preview(arrival, self._find_event)
        result = Result(DELIVERABLE) if receipt is None else _result(receipt)
        if not is_conflict:
            return result
        detail = WOULD_BE_STORED if receipt is None else result.detail
        return replace(result, outcome=Outcome.CONFLICT.value, detail=detail)

    def _note(self, key: str, result: Result) -> None:
        tags = {OUTCOME: result.outcome, REDRIVEN_AT: utc(self._now().isoformat())}
        self._client.put_object_tagging(
            Bucket=self._bucket,
            Key=key,
            Tagging={"TagSet": [{"Key": name, "Value": value} for name, value in tags.items()]},
        )


def _result(receipt: Receipt) -> Result:
    outcome = receipt.outcome.value
    if receipt.outcome is Outcome.CONFLICT:
        return Result(outcome, KEPT)
    if receipt.outcome is Outcome.CONTRACT:
        return Result(outcome, violations=receipt.violations)
    return Result(outcome, receipt.problem, receipt.violations if receipt.essentials is None else ())


class Run:
    """Redrives objects one after the other; ``show`` gets the outcome of each, the object and a detail.

    Skips settled objects unless ``again``, and conflicting duplicates unless ``conflicts``.
    """

    def __init__(
        self,
        redriver: Redriver,
        progress: output.Progress,
        show: Callable[[str, QuarantineObject, str], None],
        *,
        again: bool,
        conflicts: bool,
        limit: int | None,
    ) -> None:
        self._redriver = redriver
        self._progress = progress
        self._show = show
        self._again = again
        self._conflicts = conflicts
        self._limit = limit
        self._settled_count = 0
        self._conflict_count = 0
        self._ending = "interrupted, the same command continues from here: "
        self.failed = False

    def run(self, objects: Iterable[QuarantineObject]) -> None:
        unavailable = 0
        for entry in objects:
            if self._skips(entry):
                continue
            if self._progress.total == self._limit:
                break
            result = self._redriver.redrive(entry)
            self._progress.add(result.outcome)
            self._show(result.outcome, entry, output.detail(result.detail, result.violations))
            self.failed |= result.failed
            unavailable = unavailable + 1 if result.outcome == UNAVAILABLE else 0
            if unavailable == MOST_UNAVAILABLE:
                self._ending = "stopped, the same command continues from here: "
                return
        self._ending = ""

    def closing_line(self, *, dry: str) -> str:
        settled = f"; {self._settled_count} skipped, redriven before" if self._settled_count else ""
        conflicts = f"; {self._conflict_count} skipped, {Outcome.CONFLICT.value}" if self._conflict_count else ""
        return self._ending + dry + self._progress.summary() + settled + conflicts

    def _skips(self, entry: QuarantineObject) -> bool:
        if entry.outcome in SETTLED and not self._again:
            self._settled_count += 1
            return True
        if entry.is_conflict and not self._conflicts:
            self._conflict_count += 1
            self.failed = True
            self._show(Outcome.CONFLICT.value, entry, NOT_REDRIVEN)
            return True
        return False
