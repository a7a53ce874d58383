"""The checks of notebook 05: output_size, pad2d, corr2d_strided, same_padding, max_depth."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlib.check.engine import Student, exercise
from cnnlib.check.pairs import PAIRS, Function, Pair, ints_only, pair

Array = NDArray[np.float64]
Sides = tuple[tuple[int, int], tuple[int, int]]  # (top, bottom), (left, right)

ONE_PAIR = (
    "np.pad reads one pair as (before, after) for every axis. Give one pair per axis: ((ph, ph), (pw, pw))."
)


def _otherwise(right: Function, error: Function) -> Function:
    """`right`, with `error(...)` of the arguments instead of its ValueError."""

    def function(*arguments: Any) -> Any:
        try:
            return right(*arguments)
        except ValueError:
            return error(*arguments)

    return function


def _raising(error: type[Exception]) -> Function:
    def function(*arguments: Any) -> None:
        raise error

    return function


def _another_error(*arguments: Any) -> None:
    raise Exception  # matches every type: what counts is that it is not a ValueError


# ---- output_size


def _output_size(size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    reach = dilation * (kernel_size - 1) + 1
    places = len(range(0, size + 2 * padding - reach + 1, stride))
    if places == 0:
        raise ValueError(
            f"The kernel reaches over {reach} pixels, the padded axis has only {size + 2 * padding}."
        )
    return places


def _formula(round_: Function = math.floor, last: int = 1, sides: int = 2, spare: int = 1) -> Function:
    """The formula of the size, with its rounding, its + 1, its 2p and its - 1 to be chosen; it never raises."""

    def size_of(n: int, k: int, s: int = 1, p: int = 0, d: int = 1) -> int:
        return int(round_((n + sides * p - d * (k - 1) - spare) / s)) + last

    return size_of


def _below_one(function: Function) -> Function:
    """`function`, with a ValueError where its own number is below 1."""

    def size_of(*arguments: int) -> int:
        if (size := int(function(*arguments))) < 1:
            raise ValueError
        return size

    return size_of


def _guarded(n: int, k: int, s: int = 1, p: int = 0, d: int = 1) -> int:
    """The right formula behind a guard without the dilation."""
    if k > n + 2 * p:
        raise ValueError
    return int(_formula()(n, k, s, p, d))


def _fractions(raises: bool) -> Function:
    """The formula with its fractions; with `raises` refused where nothing fits."""

    def size_of(n: int, k: int, s: int = 1, p: int = 0, d: int = 1) -> float:
        if raises and n + 2 * p < d * (k - 1) + 1:
            raise ValueError
        return (n + 2 * p - d * (k - 1) - 1) / s + 1

    return size_of


def _refusing(refuse: Callable[[int, int, int, int], object]) -> Function:
    """The right size, refused where `refuse(reach, size, stride, padding)`."""

    def size_of(n: int, k: int, s: int = 1, p: int = 0, d: int = 1) -> int:
        if refuse(d * (k - 1) + 1, n, s, p):
            raise ValueError
        return _output_size(n, k, s, p, d)

    return size_of


@exercise(
    "How many steps of `stride` pixels does the window make after its first place, without leaving the axis?",
    "The kernel reaches over dilation * (kernel_size - 1) + 1 pixels of an axis of size + 2 * padding. What is left "
    "over, divided by the stride and rounded down, counts the steps; the first place comes on top.",
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
        "You took dilation * kernel_size as the kernel's reach. Only the kernel_size - 1 steps stretch, then one "
        "pixel more: dilation * (kernel_size - 1) + 1."
    )
    nothing = (
        "Nothing fits here: the kernel reaches over more than the padded axis. Raise a ValueError; the formula's "
        "number is no answer."
    )
    towards_zero = (
        "The formula divides a negative number here, and int() cuts it towards 0, so that a place seems to be "
        "left. Nothing fits: raise a ValueError."
    )
    refused = "You refused a window that fits. Compare its reach with the padded axis, size + 2 * padding."
    remainder = (
        "You refused a stride that does not divide. Pixels are left over then, which is no error: round down."
    )
    exactly = "You refused a window that just fits: it has one place."
    whole = "Only whole steps count: round down, with //."
    guard = "Your guard leaves out the dilation: compare dilation * (kernel_size - 1) + 1 with size + 2 * padding."
    plus = (
        "You added the dilation to the kernel's size. Each of its kernel_size - 1 steps grows: it reaches over "
        "dilation * (kernel_size - 1) + 1 pixels."
    )
    mistakes: list[tuple[str, Function]] = [  # near misses first, here and below
        (times, lambda n, k, s=1, p=0, d=1: _formula()(n, k * d, s, p)),
        (plus, lambda n, k, s=1, p=0, d=1: _formula()(n, k + d - 1, s, p)),
        (towards_zero, _formula(int)),
        ("You left the dilation out.", lambda n, k, s=1, p=0, d=1: _formula()(n, k, s, p)),
        (nearest, _formula(round)),
        (one_side, _formula(sides=1)),
        ("You left the padding out. It adds 2 * padding to the axis.", _formula(sides=0)),
        (early, _formula(last=0, spare=0)),
        (
            "You subtracted the whole window. Its first pixel is already at a place: with size == kernel_size "
            "one place is left.",
            _formula(spare=2),
        ),
        (up, _formula(math.ceil)),
        ("You left the stride out.", lambda n, k, s=1, p=0, d=1: _formula()(n, k, 1, p, d)),
        (from_zero, lambda n, k, s=1, p=0, d=1: _formula()(n, k, s, p, d + 1)),
        ("You divided the size by the stride. That ignores the kernel.", lambda n, k, s=1, p=0, d=1: n // s),
        (no_one, _formula(last=0)),
    ]
    fits = [(7, 3), (7, 3, 2), (8, 3, 4), (6, 3, 2), (7, 3, 2, 1), (9, 3, 1, 0, 2), (12, 3, 2, 0), (6, 4, 3, 1),
            (224, 7, 2, 3), (10, 4, 3, 2, 2), (5, 1, 2), (5, 5), (3, 5, 1, 1), (4, 5, 1, 1)]  # fmt: skip
    too_large = [(4, 5), (2, 3, 2), (5, 3, 1, 0, 3), (3, 6, 1, 1), (1, 4, 4), (2, 9, 5, 3)]
    student.compare(
        _output_size,
        [*fits, *too_large],
        [
            (guard, _guarded),
            (whole, _fractions(raises=True)),
            (whole, _fractions(raises=False)),
            (exactly, _refusing(lambda reach, n, s, p: reach >= n + 2 * p)),
            (refused, _refusing(lambda reach, n, s, p: reach > n + p)),
            (refused, _refusing(lambda reach, n, s, p: reach > n)),
            (remainder, _refusing(lambda reach, n, s, p: (n + 2 * p - reach) % s)),
            *((hint, variant) for hint, function in mistakes for variant in (_below_one(function), function)),
            (nothing, _formula()),
            (nothing, _otherwise(_output_size, lambda *arguments: 0)),
            (nothing, _otherwise(_output_size, lambda *arguments: None)),
            (nothing, _otherwise(_output_size, lambda *arguments: -1)),
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
    for axis, size, wide in zip(("height", "width"), image.shape[-2:], pair(padding), strict=True):
        if wide > size - (mode == "reflect") and mode in ("reflect", "circular"):
            at_most = "less than" if mode == "reflect" else "at most"
            raise ValueError(f"{mode} padding of {wide} needs to be {at_most} the {axis}, which is {size}.")


def _pad2d(image: Array, padding: Pair, mode: str) -> Array:
    _check_limits(image, padding, mode)
    return _padded(image, padding, mode)


def _padded(image: Array, padding: Pair, mode: str, before: int = 1, after: int = 1) -> Array:
    sides = [(p * before, p * after) for p in pair(padding)]
    return np.asarray(np.pad(image, [(0, 0)] * (image.ndim - 2) + sides, _MODES.get(mode, mode)))  # type: ignore


def _one_pair(limits: bool) -> Function:
    """np.pad with the pair (height, width) read as (before, after) of every axis."""

    def pad(image: Array, padding: Pair, mode: str) -> Array:
        if limits:
            _check_limits(image, padding, mode)
        return np.asarray(np.pad(image, pair(padding), _MODES[mode]))  # type: ignore

    return pad


def _numpy_names(*modes: str, limits: bool = True) -> Function:
    """pad2d with the names of `modes` given to np.pad as they are: a ValueError unless it knows them."""

    def pad(image: Array, padding: Pair, mode: str) -> Array:
        if mode in modes:
            raise ValueError
        return (_pad2d if limits else _padded)(image, padding, mode)

    return pad


def _limits_of_first_axes(image: Array, padding: Pair, mode: str) -> Array:
    """pad2d with its limits taken from the first two axes."""
    if _over(mode, np.array(pair(padding)), np.array(image.shape[:2])).any():
        raise ValueError
    return _padded(image, padding, mode)


def _with_modes(**instead: str) -> Function:
    """pad2d with a NumPy mode in place of the right one."""

    def pad(image: Array, padding: Pair, mode: str) -> Array:
        _check_limits(image, padding, mode)
        return _padded(image, padding, instead.get(mode, mode))

    return pad


def _unflipped(image: Array, padding: Pair, mode: str) -> Array:
    """Reflect without turning the order round: rows 1, 2, ... stand above row 0 as they come."""
    for axis, p in zip((-2, -1), pair(padding), strict=True):
        n = image.shape[axis]
        index = np.r_[1 : p + 1, :n, n - 1 - p : n - 1] if mode == "reflect" else np.arange(n)
        image = np.take(image, index, axis)
    return image if mode == "reflect" else _pad2d(image, padding, mode)


def _same_end(image: Array, padding: Pair, mode: str) -> Array:
    """Circular with each side's border taken from that side instead of the opposite one."""
    if mode != "circular":
        return _pad2d(image, padding, mode)
    _check_limits(image, padding, mode)
    for axis, p in zip((-2, -1), pair(padding), strict=True):
        n = image.shape[axis]
        image = np.take(image, np.r_[:p, :n, n - p : n], axis)
    return image


