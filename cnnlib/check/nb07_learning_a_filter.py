"""The checks of notebook 07: the gradients of a convolution, a gradient check, a kernel found by its gradient."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlib import functional
from cnnlib.check.engine import Mistake, Student, exercise
from cnnlib.check.pairs import NUMBERS, PAIRS, Pair, ints_only, pair, pairs_only
from cnnlib.check.text import show, table

Array = NDArray[Any]
Gradients = tuple[Array, Array, Array]

# ---- conv2d_backward


def _slopes(fn: Callable[[Array], Any], x: Array, eps: float) -> Array:
    """The gradient of fn at x by central differences."""
    slopes = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        ahead, behind = x.astype(np.float64), x.astype(np.float64)
        ahead[index] += eps
        behind[index] -= eps
        slopes[index] = (fn(ahead) - fn(behind)) / (2 * eps)
    return slopes


def _conv2d_backward(
    grad_output: Array, input: Array, weight: Array, stride: Pair, padding: Pair
) -> Gradients:
    """By central differences alone; the loss is linear in each argument, so that a step of 1 is exact."""

    def loss(input: Array, weight: Array, bias: Array) -> float:
        return float(np.sum(grad_output * functional.conv2d(input, weight, bias, stride, padding)))

    bias = np.zeros(len(weight))
    return (
        _slopes(lambda x: loss(x, weight, bias), input, 1),
        _slopes(lambda w: loss(input, w, bias), weight, 1),
        _slopes(lambda b: loss(input, weight, b), bias, 1),
    )


def _backward(
    change: Callable[[Gradients], Any] = lambda gradients: gradients,
    flipped: bool = False,
    close: str = "",
    assign: str = "",
    uncropped: str = "",
    corner: bool = False,
    unpadded: bool = False,
) -> Callable[..., Any]:
    """The backward pass in loops, with a step done differently.

    `close` and `assign` name the gradients ("input", "weight") whose windows lie one pixel apart, or where = stands
    for +=; `uncropped` the axes that keep their padding; `corner` cuts it at the lower right only;
    `unpadded` reads the weight's windows from the input as it is.
    """

    def conv2d_backward(grad_output: Array, input: Array, weight: Array, stride: Pair, padding: Pair) -> Any:
        steps, (p_h, p_w), (height, width) = pair(stride), pair(padding), weight.shape[2:]
        padded = np.pad(input, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)))
        grads = {"input": np.zeros(padded.shape), "weight": np.zeros(weight.shape)}
        kernels, seen = weight[:, :, ::-1, ::-1] if flipped else weight, input if unpadded else padded
        for n, o, i, j in np.ndindex(grad_output.shape):
            for name, grad in grads.items():
                top, left = (i, j) if name in close else (i * steps[0], j * steps[1])
                window = (n, slice(None), slice(top, top + height), slice(left, left + width))
                part = grad[window] if name == "input" else grad[o]
                new = grad_output[n, o, i, j] * (kernels[o] if name == "input" else seen[window])
                part[...] = new if name in assign else part + new
        if corner:
            p_h, p_w = 0, 0
        rows = slice(None) if "rows" in uncropped else slice(p_h, p_h + input.shape[2])
        columns = slice(None) if "columns" in uncropped else slice(p_w, p_w + input.shape[3])
        return change((grads["input"][:, :, rows, columns], grads["weight"], grad_output.sum((0, 2, 3))))

    return conv2d_backward


def _edited(which: int, edit: Callable[[Array, Array], Any]) -> Callable[..., Any]:
    """The right gradients, one of them (or all, for -1) edited: `edit(gradient, grad_output)`."""

    def conv2d_backward(grad_output: Array, *rest: Any) -> Any:
        gradients = list(_backward()(grad_output, *rest))
        return tuple(
            edit(grad, grad_output) if which in (-1, index) else grad for index, grad in enumerate(gradients)
        )

    return conv2d_backward


def _only_read(grad_output: Array, input: Array, weight: Array, stride: Pair, padding: Pair) -> Gradients:
    """Rows and columns after the last window are missing from grad_input."""
    grads = _backward()(grad_output, input, weight, stride, padding)
    ends = [
        s * (n - 1) + k - p
        for s, n, k, p in zip(
            pair(stride), grad_output.shape[2:], weight.shape[2:], pair(padding), strict=True
        )
    ]
    return grads[0][:, :, : ends[0], : ends[1]], grads[1], grads[2]


def _negative_slice(
    grad_output: Array, input: Array, weight: Array, stride: Pair, padding: Pair
) -> Gradients:
    """The padding cut off with [p:-p], which is empty for 0."""
    p_h, p_w = pair(padding)
    grads = _backward(uncropped="rows columns")(grad_output, input, weight, stride, padding)
    return grads[0][:, :, p_h:-p_h, p_w:-p_w], grads[1], grads[2]


def _small(grad_output: Array, input: Array, weight: Array, stride: Pair, padding: Pair) -> Gradients:
    """The gradient of the input as of a smaller image, convolved with stride 1."""
    shape = [n + k - 1 for n, k in zip(grad_output.shape[2:], weight.shape[2:], strict=True)]
    image = np.zeros((*input.shape[:2], *shape))
    (p_h, p_w), whole = pair(padding), _backward()(grad_output, input, weight, stride, padding)
    grad = _backward()(grad_output, image, weight, 1, 0)[0]
    return grad[:, :, p_h : shape[0] - p_h, p_w : shape[1] - p_w], whole[1], whole[2]


def _in_order(order: tuple[int, ...], gradients: Gradients) -> tuple[Array, ...]:
    return tuple(gradients[index] for index in order)


def _other(
    stride: Callable[[Pair], Pair] = lambda s: s, padding: Callable[[Pair], Pair] = lambda p: p
) -> Callable[..., Any]:
    """The right gradients of another stride or padding, where its windows lie inside the image."""

    def conv2d_backward(g: Array, x: Array, w: Array, s: Pair, p: Pair) -> Gradients:
        gradients: Gradients = _backward()(g, x, w, stride(s), padding(p))
        return gradients

    return conv2d_backward


def _refuses_fractions(g: Array, x: Array, w: Array, s: Pair, p: Pair) -> Any:
    """What NumPy does where += adds fractions to integers."""
    if g.dtype.kind == "f" and x.dtype.kind == "i":
        raise TypeError
    return _backward()(g, x, w, s, p)


def _cases() -> list[tuple[Any, ...]]:
    rng = np.random.default_rng(7)

    def floats(output: Any, image: Any, weight: Any, stride: Pair, padding: Pair) -> tuple[Any, ...]:
        return (*(rng.standard_normal(shape) for shape in (output, image, weight)), stride, padding)

    image = np.array([[[[1, 2, 0], [3, 1, 4]]]])
    kernel = np.array([[[[1, -1], [2, 3]]]])
    grad = np.array([[[[1, 10]]]])
    long = np.array([[[[1, 2, 0, 1, 3, 2, 5], [3, 1, 4, 0, 2, 1, 1]]]])
    wide = np.array([[[[1, -1, 2], [0, 3, 1]]]])
    images, kernels = np.concatenate([image, 5 - 2 * image]), np.concatenate([kernel, 2 * kernel + 1])
    # As many cases with pairs as without, a pair first: a TypeError everywhere is no sign of either.
    return [
        (grad, image, kernel, (1, 1), (0, 0)),
        (grad, long, wide, (1, 3), 0),
        (grad, image, kernel, 2, (0, 1)),
        (np.array([[[[1, 10], [-2, 3], [5, 0]]]]), image, kernel, 1, (1, 0)),
        (np.array([[[[1, 10]], [[2, 0]]], [[[3, -1]], [[0, 4]]]]), images, kernels, 1, 0),
        (grad / 4, image, kernel, 1, 0),
        floats((3, 7, 5, 2), (3, 2, 12, 6), (7, 2, 3, 4), (2, 3), (0, 1)),
        floats((2, 2, 6, 4), (2, 3, 5, 4), (2, 3, 2, 3), 1, 1),
        floats((1, 2, 2, 3), (1, 3, 4, 5), (2, 3, 1, 1), 2, 0),
        floats((2, 3, 4, 4), (2, 2, 7, 6), (3, 2, 3, 2), 2, 1),
    ]


FLIPPED = (
    "Your {} is the right one for the flipped kernel. Each window hands the kernel back as it stands. If you slide a "
    "kernel over grad_output instead, that one has to be flipped in both axes."
)
CLOSE = (
    "The stride is missing in {}: its windows lie one pixel apart. Output (i, j) read the window at (i * sh, j * sw), "
    "so that is where its gradient goes. (If you slide over grad_output: put stride - 1 zeros between its values.)"
)
BORDER = "Your grad_input is the padded input's gradient, or a wrong part of it: cut the padding off on all four sides."
MEAN = "You took a mean. Every image and every place counts in full: the parts of a gradient are added up."
OVERLAP = (
    "In {} only the last window is left where several meet: an = overwrites what earlier windows wrote. "
    "Add to it: +=."
)
UNREAD = "Your grad_input is smaller than the input. Pixels that no window reads belong to it too: their gradient is 0."
CUT = "The fractions of {} are cut off: it is stored in an array of integers. Make it an array of floats."
CAST = (
    "The input and the weight are integers in this case, grad_output has fractions: NumPy does not add those to an "
    "array of integers. Make the arrays that you add to with np.zeros(shape), not zeros_like."
)
SHARED = "Your {} comes from one image only. The same kernels looked at all of them: add up over the batch."


@exercise(
    "Write the forward pass as loops over image, output channel, row and column. Each step reads one window and one "
    "kernel and makes one output. What does that output's gradient mean for the window, and what for the kernel?",
    "In the loop, with g = grad_output[n, o, i, j]: add g * weight[o] to the same window of zeros of the padded "
    "input's shape, and g * window to grad_weight[o]. At the end cut the padding off; sum grad_output for the bias.",
)
def conv2d_backward(student: Student) -> None:
    each: dict[str, Any] = {"grad_input": "input", "grad_weight": "weight"}
    both = "grad_input and grad_weight"
    mistakes: list[Mistake] = [
        (FLIPPED.format("grad_input"), _backward(flipped=True)),
        (FLIPPED.format("grad_weight"), _edited(1, lambda w, g: w[:, :, ::-1, ::-1])),
        ("Your grad_input is mirrored.", _edited(0, lambda x, g: x[:, :, ::-1, ::-1])),
        *((CLOSE.format(name), _backward(close=part)) for name, part in each.items()),
        (CLOSE.format(both), _backward(close="input weight")),
        (CLOSE.format("grad_input"), _small),
        *((OVERLAP.format(name), _backward(assign=part)) for name, part in each.items()),
        (OVERLAP.format(both), _backward(assign="input weight")),
        (
            "For grad_weight you cut the windows from the input without its padding. The padded one was read.",
            _backward(unpadded=True),
        ),
        (BORDER, _backward(uncropped="rows columns")),
        (BORDER, _backward(uncropped="rows")),
        (BORDER, _backward(uncropped="columns")),
        (BORDER, _backward(corner=True)),
        (
            "You cut the padding off with [p:-p]. Where p is 0 that keeps nothing: end at p + the input's size.",
            _negative_slice,
        ),
        (UNREAD, _only_read),
        (MEAN, _edited(1, lambda w, g: w / (g.size / g.shape[1]))),
        (MEAN, _edited(1, lambda w, g: w / (g.shape[2] * g.shape[3]))),
        (MEAN, _edited(2, lambda b, g: g.mean((0, 2, 3)))),
        (MEAN, _edited(2, lambda b, g: b / (g.shape[2] * g.shape[3]))),
        *((MEAN, _edited(which, lambda x, g: x / len(g))) for which in (-1, 1, 2)),
        (SHARED.format("grad_weight"), _one_image(0)),
        (SHARED.format("grad_weight"), _one_image(-1)),
        (
            "Your grad_bias is not added up over images, rows and columns: one number per output channel is left.",
            _edited(2, lambda b, g: g.sum((2, 3))),
        ),
        (
            "Your grad_bias is one number for all output channels. Each channel has a bias of its own.",
            _edited(2, lambda b, g: g.sum()),
        ),
        (
            "Your grad_bias counts places. Each place counts as much as its grad_output says.",
            _edited(2, lambda b, g: np.full(len(b), g.size // len(b))),
        ),
        (
            "Your grad_bias is 0. The bias is added at every place, so it has a gradient.",
            _edited(2, lambda b, g: 0 * b),
        ),
        (
            "grad_output plays no part in your grad_weight. Each window counts as much as its output's gradient says.",
            lambda g, x, w, s, p: (
                _backward()(g, x, w, s, p)[0],
                _backward()(np.ones(g.shape), x, w, s, p)[1],
                g.sum((0, 2, 3)),
            ),
        ),
        *(
            (
                "The order of the results is grad_input, grad_weight, grad_bias.",
                _backward(partial(_in_order, order)),
            )
            for order in permutations(range(3))
            if order != (0, 1, 2)
        ),
        (
            "Your grad_input comes from one output channel only. Every output channel read the pixel: add up.",
            lambda g, x, w, s, p: (
                _backward()(g[:, :1], x, w[:1], s, p)[0],
                *_backward()(g, x, w, s, p)[1:],
            ),
        ),
        ("All your signs are turned. The gradient points uphill.", _edited(-1, lambda x, g: -x)),
        (CUT.format("grad_input"), _edited(0, lambda x, g: np.trunc(x))),
        (CUT.format("grad_weight"), _edited(1, lambda w, g: np.trunc(w))),
        (CUT.format(both), _backward(lambda r: (np.trunc(r[0]), np.trunc(r[1]), r[2]))),
        (
            "Height and width of the stride are swapped: the first number is for rows.",
            _other(lambda s: pair(s)[::-1]),
        ),
        (
            "Height and width of the padding are swapped: the first number is for rows.",
            _other(padding=lambda p: pair(p)[::-1]),
        ),
        (CAST, _refuses_fractions),
        (NUMBERS, pairs_only(_backward())),
        (PAIRS, ints_only(_backward())),
    ]
    student.compare(_conv2d_backward, _cases(), mistakes)


def _one_image(index: int) -> Callable[..., Any]:
    """grad_weight from one image of the batch."""

    def conv2d_backward(g: Array, x: Array, w: Array, s: Pair, p: Pair) -> Gradients:
        whole, one = _backward()(g, x, w, s, p), _backward()(g[index][None], x[index][None], w, s, p)
        return whole[0], one[1], whole[2]

    return conv2d_backward


# ---- gradient_check

Fn = Callable[[Array], Any]


@dataclass(frozen=True)
class Named:
    """A function of an array with a name that a person can read in the message."""

    name: str
    function: Fn

    def __call__(self, x: Array) -> Any:
        """Return the function's number at x."""
        return self.function(x)

    def __repr__(self) -> str:
        return f"<{self.name}>"


