"""The checks of notebook 08: two poolings, the way back, the receptive field, and agreement under a shift."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cnnlib.check.engine import Mistake, Student, exercise
from cnnlib.check.pairs import PAIRS, Function, Pair, ints_only, pair

Array = NDArray[Any]


def _raising(error: type[Exception], when: Callable[..., object], right: Function) -> Function:
    """`right`, with an error where `when(*arguments)`."""

    def function(*arguments: Any) -> Any:
        if when(*arguments):
            raise error
        return right(*arguments)

    return function


# ---- max_pool2d and avg_pool2d

Reduce = Callable[[Array], Array]  # (..., kH, kW) -> (...)


def _largest(windows: Array) -> Array:
    return np.asarray(windows.max(axis=(-2, -1)))


def _mean(windows: Array) -> Array:
    return np.asarray(np.nanmean(windows, axis=(-2, -1)))


def _total(windows: Array) -> Array:
    return np.asarray(windows.sum(axis=(-2, -1)))


def _pad(input: Array, padding: Pair, value: float, before: int = 1, after: int = 1) -> Array:
    """`before` times the padding on top and left, `after` times below and right."""
    height, width = pair(padding)
    sides = [(0, 0), (0, 0), (before * height, after * height), (before * width, after * width)]
    return np.pad(input.astype(np.float64), sides, constant_values=value)


def _views(padded: Array, kernel: Pair, stride: Pair) -> Array:
    """Every window: (N, C, H', W', kH, kW)."""
    s_h, s_w = pair(stride)
    return sliding_window_view(padded, pair(kernel), axis=(2, 3))[:, :, ::s_h, ::s_w]


def _pooling(reduce: Reduce, fill: float, before: int = 1, after: int = 1) -> Function:
    """A pooling: what it makes of a window, what the padding counts as, and on which sides it stands."""

    def pool(input: Array, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> Array:
        padded = _pad(input, padding, fill, before, after)
        return reduce(_views(padded, kernel_size, kernel_size if stride is None else stride))

    return pool


def _settings(change: Function, right: Function) -> Function:
    """`right` with other settings: `change(kernel, stride, padding)` gives them."""

    def pool(input: Array, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> Any:
        return right(input, *change(kernel_size, kernel_size if stride is None else stride, padding))

    return pool


def _ceil(reduce: Reduce, fill: float) -> Function:
    """One place more where a part of a window fits; what sticks out is NaN for `reduce`."""

    def pool(input: Array, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> Any:
        steps = kernel_size if stride is None else stride
        padded = _pad(input, padding, fill)
        more = [
            -(n - k) % s for n, k, s in zip(padded.shape[2:], pair(kernel_size), pair(steps), strict=True)
        ]
        wide = np.pad(padded, [(0, 0), (0, 0), (0, more[0]), (0, more[1])], constant_values=np.nan)
        return reduce(_views(wide, kernel_size, steps))

    return pool


def _crowded(right: Function) -> Function:
    """The right shape, but neighbouring windows are one pixel apart."""

    def pool(input: Array, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> Any:
        rows, columns = right(input, kernel_size, stride, padding).shape[2:]
        return right(input, kernel_size, 1, padding)[:, :, :rows, :columns]

    return pool


def _across_channels(reduce: Reduce, fill: float, keep: bool) -> Function:
    def pool(input: Array, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> Array:
        out = _pooling(reduce, fill)(input, kernel_size, stride, padding)
        one = out.max(axis=1, keepdims=True) if reduce is _largest else out.mean(axis=1, keepdims=True)
        return np.broadcast_to(one, out.shape) if keep else one

    return pool


def _pooling_mistakes(right: Function, reduce: Reduce, fill: float) -> list[Mistake]:
    """What goes wrong in the same way for both poolings."""
    channels = (
        "Your windows reach across the channels. Each channel is pooled by itself: the output has as many."
    )
    swapped = "Height and width of the {} are swapped: the first number belongs to the rows."
    one_number = "One number of the {} serves both axes. The first is for rows, the second for columns."
    partial = "Your last window sticks out over the edge. Only whole windows count: round the number of places down."
    one_side = "The padding stands on one side only. It goes on all four sides."
    no_stride = "stride=None means that the windows lie side by side: the stride is then kernel_size."

    def skip(windows: Array) -> Array:
        if reduce is _largest:
            return np.asarray(np.fmax.reduce(windows, axis=(-2, -1)))
        real = np.isfinite(windows).sum(axis=(-2, -1))
        return np.asarray(np.nansum(windows, axis=(-2, -1)) / np.maximum(1, real))

    def only_default(k: Pair, s: Pair, p: Pair) -> tuple[Pair, Pair, Pair]:
        return k, k, p

    everywhere = "np.pad with one number, or one pair, pads every axis, images and channels as well. Give one for each."
    all_in_one = "Your windows reach across images and channels. Reduce the last two axes of a window only."

    def all_maps(*settings: Any) -> Array:
        out = right(*settings)
        one = out.max(axis=(0, 1)) if reduce is _largest else out.mean(axis=(0, 1))
        return np.broadcast_to(one, out.shape)

    def whole(x: Array, *settings: Any) -> Array:
        return np.full(right(x, *settings).shape, x.max() if reduce is _largest else x.mean())

    return [
        (all_in_one, all_maps),
        ("One number of the whole array stands everywhere. Every window has one of its own.", whole),
        (
            "One number of the whole array is left. Every window has one of its own.",
            lambda x, k, s=None, p=0: whole(x, 1).flat[0],
        ),
        *(
            (
                "That is global pooling: one number for each channel. Here every window of a channel gives one.",
                lambda x, k, s=None, p=0, shape=shape: right(x, x.shape[2:])[shape],
            )
            for shape in (np.s_[:, :, :, :], np.s_[:, :, 0, 0])
        ),
        (everywhere, lambda x, k, s=None, p=0: right(np.pad(x.astype(float), p, constant_values=fill), k, s)),
        (channels, _across_channels(reduce, fill, keep=False)),
        (channels, lambda *a: _across_channels(reduce, fill, keep=False)(*a)[:, 0]),
        (channels, _across_channels(reduce, fill, keep=True)),
        (no_stride, lambda x, k, s=None, p=0: right(x, k, 1 if s is None else s, p)),
        (no_stride, _raising(TypeError, lambda x, k, s=None, p=0: s is None, right)),
        ("The stride is ignored: your windows always lie side by side.", _settings(only_default, right)),
        (
            "The stride is ignored: your window moves by one pixel.",
            lambda x, k, s=None, p=0: right(x, k, 1, p),
        ),
        (
            "The shape is right, but neighbouring windows are one pixel apart: the stride is missing where the "
            "window is cut out.",
            _crowded(right),
        ),
        (swapped.format("stride"), _settings(lambda k, s, p: (k, pair(s)[::-1], p), right)),
        (swapped.format("window"), _settings(lambda k, s, p: (pair(k)[::-1], s, p), right)),
        (
            swapped.format("window"),
            lambda x, k, s=None, p=0: right(x, pair(k)[::-1], pair(k)[::-1] if s is None else s, p),
        ),
        (swapped.format("padding"), _settings(lambda k, s, p: (k, s, pair(p)[::-1]), right)),
        (one_number.format("stride"), _settings(lambda k, s, p: (k, pair(s)[0], p), right)),
        (one_number.format("stride"), _settings(lambda k, s, p: (k, pair(s)[1], p), right)),
        (one_number.format("window"), _settings(lambda k, s, p: (pair(k)[0], s, p), right)),
        (one_number.format("window"), _settings(lambda k, s, p: (pair(k)[1], s, p), right)),
        (one_number.format("padding"), _settings(lambda k, s, p: (k, s, pair(p)[0]), right)),
        (one_number.format("padding"), _settings(lambda k, s, p: (k, s, pair(p)[1]), right)),
        (partial, _ceil(skip, fill)),
        (partial, _ceil(lambda w: reduce(np.where(np.isnan(w), fill, w)), fill)),
        (partial, _ceil(lambda w: reduce(np.where(np.isnan(w), 0, w)), fill)),
        (one_side, _pooling(reduce, fill, 1, 0)),
        (one_side, _pooling(reduce, fill, 0, 1)),
        ("The padding is added twice on each side.", _pooling(reduce, fill, 2, 2)),
        ("The padding is left out.", lambda x, k, s=None, p=0: right(x, k, s, 0)),
        (
            "You pooled the first image only, or gave all images its result.",
            lambda x, k, s=None, p=0: right(x[:1], k, s, p),
        ),
        ("The axis of images is missing: the result has the shape (N, C, H', W').", lambda *a: right(*a)[0]),
        (PAIRS, ints_only(right)),
    ]


def _pooling_cases(seed: int) -> list[tuple[Any, ...]]:
    rng = np.random.default_rng(seed)
    small = np.array(
        [[[[1, 5, 2, 0], [3, 4, 9, 6], [8, 7, 1, 2]], [[2, 0, 4, 1], [6, 1, 3, 8], [5, 9, 7, 3]]]]
    )
    return [
        (small, 2),
        (small, (2, 1)),
        (small, (1, 2), (2, 1)),
        (small - 12, 2, 2, 1),
        (small * 1000 - 20_000, 2, 2, 1),
        (rng.normal(size=(3, 2, 12, 6)), (3, 4), (2, 3), (0, 1)),
        (rng.normal(size=(2, 3, 9, 7)) - 5, (4, 3), (3, 2), (2, 1)),
        (rng.normal(size=(2, 1, 5, 8)), 3, 1, 1),
        (rng.normal(size=(1, 2, 10, 8)), 2, 3),
        (rng.integers(-9, 9, (2, 3, 7, 11)), (2, 5)),
        (rng.normal(size=(2, 2, 7, 9)) - 3, (3, 2), None, 1),
        (rng.normal(size=(1, 3, 6, 7)), 1, (2, 3)),
        (rng.normal(size=(2, 2, 4, 5)), (4, 5)),
    ]


_max_pool2d = _pooling(_largest, -np.inf)
_avg_pool2d = _pooling(_mean, 0)


def _min_pool2d(input: Array, *settings: Any) -> Any:
    return -_max_pool2d(-input, *settings)


def _edges(reduce: Reduce, mode: Any) -> Function:
    """The padding repeats or mirrors pixels."""

    def pool(input: Array, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> Any:
        height, width = pair(padding)
        padded = np.pad(input.astype(np.float64), [(0, 0), (0, 0), (height,) * 2, (width,) * 2], mode)
        return reduce(_views(padded, kernel_size, kernel_size if stride is None else stride))

    return pool


def _strongest(windows: Array) -> Array:
    """The value that is furthest from 0."""
    flat = windows.reshape(*windows.shape[:-2], -1)
    place = np.abs(np.nan_to_num(flat, neginf=0.0)).argmax(-1)
    return np.take_along_axis(flat, place[..., None], -1)[..., 0]


@exercise(
    "Take corr2d_strided of 05 and replace what happens in a window. Which number must stand in the padding, so that "
    "it never wins?",
    "Build a float array of -np.inf that holds the input in its middle. With (H + 2 ph - kh) // sh + 1 rows, output "
    "[:, :, i, j] is the maximum over the last two axes of padded[:, :, i * sh : i * sh + kh, j * sw : j * sw + kw].",
)
def max_pool2d(student: Student) -> None:
    zeros = "The padding counts as 0, which wins wherever all pixels are negative. Padding must never win: -np.inf."
    average = "You took the mean of each window. Take the largest value."
    infinite = (
        "An integer array cannot hold minus infinity. Make a float array of the input before you pad it."
    )
    right = _max_pool2d
    student.compare(
        right,
        _pooling_cases(81),
        [
            (zeros, _pooling(_largest, 0)),
            (zeros, _pooling(lambda w: np.nanmax(w, axis=(-2, -1)), 0)),
            *(
                (
                    f"The padding counts as {low:,}, which wins wherever all pixels are lower. -np.inf never wins.",
                    _pooling(_largest, low),
                )
                for low in (-1, -10, -99, -100, -128, -255, -256, -999, -1000, -9999, -10_000)
            ),
            (
                "A maximum that starts at 0 never goes below it. Start from -np.inf, or from the window's first value.",
                lambda *a: np.maximum(right(*a), 0),
            ),
            (average, _avg_pool2d),
            (average, _pooling(_mean, np.nan)),
            ("You added the window up. Take the largest value.", _pooling(_total, 0)),
            ("You took the smallest value of each window.", _min_pool2d),
            ("You took the smallest value of each window.", _pooling(lambda w: w.min(axis=(-2, -1)), 0)),
            (
                "You took the value furthest from 0. The largest counts: -1 is larger than -3.",
                _pooling(_strongest, -np.inf),
            ),
            (
                "You took the largest absolute value. Signs count: -1 is larger than -3.",
                _pooling(lambda w: np.abs(np.nan_to_num(w, neginf=0.0)).max(axis=(-2, -1)), -np.inf),
            ),
            (
                "The padding mirrors the image: a mirrored pixel can win although its window does not see it.",
                _edges(_largest, "reflect"),
            ),
            (
                "The padding continues at the opposite side. Padding must never win.",
                _edges(_largest, "wrap"),
            ),
            (
                infinite,
                _raising(OverflowError, lambda x, k, s=None, p=0: p != 0 and x.dtype.kind == "i", right),
            ),
            *_pooling_mistakes(right, _largest, -np.inf),
        ],
    )


@exercise(
    "Only one word of your max_pool2d changes inside the window. And one number changes outside the image.",
    "Pad with zeros and take the mean of each window over the last two axes: kh * kw values, padding included.",
)
def avg_pool2d(student: Student) -> None:
    uncounted = (
        "You divided by the number of real pixels. In torch, and here, padded zeros count: divide by kh * kw."
    )
    right = _avg_pool2d
    student.compare(
        right,
        _pooling_cases(82),
        [
            (uncounted, _pooling(_mean, np.nan)),
            ("You took the largest value of each window. Take the mean.", _max_pool2d),
            ("You took the largest value of each window. Take the mean.", _pooling(_largest, 0)),
            ("You added the window up, and did not divide.", _pooling(_total, 0)),
            (
                "You divided by kernel_size. An int stands for a square: 2 means a window of 2 x 2 = 4 values.",
                lambda x, k, *a: right(x, k, *a) * np.prod(pair(k)) / np.prod(k),
            ),
            (
                "You took the median: the value in the middle. The mean is the sum divided by kh * kw.",
                _pooling(lambda w: np.median(w, axis=(-2, -1)), 0),
            ),
            (
                "The padding is minus infinity, as in max pooling. Here it is 0 and takes part in the mean.",
                _pooling(_mean, -np.inf),
            ),
            (
                "The fractions are cut off: your output array holds integers. Make it an array of floats.",
                lambda x, *a: right(x, *a).astype(x.dtype),
            ),
            (
                "The fractions are cut off: your output array holds integers. Make it an array of floats.",
                lambda *a: np.trunc(right(*a)),
            ),
            ("You rounded down: // gives whole numbers. Divide with /.", lambda *a: np.floor(right(*a))),
            (
                "You divided by the window's height alone.",
                lambda x, k, *a: right(x, k, *a) * pair(k)[1],
            ),
            ("You divided by the window's width alone.", lambda x, k, *a: right(x, k, *a) * pair(k)[0]),
            (
                "You divided by kh * kh: the window need not be a square.",
                lambda x, k, *a: right(x, k, *a) * pair(k)[1] / pair(k)[0],
            ),
            (
                "You divided by kw * kw: the window need not be a square.",
                lambda x, k, *a: right(x, k, *a) * pair(k)[0] / pair(k)[1],
            ),
            (
                "You divided by kh + kw. A window has kh * kw values.",
                lambda x, k, *a: right(x, k, *a) * np.prod(pair(k)) / sum(pair(k)),
            ),
            ("The padding repeats or mirrors pixels. Here it is zero.", _edges(_mean, "edge")),
            ("The padding repeats or mirrors pixels. Here it is zero.", _edges(_mean, "reflect")),
            *_pooling_mistakes(right, _mean, 0),
        ],
    )


# ---- max_pool2d_backward


def _spread(
    share: Callable[[Array], Array],
    join: Callable[[Array, Array], Array] = np.add,
    turn: Callable[[Pair], Pair] = lambda stride: stride,
) -> Function:
    """The way back: `share` of a window says who gets how much, `join` how it meets what is there."""

    def backward(grad_output: Array, input: Array, kernel_size: Pair, stride: Pair) -> Array:
        (k_h, k_w), (s_h, s_w) = pair(kernel_size), pair(turn(stride))
        grad_input = np.zeros(input.shape)
        for n, c, i, j in np.ndindex(grad_output.shape):
            part = np.s_[n, c, i * s_h : i * s_h + k_h, j * s_w : j * s_w + k_w]
            grad_input[part] = join(grad_input[part], share(input[part]) * grad_output[n, c, i, j])
        return grad_input

    return backward


def _winner(window: Array) -> Array:
    return np.asarray(window == window.max())


def _keep_others(old: Array, new: Array) -> Array:
    """Write where the window's winner is, leave the rest."""
    return np.where(new != 0, new, old)


