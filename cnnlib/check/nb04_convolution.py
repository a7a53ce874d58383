"""The checks of notebook 04: a convolution by sliding windows, its flip, and a test of equivariance."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cnnlib.check.engine import CheckFailed, Student, exercise
from cnnlib.check.text import table

Array = NDArray[Any]

# The first case is small enough for paper; no kernel equals itself flipped, mirrored or transposed.
SMALL = np.array([[1, 2, 0, 1], [0, 3, 1, 2], [4, 0, 2, 1]])


def _cases(seed: int) -> list[tuple[Array, Array]]:
    rng = np.random.default_rng(seed)
    return [
        (SMALL, np.array([[1, 2], [-3, 1]])),
        (SMALL, np.array([[1, 0, -2], [3, 1, 0]])),
        (rng.normal(size=(12, 6)), rng.normal(size=(3, 4))),
        (rng.integers(0, 9, (5, 7)), rng.integers(-9, 9, (4, 2)) / 4),
        (rng.normal(size=(6, 9)), rng.integers(-9, 9, (1, 3))),
        (rng.normal(size=(4, 6)), rng.normal(size=(4, 6))),
    ]


def _slide(image: Array, kernel: Array, score: Callable[[Array], Any]) -> Array:
    """`score` of every window of the kernel's size."""
    windows = sliding_window_view(image, kernel.shape)
    return np.array([[score(window) for window in row] for row in windows])


def _correlate(image: Array, kernel: Array) -> Array:
    windows = sliding_window_view(image, kernel.shape).astype(np.float64)
    return np.asarray(np.einsum("ijkl,kl->ij", windows, kernel))


# corr2d


def _short(rows: int, columns: int, fill: bool = False) -> Callable[[Array, Array], Array]:
    """Loops that stop too early; with `fill` in an array of the right size."""

    def corr2d(image: Array, kernel: Array) -> Array:
        whole = _correlate(image, kernel)
        part = whole[: len(whole) - rows, : whole.shape[1] - columns]
        return np.pad(part, ((0, rows), (0, columns))) if fill else part

    return corr2d


def _never_reset(image: Array, kernel: Array) -> Array:
    return np.cumsum(_correlate(image, kernel)).reshape(_correlate(image, kernel).shape)


def _first_window(image: Array, kernel: Array) -> Array:
    whole = _correlate(image, kernel)
    return np.full_like(whole, whole[0, 0])


def _blocks(image: Array, kernel: Array) -> Array:
    return _correlate(image, kernel)[:: len(kernel), :: kernel.shape[1]]


def _same_size(image: Array, kernel: Array) -> Array:
    (height, width), (rows, columns) = image.shape, kernel.shape
    padded = np.pad(image, ((0, rows - 1), (0, columns - 1)))
    return _correlate(padded, kernel)[:height, :width]


def _centred(image: Array, kernel: Array) -> Array:
    (rows, columns) = kernel.shape
    above, left = (rows - 1) // 2, (columns - 1) // 2
    return _correlate(np.pad(image, ((above, rows - 1 - above), (left, columns - 1 - left))), kernel)


def _full(image: Array, kernel: Array) -> Array:
    (rows, columns) = kernel.shape
    return _correlate(np.pad(image, ((rows - 1,) * 2, (columns - 1,) * 2)), kernel)


def _square(size: int, image: Array, kernel: Array) -> Array:
    """Loops that take the kernel for a square of `size`."""
    rows, columns = image.shape[0] - size + 1, image.shape[1] - size + 1
    out = np.zeros((rows, columns))
    for row, column in np.ndindex(rows, columns):
        out[row, column] = np.sum(image[row : row + size, column : column + size] * kernel)
    return out


def _integers(image: Array, kernel: Array) -> Array:
    return _correlate(image, kernel).astype(image.dtype)


def _kernels_integers(image: Array, kernel: Array) -> Array:
    return _correlate(image, kernel).astype(kernel.dtype)


def _products(image: Array, kernel: Array) -> Array:
    return np.asarray(sliding_window_view(image, kernel.shape) * kernel)


