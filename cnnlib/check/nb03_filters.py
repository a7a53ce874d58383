"""The checks of notebook 03: a filter's response, the response normalised, and a detector of your own design."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlib.check.engine import Student, exercise
from cnnlib.check.text import table

Array = NDArray[Any]


# response


def _response(patch: Array, kernel: Array) -> float:
    return float(np.vdot(patch.astype(np.float64), kernel.astype(np.float64)))


@exercise(
    "Three steps: multiply, add up, return. How many numbers does the answer have?",
    "`patch * kernel` multiplies place by place; what is left is one sum over all three axes.",
)
def response(student: Student) -> None:
    rng = np.random.default_rng(3)
    student.compare(
        _response,
        cases=[
            (
                np.array([[[0, 1], [0, 0]], [[0, 1], [4, 2]]]),
                np.array([[[0, 1], [0, 2]], [[2, 2], [-2, 0]]]),
            ),
            (rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4))),
            (rng.integers(0, 256, (1, 5, 2)), rng.normal(size=(1, 5, 2))),
            (rng.normal(size=(54, 1, 3)), rng.normal(size=(54, 1, 3))),
        ],
        mistakes=[
            (
                "You took the mean of the products. The response is their sum.",
                lambda p, k: np.mean(p * k),
            ),
            (
                "Your result has one number per channel. A filter spans all channels: add them up too.",
                lambda p, k: np.sum(p * k, axis=(1, 2)),
            ),
            (
                "Only the first channel was used. A filter spans all channels.",
                lambda p, k: np.sum(p[0] * k[0]),
            ),
            (
                "The sum starts again at 0 in every channel: set it to 0 once, before the loop.",
                lambda p, k: np.sum(p[-1] * k[-1]),
            ),
            (
                "The sum starts again at 0 in every row: set it to 0 once, before all loops.",
                lambda p, k: np.sum(p[-1, -1] * k[-1, -1]),
            ),
            (
                "You return inside the loop, after the first product: return once, below all loops.",
                lambda p, k: p[0, 0, 0] * k[0, 0, 0],
            ),
            (
                "You added over the channels only: the result is still a small picture. Add over height and width too.",
                lambda p, k: np.sum(p * k, axis=0),
            ),
            ("These are the products, not yet added up.", lambda p, k: p * k),
            (_MATRIX, lambda p, k: p @ k),
            (_MATRIX, lambda p, k: np.sum(p @ k)),
            (_MATRIX, lambda p, k: np.dot(p, k)),
            (_MATRIX, lambda p, k: np.sum(np.dot(p, k))),
            (
                "You multiplied the two sums. Multiply place by place first, then add up.",
                lambda p, k: np.sum(p) * np.sum(k),
            ),
            (
                "The channels were added before the multiplication: each channel of the patch belongs to the same "
                "channel of the kernel.",
                lambda p, k: np.sum(p.sum(0) * k.sum(0)),
            ),
            ("You added patch and kernel. Multiply them.", lambda p, k: np.sum(p + k)),
            ("You subtracted patch and kernel. Multiply them.", lambda p, k: np.sum(np.abs(p - k))),
            ("You returned the largest product. Add all of them up.", lambda p, k: np.max(p * k)),
            (_FLIPPED, lambda p, k: np.sum(p * k[:, ::-1, ::-1])),
            (_FLIPPED, lambda p, k: np.sum(p * k[:, :, ::-1])),
            (_FLIPPED, lambda p, k: np.sum(p * k[:, ::-1])),
            (_FLIPPED, lambda p, k: np.sum(p * k[::-1, ::-1, ::-1])),
            (
                "The kernel was transposed. Each number of the patch meets the kernel's number at the same place.",
                lambda p, k: np.sum(p * k.swapaxes(1, 2)),
            ),
            (
                "The kernel was transposed. Each number of the patch meets the kernel's number at the same place.",
                lambda p, k: np.sum(p * k.T),
            ),
            (
                "Negative responses were set to 0. A negative response means: the opposite of the pattern.",
                lambda p, k: max(0, np.sum(p * k)),
            ),
            (
                "The sign is lost. A negative response means: the opposite of the pattern.",
                lambda p, k: abs(np.sum(p * k)),
            ),
            (
                "Negative products were left out. They count against the match.",
                lambda p, k: np.sum(np.maximum(p * k, 0)),
            ),
            (
                "You divided by the lengths. That is the next exercise; the plain response is the sum alone.",
                lambda p, k: np.sum(p * k) / (np.linalg.norm(p) * np.linalg.norm(k)),
            ),
        ],
    )


_FLIPPED = "The kernel was flipped. Each number of the patch meets the kernel's number at the same place."
_MATRIX = (
    "You used the matrix product, which multiplies rows by columns. "
    "A response multiplies place by place, with *, and then adds up."
)


# normalised_response


def _cosine(p: Array, k: Array) -> float:
    with np.errstate(all="ignore"):
        return float(np.sum(p * k) / (np.linalg.norm(p) * np.linalg.norm(k)))


def _centred(values: Array) -> Array:
    return np.asarray(values - np.mean(values))


def _length(values: Array) -> float:
    return float(np.linalg.norm(_centred(values)))


def _flat(values: Array) -> bool:
    return bool(_length(values) <= 1e-12 * np.linalg.norm(values))


def _normalised(patch: Array, kernel: Array) -> float:
    return 0.0 if _flat(patch) or _flat(kernel) else _cosine(_centred(patch), _centred(kernel))


def _guarded(formula: Callable[[Array, Array], Any]) -> Callable[[Array, Array], Any]:
    """A wrong formula, with the rule for flat patches right."""
    return lambda p, k: 0.0 if _flat(p) or _flat(k) else formula(p, k)


def _per_channel(values: Array) -> Array:
    return np.asarray(values - values.mean(axis=(1, 2), keepdims=True))


_BRACKET = "`x / a * b` divides by a and multiplies by b: put both lengths in one bracket."
_PRECISION = (
    "Rounded, or computed in too low a precision: keep float64, in which the 1e-12 of the rule makes sense."
)
LIMIT = (
    "You compare with a fixed number, or add one below the line, so a faint pattern counts as flat. "
    "Compare the length after subtracting with 1e-12 times the length before."
)


def _rounded(digits: int) -> Callable[[Array, Array], Any]:
    return lambda p, k: round(_normalised(p, k), digits)


def _with_epsilon(epsilon: float) -> Callable[[Array, Array], Any]:
    """The ratio with a small number added below the line."""
    return lambda p, k: np.sum(_centred(p) * _centred(k)) / (_length(p) * _length(k) + epsilon)


def _formulas() -> list[tuple[str, Callable[[Array, Array], Any]]]:
    """The wrong formulas, each with its hint."""
    return [
        ("Neither mean was subtracted: a brighter patch still counts as a better one.", _cosine),
        (
            "Only the patch was centred. Subtract the kernel's mean from the kernel as well.",
            lambda p, k: _cosine(_centred(p), k),
        ),
        (
            "Only the kernel was centred. Subtract the patch's mean from the patch as well.",
            lambda p, k: _cosine(p, _centred(k)),
        ),
        (
            "Each channel lost its own mean. Subtract one mean over all channels: otherwise a filter for red "
            "cannot tell red from grey.",
            lambda p, k: _cosine(_per_channel(p), _per_channel(k)),
        ),
        (
            "Each pixel lost the mean of its channels. Subtract one mean over everything.",
            lambda p, k: _cosine(p - p.mean(0), k - k.mean(0)),
        ),
        (_BRACKET, lambda p, k: np.sum(_centred(p) * _centred(k)) / _length(p) * _length(k)),
        (_BRACKET, lambda p, k: np.sum(_centred(p) * _centred(k)) / _length(k) * _length(p)),
        ("Centred, but not divided by the two lengths.", lambda p, k: np.sum(_centred(p) * _centred(k))),
        (
            "Centred, then averaged: divide by the two lengths instead of the number of values.",
            lambda p, k: np.mean(_centred(p) * _centred(k)),
        ),
        (
            "You divided by the squared lengths: a square root is missing.",
            lambda p, k: np.sum(_centred(p) * _centred(k)) / (_length(p) * _length(k)) ** 2,
        ),
        (
            "You divided by the patch's length only.",
            lambda p, k: np.sum(_centred(p) * _centred(k)) / _length(p),
        ),
        (
            "You divided by the kernel's length only.",
            lambda p, k: np.sum(_centred(p) * _centred(k)) / _length(k),
        ),
        (
            "The two lengths were added. Multiply them.",
            lambda p, k: np.sum(_centred(p) * _centred(k)) / (_length(p) + _length(k)),
        ),
        (
            "You divided by the lengths before centring. Centre first, then measure the lengths.",
            lambda p, k: np.sum(_centred(p) * _centred(k)) / (np.linalg.norm(p) * np.linalg.norm(k)),
        ),
        (
            "You divided by standard deviations and then added up: the result grows with the number of values.",
            lambda p, k: np.sum(_centred(p) * _centred(k)) / (np.std(p) * np.std(k)),
        ),
        (
            "The sign is lost: the opposite of the pattern must give -1.",
            lambda p, k: abs(_cosine(_centred(p), _centred(k))),
        ),
    ]


@exercise(
    "Write it in this order: centre both, test for flatness, divide the dot product by both lengths.",
    "`np.linalg.norm(x)` is the length of an array of any shape. Compare each centred length with 1e-12 times the "
    "length before centring, using <=, so that a patch of zeros counts as flat.",
)
def normalised_response(student: Student) -> None:
    rng = np.random.default_rng(33)
    # Less their means 4 and 1: (5, -1, -3, -1) of length 6 and (7, -1, 1, -7) of length 10; 40 / 60.
    kernel = np.array([[[8, 0]], [[2, -6]]])
    pattern = rng.normal(size=(2, 3, 4)) + 1.5
    detector = rng.normal(size=(2, 3, 4)) + 0.8
    red = np.stack([np.full((3, 3), 0.9), np.full((3, 3), 0.1), np.full((3, 3), 0.1)])
    with np.errstate(all="ignore"):  # the wrong formulas divide by zero
        student.compare(
            _normalised,
            cases=[
                (np.array([[[9, 3]], [[1, 3]]]), kernel),
                (pattern, detector),
                (1000 + 40 * pattern, detector),
                (-pattern, pattern),
                (red, 2 * red + 1),
                (rng.random((1, 5, 2)), rng.random((1, 5, 2)) - 0.1),
                (np.full((2, 1, 2), 7), kernel),
                (np.full((3, 3, 3), 0.1), rng.random((3, 3, 3))),
                (np.full((3, 3, 3), 0.1), np.full((3, 3, 3), 0.7)),
                (np.zeros((2, 3, 4)), detector),
                (pattern, np.full((2, 3, 4), 0.3)),
                (pattern, np.zeros((2, 3, 4))),
                (1e-14 * pattern, detector),
                (pattern, 1e-14 * detector),
            ],
            mistakes=[
                (
                    "On a flat patch you divide zero by zero. Return 0 there, before dividing.",
                    lambda p, k: _cosine(_centred(p), _centred(k)),
                ),
                (
                    "Your test for flatness asks for exactly 0. After subtracting the mean, rounding may leave 1e-17.",
                    lambda p, k: (
                        0.0
                        if not _centred(p).any() or not _centred(k).any()
                        else _cosine(_centred(p), _centred(k))
                    ),
                ),
                (
                    "A patch of zeros slips through: its centred length, 0, is not below 1e-12 times 0. Use <=.",
                    lambda p, k: _normalised(p, k) if p.any() and k.any() else np.nan,
                ),
                (
                    "A flat kernel divides by zero too. Test both.",
                    lambda p, k: 0.0 if _flat(p) else _cosine(_centred(p), _centred(k)),
                ),
                (
                    LIMIT,
                    lambda p, k: (
                        0.0 if min(_length(p), _length(k)) < 1e-12 else _cosine(_centred(p), _centred(k))
                    ),
                ),
                *((LIMIT, _with_epsilon(epsilon)) for epsilon in (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)),
                *((hint, _guarded(formula)) for hint, formula in _formulas()),
                *_formulas(),
                *((_PRECISION, _rounded(digits)) for digits in (1, 2, 3, 4)),
                (_PRECISION, lambda p, k: _normalised(p.astype(np.float32), k.astype(np.float32))),
                (_PRECISION, lambda p, k: _normalised(p.astype(np.float16), k.astype(np.float16))),
            ],
            atol=1e-9,
        )


# design_x_detector

X = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])


def _others() -> list[tuple[str, Array]]:
    """What must score below the X: the ring, the eight bars, the nine dots."""
    bars, dots = [], []
    for i in range(3):
        for name, place in (("row", (i, slice(None))), ("column", (slice(None), i))):
            bar = np.zeros((3, 3), int)
            bar[place] = 1
            bars.append((f"a bar, the {('first', 'second', 'third')[i]} {name}", bar))
    bars += [
        ("a bar along a diagonal", np.eye(3, dtype=int)),
        ("a bar along a diagonal", np.eye(3, dtype=int)[::-1]),
    ]
    for place in np.ndindex(3, 3):
        dot = np.zeros((3, 3), int)
        dot[place] = 1
        dots.append((f"one bright dot at {place}", dot))
    return [("an O", np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]])), *bars, *dots]


def _score(kernel: Array, pattern: Array) -> float:
    """The response to `pattern` at energy 1."""
    return float(np.sum(kernel * pattern) / np.linalg.norm(pattern))


@exercise(
    "Start from the X itself: what must stand where the X is dark, so that all nine numbers add up to 0?",
    "The X has five bright places and four dark ones. Give each bright place 4; what must each dark one get?",
)
def design_x_detector(student: Student) -> None:
    call = "kernel = design_x_detector()"
    kernel = student.numbers(student.call(), call)
    student.require(
        kernel.shape == (3, 3),
        call,
        "an array of shape (3, 3)",
        f"shape {kernel.shape}",
        "Return three rows of three numbers.",
    )
    kernel = kernel.astype(np.float64)
    student.require(
        np.isfinite(kernel).all(), call, "nine finite numbers", kernel, "Look for NaN or infinity."
    )
    student.require(
        kernel.any(),
        call,
        "a kernel that responds to something",
        kernel,
        "All nine numbers are 0: every response is 0.",
    )
    total, size = float(kernel.sum()), float(np.abs(kernel).sum())
    student.require(
        abs(total) <= 1e-6 * size,
        f"a flat patch of brightness 10, kernel =\n{table(kernel)}",
        "0",
        f"{10 * total:.4g}",
        f"On a flat patch the response is the brightness times the sum of the kernel, and yours sum to {total:.4g}. "
        "Change the numbers until they sum to 0.",
    )
    score = _score(kernel, X)
    name, pattern = max(_others(), key=lambda other: _score(kernel, other[1]))
    student.require(
        score > _score(kernel, pattern) + 1e-6 * size,
        f"the X and {name}, both at energy 1, kernel =\n{table(kernel)}",
        "a larger response to the X",
        f"{score:.3g} for the X, {_score(kernel, pattern):.3g} for {name}",
        _advice(score, name),
    )
    student.cases = 1 + len(_others())  # the flat patch and every pattern


def _advice(score: float, name: str) -> str:
    if score < 0:
        return "The X itself gets a negative response. Large numbers belong where the X is bright."
    if "dot" in name:
        return (
            "One number of your kernel is so large that a single pixel beats the X. "
            "Spread the positive numbers over all five places of the X."
        )
    if "diagonal" in name:
        return "Your kernel prefers a single diagonal: the X needs both."
    if "bar" in name:
        return "One row or column is enough for your kernel. Use the two diagonals alike, and nothing else."
    return "Your kernel likes the ring of the O better than the X. What does the X have that the O has not?"