def _at_corner(right: Function, corner: bool) -> Function:
    """The place of the maximum inside its window, taken for a place of the image; or the window's first pixel."""

    def backward(grad_output: Array, input: Array, kernel_size: Pair, stride: Pair) -> Array:
        (k_h, k_w), (s_h, s_w) = pair(kernel_size), pair(stride)
        grad_input = np.zeros(input.shape)
        for n, c, i, j in np.ndindex(grad_output.shape):
            window = input[n, c, i * s_h : i * s_h + k_h, j * s_w : j * s_w + k_w]
            row, column = np.unravel_index(window.argmax(), window.shape)
            at = (i * s_h, j * s_w) if corner else (int(row), int(column))
            grad_input[n, c, at[0], at[1]] += grad_output[n, c, i, j]
        return grad_input

    return backward


def _across_the_channels(grad_output: Array, input: Array, kernel_size: Pair, stride: Pair) -> Array:
    """Every channel's gradient to the largest pixel of a window through all channels."""
    (k_h, k_w), (s_h, s_w) = pair(kernel_size), pair(stride)
    grad_input = np.zeros(input.shape)
    for n, c, i, j in np.ndindex(grad_output.shape):
        part = np.s_[n, :, i * s_h : i * s_h + k_h, j * s_w : j * s_w + k_w]
        grad_input[part] += _winner(input[part]) * grad_output[n, c, i, j]
    return grad_input


