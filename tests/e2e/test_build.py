"""What `sam build` makes: compiled for Lambda, only what the functions import, the same every time."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.folders import LAYERS
from tests import runtime, sam
from tests.artefacts import FUNCTIONS, bytes_in, digest, make_read_only
from tests.e2e.conftest import fresh_aws

MOST_BYTES = 15_000_000
"""Of a function with its layers, unpacked: reading them is a part of every cold start."""
ABSENT_PACKAGES = {
    "aws_xray_sdk": "Powertools' Tracer, which we do not use; it is looked for when one is made",
    "snapshot_restore_py": "Lambda has it where a function starts from a snapshot",
    "awscrt": "a faster transfer that botocore uses where it is installed",
    "botocore.customizations.useragent": "a hook for whoever repackages botocore",
    "brotli": "compressed answers, which no AWS service gives us",
    "brotlicffi": "the same",
    "backports": "the same: zstd",
    "certifi": "botocore has certificates of its own",
    "compression": "the standard library's zstd, from 3.14 on",
    "annotationlib": "the standard library's, from 3.14 on",
    "StringIO": "Python 2's",
    "email_validator": "pydantic's EmailStr, which the contract has not",
    "idna": "host names that are not ASCII; no AWS endpoint is one",
    "rich": "pydantic's own debugging",
}
NAMED_AND_PRUNED = {
    "aws_lambda_powertools.event_handler": "for a pydantic model in a log line, by an encoder that is not used",
    "botocore.crt.auth": "only with awscrt",
    "dateutil.tz.win": "only on Windows",
    "dateutil.zoneinfo": "for a time zone by a name that the system does not know",
    "pydantic.v1": "for a model with validators of version 1",
    "urllib3.contrib.emscripten": "only in a browser",
    "urllib3.contrib.pyopenssl": "only with pyOpenSSL, else botocore takes the standard library's ssl",
    "urllib3.http2.connection": "only with h2",
}
NOWHERE = {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9"}
SHELL = {
    "PYTHONHASHSEED": "5",
    "PYTHONOPTIMIZE": "2",
    "PYTHONNODEBUGRANGES": "1",
    "PYTHONPYCACHEPREFIX": "/nonexistent",
}
"""Variables by which Python compiles otherwise, or elsewhere."""
STARTS: list[tuple[str, list[str], dict[str, str]]] = [
    ("WebhookFunction", ["webhook/create", "webhook/duplicate", "webhook/invalid", "webhook/unauthenticated"], {}),
    ("WebhookFunction", ["webhook/create", "webhook/invalid"], {"CONTRACT_MODE": "tolerant"}),
    ("WebhookFunction", ["webhook/create"], NOWHERE),
    ("PublisherFunction", ["stream/batch", "stream/poison"], {}),
    ("BacklogFunction", ["backlog/batch", "backlog/poison"], {}),
]


@pytest.mark.parametrize("artefact", [*FUNCTIONS, *LAYERS])
def test_every_module_has_bytecode_that_is_its_sources_and_knows_its_place(built: Path, artefact: str) -> None:
    assert list((built / artefact).rglob("*.py"))
    prefix = "/var/task" if artefact in FUNCTIONS else "/opt"
    assert runtime.run("bytecode", {"folder": str(built / artefact), "prefix": prefix}) == []


@pytest.mark.parametrize("spoil", ["remove", "age", "check", "change", "orphan"])
def test_bytecode_that_is_not_its_sources_is_noticed(built: Path, tmp_path: Path, spoil: str) -> None:
    shutil.copytree(built / "BacklogFunction" / "backlog", tmp_path / "backlog")
    source = tmp_path / "backlog" / "handler.py"
    bytecode = source.parent / "__pycache__" / "handler.cpython-313.pyc"
    match spoil:
        case "remove":
            bytecode.unlink()
        case "age":
            bytecode.write_bytes(bytes(4) + bytecode.read_bytes()[4:])
        case "check":
            bytecode.write_bytes(bytecode.read_bytes()[:4] + b"\x03" + bytecode.read_bytes()[5:])
        case "change":
            source.write_text(source.read_text() + "\n")
        case "orphan":
            source.unlink()
    (fault,) = runtime.run("bytecode", {"folder": str(tmp_path), "prefix": "/var/task"})
    assert "handler" in fault


@pytest.mark.parametrize(("function", "events", "variables"), STARTS)
def test_a_function_compiles_nothing_and_writes_nothing(
    start: Callable[..., Any], function: str, events: list[str], variables: dict[str, str]
) -> None:
    answer = start(function, events, variables)
    assert (answer["compiled"], answer["written"]) == ([], [])
    assert len(answer["answers"]) == len(events)
    if variables is NOWHERE:  # all that a deferred delivery needs was there
        assert json.loads(answer["answers"][0]["body"])["outcome"] == "deferred"


def test_a_module_without_bytecode_is_noticed(start: Callable[..., Any], opt: Path, tmp_path: Path) -> None:
    layers = tmp_path / "opt"
    shutil.copytree(opt, layers)
    (missing,) = layers.rglob("quarantine.cpython-313.pyc")
    missing.parent.chmod(0o755)
    missing.unlink()
    make_read_only(layers)
    answer = start("WebhookFunction", ["webhook/invalid"], {}, layers)
    assert answer["compiled"] == [str(missing.parent.parent / "quarantine.py")]
    assert answer["written"], "Python tries to keep what it compiled"
    assert not missing.exists(), "and could not, as on Lambda: every start would compile it again"


def test_every_module_has_what_it_imports(built: Path, opt: Path) -> None:
    variables: dict[str, str] = {}
    paths = [str(built / function) for function in FUNCTIONS] + [str(opt / "python")]
    with fresh_aws() as aws:
        for function in FUNCTIONS:
            variables |= aws.environment(function)
        answer = runtime.run("modules", {"paths": paths}, variables)
    assert answer["broken"] == {}
    excused = {*ABSENT_PACKAGES, *NAMED_AND_PRUNED}
    missing = answer["dangling"]
    assert {name: by for name, by in missing.items() if not _starts(name, excused)} == {}
    assert {name for name in excused if not any(_starts(other, {name}) for other in missing)} == set()


@pytest.mark.parametrize(("function", "package"), FUNCTIONS.items())
def test_a_function_holds_its_own_package_and_no_other(built: Path, function: str, package: str) -> None:
    assert [path.name for path in (built / function).iterdir()] == [package]
    sources = {path.name for path in (sam.ROOT / "functions" / package).glob("*.py")}
    assert {path.name for path in (built / function / package).iterdir()} == {*sources, "__pycache__"}


def test_the_layers_hold_the_package_and_the_lock(built: Path) -> None:
    assert [path.name for path in (built / "AppointmentsLayer" / "python").iterdir()] == ["appointments"]
    lock = (sam.ROOT / "requirements" / "lambda.txt").read_text()
    locked = {line.split("=")[0].replace("-", "_") for line in lock.splitlines() if line[:1].isalpha()}
    found = (built / "DependenciesLayer" / "python").glob("*.dist-info")
    assert {path.name.partition("-")[0] for path in found} == locked


def test_each_library_keeps_its_licence_and_what_scanners_know_it_by(built: Path) -> None:
    for distribution in (built / "DependenciesLayer" / "python").glob("*.dist-info"):
        names = {path.name for path in distribution.rglob("*") if path.is_file()}
        assert "METADATA" in names, distribution.name
        assert any(name.startswith("LICENSE") for name in names), distribution.name
        assert not names & {"RECORD", "INSTALLER", "direct_url.json", "entry_points.txt"}
    assert (built / "DependenciesLayer" / "python" / "botocore" / "cacert.pem").is_file()


def test_a_function_with_its_layers_is_small(built: Path) -> None:
    layers = sum(bytes_in(built / layer) for layer in LAYERS)
    assert {
        function: size for function in FUNCTIONS if (size := bytes_in(built / function) + layers) > MOST_BYTES
    } == {}


@pytest.fixture
def private_files() -> Iterator[None]:
    """As of a shell whose user keeps files to themselves."""
    usual = os.umask(0o077)
    yield
    os.umask(usual)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project in another folder, with what editors and interpreters leave behind."""
    copy = tmp_path / "a copy"
    for name in ("functions", "layers"):
        shutil.copytree(sam.ROOT / name, copy / name)
    for name in ("template.yaml", "samconfig.toml", ".python-version"):
        shutil.copy(sam.ROOT / name, copy / name)
    for package in (copy / "functions" / "webhook", copy / "layers" / "appointments" / "appointments"):
        (package / "handler.py~").touch()
        (package / "__pycache__").mkdir(exist_ok=True)
        (package / "__pycache__" / "gone.cpython-313.pyc").touch()
    return copy


@pytest.mark.nightly
@pytest.mark.usefixtures("private_files")
def test_another_build_in_another_folder_is_the_same_and_a_change_is_built(
    built: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**SHELL, "PYTHONPYCACHEPREFIX": str(tmp_path / "elsewhere")}.items():
        monkeypatch.setenv(name, value)
    again = sam.build(tmp_path / "built", project)
    for artefact in (*FUNCTIONS, *LAYERS):
        assert digest(again / artefact) == digest(built / artefact), artefact
    with (project / "layers" / "appointments" / "appointments" / "storage" / "store.py").open("a") as source:
        source.write("CHANGED = True\n")
    changed, before = (digest(folder / "AppointmentsLayer") for folder in (sam.build(again, project), built))
    assert {path for path in before if changed[path] != before[path]} == {
        "python/appointments/storage/store.py",
        "python/appointments/storage/__pycache__/store.cpython-313.pyc",
    }


def _starts(name: str, prefixes: set[str]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)
