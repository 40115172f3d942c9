"""WebhookFunction's handler with a header in each answer: the seconds that it took of the sender's patience.

The function keeps the deadline, so the time is measured there. Two parts of it depend on the machine and not on the
code, and do not count: the time in which a thread of the function was ready to run and no core was free, which Linux
counts for each thread, and the time of a start beyond the longest one for which the plan of the three seconds has room.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.faults import SECONDS_HEADER
from webhook.handler import lambda_handler as handle

SENDER_SECONDS = 3.0
"""After a start that took longer than the sender waits, the function plans as if the request had just come."""
LONGEST_START_SECONDS = 1.4
"""After a start that took longer, the function still uses 1.2 s; after a shorter one it answers within 2.6 s in all."""
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
    start = min(waited, LONGEST_START_SECONDS) if waited < SENDER_SECONDS else 0.0
    answer.setdefault("headers", {})[SECONDS_HEADER] = f"{start + worked:.3f}"
    return answer
