"""A small Lambda handler for the tests of the local execution environments."""

from __future__ import annotations

import os
import sys
import time
from typing import Any


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    match event["do"]:
        case "say where":
            return {"pid": os.getpid(), "variable": os.environ.get("VARIABLE"), "inherited": "HOME" in os.environ}
        case "list packages":
            return {"packages": sorted({module.partition(".")[0] for module in sys.modules})}
        case "print":
            sys.stdout.write(event["text"])
        case "print and die":
            os.write(1, event["text"].encode())
            os._exit(1)
        case "raise":
            raise ValueError("a log must not contain this text")
        case "die":
            os._exit(1)
        case "hang":
            time.sleep(60)
    return {"milliseconds": context.get_remaining_time_in_millis(), "name": context.function_name}
