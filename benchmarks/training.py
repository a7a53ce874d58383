"""Seconds of training until an accuracy on MNIST's test images, beside four loops as people write them.

Run it from the project's folder: `python -m benchmarks.training`. Every measurement has a process of its own; the
references (one seed) and ours (five) take turns. It prints Markdown tables and ends with exit code 1 if a floor is
missed on a processor with bfloat16; elsewhere the floors are only printed. `--write` puts the tables into
`benchmarks/RESULTS.md`. `--quick` times one epoch of each reference and two seeds of ours. It takes some 20 minutes.

`--gpu` measures the fast recipes on a CUDA device instead, `--scaling` 1 to 4 processes under torchrun. `--ablation`
leaves out one ingredient after the other, judged on the validation images, and writes `cnnlib/runs/fast.json`, the
table of notebook 10.
"""

import argparse
import datetime
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, TensorDataset, random_split
from torch.utils.flop_counter import FlopCounterMode
from torchvision import transforms

from cnnlib import data, distributed, models, training

PROJECT = Path(__file__).resolve().parent.parent
ABLATION = PROJECT / "cnnlib" / "runs" / "fast.json"


# ---- the references, written from their descriptions


class Net2020(models.ConvNet):
    """The AI-Core notebook's net as it was: a softmax before a loss that has one."""

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        return super().forward(x).softmax(dim=1)


class ExampleNet(nn.Module):
    """The net of PyTorch's own MNIST example; returns log-probabilities."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU())
        self.rest = nn.Sequential(
            *(nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten()),
            *(nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10), nn.LogSoftmax(dim=1)),
        )

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        logits: Tensor = self.rest(self.convolutions(x))
        return logits


def lenet() -> nn.Module:
    """LeNet as textbooks train it: sigmoids, average pooling, Xavier's initial weights."""
    net = nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.Sigmoid(), nn.AvgPool2d(2), nn.Flatten()),
        *(nn.Linear(400, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, 10)),
    )
    for layer in net:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
    return net


class Reference(NamedTuple):
    """One loop: a forward pass, a loss, a backward pass and a step per batch of a shuffling DataLoader."""

    name: str
    net: Callable[[], nn.Module]
    epochs: int
    batch_size: int
    samples: int
    loss: Callable[[Tensor, Tensor], Tensor]
    optimizer: Callable[[Any], torch.optim.Optimizer]
    decay: float = 1.0  # the learning rate's factor after each epoch
    normalised: bool = False  # images of mean 0 and standard deviation 1


adam, xent = partial(torch.optim.Adam, lr=5e-4), F.cross_entropy
REFERENCES = {
    "2020": Reference("the AI-Core notebook's loop (2020)", Net2020, 5, 128, 50_000, xent, adam),
    "logits": Reference("the same, returning logits", models.ConvNet, 5, 128, 50_000, xent, adam),
    "example": Reference(
        "PyTorch's MNIST example",
        ExampleNet,
        *(4, 64, 60_000, F.nll_loss, partial(torch.optim.Adadelta, lr=1.0), 0.7, True),
    ),
    "lenet": Reference(
        "a LeNet as textbooks train it", lenet, 10, 256, 60_000, xent, partial(torch.optim.SGD, lr=0.1)
    ),
}


def reference_loader(reference: Reference, train: bool = True) -> DataLoader[Any]:
    steps: list[Any] = [transforms.ToTensor()]
    if reference.normalised:
        steps.append(transforms.Normalize((0.1307,), (0.3081,)))
    images: Any = data.torchvision_mnist(train, transforms.Compose(steps))
    if train and reference.samples < len(images):
        images = random_split(images, [reference.samples, len(images) - reference.samples])[0]
    return DataLoader(images, reference.batch_size if train else 1000, shuffle=train)