def _zero_corners(image: Array, padding: Pair, mode: str) -> Array:
    out = _pad2d(image, padding, mode).copy()
    for rows in (slice(0, pair(padding)[0]), slice(out.shape[-2] - pair(padding)[0], None)):
        for columns in (slice(0, pair(padding)[1]), slice(out.shape[-1] - pair(padding)[1], None)):
            out[..., rows, columns] = 0
    return out


def _with_limits(refuse: Callable[[str, Any, Any], bool]) -> Function:
    """pad2d with its own rule for what is refused: `refuse(mode, (top, left), (height, width))`."""

    def pad(image: Array, padding: Pair, mode: str) -> Array:
        if refuse(mode, np.array(pair(padding)), np.array(image.shape[-2:])):
            raise ValueError
        return _padded(image, padding, mode)

    return pad


def _swapped(image: Array, padding: Pair, mode: str) -> Array:
    return _pad2d(image, pair(padding)[::-1], mode)


def _first_axes(image: Array, padding: Pair, mode: str) -> Array:
    _check_limits(image, padding, mode)
    ph, pw = pair(padding)
    sides = [(ph, ph), (pw, pw)] + [(0, 0)] * (image.ndim - 2)
    return np.asarray(np.pad(image, sides, _MODES[mode]))  # type: ignore


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
    others = "Other axes are padded. Only the last two, height and width, get a border."
    which = "Your mode {} does what {} should: are two modes mixed up?"
    too_strict = (
        "You refused a padding that is allowed. Only reflect (padding below the size) and circular (padding at "
        "most the size) have limits, and each axis is compared with its own padding."
    )
    an_error = (
        "A ValueError, though this padding is allowed. Is it your own? Only reflect (padding below the size) and "
        "circular (padding at most the size) have limits, and each axis of image.shape[-2:] has its own padding."
    )
    names = "np.pad's names differ: constant, reflect, edge, wrap."
    too_wide_hint = "This border is wider than the image can fill in this mode. Raise a ValueError."
    student.compare(
        _pad2d,
        legal + too_wide,
        [
            *(
                (names, _numpy_names(*straight, limits=limits))
                for straight in (("zeros", "replicate", "circular"), ("zeros",))
                for limits in (True, False)
            ),
            (
                others,  # one number is given to np.pad as it is, a pair is not
                lambda image, padding, mode: (
                    _pad2d(image, padding, mode)
                    if isinstance(padding, tuple)
                    else _one_pair(limits=True)(image, padding, mode)
                ),
            ),
            (ONE_PAIR, _one_pair(limits=True)),
            (ONE_PAIR, _one_pair(limits=False)),
            (
                "You compared with the first two axes of the image. Height and width are the last two: "
                "image.shape[-2:].",
                _limits_of_first_axes,
            ),
            (too_strict, _with_limits(lambda mode, p, n: (p >= n).any() and mode in _RULES)),
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
            (too_strict, _with_limits(lambda mode, p, n: (p >= n).any())),
            (too_strict, _with_limits(lambda mode, p, n: (p > n).any())),
            (too_strict, _with_limits(lambda mode, p, n: mode in _RULES and p.max() >= n.min())),
            (one_side, lambda image, padding, mode: _padded(image, padding, mode, 1, 0)),
            (one_side, lambda image, padding, mode: _padded(image, padding, mode, 0, 1)),
            (others, _first_axes),
            (others, lambda image, padding, mode: np.pad(image, pair(padding)[0], _MODES[mode])),  # type: ignore
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
            (which.format("reflect", "replicate"), _with_modes(replicate="reflect", reflect="replicate")),
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
            (too_wide_hint, _with_limits(lambda mode, p, n: False)),
            (too_wide_hint, _otherwise(_pad2d, lambda image, padding, mode: None)),
            (PAIRS, ints_only(_pad2d)),
            (
                "Right that this cannot be done; the error has to be a ValueError.",
                _otherwise(_pad2d, _another_error),
            ),
            (an_error, _raising(ValueError)),
        ],
    )


