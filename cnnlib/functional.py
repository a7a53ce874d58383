"""Convolution and pooling in NumPy: first by definition, in loops, then fast.

Images are arrays of shape (N, C, H, W): N images, C channels, H rows, W columns. Names, order and defaults of
arguments are those of `torch.nn.functional`; a kernel size, stride, padding or dilation is an integer or a
(height, width) pair. Bool and integer arrays are computed in int64, averages of integers in float64; float32
and float64 stay what they are, and where types meet the result has NumPy's common type. No function changes
its arguments or returns a view of them. A wrong call raises TypeError (no NumPy array, no number, no integer)
or ValueError (shapes, ranges, empty arrays) that names the argument, what was expected and what came.
"""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cnnlib.shapes import Pair, _integer, _pair, _places, _read_by, same_padding

Array = NDArray[Any]
Sides = tuple[tuple[int, int], tuple[int, int]]  # ((top, bottom), (left, right))

_PAD_MODES: dict[str, Literal["constant", "reflect", "edge", "wrap"]] = {
    "zeros": "constant",
    "reflect": "reflect",
    "replicate": "edge",
    "circular": "wrap",
}
_BLOCK = 2**18  # values unfolded at a time: 1 MB in float32, which stays in the processor's cache


def pad(input: Array, padding: Pair, mode: str = "zeros") -> Array:
    """Add padding pixels on each side of the last two axes: (..., H, W) -> (..., H + 2 p_h, W + 2 p_w).

    mode is "zeros", "reflect" (mirror, the edge not repeated), "replicate" (repeat the edge) or "circular"
    (go on at the opposite side). ValueError where reflect would need padding >= size or circular padding >
    size. Source: `padding_mode` in the PyTorch documentation of Conv2d.

    >>> pad(np.array([[1, 2, 3]]), (0, 2), "reflect")
    array([[3, 2, 1, 2, 3, 2, 1]])
    """
    input = _array("pad: input", input, "..., H, W")
    height, width = _pair("pad: padding", padding, 0)
    if not isinstance(mode, str) or mode not in _PAD_MODES:
        raise ValueError(f"pad: mode expects one of {list(_PAD_MODES)}, got {mode!r:.60}")
    most = [size - (mode == "reflect") for size in input.shape[-2:]]
    if mode in ("reflect", "circular") and (height > most[0] or width > most[1]):
        raise ValueError(
            f"pad: padding expects at most {tuple(most)} for mode {mode!r}, got {(height, width)}"
        )
    widths = [(0, 0)] * (input.ndim - 2) + [(height, height), (width, width)]
    return np.pad(input, widths, mode=_PAD_MODES[mode])