def _one_per_map(grad_output: Array, input: Array, kernel_size: Pair, stride: Pair) -> Array:
    """The whole gradient to the largest pixel of each channel."""
    best = input == input.max(axis=(2, 3), keepdims=True)
    return np.asarray(best * grad_output.sum(axis=(2, 3), keepdims=True))


_max_pool2d_backward = _spread(_winner)


@exercise(
    "If you raise one pixel of a window a little, when does the window's maximum change? And what if two windows have "
    "the same largest pixel?",
    "Loop over all outputs (n, c, i, j). In its window, += grad_output[n, c, i, j] where window == window.max(). The "
    "array you add into has the input's shape, starts with zeros and holds floats.",
)
def max_pool2d_backward(student: Student) -> None:
    rng = np.random.default_rng(83)
    small = np.array([[[[1, 7, 2, 4], [3, 5, 9, 6], [8, 0, 11, 10]]]])
    grads = np.array([[[[1, 2, 3], [4, 5, 6]]]])
    half = np.array([[[[0.5, -1.5], [2.25, 4]]]])

    def case(n: int, c: int, h: int, w: int, kernel: Pair, stride: Pair) -> tuple[Any, ...]:
        values = rng.permutation(n * c * h * w).reshape(n, c, h, w) / 8 - 9  # no two are equal
        rows, columns = _max_pool2d(values, kernel, stride).shape[2:]
        return rng.normal(size=(n, c, rows, columns)), values, kernel, stride

    same = (
        "A pixel that is the largest of several windows gets the sum of their gradients: add with +=, not =."
    )
    all_of_them = (
        "You gave every pixel of the window a share. Only the largest decides the output: it gets all."
    )
    right = _max_pool2d_backward
    student.compare(
        right,
        [
            (grads, small, 2, 1),
            (half, small[:, :, :, :3] - 20, 2, 1),
            (grads[:, :, :, :2], small, (2, 1), (1, 2)),
            case(3, 2, 12, 6, (3, 4), (2, 1)),
            case(2, 3, 7, 9, (2, 3), (1, 2)),
            case(1, 2, 8, 7, 3, (2, 3)),
            case(2, 1, 6, 11, (2, 4), (3, 2)),
            case(1, 1, 5, 5, 2, 2),
        ],
        [
            (same, _spread(_winner, lambda old, new: new)),
            (same, _spread(_winner, _keep_others)),
            (
                "You compared with the largest pixel of the whole array. Each window has a largest of its own.",
                lambda g, x, *a: _spread(lambda w: w == x.max())(g, x, *a),
            ),
            (
                "You looked for the largest pixel across the channels. Each channel has a largest of its own.",
                _across_the_channels,
            ),
            (
                "Where a pixel wins several windows, you averaged. Their gradients add up.",
                lambda g, *a: right(g, *a) / np.maximum(1, right(np.ones(g.shape), *a)),
            ),
            (
                "The input holds integers in this case, grad_output has fractions: NumPy does not add those to an "
                "array of integers. Make the array that you add into with np.zeros(shape), not zeros_like.",
                _raising(TypeError, lambda g, x, *a: g.dtype.kind == "f" and x.dtype.kind == "i", right),
            ),
            (all_of_them, _spread(lambda w: np.ones(w.shape))),
            (all_of_them, _spread(lambda w: np.full(w.shape, 1 / w.size))),
            (all_of_them, _spread(lambda w: np.ones(w.shape), lambda old, new: new)),
            ("The smallest pixel of each window got the gradient.", _spread(lambda w: w == w.min())),
            (
                "You multiplied by the pixel's value. The slope of the maximum is 1 at the largest pixel, 0 elsewhere.",
                _spread(lambda w: w * _winner(w)),
            ),
            (
                "Every winner got 1: grad_output is not used. A window hands on its own gradient.",
                lambda g, *a: right(np.ones(g.shape), *a),
            ),
            (
                "The place of the maximum counts from the window's corner. Add the corner's row and column.",
                _at_corner(right, corner=False),
            ),
            ("The gradient went to the window's top left pixel.", _at_corner(right, corner=True)),
            (
                "The gradient of a whole channel went to its largest pixel. Each window has a largest of its own.",
                _one_per_map,
            ),
            (
                "This is the gradient of the output. Return that of the input: it has the input's shape.",
                lambda g, *a: g,
            ),
            (
                "The fractions are cut off: your array of gradients has the input's integers. Make it floats.",
                lambda g, x, *a: right(np.trunc(g), x, *a).astype(x.dtype),
            ),
            (
                "The fractions are cut off: your array of gradients has the input's integers. Make it floats.",
                lambda g, x, *a: (
                    _spread(_winner, lambda old, new: np.trunc(old + new))(g, x, *a)
                    if x.dtype.kind == "i"
                    else right(g, x, *a)
                ),
            ),
            (
                "Height and width of the stride are swapped: the first number moves the window down.",
                _spread(_winner, turn=lambda stride: pair(stride)[::-1]),
            ),
            (
                "The stride is ignored: your window moves by one pixel.",
                _spread(_winner, turn=lambda stride: 1),
            ),
            (
                "The stride is ignored: your windows lie side by side.",
                lambda g, x, k, s: _spread(_winner, turn=lambda stride: k)(g, x, k, s),
            ),
            (
                "Height and width of the window are swapped.",
                lambda g, x, k, s: right(g, x, pair(k)[::-1], s),
            ),
            (
                "All channels got the sum of the gradients. Each channel goes its own way back.",
                lambda g, *a: right(np.broadcast_to(g.sum(axis=1, keepdims=True), g.shape), *a),
            ),
            (
                "Only the first image, or the first channel, was walked through.",
                lambda g, x, *a: right(np.where(np.arange(len(g))[:, None, None, None] == 0, g, 0), x, *a),
            ),
            (
                "Only the first image, or the first channel, was walked through.",
                lambda g, x, *a: right(np.where(np.arange(g.shape[1])[:, None, None] == 0, g, 0), x, *a),
            ),
            (
                "Negative gradients were lost. A gradient may be negative.",
                lambda *a: np.maximum(right(*a), 0),
            ),
            (PAIRS, ints_only(right)),
        ],
    )


