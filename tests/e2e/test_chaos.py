"""Processes dying and services failing at random, many senders at once: every promise holds all the same."""

from __future__ import annotations

import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event as Flag
from uuid import uuid4

import pytest

from local import stream_mapping
from local.delivery_log import DeliveryLog
from tests.builders import body, delivery
from tests.faults import kinds
from tests.faults.rig import Rig

SECONDS = 6.0
SENDERS = 6
FAILING = (kinds.reset, kinds.drop_answer, kinds.fail, kinds.throttle, kinds.close_mid_answer)


def kill_somebody(rig: Rig, chance: random.Random, over: Flag) -> int:
    """SIGKILL to one process after another, of either function; gives how many died."""
    died = 0
    while not over.wait(chance.uniform(0.3, 0.9)):
        pids = [pid for pool in rig.stack.pools.values() for pid in pool.pids()]
        with suppress(ProcessLookupError):
            os.kill(chance.choice(pids), signal.SIGKILL)
            died += 1
    return died


def send(rig: Rig, ledger: DeliveryLog, run: str, chance: random.Random, end: float) -> None:
    """Events of few appointments in any order, of which many come again."""
    while time.monotonic() < end:
        name, n = f"{run}-{chance.randrange(8)}", chance.randrange(60)
        at = f"2026-03-02T09:00:{n // 2:02}Z"
        rig.deliver(ledger, body(delivery(id=f"{name}-{n}", appointment_id=name, updated_at=at)))


def test_nothing_is_lost_and_nothing_is_twice(
    dynamodb_url: str | None, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_mapping, "LONGEST_PAUSE", 0.3)
    chance, ledger, over, run = random.Random(7), DeliveryLog(), Flag(), uuid4().hex[:8]
    with Rig(tmp_path_factory.mktemp("chaos") / "functions.log", dynamodb_url, webhooks=3) as rig:
        for service in ("dynamodb", "events"):
            rig.proxies[service].inject(kinds.Sometimes(FAILING, 0.15, chance))
        end = time.monotonic() + SECONDS
        with ThreadPoolExecutor(SENDERS + 1) as pool:
            killing = pool.submit(kill_somebody, rig, chance, over)
            sending = [pool.submit(send, rig, ledger, run, random.Random(n), end) for n in range(SENDERS)]
            for one in sending:
                one.result()
            over.set()
            assert killing.result() > 3
        rig.heal()
        assert len(ledger.acknowledged) > 50
        assert rig.settle(ledger, patience=60) == []
