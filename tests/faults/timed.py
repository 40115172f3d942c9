"""WebhookFunction's handler, which also reports in a header how many seconds of the sender's timeout it used.

The function keeps the deadline, so the time is measured there. Two parts of the time depend on the machine and not on
the code, and are subtracted: the time in which a thread was ready to run but no core was free, which Linux counts for
each thread, and the time of a start beyond the longest start that the plan of the three seconds allows for.
"""

from __future__ import annotations

import time
from typing import Any

from tests.faults import SECONDS_HEADER
from tests.processes import seconds_without_core
from webhook.handler import lambda_handler as handle

SENDER_SECONDS = 3.0
"""The sender's timeout. After a longer start, the function plans as if the request were new."""
LONGEST_START_SECONDS = 1.4
"""After a longer start, the function still uses 1.2 s. After a shorter start, it answers within 2.6 s in all."""


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer as WebhookFunction does. Add the seconds since the gateway received the request."""
    begun, before = time.monotonic(), seconds_without_core()
    waited = time.time() - event["requestContext"]["timeEpoch"] / 1000
    answer: dict[str, Any] = handle(event, context)
    worked = time.monotonic() - begun - (seconds_without_core() - before)
    start = min(waited, LONGEST_START_SECONDS) if waited < SENDER_SECONDS else 0.0
    answer.setdefault("headers", {})[SECONDS_HEADER] = f"{start + worked:.3f}"
    return answer
