"""The net that reads digits on the website: how it is trained, and the file in which the browser gets it."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnlib import data, training

TRAINING = {"epochs": 8, "lr": 0.01, "batch_size": 128, "schedule": "one-cycle"}
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
