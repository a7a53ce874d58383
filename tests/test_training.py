"""Training: the same bits as a loop written out, resume, stops, failures, files. The oracle is torch itself."""

import inspect
import math
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

from cnnlib import training
from cnnlib.data import random_shift
from cnnlib.models import MLP, FastNet
from cnnlib.training import Report, evaluate, fit, load, predict, save

cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
thorough = pytest.mark.skipif("CNNLIB_TEST_ALL" not in os.environ, reason="only in make test-all")


def samples(count: int, seed: int = 1) -> TensorDataset:
    """Noise with one bright corner of three, whose number is the label."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(count, 1, 7, 6, generator=generator)
    labels = torch.randint(3, (count,), generator=generator)
    for image, label in zip(images, labels.tolist(), strict=True):
        image[0, 4 * (label // 2) :, 3 * (label % 2) :][:3, :3] += 1
    return TensorDataset(images, labels)


def net(seed: int = 0, dropout: float = 0.3) -> nn.Sequential:
    """A net with all that makes a run hard to repeat: running statistics, and dropout's random numbers."""
    torch.manual_seed(seed)
    body = [nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(dropout), nn.Flatten()]
    return nn.Sequential(*body, nn.Linear(80, 3))


def noise(images: Tensor) -> Tensor:
    return images + 0.1 * torch.randn_like(images)


def run(
    model: nn.Module, train: Dataset[Any], validation: Dataset[Any] | None = None, **given: Any
) -> list[Report]:
    quiet = {
        "epochs": 2,
        "lr": 0.01,
        "batch_size": 16,
        "precision": "float32",
        "device": "cpu",
        "progress": None,
    }
    return fit(model, train, validation, **(quiet | given))


def same(a: nn.Module, b: nn.Module) -> bool:
    left, right = a.state_dict(), b.state_dict()
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def timeless(history: list[Report]) -> list[dict[str, Any]]:
    return [{key: value for key, value in report.items() if key != "seconds"} for report in history]


class Nth:
    """An augmentation that does something at its n-th call."""

    def __init__(self, n: int, action: Callable[[Tensor], Tensor]) -> None:
        self.n, self.action, self.calls = n, action, 0
        self.__qualname__ = "noise"  # a checkpoint knows an augmentation by its name

    def __call__(self, images: Tensor) -> Tensor:
        self.calls += 1
        return self.action(images) if self.calls == self.n else noise(images)


def raising(error: BaseException) -> Callable[[Tensor], Tensor]:
    def action(images: Tensor) -> Tensor:
        raise error

    return action


# ---- the loop


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("augment", [None, noise])
@pytest.mark.parametrize(("schedule", "smoothing"), [(None, 0.0), ("one-cycle", 0.1)])
def test_fit_is_the_plain_loop(schedule: str | None, smoothing: float, augment: Any, precision: str) -> None:
    data, held_out = samples(50), samples(21, seed=2)
    model, expected = net(), net()
    given: dict[str, Any] = {"schedule": schedule, "label_smoothing": smoothing, "augment": augment}
    history = run(model, data, held_out, epochs=3, precision=precision, seed=5, **given)

    images, labels = data.tensors
    torch.manual_seed(5)
    optimizer = torch.optim.Adam(expected.parameters(), lr=0.01, fused=True)
    one_cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=12, pct_start=0.25)
    if schedule is None:
        optimizer = torch.optim.Adam(expected.parameters(), lr=0.01, fused=True)
    for report in history:
        expected.train()
        total, right = 0.0, 0
        for batch in torch.randperm(50).split(16):
            x, y = images[batch], labels[batch]
            x = x if augment is None else augment(x)
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
                scores = expected(x)
                loss = F.cross_entropy(scores, y, label_smoothing=smoothing)
            rate = optimizer.param_groups[0]["lr"]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if schedule:
                one_cycle.step()
            total += loss.item() * len(batch)
            right += int((scores.argmax(1) == y).sum())
        assert report["loss"] == pytest.approx(total / 50, rel=1e-12)
        assert report["accuracy"] == right / 50
        assert report["lr"] == rate
        expected.eval()
        with torch.no_grad():
            scores = expected(held_out.tensors[0])
        assert report["validation_loss"] == pytest.approx(
            F.cross_entropy(scores, held_out.tensors[1]).item(), rel=1e-5
        )
        assert report["validation_accuracy"] == (scores.argmax(1) == held_out.tensors[1]).double().mean()
    assert same(model, expected)
    assert [report["epoch"] for report in history] == [1, 2, 3]
    assert all(report["seconds"] > 0 and report["precision"] == precision for report in history)


def test_fit_learns() -> None:
    model = net()
    history = run(model, samples(200), samples(60, seed=2), epochs=12)
    assert history[0]["loss"] > 2 * history[-1]["loss"]
    assert history[-1]["validation_accuracy"] > 0.9
    assert evaluate(model, samples(60, seed=2)) == pytest.approx(
        {name: history[-1][f"validation_{name}"] for name in ("loss", "accuracy")}
    )


class Pairs(Dataset[Any]):
    """A data set as people write one: Python ints as labels, images made on demand."""

    def __init__(self, data: TensorDataset) -> None:
        self.data = data

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image, label = self.data[index]
        return image.clone(), int(label)


@pytest.mark.parametrize("wrap", [Pairs, lambda data: Subset(data, range(len(data)))])
def test_any_data_set_gives_what_two_tensors_give(wrap: Callable[[TensorDataset], Dataset[Any]]) -> None:
    model, other = net(), net()
    history = run(model, samples(50), samples(20, seed=2))
    assert timeless(run(other, wrap(samples(50)), wrap(samples(20, seed=2)))) == timeless(history)
    assert same(model, other)


