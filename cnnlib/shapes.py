"""Arithmetic of sizes: how large an output is, which pixels it has read, what a layer costs.

A size, kernel size, stride, padding or dilation is an int or a (height, width) pair, except in
`output_size`, `unread` and `receptive_field`, which look at one axis. Sizes are in pixels. Every function
raises TypeError for an argument that is no integer and ValueError for one that is out of range.
"""

import operator
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Pair = int | tuple[int, int]


def _integer(name: str, value: object, least: int) -> int:
    """Check one whole number; `name` is "function: argument"."""
    try:
        number = None if isinstance(value, bool | np.bool_) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None:
        raise TypeError(f"{name} expects an integer, got {value!r:.60}")
    if number < least:
        raise ValueError(f"{name} expects an integer of at least {least}, got {number}")
    if number >= 2**31:  # a slip of the hand, before NumPy tries to find the memory
        raise ValueError(f"{name} expects an integer below 2**31, got {number}")
    return number


def _pair(name: str, value: object, least: int) -> tuple[int, int]:
    """Check an integer, which counts for both axes, or a (height, width) pair."""
    if not isinstance(value, (tuple, list)):
        number = _integer(name, value, least)
        return number, number
    if len(value) != 2:
        raise ValueError(f"{name} expects an integer or a (height, width) pair, got {value!r:.60}")
    return _integer(name, value[0], least), _integer(name, value[1], least)


def _axis(
    function: str, size: object, kernel_size: object, stride: object, padding: object, dilation: object
) -> tuple[int, int, int, int, int]:
    """Check the five numbers that describe how a kernel walks along one axis."""
    return (
        _integer(f"{function}: size", size, 1),
        _integer(f"{function}: kernel_size", kernel_size, 1),
        _integer(f"{function}: stride", stride, 1),
        _integer(f"{function}: padding", padding, 0),
        _integer(f"{function}: dilation", dilation, 1),
    )


def _places(name: str, size: int, kernel_size: int, stride: int, padding: int, dilation: int) -> int:
    """Count the places where a kernel fits along one axis; here `padding` is the sum of both sides."""
    span = dilation * (kernel_size - 1) + 1
    if span > size + padding:
        raise ValueError(
            f"{name} expects a kernel that spans at most {size + padding} pixels ({size} and {padding} of "
            f"padding), got one that spans {span} (kernel_size {kernel_size}, dilation {dilation})"
        )
    return (size + padding - span) // stride + 1


def _read_by(tap: int, places: int, stride: int, dilation: int) -> slice:
    """Select the pixels along one axis that the kernel's element number `tap` reads, one per place."""
    return slice(dilation * tap, dilation * tap + stride * (places - 1) + 1, stride)