def run_reference(name: str, seed: int, epochs: int) -> dict[str, Any]:
    reference = REFERENCES[name]
    torch.manual_seed(seed)
    net, loader = reference.net(), reference_loader(reference)
    optimizer = reference.optimizer(net.parameters())
    rates = torch.optim.lr_scheduler.StepLR(optimizer, 1, reference.decay)
    clock = Clock()
    for _ in range(epochs):
        net.train()
        for images, labels in loader:
            optimizer.zero_grad()
            loss = reference.loss(net(images), labels)
            loss.backward()
            optimizer.step()
        rates.step()
    result = clock.read()
    net.eval()
    with torch.inference_mode():
        right = sum(int((net(x).argmax(1) == y).sum()) for x, y in reference_loader(reference, train=False))
    samples = epochs * reference.samples
    return result | {
        "test": right / 10_000,
        "flops": samples * flops_per_image(net),
        "parameters": count(net),
    }


def accuracy_of_2020(model: nn.Module, loader: DataLoader[Any]) -> float:
    """The AI-Core notebook's own measure: gradients kept, Python's sum over a tensor."""
    right = 0
    for inputs, labels in loader:
        predictions = torch.max(model(inputs), axis=1)[1]  # type: ignore[call-overload]
        right += int(sum(predictions == labels))
    return right / len(loader.dataset) * 100  # type: ignore[arg-type]


# ---- ours: `fit` with these settings, and nothing else


class Recipe(NamedTuple):
    """A goal, and the settings that were found for it on the validation images."""

    target: float  # of the test images, median of the seeds
    settings: dict[str, Any]
    samples: int = 60_000  # a random choice of the training images
    width: int = 16  # of FastNet; 0: the ConvNet


FAST = {"lr": 0.02, "batch_size": 64, "schedule": "one-cycle", "label_smoothing": 0.1, "epochs": 1}
SHIFTED = FAST | {"augment": data.random_shift}
RECIPES = {
    "98.3": Recipe(0.983, FAST, samples=12_000),
    "99.0": Recipe(0.990, FAST, samples=36_000),
    "99.4": Recipe(0.994, SHIFTED | {"epochs": 2}),
    "99.5": Recipe(0.995, SHIFTED | {"epochs": 4, "batch_size": 128}, width=24),
    "its net": Recipe(
        0, {"lr": 2e-3, "batch_size": 128, "schedule": "one-cycle", "epochs": 1}, samples=50_000, width=0
    ),
}


def all_images(train: bool) -> TensorDataset:
    """MNIST's 60,000 or 10,000 images as bytes."""
    parts = data.load_mnist().tensors(scaled=False)
    if not train:
        return parts[2]
    images, labels = (torch.cat(both) for both in zip(parts[0].tensors, parts[1].tensors, strict=True))
    return TensorDataset(images, labels)


def run_recipe(name: str, seed: int) -> dict[str, Any]:
    recipe = RECIPES[name]
    images, labels = all_images(train=True).tensors
    chosen = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))[: recipe.samples]
    part = TensorDataset(images[chosen], labels[chosen])
    del images, labels
    torch.manual_seed(seed)
    net = models.FastNet(width=recipe.width) if recipe.width else models.ConvNet()
    clock = Clock()
    history = training.fit(net, part, **recipe.settings, seed=seed, device="cpu", progress=None)
    result = clock.read()
    judge = models.FiveShifts(net) if recipe.width else net
    test = training.evaluate(judge, all_images(train=False), precision="auto")["accuracy"]
    samples = len(part) * recipe.settings["epochs"]
    result |= {"test": test, "flops": samples * flops_per_image(net), "parameters": count(net)}
    return result | {"precision": history[-1]["precision"], "samples": samples}


def run_evaluation(name: str, seed: int) -> dict[str, Any]:
    """Measure the ConvNet on all 60,000 training images."""
    torch.manual_seed(seed)
    if name == "evaluation 2020":
        net: nn.Module = Net2020()
        images = data.torchvision_mnist(True, transforms.ToTensor())
        loader = DataLoader(images, 128, shuffle=True)
        clock = Clock()
        accuracy_of_2020(net, loader)
    else:
        net, part = models.ConvNet(), all_images(train=True)
        clock = Clock()
        training.evaluate(net, part, batch_size=128, precision="auto")  # larger ones start slower
    flops = 60_000 * flops_per_image(net, backward=False)
    return clock.read() | {"test": None, "flops": flops, "parameters": count(net)}


# ---- one measurement, in a process of its own


