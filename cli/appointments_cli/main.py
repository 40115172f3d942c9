"""The command ``appointments``. An error is one line on stderr, without a traceback; errors.py has the exit codes."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import IO, Any

import click

from appointments_cli import errors
from appointments_cli.target import target_options
from appointments_cli.terminal import echo, replace_unencodable

COMMANDS = {
    "status": "appointments_cli.status.command:status",
    "history": "appointments_cli.commands.history:history",
    "show": "appointments_cli.commands.show:show",
    "event": "appointments_cli.commands.event:event",
    "raw": "appointments_cli.commands.event:raw",
    "list": "appointments_cli.commands.listing:list_",
    "count": "appointments_cli.commands.listing:count",
    "tail": "appointments_cli.commands.tail:tail",
    "verify": "appointments_cli.commands.verify:verify",
    "reconcile": "appointments_cli.reconcile.command:reconcile",
    "quarantine": "appointments_cli.quarantine.commands:quarantine",
    "failures": "appointments_cli.failures.commands:failures",
    "backlog": "appointments_cli.backlog.commands:backlog",
    "publish": "appointments_cli.publish.command:publish",
    "export": "appointments_cli.export.command:export",
    "erase": "appointments_cli.erase.command:erase",
}
"""Module and name of each command. A command is imported when it runs, so that the others start fast."""


class OneLineError(click.ClickException):
    """An error that is printed as one line."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(" ".join(message.split()))
        self.exit_code = exit_code  # type: ignore[misc] # click reads it of the instance

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002 - click calls it without a file
        echo(f"Error: {self.message}", err=True)


class Commands(click.Group):
    """A group that imports a command when it is needed, and whose commands end with one line if they fail."""

    def list_commands(self, context: click.Context) -> list[str]:  # noqa: ARG002 - the signature of click
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in COMMANDS:
            return None
        module, _, function = COMMANDS[name].partition(":")
        command = getattr(import_module(module), function)
        assert isinstance(command, click.Command)  # noqa: S101 - a test looks at each
        return command

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
        message = f"{error.format_message().rstrip('.')}. See {command} --help."
        raise OneLineError(message, errors.USAGE) from None
    except click.ClickException as error:
        raise OneLineError(error.format_message(), error.exit_code) from None
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise  # the reader of the pipe ended: click ends quietly
        name = f"{error.filename}: " if error.filename else ""
        raise OneLineError(f"{name}{error.strerror or type(error).__name__}", errors.WRONG) from None
    except Exception as error:
        if not _is_ours(error):
            raise
        raise OneLineError(str(error), errors.WRONG) from None


def _is_ours(error: Exception) -> bool:
    from appointments.errors import AppointmentsError

    return isinstance(error, AppointmentsError)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@target_options()
@click.version_option(package_name="engage-appointments", prog_name="appointments")
def main(**target: Any) -> None:
    """Operate a deployed stack, or that of 'make serve': see what happened, find what is lost, repair it.

    Exit code 0: success, or nothing found. 1: something is wrong. 2: the command line is wrong. 3: the id is unknown.
    4: no credentials, or a denied action. 5: AWS cannot be reached.
    """
    click.get_current_context().obj = target
