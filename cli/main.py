"""The ``appointments`` command."""

from __future__ import annotations

import click

from cli.failures import failures


@click.group()
def main() -> None:
    """Look after the appointments of a deployed stack."""


main.add_command(failures)
