"""The command ``appointments``. An error is one line on stderr, without a traceback.

The exit code is 2 for a wrong command line and 1 for everything else that went wrong.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from cli import errors
from cli.failures.commands import failures
from cli.quarantine.commands import quarantine
from cli.target import target_options
from cli.terminal import echo, replace_unencodable


class OneLineError(click.ClickException):
    """An error that is printed as one line."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002 - click calls it without a file
        echo(f"Error: {self.message}", err=True)


class OneLineUsageError(OneLineError):
    """A wrong command line."""

    exit_code = 2


class Commands(click.Group):
    """A group whose commands end with one line if they fail."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        replace_unencodable()
        with _one_line_errors():
            for number, argument in enumerate(args, 1):
                _check_encoding(number, argument)
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, context: click.Context) -> Any:
        with _one_line_errors():
            return super().invoke(context)


def _check_encoding(number: int, argument: str) -> None:
    try:
        argument.encode()
    except UnicodeEncodeError:
        raise click.UsageError(f"argument {number} is not valid UTF-8") from None


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise  # prints the help
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "appointments"
        raise OneLineUsageError(f"{error.format_message().rstrip('.')}. See {command} --help.") from None
    except click.ClickException as error:
        raise OneLineError(error.format_message()) from None
    except errors.EXPECTED as error:
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            raise  # the reader of the pipe ended: click ends quietly
        kind = OneLineUsageError if isinstance(error, errors.INVALID_OPTION) else OneLineError
        raise kind(errors.describe(error)) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@target_options
def main(**target: Any) -> None:
    """Operate a deployed stack: list and redrive what was refused or not published.

    Exit code 0: success. 1: something is wrong. 2: the command line is wrong.
    """
    click.get_current_context().obj = target


main.add_command(quarantine)
main.add_command(failures)
