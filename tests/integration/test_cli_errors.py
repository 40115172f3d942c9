"""The command ends with one line on stderr and an exit code, whatever goes wrong."""

from __future__ import annotations

import ast
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import click
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result
from moto import mock_aws

from appointments_cli import target
from appointments_cli.main import main
from appointments_cli.stack import OURS as OUR_PARAMETERS
from tests.builders import make_bucket
from tests.project import ROOT

NAMES = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
LIST = ["quarantine", "list", "--quarantine-bucket", "quarantine"]
MESSAGES = ["--event-bus", "c", "--event-source", "s", "--event-detail", "full"]
COMMANDS = [
    ["status"],
    ["history", "a-1"],
    ["show", "a-1"],
    ["event", "e-1"],
    ["raw", "e-1", "--reveal"],
    ["list", "--office", "o-1"],
    ["count", "--by", "office"],
    ["tail"],
    ["verify"],
    ["reconcile"],
    ["quarantine", "list"],
    ["quarantine", "show", "contract/none"],
    ["quarantine", "redrive"],
    ["failures", "list"],
    ["failures", "redrive"],
    ["failures", "redrive", "--appointment", "a"],
    ["backlog", "status"],
    ["backlog", "list"],
    ["backlog", "redrive"],
    ["publish", "--to", "everybody", "--appointment", "a"],
    ["export", "--customer", "7"],
    ["erase", "--customer", "7"],
    ["erase", "--prove", "1f2e3d4c-00112233445566778899aabbccddeeff"],
]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name, value in NAMES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("APPOINTMENTS_STACK", raising=False)
    monkeypatch.setattr(target, "ATTEMPTS", 1)


@pytest.fixture
def aws() -> Iterator[None]:
    with mock_aws():
        yield


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def one_line(result: Result) -> str:
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr


