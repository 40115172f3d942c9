"""The vendor's world for tests of the reconciliation: appointments with histories, some deliveries of which are lost.

What a report must say is computed from the histories alone.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from appointments.contract.instants import utc
from appointments.reconciliation.credentials import Credentials
from appointments.reconciliation.engage_api import EngageApi
from appointments.reconciliation.judging import Verdict
from appointments.reconciliation.manners import Manners
from appointments.reconciliation.run import Cursor, Reconciliation
from appointments.reconciliation.stored import StoredAppointments
from appointments.storage import items
from appointments.storage.items import Item
from local.engage.rows import written
from local.engage.server import ENTERPRISE, EngageServer
from local.engage.switches import Switches
from local.engage.world import World
from tests import builders

DAYS_BACK, DAYS_AHEAD = 30, 90
FRACTIONS = {"milliseconds": "milliseconds", "microseconds": "microseconds", "none": "seconds"}
CHANGES = ("RESCHEDULE", "REASSIGN", "CANCEL", "ACCEPT", "GENERIC_UPDATE", "COMPLETE")
OBSERVED = ("status", "start", "end", "meetingType", "office", "subject", "participants")


@dataclass(slots=True)
class Version:
    """One version of an appointment: its eventType, the appointment in the names of the webhook, and its instant."""

    event_type: str
    appointment: dict[str, Any]
    at: datetime


@dataclass(slots=True)
class History:
    """The versions of one appointment. ``withheld`` are the positions of those whose delivery never arrived."""

    versions: list[Version]
    withheld: set[int] = field(default_factory=set)
    touched: float = 0.0
    is_deleted: bool = False

    @property
    def id(self) -> str:
        identity: str = self.versions[0].appointment["id"]
        return identity

    def bodies(self, switches: Switches, *, late: bool = False) -> Iterable[bytes]:
        """Yield the deliveries that arrive in time, or those that were withheld."""
        for number, version in enumerate(self.versions):
            if (number in self.withheld) is late:
                yield self._body(number, version, switches)

    def _body(self, number: int, version: Version, switches: Switches) -> bytes:
        moment = version.at.isoformat(timespec=FRACTIONS[switches.fractions])
        appointment = version.appointment | {"updatedAt": moment}
        document = {
            "id": f"{self.id}-{number}",
            "correlationId": f"c-{self.id}-{number}",
            "webhookConfigurationId": "17",
            "version": "1",
            "entity": "Appointment",
            "data": {"eventType": version.event_type, "appointment": appointment, "previousAppointment": None},
        }
        return json.dumps(document, ensure_ascii=False).encode()

    def current_item(self, switches: Switches) -> Item | None:
        """Return the state that the deliveries end in, whatever their order; None if none arrived."""
        received_at = utc(self.versions[-1].at.isoformat())
        arrived = [builders.received(body, received_at=received_at) for body in self.bodies(switches)]
        return items.current_item(max(arrived, key=lambda each: each.order)) if arrived else None

    def verdict(self, switches: Switches, since: datetime, until: datetime) -> str | None:
        """Return what a report must say of the appointment, None if it is not in the window."""
        arrived = [each for number, each in enumerate(self.versions) if number not in self.withheld]
        newest, stored = self.versions[-1], arrived[-1] if arrived else None
        is_hidden = self.is_deleted and switches.deleted == "hidden"
        times = [each.appointment["start"] for each in ((None if is_hidden else newest), stored) if each is not None]
        if not any(start and since <= datetime.fromisoformat(start) < until for start in times):
            return None
        if is_hidden:
            return "gone"
        if stored is None:
            return "missing"
        if any(_observed(stored, name) != _observed(newest, name) for name in OBSERVED):
            return "behind"
        return "same" if stored is newest and not self._is_touched(switches) else "touched"

    def _is_touched(self, switches: Switches) -> bool:
        return switches.touches == "silent" and self.touched > 0

    def enter(self, world: World, switches: Switches) -> None:
        """Put the newest version into the vendor's world."""
        newest = self.versions[-1]
        world.put(newest.appointment | {"updatedAt": newest.at.isoformat(timespec="milliseconds")})
        if self._is_touched(switches):
            world.touch(self.id, self.touched)
        if self.is_deleted:
            world.delete(self.id, written(newest.at))


def _observed(version: Version, name: str) -> Any:
    if name == "participants":
        people = ((each["type"], each["role"], _person(each)) for each in version.appointment["participants"])
        return sorted(people)
    return version.appointment[name]


def _person(participant: Mapping[str, Any]) -> str:
    return str(participant.get("employee", participant.get("customer"))["id"])


def histories(count: int, seed: int, now: datetime, *, withheld: float = 0.1) -> list[History]:
    """Return appointments around ``now`` with random histories, each delivery withheld with this probability."""
    chance = random.Random(seed)
    return [_history(chance, str(48_000 + number), now, withheld) for number in range(count)]


