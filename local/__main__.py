"""``python -m local`` serves the stack on this machine; ``python -m local run`` does the main job once, checked."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from local import run, serve
from local.serve import SIGNING_SECRET
from local.stack import Options
from local.template import ParameterError

LOG = Path("build/run.log")
PARAMETERS = {
    "WEBHOOK_AUTH": "WebhookAuth",
    "WEBHOOK_TOKEN_HEADER": "WebhookTokenHeader",
    "WEBHOOK_TOLERANCE_SECONDS": "WebhookToleranceSeconds",
    "CONTRACT_MODE": "ContractMode",
}
"""Environment variables that set a parameter of the template."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["serve", "run"], default="serve")
    command = parser.parse_args().command
    environment = dict(os.environ)
    # Neither the AWS of whoever starts this nor its settings have a part in it.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        return serve.main(_served(environment)) if command == "serve" else run.main(_run(environment))
    except KeyboardInterrupt:
        return 0
    except ParameterError as error:
        print(f"could not start: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"could not start: {error.strerror or error}; PORT and AWS_PORT choose other ports", file=sys.stderr)
        return 1


def _served(environment: dict[str, str]) -> Options:
    parameters = {PARAMETERS[name]: value for name, value in environment.items() if name in PARAMETERS}
    signed = parameters.get("WebhookAuth") == "signature"
    return Options(
        host=environment.get("HOST", "127.0.0.1"),
        port=int(environment.get("PORT", "3000")),
        aws_port=int(environment.get("AWS_PORT", "4566")),
        token=environment.get("WEBHOOK_TOKEN", SIGNING_SECRET if signed else "local-token"),
        dynamodb_url=environment.get("AWS_ENDPOINT_URL_DYNAMODB"),
        parameters=parameters,
    )


def _run(environment: dict[str, str]) -> Options:
    """Any free port, so that it never meets another stack, and a table of its own where others are kept."""
    LOG.parent.mkdir(exist_ok=True)
    LOG.unlink(missing_ok=True)
    dynamodb_url = environment.get("AWS_ENDPOINT_URL_DYNAMODB")
    table_name = f"appointments-run-{os.getpid()}" if dynamodb_url else "appointments"
    return Options(port=0, aws_port=0, dynamodb_url=dynamodb_url, table_name=table_name, log=LOG)


if __name__ == "__main__":
    sys.exit(main())
