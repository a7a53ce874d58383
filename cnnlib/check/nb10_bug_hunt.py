"""The bug hunt of notebook 10: ten small broken functions as the notebook shows them, and what repairs them."""

import copy
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from cnnlib.check.engine import Student, exercise


def _keeping_inputs(judge: Callable[[Student], None]) -> Callable[[Student], None]:
    """`judge`, with clones of tensors for the answer, which must leave them as they are."""

    @functools.wraps(judge)
    def judging(student: Student) -> None:
        changed: list[int] = []
        student.answer = functools.partial(_on_clones, student.answer, changed)
        judge(student)
        if changed:
            student.fail(
                f"{student.name}, then the tensors it was given", "as they were", f"argument {changed[0]} was changed",
                "Your result is right, but your function writes into the tensor it is given: whoever called it finds "
                "other values there.",
            )  # fmt: skip

    return judging


def _on_clones(answer: Callable[..., Any], changed: list[int], *arguments: Any) -> Any:
    own = [value.clone() if isinstance(value, Tensor) else value for value in arguments]
    result = answer(*own)
    for index, (before, after) in enumerate(zip(arguments, own, strict=True), 1):
        if isinstance(before, Tensor) and not torch.equal(before, after):
            changed.append(index)
    return result


# The broken functions stand here word for word as in the notebook, so that the untouched one counts as not attempted.


def _start_01(images: Tensor, amount: int) -> Tensor:
    """uint8 `images` made brighter by `amount` (or darker): below 0 becomes 0, above 255 becomes 255."""
    return (images + amount).clip(0, 255)


@exercise(
    "What is the largest number a uint8 can hold, and what comes after it?",
    "Do the sum in a type that holds negative numbers and numbers above 255, limit it, then go back to uint8.",
    start=_start_01,
)
@_keeping_inputs
def bug_01(student: Student) -> None:
    some = torch.randint(0, 256, (2, 1, 4, 3), generator=_generator(1), dtype=torch.uint8)
    small = torch.tensor([0, 1, 100, 200, 255], dtype=torch.uint8)
    student.compare(
        lambda images, amount: (images.int() + amount).clip(0, 255).to(torch.uint8),
        [(small, 60), (small, -60), (some, 17), (some, -140), (some, 255), (some, 0)],
        [
            ("The sum is still taken in uint8, which counts on from 0 after 255: clip() comes too late to see it.",
             lambda images, amount: images + amount),
            ("The sum is limited above but not below: a darker picture comes round from 255.",
             lambda images, amount: (images.int() + amount).clip(max=255).to(torch.uint8)),
            ("The sum is limited below but not above: a brighter picture starts again at 0.",
             lambda images, amount: (images.int() + amount).clip(min=0).to(torch.uint8)),
            ("Your numbers leave the range from 0 to 255. Limit the sum.",
             lambda images, amount: images.int() + amount),
            ("int8 ends at 127: the values above it turned negative. Take a larger type for the sum.",
             lambda images, amount: (images.to(torch.int8) + amount).clip(0, 255).to(torch.uint8)),
            ("int8 ends at 127: the values above it turned negative. Take a larger type for the sum.",
             lambda images, amount: (images.to(torch.int8) + amount).clip(0, 127).to(torch.uint8)),
            ("The result lies between 0 and 1. Pixels from 0 to 255 are asked for.",
             lambda images, amount: ((images.float() + amount) / 255).clip(0, 1)),
        ],
        kind="uint8",
    )  # fmt: skip


