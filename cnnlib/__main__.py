"""The command line: `python -m cnnlib train` trains a model, `python -m cnnlib doctor` looks at what is here.

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
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnlib.training import Report

_CURVES = ("epoch", "loss", "accuracy", "validation_loss", "validation_accuracy", "seconds")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (SystemExit(2) when its arguments are wrong)."""
    options = _parser().parse_args(arguments)
    try:
        return {"doctor": _doctor, "train": _train, "export-web": _export_web}[options.command](options)
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
    add("--model", choices=("convnet", "mlp"), default="convnet")
    add("--epochs", type=_count, help="default: as the data set suggests")
    add("--batch-size", type=_count, help="default: as the data set suggests")
    add("--lr", type=_rate, help="learning rate; default: as the data set suggests")
    add("--precision", choices=("auto", "float32", "bfloat16"), default="auto")
    add("--device", help="cpu, cuda, cuda:1, mps; default: the fastest that is here")
    add("--seed", type=int, default=0)
    add("--out", type=Path, metavar="FILE", help="the saved model; default: runs/MODEL-DATA.pt")
    add("--tensorboard", metavar="FOLDER", help="also write the curves there, for TensorBoard")
    add("--json", type=Path, metavar="FILE", help="also write settings, curves and accuracies there")
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


def _train(options: argparse.Namespace) -> int:
    import torch

    from cnnlib import data, models, training

    images = data.load(options.data)
    parts = dict(zip(("train", "validation", "test"), images.tensors(), strict=True))
    settings = {
        "epochs": options.epochs or images.epochs,
        "batch_size": options.batch_size or images.batch_size,
        "lr": options.lr or images.lr,
        "seed": options.seed,
    }
    out = options.out or Path("runs", f"{options.model}-{images.name}.pt")
    for file in filter(None, (out, options.json)):
        _check_writable(file)
    versions = {"python": platform.python_version()}
    versions |= {name: version(name) for name in ("cnnlib", "numpy", "torch")}

    torch.manual_seed(options.seed)
    model = models.ConvNet() if options.model == "convnet" else models.MLP()
    with _progress_bar(settings["epochs"]) as show:
        history = training.fit(
            model,
            parts["train"],
            parts["validation"],
            **settings,
            precision=options.precision,
            device=options.device,
            writer=options.tensorboard,
            progress=show,
            report_every=0.1,
        )
    training.save(model, out)
    if len(history) < settings["epochs"]:
        done = f"{len(history)} of {settings['epochs']} epochs"
        print(f"cnnlib: interrupted after {done}; what was learned so far is in {out}", file=sys.stderr)
        return 130
    results = {name: training.evaluate(model, part) for name, part in parts.items()}
    record = {
        "data": images.name,
        "model": options.model,
        "parameters": sum(weights.numel() for weights in model.parameters()),
        **settings,
        **{key: history[-1][key] for key in ("precision", "device")},
        "threads": torch.get_num_threads(),
        "versions": versions,
        "date": datetime.date.today().isoformat(),
        "seconds": round(sum(report["seconds"] for report in history), 1),
        **{f"{name}_accuracy": round(result["accuracy"], 5) for name, result in results.items()},
        "history": [{key: round(report[key], 5) for key in _CURVES} for report in history],
    }
    if options.json is not None:
        training.write_file(options.json, (json.dumps(record, indent=1) + "\n").encode())
    _print_table(record, results, out)
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
