"""A digit moves by single pixels: what stays the same behind a convolution, pooling, strides, global pooling."""

from collections.abc import Callable
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from cnnlib import diagrams, functional, plot
from cnnlib.data import load_samples
from cnnlib.explorers.base import Array, Explorer

Numbers = NDArray[np.float64]
MARGIN = 8  # black pixels around the image, so that nothing leaves it
EDGE = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
STAYED, CHANGED = (86, 180, 233), (242, 162, 0)

# What is made of the response, of the response at stride 2, and how many pixels one place is wide; 0: one place only.
OUTPUTS: dict[str, tuple[Callable[[Numbers, Numbers], Numbers], int]] = {
    "convolution": (lambda x, strided: x, 1),
    "max pooling": (lambda x, strided: functional.max_pool2d(x, 2), 2),
    "average pooling": (lambda x, strided: functional.avg_pool2d(x, 2), 2),
    "strided convolution": (lambda x, strided: strided, 2),
    "global maximum": (lambda x, strided: functional.max_pool2d(x, x.shape[2:]), 0),
    "global average": (lambda x, strided: functional.avg_pool2d(x, x.shape[2:]), 0),
}


def _moved(image: Numbers, down: int, right: int) -> Numbers:
    """Move (H, W) by whole pixels in any direction, filling with zeros."""
    (height, width), result = image.shape, np.zeros(image.shape)
    part = image[max(0, -down) : height - down, max(0, -right) : width - right]
    result[max(0, down) : height + down, max(0, right) : width + right] = part[:height, :width]
    return result


def _share(before: Numbers, after: Numbers) -> float:
    """Return the share of equal places among those where either is not 0: notebook 08's definition."""
    counted = (before != 0) | (after != 0)
    return float((before == after)[counted].mean()) if counted.any() else float("nan")


class PoolingShiftExplorer(Explorer):
    """Move an image by single pixels: how much of what is made of it stays as it was, for six ways to make it.

    image is (H, W), sides from 4 to 32; a black margin of 8 pixels surrounds it. kernel is the convolution's, (3, 3),
    without padding and followed by ReLU; the others are made of its response. shift is (down, right), each from -8 to
    8, negative for up and left. TraitError for other shapes and ranges.
    """

    image = Array(load_samples().digits[3], ("H", "W"), low=-999, high=999)
    kernel = Array(EDGE, (3, 3), low=-99, high=99)
    shift = traitlets.Tuple(
        traitlets.Int(min=-MARGIN, max=MARGIN), traitlets.Int(min=-MARGIN, max=MARGIN), default_value=(0, 1)
    ).tag(sync=True)

    @traitlets.validate("image")
    def _sized(self, proposal: Any) -> Numbers:
        image: Numbers = proposal["value"]
        if min(image.shape) < 4 or max(image.shape) > 32:
            raise traitlets.TraitError(
                f"PoolingShiftExplorer: image expects sides from 4 to 32 pixels, got {image.shape}"
            )
        return image

    def _outputs(self, image: Numbers) -> dict[str, Numbers]:
        """Return what is made of an image, name -> (H', W')."""
        responses = [
            np.maximum(functional.conv2d(image[None, None], self.kernel[None, None], stride=stride), 0)
            for stride in (1, 2)
        ]
        return {name: make(*responses)[0, 0] for name, (make, _) in OUTPUTS.items()}

    def _both(self) -> tuple[dict[str, Numbers], dict[str, Numbers]]:
        """Return what is made of the image as it is and of the moved one."""
        canvas = np.pad(self.image, MARGIN)
        return self._outputs(canvas), self._outputs(_moved(canvas, *self.shift))

    @property
    def value(self) -> dict[str, float]:
        """The share of values that are the same at the same place, name -> 0 to 1, where either is not 0."""
        before, after = self._both()
        return {name: _share(before[name], after[name]) for name in OUTPUTS}

    @property
    def along(self) -> dict[str, float]:
        """The same, but the output may move along by the shift divided by its stride, rounded down."""
        before, after = self._both()
        return {
            name: _share(_moved(before[name], *(n // step for n in self.shift)), after[name])
            if step
            else _share(before[name], after[name])
            for name, (_, step) in OUTPUTS.items()
        }

    def _draw(self) -> None:
        before, after = self._both()
        ax, width, gap = plot.canvas(plot.WIDTH, 2.25), 1.26, 0.14
        shares, along = self.value, self.along
        for index, name in enumerate(["image", *list(OUTPUTS)[:4]]):
            x = 0.1 + index * (width + gap)
            diagrams._say(ax, x + width / 2, 0.14, name)
            if index == 0:
                high = max(1.0, self.image.max())
                picture = np.repeat(_moved(np.pad(self.image, MARGIN), *self.shift)[..., None] / high, 3, 2)
            else:
                picture = _tinted(before[name], after[name]) / 255
            tall = diagrams._photo(ax, np.clip(picture, 0, 1), (x, 0.28), width, interpolation="nearest")
            text = (
                "same place:\nmoved along:"
                if index == 0
                else f"{100 * shares[name]:.0f} %\n{100 * along[name]:.0f} %"
            )
            diagrams._say(ax, x + width / 2, 0.52 + tall, text)
        whole = [
            f"{name} {after[name].item():.4g}: {100 * shares[name]:.0f} % the same"
            for name in list(OUTPUTS)[4:]
        ]
        diagrams._say(ax, 0.1, 2.1, "   ".join(whole), ha="left")


def _tinted(before: Numbers, after: Numbers) -> Numbers:
    """Colour a map: blue where a value stayed, amber where it changed, black where it is 0 in both."""
    level = 0.35 + 0.65 * after / max(1e-9, float(np.abs(before).max()))
    colours = np.where((before == after)[..., None], STAYED, CHANGED) * level[..., None]
    shown: Numbers = colours * ((before != 0) | (after != 0))[..., None]
    return shown
