"""Notebook 13: fully connected against convolutional nets, on digits that move, and the runs it draws.

The upper half are tools (counting, matching, moving, summing up), the lower half the experiments, each a function
of the images, a seed and a device that yields one dict for each net; `cnnlib.experiments.run` collects them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset
from torch.utils.flop_counter import FlopCounterMode

from cnnlib import models, training

if TYPE_CHECKING:
    from cnnlib.data import ImageData

    Runs = Iterator[dict[str, Any]]

MARGIN = 8  # black pixels on each side of a digit: 28 + 2 * 8 = 44
SHIFTS = tuple(range(MARGIN + 1))


def counts(net: nn.Module, in_shape: Sequence[int]) -> tuple[int, int]:
    """The parameters of `net`, and its multiplications (MACs) for one image of shape (C, H, W)."""
    device = next(net.parameters()).device
    with training._evaluating(net), FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, *in_shape, device=device))
    return sum(p.numel() for p in net.parameters()), counter.get_total_flops() // 2


def matched_width(budget: int, count_params: Callable[[int], int]) -> int:
    """The width, 1 or more, whose count is nearest to `budget`; of two equally near the smaller.

    `count_params` takes a width and returns its count, which grows with the width.

    >>> matched_width(100, lambda width: 7 * width + 10)
    13
    """
    if budget < 1:
        raise ValueError(f"matched_width: budget expects 1 or more, got {budget}")
    width = 1
    while count_params(width) < budget:
        width += 1
    below = max(width - 1, 1)
    return below if budget - count_params(below) <= count_params(width) - budget else width


def on_canvas(images: Tensor, margin: int = MARGIN) -> Tensor:
    """Images (N, C, H, W) with `margin` black pixels added on each side."""
    if images.ndim != 4 or margin < 0:
        raise ValueError(
            f"on_canvas: expects images (N, C, H, W) and a margin of 0 or more, got {tuple(images.shape)}, {margin}"
        )
    return F.pad(images, (margin,) * 4)


def shifted(images: Tensor, right: int) -> Tensor:
    """Images (N, C, H, W) moved `right` pixels to the right, black behind them.

    ValueError if `right` is not from 0 to W, or if a pixel that is not black would leave an image.
    """
    width = images.shape[-1]
    if not 0 <= right <= width:
        raise ValueError(f"shifted: right expects 0 to {width}, got {right}")
    if images[..., width - right :].any():
        raise ValueError(f"shifted: a shift of {right} pixels would push ink out of an image")
    return F.pad(images[..., : width - right], (right, 0))


def random_shifts(images: Tensor, limit: int = MARGIN) -> Tensor:
    """Each image (N, C, H, W) moved by up to `limit` pixels down or up and right or left, drawn at random.

    ValueError if an image is not black for `limit` pixels from its border, where ink might leave.
    """
    n, _, height, width = images.shape
    inner = images[..., limit : height - limit, limit : width - limit]
    if limit < 0 or images.count_nonzero() != inner.count_nonzero():
        raise ValueError(f"random_shifts: a shift of {limit} pixels might push ink out of an image")
    moves = torch.randint(-limit, limit + 1, (2, n, 1)).to(images.device)
    rows = (torch.arange(height, device=images.device) - moves[0]) % height
    columns = (torch.arange(width, device=images.device) - moves[1]) % width
    each = torch.arange(n, device=images.device)[:, None, None]
    return images.movedim(1, -1)[each, rows[:, :, None], columns[:, None]].movedim(-1, 1)


def shift_curve(
    predict: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor, shifts: Sequence[int] = SHIFTS
) -> list[float]:
    """The accuracy, a fraction, on the images (N, C, H, W) moved to the right by each of `shifts`.

    `predict` takes images and returns their class numbers (N,). ValueError as in `shifted`, or if the number of
    labels is not that of the images.
    """
    if len(labels) != len(images):
        raise ValueError(f"shift_curve: labels expects {len(images)}, one per image, got {len(labels)}")
    return [float((predict(shifted(images, right)) == labels).double().mean()) for right in shifts]


def summarise(runs: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation (divisor n - 1; NaN for one run) of some runs' results.

    >>> summarise([1, 2, 6])
    (3.0, 2.6457513110645907)
    """
    if len(runs) == 0:
        raise ValueError("summarise: runs expects one number or more, got none")
    mean = sum(runs) / len(runs)
    squares = sum((run - mean) ** 2 for run in runs)
    return mean, math.sqrt(squares / (len(runs) - 1)) if len(runs) > 1 else math.nan


# ---- the experiments

