"""The checks of notebook 10: a ConvNet, its training, its accuracy, and the splits."""

import contextlib
import copy
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves
from torch.utils.data import Subset

from cnnlib.check import nb10_bug_hunt
from cnnlib.check.engine import Student, exercise
from cnnlib.models import ConvNet as Right

CPU = torch.device("cpu")


def __getattr__(name: str) -> Any:
    if name.startswith("bug_"):
        return getattr(nb10_bug_hunt, name)
    raise AttributeError(name)


@exercise(
    "Two convolutions with a ReLU after each, then flatten, then one linear layer. How many numbers does the last "
    "feature map have for images of height H and width W?",
    "Each 5x5 kernel without padding takes 4 off height and width: the linear layer has 32 * (H - 8) * (W - 8) inputs.",
)
def ConvNet(student: Student) -> None:
    for arguments in ((), ((3, 32, 20), 7)):
        tried = f"ConvNet({', '.join(map(str, arguments))})"
        typed = " It is right for 1 x 28 x 28 and wrong here: is a number typed that belongs to one size?"
        model, right = student.call(*arguments), Right(*arguments)
        student.require(
            isinstance(model, nn.Module), tried, "a torch.nn.Module", type(model).__name__,
            "Write `class ConvNet(torch.nn.Module)` and call `super().__init__()` first.",
        )  # fmt: skip
        images = torch.randn(4, *right.in_shape, generator=_generator(1))
        got = _output(student, tried, model, images, typed if arguments else "")
        shapes = [sorted(tuple(p.shape) for p in net.parameters()) for net in (right, model)]
        student.require(
            shapes[0] == shapes[1],
            f"the parameters of {tried}",
            f"{_count(right):,} in weights and biases of shapes {shapes[0]}",
            f"{_count(model):,} in shapes {shapes[1]}",
            "A layer has another size, is missing, or is no attribute of the model (a plain list hides it). Compare "
            "the shapes: a convolution's are (out, in, 5, 5), the linear layer's (classes, inputs)."
            + (typed if arguments else ""),
        )
        student.require(
            isinstance(got, Tensor) and got.shape == (4, _classes(right)),
            f"the output of {tried} for 4 images",
            f"a tensor of shape (4, {_classes(right)})",
            str(tuple(got.shape)) if isinstance(got, Tensor) else repr(got),
            "Return one row of scores for each image, one score for each class: no argmax, and does `forward` end "
            "with a return?",
        )
        _outputs_agree(student, tried, model, right, images)


def _output(student: Student, tried: str, model: nn.Module, images: Tensor, typed: str) -> Any:
    """What the net gives in eval mode, which is also what makes lazy layers decide their size."""
    try:
        return model.eval()(images)
    except Exception as error:
        size = "mat1 and mat2" in str(error)
        student.fail(
            f"the output of {tried} for images of shape {tuple(images.shape)}",
            "scores",
            f"{type(error).__name__}: {error}",
            "The linear layer receives another number of values than it was made for. Flatten from dimension 1 on, "
            f"so that the images stay apart, and compute the size.{typed}"
            if size
            else f"`forward` stopped with this error.{typed}",
        )


def _outputs_agree(student: Student, tried: str, model: nn.Module, right: nn.Module, images: Tensor) -> None:
    """The student's net and ours give the same logits once ours has the student's weights."""
    by_shape = {p.shape: p for p in model.parameters()}
    with torch.no_grad():
        for parameter in right.parameters():
            parameter.copy_(by_shape[parameter.shape])
        got, logits = model.eval()(images), right(images)
        again, alone, training = model(images), model(images[:1]), model.train()(images)
    tried = f"the output of {tried} for 4 images"
    student.require(
        _near(got, again), tried, "the same output twice", "two outputs in eval mode",
        "The output is random in eval mode too: use `nn.Dropout`, which `eval()` switches off, or none.",
    )  # fmt: skip
    student.require(
        _near(alone, got[:1]), tried, "the same row for the first image alone", "another row",
        "Each image's output depends on the others in its batch, in eval mode too. A softmax over dimension "
        "0 does this, and so does subtracting the batch's mean.",
    )  # fmt: skip
    student.require(
        _near(got, training), f"{tried}, in training and in eval mode", "the same", "two outputs",
        "There is a layer that works differently in training, such as dropout. The task names none.",
    )  # fmt: skip
    if not _near(got, F.log_softmax(logits, dim=1)):  # log-probabilities do for the loss as logits do
        student.agree(tried, logits, got, _output_mistakes(right, images, logits))


