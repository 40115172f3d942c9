"""What the vendor's pages do not say, each as a switch of the stand-in: nothing may depend on a position."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_type_hints


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """The positions of the switches.

    - ``compares``: which part of an appointment's time ``from`` and ``to`` compare. ``within``: the start with ``from``
      and the end with ``to``.
    - ``bounds``: whether ``from`` and ``to`` themselves are included.
    - ``undated``: whether a question with ``from`` or ``to`` lists appointments without a time.
    - ``order``: the order of a listing; ``random`` is another one for each request.
    - ``greatest_limit``: the greatest page, and ``above_limit`` how a greater ``limit`` is answered.
    - ``deleted``: whether deleted appointments are listed.
    - ``updated_filter``: whether a filter by ``updatedAt`` (here ``updated-since``) exists, or is ignored.
    - ``fractions``: whether the instants of webhooks have fractions of a second.
    - ``touches``: whether ``updatedAt`` changes without a webhook.
    """

    compares: Literal["start", "overlap", "end", "within"] = "overlap"
    bounds: Literal["included", "excluded"] = "included"
    undated: Literal["hidden", "listed"] = "hidden"
    order: Literal["id", "start", "updated", "random"] = "id"
    greatest_limit: Literal[100, 25, 1000] = 100
    above_limit: Literal["capped", "refused"] = "capped"
    deleted: Literal["hidden", "listed"] = "hidden"
    updated_filter: Literal["ignored", "honoured"] = "ignored"
    fractions: Literal["milliseconds", "none", "microseconds"] = "milliseconds"
    touches: Literal["never", "silent"] = "never"


def positions() -> dict[str, tuple[Any, ...]]:
    """Return the positions of each switch, the default first."""
    hints = get_type_hints(Switches)
    return {field.name: get_args(hints[field.name]) for field in fields(Switches)}
