"""The result of a run: tables for a person, and a check against what the deliveries should lead to.

The expected result is computed from the bodies alone: each accepted event once in the history, the state of an
appointment from its newest event (by updatedAt, then the rank of its eventType, then its envelope id), and one message
on the bus for each event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from local.delivery_log import RANKS


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """A delivered file with its answer. ``envelope`` is None if the body was refused."""

    name: str
    status: int
    outcome: str | None
    violations: int
    envelope: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class RunResult:
    """The answers, the table's items in DynamoDB's attribute form, and the messages that a rule's target received.

    ``verdicts`` are those of the comparison with the vendor's API, by appointment: the verdict, then what differs.
    """

    deliveries: tuple[DeliveryResult, ...]
    items: tuple[dict[str, Any], ...]
    messages: tuple[dict[str, Any], ...]
    verdicts: Mapping[str, tuple[str, ...]]

    def tables(self) -> Iterator[Table]:
        """Yield the tables of deliveries, appointments, messages and verdicts."""
        yield _table(("delivered", "answer", "outcome", "broken limits or rules"), self._delivery_rows())
        yield _table(("appointment in the table", "status", "start", "events", "as of event"), self._appointment_rows())
        yield _table(("message on the bus", "of appointment", "stale", "changes"), self._message_rows())
        yield _table(("appointment in Engage", "the table is", "differs"), self._verdict_rows())

    def closing_line(self, problems: Sequence[str]) -> str:
        verdict = f"{len(problems)} problems" if problems else "all correct"
        return (
            f"{len(self.deliveries)} deliveries answered, {len(self._history())} events and {len(self._current())} "
            f"appointments stored, {len(self.messages)} messages received, {len(self._lost())} lost delivery found: "
            f"{verdict}."
        )

    def problems(
        self, expected: Mapping[str, tuple[int, str | None]], lost: Mapping[str, tuple[str, ...]]
    ) -> Iterator[str]:
        """Describe every difference from the expected result.

        ``expected`` has status and outcome by file name, ``lost`` the verdict on each appointment whose delivery is
        lost.
        """
        for delivery in self.deliveries:
            if expected.get(delivery.name) != (delivery.status, delivery.outcome):
                yield (
                    f"{delivery.name} was answered {delivery.status} {delivery.outcome}, "
                    f"expected {expected.get(delivery.name)}"
                )
        for name in sorted(expected.keys() - {delivery.name for delivery in self.deliveries}):
            yield f"{name} was not delivered"
        accepted = self._accepted()
        if sorted(item["sk"]["S"] for item in self._history()) != sorted(f"EVENT#{name}" for name in accepted):
            yield "the history does not hold each accepted event once"
        if {pk: item["eventId"]["S"] for pk, item in self._current().items()} != _newest(accepted):
            yield "an appointment's state is not that of its newest event"
        published = sorted((m["detail"]["metadata"]["id"], m["detail"]["metadata"]["stale"]) for m in self.messages)
        if published != sorted((name, delivery.outcome == "stale") for name, delivery in accepted.items()):
            yield "the bus did not carry each accepted event once with its stale flag"
        if not self.verdicts or self._lost() != lost:
            yield "the comparison with Engage did not find what was lost, and that alone"

    def _lost(self) -> dict[str, tuple[str, ...]]:
        """Return the verdicts on the appointments that miss a delivery."""
        return {appointment_id: verdict for appointment_id, verdict in self.verdicts.items() if verdict != ("same",)}

    def _accepted(self) -> dict[str, DeliveryResult]:
        """Return the deliveries that stored an event, by envelope id."""
        return {
            delivery.envelope["id"]: delivery
            for delivery in self.deliveries
            if delivery.envelope and delivery.outcome in ("stored", "stale")
        }

    def _current(self) -> dict[str, dict[str, Any]]:
        return {item["pk"]["S"]: item for item in self.items if item["sk"]["S"] == "CURRENT"}

    def _history(self) -> list[dict[str, Any]]:
        return [item for item in self.items if item["sk"]["S"] != "CURRENT"]

    def _delivery_rows(self) -> Iterator[tuple[str, ...]]:
        for delivery in self.deliveries:
            violations = str(delivery.violations or "")
            yield delivery.name, str(delivery.status), delivery.outcome or "", violations

    def _appointment_rows(self) -> Iterator[tuple[str, ...]]:
        for pk, item in sorted(self._current().items()):
            events = sum(event["pk"]["S"] == pk for event in self._history())
            start = item["start"]["S"][:16] + "Z" if "start" in item else ""
            yield pk.removeprefix("APPOINTMENT#"), item["status"]["S"], start, str(events), item["eventId"]["S"]

    def _message_rows(self) -> Iterator[tuple[str, ...]]:
        """Yield the messages by appointment: only the messages of one appointment arrive in order."""
        for message in sorted(self.messages, key=lambda message: message["detail"]["metadata"]["appointmentId"]):
            metadata, data = message["detail"]["metadata"], message["detail"]["data"]
            stale = "stale" if metadata["stale"] else ""
            yield message["detail-type"], metadata["appointmentId"], stale, " ".join(data["changes"])

    def _verdict_rows(self) -> Iterator[tuple[str, ...]]:
        for appointment_id, (verdict, *differing) in sorted(self.verdicts.items()):
            yield appointment_id, verdict, " ".join(differing)


def _newest(accepted: Mapping[str, DeliveryResult]) -> dict[str, str]:
    """Return the id of the event that the state must come from, by partition key."""
    data = {name: delivery.envelope["data"] for name, delivery in accepted.items() if delivery.envelope}
    ranked = sorted(
        (datetime.fromisoformat(each["appointment"]["updatedAt"]), RANKS.get(each["eventType"], 2), name)
        for name, each in data.items()
    )
    return {f"APPOINTMENT#{data[name]['appointment']['id']}": name for _, _, name in ranked}


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(*head, box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))  # Text: a value is no markup
    return table