def _output_mistakes(
    right: nn.Module, images: Tensor, logits: Tensor
) -> list[tuple[str, Callable[[], object]]]:
    convolutions = [m for m in right.modules() if isinstance(m, nn.Conv2d)]
    linear = next(m for m in right.modules() if isinstance(m, nn.Linear))

    def net(
        first: Callable[[Tensor], Tensor], second: Callable[[Tensor], Tensor], last: bool = False
    ) -> Tensor:
        maps = second(convolutions[1](first(convolutions[0](images))))
        return cast("Tensor", linear((maps.movedim(1, -1) if last else maps).flatten(1)))

    same = nn.Identity()
    return [
        ("The rows sum to 1: there is a softmax in your net. Return the logits; the loss has the softmax.",
         lambda: F.softmax(logits, dim=1)),
        ("There is a sigmoid in your net. Return the logits; the loss does the rest.", lambda: torch.sigmoid(logits)),
        ("There is a ReLU after the last layer: it throws away every negative score.", lambda: F.relu(logits)),
        ("There is no ReLU, so both convolutions together are one linear map.", lambda: net(same, same)),
        ("The ReLU after the first convolution is missing.", lambda: net(same, F.relu)),
        ("The ReLU after the second convolution is missing.", lambda: net(F.relu, same)),
        ("There is a tanh where the task names a ReLU.", lambda: net(torch.tanh, torch.tanh)),
        ("There is a leaky ReLU where the task names a ReLU.", lambda: net(F.leaky_relu, F.leaky_relu)),
        ("The channels come last in what you flatten. Flatten (N, C, H, W) as it is, channel by channel.",
         lambda: net(F.relu, F.relu, last=True)),
    ]  # fmt: skip


@exercise(
    "Five things happen to each batch: move it, forget the old gradients, compute the loss, backward, step.",
    "Add up `loss.item() * len(labels)` and divide by the number of images at the end; `model.train()` comes first.",
)
def train_one_epoch(student: Student) -> None:
    tried = (
        "train_one_epoch(model, loader, optimizer, device): batches of 4, 4 and 2 images, model in eval mode"
    )
    batches = _batches([4, 4, 2])

    def trained(train: Callable[..., Any]) -> list[Any]:
        model = _small_net().eval()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        loss = train(model, batches, optimizer, CPU)
        return [
            loss,
            *(p.detach().clone() for p in model.parameters()),
            *(b.clone() for b in model.buffers()),
        ]

    expected, got = trained(_train()), trained(student.call)
    student.require(
        isinstance(got[0], float | int | np.number | Tensor), tried, "the mean loss, one number", repr(got[0]),
        "Return the mean loss of the epoch.",
    )  # fmt: skip
    names = "the mean loss, then weights, biases and statistics after the epoch"
    student.agree(
        f"{tried}\ncompared: {names}",
        expected,
        got,
        [(hint, lambda change=change: trained(_train(**change))) for hint, change in _TRAINING_MISTAKES],  # type: ignore[misc]
    )