def _returned_early(rows: int, columns: int | None) -> Callable[[Array, Array], Array]:
    """An array of zeros in which only the first `rows` and `columns` are filled."""

    def corr2d(image: Array, kernel: Array) -> Array:
        whole = _correlate(image, kernel)
        out = np.zeros_like(whole)
        out[:rows, :columns] = whole[:rows, :columns]
        return out

    return corr2d


def _bytes(image: Array, kernel: Array) -> Array:
    return _correlate(image, kernel).astype(np.int64).astype(np.uint8)


def _as_ndimage(image: Array, kernel: Array, before: int = 0) -> Array:
    """scipy.ndimage.correlate, or with `before` = -1 the placement of its convolve: the image's size and type."""
    above = [(k + before) // 2 for k in kernel.shape]
    sides = [(a, k - 1 - a) for a, k in zip(above, kernel.shape, strict=True)]
    return _correlate(np.pad(image, sides, "symmetric"), kernel).astype(image.dtype)


TURNED = (
    "Height and width are swapped in your result. Rows come first: the loop over rows gives the first index."
)
LAST = "The last {}: a loop stops one too early. There are H - kH + 1 rows and W - kW + 1 columns of windows."
CUT = "The fractions are cut off: your output array holds integers. Make it an array of floats."
SQUARE = "This works for a square kernel only. The first number of kernel.shape is its height, the second its width."
ADDED = "The window's products were not added up to one number. Python's sum adds rows only: use np.sum."
EARLY = "Your function returns before its loops are done. Move the return out of both loops."
BYTES = "uint8 holds 0 to 255 only: other responses wrap round, and fractions are lost. Make it an array of floats."
LARGE = "Your output holds windows that hang over the border. Keep those that lie inside the image."


@exercise(
    "Write the answer for one window first. Then put two loops around it, one over rows and one over columns.",
    "There are H - kH + 1 rows of windows. The window at (row, col) is `image[row : row + kH, col : col + kW]`; "
    "store the sum of `window * kernel` at [row, col] of an array of floats.",
)
def corr2d(student: Student) -> None:
    student.compare(
        _correlate,
        cases=_cases(4),
        mistakes=[
            (
                "Your output equals the right one for the kernel flipped in both axes. Do not flip: "
                "the window's top left meets the kernel's top left.",
                lambda x, k: _correlate(x, k[::-1, ::-1]),
            ),
            (
                "Your output equals the right one for the kernel turned upside down.",
                lambda x, k: _correlate(x, k[::-1]),
            ),
            (
                "Your output equals the right one for the kernel mirrored left to right.",
                lambda x, k: _correlate(x, k[:, ::-1]),
            ),
            (
                "Your output equals the right one for the kernel transposed: its rows and columns are swapped.",
                lambda x, k: _correlate(x, k.T),
            ),
            (ADDED, _products),
            (ADDED, lambda x, k: _products(x, k).sum(-2)),
            (ADDED, lambda x, k: _products(x, k).sum(-1)),
            (EARLY, _returned_early(1, 1)),
            (EARLY, _returned_early(1, None)),
            (EARLY, lambda x, k: _correlate(x, k)[0, 0]),
            (BYTES, _bytes),
            (LARGE, _as_ndimage),
            (LARGE, lambda x, k: _as_ndimage(x, k[::-1, ::-1], -1)),
            (TURNED, lambda x, k: _correlate(x, k).T),
            (LAST.format("row and the last column are missing"), _short(1, 1)),
            (LAST.format("row is missing"), _short(1, 0)),
            (LAST.format("column is missing"), _short(0, 1)),
            (LAST.format("row and the last column are still 0"), _short(1, 1, fill=True)),
            (LAST.format("row is still 0"), _short(1, 0, fill=True)),
            (LAST.format("column is still 0"), _short(0, 1, fill=True)),
            (CUT, _integers),
            (CUT, _kernels_integers),
            (CUT, lambda x, k: np.trunc(_correlate(x, k))),
            ("You took the mean of the products. Add them up.", lambda x, k: _correlate(x, k) / k.size),
            (
                "You took the largest product. Add them up.",
                lambda x, k: _slide(x, k, lambda w: np.max(w * k)),
            ),
            (
                "You multiplied the window's sum by the kernel's sum. Multiply place by place, then add up.",
                lambda x, k: _correlate(x, np.ones(k.shape)) * k.sum(),
            ),
            (
                "You added the window alone: the kernel takes no part.",
                lambda x, k: _correlate(x, np.ones(k.shape)),
            ),
            (SQUARE, lambda x, k: _square(k.shape[0], x, k)),
            (SQUARE, lambda x, k: _square(k.shape[1], x, k)),
            (
                "You used the matrix product of window and kernel. Multiply place by place, with *.",
                lambda x, k: _slide(x, k, lambda w: np.sum(w @ k)),
            ),
            ("The sum is never set back to 0: each window still holds those before it.", _never_reset),
            ("Every value is that of the first window: the window does not move.", _first_window),
            ("The window jumps by its own size. It moves by one pixel.", _blocks),
            (LARGE, _same_size),
            (LARGE, _centred),
            (LARGE, _full),
            (
                "Negative results became 0. A response may be negative.",
                lambda x, k: np.maximum(_correlate(x, k), 0),
            ),
            ("The signs are lost. A response may be negative.", lambda x, k: np.abs(_correlate(x, k))),
        ],
    )


# true_conv2d


def _true_conv2d(image: Array, kernel: Array) -> Array:
    return _correlate(image, kernel[::-1, ::-1])


@exercise(
    "You have a sliding window already. What must happen to the kernel before it slides?",
    "`kernel[::-1, ::-1]` reads rows from the last to the first and columns too. Slide that over the image.",
)
def true_conv2d(student: Student) -> None:
    student.compare(
        _true_conv2d,
        cases=_cases(5),
        mistakes=[
            (
                "This is cross-correlation: the kernel was not flipped.",
                _correlate,
            ),
            (
                "Only the rows were flipped. Flip the columns too.",
                lambda x, k: _correlate(x, k[::-1]),
            ),
            (
                "Only the columns were flipped. Flip the rows too.",
                lambda x, k: _correlate(x, k[:, ::-1]),
            ),
            ("The kernel was transposed. A flip keeps its shape.", lambda x, k: _correlate(x, k.T)),
            (
                "The kernel was flipped across its other diagonal: that is a transpose as well as a flip.",
                lambda x, k: _correlate(x, k[::-1, ::-1].T),
            ),
            (
                "A quarter turn is not a flip in both axes: that is half a turn.",
                lambda x, k: _correlate(x, np.rot90(k)),
            ),
            (
                "A quarter turn is not a flip in both axes: that is half a turn.",
                lambda x, k: _correlate(x, np.rot90(k, -1)),
            ),
            (
                "This is the cross-correlation, flipped: you flipped the output, or image and kernel both. "
                "Flip the kernel alone.",
                lambda x, k: _correlate(x, k)[::-1, ::-1],
            ),
            (
                "You flipped the image. The output then comes out flipped; flip the kernel instead.",
                lambda x, k: _correlate(x[::-1, ::-1], k),
            ),
            (LARGE, lambda x, k: _centred(x, k[::-1, ::-1])),
            (LARGE, lambda x, k: _full(x, k[::-1, ::-1])),
            (LARGE, lambda x, k: _same_size(x, k[::-1, ::-1])),
            (ADDED, lambda x, k: _products(x, k[::-1, ::-1])),
            (ADDED, lambda x, k: _products(x, k[::-1, ::-1]).sum(-2)),
            (ADDED, lambda x, k: _products(x, k[::-1, ::-1]).sum(-1)),
            (EARLY, lambda x, k: _returned_early(1, 1)(x, k[::-1, ::-1])),
            (EARLY, lambda x, k: _returned_early(1, None)(x, k[::-1, ::-1])),
            (EARLY, lambda x, k: _true_conv2d(x, k)[0, 0]),
            (BYTES, lambda x, k: _bytes(x, k[::-1, ::-1])),
            (LARGE, lambda x, k: _as_ndimage(x, k[::-1, ::-1], -1)),
            (LARGE, lambda x, k: _as_ndimage(x, k[::-1, ::-1])),
            (TURNED, lambda x, k: _true_conv2d(x, k).T),
            (LAST.format("row and the last column are missing"), lambda x, k: _true_conv2d(x, k)[:-1, :-1]),
            (CUT, lambda x, k: _integers(x, k[::-1, ::-1])),
            (CUT, lambda x, k: _kernels_integers(x, k[::-1, ::-1])),
            (CUT, lambda x, k: np.trunc(_true_conv2d(x, k))),
        ],
    )


# is_shift_equivariant

Fn = Callable[[Array], Array]
Shift = tuple[int, int]


class _CroppedError(IndexError):
    """What a function of the check raises where it is given too small an image."""

    hint = "Give fn the whole image; cut the margin off afterwards."


@dataclass(frozen=True)
class Named:
    """A function of an image with a name that a person can read in the message."""

    name: str
    function: Fn

    def __call__(self, image: Array) -> Array:
        """Return what the function makes of `image`."""
        try:
            return self.function(image)
        except IndexError:
            shape = getattr(image, "shape", "no array")
            raise _CroppedError(f"fn was given an image of shape {shape}, too small for it") from None

    def __repr__(self) -> str:
        return f"<{self.name}>"


@exercise(
    "Two pictures have to be compared: fn of the shifted image, and the shifted fn of the image. "
    "What may differ between them, and where do you look?",
    "First write a helper that shifts: an array of zeros, into which the upper left part of the image is pasted, "
    "`down` rows lower and `right` columns further right. Then compare rows margin to H - margin and columns margin "
    "to W - margin of fn(shifted(image)) and shifted(fn(image)).",
)
def is_shift_equivariant(student: Student) -> None:
    cases = _cases_with_reasons()
    verdicts = [_verdict(student, arguments) for arguments, _ in cases]
    right = [_equivariant(*arguments) for arguments, _ in cases]
    if verdicts == right:
        return
    known = (hint for hint, test in _mistakes() if [test(*arguments) for arguments, _ in cases] == verdicts)
    first = next(i for i, pair in enumerate(zip(right, verdicts, strict=True)) if pair[0] != pair[1])
    arguments, reason = cases[first]
    student.fail(_call(arguments), right[first], verdicts[first], next(known, reason))


def _verdict(student: Student, arguments: tuple[Any, ...]) -> bool:
    try:
        returned = student.call(*arguments)
    except CheckFailed as failed:
        error = "could not broadcast input array"
        if len(arguments) > 2 and 0 in arguments[2] and error in str(failed):
            hint = "With shift 0, [:-0] is empty: use H - down as the end, and W - right."
            student.fail(_call(arguments), _equivariant(*arguments), f"ValueError: {error}", hint)
        raise
    value = student.numbers(returned, _call(arguments))
    student.require(
        value.shape == () and value in (0, 1),
        _call(arguments),
        "True or False",
        value,
        "Return one verdict. (...).all() of an array of comparisons is True where every one of them is.",
    )
    return bool(value)


def _call(arguments: tuple[Any, ...]) -> str:
    """The call as a person reads it."""
    names = ("fn", "image", "shift", "margin", "tol")[: len(arguments)]
    given = [table(value, label=name) for name, value in zip(names, arguments, strict=True)]
    return "\n".join([f"is_shift_equivariant({', '.join(names)}) with", *given])


def _shifted(image: Array, down: int, right: int) -> Array:
    height, width = image.shape
    return np.pad(image, ((down, 0), (right, 0)))[:height, :width]


def _inner(image: Array, margin: int) -> Array:
    height, width = image.shape
    return image[margin : height - margin, margin : width - margin]


def _judged(
    before: Callable[[Array, Shift], Array] = lambda x, s: _shifted(x, *s),
    after: Callable[[Array, Shift], Array] = lambda x, s: _shifted(x, *s),
    keep: Callable[[Array, int], Array] = _inner,
    verdict: Callable[[Array, Array, float], Any] = lambda a, b, tol: (np.abs(a - b) <= tol).all(),
) -> Callable[..., bool]:
    """The right test, or one with a step done differently."""

    def is_shift_equivariant(
        fn: Fn, image: Array, shift: Shift = (1, 2), margin: int = 4, tol: float = 1e-9
    ) -> bool:
        moved, output = fn(before(image, shift)), after(fn(image), shift)
        return bool(verdict(keep(moved, margin), keep(output, margin), tol))

    return is_shift_equivariant


_equivariant = _judged()


def _ramp(image: Array, axis: int) -> Array:
    return np.asarray(np.indices(image.shape)[axis])


def _lattice(image: Array) -> Array:
    rows, columns = np.indices(image.shape)
    return np.asarray(image * ((2 * rows - columns) % 5))


def _blur(image: Array) -> Array:
    return _centred(image, np.array([[1, 2, 0], [0, 3, -1], [1, 0, 1]]))


def _spot(row: int, column: int) -> Named:
    """Adds 1 to one fixed pixel: a mark that stays where it is while the image moves."""

    def fn(image: Array) -> Array:
        out = image.astype(np.float64)
        out[row, column] += 1
        return out

    return Named(f"adds 1 to the pixel [{row}, {column}]", fn)


def _coarse(image: Array) -> Array:
    """Every second pixel, each drawn twice as large: what stride 2 keeps."""
    return image[::2, ::2].repeat(2, 0).repeat(2, 1)[: image.shape[0], : image.shape[1]]


def _shuffled(image: Array) -> Array:
    return image[:, np.random.default_rng(1).permutation(image.shape[1])]


def _cases_with_reasons() -> list[tuple[tuple[Any, ...], str]]:
    """The arguments of each call, and why the right verdict is what it is."""
    small = np.array([[1, 2, 3, 4, 5], [6, 7, 8, 9, 1], [2, 3, 4, 5, 6], [7, 8, 9, 1, 2]])
    noise = np.random.default_rng(44).normal(size=(14, 17))
    counts = np.random.default_rng(45).integers(1, 9, (14, 17)).astype(np.float64)
    double, blur = Named("doubles every pixel", lambda x: 2 * x), Named("slides a 3x3 kernel", _blur)
    coarse = Named("keeps every second pixel", _coarse)
    rows = Named("adds the row number", lambda x: x + _ramp(x, 0))
    less = Named("subtracts the row number", lambda x: x - _ramp(x, 0))
    columns = Named("adds the column number", lambda x: x + _ramp(x, 1))
    half = Named("adds half the row number", lambda x: x + _ramp(x, 0) / 2)
    millions = Named("adds a million and the row number", lambda x: x + 1e6 + _ramp(x, 0))
    minus_half = Named("subtracts half the row number", lambda x: x - _ramp(x, 0) / 2)
    inside = "Where a pixel stands makes no difference to this fn, away from the border: True."
    places = "This fn treats a pixel by where it stands, so its output does not move along: False."
    edge = "A 3x3 kernel reads zeros outside the image, and others after the shift: only near the border."
    spot = "The added 1 stays while the rest moves. Does that place, or where it is shifted to, lie inside the margin?"
    limit = "Compare the absolute difference of each pixel with tol: at most tol is allowed."
    default = "Here only fn and image are given: the defaults are shift=(1, 2), margin=4, tol=1e-9."
    return [
        ((double, small, (1, 1), 1, 1e-9), inside),
        ((Named("mirrors left to right", lambda x: x[:, ::-1]), small, (1, 1), 1, 1e-9), places),
        ((blur, noise, (1, 2), 4, 1e-9), inside),
        ((columns, noise, (1, 2), 4, 1e-9), places),
        ((rows, noise, (3, 0), 4, 1e-9), places),
        ((less, noise, (3, 0), 4, 1e-9), places),
        (
            (columns, noise, (3, 0), 4, 1e-9),
            "Nothing moves sideways here, so the column number stays right: True.",
        ),
        ((rows, noise, (0, 3), 4, 1e-9), "Nothing moves down here, so the row number stays right: True."),
        ((Named("ignores the image", lambda x: _ramp(x, 0) + _ramp(x, 1)), noise, (1, 2), 4, 1e-9), places),
        ((Named("shuffles the columns", _shuffled), noise, (1, 2), 4, 1e-9), places),
        ((coarse, noise, (1, 2), 4, 1e-9), places),
        (
            (coarse, noise, (2, 4), 4, 1e-9),
            "Every second pixel is kept, and the shift is even in both directions: the same ones are kept. True.",
        ),
        ((Named("adds up columns from the top", lambda x: np.cumsum(x, 0)), noise, (1, 2), 4, 1e-9), inside),
        ((Named("adds up rows from the left", lambda x: np.cumsum(x, 1)), noise, (1, 2), 4, 1e-9), inside),
        ((blur, counts, (1, 2), 0, 1e-9), edge),
        ((blur, counts, (1, 2), 1, 1e-9), edge),
        ((blur, counts, (1, 2), 3, 1e-9), edge),
        ((blur, counts, (0, 0), 0, 1e-9), "A shift by nothing changes nothing: True."),
        ((double, counts, (1, 2), 0, 1e-9), inside),
        *((((_spot(row, 8), noise, (0, 2), 4, 1e-9)), spot) for row in (3, 4, 9, 10)),
        *((((_spot(7, column), noise, (2, 0), 4, 1e-9)), spot) for column in (3, 4, 12, 13)),
        (
            (_spot(7, 4), noise, (2, 0), 4, 0.5),
            "One pixel differs by 1, more than tol: that is enough for False.",
        ),
        ((half, counts, (1, 0), 4, 0.5), limit),
        ((half, counts, (2, 0), 4, 0.5), limit),
        ((minus_half, counts, (2, 0), 4, 0.5), limit),
        (
            (Named("adds 1e-6 of the row number", lambda x: x + _ramp(x, 0) / 1e6), noise, (1, 2), 4, 1e-9),
            limit,
        ),
        (
            (Named("adds 1e-12 of the row number", lambda x: x + _ramp(x, 0) / 1e12), noise, (1, 2), 4, 1e-9),
            limit,
        ),
        ((millions, counts, (1, 2), 4, 0.5), limit),
        ((Named("multiplies by (2 row - column) mod 5", _lattice), noise), default),
        ((_spot(2, 8), noise), default),
        ((_spot(3, 8), noise), default),
    ]


def _rolled(image: Array, shift: Shift) -> Array:
    return np.roll(image, shift, (0, 1))


def _swapped(image: Array, shift: Shift) -> Array:
    return _shifted(image, shift[1], shift[0])


def _up_and_left(image: Array, shift: Shift) -> Array:
    return _shifted(image[::-1, ::-1], *shift)[::-1, ::-1]


def _undone(fn: Fn, image: Array, shift: Shift = (1, 2), margin: int = 4, tol: float = 1e-9) -> bool:
    back = _up_and_left(fn(_shifted(image, *shift)), shift)
    return bool((np.abs(_inner(back - fn(image), margin)) <= tol).all())


SUMS = "You compared sums, which stay the same when everything moves elsewhere. Compare pixel by pixel."
ROLLED = "Your shift brings pixels that leave back in on the other side. Zeros must come in."
SIGN = "A difference far below 0 passes your test. Take the absolute value before comparing with tol."


def _mistakes() -> list[tuple[str, Callable[..., bool]]]:
    return [
        (
            "You compared fn(shifted) with fn(image), which was not shifted: that asks for invariance. "
            "For equivariance the output moves along.",
            _judged(after=lambda x, s: x),
        ),
        (
            SUMS,
            _judged(verdict=lambda a, b, tol: abs(a.sum() - b.sum()) <= tol),
        ),
        (
            SUMS,
            _judged(keep=lambda x, margin: x, verdict=lambda a, b, tol: abs(a.sum() - b.sum()) <= tol),
        ),
        (
            "You compared means. Compare pixel by pixel.",
            _judged(verdict=lambda a, b, tol: abs(a.mean() - b.mean()) <= tol),
        ),
        (
            "You averaged the differences. One pixel that differs by more than tol is enough for False.",
            _judged(verdict=lambda a, b, tol: np.mean(np.abs(a - b)) <= tol),
        ),
        (
            "You compared up to the border, where zeros came in. Leave out margin pixels on every side.",
            _judged(keep=lambda x, margin: x),
        ),
        (ROLLED, _judged(before=_rolled, after=_rolled)),
        (ROLLED, _judged(before=_rolled)),
        (ROLLED, _judged(after=_rolled)),
        (
            "The two numbers of the shift are swapped: down comes first, then right.",
            _judged(before=_swapped, after=_swapped),
        ),
        (
            "You shift up and to the left. The shift is down and to the right.",
            _judged(before=_up_and_left, after=_up_and_left),
        ),
        ("You shift the output back. Shift it as the image was.", _judged(after=_up_and_left)),
        (
            "You undo the shift after fn and compare with fn(image): the margin then lies elsewhere. "
            "Shift fn(image) instead.",
            _undone,
        ),
        (SIGN, _judged(verdict=lambda a, b, tol: (a - b <= tol).all())),
        (SIGN, _judged(verdict=lambda a, b, tol: (b - a <= tol).all())),
        (
            "One pixel that agrees is enough for your test. All of them must.",
            _judged(verdict=lambda a, b, tol: (np.abs(a - b) <= tol).any()),
        ),
        (
            "A difference of exactly tol is allowed: <=, not <.",
            _judged(verdict=lambda a, b, tol: (np.abs(a - b) < tol).all()),
        ),
        (
            "Your tolerance is fixed. Use the argument tol.",
            _judged(verdict=lambda a, b, tol: np.allclose(a, b)),
        ),
        (
            "Your tolerance is fixed. Use the argument tol.",
            _judged(verdict=lambda a, b, tol: (np.abs(a - b) <= 1e-9).all()),
        ),
        (
            "np.allclose adds a tolerance of its own, relative to the values: pass rtol=0 and atol=tol.",
            _judged(verdict=lambda a, b, tol: np.allclose(a, b, atol=tol)),
        ),
        (
            "Rounding makes tiny differences. Allow tol instead of asking for equality.",
            _judged(verdict=lambda a, b, tol: np.array_equal(a, b)),
        ),
        (
            "With margin 0 nothing is left to compare: [0:-0] is empty. Use H - margin as the end.",
            _judged(keep=lambda x, margin: x[margin:-margin, margin:-margin]),
        ),
        (
            "You left out the margin at the top and left only.",
            _judged(keep=lambda x, margin: x[margin:, margin:]),
        ),
        (
            "You left out the margin at the bottom and right only.",
            _judged(keep=lambda x, margin: x[: len(x) - margin, : x.shape[1] - margin]),
        ),
        (
            "Your margin is one pixel too wide: exactly margin rows and columns are left out on each side.",
            _judged(keep=lambda x, margin: _inner(x, margin + 1)),
        ),
        (
            "Your margin is one pixel too narrow: exactly margin rows and columns are left out on each side.",
            _judged(keep=lambda x, margin: _inner(x, max(margin - 1, 0))),
        ),
        ("Your margin is fixed. Use the argument margin.", _judged(keep=lambda x, margin: _inner(x, 4))),
        (
            "Your shift is fixed. Use the argument shift.",
            _judged(before=lambda x, s: _shifted(x, 1, 2), after=lambda x, s: _shifted(x, 1, 2)),
        ),
        (
            "Are shift and margin used? With margin 4 nothing of 4 rows is left.",
            lambda fn, image, *_: _equivariant(fn, image),
        ),
        ("Your function says True whatever fn does.", lambda *_: True),
        ("Your function says False whatever fn does.", lambda *_: False),
    ]
