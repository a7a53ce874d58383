"""Training in one plain loop, and what belongs to it: evaluate, predict, save, load, the device."""

from __future__ import annotations

import io
import math
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset, TensorDataset, default_collate

from cnnlib import distributed

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch.utils.tensorboard import SummaryWriter

    Device = torch.device | str | None
    Batches = Iterator[tuple[Tensor, Tensor, float]]  # images, labels, weight of their mean loss
    Score = tuple[Tensor, Tensor, int]  # of one batch: mean loss, right answers, labels

Model = TypeVar("Model", bound=nn.Module)


class Report(dict[str, Any]):
    """What `fit` tells `progress`: a dict that prints as one line.

    >>> print(Report(epoch=1, epochs=5, loss=0.2134, validation_loss=0.0811, validation_accuracy=0.976))
    epoch 1/5  loss 0.213  validation loss 0.081, accuracy 97.6 %
    """

    def __str__(self) -> str:
        line = f"epoch {self['epoch']}/{self['epochs']}"
        if "batch" in self:
            line += f", batch {self['batch']}/{self['batches']}"
        line += f"  loss {self['loss']:.3f}"
        if "validation_loss" in self:
            accuracy = 100 * self["validation_accuracy"]
            line += f"  validation loss {self['validation_loss']:.3f}, accuracy {accuracy:.1f} %"
        return line


def default_device() -> torch.device:
    """The accelerator torch finds here (CUDA, Apple's MPS, ...), else the CPU."""
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def has_bfloat16(device: Device = None) -> bool:
    """Whether the processor or GPU itself says that it computes in bfloat16."""
    device = _checked_device("has_bfloat16", device)
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # torch 2.10 cannot ask a processor; float32 is right on every one.
    ask = getattr(torch.cpu, "get_capabilities", dict)
    known: Mapping[str, Any] = ask() if device.type == "cpu" and torch.backends.mkldnn.is_available() else {}
    return any(known.get(name, False) for name in ("amx_bf16", "avx512_bf16", "bf16"))


