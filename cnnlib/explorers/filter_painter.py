"""A kernel to paint, and its response at every place of a picture."""

from typing import Any

import numpy as np
import traitlets
from matplotlib import colormaps
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from cnnlib import functional, plot
from cnnlib.data import load_samples
from cnnlib.explorers.base import Array, Explorer

CIRCLE = np.array([[0, 1, 1, 1, 0], [1, 0, 0, 0, 1], [1, 0, 0, 0, 1], [1, 0, 0, 0, 1], [0, 1, 1, 1, 0]])


def _scene() -> NDArray[np.uint8]:
    """A dim circle and a bright square: a kernel that does not sum to 0 prefers the square."""
    scene = np.zeros((16, 22), np.uint8)
    scene[5:10, 3:8] = 153 * CIRCLE
    scene[4:12, 12:20] = 255
    return scene


def _photo() -> NDArray[np.uint8]:
    """Every third pixel of the photograph in grey."""
    return np.rint(load_samples().photo[::3, ::3] @ [0.299, 0.587, 0.114]).astype(np.uint8)


class FilterPainter(Explorer):
    """Paint a kernel, see its response at every place of a picture, and where it is largest.

    image (H, W), uint8, sides from 7 to 96, is read as numbers from 0 to 1, and brightness, from 0 to 1, is added to
    each; kernel (kH, kW) has sides from 1 to 7, and with zero_sum its mean is subtracted before use. digits (N, 28, 28)
    and photo (H, W) are the pictures to choose from. TraitError for other shapes and ranges.
    """

    image = Array(_scene(), ("H", "W"), dtype="uint8", low=0, high=255)
    kernel = Array(CIRCLE, ("kH", "kW"), low=-9, high=9)
    zero_sum = traitlets.Bool(False).tag(sync=True)
    brightness = traitlets.Float(0.0, min=0, max=1).tag(sync=True)
    digits = Array(load_samples().digits[:10], ("N", 28, 28), dtype="uint8", low=0, high=255)
    photo = Array(_photo(), ("H", "W"), dtype="uint8", low=0, high=255)

    @traitlets.validate("image", "photo", "kernel")
    def _of_a_size(self, proposal: Any) -> NDArray[Any]:
        name, value = proposal["trait"].name, proposal["value"]
        least, most = (1, 7) if name == "kernel" else (7, 96)  # so that every kernel fits every picture
        if min(value.shape) < least or max(value.shape) > most:
            raise traitlets.TraitError(
                f"FilterPainter: {name} expects sides from {least} to {most}, got {value.shape}"
            )
        checked: NDArray[Any] = value
        return checked

    @property
    def value(self) -> NDArray[np.float64]:
        """The kernel in use (kH, kW): as painted, or with zero_sum less its mean."""
        kernel: NDArray[np.float64] = self.kernel - self.kernel.mean() if self.zero_sum else self.kernel
        return kernel

    @property
    def response(self) -> NDArray[np.float64]:
        """Its response at every place where it fits (H - kH + 1, W - kW + 1)."""
        pixels = self.image / 255 + self.brightness
        response: NDArray[np.float64] = functional.conv2d(pixels[None, None], self.value[None, None])[0, 0]
        return response

    def _draw(self) -> None:
        response, pixels = self.response, np.clip(self.image / 255 + self.brightness, 0, 1)
        row, column = np.unravel_index(response.round(9).argmax(), response.shape)
        limit = float(np.abs(response).max()) or 1.0
        (height, width), (rows, columns) = pixels.shape, self.kernel.shape
        cell = min(0.38, 1.7 / max(rows, columns))
        side = min(
            2.5, 2.2 * width / height
        )  # inches that the picture is wide; one scale for picture and map
        scale, x = side / width, side + columns * cell + 0.4
        ax = plot.canvas(x + side + 0.1, 0.35 + max(height * scale, rows * cell))
        ax.imshow(pixels, cmap="gray", vmin=0, vmax=1, extent=(0.05, 0.05 + side, 0.3 + height * scale, 0.3))
        signed = colormaps[plot.SIGNED].resampled(41)  # few shades: a notebook stores the picture
        wide, high = response.shape[1] * scale, response.shape[0] * scale
        ax.imshow(response, cmap=signed, vmin=-limit, vmax=limit, extent=(x, x + wide, 0.3 + high, 0.3))
        ax.set(xlim=(0, x + side + 0.1), ylim=(0.35 + max(height * scale, rows * cell), 0), aspect="auto")
        title = "kernel, less its mean" if self.zero_sum else "kernel"
        plot.grid(ax, self.value, (0.2 + side, 0.3), cell, signed=True)
        best: dict[str, Any] = {"fill": False, "edgecolor": plot.ACCENT, "linewidth": 2}
        at = (0.05 + column * scale, 0.3 + row * scale)
        ax.add_patch(Rectangle(at, columns * scale, rows * scale, **best))
        ax.add_patch(Rectangle((x + column * scale, 0.3 + row * scale), scale, scale, **best))
        ax.text(0.05, 0.2, "picture, best place outlined")
        ax.text(0.2 + side, 0.2, title)
        ax.text(x, 0.2, f"response, at most {response.max():.3g}".replace("-", "\u2212"))