def conv2d_loops(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Array:
    """Convolve by definition: at every place, multiply the window and the kernel and add everything up.

    Arguments, shapes and errors are those of `conv2d`. Seven loops run over image, output channel, row and
    column, then over input channel, kernel row and kernel column, so use it on small arrays. Source: the
    PyTorch documentation of Conv2d; Goodfellow, Bengio and Courville 2016, "Deep Learning", equation 9.8.

    >>> conv2d_loops(np.arange(9).reshape(1, 1, 3, 3), np.array([[[[1, 10], [100, 1000]]]]))
    array([[[[4310, 5421],
             [7643, 8754]]]])
    """
    padded, weight, bias, slide = _convolution(
        "conv2d_loops", input, weight, bias, stride, padding, dilation, groups
    )
    (s_h, s_w), (d_h, d_w) = slide.stride, slide.dilation
    output = np.zeros((len(padded), len(weight), *slide.size), padded.dtype)
    for n, o, y, x in np.ndindex(output.shape):
        first = o // (len(weight) // groups) * weight.shape[1]  # the group's first input channel
        output[n, o, y, x] = sum(
            padded[n, first + c, y * s_h + i * d_h, x * s_w + j * d_w] * weight[o, c, i, j]
            for c, i, j in np.ndindex(weight.shape[1:])
        )
    return output if bias is None else output + bias[:, None, None]


def conv2d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Array:
    """Convolve as a neural network does: cross-correlate every image with every kernel (no flip), add the bias.

    input (N, C_in, H, W), weight (C_out, C_in / groups, kH, kW), bias (C_out) -> (N, C_out, H', W'), sizes
    as in `cnnlib.shapes.output_size`. padding counts zeros on each side, or is "valid" (none) or "same"
    (size kept, stride 1 only). Each image is unfolded as by `im2col`, then one matrix product does the
    rest (Chellapilla, Puri and Simard 2006, "High performance convolutional neural networks for document
    processing"). Source of the definition: see `conv2d_loops`.

    >>> conv2d(np.arange(9).reshape(1, 1, 3, 3), np.array([[[[1, 10], [100, 1000]]]]))
    array([[[[4310, 5421],
             [7643, 8754]]]])
    """
    padded, weight, bias, slide = _convolution(
        "conv2d", input, weight, bias, stride, padding, dilation, groups
    )
    windows = _windows(padded, slide)
    kernels = weight.reshape(groups, len(weight) // groups, -1)
    output = np.empty((len(padded), len(weight), *slide.size), padded.dtype)
    for image, rows in _blocks(windows):
        columns = windows[image, ..., rows, :].reshape(groups, kernels.shape[2], -1)
        output[image, :, rows] = (kernels @ columns).reshape(len(weight), -1, slide.size[1])
    if bias is not None:
        output += bias[:, None, None]
    return output


def conv2d_backward(
    grad_output: Array,
    input: Array,
    weight: Array,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> tuple[Array, Array, Array]:
    """Return (grad_input, grad_weight, grad_bias) of `conv2d`, given the gradient of its output.

    grad_output has the output's shape (N, C_out, H', W'); each gradient has the shape of what it belongs to.
    A weight's gradient sums window times grad_output over all places; a pixel's sums weight times
    grad_output over all windows that read it. Source: Goodfellow, Bengio and Courville 2016, "Deep
    Learning", equations 9.11 and 9.13.

    >>> x, w = np.arange(9).reshape(1, 1, 3, 3), np.array([[[[1, 10], [100, 1000]]]])
    >>> grad_input, grad_weight, grad_bias = conv2d_backward(np.array([[[[1, 0], [0, 2]]]]), x, w)
    >>> grad_input[0, 0].tolist(), grad_weight[0, 0].tolist(), grad_bias.tolist()
    ([[1, 10, 0], [100, 1002, 20], [0, 200, 2000]], [[8, 11], [17, 20]], [3])
    """
    padded, weight, _, slide = _convolution(
        "conv2d_backward", input, weight, None, stride, padding, dilation, groups
    )
    grad_output = _array("conv2d_backward: grad_output", grad_output, "N, C_out, H', W'")
    _expect_shape("conv2d_backward: grad_output", grad_output, (len(padded), len(weight), *slide.size))
    windows = _windows(padded, slide)
    kernels = weight.reshape(groups, len(weight) // groups, -1)
    dtype = np.result_type(grad_output, weight)
    grad_padded, grad_kernels = np.zeros(padded.shape, dtype), np.zeros(kernels.shape, dtype)
    for image, rows in _blocks(windows):
        window = windows[image, ..., rows, :]
        grad = grad_output[image, :, rows].reshape(*kernels.shape[:2], -1)
        grad_kernels += grad @ window.reshape(groups, kernels.shape[2], -1).swapaxes(1, 2)
        grad_window = (kernels.swapaxes(1, 2) @ grad).reshape(window.shape)
        _add_windows(grad_window, grad_padded[image, :, rows.start * slide.stride[0] :], slide)
    grad_bias = grad_output.sum(axis=(0, 2, 3), dtype=dtype)
    return _crop(grad_padded, slide.sides), grad_kernels.reshape(weight.shape), grad_bias


def im2col(input: Array, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1) -> Array:
    """Unfold images into columns, one per place of the kernel: (N, C, H, W) -> (N, C * kH * kW, L).

    A column holds a window's pixels, channel by channel, row by row; the L places run row by row. This is
    `torch.nn.functional.unfold`, the order of its arguments too. Source: the PyTorch documentation of Unfold.

    >>> im2col(np.arange(9).reshape(1, 1, 3, 3), 2)
    array([[[0, 1, 3, 4],
            [1, 2, 4, 5],
            [3, 4, 6, 7],
            [4, 5, 7, 8]]])
    """
    input = _array("im2col: input", input, "N, C, H, W")
    slide = _slide("im2col", input.shape[2:], kernel_size, stride, padding, dilation)
    windows = _windows(_zero_pad(input, slide.sides), slide)
    return windows.copy().reshape(len(input), -1, slide.size[0] * slide.size[1])


def col2im(
    input: Array,
    output_size: Pair,
    kernel_size: Pair,
    dilation: Pair = 1,
    padding: Pair = 0,
    stride: Pair = 1,
) -> Array:
    """Fold columns back into images of output_size (H, W), adding where windows overlap.

    (N, C * kH * kW, L) -> (N, C, H, W): the transpose of `im2col`, not its inverse. This is
    `torch.nn.functional.fold`, the order of its arguments too. Source: the PyTorch documentation of Fold.

    >>> col2im(np.ones((1, 4, 4), int), 3, 2)
    array([[[[1, 2, 1],
             [2, 4, 2],
             [1, 2, 1]]]])
    """
    input = _array("col2im: input", input, "N, C * kH * kW, L")
    height, width = _pair("col2im: output_size", output_size, 1)
    slide = _slide("col2im", (height, width), kernel_size, stride, padding, dilation)
    (top, bottom), (left, right) = slide.sides
    taps, places = slide.kernel[0] * slide.kernel[1], slide.size[0] * slide.size[1]
    channels = max(1, input.shape[1] // taps)
    _expect_shape("col2im: input", input, (len(input), channels * taps, places))
    padded = np.zeros((len(input), channels, height + top + bottom, width + left + right), input.dtype)
    _add_windows(input.reshape(len(input), channels, *slide.kernel, *slide.size), padded, slide)
    return _crop(padded, slide.sides)


def max_pool2d(input: Array, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> Array:
    """Take the largest value of every window, each channel by itself: (N, C, H, W) -> (N, C, H', W').

    stride is kernel_size unless given; padding, at most half of kernel_size, counts as minus infinity, so
    it never wins. NaN wins over every number. Source: the PyTorch documentation of MaxPool2d.

    >>> max_pool2d(np.array([[[[1, 2, 0], [4, 3, 9]]]]), 2, stride=1)
    array([[[[4, 9]]]])
    """
    input, slide = _pooling("max_pool2d", input, kernel_size, stride, padding)
    first, *others = _taps(_zero_pad(input, slide.sides, _lowest(input)), slide)
    output = first.copy()
    for pixels in others:
        np.maximum(output, pixels, out=output)
    return output


def avg_pool2d(input: Array, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> Array:
    """Take the mean of every window, each channel by itself: (N, C, H, W) -> (N, C, H', W').

    stride is kernel_size unless given; padding, at most half of kernel_size, counts as zeros that take part
    in the mean. Source: the PyTorch documentation of AvgPool2d.

    >>> avg_pool2d(np.array([[[[1, 2, 0], [4, 3, 9]]]]), 2, stride=1)
    array([[[[2.5, 3.5]]]])
    """
    input, slide = _pooling("avg_pool2d", input, kernel_size, stride, padding)
    first, *others = _taps(_zero_pad(input, slide.sides), slide)
    total = first.copy()
    for pixels in others:
        total += pixels
    return total / (slide.kernel[0] * slide.kernel[1])


def max_pool2d_backward(
    grad_output: Array, input: Array, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0
) -> Array:
    """Return the gradient of `max_pool2d`'s input: each window hands its gradient to its largest pixel.

    grad_output (N, C, H', W') -> (N, C, H, W). The first maximum wins ties, row by row; where windows
    overlap, gradients add up. Source: the PyTorch documentation of MaxPool2d; its implementation for ties
    and for NaN, the last of which wins.

    >>> max_pool2d_backward(np.array([[[[5, 7]]]]), np.array([[[[1, 9, 9], [9, 0, 2]]]]), 2, stride=1)
    array([[[[ 0, 12,  0],
             [ 0,  0,  0]]]])
    """
    input, slide = _pooling("max_pool2d_backward", input, kernel_size, stride, padding)
    grad_output = _array("max_pool2d_backward: grad_output", grad_output, "N, C, H', W'")
    _expect_shape("max_pool2d_backward: grad_output", grad_output, (*input.shape[:2], *slide.size))
    padded = _zero_pad(input, slide.sides, _lowest(input))
    inside = _zero_pad(np.ones((1, 1, *input.shape[2:]), bool), slide.sides)
    best, winner = np.zeros(grad_output.shape, padded.dtype), np.full(grad_output.shape, -1)
    for tap, (pixels, real) in enumerate(zip(_taps(padded, slide), _taps(inside, slide), strict=True)):
        better = real & ((winner < 0) | (pixels > best) | np.isnan(pixels))
        np.copyto(best, pixels, where=better)
        np.copyto(winner, tap, where=better)
    grad_padded = np.zeros(padded.shape, grad_output.dtype)
    for tap, grad in enumerate(_taps(grad_padded, slide)):
        grad += np.where(winner == tap, grad_output, 0)
    return _crop(grad_padded, slide.sides)


# How windows are read and written.


class _Slide(NamedTuple):
    """How a kernel slides over an image: checked arguments, each (height, width)."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    sides: Sides  # the padding
    size: tuple[int, int]  # of the output


def _windows(padded: Array, slide: _Slide) -> Array:
    """View every window at once, without copying: (N, C, H, W) -> (N, C, kH, kW, H', W')."""
    span = [d * (k - 1) + 1 for d, k in zip(slide.dilation, slide.kernel, strict=True)]
    (s_h, s_w), (d_h, d_w) = slide.stride, slide.dilation
    view = sliding_window_view(padded, span, axis=(2, 3))[:, :, ::s_h, ::s_w, ::d_h, ::d_w]
    return view.transpose(0, 1, 4, 5, 2, 3)


def _blocks(windows: Array) -> Iterator[tuple[int, slice]]:
    """Yield (image, output rows), as many rows at a time as `_BLOCK` allows, so that memory stays small."""
    count, channels, k_h, k_w, height, width = windows.shape
    rows = max(1, _BLOCK // (channels * k_h * k_w * width))
    for image in range(count):
        for top in range(0, height, rows):
            yield image, slice(top, min(top + rows, height))


def _add_windows(windows: Array, target: Array, slide: _Slide) -> None:
    """Add windows (..., kH, kW, H', W') to the pixels of target (..., H, W) that they are read from."""
    *leading, k_h, k_w, height, width = windows.shape
    span = slide.stride[0] * (height - 1) + slide.dilation[0] * (k_h - 1) + 1
    lines = np.zeros((*leading, k_w, span, width), windows.dtype)
    for i in range(k_h):  # one axis, then the other: k_h + k_w additions instead of k_h * k_w
        lines[..., _read_by(i, height, slide.stride[0], slide.dilation[0]), :] += windows[..., i, :, :, :]
    for j in range(k_w):
        target[..., :span, _read_by(j, width, slide.stride[1], slide.dilation[1])] += lines[..., j, :, :]


def _taps(padded: Array, slide: _Slide) -> list[Array]:
    """List the elements of a pooling kernel, row by row: for each a view of what it reads in every window."""
    (height, width), (s_h, s_w) = slide.size, slide.stride
    offsets = np.ndindex(slide.kernel)
    return [padded[:, :, _read_by(i, height, s_h, 1), _read_by(j, width, s_w, 1)] for i, j in offsets]


def _zero_pad(array: Array, sides: Sides, value: float = 0) -> Array:
    """Pad the last two of four axes with one value; the array itself where there is nothing to pad."""
    return np.pad(array, ((0, 0), (0, 0), *sides), constant_values=value) if any(map(any, sides)) else array


def _crop(padded: Array, sides: Sides) -> Array:
    """Undo `_zero_pad`."""
    (top, bottom), (left, right) = sides
    height, width = padded.shape[2:]
    return np.ascontiguousarray(padded[:, :, top : height - bottom, left : width - right])


def _lowest(array: Array) -> float:
    """Return the value that no pixel is below."""
    return -np.inf if array.dtype.kind == "f" else np.iinfo(array.dtype).min


# Checks of arguments. `name` is "function: argument".


def _convolution(
    function: str,
    input: Array,
    weight: Array,
    bias: Array | None,
    stride: Pair,
    padding: Pair | str,
    dilation: Pair,
    groups: int,
) -> tuple[Array, Array, Array | None, _Slide]:
    """Check a convolution's arguments; return padded input, weight and bias in one dtype, and the slide."""
    input = _array(f"{function}: input", input, "N, C_in, H, W")
    weight = _array(f"{function}: weight", weight, "C_out, C_in / groups, kH, kW")
    groups = _integer(f"{function}: groups", groups, 1)
    if input.shape[1] != weight.shape[1] * groups:
        raise ValueError(
            f"{function}: weight expects {weight.shape[1] * groups} input channels, input has {input.shape[1]} "
            f"(input {input.shape}, weight {weight.shape}{f', groups {groups}' if groups > 1 else ''})"
        )
    if len(weight) % groups:
        raise ValueError(
            f"{function}: groups expects a divisor of {len(weight)}, the output channels, got {groups}"
        )
    if bias is not None:
        bias = _array(f"{function}: bias", bias, "C_out")
        _expect_shape(f"{function}: bias", bias, (len(weight),))
    slide = _slide(function, input.shape[2:], weight.shape[2:], stride, padding, dilation, "weight")
    dtype = np.result_type(*(array for array in (input, weight, bias) if array is not None))
    input, weight = input.astype(dtype, copy=False), weight.astype(dtype, copy=False)
    return _zero_pad(input, slide.sides), weight, bias, slide


def _pooling(
    function: str, input: Array, kernel_size: Pair, stride: Pair | None, padding: Pair
) -> tuple[Array, _Slide]:
    """Check the arguments of a pooling."""
    input = _array(f"{function}: input", input, "N, C, H, W")
    stride = kernel_size if stride is None else stride
    slide = _slide(function, input.shape[2:], kernel_size, stride, padding, 1)
    if any(2 * side > k for (side, _), k in zip(slide.sides, slide.kernel, strict=True)):
        raise ValueError(
            f"{function}: padding expects at most half of kernel_size {slide.kernel}, got {padding}"
        )
    return input, slide


def _slide(
    function: str,
    image: tuple[int, ...],
    kernel_size: object,
    stride: object,
    padding: object,
    dilation: object,
    kernel_name: str = "kernel_size",
) -> _Slide:
    """Check how a kernel slides over an image of a given (height, width), and find the output's size."""
    kernel = _pair(f"{function}: kernel_size", kernel_size, 1)
    steps = _pair(f"{function}: stride", stride, 1)
    gaps = _pair(f"{function}: dilation", dilation, 1)
    if kernel_name == "weight" and isinstance(padding, str):
        sides = _named_padding(function, padding, kernel, steps, gaps)
    else:
        above, before = _pair(f"{function}: padding", padding, 0)
        sides = (above, above), (before, before)
    height, width = (
        _places(f"{function}: {kernel_name}", n, k, s, sum(p), d)
        for n, k, s, p, d in zip(image, kernel, steps, sides, gaps, strict=True)
    )
    return _Slide(kernel, steps, gaps, sides, (height, width))


def _named_padding(
    function: str, padding: str, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> Sides:
    """Look up "valid" and "same"."""
    if padding not in ("valid", "same"):
        raise ValueError(f"{function}: padding expects a number, 'valid' or 'same', got {padding!r:.60}")
    if padding == "same" and stride != (1, 1):
        raise ValueError(
            f"{function}: padding expects a number unless stride is 1, got 'same', stride {stride}"
        )
    return same_padding(kernel, dilation) if padding == "same" else ((0, 0), (0, 0))


def _array(name: str, value: object, axes: str) -> Array:
    """Check an array's type and number of axes, and that it is not empty; return it in the dtype we compute in."""
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{name} expects a NumPy array, got {type(value).__name__}")
    if not np.can_cast(value.dtype, np.int64) and value.dtype.type not in (np.float32, np.float64):
        raise TypeError(f"{name} expects bool, integers up to int64, float32 or float64, got {value.dtype}")
    if value.ndim < 2 if axes.startswith("...") else value.ndim != axes.count(",") + 1:
        raise ValueError(f"{name} expects shape ({axes}), got {value.shape}")
    if value.size == 0:
        raise ValueError(f"{name} expects at least one value on every axis, got shape {value.shape}")
    return np.asarray(value, np.int64 if np.can_cast(value.dtype, np.int64) else value.dtype.type)


def _expect_shape(name: str, array: Array, shape: tuple[int, ...]) -> None:
    """Check an array's whole shape."""
    if array.shape != shape:
        raise ValueError(f"{name} expects shape {shape}, got {array.shape}")
