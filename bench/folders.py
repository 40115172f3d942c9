"""The folders that the measured processes import from.

Each variant has a folder for its code, which stands for /var/task. The functions have another for both layers, which
stands for /opt/python. The last folder on the path holds the runtime interface client, as in Lambda. The interpreter
has no other packages.
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
"""The build folder of `make bench`, apart from the one of `sam build` and `sam deploy`."""
RUNTIME = "python3.13"
LAYERS = ("DependenciesLayer", "AppointmentsLayer")


class MissingError(Exception):
    """A missing build or interpreter. The message says how to get it."""


def interpreter() -> Path:
    """Return a python3.13 with the standard library only."""
    python = FOLDER / "python" / "bin" / "python"
    if not python.exists():
        subprocess.run([_base_interpreter(), "-m", "venv", "--without-pip", "--clear", FOLDER / "python"], check=True)  # noqa: S603
    return python


def _base_interpreter() -> str:
    """Return the interpreter itself, because python3.13 on the path may be a slow wrapper script."""
    found = shutil.which(RUNTIME)
    if f"python{sys.version_info.major}.{sys.version_info.minor}" == RUNTIME:
        found = sys.executable
    if found is None:
        raise MissingError(f"{RUNTIME}, the runtime of the functions, is not on the path: install it")
    answer = subprocess.run(  # noqa: S603
        [found, "-c", "import sys; print(sys._base_executable)"], check=True, capture_output=True, text=True
    )
    return answer.stdout.strip()


def locked(lock: str) -> Path:
    """Return a folder with the packages of a lock in requirements/ and their bytecode, installed once for each lock."""
    folder = FOLDER / f"{lock}-{_digest(LOCKS / f'{lock}.txt')}"
    if not folder.exists():
        print(f"installing requirements/{lock}.txt ...", file=sys.stderr, flush=True)
        python = interpreter()
        partial = Path(f"{folder}.part")
        shutil.rmtree(partial, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-qq", "--no-input"]
        pip += ["--disable-pip-version-check", "--root-user-action=ignore", "--no-compile", "--require-hashes"]
        subprocess.run([*pip, "--target", str(partial), "-r", str(LOCKS / f"{lock}.txt")], check=True)  # noqa: S603
        compile_bytecode(partial)
        partial.rename(folder)
    return folder


def reference(name: str, lock: str | None) -> Path:
    """Return the deployment package of a reference handler: the handlers beside their dependencies."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    if lock:
        shutil.copytree(locked(lock), folder)
    shutil.copytree(HANDLERS, folder / "handlers", ignore=shutil.ignore_patterns("__pycache__"))
    compile_bytecode(folder / "handlers")
    return folder


def task(function: str, build: Path) -> Path:
    """Return the folder of a built function's code."""
    folder = build / function
    if not folder.is_dir():
        raise MissingError(f"{folder} is missing: run make bench, which builds it")
    return folder


def layers(build: Path) -> Path:
    """Return a folder that stands for /opt/python: the built layers, merged, with the bytecode that they have."""
    folder = FOLDER / "opt"
    shutil.rmtree(folder, ignore_errors=True)
    for layer in LAYERS:
        shutil.copytree(build / layer / "python", folder, dirs_exist_ok=True)
    return folder


def compile_bytecode(folder: Path) -> None:
    """Compile a folder for the measured interpreter to bytecode that is not checked against its source."""
    compileall = ["-m", "compileall", "-qqf", "--invalidation-mode", "unchecked-hash", "-j", "0"]
    # Some packages have files that do not compile.
    subprocess.run([interpreter(), *compileall, folder], check=False)  # noqa: S603


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
