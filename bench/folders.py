"""The folders that the measured processes import from, made once for each state of what they are made of.

A variant has one folder for its code, as Lambda's /var/task, and the functions one more for both layers, as
/opt/python. Nothing of the dev environment is on their path: the interpreter is a bare one, and the runtime client has
a folder of its own, the last one, as in Lambda.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HANDLERS = Path(__file__).parent / "handlers"
LOCKS = ROOT / "requirements"
FOLDER = ROOT / "build" / "bench"
BUILD = ROOT / ".aws-sam" / "bench"
"""Where `make bench` has the functions built, apart from what `sam build` and `sam deploy` use."""
RUNTIME = "python3.13"
LAYERS = ("DependenciesLayer", "AppointmentsLayer")


class MissingError(Exception):
    """What is to be measured is not there; the message says how to get it."""


def interpreter() -> Path:
    """A python3.13 that has its standard library and nothing else."""
    python = FOLDER / "python" / "bin" / "python"
    if not python.exists():
        subprocess.run([_base(), "-m", "venv", "--without-pip", "--clear", FOLDER / "python"], check=True)  # noqa: S603
    return python


def _base() -> str:
    """The interpreter itself: what is found on the path may be a script that looks for it, which takes its time."""
    found = shutil.which(RUNTIME)
    if f"python{sys.version_info.major}.{sys.version_info.minor}" == RUNTIME:
        found = sys.executable
    if found is None:
        raise MissingError(f"{RUNTIME}, the runtime of the functions, is not on the path")
    told = subprocess.run(  # noqa: S603
        [found, "-c", "import sys; print(sys._base_executable)"], check=True, capture_output=True, text=True
    )
    return told.stdout.strip()


def locked(lock: str) -> Path:
    """A folder with what a lock of requirements/ says and bytecode of it, as ``pip install --target`` makes it."""
    folder = FOLDER / f"{lock}-{_digest(LOCKS / f'{lock}.txt')}"
    if not folder.exists():
        print(f"installing requirements/{lock}.txt ...", file=sys.stderr, flush=True)
        python = interpreter()
        making = Path(f"{folder}.part")
        shutil.rmtree(making, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-qq", "--no-input"]
        pip += ["--disable-pip-version-check", "--root-user-action=ignore", "--no-compile", "--require-hashes"]
        subprocess.run([*pip, "--target", str(making), "-r", str(LOCKS / f"{lock}.txt")], check=True)  # noqa: S603
        compiled(making)
        making.rename(folder)
    return folder


def reference(name: str, lock: str | None, *, bytecode: bool = True) -> Path:
    """A package as a reference would be deployed: the handlers beside what they import."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    if lock:
        _copy(locked(lock), folder, bytecode=bytecode)
    _copy(HANDLERS, folder / "handlers", bytecode=False)
    if bytecode:
        compiled(folder / "handlers")
    return folder


def task(function: str, build: Path) -> Path:
    """A built function's code, where the build put it."""
    folder = build / function
    if not folder.is_dir():
        raise MissingError(f"{folder} is missing: make bench builds it")
    return folder


def layers(build: Path) -> Path:
    """What /opt/python has: the layers one over the other, as they were built, bytecode included where there is any."""
    folder = FOLDER / "opt"
    shutil.rmtree(folder, ignore_errors=True)
    for layer in LAYERS:
        _copy(build / layer / "python", folder, bytecode=True)
    return folder


def _copy(source: Path, target: Path, *, bytecode: bool) -> None:
    """With the times of the files: bytecode knows its source by them."""
    ignored = () if bytecode else ("__pycache__",)
    shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*ignored))


def compiled(folder: Path) -> None:
    """By the interpreter that will run it. Bytecode that is not looked up in its source, as a package would have it."""
    command = [
        str(interpreter()),
        "-m",
        "compileall",
        "-qqf",
        "--invalidation-mode",
        "unchecked-hash",
        "-j",
        "0",
        str(folder),
    ]
    subprocess.run(command, check=False)  # noqa: S603 - packages have files that no Python compiles


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
