"""The effect of each optimisation: a built function beside a copy of it with one optimisation, a lever, undone.

An edit whose text is no longer in the code raises StaleLeverError. So the report has no lever that the code lacks.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import botocore

from bench import deliveries, folders
from bench.checks import check_answer
from bench.measures import MILLISECONDS, Measure, Measures
from bench.process import Process
from bench.stub import Stub
from bench.variants import ROOTS, WEBHOOK, Variant

UNDONE = "undone"
PHASES = {"Cold": "cold start", "First": "first delivery", "Warm": "warm delivery"}
WARM_UP, WARM = 20, 40
SECRET_SECONDS = 0.020
"""The assumed duration of each of the two calls to Secrets Manager at a start."""
WAITING_KEY = "levers.aheadWaiting"
WAITING_TITLE = f"the secret read ahead, {SECRET_SECONDS * MILLISECONDS:.0f} ms a call, elapsed time"
BOTO3_SESSION = """

def new_session():
    import boto3

    return boto3.Session()._session
"""


class StaleLeverError(Exception):
    """A lever that edits a text which is not in the code."""


@dataclass(frozen=True, slots=True)
class Lever:
    """An optimisation. ``undo`` edits the folders of the function's code and of the layers."""

    key: str
    title: str
    undo: Callable[[Path, Path], None]


def _remove_bytecode(task: Path, opt: Path) -> None:
    for cache in [*task.rglob("__pycache__"), *opt.rglob("__pycache__")]:
        shutil.rmtree(cache)


def _restore_sdk_data(_task: Path, opt: Path) -> None:
    shutil.rmtree(opt / "botocore" / "data")
    shutil.copytree(Path(botocore.__file__).parent / "data", opt / "botocore" / "data")


def _restore_boto3(_task: Path, opt: Path) -> None:
    for package in ("boto3", "s3transfer"):
        shutil.copytree(folders.locked("bench-typical") / package, opt / package)
    replace_session(opt)


def replace_session(opt: Path) -> None:
    """Make the clients from a session of boto3."""
    signature = "def new_session("
    _replace(opt / "appointments" / "sdk.py", signature, signature)
    with (opt / "appointments" / "sdk.py").open("a", encoding="utf-8") as file:
        file.write(BOTO3_SESSION)


def edit(file: str, old: str, new: str) -> Callable[[Path, Path], None]:
    """Return an ``undo`` that edits a file of the function's code or, below ``appointments/``, of the layers."""

    def undo(task: Path, opt: Path) -> None:
        _replace((opt if file.startswith("appointments/") else task) / file, old, new)

    return undo


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    if old not in text:
        raise StaleLeverError(f"{file.name} has no {old!r}: change or remove the lever in bench/levers.py")
    file.write_text(text.replace(old, new), encoding="utf-8")


def _trust_the_whole_bundle(_task: Path, opt: Path) -> None:
    shutil.copyfile(opt / "botocore" / "cacert.pem", opt / ROOTS)


LEVERS = [
    Lever("bytecode", "bytecode in the package", _remove_bytecode),
    Lever("data", "the SDK's data trimmed", _restore_sdk_data),
    Lever("boto3", "botocore without boto3", _restore_boto3),
    Lever("collector", "no garbage collection during the start", edit("webhook/startup.py", "gc.disable()", "pass")),
    Lever("roots", "the five roots of Amazon", _trust_the_whole_bundle),
    Lever(
        "opening",
        "the table's connection opened at start",
        edit("webhook/handler.py", "= ahead(_store.open)", "= None"),
    ),
    Lever(
        "ahead",
        "the secret read ahead",
        edit("webhook/startup.py", "if isinstance(authenticate, Authentication) else", "if False else"),
    ),
    Lever(
        "validation",
        "no validation of parameters by the SDK",
        edit("appointments/sdk.py", "parameter_validation=False", "parameter_validation=True"),
    ),
]
PUBLISHER_LEVERS = [
    Lever(
        "entries",
        "ten events a call",
        edit("appointments/publishing/bus.py", "CALL_ENTRIES = 10", "CALL_ENTRIES = 1"),
    ),
    Lever(
        "calls",
        "four calls in flight",
        edit("appointments/publishing/publication.py", "CALLS_IN_FLIGHT = 4", "CALLS_IN_FLIGHT = 1"),
    ),
]
"""The levers that :mod:`.publishing` measures."""


def measure(webhook: Variant, measures: Measures, *, rounds: int, levers: Sequence[Lever] = tuple(LEVERS)) -> None:
    """Measure the built webhook and a copy for each lever, once a round."""
    stub = Stub()
    variants = {lever.key: undone(webhook, lever) for lever in levers}
    for _ in range(rounds):
        built = _measure_process(webhook, stub)
        for lever in levers:
            copy = _measure_process(variants[lever.key], stub)
            for (phase, title), value, value_undone in zip(PHASES.items(), built, copy, strict=True):
                row = Measure(f"levers.{lever.key}{phase}", f"{lever.title}: {title}, CPU", "ms", UNDONE)
                measures.add(row, WEBHOOK, value)
                measures.add(row, UNDONE, value_undone)
    stub.stop()
    if "ahead" in variants:
        _measure_waiting(webhook, variants["ahead"], measures, rounds)


def _measure_waiting(webhook: Variant, copy: Variant, measures: Measures, rounds: int) -> None:
    """Measure the secret read ahead with calls that take time, since the lever hides the wait for them."""
    stub = Stub(waits={"secretsmanager.GetSecretValue": SECRET_SECONDS})
    for _ in range(rounds):
        for name, variant in ((WEBHOOK, webhook), (UNDONE, copy)):
            with Process(variant, stub.url) as process:
                ready = process.wait_until_ready()
                first = process.invoke(deliveries.sample_event())
            check_answer(first.body)
            measures.add(
                Measure(WAITING_KEY, WAITING_TITLE, "ms", UNDONE), name, (ready + first.seconds) * MILLISECONDS
            )
    stub.stop()


def undone(built: Variant, lever: Lever) -> Variant:
    """Return a copy of the built function without the lever."""
    folder = folders.FOLDER / "levers" / lever.key
    shutil.rmtree(folder, ignore_errors=True)
    task, opt = folder / "task", folder / "opt"
    shutil.copytree(built.task, task)
    shutil.copytree(built.layers[0], opt)
    lever.undo(task, opt)
    if lever.key != "bytecode":
        for part in (task, opt / "appointments"):
            folders.compile_bytecode(part)
    return replace(built, task=task, layers=(opt,), trusted=opt / ROOTS)


def _measure_process(variant: Variant, stub: Stub) -> tuple[float, float, float]:
    """Return the CPU of a cold start with its first delivery, of the latter, and of a warm one, in milliseconds."""
    with Process(variant, stub.url) as process:
        process.wait_until_ready()
        ready = process.cpu_seconds()
        check_answer(process.invoke(deliveries.sample_event()).body)
        cold = process.cpu_seconds()
        for _ in range(WARM_UP):
            process.invoke(deliveries.sample_event())
        before = process.cpu_seconds()
        for _ in range(WARM):
            process.invoke(deliveries.sample_event())
        first = cold - ready
        return cold * MILLISECONDS, first * MILLISECONDS, (process.cpu_seconds() - before) / WARM * MILLISECONDS
