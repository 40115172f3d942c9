"""What each lever gives, one by one: a built function beside itself with that one lever undone.

Undone is a text in one of its files, or what the build left out. A text that is no longer there is an error, so that
no lever is reported that the code does not have.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import botocore

from bench import deliveries, folders
from bench.measures import MILLISECONDS, Measure, Measures
from bench.process import Process
from bench.stub import Stub
from bench.variants import WEBHOOK, Variant
from bench.verify import check_answer

UNDONE = "undone"
WARM_UP, WARM = 20, 40
SECRET_SECONDS = 0.020
"""A call to Secrets Manager, and there are two; with the first connection of a start it may well take longer."""
SESSION = "_session = lean_session(SERVICES)"


class StaleLeverError(Exception):
    """The code is no longer what the lever says of it."""


@dataclass(frozen=True, slots=True)
class Lever:
    """``undo`` is given the folders of the function's code and of the layers, which it may change."""

    key: str
    title: str
    undo: Callable[[Path, Path], None]


def _without_bytecode(*folders_of_code: Path) -> None:
    for folder in folders_of_code:
        for cache in list(folder.rglob("__pycache__")):
            shutil.rmtree(cache)


def _with_all_data(_task: Path, opt: Path) -> None:
    shutil.rmtree(opt / "botocore" / "data")
    shutil.copytree(Path(botocore.__file__).parent / "data", opt / "botocore" / "data")


def _with_boto3(task: Path, opt: Path) -> None:
    for package in ("boto3", "s3transfer"):
        shutil.copytree(folders.locked("bench-typical") / package, opt / package)
    _replace(task / "webhook" / "clients.py", SESSION, "import boto3\n\n_session = boto3.Session()")
    _replace(task / "webhook" / "clients.py", "_session.create_client(", "_session.client(")
    _replace(opt / "appointments" / "sdk.py", "session.user_agent()", "session._session.user_agent()")


def _edit(file: str, *pairs: tuple[str, str]) -> Callable[[Path, Path], None]:
    """``file`` is below the function's code (``webhook/``, ``publisher/``) or the layers' (``appointments/``)."""

    def undo(task: Path, opt: Path) -> None:
        folder = opt if file.startswith("appointments/") else task
        for old, new in pairs:
            _replace(folder / file, old, new)

    return undo


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    if old not in text:
        raise StaleLeverError(f"{file.name} has no {old!r}")
    file.write_text(text.replace(old, new), encoding="utf-8")


ALL_AT_START = (
    "finish()\n",
    "from appointments.storage.backlog import Backlog as _1\nfrom appointments.storage.bodies import Bodies as _2\n"
    "from appointments.storage.quarantine import Quarantine as _3\n_s3.meta\nclient('sqs')\nfinish()\n",
)
ONE_LINE = "        metrics.add_metadata(name, value)\n"
TWO_LINES = f'{ONE_LINE}    logger.info(receipt.outcome.value, extra={{"event_type": line["event_type"]}})\n'
NEW_THREAD = ("        self.idle.append(self)", "        pass")
ONE_TASK = ("        while True:\n            self._do", "        if True:\n            self._do")
LEVERS = [
    Lever("bytecode", "bytecode in the package", _without_bytecode),
    Lever("data", "the SDK's data trimmed", _with_all_data),
    Lever("boto3", "botocore without boto3", _with_boto3),
    Lever(
        "session",
        "a session without other services' handlers",
        _edit("appointments/sdk.py", ("if not service or ", "if True or ")),
    ),
    Lever("collector", "no garbage collection during the start", _edit("webhook/startup.py", ("gc.disable()", "pass"))),
    Lever(
        "prepared",
        "the contract's schema prepared",
        _edit("appointments/contract/validation.py", ("MODEL = model_for(VERSION)", "MODEL = Envelope")),
    ),
    Lever("lazy", "fallbacks imported when needed", _edit("webhook/handler.py", ALL_AT_START)),
    Lever("ahead", "the secret read ahead", _edit("webhook/startup.py", ("= _read_ahead()", "= None"))),
    Lever(
        "validation",
        "parameters not validated by the SDK",
        _edit("appointments/sdk.py", ("parameter_validation=False", "parameter_validation=True")),
    ),
    Lever(
        "agent",
        "the user agent made once",
        _edit(
            "appointments/sdk.py",
            ("        user_agent=session.user_agent(),  # assembled once instead of twice in each call\n", ""),
        ),
    ),
    Lever("line", "one line a delivery", _edit("webhook/handler.py", (ONE_LINE, TWO_LINES))),
    Lever("thread", "a call's thread kept", _edit("appointments/deadline.py", NEW_THREAD, ONE_TASK)),
    Lever(
        "decoding",
        "a body decoded once",
        _edit("appointments/contract/document.py", ("return document if _has", "return document if not body and _has")),
    ),
]
PUBLISHERS_LEVERS = [
    Lever(
        "entries",
        "ten events a call",
        _edit("appointments/publishing/bus.py", ("CALL_ENTRIES = 10", "CALL_ENTRIES = 1")),
    ),
    Lever(
        "flights",
        "four calls at once",
        _edit("appointments/publishing/publication.py", ("CALLS_IN_FLIGHT = 4", "CALLS_IN_FLIGHT = 1")),
    ),
    Lever(
        "place",
        "messages made in place",
        _edit("appointments/publishing/publication.py", (" if event.fetches else event.build()", "")),
    ),
    Lever(
        "same",
        "a look only into members that differ",
        _edit("appointments/publishing/changes.py", ("return value != previous and bool(", "return bool(")),
    ),
]
"""Measured by :mod:`.publishing`."""


