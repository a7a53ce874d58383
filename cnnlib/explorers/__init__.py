"""The explorers: pictures that answer when you touch them, in a notebook and on a web page without Python.

Each is a widget with one ES module of its own beside it, which does all the arithmetic and drawing in the browser
with `core.js` (what `cnnlib.functional` computes) and `view.js` (frames, boards of cells, controls). `page.js` shows
them on a plain page. A class is loaded when it is first named.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnlib.explorers.convolution_explorer import ConvolutionExplorer as ConvolutionExplorer
    from cnnlib.explorers.digit_pad import DigitPad as DigitPad
    from cnnlib.explorers.segmentation_brush import SegmentationBrush as SegmentationBrush
    from cnnlib.explorers.shift_race import ShiftRace as ShiftRace

_MODULES = {
    "ConvolutionExplorer": "convolution_explorer",
    "DigitPad": "digit_pad",
    "SegmentationBrush": "segmentation_brush",
    "ShiftRace": "shift_race",
}
__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"cnnlib.explorers.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'cnnlib.explorers' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
