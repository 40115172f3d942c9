"""The command ``appointments``; converts errors to lines on stderr."""

from __future__ import annotations

from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from appointments.errors import AppointmentsError
from cli.failures.commands import failures
from cli.quarantine.commands import quarantine
from cli.target import target_options


class Commands(click.Group):
    """A group whose commands end with one line when AWS refuses or does not answer."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise click.ClickException(f"{error.operation_name} was refused: {code}") from None
        except BotoCoreError as error:
            raise click.ClickException(str(error)) from None
        except AppointmentsError as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@target_options
def main(**target: Any) -> None:
    """Operate a deployed stack: show and redrive what was rejected or not published."""
    click.get_current_context().obj = target


main.add_command(quarantine)
main.add_command(failures)
