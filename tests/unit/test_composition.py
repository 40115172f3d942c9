"""The type checker reports two services that are swapped at the composition root of a function.

mypy reads the block below with ``warn_unused_ignores``: a line whose error disappears fails the type check.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

ROOT = Path(__file__).parents[2]

if TYPE_CHECKING:
    from appointments.contract.mode import ContractMode
    from appointments.intake import Intake
    from appointments.storage.backlog import Backlog
    from appointments.storage.bodies import Bodies
    from appointments.storage.quarantine import Quarantine
    from appointments.storage.store import Store
    from webhook import clients, handler

    def swapped(bodies: Bodies, backlog: Backlog, quarantine: Quarantine) -> None:
        store = Store(clients.s3(), "table", handler._bodies)  # type: ignore[arg-type]
        Store(clients.dynamodb(), "table", handler._quarantine)  # type: ignore[arg-type]
        Bodies(clients.sqs(), "bucket")  # type: ignore[arg-type]
        Quarantine(clients.dynamodb(), "bucket")  # type: ignore[arg-type]
        Backlog(clients.sqs(), "queue", handler._backlog)  # type: ignore[arg-type]
        Intake(store, mode=ContractMode.STRICT, history_retention_days=0, quarantine=lambda: backlog)  # type: ignore[arg-type, return-value]
        Intake(store, mode=ContractMode.STRICT, history_retention_days=0, backlog=lambda: quarantine)  # type: ignore[arg-type, return-value]
        Intake(bodies, mode=ContractMode.STRICT, history_retention_days=0)  # type: ignore[arg-type]


def test_the_type_check_is_strict_and_includes_this_file() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    assert settings["strict"] is True
    assert "tests" in settings["files"]


@pytest.mark.parametrize(
    "file", ["webhook/handler.py", "webhook/clients.py", "backlog/handler.py", "publisher/handler.py"]
)
def test_no_service_has_the_type_any(file: str) -> None:
    """A name or parameter of type Any hides a swap. JSON documents may be dict[str, Any]."""
    text = (ROOT / "functions" / file).read_text(encoding="utf-8")
    assert not re.findall(r"^.*(?:: Any\b|-> Any\b|Lazy).*$", text, re.MULTILINE)
