"""The appointments that the stand-in knows."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from local.engage.rows import Row, row_of, written


class World:
    """Rows by id, in the order in which they came. Safe to use by several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rows: dict[str, Row] = {}

    def deliver(self, body: bytes) -> None:
        """Take the appointment of a delivery, unless a newer version of it is known."""
        self.put(json.loads(body)["data"]["appointment"])

    def put(self, appointment: dict[str, Any]) -> None:
        """Take an appointment of a webhook, unless a newer version of it is known."""
        row = row_of(appointment)
        with self._lock:
            known = self._rows.get(row["id"])
            if known is None or known["updatedAt"] <= row["updatedAt"]:
                self._rows[row["id"]] = row

    def change(self, id_: str, **members: Any) -> None:
        """Replace members of a row."""
        with self._lock:
            self._rows[id_] = self._rows[id_] | members

    def touch(self, id_: str, seconds: float) -> None:
        """Move ``updatedAt`` of a row, and nothing else."""
        before = self.row(id_)["updatedAt"]
        self.change(id_, updatedAt=written(datetime.fromisoformat(before) + timedelta(seconds=seconds)))

    def delete(self, id_: str, at: str) -> None:
        """Delete an appointment. Where deleted ones are listed, it has ``deletedAt``."""
        self.change(id_, deletedAt=at)

    def move_rows(self, step: int) -> None:
        """Move some rows to the end, as when the order of a listing is that of the changes."""
        with self._lock:
            for id_ in list(self._rows)[:step]:
                self._rows[id_] = self._rows.pop(id_)

    def row(self, id_: str) -> Row:
        with self._lock:
            return self._rows[id_]

    def rows(self) -> list[Row]:
        with self._lock:
            return list(self._rows.values())
