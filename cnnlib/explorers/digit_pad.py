"""Draw a digit: its form as MNIST has it, and what a net makes of it, layer by layer."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import traitlets
from numpy.typing import NDArray
from torch import nn

from cnnlib import plot
from cnnlib.data import load_samples, to_mnist
from cnnlib.explorers.base import Array
from cnnlib.explorers.nets import NetExplorer, probes

SIZE = 56  # pixels of the pad on each side: twice a picture of MNIST


def _examples() -> NDArray[np.uint8]:
    """One sample digit of each class."""
    samples = load_samples()
    return np.stack([samples.digits[samples.labels == digit][0] for digit in range(10)])


class DigitPad(NetExplorer):
    """Draw a digit, see it brought into MNIST's form (28, 28), and read by `model` with every stroke.

    `model` gives scores or log-probabilities (N, 10) of images (N, 1, 28, 28) from 0 to 1; without it the pad shows
    the form alone. Where its forward is a plain chain of layers that the browser knows, the weights as they are now
    are sent there once, else this Python is asked with every stroke. maps: "none", the "first" convolution's or "all"
    layers' maps, drawn where the browser computes; steps: show how the form comes about. unit is the (layer, map, row,
    column) pointed at. drawing is uint8 (56, 56). TypeError for no module, TraitError for other outputs.
    """

    drawing = Array(np.kron(_examples()[3], np.ones((2, 2))), (SIZE, SIZE), dtype="uint8", low=0, high=255)
    examples = Array(_examples(), ("N", 28, 28), dtype="uint8", low=0, high=255)
    maps = traitlets.Enum(["none", "first", "all"], "first").tag(sync=True)
    steps = traitlets.Bool(False).tag(sync=True)
    unit = traitlets.List(traitlets.Int(min=0), maxlen=4).tag(sync=True)

    def __init__(self, model: nn.Module | None = None, **traits: Any) -> None:
        super().__init__(**traits)
        if model is not None:
            self._take([model], probes(28, 28), (10,))
            self._answer()

    @property
    def value(self) -> NDArray[np.float64]:
        """The picture (28, 28) from 0 to 1 that a net gets."""
        return to_mnist(self.drawing / 255)

    @property
    def scores(self) -> NDArray[np.float64] | None:
        """The net's ten scores for the present drawing; None without a net."""
        return self._scores(self.value[None])[0] if self._models else None

    @traitlets.observe("drawing")
    def _answer(self, change: Any = None) -> None:
        """Send the browser what it cannot compute."""
        if self.asks_python:
            scores = self.scores
            assert scores is not None
            self._reply = {"asked": self._asked, "scores": scores.tolist()}

    def _draw(self) -> None:
        maps = self._first_maps()
        if maps is None:
            figure = plt.figure(figsize=(plot.WIDTH, 2.3), layout="constrained")
            return self._draw_reading(figure)
        figure = plt.figure(figsize=(plot.WIDTH, 4.1), layout="constrained")
        above, below = np.array(figure.subfigures(2, 1))
        self._draw_reading(above)
        ax = below.subplots()
        limit = np.nanmax(np.abs(maps)) or 1
        ax.imshow(maps, cmap=plot.SIGNED, vmin=-limit, vmax=limit)
        ax.set_title("the first layer's maps", fontsize=9)
        ax.axis("off")
        return None

    def _draw_reading(self, figure: Any) -> None:
        scores = self.scores
        axes = figure.subplots(1, 2 if scores is None else 3)
        for ax, picture, title in zip(
            axes, (self.drawing / 255, self.value), ("drawn", "as MNIST has it"), strict=False
        ):
            ax.imshow(picture, cmap="gray", vmin=0, vmax=1)
            ax.set_title(title, fontsize=9)
            ax.axis("off")
        if scores is not None:
            chances = np.exp(scores - scores.max())
            bars = axes[2].barh(range(10), chances / chances.sum(), color="#0072b2")
            bars[int(scores.argmax())].set_color("#d98e00")
            axes[2].set(yticks=range(10), xlim=(0, 1), xlabel="probability")
            axes[2].invert_yaxis()

    def _first_maps(self) -> NDArray[np.float64] | None:
        """The first convolution's maps side by side, eight in a row; None where there are none to show."""
        if self.maps == "none" or not self.nets:
            return None
        outputs = zip(self.nets[0].layers, self.nets[0](self.value[None, None]), strict=True)
        maps = next((output[0].numpy() for layer, output in outputs if layer["kind"] == "Conv2d"), None)
        if maps is None:
            return None
        rows = -(-len(maps) // 8)
        framed = np.full((rows * 8, maps.shape[1] + 2, maps.shape[2] + 2), np.nan)
        framed[: len(maps), 1:-1, 1:-1] = maps
        mosaic: NDArray[np.float64] = np.block([[*framed[8 * row : 8 * row + 8]] for row in range(rows)])
        return mosaic
