"""The checks of notebook 05: output_size, pad2d, corr2d_strided, same_padding, max_depth."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlib.check.engine import Student, exercise

Array = NDArray[np.float64]
Pair = int | tuple[int, int]  # one number for both axes, or (height, width)
Sides = tuple[tuple[int, int], tuple[int, int]]  # (top, bottom), (left, right)
Function = Callable[..., Any]


def _pair(value: Pair) -> tuple[int, int]:
    height, width = np.broadcast_to(value, 2)
    return int(height), int(width)


def _otherwise(right: Function, error: Function) -> Function:
    """`right`, with `error(...)` of the arguments instead of its ValueError."""

    def function(*arguments: Any) -> Any:
        try:
            return right(*arguments)
        except ValueError:
            return error(*arguments)

    return function


def _another_error(*arguments: Any) -> None:
    raise Exception  # matches every type: what counts is that it is not a ValueError


# ---- output_size


def _output_size(size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    span = dilation * (kernel_size - 1) + 1
    places = len(range(0, size + 2 * padding - span + 1, stride))
    if places == 0:
        raise ValueError(f"The window spans {span} pixels, the padded axis has only {size + 2 * padding}.")
    return places


def _formula(round_: Function = math.floor, last: int = 1, sides: int = 2, spare: int = 1) -> Function:
    """The formula of the size, with its rounding, its + 1, its 2p and its - 1 to be chosen; it never raises."""

    def size_of(n: int, k: int, s: int = 1, p: int = 0, d: int = 1) -> int:
        return int(round_((n + sides * p - d * (k - 1) - spare) / s)) + last

    return size_of


def _that_raises(function: Function) -> Function:
    """`function`, with a ValueError where nothing fits."""

    def size_of(*arguments: int) -> int:
        _output_size(*arguments)
        return int(function(*arguments))

    return size_of


def _refusing(too_large: Callable[[int, int], bool]) -> Function:
    """The right size, refused where `too_large(span, size)`."""

    def size_of(n: int, k: int, s: int = 1, p: int = 0, d: int = 1) -> int:
        if too_large(d * (k - 1) + 1, n):
            raise ValueError
        return _output_size(n, k, s, p, d)

    return size_of


@exercise(
    "How many steps of `stride` pixels does the window make after its first place, without leaving the axis?",
    "The window spans dilation * (kernel_size - 1) + 1 pixels of an axis of size + 2 * padding. What is left over, "
    "divided by the stride and rounded down, counts the steps; the first place comes on top.",
)
def output_size(student: Student) -> None:
    up = "You rounded up: the last window sticks out over the edge. Only whole windows count: round down."
    nearest = "You rounded to the nearest number. A window that fits only in part does not count: round down."
    no_one = "You counted the steps between the places. There is one place more than steps: add 1."
    early = (
        "You added 1 before dividing: that only works at stride 1. The first place comes after the division."
    )
    one_side = "You added the padding once. It stands on both sides of the axis: 2 * padding."
    from_zero = (
        "You counted the dilation from 0. As in PyTorch, dilation 1 is the dense kernel and 2 leaves one gap."
    )
    times = (
        "You took dilation * kernel_size as the window's span. Only the kernel_size - 1 steps stretch, then one "
        "pixel more: dilation * (kernel_size - 1) + 1."
    )
    nothing = (
        "Nothing fits here: the window is longer than the padded axis. Raise a ValueError; the formula's number "
        "is no answer."
    )
    towards_zero = (
        "The formula divides a negative number here, and int() cuts it towards 0, so that a place seems to be "
        "left. Nothing fits: raise a ValueError."
    )
    refused = "You refused a window that fits. Compare its span with the padded axis, size + 2 * padding."
    exactly = "You refused a window that just fits: it has one place."
    mistakes: list[tuple[str, Function]] = []
    for hint, function in [
        (up, _formula(math.ceil)),
        (nearest, _formula(round)),
        (no_one, _formula(last=0)),
        (early, _formula(last=0, spare=0)),
        (one_side, _formula(sides=1)),
        ("You left the padding out. It adds 2 * padding to the axis.", _formula(sides=0)),
        (from_zero, lambda n, k, s=1, p=0, d=1: _formula()(n, k, s, p, d + 1)),
        (times, lambda n, k, s=1, p=0, d=1: _formula()(n, k * d, s, p)),
        ("You left the dilation out.", lambda n, k, s=1, p=0, d=1: _formula()(n, k, s, p)),
        ("You left the stride out.", lambda n, k, s=1, p=0, d=1: _formula()(n, k, 1, p, d)),
        (
            "You subtracted the whole window. Its first pixel is already at a place: with size == kernel_size "
            "one place is left.",
            _formula(spare=2),
        ),
        ("You divided the size by the stride. That ignores the kernel.", lambda n, k, s=1, p=0, d=1: n // s),
    ]:
        mistakes += [(hint, _that_raises(function)), (hint, function)]
    student.compare(
        _output_size,
        [(7, 3), (7, 3, 2), (8, 3, 4), (6, 3, 2), (7, 3, 2, 1), (9, 3, 1, 0, 2), (12, 3, 2, 0), (6, 4, 3, 1)]
        + [(224, 7, 2, 3), (10, 4, 3, 2, 2), (5, 1, 2), (5, 5), (7, 4, 1, 0, 2), (3, 5, 1, 1), (4, 5, 1, 1)]
        + [(4, 5), (2, 3, 2), (5, 3, 1, 0, 3), (3, 6, 1, 1), (1, 4, 4), (2, 9, 5, 3)],
        [
            *mistakes,
            (exactly, _refusing(lambda span, size: span >= size)),
            (refused, _refusing(lambda span, size: span > size)),
            (nothing, _formula()),
            (nothing, _otherwise(_output_size, lambda *arguments: 0)),
            (nothing, _otherwise(_output_size, lambda *arguments: None)),
            (nothing, _otherwise(_output_size, lambda *arguments: -1)),
            (towards_zero, _formula(int)),
            (
                "Right that nothing fits; the error has to be a ValueError.",
                _otherwise(_output_size, _another_error),
            ),
        ],
        kind="integer",
    )


# ---- pad2d

_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def _check_limits(image: Array, padding: Pair, mode: str) -> None:
    for axis, size, wide in zip(("height", "width"), image.shape[-2:], _pair(padding), strict=True):
        if wide > size - (mode == "reflect") and mode in ("reflect", "circular"):
            at_most = "less than" if mode == "reflect" else "at most"
            raise ValueError(f"{mode} padding of {wide} needs to be {at_most} the {axis}, which is {size}.")


def _pad2d(image: Array, padding: Pair, mode: str) -> Array:
    _check_limits(image, padding, mode)
    return _padded(image, padding, mode)


def _padded(image: Array, padding: Pair, mode: str, before: int = 1, after: int = 1) -> Array:
    sides = [(p * before, p * after) for p in _pair(padding)]
    return np.asarray(np.pad(image, [(0, 0)] * (image.ndim - 2) + sides, _MODES.get(mode, mode)))  # type: ignore


def _with_modes(**instead: str) -> Function:
    """pad2d with a NumPy mode in place of the right one."""

    def pad(image: Array, padding: Pair, mode: str) -> Array:
        _check_limits(image, padding, mode)
        return _padded(image, padding, instead.get(mode, mode))

    return pad


def _unflipped(image: Array, padding: Pair, mode: str) -> Array:
    """Reflect without turning the order round: rows 1, 2, ... stand above row 0 as they come."""
    for axis, p in zip((-2, -1), _pair(padding), strict=True):
        n = image.shape[axis]
        index = np.r_[1 : p + 1, :n, n - 1 - p : n - 1] if mode == "reflect" else np.arange(n)
        image = np.take(image, index, axis)
    return image if mode == "reflect" else _pad2d(image, padding, mode)


def _same_end(image: Array, padding: Pair, mode: str) -> Array:
    """Circular with each side's border taken from that side instead of the opposite one."""
    if mode != "circular":
        return _pad2d(image, padding, mode)
    _check_limits(image, padding, mode)
    for axis, p in zip((-2, -1), _pair(padding), strict=True):
        n = image.shape[axis]
        image = np.take(image, np.r_[:p, :n, n - p : n], axis)
    return image