def _ratio(n: Array, g: Array) -> float:
    norms = float(np.linalg.norm(n) + np.linalg.norm(g))
    return float(np.linalg.norm(n - g)) / norms if norms else 0.0


def _measured(
    slopes: Callable[[Fn, Array, float], Array] = _slopes, ratio: Callable[[Array, Array], Any] = _ratio
) -> Callable[..., Any]:
    """The right check, or one with a step done differently."""

    def gradient_check(fn: Fn, x: Array, grad: Array, eps: float = 1e-5) -> Any:
        with np.errstate(all="ignore"):
            return ratio(slopes(fn, x, eps), grad)

    return gradient_check


def _stepping(ahead: float = 1, behind: float = 1, over: float = 2) -> Callable[[Fn, Array, float], Array]:
    """(fn(x + ahead * eps) - fn(x - behind * eps)) / (over * eps), entry by entry."""

    def slopes(fn: Fn, x: Array, eps: float) -> Array:
        out = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            one, two = x.copy(), x.copy()
            one[index] += ahead * eps
            two[index] -= behind * eps
            out[index] = (fn(one) - fn(two)) / (over * eps)
        return out

    return slopes


def _never_put_back(fn: Fn, x: Array, eps: float, back: float = 0) -> Array:
    moved, out = x.copy(), np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        moved[index] += eps
        one = fn(moved)
        moved[index] -= 2 * eps
        out[index] = (one - fn(moved)) / (2 * eps)
        moved[index] += back * eps
    return out