def refused(code: str) -> Any:
    def call(*_: Any, **__: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": "m"}}, "Operation")

    return call


@pytest.mark.parametrize(
    "url",
    ["localhost:4566", "", "http://", "ftp://host", "http://a b", "http://host:99999", "http://host:0", "http://[::1"],
)
def test_an_endpoint_that_is_no_url_is_a_wrong_command_line(url: str) -> None:
    result = run(*LIST, "--endpoint-url", url)
    assert result.exit_code == 2
    assert "is not a URL with http:// or https://, such as http://localhost:4566" in one_line(result)
    assert one_line(run("--endpoint-url", url, *LIST)).startswith("Error: Invalid value for '--endpoint-url'")


def test_an_endpoint_of_the_environment_that_is_no_url_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:4566")
    result = run(*LIST)
    assert (result.exit_code, "check AWS_ENDPOINT_URL" in one_line(result)) == (1, True)


OURS = {name: {"Type": "String", "Default": "x"} for name in sorted(OUR_PARAMETERS)}
QUEUE = {"Queue": {"Type": "AWS::SQS::Queue"}}


def make_stacks(*names: str, parameters: dict[str, Any] = OURS) -> None:
    template = json.dumps({"Parameters": parameters, "Resources": QUEUE})
    for name in names:
        boto3.client("cloudformation").create_stack(StackName=name, TemplateBody=template)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("wrong", ["engagee", "other"])
def test_a_wrong_stack_is_one_line_with_account_region_and_the_stacks_of_this_application(
    command: list[str], wrong: str
) -> None:
    make_stacks("engage", "engage-test")
    make_stacks("other", parameters={})
    result = run(*command, "--stack", wrong)
    line = one_line(result)
    assert result.exit_code == 2
    problem = "the stack other is not one of this application" if wrong == "other" else "there is no stack engagee"
    assert f"{problem} in account 123456789012, eu-west-1: the stacks of this application there are " in line
    assert {"engage", "engage-test"} == set(line.strip().partition("there are ")[2].split(", "))
    assert "--stack" not in line


@pytest.mark.usefixtures("aws")
def test_at_most_twenty_stacks_are_listed() -> None:
    assert "no stack there is one of this application" in one_line(run(*COMMANDS[0], "--stack", "none"))
    make_stacks(*(f"s-{number}" for number in range(21)))
    line = one_line(run(*COMMANDS[0], "--stack", "none"))
    assert line.count("s-") == 20
    assert "and others" in line


@pytest.mark.usefixtures("aws")
def test_a_stack_of_an_older_release_is_one_line() -> None:
    make_stacks("old")
    result = run("quarantine", "list", "--stack", "old")
    assert (result.exit_code, one_line(result)) == (
        2,
        "Error: the stack old has no QuarantineBucket: give another stack, or --quarantine-bucket\n",
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_without_a_deployment_names_the_three_ways_to_give_one(command: list[str]) -> None:
    result = run(*command)
    assert (result.exit_code, "--stack, APPOINTMENTS_STACK or --local" in one_line(result)) == (2, True)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_local_stack_that_is_not_served_is_one_line(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*command, "--local")
    assert (result.exit_code, "start the stack with 'make serve'" in one_line(result)) == (2, True)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_unknown_time_zone_is_a_wrong_command_line(command: list[str]) -> None:
    result = run(*command, "--stack", "engage", "--tz", "Mars/Base")
    assert (result.exit_code, "'Mars/Base' is not a time zone" in one_line(result)) == (2, True)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    "arguments",
    [
        ["quarantine", "list", "--quarantine-bucket", "missing-bucket"],
        ["quarantine", "show", "contract/none", "--quarantine-bucket", "missing-bucket"],
        ["failures", "list", "--failure-queue", "https://sqs.eu-west-1.amazonaws.com/123456789012/none"],
        ["failures", "redrive", "--appointment", "a", "--table", "none", "--bodies-bucket", "b", *MESSAGES],
    ],
)
def test_a_bucket_table_or_queue_that_does_not_exist_is_one_line(arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.exit_code, "the bucket, table or queue does not exist" in one_line(result)) == (1, True)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_missing_credentials_are_one_line(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    result = run(*command, "--stack", "engage")
    line = one_line(result)
    assert (result.exit_code, "there are no usable AWS credentials in the default credentials" in line) == (4, True)


@pytest.mark.parametrize(
    ("code", "message", "exit_code"),
    [
        ("ExpiredToken", "the credentials of the default credentials are not valid or have expired", 4),
        ("ExpiredTokenException", "are not valid or have expired", 4),
        ("InvalidClientTokenId", "are not valid or have expired", 4),
        ("UnrecognizedClientException", "are not valid or have expired", 4),
        ("InvalidAccessKeyId", "are not valid or have expired", 4),
        ("AccessDenied", "the default credentials lacks a permission: Operation on *", 4),
        ("AccessDeniedException", "the default credentials lacks a permission: Operation on *", 4),
        ("ThrottlingException", "Operation was refused: ThrottlingException", 1),
    ],
)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_refused_call_is_one_line(
    command: list[str], code: str, message: str, exit_code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refused(code))
    result = run(*command, "--stack", "engage")
    if command == ["reconcile"] and exit_code == 1:
        exit_code = 2  # 1 is a finding
    assert (result.exit_code, message in one_line(result)) == (exit_code, True), result.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_unknown_profile_is_one_line(command: list[str]) -> None:
    result = run(*command, "--stack", "engage", "--profile", "none")
    assert result.exit_code == 4
    assert one_line(result).startswith("Error: The config profile (none) could not be found: ")


def test_a_damaged_aws_configuration_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text("[profile a]\n[profile a\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert run(*LIST).exit_code == 1
    assert "config" in one_line(run(*LIST))


def test_a_credential_process_that_prints_no_json_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text("[profile a]\ncredential_process = echo no\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    result = run(*LIST, "--profile", "a")
    assert result.exit_code == 1
    assert one_line(result)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_missing_region_is_a_wrong_command_line(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    result = run(*command, "--stack", "engage")
    assert (result.exit_code, "there is no region: give --region" in one_line(result)) == (2, True)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_endpoint_that_does_not_answer_is_one_line(command: list[str]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        result = run(*command, "--stack", "engage", "--endpoint-url", url)
    assert (result.exit_code, "AWS does not answer" in one_line(result)) == (5, True)
    assert url in result.stderr


class WebPage(BaseHTTPRequestHandler):
    """Answers every request with a page that is no answer of AWS."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>Welcome<br></html>")

    do_GET = do_POST  # noqa: N815 - the name that http.server calls

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def web_page() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), WebPage) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_endpoint_that_is_not_aws_is_one_line(command: list[str], web_page: str) -> None:
    result = run(*command, "--stack", "engage", "--endpoint-url", web_page)
    assert (result.exit_code, "AWS does not answer" in one_line(result)) == (5, True)


def test_a_redrive_by_resource_names_needs_retention_and_contract_mode() -> None:
    names = ["--quarantine-bucket", "q", "--table", "t", "--bodies-bucket", "b"]
    retention, mode = ["--history-retention-days", "0"], ["--contract-mode", "tolerant"]
    for given, missing in (
        ([], "or give --history-retention-days and --contract-mode."),
        (retention, "or give --contract-mode."),
        (mode, "or give --history-retention-days."),
    ):
        for more in ([], ["--execute"], ["contract/a", "--execute"]):
            result = run("quarantine", "redrive", *names, *given, *more)
            assert result.exit_code == 2
            assert missing in one_line(result)


@pytest.mark.usefixtures("aws")
def test_a_redrive_needs_the_name_of_the_bodies_bucket_before_it_meets_a_large_body() -> None:
    make_bucket("quarantine")
    result = run("quarantine", "redrive", "--quarantine-bucket", "quarantine", "--table", "t", "--execute")
    assert result.exit_code == 2
    assert "--bodies-bucket and --history-retention-days and --contract-mode" in one_line(result)


def test_the_longest_retention_is_that_of_the_template() -> None:
    maximum = (ROOT / "template.yaml").read_text().partition("  HistoryRetentionDays:\n")[2].partition("MaxValue: ")[2]
    assert int(maximum.partition("\n")[0]) == target.MOST_RETENTION_DAYS


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["quarantine", "nothing"], ["--nothing"], ["failures", "list", "x"]]
)
def test_an_unknown_command_option_or_argument_is_one_line(arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.exit_code, "--help" in one_line(result)) == (2, True)


def test_an_error_cannot_send_escape_sequences_to_a_terminal() -> None:
    assert "\x1b" not in one_line(run("quarantine", "\x1b[2J"))


def shell(*arguments: str, environment: dict[str, str] | None = None, stdout: Any = subprocess.PIPE) -> Any:
    return subprocess.run(  # noqa: S603
        [sys.executable, "-c", "from appointments_cli.main import main; main()", *arguments],
        env={**os.environ, **NAMES, **(environment or {})},
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "environment", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_a_terminal_that_cannot_print_a_character_gets_its_escape(environment: dict[str, str]) -> None:
    script = (
        "from appointments_cli.terminal import echo, replace_unencodable as replace; "
        "replace(); echo('caf\\u00e9'); echo('\\u20ac', err=True)"
    )
    result = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], env={**os.environ, **environment}, capture_output=True, check=True
    )
    assert (result.stdout, result.stderr) == (b"caf\\xe9\n", b"\\u20ac\n")
    answer = shell("quarantine", "caf\u00e9", environment=environment)
    assert answer.returncode == 2
    assert answer.stderr.count(b"\n") == 1
    assert answer.stderr.isascii()


def test_an_output_that_cannot_be_written_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        answer = shell("--version", stdout=full)
    assert (answer.returncode, answer.stderr) == (1, b"Error: No space left on device\n")


def test_a_closed_pipe_ends_the_command_quietly() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    answer = shell("--version", stdout=writer)
    os.close(writer)
    assert (answer.returncode, answer.stderr) == (1, b"")


def commands(command: click.Command, name: str) -> Iterator[list[str]]:
    yield [name]
    if isinstance(command, click.Group):
        for child_name in command.list_commands(click.Context(command)):
            child = command.get_command(click.Context(command), child_name)
            assert child is not None
            for names in commands(child, child_name):
                yield [name, *names]


@pytest.mark.parametrize("names", list(commands(main, "appointments")), ids=" ".join)
def test_the_help_of_every_command_describes_every_option_in_ascii(names: list[str]) -> None:
    command: click.Command = main
    for name in names[1:]:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    assert command.help
    assert [option.name for option in command.params if isinstance(option, click.Option) and not option.help] == []
    assert run(*names[1:], "--help").stdout.isascii()


def test_every_line_goes_through_the_one_function_that_escapes() -> None:
    writers = {"print", "click.echo", "click.secho", "sys.stdout.write", "sys.stderr.write", "sys.stdout.buffer.write"}
    calls = {
        (path.relative_to(ROOT).as_posix(), ast.unparse(node.func))
        for path in (ROOT / "cli").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    assert {file for file, call in calls if call in writers} == {"cli/appointments_cli/terminal.py"}
