"""What all explorers share: how their state travels, what they print, and what a stored notebook keeps of them."""

import base64
import io
import re
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from cnnlib.explorers.saved import STORED, VIEW

HERE = Path(__file__).parent
SHARED = ("core.js", "view.js")
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./\w+\.js";\n', re.MULTILINE)


class Array(traitlets.TraitType[NDArray[Any], ArrayLike]):
    """A trait for an array of numbers of one dtype, checked when it is assigned; read-only, so assign a new one.

    `shape` has one entry per axis: a size, or a name for any size. With `lift`, an array that lacks the first axis
    gets one of size 1. `low` and `high` bound the values. The browser receives nested lists, of large arrays base64.
    TraitError for another number of axes, other sizes, no numbers, NaN, or values out of bounds.
    """

    def __init__(
        self,
        default: ArrayLike,
        shape: tuple[int | str, ...],
        dtype: str = "float64",
        low: float = -np.inf,
        high: float = np.inf,
        lift: bool = False,
    ) -> None:
        self.expected, self.dtype, self.low, self.high, self.lift = shape, np.dtype(dtype), low, high, lift
        super().__init__(default_value=default)
        self.tag(sync=True, to_json=_to_browser, from_json=_from_browser)

    def make_dynamic_default(self) -> NDArray[Any]:
        """Return the default as every value is: checked and read-only."""
        return self.validate(None, self.default_value)

    def validate(self, obj: Any, value: Any) -> NDArray[Any]:
        """Return a checked read-only copy of what is assigned."""
        array = np.asarray(value)
        if self.lift and array.ndim == len(self.expected) - 1:
            array = array[None]
        where = f"{type(obj).__name__}: {self.name}"
        wanted = ", ".join(map(str, self.expected))
        if array.dtype.kind not in "buif":
            raise traitlets.TraitError(f"{where} expects numbers, got {array.dtype}")
        fits = array.ndim == len(self.expected) and all(
            isinstance(size, str) or size == got for size, got in zip(self.expected, array.shape, strict=True)
        )
        if not fits or array.size == 0:
            raise traitlets.TraitError(f"{where} expects shape ({wanted}), got {array.shape}")
        if not bool(((array >= self.low) & (array <= self.high)).all()):
            raise traitlets.TraitError(
                f"{where} expects numbers from {self.low:g} to {self.high:g}, "
                f"got {np.min(array):g} to {np.max(array):g}"
            )
        array = np.array(array, dtype=self.dtype)
        array.flags.writeable = False  # a change in place would not reach the browser
        return array


def _to_browser(array: NDArray[Any], widget: Any = None) -> Any:
    if array.size <= 64 and array.dtype == np.float64:
        return array.astype(int).tolist() if np.array_equal(array, array.astype(int)) else array.tolist()
    if array.dtype == np.float64 and np.array_equal(array, array.astype(np.uint8)):
        array = array.astype(np.uint8)  # an eighth of the size
    return packed(array)


def packed(array: NDArray[Any]) -> dict[str, Any]:
    """Return an array of numbers as JSON holds it in few characters."""
    text = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"shape": list(array.shape), "dtype": str(array.dtype), "base64": text}


def _from_browser(value: Any, widget: Any = None) -> NDArray[Any]:
    if isinstance(value, dict):
        return np.frombuffer(base64.b64decode(value["base64"]), value["dtype"]).reshape(value["shape"])
    return np.asarray(value)


def uniform(seed: int, *shape: int) -> NDArray[np.float64]:
    """Return uniform numbers in [0, 1), the same that `core.js` draws one by one with `random(seed)`.

    Source: mulberry32 by Tommy Ettinger, in the public domain; its state only counts, so all are made at once.
    """
    mask, steps = 0xFFFFFFFF, np.arange(1, int(np.prod(shape)) + 1, dtype=np.uint64)
    state = (seed + 0x6D2B79F5 * steps) & mask
    t = (state ^ (state >> 15)) * (state | 1) & mask
    t ^= t + ((t ^ (t >> 7)) * (t | 61) & mask) & mask
    numbers: NDArray[np.float64] = ((t ^ (t >> 14)) / 2**32).reshape(shape)
    return numbers


@cache
def _source(name: str) -> str:
    """One ES module of the shared ones and `name`: a notebook's frontend takes a single text."""
    own = (HERE / f"{name}.js").read_text(encoding="utf-8")
    shared = [(HERE / part).read_text(encoding="utf-8") for part in SHARED]
    return "\n".join([*shared, _IMPORT.sub("", own)])


class Explorer(anywidget.AnyWidget):
    """The base of all explorers: a widget whose stored form is a picture and its settings.

    A subclass has its ES module beside it under the same name in snake case, traits tagged `sync=True`, a `_draw`
    that draws the stored picture with matplotlib, and a `value`: what the reader made of it.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode((HERE / "explorers.css").read_text(encoding="utf-8")).tag(sync=True)

    @traitlets.default("_esm")
    def _module(self) -> str:
        return _source(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(self).__name__).lower())

    def open(self) -> None:
        """Wait: an explorer that is never shown tells no browser, and can be forgotten."""

    @property
    def model_id(self) -> str | None:
        """The name the browser knows it by; asking for it connects the two."""
        if self.comm is None:
            super().open()
        identifier: str | None = super().model_id
        return identifier

    def close(self) -> None:
        """Take it out of the browser; ipywidgets would leave its layout behind."""
        if self.comm is not None:
            self.layout.close()
        super().close()

    @property
    def traits_shown(self) -> dict[str, Any]:
        """Its own traits as the browser sees them, in the order of their names."""
        own = (
            set(self.keys) - set(anywidget.AnyWidget.class_trait_names()) - {"_esm", "_css", "_anywidget_id"}
        )
        return {name: self.get_state(name)[name] for name in sorted(own) if not name.startswith("_")}

    @property
    def traits_stored(self) -> dict[str, Any]:
        """What a stored notebook keeps of its traits: a subclass with large ones keeps less."""
        return self.traits_shown

    def __repr__(self) -> str:
        changed = []
        for name in self.traits_shown:
            now, first = getattr(self, name), self.traits()[name].default(self)
            if isinstance(now, np.ndarray):
                if not np.array_equal(now, np.asarray(first)):
                    changed.append(f"{name}=<{' × '.join(map(str, now.shape))}>")
            elif now != first:
                changed.append(f"{name}={now!r}")
        return f"{type(self).__name__}({', '.join(changed)})"

    def _repr_mimebundle_(self, **how: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {
            "text/plain": repr(self),
            "image/png": self._picture(),
            STORED: {"name": type(self).__name__, "traits": self.traits_stored},
            VIEW: view,
        }, {}

    def _picture(self) -> str:
        """The picture that stands where no explorer can live, as base64 PNG."""
        import matplotlib.pyplot as plt

        before = plt.get_fignums()
        self._draw()
        figure = plt.gcf()
        figure.text(
            0.01, -0.02, "Run this cell, and the picture comes alive.", fontsize=8, va="top", color="#5c5c5c"
        )
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", bbox_inches="tight")
        for number in set(plt.get_fignums()) - set(before):
            plt.close(number)
        return base64.b64encode(buffer.getvalue()).decode()

    def _draw(self) -> None:
        raise NotImplementedError