def _by_rows(fn: Fn, x: Array, eps: float) -> Array:
    """len(x) steps, each of a whole row."""
    out = np.zeros(x.shape)
    for row in range(len(x)):
        one, two = x.copy(), x.copy()
        one[row] += eps
        two[row] -= eps
        out[row] = (fn(one) - fn(two)) / (2 * eps)
    return out


def _at_once(fn: Fn, x: Array, eps: float) -> Array:
    return np.full(x.shape, (fn(x + eps) - fn(x - eps)) / (2 * eps))


def _single_x(fn: Fn, x: Array, eps: float) -> Array:
    return _slopes_in(np.float32)(fn, x.astype(np.float32), eps)


def _slopes_in(dtype: Any) -> Callable[[Fn, Array, float], Array]:
    """Steps taken in the type of x, the slopes stored in `dtype`."""

    def slopes(fn: Fn, x: Array, eps: float) -> Array:
        return _stepping()(fn, x, eps).astype(dtype)

    return slopes


def _fixed_eps(fn: Fn, x: Array, eps: float) -> Array:
    return _slopes(fn, x, 1e-5)


def _per_entry(choose: Callable[[Array], Any]) -> Callable[[Array, Array], Any]:
    return lambda n, g: choose(np.nan_to_num(np.abs(n - g) / (np.abs(n) + np.abs(g))))


