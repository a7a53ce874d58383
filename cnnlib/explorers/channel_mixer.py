"""The channels of a picture, turned up and down, and its transparency."""

from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from cnnlib import plot
from cnnlib.data import load_samples
from cnnlib.explorers.base import Array, Explorer


class ChannelMixer(Explorer):
    """Scale and exchange the channels of a picture, read its pixels, and lay it on a background.

    image (H, W, 3) or, with alpha, (H, W, 4), uint8, sides at most 96; scale has one factor from 0 to 2 per colour;
    order "BGR" exchanges red and blue; opacity, from 0 to 1, multiplies alpha; background is one colour, 3 numbers
    from 0 to 255, and checkerboard puts grey checks in its place; position is the (row, column) looked at. controls
    names what the reader may change: "channels", "alpha" or both. TraitError for other shapes and ranges.
    """

    image = Array(load_samples().photo[::3, ::3], ("H", "W", "C"), dtype="uint8", low=0, high=255)
    scale = Array([1, 1, 1], (3,), low=0, high=2)
    order = traitlets.Enum(["RGB", "BGR"], "RGB").tag(sync=True)
    opacity = traitlets.Float(1.0, min=0, max=1).tag(sync=True)
    background = Array([255, 255, 255], (3,), low=0, high=255)
    checkerboard = traitlets.Bool(False).tag(sync=True)
    position = traitlets.Tuple(traitlets.Int(min=0), traitlets.Int(min=0), default_value=(9, 26)).tag(
        sync=True
    )
    controls = traitlets.List(traitlets.Enum(["channels", "alpha"]), ["channels"]).tag(sync=True)

    @traitlets.validate("image")
    def _a_picture(self, proposal: Any) -> NDArray[np.uint8]:
        image: NDArray[np.uint8] = proposal["value"]
        if image.shape[2] not in (3, 4) or max(image.shape[:2]) > 96:
            raise traitlets.TraitError(
                f"ChannelMixer: image expects (H, W, 3) or (H, W, 4) with sides of at most 96, got {image.shape}"
            )
        return image

    @property
    def value(self) -> NDArray[np.uint8]:
        """The mixed picture (H, W, 3), uint8, as it is shown."""
        share = self.opacity * (self.image[..., 3:] / 255 if self.image.shape[2] == 4 else 1.0)
        colour = np.minimum(255, self.scale * self.image[..., :3])
        if self.order == "BGR":
            colour = colour[..., ::-1]
        # A half is rounded upwards, as the browser does; np.round would take it to the even number.
        mixed: NDArray[np.uint8] = np.floor(share * colour + (1 - share) * self._ground() + 0.5).astype(
            np.uint8
        )
        return mixed

    def _ground(self) -> NDArray[Any]:
        rows, columns = np.ogrid[: self.image.shape[0], : self.image.shape[1]]
        checks = np.where((rows // 4 + columns // 4) % 2, 204.0, 255.0)[..., None]
        return checks if self.checkerboard else self.background

    def _draw(self) -> None:
        alpha = self.image.shape[2] == 4
        panels = {"the colours alone" if alpha else "as it is": self.image[..., :3]}
        if alpha:
            panels["alpha"] = self.image[..., [3, 3, 3]]
        over = "a checkerboard" if self.checkerboard else " ".join(f"{level:g}" for level in self.background)
        exchanged = "red and blue exchanged" if self.order == "BGR" else "mixed"
        panels[f"over {over}" if alpha else exchanged] = self.value
        height, width = self.image.shape[:2]
        # Inches: a whole number of dots per pixel keeps the stored picture small.
        scale = max(1, 170 // width) / 100
        ax = plot.canvas(len(panels) * (width * scale + 0.1) + 0.05, height * scale + 0.35)
        for index, (title, panel) in enumerate(panels.items()):
            left = 0.05 + index * (width * scale + 0.1)
            edges = (left, left + width * scale, 0.3 + height * scale, 0.3)
            shades = panel & 0xFC | panel >> 6  # 64 of them, from 0 to 255: for the same reason
            ax.imshow(shades, extent=edges, aspect="auto")
            ax.text(left + width * scale / 2, 0.2, title, ha="center", fontsize=9)