# ---- corr2d_strided


def _corr2d_strided(image: Array, kernel: Array, stride: Pair, padding: Pair, dilation: Pair = 1) -> Array:
    (sh, sw), (dh, dw) = pair(stride), pair(dilation)
    padded = _padded(image, padding, "zeros")
    reach = (dh * (kernel.shape[0] - 1) + 1, dw * (kernel.shape[1] - 1) + 1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach)[::sh, ::sw, ::dh, ::dw]
    return np.asarray(np.einsum("ijuv,uv->ij", windows, kernel))


def _places(image: Array, kernel: Array, stride: Pair, padding: Pair, dilation: Pair) -> tuple[int, int]:
    rows, columns = (
        _output_size(*axis)
        for axis in zip(image.shape, kernel.shape, pair(stride), pair(padding), pair(dilation), strict=True)
    )
    return rows, columns


def _crowded(image: Array, kernel: Array, stride: Pair, padding: Pair, dilation: Pair = 1) -> Array:
    """The right shape, but neighbouring windows one pixel apart."""
    rows, columns = _places(image, kernel, stride, padding, dilation)
    return _corr2d_strided(image, kernel, 1, padding, dilation)[:rows, :columns]


def _crowded_columns(image: Array, kernel: Array, stride: Pair, padding: Pair, dilation: Pair = 1) -> Array:
    rows, columns = _places(image, kernel, stride, padding, dilation)
    return _corr2d_strided(image, kernel, (pair(stride)[0], 1), padding, dilation)[:rows, :columns]