IN_SHAPE = (1, 28 + 2 * MARGIN, 28 + 2 * MARGIN)
PIXELS = math.prod(IN_SHAPE)
LIMITS = 6400, 1000, 1000  # images to train, validate and test with; there may be fewer
STEPS, BATCH = 200, 64  # of training: two epochs of 6,400 images
RATES = 3e-3, 1e-2, 3e-2, 1e-1  # learning rates that every net of `fair` may try
RATE = 1e-2  # of the other experiments


def canvases(images: ImageData, limits: Sequence[int] = LIMITS) -> list[TensorDataset]:
    """The first images of train, validation and test, `limits` of them, each on its canvas."""
    parts = zip(images.tensors(), limits, strict=True)
    return [TensorDataset(on_canvas(part.tensors[0][:n]), part.tensors[1][:n]) for part, n in parts]


def contestants() -> dict[str, nn.Module]:
    """The convolutional net, and a fully connected net of as many parameters, and one of as many MACs."""
    cnn = models.PoolNet(IN_SHAPE)
    parameters, macs = counts(cnn, IN_SHAPE)
    same_parameters = matched_width(parameters, lambda width: (PIXELS + 1) * width + (width + 1) * 10)
    same_macs = matched_width(macs, lambda width: (PIXELS + 10) * width)
    return {
        "CNN": cnn,
        "MLP, equal parameters": models.MLP(IN_SHAPE, (same_parameters,)),
        "MLP, equal MACs": models.MLP(IN_SHAPE, (same_macs,)),
    }


def train(
    net: nn.Module,
    digits: TensorDataset,
    seed: int,
    device: str | None = None,
    lr: float = RATE,
    **settings: Any,
) -> dict[str, Any]:
    """Train `net` for `STEPS` steps, in as many whole epochs as come nearest; returns what was set."""
    epochs = max(1, round(STEPS / math.ceil(len(digits) / BATCH)))
    chosen: dict[str, Any] = {"epochs": epochs, "lr": lr, "batch_size": BATCH, "schedule": "one-cycle"}
    history = training.fit(net, digits, **chosen | settings, seed=seed, device=device, progress=None)
    return {"images": len(digits), **chosen, "precision": history[-1]["precision"]}


def _curve(net: nn.Module, digits: TensorDataset) -> list[float]:
    images, labels = digits.tensors
    curve = shift_curve(lambda moved: training.predict(net, moved).argmax(1), images, labels, SHIFTS)
    return [round(accuracy, 4) for accuracy in curve]


def fair(images: ImageData, seed: int, device: str | None = None) -> Runs:
    """Each contestant with the learning rate, of the same four, that is best on the validation images."""
    digits, validation, test = canvases(images)
    for name in contestants():
        tried: dict[float, tuple[float, nn.Module, dict[str, Any]]] = {}
        for lr in RATES:
            torch.manual_seed(seed)
            net = contestants()[name]
            settings = train(net, digits, seed, device, lr)
            tried[lr] = training.evaluate(net, validation)["accuracy"], net, settings
        best = max(RATES, key=lambda lr: tried[lr][0])
        _, net, settings = tried[best]
        parameters, macs = counts(net, IN_SHAPE)
        yield {
            "net": name,
            "parameters": parameters,
            "macs": macs,
            **settings,
            "validation_accuracy": {str(lr): round(accuracy, 4) for lr, (accuracy, _, _) in tried.items()},
            "test_accuracy": _curve(net, test),
        }


def heads(images: ImageData, seed: int, device: str | None = None) -> Runs:
    """The convolutional net with each of three heads."""
    digits, _, test = canvases(images)
    for head in ("flatten", "average", "max"):
        torch.manual_seed(seed)
        net = models.PoolNet(IN_SHAPE, head=head)
        settings = train(net, digits, seed, device)
        parameters, _ = counts(net, IN_SHAPE)
        yield {"head": head, "parameters": parameters, **settings, "test_accuracy": _curve(net, test)}


def augment(images: ImageData, seed: int, device: str | None = None) -> Runs:
    """Two nets trained on digits that are moved at random in every batch."""
    digits, _, test = canvases(images)
    for name in ("CNN", "MLP, equal MACs"):
        torch.manual_seed(seed)
        net = contestants()[name]
        settings = train(net, digits, seed, device, augment=random_shifts)
        yield {"net": name, **settings, "test_accuracy": _curve(net, test)}


