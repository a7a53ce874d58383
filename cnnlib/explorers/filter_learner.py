"""Gradient descent finds a hidden kernel, one step at a time."""

from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from cnnlib import diagrams, plot
from cnnlib.explorers.base import Array, Explorer


class FilterLearner(Explorer):
    """Recover a hidden 3x3 kernel from an image and its response, by gradient descent on the mean squared error.

    image is (H, W), sides from 4 to 40; hidden the kernel to be found; kernel the present one, at first zeros, and
    losses its loss before the first and after each step. Each step takes learning_rate, from 0.01 to 1.2, times the
    gradient off the kernel. A new image, hidden kernel or kernel begins a new curve. TraitError for other shapes and
    ranges.
    """

    image = Array(diagrams.NOISE, ("H", "W"), low=-1000, high=1000)
    hidden = Array(diagrams.HIDDEN, (3, 3), low=-1000, high=1000)
    kernel = Array(np.zeros((3, 3)), (3, 3))
    learning_rate = traitlets.Float(0.3, min=0.01, max=1.2).tag(sync=True)
    losses = traitlets.List(traitlets.Float()).tag(sync=True)

    @traitlets.validate("image")
    def _sized(self, proposal: Any) -> NDArray[np.float64]:
        image: NDArray[np.float64] = proposal["value"]
        if min(image.shape) < 4 or max(image.shape) > 40:
            raise traitlets.TraitError(
                f"FilterLearner: image expects sides from 4 to 40 pixels, got {image.shape}"
            )
        return image

    @property
    def value(self) -> NDArray[np.float64]:
        """The kernel as it has been learned so far, (3, 3)."""
        kernel: NDArray[np.float64] = self.kernel
        return kernel

    def _draw(self) -> None:
        if len(self.losses) < 2 and not self.kernel.any():
            return diagrams.filter_learner(self.learning_rate, (0, 1, 4, 8, 16), self.hidden, self.image)
        names = ["learned", "hidden", "learned − hidden"]
        parts = [self.kernel, self.hidden, self.kernel - self.hidden]
        return plot.numbers(*parts, titles=names, signed=True)