def _norms(order: Any) -> Callable[[Array, Array], Any]:
    """The ratio with another norm of the flattened arrays."""

    def norm(x: Array) -> Any:
        return np.linalg.norm(x.ravel(), order)

    return lambda n, g: norm(n - g) / (norm(n) + norm(g))


def _sq(x: Array) -> Any:
    return np.sum(x * x)


ONE_SIDED = (
    "These are one-sided differences: their error shrinks like eps. Step to both sides of x and divide by 2 * eps; "
    "then it shrinks like eps squared."
)
SINGLE = (
    "Single precision keeps 7 digits, too few for the difference of two nearly equal numbers. Keep x and the slopes "
    "in float64."
)
ENTRY_BY_ENTRY = (
    "You averaged over entries, or took the worst. Here a norm of whole arrays is asked for: one ratio."
)
NORM = "The norm here is the root of the sum of squares: np.linalg.norm(a.ravel())."
DENOMINATOR = "The denominator is the sum of the two norms, ||n|| + ||g||."
FLAT = (
    "This is what slopes of nearly 0 lead to. Is x really moved, up in one copy and down in another, and is the "
    "difference divided by 2 * eps, in brackets? a / 2 * eps is (a / 2) * eps."
)
BACK = (
    "Entries that you have moved stay moved. Step one entry at a time, with all others at their own values."
)
WHOLE = "You moved several entries at once. Each slope belongs to one entry: use np.ndindex(x.shape) for any shape."

