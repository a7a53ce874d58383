"""The doctor: every package of the metadata is looked at, every trouble is named with its remedy."""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import jupyter_core.paths
import pytest
import torchvision

from cnnlib import data, doctor
from cnnlib.__main__ import main


def troubles() -> dict[str, doctor.Finding]:
    return {finding.name: finding for finding in doctor.examine() if finding.mend}


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """Versions to pretend: None is a package that is not installed."""
    pretended: dict[str, str | None] = {}
    real = metadata.version

    def version(name: str) -> str:
        if (found := pretended.get(name, "")) is None:
            raise metadata.PackageNotFoundError(name)
        return found or real(name)

    monkeypatch.setattr(metadata, "version", version)
    return pretended


def test_here_nothing_needed_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "Everything the course needs is here."
    assert [line.split()[0] for line in lines if line[0] != " "][:4] == [
        "Python",
        "packages",
        "torch",
        "device",
    ]
    assert f"torch {metadata.version('torch')}" in lines[1]


def test_the_report_of_the_notebook_is_the_same_and_names_no_folder(
    mnist_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor.report() is None  # type: ignore[func-returns-value]
    said = capsys.readouterr().out
    main(["doctor"])
    assert capsys.readouterr().out == said
    assert "MNIST, 70,000 images, in the folder CNNLIB_DATA" in said
    assert not re.search(r"(^|\s)/\w", said)


def test_every_lower_bound_of_the_metadata_is_checked(versions: dict[str, str | None]) -> None:
    required = [
        line for line in metadata.requires("cnnlib") or () if "extra ==" not in line or "course" in line
    ]
    names = [re.split(r"[^\w-]", line)[0] for line in required]
    assert {"torch", "numpy", "anywidget", "jupyterlab"} <= set(names)
    versions.update(dict.fromkeys(names, "0.0.1"))
    found = troubles()
    assert set(names) <= found.keys()
    for name, line in zip(names, required, strict=True):
        bound = line.split(">=")[1].split(";")[0]
        assert found[name].found == f"0.0.1 is too old, {bound} or newer is needed"
        assert found[name].mend == f'pip install "{name}>={bound}"'
        assert found[name].needed is ("extra" not in line)


@pytest.mark.parametrize(
    ("version", "fine"), [("2.9.1", False), ("2.10", True), ("2.10.0+cpu", True), ("10.0a1", True)]
)
def test_versions_are_compared_as_numbers(version: str, fine: bool, versions: dict[str, str | None]) -> None:
    versions["torch"] = version
    assert ("torch" not in troubles()) is fine


@pytest.mark.parametrize(("name", "code"), [("matplotlib", 1), ("jupyterlab", 0)])
def test_only_what_is_needed_makes_it_fail(
    name: str, code: int, versions: dict[str, str | None], capsys: pytest.CaptureFixture[str]
) -> None:
    versions[name] = None
    assert main(["doctor"]) == code
    out = capsys.readouterr().out
    assert re.search(rf'{name} +missing, [\d.]+ or newer is needed\n +-> pip install "{name}>=[\d.]+"\n', out)
    last = ["Everything the course needs is here.", "Something needed is missing: see the arrows."][code]
    assert out.splitlines()[-1] == last


def test_a_project_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def requires(name: str) -> list[str]:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", requires)
    assert "pip install -e" in troubles()["cnnlib"].mend


def test_torch_and_torchvision_that_do_not_match_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def nms(*_: Any) -> None:
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(torchvision.ops, "nms", nms)
    found = troubles()["torch"]
    assert "operator torchvision::nms does not exist" in found.found
    assert "from one index" in found.mend
    assert found.needed


def test_a_torch_that_is_not_installed_is_named_once(versions: dict[str, str | None]) -> None:
    versions["torch"] = None
    (remedy,) = (finding.mend for finding in doctor.examine() if finding.name == "torch")
    assert remedy.startswith('pip install "torch>=')


@pytest.mark.parametrize(
    ("error", "needed"), [(data.MissingDataError("none"), False), (data.DataError("x.gz is damaged"), True)]
)
def test_missing_data_is_no_failure_and_wrong_data_is(
    error: Exception, needed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(download: bool) -> None:
        assert download is False
        raise error

    monkeypatch.setattr(data, "load_mnist", load)
    found = troubles()["data"]
    assert found.needed is needed
    assert ("x.gz is damaged" in found.mend) is needed


@pytest.mark.parametrize("missing", ["anywidget", "@jupyter-widgets"])
def test_a_jupyterlab_that_shows_no_widgets_is_named(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in {"anywidget", "@jupyter-widgets/jupyterlab-manager"}:
        if not part.startswith(missing):
            (tmp_path / part).mkdir(parents=True)
    monkeypatch.setattr(jupyter_core.paths, "jupyter_path", lambda *_: [str(tmp_path)])
    found = troubles()["notebooks"]
    assert re.search("does not show widgets of (anywidget|ipywidgets)", found.found)
    assert "--force-reinstall" in found.mend
    assert not found.needed


WITHOUT = """
import sys
for name in sys.argv[1:]:
    sys.modules[name] = None
from cnnlib.__main__ import main
sys.exit(main(["doctor"]))
"""


def test_without_numpy_torch_and_jupyter_it_still_reports() -> None:
    names = ["numpy", "torch", "torchvision", "sklearn", "matplotlib", "jupyter_core", "PIL"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *names], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == ""
    assert "data " not in done.stdout
    assert "-> install both anew" in done.stdout