def fit(
    model: nn.Module,
    train: Dataset[Any],
    validation: Dataset[Any] | None = None,
    *,
    epochs: int,
    lr: float,
    batch_size: int = 128,
    schedule: str | None = None,
    augment: Callable[[Tensor], Tensor] | None = None,
    label_smoothing: float = 0.0,
    precision: str = "auto",
    device: Device = None,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    writer: SummaryWriter | str | Path | None = None,
    progress: Callable[[Report], object] | None = print,
    report_every: float | None = None,
) -> list[Report]:
    """Train `model` in place with Adam and cross-entropy on its logits; returns one dict per epoch.

    `train` and `validation` hold pairs of image and class number: a TensorDataset of images (float, or
    uint8, which is divided by 255) and integer labels, sliced as two tensors, or any Dataset with a
    length. The model moves to `device` (default: `default_device()`) and stays there.

    - schedule: None (constant `lr`) or "one-cycle" (torch's OneCycleLR, the first quarter is warm-up).
    - augment: a function from a batch of images to a batch of images, used in training only.
    - label_smoothing: the share of each target that is spread over all classes, in training only.
    - precision: "float32", "bfloat16" (autocast), or "auto": bfloat16 where `has_bfloat16(device)`.
    - seed: of the order, dropout and augmentation, which draw from torch's random state; yours is put
      back afterwards.
    - checkpoint: a file written before the first and after every epoch. `resume=True` goes on from it
      if it exists, and on a CPU then gives the same bits as a run that was never interrupted.
    - writer: a TensorBoard SummaryWriter, or a folder for one that `fit` opens and closes.
    - progress: called with the Report of each epoch, and within an epoch with one every `report_every`
      seconds if that is given; training stops when it returns True.

    A Report holds epoch, epochs, loss and accuracy (means over the epoch's samples, taken while the
    model learned from them), lr, seconds (of training), precision, device, validation_loss and
    validation_accuracy; within an epoch it holds batch, batches, and loss and accuracy so far.

    A stop or an interrupt returns the finished epochs, and the model keeps what it has learned.
    Raises FloatingPointError (with epoch, batch and learning rate) at the first loss that is not
    finite, and torch.OutOfMemoryError with the batch size to try.

    In processes that `torchrun` started (`cnnlib.distributed`) each computes its share of every batch:
    the batches are those of one process, dropout and augmentation draw in each process for itself,
    process 0 alone reports, logs and writes the checkpoint, and a stop waits for the end of its epoch.
    """
    _check_settings("fit", model=model, epochs=epochs, lr=lr, batch_size=batch_size, schedule=schedule)
    _check_settings("fit", augment=augment, label_smoothing=label_smoothing, precision=precision, seed=seed)
    _check_settings("fit", progress=progress, report_every=report_every)
    if resume and checkpoint is None:
        raise ValueError("fit: resume=True needs checkpoint, the file to go on from")
    device = _checked_device("fit", device)
    precision = _checked_precision(precision, device)
    first = distributed.rank() == 0
    model.to(device)
    with _own_random_state(seed, device):
        data = _checked_data("fit", "train", train, model, device)
        held_out = validation
        if validation is not None:
            held_out = _checked_data("fit", "validation", validation, model, device)

    net = distributed.wrap(model, device)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, fused=device.type in ("cpu", "cuda"))
    steps = math.ceil(len(data) / batch_size)
    scheduler = _scheduler(schedule, optimizer, lr, epochs * steps)
    parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    settings = {"lr": lr, "batch_size": batch_size, "schedule": schedule, "augment": _name(augment)}
    settings |= {"label_smoothing": label_smoothing, "precision": precision, "samples": len(data)}
    settings |= {
        "seed": seed,
        "epochs": epochs if schedule else None,
    }  # at a constant lr it can be made longer
    check_every = 1 if device.type == "cpu" else 50  # reading a loss makes a GPU wait
    history: list[Report] = []

    def tell(report: Report) -> None:
        stop = first and progress is not None and progress(report) is True
        if distributed.size() > 1:  # all have to stop at the same step
            stop = "batch" not in report and bool(distributed.of_first(torch.tensor(stop), device))
        if stop:
            raise _Stop

    def batches(data: Any, shuffle: bool = False) -> Batches:
        last = time.monotonic()
        for batch in _batches(data, batch_size, device, shuffle, shared=True):
            yield batch
            if report_every is not None and time.monotonic() - last >= report_every:
                tell(Report(epoch=epoch, epochs=epochs, batch=len(scores), batches=steps, **_means(scores)))
                last = time.monotonic()

    with (
        _own_random_state(seed + distributed.rank(), device),
        _modes_kept(model),
        _opened(writer if first else None) as log,
        _memory_hint("fit", batch_size),
        suppress(KeyboardInterrupt, _Stop),
    ):
        if resume and distributed.of_first(torch.tensor(Path(checkpoint or "").exists()), device):
            history = _read_checkpoint(checkpoint or "", settings, epochs, parts, device)
        elif checkpoint is not None and first:
            _write_checkpoint(checkpoint, settings, history, parts, device)
        for epoch in range(len(history) + 1, epochs + 1):
            start = time.perf_counter()
            scores: list[Score] = []
            rates: list[float] = []
            model.train()
            for images, labels, weight in batches(data, shuffle=True):
                if augment is not None:
                    images = augment(images)
                with _autocast(device, precision):
                    logits = net(images)
                    loss = F.cross_entropy(logits, labels, label_smoothing=label_smoothing)
                scores.append(_score(loss, logits, labels, weight))
                rates.append(optimizer.param_groups[0]["lr"])
                if len(scores) % check_every == 0 or len(scores) == steps:
                    _check_finite(epoch, scores, check_every, rates)
                optimizer.zero_grad()
                (weight * loss).backward()
                optimizer.step()
                scheduler.step()
            report = Report(epoch=epoch, epochs=epochs, **_means(scores, device), lr=rates[-1])
            report |= {"seconds": time.perf_counter() - start, "precision": precision, "device": device.type}
            if held_out is not None:
                report |= _validate(model, batches(held_out), device, epoch)
            history.append(report)
            if checkpoint is not None and first:
                _write_checkpoint(checkpoint, settings, history, parts, device)
            if log is not None:
                _log(log, report)
            tell(report)
    return history


