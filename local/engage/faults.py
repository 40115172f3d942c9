"""What can go wrong with the API, on demand."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class Faults:
    """Which answers fail. Each part is a probability from 0 to 1, drawn with ``seed`` for each request.

    - ``busy``: 429 or 503.
    - ``cut``: the connection ends in the middle of the answer.
    - ``truncated``: the answer says that it is whole, but its JSON ends early.
    - ``hang``: no answer for ``hang_seconds``, then the connection ends.
    - ``moving``: a few rows have moved to the end before the question is answered.
    - ``token_seconds``: how long a token is valid.
    - ``wrong``: replaces the document of each listing and of each single appointment, for another shape.
    """

    busy: float = 0.0
    cut: float = 0.0
    truncated: float = 0.0
    hang: float = 0.0
    hang_seconds: float = 30.0
    moving: float = 0.0
    token_seconds: float = 300.0
    wrong: Callable[[Any], Any] | None = None
    seed: int = 1
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - no secret

    def strikes(self, part: float) -> bool:
        return part > 0 and self._random.random() < part

    def busy_status(self) -> int:
        return self._random.choice((429, 503))

    def step(self) -> int:
        return self._random.randint(1, 3)