def _crowded_rows(image: Array, kernel: Array, stride: Pair, padding: Pair, dilation: Pair = 1) -> Array:
    rows, columns = _places(image, kernel, stride, padding, dilation)
    return _corr2d_strided(image, kernel, (1, pair(stride)[1]), padding, dilation)[:rows, :columns]


def _dense(image: Array, kernel: Array, stride: Pair, padding: Pair, dilation: Pair = 1) -> Array:
    """The right shape, but every window without its gaps."""
    rows, columns = _places(image, kernel, stride, padding, dilation)
    return _corr2d_strided(image, kernel, stride, padding)[:rows, :columns]


def _short_windows(image: Array, kernel: Array, stride: Pair, padding: Pair, dilation: Pair = 1) -> Array:
    """Windows of every d-th pixel among the kernel's size, as r : r + kH : d cuts them."""
    (sh, sw), (dh, dw), (kh, kw) = pair(stride), pair(dilation), kernel.shape
    padded, out = (
        _padded(image, padding, "zeros"),
        np.zeros(_places(image, kernel, stride, padding, dilation)),
    )
    for row, column in np.ndindex(out.shape):
        top, left = row * sh, column * sw
        out[row, column] = np.sum(padded[top : top + kh : dh, left : left + kw : dw] * kernel)
    return out


