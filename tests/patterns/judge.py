"""Judge cases by ministack's engine. Runs in ministack's own environment, which has nothing of this project.

Reads a JSON array of cases from stdin. Writes true, false, or null for a pattern that is refused, for each of them.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from ministack.services import eventbridge


def judge(case: dict[str, Any]) -> bool | None:
    """Ask the operation TestEventPattern."""
    request = {name: json.dumps(case[member]) for name, member in (("Event", "event"), ("EventPattern", "pattern"))}
    status, _, body = eventbridge._test_event_pattern(request)
    verdict: bool | None = json.loads(body)["Result"] if status == 200 else None
    return verdict


json.dump([judge(case) for case in json.load(sys.stdin)], sys.stdout)