# ---- receptive_field

Layers = list[tuple[int, int]]


def _receptive_field(layers: Layers) -> int:
    field = 1
    for kernel_size, stride in reversed(layers):
        field = (field - 1) * stride + kernel_size
    return field


def _jumps(update: Callable[[int, int], int], start: int = 1, first: bool = False, one: int = 1) -> Function:
    """Forwards with a wrong distance between neighbours: `update(jump, stride)`; `first` before it is used."""

    def field_of(layers: Layers) -> int:
        field, jump = start, 1
        for kernel_size, stride in layers:
            jump = update(jump, stride) if first else jump
            field += (kernel_size - one) * jump
            jump = jump if first else update(jump, stride)
        return field

    return field_of


@exercise(
    "One layer of 3 sees 3 pixels. What does a second layer of 3 add, if its neighbouring inputs lie one pixel apart "
    "in the image? What if they lie two apart?",
    "Start with a field of 1 and a jump of 1. Each layer adds (kernel_size - 1) * jump to the field; only then the "
    "jump is multiplied by the layer's stride.",
)
def receptive_field(student: Student) -> None:
    def times(jump: int, stride: int) -> int:
        return jump * stride

    no_stride = (
        "The strides are not used. After a stride of 2, neighbouring values lie two image pixels apart."
    )
    whole = "You added whole kernels. Windows of neighbours overlap: a layer adds kernel_size - 1 steps."
    student.compare(
        _receptive_field,
        [
            ([(3, 2), (5, 1)],),
            ([(3, 1), (3, 1)],),
            ([(5, 1), (2, 2), (5, 1), (2, 2)],),
            ([(7, 2), (3, 2), (3, 1), (3, 1)],),
            ([(3, 2), (4, 3), (2, 2), (3, 1)],),
            ([(1, 1)],),
            ([(1, 3), (2, 1), (1, 1), (6, 2)],),
            ([(4, 4)],),
            ([(3, 3), (2, 5), (4, 2), (3, 2), (5, 1)],),
            ([],),
        ],
        [
            (
                "You applied a layer's own stride to its own kernel. Its stride spreads the layers after it.",
                _jumps(times, first=True),
            ),
            (
                "You walked through the layers from the last to the first. The distance between values grows from the "
                "image inwards.",
                lambda layers: _receptive_field(layers[::-1]),
            ),
            (no_stride, lambda layers: 1 + sum(k - 1 for k, _ in layers)),
            (whole, lambda layers: sum(k for k, _ in layers)),
            (whole, _jumps(times, start=0, one=0)),
            (whole, _jumps(times, start=1, one=0)),
            (
                "One pixel is missing: before the first layer a value sees itself. Start at 1, not at 0.",
                _jumps(times, start=0),
            ),
            (
                "You used the stride of the layer before only. Distances multiply: use the product of all before.",
                _jumps(lambda jump, stride: stride),
            ),
            (
                "You added the strides. Distances multiply: two strides of 2 put neighbours 4 pixels apart.",
                _jumps(lambda jump, stride: jump + stride),
            ),
            (
                "You added the strides. Distances multiply: two strides of 2 put neighbours 4 pixels apart.",
                _jumps(lambda jump, stride: jump + stride - 1),
            ),
            (
                "This is the product of the kernel sizes. Each layer adds to the field, and jumps grow by the strides.",
                lambda layers: int(np.prod([k for k, _ in layers])),
            ),
            (
                "You multiplied each kernel by its own stride. Its stride spreads the layers after it, all of them.",
                lambda layers: 1 + sum((k - 1) * s for k, s in layers),
            ),
            (
                "You multiplied kernel sizes and strides. Each layer adds to the field.",
                lambda layers: int(np.prod([k * s for k, s in layers])),
            ),
            (
                "This is the distance between neighbouring outputs, the product of the strides.",
                lambda layers: int(np.prod([s for _, s in layers])),
            ),
            (
                "The pairs are read the wrong way round: kernel_size comes first, then stride.",
                lambda layers: _receptive_field([(s, k) for k, s in layers]),
            ),
            ("You looked at one layer only.", lambda layers: layers[-1][0] if layers else 1),
            ("You looked at one layer only.", lambda layers: layers[0][0] if layers else 1),
            ("This is the area. The field is counted along one axis.", lambda x: _receptive_field(x) ** 2),
            (
                "Without any layer a value sees itself: the answer is 1.",
                lambda layers: _receptive_field(layers) if layers else 0,
            ),
            (
                "Without any layer a value sees itself: the answer is 1.",
                _raising(Exception, lambda layers: not layers, _receptive_field),
            ),
        ],
        kind="integer",
    )


