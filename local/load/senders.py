"""The senders: threads of one process apart from the stack, each with one delivery under way."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from threading import Lock
from urllib.parse import urlsplit

from local.delivery_log import Event, Ledger
from local.load.traffic import Planned, traffic

ATTEMPTS = 3
TIMEOUT_SECONDS = 30.0


@dataclass(slots=True)
class Sent:
    """What the senders saw: a ledger, the answers by status and by outcome, each answer's seconds."""

    ledger: Ledger = field(default_factory=Ledger)
    statuses: Counter[int] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    body_bytes: int = 0
    took: float = 0.0

    def add(self, event: Event, size: int, attempts: list[tuple[int, str, float]]) -> None:
        status, outcome, _ = attempts[-1]
        self.ledger.record(event, acknowledged=200 <= status < 300)
        self.statuses.update(attempt[0] for attempt in attempts)
        self.outcomes[outcome] += 1
        self.seconds.extend(attempt[2] for attempt in attempts)
        self.body_bytes += size


def send(url: str, token: str, *, run: str, seed: int, senders: int, seconds: float) -> Sent:
    """Deliver at full speed for so long, from a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_work, args=(theirs, url, token, run, seed, senders, seconds), daemon=True)
    process.start()
    theirs.close()
    try:
        sent: Sent = ours.recv()
    finally:
        process.join()
        ours.close()
    return sent


def _work(result: Connection, url: str, token: str, run: str, seed: int, senders: int, seconds: float) -> None:
    sent, lock, plan = Sent(), Lock(), traffic(run, random.Random(seed))  # noqa: S311 - shuffles
    begin = time.monotonic()
    with ThreadPoolExecutor(senders) as pool:
        working = [pool.submit(_sender, sent, lock, plan, url, token, begin + seconds) for _ in range(senders)]
        for one in working:
            one.result()
    sent.took = time.monotonic() - begin
    result.send(sent)


def _sender(sent: Sent, lock: Lock, plan: Iterator[Planned], url: str, token: str, end: float) -> None:
    address = urlsplit(url)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    while time.monotonic() < end:
        with lock:
            planned = next(plan)
        attempts: list[tuple[int, str, float]] = []
        while len(attempts) < ATTEMPTS and not (attempts and 200 <= attempts[-1][0] < 300):
            attempts.append(_post(address.netloc, address.path, planned.body, headers))
        with lock:
            sent.add(planned.event, len(planned.body), attempts)


def _post(netloc: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str, float]:
    """Status, outcome and seconds; status 0 when no answer came."""
    start = time.monotonic()
    with closing(http.client.HTTPConnection(netloc, timeout=TIMEOUT_SECONDS)) as connection:
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            told = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return 0, "unanswered", time.monotonic() - start
        return answer.status, told.get("outcome", "refused"), time.monotonic() - start