_COSTS: Array = np.array([[0.3, -1.2, 0.7], [2.1, 0.4, -0.9]])
_PRODUCT = Named("x[0]**2 * x[1]", lambda x: x[0] ** 2 * x[1])
_SWING = Named("(sum of C * x)**3 / 9", lambda x: np.sum(_COSTS * x) ** 3 / 9)


def _swing_gradient(x: Array) -> Array:
    return np.asarray(np.sum(_COSTS * x) ** 2 / 3 * _COSTS)


@exercise(
    "Two parts: an array n of slopes, one entry of x at a time, and one number that compares it with grad.",
    "For each index in np.ndindex(x.shape), copy x twice, add eps at the index of the one, subtract it in the other: "
    "n[index] = (fn(one) - fn(two)) / (2 * eps). Then the norm of n - grad over the sum of the two norms.",
)
def gradient_check(student: Student) -> None:
    point = np.array([3.0, 2.0])
    for grad in (np.array([5.0, 12.0]), np.array([-12.0, 36.0])):
        _judge_value(student, (_PRODUCT, point, grad))
    for fn, x, grad in _cubics():
        _judge_accuracy(student, (fn, x, grad))
    for arguments in _planted():
        _judge_value(student, arguments)


def _cubics() -> list[tuple[Fn, Array, Array]]:
    """Functions with their right gradients, of one, two and four axes; one of them constant."""
    rng = np.random.default_rng(77)
    x, image, weight = rng.normal(size=(2, 3)), rng.normal(size=(1, 2, 5, 4)), rng.normal(size=(2, 2, 2, 3))
    grad_output = rng.normal(size=(1, 2, 4, 2))
    loss = Named("loss of a convolution", lambda w: np.sum(grad_output * functional.conv2d(image, w)))
    point = np.array([1.3, -0.7, 2.1])
    return [
        (_PRODUCT, np.array([3.0, 2.0]), np.array([12.0, 9.0])),
        (Named("sum of x**3", lambda x: np.sum(x**3)), point, 3 * point**2),
        (_SWING, x, _swing_gradient(x)),
        (loss, weight, functional.conv2d_backward(grad_output, image, weight)[1]),
        (Named("always 5", lambda x: 5.0), np.array([1.0, 2.0]), np.zeros(2)),
    ]


