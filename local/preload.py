"""Modules that the functions share. The fork server imports this module once, and forks the functions' processes.

No module of the list reads environment variables or starts a thread when it is imported.
"""

from __future__ import annotations

import gc
import importlib
from contextlib import suppress

MODULES = (
    "aws_lambda_powertools",
    "aws_lambda_powertools.metrics",
    "appointments.intake",
    "appointments.contract.validation",
    "appointments.storage.backlog",
    "appointments.storage.content",
    "appointments.storage.quarantine",
    "appointments.storage.store",
    "appointments.publishing.publication",
    "appointments.publishing.records",
    "appointments.sdk",
    "local.environment",
)

for name in MODULES:
    with suppress(Exception):  # the process that needs the module reports the error
        importlib.import_module(name)
gc.freeze()  # the collector of a fork would copy every page of these modules