def measure(webhook: Variant, measures: Measures, *, rounds: int, levers: Sequence[Lever] = tuple(LEVERS)) -> None:
    """The webhook as built once a round, and once with each lever undone."""
    stub = Stub()
    variants = {lever.key: undone(webhook, lever) for lever in levers}
    for _ in range(rounds):
        built = _one(webhook, stub)
        for lever in levers:
            other = _one(variants[lever.key], stub)
            for what, title, ours, others in zip(
                ("Cold", "Warm"), ("cold start", "warm delivery"), built, other, strict=True
            ):
                row = Measure(f"levers.{lever.key}{what}", f"{lever.title}: {title}, CPU", "ms", UNDONE)
                measures.add(row, WEBHOOK, ours)
                measures.add(row, UNDONE, others)
    stub.stop()
    if "ahead" in variants:
        _measure_waiting(webhook, variants["ahead"], measures, rounds)


def _measure_waiting(webhook: Variant, other: Variant, measures: Measures, rounds: int) -> None:
    """What is read ahead is waited for meanwhile, so it takes a Secrets Manager that takes its time to see it."""
    stub = Stub(waits={"secretsmanager.GetSecretValue": SECRET_SECONDS})
    title = f"the secret read ahead, {SECRET_SECONDS * MILLISECONDS:.0f} ms a call: cold start, wall"
    for _ in range(rounds):
        for name, variant in ((WEBHOOK, webhook), (UNDONE, other)):
            with Process(variant, stub.url) as process:
                ready = process.wait_until_ready()
                first = process.invoke(_event())
            check_answer(first.body)
            row = Measure("levers.aheadWaiting", title, "ms", UNDONE)
            measures.add(row, name, (ready + first.seconds) * MILLISECONDS)
    stub.stop()


def undone(built: Variant, lever: Lever) -> Variant:
    """A copy of the built function without what the lever gives."""
    folder = folders.FOLDER / "levers" / lever.key
    shutil.rmtree(folder, ignore_errors=True)
    task, opt = folder / "task", folder / "opt"
    shutil.copytree(built.task, task)
    shutil.copytree(built.layers[0], opt)
    lever.undo(task, opt)
    if lever.key != "bytecode":
        for part in (task, opt / "appointments"):
            folders.compiled(part)
    return replace(built, task=task, layers=(opt,))


def _one(variant: Variant, stub: Stub) -> tuple[float, float]:
    """The CPU of a cold start with its first delivery, and of a warm delivery."""
    with Process(variant, stub.url) as process:
        process.wait_until_ready()
        check_answer(process.invoke(_event()).body)
        cold = process.cpu_seconds()
        for _ in range(WARM_UP):
            process.invoke(_event())
        before = process.cpu_seconds()
        for _ in range(WARM):
            process.invoke(_event())
        return cold * MILLISECONDS, (process.cpu_seconds() - before) / WARM * MILLISECONDS


def _event() -> bytes:
    return deliveries.event(deliveries.encode(deliveries.renewed(deliveries.document())))