def evaluate(
    model: nn.Module,
    data: Dataset[Any],
    batch_size: int = 500,
    device: Device = None,
    precision: str = "float32",
) -> dict[str, float]:
    """Return the mean loss and the accuracy of `model` over `data`, each sample counted once.

    `data` and `precision` are as in `fit`. Runs in eval mode, without gradients, on the model's own
    device (or moves the model to `device`); afterwards every part of the model is in the mode it was in.
    The loss is the cross-entropy of the logits, the accuracy a fraction from 0 to 1.
    """
    device, precision = _checked_evaluation("evaluate", model, batch_size, device, precision)
    checked = _checked_data("evaluate", "data", data, model, device)
    with _memory_hint("evaluate", batch_size), _autocast(device, precision):
        return _evaluate(model, _batches(checked, batch_size, device))


def predict(
    model: nn.Module,
    images: Tensor | NDArray[Any],
    batch_size: int = 500,
    device: Device = None,
    precision: str = "float32",
) -> Tensor:
    """Return the logits of `model` for `images` (N, C, H, W), on the CPU; `.argmax(1)` is the class.

    Images are float, or uint8, which is divided by 255. Mode, precision and device as in `evaluate`.
    """
    device, precision = _checked_evaluation("predict", model, batch_size, device, precision)
    images = images if isinstance(images, Tensor) else torch.tensor(images)
    _check("predict", "images", images.ndim > 1 and len(images) > 0, "(N, C, H, W)", tuple(images.shape))
    _check_pixels("predict", "images", images)
    with _memory_hint("predict", batch_size), _evaluating(model), _autocast(device, precision):
        parts = [model(_as_float(part.to(device))).cpu() for part in images.split(batch_size)]
    logits = torch.cat(parts)  # outside inference mode, so that it is an ordinary tensor
    return logits.float() if logits.dtype == torch.bfloat16 else logits


def save(model: nn.Module, path: str | Path) -> None:
    """Write the weights and buffers of `model` to the file `path`, whole or not at all."""
    _check_settings("save", model=model)
    _write_state(path, model.state_dict())


def load(model: Model, path: str | Path) -> Model:
    """Read into `model`, of the same shapes, what `save` wrote; returns `model`.

    Reads tensors and never runs code. Raises FileNotFoundError, or ValueError for a file that is
    damaged, is something else or does not fit; the model is then unchanged.
    """
    _check_settings("load", model=model)
    state = _read_state("load", path)
    _check_fits("load", path, model, state)
    model.load_state_dict(state)
    return model


