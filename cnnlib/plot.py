"""Draws images, numbers, kernels, feature maps, training histories and confusions, all in one style.

Each function draws one figure and returns None; a notebook shows the figure below the cell. Images are grey, with
0 black. Kernels and signed maps are blue above 0, white at 0 and red below. What moves or matters is amber.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle
from matplotlib.patheffects import AbstractPathEffect, withStroke
from matplotlib.rcsetup import cycler
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import ArrayLike, NDArray

ACCENT = "#f2a200"
TINT = "#fdebc2"
INK = "#1a1a1a"
SOFT = "#8a8a8a"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#8a8a8a")  # Okabe and Ito, 2008
SIGNED = "RdBu"
WIDTH = 7.0  # inches: what a notebook shows without scaling

Array: TypeAlias = NDArray[Any]
Window: TypeAlias = tuple[int, int, int, int]
History: TypeAlias = Sequence[Mapping[str, Any]]


def style() -> None:
    """Set matplotlib up for the whole course: white ground, one font, 100 dots per inch."""
    plt.rcParams.update(
        {
            "figure.dpi": 100,
            "savefig.dpi": 100,
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "figure.figsize": (WIDTH, 3.0),
            "font.family": "DejaVu Sans",
            "font.size": 10,
            "text.color": INK,
            "axes.edgecolor": SOFT,
            "axes.labelcolor": INK,
            "axes.titlesize": 10,
            "axes.prop_cycle": cycler(color=SERIES),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "xtick.color": INK,
            "ytick.color": INK,
            "legend.frameon": False,
            "image.cmap": "gray",
            "image.interpolation": "nearest",
            "svg.hashsalt": "cnnlib",
        }
    )


def images(images: ArrayLike, titles: Sequence[object] | None = None, columns: int = 10) -> None:
    """Draw a batch of images in rows of `columns`.

    `images` is (N, H, W), (N, 1, H, W) or, in colour, (N, 3, H, W): uint8 from 0 to 255, or bool or float from 0 to 1.
    `titles` has one entry per image and is drawn as it stands. ValueError or TypeError for anything else.
    """
    array = _array("images", images)
    if array.ndim == 4 and array.shape[1] == 3:
        array = np.moveaxis(array, 1, -1)
    elif array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    elif array.ndim != 3:
        raise ValueError(f"images: expected (N, H, W), (N, 1, H, W) or (N, 3, H, W), got {array.shape}")
    if array.dtype != np.uint8 and array.dtype.kind not in "bf":
        raise TypeError(f"images: expected uint8 (0 to 255), bool or float (0 to 1), got {array.dtype}")
    if array.dtype.kind == "f" and not (array.min() >= 0 and array.max() <= 1):
        low, high = array.min(), array.max()
        raise ValueError(f"images: floats must lie between 0 and 1, these lie between {low:g} and {high:g}")
    top = 255 if array.dtype == np.uint8 else 1
    for ax, image in zip(_panels("images", array, titles, columns)[1], array, strict=True):
        ax.imshow(image if image.ndim == 2 else image.astype(float) / top, cmap="gray", vmin=0, vmax=top)


def numbers(
    *arrays: ArrayLike,
    titles: Sequence[object] | None = None,
    window: Window | list[Window | None] | None = None,
    marks: ArrayLike | list[ArrayLike | None] | None = None,
    signed: bool | None = None,
) -> None:
    """Draw small arrays side by side as grids with the value of every cell written in it.

    Each array is (H, W), together at most 30 columns; a NaN leaves its cell empty. `window` is (row, column, height,
    width), outlined in the first array, or a list with one such tuple or None per array. `marks` is a boolean array of
    the cells to strike out, likewise. An array with a negative value is coloured as signed, others grey; `signed`
    decides for all. ValueError for other shapes and for a window that does not fit.
    """
    if not arrays:
        raise ValueError("numbers: expected at least one array, got none")
    grids = [_array("numbers", array) for array in arrays]
    names = _texts("numbers", titles, len(grids))
    windows, masks = _each("window", window, len(grids)), _each("marks", marks, len(grids))
    for array, frame, mask in zip(grids, windows, masks, strict=True):
        if array.ndim != 2:
            raise ValueError(f"numbers: expected arrays of shape (H, W), got {array.shape}")
        _check_overlay(array.shape, frame, mask)
    columns = sum(array.shape[1] for array in grids)
    if columns > 30:
        raise ValueError(f"numbers: at most 30 columns can be read, got {columns}: draw a part of the array")
    gap, top = 0.45, 0.3 if titles else 0.05
    cell = min(0.42, (WIDTH - gap * (len(grids) - 1) - 0.1) / columns)
    height = max(array.shape[0] for array in grids) * cell
    ax = canvas(cell * columns + gap * (len(grids) - 1) + 0.1, height + top + 0.05)
    x = 0.05
    for array, name, frame, mask in zip(grids, names, windows, masks, strict=True):
        grid(ax, array, (x, top), cell, title=name, window=frame, marks=mask, signed=signed)
        x += array.shape[1] * cell + gap


def kernels(weight: ArrayLike, titles: Sequence[object] | None = None, columns: int | None = None) -> None:
    """Draw the kernels of a convolution, all on one scale that is symmetric about 0.

    `weight` is (kH, kW), (N, kH, kW) or (C_out, C_in, kH, kW); with several input channels each row is one filter
    and each column one of its input channels. ValueError for other shapes and for more than 256 panels.
    """
    array = _array("kernels", weight)
    if array.ndim not in (2, 3, 4):
        raise ValueError(
            f"kernels: expected (kH, kW), (N, kH, kW) or (C_out, C_in, kH, kW), got {array.shape}"
        )
    if columns is None:
        columns = array.shape[1] if array.ndim == 4 and array.shape[1] > 1 else 8
    _signed_panels("kernels", array.reshape(-1, *array.shape[-2:]), titles, columns)


def feature_maps(maps: ArrayLike, titles: Sequence[object] | None = None, columns: int = 8) -> None:
    """Draw the maps that one image gives, all on one scale that is symmetric about 0.

    `maps` is (H, W), (C, H, W) or (1, C, H, W). ValueError for other shapes and for more than 256 maps.
    """
    array = _array("feature_maps", maps)
    if array.ndim not in (2, 3) and not (array.ndim == 4 and array.shape[0] == 1):
        raise ValueError(f"feature_maps: expected (H, W), (C, H, W) or (1, C, H, W), got {array.shape}")
    _signed_panels("feature_maps", array.reshape(-1, *array.shape[-2:]), titles, columns)


def history(history: History | Mapping[str, History]) -> None:
    """Draw loss and accuracy per epoch: training dashed, validation solid.

    `history` is the list of dicts that `training.fit` returns (epoch, loss, accuracy, validation_loss,
    validation_accuracy; the last three may be missing), or a dict from the name of a run to its list, to compare runs.
    """
    runs = dict(history) if isinstance(history, Mapping) else {"": history}
    if not runs:
        raise ValueError("history: expected at least one run, got an empty dict")
    for name, run in runs.items():
        if not len(run):
            raise ValueError(
                f"history: expected one dict per epoch{f' in run {name!r}' if name else ''}, got none"
            )
        for key in ("epoch", "loss"):
            if not all(key in row for row in run):
                raise ValueError(f"history: every epoch needs the key {key!r}, got {sorted(run[0])}")
    kinds = [
        k for k in ("loss", "accuracy") if any(k in r[0] or f"validation_{k}" in r[0] for r in runs.values())
    ]
    _, axes = plt.subplots(1, len(kinds), figsize=(WIDTH, 2.8), layout="constrained", squeeze=False)
    for ax, kind in zip(axes[0], kinds, strict=True):
        for colour, (name, run) in zip(SERIES * len(runs), runs.items(), strict=False):
            _curve(ax, run, kind, f"{name} training".strip(), color=colour, linestyle="--", marker="o")
            _curve(ax, run, f"validation_{kind}", f"{name} validation".strip(), color=colour, marker="s")
        ax.set(xlabel="epoch", title=kind)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        if ax.get_xlim()[1] - ax.get_xlim()[0] < 1:  # one epoch only
            ax.margins(x=5)
        if kind == "accuracy":
            ax.yaxis.set_major_formatter(PercentFormatter(1))
    for text in axes[0, 0].legend(fontsize=8).get_texts():
        text.set_parse_math(False)


def confusion_matrix(matrix: ArrayLike, class_names: Sequence[object] | None = None) -> None:
    """Draw a confusion matrix: rows are the true classes, columns the predictions, every count is written.

    `matrix` is (K, K) counts; `class_names` has K entries and is drawn as it stands. The diagonal is grey, the
    mistakes are amber, the darker the more frequent. ValueError for other shapes, negative or fractional counts.
    """
    counts = _array("confusion_matrix", matrix)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(f"confusion_matrix: matrix must be (K, K), got {counts.shape}")
    if not (np.isfinite(counts) & (counts >= 0) & (counts == np.floor(counts))).all():
        raise ValueError("confusion_matrix: matrix must hold counts, whole numbers that are not negative")
    size = len(counts)
    names = _texts(
        "confusion_matrix", range(size) if class_names is None else class_names, size, "class_names"
    )
    wrong = np.where(np.eye(size, dtype=bool) | (counts == 0), np.nan, counts)
    side = min(5.2, 1.2 + 0.5 * size)
    _, ax = plt.subplots(figsize=(side, side), layout="constrained")
    ax.imshow(np.where(np.eye(size), 0.12, np.nan), cmap="Greys", vmin=0, vmax=1)
    ax.imshow(wrong, cmap="YlOrBr", vmin=0, vmax=2 * max(1, np.nanmax(wrong, initial=1)))
    fontsize = min(9.0, 340 / size / max(2, len(f"{int(counts.max())}")))
    for (row, column), count in np.ndenumerate(counts):
        grey = count == 0
        ax.text(
            column,
            row,
            f"{int(count)}",
            ha="center",
            va="center",
            fontsize=fontsize,
            color=SOFT if grey else INK,
        )
    ax.set_xticks(range(size), names, parse_math=False, rotation=90 if max(map(len, names)) > 4 else 0)
    ax.set_yticks(range(size), names, parse_math=False)
    ax.set(xlabel="predicted class", ylabel="true class")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def canvas(width: float, height: float) -> Axes:
    """Return empty axes of a new figure, measured in inches from the top left corner."""
    figure = plt.figure(figsize=(width, height), facecolor="white")
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, width), ylim=(height, 0), autoscale_on=False)
    ax.axis("off")
    return ax


def grid(
    ax: Axes,
    array: ArrayLike,
    at: tuple[float, float],
    cell: float,
    *,
    title: str | None = None,
    window: Window | None = None,
    marks: ArrayLike | None = None,
    signed: bool | None = None,
    limit: float | None = None,
    tint: ArrayLike | None = None,
) -> None:
    """Draw a (H, W) array on a `canvas` with its top left corner `at` (x, y): square cells, every value written.

    `limit` is the absolute value drawn in full colour (the array's largest by default), `tint` a boolean array of
    the cells that get a pale amber ground instead, such as padding. NaN leaves a cell empty.
    """
    values = np.asarray(array).astype(float)
    rows, columns = values.shape
    x, y = at
    limit = limit or float(np.nanmax(np.abs(values), initial=0)) or 1.0
    signed = bool(np.nanmin(values, initial=0) < 0) if signed is None else signed
    # Greys are true, as in an image; signed colours are paler than in one, so that the numbers can be read.
    colours = colormaps[SIGNED](values / limit / 3 + 0.5) if signed else colormaps["gray"](values / limit)
    colours[np.isnan(values)] = (1, 1, 1, 1)
    if tint is not None:
        colours[np.asarray(tint)] = to_rgba(TINT)
    cells = [Rectangle((x + j * cell, y + i * cell), cell, cell) for i in range(rows) for j in range(columns)]
    ax.add_collection(
        PatchCollection(cells, facecolors=colours.reshape(-1, 4), edgecolors="#b5b5b5", linewidths=0.6)
    )
    texts = [[_number(value) for value in row] for row in values]
    longest = max(2, max(len(text) for row in texts for text in row))
    size = min(10.5, cell * 38, cell * 88 / longest)
    for i, j in np.ndindex(values.shape):
        dark = colours[i, j, :3] @ (0.299, 0.587, 0.114) < 0.485  # where both contrasts are equal
        where = (x + (j + 0.5) * cell, y + (i + 0.5) * cell)
        ax.text(
            *where,
            texts[i][j],
            ha="center",
            va="center_baseline",
            fontsize=size,
            color="white" if dark else INK,
        )
    if marks is not None:
        _strike(ax, np.asarray(marks), at, cell)
    if window is not None:
        _outline(ax, window, at, cell)
    if title:
        ax.text(x + columns * cell / 2, y - 0.1, title, ha="center", va="baseline", parse_math=False)


def _strike(ax: Axes, marks: Array, at: tuple[float, float], cell: float) -> None:
    """Cross the marked cells out with one diagonal each."""
    for i, j in np.argwhere(marks):
        x, y = at[0] + j * cell, at[1] + i * cell
        ax.plot([x, x + cell], [y + cell, y], color=ACCENT, linewidth=1.5, solid_capstyle="butt")


def _outline(ax: Axes, window: Window, at: tuple[float, float], cell: float) -> None:
    """Outline (row, column, height, width) in the accent colour."""
    row, column, height, width = window
    corner = (at[0] + column * cell, at[1] + row * cell)
    line = min(2.5, 8 * cell)
    around: list[AbstractPathEffect] = [withStroke(linewidth=line + 1.6, foreground="white")]
    frame = Rectangle(corner, width * cell, height * cell, fill=False, edgecolor=ACCENT, linewidth=line)
    frame.set_path_effects(around)
    ax.add_patch(frame)


def _number(value: float) -> str:
    """Write a number in at most two decimals with a real minus sign; NaN is empty."""
    if np.isnan(value):
        return ""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text.replace("-", "\u2212")


def _array(name: str, values: ArrayLike) -> Array:
    """Return values (a torch tensor, too) as an array of numbers that is not empty."""
    tensor: Any = values
    array = np.asarray(tensor.detach().cpu() if hasattr(tensor, "detach") else values)
    if array.dtype.kind not in "buif":
        raise TypeError(f"{name}: expected an array of numbers, got dtype {array.dtype}")
    if array.size == 0:
        raise ValueError(f"{name}: nothing to draw in an array of shape {array.shape}")
    return array


def _texts(name: str, texts: Sequence[object] | None, count: int, argument: str = "titles") -> list[str]:
    """Return one string per thing drawn."""
    if texts is None:
        return [""] * count
    if isinstance(texts, str) or len(texts) != count:
        raise ValueError(f"{name}: {argument} must have {count} entries, one each, got {texts!r}")
    return [str(text) for text in texts]


def _each(argument: str, value: Any, count: int) -> list[Any]:
    """Return one value per array: a list is one per array, anything else belongs to the first."""
    if not isinstance(value, list):
        return [value] + [None] * (count - 1)
    if len(value) != count:
        raise ValueError(
            f"numbers: {argument} as a list needs one entry per array ({count}), got {len(value)}"
        )
    return value


def _check_overlay(shape: tuple[int, ...], window: Any, marks: Any) -> None:
    """Check that a window and marks, where there are some, fit an array."""
    if window is not None:
        whole = isinstance(window, tuple) and len(window) == 4
        row, column, height, width = window if whole else (-1, -1, 0, 0)
        if not (0 <= row < row + height <= shape[0] and 0 <= column < column + width <= shape[1]):
            raise ValueError(
                f"numbers: window {window} is no (row, column, height, width) inside shape {shape}"
            )
    if marks is not None and (np.shape(marks) != shape or np.asarray(marks).dtype != bool):
        mask = np.asarray(marks)
        raise ValueError(
            f"numbers: marks must be bool of shape {shape}, got {mask.dtype} of shape {mask.shape}"
        )


def _panels(
    name: str, array: Array, titles: Sequence[object] | None, columns: int, bar: float = 0.0
) -> tuple[Figure, list[Axes]]:
    """Return a figure with one bare panel per entry of `array`, whose shape gives their form, and room for a bar."""
    texts = _texts(name, titles, len(array))
    if columns < 1:
        raise ValueError(f"{name}: columns must be at least 1, got {columns}")
    if len(array) > 256:
        raise ValueError(
            f"{name}: {len(array)} panels are too many to be read (256 at most): pass fewer, such as x[:64]"
        )
    columns = min(columns, len(array))
    rows = -(-len(array) // columns)
    width = min((WIDTH - bar) / columns, 0.35 * array.shape[2], 1.75 if columns > 1 else 3.0)
    height = width * array.shape[1] / array.shape[2] + (0.22 if titles is not None else 0)
    layout = ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.03, wspace=0, hspace=0)
    figure = plt.figure(figsize=(width * columns + bar, height * rows), layout=layout)
    axes = figure.subplots(rows, columns, squeeze=False)
    panels = list(axes.ravel())
    for ax in panels:
        ax.axis("off")
    for ax, text in zip(panels, texts, strict=False):
        if text:
            ax.set_title(text, fontsize=9, pad=2, parse_math=False)
    return figure, panels[: len(array)]


def _signed_panels(name: str, array: Array, titles: Sequence[object] | None, columns: int) -> None:
    """Draw each (H, W) entry in the diverging map, all on one symmetric scale, with its bar."""
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")
    figure, panels = _panels(name, array, titles, columns, bar=0.6)
    limit = float(np.abs(array).max()) or 1.0
    for ax, values in zip(panels, array, strict=True):
        picture = ax.imshow(values, cmap=SIGNED, vmin=-limit, vmax=limit)
        ax.axis("on")
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color="#b5b5b5")
    share = 0.12 / figure.get_figwidth()
    scale = figure.colorbar(picture, ax=figure.axes, fraction=share, pad=share / 2, ticks=[-limit, 0, limit])
    scale.ax.set_yticklabels(
        [f"{tick:.2g}".replace("-", "\u2212") for tick in (-limit, 0, limit)], fontsize=8
    )
    scale.outline.set_visible(False)


def _curve(ax: Axes, run: History, key: str, label: str, **line: Any) -> None:
    """Draw one quantity of a run over its epochs, where it was measured."""
    points = [(row["epoch"], row[key]) for row in run if row.get(key) is not None]
    if points:
        ax.plot(*zip(*points, strict=True), label=label, markersize=3.5, linewidth=1.5, **line)