def _planted() -> list[tuple[Any, ...]]:
    """Wrong gradients of all kinds, and other sizes of step."""
    _, (cube, point, right), (swing, x, slope), (loss, weight, conv), (constant, _, _) = _cubics()
    return [
        (cube, point, right * 1.01),
        (swing, x, slope * 0.99),
        (swing, x, -slope),
        (swing, x, np.zeros(x.shape)),
        (loss, weight, conv[:, :, ::-1, ::-1]),
        (loss, weight, conv / conv[0].size),
        (constant, point, np.array([1.0, 0.0, 2.0])),
        (cube, point, right, 0.5),
        (swing, x, slope, 0.25),
    ]


_MISTAKES: list[tuple[str, Callable[..., Any]]] = [
    (ONE_SIDED, _measured(_stepping(1, 0, 1))),
    (ONE_SIDED, _measured(_stepping(0, 1, 1))),
    (
        "You step to both sides: x + eps and x - eps lie 2 * eps apart. Divide by that.",
        _measured(_stepping(1, 1, 1)),
    ),
    (
        "Your slopes are half of the right ones: fn(x + eps) - fn(x) belongs to a step of eps. Step to both sides.",
        _measured(_stepping(1, 0, 2)),
    ),
    (
        "This is what slopes of the wrong sign lead to: fn(x + eps) comes first, and the two gradients are subtracted.",
        _measured(_stepping(-1, -1, 2)),
    ),
    (FLAT, _measured(lambda fn, x, eps: 0 * x)),
    (FLAT, _measured(lambda fn, x, eps: _slopes(fn, x, eps) * 2 * eps)),
    (FLAT, _measured(lambda fn, x, eps: _slopes(fn, x, eps) * eps * eps)),
    (SINGLE, _measured(_single_x)),
    (SINGLE, _measured(_slopes_in(np.float32))),
    (BACK, _measured(_never_put_back)),
    (BACK, _measured(partial(_never_put_back, back=2))),
    (WHOLE, _measured(_by_rows)),
    (WHOLE, _measured(_at_once)),
    ("Your step is always 1e-5. Use the argument eps.", _measured(_fixed_eps)),
    (
        "This is the distance itself. Divide by ||n|| + ||g||, or the result depends on how large gradients are.",
        _measured(ratio=lambda n, g: np.linalg.norm(n - g)),
    ),
    (
        "This is the largest difference. Take norms, and divide by ||n|| + ||g||.",
        _measured(ratio=lambda n, g: np.abs(n - g).max()),
    ),
    (
        "This is a mean difference. Take norms, and divide by ||n|| + ||g||.",
        _measured(ratio=lambda n, g: np.sqrt(np.mean((n - g) ** 2))),
    ),
    (
        "This is the square of the ratio: take the roots that belong to the norms.",
        _measured(ratio=lambda n, g: _ratio(n, g) ** 2),
    ),
    (DENOMINATOR + " Not its half.", _measured(ratio=lambda n, g: 2 * _ratio(n, g))),
    (DENOMINATOR, _measured(ratio=lambda n, g: np.linalg.norm(n - g) / np.linalg.norm(n))),
    (DENOMINATOR, _measured(ratio=lambda n, g: np.linalg.norm(n - g) / np.linalg.norm(g))),
    (DENOMINATOR, _measured(ratio=lambda n, g: np.linalg.norm(n - g) / np.linalg.norm(n + g))),
    (
        DENOMINATOR,
        _measured(ratio=lambda n, g: np.linalg.norm(n - g) / max(np.linalg.norm(n), np.linalg.norm(g))),
    ),
    (
        "The sum in the denominator needs brackets: a / b + c is (a / b) + c.",
        _measured(ratio=lambda n, g: np.linalg.norm(n - g) / np.linalg.norm(n) + np.linalg.norm(g)),
    ),
    (NORM, _measured(ratio=_norms(1))),
    (NORM, _measured(ratio=_norms(np.inf))),
    (NORM, _measured(ratio=lambda n, g: _sq(n - g) / (_sq(n) + _sq(g)))),
    (NORM, _measured(ratio=lambda n, g: np.sqrt(_sq(n - g) / (_sq(n) + _sq(g))))),
    (
        "Differences that point up and down cancel in a sum. Square them: use norms.",
        _measured(ratio=lambda n, g: abs(np.sum(n - g)) / (abs(np.sum(n)) + abs(np.sum(g)))),
    ),
    (
        "You compared two lengths. Two gradients of one length can point anywhere: take the norm of n - grad.",
        _measured(
            ratio=lambda n, g: (
                abs(np.linalg.norm(n) - np.linalg.norm(g)) / (np.linalg.norm(n) + np.linalg.norm(g))
            )
        ),
    ),
    (ENTRY_BY_ENTRY, _measured(ratio=_per_entry(np.mean))),
    (ENTRY_BY_ENTRY, _measured(ratio=_per_entry(np.max))),
    (
        "Your result is 0 or 1. Return the ratio, not a verdict: what is small enough is for the caller to say.",
        _measured(ratio=lambda n, g: _ratio(n, g) < 1e-6),
    ),
]