def _history(chance: random.Random, id_: str, now: datetime, withheld: float) -> History:
    begin = now - timedelta(days=chance.uniform(5, 60))
    appointment: dict[str, Any] = {
        "id": id_,
        "subject": {"id": str(chance.randint(1, 9))},
        "office": {"id": str(chance.randint(1, 5))},
        "participants": [
            {"type": "EMPLOYEE", "role": "PRIMARY", "employee": {"id": f"e-{chance.randint(1, 40)}"}},
            {"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": chance.randint(1, 900)}},
        ],
        "meetingType": chance.choice(("OFFICE", "PHONE", "VIDEO", "ON_LOCATION")),
        "externalId": None,
        "internalNotes": "created",
        "listing": None,
        "leadSegment": {"id": 42},
        "status": "ACCEPTED",
        "createdAt": begin.isoformat(),
        "createdByType": "CUSTOMER",
        "createdFrom": "PLUGIN",
        "updatedByType": "CUSTOMER",
        "updatedFrom": "PLUGIN",
        **_time(chance, now),
    }
    versions = [Version("CREATE", appointment, begin)]
    for event_type in chance.choices(CHANGES, k=chance.choice((0, 0, 1, 1, 2, 3))):
        later = versions[-1].at + timedelta(hours=chance.uniform(1, 30), milliseconds=chance.randint(1, 999))
        changed = versions[-1].appointment | _change(chance, event_type, len(versions), now)
        versions.append(Version(event_type, changed, later))
    lost = {number for number in range(len(versions)) if chance.random() < withheld}
    return History(versions, lost, chance.choice((0.0, 0.0, 90.0)), chance.random() < 0.02)


def _time(chance: random.Random, now: datetime) -> dict[str, str]:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight + timedelta(days=chance.randint(-40, 100), minutes=15 * chance.randint(0, 95))
    end = start + timedelta(minutes=15 * chance.randint(1, 40))
    return {"start": start.isoformat(), "end": end.isoformat()}


def _change(chance: random.Random, event_type: str, number: int, now: datetime) -> dict[str, Any]:
    match event_type:
        case "RESCHEDULE":
            return _time(chance, now)
        case "REASSIGN":
            employee = {"type": "EMPLOYEE", "role": "PRIMARY", "employee": {"id": f"e-{chance.randint(1, 40)}"}}
            return {"participants": [employee, {"type": "CUSTOMER", "role": "PRIMARY", "customer": {"id": 7}}]}
        case "CANCEL":
            return {"status": "CANCELLED"}
        case "COMPLETE":
            return {"status": "COMPLETED"}
        case "ACCEPT":
            return {"status": "ACCEPTED", "office": {"id": str(chance.randint(1, 5))}}
        case _:
            return {"internalNotes": f"version {number}"}


def window(now: datetime) -> tuple[datetime, datetime]:
    """Return the default window in whole seconds."""
    moment = now.replace(microsecond=0)
    return moment - timedelta(days=DAYS_BACK), moment + timedelta(days=DAYS_AHEAD)


def api(server: EngageServer, *, manners: Manners | None = None, **options: Any) -> EngageApi:
    """Return a client of the stand-in that makes no pauses."""
    credentials = Credentials.of_secret(server.credentials())
    manners = manners or Manners(calls_per_second=10_000, sleep=lambda _: None)
    return EngageApi(credentials, ENTERPRISE, manners, api_url=server.url, auth_url=server.url, **options)


def now() -> datetime:
    return datetime.now(UTC)


class Scenario(NamedTuple):
    """A table with the current items of the deliveries that arrived, and what the sender knows."""

    stored: StoredAppointments
    histories: list[History]
    now: datetime


def world(histories: list[History], switches: Switches) -> World:
    made = World()
    for history in histories:
        history.enter(made, switches)
    return made


def expected(scenario: Scenario, switches: Switches) -> dict[str, str]:
    verdicts = {each.id: each.verdict(switches, *window(scenario.now)) for each in scenario.histories}
    return {id_: verdict for id_, verdict in verdicts.items() if verdict is not None}


def reconciliation(scenario: Scenario, server: EngageServer, **options: Any) -> Reconciliation:
    client = api(server, **{"page_size": 25, **options})
    return Reconciliation(client, scenario.stored, lambda: utc(scenario.now.isoformat()))


def cursor(scenario: Scenario) -> Cursor:
    """Return the begin of a run over the default window."""
    since, until = window(scenario.now)
    return Cursor.of_window(utc(since.isoformat()), utc(until.isoformat()))


def by_id(verdicts: list[Verdict]) -> dict[str, str]:
    assert len({each.appointment_id for each in verdicts}) == len(verdicts), "an appointment is judged twice"
    return {each.appointment_id: each.kind.value for each in verdicts}
