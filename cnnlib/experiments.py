"""The course's longer experiments: `python -m cnnlib experiment NAME` runs one, the notebooks draw what is stored.

An experiment is a function of the images, a seed and a device that yields one dict for each net it has trained. Its
record, all seeds together with what made them, is a small JSON; those of the course lie in `cnnlib/runs/`.
"""

from __future__ import annotations

import datetime
import json
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module, resources
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch.utils.data import TensorDataset

    from cnnlib.data import ImageData

    Experiment = Callable[[ImageData, int, str | None], Iterator[dict[str, Any]]]

REMEDIES: dict[str, dict[str, bool]] = {
    "plain": {},
    "He": {"he": True},
    "batch norm": {"norm": True},
    "residual": {"skip": True},
    "batch norm + residual": {"norm": True, "skip": True},
}


def small_digits(
    images: ImageData, count: int = 12_800
) -> tuple[TensorDataset, TensorDataset, TensorDataset]:
    """Train, validation and test at half the size, 14x14, each pixel the mean of 2x2; the first `count` to train."""
    from torch.nn import functional as F
    from torch.utils.data import TensorDataset

    if count < 1:
        raise ValueError(f"small_digits: count expects 1 or more, got {count}")
    parts = [part.tensors for part in images.tensors()]
    limits = (count, None, None)
    train, validation, test = (
        TensorDataset(F.avg_pool2d(x[:n], 2), y[:n]) for (x, y), n in zip(parts, limits, strict=True)
    )
    return train, validation, test


def deep(images: ImageData, seed: int, device: str | None = None) -> Iterator[dict[str, Any]]:
    """Notebook 11: a net of 24 layers on small digits, plain and with each remedy; the plain one also less deep."""
    import torch

    from cnnlib import models, training

    train, validation, test = small_digits(images)
    nets = [(name, 24) for name in REMEDIES] + [("plain", 6), ("plain", 12)]
    for name, depth in nets:
        torch.manual_seed(seed)
        net = models.DeepNet(depth, **REMEDIES[name])
        settings: dict[str, Any] = {"epochs": 2, "lr": 2e-3, "batch_size": 64, "schedule": "one-cycle"}
        settings["precision"] = "float32"  # so that the processor makes no difference
        history = training.fit(net, train, validation, **settings, seed=seed, device=device, progress=None)
        yield {
            "net": name,
            "depth": depth,
            **settings,
            "images": len(train),
            "history": [{key: round(row[key], 4) for key in _CURVES} for row in history],
            "test_accuracy": round(training.evaluate(net, test)["accuracy"], 4),
        }


_CURVES = ("epoch", "loss", "accuracy", "validation_loss", "validation_accuracy")


def _of_fair(name: str) -> Experiment:
    """An experiment of notebook 13: its module imports torch, so it is loaded when the run begins."""

    def experiment(images: ImageData, seed: int, device: str | None = None) -> Iterator[dict[str, Any]]:
        found: Experiment = getattr(import_module("cnnlib.fair"), name)
        return found(images, seed, device)

    return experiment


EXPERIMENTS: dict[str, Experiment] = {"deep": deep}
EXPERIMENTS |= {name: _of_fair(name) for name in ("fair", "heads", "augment", "shuffle", "size", "original")}


def run(
    name: str,
    images: ImageData | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    device: str | None = None,
    progress: Callable[[dict[str, Any]], object] | None = None,
) -> dict[str, Any]:
    """All of the experiment `name`, once for each of `seeds`, as a record that `json.dumps` takes.

    `images` is MNIST if it is at hand, else the embedded digits, unless given; `device` as in `training.fit`.
    `progress` is called with each of the record's "runs" when it is done. The record also holds experiment, data,
    seeds, device, threads, versions, date and seconds. ValueError if no experiment has that name.
    """
    import torch

    from cnnlib import data
    from cnnlib.training import default_device

    if name not in EXPERIMENTS:
        raise ValueError(f"run: name expects one of {', '.join(EXPERIMENTS)}, got {name!r}")
    images = images or data.load()
    device = device or str(default_device())
    start, runs = time.perf_counter(), []
    for seed in seeds:
        for result in EXPERIMENTS[name](images, seed, device):
            runs.append({"seed": seed, **result})
            if progress is not None:
                progress(runs[-1])
    return {
        "experiment": name,
        "data": images.name,
        "seeds": list(seeds),
        "device": torch.cuda.get_device_name(device) if device.startswith("cuda") else device,
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version()}
        | {package: version(package) for package in ("cnnlib", "numpy", "torch")},
        "date": datetime.date.today().isoformat(),
        "seconds": round(time.perf_counter() - start, 1),
        "runs": runs,
    }


def stored(name: str) -> dict[str, Any]:
    """The record of the experiment `name` that comes with the course; ValueError if there is none."""
    file = resources.files("cnnlib").joinpath("runs", f"{name}.json")
    if name not in EXPERIMENTS or not file.is_file():
        raise ValueError(f"stored: name expects one of {', '.join(EXPERIMENTS)}, got {name!r}")
    record: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return record