def _with_border(before: int, after: int) -> Function:
    """`before` times the padding on top and left, `after` times below and right."""

    def corr(image: Array, kernel: Array, stride: Pair, padding: Pair, dilation: Pair = 1) -> Array:
        return _corr2d_strided(_padded(image, padding, "zeros", before, after), kernel, stride, 0, dilation)

    return corr


class _OutsideError(Exception):
    """A window sticks out over the edge."""


def _unpadded(image: Array, kernel: Array, stride: Pair, padding: Pair, dilation: Pair = 1) -> Array:
    """The places of the padded image, the windows of the bare one: an error where they stick out."""
    last = zip(_places(image, kernel, stride, padding, dilation), pair(stride), strict=True)
    reach = (d * (k - 1) + 1 for d, k in zip(pair(dilation), kernel.shape, strict=True))
    ends = ((places - 1) * s + r for (places, s), r in zip(last, reach, strict=True))
    if any(end > size for end, size in zip(ends, image.shape, strict=True)):
        raise _OutsideError
    return np.asarray(_with_border(0, 2)(image, kernel, stride, padding, dilation))


def _rounded_up(image: Array, kernel: Array, stride: Pair, padding: Pair, dilation: Pair = 1) -> Array:
    """One window more where a part of it fits; what sticks out counts as zero."""
    (sh, sw), padded = pair(stride), _padded(image, padding, "zeros")
    return _corr2d_strided(np.pad(padded, ((0, sh - 1), (0, sw - 1))), kernel, stride, 0, dilation)


def _sticking_out(*arguments: Any) -> Array:
    """One window more where a part of it fits: an error there."""
    whole = _corr2d_strided(*arguments)
    if _rounded_up(*arguments).shape != whole.shape:
        raise _OutsideError
    return whole


def _with(error: type[Exception], mistake: Function) -> Function:
    """`mistake`, with `error` where a window sticks out: which one depends on how the window is cut."""

    def function(*arguments: Any) -> Any:
        try:
            return mistake(*arguments)
        except _OutsideError:
            raise error from None

    return function


