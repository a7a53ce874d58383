"""What is here, what is missing, how to mend it: `python -m cnnlib doctor`, and the report of notebook 00."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple


class Finding(NamedTuple):
    """One thing looked at: what was found, how to mend it ("" if all is well), whether the course needs it."""

    name: str
    found: str
    mend: str = ""
    needed: bool = True


def examine() -> list[Finding]:
    """Look at everything the course stands on; nothing is changed, downloaded or raised."""
    return [*_python(), *_packages(), *_torch(), *_data(), *_jupyter()]


def report(findings: Iterable[Finding] | None = None) -> None:
    """Print what `examine()` found, one line each, and a second line with the remedy where one is needed."""
    findings = examine() if findings is None else list(findings)
    for finding in findings:
        print(f"{finding.name:<12}{finding.found}")
        if finding.mend:
            print(f"{'':<12}-> {finding.mend}")
    missing = sum(bool(finding.mend) and finding.needed for finding in findings)
    print(
        "Something needed is missing: see the arrows." if missing else "Everything the course needs is here."
    )


def _python() -> Iterator[Finding]:
    found = f"{platform.python_version()} on {platform.system()} ({platform.machine()})"
    enough = sys.version_info >= (3, 11)
    yield Finding(
        "Python", found, "" if enough else "install Python 3.11 or newer, then make a new environment"
    )


def _packages() -> Iterator[Finding]:
    """Every package that cnnlib's own metadata asks for, those of the notebooks too, with its lower bound."""
    try:
        required = metadata.requires("cnnlib") or []
    except metadata.PackageNotFoundError:
        yield Finding("cnnlib", "not installed", 'in the project folder: pip install -e ".[course]"')
        return
    fine = []
    for line in required:
        parts = re.match(r"([\w.-]+)[^;]*?>=\s*([\d.]+)", line)
        optional = "extra ==" in line
        if parts is None or (optional and not re.search(r"""extra == ["']course["']""", line)):
            continue
        name, bound = parts.groups()
        found = _version(name)
        if found and _numbers(found) >= _numbers(bound):
            fine.append(f"{name} {found}")
        else:
            state = f"{found} is too old" if found else "missing"
            yield Finding(
                name, f"{state}, {bound} or newer is needed", f'pip install "{name}>={bound}"', not optional
            )
    yield Finding("packages", ", ".join(fine))


def _torch() -> Iterator[Finding]:
    if not _version("torch") or not _version("torchvision"):
        return  # said among the packages
    try:
        import torch
        import torchvision.ops

        torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
    except Exception as error:  # whatever a broken binary raises, it is a finding
        both = f"torch {_version('torch')}, torchvision {_version('torchvision')}: {' '.join(str(error).split())}"
        mend = "install both anew, from one index: pip install --force-reinstall torch torchvision"
        yield Finding("torch", both, mend)
        return
    yield Finding("torch", f"{torch.__version__} and torchvision {torchvision.__version__} work together")

    from cnnlib import training

    device = training.default_device()
    name = torch.cuda.get_device_name() if device.type == "cuda" else device.type
    precision = "bfloat16" if training.has_bfloat16(device) else "float32"
    threads = torch.get_num_threads()
    yield Finding("device", f"{name}, trains in {precision}; {threads} CPU thread{'s' * (threads > 1)}")


def _data() -> Iterator[Finding]:
    try:
        from cnnlib import data
    except ImportError:  # NumPy is missing, as said among the packages
        return
    try:
        mnist = data.load_mnist(download=False)
    except data.MissingDataError:
        mend = "cnnlib.data.load_mnist() fetches it once (11 MB); or set CNNLIB_DATA to a folder with its four files"
        yield Finding("data", "the embedded digits; no MNIST", mend, needed=False)
    except data.DataError as error:
        yield Finding("data", "MNIST is here but cannot be used", str(error))
    else:
        place = "the folder CNNLIB_DATA" if os.environ.get("CNNLIB_DATA") else "your cache folder"
        count = len(mnist.train.labels) + len(mnist.validation.labels) + len(mnist.test.labels)
        yield Finding("data", f"MNIST, {count:,} images, in {place}; the embedded digits")


def _jupyter() -> Iterator[Finding]:
    """Whether widgets will be seen: JupyterLab has its own part of each widget package."""
    if "google.colab" in sys.modules:
        yield Finding("notebooks", "Colab, which brings widgets along")
        return
    lab = _version("jupyterlab")
    if not lab:
        return  # said among the packages
    try:
        from jupyter_core.paths import jupyter_path
    except ImportError:
        mend = "pip install --force-reinstall jupyterlab"
        yield Finding("notebooks", f"JupyterLab {lab} cannot be loaded", mend, needed=False)
        return

    parts = {"ipywidgets": "@jupyter-widgets/jupyterlab-manager", "anywidget": "anywidget"}
    places = [Path(place) for place in jupyter_path("labextensions")]
    for package, part in parts.items():
        if not any((place / part).is_dir() for place in places):
            mend = f"pip install --force-reinstall {package}, in the environment that JupyterLab runs in"
            yield Finding(
                "notebooks", f"JupyterLab {lab} does not show widgets of {package}", mend, needed=False
            )
            return
    yield Finding("notebooks", f"JupyterLab {lab} shows widgets")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _numbers(version: str) -> tuple[int, ...]:
    """The release as numbers, so that 2.10 is newer than 2.9: "2.15.0+cpu" is (2, 15, 0)."""
    release = re.match(r"[\d.]+", version)
    return tuple(map(int, re.findall(r"\d+", release[0]))) if release else ()
