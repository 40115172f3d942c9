"""The range of ``--limit``."""

import click

LIMIT = click.IntRange(1, 1_000_000)
