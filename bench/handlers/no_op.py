"""A handler that does nothing. It measures the runtime interface client and the interpreter."""

from __future__ import annotations

from typing import Any


def lambda_handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    return {"statusCode": 202, "headers": {"content-type": "application/json"}, "body": '{"outcome": "stored"}'}