def write_file(path: str | Path, content: bytes) -> None:
    """Write `content` to a temporary file beside `path`, then put it in place in one step."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


# ---- batches, and what is counted on them


def _batches(
    data: Any, batch_size: int, device: torch.device, shuffle: bool = False, shared: bool = False
) -> Batches:
    """Float images and int64 labels on `device`, in an order drawn from torch's random state.

    With `shared` each process gets its share of the batches that process 0 has drawn.
    """
    order = torch.randperm(len(data)) if shuffle else torch.arange(len(data))
    if shared:
        order = distributed.of_first(order, device)
    if type(data) is TensorDataset:
        order = order.to(data.tensors[0].device)
    for indices in order.split(batch_size):
        mine, weight = distributed.share(indices) if shared else (indices, 1.0)
        if type(data) is TensorDataset:
            images, labels = data[mine]  # one slice of each tensor
        else:
            images, labels = default_collate([data[i] for i in mine.tolist()])
        yield _as_float(images.to(device)), labels.to(device).long(), weight


def _as_float(images: Tensor) -> Tensor:
    return images / 255 if images.dtype == torch.uint8 else images


def _autocast(device: torch.device, precision: str) -> torch.autocast:
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


def _score(loss: Tensor, logits: Tensor, labels: Tensor, weight: float) -> Score:
    right = (logits.detach().argmax(1) == labels).sum()
    return loss.detach(), right * (weight > 0), labels.numel() * (weight > 0)


def _means(scores: Sequence[Score], device: torch.device | None = None) -> dict[str, float]:
    """Loss and accuracy over all samples: a batch weighs as much as it has samples.

    With `device` they are over all processes, else over this one's.
    """
    losses, right, counts = zip(*scores, strict=True)
    count = torch.tensor(counts, dtype=torch.float64)
    loss = torch.stack(losses).cpu().double() @ count
    sums = torch.stack([loss, torch.stack(right).sum().cpu().double(), count.sum()])
    if device is not None:
        sums = distributed.total(sums, device)
    return {"loss": (sums[0] / sums[2]).item(), "accuracy": (sums[1] / sums[2]).item()}


def _check_finite(epoch: int, scores: Sequence[Score], last: int, rates: Sequence[float]) -> None:
    """Raise at the first of the `last` batches whose loss is nan or infinite."""
    losses = torch.stack([loss for loss, _, _ in scores[-last:]]).tolist()
    for batch, loss in enumerate(losses, len(scores) - len(losses)):
        if not math.isfinite(loss):
            raise FloatingPointError(
                f"fit: the loss is {loss} in epoch {epoch}, batch {batch + 1} (learning rate {rates[batch]:g}); "
                "try a smaller lr, and look for nan or inf in the images"
            )


def _evaluate(model: nn.Module, batches: Batches, device: torch.device | None = None) -> dict[str, float]:
    scores: list[Score] = []
    with _evaluating(model):
        for images, labels, weight in batches:
            logits = model(images)
            scores.append(_score(F.cross_entropy(logits, labels), logits, labels, weight))
    return _means(scores, device)


def _validate(model: nn.Module, batches: Batches, device: torch.device, epoch: int) -> dict[str, float]:
    """Loss and accuracy under the names a Report has for them, over the shares of all processes."""
    distributed.share_buffers(model)
    means = _evaluate(model, batches, device)
    if not math.isfinite(means["loss"]):
        raise FloatingPointError(f"fit: the validation loss is {means['loss']} after epoch {epoch}")
    return {f"validation_{name}": value for name, value in means.items()}


# ---- what is put back when a run ends


class _Stop(Exception):
    """`progress` returned True."""


@contextmanager
def _modes_kept(model: nn.Module) -> Iterator[None]:
    """Put every part of the model back into train or eval mode as it was."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    with _modes_kept(model), torch.inference_mode():
        model.eval()
        yield


@contextmanager
def _own_random_state(seed: int, device: torch.device) -> Iterator[None]:
    """Seed the generators that a run on `device` draws from, then put the reader's state back."""
    with torch.accelerator.device_index(None if device.type == "cpu" else device.index):
        before = _random_state(device)
        try:
            _seed(seed, device)
            yield
        finally:
            _set_random_state(device, before)


def _seed(seed: int, device: torch.device) -> None:
    # torch.manual_seed would also seed devices that are not used here.
    torch.default_generator.manual_seed(seed)
    if device.type != "cpu":
        torch.get_device_module(device).manual_seed(seed)


def _random_state(device: torch.device) -> list[Tensor]:
    on_device = [] if device.type == "cpu" else [torch.get_device_module(device).get_rng_state()]
    return [torch.get_rng_state(), *on_device]


def _set_random_state(device: torch.device, state: Sequence[Tensor]) -> None:
    torch.set_rng_state(state[0])
    if device.type != "cpu" and len(state) > 1:
        torch.get_device_module(device).set_rng_state(state[1])


@contextmanager
def _opened(writer: SummaryWriter | str | Path | None) -> Iterator[SummaryWriter | None]:
    """The reader's writer, left open, or one for a folder, closed at the end."""
    if not isinstance(writer, (str, Path)):
        yield writer
        return
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(writer)) as opened:
        yield opened


def _log(writer: SummaryWriter, report: Report) -> None:
    for name in ("loss", "accuracy"):
        for part, key in (("train", name), ("validation", f"validation_{name}")):
            if key in report:
                writer.add_scalar(f"{name}/{part}", report[key], report["epoch"])
    writer.add_scalar("learning rate", report["lr"], report["epoch"])
    writer.flush()


