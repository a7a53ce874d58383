"""A kernel on an image, place by place, and the size of what comes out."""

from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from cnnlib import diagrams, functional, plot, shapes
from cnnlib.data import load_samples
from cnnlib.explorers.base import Array, Explorer


def _digit() -> NDArray[np.float64]:
    """A digit in whole numbers from 0 to 9, so that its products can be read."""
    digit: NDArray[np.float64] = np.rint(load_samples().digits[0] / 255 * 9)
    return digit


class ConvolutionExplorer(Explorer):
    """Slide a kernel over an image, or with view="size" look at one axis and its size formula.

    image (C, H, W) or (H, W), kernel (C, kH, kW) or (kH, kW), C at most 3, sides at most 32 and 7; position is the
    (row, column) of the output looked at. stride, padding, dilation and padding_mode are `torch.nn.Conv2d`'s, one
    number for both axes. controls names those that the reader may change: any of "stride", "padding",
    "padding_mode", "dilation", "kernel_size", "channels". In the view "size", size and kernel_size count pixels.
    TraitError for other shapes and ranges, and where image and kernel differ in channels.
    """

    image = Array(diagrams.SEVEN[None], ("C", "H", "W"), low=-999, high=999, lift=True)
    kernel = Array(diagrams.SLOPE[None], ("C", "kH", "kW"), low=-999, high=999, lift=True)
    digit = Array(_digit(), (28, 28), low=0, high=9)
    position = traitlets.Tuple(traitlets.Int(min=0), traitlets.Int(min=0), default_value=(1, 2)).tag(
        sync=True
    )
    stride = traitlets.Int(1, min=1, max=4).tag(sync=True)
    padding = traitlets.Int(0, min=0, max=4).tag(sync=True)
    dilation = traitlets.Int(1, min=1, max=3).tag(sync=True)
    padding_mode = traitlets.Enum(["zeros", "reflect", "replicate", "circular"], "zeros").tag(sync=True)
    view = traitlets.Enum(["slide", "size"], "slide").tag(sync=True)
    size = traitlets.Int(8, min=1, max=16).tag(sync=True)
    kernel_size = traitlets.Int(3, min=1, max=7).tag(sync=True)
    controls = traitlets.List(
        traitlets.Enum(["stride", "padding", "padding_mode", "dilation", "kernel_size", "channels"])
    ).tag(sync=True)

    @traitlets.validate("image", "kernel")
    def _matching(self, proposal: Any) -> NDArray[np.float64]:
        name, value = proposal["trait"].name, proposal["value"]
        most = 32 if name == "image" else 7
        if max(value.shape[1:]) > most or value.shape[0] > 3:
            raise traitlets.TraitError(
                f"ConvolutionExplorer: {name} expects at most 3 channels of {most} × {most}, got {value.shape}"
            )
        other = self.kernel if name == "image" else self.image
        if len(value) != len(other):
            raise traitlets.TraitError(
                f"ConvolutionExplorer: image and kernel expect equally many channels, got {name} {value.shape} beside "
                f"{other.shape}"
            )
        checked: NDArray[np.float64] = value
        return checked

    @property
    def value(self) -> NDArray[Any] | None:
        """The output (H', W'), or None where nothing fits."""
        try:
            padded = functional.pad(self.image[None], self.padding, self.padding_mode)
            output: NDArray[Any] = functional.conv2d(
                padded, self.kernel[None], stride=self.stride, dilation=self.dilation
            )[0, 0]
        except ValueError:
            return None
        return output

    def _draw(self) -> None:
        if self.view == "size":
            return diagrams.places(self.size, self.kernel_size, self.stride, self.padding, self.dilation)
        output = self.value
        if output is None:
            return plot.kernels(self.kernel, titles=["fits nowhere"] * len(self.kernel))
        row, column = (min(at, size - 1) for at, size in zip(self.position, output.shape, strict=True))
        padded = functional.pad(self.image, self.padding, self.padding_mode)
        outside = np.pad(np.zeros(self.image.shape[1:], bool), self.padding, constant_values=True)
        reach = [self.dilation * (size - 1) + 1 for size in self.kernel.shape[1:]]
        marks = shapes.coverage(padded.shape[1:], self.kernel.shape[1:], self.stride, 0, self.dilation) == 0
        (high, wide), most = padded.shape[1:], max(self.kernel.shape[1], output.shape[0])
        cell = min(
            0.34 if len(padded) == 1 else 0.22,
            (plot.WIDTH - 1.2) / (wide + self.kernel.shape[2] + output.shape[1]),
        )
        ax = plot.canvas(plot.WIDTH, 0.3 + len(padded) * (max(high, most) * cell + 0.3))
        for index, (pixels, weights) in enumerate(zip(padded, self.kernel, strict=True)):
            y = 0.3 + index * (max(high, most) * cell + 0.3)
            window = (row * self.stride, column * self.stride, *reach)
            tint = outside if self.padding_mode == "zeros" else None
            plot.grid(ax, pixels, (0.1, y), cell, title="input", window=window, tint=tint, marks=marks)
            plot.grid(ax, weights, (0.5 + wide * cell, y), cell, title="kernel", signed=True)
        x = 0.9 + (wide + self.kernel.shape[2]) * cell
        title = f"output {output.shape[0]} × {output.shape[1]}"
        return plot.grid(ax, output, (x, 0.3), cell, title=title, window=(row, column, 1, 1), signed=True)