def test_uint8_images_are_divided_by_255_in_training_evaluation_and_prediction() -> None:
    images, labels = samples(50).tensors
    whole = (images * 127).to(torch.uint8)
    as_bytes, as_floats = TensorDataset(whole, labels.to(torch.uint8)), TensorDataset(whole / 255, labels)
    model, other = net(), net()
    assert timeless(run(model, as_bytes, as_bytes)) == timeless(run(other, as_floats, as_floats))
    assert same(model, other)
    assert evaluate(model, as_bytes) == evaluate(model, as_floats)
    assert torch.equal(predict(model, whole), predict(model, whole / 255))
    assert torch.equal(predict(model, whole.numpy()), predict(model, whole))
    assert as_bytes.tensors[0] is whole
    assert whole.dtype == torch.uint8


def test_fit_trains_a_net_that_labels_every_pixel() -> None:
    images, _ = samples(40).tensors
    data = TensorDataset(images, (images[:, 0] > 1).long())
    torch.manual_seed(0)
    model = nn.Conv2d(1, 2, 1)
    history = run(model, data, epochs=20, lr=0.1)
    assert history[-1]["accuracy"] > 0.9
    scores = model(images)
    expected = {
        "loss": F.cross_entropy(scores, data.tensors[1]).item(),
        "accuracy": (scores.argmax(1) == data.tensors[1]).double().mean().item(),
    }
    assert evaluate(model, data, batch_size=7) == pytest.approx(expected)


# ---- random numbers and modes


def test_the_seed_decides_and_the_readers_random_state_does_not() -> None:
    models = []
    for seed, readers in ((0, 1), (0, 2), (1, 1)):
        model = net()
        torch.manual_seed(readers)
        run(model, samples(50), augment=noise, seed=seed)
        models.append(model)
    assert same(models[0], models[1])
    assert not same(models[0], models[2])


@pytest.mark.parametrize("failure", [None, RuntimeError("mine"), KeyboardInterrupt()])
def test_the_readers_random_state_and_modes_are_untouched(failure: BaseException | None) -> None:
    model = net().eval()
    model[1].train()
    modes = [module.training for module in model.modules()]
    state, numpys = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002 - the reader's
    augment = Nth(3, raising(failure) if failure else noise)
    if isinstance(failure, RuntimeError):
        with pytest.raises(RuntimeError, match="mine"):
            run(model, samples(50), samples(9), augment=augment)
    else:
        run(model, samples(50), samples(9), augment=augment)
    assert augment.calls >= 3
    assert torch.equal(torch.get_rng_state(), state)
    assert (np.random.get_state()[1] == numpys).all()  # noqa: NPY002
    assert [module.training for module in model.modules()] == modes