_TRAINING_MISTAKES: list[tuple[str, dict[str, Any]]] = [
    ("The gradients of all batches pile up: call optimizer.zero_grad() for each batch.", {"zero_grad": False}),
    ("The weights did not change. optimizer.step() belongs after loss.backward(), with no zero_grad() between them.",
     {"step": False}),
    ("The model was left in eval mode: batch norm used its old statistics. Call model.train() first.",
     {"train": False}),
    ("You returned the loss of the last batch. Average over all images of the epoch.", {"average": "last"}),
    ("You divided by the number of batches. Each loss was weighted by its batch's size, so divide by the number of "
     "images.", {"average": "per batch"}),
    ("You added up the batches' means. Weight each by its batch's size and divide by the number of images.",
     {"average": "sum of means"}),
    ("Each loss was taken after its step. Use the loss that gave the gradient.", {"after": True}),
    ("There is one step for the whole epoch. Take a step for each batch.", {"once": True}),
    ("You averaged the batches' means. The last batch is smaller and must count less: weight by its size.",
     {"average": "batches"}),
    ("You returned a sum. Divide by the number of images.", {"average": "sum"}),
    ("You divided the sum of the batches' means by the number of images. Weight each mean by its batch's size first.",
     {"average": "mixed"}),
    ("CrossEntropyLoss takes logits: there is a softmax before it.", {"softmax": True}),
    ("Training stopped after the first batch: is the return inside the loop?", {"first_only": True}),
]  # fmt: skip


def _train(
    zero_grad: bool = True, step: bool = True, train: bool = True, average: str = "images", softmax: bool = False,
    first_only: bool = False, after: bool = False, once: bool = False,
) -> Callable[..., float]:  # fmt: skip
    """One epoch, right by default, or with a mistake."""

    def run(model: nn.Module, loader: Any, optimizer: torch.optim.Optimizer, device: torch.device) -> float:
        model.train(train)
        losses: list[float] = []
        sizes: list[int] = []
        for images, labels in loader[:1] if first_only else loader:
            images, labels = images.as_subclass(Tensor), labels.as_subclass(Tensor)
            if zero_grad and not (once and losses):
                optimizer.zero_grad()
            scores = model(images)
            loss = F.cross_entropy(scores.softmax(1) if softmax else scores, labels)
            loss.backward()
            if step and not once:
                optimizer.step()
            losses.append((F.cross_entropy(model(images), labels) if after else loss).item())
            sizes.append(len(labels))
        if once:
            optimizer.step()
        total = sum(loss * size for loss, size in zip(losses, sizes, strict=True))
        return {
            "images": total / sum(sizes),
            "last": losses[-1],
            "batches": sum(losses) / len(losses),
            "sum": total,
            "mixed": sum(losses) / sum(sizes),
            "per batch": total / len(losses),
            "sum of means": sum(losses),
        }[average]

    return run


@exercise(
    "Count right answers over all batches; divide once, at the end. Nothing here is learned.",
    "Remember `model.training`, call `model.eval()`, loop under `torch.inference_mode()`, then `model.train(before)`.",
)
def accuracy(student: Student) -> None:
    tried = "accuracy(model, loader, device): batches of 5, 5 and 3 images, model in training mode"
    for training in (True, False):
        batches, model = _batches([5, 5, 3], seed=5), _Watched()
        model.train(training)
        before = copy.deepcopy(model.state_dict())
        with _gradients_restored() as still_on:
            got = student.numbers(student.call(model, batches, CPU), tried)
        student.require(
            still_on(), tried, "gradients recorded again afterwards", "they stay switched off",
            "Gradients stay switched off after your function, for every cell below. Use `with torch.no_grad():`.",
        )  # fmt: skip
        student.agree(tried, _accuracy(model, batches), got, _accuracy_mistakes(model, before, batches))
        student.require(
            not any(model.gradients), tried, "no gradients recorded", "gradients recorded for every batch",
            "Nothing is learned here: under torch.inference_mode() it is faster and needs less memory.",
        )  # fmt: skip
        student.require(
            model.training == training,
            f"{tried.rsplit(',', 1)[0]}, model in {'training' if training else 'eval'} mode",
            f"the model in {'training' if training else 'eval'} mode afterwards",
            f"it is in {'training' if model.training else 'eval'} mode",
            "Put the model back into the mode it came in, or the next epoch trains with batch norm switched off.",
        )
        student.require(
            all(torch.equal(before[key], value) for key, value in model.state_dict().items()),
            tried, "the model as it was", "its batch-norm statistics changed",
            "The model was left in training mode, so batch norm changed its statistics. Call model.eval().",
        )  # fmt: skip


