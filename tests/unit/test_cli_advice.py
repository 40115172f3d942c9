"""The sections of docs/operations.md that the command names exist, and are about what it names them for."""

from __future__ import annotations

import re

from appointments_cli.status.settings import MAPPINGS
from appointments_cli.status.traffic import SECTIONS
from tests.project import ROOT
from tests.unit.test_template_alarms import HEADINGS, section

NAMED = re.compile(r"docs/operations\.md, ([A-Z][\w ]+)")


def test_each_section_that_the_command_names_exists() -> None:
    sources = (ROOT / "cli").rglob("*.py")
    named = {heading for path in sources for heading in NAMED.findall(path.read_text(encoding="utf-8"))}
    assert len(named) > 3
    assert (named | set(SECTIONS.values()) | set(MAPPINGS.values())) <= set(HEADINGS)


def test_the_section_of_a_mapping_says_how_to_enable_it() -> None:
    for function, heading in MAPPINGS.items():
        assert function in section(heading)
        assert "enable it" in section(heading)