@pytest.fixture(params=[False, True])
def deterministic(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Torch's own switch, off and on."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(request.param)
    yield request.param
    torch.use_deterministic_algorithms(before)


def fast_run(device: str = "cpu", seed: int = 0) -> nn.Module:
    """All that makes a run fast, on noise."""
    torch.manual_seed(seed)
    model = FastNet(width=8)
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(256, (330, 1, 28, 28), dtype=torch.uint8, generator=generator)
    data_set = TensorDataset(images, torch.randint(10, (330,), generator=generator))
    given: dict[str, Any] = {"schedule": "one-cycle", "label_smoothing": 0.1, "augment": random_shift}
    run(model, data_set, lr=0.02, batch_size=64, precision="bfloat16", device=device, seed=seed, **given)
    return model


def test_the_fast_run_gives_the_same_bits_again(deterministic: bool) -> None:
    first, again, other = fast_run(), fast_run(), fast_run(seed=1)
    assert same(first, again)
    assert not same(first, other)
    assert torch.are_deterministic_algorithms_enabled() is deterministic


def test_torchs_switch_for_deterministic_algorithms_is_honoured(deterministic: bool) -> None:
    def put(images: Tensor) -> Tensor:  # torch has no deterministic way to do this
        return images.clone().put_(torch.tensor([0, 0]), torch.tensor([1.0, 2.0]))

    if deterministic:
        with pytest.raises(RuntimeError, match="deterministic"):
            run(net(), samples(20), augment=put)
    else:
        run(net(), samples(20), augment=put)


class Watch(nn.Module):
    """Writes down how it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(42, 3)
        self.calls: list[tuple[bool, bool, bool, int]] = []

    def forward(self, x: Tensor) -> Tensor:
        modes = self.training, torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        self.calls.append((*modes, len(x)))
        return self.layer(x.flatten(1))


def test_training_and_validation_run_in_their_own_modes() -> None:
    model = Watch().eval()
    run(model, samples(20), samples(18), epochs=2)
    training_calls, validation_calls = (
        [(True, True, False, n) for n in (16, 4)],
        [(False, False, True, n) for n in (16, 2)],
    )
    assert model.calls[2:] == 2 * (training_calls + validation_calls)  # before: one look at each data set
    assert all(mode == (False, False, False, 1) for mode in model.calls[:2])
    assert not model.training


# ---- evaluate and predict


@given(st.integers(1, 23), st.integers(1, 30))
@settings(max_examples=25)
def test_evaluation_weighs_samples_not_batches(count: int, batch_size: int) -> None:
    model, data = net().double(), samples(count)
    data = TensorDataset(data.tensors[0].double(), data.tensors[1])
    model.eval()
    scores = model(data.tensors[0])
    expected = {
        "loss": F.cross_entropy(scores, data.tensors[1]).item(),
        "accuracy": (scores.argmax(1) == data.tensors[1]).double().mean().item(),
    }
    assert evaluate(model, data, batch_size) == pytest.approx(expected, rel=1e-12)
    torch.testing.assert_close(predict(model, data.tensors[0], batch_size), scores.detach())


def test_evaluation_uses_eval_and_inference_mode_and_restores_every_module() -> None:
    model = nn.Sequential(Watch(), nn.Dropout(0.5)).train()
    model[1].eval()
    state = torch.get_rng_state()
    for call in (evaluate, lambda model, data: predict(model, data.tensors[0])):
        call(model, samples(9))
        assert [module.training for module in model.modules()] == [True, True, True, False]
    assert all(not training and not grad for training, grad, _, _ in model[0].calls)
    assert [inference for *_, inference, _ in model[0].calls] == [False, True, True]  # first: the look
    assert torch.equal(torch.get_rng_state(), state)


def test_modes_are_restored_when_the_model_fails() -> None:
    model = net().train()
    with pytest.raises(RuntimeError):
        predict(model, torch.zeros(2, 5, 7, 6))
    assert all(module.training for module in model.modules())


def test_evaluation_and_prediction_can_run_in_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    model, data = net().eval(), samples(60)
    with torch.autocast("cpu", torch.bfloat16):
        expected = model(data.tensors[0]).detach().float()
    logits = predict(model, data.tensors[0], precision="bfloat16")
    assert logits.dtype == torch.float32
    assert torch.equal(logits, expected)
    assert not torch.equal(logits, predict(model, data.tensors[0]))
    result = evaluate(model, data, precision="bfloat16")
    assert result["loss"] == pytest.approx(F.cross_entropy(expected, data.tensors[1]).item(), rel=1e-5)
    for answer, same_as in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr(training, "has_bfloat16", lambda device, a=answer: a)
        assert evaluate(model, data, precision="auto") == evaluate(model, data, precision=same_as)


def test_predictions_are_ordinary_tensors() -> None:
    logits = predict(net(), samples(9).tensors[0])
    assert not logits.is_inference()
    weights = torch.ones(3, requires_grad=True)
    (logits * weights).sum().backward()
    assert weights.grad is not None


def test_a_model_without_weights_can_be_evaluated() -> None:
    data = TensorDataset(torch.eye(3).reshape(3, 3, 1, 1), torch.tensor([0, 1, 1]))
    assert evaluate(nn.Flatten(), data)["accuracy"] == pytest.approx(2 / 3)


# ---- reports and stops


def test_each_epoch_prints_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    history = fit(net(), samples(50), samples(20), epochs=2, lr=0.01, device="cpu")
    lines = capsys.readouterr().out.splitlines()
    assert lines == [str(report) for report in history]
    first = history[0]
    assert lines[0] == (
        f"epoch 1/2  loss {first['loss']:.3f}  validation loss {first['validation_loss']:.3f}, "
        f"accuracy {100 * first['validation_accuracy']:.1f} %"
    )


def test_nothing_is_printed_when_nobody_listens(capsys: pytest.CaptureFixture[str]) -> None:
    run(net(), samples(50), samples(20))
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_progress_gets_the_reports_of_the_history() -> None:
    heard: list[Report] = []
    assert run(net(), samples(50), progress=heard.append) == heard
    assert "validation_loss" not in heard[0]


def test_reports_come_within_the_epoch_too() -> None:
    heard: list[Report] = []
    history = run(net(), samples(50), samples(20), progress=heard.append, report_every=0)
    marks = [(report["epoch"], report.get("batch")) for report in heard]
    once = [1, 2, 3, 4, 4, 4, None]  # four training batches, two of validation, the epoch
    assert marks == [(epoch, batch) for epoch in (1, 2) for batch in once]
    assert heard[3]["loss"] == history[0]["loss"]
    assert heard[0].keys() == {"epoch", "epochs", "batch", "batches", "loss", "accuracy"}
    assert str(heard[1]).startswith("epoch 1/2, batch 2/4  loss ")


def test_reports_change_nothing() -> None:
    loud, quiet = net(), net()
    run(loud, samples(50), progress=lambda report: None, report_every=0)
    run(quiet, samples(50))
    assert same(loud, quiet)


def test_reports_within_an_epoch_wait_for_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(training.time, "monotonic", lambda: float(next(clock)))
    heard: list[Report] = []
    run(net(), samples(160), epochs=1, progress=heard.append, report_every=3)
    assert [report.get("batch") for report in heard] == [3, 6, 9, None]


@pytest.mark.parametrize("stop_at", [1, 2])
def test_true_stops_after_the_epoch(stop_at: int) -> None:
    model, expected = net(), net()
    history = run(model, samples(50), epochs=5, progress=lambda report: report["epoch"] == stop_at)
    assert [report["epoch"] for report in history] == list(range(1, stop_at + 1))
    run(expected, samples(50), epochs=stop_at)
    assert same(model, expected)


@pytest.mark.parametrize("answer", [1, "yes", [True]])
def test_only_true_stops(answer: object) -> None:
    assert len(run(net(), samples(20), progress=lambda report: answer)) == 2


@pytest.mark.parametrize(
    ("reports", "batches", "epochs"), [(2, 2, 0), (5, 4, 0), (6, 4, 0), (7, 4, 1), (8, 5, 1)]
)
def test_true_stops_within_an_epoch_and_within_validation(reports: int, batches: int, epochs: int) -> None:
    """Four training batches, then two of validation, then the epoch's own report."""
    left = iter(range(reports - 1))
    augment = Nth(0, noise)
    history = run(
        net(),
        samples(50),
        samples(20),
        augment=augment,
        report_every=0,
        progress=lambda report: next(left, None) is None,
    )
    assert augment.calls == batches
    assert len(history) == epochs


def test_a_stop_button_answers_from_another_thread() -> None:
    pressed, begun, result = threading.Event(), threading.Event(), []

    def progress(report: Report) -> bool:
        begun.set()
        return pressed.is_set()

    def work() -> None:
        result.append(run(net(), samples(50), epochs=10**6, progress=progress, report_every=0))

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(30)
    pressed.set()
    thread.join(30)
    assert not thread.is_alive()
    assert len(result[0]) < 10**6


def test_an_interrupt_returns_what_was_learned_so_far() -> None:
    """Six batches are done, four of them a whole epoch, when Ctrl-C comes."""
    model, expected = net(), net()
    history = run(model, samples(50), epochs=5, augment=Nth(7, raising(KeyboardInterrupt())))
    assert [report["epoch"] for report in history] == [1]

    torch.manual_seed(0)
    optimizer = torch.optim.Adam(expected.parameters(), lr=0.01, fused=True)
    images, labels = samples(50).tensors
    for batches in (4, 2):
        for batch in torch.randperm(50).split(16)[:batches]:
            optimizer.zero_grad()
            F.cross_entropy(expected(noise(images[batch])), labels[batch]).backward()
            optimizer.step()
    assert same(model, expected)


# ---- failures


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_the_first_loss_that_is_not_finite_is_named(bad: float) -> None:
    data = samples(50)
    data.tensors[0][17] = bad
    torch.manual_seed(0)
    order = torch.randperm(50).tolist()
    batch = order.index(17) // 16 + 1
    model = net(dropout=0)
    with pytest.raises(
        FloatingPointError, match=rf"loss is nan in epoch 1, batch {batch} \(learning rate 0.01\)"
    ):
        run(model, data)
    assert all(weights.isfinite().all() for weights in model.parameters())


def test_a_validation_loss_that_is_not_finite_is_named() -> None:
    held_out = samples(20)
    held_out.tensors[0][17] = math.nan
    with pytest.raises(FloatingPointError, match="fit: the validation loss is nan after epoch 1"):
        run(net(), samples(50), held_out)
    assert math.isnan(evaluate(net(), held_out)["loss"])  # told, not raised


def test_a_loss_that_explodes_is_named_with_the_rate_of_its_batch() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(42, 3))
    with pytest.raises(FloatingPointError) as caught:
        run(model, samples(50), lr=1e38, epochs=9, schedule="one-cycle")
    words = str(caught.value).replace(",", "").split()
    batch, rate = int(words[words.index("batch") + 1]), float(words[words.index("rate") + 1].rstrip(");"))
    optimizer = torch.optim.Adam([nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e38, total_steps=36, pct_start=0.25)
    rates = [
        scheduler.get_last_lr()[0] for _ in range(36) if optimizer.step() is None and scheduler.step() is None
    ]
    assert batch > 1
    assert rate == pytest.approx(rates[batch - 2], rel=1e-4)


def test_a_loss_is_found_among_several_read_at_once() -> None:
    """A GPU's losses are read every 50 batches: the first bad one counts, and its own learning rate."""
    losses = [1.0] * 55 + [math.inf, 2.0, math.nan]
    scores = [(torch.tensor(loss), torch.tensor(0), 1) for loss in losses]
    rates = [0.001 * number for number in range(1, 59)]
    training._check_finite(3, scores[:55], 50, rates[:55])
    with pytest.raises(FloatingPointError, match=r"loss is inf in epoch 3, batch 56 \(learning rate 0.056\)"):
        training._check_finite(3, scores, 50, rates)


def greedy(images: Tensor) -> Tensor:
    return images.new_empty(1 << 50)  # a million gigabytes: this processor's own out-of-memory error


@pytest.mark.parametrize(
    "action", [greedy, raising(MemoryError()), raising(torch.OutOfMemoryError("CUDA out of memory"))]
)
def test_running_out_of_memory_says_which_batch_size_to_try(action: Callable[[Tensor], Tensor]) -> None:
    message = "fit: out of memory with batch_size=16; try batch_size=8"
    with pytest.raises(torch.OutOfMemoryError, match=message) as caught:
        run(net(), samples(50), augment=Nth(2, action))
    assert caught.value.__cause__ is not None


class Greedy(nn.Module):
    """Runs out of memory as soon as there are two images."""

    def forward(self, x: Tensor) -> Tensor:
        return greedy(x) if len(x) > 1 else x.new_zeros(1, 3)


def test_evaluation_and_prediction_say_it_too() -> None:
    with pytest.raises(
        torch.OutOfMemoryError, match="evaluate: out of memory with batch_size=500; try batch_size=250"
    ):
        evaluate(Greedy(), samples(9))
    with pytest.raises(
        torch.OutOfMemoryError, match="predict: out of memory with batch_size=3; try batch_size=1"
    ):
        predict(Greedy(), samples(9).tensors[0], batch_size=3)


def test_a_batch_of_one_cannot_be_made_smaller() -> None:
    with pytest.raises(torch.OutOfMemoryError, match="batch_size=1; take a smaller model or smaller images"):
        run(net(), samples(50), batch_size=1, augment=Nth(1, greedy))


def test_other_errors_pass_unchanged() -> None:
    mine = RuntimeError("mine")
    with pytest.raises(RuntimeError) as caught:
        run(net(), samples(50), augment=Nth(2, raising(mine)))
    assert caught.value is mine


# ---- resume


@pytest.mark.parametrize("schedule", [None, "one-cycle"])
@pytest.mark.parametrize("killed_at", [1, 3, 4, 5, 8, 11])
def test_a_killed_run_goes_on_to_the_same_bits(killed_at: int, schedule: str | None, tmp_path: Path) -> None:
    """Three epochs of four batches; the error strikes before, within and at the end of epochs."""
    given: dict[str, Any] = {"epochs": 3, "schedule": schedule, "seed": 3}
    whole, killed, resumed = net(), net(), net(seed=9).eval()
    history = run(whole, samples(50), samples(20, seed=2), augment=noise, **given)

    given["checkpoint"] = tmp_path / "run.pt"
    with pytest.raises(RuntimeError, match="killed"):
        run(
            killed,
            samples(50),
            samples(20, seed=2),
            augment=Nth(killed_at, raising(RuntimeError("killed"))),
            **given,
        )
    torch.manual_seed(killed_at)  # the reader did something else meanwhile
    again = run(resumed, samples(50), samples(20, seed=2), augment=noise, resume=True, **given)
    assert same(resumed, whole)
    assert timeless(again) == timeless(history)
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]