# ---- shift_agreement


@dataclass(frozen=True)
class Named:
    """A function of an image with a name that a person can read in the message."""

    name: str
    function: Callable[[Array], Array]

    def __call__(self, image: Array) -> Array:
        """Return what the function makes of `image`."""
        return self.function(image)

    def __repr__(self) -> str:
        return f"<{self.name}>"


Shift = tuple[int, int]


def _shifted(image: Array, down: int, right: int) -> Array:
    """Shifted with zeros filled in; a negative number goes the other way."""
    height, width = image.shape
    padded = np.pad(image, ((max(down, 0), max(-down, 0)), (max(right, 0), max(-right, 0))))
    top, left = max(-down, 0), max(-right, 0)
    return padded[top : top + height, left : left + width]


def _inner(output: Array, margin: int) -> Array:
    height, width = output.shape
    return output[margin : height - margin, margin : width - margin]


def _either(before: Array, after: Array) -> Array:
    return np.asarray((before != 0) | (after != 0))


def _near(before: Array, after: Array, tol: float) -> Array:
    return np.asarray(np.abs(before - after) <= tol)


def _agreement(
    move: Callable[[Array, Shift], Array] = lambda image, shift: _shifted(image, *shift),
    follow: Callable[[Array, Shift], Array] = lambda output, shift: output,
    keep: Callable[[Array, int], Array] = _inner,
    counted: Callable[[Array, Array], Array] = _either,
    same: Callable[[Array, Array, float], Array] = _near,
    share: Callable[[Array], Any] = np.mean,
    nothing: float = np.nan,
    raw: bool = False,
) -> Callable[..., Any]:
    """The right measure, or one with a step done differently."""

    def shift_agreement(
        fn: Callable[[Array], Array], image: Array, shift: Shift, margin: int, tol: float = 0
    ) -> Any:
        before, after = fn(image), fn(move(image, shift))
        if not raw:
            before, after = before.astype(np.float64), after.astype(np.float64)
        before, after = keep(before, margin), keep(follow(after, shift), margin)
        mask = counted(before, after)
        return share(same(before, after, tol)[mask]) if mask.any() else nothing

    return shift_agreement