@contextmanager
def _memory_hint(where: str, batch_size: int) -> Iterator[None]:
    """Turn running out of memory, on any device, into one error that says what to change."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        words = r"out of memory|can't allocate memory|not enough memory|ALLOC_FAILED"
        if not isinstance(error, MemoryError) and not re.search(words, str(error)):
            raise
        way_out = (
            f"try batch_size={batch_size // 2}"
            if batch_size > 1
            else "take a smaller model or smaller images"
        )
        raise torch.OutOfMemoryError(
            f"{where}: out of memory with batch_size={batch_size}; {way_out}"
        ) from error


# ---- files


def _write_state(path: str | Path, state: dict[str, Any]) -> None:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_file(path, buffer.getvalue())


def _read_state(where: str, path: str | Path) -> dict[str, Any]:
    if not Path(path).is_file():
        raise FileNotFoundError(f"{where}: there is no file {path}")
    content = io.BytesIO(Path(path).read_bytes())
    try:
        state = torch.load(content, map_location="cpu", weights_only=True)
    except Exception as error:  # anything can come out of bytes that are no saved tensors
        raise ValueError(f"{where}: {path} is damaged or is not a file of saved weights") from error
    if not isinstance(state, dict):
        raise ValueError(f"{where}: {path} holds no named weights but {type(state).__name__}")
    return state


def _check_fits(where: str, path: str | Path, model: nn.Module, state: dict[str, Any]) -> None:
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    found = {name: tuple(getattr(value, "shape", ())) for name, value in state.items()}
    for name in expected | found:
        if expected.get(name) != found.get(name):
            raise ValueError(
                f"{where}: {path} does not fit {type(model).__name__}: {name} expects "
                f"{expected.get(name, 'nothing')}, the file has {found.get(name, 'nothing')}"
            )


def _write_checkpoint(
    path: str | Path,
    settings: dict[str, Any],
    history: list[Report],
    parts: dict[str, Any],
    device: torch.device,
) -> None:
    states = {name: part.state_dict() for name, part in parts.items()}
    past = [dict(report) for report in history]
    _write_state(path, {"settings": settings, "history": past, "random": _random_state(device), **states})


def _read_checkpoint(
    path: str | Path, settings: dict[str, Any], epochs: int, parts: dict[str, Any], device: torch.device
) -> list[Report]:
    """Put all parts and the random state back as they were, and return the history up to there."""
    state = _read_state("fit", path)
    if state.keys() != {"settings", "history", "random", *parts}:
        raise ValueError(f"fit: {path} is not a checkpoint that fit wrote")
    _check_fits("fit", path, parts["model"], state["model"])
    for name, value in (state["settings"] | settings).items():
        if value != (found := state["settings"].get(name)):
            raise ValueError(f"fit: {path} was written with {name}={found!r}, now it is {value!r}")
    if len(state["history"]) > epochs:
        raise ValueError(f"fit: {path} has {len(state['history'])} epochs already, epochs is {epochs}")
    for name, part in parts.items():
        part.load_state_dict(state[name])
    if distributed.rank() == 0:
        _set_random_state(device, state["random"])
    else:  # the file knows the state of process 0; the others draw anew, not the same as it
        _seed(settings["seed"] + distributed.rank() + 1_000 * len(state["history"]), device)
    return [Report(report) for report in state["history"]]


# ---- arguments


def _scheduler(
    schedule: str | None, optimizer: torch.optim.Optimizer, lr: float, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    if schedule is None:
        return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1)
    # With 4 steps torch's warm-up has length 0 and divides by it; with fewer there is none.
    _check("fit", "schedule", steps > 4, "at least 5 batches in all for one-cycle", steps)
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps, pct_start=0.25)


def _name(function: Callable[..., Any] | None) -> str | None:
    return None if function is None else getattr(function, "__qualname__", type(function).__qualname__)


def _check(where: str, argument: str, right: bool, expected: str, value: object) -> None:
    if not right:
        raise ValueError(f"{where}: {argument} expects {expected}, got {value!r}")


def _is_count(value: object) -> bool:
    return isinstance(value, Integral) and int(value) >= 1


_SETTINGS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "model": (lambda value: isinstance(value, nn.Module), "an nn.Module"),
    "epochs": (_is_count, "an integer of 1 or more"),
    "lr": (lambda value: isinstance(value, Real) and 0 < float(value) < math.inf, "a number above 0"),
    "batch_size": (_is_count, "an integer of 1 or more"),
    "schedule": (lambda value: value in (None, "one-cycle"), 'None or "one-cycle"'),
    "augment": (lambda value: value is None or callable(value), "a function or None"),
    "label_smoothing": (
        lambda value: isinstance(value, Real) and 0 <= float(value) < 1,
        "a number from 0 to below 1",
    ),
    "precision": (
        lambda value: value in ("auto", "float32", "bfloat16"),
        '"auto", "float32" or "bfloat16"',
    ),
    "seed": (lambda value: isinstance(value, Integral), "an integer"),
    "progress": (lambda value: value is None or callable(value), "a function or None"),
    "report_every": (
        lambda value: value is None or (isinstance(value, Real) and float(value) >= 0),
        "seconds or None",
    ),
}


def _check_settings(where: str, **values: object) -> None:
    """Check each argument by the rule of its name."""
    for argument, value in values.items():
        right, expected = _SETTINGS[argument]
        _check(where, argument, right(value), expected, value)


def _checked_device(where: str, device: Device) -> torch.device:
    if device is None:
        return default_device()
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError, TypeError) as error:
        here = f"cpu or {default_device()}" if torch.accelerator.is_available() else "cpu"
        raise ValueError(f"{where}: device expects one that is here ({here}), got {device!r}") from error


def _checked_precision(precision: str, device: torch.device) -> str:
    if precision == "auto":
        return "bfloat16" if has_bfloat16(device) else "float32"
    return precision


def _checked_evaluation(
    where: str, model: nn.Module, batch_size: int, device: Device, precision: str
) -> tuple[torch.device, str]:
    """The device to evaluate on, where the model is afterwards (its own unless one is given), and the precision."""
    _check_settings(where, model=model, batch_size=batch_size, precision=precision)
    if device is None:
        held = next(model.parameters(), next(model.buffers(), None))
        device = torch.device("cpu") if held is None else held.device
    else:
        device = _checked_device(where, device)
        model.to(device)
    return device, _checked_precision(precision, device)


def _check_pixels(where: str, argument: str, images: Tensor) -> None:
    right = images.is_floating_point() or images.dtype == torch.uint8
    _check(where, argument, right, "images that are float or uint8", images.dtype)


def _checked_data(where: str, argument: str, data: Any, model: nn.Module, device: torch.device) -> Any:
    """Refuse what is no data set of images and classes of this model; move a TensorDataset to `device`."""
    if not isinstance(data, Dataset) or not hasattr(data, "__len__"):
        raise TypeError(
            f"{where}: {argument} expects a Dataset of (image, label) with a length, got {type(data).__name__}"
        )
    _check(where, argument, len(data) > 0, "at least one sample", len(data))
    sample = data[0]
    pair = isinstance(sample, (tuple, list)) and len(sample) == 2
    _check(where, argument, pair, "pairs (image, label)", type(sample).__name__)
    image, label = default_collate([sample])
    _check(where, argument, isinstance(image, Tensor), "images that are tensors", type(image).__name__)
    _check_pixels(where, argument, image)
    whole = isinstance(label, Tensor) and not label.is_floating_point()
    _check(where, argument, whole, "labels that are integers", getattr(label, "dtype", type(label).__name__))

    with _modes_kept(model), torch.no_grad():
        logits = model.eval()(_as_float(image.to(device)))
    shape: tuple[Any, ...] = tuple(logits.shape) if isinstance(logits, Tensor) else ()
    fits = len(shape) > 1 and shape[:1] + shape[2:] == tuple(label.shape)
    _check(where, "model", fits, f"to return (N, classes, ...) for labels {tuple(label.shape)}", shape)
    if type(data) is TensorDataset:
        label = data.tensors[1]
        data = TensorDataset(*(tensor.to(device) for tensor in data.tensors))
    low, high = int(label.min()), int(label.max())
    if low < 0 or high >= shape[1]:
        expected = f"labels from 0 to {shape[1] - 1}, the model's classes"
        raise ValueError(f"{where}: {argument} expects {expected}, got {low} to {high}")
    return data
