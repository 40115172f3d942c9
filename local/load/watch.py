"""What is watched while the senders send: the functions' memory, and the messages that come over the bus."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

from local.stack import Stack

EVERY_SECONDS = 1.0
MEBIBYTE = 1024 * 1024


class Memory:
    """Resident memory of each function's largest process, once a second; nothing where there is no /proc."""

    def __init__(self, stack: Stack) -> None:
        self.samples: list[dict[str, float]] = []
        self._fleets = stack.fleets
        self._begin = time.monotonic()

    def look(self) -> None:
        sample = {"second": round(time.monotonic() - self._begin, 1)}
        for name, fleet in self._fleets.items():
            sizes = [_resident(pid) for pid in fleet.pids()]
            sample[name] = round(max(sizes) / MEBIBYTE, 1)
        if Path("/proc/self/statm").exists():
            self.samples.append(sample)


class Messages:
    """The metadata of every message that the rule's queue received, in order."""

    def __init__(self, stack: Stack) -> None:
        self.received: list[dict[str, Any]] = []
        self._sqs = stack.aws.client("sqs")
        self._url = stack.queue_url()

    def look(self) -> None:
        while answer := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages"):
            for message in answer:
                metadata = json.loads(message["Body"])["detail"]["metadata"]
                self.received.append({"detail": {"metadata": metadata}})
            entries = [{"Id": m["MessageId"], "ReceiptHandle": m["ReceiptHandle"]} for m in answer]
            self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)


class Regularly:
    """Calls ``look`` every second until the block ends, and once more then."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._over = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def _run(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            self._look()


def _resident(pid: int) -> int:
    """Bytes; 0 for a process that has just ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
