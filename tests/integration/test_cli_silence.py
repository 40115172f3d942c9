"""An AWS that is out of reach ends every command with exit code 5 within 15 seconds, however it is out of reach."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from appointments import timing
from appointments_cli import reach, silence, target
from appointments_cli.errors import UNREACHABLE, UnreachableError
from appointments_cli.silence import Silence
from tests.integration.test_cli_errors import COMMANDS, NAMES, one_line, run

MOST_SECONDS = 15
SLOW_MACHINE = 4
"""A process may need this many times as long for what is no waiting."""
COMMAND = str(Path(sys.executable).parent / "appointments")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in NAMES.items():
        monkeypatch.setenv(name, value)


@contextmanager
def hanging() -> Iterator[str]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def black_hole() -> Iterator[str]:
    """A port whose queue of connections is full, so that the system drops each further one."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = server.getsockname()
        for _ in range(3):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}"


@contextmanager
def unknown_name() -> Iterator[str]:
    yield "http://nowhere.invalid"


WAYS = {"hanging": hanging, "black hole": black_hole, "unknown name": unknown_name}


def test_the_limits_add_up_to_less_than_15_seconds() -> None:
    longest_start = 1.0  # of the process, before its first call
    assert longest_start + silence.LIMIT_SECONDS + silence.POLL_SECONDS + silence.GRACE_SECONDS <= MOST_SECONDS
    assert silence.LIMIT_SECONDS > reach.PATIENCE_SECONDS
    assert max(target.READ_SECONDS, timing.PUBLISHER_CALL.read) < silence.LIMIT_SECONDS


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_endpoint_that_never_answers_ends_every_command(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "READ_SECONDS", 0.05)
    monkeypatch.setattr(reach, "PATIENCE_SECONDS", 0.01)
    with hanging() as url:
        result = run(*command, "--stack", "engage", "--endpoint-url", url)
    assert (result.exit_code, f"AWS does not answer at {url} within 0 s" in one_line(result)) == (UNREACHABLE, True)
    assert result.stdout == ""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("way", WAYS)
def test_the_wait_for_a_silent_aws_is_interrupted_whatever_the_timeouts_of_the_sdk(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target, "CONNECT_SECONDS", 300)
    monkeypatch.setattr(target, "READ_SECONDS", 300)
    monkeypatch.setattr(reach, "PATIENCE_SECONDS", 300)
    monkeypatch.setattr(silence, "LIMIT_SECONDS", 0.2)
    with WAYS[way]() as url:
        result = run("status", "--stack", "engage", "--endpoint-url", url)
    assert (result.exit_code, url in one_line(result)) == (UNREACHABLE, True)
    del result  # its traceback has the interrupted connection, which a process that ends does not close
    gc.collect()


def test_a_process_that_cannot_be_interrupted_is_ended(tmp_path: Path) -> None:
    """A resolver that hangs is a call of C: no signal reaches Python code before it returns."""
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            """\
            import signal, socket, time
            from appointments_cli import silence
            from appointments_cli.main import main

            def hang(*_, **__):
                signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
                time.sleep(300)

            socket.getaddrinfo = hang
            silence.LIMIT_SECONDS, silence.GRACE_SECONDS = 0.2, 0.2
            main(["status", "--stack", "engage"])
            """
        )
    )
    answer = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    assert (answer.returncode, answer.stdout) == (UNREACHABLE, "")
    assert answer.stderr == (
        "Error: AWS does not answer at https://cloudformation.eu-west-1.amazonaws.com within 0 s: "
        "check the network, --region and --endpoint-url\n"
    )


@pytest.mark.nightly
@pytest.mark.parametrize("way", WAYS)
def test_the_command_ends_in_time(way: str) -> None:
    with WAYS[way]() as url:
        began = time.monotonic()
        answer = subprocess.run(  # noqa: S603
            [COMMAND, "status", "--stack", "engage", "--endpoint-url", url],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        seconds = time.monotonic() - began
    assert (answer.returncode, url in answer.stderr) == (UNREACHABLE, True)
    assert seconds < SLOW_MACHINE * MOST_SECONDS


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_answer_to_any_call_begins_the_count_again_and_a_finished_call_is_not_waited_for() -> None:
    clock = Clock()
    quiet = Silence(clock)
    quiet.sent("http://a")
    clock.now = silence.LIMIT_SECONDS + 1
    assert quiet._is_too_long()
    quiet.answered()
    assert not quiet._is_too_long()
    quiet.sent("http://a")  # another try of the same call
    clock.now *= 2
    quiet.finished()
    assert not quiet._is_too_long()
    quiet.sent("http://a")  # the next call, without an answer in between
    assert quiet._is_too_long()


def test_a_silent_call_in_another_thread_interrupts_the_main_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "LIMIT_SECONDS", 0.1)
    quiet = Silence()

    def wait() -> None:
        with quiet.watched():
            thread = threading.Thread(target=quiet.sent, args=("http://a",))
            thread.start()
            thread.join()
            threading.Event().wait(300)

    with pytest.raises(UnreachableError):
        wait()
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL
