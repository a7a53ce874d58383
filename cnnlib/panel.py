"""A panel of a notebook to train a net with: choose, start, watch the curve, stop."""

import base64
import html
import io
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import ipywidgets
import torch
from matplotlib.figure import Figure
from torch import nn
from torch.utils.data import TensorDataset

from cnnlib import plot, training
from cnnlib.data import ImageData
from cnnlib.explorers.saved import VIEW
from cnnlib.models import MLP, ConvNet, FastNet

MODELS: dict[str, Callable[[], nn.Module]] = {"ConvNet": ConvNet, "FastNet": FastNet, "MLP": MLP}
RATES = (0.0001, 0.0005, 0.002, 0.01, 0.05, 0.3)
BATCH_SIZES = (16, 32, 64, 128, 256, 512)
HIGHEST = 3.0  # of the losses drawn: a run that went wrong must not flatten the others


@dataclass
class Run:
    """One training: its settings, and a point (epochs done, loss, accuracy) for every report."""

    lr: float
    batch_size: int
    model: str
    points: list[tuple[float, float, float]] = field(default_factory=list)
    validation: list[tuple[float, float, float]] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.model}, learning rate {self.lr:g}, batch size {self.batch_size}"


class TrainingPanel(ipywidgets.VBox):  # type: ignore[misc]
    """Settings, a start and a stop button, and the curves of the latest runs; trains in a thread of its own.

    `source` is as from `data.load`, of which the first `images` training images are used; `models` maps a name to a
    function that builds a net. Nothing starts by itself. One panel trains at a time: making another, or closing this
    one, stops it. Seeds act on the whole Python, so other cells that draw random numbers meanwhile disturb the run's.

    Dashed are means over the epoch so far, while the net was learning; the dots are validation images. A saved notebook
    keeps the picture. `runs` holds what was drawn, `model` the net trained last. Raises TypeError or ValueError naming
    a wrong argument.
    """

    _active: ClassVar["TrainingPanel | None"] = None

    def __init__(
        self,
        source: ImageData,
        models: Mapping[str, Callable[[], nn.Module]] = MODELS,
        images: int = 6_400,
        epochs: int = 3,
        report_every: float = 0.5,
    ) -> None:
        self._stopped = threading.Event()  # also needed to close a panel that was never made
        if not isinstance(source, ImageData):
            raise TypeError(
                f"TrainingPanel: source expects what data.load returns, got {type(source).__name__}"
            )
        if not models or not all(map(callable, models.values())):
            raise ValueError(
                "TrainingPanel: models expects at least one name and a function that builds its net"
            )
        for name, value in (("images", images), ("epochs", epochs)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"TrainingPanel: {name} expects a number from 1 on, got {value!r}")
        if TrainingPanel._active is not None:  # the cell was run again
            TrainingPanel._active.stop()
        self.runs: list[Run] = []
        self.model: nn.Module | None = None
        self._source, self._models, self._images = source, dict(models), images
        self._epochs, self._report_every = epochs, report_every
        self._thread: threading.Thread | None = None
        self.lr = _slider("learning rate", RATES, source.lr)
        self.batch_size = _slider("batch size", BATCH_SIZES, source.batch_size)
        self.choice = ipywidgets.Dropdown(
            options=list(models), description="model", layout={"width": "240px"}
        )
        self.start_button = ipywidgets.Button(description="Start", icon="play", button_style="primary")
        self.stop_button = ipywidgets.Button(description="Stop", icon="stop", disabled=True)
        self.start_button.on_click(lambda _: self.start())
        self.stop_button.on_click(lambda _: self.stop())
        self.status = ipywidgets.HTML()
        self.curve = ipywidgets.Image(format="png", layout={"max_width": "100%", "align_self": "flex-start"})
        settings = ipywidgets.HBox([self.lr, self.batch_size, self.choice], layout={"flex_flow": "row wrap"})
        buttons = ipywidgets.HBox([self.start_button, self.stop_button])
        super().__init__([settings, buttons, self.status, self.curve])
        self._say("Choose, then press Start.")
        self._draw()

    @property
    def running(self) -> bool:
        """Whether a run is going on."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start a run with the settings chosen; nothing happens while one is going on."""
        if self.running:
            return
        if TrainingPanel._active is not None:
            TrainingPanel._active.stop()
        TrainingPanel._active = self
        self.start_button.disabled, self.stop_button.disabled = True, False
        self._stopped.clear()
        self.runs = [*self.runs, Run(self.lr.value, self.batch_size.value, self.choice.value)][
            -len(plot.SERIES) :
        ]
        self._say(f"{self.runs[-1]}: starting")
        self._thread = threading.Thread(target=self._train, args=(self.runs[-1],), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask the run to end at its next report; what the net has learned stays in it."""
        self._stopped.set()
        self.stop_button.disabled = True

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until no run is going on, at most so long; return whether that is so."""
        if self._thread is not None:
            self._thread.join(seconds)
        return not self.running

    def close(self) -> None:
        """Stop, and take the panel out of the page."""
        self._stopped.set()
        super().close()

    def _train(self, run: Run) -> None:
        end = "The run ended."
        try:
            train, validation, _ = self._source.tensors(scaled=False)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                self.model = self._models[run.model]()
            training.fit(
                self.model,
                TensorDataset(*(part[: self._images] for part in train.tensors)),
                TensorDataset(*(part[: self._images // 4 + 1] for part in validation.tensors)),
                epochs=self._epochs,
                lr=run.lr,
                batch_size=run.batch_size,
                progress=lambda report: self._tell(run, report),
                report_every=self._report_every,
            )
            end = f"{run}: {'stopped' if self._stopped.is_set() else 'done'}. {_summary(run)}"
        except Exception as error:  # it would only be printed somewhere behind the notebook
            end = f"{run}: ended by an error. {type(error).__name__}: {error}"
        finally:
            self._say(end)
            self.start_button.disabled, self.stop_button.disabled = False, True

    def _tell(self, run: Run, report: training.Report) -> bool:
        """Draw a report, and say whether to stop."""
        part = report["batch"] / report["batches"] if "batch" in report else 1
        epochs = report["epoch"] - 1 + part
        run.points.append((epochs, report["loss"], report["accuracy"]))
        if "validation_loss" in report:
            run.validation.append((epochs, report["validation_loss"], report["validation_accuracy"]))
        if not self._stopped.is_set():
            self._say(f"{run}: {report}")
        self._draw()
        return self._stopped.is_set()

    def _say(self, text: str) -> None:
        self.status.value = html.escape(text)

    def _draw(self) -> None:
        """The curves, on a figure of their own: pyplot belongs to the notebook's thread."""
        size = (plot.WIDTH, 2.8 + 0.2 * len(self.runs))
        figure = Figure(figsize=size, dpi=100, layout="constrained", facecolor="white")
        loss, accuracy = figure.subplots(1, 2)
        for run, colour in zip(self.runs, plot.SERIES, strict=False):
            for axes, index, top in ((loss, 1, HIGHEST), (accuracy, 2, 1.0)):
                axes.plot(*_columns(run.points, index, top), color=colour, linestyle="--", linewidth=1)
                axes.plot(*_columns(run.validation, index, top), color=colour, marker="o", label=str(run))
        loss.set(xlabel="epoch", ylabel=f"loss, cut at {HIGHEST:g}", ylim=(0, 1.02 * HIGHEST))
        accuracy.set(xlabel="epoch", ylabel="accuracy", ylim=(0, 1.02))
        for axes in (loss, accuracy):
            axes.set(xlim=(0, 1.04 * self._epochs), xticks=range(self._epochs + 1))
        if self.runs:
            figure.legend(*loss.get_legend_handles_labels(), loc="outside lower left", fontsize=8)
        else:
            figure.supxlabel("Run this cell, choose, and press Start.", fontsize=9)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
        self.curve.value = buffer.getvalue()

    def __repr__(self) -> str:
        return f"TrainingPanel({self._source.name}, {', '.join(self._models)})"

    def _repr_mimebundle_(self, **how: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        picture = base64.b64encode(self.curve.value).decode()
        return {"text/plain": repr(self), "image/png": picture, VIEW: view}, {"cnnlib": "panel"}


def _slider(description: str, options: Sequence[float], default: float) -> Any:
    return ipywidgets.SelectionSlider(
        options=sorted({*options, default}),
        value=default,
        description=description,
        style={"description_width": "90px"},
    )


def _columns(
    points: list[tuple[float, float, float]], index: int, top: float
) -> tuple[list[float], list[float]]:
    return [point[0] for point in points], [min(point[index], top) for point in points]


def _summary(run: Run) -> str:
    """The last that is known of a run."""
    known = run.validation or run.points
    if not known:
        return "It had no time to learn."
    epochs, loss, accuracy = known[-1]
    part = "Validation" if run.validation else "Training"
    return f"{part} loss {loss:.3f}, accuracy {accuracy:.1%} after {epochs:.2g} epochs."
