"""Draw on a canvas, and a net says for every pixel what it belongs to."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import traitlets
from matplotlib import colormaps
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from torch import nn

from cnnlib import plot
from cnnlib.data import load_samples
from cnnlib.explorers.base import Array, packed
from cnnlib.explorers.nets import NetExplorer, probes

PALETTE = np.vstack([[0, 0, 0], colormaps["tab10"].colors])  # type: ignore[attr-defined]  # as notebook 09's
SIZE = 64


def _canvas() -> NDArray[np.uint8]:
    """Three sample digits, each in its quarter."""
    canvas = np.zeros((SIZE, SIZE), np.uint8)
    for digit, row, column in ((2, 2, 3), (7, 1, 34), (14, 34, 20)):
        place = canvas[row : row + 28, column : column + 28]
        np.maximum(place, load_samples().digits[digit], out=place)
    return canvas


class SegmentationBrush(NetExplorer):
    """Draw digits on a canvas of 64 x 64 pixels and see the label map that `model` makes of it, live.

    `model` gives scores (N, 11, 64, 64) of images (N, 1, 64, 64) from 0 to 1: class 0 is none, class k the digit
    k - 1. Below `threshold` (0 to 1), the probability of its best class, a pixel is called none. Where it runs and
    what it refuses: as DigitPad. drawing is uint8 (64, 64); value is the label map.
    """

    drawing = Array(_canvas(), (SIZE, SIZE), dtype="uint8", low=0, high=255)
    examples = Array(load_samples().digits[:10], ("N", 28, 28), dtype="uint8", low=0, high=255)
    threshold = traitlets.Float(0.0, min=0, max=1).tag(sync=True)

    def __init__(self, model: nn.Module, **traits: Any) -> None:
        super().__init__(**traits)
        self._take([model], probes(SIZE, SIZE), (11, SIZE, SIZE))
        self._answer()

    @property
    def value(self) -> NDArray[np.int64]:
        """The label map (64, 64): 0 for none, k for the digit k - 1."""
        labels, chances = self._labels()
        mask: NDArray[np.int64] = np.where(chances >= self.threshold, labels, 0)
        return mask

    def _labels(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        (scores,) = self._scores(self.drawing[None] / 255)
        chances = np.exp(scores - scores.max(axis=0))
        return scores.argmax(axis=0), 1 / chances.sum(axis=0)

    @traitlets.observe("drawing")
    def _answer(self, change: Any = None) -> None:
        """Send the browser what it cannot compute."""
        if self.asks_python:
            labels, chances = self._labels()
            self._reply = {
                "asked": self._asked,
                "labels": packed(labels.astype(np.uint8)),
                "chances": packed(chances.astype(np.float32)),
            }

    def _draw(self) -> None:
        figure, (left, right) = plt.subplots(1, 2, figsize=(plot.WIDTH, 3.1), layout="constrained")
        mask = self.value
        left.imshow(self.drawing, cmap="gray", vmin=0, vmax=255)
        right.imshow(PALETTE[mask])
        for ax, title in ((left, "drawn"), (right, "label map")):
            ax.set_title(title, fontsize=9)
            ax.axis("off")
        found = [k for k in range(1, 11) if (mask == k).any()]
        patches = [Rectangle((0, 0), 1, 1, color=PALETTE[k]) for k in found]
        figure.legend(patches, [str(k - 1) for k in found], loc="outside right center", title="digit")