def output_size(size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """Count the places where a kernel fits along one axis.

    With n = size, k = kernel_size, s = stride, p = padding on each side and d = dilation this is
    floor((n + 2p - d (k - 1) - 1) / s) + 1. ValueError when the kernel fits nowhere. Source: the shapes in
    the PyTorch documentation of Conv2d; Dumoulin and Visin 2016, "A guide to convolution arithmetic for
    deep learning", relationships 6 and 15.

    >>> output_size(28, 5), output_size(28, 3, stride=2, padding=1), output_size(7, 3, dilation=2)
    (24, 14, 3)
    """
    n, k, s, p, d = _axis("output_size", size, kernel_size, stride, padding, dilation)
    return _places("output_size: kernel_size", n, k, s, 2 * p, d)


def same_padding(kernel_size: Pair, dilation: Pair = 1) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return ((top, bottom), (left, right)), the padding that keeps height and width at stride 1.

    The two of an axis add up to d (k - 1); an odd pixel goes after, to the bottom or right. Source: the
    PyTorch documentation of Conv2d, padding="same", and its implementation for the odd pixel.

    >>> same_padding(3), same_padding((4, 1))
    (((1, 1), (1, 1)), ((1, 2), (0, 0)))
    """
    kernel = _pair("same_padding: kernel_size", kernel_size, 1)
    steps = _pair("same_padding: dilation", dilation, 1)
    rows, columns = (d * (k - 1) for d, k in zip(steps, kernel, strict=True))
    return (rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2)


def _reads(
    function: str, size: int, kernel_size: int, stride: int, padding: int, dilation: int
) -> NDArray[np.int64]:
    """Count the windows that read each pixel of one axis, padding left out."""
    n, k, s, p, d = _axis(function, size, kernel_size, stride, padding, dilation)
    places = _places(f"{function}: kernel_size", n, k, s, 2 * p, d)
    reads = np.zeros(n + 2 * p, np.int64)
    for tap in range(k):
        reads[_read_by(tap, places, s, d)] += 1
    return reads[p : p + n]


def unread(size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> list[int]:
    """List the pixels along one axis, counted from 0, that no window ever reads.

    Pixels are missed at the end, where no whole step is left, and inside, where the stride jumps over
    them. Padding is not listed: to see it too, ask for `size + 2 * padding` pixels without padding.
    ValueError when the kernel fits nowhere. Source: the windows of `output_size`, counted.

    >>> unread(6, 3, stride=2), unread(6, 3, stride=2, padding=1), unread(8, 2, stride=3)
    ([5], [], [2, 5])
    """
    reads = _reads("unread", size, kernel_size, stride, padding, dilation)
    return [pixel for pixel, count in enumerate(reads) if count == 0]


def coverage(
    size: Pair, kernel_size: Pair, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1
) -> NDArray[np.int64]:
    """Count how often each pixel of an image is read: an array of shape size, padding left out.

    Rows and columns are independent, so this is the outer product of the two axes' counts. ValueError
    when the kernel fits nowhere. Source: the windows of `output_size`, counted.

    >>> coverage(4, 3)
    array([[1, 2, 2, 1],
           [2, 4, 4, 2],
           [2, 4, 4, 2],
           [1, 2, 2, 1]])
    """
    sizes, kernel = _pair("coverage: size", size, 1), _pair("coverage: kernel_size", kernel_size, 1)
    steps, pads = _pair("coverage: stride", stride, 1), _pair("coverage: padding", padding, 0)
    gaps = _pair("coverage: dilation", dilation, 1)
    rows, columns = (_reads("coverage", *axis) for axis in zip(sizes, kernel, steps, pads, gaps, strict=True))
    return np.outer(rows, columns)


def receptive_field(layers: Sequence[tuple[int, int]]) -> int:
    """Return how many input pixels in a row one output of a stack of layers depends on.

    layers: one (kernel_size, stride) per layer, pooling included, the layer nearest the image first. Each
    layer adds (k - 1) times the product of the strides before it. Source: Araujo, Norris and Sim 2019,
    "Computing receptive fields of convolutional neural networks", Distill, doi 10.23915/distill.00021,
    section "Computing receptive field size".

    >>> receptive_field([(3, 1), (3, 1)]), receptive_field([(5, 1), (2, 2), (3, 1)])
    (5, 10)
    """
    if not isinstance(layers, (tuple, list)):
        raise TypeError(f"receptive_field: layers expects a list of pairs, got {layers!r:.60}")
    field, jump = 1, 1
    for layer in layers:
        if not isinstance(layer, (tuple, list)) or len(layer) != 2:
            raise ValueError(f"receptive_field: layers expects (kernel_size, stride), got {layer!r:.60}")
        field += (_integer("receptive_field: layers, kernel_size", layer[0], 1) - 1) * jump
        jump *= _integer("receptive_field: layers, stride", layer[1], 1)
    return field


def _weights(function: str, in_channels: int, out_channels: int, kernel_size: Pair, groups: int) -> int:
    """Count the weights of a convolutional layer, bias left out."""
    inputs = _integer(f"{function}: in_channels", in_channels, 1)
    outputs = _integer(f"{function}: out_channels", out_channels, 1)
    height, width = _pair(f"{function}: kernel_size", kernel_size, 1)
    groups = _integer(f"{function}: groups", groups, 1)
    if inputs % groups or outputs % groups:
        raise ValueError(
            f"{function}: groups expects a divisor of in_channels {inputs} and out_channels {outputs}, got {groups}"
        )
    return outputs * (inputs // groups) * height * width


def conv2d_params(
    in_channels: int, out_channels: int, kernel_size: Pair, groups: int = 1, bias: bool = True
) -> int:
    """Count the parameters of a convolutional layer; the image's size plays no part.

    Weights of shape (out, in / groups, kH, kW), and one bias per output channel. Source: the variables in
    the PyTorch documentation of Conv2d.

    >>> conv2d_params(1, 16, 5), conv2d_params(16, 32, (5, 5)), conv2d_params(8, 8, 3, groups=8, bias=False)
    (416, 12832, 72)
    """
    if not isinstance(bias, bool):
        raise TypeError(f"conv2d_params: bias expects True or False, got {bias!r:.60}")
    return _weights("conv2d_params", in_channels, out_channels, kernel_size, groups) + bias * out_channels


def conv2d_macs(
    in_channels: int, out_channels: int, kernel_size: Pair, out_size: Pair, groups: int = 1
) -> int:
    """Count the multiplications (each with its addition) of a convolutional layer for one image.

    out_size is the height and width of the *output*: every weight is used once at every place of it.
    The bias is not counted. Source: Howard et al. 2017, "MobileNets", section 3.1.

    >>> conv2d_macs(1, 16, 5, 24), conv2d_macs(16, 32, 5, (20, 20))
    (230400, 5120000)
    """
    height, width = _pair("conv2d_macs: out_size", out_size, 1)
    return _weights("conv2d_macs", in_channels, out_channels, kernel_size, groups) * height * width
