"""Many senders, while processes die and services fail at random: every event is delivered once and in order."""

from __future__ import annotations

import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event as Flag
from uuid import uuid4

import pytest

from local import stream_mapping
from local.delivery_log import DeliveryLog
from tests.builders import body, delivery
from tests.faults import kinds
from tests.faults.rig import Rig, eventually

ACKNOWLEDGED = 60
KILLED = 4
"""The test ends after more acknowledged events and more killed processes than these, or after TIMEOUT_SECONDS."""
TIMEOUT_SECONDS = 200
SENDERS = 6
FAILING = (kinds.reset, kinds.drop_answer, kinds.fail, kinds.throttle, kinds.close_mid_answer)


def kill_processes(
    rig: Rig, delivery_log: DeliveryLog, randomness: random.Random, stop: Flag, killed: list[int]
) -> None:
    """Kill one random process after another, of any function. Append the ids to ``killed``.

    A few events must be acknowledged between two kills. If the time decided, a busy machine would start nothing else.
    """
    while not stop.is_set():
        enough = len(delivery_log.acknowledged) + randomness.randint(1, 4)
        while len(delivery_log.acknowledged) < enough and not stop.wait(randomness.uniform(0.02, 0.3)):
            pass
        pids = [pid for pool in rig.stack.pools.values() for pid in pool.pids()]
        with suppress(ProcessLookupError):
            pid = randomness.choice(pids)
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)


def send(rig: Rig, delivery_log: DeliveryLog, run: str, randomness: random.Random, stop: Flag) -> None:
    """Deliver events of a few appointments in random order, many of them more than once."""
    while not stop.is_set():
        name, n = f"{run}-{randomness.randrange(8)}", randomness.randrange(60)
        at = f"2026-03-02T09:00:{n // 2:02}Z"
        rig.deliver(delivery_log, body(delivery(id=f"{name}-{n}", appointment_id=name, updated_at=at)))


def test_every_acknowledged_event_is_delivered_once(
    dynamodb_url: str | None, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_mapping, "LONGEST_PAUSE", 0.3)
    randomness, delivery_log, stop, run = random.Random(7), DeliveryLog(), Flag(), uuid4().hex[:8]
    killed: list[int] = []
    with Rig(tmp_path_factory.mktemp("chaos") / "functions.log", dynamodb_url, webhooks=3) as rig:
        for service in ("dynamodb", "events"):
            rig.proxies[service].inject(kinds.Sometimes(FAILING, 0.15, randomness))
        with ThreadPoolExecutor(SENDERS + 1) as pool:
            tasks = [pool.submit(kill_processes, rig, delivery_log, randomness, stop, killed)]
            tasks += [pool.submit(send, rig, delivery_log, run, random.Random(n), stop) for n in range(SENDERS)]
            enough = eventually(
                lambda: len(delivery_log.acknowledged) > ACKNOWLEDGED and len(killed) > KILLED, TIMEOUT_SECONDS
            )
            stop.set()
            for task in tasks:
                task.result()
        rig.heal()
        assert enough, (len(delivery_log.acknowledged), len(killed))
        assert rig.wait_for_problems(delivery_log, timeout=60) == []
