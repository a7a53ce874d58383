"""Shift a digit over a canvas, and see how sure two nets stay."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import traitlets
from numpy.typing import NDArray
from torch import nn

from cnnlib import plot
from cnnlib.data import load_samples
from cnnlib.explorers.base import Array
from cnnlib.explorers.nets import NetExplorer, probes

SIZE, MARGIN = 44, 8


class ShiftRace(NetExplorer):
    """Drag a digit over a canvas of 44 x 44 pixels: two nets read it at every place.

    Each model gives scores or log-probabilities (N, 10) of images (N, 1, 44, 44) from 0 to 1; names are shown above
    their answers. digits (N, 28, 28) uint8 and labels (N) can be chosen one after the other, chosen is the number of
    the present one, at first one that both nets read right in the middle; shift is (down, right), at most 8 pixels
    from the middle. Where the nets run and what is refused: as DigitPad. TraitError too for labels that are not as
    many as the digits.
    """

    digits = Array(load_samples().digits[:10], ("N", 28, 28), dtype="uint8", low=0, high=255)
    labels = Array(load_samples().labels[:10], ("N",), dtype="float64", low=0, high=9)
    names = traitlets.Tuple(
        traitlets.Unicode(), traitlets.Unicode(), default_value=("fully connected", "convolutional")
    ).tag(sync=True)
    chosen = traitlets.Int(0, min=0).tag(sync=True)
    shift = traitlets.Tuple(
        *(traitlets.Int(min=-MARGIN, max=MARGIN) for _ in range(2)), default_value=(0, 0)
    ).tag(sync=True)

    def __init__(self, first: nn.Module, second: nn.Module, **traits: Any) -> None:
        super().__init__(**traits)
        if len(self.labels) != len(self.digits):
            raise traitlets.TraitError(
                f"ShiftRace: labels expects one label per digit, got {len(self.labels)} for {len(self.digits)}"
            )
        self._take([first, second], probes(SIZE, SIZE), (10,))
        self._judge()
        if "chosen" not in traits and self._fair:
            self.chosen = self._fair[0]
        self._answer()

    @traitlets.validate("chosen")
    def _one_of_them(self, proposal: Any) -> int:
        number: int = proposal["value"]
        if number >= len(self.digits):
            raise traitlets.TraitError(
                f"ShiftRace: chosen expects a number below {len(self.digits)}, got {number}"
            )
        return number

    @property
    def value(self) -> tuple[int, int]:
        """The shift from the middle, (down, right), in pixels."""
        down, right = self.shift
        return down, right

    @property
    def canvas(self) -> NDArray[np.float64]:
        """The picture (44, 44) from 0 to 1 that both nets get."""
        return self._canvas(self.chosen, self.shift)

    def _canvas(self, digit: int, shift: tuple[int, ...]) -> NDArray[np.float64]:
        return np.pad(self.digits[digit] / 255, [(MARGIN + by, MARGIN - by) for by in shift])

    @property
    def scores(self) -> NDArray[np.float64]:
        """Both nets' ten scores, (2, 10)."""
        return np.stack(self._scores(self.canvas[None]))

    def _judge(self) -> None:
        """Find the digits that both nets read right in the middle; if there are none, all may run."""
        read = [
            [scores.argmax() for scores in self._scores(self._canvas(i, (0, 0))[None])]
            for i in range(len(self.digits))
        ]
        self._fair = [
            i
            for i, ((first, second), label) in enumerate(zip(read, self.labels, strict=False))
            if first == second == label
        ]

    @traitlets.observe("shift", "chosen", "digits")
    def _answer(self, change: Any = None) -> None:
        """Send the browser what it cannot compute."""
        if self.asks_python:
            if change is not None and change["name"] == "digits":
                self._judge()
            self._reply = {"asked": self._asked, "scores": self.scores.tolist(), "fair": self._fair}

    def _draw(self) -> None:
        _, axes = plt.subplots(1, 3, figsize=(plot.WIDTH, 2.4), layout="constrained")
        axes[0].imshow(self.canvas, cmap="gray", vmin=0, vmax=1)
        label = int(self.labels[self.chosen])
        axes[0].set_title(f"{'an' if label == 8 else 'a'} {label}, shifted by {self.shift}", fontsize=9)
        axes[0].axis("off")
        for ax, scores, name in zip(axes[1:], self.scores, self.names, strict=True):
            chances = np.exp(scores - scores.max())
            bars = ax.barh(range(10), chances / chances.sum(), color="#0072b2")
            bars[int(scores.argmax())].set_color("#d98e00")
            ax.set_title(name, fontsize=9, parse_math=False)
            ax.set(yticks=range(10), xlim=(0, 1), xlabel="probability")
            ax.invert_yaxis()