def _described(arguments: tuple[Any, ...]) -> str:
    """The call as a person reads it."""
    names = ("fn", "x", "grad", "eps")[: len(arguments)]
    given = [table(value, label=name) for name, value in zip(names, arguments, strict=True)]
    return "\n".join([f"gradient_check({', '.join(names)}) with", *given])


def _judge_value(student: Student, arguments: tuple[Any, ...]) -> None:
    """A ratio that is known: planted wrong gradients."""
    with np.errstate(all="ignore"):
        got = student.call(*arguments)
    leads = [(hint, partial(mistake, *arguments)) for hint, mistake in _MISTAKES]
    student.agree(_described(arguments), _measured()(*arguments), got, leads)


def _judge_accuracy(student: Student, arguments: tuple[Any, ...]) -> None:
    """A ratio that has to be below 1e-9, or exactly 0 where both norms are: the right gradient."""
    tried = _described(arguments) + "\nThis grad is right."
    with np.errstate(all="ignore"):
        value = student.numbers(student.call(*arguments), tried)
    if not np.any(arguments[2]):
        hint = "Both gradients are 0 here, which is perfect agreement: return 0 instead of dividing 0 by 0."
        student.require(value.shape == () and value == 0, tried, 0, value, hint)
        return
    single = "The ratio is one number, a quotient of norms of whole arrays."
    student.require(value.shape == (), tried, "one number", f"an array of shape {value.shape}", single)
    small = 0 <= float(value) < 1e-9
    leads = ((hint, np.asarray(mistake(*arguments))) for hint, mistake in _MISTAKES)
    known = (
        hint
        for hint, lead in leads
        if lead.shape == value.shape and np.allclose(lead, value, rtol=0.05, atol=0)
    )
    other = "Right here means below 1e-9: central differences, a step of 1e-5, all of it in float64, no entry left out."
    student.require(
        small, tried, "one number from 0 to below 1e-9", show(value), "" if small else next(known, other)
    )