def _zero_corners(image: Array, padding: Pair, mode: str) -> Array:
    out = _pad2d(image, padding, mode).copy()
    for rows in (slice(0, _pair(padding)[0]), slice(out.shape[-2] - _pair(padding)[0], None)):
        for columns in (slice(0, _pair(padding)[1]), slice(out.shape[-1] - _pair(padding)[1], None)):
            out[..., rows, columns] = 0
    return out


def _with_limits(refuse: Callable[[str, Any, Any], bool]) -> Function:
    """pad2d with its own rule for what is refused: `refuse(mode, (top, left), (height, width))`."""

    def pad(image: Array, padding: Pair, mode: str) -> Array:
        if refuse(mode, np.array(_pair(padding)), np.array(image.shape[-2:])):
            raise ValueError
        return _padded(image, padding, mode)

    return pad


def _swapped(image: Array, padding: Pair, mode: str) -> Array:
    return _pad2d(image, _pair(padding)[::-1], mode)


_RULES: dict[str, Callable[[Any, Any], Any]] = {"reflect": np.greater_equal, "circular": np.greater}


def _over(mode: str, p: Any, n: Any) -> Any:
    """On which axes the padding is over the limit."""
    return _RULES[mode](p, n) if mode in _RULES else np.array([False, False])


@exercise(
    "Write zeros first. The other modes differ only in where a border pixel takes its value from.",
    "For each axis build the row numbers that the padded image reads: for p = 2 and n = 5 reflect reads "
    "2 1 0 1 2 3 4 3 2, replicate 0 0 0 1 2 3 4 4 4, circular 3 4 0 1 2 3 4 0 1. np.pad knows all four as well.",
)
def pad2d(student: Student) -> None:
    rng = np.random.default_rng(5)
    small = np.array([[1, 2, 3], [4, 5, 6]])
    modes = list(_MODES)
    house = rng.standard_normal((2, 12, 6))
    legal: list[tuple[Any, ...]] = [(small, 1, mode) for mode in modes] + [
        (small, (1, 2), mode) for mode in modes
    ]
    legal += [(house, (0, 1), mode) for mode in modes] + [(house[0], (4, 3), mode) for mode in modes]
    legal += [(house[None], 2, "reflect"), (small, (2, 3), "circular"), (small, (3, 5), "replicate")]
    legal += [(small, (4, 5), "zeros"), (small[:1], (0, 2), "reflect"), (house, 0, "circular")]
    legal += [
        (small[:1], (3, 1), "replicate"),
        (house, (5, 0), "zeros"),
        (house[:, :5, :4], (4, 1), "reflect"),
    ]
    too_wide = [(small, (2, 1), "reflect"), (small, (1, 3), "reflect"), (small, 4, "circular")]
    too_wide += [(small, (3, 1), "circular"), (small, (0, 4), "circular"), (small, (5, 0), "reflect")]
    one_side = "Only one side of each axis is padded. The border goes all the way round."
    which = "Your mode {} does what {} should: are two modes mixed up?"
    too_strict = (
        "You refused a padding that is allowed. Only reflect (padding below the size) and circular (padding at "
        "most the size) have limits, and each axis is compared with its own padding."
    )
    too_wide_hint = "This border is wider than the image can fill in this mode. Raise a ValueError."
    student.compare(
        _pad2d,
        legal + too_wide,
        [
            (one_side, lambda image, padding, mode: _padded(image, padding, mode, 1, 0)),
            (one_side, lambda image, padding, mode: _padded(image, padding, mode, 0, 1)),
            ("Height and width are swapped: the first number of padding is for top and bottom.", _swapped),
            (
                "Your reflect repeats the edge. The mirror stands on the edge pixel: 1 2 3 goes on with 2, not 3.",
                _with_modes(reflect="symmetric"),
            ),
            (
                "Your reflect keeps the order of the rows. In a mirror the pixel next to the edge comes first.",
                _unflipped,
            ),
            (which.format("reflect", "circular"), _with_modes(reflect="circular")),
            (which.format("reflect", "replicate"), _with_modes(reflect="replicate")),
            (which.format("replicate", "reflect"), _with_modes(replicate="reflect")),
            (which.format("replicate", "circular"), _with_modes(replicate="circular")),
            (which.format("replicate", "reflect"), _with_modes(replicate="reflect", reflect="replicate")),
            (which.format("circular", "reflect"), _with_modes(circular="reflect")),
            (which.format("circular", "replicate"), _with_modes(circular="replicate")),
            (
                "Your circular mirrors the image. The opposite side follows in its own order, as if tiled.",
                _with_modes(circular="symmetric"),
            ),
            (
                "Your circular takes each border from its own side. The left border comes from the right side.",
                _same_end,
            ),
            (
                "Your border is zero in every mode: mode is never looked at.",
                _with_modes(**dict.fromkeys(modes, "zeros")),
            ),
            (
                "The corners are empty: pad the columns of the image that already has its new rows.",
                _zero_corners,
            ),
            (
                "Other axes are padded too. Only the last two, height and width, get a border.",
                lambda image, padding, mode: np.pad(image, _pair(padding)[0], _MODES[mode]),  # type: ignore
            ),
            (too_strict, _with_limits(lambda mode, p, n: (p >= n).any() and mode in _RULES)),
            (too_strict, _with_limits(lambda mode, p, n: (p >= n).any())),
            (too_strict, _with_limits(lambda mode, p, n: (p > n).any())),
            (too_strict, _with_limits(lambda mode, p, n: mode in _RULES and p.max() >= n.min())),
            (
                "reflect never repeats the edge, so that n pixels give a border of n - 1 at most: padding >= size "
                "is too wide.",
                _with_limits(lambda mode, p, n: (p > n).any() and mode in _RULES),
            ),
            (
                "Only one axis is compared with its padding. Height and width have a limit each.",
                _with_limits(lambda mode, p, n: _over(mode, p, n)[0]),
            ),
            (
                "Only one axis is compared with its padding. Height and width have a limit each.",
                _with_limits(lambda mode, p, n: _over(mode, p, n)[1]),
            ),
            (too_wide_hint, _with_limits(lambda mode, p, n: False)),
            (too_wide_hint, _otherwise(_pad2d, lambda image, padding, mode: None)),
            (
                "Right that this cannot be done; the error has to be a ValueError.",
                _otherwise(_pad2d, _another_error),
            ),
        ],
    )


