"""What the distribution of subscribers contains, needs and imports."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.project import ROOT
from tests.unit.test_imports import LAYER, imports

PACKAGE = ROOT / "packages" / "appointments-events"
PYDANTIC = ("pydantic", "pydantic_core", "annotated_types", "typing_extensions.py", "typing_inspection")
"""pydantic and its dependencies."""
READER = """
import json, sys
from appointments.events import parse
document = json.load(open(sys.argv[1]))
appointment = document["detail"]["data"]["appointment"]
appointment |= {"status": "NEW", "participants": [{"type": "ROBOT"}], "added": 1, "end": 5}
event = parse(json.dumps(document))
print(json.dumps({
    "version": ".".join(map(str, sys.version_info[:2])),
    "read": [event.appointment.status, event.appointment.participants[0].type, event.appointment.model_extra["added"]],
    "end": [event.appointment.end, event.appointment.sent["end"]],
    "start": str(event.appointment.start),
    "roots": sorted({name.partition(".")[0] for name in sys.modules}),
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(folder)], cwd=PACKAGE, check=True, capture_output=True)  # noqa: S603
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_has_one_import_root_and_needs_pydantic_alone(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (archive.read(name).decode() for name in names if name.endswith("METADATA"))
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {"appointments"}
    assert {name for name in names if name.endswith(".py")} == {
        path.relative_to(LAYER.parent).as_posix() for path in (LAYER / "events").rglob("*.py")
    }
    assert "appointments/events/py.typed" in names
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist")]
    assert needed == ["Requires-Dist: pydantic<3,>=2.11"]


def test_the_wheel_of_the_project_shares_no_file_with_it(wheel: Path, tmp_path: Path) -> None:
    build = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=ROOT, check=True, capture_output=True)  # noqa: S603
    (project,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as one, ZipFile(project) as other:
        assert not set(one.namelist()) & set(other.namelist())
        target = tmp_path / "site-packages"
        for archive in (one, other):
            archive.extractall(target)
    script = "import appointments, appointments.events; print(appointments.__file__, appointments.events.__file__)"
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(target)!r}); {script}"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()  # noqa: S603
    assert all(path.startswith(str(target)) for path in answer)


def test_with_pydantic_alone_it_reads_new_members_and_values(wheel: Path, tmp_path: Path) -> None:
    """A Python without site-packages has this folder only."""
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    installed = Path(sysconfig.get_path("purelib"))
    for name in PYDANTIC:
        source = installed / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    sample = ROOT / "events" / "subscriber" / "AppointmentRescheduled.json"
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {READER}"]
    answer = subprocess.run([*command, str(sample)], cwd="/", check=True, capture_output=True, text=True)  # noqa: S603
    found = json.loads(answer.stdout)
    assert found["read"] == ["NEW", "ROBOT", 1]
    assert found["end"] == [None, 5]
    assert found["start"] == "2026-03-31 10:00:00+02:00"
    others = set(found["roots"]) - set(sys.stdlib_module_names) - {name.removesuffix(".py") for name in PYDANTIC}
    assert {name for name in others if not name.startswith("_")} == {"appointments"}


def test_the_models_import_nothing_but_themselves_and_pydantic() -> None:
    modules = {module for _, module in imports(LAYER / "events")}
    others = {module for module in modules if not module.startswith(("appointments.events.", "pydantic"))}
    assert others <= set(sys.stdlib_module_names) | {"collections.abc"} | {"__future__"}
    assert "appointments.events.values" in modules


def test_nothing_of_the_layer_imports_the_models() -> None:
    """The layer is deployed without them."""
    others = [path for path in LAYER.iterdir() if path.is_dir() and path.name not in ("events", "__pycache__")]
    assert len(others) >= 3
    found = {module for folder in [*others, ROOT / "functions"] for _, module in imports(folder)}
    assert not {module for module in found if module.startswith("appointments.events")}
