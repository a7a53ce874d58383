"""The training panel, its buttons pressed in code: what it starts, stops, shows, and leaves in a saved notebook."""

import base64
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cnnlib import panel
from cnnlib.data import ImageData, Split
from cnnlib.explorers.saved import VIEW, without_views
from cnnlib.panel import TrainingPanel

LIMIT = 20.0  # seconds after which a thread that hangs is given up


def some(count: int) -> Split:
    generator = np.random.default_rng(count)
    labels = generator.integers(0, 10, count)
    images = generator.integers(0, 60, (count, 1, 28, 28)).astype(np.uint8)
    images[np.arange(count), 0, labels] = 255  # a bright row says which class it is
    return Split(images, labels)


SOURCE = ImageData("mnist", some(120), some(60), some(10), batch_size=32, lr=5e-4, epochs=1, bound=0.9)


def linear() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


class Gate(nn.Module):
    """A net that waits at every batch until it is let through."""

    def __init__(self) -> None:
        super().__init__()
        self.net = linear()
        self.arrived, self.let = threading.Semaphore(0), threading.Semaphore(0)

    def forward(self, x: Tensor) -> Any:
        self.arrived.release()
        assert self.let.acquire(timeout=LIMIT)
        return self.net(x)

    def open(self) -> None:
        """Let every batch through from now on."""
        for _ in range(1000):
            self.let.release()


class Broken(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = linear()

    def forward(self, x: Tensor) -> Any:
        raise RuntimeError("no such <layer>")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., TrainingPanel]]:
    """Panels that report every batch; at the end every thread is gone."""
    monkeypatch.setattr(TrainingPanel, "_active", None)
    panels: list[TrainingPanel] = []

    def make(build: Callable[[], nn.Module] = linear, **how: Any) -> TrainingPanel:
        how = {"models": {"net": build}, "images": 96, "epochs": 2, "report_every": 0} | how
        panels.append(TrainingPanel(SOURCE, **how))
        return panels[-1]

    yield make
    for one in panels:
        one.close()
        if isinstance(one.model, Gate):
            one.model.open()
        assert one.wait(LIMIT), "a thread is left"


def waiting(made: Callable[..., TrainingPanel], **how: Any) -> tuple[TrainingPanel, Gate]:
    """A panel whose run stands at its first batch, and the gate it stands at."""
    gate = Gate()
    one = made(lambda: gate, **how)
    one.start_button.click()
    for _ in range(2):  # `fit` tries the net on an image of each part first
        gate.let.release()
    for _ in range(3):
        assert gate.arrived.acquire(timeout=LIMIT)
    return one, gate


def test_nothing_starts_by_itself(made: Callable[..., TrainingPanel]) -> None:
    threads = threading.active_count()
    one = made()
    one._repr_mimebundle_()
    assert threading.active_count() == threads
    assert not one.running and one.runs == [] and one.model is None
    assert not one.start_button.disabled and one.stop_button.disabled
    assert one.wait(0)


def test_start_trains_in_a_thread_and_draws(made: Callable[..., TrainingPanel]) -> None:
    one = made()
    empty = one.curve.value
    one.lr.value, one.batch_size.value = 0.01, 16
    before = torch.get_rng_state()
    one.start_button.click()
    assert one.wait(LIMIT)
    (run,) = one.runs
    assert (run.lr, run.batch_size, run.model) == (0.01, 16, "net")
    assert [epochs for epochs, *_ in run.validation] == [1, 2]
    batches = [epochs for epochs, *_ in run.points]
    assert batches == sorted(batches) and {1 / 6, 2 / 6, 5 / 6, 1.5, 2}.issubset(
        np.round(batches, 9).tolist() + batches
    )
    assert run.validation[-1][1] < run.points[0][1] and run.validation[-1][2] > 0.3
    assert one.status.value.startswith("net, learning rate 0.01, batch size 16: done. Validation loss ")
    assert one.status.value.endswith("after 2 epochs.")
    assert not one.start_button.disabled and one.stop_button.disabled
    assert one.curve.value != empty and bytes(one.curve.value).startswith(b"\x89PNG")
    assert isinstance(one.model, nn.Module)
    assert torch.equal(before, torch.get_rng_state()), "the notebook's random numbers are as without it"


def test_the_same_settings_give_the_same_run(made: Callable[..., TrainingPanel]) -> None:
    one = made()
    for _ in range(2):
        torch.rand(3)
        one.start_button.click()
        assert one.wait(LIMIT)
    assert one.runs[0].validation == one.runs[1].validation


