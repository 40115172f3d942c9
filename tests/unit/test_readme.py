"""README.md repeats lines and figures of the pages that it links to, and they are equal."""

from __future__ import annotations

import re

from tests.project import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
MARK = "<!-- make run -->\n```\n"


def block(text: str) -> list[str]:
    """The lines of the code block after the mark."""
    return text.partition(MARK)[2].partition("\n```\n")[0].splitlines()


def test_the_lines_of_make_run_are_lines_of_its_complete_output_in_order() -> None:
    """The complete output is compared with a run in tests/e2e/test_local_stack.py."""
    shown = block(README)
    complete = iter(block((ROOT / "docs" / "first-run.md").read_text(encoding="utf-8")))
    assert 8 <= len(shown) <= 15
    assert [line for line in shown if line not in complete] == []


def test_the_python_versions_are_those_of_the_project_and_the_template() -> None:
    lowest = re.search(r'requires-python = ">=(3\.\d+)"', (ROOT / "pyproject.toml").read_text())
    runtime = re.search(r"Runtime: (python3\.\d+)", (ROOT / "template.yaml").read_text())
    assert lowest
    assert runtime
    assert f"Lambda runtime {runtime[1]} (x86_64); Python {lowest[1]} to " in README
