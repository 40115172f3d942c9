"""``python -m local.load``: the stack under load, what it came to as text and as JSON, 1 when a promise broke."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

from local.aws import TABLE
from local.load.run import run
from local.stack import Options

BUILD = Path("build")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--senders", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1, help="of bodies, order and duplicates")
    parser.add_argument("--output", type=Path, default=BUILD / "load.json")
    arguments = parser.parse_args()
    dynamodb_url = os.environ.get("AWS_ENDPOINT_URL_DYNAMODB")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # neither the AWS of whoever starts this nor its settings have a part in it
    BUILD.mkdir(exist_ok=True)
    log = BUILD / "load.log"
    log.unlink(missing_ok=True)
    table_name = f"{TABLE}-load-{uuid4()}" if dynamodb_url else TABLE
    options = Options(port=0, aws_port=0, dynamodb_url=dynamodb_url, table_name=table_name, log=log)
    print(
        f"{arguments.senders} senders for {arguments.seconds:g} s, on {dynamodb_url or 'the embedded DynamoDB'} ...",
        flush=True,
    )
    report = run(options, seconds=arguments.seconds, senders=arguments.senders, seed=arguments.seed)
    arguments.output.write_text(json.dumps(report, indent=2) + "\n")
    print(*_lines(report), f"All figures are in {arguments.output}, the functions' log lines in {log}.", sep="\n")
    return 1 if report["wrong"] else 0


def _lines(report: dict[str, Any]) -> list[str]:
    latency = "  ".join(f"{name} {value}" for name, value in report["latencyMilliseconds"].items())
    outcomes = "  ".join(f"{name} {number}" for name, number in report["outcomes"].items())
    lines = [
        f"{report['deliveries']} deliveries of {report['meanBodyBytes']} bytes in {report['seconds']} s: "
        f"{report['deliveriesPerSecond']} a second",
        f"answered in ms:  {latency}",
        f"outcomes:  {outcomes}",
        f"{report['appointments']} appointments, {report['eventsAcknowledged']} events; {report['messages']} messages, "
        f"{report['messagesTwice']} of them once more; all published {report['secondsUntilAllPublished']} s later",
        *_memory(report["memoryMebibytes"]),
        *(f"WRONG: {one}" for one in report["wrong"]),
    ]
    return [*lines, "Nothing lost, nothing twice." if not report["wrong"] else f"{len(report['wrong'])} things wrong."]


def _memory(samples: list[dict[str, float]]) -> list[str]:
    """At the start, after a quarter, at the end: a leak grows from the second to the third."""
    shown = [samples[0], samples[len(samples) // 4], samples[-1]] if samples else []
    names = [name for name in (shown[0] if shown else {}) if name != "second"]
    return [f"{name} in MiB:  " + " -> ".join(str(sample[name]) for sample in shown) for name in names]


if __name__ == "__main__":
    sys.exit(main())