@exercise(
    "Start from corr2d of notebook 04: output (i, j) reads the window whose top left corner lies at "
    "(i * stride, j * stride) of the padded image.",
    "Pad a copy, work out both sizes with the formula, then out[i, j] = (window * kernel).sum() where the window's "
    "rows are i * sh + u * dh for u = 0 ... kH - 1: the slice i * sh : i * sh + dh * (kH - 1) + 1 : dh.",
)
def corr2d_strided(student: Student) -> None:
    rng = np.random.default_rng(55)
    image = np.array(
        [
            [1, 2, 0, 1, 3, 1, 0, 2],
            [0, 1, 3, 1, 0, 2, 1, 1],
            [2, 0, 1, 0, 1, 1, 3, 0],
            [1, 1, 0, 2, 4, 0, 1, 5],
        ]
    )
    kernel = np.array([[1, 0, 2], [0, -1, 1]])
    house, house_kernel = rng.standard_normal((12, 6)), rng.standard_normal((3, 4))
    wide, tall = rng.standard_normal((7, 11)), rng.standard_normal((3, 2))
    right = _corr2d_strided
    stride_swapped = "Height and width of the stride are swapped: the first number moves the window down."
    one_number = "One number of the stride serves both axes. The first is for rows, the second for columns."
    one_axis = "The stride is used on one axis only. It moves the window down as well as to the right."
    one_crowded = (
        "The shape is right, but on one axis neighbouring windows are one pixel apart, not stride pixels."
    )
    outside = (
        "A window sticks out over the edge of the array you index. Is it the padded image? Is the number of places "
        "rounded down?"
    )
    unpadded = "The windows are cut from the image without its padding: index the padded one."
    one_side = "The zeros stand on one side only. They go on all four sides."
    mirrored = "Your result equals the right one for a mirrored kernel. Here the kernel is used as it stands."
    student.compare(
        right,
        [
            (image, kernel, 2, 0),
            (image, kernel, (2, 1), 0),
            (image, kernel, (1, 5), (0, 1)),
            (image, kernel, (2, 3), (1, 2)),
            (image, kernel, 1, 0, (2, 1)),
            (image, kernel, 1, 0, 2),
            (image, kernel / 4, 3, 1),
            (house, house_kernel, (2, 3), (0, 1)),
            (wide, tall, (3, 2), (1, 2), (2, 3)),
            (wide, tall, 4, (1, 0)),
            (house, tall, (3, 1), 2, (1, 2)),
            (house.T, house_kernel, 1, 0),
            (house, np.full((1, 1), 0.5), (5, 4), 0),
            (house, house, 1, 0),
        ],
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
            (one_crowded, _crowded_columns),
            (one_crowded, _crowded_rows),
            (stride_swapped, lambda i, k, s, p, d=1: right(i, k, pair(s)[::-1], p, d)),
            (one_number, lambda i, k, s, p, d=1: right(i, k, pair(s)[0], p, d)),
            (one_number, lambda i, k, s, p, d=1: right(i, k, pair(s)[1], p, d)),
            (one_axis, lambda i, k, s, p, d=1: right(i, k, (pair(s)[0], 1), p, d)),
            (one_axis, lambda i, k, s, p, d=1: right(i, k, (1, pair(s)[1]), p, d)),
            (
                "Each window starts where the last one ended: you step by the kernel's size, not by the stride.",
                lambda i, k, s, p, d=1: right(i, k, k.shape, p, d),
            ),
            (
                "You rounded the number of places up: the last window sticks out over the edge. Round down.",
                _rounded_up,
            ),
            *(
                (
                    "You rounded the number of places up: the last window sticks out over the edge. Round down.",
                    _with(error, _sticking_out),
                )
                for error in (ValueError, IndexError)
            ),
            *((unpadded, _with(error, _unpadded)) for error in (ValueError, IndexError)),
            (outside, _raising(ValueError)),
            (outside, _raising(IndexError)),
            (PAIRS, ints_only(right)),
            (unpadded, _with_border(0, 2)),  # what sticks out counted as zero
            ("The padding is left out.", lambda i, k, s, p, d=1: right(i, k, s, 0, d)),
            (
                ONE_PAIR,
                lambda i, k, s, p, d=1: right(np.pad(i, pair(p)), k, s, 0, d),
            ),
            (one_side, _with_border(1, 0)),
            (one_side, _with_border(0, 1)),
            ("The padding is added twice on each side.", _with_border(2, 2)),
            (
                "Height and width of the padding are swapped: the first number is for top and bottom.",
                lambda i, k, s, p, d=1: right(i, k, s, pair(p)[::-1], d),
            ),
            (
                "The border repeats the edge pixels. Here it is zero.",
                lambda i, k, s, p, d=1: right(_padded(i, p, "edge"), k, s, 0, d),
            ),
            (mirrored, lambda i, k, s, p, d=1: right(i, k[::-1, ::-1], s, p, d)),
            (mirrored, lambda i, k, s, p, d=1: right(i, k[::-1], s, p, d)),
            (mirrored, lambda i, k, s, p, d=1: right(i, k[:, ::-1], s, p, d)),
            ("The kernel is transposed: its rows run down the image.", lambda i, k, *r: right(i, k.T, *r)),
            ("The dilation is never used.", lambda i, k, s, p, d=1: right(i, k, s, p)),
            (
                "The dilated window is cut too short: it reaches over d * (kH - 1) + 1 rows, and columns likewise.",
                _short_windows,
            ),
            ("The shape is right, but the windows have no gaps: they are cut without the dilation.", _dense),
            (
                "You counted the dilation from 0. Dilation 1 is the dense kernel, 2 leaves one gap.",
                lambda i, k, s, p, d=1: right(i, k, s, p, (pair(d)[0] + 1, pair(d)[1] + 1)),
            ),
            (
                "Height and width of the dilation are swapped: the first number stretches the kernel downwards.",
                lambda i, k, s, p, d=1: right(i, k, s, p, pair(d)[::-1]),
            ),
        ],
    )


