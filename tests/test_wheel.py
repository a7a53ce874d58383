"""Wheel and sdist build, hold all that `cnnlib` needs, and the wheel works from an empty folder."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

from tests import repository_rules as rules
from tests.course import PROJECT

META = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
WANTED = {name for name in rules.files() if name.startswith("cnnlib/")}


def python(*arguments: str, folder: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({"PYTHONPATH": str(path)} if path else {})
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with hatchling in it; skips where it can be had neither here nor from the package index."""
    folder = tmp_path_factory.mktemp("backend")
    fetch = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--retries",
        "0",
        "--timeout",
        "20",
        "--target",
        str(folder),
        "hatchling",
    ]
    if (
        python("-c", "import hatchling.build", folder=folder).returncode
        and python(*fetch, folder=folder).returncode
    ):
        pytest.skip("hatchling is not installed and the package index is out of reach")
    return folder


def build(source: Path, backend: Path, what: str) -> Path:
    """The sdist or wheel of the project in `source`."""
    out = backend.parent / f"{source.parent.name}-{what}"
    out.mkdir()
    code = f"import sys; from hatchling import build; print(build.build_{what}(sys.argv[1]))"
    done = python("-c", code, str(out), folder=source, path=backend)
    assert done.returncode == 0, done.stderr
    return out / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's files."""
    place = tmp_path_factory.mktemp("copy") / "course"
    for name in rules.files():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, place / name)
    return place


@pytest.fixture(scope="module")
def sdist(project: Path, backend: Path) -> Path:
    return build(project, backend, "sdist")


@pytest.fixture(scope="module")
def wheel(project: Path, backend: Path) -> Path:
    return build(project, backend, "wheel")


# Where the wheel tells Jupyter's server of the explorers' extension.
JUPYTER = f"cnnlib-{META['version']}.data/data/etc/jupyter/jupyter_server_config.d/cnnlib.json"


def lacking(found: set[str]) -> list[str]:
    """What a wheel with the files `found` has too little or too much of."""
    package = {name for name in found if ".dist-info/" not in name and name != JUPYTER}
    return sorted(f"lacks {n}" for n in WANTED - package) + sorted(f"has {n}" for n in package - WANTED)


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    found = set(zipfile.ZipFile(wheel).namelist())
    assert lacking(found) == []
    assert {"cnnlib/py.typed", "cnnlib/samples.npz", "cnnlib/check/engine.py", "cnnlib/__main__.py"} <= found
    assert JUPYTER in found
    assert {Path(name).name for name in found if "/licenses/" in name} == set(META["license-files"])
    assert lacking(found - {"cnnlib/samples.npz"}) == ["lacks cnnlib/samples.npz"]
    assert lacking(found | {"tests/test_wheel.py"}) == ["has tests/test_wheel.py"]


def test_the_metadata_are_those_of_the_project(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
    metadata = message_from_string(archive.read(name).decode())
    assert (metadata["Name"], metadata["Version"]) == (META["name"], META["version"])
    assert metadata["Requires-Python"] == META["requires-python"]
    assert "Private :: Do Not Upload" in metadata.get_all("Classifier", [])
    wanted = len(META["dependencies"]) + sum(map(len, META["optional-dependencies"].values()))
    assert len(metadata.get_all("Requires-Dist", [])) == wanted


def test_the_sdist_builds_the_same_wheel(sdist: Path, wheel: Path, backend: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(sdist, tmp_path)
    (unpacked,) = tmp_path.iterdir()
    again = zipfile.ZipFile(build(unpacked, backend, "wheel"))
    first = zipfile.ZipFile(wheel)
    assert set(again.namelist()) == set(first.namelist())
    assert all(again.read(n) == first.read(n) for n in first.namelist() if n.startswith("cnnlib/"))


def test_the_wheel_works_from_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(target),
        str(wheel),
    ]
    done = python(*install, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    code = """if True:
        import sys
        sys.path.insert(0, sys.argv[1])
        import importlib, pkgutil
        import cnnlib
        names = [m.name for m in pkgutil.walk_packages(cnnlib.__path__, "cnnlib.")]
        found = [importlib.import_module(name).__file__ for name in names]
        from cnnlib.data import load_samples
        print(cnnlib.__version__, len(names), all(f.startswith(sys.argv[1]) for f in found), len(load_samples().digits))
    """
    done = python("-I", "-c", code, str(target), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    modules = sum(name.endswith(".py") for name in WANTED) - 1
    assert done.stdout.split() == [META["version"], str(modules), "True", "20"]
