"""The checks of notebook 02: counting weights, shuffling pixels, the matrix behind a shared window."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlib.check.engine import Student, exercise

Array = NDArray[Any]


@exercise(
    "Draw the layer for 3 inputs and 2 outputs: count the lines, then what each output adds of its own.",
    "Each output has one weight per input and one bias.",
)
def fc_params(student: Student) -> None:
    student.compare(
        lambda n_in, n_out: n_in * n_out + n_out,
        [(5, 2), (3, 2), (784, 128), (1, 5), (12800, 10)],
        [
            ("The weights are right; each output has a bias too.", lambda n_in, n_out: n_in * n_out),
            (
                "You counted one bias per input. A bias is added to an output: there are n_out of them.",
                lambda n_in, n_out: n_in * n_out + n_in,
            ),
            (
                "You counted a single bias for the whole layer. Each output has its own.",
                lambda n_in, n_out: n_in * n_out + 1,
            ),
            (
                "You counted biases on both sides: only the outputs have them.",
                lambda n_in, n_out: n_in * n_out + n_in + n_out,
            ),
            (
                "You counted biases on both sides: only the outputs have them.",
                lambda n_in, n_out: (n_in + 1) * (n_out + 1),
            ),
            (
                "You added the sizes. Every output is joined to every input: multiply them.",
                lambda n_in, n_out: n_in + n_out,
            ),
            (
                "You added the sizes. Every output is joined to every input: multiply them.",
                lambda n_in, n_out: n_in + 2 * n_out,
            ),
            (
                "You multiplied the inputs by themselves. A weight joins an input to an output.",
                lambda n_in, n_out: n_in * n_in + n_out,
            ),
            (
                "You counted a bias for every weight. A bias belongs to an output: there are n_out of them.",
                lambda n_in, n_out: 2 * n_in * n_out,
            ),
            ("`**` is a power; `*` multiplies.", lambda n_in, n_out: n_in**n_out + n_out),
            ("`**` is a power; `*` multiplies.", lambda n_in, n_out: n_in**n_out),
        ],
        tolerance=0,
    )


@exercise(
    "How many windows of 4 fit beside each other, overlapping, into 9 inputs? Draw them.",
    "The first window starts at 0, the last at n - k. Each has k weights of its own.",
)
def local_params(student: Student) -> None:
    student.compare(
        lambda n, k: (n - k + 1) * k,
        [(9, 4), (28, 5), (6, 1), (9, 9), (1000, 7)],
        [
            (
                "You counted one window per input. The last ones would hang over the end: only n - k + 1 fit.",
                lambda n, k: n * k,
            ),
            (
                "One window is missing: the starts 0, 1, ..., n - k are n - k + 1 of them.",
                lambda n, k: (n - k) * k,
            ),
            ("There is one window too many: the last one starts at n - k.", lambda n, k: (n - k + 2) * k),
            (
                "You counted n - 1 windows, whatever k is. The last one starts at n - k, so their number depends on k.",
                lambda n, k: (n - 1) * k,
            ),
            ("`*` binds first: put n - k + 1 in brackets.", lambda n, k: n - k + 1 * k),
            ("You counted the windows. Each of them has k weights.", lambda n, k: n - k + 1),
            (
                "You counted biases too; the exercise asks for the weights alone.",
                lambda n, k: (n - k + 1) * (k + 1),
            ),
            (
                "That is the full matrix: a local output has k weights, not one for every input.",
                lambda n, k: (n - k + 1) * n,
            ),
            (
                "That is the full matrix: a local output has k weights, not one for every input.",
                lambda n, k: n * n,
            ),
            (
                "Your windows stand side by side. They move by one input and overlap.",
                lambda n, k: n // k * k,
            ),
            (
                "That is one window. Here each window has weights of its own; sharing comes next.",
                lambda n, k: k,
            ),
        ],
        tolerance=0,
    )


@exercise(
    "How many different numbers are in the third matrix of the picture, zeros aside?",
    "All windows use the same k weights, however many windows there are.",
)
def shared_params(student: Student) -> None:
    student.compare(
        lambda k: k,
        [(3,), (5,), (1,), (12,)],
        [
            ("You counted a bias too; the exercise asks for the weights alone.", lambda k: k + 1),
            ("The windows are one-dimensional here: k weights, not a square of them.", lambda k: k * k),
            ("That is one weight too few.", lambda k: k - 1),
            ("A window has k weights, and all windows share them.", lambda k: 1),
            ("k may be any number; your answer is always 3.", lambda k: 3),
        ],
        tolerance=0,
    )


def _permute_pixels(images: Array, permutation: Array) -> Array:
    out = np.empty_like(images)
    for image, shuffled in zip(images, out, strict=True):
        shuffled[...] = image.ravel()[permutation].reshape(image.shape)
    return out


def _along_columns(images: Array, permutation: Array) -> Array:
    order = np.asarray(permutation)
    return images[:, :, order[order < images.shape[2]]]


def _along_rows(images: Array, permutation: Array) -> Array:
    order = np.asarray(permutation)
    return images[:, order[order < images.shape[1]]]


def _column_by_column(images: Array, permutation: Array) -> Array:
    return _permute_pixels(images.swapaxes(1, 2), permutation).swapaxes(1, 2)


@exercise(
    "Work on one image first: flatten it, pick its pixels in the order that `permutation` gives, make it an image "
    "again. Then do that to every image.",
    "Give all images the shape (N, H * W), index the second axis with `permutation`, and reshape back.",
)
def permute_pixels(student: Student) -> None:
    rng = np.random.default_rng(4)
    twins = np.tile(np.arange(6).reshape(2, 3), (6, 1, 1))
    got = student.numbers(student.call(twins, np.array([1, 2, 0, 4, 5, 3])), "six copies of one 2×3 image")
    # Up to three different ones may come of a slip that the cases below name better.
    student.require(
        got.shape != twins.shape or len(np.unique(got.reshape(6, -1), axis=0)) <= 3,
        "six copies of one 2×3 image",
        "six equal images",
        "images that differ from each other",
        "Each image is shuffled in its own way. Use the permutation you are given, the same for every image.",
    )
    student.compare(
        _permute_pixels,
        [
            # four in a ring: to shuffle twice is not the inverse, as it is with three
            (np.arange(1, 17).reshape(4, 2, 2), np.array([1, 2, 3, 0])),
            (np.arange(1, 13).reshape(2, 2, 3), np.array([2, 0, 5, 1, 3, 4])),
            (rng.random((4, 5, 3)), rng.permutation(15)),
            (rng.integers(0, 256, (2, 3, 7), np.uint8), rng.permutation(21)),
            (rng.random((1, 4, 6)), rng.permutation(24)),
        ],
        [
            (
                "That is the inverse: you sent pixel i to place permutation[i]. Place i takes its value from pixel "
                "permutation[i].",
                lambda images, permutation: _permute_pixels(images, np.argsort(permutation)),
            ),
            (
                "You changed the order of the images and left their pixels alone: index the pixels, not the batch.",
                lambda images, permutation: images[permutation],
            ),
            ("The images came back as they were.", lambda images, permutation: images),
            (
                "Whole columns move in your result. The permutation numbers all H * W pixels of an image.",
                _along_columns,
            ),
            (
                "Whole rows move in your result. The permutation numbers all H * W pixels of an image.",
                _along_rows,
            ),
            (
                "Your pixels are numbered down the columns. `ravel` numbers them along the rows: row * W + column.",
                _column_by_column,
            ),
            (
                "The pixels are right, the shape is not: give the result the shape of images again.",
                lambda images, permutation: _permute_pixels(images, permutation).reshape(len(images), -1),
            ),
            (
                "Height and width are swapped when the vectors become images again.",
                lambda images, permutation: _permute_pixels(images, permutation).reshape(
                    images.shape[0], images.shape[2], images.shape[1]
                ),
            ),
            (
                "Only the first image is in your result.",
                lambda images, permutation: _permute_pixels(images, permutation)[0],
            ),
            (
                "Only the first image is shuffled.",
                lambda images, permutation: np.concatenate(
                    [_permute_pixels(images[:1], permutation), images[1:]]
                ),
            ),
            (
                "The pixels are shuffled again for every further image: apply the permutation once to each.",
                _again_and_again,
            ),
        ],
    )


def _again_and_again(images: Array, permutation: Array) -> Array:
    order, out = np.arange(len(permutation)), []
    for image in images:
        order = order[permutation]
        out.append(image.ravel()[order].reshape(image.shape))
    return np.stack(out)


def _shared_matrix(kernel: Array, n: int) -> Array:
    k = len(kernel)
    return np.array([[kernel[j - i] if 0 <= j - i < k else 0 for j in range(n)] for i in range(n - k + 1)])


def _circulant(kernel: Array, n: int) -> Array:
    """One row per input: the kernel begins again on the left where it runs over the end."""
    first = np.concatenate([kernel, np.zeros(n - len(kernel), kernel.dtype)])
    return np.stack([np.roll(first, i) for i in range(n)])


def _overhanging(kernel: Array, n: int) -> Array:
    """One row per input: where the kernel runs over the end it is cut off."""
    return np.triu(_circulant(kernel, n))


def _centred(kernel: Array, n: int) -> Array:
    """One row per input, the kernel centred on it: zero padding at both ends."""
    padding = len(kernel) // 2
    return _shared_matrix(kernel, n + len(kernel) - 1)[:, padding : padding + n]


def _uncleared(kernel: Array, n: int) -> Array:
    """Every row still holds what earlier kernels left of theirs."""
    rows = _shared_matrix(kernel, n)
    for i in range(len(rows)):
        rows[i, :i] = kernel[0]
    return rows


def _last_row_only(matrix: Array) -> Array:
    """What comes of one list that every row shares."""
    return np.tile(matrix[-1], (len(matrix), 1))


def _by_windows(kernel: Array, n: int, rows: int) -> Array:
    """The kernel moves by its own length from row to row; what runs over the end is cut off."""
    k = len(kernel)
    wide = np.zeros((rows, max(n, rows * k)), kernel.dtype)
    for i in range(rows):
        wide[i, i * k : (i + 1) * k] = kernel
    return wide[:, :n]


def _side_by_side(kernel: Array, n: int) -> Array:
    return np.kron(np.eye(n // len(kernel), dtype=kernel.dtype), kernel)


_MOVES_BY_ONE = "Your windows stand side by side. The kernel moves by one column per row, not by k."
_FROM_ZEROS = (
    "Your rows hold the remains of others, or are all one and the same list. Start every row from zeros."
)


@exercise(
    "Row i of the matrix, times the input, must be the kernel times the inputs i, i + 1, ..., i + k - 1.",
    "Start from `np.zeros((n - k + 1, n))`. In row i the kernel fills the columns i to i + k - 1.",
)
def shared_matrix(student: Student) -> None:
    rng = np.random.default_rng(5)
    student.compare(
        _shared_matrix,
        [
            (np.array([1, 2, 4]), 6),
            (np.array([0.5, -1.25]), 5),
            (rng.random(4), 9),
            (np.array([3.5]), 4),
            (np.array([1.5, 0.25, -2.0]), 3),
        ],
        [
            (
                "The kernel is flipped: its first value belongs on the left.",
                lambda kernel, n: _shared_matrix(kernel[::-1], n),
            ),
            (
                "The last rows wrap around: the kernel goes on at the left end. Stop where it no longer fits.",
                _circulant,
            ),
            (
                "The last rows wrap around: the kernel goes on at the left end. Each row has one unbroken kernel.",
                lambda kernel, n: np.roll(_shared_matrix(kernel, n), -1, axis=1),
            ),
            (
                "The matrix is transposed: one row per output, one column per input.",
                lambda kernel, n: _shared_matrix(kernel, n).T,
            ),
            (
                "Your last rows hold only a part of the kernel. The windows that do not fit have no row: there are "
                "n - k + 1 rows.",
                _overhanging,
            ),
            (
                "Your first and last rows hold only a part of the kernel. The windows that do not fit have no row: "
                "there are n - k + 1 rows.",
                _centred,
            ),
            (
                "One row is missing: the kernel can start at 0, 1, ..., n - k.",
                lambda kernel, n: _shared_matrix(kernel, n)[:-1],
            ),
            (
                "The kernel stands at the left end in every row. In row i it starts at column i.",
                lambda kernel, n: np.tile(_circulant(kernel, n)[0], (n - len(kernel) + 1, 1)),
            ),
            (_MOVES_BY_ONE, _side_by_side),
            (_MOVES_BY_ONE, lambda kernel, n: _by_windows(kernel, n, n - len(kernel) + 1)),
            (_MOVES_BY_ONE, lambda kernel, n: _by_windows(kernel, n, n // len(kernel))),
            (_FROM_ZEROS, _uncleared),
            (_FROM_ZEROS, lambda kernel, n: _last_row_only(_uncleared(kernel, n))),
            (_FROM_ZEROS, lambda kernel, n: _last_row_only(_shared_matrix(kernel, n))),
            (
                "The kernel moves to the left from row to row: row 0 starts at column 0.",
                lambda kernel, n: _shared_matrix(kernel, n)[::-1],
            ),
            (
                "Every place of a window holds the same number: the k values of the kernel differ.",
                lambda kernel, n: _shared_matrix(np.ones(len(kernel)), n) * kernel[0],
            ),
            (
                "There are ones where the kernel's values belong.",
                lambda kernel, n: _shared_matrix(np.ones(len(kernel)), n),
            ),
            (
                "The fractions are gone: the matrix is an array of integers.",
                lambda kernel, n: _shared_matrix(kernel, n).astype(int),
            ),
        ],
    )
