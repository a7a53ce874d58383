"""Looks inside a trained net: its maps, what its units respond to, and what decides its answers."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cnnlib.shapes import Pair


def feature_maps(model: nn.Module, layer: nn.Module, x: Tensor) -> Tensor:
    """Return what `layer`, a module inside `model`, gives for the images x (N, C, H, W), without gradients.

    The model runs as it is, in its present mode; the hook is removed again. ValueError if x never reaches `layer`.
    """
    kept: list[Tensor] = []
    handle = layer.register_forward_hook(lambda module, inputs, output: kept.append(output.clone()))
    try:
        with torch.no_grad():
            model(x)
    finally:
        handle.remove()
    if not kept:
        raise ValueError("feature_maps: layer expects a module that model uses, this one was not called")
    return kept[-1]


def top_patches(
    maps: Tensor, images: Tensor, k: int, kernel_size: Pair, stride: Pair = 1, padding: Pair = 0
) -> list[tuple[int, int, int, Tensor]]:
    """Return the k places where one channel responds most, each with the patch of the image that it sees.

    `maps` (N, oH, oW) holds the channel's responses to `images` (N, H, W). A place is (image, row, column, patch),
    row and column of the map, the largest response first. The patch of (row, column) begins `padding` before
    (row, column) times `stride`, is `kernel_size` large, and is 0 where it leaves the image. ValueError for other
    shapes and unless k is at most the number of responses.
    """
    if maps.ndim != 3 or images.ndim != 3 or len(maps) != len(images):
        raise ValueError(
            f"top_patches: expects maps (N, oH, oW) and images (N, H, W), got {tuple(maps.shape)} and "
            f"{tuple(images.shape)}"
        )
    if not 0 < k <= maps.numel():
        raise ValueError(f"top_patches: k expects 1 to {maps.numel()}, the number of responses, got {k}")
    (high, wide), (down, right), (above, before) = _pair(kernel_size), _pair(stride), _pair(padding)
    padded = nn.functional.pad(images, (before, before + wide, above, above + high))
    found = []
    for place in maps.flatten().argsort(descending=True, stable=True)[:k].tolist():
        image, rest = divmod(place, maps[0].numel())
        row, column = divmod(rest, maps.shape[2])
        top, left = row * down, column * right
        found.append((image, row, column, padded[image, top : top + high, left : left + wide]))
    return found


def confusion_matrix(targets: Tensor, predictions: Tensor, num_classes: int) -> Tensor:
    """Count how often each class, a row, was read as each class, a column: (num_classes, num_classes) int64.

    `targets` and `predictions` are (N,) integers from 0 to num_classes - 1; ValueError for others.

    >>> confusion_matrix(torch.tensor([0, 0, 1]), torch.tensor([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    if targets.ndim != 1 or targets.shape != predictions.shape:
        raise ValueError(
            f"confusion_matrix: expects targets and predictions (N,), got {tuple(targets.shape)} and "
            f"{tuple(predictions.shape)}"
        )
    both = torch.stack([targets, predictions])
    if ((both < 0) | (both >= num_classes)).any():
        raise ValueError(f"confusion_matrix: expects classes from 0 to {num_classes - 1}, got others")
    return torch.bincount(targets * num_classes + predictions, minlength=num_classes**2).reshape(
        num_classes, -1
    )


def occlusion_map(
    model: nn.Module, image: Tensor, target: int, size: int, stride: int = 1, value: float = 0
) -> Tensor:
    """Return by how much the logit of class `target` drops when a square of the image is covered with `value`.

    `image` is (C, H, W); the square of `size` pixels covers all channels and lies wholly inside. The result is
    (oH, oW), a place every `stride` pixels. The model runs as it is. Source: Zeiler and Fergus (2014), section 2.
    ValueError for another number of axes and where the square does not fit.
    """
    if image.ndim != 3 or not 0 < size <= min(image.shape[1:]) or stride < 1:
        raise ValueError(
            f"occlusion_map: expects an image (C, H, W), a size that fits into it and a stride of 1 or more, got "
            f"{tuple(image.shape)}, {size} and {stride}"
        )
    tops, lefts = (range(0, side - size + 1, stride) for side in image.shape[1:])
    covered = image.repeat(len(tops) * len(lefts), 1, 1, 1)
    places = [(top, left) for top in tops for left in lefts]
    for one, (top, left) in zip(covered, places, strict=True):
        one[:, top : top + size, left : left + size] = value
    with torch.no_grad():
        drops: Tensor = model(image[None])[0, target] - model(covered)[:, target]
    return drops.reshape(len(tops), len(lefts))


def _pair(value: Pair) -> Sequence[int]:
    return (value, value) if isinstance(value, int) else value
