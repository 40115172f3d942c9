"""The order of records with a time. Two records can have the same time, and a queue, a scan and S3 promise no order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

Each = TypeVar("Each", bound=Mapping[str, Any])


def newest_first(records: Iterable[Each], time: str, *ties: str) -> list[Each]:
    """Sort records by their member ``time``, the newest first. Records of one time ascend by their members ``ties``.

    A missing time is the oldest.
    """
    ascending = sorted(records, key=lambda record: [str(record.get(name) or "") for name in ties])
    return sorted(ascending, key=lambda record: str(record.get(time) or ""), reverse=True)
