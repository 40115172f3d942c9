"""Serve the stack on this machine (``python -m local``), or run it once with a check (``python -m local run``)."""

from __future__ import annotations

import argparse
import sys

from local import signals
from local.errors import StartError


def main() -> int:
    signals.exit_on_signal()
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["serve", "run"], default="serve")
    command = parser.parse_args().command
    print("starting the stack of template.yaml on this machine ...", flush=True)
    # These imports take seconds. They come after the signal handlers and after a sign of life.
    from local import run, serve, settings

    environment = settings.take_environment()
    try:
        if command == "serve":
            serve.main(settings.serve_options(environment))
        return run.main(settings.isolated_options(environment, "run", webhooks=1))
    except StartError as error:
        print(f"cannot start: {error}", file=sys.stderr)
        return 1
    finally:
        signals.ignore()


if __name__ == "__main__":
    sys.exit(main())
