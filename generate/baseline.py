"""``python -m generate.baseline``: make the messages of this commit the last release. Run it at a release only.

The tests compare every later commit with tests/fixtures/released/ (docs/schemas.md).
"""

from __future__ import annotations

import json
import re
import shutil
from typing import Any

from appointments.publishing.changes import CHANGES
from appointments.publishing.messages import SCHEMA_VERSION
from generate.files import ROOT
from generate.message_schema import EVENT_TYPES, FOLDER
from samples.files import pretty

RELEASED = ROOT / "tests" / "fixtures" / "released"
_SOURCE = re.compile(r"^  EventSource:\n(?:    .*\n)*?    Default: (\S+)$", re.MULTILINE)


def facts() -> dict[str, Any]:
    """Return what the schemas do not say: the source, the detail-types with their eventTypes, and ``changes``."""
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    (source,) = _SOURCE.findall(template)
    return {
        "source": source,
        "schemaVersion": SCHEMA_VERSION,
        "detailTypes": EVENT_TYPES,
        "changes": list(CHANGES),
    }


def main() -> None:
    shutil.rmtree(RELEASED, ignore_errors=True)
    shutil.copytree(ROOT / FOLDER, RELEASED / f"v{SCHEMA_VERSION}")
    made = json.loads(json.dumps(facts()))
    (RELEASED / "facts.json").write_text(f"{pretty(made)}\n", encoding="utf-8")
    print(f"{RELEASED.relative_to(ROOT)}: the last release is this commit")


if __name__ == "__main__":
    main()
