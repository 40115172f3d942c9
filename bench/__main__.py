"""``python -m bench``: measure, print the tables, write them as JSON and draw them."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from bench import chart, document, folders, table
from bench.run import QUICK, SECTIONS, Plan, run


def main() -> int:
    arguments = _arguments()
    if arguments.markdown:
        print(table.markdown(json.loads(arguments.markdown.read_text())))
        return 0
    if arguments.document:
        document.write(json.loads(arguments.document.read_text()))
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
    for path, content in ((arguments.json, json.dumps(report, indent=1)), (arguments.svg, chart.svg(report))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.rstrip() + "\n")
    print(table.text(report), f"All figures are in {arguments.json}, drawn in {arguments.svg}.", sep="\n\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, help="of what is not slow by itself (20)")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="a section; may be given more than once")
    parser.add_argument("--quick", action="store_true", help="hardly any rounds: whether it works, not how fast")
    parser.add_argument("--build", type=Path, default=folders.BUILD, help="what sam build made, its --build-dir")
    parser.add_argument("--json", type=Path, default=folders.FOLDER.parent / "bench.json")
    parser.add_argument("--svg", type=Path, default=folders.FOLDER.parent / "bench.svg")
    parser.add_argument(
        "--markdown", type=Path, metavar="JSON", help="print the tables of such a file, measure nothing"
    )
    parser.add_argument(
        "--document", type=Path, metavar="JSON", help="put the figures of such a file into docs/, measure nothing"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