_shift_agreement = _agreement()


def _pool(size: int) -> Named:
    def fn(image: Array) -> Array:
        return np.asarray(_max_pool2d(image[None, None], size)[0, 0])

    return Named(f"{size}x{size} max pooling", fn)


def _blur(image: Array) -> Array:
    return np.asarray(_avg_pool2d(image[None, None], 3, 1, 1)[0, 0])


def _agreement_cases() -> list[tuple[Any, ...]]:
    rng = np.random.default_rng(84)
    small = np.array(
        [
            [0, 0, 0, 0, 0, 0, 0, 0],
            [0, 3, 3, 1, 0, 0, 0, 0],
            [0, 3, 2, 2, 2, 4, 0, 0],
            [0, 0, 5, 2, 2, 1, 0, 0],
            [0, 4, 4, 4, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0, 0],
        ]
    )
    blobs = rng.integers(0, 4, (20, 24)) * (rng.random((20, 24)) < 0.6)
    noise = rng.normal(size=(14, 17))
    signs = np.where(rng.random((8, 11)) < 0.3, 4, 3 * (-1) ** np.arange(11))  # 3 comes to stand upon -3
    bytes_ = rng.integers(0, 256, (9, 12)).astype(np.uint8)
    plain = Named("returns the image as it is", lambda x: x)
    bright = Named("1 where a pixel is above 2, else 0", lambda x: (x > 2).astype(np.int64))
    ramp = Named("multiplies column j by j - 8", lambda x: x * (np.arange(x.shape[1]) - 8))
    largest = Named("the largest pixel, as a (1, 1) array", lambda x: x.max(keepdims=True))
    blur = Named("3x3 average pooling, stride 1, padding 1", _blur)
    empty = Named("returns zeros", np.zeros_like)
    million = Named("adds 1,000,000 to every pixel", lambda x: x + 10**6)
    return [
        (_pool(2), small, (0, 1), 0),
        (plain, small, (1, 0), 0),
        (plain, small, (1, 2), 1),
        (_pool(2), blobs, (1, 2), 1),
        (_pool(3), blobs, (2, 1), 1, 1),
        (plain, blobs, (1, 3), 3, 1),
        (bright, blobs, (3, 1), 2),
        (ramp, noise, (2, 1), 4, 1.5),
        (blur, noise, (1, 2), 4, 0.25),
        (blur, noise * 100, (2, 1), 3, 20.0),
        (plain, bytes_, (1, 2), 1, 40),
        (largest, blobs, (2, 3), 0),
        (largest, noise * 50, (1, 2), 0, 3),
        (_pool(2), noise, (0, 1), 0, 0.75),
        (million, blobs * 3, (1, 2), 1, 1),
        (plain, signs, (0, 1), 1),
        (empty, small, (1, 1), 1),
        (plain, small[:, ::-1] * 0, (1, 2), 0, 2),
    ]


