"""The output of `sam build`: compiled for Lambda, reduced to what the functions import, and reproducible."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.folders import LAYERS
from tests import runtime, sam
from tests.artefacts import FUNCTIONS, bytes_in, digest, make_read_only
from tests.e2e.conftest import fresh_aws
from tests.reconcile import ENVIRONMENT as RECONCILE
from tests.template import default_conditions, resources, translate
from tests.unit.test_roots import FINGERPRINTS, PEM, fingerprint

MOST_BYTES = 15_000_000
"""The largest size of a function with its layers, unpacked. Every cold start reads them."""
ABSENT_PACKAGES = {
    "aws_xray_sdk": "for Powertools' Tracer, which we do not use",
    "snapshot_restore_py": "Lambda provides it for a start from a snapshot",
    "awscrt": "an optional faster transfer of botocore",
    "botocore.customizations.useragent": "a hook for repackaged versions of botocore",
    "brotli": "for compressed answers, which no AWS service here sends",
    "brotlicffi": "as brotli",
    "backports": "as brotli, for zstd",
    "certifi": "botocore includes its own certificates",
    "compression": "in the standard library from Python 3.14 on",
    "annotationlib": "in the standard library from Python 3.14 on",
    "StringIO": "a module of Python 2",
    "email_validator": "for pydantic's EmailStr, which the contract does not use",
    "idna": "for host names that are not ASCII; no AWS endpoint has one",
    "rich": "for debugging pydantic",
}
NAMED_AND_PRUNED = {
    "aws_lambda_powertools.event_handler": "for pydantic models in log lines, which we do not log",
    "botocore.crt.auth": "only with awscrt",
    "dateutil.tz.win": "only on Windows",
    "dateutil.zoneinfo": "for names of time zones that the system does not know",
    "pydantic.v1": "for a model with validators of version 1",
    "urllib3.contrib.emscripten": "only in a browser",
    "urllib3.contrib.pyopenssl": "only with pyOpenSSL; botocore uses the standard library's ssl",
}
NOWHERE = {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9"}
SHELL = {
    "PYTHONHASHSEED": "5",
    "PYTHONOPTIMIZE": "2",
    "PYTHONNODEBUGRANGES": "1",
    "PYTHONPYCACHEPREFIX": "/nonexistent",
}
"""Variables that change what Python compiles, or where it writes the bytecode."""
STARTS: list[tuple[str, list[str], dict[str, str]]] = [
    ("WebhookFunction", ["webhook/create", "webhook/duplicate", "webhook/invalid", "webhook/unauthenticated"], {}),
    ("WebhookFunction", ["webhook/create", "webhook/invalid"], {"CONTRACT_MODE": "tolerant"}),
    ("WebhookFunction", ["webhook/create"], NOWHERE),
    ("PublisherFunction", ["stream/batch", "stream/poison"], {}),
    ("BacklogFunction", ["backlog/batch", "backlog/poison"], {}),
]


@pytest.mark.parametrize("artefact", [*FUNCTIONS, *LAYERS])
def test_the_bytecode_of_every_module_matches_its_source_and_path(built: Path, artefact: str) -> None:
    assert list((built / artefact).rglob("*.py"))
    prefix = "/var/task" if artefact in FUNCTIONS else "/opt"
    assert runtime.run("bytecode", {"folder": str(built / artefact), "prefix": prefix}) == []


@pytest.mark.parametrize("damage", ["remove", "age", "check", "change", "orphan"])
def test_bytecode_that_does_not_match_its_source_is_reported(built: Path, tmp_path: Path, damage: str) -> None:
    shutil.copytree(built / "BacklogFunction" / "backlog", tmp_path / "backlog")
    source = tmp_path / "backlog" / "handler.py"
    bytecode = source.parent / "__pycache__" / "handler.cpython-313.pyc"
    match damage:
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
def test_a_function_compiles_no_module_and_writes_no_file(
    start: Callable[..., Any], function: str, events: list[str], variables: dict[str, str]
) -> None:
    answer = start(function, events, variables)
    assert (answer["compiled"], answer["written"]) == ([], [])
    assert len(answer["answers"]) == len(events)
    if variables is NOWHERE:  # the delivery is deferred, so the backlog's modules are complete
        assert json.loads(answer["answers"][0]["body"])["outcome"] == "deferred"


def test_a_missing_bytecode_file_is_reported(start: Callable[..., Any], opt: Path, tmp_path: Path) -> None:
    layers = tmp_path / "opt"
    shutil.copytree(opt, layers)
    (missing,) = layers.rglob("quarantine.cpython-313.pyc")
    missing.parent.chmod(0o755)
    missing.unlink()
    make_read_only(layers)
    answer = start("WebhookFunction", ["webhook/invalid"], {}, layers)
    assert answer["compiled"] == [str(missing.parent.parent / "quarantine.py")]
    assert answer["written"], "Python tries to write the bytecode"
    assert not missing.exists(), "the folder is read-only, as on Lambda, so every start would compile the module again"


def test_every_module_can_import_its_dependencies(built: Path, opt: Path) -> None:
    variables: dict[str, str] = {}
    paths = [str(built / function) for function in FUNCTIONS] + [str(opt / "python")]
    with fresh_aws() as aws:
        for function in FUNCTIONS:
            variables |= aws.environment(function)
        answer = runtime.run("modules", {"paths": paths}, variables)
    assert answer["broken"] == {}
    expected = {*ABSENT_PACKAGES, *NAMED_AND_PRUNED}
    missing = answer["dangling"]
    assert {name: by for name, by in missing.items() if not _is_in(name, expected)} == {}
    assert {name for name in expected if not any(_is_in(other, {name}) for other in missing)} == set()


@pytest.mark.parametrize(("function", "package"), FUNCTIONS.items())
def test_a_built_function_contains_only_its_own_package(built: Path, function: str, package: str) -> None:
    assert [path.name for path in (built / function).iterdir()] == [package]
    sources = {path.name for path in (sam.ROOT / "functions" / package).glob("*.py")}
    assert {path.name for path in (built / function / package).iterdir()} == {*sources, "__pycache__"}


def test_the_layers_contain_the_package_and_the_locked_libraries(built: Path) -> None:
    assert [path.name for path in (built / "AppointmentsLayer" / "python").iterdir()] == ["appointments"]
    lock = (sam.ROOT / "requirements" / "lambda.txt").read_text()
    locked = {line.split("=")[0].replace("-", "_") for line in lock.splitlines() if line[:1].isalpha()}
    found = (built / "DependenciesLayer" / "python").glob("*.dist-info")
    assert {path.name.partition("-")[0] for path in found} == locked


def test_each_library_has_its_licence_and_the_metadata_that_scanners_read(built: Path) -> None:
    for distribution in (built / "DependenciesLayer" / "python").glob("*.dist-info"):
        names = {path.name for path in distribution.rglob("*") if path.is_file()}
        assert "METADATA" in names, distribution.name
        assert any(name.startswith("LICENSE") for name in names), distribution.name
        assert not names & {"RECORD", "INSTALLER", "direct_url.json", "entry_points.txt"}
    assert (built / "DependenciesLayer" / "python" / "botocore" / "cacert.pem").is_file()


def test_the_layer_has_exactly_the_five_roots_of_amazon_beside_the_bundle_of_botocore(built: Path) -> None:
    layer = built / "DependenciesLayer" / "python"
    certificates = PEM.findall((layer / "amazon-roots.pem").read_text(encoding="utf-8"))
    assert sorted(map(fingerprint, certificates)) == sorted(FINGERPRINTS.values())
    assert len(PEM.findall((layer / "botocore" / "cacert.pem").read_text(encoding="utf-8"))) > len(FINGERPRINTS)


def test_a_function_with_its_layers_is_below_the_size_limit(built: Path) -> None:
    layers = sum(bytes_in(built / layer) for layer in LAYERS)
    assert {
        function: size for function in FUNCTIONS if (size := bytes_in(built / function) + layers) > MOST_BYTES
    } == {}


@pytest.fixture
def private_files() -> Iterator[None]:
    """A umask that makes new files private."""
    usual = os.umask(0o077)
    yield
    os.umask(usual)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project in another folder, with leftover files of editors and interpreters."""
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
def test_a_build_in_another_folder_is_identical_and_includes_a_change(
    built: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**SHELL, "PYTHONPYCACHEPREFIX": str(tmp_path / "elsewhere")}.items():
        monkeypatch.setenv(name, value)
    again = sam.build(tmp_path / "built", project)
    for artefact in (*FUNCTIONS, *LAYERS):
        assert digest(again / artefact) == digest(built / artefact), artefact
    with (project / "layers" / "appointments" / "appointments" / "storage" / "store.py").open("a") as source:
        source.write("CHANGED = True\n")
    (project / "layers" / "dependencies" / "own-authorities.pem").write_text("the authorities of a proxy")
    changed, before = (digest(folder / "AppointmentsLayer") for folder in (sam.build(again, project), built))
    assert {path for path in before if changed[path] != before[path]} == {
        "python/appointments/storage/store.py",
        "python/appointments/storage/__pycache__/store.cpython-313.pyc",
    }
    own = again / "DependenciesLayer" / "python" / "own-authorities.pem"
    assert own.read_text() == "the authorities of a proxy"


