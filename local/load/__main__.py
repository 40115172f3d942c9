"""Put the stack under load and check every promise. Prints the result and writes it as JSON; exit code 1 on a problem.

``python -m local.load --seconds 60 --senders 8``
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from local import signals
from local.errors import StartError


def main() -> int:
    signals.exit_on_signal()
    parser = argparse.ArgumentParser(prog="python -m local.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--least", type=int, default=0, help="continue until at least this many answers")
    parser.add_argument("--senders", type=int, default=8)
    parser.add_argument("--output", type=Path, default=Path("build") / "load.json")
    arguments = parser.parse_args()
    print("starting the stack of template.yaml on this machine ...", flush=True)
    # These imports take seconds. They come after the signal handlers and after a sign of life.
    from local import settings
    from local.load.run import run
    from local.stack import WEBHOOK_ENVIRONMENTS

    options = settings.isolated_options(settings.take_environment(), "load", webhooks=WEBHOOK_ENVIRONMENTS)
    database = options.dynamodb_url or "the embedded DynamoDB"
    print(f"{arguments.senders} senders for {arguments.seconds:g} s, on {database} ...", flush=True)
    try:
        report = run(
            options,
            seconds=arguments.seconds,
            senders=arguments.senders,
            least=arguments.least,
        )
    except StartError as error:
        print(f"cannot start: {error}", file=sys.stderr)
        return 1
    arguments.output.write_text(json.dumps(report, indent=2) + "\n")
    print(*_lines(report), sep="\n")
    print(f"All figures are in {arguments.output}, the functions' log lines in {options.log}.")
    signals.ignore()
    return 1 if report["problems"] else 0


def _lines(report: dict[str, Any]) -> list[str]:
    latency = "  ".join(f"{name} {value}" for name, value in report["latencyMilliseconds"].items())
    outcomes = "  ".join(f"{name} {number}" for name, number in report["outcomes"].items())
    lines = [
        f"{report['deliveries']} deliveries of {report['meanBodyBytes']} bytes in {report['seconds']} s: "
        f"{report['deliveriesPerSecond']} a second",
        f"answered in ms:  {latency}",
        f"outcomes:  {outcomes}",
        f"{report['appointments']} appointments, {report['eventsAcknowledged']} events; {report['messages']} messages, "
        f"{report['repeatedMessages']} of them repeated; all published after {report['secondsUntilAllPublished']} s",
        *_memory_lines(report["memoryMebibytes"]),
        *(f"problem: {problem}" for problem in report["problems"]),
    ]
    verdict = f"{len(report['problems'])} problems." if report["problems"] else "No event lost or stored twice."
    return [*lines, verdict]


def _memory_lines(samples: list[dict[str, float]]) -> list[str]:
    """Show the first sample, that after a quarter, and the last. A leak grows from the second to the third."""
    shown = [samples[0], samples[len(samples) // 4], samples[-1]] if samples else []
    names = [name for name in (shown[0] if shown else {}) if name != "second"]
    return [f"{name} in MiB:  " + " -> ".join(str(sample[name]) for sample in shown) for name in names]


if __name__ == "__main__":
    sys.exit(main())
