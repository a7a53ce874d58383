"""The checks of notebook 13: matched widths, accuracy over shifts, the shuffle experiment, mean and spread."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from cnnlib import fair
from cnnlib.check.engine import Student, exercise
from cnnlib.check.nb10_train_a_convnet import _random_states

Array = NDArray[Any]


@dataclass(frozen=True, repr=False)
class _Named:
    """A function that is printed as a formula or in words."""

    text: str
    function: Callable[[Any], Any]

    def __call__(self, value: Any) -> Any:
        return self.function(value)

    def __repr__(self) -> str:
        return self.text


# ---- matched_width


def _count(text: str, function: Callable[[int], int]) -> _Named:
    def checked(width: int) -> int:
        if width < 1:
            raise ValueError(f"count_params: width expects 1 or more, got {width}")
        return function(int(width))

    return _Named(f"lambda width: {text}", checked)


def _first(condition: Callable[[int], bool]) -> int:
    return next(width for width in range(1, 6000) if condition(width))


def _by_distance(distance: Callable[[int, int], float], last: bool = False) -> Callable[..., int]:
    """The width of the smallest `distance(count, budget)`; of equal ones the first or the last."""

    def width(budget: int, count_params: Callable[[int], int]) -> int:
        widths = range(1, 3000)
        return min(reversed(widths) if last else widths, key=lambda w: distance(count_params(w), budget))

    return width


_nearest = _by_distance(lambda count, budget: abs(count - budget))


@exercise(
    "Go up from width 1 until the count is no longer below the budget. Which two widths can be nearest?",
    "Compare budget - count_params(width - 1) with count_params(width) - budget; if they are equal take the smaller.",
)
def matched_width(student: Student) -> None:
    affine, even = _count("7 * width + 10", lambda w: 7 * w + 10), _count("2 * width", lambda w: 2 * w)
    square = _count("40 * width ** 2", lambda w: 40 * w**2)
    dense = _count("1937 * width + (width + 1) * 10", lambda w: 1937 * w + (w + 1) * 10)
    macs = _count("1946 * width", lambda w: 1946 * w)
    cases = [(96, affine), (99, affine), (94, affine), (7, even), (5, affine), (18, affine), (17, affine),
             (495, square), (505, square), (39_674, dense), (5_250_944, macs)]  # fmt: skip
    student.compare(
        fair.matched_width,
        cases,
        [
            ("You return the first width whose count reaches the budget. The one before it may be nearer.",
             lambda budget, count_params: _first(lambda w: count_params(w) >= budget)),
            ("You return the first width whose count is above the budget. The one before it may be nearer.",
             lambda budget, count_params: _first(lambda w: count_params(w) > budget)),
            ("You return the last width within the budget. The next one may be nearer.",
             lambda budget, count_params: max(_first(lambda w: count_params(w) > budget) - 1, 1)),
            ("You return the last width within the budget. The next one may be nearer.",
             lambda budget, count_params: _first(lambda w: count_params(w) > budget) - 1),
            ("You return the last width below the budget. The next one may be nearer.",
             lambda budget, count_params: max(_first(lambda w: count_params(w) >= budget) - 1, 1)),
            ("Where two counts are equally near you take the larger width; the smaller is asked for.",
             _by_distance(lambda count, budget: abs(count - budget), last=True)),
            ("This is one width too many.", lambda budget, count_params: _nearest(budget, count_params) + 1),
            ("This is one width too few.", lambda budget, count_params: _nearest(budget, count_params) - 1),
            ("This is the budget. Return the width whose *count* is nearest to it.",
             lambda budget, count_params: min(budget, 4999)),
            ("This is the count. Return the width.",
             lambda budget, count_params: count_params(_nearest(budget, count_params))),
            ("This is the distance to the budget. Return the width.",
             lambda budget, count_params: abs(count_params(_nearest(budget, count_params)) - budget)),
            ("A count far below the budget is not near it: compare the distances without their sign.",
             _by_distance(lambda count, budget: count - budget)),
            ("You divided the budget by the count of width 1. A count need not grow in proportion to the width.",
             lambda budget, count_params: max(round(budget / count_params(1)), 1)),
            ("You divided the budget by the count of width 1. A count need not grow in proportion to the width.",
             lambda budget, count_params: budget // count_params(1)),
            ("You went on in steps of the first increase. A count need not grow by the same number with every width.",
             lambda budget, count_params: max(1, 1 + round(_steps(budget, count_params)))),
            ("You went on in steps of the first increase. A count need not grow by the same number with every width.",
             lambda budget, count_params: max(1, round(1 + _steps(budget, count_params)))),
            ("Nearest means the smallest difference of the counts, not of the widths, nor the ratio nearest to 1.",
             _by_distance(lambda count, budget: abs(math.log(count / budget)))),
            ("A width is 1 or more, also where even that is over the budget.",
             lambda budget, count_params: _nearest(budget, count_params) if budget >= count_params(1) else 0),
            ("Your search ends too early: there may be thousands of widths.",
             lambda budget, count_params: min(range(1, 1000), key=lambda w: abs(count_params(w) - budget))),
            ("Your search ends too early: there may be thousands of widths.",
             lambda budget, count_params: min(range(1, 100), key=lambda w: abs(count_params(w) - budget))),
        ],
        tolerance=0,
        kind="integer",
    )  # fmt: skip


def _steps(budget: int, count_params: Callable[[int], int]) -> float:
    return (budget - count_params(1)) / (count_params(2) - count_params(1))


# ---- shift_curve


def _brightest_column(images: Any) -> Tensor:
    return torch.as_tensor(images).flatten(1).argmax(1) % torch.as_tensor(images).shape[-1]


def _scores(height: int, width: int) -> _Named:
    """Class numbers 0 to 3 that any change of a pixel may change."""
    weight = (
        torch.rand(height * width, 4, generator=torch.Generator().manual_seed(13), dtype=torch.float64) - 0.5
    )

    def predict(images: Any) -> Tensor:
        images = torch.as_tensor(images)
        if tuple(images.shape[1:]) != (1, height, width):
            raise RuntimeError(
                f"predict: expects images (N, 1, {height}, {width}), got {tuple(images.shape)}"
            )
        answers: Tensor = (images.flatten(1).double() @ weight).argmax(1)
        return answers

    return _Named("a net's answers", predict)


def _moved(images: Tensor, down: int = 0, right: int = 0, fill: str = "black") -> Tensor:
    """Images moved down and to the right; what comes in is black, what has left, or the border repeated."""
    if fill == "wrapped":
        return images.roll((down, right), (-2, -1))
    height, width = images.shape[-2:]
    padded: Tensor = F.pad(
        images.double(), (abs(right),) * 2 + (abs(down),) * 2, "replicate" if fill == "border" else "constant"
    )
    top, left = abs(down) - down, abs(right) - right
    window: Tensor = padded[..., top : top + height, left : left + width]
    return window


def _curve_with(
    move: Callable[[Tensor, int], Tensor], refuse: Callable[[Tensor, int], Any] | None = None
) -> Callable[..., list[float]]:
    """A shift curve with another move, that refuses what the right one refuses unless told otherwise."""

    def curve(predict: Any, images: Tensor, labels: Tensor, shifts: Sequence[int]) -> list[float]:
        answers = []
        for shift in shifts:
            ink = images[..., images.shape[-1] - shift :].any() if refuse is None else refuse(images, shift)
            if ink:
                raise ValueError("ink would leave")
            answers.append(float((predict(move(images, shift)) == labels).double().mean()))
        return answers

    return curve


def _never(images: Tensor, shift: int) -> bool:
    return False


def _cumulative(predict: Any, images: Tensor, labels: Tensor, shifts: Sequence[int]) -> list[float]:
    try:
        return fair.shift_curve(predict, images, labels, np.cumsum(shifts).tolist())
    except ValueError:
        raise ValueError from None  # in whatever words


def _by_the_smallest_shift(
    predict: Any, images: Tensor, labels: Tensor, shifts: Sequence[int]
) -> list[float]:
    if images[..., images.shape[-1] - min(shifts) :].any():
        raise ValueError("ink would leave")
    return _curve_with(lambda x, s: _moved(x, right=s), _never)(predict, images, labels, shifts)


def _scaled(change: Callable[[float, int], float]) -> Callable[..., list[float]]:
    return lambda predict, images, labels, shifts: [
        change(value, len(images)) for value in fair.shift_curve(predict, images, labels, shifts)
    ]


_CUT = "Strokes are cut away at the right border. Raise ValueError instead: cutting is not moving."
_WRAP = "What leaves on the right comes in on the left. Raise ValueError where ink would leave, and fill with zeros."
_LEAVES = "You refuse a shift that fits: the ink just reaches the last column."
_LEFT = "You look for ink on the left. With a shift to the right it leaves on the right."

_SHIFT_MISTAKES: list[tuple[str, Callable[..., list[float] | float]]] = [
    ("Your images move to the left.", _curve_with(lambda x, s: _moved(x, right=-s))),
    ("Your images move to the left.", _curve_with(lambda x, s: _moved(x, right=-s, fill="wrapped"))),
    ("Your images move down. Width is the last axis.", _curve_with(lambda x, s: _moved(x, down=s))),
    ("Your images move down. Width is the last axis.", _curve_with(lambda x, s: _moved(x, down=s, fill="wrapped"))),
    ("Your images move down. Width is the last axis.", _curve_with(lambda x, s: _moved(x, down=s), _never)),
    ("Your images move down. Width is the last axis.",
     _curve_with(lambda x, s: _moved(x, down=s, fill="wrapped"), _never)),
    ("Your images move to the left.", _curve_with(lambda x, s: _moved(x, right=-s), _never)),
    ("Your images move to the left.", _curve_with(lambda x, s: _moved(x, right=-s, fill="wrapped"), _never)),
    ("Your images move down as well as to the right.", _curve_with(lambda x, s: _moved(x, s, s))),
    ("Your images do not move.", _curve_with(lambda x, s: x)),
    ("Your images do not move.", _curve_with(lambda x, s: x, _never)),
    ("You shift what is already shifted. Each shift starts from the images as they came.", _cumulative),
    ("What comes in on the left is the border repeated. Fill with zeros.",
     _curve_with(lambda x, s: _moved(x, right=s, fill="border"))),
    (_CUT, _curve_with(lambda x, s: _moved(x, right=s), _never)),
    (_WRAP, _curve_with(lambda x, s: _moved(x, right=s, fill="wrapped"), _never)),
    ("You look for ink in one column too few: the last column of ink is cut away.",
     _curve_with(lambda x, s: _moved(x, right=s), lambda x, s: x[..., x.shape[-1] - s + 1 :].any())),
    ("You look for ink in one column too few: the last column of ink is cut away.",
     _curve_with(lambda x, s: _moved(x, right=s), lambda x, s: s > 1 and x[..., x.shape[-1] - s + 1 :].any())),
    ("You look for ink in the first image only.",
     _curve_with(lambda x, s: _moved(x, right=s), lambda x, s: x[:1, ..., x.shape[-1] - s :].any())),
    ("You look for ink in one column only. A shift of s pixels pushes s columns out.",
     _curve_with(lambda x, s: _moved(x, right=s), lambda x, s: s > 0 and x[..., x.shape[-1] - s].any())),
    ("You look at the smallest shift. The largest pushes out most.", _by_the_smallest_shift),
    ("You refuse only where ink of every image would leave. One image is enough.",
     _curve_with(lambda x, s: _moved(x, right=s),
                 lambda x, s: s > 0 and x[..., x.shape[-1] - s :].flatten(1).any(1).all())),
    ("You look for ink in the last rows. With a shift to the right it leaves in the last columns.",
     _curve_with(lambda x, s: _moved(x, right=s), lambda x, s: x[..., x.shape[-2] - s :, :].any())),
    ("What comes in on the left is not black. Fill with zeros.",
     _curve_with(lambda x, s: F.pad(x, (s, 0), value=1.0)[..., : x.shape[-1]])),
    ("You look for ink in the last column only. A shift of s pixels pushes s columns out.",
     _curve_with(lambda x, s: _moved(x, right=s), lambda x, s: s > 0 and x[..., -1:].any())),
    ("A faint pixel is ink too: everything that is not 0.",
     _curve_with(lambda x, s: _moved(x, right=s), lambda x, s: (x[..., x.shape[-1] - s :] > 0.5).any())),
    (_LEAVES, _curve_with(lambda x, s: _moved(x, right=s), lambda x, s: x[..., x.shape[-1] - s - 1 :].any())),
    (_LEFT, _curve_with(lambda x, s: _moved(x, right=s), lambda x, s: x[..., :s].any())),
    ("Images[..., -0:] is the whole image: a shift of 0 pushes nothing out.",
     _curve_with(lambda x, s: _moved(x, right=s), lambda x, s: x[..., -s:].any())),
    ("This is a percentage; return fractions from 0 to 1.", _scaled(lambda value, n: 100 * value)),
    ("This is the share of wrong answers.", _scaled(lambda value, n: 1 - value)),
    ("This is the number of right answers. Divide by the number of images.", _scaled(lambda value, n: n * value)),
    ("These are differences to the first accuracy. Return the accuracies.",
     lambda *a: [value - fair.shift_curve(*a)[0] for value in fair.shift_curve(*a)]),
    ("This is the mean over all shifts. Return one accuracy for each shift.",
     lambda *a: [float(np.mean(fair.shift_curve(*a)))]),
    ("This is the mean over all shifts. Return one accuracy for each shift.",
     lambda *a: float(np.mean(fair.shift_curve(*a)))),
    ("This is one accuracy. Return one for each shift, in the order of `shifts`.", lambda *a: fair.shift_curve(*a)[-1]),
    ("This is one accuracy. Return one for each shift, in the order of `shifts`: is the return inside the loop?",
     lambda predict, images, labels, shifts: fair.shift_curve(predict, images, labels, shifts[:1])[0]),
    ("This is one accuracy. Return one for each shift, in the order of `shifts`: is the return inside the loop?",
     lambda predict, images, labels, shifts: fair.shift_curve(predict, images, labels, shifts[:1])),
    ("This is one accuracy. Return one for each shift, in the order of `shifts`.",
     lambda *a: fair.shift_curve(*a)[-1:]),
    ("The accuracies are in another order than `shifts`.",
     lambda predict, images, labels, shifts: fair.shift_curve(predict, images, labels, sorted(shifts))),
]  # fmt: skip


@exercise(
    "How many columns leave the image at a shift of s, and what must be in them?",
    "images[..., width - s:] must be all zero; F.pad(images[..., :width - s], (s, 0)) is the moved image.",
)
def shift_curve(student: Student) -> None:
    images = _two_dots().roll(1, -1)
    given = images.clone()
    student.call(_Named("column", _brightest_column), given, torch.tensor([1, 2]), [1])
    student.require(
        torch.equal(given, images), "shift_curve(predict, images, labels, [1])", "the images as they were",
        "the images were changed", "Your function writes into its input. Move a copy.",
    )  # fmt: skip
    student.compare(_shift_curve, list(_shift_cases()), _SHIFT_MISTAKES)


def _shift_curve(
    predict: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor, shifts: Sequence[int]
) -> list[float]:
    if images[..., images.shape[-1] - max(shifts) :].any():
        raise ValueError("ink would leave on the right")
    return fair.shift_curve(predict, images, labels, shifts)


def _two_dots() -> Tensor:
    images = torch.zeros(2, 1, 3, 6)
    images[0, 0, 1, 1] = images[1, 0, 0, 0] = 1
    return images


def _shift_cases() -> Iterable[tuple[Any, ...]]:
    column = _Named("the column of the brightest pixel", _brightest_column)
    yield column, _two_dots(), torch.tensor([3, 0]), [0, 2, 1]
    predict, generator = _scores(4, 9), torch.Generator().manual_seed(3)
    for left, shifts in ((0, [3, 0, 1, 2, 4]), (2, [0, 1, 2]), (3, [1])):
        images = torch.zeros(24, 1, 4, 9)
        images[..., left : left + 5] = 0.2 + torch.rand(24, 1, 4, 5, generator=generator)
        yield predict, images, predict(_moved(images, right=shifts[0])), shifts
    for value, images in ((1.0, torch.zeros(3, 1, 4, 9)), (0.01, torch.zeros(4, 1, 4, 9))):
        images[0, 0, 1, 3] = images[-1, 0, 2, 3] = images[1, 0, 3, 0] = 1
        images[-1, 0, 3, 6] = value
        yield predict, images, predict(images), [2]
        yield predict, images, predict(images), [3]
        yield predict, images, predict(images), [0, 4]
        yield predict, images, predict(images), [6]
        yield predict, images, predict(images), [2, 3]
    images = torch.zeros(3, 1, 4, 9)
    images[..., 2, 8] = 1  # in every image
    yield predict, images, predict(images), [1]


# ---- shuffle_experiment


@dataclass
class _Laboratory:
    """Trains and evaluates nothing, but remembers with what it was asked to."""

    trained: list[tuple[Tensor, Tensor]] = field(default_factory=list)
    evaluated: list[tuple[int, Tensor, Tensor]] = field(default_factory=list)

    def train(self, x: Any, y: Any) -> int:
        self.trained.append((torch.as_tensor(x).clone(), torch.as_tensor(y).clone()))
        return len(self.trained) - 1

    def evaluate(self, model: Any, x: Any, y: Any) -> float:
        self.evaluated.append((model, torch.as_tensor(x).clone(), torch.as_tensor(y).clone()))
        return 1 - len(self.evaluated) / 16


def _numbered(count: int, first: int, height: int = 3, width: int = 5) -> Tensor:
    """Images whose pixels tell where they come from: 100 * image + place."""
    places = torch.arange(height * width).view(1, 1, height, width)
    return (100 * torch.arange(first, first + count).view(-1, 1, 1, 1) + places).float()


@exercise(
    "Two trainings and two evaluations. What must be the same for all images of both parts?",
    "order = torch.randperm(H * W, generator=torch.Generator().manual_seed(seed)); x.flatten(1)[:, order].view_as(x), "
    "for x_train and for x_test.",
)
def shuffle_experiment(student: Student) -> None:
    torch.manual_seed(13)
    states = _random_states()
    orders = []
    for seed in (0, 0, 1):
        laboratory = _Laboratory()
        data = (
            _numbered(6, 1),
            torch.tensor([3, 1, 4, 1, 5, 9]),
            _numbered(4, 11),
            torch.tensor([2, 6, 5, 3]),
        )
        before = [part.clone() for part in data]
        got = student.call(laboratory.train, laboratory.evaluate, data, seed)
        tried = f"shuffle_experiment(train, evaluate, data, {seed}) with 6 + 4 images (N, 1, 3, 5)"
        student.require(
            all(map(torch.equal, data, before)), tried, "data as it was", "data was changed",
            "Your function writes into the data it was given. Make shuffled copies.",
        )  # fmt: skip
        orders.append(_judge_experiment(student, tried, laboratory, before, got))
    student.require(
        states == _random_states(), tried, "the global random state as it was", "another state",
        "You draw from the global generator, or seed it. Make your own: torch.Generator().manual_seed(seed).",
    )  # fmt: skip
    student.require(
        orders[0] == orders[1], "seed 0 twice", "the same shuffle", "two shuffles",
        "The same seed must give the same shuffle.",
    )  # fmt: skip
    student.require(
        orders[0] != orders[2], "seed 0 and seed 1", "two shuffles", "the same shuffle",
        "Another seed must give another shuffle: use `seed`.",
    )  # fmt: skip


def _judge_experiment(
    student: Student, tried: str, laboratory: _Laboratory, data: Sequence[Tensor], got: object
) -> list[int]:
    """Look at what was trained and evaluated; returns the shuffle."""
    x_train, y_train, x_test, y_test = data
    require = partial(student.require, tried=tried)
    counts = f"{len(laboratory.trained)} trainings and {len(laboratory.evaluated)} evaluations"
    require(
        len(laboratory.trained) == 2 and len(laboratory.evaluated) == 2, expected="2 trainings and 2 evaluations",
        got=counts,
        hint="Train one model on the images as they are and a new one on the shuffled images; evaluate each once.",
    )  # fmt: skip
    plain_model = next((i for i, (x, _) in enumerate(laboratory.trained) if torch.equal(x, x_train)), None)
    require(
        plain_model is not None, expected="one training on the images as they are", got="none",
        hint="The comparison needs a model that was trained on the images as they came.",
    )  # fmt: skip
    assert plain_model is not None
    x, y = laboratory.trained[1 - plain_model]
    order = _order_of(student, tried, x, x_train, "training")
    tests = {model: (place, x, y) for place, (model, x, y) in enumerate(laboratory.evaluated)}
    require(
        set(tests) == {0, 1}, expected="each model evaluated once", got="one model evaluated twice",
        hint="A model trained on plain images, asked about shuffled ones, only shows that it has not seen such. "
        "Evaluate the model that was trained on shuffled images on shuffled images.",
    )  # fmt: skip
    plain_at, plain_x, plain_y = tests[plain_model]
    require(
        plain_x.shape != x_train.shape or not torch.equal(plain_x, x_train),
        expected="the plain model evaluated on the test images", got="on the training images",
        hint="On the images it has learned from a model looks better than it is. Evaluate on x_test and y_test.",
    )  # fmt: skip
    require(
        torch.equal(plain_x, x_test), expected="the plain model evaluated on the test images as they are",
        got="on other images", hint="The plain model belongs to the plain test images, the other to the shuffled ones.",
    )  # fmt: skip
    shuffled_at, shuffled_x, shuffled_y = tests[1 - plain_model]
    test_order = _order_of(student, tried, shuffled_x, x_test, "test")
    require(
        order == test_order, expected="one shuffle for training and test", got="two different ones",
        hint="Training and test images are shuffled differently, so what the model learned fits nothing. Draw one "
        "permutation and use it for both.",
    )  # fmt: skip
    labels = [
        (y, y_train),
        (laboratory.trained[plain_model][1], y_train),
        (plain_y, y_test),
        (shuffled_y, y_test),
    ]
    require(
        all(torch.equal(a, b) for a, b in labels), expected="labels as they were", got="labels in another order",
        hint="The labels were shuffled, so that they belong to other images. Only pixels move.",
    )  # fmt: skip
    right = [1 - (plain_at + 1) / 16, 1 - (shuffled_at + 1) / 16]
    values = student.numbers(got, tried).tolist()
    require(
        values != right[::-1], expected="(plain, shuffled)", got="(shuffled, plain)",
        hint="The two results are in the wrong order.",
    )  # fmt: skip
    require(
        values == right, expected=f"(plain, shuffled) = {tuple(right)}", got=str(got),
        hint="Return the two numbers that evaluate gave: the plain model's, then the shuffled one's.",
    )  # fmt: skip
    return order


def _order_of(student: Student, tried: str, x: Tensor, before: Tensor, part: str) -> list[int]:
    """Which place each pixel of the shuffled images came from, if they are rightly shuffled."""
    require = partial(student.require, tried=tried)
    require(
        x.shape == before.shape, expected=f"{part} images of shape {tuple(before.shape)}", got=f"{tuple(x.shape)}",
        hint="Give the shuffled images the shape of the images again: a convolutional net needs height and width.",
    )  # fmt: skip
    require(
        not torch.equal(x, before), expected=f"shuffled {part} images", got=f"the {part} images as they were",
        hint=f"The {part} images are not shuffled. Both parts must be, in the same way.",
    )  # fmt: skip
    images, places = x.flatten(1).long() // 100, x.flatten(1).long() % 100
    wanted = before.flatten(1).long() // 100
    require(
        not torch.equal(images, images[:, :1].expand_as(images)) or torch.equal(images, wanted),
        expected="the images in their order", got="images in another order",
        hint="The images have changed places, so they belong to other labels. Shuffle the pixels within each image.",
    )  # fmt: skip
    require(
        torch.equal(images, wanted), expected="each image with its own pixels", got="pixels of several images mixed",
        hint="Pixels wandered from image to image. Flatten each image by itself: x.flatten(1), not x.flatten().",
    )  # fmt: skip
    first = places[0].tolist()
    require(
        sorted(first) == list(range(len(first))), expected="every pixel once", got="pixels missing or repeated",
        hint="Some pixels are missing and others are there twice. A permutation holds each number once.",
    )  # fmt: skip
    require(
        torch.equal(places, places[:1].expand_as(places)), expected="the same shuffle for every image",
        got="another shuffle for each image",
        hint="Each image has a shuffle of its own. Then no place means anything. Draw one permutation for all.",
    )  # fmt: skip
    rows = places[0].view(x.shape[-2:])
    whole = (rows // x.shape[-1] == rows[:, :1] // x.shape[-1]).all()
    columns = (rows % x.shape[-1] == rows[:1] % x.shape[-1]).all()
    require(
        not (whole or columns), expected="pixels shuffled over the whole image", got="rows or columns moved whole",
        hint="Whole rows or whole columns move together. The permutation is one of all H * W pixels.",
    )  # fmt: skip
    return first


# ---- summarise


def _sd(runs: Any, less: int) -> float:
    return float(np.std(runs, ddof=less)) if len(runs) > less else math.nan


@exercise(
    "The spread is measured around a mean that was itself taken from these runs, which makes it too small.",
    "Squares of the differences to the mean, their sum divided by n - 1, then the square root; NaN if n is 1.",
)
def summarise(student: Student) -> None:
    def spread(change: Callable[[Any], float]) -> Callable[[Any], tuple[float, float]]:
        return lambda runs: (float(np.mean(runs)), change(runs))

    def centre(change: Callable[[Any], float]) -> Callable[[Any], tuple[float, float]]:
        return lambda runs: (change(runs), _sd(runs, 1))

    student.compare(
        lambda runs: fair.summarise(runs),
        [(runs,) for runs in ([1, 2, 6], [0.92, 0.95], [0.975], [0.5] * 3, [0.971, 0.968, 0.974, 0.9], [3, 8, 1, 4])],
        [
            ("This is the population's standard deviation, divided by n. Of a sample of runs, divide by n - 1.",
             spread(lambda runs: _sd(runs, 0) if len(runs) > 1 else math.nan)),
            ("This is the population's standard deviation, divided by n. Of a sample of runs, divide by n - 1.",
             spread(lambda runs: _sd(runs, 0))),
            ("One run tells nothing about the spread: return NaN there, not 0.",
             spread(lambda runs: _sd(runs, 1) if len(runs) > 1 else 0.0)),
            ("One run tells nothing about the spread: return NaN there.",
             lambda runs: spread(lambda r: _sd(r, 1))(runs) if len(runs) > 1 else fair.summarise([runs[0]] * 2)),
            ("One run tells nothing about the spread: return NaN there.",
             spread(lambda runs: _sd(runs, 1) if len(runs) > 1 else math.inf)),
            ("One run has a mean, itself. Only its spread is NaN.",
             lambda runs: fair.summarise(runs) if len(runs) > 1 else (math.nan, math.nan)),
            ("The differences are not squared: their signs cancel.", spread(lambda runs: 0.0)),
            ("This is the best run. Chance made it best; return the mean.", centre(max)),
            ("This is the worst run; return the mean.", centre(min)),
            ("This is the best run, and another spread. Return mean and sample standard deviation.",
             lambda runs: (max(runs), _sd(runs, 0))),
            ("This is the median. Return the mean.", centre(lambda runs: float(np.median(runs)))),
            ("This is the sum. Return the mean.", centre(sum)),
            ("This is the variance. Take its square root.", spread(lambda runs: _sd(runs, 1) ** 2)),
            ("This is the variance, and divided by n. Divide by n - 1 and take the square root.",
             spread(lambda runs: _sd(runs, 0) ** 2)),
            ("This is the standard error of the mean. Do not divide by the root of n.",
             spread(lambda runs: _sd(runs, 1) / math.sqrt(len(runs)))),
            ("This is the range from worst to best. Return the standard deviation.",
             spread(lambda runs: max(runs) - min(runs))),
            ("This is half the range. Return the standard deviation.",
             spread(lambda runs: (max(runs) - min(runs)) / 2)),
            ("This is the mean absolute difference. Square the differences.",
             spread(lambda runs: float(np.abs(np.array(runs) - np.mean(runs)).mean()))),
            ("The sum of squares is not divided by n - 1.",
             spread(lambda runs: _sd(runs, 0) * math.sqrt(len(runs)))),
            ("You divided the root of the sum by n - 1. Divide first, then take the root.",
             spread(lambda runs: _sd(runs, 0) * math.sqrt(len(runs)) / (len(runs) - 1 or math.nan))),
            ("The two results are swapped: first the mean.", lambda runs: fair.summarise(runs)[::-1]),
            ("Only the mean is here. Return mean and standard deviation.", lambda runs: fair.summarise(runs)[0]),
            ("The differences are taken to the first run. Take them to the mean.",
             spread(lambda runs: math.sqrt(sum((r - runs[0]) ** 2 for r in runs) / (len(runs) - 1 or math.nan)))),
        ],
    )  # fmt: skip
