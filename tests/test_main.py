"""The command line: what it prints and writes, its exit codes, and a failure's one sentence."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from cnnlib import data, models, training
from cnnlib.__main__ import main

QUICK = ["train", "--data", "digits", "--model", "mlp", "--epochs", "2"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, for what the command writes by default."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "cnnlib", *arguments]


def test_train_reaches_the_bound_of_the_digits_and_writes_what_it_says(folder: Path) -> None:
    asked = ["--data", "digits", "--json", "new/record.json", "--out", "net.pt", "--tensorboard", "board"]
    done = subprocess.run(command("train", *asked), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line[:9] for line in lines[:5]] == [f"epoch {n}/5" for n in range(1, 6)]
    assert lines[-1] == "The model is in net.pt"
    written = json.loads((folder / "new" / "record.json").read_text())
    assert written["test_accuracy"] >= data.load_digits().bound

    model = training.load(models.ConvNet(), "net.pt")
    for name, part in zip(("train", "validation", "test"), data.load_digits().tensors(), strict=True):
        result = training.evaluate(model, part)
        assert written[f"{name}_accuracy"] == round(result["accuracy"], 5)
        assert f"{name:<10} {result['loss']:5.3f}   {100 * result['accuracy']:6.2f} %" in lines
    assert [path.name.split(".")[1] for path in (folder / "board").iterdir()] == ["out"]


def test_the_record_is_complete_and_small(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*QUICK, "--seed", "3", "--lr", "1e-3", "--batch-size", "50", "--json", "record.json"]) == 0
    text = (folder / "record.json").read_text()
    record = json.loads(text)
    assert {"data": "digits", "model": "mlp", "parameters": 141_520}.items() <= record.items()
    assert {"epochs": 2, "batch_size": 50, "lr": 0.001, "seed": 3}.items() <= record.items()
    assert record["device"] == training.default_device().type
    assert record["precision"] in ("float32", "bfloat16")
    assert record["versions"]["torch"] == torch.__version__.split("+")[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", record["date"])
    assert all(0 < record[f"{name}_accuracy"] <= 1 for name in ("train", "validation", "test"))
    curves = {"epoch", "loss", "accuracy", "validation_loss", "validation_accuracy", "seconds"}
    assert [epoch.keys() for epoch in record["history"]] == [curves, curves]
    assert [epoch["epoch"] for epoch in record["history"]] == [1, 2]
    assert record["seconds"] == pytest.approx(sum(epoch["seconds"] for epoch in record["history"]), abs=0.051)
    assert len(text) < 2000
    assert not re.search(r"\d\.\d{6}", text)
    assert str(Path.home()) not in text
    assert str(folder) not in text
    assert "mlp on digits: 141,520 parameters" in capsys.readouterr().out


def test_settings_come_from_the_data_set_and_the_seed_decides(folder: Path) -> None:
    quick = ["train", "--data", "digits", "--model", "mlp", "--precision", "float32", "--device", "cpu"]
    records = []
    for seed in ("0", "0", "1"):
        torch.manual_seed(len(records))
        assert main([*quick, "--seed", seed, "--json", "record.json"]) == 0
        records.append(json.loads((folder / "record.json").read_text()))
    digits = data.load_digits()
    assert [records[0][name] for name in ("epochs", "batch_size", "lr")] == [
        digits.epochs,
        digits.batch_size,
        digits.lr,
    ]
    losses = [[epoch["loss"] for epoch in record["history"]] for record in records]
    assert losses[0] == losses[1] != losses[2]
    assert (folder / "runs" / "mlp-digits.pt").is_file()


def test_the_run_is_the_one_fit_makes(folder: Path) -> None:
    assert main([*QUICK, "--precision", "float32", "--device", "cpu"]) == 0
    train, validation, _ = data.load_digits().tensors()
    torch.manual_seed(0)
    model = models.MLP()
    training.fit(
        model,
        train,
        validation,
        epochs=2,
        lr=2e-3,
        batch_size=32,
        precision="float32",
        device="cpu",
        progress=None,
    )
    saved = training.load(models.MLP(), folder / "runs" / "mlp-digits.pt").state_dict()
    assert all(torch.equal(saved[name], value) for name, value in model.state_dict().items())


def test_fast_trains_the_fast_net_with_its_recipe_and_takes_a_second_look(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["train", "--fast", "--data", "digits", "--device", "cpu", "--precision", "float32"]
    assert main([*asked, "--epochs", "4", "--lr", "0.01", "--json", "record.json"]) == 0
    record = json.loads((folder / "record.json").read_text())
    expected = {"model": "fastnet", "epochs": 4, "lr": 0.01, "batch_size": 64, "schedule": "one-cycle"}
    assert expected.items() <= record.items()
    assert (record["label_smoothing"], record["augment"], record["processes"]) == (0.1, "random_shift", 1)
    train, validation, test = data.load_digits().tensors()
    torch.manual_seed(0)
    model = models.FastNet()
    settings: dict[str, Any] = {"epochs": 4, "lr": 0.01, "batch_size": 64, "schedule": "one-cycle"}
    settings |= {"label_smoothing": 0.1, "augment": data.random_shift, "precision": "float32"}
    training.fit(model, train, validation, **settings, device="cpu", progress=None)
    saved = training.load(models.FastNet(), folder / "runs" / "fastnet-digits.pt").state_dict()
    assert all(torch.equal(saved[name], value) for name, value in model.state_dict().items())
    twice = training.evaluate(models.FiveShifts(model), test)["accuracy"]
    assert record["test_accuracy"] == pytest.approx(twice, abs=1e-5)
    assert record["train_accuracy"] == pytest.approx(training.evaluate(model, train)["accuracy"], abs=1e-5)


def test_fast_alone_reaches_the_bound_of_the_digits(folder: Path) -> None:
    assert main(["train", "--fast", "--data", "digits", "--json", "record.json"]) == 0
    assert json.loads((folder / "record.json").read_text())["test_accuracy"] >= data.load_digits().bound


def test_a_checkpoint_is_kept_and_gone_on_from(folder: Path) -> None:
    quick = [*QUICK, "--precision", "float32", "--device", "cpu", "--checkpoint", "run.ckpt"]
    assert main([*quick, "--epochs", "1"]) == 0
    assert main([*quick, "--epochs", "3", "--out", "resumed.pt", "--json", "record.json"]) == 0
    assert len(json.loads((folder / "record.json").read_text())["history"]) == 3
    assert main([*quick[:-2], "--epochs", "3", "--out", "whole.pt"]) == 0
    resumed, whole = (training.load(models.MLP(), name).state_dict() for name in ("resumed.pt", "whole.pt"))
    assert all(torch.equal(resumed[name], value) for name, value in whole.items())


def test_compile_compiles_the_model_for_the_device(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, **given: asked.append(given))
    assert main([*QUICK, "--epochs", "1", "--device", "cpu", "--compile"]) == 0
    assert asked == [{"dynamic": False, "mode": "default"}]


@pytest.mark.skipif("CNNLIB_TEST_ALL" not in os.environ, reason="only in make test-all")
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_a_compiled_run_learns_as_well(folder: Path) -> None:
    assert (
        main(["train", "--fast", "--data", "digits", "--device", "cpu", "--compile", "--json", "r.json"]) == 0
    )
    assert json.loads((folder / "r.json").read_text())["test_accuracy"] >= data.load_digits().bound


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("more", [[], ["--compile"]])
def test_fast_runs_on_cuda(folder: Path, more: list[str]) -> None:
    assert main(["train", "--fast", "--data", "digits", "--device", "cuda", "--json", "r.json", *more]) == 0
    record = json.loads((folder / "r.json").read_text())
    assert record["device"] == "cuda"
    assert record["test_accuracy"] >= data.load_digits().bound


def test_ctrl_c_saves_what_was_learned_and_exits_with_130(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rates = torch.optim.lr_scheduler.ConstantLR.step
    steps = iter(range(100))  # an epoch has 38

    def step(scheduler: Any) -> None:
        if next(steps, None) is None:
            raise KeyboardInterrupt
        rates(scheduler)

    monkeypatch.setattr(torch.optim.lr_scheduler.ConstantLR, "step", step)
    assert main(["train", "--data", "digits", "--epochs", "9", "--json", "record.json"]) == 130
    captured = capsys.readouterr()
    path = Path("runs", "convnet-digits.pt")
    assert captured.err == f"cnnlib: interrupted after 2 of 9 epochs; what was learned so far is in {path}\n"
    assert captured.out.count("\n") == 2
    model = training.load(models.ConvNet(), path)
    assert training.evaluate(model, data.load_digits().tensors()[2])["accuracy"] > 0.5
    assert not (folder / "record.json").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_a_real_ctrl_c_does_so_too(folder: Path) -> None:
    started = command("train", "--data", "digits", "--epochs", "100000")
    with subprocess.Popen(started, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline().startswith("epoch 1/100000")
        child.send_signal(signal.SIGINT)
        try:
            _, err = child.communicate(timeout=60)
        except subprocess.TimeoutExpired:  # Python drops one that arrives within a destructor
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    assert err.splitlines()[-1].startswith("cnnlib: interrupted after "), err
    assert (folder / "runs" / "convnet-digits.pt").is_file()


def test_ctrl_c_elsewhere_exits_with_130_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(data, "load", interrupted)
    assert main(QUICK) == 130
    assert capsys.readouterr().err == "cnnlib: interrupted\n"


def failing(error: BaseException) -> Any:
    def function(*_: object, **__: object) -> None:
        raise error

    return function


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (data.DataError("t10k-labels is damaged:\n delete it."), "t10k-labels is damaged: delete it."),
        (FloatingPointError("fit: the loss is nan"), "fit: the loss is nan"),
        (torch.OutOfMemoryError("fit: out of memory"), "fit: out of memory"),
        (OSError(28, "No space left on device", "net.pt"), "net.pt: No space left on device"),
        (OSError("something"), "something"),
        (ImportError("No module named 'tensorboard'"), "No module named 'tensorboard'"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_a_failure_is_one_sentence_and_exit_code_1(
    error: Exception, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(training, "fit", failing(error))
    assert main(QUICK) == 1
    captured = capsys.readouterr()
    assert captured.err == f"cnnlib: {sentence}\n"
    assert captured.out == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--lr", "1e30"], r"fit: the loss is \w+ in epoch 1, batch \d+ \(learning rate 1e\+30\); .*"),
        (["--device", "gpu"], r"fit: device expects one that is here \(cpu.*\), got 'gpu'"),
        (["--out", "."], r"\.: Is a directory"),
        (["--json", "file/record.json"], r"file: .+"),
    ],
)
def test_a_real_failure_leaves_no_model(
    arguments: list[str], sentence: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "file").touch()
    assert main([*QUICK, *arguments]) == 1
    captured = capsys.readouterr()
    assert re.fullmatch(f"cnnlib: {sentence}\n", captured.err)
    assert captured.out == ""
    assert not list(folder.rglob("*.pt"))


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() == 0, reason="root can write anywhere")
def test_a_folder_that_cannot_be_written_is_named_before_the_training(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "closed").mkdir(mode=0o500)
    assert main([*QUICK, "--out", "closed/net.pt"]) == 1
    assert capsys.readouterr().err == "cnnlib: closed: Permission denied\n"


def test_a_missing_data_set_is_a_failure_and_auto_falls_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CNNLIB_DATA", str(folder))
    assert main(["train", "--data", "mnist"]) == 1
    assert re.fullmatch("cnnlib: .*MNIST.*\n", capsys.readouterr().err)
    assert main(["train", "--model", "mlp", "--epochs", "1"]) == 0
    out = capsys.readouterr().out
    assert re.match("Using .*digits.* instead of MNIST", out)
    assert "mlp on digits" in out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["test"],
        ["train", "--data", "cifar"],
        ["train", "--model", "resnet"],
        ["train", "--epochs", "0"],
        ["train", "--epochs", "two"],
        ["train", "--batch-size", "-1"],
        ["train", "--lr", "0"],
        ["train", "--lr", "nan"],
        ["train", "--lr", "inf"],
        ["train", "--precision", "float16"],
        ["train", "--seed", "x"],
        ["train", "--quick"],
        ["doctor", "--fast"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m cnnlib" in capsys.readouterr().err


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["train", "--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    options = {
        "--data",
        "--model",
        "--epochs",
        "--batch-size",
        "--lr",
        "--device",
        "--seed",
        "--out",
        "--json",
    }
    options |= {"--fast", "--compile", "--checkpoint", "--tensorboard", "--precision", "--help"}
    assert options == set(re.findall(r"--[a-z-]+", out)) - {"--fast,"}


def test_on_a_terminal_a_bar_moves_within_the_epochs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(training.time, "monotonic", iter(range(10**6)).__next__)  # every batch counts as late
    assert main(["train", "--data", "digits", "--model", "mlp", "--epochs", "2"]) == 0
    captured = capsys.readouterr()
    assert [line[:9] for line in captured.out.splitlines()[:2]] == ["epoch 1/2", "epoch 2/2"]
    steps = [float(step) for step in re.findall(r"([\d.]+) of 2 epochs", captured.err)]
    assert steps[0] == 0
    assert steps[-1] == 2
    assert any(step % 1 for step in steps)
    assert "loss 0." in captured.err


def test_the_commands_answer_from_outside_the_project(folder: Path) -> None:
    done = subprocess.run(command("--help"), capture_output=True, text=True, check=True, cwd=folder)
    assert "doctor" in done.stdout
    assert "train" in done.stdout
