"""Hypothesis profiles: the number of examples of each property test.

The environment variable HYPOTHESIS_PROFILE selects the profile. A test with its own number states it for `ci` and
scales it by :func:`examples`.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

EXAMPLES = {"dev": 10, "ci": 100, "nightly": 1000}
"""Examples by profile, for a test without its own number. `dev` is for `make check`, `nightly` for `make nightly`."""


def load() -> None:
    """Load the profile that HYPOTHESIS_PROFILE names, else `ci`. No profile has a time limit."""
    for name, number in EXAMPLES.items():
        settings.register_profile(
            name, max_examples=number, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        )
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def examples(number: int, *, nightly: int | None = None) -> int:
    """Scale a number of examples from profile `ci` to the loaded profile. The result is at least 1.

    ``nightly`` is the number in profile `nightly` instead of ten times as many.
    """
    loaded = settings().max_examples
    if nightly is not None and loaded == EXAMPLES["nightly"]:
        return nightly
    return max(1, number * loaded // EXAMPLES["ci"])