@pytest.mark.parametrize("killed_at", [3, 7, 14])
def test_a_stopped_run_goes_on_in_the_same_session(killed_at: int, tmp_path: Path) -> None:
    """The model still holds half an epoch's steps, and the reports are written within epochs."""
    whole, model = net(), net()
    history = run(whole, samples(50), samples(20), epochs=3)
    left = iter(range(killed_at))
    given: dict[str, Any] = {"epochs": 3, "checkpoint": tmp_path / "run.pt", "report_every": 0}
    run(model, samples(50), samples(20), progress=lambda report: next(left, None) is None, **given)
    assert timeless(run(model, samples(50), samples(20), resume=True, **given)) == timeless(history)
    assert same(model, whole)


def test_a_finished_run_is_only_read(tmp_path: Path) -> None:
    model, other = net(), net(seed=4)
    history = run(model, samples(50), checkpoint=tmp_path / "run.pt")
    before = (tmp_path / "run.pt").read_bytes()
    assert run(other, samples(50), checkpoint=tmp_path / "run.pt", resume=True) == history
    assert same(model, other)
    assert (tmp_path / "run.pt").read_bytes() == before


def test_a_run_at_a_constant_rate_can_be_made_longer(tmp_path: Path) -> None:
    long, short = net(), net()
    run(long, samples(50), epochs=4)
    run(short, samples(50), epochs=2, checkpoint=tmp_path / "run.pt")
    run(short, samples(50), epochs=4, checkpoint=tmp_path / "run.pt", resume=True)
    assert same(long, short)


