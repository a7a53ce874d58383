"""What all explorers share, in Python: the stored form, the state, the memory."""

import base64
import gc
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets
from ipywidgets.widgets.widget import _instances
from PIL import Image

from cnnlib import explorers
from cnnlib.explorers.base import HERE, STORED, VIEW, Array, Explorer, _from_browser, _source, _to_browser
from tests.explorers.browser import every

READY = [
    name for name in every() if name not in {"DigitPad", "SegmentationBrush", "ShiftRace"}
]  # those need a net


def resident() -> float:
    """Megabytes of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


@pytest.mark.parametrize("name", READY)
def test_the_stored_form_is_complete_and_repeats(name: str) -> None:
    make = getattr(explorers, name)
    bundles = [make()._repr_mimebundle_()[0] for _ in range(2)]
    for bundle in bundles:
        assert bundle.pop(VIEW)["model_id"]
    assert bundles[0] == bundles[1]
    assert set(bundles[0]) == {"text/plain", "image/png", STORED}
    assert bundles[0]["text/plain"] == repr(make()) == f"{name}()"
    assert bundles[0][STORED]["name"] == name
    json.dumps(bundles[0][STORED], allow_nan=False)
    picture = np.asarray(
        Image.open(io.BytesIO(base64.b64decode(bundles[0]["image/png"]))).convert("L"), float
    )
    assert picture.std() > 10  # not blank
    assert picture[-25:].min() < 150  # the line at the bottom: run this cell


@pytest.mark.parametrize("name", READY)
def test_what_is_stored_makes_the_same_explorer(name: str) -> None:
    traits = getattr(explorers, name)().traits_shown
    again = getattr(explorers, name)(
        **{
            key: _from_browser(value) if isinstance(value, dict) and "base64" in value else value
            for key, value in traits.items()
        }
    )
    assert again.traits_shown == traits


@pytest.mark.parametrize("name", every())
def test_its_module_stands_alone_and_joined(name: str) -> None:
    source = _source(explorers._MODULES[name])
    assert source.count("export default") == 1
    assert "import " not in "".join(line for line in source.splitlines(True) if line.startswith("import"))
    own = (HERE / f"{explorers._MODULES[name]}.js").read_text()
    assert own.splitlines()[1].startswith("import {")  # a comment that says what it is, then what it uses


def test_nothing_is_kept_of_explorers_that_were_dropped() -> None:
    def round_(show: bool) -> None:
        for _ in range(50):
            explorer = explorers.ConvolutionExplorer(stride=2)
            if show:
                explorer._repr_mimebundle_()
                explorer.close()
            del explorer
        gc.collect()

    for show in (False, True):
        round_(show)
        known, before = len(_instances), resident()
        for _ in range(2):
            round_(show)
        assert len(_instances) == known
        assert resident() - before < 2


def test_a_picture_leaves_no_figure_open() -> None:
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    explorers.ConvolutionExplorer()._repr_mimebundle_()
    assert plt.get_fignums() == before


class Sample(Explorer):
    _esm = ""
    numbers = Array([[1, 2]], ("H", 2), low=0, high=9)
    pixels = Array(np.zeros((2, 2)), ("H", "W"), dtype="uint8")
    name = traitlets.Unicode("").tag(sync=True)


def test_arrays_are_checked_and_read_only() -> None:
    sample = Sample()
    for value, said in [
        ([1, 2], r"Sample: numbers expects shape \(H, 2\), got \(2,\)"),
        ([[1, 2, 3]], r"expects shape \(H, 2\), got \(1, 3\)"),
        ([["a", "b"]], "Sample: numbers expects numbers, got"),
        ([[1, 10]], "expects numbers from 0 to 9, got 1 to 10"),
        ([[1, float("nan")]], "expects numbers from 0 to 9, got nan"),
        (np.zeros((0, 2)), "expects shape"),
    ]:
        with pytest.raises(traitlets.TraitError, match=said):
            sample.numbers = value
    given = np.array([[3.0, 4.0]])
    sample.numbers = given
    given[0, 0] = 9  # the explorer has a copy
    assert sample.numbers.tolist() == [[3, 4]]
    with pytest.raises(ValueError, match="read-only"):
        sample.numbers[0, 0] = 1
    assert repr(sample) == "Sample(numbers=<1 × 2>)"


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3) / 4,
        np.arange(6, dtype="uint8").reshape(1, 6),
        np.arange(4, dtype="float32").reshape(2, 2) / 3,
    ],
)
def test_arrays_travel_there_and_back(array: Any) -> None:
    sent = json.loads(json.dumps(_to_browser(array)))
    back = _from_browser(sent)
    assert back.dtype == array.dtype or array.dtype == np.float64
    assert np.array_equal(back, array)


def test_the_package_loads_no_widget_until_one_is_named() -> None:
    import subprocess
    import sys

    code = (
        "import sys, cnnlib.explorers; print('anywidget' in sys.modules);"
        "import cnnlib.explorers.saved; print('anywidget' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "False"]
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        explorers.Nonsense  # noqa: B018