def _accuracy_mistakes(
    model: nn.Module, before: dict[str, Tensor], batches: list[tuple[Tensor, Tensor]]
) -> list[tuple[str, Callable[[], object]]]:
    right = _accuracy(model, batches)

    def batch_means() -> float:
        return float(np.mean([_accuracy(model, [batch]) for batch in batches]))

    def in_training_mode() -> float:
        noisy = copy.deepcopy(model)
        noisy.load_state_dict(before)
        noisy.train()
        with torch.no_grad():
            return float(np.mean(np.concatenate([_correct(noisy, *batch) for batch in batches])))

    return [
        ("You averaged the batches' accuracies. The last batch is smaller: count right answers over all of them.",
         batch_means),
        ("The model was left in training mode, so batch norm used each batch's own statistics. Call model.eval().",
         in_training_mode),
        ("This is a percentage; return the fraction.", lambda: 100 * right),
        ("This is the number of right answers; divide by the number of images.", lambda: right * 13),
        ("This is the share of wrong answers.", lambda: 1 - right),
        ("Only the last batch counts in your result.", lambda: _accuracy(model, batches[-1:])),
        ("Only the first batch counts in your result: is the return inside the loop?",
         lambda: _accuracy(model, batches[:1])),
        ("You divided by the number of batches, not by the number of images.", lambda: right * 13 / 3),
        ("The result is a whole number: // cuts off the fraction.", lambda: 0),
    ]  # fmt: skip


@exercise(
    "`torch.utils.data.random_split` does the work. Where does it take its random numbers from?",
    "Give it `generator=torch.Generator().manual_seed(seed)`: a generator of its own.",
)
def make_splits(student: Student) -> None:
    sizes, dataset = [23, 9, 5], list(range(100, 137))
    tried = "make_splits(dataset, [23, 9, 5], seed=0) on a dataset of 37 items"
    torch.manual_seed(11)  # so that a split from the global generator differs from call to call
    states = _random_states()
    splits = [_items(student, student.call(dataset, sizes, seed), tried) for seed in (0, 0, 1)]
    first = splits[0]
    student.require(
        [len(split) for split in first] == sizes, tried, f"splits of {sizes} items",
        f"splits of {[len(split) for split in first]}", "One Subset for each of `sizes`, in this order.",
    )  # fmt: skip
    together = [item for split in first for item in split]
    student.require(
        len(set(together)) == len(together), tried, "no item in two splits",
        f"{len(together) - len(set(together))} items in more than one",
        "What the net has trained on must not be in validation or test: the splits overlap.",
    )  # fmt: skip
    student.require(
        set(together) <= set(dataset), tried, "items of the dataset", "other items", "Index into `dataset`."
    )
    student.require(
        together != sorted(together), tried, "shuffled items", "the items in their order",
        "A dataset sorted by class would give a validation split of one class. Shuffle, then cut.",
    )  # fmt: skip
    student.require(
        all(max(split) - min(split) >= len(split) for split in first), tried,
        "items from everywhere in each split", "blocks of neighbours",
        "Each split is one block of the dataset, shuffled inside. Draw each from the whole dataset.",
    )  # fmt: skip
    student.require(
        all(split != sorted(split) for split in first[:2]), tried, "shuffled items", "each split in order",
        "The indices were sorted after the split; draw a permutation and cut it.",
    )  # fmt: skip
    student.require(
        first == splits[1], f"{tried}, twice", "the same splits", "other splits",
        "The seed is not used: the same seed must give the same splits.",
    )  # fmt: skip
    student.require(
        first != splits[2], f"{tried}, then seed=1", "other splits", "the same splits",
        "Another seed must give other splits: use `seed`, not a number of your own.",
    )  # fmt: skip
    student.require(
        states == _random_states(), tried, "the global random state as it was", "another state",
        "Your function seeds or uses the global generator, which changes every random number drawn after it. Make a "
        "generator of your own.",
    )  # fmt: skip