# ---- corr2d_strided


def _corr2d_strided(image: Array, kernel: Array, stride: Pair, padding: Pair, dilation: Pair = 1) -> Array:
    (sh, sw), (dh, dw) = _pair(stride), _pair(dilation)
    padded = _padded(image, padding, "zeros")
    span = (dh * (kernel.shape[0] - 1) + 1, dw * (kernel.shape[1] - 1) + 1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, span)[::sh, ::sw, ::dh, ::dw]
    return np.asarray(np.einsum("ijuv,uv->ij", windows, kernel))


def _places(image: Array, kernel: Array, stride: Pair, padding: Pair, dilation: Pair) -> tuple[int, int]:
    rows, columns = (
        _output_size(*axis)
        for axis in zip(
            image.shape, kernel.shape, _pair(stride), _pair(padding), _pair(dilation), strict=True
        )
    )
    return rows, columns


def _crowded(image: Array, kernel: Array, stride: Pair, padding: Pair, dilation: Pair = 1) -> Array:
    """The right shape, but neighbouring windows one pixel apart."""
    rows, columns = _places(image, kernel, stride, padding, dilation)
    return _corr2d_strided(image, kernel, 1, padding, dilation)[:rows, :columns]


def _unpadded(image: Array, kernel: Array, stride: Pair, padding: Pair, dilation: Pair = 1) -> Array:
    """Windows counted on the padded image, cut from the image itself."""
    return _corr2d_strided(_bordered(image, padding, 0, 2), kernel, stride, 0, dilation)