def test_settings_are_those_of_the_data_and_can_be_chosen(made: Callable[..., TrainingPanel]) -> None:
    one = made(models={"a": linear, "b": linear})
    assert (one.lr.value, one.batch_size.value, one.choice.value) == (5e-4, 32, "a")
    assert set(panel.RATES) <= set(one.lr.options) and one.choice.options == ("a", "b")
    one.choice.value = "b"
    one.start_button.click()
    assert one.wait(LIMIT) and one.runs[0].model == "b"


def test_stop_ends_the_run_at_the_next_report(made: Callable[..., TrainingPanel]) -> None:
    one, gate = waiting(made, epochs=4)
    assert one.running and one.start_button.disabled and not one.stop_button.disabled
    one.stop_button.click()
    assert one.stop_button.disabled
    gate.open()
    assert one.wait(LIMIT)
    assert len(one.runs[0].points) == 1 and "stopped. Training loss" in one.status.value
    assert not one.start_button.disabled
    one.start_button.click()  # and another can be started
    assert one.wait(LIMIT)
    assert "done" in one.status.value and len(one.runs) == 2


def test_a_second_start_changes_nothing(made: Callable[..., TrainingPanel]) -> None:
    one, gate = waiting(made)
    thread = one._thread
    one.start()
    assert one._thread is thread and len(one.runs) == 1
    gate.open()


def test_the_page_lives_while_it_trains(made: Callable[..., TrainingPanel]) -> None:
    one, gate = waiting(made)
    assert one.running  # and this thread is free
    first = one.curve.value
    gate.let.release()
    assert gate.arrived.acquire(timeout=LIMIT)  # the second batch: the first was reported
    assert "epoch 1/2, batch 1/3" in one.status.value and one.curve.value != first
    gate.open()


@pytest.mark.parametrize(
    "end",
    [
        lambda one, made: made(),  # the cell was run again
        lambda one, made: one.close(),
        lambda one, made: made().start(),
    ],
    ids=["made again", "closed", "another started"],
)
def test_a_run_ends_with_its_panel(
    end: Callable[[TrainingPanel, Callable[..., TrainingPanel]], Any], made: Callable[..., TrainingPanel]
) -> None:
    one, gate = waiting(made, epochs=4)
    end(one, made)
    gate.open()
    assert one.wait(LIMIT)
    assert len(one.runs[0].points) == 1


def test_an_error_in_the_thread_is_shown(made: Callable[..., TrainingPanel]) -> None:
    one = made(models={"broken": Broken, "net": linear})
    one.start_button.click()
    assert one.wait(LIMIT)
    assert one.status.value.endswith("ended by an error. RuntimeError: no such &lt;layer&gt;")
    assert not one.start_button.disabled and one.stop_button.disabled
    one.choice.value = "net"
    one.start_button.click()
    assert one.wait(LIMIT)
    assert "done" in one.status.value


def test_a_loss_that_explodes_is_said_so(made: Callable[..., TrainingPanel]) -> None:
    class Infinite(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = linear()

        def forward(self, x: Tensor) -> Any:
            return self.net(x) / 0

    one = made(Infinite)
    one.start_button.click()
    assert one.wait(LIMIT)
    assert "FloatingPointError" in one.status.value


def test_only_the_latest_runs_are_kept(made: Callable[..., TrainingPanel]) -> None:
    one = made(epochs=1, images=10)
    for rate in (*panel.RATES, 0.0005):
        one.lr.value = rate
        one.start_button.click()
        assert one.wait(LIMIT)
    assert [run.lr for run in one.runs] == [*panel.RATES[1:], 0.0005]


def test_a_saved_notebook_keeps_the_picture_and_no_view(made: Callable[..., TrainingPanel]) -> None:
    one = made()
    data, metadata = one._repr_mimebundle_()
    assert data["text/plain"] == repr(one) == "TrainingPanel(mnist, net)"
    assert base64.b64decode(data["image/png"]) == one.curve.value == made().curve.value
    assert data[VIEW]["model_id"] == one.model_id
    output = {"output_type": "execute_result", "data": data, "metadata": metadata}
    without_views({"type": "notebook", "content": {"cells": [{"cell_type": "code", "outputs": [output]}]}})
    assert set(data) == {"text/plain", "image/png"}


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"models": {}}, "models expects"),
        ({"models": {"net": 3}}, "models expects"),
        ({"images": 0}, "images expects a number from 1 on, got 0"),
        ({"epochs": 1.5}, "epochs expects a number from 1 on, got 1.5"),
    ],
)
def test_wrong_arguments_are_named(how: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=f"TrainingPanel: {said}"):
        TrainingPanel(SOURCE, **how)


def test_another_source_is_refused() -> None:
    with pytest.raises(TypeError, match=r"source expects what data\.load returns, got str"):
        TrainingPanel("mnist")  # type: ignore[arg-type]