def _is_in(name: str, prefixes: set[str]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def test_without_the_parameter_no_reconciliation_is_built_or_created(built: Path) -> None:
    assert not (built / "ReconcileFunction").exists()
    assert not [name for name in resources(default_conditions()) if name.startswith("Reconcile")]
    created = {name: each.get("Condition") for name, each in translate()["Resources"].items() if "Reconcile" in name}
    assert set(created.values()) == {"Reconciles"}
    assert {"ReconcileFunction", "ReconcileFunctionSchedule", "ReconcileFunctionScheduleRole"} < set(created)


@pytest.mark.nightly
def test_with_the_parameter_the_reconciliation_is_built_and_starts(tmp_path: Path, opt: Path) -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:engage-AbCdEf"
    built = sam.build(tmp_path / "build", EngageApiSecretArn=arn, EngageEnterprise="acme")
    assert {path.name for path in (built / "ReconcileFunction").iterdir()} == {"reconcile"}
    paths = [str(built / "ReconcileFunction"), str(opt / "python")]
    program = f"import sys; sys.path[:0] = {paths}; from reconcile import handler as h"
    program += "; print(h._dynamodb.can_paginate('scan'))"
    python = runtime.python()
    data = str(opt / "python" / "reconciliation-sdk-data")
    variables = {**RECONCILE, "AWS_DATA_PATH": data, "AWS_DEFAULT_REGION": "eu-west-1"}
    answer = subprocess.run([python, "-S", "-c", program], env=variables, capture_output=True, text=True, check=False)  # noqa: S603
    assert answer.stdout == "True\n", answer.stderr