def _bordered(image: Array, padding: Pair, before: int, after: int) -> Array:
    return _padded(image, padding, "zeros", before, after)


def _rounded_up(image: Array, kernel: Array, stride: Pair, padding: Pair, dilation: Pair = 1) -> Array:
    """One window more where a part of it fits, what sticks out counted as zero."""
    (sh, sw), padded = _pair(stride), _padded(image, padding, "zeros")
    return _corr2d_strided(np.pad(padded, ((0, sh - 1), (0, sw - 1))), kernel, stride, 0, dilation)


def _raising(error: type[Exception]) -> Function:
    def function(*arguments: Any) -> None:
        raise error

    return function


@exercise(
    "Start from corr2d: output (i, j) reads the window whose top left corner is at (i * stride, j * stride) of "
    "the padded image.",
    "Pad a copy, compute both sizes with the formula, then write out[i, j] = (window * kernel).sum() with "
    "window = padded[i*sh : i*sh + dh*(kH-1) + 1 : dh, ...] and the same for columns.",
)
def corr2d_strided(student: Student) -> None:
    rng = np.random.default_rng(55)
    image = np.array([[1, 2, 0, 1, 3], [0, 1, 3, 1, 0], [2, 0, 1, 0, 1], [1, 1, 0, 2, 4]])
    kernel = np.array([[1, 2], [0, -1]])
    house, house_kernel = rng.standard_normal((12, 6)), rng.standard_normal((3, 4))
    wide, flat = rng.standard_normal((7, 11)), rng.standard_normal((3, 2))
    same_size = "With padding {0} {1}; {2}"
    padding_swapped = "Height and width of the padding are swapped: the first number is for top and bottom."
    stride_swapped = "Height and width of the stride are swapped: the first number moves the window down."
    rows_only = "The stride is used on one axis only. It moves the window down as well as to the right."
    one_number = (
        "One number of the pair stride is used for both axes. Rows have the first, columns the second."
    )
    outside = (
        "A window sticks out over the edge of the array you index. Is it the padded image, and is the number of "
        "places rounded down?"
    )
    cases: list[tuple[Any, ...]] = [
        (image, kernel, (1, 2), 0),
        (image, kernel, (2, 3), 0),
        (image, kernel, 2, 1),
        (image, kernel, 1, (0, 2)),
        (image, kernel, (1, 2), 0, (2, 1)),
        (house, house_kernel, (2, 3), (0, 1)),
        (wide, flat, (3, 2), (1, 2), (2, 3)),
        (wide, flat, 4, (1, 0)),
        (house, flat, 3, 2, 2),
        (house.T, house_kernel, 1, 0),
        (house, np.ones((1, 1)), (5, 4), 0),
        (house, house, 1, 0),
    ]

    def with_(function: Function, **changes: Callable[..., Any]) -> Function:
        return function

    right = _corr2d_strided
    student.compare(
        right,
        cases,
        [
            (
                "Your result is for stride 1: the stride is never used.",
                lambda i, k, s, p, d=1: right(i, k, 1, p, d),
            ),
            (
                "The shape is right, but neighbouring windows are one pixel apart: the stride is missing where the "
                "window is cut out.",
                _crowded,
            ),
        ],
    )