def permuted(images: Tensor, order: Tensor) -> Tensor:
    """Images (N, 1, H, W) with their pixels in another `order`: (H*W,) for all, or (N, H*W), one for each."""
    pixels = images[0].numel()
    if order.shape not in ((pixels,), (len(images), pixels)):
        raise ValueError(
            f"permuted: order expects shape ({pixels},) or (N, {pixels}), got {tuple(order.shape)}"
        )
    return images.flatten(1).gather(1, order.expand(len(images), -1)).view_as(images)


def shuffle(images: ImageData, seed: int, device: str | None = None) -> Runs:
    """Two nets on the digits as they are, with one shuffle of the pixels for all, and with one for each."""
    digits, _, test = canvases(images)
    generator = torch.Generator().manual_seed(seed)
    one = torch.randperm(PIXELS, generator=generator)
    for order in ("none", "one for all", "one for each"):
        parts = []
        for part in (digits, test):
            x, y = part.tensors
            if order == "one for all":
                x = permuted(x, one)
            elif order == "one for each":
                x = permuted(x, torch.rand(len(x), PIXELS, generator=generator).argsort(1))
            parts.append(TensorDataset(x, y))
        for name in ("CNN", "MLP, equal parameters"):
            torch.manual_seed(seed)
            net = contestants()[name]
            settings = train(net, parts[0], seed, device)
            accuracy = training.evaluate(net, parts[1])["accuracy"]
            yield {"net": name, "shuffle": order, **settings, "test_accuracy": round(accuracy, 4)}


def size(images: ImageData, seed: int, device: str | None = None) -> Runs:
    """Two nets on few and on many images, for the same number of steps."""
    digits, _, test = canvases(images)
    order = torch.randperm(len(digits), generator=torch.Generator().manual_seed(seed))
    for count in (100, 800, 6400):
        few = TensorDataset(*digits[order[:count]])
        for name in ("CNN", "MLP, equal MACs"):
            torch.manual_seed(seed)
            net = contestants()[name]
            settings = train(net, few, seed, device)
            accuracy = training.evaluate(net, test)["accuracy"]
            yield {"net": name, **settings, "test_accuracy": round(accuracy, 4)}


CROP = 22


def crops(images: Tensor, offsets: Tensor) -> Tensor:
    """From each image (N, C, H, W) the 22x22 window whose first row and column are its pair in `offsets` (N, 2)."""
    pairs = zip(images, offsets.tolist(), strict=True)
    return torch.stack([image[:, row : row + CROP, column : column + CROP] for image, (row, column) in pairs])


def original_nets() -> dict[str, nn.Module]:
    """The two nets of the AI-Core notebook (2020), by its sizes, without their softmax."""
    convolutions = [
        nn.Conv2d(1, 16, 5),
        nn.ReLU(),
        nn.Conv2d(16, 32, 5),
        nn.ReLU(),
        nn.Conv2d(32, 64, 5),
        nn.ReLU(),
    ]
    return {
        "CNN": nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(64 * 10 * 10, 10)),
        "MLP": models.MLP((1, CROP, CROP), (225, 100, 50)),
    }


def original(images: ImageData, seed: int, device: str | None = None) -> Runs:
    """That notebook's protocol: trained on the middle 22x22 pixels, tested there and on windows drawn at random."""
    digits, _, test = images.tensors()
    x, y = digits.tensors[0][:25_600], digits.tensors[1][:25_600]
    middle = TensorDataset(x[..., 3:25, 3:25], y)
    x, y = test.tensors
    offsets = torch.randint(0, 28 - CROP + 1, (len(x), 2), generator=torch.Generator().manual_seed(seed))
    tests = {"middle": x[..., 3:25, 3:25], "random": crops(x, offsets)}
    for softmax in (True, False):
        for name in ("CNN", "MLP"):
            torch.manual_seed(seed)
            net = original_nets()[name]
            if softmax:
                net = nn.Sequential(net, nn.Softmax(dim=1))  # and the loss takes another
            settings: dict[str, Any] = {"epochs": 5, "lr": 5e-4, "batch_size": 128}
            history = training.fit(net, middle, **settings, seed=seed, device=device, progress=None)
            parameters, macs = counts(net, (1, CROP, CROP))
            accuracy = {
                key: training.evaluate(net, TensorDataset(t, y))["accuracy"] for key, t in tests.items()
            }
            yield {
                "net": name,
                "softmax": softmax,
                "parameters": parameters,
                "macs": macs,
                "images": len(middle),
                **settings,
                "precision": history[-1]["precision"],
                "loss": round(history[-1]["loss"], 4),
                **{f"{key}_accuracy": round(value, 4) for key, value in accuracy.items()},
            }