class Clock:
    """Seconds of the processor and on the wall since it was made, and the most memory so far."""

    def __init__(self) -> None:
        self.cpu, self.wall = time.process_time(), time.perf_counter()

    def read(self) -> dict[str, float]:  # noqa: D102
        kilo = 1024 if sys.platform == "linux" else 1  # macOS counts bytes
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilo / 1e6
        seconds = {"cpu": time.process_time() - self.cpu, "wall": time.perf_counter() - self.wall}
        return seconds | {"memory": memory}


def count(net: nn.Module) -> int:
    return sum(weights.numel() for weights in net.parameters())


def flops_per_image(net: nn.Module, backward: bool = True) -> float:
    """Floating-point operations of convolutions and matrix products, forward and backward."""
    net.train()
    with FlopCounterMode(display=False) as counter:
        total = net(torch.zeros(8, 1, 28, 28)).sum()
        if backward:
            total.backward()
    return counter.get_total_flops() / 8


def peak(dtype: torch.dtype, size: int = 1024) -> float:
    """The fastest matrix product of this processor, in operations per second."""
    a, b = (torch.randn(size, size).to(dtype) for _ in range(2))
    times = []
    for _ in range(20):
        start = time.process_time()  # one thread: what others do meanwhile does not count
        a @ b
        times.append(time.process_time() - start)
    return 2 * size**3 / min(times)


def one(name: str, seed: int, epochs: int) -> dict[str, Any]:
    if name in RECIPES:
        return run_recipe(name, seed)
    if name.startswith("evaluation"):
        return run_evaluation(name, seed)
    return run_reference(name, seed, epochs)


def measured(name: str, seed: int = 0, epochs: int = 1, threads: int = 1) -> dict[str, Any]:
    """What `one` returns in a fresh process with so many threads."""
    asked = ["--one", name, "--seed", str(seed), "--epochs", str(epochs), "--threads", str(threads)]
    command = [sys.executable, "-m", "benchmarks.training", *asked]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "CNNLIB_OFFLINE": "1"}
    printed = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=PROJECT, env=environment
    )
    result: dict[str, Any] = json.loads(printed.stdout.splitlines()[-1])
    print(f"{name:<16} seed {seed}, {threads} threads: {result}", file=sys.stderr, flush=True)
    return result


# ---- the table


class Goal(NamedTuple):
    """What a row has to reach: at most so many seconds, at least so many times as fast as a reference."""

    name: str
    reference: str
    ratio: float  # the floor
    goal_ratio: float | None
    seconds: float | None = None
    goal_seconds: float | None = None


GOALS = [
    Goal("98.3", "2020", 45, 100),
    Goal("99.0", "example", 40, None, 6.2, 3),
    Goal("99.4", "example", 0, None, 13, 8),
    Goal("99.5", "example", 0, None, 50, 25),
    Goal("its net", "2020", 1.8, 2.5),
    Goal("evaluation", "evaluation 2020", 2.5, 4),
]


NAMES = {"its net": "the 2020 net, an epoch of 50,000", "evaluation": "evaluation of 60,000 images"}


def reference_row(name: str, found: dict[str, Any], wall: float, peaks: dict[str, float], quick: bool) -> str:
    reference = REFERENCES[name]
    cells = [
        f"{reference.name}, {reference.epochs} epochs of {reference.samples:,}",
        f"{found['parameters']:,}",
        f"{found['cpu']:.1f}" + (f" (1 epoch: {found['epoch']:.1f})" if quick else ""),
        f"{wall:.1f}",
        f"{found['memory']:.0f}",
        f"{found['flops'] / found['epochs_cpu'] / peaks['float32']:.0%} of float32",
        f"{found['test']:.2%}" + (" after 1" if quick else ""),
    ]
    return f"| {' | '.join(cells)} |"


def our_row(
    runs: list[dict[str, Any]], goal: Goal, wall: float, peaks: dict[str, float], than: float
) -> tuple[str, bool]:
    """The line of one goal, and whether its floor is met."""
    cpu = statistics.median(run["cpu"] for run in runs)
    ratio = than / cpu
    target = RECIPES[goal.name].target if goal.name in RECIPES else 0.0
    tests = sorted(run["test"] or 0.0 for run in runs)
    test = statistics.median(tests)
    precision = "bfloat16" if training.has_bfloat16("cpu") else "float32"
    ok = test >= target and ratio >= goal.ratio and cpu <= (goal.seconds or cpu)
    floor = [f"{most:g} s" for most in (goal.seconds,) if most] + [f"{goal.ratio:g}x"] * bool(goal.ratio)
    share = cpu / goal.goal_seconds if goal.goal_seconds else (goal.goal_ratio or 0) / ratio
    far = f"{goal.goal_seconds:g} s" if goal.goal_seconds else f"{goal.goal_ratio:g}x"
    cells = [
        NAMES.get(goal.name, f"{goal.name} %"),
        f"{runs[0]['parameters']:,}",
        f"{runs[0].get('samples', 60_000):,}",
        f"{cpu:.2f}",
        f"{wall:.2f}",
        f"{statistics.median(run['memory'] for run in runs):.0f}",
        f"{runs[0]['flops'] / cpu / peaks[precision]:.0%} of {precision}",
        f"{test:.2%} ({tests[0]:.2%} to {tests[-1]:.2%})" if test else "",
        f"{ratio:.1f}x",
        " and ".join(floor),
        "yes" if ok else "NO",
        f"{far}: " + ("yes" if ok and share <= 1 else f"{share:.2f} times as slow"),
    ]
    return f"| {' | '.join(cells)} |", ok


def table(quick: bool) -> tuple[str, bool]:
    seeds = 2 if quick else 5
    peaks = {"float32": peak(torch.float32), "bfloat16": peak(torch.bfloat16)}
    ours: dict[str, list[dict[str, Any]]] = {name: [] for name in [*RECIPES, "evaluation"]}
    references, waiting = {}, [*REFERENCES, "evaluation 2020"]
    for seed in range(5):
        if waiting:  # the last one is the evaluation, which comes in the fifth turn
            name = waiting.pop(0)
            epochs = 1 if quick or name not in REFERENCES else REFERENCES[name].epochs
            references[name] = measured(name, epochs=epochs) | {"epochs": epochs}
        if seed < seeds:
            for name, runs in ours.items():
                runs.append(measured(name, seed))
    for name, found in references.items():
        whole = REFERENCES[name].epochs if name in REFERENCES else 1
        found |= {"epochs_cpu": found["cpu"], "epoch": found["cpu"] / found["epochs"]}
        found["cpu"] = found["epoch"] * whole
    head = "reference | parameters | CPU s | wall s, two threads | peak MB | share of peak | test"
    lines = [machine(), "", note(quick, seeds, peaks), "", f"| {head} |", f"|{'---|' * 7}"]
    for name in REFERENCES:
        wall = measured(name, threads=2)["wall"] * REFERENCES[name].epochs
        lines.append(reference_row(name, references[name], wall, peaks, quick))
    head = "ours | parameters | images seen | CPU s | wall s, two threads | peak MB | share of peak | test (range)"
    lines += ["", f"| {head} | times as fast | floor | met | goal |", f"|{'---|' * 12}"]
    all_ok = True
    for goal in GOALS:
        than = references[goal.reference]["epoch" if goal.name == "its net" else "cpu"]
        wall = measured(goal.name, threads=2)["wall"]
        line, ok = our_row(ours[goal.name], goal, wall, peaks, than)
        lines.append(line)
        all_ok &= ok
    return "\n".join(lines), all_ok


def note(quick: bool, seeds: int, peaks: dict[str, float]) -> str:
    gigas = ", ".join(f"{value / 1e9:.0f} GFLOP/s in {name}" for name, value in peaks.items())
    how = "one epoch of each was timed and multiplied" if quick else "run to their end"
    return (
        f"Again: `python -m benchmarks.training{' --quick' * quick} --write`. CPU seconds of training on one thread, "
        "data in memory, evaluation not counted. References: one seed, "
        f"{how}, in turns with ours (median of {seeds} seeds). Ours: `cnnlib.models.FastNet` trained by `fit` on a "
        "random choice of all 60,000 training images, answers averaged over five places (`FiveShifts`); the settings "
        "were chosen on the validation images. Times as fast: 98.3 %, the 2020 net and the evaluation are compared "
        "with the AI-Core notebook's own, the others with PyTorch's example. Two threads: one run (references: one "
        f"epoch, multiplied). Matrix products of this processor reach {gigas} on one thread."
    )


