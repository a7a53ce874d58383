"""Arguments that are one number for both axes or a (height, width) pair, and what goes wrong with them."""

from collections.abc import Callable
from typing import Any

import numpy as np

Pair = int | tuple[int, int]  # one number for both axes, or (height, width)
Function = Callable[..., Any]

PAIRS = (
    "Does your function take (height, width) pairs? np.broadcast_to(value, 2) makes a pair of either kind."
)
NUMBERS = (
    "Does your function take one number for both axes? np.broadcast_to(value, 2) makes a pair of either kind."
)


def pair(value: Pair) -> tuple[int, int]:
    """(height, width) of either kind."""
    height, width = np.broadcast_to(value, 2)
    return int(height), int(width)


def ints_only(right: Function, error: type[Exception] = TypeError) -> Function:
    """`right`, with an error for a pair (and not for an int: a forgotten return is an error everywhere)."""

    def function(*arguments: Any) -> Any:
        if any(isinstance(argument, tuple) for argument in arguments):
            raise error
        return right(*arguments)

    return function


def pairs_only(right: Function, which: slice = slice(None)) -> Function:
    """`right`, with the TypeError of `height, width = value` for an int among `which` of the arguments.

    The first case then needs pairs, or half of all: an error everywhere is no sign of this one.
    """

    def function(*arguments: Any) -> Any:
        if any(isinstance(argument, int) for argument in arguments[which]):
            raise TypeError
        return right(*arguments)

    return function
