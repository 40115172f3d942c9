"""The senders: threads of a separate process, each with one delivery in flight."""

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

from local.delivery_log import DeliveryLog, Event
from local.load.traffic import PlannedDelivery, traffic
from local.signals import starting_process

ATTEMPTS = 3
TIMEOUT_SECONDS = 30.0


@dataclass(slots=True)
class SendingResult:
    """What the senders sent and received: the log, the answers by status and outcome, the seconds of each answer."""

    log: DeliveryLog = field(default_factory=DeliveryLog)
    statuses: Counter[int] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    body_bytes: int = 0
    duration: float = 0.0

    def add(self, event: Event, size: int, attempts: list[tuple[int, str, float]]) -> None:
        status, outcome, _ = attempts[-1]
        self.log.record(event, acknowledged=200 <= status < 300)
        self.statuses.update(attempt[0] for attempt in attempts)
        self.outcomes[outcome] += 1
        self.seconds.extend(attempt[2] for attempt in attempts)
        self.body_bytes += size


def send(url: str, token: str, *, run: str, senders: int, seconds: float, least: int = 0) -> SendingResult:
    """Deliver at full speed for ``seconds``, and until ``least`` deliveries are answered, from a separate process."""
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_work, args=(sender, url, token, run, senders, seconds, least), daemon=True)
    with starting_process():
        process.start()
    sender.close()
    try:
        sent: SendingResult = receiver.recv()
    finally:
        process.kill()  # when this side fails
        process.join()
        receiver.close()
    return sent


def _work(result: Connection, url: str, token: str, run: str, senders: int, seconds: float, least: int) -> None:
    sent, lock, plan = SendingResult(), Lock(), traffic(run, random.Random(1))  # noqa: S311 - the same in each run
    begin = time.monotonic()
    with ThreadPoolExecutor(senders) as pool:
        running = [pool.submit(_sender, sent, lock, plan, url, token, begin + seconds, least) for _ in range(senders)]
        for future in running:
            future.result()
    sent.duration = time.monotonic() - begin
    result.send(sent)


def _sender(
    sent: SendingResult, lock: Lock, plan: Iterator[PlannedDelivery], url: str, token: str, end: float, least: int
) -> None:
    address = urlsplit(url)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    while time.monotonic() < end or len(sent.seconds) < least:
        with lock:
            planned = next(plan)
        attempts: list[tuple[int, str, float]] = []
        while len(attempts) < ATTEMPTS and not (attempts and 200 <= attempts[-1][0] < 300):
            attempts.append(_post(address.netloc, address.path, planned.body, headers))
        with lock:
            sent.add(planned.event, len(planned.body), attempts)


def _post(netloc: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str, float]:
    """Return status, outcome and seconds. Status 0 stands for no answer."""
    start = time.monotonic()
    with closing(http.client.HTTPConnection(netloc, timeout=TIMEOUT_SECONDS)) as connection:
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            content = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return 0, "unanswered", time.monotonic() - start
        return answer.status, content.get("outcome", "refused"), time.monotonic() - start
