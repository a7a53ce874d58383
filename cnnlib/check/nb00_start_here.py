"""The check of notebook 00: a toy, to see how checks work."""

import numpy as np
from numpy.typing import NDArray

from cnnlib.check.engine import Student, exercise


def _right(image: NDArray[np.float64]) -> NDArray[np.float64]:
    return image + 1


@exercise(
    "A NumPy array takes part in arithmetic as a whole: no loop is needed.",
    "`image + 1` is a new array, one larger at every pixel; return it.",
)
def add_one(student: Student) -> None:
    rng = np.random.default_rng(0)
    student.compare(
        _right,
        cases=[(np.array([[1, 2, 3], [4, 5, 6]]),), (rng.random((2, 5)),), (rng.integers(-9, 9, (4, 3)),)],
        mistakes=[
            ("Your result is the image itself: nothing was added.", lambda image: image),
            ("Every value is 2 too small: you subtracted 1.", lambda image: image - 1),
            ("You doubled the image: 1 has to be added, not the image.", lambda image: image + image),
            ("1 was added twice.", lambda image: image + 2),
            ("Only the first pixel grew. `image + 1` adds to all of them.", _first_only),
            ("Only the first row grew. `image + 1` adds to all of them.", _first_row),
            (
                "You returned one number, the sum; the result has the shape of the image.",
                lambda image: image.sum() + 1,
            ),
        ],
    )


def _first_only(image: NDArray[np.float64]) -> NDArray[np.float64]:
    out = image.copy()
    out[0, 0] += 1
    return out


def _first_row(image: NDArray[np.float64]) -> NDArray[np.float64]:
    out = image.copy()
    out[0] += 1
    return out
