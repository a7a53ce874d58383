"""The net that reads digits on the website: how it is trained, and the file in which the browser gets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnlib import training

TRAINING: dict[str, Any] = {
    "epochs": 8,
    "lr": 0.01,
    "batch_size": 128,
    "schedule": "one-cycle",
    "precision": "float32",
}
LEAST = 0.99  # of MNIST's test pictures read rightly
LARGEST = 150_000  # bytes of the file


def digit_net() -> nn.Sequential:
    """Return the net of notebook 00, untrained: images (N, 1, 28, 28) from 0 to 1 to logits (N, 10).

    >>> sum(p.numel() for p in digit_net().parameters())
    29546
    """
    return nn.Sequential(
        *(nn.Conv2d(1, 16, kernel_size=5, stride=2, padding=2), nn.ReLU(), nn.BatchNorm2d(16)),
        *(nn.Conv2d(16, 32, kernel_size=3, padding=1), nn.MaxPool2d(2), nn.ReLU(), nn.BatchNorm2d(32)),
        *(nn.Conv2d(32, 64, kernel_size=3, padding=1), nn.MaxPool2d(2), nn.ReLU(), nn.BatchNorm2d(64)),
        *(nn.Flatten(), nn.Linear(64 * 3 * 3, 10)),
    )


def jitter(images: Tensor) -> Tensor:
    """Return images (N, C, H, W) turned, sheared, scaled and shifted a little, each in its own way; 0 comes in.

    A hand that draws on a screen is less steady than those that wrote MNIST.
    """
    matrix = torch.eye(2, 3).repeat(len(images), 1, 1)
    matrix[:, :, :2] += 0.15 * (2 * torch.rand(len(images), 2, 2) - 1)
    matrix[:, :, 2] += 0.1 * (2 * torch.rand(len(images), 2) - 1)
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid.to(images), align_corners=False)


def rounded(model: nn.Module) -> nn.Module:
    """Round the weights of `model` in place to 16 bits, in which they travel; returns `model`."""
    with torch.no_grad():
        for values in model.state_dict().values():
            if values.is_floating_point():
                values.copy_(values.half())
    return model


def write(model: nn.Module, path: str | Path, made: dict[str, Any]) -> int:
    """Write a digit pad with the net `model` to the file `path`, as the site reads it; returns its size in bytes.

    `made` says how the net came to be. The weights are written with 16 bits: round them first to measure what is
    written. ValueError for a net that the browser cannot compute or that makes a file above 150 kB.
    """
    from cnnlib.explorers import DigitPad

    pad = DigitPad(model)
    if pad.asks_python:
        raise ValueError(
            "write: model expects a plain chain of layers that core.js knows; only Python can run this one"
        )
    content = json.dumps({"made": made, "name": "DigitPad", "traits": pad.traits_stored}).encode() + b"\n"
    if len(content) > LARGEST:
        raise ValueError(
            f"write: model expects weights that make at most {LARGEST} bytes, these make {len(content)}"
        )
    training.write_file(path, content)
    return len(content)
