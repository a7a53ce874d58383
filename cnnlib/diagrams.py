"""The course's drawn diagrams: one function each, called by one line of a notebook.

Each draws one figure and returns None. Every number in a picture is computed when it is drawn, by `functional` and
`shapes`. A docstring's first paragraph says in words what the picture shows. The helpers stand at the top.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Polygon, Rectangle
from numpy.typing import ArrayLike, NDArray

from cnnlib import folders, functional, shapes
from cnnlib.data import load_samples
from cnnlib.plot import ACCENT, INK, SERIES, SIGNED, SOFT, TINT, WIDTH, canvas, grid

Array: TypeAlias = NDArray[Any]
Point: TypeAlias = tuple[float, float]
MINUS = "\u2212"

# Small pictures that a person can follow by hand. `SLOPE` is not its own flip: a flip would show.
CROSS_IMAGE = np.array([[0, 1, 1, 0, 0], [0, 1, 1, 0, 0], [0, 1, 0, 1, 0], [0, 0, 1, 0, 1], [1, 1, 0, 1, 0]])
CROSS = np.array([[1, -1, 1], [-1, 1, -1], [1, -1, 1]])
SEVEN = np.array(
    [
        [0, 0, 0, 0, 0, 0, 0],
        [0, 2, 3, 3, 3, 1, 0],
        [0, 0, 0, 1, 3, 0, 0],
        [0, 0, 0, 3, 1, 0, 0],
        [0, 0, 1, 3, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0],
    ]
)
SLOPE = np.array([[0, 1, 2], [-1, 0, 1], [-2, -1, 0]])
# A kernel to be found again from its response to noise, in which all pixels are independent.
HIDDEN = np.array([[0, 1, 2], [-1, 3, 1], [-2, 0, -1]])
NOISE = np.random.default_rng(7).normal(size=(20, 24))


def _plane(name: str, value: ArrayLike | None, default: Array) -> Array:
    """Return value as a (H, W) array of numbers, the default where it is None."""
    array = np.asarray(default if value is None else value)
    if array.ndim != 2 or array.size == 0 or array.dtype.kind not in "buif":
        raise ValueError(
            f"{name} must be an array of numbers of shape (H, W), got {array.dtype} {array.shape}"
        )
    return array


def _respond(image: Array, kernel: Array, **settings: Any) -> Array:
    """Return the response of one kernel over one image, both (H, W)."""
    response: Array = functional.conv2d(image[None, None], kernel[None, None], **settings)[0, 0]
    return response


def _say(ax: Axes, x: float, y: float, text: str, size: float = 9.0, **how: Any) -> None:
    """Write text around a point."""
    ax.text(x, y, text, **{"ha": "center", "va": "center", "fontsize": size, "parse_math": False, **how})


def _arrow(ax: Axes, start: Point, end: Point, colour: str = SOFT, **how: Any) -> None:
    """Draw a thin arrow; `how` adds to its properties."""
    properties = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.3, "shrinkA": 0, "shrinkB": 0, **how}
    ax.annotate("", xy=end, xytext=start, arrowprops=properties)


def _frame(ax: Axes, at: Point, width: float, height: float, **how: Any) -> None:
    """Outline a part of the canvas in the accent colour."""
    ax.add_patch(Rectangle(at, width, height, **{"fill": False, "edgecolor": ACCENT, "linewidth": 2, **how}))


def _photo(ax: Axes, image: Array, at: Point, width: float, **how: Any) -> float:
    """Put an image on the canvas and return its height."""
    height: float = width * len(image) / image.shape[1]
    extent = (at[0], at[0] + width, at[1] + height, at[1])
    ax.imshow(
        image, **{"extent": extent, "aspect": "auto", "cmap": "gray", "interpolation": "antialiased", **how}
    )
    return height


def _volume(ax: Axes, at: Point, side: Point, planes: int, step: float, colour: str = "#dfe6ec") -> None:
    """Draw a stack of planes, channel 0 in front with its top left corner `at`, the others behind to the right."""
    for plane in reversed(range(planes)):
        corner = (at[0] + plane * step, at[1] - plane * step)
        ax.add_patch(Rectangle(corner, *side, facecolor=colour, edgecolor="#7d8b97", linewidth=0.6))


def _signed(value: float) -> str:
    """Write a number with a real minus sign."""
    return f"{value:g}".replace("-", MINUS)


def convolution_step(
    image: ArrayLike | None = None, kernel: ArrayLike | None = None, at: tuple[int, int] = (1, 2)
) -> None:
    """One step of a convolution: the window of the input, times the kernel, gives products; their sum is one output.

    From left to right stand the input with the window outlined, the window's values, the kernel's values, their
    products, and the output with the cell outlined that is the products' sum. Every value is written.

    `image` (H, W), `kernel` (kH, kW), `at` the (row, column) of the output; ValueError where it lies outside.
    """
    image = _plane("convolution_step: image", image, SEVEN)
    kernel = _plane("convolution_step: kernel", kernel, SLOPE)
    output = _respond(image, kernel)
    (row, column), (high, wide) = at, kernel.shape
    if not (0 <= row < output.shape[0] and 0 <= column < output.shape[1]):
        raise ValueError(f"convolution_step: at must lie inside the output of shape {output.shape}, got {at}")
    window = image[row : row + high, column : column + wide]
    parts = [image, window, kernel, window * kernel, output]
    frames = [(row, column, high, wide), (0, 0, high, wide), None, None, (row, column, 1, 1)]
    names, gaps = ("input", "window", "kernel", "products", "output"), (0.5, 0.28, 0.28, 0.5)
    tallest = max(part.shape[0] for part in parts)
    cell = min(0.34, (WIDTH - 0.2 - sum(gaps)) / sum(part.shape[1] for part in parts))
    ax = canvas(WIDTH, tallest * cell + 0.4)
    middle, lefts = 0.3 + tallest * cell / 2, [0.1]
    for part, gap in zip(parts, gaps, strict=False):
        lefts.append(lefts[-1] + part.shape[1] * cell + gap)
    for name, part, frame, x in zip(names, parts, frames, lefts, strict=True):
        limit = float(np.abs(image).max()) if name == "window" else None
        y, signed = middle - part.shape[0] * cell / 2, name not in ("input", "window")
        grid(ax, part, (x, y), cell, title=name, window=frame, signed=signed, limit=limit)
    for left, gap, sign in zip(lefts[1:], gaps, ("", "×", "=", "sum"), strict=True):
        if sign in ("×", "="):
            _say(ax, left - gap / 2, middle, sign, 14)
        else:
            _arrow(ax, (left - gap + 0.06, middle), (left - 0.06, middle), ACCENT, linewidth=1.8)
            _say(ax, left - gap / 2, middle - 0.12, sign)
    terms = [f"{'+' if value > 0 else MINUS} {abs(value):g}" for value in parts[3].ravel() if value]
    said = " ".join(terms).removeprefix("+ ") or "0"
    below = middle + high * cell / 2 + 0.18
    _say(ax, lefts[3] + wide * cell / 2, below, f"{said} = {_signed(output[row, column])}")


def convolution_frames(image: ArrayLike | None = None, kernel: ArrayLike | None = None) -> None:
    """A kernel visits every place of an image, one frame per place, and the output fills up one number at a time.

    At the top stands the kernel. Each frame shows the image with the window outlined and, beside it, the output so far
    with its newest number outlined. Every value is written. By default an X-shaped kernel of ones and minus ones moves
    over a 5x5 image of zeros and ones in nine frames and finds its X in frame eight.

    `image` (H, W) and `kernel` (kH, kW) must leave at most 16 places, at most 4 in a row.
    """
    image = _plane("convolution_frames: image", image, CROSS_IMAGE)
    kernel = _plane("convolution_frames: kernel", kernel, CROSS)
    output = _respond(image, kernel)
    rows, columns = output.shape
    if columns > 4 or output.size > 16:
        raise ValueError(
            f"convolution_frames: at most 16 places, 4 in a row, can be read, got {output.shape}"
        )
    cell = min(0.23, (WIDTH / columns - 0.55) / (image.shape[1] + columns))
    wide, high = WIDTH / columns, image.shape[0] * cell + 0.36
    top = kernel.shape[0] * cell + 0.42
    ax = canvas(WIDTH, top + rows * high)
    grid(ax, kernel, ((WIDTH - kernel.shape[1] * cell) / 2, 0.25), cell, title="kernel", signed=True)
    for frame, (row, column) in enumerate(np.ndindex(rows, columns)):
        x, y = column * wide + 0.1, top + row * high + 0.2
        _say(ax, x, y - 0.1, f"{frame + 1}", 8, ha="left", color=SOFT)
        grid(ax, image, (x, y), cell, window=(row, column, *kernel.shape))
        done = np.where(np.arange(output.size).reshape(rows, columns) <= frame, output, np.nan)
        right, middle = x + image.shape[1] * cell, y + image.shape[0] * cell / 2
        _arrow(ax, (right + 0.06, middle), (right + 0.26, middle))
        where = (right + 0.32, middle - rows * cell / 2)
        limit = float(np.abs(output).max())
        grid(ax, done, where, cell, window=(row, column, 1, 1), signed=True, limit=limit)


def channels(row: int = 111, column: int = 75) -> None:
    """A colour photograph and its red, green and blue channels, each a grey image of its own.

    Under each stands the same small patch enlarged, in colour and then as the numbers from 0 to 255 that the three
    channels hold there. The orange roof is bright in red and dark in blue; its teal rim is dark in red.

    `row` and `column` are the patch's top left corner in the photograph; ValueError where 4x5 pixels do not fit.
    """
    photo = load_samples().photo
    if not (0 <= row <= photo.shape[0] - 4 and 0 <= column <= photo.shape[1] - 5):
        raise ValueError(
            f"channels: a patch of 4x5 pixels at ({row}, {column}) leaves the photo {photo.shape}"
        )
    width, cell = 1.62, 1.62 / 5
    ax = canvas(WIDTH, 3.08)
    tones = (INK, "#b2182b", "#1b7837", "#2166ac")
    for index, (name, tone) in enumerate(zip(("photograph", "red", "green", "blue"), tones, strict=True)):
        x = 0.08 + index * 1.743
        plane = photo if index == 0 else photo[..., index - 1]
        patch = plane[row : row + 4, column : column + 5]
        scale = width / photo.shape[1]
        height = _photo(ax, plane, (x, 0.28), width, vmin=0, vmax=255)
        corner, size = (x + column * scale, 0.28 + row * scale), (5 * scale, 4 * scale)
        _frame(ax, corner, *size, linewidth=1.5)
        _say(ax, x + width / 2, 0.15, name, 10, color=tone)
        top = 0.28 + height + 0.25
        for side in (0, 1):
            ends = [corner[0] + side * size[0], x + side * width], [corner[1] + size[1], top]
            ax.plot(*ends, color=ACCENT, linewidth=0.8)
        if index:
            grid(ax, patch, (x, top), cell, limit=255)
        else:
            _photo(ax, patch, (x, top), width, interpolation="nearest")
        _frame(ax, (x, top), width, 4 * cell)


def digit_as_numbers(digit: ArrayLike | None = None, row: int = 4, column: int = 8) -> None:
    """A handwritten digit as a grey image, and beside it the numbers that 12x12 of its pixels hold.

    Black is 0, white is 255; the part whose numbers are written out is outlined in the image.

    `digit` is (H, W), uint8; `row` and `column` are the part's top left corner; ValueError where it does not fit.
    """
    digit = _plane("digit_as_numbers: digit", digit, load_samples().digits[3])
    if not (0 <= row <= digit.shape[0] - 12 and 0 <= column <= digit.shape[1] - 12):
        raise ValueError(f"digit_as_numbers: 12x12 pixels at ({row}, {column}) leave the digit {digit.shape}")
    cell, left, top = 0.33, 2.9, 0.1
    ax = canvas(WIDTH, 12 * cell + 0.2)
    scale = 2.35 / digit.shape[1]
    y = top + (12 * cell - scale * digit.shape[0]) / 2
    _photo(ax, digit, (0.1, y), 2.35, vmin=0, vmax=255, interpolation="nearest")
    x, side = 0.1 + column * scale, 12 * scale
    _frame(ax, (x, y + row * scale), side, side)
    for low in (0, 1):
        ax.plot(
            [x + side, left],
            [y + row * scale + low * side, top + low * 12 * cell],
            color=ACCENT,
            linewidth=0.8,
        )
    grid(ax, digit[row : row + 12, column : column + 12], (left, top), cell, limit=255)
    _frame(ax, (left, top), 12 * cell, 12 * cell)


def linear_vs_convolutional() -> None:
    """A linear layer connects every input to every output; a convolutional layer moves one small window.

    Left: a 3x32x32 image flattened to a column of numbers, lines from all of them to each of the 12,544 outputs.
    Right: the image stays a stack of three planes; one 3x5x5 window of it gives one number in each of the 16 planes,
    28x28 each, of the output. Below each: the shape of its weight and how many parameters it has.
    """
    c_in, size, c_out, k = 3, 32, 16, 5
    out = shapes.output_size(size, k)
    n_in, n_out = c_in * size * size, c_out * out * out
    ax = canvas(WIDTH, 3.3)
    _say(ax, 1.5, 0.15, "linear layer", 11)
    ins, outs = np.linspace(0.5, 2.3, 13), np.linspace(0.75, 2.05, 7)
    for i in ins:
        for o in outs:
            chosen = o == outs[2]
            ax.plot(
                [0.7, 2.3],
                [i, o],
                color=ACCENT if chosen else "#cfd6dc",
                linewidth=1.3 if chosen else 0.5,
                zorder=1 + chosen,
            )
    ax.scatter([0.7] * len(ins), ins, s=34, color="#7d8b97", zorder=3)
    ax.scatter(
        [2.3] * len(outs), outs, s=34, color=[ACCENT if o == outs[2] else "#7d8b97" for o in outs], zorder=3
    )
    _say(ax, 0.85, 2.55, f"{n_in:,} inputs\n({c_in} × {size} × {size}, flattened)", 8.5)
    _say(ax, 2.45, 2.55, f"{n_out:,} outputs\n({c_out} × {out} × {out})", 8.5)
    _say(ax, 1.5, 3.05, f"weight ({n_out}, {n_in})\n{n_in * n_out + n_out:,} parameters", 9.5)

    _say(ax, 5.25, 0.15, "convolutional layer", 11)
    a, b = (3.75, 0.85), (5.3, 0.98)
    side, small, back, step = 1.25, 1.25 * out / size, 0.09, 0.03
    _volume(ax, a, (side, side), c_in, back)
    _volume(ax, b, (small, small), c_out, step)
    pixel, row, column = side / size, 8, 14
    w = k * pixel
    x, y = a[0] + column * pixel, a[1] + row * pixel
    deep = (c_in - 1) * back
    faces = [
        [(x, y), (x + w, y), (x + w, y + w), (x, y + w)],
        [(x, y), (x + deep, y - deep), (x + w + deep, y - deep), (x + w, y)],
        [(x + w, y), (x + w + deep, y - deep), (x + w + deep, y + w - deep), (x + w, y + w)],
    ]
    for face in faces:
        ax.add_patch(Polygon(face, facecolor=TINT, edgecolor=ACCENT, linewidth=1.5, zorder=3))
    x2, y2 = b[0] + column * pixel, b[1] + row * pixel
    for corner in faces[0]:
        ax.plot(
            [corner[0], x2 + pixel / 2], [corner[1], y2 + pixel / 2], color=ACCENT, linewidth=0.9, zorder=4
        )
    ax.add_patch(
        Rectangle((x2, y2), pixel, pixel, facecolor=ACCENT, edgecolor=ACCENT, linewidth=1.5, zorder=5)
    )
    _say(ax, a[0] + side / 2, 2.55, f"{c_in} × {size} × {size}", 8.5)
    _say(ax, b[0] + small / 2 + 0.2, 2.55, f"{c_out} × {out} × {out}", 8.5)
    parameters = shapes.conv2d_params(c_in, c_out, k)
    _say(ax, 5.25, 3.05, f"weight ({c_out}, {c_in}, {k}, {k})\n{parameters:,} parameters", 9.5)


def weight_matrices() -> None:
    """Three 6x8 matrices that turn 8 inputs into 6 outputs: full, then local, then local and shared.

    Full: every cell holds a weight of its own. Local: each row keeps only 3 neighbouring weights, so the weights form
    a band along the diagonal and all other cells are empty. Shared: the band has the same 3 weights in every row,
    moved one column to the right from row to row (a Toeplitz matrix): that is a convolution.
    """
    inputs, size = 8, 3
    outputs = shapes.output_size(inputs, size)
    full = np.random.default_rng(3).integers(1, 10, (outputs, inputs)) * np.where(
        np.indices((outputs, inputs)).sum(0) % 3, 1, -1
    )
    band = np.abs(np.subtract.outer(np.arange(outputs), np.arange(inputs)) + 1) <= 1
    kernel = np.array([-4, 1, 7])
    shared = sum(weight * np.eye(outputs, inputs, offset) for offset, weight in enumerate(kernel))
    cell, gap = 0.25, 0.28
    ax = canvas(WIDTH, outputs * cell + 0.95)
    pictures = (
        ("full", full, full.size),
        ("local", np.where(band, full, np.nan), int(band.sum())),
        ("local and shared", np.where(band, shared, np.nan), len(kernel)),
    )
    for index, (name, matrix, count) in enumerate(pictures):
        x = 0.28 + index * (inputs * cell + gap)
        grid(ax, matrix, (x, 0.3), cell, title=name, signed=True, limit=9)
        middle = x + inputs * cell / 2
        _say(ax, middle, 0.3 + outputs * cell + 0.17, f"{inputs} inputs", 8.5, color=SOFT)
        _say(ax, middle, 0.3 + outputs * cell + 0.45, f"{count} different weights", 10)
    _say(ax, 0.13, 0.3 + outputs * cell / 2, f"{outputs} outputs", 8.5, color=SOFT, rotation=90)
    for row in range(outputs):
        _frame(ax, (x + row * cell, 0.3 + row * cell), len(kernel) * cell, cell, linewidth=1.5)


def parameter_bars() -> None:
    """Weights and multiplications of three layers that all turn 16x24x24 numbers into 32x20x20.

    Bars on a logarithmic scale. A linear layer needs most of both. A local layer with 5x5 windows needs 23 times fewer
    of both. Sharing the weights over all places, which makes it a convolution, leaves the multiplications as they are
    and needs 400 times fewer weights again.
    """
    c_in, size, c_out, k = 16, 24, 32, 5
    out = shapes.output_size(size, k)
    dense = c_in * size * size * c_out * out * out
    macs = shapes.conv2d_macs(c_in, c_out, k, out)
    shared = shapes.conv2d_params(c_in, c_out, k, bias=False)
    names = ["linear", "local", "convolutional"]
    _, axes = plt.subplots(1, 2, figsize=(WIDTH, 1.9), layout="constrained", sharey=True)
    for ax, title, counts in zip(
        axes, ("weights", "multiplications"), ([dense, macs, shared], [dense, macs, macs]), strict=True
    ):
        ax.barh(names, counts, color=[SERIES[5], SERIES[4], SERIES[0]], height=0.62)
        ax.set(xscale="log", xlim=(1e3, 4e10), title=title, xticks=[])
        ax.minorticks_off()
        ax.tick_params(length=0)
        ax.spines[["bottom"]].set_visible(False)
        for place, count in enumerate(counts):
            ax.text(count * 1.3, place, f"{count:,}", va="center", fontsize=9)
    axes[0].invert_yaxis()


def patch_times_kernel(patch: ArrayLike | None = None, kernel: ArrayLike | None = None) -> None:
    """A patch times a kernel, cell by cell, gives products, and their sum is the response: one number.

    From left to right stand the patch, a times sign, the kernel, an equals sign, the products, an arrow and the sum.
    By default the patch is an X of ones, the kernel has 1 on both diagonals and -1 elsewhere, and the sum is 5.

    `patch` and `kernel` are (H, W) of the same shape, at most 7x7; ValueError otherwise.
    """
    patch = _plane("patch_times_kernel: patch", patch, CROSS_IMAGE[2:5, 1:4])
    kernel = _plane("patch_times_kernel: kernel", kernel, CROSS)
    if patch.shape != kernel.shape or max(patch.shape) > 7:
        raise ValueError(
            f"patch_times_kernel: expected two equal shapes up to 7x7, got {patch.shape}, {kernel.shape}"
        )
    rows, columns = patch.shape
    cell = min(0.36, 5.0 / 3 / columns)
    wide = columns * cell
    ax = canvas(3 * wide + 1.9, rows * cell + 0.4)
    signed = bool((patch < 0).any())
    for index, (name, part) in enumerate(
        (("patch", patch), ("kernel", kernel), ("products", patch * kernel))
    ):
        grid(ax, part, (0.1 + index * (wide + 0.35), 0.3), cell, title=name, signed=signed or index > 0)
    y = 0.3 + rows * cell / 2
    _say(ax, 0.1 + wide + 0.175, y, "×", 14)
    _say(ax, 0.1 + 2 * wide + 0.525, y, "=", 14)
    x = 0.1 + 3 * wide + 0.7
    _arrow(ax, (x + 0.08, y), (x + 0.48, y))
    _say(ax, x + 0.28, y - 0.13, "sum", 8.5)
    _say(ax, x + 0.75, y, _signed((patch * kernel).sum()), 15, color=INK, weight="bold")


CLASSIC: tuple[tuple[str, Sequence[Sequence[int]], int], ...] = (
    ("blur", [[1, 2, 1], [2, 4, 2], [1, 2, 1]], 16),
    ("sharpen", [[0, -1, 0], [-1, 5, -1], [0, -1, 0]], 1),
    ("outline (Laplacian)", [[0, 1, 0], [1, -4, 1], [0, 1, 0]], 1),
    ("left to right (Sobel)", [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], 1),
    ("top to bottom (Sobel)", [[-1, -2, -1], [0, 0, 0], [1, 2, 1]], 1),
    ("vertical line", [[-1, 2, -1], [-1, 2, -1], [-1, 2, -1]], 1),
)


def classic_kernels() -> None:
    """Six classic 3x3 kernels, each beside its response at every place of a grey photograph of a pagoda.

    Blur and sharpen give grey images again. The other four kernels sum to 0: their maps are white on the flat sky,
    blue and red where they find an outline, a change from left to right (sides of the roofs), a change from top to
    bottom (edges of the roofs), or a vertical line (pillars).
    """
    grey = load_samples().photo[4:108, 12:168].astype(float) @ (0.299, 0.587, 0.114)
    wide, cell = 2.3, 0.2
    ax = canvas(WIDTH, 2.9)
    for index, (name, weights, divisor) in enumerate(CLASSIC):  # few shades: a notebook stores the picture
        x, y = 0.05 + index % 3 * (wide + 0.02), 0.28 + index // 3 * 1.45
        kernel = np.array(weights)
        response = _respond(grey, kernel / divisor)
        grid(ax, kernel, (x, y), cell, signed=True)
        if divisor > 1:
            _say(ax, x + 1.5 * cell, y + 3 * cell + 0.12, f"÷ {divisor}", 8.5)
        if kernel.sum():
            how: dict[str, Any] = {"vmin": 0, "vmax": 255, "cmap": colormaps["gray"].resampled(64)}
        else:
            limit = float(np.quantile(np.abs(response), 0.98))
            how = {"vmin": -limit, "vmax": limit, "cmap": colormaps[SIGNED].resampled(21)}
        _photo(ax, response, (x + 3 * cell + 0.06, y), wide - 3 * cell - 0.14, **how)
        _say(ax, x, y - 0.12, name, 9.5, ha="left")


def coverage(size: tuple[int, int] = (5, 6), kernel_size: int = 3) -> None:
    """How often a kernel reads each pixel of an image, with padding 0, 1 and 2.

    Three grids of counts for a 3x3 kernel. Padding 0: 1 in the corners, 3 at the edges, 9 in the middle. Padding 1:
    4, 6 and 9. Padding 2: 9 everywhere.

    `size` is (H, W) of the image; ValueError where it is wider than 8 or the kernel does not fit.
    """
    if max(size) > 8:
        raise ValueError(f"coverage: size must be at most (8, 8) to be read, got {size}")
    paddings = (0, kernel_size // 2, kernel_size - 1)
    maps = [shapes.coverage(size, kernel_size, padding=padding) for padding in paddings]
    cell, middle = min(0.34, 2.1 / size[1]), (size[0] // 2, size[1] // 2)
    ax = canvas(WIDTH, size[0] * cell + 0.7)
    for index, (padding, counts) in enumerate(zip(paddings, maps, strict=True)):
        x = (index + 0.5) * WIDTH / 3 - size[1] * cell / 2
        grid(ax, counts, (x, 0.3), cell, title=f"padding {padding}", limit=kernel_size**2, signed=False)
        said = f"corner {counts[0, 0]}, edge {counts[0, middle[1]]}, middle {counts[middle]}"
        _say(ax, x + size[1] * cell / 2, 0.3 + size[0] * cell + 0.2, said, 8.5)


def padding_modes(image: ArrayLike | None = None, padding: int = 2) -> None:
    """The same 3x4 image padded by two pixels on every side in four ways; the padding is tinted amber.

    zeros: every added cell is 0. reflect: the values go back inwards, the edge itself is not repeated. replicate: the
    edge value continues outwards. circular: the values of the opposite side follow, as if the image were tiled.

    `image` is (H, W), small enough that 4 padded images can be read; ValueError where a mode cannot pad so far.
    """
    image = _plane("padding_modes: image", image, np.arange(1, 13).reshape(3, 4))
    if padding < 1:
        raise ValueError(f"padding_modes: padding must be at least 1, got {padding}")
    modes = ("zeros", "reflect", "replicate", "circular")
    padded = [functional.pad(image[None, None], padding, mode)[0, 0] for mode in modes]
    outside = np.ones(padded[0].shape, bool)
    outside[padding:-padding, padding:-padding] = False
    cell = min(0.28, 1.62 / outside.shape[1])
    ax = canvas(WIDTH, outside.shape[0] * cell + 0.4)
    for index, (mode, part) in enumerate(zip(modes, padded, strict=True)):
        at = (0.06 + index * (WIDTH - 0.06) / 4, 0.3)
        grid(ax, part, at, cell, title=mode, tint=outside)


def stride(image: ArrayLike | None = None, kernel: ArrayLike | None = None) -> None:
    """The same kernel over the same image with stride 1, 2 and 3: the larger the stride, the smaller the output.

    Left the kernel; then, for each stride, the image with the first window outlined and the next one dashed, and below
    it the output. Pixels that no window reads are struck out: with stride 2 the last row of the 6x7 image, with
    stride 3 its last column. Every value is written.

    `image` (H, W) and `kernel` (kH, kW); ValueError where the kernel does not fit or the image is wider than 9.
    """
    image = _plane("stride: image", image, SEVEN)
    kernel = _plane("stride: kernel", kernel, SLOPE)
    settings = [(f"stride {s}", image, {"stride": s}) for s in (1, 2, 3)]
    _three_ways("stride", kernel, settings)


def padding(image: ArrayLike | None = None, kernel: ArrayLike | None = None) -> None:
    """The same 3x3 kernel over the same 4x5 image with padding 0, 1 and 2: the output shrinks, keeps its size, grows.

    Left the kernel; then, for each padding, the image with its border of zeros tinted amber and the first window
    outlined, and below it the output: 2x3 without padding, 4x5 as the image itself with 1, 6x7 with 2. Every value is
    written.

    `image` (H, W) and `kernel` (kH, kW); ValueError where the kernel does not fit or the padded image is wider than 9.
    """
    image = _plane("padding: image", image, SEVEN[1:5, 1:6])
    kernel = _plane("padding: kernel", kernel, SLOPE)
    settings = [(f"padding {p}", image, {"padding": p}) for p in (0, 1, 2)]
    _three_ways("padding", kernel, settings)


def _three_ways(name: str, kernel: Array, settings: Sequence[tuple[str, Array, dict[str, int]]]) -> None:
    """Draw a kernel, then per setting the padded image with its first windows above the output."""
    high, wide = kernel.shape
    padded = [functional.pad(image[None, None], how.get("padding", 0))[0, 0] for _, image, how in settings]
    outputs = [_respond(image, kernel, **how) for _, image, how in settings]
    if max(part.shape[1] for part in padded) > 9:
        raise ValueError(f"{name}: at most 9 columns, padding included, can be read, got {padded[-1].shape}")
    columns = wide + sum(max(p.shape[1], o.shape[1]) for p, o in zip(padded, outputs, strict=True))
    cell = min(0.27, (WIDTH - 1.2) / columns)
    gap = (WIDTH - 0.2 - columns * cell) / 3
    tallest = max(part.shape[0] for part in padded)
    top, below = 0.3, 0.3 + tallest * cell + 0.5
    ax = canvas(WIDTH, below + max(part.shape[0] for part in outputs) * cell + 0.1)
    grid(ax, kernel, (0.1, top + (tallest - high) * cell / 2), cell, title="kernel", signed=True)
    limit = float(max(np.abs(part).max() for part in outputs))
    x, struck = 0.1 + wide * cell + gap, False
    for (title, image, how), part, output in zip(settings, padded, outputs, strict=True):
        s, p = how.get("stride", 1), how.get("padding", 0)
        outside = np.ones(part.shape, bool)
        outside[p : p + image.shape[0], p : p + image.shape[1]] = False
        marks = shapes.coverage(part.shape, kernel.shape, s) == 0
        y, width = top + (tallest - part.shape[0]) * cell, part.shape[1] * cell
        at = (x + (width - output.shape[1] * cell) / 2, below)
        grid(ax, part, (x, y), cell, title=title, window=(0, 0, high, wide), tint=outside, marks=marks)
        _arrow(ax, (x + width / 2, below - 0.44), (x + width / 2, below - 0.27))
        size = " × ".join(map(str, output.shape))
        grid(ax, output, at, cell, title=f"output {size}", signed=True, limit=limit, window=(0, 0, 1, 1))
        if output.shape[1] > 1:
            dashed = {"linestyle": (0, (3, 2)), "linewidth": 1.5}
            _frame(ax, (x + s * cell, y), wide * cell, high * cell, **dashed)
            _frame(ax, (at[0] + cell, at[1]), cell, cell, **dashed)
        struck |= bool(marks.any())
        x += width + gap
    if struck:
        _say(ax, 0.1 + wide * cell / 2, below + 0.15, "struck out:\nnever read", 8.5)


def dilation(image: ArrayLike | None = None, kernel_size: int = 3) -> None:
    """The nine pixels that a 3x3 kernel reads around one place with dilation 1, 2 and 3, further and further apart.

    Three copies of one image with the pixels read tinted amber and the kernel's whole reach outlined: 3x3, 5x5 and 7x7.
    Below each stands the size of the output, which shrinks as the reach grows.

    `image` is (H, W), at most 9 wide; ValueError where the kernel does not fit with dilation 3.
    """
    default = np.pad(SEVEN, ((1, 1), (1, 1)))
    image = _plane("dilation: image", image, default)
    if image.shape[1] > 9:
        raise ValueError(f"dilation: image must be at most 9 wide to be read, got {image.shape}")
    outs = [[shapes.output_size(n, kernel_size, dilation=d) for n in image.shape] for d in (1, 2, 3)]
    cell = min(0.26, 2.15 / image.shape[1])
    ax = canvas(WIDTH, image.shape[0] * cell + 0.65)
    for index, (d, out) in enumerate(zip((1, 2, 3), outs, strict=True)):
        reach = d * (kernel_size - 1) + 1
        read = np.zeros(image.shape, bool)
        start = (3 - d) * (kernel_size - 1) // 2  # the three windows have one centre
        read[start : start + reach : d, start : start + reach : d] = True
        x = index * WIDTH / 3 + (WIDTH / 3 - image.shape[1] * cell) / 2
        grid(ax, image, (x, 0.3), cell, title=f"dilation {d}", tint=read, window=(start, start, reach, reach))
        said = f"reach {reach} × {reach}, output {out[0]} × {out[1]}"
        _say(ax, x + image.shape[1] * cell / 2, 0.3 + image.shape[0] * cell + 0.2, said, 9)


def convnet_architecture(in_shape: tuple[int, int, int] = (1, 28, 28), num_classes: int = 10) -> None:
    """The shapes that a digit takes on its way through the ConvNet, from 1x28x28 pixels to 10 logits.

    Five stations from left to right, drawn to scale: the image, 16 maps of 24x24, 32 maps of 20x20, a column of 12,800
    numbers, 10 logits. Between them stand the layers and their parameters: two 5x5 convolutions, each followed by ReLU,
    a flatten, and a linear layer that has most of the 141,258 parameters.

    `in_shape` is (C, H, W); ValueError where two 5x5 kernels do not fit.
    """
    k, widths = 5, (in_shape[0], 16, 32)
    sizes = [in_shape[1:]]
    for _ in range(2):
        sizes.append((shapes.output_size(sizes[-1][0], k), shapes.output_size(sizes[-1][1], k)))
    flat = widths[2] * sizes[2][0] * sizes[2][1]
    counts = [shapes.conv2d_params(widths[0], widths[1], k), shapes.conv2d_params(widths[1], widths[2], k)]
    counts.append(flat * num_classes + num_classes)
    ax = canvas(WIDTH, 2.75)
    scale, base = 1.0 / max(in_shape[1:]), 1.75
    lefts, steps, ends = (0.1, 1.72, 3.47), (0.02, 0.02, 0.015), []
    for left, step, planes, (high, wide) in zip(lefts, steps, widths, sizes, strict=True):
        _volume(ax, (left, base - high * scale), (wide * scale, high * scale), planes, step)
        ends.append(left + wide * scale + (planes - 1) * step)
        _say(ax, left + wide * scale / 2, base + 0.15, f"{planes} × {high} × {wide}", 9)
    for x, tall, text in ((5.2, 1.3, f"{flat:,}"), (6.55, 0.6, f"{num_classes} logits")):
        _volume(ax, (x, base - tall), (0.1, tall), 1, 0)
        _say(ax, x + 0.05, base + 0.15, text, 9)
    starts = [ends[0], ends[1], ends[2], 5.3]
    stops = [lefts[1], lefts[2], 5.2, 6.55]
    said = [
        f"Conv2d({widths[0]}, {widths[1]}, {k}), ReLU\n{counts[0]:,} parameters",
        f"Conv2d({widths[1]}, {widths[2]}, {k}), ReLU\n{counts[1]:,} parameters",
        "Flatten",
        f"Linear({flat}, {num_classes})\n{counts[2]:,} parameters",
    ]
    for start, stop, text in zip(starts, stops, said, strict=True):
        _arrow(ax, (start + 0.06, base - 0.4), (stop - 0.06, base - 0.4), INK)
        _say(ax, (start + stop) / 2, base + 0.4, text, 8.5, va="top")
    _say(ax, WIDTH / 2, 0.15, f"{sum(counts):,} parameters in all", 10)


def _softmax(logits: Array) -> Array:
    """Return the probabilities that rows of logits stand for."""
    powers: Array = np.exp(logits - logits.max(1, keepdims=True))
    shares: Array = powers / powers.sum(1, keepdims=True)
    return shares


def softmax_floor(num_classes: int = 10) -> None:
    """What a softmax before the cross-entropy does: the loss gets stuck, and the gradient vanishes.

    Both curves are drawn over how far the right class leads the best wrong one, from -20 to 20. Left, the loss: with
    logits it falls from 20 to 0; with a softmax first it stays between 2.46 and 1.46. Right, the length of the gradient
    at the logits on a logarithmic scale: with logits it is 1.41 where the answer is wrong; with a softmax first it
    falls to a few billionths there, so that the worst mistakes teach nothing.
    """
    lead = np.linspace(-20, 20, 401)
    logits = np.zeros((len(lead), num_classes))
    logits[:, 0], logits[:, 1] = np.maximum(lead, 0), np.maximum(-lead, 0)

    right = np.eye(num_classes)[0]
    once = _softmax(logits)
    twice = _softmax(once)
    slope = twice - right  # the gradient where the second softmax begins, then through the first one
    slope = once * (slope - (once * slope).sum(1, keepdims=True))
    _, (left, beside) = plt.subplots(1, 2, figsize=(WIDTH, 2.8), layout="constrained")
    for p, gradient, name, line in (
        (once, once - right, "logits", "-"),
        (twice, slope, "softmax first", "--"),
    ):
        left.plot(lead, -np.log(p[:, 0]), line, label=name)
        beside.plot(lead, np.linalg.norm(gradient, axis=1), line, label=name)
    floor = float(np.log(np.e + num_classes - 1) - 1)
    left.axhline(floor, color=SOFT, linewidth=0.8, zorder=0)
    left.annotate(
        f"floor {floor:.4f}", (-20, floor), (0, -12), textcoords="offset points", color=INK, fontsize=9
    )
    left.set(title="loss", xlabel="lead of the right class")
    beside.set(title="length of the gradient at the logits", xlabel="lead of the right class", yscale="log")
    left.legend()


# The colour of pure light in CIE 1931 x and y: from 380 nm along the edge of the visible to 700 nm.
PURE_LIGHT = np.array(
    [(0.1741, 0.0050), (0.1714, 0.0051), (0.1644, 0.0109), (0.1566, 0.0177), (0.1440, 0.0297), (0.1241, 0.0578),
     (0.1096, 0.0868), (0.0913, 0.1327), (0.0687, 0.2007), (0.0454, 0.2950), (0.0235, 0.4127), (0.0082, 0.5384),
     (0.0039, 0.6548), (0.0139, 0.7502), (0.0389, 0.8120), (0.0743, 0.8338), (0.1142, 0.8262), (0.1547, 0.8059),
     (0.1929, 0.7816), (0.2296, 0.7543), (0.3016, 0.6923), (0.3731, 0.6245), (0.4441, 0.5547), (0.5125, 0.4866),
     (0.5752, 0.4242), (0.6270, 0.3725), (0.6658, 0.3340), (0.6915, 0.3083), (0.7190, 0.2809), (0.7347, 0.2653)]
)  # fmt: skip
# Light in CIE 1931 XYZ to linear sRGB, IEC 61966-2-1.
XYZ_TO_RGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])


def memory_layout(height: int = 2, width: int = 3) -> None:
    """The same small colour image in two orders: channels last and channels first.

    Left, the image: its pixels are numbered row by row. Right, its numbers as they lie in memory, each cell with its
    pixel's number and in its channel's colour. Channels last, (H, W, C): red, green and blue of pixel 0, then of
    pixel 1, and so on. Channels first, (C, H, W): all reds, then all greens, then all blues.

    At most 8 pixels, ValueError otherwise.
    """
    pixels = range(height * width)
    if not 1 <= len(pixels) <= 8:
        raise ValueError(f"memory_layout: between 1 and 8 pixels can be read, got {height}x{width}")
    orders = {
        "channels last: (H, W, C)": [(pixel, channel) for pixel in pixels for channel in range(3)],
        "channels first: (C, H, W)": [(pixel, channel) for channel in range(3) for pixel in pixels],
    }
    cell, left, tones = 0.27, 1.75, ("#f4a582", "#a6dba0", "#92c5de")
    ax = canvas(WIDTH, 1.5)
    image = np.reshape(pixels, (height, width))
    grid(ax, image, (0.3, 0.55), 0.36, title=f"{height}×{width} pixels", signed=True, limit=1e9)
    for top, (name, order) in zip((0.35, 1.1), orders.items(), strict=True):
        _say(ax, left, top - 0.14, name, ha="left")
        for place, (pixel, channel) in enumerate(order):
            x = left + cell * place
            ax.add_patch(Rectangle((x, top), cell, cell, facecolor=tones[channel], edgecolor="white"))
            _say(ax, x + cell / 2, top + cell / 2, f"{'RGB'[channel]}{pixel}", 8)


def gamut() -> None:
    """All colours that the eye can see, and the triangle of those that three lights can mix.

    The tongue-shaped outline is pure light of one wavelength each, the area inside it is every mixture of such lights.
    The triangle has the red, green and blue of a common screen in its corners and white near its middle. The outline
    reaches far beyond it, most of all between green and blue, where pure light of 500 nm is marked.

    Sources: CIE 1931 standard observer; primaries of IEC 61966-2-1 (sRGB).
    """
    y, x = (np.mgrid[300:0:-1, 0:360] - 0.5) / 400
    light = np.stack([x / y, np.ones_like(x), (1 - x - y) / y], axis=-1) @ XYZ_TO_RGB.T
    shown = (light >= 0).all(-1, keepdims=True)
    colour = np.clip(light / light.max(-1, keepdims=True), 0, 1) ** (1 / 2.2)
    _, ax = plt.subplots(figsize=(3.9, 3.5), layout="constrained")
    ax.add_patch(Polygon(PURE_LIGHT, facecolor="#eeeeee", edgecolor=INK, linewidth=1.2))
    ax.imshow(np.dstack([colour, shown]), extent=(0, 0.9, 0, 0.75), interpolation="bilinear", zorder=1.5)
    corners = {"red": (0.64, 0.33), "green": (0.30, 0.60), "blue": (0.15, 0.06)}
    ax.add_patch(Polygon(list(corners.values()), fill=False, edgecolor=INK, linewidth=1, zorder=2))
    offsets = {"red": (10, 5), "green": (-32, 5), "blue": (9, -5)}
    for name, at in {**corners, "white": (0.3127, 0.3290), "500 nm": (0.0082, 0.5384)}.items():
        ax.plot(*at, "o", color=ACCENT if name == "500 nm" else INK, markersize=5, clip_on=False)
        ax.annotate(name, at, offsets.get(name, (7, 4)), textcoords="offset points", fontsize=9)
    ax.set(xlim=(-0.02, 0.8), ylim=(0, 0.88), xlabel="CIE x", ylabel="CIE y", xticks=[], yticks=[])


def transparency() -> None:
    """Black ink on a transparent ground, and what becomes of it with and without alpha.

    Four panels. The colours alone: the first three channels are 0 everywhere, so that nothing is left but black. Alpha:
    the fourth channel, bright where the ink is, in the shape of a 3. Over white: a black 3 on white. Over the
    photograph: a black 3 before the lake.
    """
    samples = load_samples()
    alpha = np.kron(samples.digits[3], np.ones((2, 2), int))
    share, ground = alpha[..., None] / 255, samples.photo[30:142:2, 110:222:2]
    panels = {
        "the colours alone": np.zeros((56, 56, 3), np.uint8),
        "alpha": alpha,
        "over white": np.rint(255 * (1 - share) * np.ones(3)).astype(np.uint8),
        "over the photograph": np.rint((1 - share) * ground).astype(np.uint8),
    }
    ax = canvas(WIDTH, 1.95)
    for index, (name, panel) in enumerate(panels.items()):
        x = 0.08 + index * 1.743
        _photo(ax, panel, (x, 0.28), 1.62, vmin=0, vmax=255, interpolation="nearest")
        ax.add_patch(Rectangle((x, 0.28), 1.62, 1.62, fill=False, edgecolor="#b5b5b5", linewidth=0.6))
        _say(ax, x + 0.81, 0.15, name, 10)


def places(size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> None:
    """Every place of a kernel along one axis, one row each, and the pixels that no place reads struck out.

    Two lines on top say how many places there are and why, and which pixels are never read. Below them lies the axis:
    its pixels numbered from 0, padding tinted amber. Each further row outlines the kernel's reach and fills the pixels
    that it reads. Where the kernel fits nowhere, it sticks out in a dashed outline and the lines say so.

    Arguments as in `shapes.output_size`; ValueError where more than 24 pixels would be drawn.
    """
    n, k, s, p, d = shapes._axis("places", size, kernel_size, stride, padding, dilation)
    length, reach = n + 2 * p, d * (k - 1) + 1
    if max(length, reach) > 24:
        raise ValueError(f"places: at most 24 pixels can be drawn, got {max(length, reach)}")
    left, fits = length - reach, reach <= length
    if fits:
        unread = shapes.unread(n, k, s, p, d)
        steps = f"({n} + 2·{p} − {d}·({k} − 1) − 1) / {s} = {left} / {s}"
        said = f"{steps}: whole steps {left // s}, remainder {left % s}, places {left // s + 1}."
        also = f"Never read: {', '.join(map(str, unread))}." if unread else "Every pixel is read."
    else:
        unread = []
        said = f"Nothing fits: the kernel reaches over {reach} pixels, the padded axis has {length}."
        also = f"It would take {reach - length} more. The formula gives {_signed(left // s + 1)}, which is no size."
    starts = range(0, left + 1, s) if fits else [0]
    cell = min(0.36, (WIDTH - 0.2) / max(length, reach))
    ax = canvas(WIDTH, 0.75 + cell + 0.26 * len(starts))
    _say(ax, 0.1, 0.15, said, 10, ha="left")
    _say(ax, 0.1, 0.36, also, 10, ha="left")
    pixels = np.arange(-p, n + p)
    outside = (pixels < 0) | (pixels >= n)
    axis, marks = np.where(outside, np.nan, pixels), np.isin(pixels, unread)
    grid(ax, axis[None], (0.1, 0.55), cell, tint=outside[None], marks=marks[None], signed=True, limit=1e6)
    for row, start in enumerate(starts):
        x, y = 0.1 + start * cell, 0.65 + cell + 0.26 * row
        for tap in range(start, start + reach, d):
            colour = SERIES[0] if tap < length else SOFT
            ax.add_patch(Rectangle((0.13 + tap * cell, y), cell - 0.06, 0.18, facecolor=colour))
        _frame(ax, (x, y - 0.03), reach * cell, 0.24, linewidth=1.5, linestyle="-" if fits else "--")


def repeated_pooling() -> None:
    """A grey photograph of a pagoda, pooled by 2x2 windows again and again, above by the maximum, below by the average.

    Each of two rows has five pictures of the same width with fewer and fewer pixels: 160x240, 80x120, 40x60, 20x30 and
    10x15. Maximum pooling grows whatever is bright, so that the dark roofs vanish and the picture becomes pale; average
    pooling keeps the brightness and blurs. At 10x15 pixels only light and dark patches are left.
    """
    photo = (load_samples().photo @ [0.299, 0.587, 0.114])[None, None]
    ax, width = canvas(WIDTH, 2.2), 1.22
    for row, (name, pool) in enumerate((("max", functional.max_pool2d), ("average", functional.avg_pool2d))):
        image, y = photo, 0.28 + row * 0.95
        _say(ax, 0.3, y + width / 3, name, 9)
        for column in range(5):
            x = 0.62 + column * (width + 0.05)
            _photo(ax, image[0, 0], (x, y), width, vmin=0, vmax=255, interpolation="nearest")
            if row == 0:
                _say(ax, x + width / 2, 0.14, " × ".join(map(str, image.shape[2:])), 9)
            image = pool(image, 2)


def pooling(image: ArrayLike | None = None) -> None:
    """Two poolings of the same 4x6 image by 2x2 windows side by side: the largest value, and the mean.

    Left the image with its first window outlined and the next one dashed; then the two 2x3 outputs, their first cells
    outlined. The first window holds 1, 5, 3 and 4: its maximum is 5, its mean 3.25.

    `image` is (H, W), at most 8 wide; ValueError where a window does not fit.
    """
    default = [[1, 5, 0, 2, 7, 1], [3, 4, 6, 0, 2, 2], [0, 2, 9, 3, 1, 0], [1, 1, 4, 8, 0, 3]]
    image = _plane("pooling: image", image, np.array(default))
    if image.shape[1] > 8:
        raise ValueError(f"pooling: image must be at most 8 wide to be read, got {image.shape}")
    results = [functional.max_pool2d(image[None, None], 2), functional.avg_pool2d(image[None, None], 2)]
    cell, top = 0.36, 0.3
    middle = top + image.shape[0] * cell / 2
    ax = canvas(WIDTH, image.shape[0] * cell + top + 0.1)
    limit, x = float(np.abs(image).max()), 0.2
    grid(ax, image, (x, top), cell, title="image", window=(0, 0, 2, 2), limit=limit)
    if image.shape[1] > 3:
        _frame(ax, (x + 2 * cell, top), 2 * cell, 2 * cell, linestyle=(0, (3, 2)), linewidth=1.5)
    x += image.shape[1] * cell + 0.8
    _arrow(ax, (x - 0.65, middle), (x - 0.2, middle))
    for title, result in zip(("2 × 2 maximum", "2 × 2 average"), results, strict=True):
        output = result[0, 0]
        at = (x, middle - output.shape[0] * cell / 2)
        grid(ax, output, at, cell, title=title, window=(0, 0, 1, 1), limit=limit)
        x += output.shape[1] * cell + 0.6


def pooling_and_shift(shift: int = 1) -> None:
    """What a shift to the right does to an image, its response, the pooled response and the global maximum.

    Above the image as it is, a small 7 in a 6x10 frame, below the same image shifted; from left to right the image, the
    response of a 3x3 kernel after ReLU, its 2x2 maxima, and the largest value of all. Below, every cell that is no
    longer what stands above it is tinted amber; a line says how many places with a value other than 0 stayed the same.

    `shift` is the number of pixels, from 0 to 3, so that the 7 stays inside; ValueError for others.
    """
    if shift not in range(4):
        raise ValueError(f"pooling_and_shift: shift must be an integer from 0 to 3, got {shift}")
    image = np.pad(SEVEN, ((0, 0), (1, 2)))
    rows = []
    for picture in (image, np.pad(image, ((0, 0), (shift, 0)))[:, :10]):
        response = np.maximum(_respond(picture, SLOPE), 0)
        pooled = functional.max_pool2d(response[None, None], 2)[0, 0]
        rows.append((picture, response, pooled, response.max(keepdims=True)))
    cell, top, step = 0.235, 0.35, 1.85
    ax = canvas(WIDTH, step * 2 + 0.1)
    names = ("image", "response", "2 × 2 maximum", "global max")
    limits = [float(part.max()) for part in rows[0]]
    for row, parts in enumerate(rows):
        x = 0.1
        for index, (name, part, before) in enumerate(zip(names, parts, rows[0], strict=True)):
            y = top + row * step + (6 - len(part)) * cell / 2
            said = name if row == 0 else f"shifted by {shift}" if index == 0 else None
            grid(ax, part, (x, y), cell, title=said, limit=limits[index], tint=part != before)
            if row and index:
                counted = (part != 0) | (before != 0)
                same = f"{int((part == before)[counted].sum())} of {int(counted.sum())}\nthe same"
                _say(ax, x + part.shape[1] * cell / 2, y + len(part) * cell + 0.22, same, 8.5)
            x += part.shape[1] * cell + (0.35, 0.35, 0.42, 0)[index]


def layer_stack(
    in_shape: tuple[int, int, int] = (3, 32, 32),
    layers: Sequence[tuple[int, int, int, int]] = (
        (16, 3, 1, 1),
        (32, 3, 2, 1),
        (32, 3, 1, 1),
        (64, 3, 2, 1),
    ),
) -> None:
    """What each layer of a stack of convolutions costs: a row per layer, with its output's shape and three bars.

    The bars are the layer's parameters, its multiplications for one image, and the memory of its output in kB, four
    bytes a value. Each column has a scale of its own, and its sum stands below. The first row is the image: it has
    memory only.

    `in_shape` is (C, H, W), a layer is (C_out, kernel_size, stride, padding). ValueError where a kernel fits nowhere.
    """
    rows: list[tuple[str, Sequence[int], int, int, int]] = [
        ("image", in_shape, 0, 0, 4 * int(np.prod(in_shape)))
    ]
    for c_out, k, stride, padding in layers:
        c_in, *sides = rows[-1][1]
        high, wide = (shapes.output_size(side, k, stride, padding) for side in sides)
        name = f"{k} × {k}, stride {stride}, padding {padding}"
        costs = shapes.conv2d_params(c_in, c_out, k), shapes.conv2d_macs(c_in, c_out, k, (high, wide))
        rows.append((name, (c_out, high, wide), *costs, 4 * c_out * high * wide))
    _cost_table(rows)


def _cost_table(rows: Sequence[tuple[str, Sequence[int], int, int, int]], note: str = "") -> None:
    """Draw a row per layer, (name, output shape, parameters, multiplications, bytes), sums and a note below."""
    names, outputs, parameters, macs, sizes = zip(*rows, strict=True)
    kilobytes = [size / 1000 for size in sizes]
    lines = 0.55 + 0.3 * np.arange(len(rows))
    end = lines[-1] + 0.3
    ax = canvas(WIDTH, end + 0.25 + 0.25 * bool(note))
    _say(ax, 0.1, 0.25, "layer", 10, ha="left")
    _say(ax, 2.05, 0.25, "output", 10, ha="left")
    _say(ax, 0.1, end + 0.25, note, ha="left")
    for y, name, shape in zip(lines, names, outputs, strict=True):
        _say(ax, 0.1, y, name, min(9, 9 * 27 / len(name)), ha="left")
        _say(ax, 2.05, y, " × ".join(map(str, shape)), ha="left")
    columns = (
        (3.1, "parameters", parameters, ",d"),
        (4.3, "multiplications", macs, ",d"),
        (5.85, "memory, kB", kilobytes, ",.1f"),
    )
    for (x, title, counts, form), colour in zip(columns, SERIES, strict=False):
        _say(ax, x, 0.25, title, 10, ha="left")
        _say(ax, x, end, f"{sum(counts):{form}} in all", ha="left")
        for y, count in zip(lines, counts, strict=True):
            if count:
                long = 0.5 * count / max(counts)
                ax.add_patch(Rectangle((x, y - 0.08), long, 0.16, facecolor=colour))
                _say(ax, x + long + 0.05, y, f"{count:{form}}", ha="left")
    ax.plot([0.1, WIDTH - 0.1], [end - 0.16] * 2, color=SOFT, linewidth=0.8)


def grouped_channels(channels: int = 8, groups: int = 2, kernel_size: int = 3) -> None:
    """Which input channels each output channel of a convolution reads: all, those of its group, or only its own.

    Three times a column of dots for the input channels and one for the output channels, with a line from an input to
    an output that reads it. Left: every output reads every input. Middle: the channels fall into groups, and an output
    reads its own group only. Right: depthwise, one channel a group. Below: shape and number of the weights.
    """
    ax = canvas(WIDTH, 2.9)
    heights = np.linspace(0.55, 2.15, channels)
    names = ("every channel", f"{groups} groups", "depthwise")
    for x, name, count in zip((0.6, 2.9, 5.2), names, (1, groups, channels), strict=True):
        per_group = channels // count
        _say(ax, x + 0.6, 0.2, name, 11)
        for o, i in np.ndindex(channels, channels):
            if o // per_group == i // per_group:
                chosen = o == 2
                colour, width = (ACCENT, 1.4) if chosen else ("#b9c3cb", 0.6)
                ax.plot([x, x + 1.2], heights[[i, o]], color=colour, linewidth=width, zorder=1 + chosen)
        ax.scatter([x] * channels, heights, s=30, color="#7d8b97", zorder=3)
        dots = [ACCENT if o == 2 else "#7d8b97" for o in range(channels)]
        ax.scatter([x + 1.2] * channels, heights, s=30, color=dots, zorder=3)
        weights = shapes.conv2d_params(channels, channels, kernel_size, groups=count, bias=False)
        shape = (channels, per_group, kernel_size, kernel_size)
        _say(ax, x + 0.6, 2.55, f"weight {shape}\n{weights} weights")


def filter_learner(
    learning_rate: float = 0.3,
    steps: Sequence[int] = (0, 1, 2, 4, 8),
    hidden: ArrayLike | None = None,
    image: ArrayLike | None = None,
) -> None:
    """A 3x3 kernel found by gradient descent: what it is after some steps, its loss below, and the hidden kernel.

    The kernel starts at zeros and sees an image of noise and what the hidden kernel makes of it. Each step takes the
    gradient of the mean squared error times `learning_rate` off it. Blue is positive, red negative; with a small rate
    it ends at the hidden kernel, with too large a rate it leaves it further behind at every step.

    `hidden` is (3, 3), `image` (H, W); `steps` says after which the kernel is shown, five at most.
    """
    if not 1 <= len(steps) <= 5 or min(steps) < 0:
        raise ValueError(f"filter_learner: steps expects one to five numbers from 0, got {list(steps)}")
    hidden = _plane("filter_learner: hidden", hidden, HIDDEN)
    image = _plane("filter_learner: image", image, NOISE)[None, None]
    target, kernel = functional.conv2d(image, hidden[None, None]), np.zeros((1, 1, 3, 3))
    ax, cell, limit = canvas(WIDTH, 1.8), 0.345, float(np.abs(hidden).max()) or 1.0
    grid(ax, hidden, (WIDTH - 3 * cell - 0.05, 0.4), cell, title="hidden", signed=True, limit=limit)
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(max(steps) + 1):
            error = functional.conv2d(image, kernel) - target
            if step in steps:
                x = 0.05 + 1.17 * list(steps).index(step)
                shown = np.where(np.abs(kernel[0, 0]) < 10, kernel[0, 0].round(1), kernel[0, 0].round())
                grid(ax, shown, (x, 0.4), cell, title=f"step {step}", signed=True, limit=limit)
                _say(ax, x + 1.5 * cell, 1.61, f"loss {np.mean(error**2):.2g}")
            kernel -= learning_rate * functional.conv2d_backward(2 * error / error.size, image, kernel)[1]


def output_heads(in_shape: tuple[int, int, int] = (32, 20, 20), num_classes: int = 10) -> None:
    """Three ways from a stack of feature maps to one score per class, and what each costs.

    On the left the maps, by default 32 of 20x20. From them go three rows. Flatten to 12,800 numbers, then a linear
    layer of 128,010 parameters, gives 10 scores. The average of each map leaves 32 numbers, and a linear layer of
    330 parameters gives 10 scores. A 1x1 convolution of 330 parameters gives 10 score maps of 20x20, and the average
    of each map gives 10 scores.

    `in_shape` is (C, H, W) of the maps.
    """
    channels, high, wide = in_shape
    flat, small = channels * high * wide, (channels + 1) * num_classes
    ax = canvas(WIDTH, 3.6)
    scale = 0.8 / max(high, wide)
    _volume(ax, (0.1, 1.5), (wide * scale, high * scale), channels, 0.012)
    _say(ax, 0.1 + (wide * scale + 0.37) / 2, 1.5 + high * scale + 0.2, f"{channels} × {high} × {wide}")
    rows = [
        (0.6, "flatten", (0.1, 1.0), 1, f"{flat:,}", f"Linear\n{(flat + 1) * num_classes:,} parameters"),
        (1.85, "average\nof each map", (0.1, 0.5), 1, f"{channels}", f"Linear\n{small:,} parameters"),
        (3.0, f"1 × 1 convolution\n{small:,} parameters", (wide * scale * 0.7, high * scale * 0.7), num_classes,
         f"{num_classes} × {high} × {wide}", "average\nof each map"),
    ]  # fmt: skip
    for y, first, (width, height), planes, between, second in rows:
        _arrow(ax, (1.38, 1.85 + (y - 1.85) / 4), (1.68, y), INK)
        _say(ax, 2.35, y, first)
        _arrow(ax, (2.95, y), (3.2, y), INK)
        _volume(ax, (3.35 if planes > 1 else 3.58, y - height / 2), (width, height), planes, 0.012)
        _say(ax, 3.63, y + height / 2 + 0.14, between)
        _arrow(ax, (4.3, y), (4.7, y), INK)
        _say(ax, 5.45, y, second)
        _arrow(ax, (6.17, y), (6.42, y), INK)
        _say(ax, 6.72, y, f"{num_classes}\nscores")


def linear_as_convolution() -> None:
    """A linear layer on a flattened map is a convolution whose kernel is as large as the map.

    Top row: twelve pixels in one row, twelve weights in one row, their dot product 8. Middle row: the same pixels as
    a 3x4 map, the same weights as a 3x4 kernel, one place where it fits, the same 8. Bottom row: a 5x6 map whose top
    left window is that map; the kernel fits at 3x3 places and gives a 3x3 map of scores, the first of them 8.
    """
    large = np.array(
        [[0, 2, 1, 0, 1, 0], [1, 3, 0, 2, 0, 2], [0, 1, 2, 0, 3, 1], [2, 0, 1, 1, 0, 0], [0, 1, 0, 2, 1, 3]]
    )
    kernel = np.array([[0, 2, -1, 0], [1, 1, 0, -2], [0, -1, 3, 1]])
    small = large[:3, :4]
    score = np.array([[np.sum(small * kernel)]])
    ax, cell, window = canvas(WIDTH, 3.7), 0.24, (0, 0, 3, 4)
    rows: list[tuple[float, float, str, Array, Array, Array]] = [
        (0.45, 3.3, "the flattened map", small.reshape(1, -1), kernel.reshape(1, -1), score),
        (1.5, 2.0, "the map", small, kernel, score),
        (2.95, 2.0, "a larger map", large, kernel, _respond(large, kernel)),
    ]
    for y, at, name, values, weights, result in rows:
        tall, end = len(values) * cell / 2, at + weights.shape[1] * cell
        framed = values is large
        grid(ax, values, (0.1, y - tall), cell, title=name, window=window if framed else None)
        grid(ax, weights, (at, y - len(weights) * cell / 2), cell, title="the weights", signed=True)
        first = (0, 0, 1, 1) if framed else None
        grid(ax, result, (end + 0.35, y - len(result) * cell / 2), cell, signed=True, window=first, limit=20)
        _say(ax, at - 0.17, y, "·" if result.size == 1 else "⋆", 13)
        _say(ax, end + 0.18, y, "=", 13)
    _say(ax, 4.4, 1.5, "one place where the kernel fits:\none score", 10, ha="left")
    _say(ax, 4.4, 2.95, "nine places: a map of scores", 10, ha="left")


def residual_block() -> None:
    """Two convolutions in a row, without a shortcut and with one, as three rows of boxes joined by arrows.

    Each row goes from x over a 3x3 convolution, batch norm, ReLU, a 3x3 convolution and batch norm to a last ReLU. In
    the first row that is all. In the second an amber arrow leads from x around the boxes to a plus sign before the last
    ReLU: x itself is added. In the third, where the stride or the channels change, the amber arrow passes through a box
    with a 1x1 convolution and batch norm.
    """
    ax, gap = canvas(WIDTH, 3.2), 0.23
    names = ("3 × 3 conv", "batch norm", "ReLU", "3 × 3 conv", "batch norm", "+", "ReLU")
    widths = (0.86, 0.86, 0.5, 0.86, 0.86, 0.24, 0.5)
    for y, title in ((0.5, "plain"), (1.6, "residual"), (2.9, "residual, where the shape changes")):
        top = y - 0.42
        _say(ax, 0.1, y - (0.34 if title == "plain" else 0.66), title, 10, ha="left")
        _say(ax, 0.3, y, "x", 11)
        x = 0.4
        for name, width in zip(names, widths, strict=True):
            if title == "plain" and name == "+":
                ax.plot([x, x + gap + width], [y, y], color=INK, linewidth=1.3)
            elif name == "+":
                _arrow(ax, (x, y), (x + gap, y), INK)
                plus = x + gap + width / 2
                ax.add_patch(Circle((plus, y), width / 2, facecolor="white", edgecolor=ACCENT, linewidth=1.8))
                _say(ax, plus, y, name, 12)
                ax.plot([0.3, 0.3, plus], [y - 0.13, top, top], color=ACCENT, linewidth=2.2, zorder=0)
                _arrow(ax, (plus, top), (plus, y - width / 2), ACCENT, linewidth=2.2)
            else:
                _arrow(ax, (x, y), (x + gap, y), INK)
                _box(ax, (x + gap, y), width, name)
            x += gap + width
        _arrow(ax, (x, y), (x + gap, y), INK)
        if "changes" in title:
            _box(ax, (2.85, top), 1.95, "1 × 1 conv, batch norm")


def _box(ax: Axes, at: Point, width: float, text: str) -> None:
    """A labelled box whose left edge has its middle `at`."""
    x, y = at
    ax.add_patch(
        Rectangle((x, y - 0.15), width, 0.3, facecolor="#dfe6ec", edgecolor="#7d8b97", linewidth=0.8)
    )
    _say(ax, x + width / 2, y, text)


def dataset_contract() -> None:
    """From files to batches: a folder, a Dataset that gives one pair for each index, a DataLoader that stacks them.

    Left, a folder with one folder for each class and three files. In the middle the Dataset's two promises, a length
    and a pair of image and label for each index. Right, a batch of the three images in one tensor, with three labels.
    """
    ax = canvas(WIDTH, 2.15)
    for line, (indent, text) in enumerate(
        ((0, "digits/"), (1, "four/"), (2, "a.png"), (2, "b.jpg"), (1, "seven/"), (2, "c.png"))
    ):
        _say(ax, 0.15 + 0.22 * indent, 0.52 + 0.25 * line, text, 9.5, ha="left", family="DejaVu Sans Mono")
    for x, title in ((0.75, "files"), (3.15, "Dataset"), (5.75, "DataLoader")):
        _say(ax, x, 0.18, title, 11, weight="bold")
    ax.add_patch(Rectangle((1.95, 0.45), 2.4, 1.45, facecolor=TINT, edgecolor=ACCENT, linewidth=1.5))
    for y, text in (
        (0.72, "len(dataset)  \u2192  3"),
        (1.1, "dataset[0]  \u2192"),
        (1.5, "(1, 28, 28) float,  0"),
    ):
        _say(ax, 3.15, y, text, 9.5, family="DejaVu Sans Mono")
    _volume(ax, (5.35, 0.75), (0.75, 0.75), 3, 0.08)
    _say(ax, 5.8, 1.68, "images (3, 1, 28, 28)", 9.5, family="DejaVu Sans Mono")
    _say(ax, 5.8, 1.93, "labels (3,)", 9.5, family="DejaVu Sans Mono")
    _arrow(ax, (1.35, 1.15), (1.85, 1.15), INK)
    _arrow(ax, (4.45, 1.15), (5.2, 1.15), INK)


def digit_preprocessing(picture: ArrayLike | None = None) -> None:
    """A photographed digit takes MNIST's form in four steps, each a picture with its size.

    From left to right: the photograph, dark ink on uneven paper; the ink alone, bright on black; the ink cut out;
    scaled so that its longer side is 20 pixels; in a black frame of 28x28, its centre of mass, marked by an amber
    cross, in the middle. The last three are drawn to one scale.

    `picture` is (H, W), uint8, of one digit; ValueError where it holds no ink.
    """
    digit = load_samples().digits[7]
    picture = _plane(
        "digit_preprocessing: picture", picture, folders.photograph_digit(digit, np.random.default_rng(4))
    )
    steps = folders.prepare_digit(picture)
    parts = [picture, *steps]
    names = ("photograph", "ink, bright", "cut out", "at most 20 \u00d7 20", "centred in 28 \u00d7 28")
    ax = canvas(WIDTH, 1.95)
    pixel = 1.15 / max(28, *steps.cropped.shape)
    for index, (part, name) in enumerate(zip(parts, names, strict=True)):
        scale = pixel if index > 1 else 1.15 / max(part.shape)
        high, wide = (n * scale for n in part.shape)
        middle = 0.7 + index * 1.4
        corner = (middle - wide / 2, 0.9 - high / 2)
        _photo(ax, part, corner, wide, vmin=0, vmax=255, interpolation="nearest")
        _say(ax, middle, 0.17, name, 9.5)
        _say(ax, middle, 1.68, f"{part.shape[0]} \u00d7 {part.shape[1]}", 9, color=SOFT)
        if index:
            _arrow(ax, (middle - 0.79, 0.9), (middle - 0.61, 0.9), INK)
    rows, columns = np.indices(steps.centred.shape)
    weight = steps.centred / steps.centred.sum()
    x, y = (corner[i] + ((grid * weight).sum() + 0.5) * pixel for i, grid in enumerate((columns, rows)))
    ax.plot([x], [y], marker="+", markersize=11, markeredgewidth=2.2, color=ACCENT)
