"""WebhookFunction's handler with a header in each answer: the seconds that it took of the sender's patience.

The function keeps the deadline, so the time is taken there. Two shares of it belong to the machine and not to the
code, and do not count: the time in which a thread of the function was ready to run and no core was free, which Linux
counts for each thread, and what a start takes beyond the longest one that the plan of the three seconds has room for.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.faults import SECONDS_HEADER
from webhook.handler import lambda_handler as handle

LONGEST_START_SECONDS = 1.4
"""After a longer start the function still takes 1.2 s for its work, which ends 2.6 s after the request at best."""
THREADS = Path("/proc/self/task")


def starved() -> float:
    """Seconds for which the threads of this process waited for a core; 0 where the system does not count them."""
    nanoseconds = 0
    for file in THREADS.glob("*/schedstat"):
        try:
            nanoseconds += int(file.read_text().split()[1])
        except OSError:  # the thread has ended
            continue
    return nanoseconds / 1e9


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer as WebhookFunction does, and say after how many seconds, from when the gateway took the request."""
    begun, before = time.monotonic(), starved()
    waited = time.time() - event["requestContext"]["timeEpoch"] / 1000
    answer: dict[str, Any] = handle(event, context)
    worked = time.monotonic() - begun - (starved() - before)
    answer.setdefault("headers", {})[SECONDS_HEADER] = f"{min(waited, LONGEST_START_SECONDS) + worked:.3f}"
    return answer