def machine() -> str:
    """Describe what was measured on, and that it has bfloat16 or not."""
    from benchmarks.functional import machine as described

    bfloat16 = (
        "bfloat16 in hardware" if training.has_bfloat16("cpu") else "no bfloat16: floors are not judged"
    )
    return f"{described()} {bfloat16[0].upper()}{bfloat16[1:]}."


# ---- what each ingredient is good for


class Variant(NamedTuple):
    """Everything but one ingredient."""

    without: str
    net: dict[str, Any] = {}  # noqa: RUF012 - never changed
    settings: dict[str, Any] = {}  # noqa: RUF012
    rates: tuple[float, ...] = (0.02,)  # to choose from, where another learning rate is needed


EVERYTHING = SHIFTED | {"epochs": 2}
VARIANTS = [
    Variant("nothing left out"),
    Variant("images in one tensor"),
    Variant("16-bit numbers", {}, {"precision": "float32"}),
    Variant("channels last in memory", {"channels_last": False}),
    Variant("stride in the first layer", {"strided": False}),
    Variant("pooling before the rest", {"pool_first": False}),
    Variant("batch normalisation", {"normalised": False}, {}, (0.02, 0.005, 0.002)),
    Variant("one-cycle schedule", {}, {"schedule": None}, (0.02, 0.005, 0.002)),
    Variant("high learning rate", {}, {}, (5e-4,)),
    Variant("label smoothing", {}, {"label_smoothing": 0.0}),
    Variant("random shifts", {}, {"augment": None}),
]


def ablation(seeds: int) -> dict[str, Any]:
    """Train with everything, then without one ingredient at a time; the validation images judge."""
    train, judge, _ = data.load_mnist().tensors(scaled=False)
    rows = []
    for variant in VARIANTS:
        # Where the rate is chosen, the first seed chooses it.
        first = {rate: ablated(variant, rate, 0, train, judge) for rate in variant.rates}
        rate = max(first, key=lambda rate: first[rate]["accuracy"])
        runs = [first[rate], *(ablated(variant, rate, seed, train, judge) for seed in range(1, seeds))]
        middle = {key: round(statistics.median(run[key] for run in runs), 5) for key in runs[0]}
        rows.append({"without": variant.without, "lr": rate, **middle})
        print(rows[-1], file=sys.stderr, flush=True)
    rows.insert(1, rows[0] | {"without": "second look", "accuracy": rows[0]["one_look"]})
    add_seconds(rows, train)
    settings = EVERYTHING | {"augment": "random_shift"}
    versions = {"python": platform.python_version(), "torch": torch.__version__.partition("+")[0]}
    return {
        "command": "python -m benchmarks.training --ablation",
        "data": "mnist: trained on 50,000 images, judged on the 10,000 validation images",
        "settings": settings,
        "seeds": seeds,
        "precision": "bfloat16" if training.has_bfloat16("cpu") else "float32",
        "threads": torch.get_num_threads(),
        "machine": machine(),
        "versions": versions,
        "date": datetime.date.today().isoformat(),
        "rows": rows,
    }


def add_seconds(
    rows: list[dict[str, Any]], train: TensorDataset, rounds: int = 7, images: int = 3200
) -> None:
    """Time a piece of the training of all variants in turns, and give each row its least, for the whole training."""
    piece = TensorDataset(*(tensor[:images] for tensor in train.tensors))
    found: dict[str, list[float]] = {variant.without: [] for variant in VARIANTS}
    for _ in range(rounds):
        for variant in VARIANTS:
            found[variant.without].append(trained(variant, variant.rates[0], 0, piece, epochs=1)[1])
    for row in rows:
        least = min(found.get(row["without"], found["nothing left out"]))
        row["seconds"] = round(least * EVERYTHING["epochs"] * len(train) / images, 2)


