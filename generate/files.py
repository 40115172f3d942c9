"""The list of the generated files. A test compares each of them with what its generator makes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from generate import (
    asyncapi,
    bill_page,
    budgets,
    contract_schema,
    core_schema,
    events_page,
    member_names,
    message_schema,
    privacy_page,
    rules,
    schema_registry,
    table_page,
)
from samples import files as samples

ROOT = Path(__file__).parents[1]
LAMBDA_LOCK = ROOT / "requirements" / "lambda.txt"

CODE: list[tuple[str, Callable[[], str]]] = [
    ("layers/appointments/appointments/contract/core_schema.py", core_schema.generate),
    ("layers/appointments/appointments/contract/member_names.py", member_names.generate),
]
"""The generated modules, which the generators of other files import."""
FILES: list[tuple[str, Callable[[], str]]] = [
    *CODE,
    ("layers/dependencies/requirements.txt", LAMBDA_LOCK.read_text),
    ("docs/contract.schema.json", contract_schema.generate),
    ("docs/events.md", events_page.generate),
    ("README.md", partial(bill_page.with_figures, "README.md")),
    ("docs/deploying.md", partial(bill_page.with_figures, "docs/deploying.md")),
    ("docs/cost.md", bill_page.generate),
    ("docs/performance.md", budgets.generate),
    ("docs/privacy.md", privacy_page.generate),
    ("docs/rules.md", rules.generate),
    ("docs/table.md", table_page.generate),
    *(
        (f"{message_schema.FOLDER}/{detail_type}.json", partial(message_schema.generate, detail_type))
        for detail_type in message_schema.EVENT_TYPES
    ),
    (schema_registry.PATH, schema_registry.generate),
    (asyncapi.PATH, asyncapi.generate),
]
"""Path and generator. Add a generated file here. The folder events/ is written before these files."""


def write_samples() -> tuple[int, int]:
    """Write the folders of events/ and remove other files from them. Returns how many are written and removed."""
    wanted = samples.files()
    for path, content in wanted.items():
        (samples.EVENTS / path).parent.mkdir(parents=True, exist_ok=True)
        (samples.EVENTS / path).write_bytes(content)
    others = samples.present() - wanted.keys()
    for path in others:
        (samples.EVENTS / path).unlink()
    return len(wanted), len(others)
