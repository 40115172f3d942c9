"""``python -m bench``: measure, print the tables, write the report as JSON and update docs/performance.md."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import folders, page, table
from bench.run import QUICK, SECTIONS, Plan, run

REPORT = folders.FOLDER / "report.json"


def main() -> int:
    arguments = _arguments()
    if arguments.update_page:
        _update_page(json.loads(arguments.update_page.read_text(encoding="utf-8")))
        return 0
    plan = QUICK if arguments.quick else Plan()
    if arguments.rounds:
        plan = replace(plan, rounds=arguments.rounds)
    try:
        report = run(
            plan,
            arguments.build.resolve(),
            only=arguments.only or (),
            dynamodb=os.environ.get("DYNAMODB_LOCAL_ENDPOINT"),
        )
    except folders.MissingError as error:
        print(error, file=sys.stderr)
        return 2
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(table.text(report), f"The report is {arguments.json}.", sep="\n\n")
    if not arguments.quick:
        _update_page(report)
    return 0


def _update_page(report: dict[str, Any]) -> None:
    try:
        text = page.updated(page.PAGE.read_text(encoding="utf-8"), report)
    except page.IncompleteReportError as error:
        print(f"docs/performance.md is unchanged: {error}")
    else:
        page.PAGE.write_text(text, encoding="utf-8")
        print("docs/performance.md has the figures of this report.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, help=f"the number of rounds ({Plan().rounds})")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="measure this section only; repeatable")
    parser.add_argument("--quick", action="store_true", help="measure few rounds, to test the benchmark itself")
    parser.add_argument("--build", type=Path, default=folders.BUILD, help="the --build-dir of sam build")
    parser.add_argument("--json", type=Path, default=REPORT, help="write the report to this file")
    parser.add_argument(
        "--update-page", type=Path, metavar="JSON", help="update docs/performance.md from a report, measure nothing"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