def _start_02(images: Tensor, labels: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """The images in a random order drawn with `seed`, and the labels in the same order."""
    generator = torch.Generator().manual_seed(seed)
    images = images[torch.randperm(len(images), generator=generator)]
    labels = labels[torch.randperm(len(labels), generator=generator)]
    return images, labels


@exercise(
    "How many times is an order drawn, and how many orders are wanted?",
    "Draw one order, give it a name, and index images and labels with it.",
    start=_start_02,
)
@_keeping_inputs
def bug_02(student: Student) -> None:
    labels = torch.arange(12) * 5 % 12
    images = (10.0 * labels).reshape(12, 1, 1, 1)
    tried = "bug_02(images, labels, seed=0): 12 images, each filled with 10 times its label"
    first, again, other = (_pair(student, tried, images, labels, seed) for seed in (0, 0, 1))
    student.require(
        sorted(first[0]) == sorted(images.flatten().tolist()) and sorted(first[1]) == sorted(labels.tolist()),
        tried, "each image and each label once", f"images {first[0]}\nlabels {first[1]}",
        "Some are lost and others come twice. An order holds each index once.",
    )  # fmt: skip
    student.require(
        first[0] == [10 * label for label in first[1]],
        tried, "each image with its label", f"images {first[0]}\nlabels {first[1]}",
        "Images and labels are shuffled apart: each has an order of its own, and most images now have the label of "
        "another.",
    )  # fmt: skip
    student.require(
        first[1] != labels.tolist(), tried, "a random order", "the order they came in",
        "The pairs are right, but nothing is shuffled.",
    )  # fmt: skip
    student.require(
        first == again, f"{tried}, twice", "the same order", "another order",
        "The seed is not used: the same seed must give the same order.",
    )  # fmt: skip
    student.require(
        first != other, f"{tried}, then seed=1", "another order", "the same order",
        "Another seed must give another order: the order here does not depend on `seed`.",
    )  # fmt: skip


def _pair(
    student: Student, tried: str, images: Tensor, labels: Tensor, seed: int
) -> tuple[list[float], list[float]]:
    got = student.call(images, labels, seed)
    student.require(
        isinstance(got, tuple | list) and len(got) == 2, tried, "images and labels", f"a {type(got).__name__}",
        "Return both: `return images, labels`.",
    )  # fmt: skip
    first, second = (student.numbers(part, tried).ravel().tolist() for part in got)
    return first, second


def _start_03(maps: Tensor) -> Tensor:
    """Feature maps (N, C, H, W), flattened for a linear layer: one row for each image."""
    return maps.reshape(-1, 16 * 4 * 4)


@exercise(
    "How many numbers belong to one image here? Which size is certain, whatever the maps' size is?",
    "Keep dimension 0, the images, and join the rest.",
    start=_start_03,
)
@_keeping_inputs
def bug_03(student: Student) -> None:
    small = torch.arange(24).reshape(2, 3, 2, 2)
    sizes = [(64, 16, 5, 5), (3, 16, 4, 4), (5, 7, 3, 2), (1, 4, 2, 3)]
    student.compare(
        lambda maps: maps.numpy().reshape(maps.shape[0], -1),
        [(small,), *((torch.rand(size, generator=_generator(2)),) for size in sizes)],
        [
            ("The number of columns is still typed: where an image has another number of values, rows are filled up "
             "with the next image's.", lambda maps: maps.reshape(-1, 16 * 4 * 4)),
            ("The number of columns is still typed: it belongs to maps of one size.",
             lambda maps: maps.reshape(-1, 16 * 5 * 5)),
            ("The number of rows is typed: it belongs to one batch size.", lambda maps: maps.reshape(64, -1)),
            ("All images are in one row. Keep dimension 0.", lambda maps: maps.flatten()),
            ("All images are in one row. Keep dimension 0.", lambda maps: maps.reshape(1, -1)),
            ("The channels are still apart: join all dimensions but the first.", lambda maps: maps.flatten(2)),
            ("Images and channels are joined, rows and columns are. Only dimension 0 stays.",
             lambda maps: maps.reshape(len(maps) * maps.shape[1], -1)),
            ("Each image's channels come last. Flatten (N, C, H, W) as it is, channel by channel.",
             lambda maps: maps.permute(0, 2, 3, 1).flatten(1)),
            ("The values of different images are mixed: every row takes its values from all over the batch.",
             lambda maps: maps.reshape(maps[0].numel(), -1).T),
            ("The maps are averaged away, which is another head. Every value is wanted.",
             lambda maps: maps.double().mean((2, 3))),
            ("The maps are cut to 4 x 4, so that rows fit: the rest is lost.",
             lambda maps: maps[..., :4, :4].flatten(1)),
        ],
    )  # fmt: skip


def _start_04(x: Tensor, weight: Tensor) -> Tensor:
    """A skip connection, x + conv(relu(x)); `x` itself stays as it was."""
    y = F.relu(x, inplace=True)
    y = F.conv2d(y, weight, padding=1)
    return x + y


@exercise(
    "Which tensor does the ReLU write its result into?",
    "After an in-place ReLU, x has lost its negative values, and the skip adds what is left.",
    start=_start_04,
)
@_keeping_inputs
def bug_04(student: Student) -> None:
    small = torch.tensor([[[[-2.0, 3.0]]]])
    single = torch.zeros(1, 1, 3, 3)
    single[..., 1, 1] = 10
    x = torch.randn(2, 3, 5, 4, generator=_generator(3))
    weight = torch.randn(3, 3, 3, 3, generator=_generator(4))

    def conv(x: Tensor, weight: Tensor) -> Tensor:
        return F.conv2d(x, weight, padding=1)

    student.compare(
        lambda x, weight: x + conv(x.clamp(min=0), weight),
        [(small, single), (x, weight)],
        [
            ("The skip adds relu(x): the negative values are lost. Add x as it came.",
             lambda x, weight: F.relu(x) + conv(F.relu(x), weight)),
            ("The convolution gets x with its negative values. It is conv(relu(x)).",
             lambda x, weight: x + conv(x, weight)),
            ("There is a ReLU after the sum, which the task does not name.",
             lambda x, weight: F.relu(x + conv(F.relu(x), weight))),
            ("The ReLU comes after the convolution. It is conv(relu(x)).",
             lambda x, weight: x + F.relu(conv(x, weight))),
            ("The skip is gone: x is not added.", lambda x, weight: conv(F.relu(x), weight)),
            ("The skip adds the result of the convolution to itself.", lambda x, weight: 2 * conv(F.relu(x), weight)),
        ],
    )  # fmt: skip


def _start_05(x: Tensor, rate: float, training: bool) -> Tensor:
    """ReLU, then, in training only, dropout: a share `rate` becomes 0, what stays is divided by 1 - rate."""
    return F.dropout(F.relu(x), rate)


@exercise(
    "How does the function F.dropout know whether you are training? Look up its arguments.",
    "F.dropout(input, p=0.5, training=True): nobody passes `training` on.",
    start=_start_05,
)
@_keeping_inputs
def bug_05(student: Student) -> None:
    many, x = torch.linspace(1, 5, 1000), torch.tensor([[-3.0, -1, 0, 1, 2, 5]])
    tried = "bug_05(x, 0.5, False) for 1,000 values from 1 to 5"
    zeros = int((student.numbers(student.call(many, 0.5, False), tried) == 0).sum())
    student.require(
        zeros == 0, tried, "no zeros", f"{zeros} zeros",
        "Values are dropped outside training too: every answer of the net would be partly chance. F.dropout, and a new "
        "nn.Dropout, believe that they are training until they are told.",
    )  # fmt: skip
    student.compare(
        lambda x, rate, training: x.clamp(min=0),
        [(x, 0.25, False), (x.repeat(40, 1), 0.75, False)],
        [
            ("Outside training the values are made smaller. Dividing while training makes that unnecessary.",
             lambda x, rate, training: F.relu(x) * (1 - rate)),
            ("Outside training the values are made larger. Divide in training only.",
             lambda x, rate, training: F.relu(x) / (1 - rate)),
            ("Outside training the ReLU is missing: dropout does nothing there, the ReLU stays.",
             lambda x, rate, training: x),
        ],
    )  # fmt: skip
    for rate in (0.25, 0.75):
        _dropout_in_training(student, rate)


def _dropout_in_training(student: Student, rate: float) -> None:
    tried = f"bug_05(x, {rate}, True) for 10,000 values from -5 to 5"
    values = torch.linspace(-5, 5, 10_000)
    got, second = (torch.tensor(student.numbers(student.call(values, rate, True), tried)) for _ in range(2))
    student.require(
        got.shape == values.shape and bool((got[values <= 0] == 0).all()),
        tried, "0 wherever x is negative", "other values",
        "In training the ReLU is missing: negative values come through.",
    )  # fmt: skip
    positive = values > 0
    dropped = float((got[positive] == 0).double().mean())
    student.require(
        dropped > 0, tried, f"about {rate:.0%} of the positive values dropped", "none",
        "In training nothing is dropped: `training` is turned round, or dropout is gone.",
    )  # fmt: skip
    student.require(
        abs(dropped - rate) < 0.05, tried, f"about {rate:.0%} of the positive values dropped", f"{dropped:.0%}",
        "Another share is dropped. `rate` is the share that becomes 0, not the share that stays.",
    )  # fmt: skip
    kept = positive & (got != 0)
    student.require(
        torch.allclose(got[kept].float(), values[kept] / (1 - rate), rtol=1e-4),
        tried, "what stays divided by 1 - rate", "something else",
        "What stays must be divided by 1 - rate, so that the mean is what it was.",
    )  # fmt: skip
    student.require(
        not torch.equal(got, second), f"{tried}, twice", "other values dropped", "the same ones",
        "Every call drops the same values. Chance must be new each time.",
    )  # fmt: skip


def _start_06(prediction: Tensor, target: Tensor) -> Tensor:
    """The mean squared error of a net's output (N, 1) against N targets."""
    return ((prediction - target) ** 2).mean()


@exercise(
    "Print the shape of `prediction - target`.",
    "(N, 1) minus (N,) is an (N, N) table: every prediction against every target. Make the shapes equal first.",
    start=_start_06,
)
@_keeping_inputs
def bug_06(student: Student) -> None:
    small = torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([1.0, 2.0, 6.0])
    p, t = torch.randn(7, 1, generator=_generator(5)), torch.randn(7, generator=_generator(6))

    def differences(prediction: Tensor, target: Tensor) -> Tensor:
        return prediction[:, 0] - target

    student.compare(
        lambda prediction, target: differences(prediction, target).double().square().mean(),
        [small, (p, t), (p[:1], t[:1])],
        [
            ("Every prediction is still compared with every target: (N, 1) minus (N,) is an (N, N) table.",
             lambda prediction, target: ((prediction - target) ** 2).mean()),
            ("You return a sum. Take the mean.", lambda p, t: (differences(p, t) ** 2).sum()),
            ("You sum the (N, N) table. Make the shapes equal first.", lambda p, t: ((p - t) ** 2).sum() / len(t)),
            ("That is the mean absolute error. Square the differences.", lambda p, t: differences(p, t).abs().mean()),
            ("There is a root. The mean squared error has none.", lambda p, t: (differences(p, t) ** 2).mean() ** 0.5),
            ("There is a half in front. The mean squared error has none.",
             lambda p, t: (differences(p, t) ** 2).mean() / 2),
            ("The mean is taken before the square: errors of opposite sign cancel.",
             lambda p, t: differences(p, t).mean() ** 2),
            ("Only the first prediction is used.", lambda p, t: ((p[0] - t) ** 2).mean()),
            ("The square is missing: errors of opposite sign cancel.", lambda p, t: differences(p, t).mean()),
        ],
    )  # fmt: skip


def _start_07(model: nn.Module, parts: list[tuple[Tensor, Tensor]]) -> None:
    """Leave in each `.grad` the gradient of the mean loss over one large batch that comes in `parts` of equal size."""
    model.zero_grad()
    for images, labels in parts:
        loss = F.cross_entropy(model(images), labels)
        loss.backward()


@exercise(
    "backward() adds. What do three gradients of three mean losses add up to?",
    "The mean over the whole batch is the mean of the parts' means: each part counts one len(parts)-th.",
    start=_start_07,
)
def bug_07(student: Student) -> None:
    for count, size in ((3, 4), (5, 2), (1, 6)):
        parts = [
            (
                torch.randn(size, 3, generator=_generator(10 + i)),
                torch.randint(0, 2, (size,), generator=_generator(20 + i)),
            )
            for i in range(count)
        ]
        tried = f"bug_07(model, parts): {count} part{'s' * (count > 1)} of {size} images, old gradients in .grad\n"
        model = _linear()
        student.call(model, parts)
        found = [parameter.grad for parameter in model.parameters()]
        student.require(
            all(isinstance(part, Tensor) for part in found), tried + "compared: .grad of weight and bias",
            "gradients", "none", "There is no gradient in .grad: is backward() called, and zero_grad() before it?",
        )  # fmt: skip
        whole = [(torch.cat([x for x, _ in parts]), torch.cat([y for _, y in parts]))]
        student.agree(
            tried + "compared: .grad of weight and bias",
            _gradients(_linear(), whole),
            [part.numpy() if part is not None else None for part in found],
            [(hint, functools.partial(_gradients, _linear(), parts, **how)) for hint, how in _SHARES],
        )


_SHARES: list[tuple[str, dict[str, Any]]] = [
    ("The gradients of the parts are still added up: with three parts the step is three times too long.", {}),
    ("Each loss is a mean already: it is divided by the number of images once too often.", {"by": "size"}),
    ("The old gradients are still in it: call model.zero_grad() first.", {"by": "parts", "clear": "never"}),
    ("The old gradients are still in it, and the parts are added up.", {"clear": "never"}),
    ("Only the last part is left. zero_grad() belongs before the loop, not into it.", {"clear": "each"}),
    ("Only the last part is left, divided by the number of parts.", {"by": "parts", "clear": "each"}),
    ("Only the last part is left: backward() stands after the loop.", {"clear": "each", "last": True}),
    ("The losses are summed over images: take their mean.", {"by": "sum"}),
    (
        "The gradient is divided by the number of all images, though each loss is a mean already.",
        {"by": "all"},
    ),
    ("Training stopped after the first part.", {"only": 1, "by": "parts"}),
]


def _gradients(
    model: nn.Module, parts: list[tuple[Tensor, Tensor]], by: str = "", clear: str = "first", only: int = 99,
    last: bool = False,
) -> list[Any]:  # fmt: skip
    if clear == "first":
        model.zero_grad()
    for images, labels in parts[-1:] if last else parts[:only]:
        if clear == "each":
            model.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        shares = {"parts": len(parts), "size": len(labels), "sum": 1 / len(labels), "": 1}
        (loss / (shares | {"all": len(parts) * len(labels)})[by]).backward()
    return [parameter.grad.numpy() for parameter in model.parameters() if parameter.grad is not None]


def _linear() -> nn.Linear:
    """Three inputs, two classes, the same weights every time, and gradients of an earlier batch."""
    model = nn.Linear(3, 2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.linspace(-1, 1, parameter.numel()).reshape(parameter.shape))
            parameter.grad = torch.full_like(parameter, 7.0)
    return model


def _start_08(lr: float, epochs: int, batches: int) -> list[float]:
    """The learning rate of every training step of a one-cycle schedule: `epochs` times `batches` steps."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, epochs * batches)
    rates = []
    for _ in range(epochs):
        for _ in range(batches):
            optimizer.step()
            rates.append(optimizer.param_groups[0]["lr"])
        schedule.step()
    return rates


@exercise(
    "The schedule was told how many steps there will be. How many times is schedule.step() called?",
    "One-cycle counts batches, not epochs: step it after every optimizer.step().",
    start=_start_08,
)
def bug_08(student: Student) -> None:
    student.compare(
        _rates(),
        [(0.1, 2, 3), (0.02, 3, 5), (1.0, 1, 8), (0.5, 7, 1)],
        [
            ("The schedule still moves once per epoch: the rate stays in the warm-up and never gets to `lr`.",
             _rates(inner=False, outer=True)),
            ("The schedule moves before the step, so the first rate is never used.", _rates(late=True)),
            ("The schedule was made for so many epochs and moves with every batch: it ends too early.",
             _rates(total=lambda epochs, batches: epochs)),
            ("The schedule was made for one epoch: it ends too early.", _rates(total=lambda epochs, batches: batches)),
            ("The schedule moves with every batch and once more after each epoch.", _rates(outer=True)),
            ("The schedule was made for as many steps as there are epochs and moves once per epoch. One-cycle is made "
             "for every batch.", _rates(inner=False, outer=True, total=lambda epochs, batches: epochs)),
            ("The rate never changes: is schedule.step() ever called?", _rates(inner=False)),
            ("There is one rate per epoch. One for every step is asked for.", _rates(sparse=True)),
        ],
    )  # fmt: skip


def _rates(
    inner: bool = True, outer: bool = False, late: bool = False, sparse: bool = False,
    total: Callable[[int, int], int] = lambda epochs, batches: epochs * batches,
) -> Callable[[float, int, int], list[float]]:  # fmt: skip
    """The rates, right by default, or with a mistake."""

    def run(lr: float, epochs: int, batches: int) -> list[float]:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=total(epochs, batches))
        rates: list[float] = []
        for _ in range(epochs):
            for batch in range(batches):
                optimizer.step()
                if inner and late:
                    schedule.step()
                if not sparse or batch == 0:
                    rates.append(optimizer.param_groups[0]["lr"])
                if inner and not late:
                    schedule.step()
            if outer:
                schedule.step()
        return rates

    return run


def _start_09(
    model: nn.Module,
    train_once: Callable[[nn.Module], object],
    loss: Callable[[nn.Module], float],
    epochs: int,
) -> None:
    """Call train_once(model) `epochs` times, then give `model` back its state of the (first) lowest loss(model)."""
    lowest = math.inf
    for _ in range(epochs):
        train_once(model)
        now = loss(model)
        if now < lowest:
            lowest, best = now, model.state_dict()
    model.load_state_dict(best)


@exercise(
    "state_dict() returns the tensors of the model. What does the next training step do to them?",
    "Keep a copy: copy.deepcopy(model.state_dict()), or clone() each tensor in it.",
    start=_start_09,
)
def bug_09(student: Student) -> None:
    for losses in ((3, 1, 2), (1, 2, 3), (4, 2, 2, 3), (3, 2, 1), (5, 1, 4, 2, 3)):
        n, numbered = len(losses), list(enumerate(losses, 1))
        lowest = 1 + losses.index(min(losses))
        last = max(epoch for epoch, loss in numbered if loss == min(losses))
        highest = 1 + losses.index(max(losses))
        falls = max(epoch for epoch, loss in numbered if epoch == 1 or loss < losses[epoch - 2])
        student.agree(
            f"bug_09(model, train_once, loss, {n}): the losses after the epochs are {list(losses)}\n"
            "compared: the epochs that the weight and a running statistic are of afterwards",
            np.array([lowest, lowest]),
            _epochs_kept(student.call, losses),
            [(hint, functools.partial(np.array, [weight, statistic])) for hint, weight, statistic in (
                ("The model has the weights of the last epoch. What you kept are no copies but the model's own "
                 "tensors, and training went on writing into them.", n, n),
                ("The weight is right, the running statistic is of the last epoch: state_dict() holds both.",
                 lowest, n),
                ("The model has the weights it started with.", 0, 0),
                ("Of two equal losses the first is asked for.", last, last),
                ("The model has the weights of the highest loss.", highest, highest),
                ("The loss is compared with the epoch before. Compare with the lowest so far, and note it.",
                 falls, falls),
            )],
        )  # fmt: skip


class _Counter(nn.Module):
    """A model whose weight and running statistic are the number of the epoch."""

    seen: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.register_buffer("seen", torch.zeros(1))


def _epochs_kept(answer: Callable[..., object], losses: tuple[int, ...]) -> NDArray[Any]:
    model = _Counter()

    def train_once(model: Any) -> None:
        with torch.no_grad():
            model.weight += 1
            model.seen += 1

    answer(model, train_once, lambda model: losses[int(model.weight) - 1], len(losses))
    return np.array([model.weight.item(), model.seen.item()])


def _start_10(model: Any) -> list[nn.Parameter]:
    """Freeze model.features for fine-tuning; return a list of the parameters that still learn."""
    for parameter in model.features.parameters():
        parameter.require_grad = False
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


@exercise(
    "Python lets you set any attribute on a tensor. Is this one that torch reads?",
    "The attribute is called requires_grad.",
    start=_start_10,
)
def bug_10(student: Student) -> None:
    tried = "bug_10(model): a net with features and a head, one of whose biases was frozen before"
    model = nn.Module()
    model.features = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 4, 3))
    model.head = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 2))
    learns = [p for name, p in model.head.named_parameters() if name != "0.bias"]
    still = copy.deepcopy(model.state_dict())
    model.head[0].bias.requires_grad = False
    got = student.call(model)
    frozen = [not p.requires_grad for p in model.features.parameters()]
    student.require(
        all(frozen), tried, "no parameter of model.features learns", f"{frozen.count(False)} of {len(frozen)} do",
        "The features still learn. torch reads requires_grad of each parameter; an attribute of another name, or of a "
        "module, is no error and does nothing.",
    )  # fmt: skip
    student.require(
        all(p.requires_grad for p in learns), tried, "the head learns", "it is frozen",
        "The head is frozen too: freeze model.features only.",
    )  # fmt: skip
    student.require(
        not model.head[0].bias.requires_grad,
        tried, "the bias frozen before stays frozen", "it learns",
        "Something that was frozen before learns again. Change the features only.",
    )  # fmt: skip
    student.require(
        all(torch.equal(value, still[name]) for name, value in model.state_dict().items()),
        tried, "the weights as they were", "other weights", "The weights themselves changed. Freezing changes none.",
    )  # fmt: skip
    student.require(
        isinstance(got, list | tuple) and all(isinstance(p, nn.Parameter) for p in got),
        tried, "a list of parameters", f"a {type(got).__name__}",
        "Return a list of the parameters themselves: an optimizer takes it.",
    )  # fmt: skip
    student.require(
        [id(p) for p in got] == [id(p) for p in learns],
        tried, f"the {len(learns)} parameters that learn, in their order", f"{len(got)} parameters",
        "The list holds other parameters than those that learn.",
    )  # fmt: skip


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