def _items(student: Student, splits: Any, tried: str) -> list[list[int]]:
    splits = list(splits) if isinstance(splits, list | tuple) else [splits]
    student.require(
        all(isinstance(split, Subset) for split in splits), tried, "a list of Subsets",
        f"a {type(splits[0]).__name__}" if splits else "nothing",
        "Return one torch.utils.data.Subset for each size: it keeps indices, and copies nothing.",
    )  # fmt: skip
    return [[int(split[i]) for i in range(len(split))] for split in splits]


def _random_states() -> list[object]:
    name, keys, *rest = np.random.get_state()  # noqa: NPY002 - the global state is what is watched
    return [torch.get_rng_state().tolist(), random.getstate(), name, np.asarray(keys).tolist(), rest]


class _NotMoved(RuntimeError):
    """What a GPU would say; `hint` is for the student."""

    hint = (
        "On a GPU this fails: the model is on `device` and the batch is not. Move both images and labels with "
        ".to(device), and use what it returns."
    )


class _Placed(Tensor):
    """A tensor that pretends to lie on another device than the model until it is moved."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        leaves = tree_leaves((args, kwargs))
        moved = any(isinstance(leaf, _There | nn.Parameter) for leaf in leaves)
        if moved and any(isinstance(leaf, _Here) for leaf in leaves):
            raise _NotMoved("Expected all tensors to be on the same device, but found at least two devices")
        result = super().__torch_function__(func, types, args, kwargs or {})  # type: ignore[no-untyped-call]
        if func in (Tensor.to, Tensor.cpu) and isinstance(result, Tensor):
            return result.as_subclass(_Here if func is Tensor.cpu else _There)
        return result


class _Here(_Placed):
    """Where the loader left it."""


class _There(_Placed):
    """Moved with .to(device)."""


class _Loader(list[tuple[Tensor, Tensor]]):
    """Batches with what students read off a DataLoader."""

    @property
    def dataset(self) -> list[Tensor]:
        return [label for _, labels in self for label in labels]

    @property
    def batch_size(self) -> int:
        return len(self[0][1])


@contextlib.contextmanager
def _gradients_restored() -> Iterator[Callable[[], bool]]:
    """Switch gradients on again; what it yields tells whether they still were."""
    on = True
    try:
        yield lambda: on
    finally:
        on = torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
        torch.set_grad_enabled(True)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _batches(sizes: Sequence[int], seed: int = 0) -> _Loader:
    """Batches of 1x3x2 images and labels 0 to 2, as a loader gives them."""
    generator = _generator(seed)
    return _Loader(
        (
            torch.randn(size, 1, 3, 2, generator=generator).as_subclass(_Here),
            torch.randint(0, 3, (size,), generator=generator).as_subclass(_Here),
        )
        for size in sizes
    )


def _small_net() -> nn.Sequential:
    """Six inputs, batch norm (so that the mode matters), three classes; the same weights every time."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))
    generator = _generator(2)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(torch.rand(parameter.shape, generator=generator) - 0.3)
    return net


class _Watched(nn.Module):
    """The small net, noting whether gradients are recorded when it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.net = _small_net()
        self.gradients: list[bool] = []

    def forward(self, x: Tensor) -> Tensor:
        self.gradients.append(torch.is_grad_enabled())
        return cast("Tensor", self.net(x))


def _correct(model: nn.Module, images: Tensor, labels: Tensor) -> Any:
    predicted = model(images.as_subclass(Tensor)).argmax(1)
    return (predicted == labels.as_subclass(Tensor)).numpy()


def _accuracy(model: nn.Module, batches: list[tuple[Tensor, Tensor]]) -> float:
    judged = copy.deepcopy(model).eval()
    with torch.no_grad():
        return float(np.mean(np.concatenate([_correct(judged, *batch) for batch in batches])))


def _near(a: object, b: object) -> bool:
    return (
        isinstance(a, Tensor)
        and isinstance(b, Tensor)
        and a.shape == b.shape
        and torch.allclose(a, b, atol=1e-5)
    )


def _count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def _classes(model: nn.Module) -> int:
    return next(m for m in reversed(list(model.modules())) if isinstance(m, nn.Linear)).out_features
