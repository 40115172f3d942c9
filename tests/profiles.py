"""Hypothesis profiles: how many examples each property test tries.

The environment variable HYPOTHESIS_PROFILE names one. A test that sets its own number gives it for `ci` and takes
:func:`examples` of it.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

EXAMPLES = {"dev": 10, "ci": 100, "nightly": 1000}
"""Examples of a test that sets no number, by profile. `dev` is for `make check`, `nightly` for `make nightly`."""


def load() -> None:
    """Load the profile that HYPOTHESIS_PROFILE names, else `ci`. No profile fails a test for its time."""
    for name, number in EXAMPLES.items():
        settings.register_profile(
            name, max_examples=number, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        )
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def examples(number: int) -> int:
    """Scale the number of examples in profile `ci` to the profile that is loaded; at least one."""
    return max(1, number * settings().max_examples // EXAMPLES["ci"])
