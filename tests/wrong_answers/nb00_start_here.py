"""Answers to the exercise of notebook 00."""

import numpy as np

from tests.wrong_answers import right, wrong


@right("add_one")
def in_a_loop(image):
    out = np.zeros(image.shape)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            out[row, column] = image[row, column] + 1
    return out


@right("add_one")
def as_lists(image):
    return [[float(value) + 1 for value in row] for row in image]


@right("add_one")
def in_single_precision(image):
    return np.asfortranarray(image, dtype=np.float32) + np.float32(1)


@wrong("add_one", hint="nothing was added")
def unchanged(image):
    return image


@wrong("add_one", hint="writes into its input")
def in_place(image):
    image += 1
    return image


@wrong("add_one", hint="does it end with a return".capitalize())
def no_return(image):
    image + 1


@wrong("add_one", hint="subtracted")
def minus(image):
    return image - 1


@wrong("add_one", hint="doubled")
def doubled(image):
    return image * 2


@wrong("add_one", hint="Only the first row")
def first_row(image):
    out = image.copy()
    out[0] += 1
    return out


@wrong("add_one", hint="one number")
def summed(image):
    return image.sum() + 1


@wrong("add_one", hint="without its fractions")
def truncated(image):
    return (image + 1).astype(int)


@wrong("add_one", hint="height (first) and width (second)")
def turned(image):
    return image.T + 1