def test_resume_begins_anew_where_no_checkpoint_is(tmp_path: Path) -> None:
    model, expected = net(), net()
    run(model, samples(50), checkpoint=tmp_path / "folder" / "run.pt", resume=True)
    run(expected, samples(50))
    assert same(model, expected)
    assert (tmp_path / "folder" / "run.pt").is_file()


def test_without_resume_a_checkpoint_is_overwritten(tmp_path: Path) -> None:
    model, expected = net(), net()
    run(net(seed=4), samples(50), epochs=3, checkpoint=tmp_path / "run.pt")
    run(model, samples(50), checkpoint=tmp_path / "run.pt")
    run(expected, samples(50))
    assert same(model, expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lr": 0.02}, "was written with lr=0.01, now it is 0.02"),
        ({"batch_size": 10}, "was written with batch_size=16, now it is 10"),
        ({"schedule": None}, "was written with schedule='one-cycle', now it is None"),
        ({"augment": None}, "was written with augment='noise', now it is None"),
        ({"label_smoothing": 0.1}, "was written with label_smoothing=0.0, now it is 0.1"),
        ({"precision": "bfloat16"}, "was written with precision='float32', now it is 'bfloat16'"),
        ({"seed": 1}, "was written with seed=0, now it is 1"),
        ({"epochs": 3}, "was written with epochs=2, now it is 3"),
        ({"train": samples(49)}, "was written with samples=50, now it is 49"),
        (
            {"model": nn.Sequential(nn.Flatten(), nn.Linear(42, 3))},
            "does not fit Sequential: 1.weight expects",
        ),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    given: dict[str, Any] = {"model": net(), "train": samples(50), "schedule": "one-cycle", "augment": noise}
    given["checkpoint"] = tmp_path / "run.pt"
    run(**given)
    given |= {"model": net(seed=5)} | change
    before = {name: value.clone() for name, value in given["model"].state_dict().items()}
    with pytest.raises(ValueError, match=message) as caught:
        run(**given, resume=True)
    assert str(tmp_path / "run.pt") in str(caught.value)
    assert all(torch.equal(value, before[name]) for name, value in given["model"].state_dict().items())


def test_a_checkpoint_with_more_epochs_than_asked_is_refused(tmp_path: Path) -> None:
    run(net(), samples(50), epochs=2, checkpoint=tmp_path / "run.pt")
    with pytest.raises(ValueError, match=r"run.pt has 2 epochs already, epochs is 1"):
        run(net(), samples(50), epochs=1, checkpoint=tmp_path / "run.pt", resume=True)


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    save(net(), tmp_path / "weights.pt")
    (tmp_path / "page.pt").write_text("<!doctype html>")
    with pytest.raises(ValueError, match=r"weights.pt is not a checkpoint that fit wrote"):
        run(net(), samples(50), checkpoint=tmp_path / "weights.pt", resume=True)
    with pytest.raises(ValueError, match=r"page.pt is damaged or is not a file of saved weights"):
        run(net(), samples(50), checkpoint=tmp_path / "page.pt", resume=True)


KILLED = """
import sys
from tests.test_training import net, noise, run, samples
run(net(), samples(50), samples(20), epochs=400, augment=noise, checkpoint=sys.argv[1], resume=True,
    progress=lambda report: print(report["epoch"], flush=True))
"""


@thorough
def test_a_process_killed_again_and_again_ends_with_the_same_bits(tmp_path: Path) -> None:
    whole, resumed = net(), net(seed=9)
    history = run(whole, samples(50), samples(20), epochs=400, augment=noise)
    for number in range(1, 5):
        command = [sys.executable, "-c", KILLED, str(tmp_path / "run.pt")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            while int(child.stdout.readline()) < 70 * number:
                pass
            child.kill()
    given: dict[str, Any] = {"augment": noise, "checkpoint": tmp_path / "run.pt", "resume": True}
    assert timeless(run(resumed, samples(50), samples(20), epochs=400, **given)) == timeless(history)
    assert same(whole, resumed)


# ---- files


def test_save_and_load_return_the_same_bits(tmp_path: Path) -> None:
    model, other = net(), net(seed=5)
    run(model, samples(50))
    save(model, tmp_path / "new" / "model.pt")
    assert load(other, str(tmp_path / "new" / "model.pt")) is other
    assert same(model, other)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["model.pt"]


@pytest.mark.parametrize("broken", ["replace", "write_bytes"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(net(), tmp_path / "model.pt")
    before = (tmp_path / "model.pt").read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def half(path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content[: len(content) // 2])
        fail()

    owner: Any = os if broken == "replace" else Path
    monkeypatch.setattr(owner, broken, fail if broken == "replace" else half)
    with pytest.raises(OSError, match="No space left"):
        save(net(seed=5), tmp_path / "model.pt")
    assert (tmp_path / "model.pt").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]


class Bomb:
    """Unpickled, it makes a folder."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.canary),)


@pytest.mark.parametrize(
    "write", [torch.save, lambda bomb, path: path.write_bytes(pickle.dumps(bomb, protocol=2))]
)
def test_a_file_that_would_run_code_is_refused(
    write: Callable[[object, Path], object], tmp_path: Path
) -> None:
    canary, path, model = tmp_path / "canary", tmp_path / "bomb.pt", net()
    write(model.state_dict() | {"0.weight": Bomb(canary)}, path)
    with pytest.raises(ValueError, match=r"load: .*bomb.pt is damaged or is not a file of saved weights"):
        load(model, path)
    assert not canary.exists()
    pickle.loads(pickle.dumps(Bomb(canary)))  # the bomb is live
    assert canary.exists()


def damage(content: bytes) -> Iterator[bytes]:
    yield b""
    yield b"<!doctype html><title>404</title>"
    yield from (content[: len(content) * share // 10] for share in (1, 5, 9))
    yield content[:-1]
    yield content[: len(content) // 2] + bytes(len(content) - len(content) // 2)


@pytest.mark.parametrize("kind", range(7))
def test_a_damaged_file_is_one_clear_error_and_changes_nothing(kind: int, tmp_path: Path) -> None:
    path, model, before = tmp_path / "model.pt", net(), net()
    save(net(seed=5), path)
    path.write_bytes(list(damage(path.read_bytes()))[kind])
    with pytest.raises(ValueError, match=r"^load: .*model.pt is damaged or is not a file of saved weights$"):
        load(model, path)
    assert same(model, before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"0.weight": torch.zeros(4, 2, 3, 3)},
            r"0.weight expects \(4, 1, 3, 3\), the file has \(4, 2, 3, 3\)",
        ),
        ({"0.weight": None}, r"0.weight expects \(4, 1, 3, 3\), the file has nothing"),
        ({"0.weight": "text"}, r"0.weight expects \(4, 1, 3, 3\), the file has \(\)"),
        ({"9.weight": torch.zeros(2)}, r"9.weight expects nothing, the file has \(2,\)"),
    ],
)
def test_weights_of_another_model_are_refused_whole(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path, model, before = tmp_path / "model.pt", net(), net()
    state = {name: value for name, value in (net(seed=5).state_dict() | change).items() if value is not None}
    torch.save(state, path)
    with pytest.raises(ValueError, match=r"load: .*model.pt does not fit Sequential: " + message):
        load(model, path)
    assert same(model, before)


def test_what_holds_no_weights_or_is_not_there_is_refused(tmp_path: Path) -> None:
    torch.save(torch.zeros(3), tmp_path / "tensor.pt")
    with pytest.raises(ValueError, match=r"tensor.pt holds no named weights but Tensor"):
        load(net(), tmp_path / "tensor.pt")
    for missing in (tmp_path / "none.pt", tmp_path):
        with pytest.raises(FileNotFoundError, match="load: there is no file"):
            load(net(), missing)


# ---- TensorBoard


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder)).Reload()
    return {
        tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]
    }


def test_a_folder_gets_the_curves(tmp_path: Path) -> None:
    history = run(net(), samples(50), samples(20), writer=tmp_path / "board")
    curves = scalars(tmp_path / "board")
    tags = {"loss/train": "loss", "loss/validation": "validation_loss", "learning rate": "lr"}
    tags |= {"accuracy/train": "accuracy", "accuracy/validation": "validation_accuracy"}
    assert curves.keys() == tags.keys()
    for tag, key in tags.items():
        expected = [(report["epoch"], pytest.approx(report[key])) for report in history]
        assert curves[tag] == expected


@pytest.mark.parametrize("failure", [None, RuntimeError("mine"), KeyboardInterrupt()])
def test_the_writer_fit_made_is_always_closed(
    failure: BaseException | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch.utils import tensorboard

    closed = []
    close = tensorboard.SummaryWriter.close
    monkeypatch.setattr(tensorboard.SummaryWriter, "close", lambda self: closed.append(close(self)))
    augment = Nth(6, raising(failure) if failure else noise)
    if isinstance(failure, RuntimeError):
        with pytest.raises(RuntimeError, match="mine"):
            run(net(), samples(50), writer=str(tmp_path), augment=augment)
    else:
        run(net(), samples(50), writer=str(tmp_path), augment=augment)
    assert len(closed) == 1
    assert len(scalars(tmp_path)["loss/train"]) == (1 if failure else 2)


def test_the_readers_own_writer_stays_open(tmp_path: Path) -> None:
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path)) as writer:
        run(net(), samples(50), writer=writer)
        writer.add_scalar("mine", 1, 1)
    curves = scalars(tmp_path)
    assert curves["mine"] == [(1, 1)]
    assert len(curves["loss/train"]) == 2


def test_curves_can_be_looked_at_while_it_runs() -> None:
    calls: list[str] = []
    record = SimpleNamespace(
        add_scalar=lambda tag, value, step: calls.append(f"{tag} {step}"), flush=lambda: calls.append("flush")
    )
    run(net(), samples(50), writer=record)
    rows = ["loss/train", "accuracy/train", "learning rate"]
    assert calls == [*(f"{row} 1" for row in rows), "flush", *(f"{row} 2" for row in rows), "flush"]


# ---- device and precision


def test_default_device_is_the_accelerator_if_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for answer, expected in ((None, "cpu"), (torch.device("cuda"), "cuda"), (torch.device("mps"), "mps")):
        monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available, a=answer: a)
        assert training.default_device() == torch.device(expected)


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({}, False),
        ({"avx512_bf16": False, "amx_bf16": False, "avx2": True}, False),
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"bf16": True}, True),
    ],
)
def test_the_processor_is_asked_for_bfloat16(
    capabilities: dict[str, bool], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    assert training.has_bfloat16("cpu") is expected
    history = run(net(), samples(20), precision="auto")
    assert history[0]["precision"] == ("bfloat16" if expected else "float32")


@pytest.mark.parametrize("answer", [True, False])
def test_a_gpu_is_asked_what_it_does_without_emulation(answer: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "_checked_device", lambda where, device: torch.device(device))
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation: including_emulation or answer
    )
    assert training.has_bfloat16("cuda") is answer


def test_a_torch_that_cannot_ask_the_processor_trains_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert training.has_bfloat16("cpu") is False


@cuda
def test_fit_on_cuda_moves_data_and_model_and_learns() -> None:
    model = net()
    state = torch.cuda.get_rng_state()
    history = fit(model, samples(200), samples(60, seed=2), epochs=12, lr=0.01, batch_size=16, progress=None)
    assert history[-1]["device"] == "cuda"
    assert next(model.parameters()).is_cuda
    assert history[-1]["validation_accuracy"] > 0.9
    assert evaluate(model, samples(60, seed=2))["accuracy"] > 0.9
    assert predict(model, samples(60).tensors[0]).device.type == "cpu"
    assert torch.equal(torch.cuda.get_rng_state(), state)


@cuda
def test_the_fast_run_on_cuda_gives_the_same_bits_or_torch_says_why_not(
    deterministic: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    try:
        first = fast_run("cuda")
    except RuntimeError as error:
        if not deterministic or "deterministic" not in str(error):
            raise
        return
    if deterministic:
        assert same(first, fast_run("cuda"))


@cuda
def test_steps_on_cuda_do_not_wait_for_each_other() -> None:
    """Torch warns at each wait; there are a few at the ends and one in 50 steps, not one in each of 96."""
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with pytest.warns(UserWarning, match="synchronizing") as warned:
            run(net(), samples(768), device="cuda")
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert len([w for w in warned if "synchronizing" in str(w.message)]) < 48


@cuda
def test_a_loss_that_is_not_finite_is_named_on_cuda() -> None:
    data = samples(50)
    data.tensors[0][17] = math.nan
    torch.manual_seed(0)
    batch = torch.randperm(50).tolist().index(17) // 16 + 1
    with pytest.raises(FloatingPointError, match=f"epoch 1, batch {batch} "):
        run(net(dropout=0), data, device="cuda")


@cuda
def test_a_run_on_cuda_can_be_resumed(tmp_path: Path) -> None:
    given: dict[str, Any] = {"device": "cuda", "checkpoint": tmp_path / "run.pt"}
    run(net(), samples(50), epochs=1, **given)
    assert len(run(net(), samples(50), epochs=3, resume=True, **given)) == 3


# ---- arguments


def dark(count: int, dtype: torch.dtype = torch.float32, labels: list[Any] | None = None) -> TensorDataset:
    labels = [0] * count if labels is None else labels
    return TensorDataset(torch.zeros(count, 1, 7, 6, dtype=dtype), torch.tensor(labels))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "net"}, "fit: model expects an nn.Module, got 'net'"),
        ({"epochs": 0}, "fit: epochs expects an integer of 1 or more, got 0"),
        ({"epochs": 1.5}, "fit: epochs expects an integer of 1 or more, got 1.5"),
        ({"lr": 0}, "fit: lr expects a number above 0, got 0"),
        ({"lr": math.nan}, "fit: lr expects a number above 0, got nan"),
        ({"lr": math.inf}, "fit: lr expects a number above 0, got inf"),
        ({"lr": "0.1"}, "fit: lr expects a number above 0, got '0.1'"),
        ({"batch_size": 0}, "fit: batch_size expects an integer of 1 or more, got 0"),
        ({"batch_size": None}, "fit: batch_size expects an integer of 1 or more, got None"),
        ({"schedule": "cosine"}, "fit: schedule expects None or \"one-cycle\", got 'cosine'"),
        ({"augment": "flip"}, "fit: augment expects a function or None, got 'flip'"),
        ({"label_smoothing": 1}, "fit: label_smoothing expects a number from 0 to below 1, got 1"),
        ({"label_smoothing": -0.1}, "fit: label_smoothing expects a number from 0 to below 1, got -0.1"),
        ({"precision": "float16"}, "fit: precision expects"),
        ({"seed": 0.5}, "fit: seed expects an integer, got 0.5"),
        ({"progress": True}, "fit: progress expects a function or None, got True"),
        ({"report_every": -1}, "fit: report_every expects seconds or None, got -1"),
        ({"device": "gpu"}, r"fit: device expects one that is here \(cpu.*\), got 'gpu'"),
        ({"resume": True}, "fit: resume=True needs checkpoint, the file to go on from"),
        ({"schedule": "one-cycle", "epochs": 1}, "fit: schedule expects at least 5 batches in all .* got 4"),
        ({"train": dark(0)}, "fit: train expects at least one sample, got 0"),
        ({"validation": dark(0)}, "fit: validation expects at least one sample, got 0"),
        ({"train": TensorDataset(torch.zeros(2, 1, 7, 6))}, r"fit: train expects pairs \(image, label\)"),
        ({"train": dark(2, torch.int64)}, "fit: train expects images that are float or uint8, got torch.int64"),
        ({"train": dark(2, labels=[0.0, 1.0])}, "fit: train expects labels that are integers, got torch.float32"),
        ({"train": dark(2, labels=[0, 3])}, "fit: train expects labels from 0 to 2, the model's classes, got 0 to 3"),
        ({"validation": dark(2, labels=[-1, 0])}, "fit: validation expects labels from 0 to 2, .* got -1 to 0"),
        ({"train": dark(2, labels=[[0], [1]])}, r"fit: model expects .* for labels \(1, 1\), got \(1, 3\)"),
        ({"model": nn.Sequential(nn.Flatten(0), nn.Linear(42, 3))}, r"fit: model expects .* \(1,\), got \(3,\)"),
        ({"model": MLP((1, 6, 7))}, r"MLP: expects images of shape \(N, 1, 6, 7\), got \(1, 1, 7, 6\)"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_named(change: dict[str, Any], message: str) -> None:
    given = {"model": net(), "train": samples(50)} | change
    with pytest.raises(ValueError, match=message):
        run(**given)


class Stream(IterableDataset[Any]):
    """Has no length."""

    def __iter__(self) -> Iterator[Any]:
        return iter(samples(9))


class Words(Pairs):
    """Its labels are names."""

    def __getitem__(self, index: int) -> Any:
        return self.data[index][0], "cat"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (samples(9).tensors, "tuple"),
        (samples(9).tensors[0], "Tensor"),
        (DataLoader(samples(9)), "DataLoader"),
        (Stream(), "Stream"),
        (None, "NoneType"),
    ],
)
def test_what_is_no_data_set_is_named(data: Any, kind: str) -> None:
    message = r"expects a Dataset of \(image, label\) with a length, got " + kind
    with pytest.raises(TypeError, match="fit: train " + message):
        run(net(), data)
    with pytest.raises(TypeError, match="evaluate: data " + message):
        evaluate(net(), data)


def test_labels_that_are_words_are_named() -> None:
    with pytest.raises(ValueError, match="fit: train expects labels that are integers, got 'tuple'"):
        run(net(), Words(samples(9)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: evaluate(net(), samples(9), batch_size=0), "evaluate: batch_size expects"),
        (lambda: evaluate(None, samples(9)), "evaluate: model expects an nn.Module, got None"),
        (lambda: evaluate(net(), samples(9), device="gpu"), "evaluate: device expects one that is here"),
        (lambda: evaluate(net(), samples(9), precision="half"), "evaluate: precision expects"),
        (lambda: predict(net(), torch.zeros(2, 1, 7, 6), batch_size=1.5), "predict: batch_size expects"),
        (lambda: predict(net(), torch.zeros(0, 1, 7, 6)), r"predict: images expects \(N, C, H, W\), got \(0, "),
        (lambda: predict(net(), torch.zeros(2, 1, 7, 6).int()), "predict: images expects .* got torch.int32"),
        (lambda: save({}, "model.pt"), "save: model expects an nn.Module"),
        (lambda: load({}, "model.pt"), "load: model expects an nn.Module"),
        (lambda: training.has_bfloat16("gpu"), "has_bfloat16: device expects"),
    ],
)  # fmt: skip
def test_the_other_functions_name_wrong_arguments_too(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_the_signature_of_fit_is_the_documented_one() -> None:
    parameters = inspect.signature(fit).parameters
    defaults = {name: parameter.default for name, parameter in parameters.items()}
    assert [*defaults][:3] == ["model", "train", "validation"]
    assert all(parameters[name].kind is parameters[name].KEYWORD_ONLY for name in [*defaults][3:])
    expected = {"batch_size": 128, "schedule": None, "augment": None, "precision": "auto", "device": None}
    expected |= {"seed": 0, "checkpoint": None, "resume": False, "writer": None, "progress": print}
    assert expected.items() <= defaults.items()
    assert defaults["epochs"] is defaults["lr"] is inspect.Parameter.empty


IMPORTS = """
import sys, time, torch
before = set(sys.modules)
start = time.perf_counter()
import cnnlib.models, cnnlib.training
print(time.perf_counter() - start, *sorted(set(sys.modules) - before))
"""


def test_importing_training_adds_little_to_torch() -> None:
    seconds, *modules = subprocess.check_output([sys.executable, "-c", IMPORTS], text=True).split()
    assert float(seconds) < 0.4  # four times the promise
    assert modules == ["cnnlib", "cnnlib.distributed", "cnnlib.models", "cnnlib.training"]


LIGHT = """
import sys, time
before = set(sys.modules)
start = time.perf_counter()
import cnnlib
print(time.perf_counter() - start, *sorted(set(sys.modules) - before))
"""


def test_importing_cnnlib_is_light() -> None:
    """The least of three: a busy machine can only make it slower."""
    found = [subprocess.check_output([sys.executable, "-c", LIGHT], text=True).split() for _ in range(3)]
    assert min(float(seconds) for seconds, *_ in found) < 0.12  # four times the promise
    assert all(modules == ["cnnlib"] for _, *modules in found)