def _two_sums(reduce: Callable[[Array], Any]) -> Function:
    def agreement(
        fn: Callable[[Array], Array], image: Array, shift: Shift, margin: int, tol: float = 0
    ) -> float:
        one, two = _inner(fn(image), margin), _inner(fn(_shifted(image, *shift)), margin)
        return float(abs(reduce(one) - reduce(two)) <= tol)

    return agreement


def _verdict(same: Callable[[Array, Array], object]) -> Function:
    """One answer for the whole outputs."""

    def agreement(
        fn: Callable[[Array], Array], image: Array, shift: Shift, margin: int, tol: float = 0
    ) -> float:
        return float(bool(same(fn(image), fn(_shifted(image, *shift)))))

    return agreement


def _of_all(fn: Callable[[Array], Array], image: Array, shift: Shift, margin: int, tol: float = 0) -> float:
    before, after = (_inner(fn(x).astype(np.float64), margin) for x in (image, _shifted(image, *shift)))
    return float((_near(before, after, tol) & _either(before, after)).mean()) if before.size else np.nan


def _and(before: Array, after: Array) -> Array:
    return np.asarray((before != 0) & (after != 0))


@exercise(
    "Call fn twice: on the image and on the shifted image. Which places of the two outputs do you look at, and how "
    "many of those are equal?",
    "Take rows margin to H' - margin and columns margin to W' - margin of both outputs, as floats. Count the places "
    "where one of the two is not 0; return the share of them where abs(before - after) <= tol, NaN if there is none.",
)
def shift_agreement(student: Student) -> None:
    right = _shift_agreement
    background = (
        "You counted the background: places where both outputs are 0 agree whatever fn does. Leave them out."
    )
    either = (
        "You left places out where only one of the two outputs is 0. Count all where either is not 0: these are the "
        "ones that changed most."
    )
    followed = (
        "You moved the output along, or back. That tests equivariance; here you compare the same position."
    )
    means = "You compared one number of each output, such as its mean. Compare place by place, then take the share."
    nothing = "No output is non-zero here, so that there is nothing to count: return NaN."
    share = "Return the share of the counted places, a number from 0 to 1."
    margins = "You left out rows and columns on some sides only. The margin goes on all four sides."
    fixed = "Your tolerance is fixed, or not used. Two outputs are equal if they differ by at most tol."

    def all_places(before: Array, after: Array) -> Array:
        return np.ones(before.shape, bool)

    def one_sided(output: Array, margin: int) -> Array:
        return output[margin:, margin:]

    def negative(output: Array, margin: int) -> Array:
        return output[margin:-margin, margin:-margin]

    def late(output: Array, margin: int) -> Array:
        return output[margin : output.shape[0] - margin + 1, margin : output.shape[1] - margin + 1]

    def rows_only(output: Array, margin: int) -> Array:
        return output[margin : len(output) - margin]

    def of_the_image(
        fn: Callable[[Array], Array], image: Array, shift: Shift, margin: int, tol: float = 0
    ) -> Any:
        """The margin cut from the image, not from the output."""
        inner = image[margin : image.shape[0] - margin, margin : image.shape[1] - margin]
        return right(fn, inner, shift, 0, tol)

    student.compare(
        right,
        _agreement_cases(),
        [
            (background, _agreement(counted=all_places)),
            (either, _agreement(counted=lambda before, after: before != 0)),
            (either, _agreement(counted=lambda before, after: after != 0)),
            (either, _agreement(counted=_and)),
            (
                "Only positive outputs were counted. Non-zero means negative ones too.",
                _agreement(counted=lambda before, after: (before > 0) | (after > 0)),
            ),
            (
                "You counted outputs larger than tol. Whether an output is counted does not depend on tol.",
                lambda fn, image, shift, margin, tol=0: _agreement(
                    counted=lambda a, b: (np.abs(a) > tol) | (np.abs(b) > tol)
                )(fn, image, shift, margin, tol),
            ),
            (followed, _agreement(follow=lambda output, shift: _shifted(output, -shift[0], -shift[1]))),
            (followed, _agreement(follow=lambda output, shift: _shifted(output, *shift))),
            (
                followed,
                _agreement(follow=lambda output, shift: np.roll(output, (-shift[0], -shift[1]), (0, 1))),
            ),
            (
                "What leaves the image on one side comes back in on the other. Fill with zeros.",
                _agreement(move=lambda image, shift: np.roll(image, shift, (0, 1))),
            ),
            (
                "The shift is (down, right): down comes first.",
                _agreement(move=lambda image, shift: _shifted(image, shift[1], shift[0])),
            ),
            (
                "You shifted up and to the left. The shift goes down and to the right.",
                _agreement(move=lambda image, shift: _shifted(image, -shift[0], -shift[1])),
            ),
            (
                "You shifted on one axis only.",
                _agreement(move=lambda image, shift: _shifted(image, 0, shift[1])),
            ),
            (
                "You shifted on one axis only.",
                _agreement(move=lambda image, shift: _shifted(image, shift[0], 0)),
            ),
            ("The margin is not used.", _agreement(keep=lambda output, margin: output)),
            (
                "With margin 0 nothing is left: a slice that ends at -0 is empty. Let it end at H' - margin.",
                _agreement(keep=negative),
            ),
            (
                "The margin's end is one row and one column late. Of H' rows the last that counts is H' - margin - 1.",
                _agreement(keep=late),
            ),
            (
                "You took the image's size for the map's. A map may be smaller: ask the output for its shape.",
                lambda fn, image, shift, margin, tol=0: _agreement(
                    keep=lambda output, m: output[m : image.shape[0] - m, m : image.shape[1] - m]
                )(fn, image, shift, margin, tol),
            ),
            (
                "You left places out where the two outputs add up to 0. 3 and -3 are both not 0.",
                _agreement(counted=lambda before, after: before + after != 0),
            ),
            (
                "You moved the output of fn. Move the image, and call fn a second time.",
                lambda fn, image, shift, margin, tol=0: _agreement(
                    move=lambda image, shift: image,
                    follow=lambda output, shift: _shifted(output, *shift),
                )(fn, image, shift, margin, tol),
            ),
            (
                "You divided by the number of all places. Divide by the number of those that count.",
                lambda fn, image, shift, margin, tol=0: _of_all(fn, image, shift, margin, tol),
            ),
            (
                "You divided the difference by the outputs first. It is compared with tol as it is.",
                _agreement(same=lambda a, b, tol: np.abs(a - b) / np.abs(a).max() <= tol),
            ),
            *(
                ("Some places may differ: return their share, not one verdict.", verdict)
                for verdict in (_verdict(np.array_equal), _verdict(np.allclose))
            ),
            (margins, _agreement(keep=one_sided)),
            (margins, _agreement(keep=rows_only)),
            (
                "The margin is one too wide.",
                _agreement(keep=lambda output, margin: _inner(output, margin + 1)),
            ),
            ("You cut the margin off the image. It belongs to the outputs.", of_the_image),
            (means, _two_sums(np.mean)),
            (means, _two_sums(np.sum)),
            (means, _two_sums(np.max)),
            (fixed, _agreement(same=lambda a, b, tol: a == b)),
            (fixed, _agreement(same=lambda a, b, tol: np.isclose(a, b))),
            (
                "Differences of exactly tol count as equal: <=, not <.",
                _agreement(same=lambda a, b, tol: np.abs(a - b) < tol),
            ),
            (
                "np.isclose and np.allclose add a tolerance of their own, relative to the values. Set rtol=0.",
                _agreement(same=lambda a, b, tol: np.isclose(a, b, atol=tol)),
            ),
            (
                "A difference far below 0 is no agreement: take its absolute value.",
                _agreement(same=lambda a, b, tol: a - b <= tol),
            ),
            (
                "A difference far below 0 is no agreement: take its absolute value.",
                _agreement(same=lambda a, b, tol: b - a <= tol),
            ),
            (
                "The outputs may be uint8, where 3 - 5 is 254. Make them floats before you subtract.",
                _agreement(raw=True),
            ),
            (share, _agreement(share=np.sum)),
            (share, _agreement(share=lambda same: 100 * same.mean())),
            (
                "This is the share of outputs that changed. Return the share that stayed.",
                _agreement(share=lambda same: 1 - same.mean()),
            ),
            ("Some places may differ: return their share, not one verdict.", _agreement(share=np.all)),
            (nothing, _agreement(nothing=0)),
            (nothing, _agreement(nothing=1)),
            (nothing, _raising(ZeroDivisionError, lambda *a: bool(np.isnan(right(*a))), right)),
            (
                "fn is not used: you compared the images. Compare what fn makes of them.",
                lambda fn, image, shift, margin, tol=0: right(lambda x: x, image, shift, margin, tol),
            ),
        ],
    )
