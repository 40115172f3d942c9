"""What is observed while the senders send: the memory of the functions, and the messages on the bus."""

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


class MemorySampler:
    """Samples the resident memory of each function's largest process. Takes no samples where there is no /proc."""

    def __init__(self, stack: Stack) -> None:
        self.samples: list[dict[str, float]] = []
        self._pools = stack.pools
        self._begin = time.monotonic()

    def sample(self) -> None:
        sample = {"second": round(time.monotonic() - self._begin, 1)}
        for name, pool in self._pools.items():
            sizes = [_resident(pid) for pid in pool.pids()]
            sample[name] = round(max(sizes) / MEBIBYTE, 1)
        if Path("/proc/self/statm").exists():
            self.samples.append(sample)


class MessageReceiver:
    """Receives the metadata of every message on the bus, in order."""

    def __init__(self, stack: Stack) -> None:
        self.received: list[dict[str, Any]] = []
        self._sqs = stack.aws.client("sqs")
        self._url = stack.queue_url()

    def receive(self) -> None:
        while batch := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                metadata = json.loads(message["Body"])["detail"]["metadata"]
                self.received.append({"detail": {"metadata": metadata}})
            entries = [{"Id": m["MessageId"], "ReceiptHandle": m["ReceiptHandle"]} for m in batch]
            self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)


class Periodically:
    """Calls ``action`` every second until the block ends, and once more at its end."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action
        self._ended = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._action()

    def _run(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            self._action()


def _resident(pid: int) -> int:
    """Return the bytes of a process, or 0 if it has just ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