def trained(
    variant: Variant, rate: float, seed: int, train: TensorDataset, **more: Any
) -> tuple[nn.Module, float]:
    torch.manual_seed(seed)
    net = models.FastNet(**variant.net)
    images = OneByOne(train) if variant.without == "images in one tensor" else train
    settings = EVERYTHING | variant.settings | {"lr": rate} | more
    clock = Clock()
    training.fit(net, images, **settings, seed=seed, device="cpu", progress=None)
    return net, clock.read()["cpu"]


def ablated(
    variant: Variant, rate: float, seed: int, train: TensorDataset, judge: Dataset[Any]
) -> dict[str, float]:
    net, _ = trained(variant, rate, seed, train)
    one, five = (training.evaluate(n, judge, precision="auto") for n in (net, models.FiveShifts(net)))
    return {"one_look": one["accuracy"], "accuracy": five["accuracy"]}


class OneByOne(Dataset[Any]):
    """The same images one by one, each from a picture through ToTensor, as torchvision's MNIST gives them."""

    def __init__(self, part: TensorDataset) -> None:
        self.images, self.labels = (tensor.numpy() for tensor in part.tensors)
        self.transform = transforms.Compose([transforms.ToPILImage(), transforms.ToTensor()])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return self.transform(self.images[index, 0]), int(self.labels[index])


# ---- a GPU: the settings of `python -m cnnlib train --fast`

ON_GPU = FAST | {"batch_size": 512, "lr": 0.04}
GPU = [  # the recipe and its floor in seconds of training
    (Recipe(0.990, ON_GPU), 1),
    (Recipe(0.995, ON_GPU | {"epochs": 8, "augment": data.random_shift}, width=24), 5),
]


def gpu() -> tuple[str, bool]:
    """Seconds of training on the GPU after a warm-up, and how much of them it computed; whether the floors hold."""
    if not torch.cuda.is_available():
        raise SystemExit("benchmarks.training --gpu: no CUDA device is here, nothing was measured")
    head = "ours, on a GPU | parameters | seconds | peak MB | GPU busy | test (range) | floor | met"
    lines, all_ok = [f"| {head} |", f"|{'---|' * 8}"], True
    test = all_images(train=False)
    for recipe, floor in GPU:
        train, found = all_images(train=True), []
        for seed in (-1, 0, 1, 2, 3, 4):  # the first one warms up
            torch.manual_seed(max(seed, 0))
            net = models.FastNet(width=recipe.width).cuda()
            net.compile(dynamic=False, mode="reduce-overhead")
            fit = partial(training.fit, net, train, **recipe.settings, seed=max(seed, 0), progress=None)
            torch.cuda.synchronize()
            clock = Clock()
            fit()
            torch.cuda.synchronize()
            found.append((clock.read()["wall"], training.evaluate(models.FiveShifts(net), test)["accuracy"]))
        memory = torch.cuda.max_memory_allocated() / 1e6
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as trace:
            fit()
            torch.cuda.synchronize()
        spans = [
            (event.time_range.start, event.time_range.end)
            for event in trace.events()
            if event.device_type == torch.profiler.DeviceType.CUDA
        ]
        busy = covered(spans)
        seconds, accuracies = zip(*found[1:], strict=True)
        wall, accuracy = statistics.median(seconds), statistics.median(accuracies)
        ok = wall <= floor and accuracy >= recipe.target and busy >= 0.9
        cells = [f"{recipe.target:.1%}", f"{count(net):,}", f"{wall:.2f}", f"{memory:,.0f}", f"{busy:.0%}"]
        cells += [f"{accuracy:.2%} ({min(accuracies):.2%} to {max(accuracies):.2%})", f"{floor} s, 90% busy"]
        lines.append(f"| {' | '.join(cells)} | {'yes' if ok else 'NO'} |")
        all_ok &= ok
    named = f"{torch.cuda.get_device_name()}; torch {torch.__version__}."
    return "\n".join([named, "", "Again: `python -m benchmarks.training --gpu --write`.", "", *lines]), all_ok


