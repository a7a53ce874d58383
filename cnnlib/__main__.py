"""The command line: `python -m cnnlib train` trains a model, `doctor` looks at what is here, `experiment` runs one.

`torchrun --nproc-per-node 2 -m cnnlib train` is the same training, shared by two processes.

`python -m cnnlib export-web` makes the net of the website's digit pad.

Exit codes: 0 done, 1 failed (one sentence on standard error), 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import datetime
import errno
import json
import math
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnlib.experiments import EXPERIMENTS

if TYPE_CHECKING:
    import torch

    from cnnlib.training import Report

_CURVES = ("epoch", "loss", "accuracy", "validation_loss", "validation_accuracy", "seconds")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (SystemExit(2) when its arguments are wrong)."""
    options = _parser().parse_args(arguments)
    try:
        commands = {"doctor": _doctor, "train": _train, "experiment": _experiment, "export-web": _export_web}
        return commands[options.command](options)
    except KeyboardInterrupt:
        print("cnnlib: interrupted", file=sys.stderr)
        return 130
    except (OSError, ValueError, TypeError, RuntimeError, ArithmeticError, ImportError, MemoryError) as error:
        print(f"cnnlib: {_sentence(error)}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m cnnlib", description="Train the course's models; check the set-up."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("doctor", help="say what is here, what is missing, and how to mend it")
    train = commands.add_parser("train", help="train a model, measure it and save it")
    add = train.add_argument
    add(
        "--data",
        choices=("auto", "mnist", "digits"),
        default="auto",
        help="auto: MNIST, else the embedded digits",
    )
    add("--model", choices=("convnet", "mlp", "fastnet"), help="default: convnet, with --fast fastnet")
    add(
        "--fast",
        action="store_true",
        help="one-cycle schedule, label smoothing, random shifts, and answers averaged over five places",
    )
    add("--epochs", type=_count, help="default: as the data set suggests")
    add("--batch-size", type=_count, help="default: as the data set suggests")
    add("--lr", type=_rate, help="learning rate; default: as the data set suggests")
    add("--precision", choices=("auto", "float32", "bfloat16"), default="auto")
    add("--device", help="cpu, cuda, cuda:1, mps; default: the fastest that is here")
    add("--seed", type=int, default=0)
    add("--compile", action="store_true", help="compile the model first; pays on a GPU, if at all")
    add(
        "--checkpoint", type=Path, metavar="FILE", help="kept after each epoch; if it is there, go on from it"
    )
    add("--out", type=Path, metavar="FILE", help="the saved model; default: runs/MODEL-DATA.pt")
    add("--tensorboard", metavar="FOLDER", help="also write the curves there, for TensorBoard")
    add("--json", type=Path, metavar="FILE", help="also write settings, curves and accuracies there")
    experiment = commands.add_parser("experiment", help="run one of the notebooks' longer experiments again")
    add = experiment.add_argument
    add("name", choices=sorted(EXPERIMENTS), help="which one")
    add("--data", choices=("auto", "mnist", "digits"), default="auto")
    add("--seeds", type=int, nargs="+", default=[0, 1, 2], metavar="SEED")
    add("--device", help="cpu, cuda, cuda:1, mps; default: the fastest that is here")
    add("--out", type=Path, metavar="FILE", help="the record, a JSON; default: runs/NAME.json")
    export = commands.add_parser(
        "export-web", help="train the net of the website's digit pad on MNIST and write it"
    )
    add = export.add_argument
    add(
        "--weights",
        type=Path,
        metavar="FILE",
        help="what cnnlib.training.save wrote of such a net, instead of training",
    )
    add("--epochs", type=_count, help="default: 8")
    add("--seed", type=int, default=0)
    add(
        "--out",
        type=Path,
        metavar="FILE",
        default=Path("site", "digit_pad.json"),
        help="default: %(default)s",
    )
    return parser


def _count(text: str) -> int:
    if (value := int(text)) < 1:
        raise ValueError
    return value


def _rate(text: str) -> float:
    if not 0 < (value := float(text)) < math.inf:
        raise ValueError
    return value


_count.__name__, _rate.__name__ = "count", "rate"  # argparse says "invalid count value: '0'"


def _sentence(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


def _doctor(options: argparse.Namespace) -> int:
    from cnnlib import doctor

    findings = doctor.examine()
    doctor.report(findings)
    return int(any(finding.mend and finding.needed for finding in findings))


# What --fast does to a run. A GPU is as fast with eight times the batch, so that it needs an eighth of the steps.
_FAST: dict[str, Any] = {"batch_size": 64, "lr": 0.02, "schedule": "one-cycle", "label_smoothing": 0.1}
_FAST_ON_GPU: dict[str, Any] = {"batch_size": 512, "lr": 0.04}
_FAST_EPOCHS = {"mnist": 2, "digits": 20}


def _train(options: argparse.Namespace) -> int:
    from cnnlib import distributed, training

    with distributed.joined(options.device or training.default_device()) as device:
        return _run(options, device)


def _run(options: argparse.Namespace, device: torch.device | str) -> int:
    import torch

    from cnnlib import data, distributed, models, training

    images = data.load(options.data)
    parts = dict(zip(("train", "validation", "test"), images.tensors(scaled=False), strict=True))
    settings: dict[str, Any] = {"epochs": images.epochs, "batch_size": images.batch_size, "lr": images.lr}
    if options.fast:
        settings |= {"epochs": _FAST_EPOCHS[images.name], **_FAST, "augment": data.random_shift}
        settings |= _FAST_ON_GPU if torch.device(device).type == "cuda" and images.name == "mnist" else {}
    settings |= {name: vars(options)[name] for name in ("epochs", "batch_size", "lr") if vars(options)[name]}
    name = options.model or ("fastnet" if options.fast else "convnet")
    out = options.out or Path("runs", f"{name}-{images.name}.pt")
    for file in filter(None, (out, options.json)):
        _check_writable(file)
    versions = {"python": platform.python_version()}
    versions |= {package: version(package) for package in ("cnnlib", "numpy", "torch")}

    torch.manual_seed(options.seed)
    model = {"convnet": models.ConvNet, "mlp": models.MLP, "fastnet": models.FastNet}[name]()
    if options.compile:  # on CUDA as graphs: a step is then launched at once, not kernel by kernel
        on_cuda = torch.device(device).type == "cuda"
        model.compile(dynamic=False, mode="reduce-overhead" if on_cuda else "default")
    first = distributed.rank() == 0
    if first and distributed.own_statistics(model, device):
        print("Batch normalisation takes its statistics in each process: compare accuracies, not weights.")
    with _progress_bar(settings["epochs"]) if first else nullcontext() as show:
        history = training.fit(
            model,
            parts["train"],
            parts["validation"],
            **settings,
            precision=options.precision,
            device=device,
            seed=options.seed,
            checkpoint=options.checkpoint,
            resume=options.checkpoint is not None,
            writer=options.tensorboard,
            progress=show,
            report_every=0.1,
        )
    if not first:  # process 0 has the same weights, and does the rest
        return 0
    training.save(model, out)
    if len(history) < settings["epochs"]:
        done = f"{len(history)} of {settings['epochs']} epochs"
        print(f"cnnlib: interrupted after {done}; what was learned so far is in {out}", file=sys.stderr)
        return 130
    judges = dict.fromkeys(parts, model)
    precision = "float32"
    if options.fast:  # but the training images are too many for a second look
        judges |= dict.fromkeys(("validation", "test"), models.FiveShifts(model))
        precision = options.precision
    results = {part: training.evaluate(judges[part], parts[part], precision=precision) for part in parts}
    record = {
        "data": images.name,
        "model": name,
        "parameters": sum(weights.numel() for weights in model.parameters()),
        **settings,
        **({"augment": "random_shift"} if options.fast else {}),
        "seed": options.seed,
        **{key: history[-1][key] for key in ("precision", "device")},
        "processes": distributed.size(),
        "threads": torch.get_num_threads(),
        "versions": versions,
        "date": datetime.date.today().isoformat(),
        "seconds": round(sum(report["seconds"] for report in history), 1),
        **{f"{part}_accuracy": round(result["accuracy"], 5) for part, result in results.items()},
        "history": [{key: round(report[key], 5) for key in _CURVES} for report in history],
    }
    if options.json is not None:
        training.write_file(options.json, (json.dumps(record, indent=1) + "\n").encode())
    _print_table(record, results, out)
    return 0


def _experiment(options: argparse.Namespace) -> int:
    from cnnlib import data, experiments, training

    out = options.out or Path("runs", f"{options.name}.json")
    _check_writable(out)

    def show(result: dict[str, Any]) -> None:
        print("  ".join(f"{k} {v}" for k, v in result.items() if not isinstance(v, list | dict)), flush=True)

    record = experiments.run(options.name, data.load(options.data), options.seeds, options.device, show)
    training.write_file(out, (json.dumps(record, indent=1) + "\n").encode())
    print(f"\n{record['seconds']} seconds. The record is in {out}")
    return 0


def _export_web(options: argparse.Namespace) -> int:
    import torch

    from cnnlib import data, training, web

    train, validation, test = data.load("mnist").tensors()
    _check_writable(options.out)
    torch.manual_seed(options.seed)
    net = web.digit_net()
    made: dict[str, Any] = {"by": "python -m cnnlib export-web", "data": "mnist"}
    if options.weights:
        training.load(net, options.weights)
    else:
        settings = web.TRAINING | ({"epochs": options.epochs} if options.epochs else {})
        made |= {**settings, "augment": web.jitter.__name__, "seed": options.seed}
        with _progress_bar(settings["epochs"]) as show:
            training.fit(
                net,
                train,
                validation,
                **settings,
                augment=web.jitter,
                seed=options.seed,
                progress=show,
                report_every=0.1,
            )
    net.cpu()
    accuracy = training.evaluate(web.rounded(net), test)["accuracy"]
    if accuracy < web.LEAST:
        raise ValueError(
            f"the net reads {accuracy:.2%} of the test pictures, the site's reads at least {web.LEAST:.0%}"
        )
    made |= {name: version(name) for name in ("numpy", "torch")}
    made |= {"test_accuracy": round(accuracy, 5), "date": datetime.date.today().isoformat()}
    size = web.write(net, options.out, made)
    print(f"{accuracy:.2%} of the test pictures are read rightly; {size:,} bytes are in {options.out}")
    return 0


def _check_writable(path: Path) -> None:
    """Fail before the training, not after it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path.parent))


@contextmanager
def _progress_bar(epochs: int) -> Iterator[Callable[[Report], None]]:
    """A bar that moves within the epochs, and one line for each; in a log file only the lines."""
    from tqdm import tqdm

    layout = "{l_bar}{bar}| {n:.1f} of {total} epochs, {elapsed}<{remaining}{postfix}"
    with tqdm(total=epochs, bar_format=layout, disable=None, leave=False) as bar:

        def show(report: Report) -> None:
            bar.n = report["epoch"] - 1 + report.get("batch", 1) / report.get("batches", 1)
            bar.set_postfix_str(f"loss {report['loss']:.3f}")
            if "batch" not in report:
                tqdm.write(str(report))

        yield show


def _print_table(record: dict[str, Any], results: dict[str, dict[str, float]], out: Path) -> None:
    print(
        f"\n{record['model']} on {record['data']}: {record['parameters']:,} parameters, "
        f"{record['precision']} on {record['device']}, {record['seconds']} seconds of training\n"
    )
    print("            loss   accuracy")
    for name, result in results.items():
        print(f"{name:<10} {result['loss']:5.3f}   {100 * result['accuracy']:6.2f} %")
    print(f"\nThe model is in {out}")


if __name__ == "__main__":
    sys.exit(main())