# ---- learn_kernel


def _respond(image: Array, kernel: Array) -> Array:
    response: Array = functional.conv2d(image[None, None], kernel[None, None])[0, 0]
    return response


@exercise(
    "The loss is the mean of the squared errors. Its gradient at the output is 2 * error / error.size; what "
    "conv2d_backward makes of that is the gradient of the kernel.",
    "Start from zeros of shape (1, 1, kH, kW). Repeat: error = functional.conv2d(image, kernel) - target, with the "
    "image and target as (1, 1, H, W); grad_weight by functional.conv2d_backward; kernel -= 0.2 * grad_weight.",
)
def learn_kernel(student: Student) -> None:
    rng = np.random.default_rng(777)
    first = rng.normal(size=(22, 17))
    _judge_kernel(student, first, np.array([[1.2, 2.3, -0.4], [-1.3, 0.6, -2.2]]), (2, 3))
    _judge_kernel(student, rng.normal(size=(19, 25)), rng.normal(size=(3, 3)), 3)
    _judge_kernel(student, rng.normal(size=(28, 20)), np.round(rng.normal(size=(5, 2)), 1), (5, 2))
    _judge_kernel(student, rng.normal(size=(16, 21)), rng.normal(size=(1, 4)), (1, 4), 300)


def _judge_kernel(student: Student, image: Array, hidden: Array, *rest: Any) -> None:
    target = _respond(image, hidden)
    call = f"learn_kernel(image, target, {', '.join(map(repr, rest))})"
    tried = f"{call} with\na noise image of shape {image.shape} and its target of shape {target.shape}"
    with np.errstate(all="ignore"):
        value = student.numbers(student.call(image, target, *rest), tried)
    if value.shape != hidden.shape:
        hint = f"The kernel has the shape {hidden.shape}: kernel_size is one number for both sides, or (height, width)."
        student.fail(tried, f"a kernel of shape {hidden.shape}", f"an array of shape {value.shape}", hint)
    found = value.astype(np.float64)
    right = bool(np.isfinite(found).all()) and float(np.abs(found - hidden).max()) <= 1e-2
    student.require(right, tried, hidden, found, "" if right else _kernel_hint(found, image, hidden))


def _kernel_hint(found: Array, image: Array, hidden: Array) -> str:
    """What a kernel that is not the hidden one looks like."""
    if not np.isfinite(found).all() or np.abs(found).max() > 1e3:
        return (
            "The kernel blew up. Either each step jumps over the valley and lands higher than before (take a smaller "
            "learning rate; a mean, not a sum, in the loss), or the steps go uphill (subtract the gradient)."
        )
    known = [
        (
            "This is the hidden kernel flipped in both axes: your forward pass flips, the target was made without.",
            hidden[::-1, ::-1],
        ),
        ("This is the hidden kernel upside down.", hidden[::-1]),
        ("This is the hidden kernel mirrored left to right.", hidden[:, ::-1]),
        ("This is the hidden kernel with its sign turned.", -hidden),
        ("The kernel is still 0. Is the step ever taken, and are the values floats?", 0 * hidden),
        ("Fractions are missing: the kernel is stored or returned in whole numbers.", np.round(hidden)),
        ("Fractions are missing: the kernel is stored or returned in whole numbers.", np.trunc(hidden)),
    ]
    for hint, kernel in known:
        if np.abs(found - kernel).max() <= 2e-2:
            return hint
    if np.ptp(found) < 1e-9:
        return "All numbers are equal: every one needs a gradient of its own, not their mean or sum."
    error = _respond(image, found - hidden)
    loss, before = float(np.mean(error**2)), float(np.mean(_respond(image, hidden) ** 2))
    if loss < before:
        return (
            f"On the way, not there yet: the loss fell from {before:.3g} to {loss:.2g}, it can get to 0. Take all the "
            "steps, with a larger learning rate, on all of the image, and return the kernel after the last one."
        )
    return (
        f"The loss of this kernel is {loss:.3g}; all zeros have {before:.3g}. Is the gradient that of the mean squared "
        "error, and is the kernel changed against it, a little at a time?"
    )