# ---- same_padding


def _same_padding(kernel_size: Pair) -> Sides:
    (top, left), (bottom, right) = (
        tuple((k - 1 + after) // 2 for k in pair(kernel_size)) for after in (0, 1)
    )
    return (top, bottom), (left, right)


@exercise(
    "How many rows does a kernel take away when nothing is padded? As many have to be added.",
    "An axis needs k - 1 pixels in all: (k - 1) // 2 before, the rest after.",
)
def same_padding(student: Student) -> None:
    def sides(before: Callable[[int], float], after: Callable[[int], float]) -> Function:
        return lambda kernel_size: [(before(k), after(k)) for k in pair(kernel_size)]

    def first_only(kernel_size: Pair) -> Sides:
        return _same_padding(pair(kernel_size)[0])

    def four(side: Callable[[int], int]) -> Function:
        return lambda kernel_size: np.repeat([side(k) for k in pair(kernel_size)], 2)

    half = "Half a pixel cannot be added. Only whole numbers: (k - 1) // 2 before, the rest after."
    flat = "Group the four numbers by axis: ((top, bottom), (left, right))."
    student.compare(
        _same_padding,
        [(3,), ((3, 5),), ((2, 4),), (4,), ((1, 6),), ((7, 2),), (1,), ((11, 8),)],
        [
            (
                "With an even kernel your output is one pixel larger than the image: the two sides add up to k - 1.",
                sides(lambda k: k // 2, lambda k: k // 2),
            ),
            (
                "With an even kernel your output is one pixel smaller than the image: k - 1 is odd, so that the "
                "sides differ by one.",
                sides(lambda k: (k - 1) // 2, lambda k: (k - 1) // 2),
            ),
            (
                "The extra pixel stands before. PyTorch puts it after: bottom and right.",
                sides(lambda k: k // 2, lambda k: (k - 1) // 2),
            ),
            (
                "Your sides add up to k. A kernel of one pixel needs no padding: k - 1 in all.",
                sides(lambda k: k // 2, lambda k: k - k // 2),
            ),
            (
                "That is full padding: k - 1 on each side lets the image grow.",
                sides(lambda k: k - 1, lambda k: k - 1),
            ),
            ("All the padding stands on one side.", sides(lambda k: 0, lambda k: k - 1)),
            ("All the padding stands on one side.", sides(lambda k: k - 1, lambda k: 0)),
            (
                "Height and width are swapped: top and bottom follow from the kernel's height.",
                lambda kernel_size: _same_padding(pair(kernel_size)[::-1]),
            ),
            ("Both axes are padded for one of the kernel's two sizes.", first_only),
            ("Both axes are padded for one of the kernel's two sizes.", lambda k: _same_padding(pair(k)[1])),
            (half, sides(lambda k: (k - 1) / 2, lambda k: (k - 1) / 2)),
            (flat, four(lambda k: (k - 1) // 2)),
            (flat, four(lambda k: k // 2)),
            (flat, ints_only(four(lambda k: (k - 1) // 2))),
            (flat, ints_only(four(lambda k: k // 2))),
            (flat, ints_only(lambda kernel_size: np.ravel(_same_padding(kernel_size)))),
            (flat, lambda kernel_size: np.ravel(_same_padding(kernel_size))),
            (flat, lambda kernel_size: np.ravel(_same_padding(kernel_size)[::-1])),
            (flat, lambda kernel_size: np.transpose(_same_padding(kernel_size))),
            (
                "One number for an axis is not enough: its two sides can differ.",
                lambda kernel_size: [(k - 1) // 2 for k in pair(kernel_size)],
            ),
            (
                "One number for an axis is not enough: its two sides can differ.",
                lambda kernel_size: [k // 2 for k in pair(kernel_size)],
            ),
            (PAIRS, ints_only(_same_padding)),
        ],
        kind="integer",
    )


# ---- max_depth


def _strictly(size: Pair, kernel_size: Pair) -> int:
    (height, width), (kh, kw), layers = pair(size), pair(kernel_size), 0
    while height > kh and width > kw:
        height, width, layers = height - kh + 1, width - kw + 1, layers + 1
    return layers


def _max_depth(size: Pair, kernel_size: Pair) -> int:
    (height, width), (kh, kw), layers = pair(size), pair(kernel_size), 0
    while height >= kh and width >= kw:
        height, width, layers = height - kh + 1, width - kw + 1, layers + 1
    return layers


@exercise(
    "Each layer takes the same number of rows and of columns away. Which axis runs out first?",
    "A layer takes kernel_size - 1 pixels and at least one has to be left: (size - 1) // (kernel_size - 1) layers on "
    "each axis, and the smaller number counts.",
)
def max_depth(student: Student) -> None:
    def axes(layers: Callable[[int, int], float], choose: Callable[..., object] = min) -> Function:
        return lambda size, kernel_size: choose(
            layers(n, k) for n, k in zip(pair(size), pair(kernel_size), strict=True)
        )

    def layers(n: int, k: int) -> int:
        return (n - 1) // (k - 1)

    one_axis = "You looked at one axis only."
    too_few = "One layer too few: after your last layer the kernel still fits once more."
    cases: list[tuple[Pair, Pair]] = [
        (5, 3), ((7, 9), 3), ((7, 9), (4, 2)), ((9, 7), (4, 2)), (28, 5), ((28, 28), (3, 5)), ((6, 20), (2, 5)),
        ((20, 4), (2, 5)), ((8, 8), (3, 4)), (3, 3), (2, 3), ((30, 2), (7, 3)), ((12, 6), (3, 4)), (224, (3, 2)),
        ((4, 50), (4, 4)),
    ]  # fmt: skip
    student.compare(
        _max_depth,
        cases,
        [
            (
                "The shorter side meets the larger kernel side: compare height with height and width with width.",
                lambda size, kernel_size: layers(min(pair(size)), max(pair(kernel_size))),
            ),
            (
                "You took the smaller size and the smaller kernel side from different axes.",
                lambda size, kernel_size: layers(min(pair(size)), min(pair(kernel_size))),
            ),
            ("Only whole layers count: round down, with //.", axes(lambda n, k: (n - 1) / (k - 1))),
            ("Return one number: the smaller of the two axes' layers.", axes(layers, list)),
            (
                "The kernel's height and width are swapped.",
                lambda size, kernel_size: _max_depth(size, pair(kernel_size)[::-1]),
            ),
            ("You stop one layer too early where the kernel fits exactly: it still fits then.", _strictly),
            (one_axis, lambda size, kernel_size: layers(pair(size)[1], pair(kernel_size)[1])),
            (
                "You took the kernel's first number for both axes.",
                lambda size, kernel_size: _max_depth(size, pair(kernel_size)[0]),
            ),
            (one_axis, lambda size, kernel_size: layers(pair(size)[0], pair(kernel_size)[0])),
            (
                "You divided by the kernel's size. A layer takes kernel_size - 1 pixels, its windows overlap.",
                axes(lambda n, k: n // k),
            ),
            (
                "You divided size by kernel_size - 1. At least one pixel has to be left: size - 1 can be taken.",
                axes(lambda n, k: n // (k - 1)),
            ),
            (
                "You rounded up: the last layer finds an image smaller than its kernel.",
                axes(lambda n, k: -(-(n - 1) // (k - 1))),
            ),
            (
                "You counted until the last axis runs out. Nothing fits any more as soon as the first one does.",
                axes(layers, max),
            ),
            (PAIRS, ints_only(_max_depth)),
            (too_few, axes(lambda n, k: max(0, layers(n, k) - 1))),
            (too_few, axes(lambda n, k: layers(n, k) - 1)),
            (
                "Layers per axis do not add up: one layer takes from both axes at once.",
                axes(layers, lambda numbers: sum(numbers)),
            ),
            (
                "One layer too many: the last one finds an image smaller than its kernel.",
                axes(lambda n, k: layers(n, k) + 1),
            ),
        ],
        kind="integer",
    )
