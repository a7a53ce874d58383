"""What holds for every test: no network, no reader's files, one thread, the real MNIST where it lies beside us.

It also adds to nbval what nbval leaves out: the pictures that a cell draws are compared with the stored ones.
"""

import os
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from nbval.plugin import IPyNbCell

from tests import pictures

# Before anything imports torch, and inherited by every kernel and child process.
_home = Path(tempfile.mkdtemp(prefix="cnnlib-tests-"))
os.environ |= {
    "CNNLIB_OFFLINE": "1",
    "CNNLIB_STATE": str(_home / "progress.json"),
    "OMP_NUM_THREADS": "1",
    "XDG_CACHE_HOME": str(_home / "cache"),
}
os.environ.pop("CNNLIB_MARK", None)
_beside = Path(__file__).resolve().parent.parent / "shared" / "data" / "mnist"
if "CNNLIB_DATA" not in os.environ and _beside.is_dir():
    os.environ["CNNLIB_DATA"] = str(_beside)

hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.load_profile("ci")

# What these print depends on the data; the others use the samples that lie in the package.
USE_MNIST = ("00", "09", "10", "11", "12", "13", "14")


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    """The folder of the real MNIST; skips the test where it is not at hand."""
    if folder := os.environ.get("CNNLIB_DATA"):
        return Path(folder)
    pytest.skip("the real MNIST is not at hand (CNNLIB_DATA)")


@pytest.fixture(scope="session")
def chromium() -> Generator[Any]:
    """One browser for the explorers' and the site's tests; skips where none is installed."""
    from tests.explorers.browser import launched

    with launched() as browser:
        yield browser


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without the real MNIST run the notebooks that use it, and let their asserts bind, but compare nothing."""
    for item in items:
        if isinstance(item, IPyNbCell) and not _comparable(item):
            item.options["check"] = False


def _comparable(cell: IPyNbCell) -> bool:
    return "CNNLIB_DATA" in os.environ or not cell.path.name.startswith(USE_MNIST)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Compare the pictures of a notebook's cell with the stored ones, once the cell itself has passed."""
    yield
    if not isinstance(item, IPyNbCell) or not _comparable(item):
        return
    if "nbval-ignore-output" in item.cell.metadata.get("tags", ()):
        return
    strict = not item.config.option.nbval_lax
    if said := pictures.difference(item.cell.outputs, item.test_outputs or [], strict=strict):
        pytest.fail(f"{item.path.name}, cell {item.cell_num}: {said}\n{item.cell.source}", pytrace=False)
