"""The command ``appointments`` and the one place where an error becomes a line on stderr."""

from __future__ import annotations

from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from cli.failures import failures


class Commands(click.Group):
    """A group whose commands end with a line instead of a traceback when AWS refuses or does not answer."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise click.ClickException(f"{error.operation_name} was refused: {code}") from None
        except BotoCoreError as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Look after the appointments of a deployed stack."""


main.add_command(failures)
