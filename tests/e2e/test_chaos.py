"""Processes dying and services failing at random, many senders at once: every promise holds all the same."""

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
"""It goes on until more events were acknowledged and more processes were killed than that, or PATIENCE seconds."""
PATIENCE = 200
SENDERS = 6
FAILING = (kinds.reset, kinds.drop_answer, kinds.fail, kinds.throttle, kinds.close_mid_answer)


def kill_processes(rig: Rig, chance: random.Random, over: Flag, killed: list[int]) -> None:
    """SIGKILL one process after another, of any function; ``killed`` gets their ids."""
    while not over.wait(chance.uniform(0.3, 0.9)):
        pids = [pid for pool in rig.stack.pools.values() for pid in pool.pids()]
        with suppress(ProcessLookupError):
            pid = chance.choice(pids)
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)


def send(rig: Rig, ledger: DeliveryLog, run: str, chance: random.Random, over: Flag) -> None:
    """Deliver events of few appointments in any order, many of them again."""
    while not over.is_set():
        name, n = f"{run}-{chance.randrange(8)}", chance.randrange(60)
        at = f"2026-03-02T09:00:{n // 2:02}Z"
        rig.deliver(ledger, body(delivery(id=f"{name}-{n}", appointment_id=name, updated_at=at)))


def test_nothing_is_lost_and_nothing_is_twice(
    dynamodb_url: str | None, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_mapping, "LONGEST_PAUSE", 0.3)
    chance, ledger, over, run = random.Random(7), DeliveryLog(), Flag(), uuid4().hex[:8]
    killed: list[int] = []
    with Rig(tmp_path_factory.mktemp("chaos") / "functions.log", dynamodb_url, webhooks=3) as rig:
        for service in ("dynamodb", "events"):
            rig.proxies[service].inject(kinds.Sometimes(FAILING, 0.15, chance))
        with ThreadPoolExecutor(SENDERS + 1) as pool:
            working = [pool.submit(kill_processes, rig, chance, over, killed)]
            working += [pool.submit(send, rig, ledger, run, random.Random(n), over) for n in range(SENDERS)]
            enough = eventually(lambda: len(ledger.acknowledged) > ACKNOWLEDGED and len(killed) > KILLED, PATIENCE)
            over.set()
            for work in working:
                work.result()
        rig.heal()
        assert enough, (len(ledger.acknowledged), len(killed))
        assert rig.settle(ledger, patience=60) == []
