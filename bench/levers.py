"""The effect of each optimisation: a built function beside a copy of it with one optimisation, a lever, undone.

An edit whose text is no longer in the code raises StaleLeverError. So the report has no lever that the code lacks.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import botocore
import pydantic_core

from bench import deliveries, folders
from bench.checks import check_answer
from bench.measures import MILLISECONDS, Measure, Measures
from bench.process import Process
from bench.stub import Stub
from bench.variants import ROOTS, WEBHOOK, Variant

UNDONE = "undone"
SECRET_SECONDS = 0.020
"""The assumed duration of each of the two calls to Secrets Manager at a start."""
WAITING_KEY = "levers.aheadWaiting"
WAITING_TITLE = f"cold start with {SECRET_SECONDS * MILLISECONDS:.0f} ms for each call to Secrets Manager, elapsed time"
MODELS = """

from appointments.contract.models import Envelope


def _validator():
    return Envelope.__pydantic_validator__
"""
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


def restore_models(_task: Path, opt: Path) -> None:
    """Make the validator from the models, with pydantic."""
    _append(opt / "appointments" / "contract" / "validation.py", "def _validator(", MODELS)


def _restore_typed_dicts(_task: Path, opt: Path) -> None:
    module = opt / "pydantic_core" / "core_schema.py"
    shutil.copyfile(Path(pydantic_core.__file__).parent / "core_schema.py", module)
    folders.compile_bytecode(module.parent)


def _restore_boto3(_task: Path, opt: Path) -> None:
    for package in ("boto3", "s3transfer"):
        shutil.copytree(folders.locked("bench-typical") / package, opt / package)
    replace_session(opt)


def replace_session(opt: Path) -> None:
    """Make the clients from a session of boto3."""
    _append(opt / "appointments" / "sdk.py", "def new_session(", BOTO3_SESSION)


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


def _append(file: Path, replaced: str, text: str) -> None:
    """Append a function that replaces another one of the same name."""
    _replace(file, replaced, replaced)
    with file.open("a", encoding="utf-8") as end:
        end.write(text)


def _trust_the_whole_bundle(_task: Path, opt: Path) -> None:
    shutil.copyfile(opt / "botocore" / "cacert.pem", opt / ROOTS)


LEVERS = [
    Lever("bytecode", "bytecode in the package", _remove_bytecode),
    Lever("data", "the SDK's data trimmed", _restore_sdk_data),
    Lever("core", "the core of pydantic alone", restore_models),
    Lever("annotations", "no annotations of TypedDict", _restore_typed_dicts),
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


def measure_waiting(webhook: Variant, measures: Measures, *, rounds: int) -> None:
    """Measure the secret read ahead with calls that take time, since the lever hides the wait for them."""
    (lever,) = (lever for lever in LEVERS if lever.key == "ahead")
    copy = undone(webhook, lever)
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