def covered(spans: Sequence[tuple[float, float]]) -> float:
    """Return which share of the time from the first start to the last end lies within a span.

    >>> covered([(0, 2), (1, 3), (9, 10)])
    0.4
    """
    inside, until = 0.0, min(start for start, _ in spans)
    first = until
    for start, end in sorted(spans):
        inside += max(0.0, end - max(start, until))
        until = max(until, end)
    return inside / (until - first)


# ---- several processes


def scaling() -> str:
    """Images per second of `fit` in 1 to 4 processes, each on one thread."""
    lines = [
        "| net, images in a batch | processes | images per second | times one | efficiency |",
        f"|{'---|' * 5}",
    ]
    for name, batch_size in (("ConvNet", 128), ("ConvNet", 512), ("FastNet", 512)):
        first = 0.0
        for processes in range(1, 5):
            launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
            asked = ["-m", "benchmarks.training", "--share", name, "--batch-size", str(batch_size)]
            environment = os.environ | {"OMP_NUM_THREADS": "1", "CNNLIB_OFFLINE": "1"}
            command = [sys.executable, *launcher, *asked]
            done = subprocess.run(
                command, check=True, capture_output=True, text=True, cwd=PROJECT, env=environment
            )
            rate = float(done.stdout.split()[-1])
            first = first or rate
            cells = [f"{name}, {batch_size}", f"{processes}", f"{rate:,.0f}", f"{rate / first:.2f}"]
            lines.append(f"| {' | '.join(cells)} | {rate / first / processes:.0%} |")
            print(lines[-1], file=sys.stderr, flush=True)
    text = (
        "Again: `python -m benchmarks.training --scaling --write`. `fit` under torchrun (gloo), each process on one "
        f"thread, a batch shared by all of them. There are {os.cpu_count()} cores: more processes than that only take "
        "turns. Up to there two things limit: the gradients are summed over all processes after every step, which "
        "takes as long for a small batch as for a large one, and the cores share their memory. No GPU was at hand."
    )
    return "\n".join([machine(), "", text, "", *lines])


def share(name: str, batch_size: int) -> None:
    """Train on 12,800 images after a warm-up of 5 batches; process 0 prints images per second."""
    with distributed.joined("cpu"):
        images, labels = data.load_mnist().tensors(scaled=False)[0].tensors
        net = getattr(models, name)()
        for images_seen in (5 * batch_size, 12_800):
            part = TensorDataset(images[:images_seen], labels[:images_seen])
            settings: dict[str, Any] = {"epochs": 1, "lr": 1e-3, "batch_size": batch_size, "progress": None}
            history = training.fit(net, part, **settings, device="cpu")
        if distributed.rank() == 0:
            print(images_seen / history[0]["seconds"])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--write", action="store_true", help="put the tables into benchmarks/RESULTS.md")
    add("--quick", action="store_true", help="one epoch of each reference, two seeds of ours")
    add("--gpu", action="store_true", help="the fast recipes on a CUDA device instead")
    add("--scaling", action="store_true", help="several processes instead")
    add(
        "--ablation",
        action="store_true",
        help="leave out one ingredient at a time, into cnnlib/runs/fast.json",
    )
    add("--seeds", type=int, default=3, help="of the ablation")
    for name in ("--one", "--share"):  # what the processes started here are told
        add(name, help=argparse.SUPPRESS)
    for name, default in (("--seed", 0), ("--epochs", 1), ("--threads", 1), ("--batch-size", 128)):
        add(name, type=int, default=default, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    if options.share:
        share(options.share, options.batch_size)
        return 0
    if options.one:
        print(json.dumps(one(options.one, options.seed, options.epochs)))
        return 0
    if options.ablation:
        ABLATION.write_text(json.dumps(ablation(options.seeds), indent=1) + "\n")
        return 0
    section, text, ok = "scaling", "", True
    if options.scaling:
        text = scaling()
    elif options.gpu:
        section = "training on a GPU"
        text, ok = gpu()
    else:
        section = "training"
        text, ok = table(options.quick)
    print(text)
    if options.write:
        from benchmarks.notebooks import write

        write(section, text)
    return 0 if ok or not (options.gpu or training.has_bfloat16("cpu")) else 1


if __name__ == "__main__":
    sys.exit(main())
