"""The checks of notebook 06: counting a layer's cost, the layer itself, its unfolded form, two layers as one."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlib import functional, shapes
from cnnlib.check.engine import Student, exercise
from cnnlib.check.pairs import NUMBERS, PAIRS, Function, Pair, ints_only, pair, pairs_only

Array = NDArray[Any]


def _taps(kernel_size: Pair) -> int:
    height, width = pair(kernel_size)
    return height * width


def _ints_only(right: Function) -> Function:
    """`right`, with an error for a pair: which one depends on how it is used."""
    return ints_only(right, Exception)


def _of_one_side(right: Function, side: Callable[[tuple[int, int]], int]) -> Function:
    """`right`, with one number for both axes of every pair."""
    return lambda *arguments: right(*(side(a) if isinstance(a, tuple) else a for a in arguments))


def _raising(error: type[Exception]) -> Function:
    def function(*arguments: Any) -> None:
        raise error

    return function


def _noise(*shapes: tuple[int, ...]) -> list[Array]:
    rng = np.random.default_rng(6)
    return [rng.standard_normal(shape) for shape in shapes]


# ---- conv_params


def _conv_params(c_in: int, c_out: int, kernel_size: Pair) -> int:
    return shapes.conv2d_params(c_in, c_out, kernel_size)


@exercise(
    "Count the weights of one filter first: it is as deep as the input.",
    "A filter has c_in * kH * kW weights and one bias, and there are c_out filters.",
)
def conv_params(student: Student) -> None:
    def count(
        bias: Callable[[int, int, int], int], weights: Function = lambda i, o, k: i * o * k
    ) -> Function:
        return lambda c_in, c_out, kernel_size: (
            weights(c_in, c_out, _taps(kernel_size)) + bias(c_in, c_out, _taps(kernel_size))
        )

    square = "The kernel is not square here: it has height times width weights per channel."
    full_depth = "A filter is as deep as the input: it has kH * kW weights for each of the c_in channels."
    added = "You added the numbers of channels. Each of the c_out filters has c_in slices: multiply."
    student.compare(
        _conv_params,
        [
            (2, 5, 3),
            (3, 4, (2, 5)),
            (1, 16, 5),
            (16, 32, 5),
            (6, 1, (1, 7)),
            (512, 10, 1),
            (3, 64, (7, 4)),
            (4, 6, (5, 3)),
        ],
        [
            ("The weights are right; each filter has a bias too.", count(lambda i, o, k: 0)),
            (
                "You counted one bias per input channel. A bias is added to an output map: there are c_out of them.",
                count(lambda i, o, k: i),
            ),
            (
                "You counted biases for the input channels too. A bias is added to an output map: there are c_out.",
                count(lambda i, o, k: i + o),
            ),
            (
                "You counted the weights of one filter. The layer has c_out of them, all of them as deep as the input.",
                count(lambda i, o, k: o, lambda i, o, k: i * k),
            ),
            (
                "You counted a single bias for the whole layer. Each output channel has its own.",
                count(lambda i, o, k: 1),
            ),
            (
                "You counted a bias for every slice of a filter. The slices' sums are added up, then comes one bias.",
                count(lambda i, o, k: i * o),
            ),
            (
                "You counted a bias for every weight. A bias belongs to an output channel: there are c_out of them.",
                count(lambda i, o, k: i * o * k),
            ),
            (full_depth, count(lambda i, o, k: o, lambda i, o, k: o * k)),
            (full_depth, count(lambda i, o, k: 0, lambda i, o, k: o * k)),
            (
                "You counted one filter. The layer has c_out of them.",
                count(lambda i, o, k: 1, lambda i, o, k: i * k),
            ),
            (
                "You took c_in for c_out: there is one filter, with one bias, for every output channel.",
                count(lambda i, o, k: i, lambda i, o, k: i * i * k),
            ),
            (
                "You took c_out for c_in: a filter is as deep as the input.",
                count(lambda i, o, k: o, lambda i, o, k: o * o * k),
            ),
            (added, count(lambda i, o, k: o, lambda i, o, k: (i + o) * k)),
            (
                "You counted kernel_size weights per slice. A slice of a 3 x 3 kernel has 9.",
                lambda c_in, c_out, k: c_out * (c_in * (sum(k) if isinstance(k, tuple) else k) + 1),
            ),
            (square, _of_one_side(_conv_params, max)),
            (square, _of_one_side(_conv_params, lambda sides: sides[0])),
            (square, _of_one_side(_conv_params, lambda sides: sides[1])),
            (PAIRS, _ints_only(_conv_params)),
            (NUMBERS, pairs_only(_conv_params, which=slice(2, 3))),
        ],
        tolerance=0,
    )


# ---- conv2d_forward


def _forward(input: Array, weight: Array, bias: Array, stride: Pair, padding: Pair) -> Array:
    return np.asarray(_convolve(input, weight, stride, padding) + bias[:, None, None])


def _convolve(input: Array, weight: Array, stride: Pair, padding: Pair) -> Array:
    return np.asarray(functional.conv2d(input.astype(float), weight.astype(float), None, stride, padding))


def _biased(add: Callable[[Array, Array, Array], Array]) -> Function:
    """The right responses, with `add(responses, bias, weight)` for the bias."""
    return lambda input, weight, bias, stride, padding: add(
        _convolve(input, weight, stride, padding), bias, weight
    )


def _weighted(change: Callable[[Array], Array]) -> Function:
    """The right layer for a weight that was changed."""
    return lambda input, weight, *rest: _forward(input, change(weight), *rest)


def _crowded(input: Array, weight: Array, bias: Array, stride: Pair, padding: Pair) -> Array:
    """The right shape, but neighbouring windows one pixel apart."""
    rows, columns = _forward(input, weight, bias, stride, padding).shape[2:]
    return _forward(input, weight, bias, 1, padding)[:, :, :rows, :columns]


def _crowded_on(axis: int) -> Function:
    """The right shape, but on one axis neighbouring windows one pixel apart."""

    def forward(input: Array, weight: Array, bias: Array, stride: Pair, padding: Pair) -> Array:
        rows, columns = _forward(input, weight, bias, stride, padding).shape[2:]
        steps = (1, pair(stride)[1]) if axis == 0 else (pair(stride)[0], 1)
        return _forward(input, weight, bias, steps, padding)[:, :, :rows, :columns]

    return forward


def _bordered(input: Array, before: Pair, after: Pair) -> Array:
    """The images with zeros `before` (top, left) and `after` (bottom, right)."""
    return np.pad(input, ((0, 0), (0, 0), *zip(pair(before), pair(after), strict=True)))


def _one_side(input: Array, weight: Array, bias: Array, stride: Pair, padding: Pair) -> Array:
    return _forward(_bordered(input, padding, 0), weight, bias, stride, 0)


def _other_side(input: Array, weight: Array, bias: Array, stride: Pair, padding: Pair) -> Array:
    return _forward(_bordered(input, 0, padding), weight, bias, stride, 0)


def _unpadded(input: Array, weight: Array, bias: Array, stride: Pair, padding: Pair) -> Array:
    """The places of the padded images, the windows of the bare ones: an error where they stick out."""
    places, kernel = _forward(input, weight, bias, stride, padding).shape[2:], weight.shape[2:]
    ends = ((m - 1) * s + k for m, s, k in zip(places, pair(stride), kernel, strict=True))
    if any(end > size for end, size in zip(ends, input.shape[2:], strict=True)):
        raise Exception  # an IndexError or a ValueError, depending on how the window is cut
    below = (2 * pair(padding)[0], 2 * pair(padding)[1])
    return _forward(_bordered(input, 0, below), weight, bias, stride, 0)


def _padded_everywhere(input: Array, weight: Array, bias: Array, stride: Pair, padding: Pair) -> Array:
    """np.pad with the padding as it came; a filter of one channel then meets all of them."""
    padded = np.pad(input, padding)
    if padded.shape[1] > weight.shape[1] == 1:
        padded = padded.sum(1, keepdims=True)
    if padded.shape[1] != weight.shape[1]:
        raise ValueError
    return _forward(padded, weight, bias, stride, 0)


def _rounded_up(input: Array, weight: Array, bias: Array, stride: Pair, padding: Pair) -> Array:
    """One place more where a part of a window fits; what sticks out counts as zero."""
    more = (pair(stride)[0] - 1, pair(stride)[1] - 1)
    return _forward(_bordered(_bordered(input, padding, padding), 0, more), weight, bias, stride, 0)


def _sticking_out(*arguments: Any) -> Array:
    """One place more where a part of a window fits: an error there."""
    whole = _forward(*arguments)
    if _rounded_up(*arguments).shape != whole.shape:
        raise Exception
    return whole


@exercise(
    "Four loops: over the images, the filters, the rows and the columns of the output. Each step is a dot product, as "
    "in 03, between a window through all channels and one filter.",
    "Pad height and width only, work out both sizes, then out[n, o, i, j] = (window * weight[o]).sum() + bias[o] with "
    "window = padded[n, :, i * sh : i * sh + kH, j * sw : j * sw + kW].",
)
def conv2d_forward(student: Student) -> None:
    two = np.array(
        [[[[1, 2, 0], [3, 1, 2]], [[0, 1, 3], [2, 0, 1]]], [[[2, 0, 1], [1, 1, 0]], [[1, 4, 0], [0, 2, 3]]]]
    )
    filters = np.array([[[[1, 0], [2, -1]], [[0, 1], [1, 3]]], [[[-1, 2], [0, 1]], [[2, 1], [0, -2]]]])
    one = np.array([[[[1, 2, 0, 1], [0, 1, 3, 1], [2, 0, 1, 4]]]])
    kernel = np.array([[[[1, 0], [2, -1]]]])
    house, house_weight, house_bias = _noise((3, 2, 12, 6), (7, 2, 3, 4), (7,))
    wide, tall_weight, tall_bias = _noise((2, 3, 7, 11), (4, 3, 3, 2), (4,))
    gray, eight, eight_bias = _noise((2, 4, 6, 9), (8, 4, 1, 2), (8,))
    right = _forward
    bias_axis = (
        "The bias is added along the wrong axis. bias[o] belongs to all of map o, and maps lie on axis 1."
    )
    channels = (
        "Only one input channel counts. The window spans all channels, and their products are added up."
    )
    samples = "Only the first image is convolved. The layer treats every image of the batch in the same way."
    flipped = "Your result equals the right one for flipped kernels. Here the filters are used as they stand."
    in_out = "Are C_out and C_in mixed up? weight is (C_out, C_in, kH, kW): weight[o] is one whole filter."
    one_number = "One number of the stride serves both axes. The first is for rows, the second for columns."
    crowded = (
        "The shape is right, but neighbouring windows are one pixel apart: the stride is missing where the window is "
        "cut out."
    )
    one_side = "The zeros stand on one side only. They go on all four sides."
    outside = (
        "A window seems to stick out over the edge. Is the array that you index the padded one? Is the number of "
        "places rounded down?"
    )
    up = "You rounded the number of places up: the last window sticks out over the edge. Round down."
    twice = (
        "The bias is added more than once per output value: {}. Add it after all products have been added up."
    )
    student.compare(
        right,
        [
            (two, filters, np.array([10, 20]), (1, 1), (0, 0)),  # a pair: see pairs_only
            (two, filters, np.array([10, 20]), 1, 0),
            (one, kernel, np.array([5]), 2, 0),
            (one, kernel, np.array([5]), 1, 1),
            (one, kernel, np.array([5]), (1, 2), (0, 1)),
            (one, kernel / 4, np.array([0.5]), 1, 0),
            (house, house_weight, house_bias, (2, 3), (0, 1)),
            (wide, tall_weight, tall_bias, (3, 2), (1, 2)),
            (gray, eight, eight_bias, 1, 0),
            (wide[:1], tall_weight, tall_bias, 2, 1),
            (house[:2], np.swapaxes(house_weight, 2, 3), house_bias / 4, (4, 1), (2, 0)),
            (wide, tall_weight[:2], tall_bias[:2], 1, 0),
            (gray, eight[:3], eight_bias[:3], (1, 3), 0),
            (wide[:, :, :4, :5], _noise((5, 3, 4, 5))[0], house_bias[:5], 1, 0),
        ],
        [
            (channels, lambda x, w, *r: right(x[:, :1], w[:, :1], *r)),
            (channels, lambda x, w, *r: right(x[:, -1:], w[:, -1:], *r)),
            (
                "The last input channel is left out.",
                lambda x, w, *r: right(x, np.concatenate([w[:, :-1], 0 * w[:, -1:]], axis=1), *r),
            ),
            (
                "The channels are averaged. Their products are added up.",
                lambda x, w, b, s, p: right(x, w / w.shape[1], b, s, p),
            ),
            (
                "Each channel makes a map of its own. The filter's slices give one map: add up over the channels.",
                lambda x, w, b, s, p: np.stack(
                    [right(x[:, [c]], w[:, [c]], b, s, p) for c in range(w.shape[1])], axis=2
                ),
            ),
            (
                "Every slice of the filter meets the same channel: channel c belongs to slice c.",
                lambda x, w, *r: right(x[:, :1], w.sum(1, keepdims=True), *r),
            ),
            (samples, lambda x, w, *r: right(x[:1], w, *r)),
            (samples, lambda x, w, *r: right(x[:1], w, *r)[0]),
            (samples, lambda x, w, *r: right(np.broadcast_to(x[:1], x.shape), w, *r)),
            (
                "The axis of the batch is gone.",
                lambda x, w, *r: right(x, w, *r).sum(0),
            ),
            (
                "Every map comes from the same filter. Map o belongs to filter weight[o].",
                _weighted(lambda w: np.broadcast_to(w[:1], w.shape)),
            ),
            ("The bias is left out.", _biased(lambda out, b, w: out)),
            (bias_axis, _biased(lambda out, b, w: out + b)),
            (bias_axis, _biased(lambda out, b, w: out + b[:, None])),
            (bias_axis, _biased(lambda out, b, w: out + b[:, None, None, None])),
            ("The first bias serves all maps. Map o gets bias[o].", _biased(lambda out, b, w: out + b[0])),
            (
                "All biases are added to every map. Map o gets bias[o].",
                _biased(lambda out, b, w: out + b.sum()),
            ),
            (
                twice.format("once per weight of the filter"),
                _biased(lambda out, b, w: out + (b * w[0].size)[:, None, None]),
            ),
            (
                twice.format("once per row and column of the kernel"),
                _biased(lambda out, b, w: out + (b * w[0, 0].size)[:, None, None]),
            ),
            (
                twice.format("once per input channel"),
                _biased(lambda out, b, w: out + (b * w.shape[1])[:, None, None]),
            ),
            ("The bias is subtracted. It is added.", _biased(lambda out, b, w: out - b[:, None, None])),
            ("The bias is multiplied. It is added.", _biased(lambda out, b, w: out * b[:, None, None])),
            (
                "Your stride is never used: the result is the one for stride 1.",
                lambda x, w, b, s, p: right(x, w, b, 1, p),
            ),
            (crowded, _crowded),
            (crowded.replace("but", "but on one axis"), _crowded_on(0)),
            (crowded.replace("but", "but on one axis"), _crowded_on(1)),
            (
                "Height and width of the stride are swapped: the first number moves the window down.",
                lambda x, w, b, s, p: right(x, w, b, pair(s)[::-1], p),
            ),
            (one_number, lambda x, w, b, s, p: right(x, w, b, pair(s)[0], p)),
            (one_number, lambda x, w, b, s, p: right(x, w, b, pair(s)[1], p)),
            (
                "Each window starts where the last one ended: you step by the kernel's size, not by the stride.",
                lambda x, w, b, s, p: right(x, w, b, w.shape[2:], p),
            ),
            (up, _rounded_up),
            (outside, _sticking_out),
            (outside, _unpadded),
            (in_out, _weighted(lambda w: w.swapaxes(0, 1))),
            ("The padding is left out.", lambda x, w, b, s, p: right(x, w, b, s, 0)),
            (
                "np.pad with one number, or one pair, pads every axis: images and channels as well. Give it one pair "
                "for each axis.",
                _padded_everywhere,
            ),
            (
                "You took the mean of the products. Add them up.",
                lambda x, w, b, s, p: _forward(x, w / w[0].size, b, s, p),
            ),
            (
                "The fractions are cut off: your output has the images' type, and these hold integers. Make it floats.",
                lambda x, *rest: np.trunc(right(x, *rest)) if x.dtype.kind == "i" else right(x, *rest),
            ),
            (
                "Height and width of the padding are swapped: the first number is for top and bottom.",
                lambda x, w, b, s, p: right(x, w, b, s, pair(p)[::-1]),
            ),
            (one_side, _one_side),
            (one_side, _other_side),
            (
                "The padding is added twice on each side.",
                lambda x, w, b, s, p: right(_bordered(x, p, p), w, b, s, p),
            ),
            (
                "The border repeats the edge pixels. Here it is zero.",
                lambda x, w, b, s, p: right(functional.pad(x, p, "replicate"), w, b, s, 0),
            ),
            (flipped, _weighted(lambda w: w[:, :, ::-1, ::-1])),
            (flipped, _weighted(lambda w: w[:, :, ::-1])),
            (flipped, _weighted(lambda w: w[:, :, :, ::-1])),
            (
                "The slices of each filter stand in the wrong order: slice c belongs to channel c.",
                _weighted(lambda w: w[:, ::-1]),
            ),
            (
                "The kernels are transposed: their rows run down the image.",
                _weighted(lambda w: w.swapaxes(2, 3)),
            ),
            (
                "The maps stand last. The output is (N, C_out, rows, columns).",
                lambda *arguments: right(*arguments).transpose(0, 2, 3, 1),
            ),
            (
                "The maps come first. The output is (N, C_out, rows, columns).",
                lambda *arguments: right(*arguments).swapaxes(0, 1),
            ),
            (PAIRS, _ints_only(right)),
            (NUMBERS, pairs_only(right)),
            (
                "Negative values are set to 0. The layer itself has no ReLU: that comes after it.",
                lambda *arguments: np.maximum(right(*arguments), 0),
            ),
        ],
    )


# ---- im2col


def _unfold(input: Array, kernel_size: Pair, stride: Pair, padding: Pair) -> Array:
    return np.asarray(functional.im2col(input, kernel_size, padding=padding, stride=stride))


def _six_axes(input: Array, kernel_size: Pair, stride: Pair, padding: Pair) -> Array:
    """(N, C, kH, kW, rows, columns): what the columns are made of."""
    kernel = pair(kernel_size)
    rows, columns = (
        shapes.output_size(n, k, s, p)
        for n, k, s, p in zip(input.shape[2:], kernel, pair(stride), pair(padding), strict=True)
    )
    return _unfold(input, kernel, stride, padding).reshape(*input.shape[:2], *kernel, rows, columns)


def _ordered(axes: str, shape: str = "n,cuv,ij") -> Function:
    """The same values with the axes n c u v i j in another order, read as the shape in `shape`."""

    def unfold(input: Array, kernel_size: Pair, stride: Pair, padding: Pair) -> Array:
        six = _six_axes(input, kernel_size, stride, padding)
        sizes = dict(zip("ncuvij", six.shape, strict=True))
        groups = [int(np.prod([sizes[axis] for axis in group])) for group in shape.split(",")]
        return six.transpose(["ncuvij".index(axis) for axis in axes]).reshape(groups)

    return unfold


def _crowded_columns(input: Array, kernel_size: Pair, stride: Pair, padding: Pair) -> Array:
    """The right number of columns, but neighbouring windows one pixel apart."""
    rows, columns = _six_axes(input, kernel_size, stride, padding).shape[4:]
    dense = _six_axes(input, kernel_size, 1, padding)[..., :rows, :columns]
    return dense.reshape(len(input), -1, rows * columns)


def _kernel_swapped(input: Array, kernel_size: Pair, stride: Pair, padding: Pair) -> Array:
    height, width = (n + 2 * p for n, p in zip(input.shape[2:], pair(padding), strict=True))
    down, right = pair(kernel_size)[::-1]
    if down > height or right > width:
        raise Exception
    return _unfold(input, (down, right), stride, padding)


@exercise(
    "Cut out the windows as in conv2d_forward, and write each one down as a column instead of multiplying it.",
    "For place number l, at row i and column j: window = padded[:, :, i * sh : i * sh + kH, j * sw : j * sw + kW], and "
    "out[:, :, l] = window.reshape(N, -1). Reshape runs through channels, then rows, then columns.",
)
def im2col(student: Student) -> None:
    two = np.arange(1, 17).reshape(1, 2, 2, 4)
    one = np.array([[[[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]]])
    house, wide = _noise((3, 2, 12, 6), (2, 3, 7, 11))
    right = _unfold
    order = (
        "The rows of your result stand in another order: {}. A window is read channel by channel, in a channel row by "
        "row, in a row from left to right."
    )
    places = "Your columns are in another order: the places run row by row, from left to right in each row."
    axes = "The two last axes are swapped: a window is a column, so that the result is (N, C * kH * kW, L)."
    scrambled = (
        "The shape is right, the values are mixed up: reshape never moves an axis. Put the axes into the order "
        "N, C, kH, kW, rows, columns first."
    )
    one_side = "The zeros stand on one side only. They go on all four sides."
    student.compare(
        right,
        [
            (two, 2, 1, 0),
            (one, 2, 1, 0),
            (one, 2, 2, 0),
            (one, 3, 1, 1),
            (two, (2, 3), 1, 0),
            (one, (2, 3), (2, 1), (1, 0)),
            (house, (3, 4), (2, 3), (0, 1)),
            (wide, (3, 2), (3, 2), (1, 2)),
            (wide, (1, 4), 3, 0),
            (house[:1], 1, (1, 2), 0),
            (wide[:1], 3, 1, 1),
            (wide, (7, 2), (2, 4), 0),
        ],
        [
            (
                "Your stride is never used: the result has one column for every place at stride 1.",
                lambda x, k, s, p: right(x, k, 1, p),
            ),
            (
                "The shape is right, but neighbouring windows are one pixel apart: the stride is missing where the "
                "window is cut out.",
                _crowded_columns,
            ),
            (
                "Height and width of the stride are swapped: the first number moves the window down.",
                lambda x, k, s, p: right(x, k, pair(s)[::-1], p),
            ),
            (order.format("the channels change fastest"), _ordered("nuvcij")),
            (order.format("each channel is read column by column"), _ordered("ncvuij")),
            (places, _ordered("ncuvji")),
            (axes, _ordered("nijcuv", "n,ij,cuv")),
            (axes, _ordered("nijuvc", "n,ij,cuv")),
            (scrambled, _ordered("nijcuv")),
            (scrambled, _ordered("ncijuv")),
            (scrambled, _ordered("nuvijc")),
            (
                "The channels have an axis of their own. Here they stand below each other in one column.",
                _ordered("ncuvij", "n,c,uv,ij"),
            ),
            (
                "Your result still has several axes for a window or for the places: make (N, C * kH * kW, L) of it.",
                _six_axes,
            ),
            (
                "The images of the batch stand in one matrix. Here N keeps its axis: (N, C * kH * kW, L).",
                _ordered("cuvnij", "cuv,nij"),
            ),
            (
                "The images of the batch stand in one matrix. Here N keeps its axis: (N, C * kH * kW, L).",
                _ordered("cuvijn", "cuv,nij"),
            ),
            ("Only the first image is unfolded.", lambda x, *r: right(x[:1], *r)),
            ("Only the first channel is unfolded.", lambda x, *r: right(x[:, :1], *r)),
            ("The padding is left out.", lambda x, k, s, p: right(x, k, s, 0)),
            (one_side, lambda x, k, s, p: right(_bordered(x, p, 0), k, s, 0)),
            (one_side, lambda x, k, s, p: right(_bordered(x, 0, p), k, s, 0)),
            (
                "Height and width of the padding are swapped: the first number is for top and bottom.",
                lambda x, k, s, p: right(x, k, s, pair(p)[::-1]),
            ),
            ("Height and width of the kernel are swapped.", _kernel_swapped),
            (
                "Each window starts where the last one ended: you step by the kernel's size, not by the stride.",
                lambda x, k, s, p: right(x, k, k, p),
            ),
            (
                "You rounded the number of places up: the last window sticks out over the edge. Round down.",
                lambda x, k, s, p: right(
                    _bordered(_bordered(x, p, p), 0, (pair(s)[0] - 1, pair(s)[1] - 1)), k, s, 0
                ),
            ),
            ("The windows are flipped. Here they are read as they stand.", lambda *a: right(*a)[:, ::-1]),
            (
                "Did you hand the stride on as a dilation? The package's im2col takes its arguments in the order of "
                "torch's unfold.",
                functional.im2col,
            ),
            (PAIRS, _ints_only(right)),
        ],
    )


# ---- conv1x1_as_linear


def _conv1x1(input: Array, weight: Array) -> Array:
    return np.asarray(np.einsum("nchw,oc->nohw", input.astype(float), weight[:, :, 0, 0]))


def _reshaped(input: Array, weight: Array) -> Array:
    """The axis of channels taken for the last one by a reshape, and back."""
    pixels = input.reshape(-1, input.shape[1]) @ weight[:, :, 0, 0].T
    return np.asarray(pixels.reshape(len(input), len(weight), *input.shape[2:]))


def _reshaped_once(input: Array, weight: Array) -> Array:
    pixels = input.reshape(-1, input.shape[1]) @ weight[:, :, 0, 0].T
    return pixels.reshape(len(input), *input.shape[2:], len(weight)).transpose(0, 3, 1, 2)


def _not_moved_back(input: Array, weight: Array) -> Array:
    """Right up to the last step: a reshape in place of a transpose."""
    return _conv1x1(input, weight).transpose(0, 2, 3, 1).reshape(len(input), len(weight), *input.shape[2:])


@exercise(
    "A pixel is a vector of C_in numbers. What turns it into a vector of C_out numbers?",
    "weight[:, :, 0, 0] is a matrix (C_out, C_in). Multiply it with the channels of every pixel: np.einsum, or @ on "
    "the image as a matrix of C_in rows and H * W columns.",
)
def conv1x1_as_linear(student: Student) -> None:
    two = np.array([[[[1, 2, 0]], [[4, 1, 3]]]])
    image, weight, batch, mixer = _noise((3, 5, 4, 6), (2, 5, 1, 1), (2, 3, 5, 2), (7, 3, 1, 1))
    transposed = "The weight is transposed: weight[o, c] joins input channel c to output channel o."
    scrambled = (
        "The shape is right, the values are mixed up: reshape never moves an axis. Transpose where channels must come "
        "last, or first again."
    )
    student.compare(
        _conv1x1,
        [
            (two, np.array([[1, 2], [-1, 3]]).reshape(2, 2, 1, 1)),
            (two, np.array([[1, 2], [0, -1], [3, 1]]).reshape(3, 2, 1, 1)),
            (image, weight),
            (batch, mixer),
            (batch[:, :2], mixer[:, :2]),
            (image[:1, :1], mixer[:, :1]),
            (image, mixer[:1, [0, 1, 2, 1, 0]]),
        ],
        [
            (transposed, lambda x, w: _conv1x1(x, w.swapaxes(0, 1))),
            (transposed, lambda x, w: np.einsum("nchw,co->nohw", x, w[:, :, 0, 0])),
            (transposed, lambda x, w: np.moveaxis(np.moveaxis(x, 1, -1) @ w[:, :, 0, 0], -1, 1)),
            (scrambled, _reshaped),
            (scrambled, _reshaped_once),
            (scrambled, _not_moved_back),
            (
                "The channels stand last. The output is (N, C_out, H, W).",
                lambda x, w: _conv1x1(x, w).transpose(0, 2, 3, 1),
            ),
            (
                "The output channels come first, as np.tensordot leaves them. The output is (N, C_out, H, W).",
                lambda x, w: _conv1x1(x, w).swapaxes(0, 1),
            ),
            (
                "Every output channel keeps the input channels apart. Add up over them.",
                lambda x, w: np.einsum("nchw,oc->nochw", x, w[:, :, 0, 0]),
            ),
            (
                "Each channel is scaled by itself. A 1 x 1 convolution mixes them: every output is a sum over all.",
                lambda x, w: x * np.einsum("cc->c", w[:, :, 0, 0])[:, None, None],
            ),
            ("Only the first input channel counts.", lambda x, w: _conv1x1(x[:, :1], w[:, :1])),
            (
                "The channels are summed before the weights come in. Each channel has a weight of its own.",
                lambda x, w: _conv1x1(x.sum(1, keepdims=True), w[:, :1]),
            ),
            ("The channels are averaged. Add them up.", lambda x, w: _conv1x1(x, w) / w.shape[1]),
            ("Only the first image is treated.", lambda x, w: _conv1x1(x[:1], w)),
            ("Only the first image is treated.", lambda x, w: _conv1x1(x, w)[0]),
            ("The axis of the batch is gone.", lambda x, w: _conv1x1(x, w).sum(0)),
            (
                "The pixels of an image stand in one row. Give the result its height and width back.",
                lambda x, w: _conv1x1(x, w).reshape(len(x), len(w), -1),
            ),
            (
                "Height and width are swapped in the result.",
                lambda x, w: _conv1x1(x, w).swapaxes(2, 3),
            ),
            (
                "The axes of the weight's height and width are still there.",
                lambda x, w: _conv1x1(x, w)[..., None, None],
            ),
            (
                "Look at the line named above. Where two arrays are multiplied there, the channels of a pixel have "
                "to meet the C_in axis of the weight.",
                _raising(ValueError),
            ),
        ],
    )


# ---- macs


@exercise(
    "How many multiplications does one value of the output take? How many values does the output have?",
    "Each of the c_out * H * W outputs takes c_in * kH * kW multiplications.",
)
def macs(student: Student) -> None:
    def right(c_in: int, c_out: int, kernel_size: Pair, out_size: Pair) -> int:
        return shapes.conv2d_macs(c_in, c_out, kernel_size, out_size)

    def times(count: Function) -> Function:
        """`count(c_in, c_out, (kH, kW), (H, W))`."""
        return lambda c_in, c_out, kernel_size, out_size: count(
            c_in, c_out, pair(kernel_size), pair(out_size)
        )

    bias = "You counted the bias. Adding it is no multiplication: a MAC is a product and its addition."
    grown = "You took the input's size. The places of the output count, and out_size is the output's already."
    square = "A pair is (height, width): both numbers count, and they differ here."
    student.compare(
        right,
        [
            (2, 5, 3, 4),
            (3, 4, (2, 5), 6),
            (1, 16, 5, (24, 20)),
            (16, 32, 5, 20),
            (6, 1, (1, 7), (5, 9)),
            (512, 10, 1, (7, 3)),
            (3, 64, (7, 4), (112, 1)),
            (2, 3, (3, 1), (2, 5)),
            (5, 2, (2, 3), (6, 4)),
            (4, 4, (5, 2), (1, 3)),
        ],
        [
            ("You counted each product and its addition apart. A MAC is both: no factor 2.", lambda *a: 2 * right(*a)),
            (
                "You counted each product and each addition apart. A MAC is a product and its addition, as one.",
                times(lambda i, o, k, s: o * (2 * i * k[0] * k[1] - 1) * s[0] * s[1]),
            ),
            (
                "An int stands for a square: out_size 4 means 4 x 4 places, kernel_size 3 means 3 x 3 weights.",
                lambda i, o, k, s: i * o * np.prod(k) * np.prod(s),
            ),
            (
                "out_size is the output's size already: no kernel has to be fitted in again.",
                times(
                    lambda i, o, k, s: (
                        o * i * k[0] * k[1] * (s[0] - k[0] + 1) * (s[1] - k[1] + 1)
                    )
                ),
            ),
            (bias, times(lambda i, o, k, s: o * (i * k[0] * k[1] + 1) * s[0] * s[1])),
            (bias, times(lambda i, o, k, s: o * i * k[0] * k[1] * s[0] * s[1] + o)),
            (grown, times(lambda i, o, k, s: o * i * k[0] * k[1] * (s[0] + k[0] - 1) * (s[1] + k[1] - 1))),
            ("You left the input channels out: a filter is c_in deep.", lambda i, o, k, s: right(1, o, k, s)),
            ("You left the output channels out: there are c_out filters.", lambda i, o, k, s: right(i, 1, k, s)),
            ("You counted the weights. Each is used at every place.", lambda i, o, k, s: right(i, o, k, 1)),
            ("You counted the outputs. Each takes c_in * kH * kW products.", lambda i, o, k, s: right(1, o, 1, s)),
            ("You left the kernel out.", lambda i, o, k, s: right(i, o, 1, s)),
            (
                "You counted out_size places. An output of height H and width W has H * W.",
                times(lambda i, o, k, s: i * o * k[0] * k[1] * s[0]),
            ),
            (
                "You counted out_size places. An int stands for a square one: out_size 4 means 4 x 4 places.",
                lambda i, o, k, s: i * o * pair(k)[0] * pair(k)[1] * np.prod(s),
            ),
            (
                "You counted kernel_size weights per slice. A slice of a 3 x 3 kernel has 9.",
                times(lambda i, o, k, s: i * o * k[0] * s[0] * s[1]),
            ),
            ("You added the numbers of channels. Multiply them.", times(
                lambda i, o, k, s: (i + o) * k[0] * k[1] * s[0] * s[1]
            )),
            (square, _of_one_side(right, lambda sides: sides[0])),
            (square, _of_one_side(right, lambda sides: sides[1])),
            (PAIRS, _ints_only(right)),
            (NUMBERS, pairs_only(right, which=slice(2, 4))),
            (PAIRS, lambda i, o, k, s: _ints_only(right)(i, o, k, max(pair(s)))),
            (PAIRS, lambda i, o, k, s: _ints_only(right)(i, o, max(pair(k)), s)),
        ],
        tolerance=0,
    )  # fmt: skip


# ---- depthwise_separable_params


@exercise(
    "Two layers, one after the other. Count each with its biases.",
    "Depthwise: c_in filters of one slice. Pointwise: an ordinary 1 x 1 convolution from c_in to c_out channels.",
)
def depthwise_separable_params(student: Student) -> None:
    def right(c_in: int, c_out: int, kernel_size: Pair) -> int:
        depthwise = shapes.conv2d_params(c_in, c_in, kernel_size, groups=c_in)
        return depthwise + shapes.conv2d_params(c_in, c_out, 1)

    def count(total: Callable[[int, int, int], int]) -> Function:
        return lambda c_in, c_out, kernel_size: total(c_in, c_out, _taps(kernel_size))

    square = "The kernel is not square here: a slice has height times width weights."
    one_bias = "The biases of one of the two layers are missing. Both have one per output channel."
    depth = "Your depthwise filters span all channels. Each has one slice, for its own channel only."
    student.compare(
        right,
        [
            (2, 5, 3),
            (3, 4, (2, 5)),
            (32, 64, 3),
            (64, 32, (1, 7)),
            (1, 6, 4),
            (9, 1, (5, 2)),
            (128, 256, 5),
            (4, 7, (3, 4)),
        ],
        [
            ("The weights are right; the biases of both layers are missing.", count(lambda i, o, k: i * k + i * o)),
            (one_bias, count(lambda i, o, k: i * k + i * o + o)),
            (one_bias, count(lambda i, o, k: i * k + i + i * o)),
            ("Each layer has a bias per output channel, not a single one.", count(lambda i, o, k: i * k + i * o + 2)),
            (
                "A bias belongs to an output channel: the pointwise layer has c_out of them.",
                count(lambda i, o, k: i * k + i + i * o + i),
            ),
            (
                "A bias belongs to an output channel: the depthwise layer has c_in of them.",
                count(lambda i, o, k: i * k + o + i * o + o),
            ),
            ("That is an ordinary convolution, from c_in to c_out in one step.", count(lambda i, o, k: i * o * k + o)),
            ("That is an ordinary convolution, from c_in to c_out in one step.", count(lambda i, o, k: i * o * k)),
            (depth, count(lambda i, o, k: i * i * k + i + i * o + o)),
            (depth, count(lambda i, o, k: i * i * k + i * o)),
            (depth, count(lambda i, o, k: i * o * k + o + o * o + o)),
            (
                "You counted one depthwise filter for all channels. Each of the c_in channels has its own.",
                count(lambda i, o, k: k + 1 + i * o + o),
            ),
            (
                "You counted c_out depthwise filters. The depthwise layer keeps c_in channels: it has c_in filters.",
                count(lambda i, o, k: o * k + o + i * o + o),
            ),
            (
                "You counted c_out depthwise filters. The depthwise layer keeps c_in channels: it has c_in filters.",
                count(lambda i, o, k: o * k + o + o * o + o),
            ),
            ("The pointwise layer is missing: it mixes the channels.", count(lambda i, o, k: i * k + i)),
            ("The depthwise layer is missing: it looks around each pixel.", count(lambda i, o, k: i * o + o)),
            ("You multiplied the two layers' counts. They stand one after the other: add.", count(
                lambda i, o, k: (i * k + i) * (i * o + o)
            )),
            (
                "The pointwise layer's kernel is 1 x 1: its filters have one weight per channel.",
                count(lambda i, o, k: i * k + i + i * o * k + o),
            ),
            (
                "c_in and c_out are swapped: the depthwise layer works on the input's channels.",
                lambda i, o, k: right(o, i, k),
            ),
            (
                "You counted kernel_size weights per slice. A slice of a 3 x 3 kernel has 9.",
                lambda i, o, k: i * (pair(k)[0] + 1) + o * (i + 1),
            ),
            (square, _of_one_side(right, lambda sides: sides[0])),
            (square, _of_one_side(right, lambda sides: sides[1])),
            (PAIRS, _ints_only(right)),
            (NUMBERS, pairs_only(right, which=slice(2, 3))),
        ],
        tolerance=0,
    )  # fmt: skip


# ---- compose_kernels


def _compose(first: Array, second: Array) -> Array:
    """Send one bright pixel per input channel through both layers: what comes out is the kernel, flipped."""
    height, width = (a + b - 1 for a, b in zip(first.shape[2:], second.shape[2:], strict=True))
    c_in = first.shape[1]
    bright = np.zeros((c_in, c_in, 2 * height - 1, 2 * width - 1))
    bright[np.arange(c_in), np.arange(c_in), height - 1, width - 1] = 1
    response = functional.conv2d(functional.conv2d(bright, first.astype(float)), second.astype(float))
    return np.asarray(response[:, :, ::-1, ::-1].swapaxes(0, 1))


def _summed(pattern: str) -> Function:
    """The loop over the second kernel's elements, with an einsum of one's own for the channels."""

    def compose(first: Array, second: Array) -> Array:
        (h1, w1), (h2, w2) = first.shape[2:], second.shape[2:]
        pieces = [(i, j, np.einsum(pattern, second[:, :, i, j], first)) for i, j in np.ndindex(h2, w2)]
        out = np.zeros((*pieces[0][2].shape[:-2], h1 + h2 - 1, w1 + w2 - 1))
        for i, j, piece in pieces:
            out[..., i : i + h1, j : j + w1] += piece
        return out

    return compose


@exercise(
    "Which pixels of the image does one value of the second output depend on? With which weight does each come in?",
    "Element (i, j) of the second kernel reads the first output i rows down and j columns to the right. So add its "
    "weight times the first kernel, moved by (i, j), into a kernel of zeros; add up over the channels in between.",
)
def compose_kernels(student: Student) -> None:
    first = np.array([[[[1, 2], [0, -1]]], [[[3, 0], [1, 1]]]])
    second = np.array([[[[1, 0, 2], [0, 1, -1]], [[2, 1, 0], [0, 0, 1]]]])
    thin, line = np.array([[[[1, 2]]]]), np.array([[[[3, 0, 5]]]])
    a, b, dot, three = _noise((4, 2, 3, 2), (5, 4, 2, 4), (3, 1, 1, 1), (2, 3, 4, 3))
    tall, wide, joined, mixed = _noise((5, 4, 4, 2), (2, 5, 3, 2), (1, 3, 1, 1), (3, 3, 2, 3))
    flip = (
        "One kernel is used flipped. The second kernel reads the first output as it stands: its element (i, j) moves "
        "the first kernel down by i and to the right by j."
    )
    size = "The composed kernel sees k1 + k2 - 1 pixels on each axis."
    mid = "Only one of the channels in between counts. Add up over all of them."
    rest = "The channels in between are averaged. Add them up."
    student.compare(
        _compose,
        [
            (thin, line),
            (first, second),
            (a, b),
            (dot, three),
            (tall, wide),
            (a[:, :1], b[:1]),
            (mixed, joined),
            (mixed, three),
        ],
        [
            (flip, lambda f, s: _compose(f, s[:, :, ::-1, ::-1])),
            (flip, lambda f, s: _compose(f[:, :, ::-1, ::-1], s)),
            (
                "Your kernel is the right one, flipped: both kernels came in flipped. Here nothing has to be turned.",
                lambda f, s: _compose(f, s)[:, :, ::-1, ::-1],
            ),
            (flip, lambda f, s: _compose(f, s[:, :, ::-1])),
            (flip, lambda f, s: _compose(f, s[:, :, :, ::-1])),
            (flip, lambda f, s: _compose(f[:, :, ::-1], s)),
            (flip, lambda f, s: _compose(f[:, :, :, ::-1], s)),
            (
                "The channels in between are still there. The second layer adds up over them.",
                _summed("om,mchw->omchw"),
            ),
            ("The weights are added up before they meet: multiply channel by channel, then add.", lambda f, s: _compose(
                f.sum(0, keepdims=True), s.sum(1, keepdims=True)
            )),
            (mid, lambda f, s: _compose(f[:1], s[:, :1])),
            (mid, lambda f, s: _compose(f[-1:], s[:, -1:])),
            (rest, lambda f, s: _compose(f, s) / len(f)),
            (
                "The first two axes are swapped: the result is (C_out, C_in, height, width).",
                lambda f, s: _compose(f, s).swapaxes(0, 1),
            ),
            (
                f"{size} You kept only the places where one kernel lies wholly inside the other.",
                lambda f, s: functional.conv2d(f.swapaxes(0, 1), s).swapaxes(0, 1),
            ),
            (
                f"{size} You kept only the places where one kernel lies wholly inside the other.",
                lambda f, s: functional.conv2d(f.swapaxes(0, 1), s[:, :, ::-1, ::-1]).swapaxes(0, 1),
            ),
            (f"{size} Yours is one larger.", lambda f, s: np.pad(_compose(f, s), ((0, 0), (0, 0), (0, 1), (0, 1)))),
            (
                "Later pieces overwrite earlier ones. They overlap: add with +=.",
                _overwriting,
            ),
            (
                "Later pieces overwrite earlier ones, and so do later channels. Add with +=.",
                lambda f, s: _overwriting(f[-1:], s[:, -1:]),
            ),
        ],
    )  # fmt: skip


def _overwriting(first: Array, second: Array) -> Array:
    (h1, w1), (h2, w2) = first.shape[2:], second.shape[2:]
    out = np.zeros((len(second), first.shape[1], h1 + h2 - 1, w1 + w2 - 1))
    for i, j in np.ndindex(h2, w2):
        out[:, :, i : i + h1, j : j + w1] = np.einsum("om,mchw->ochw", second[:, :, i, j], first)
    return out
