"""The longer experiments: their records, the command that makes them, and what the stored ones say."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cnnlib import data, experiments, models, training
from cnnlib.__main__ import main


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two nets on 200 images in place of seven on 12,800."""
    whole = experiments.small_digits
    monkeypatch.setattr(experiments, "REMEDIES", {"plain": {}, "residual": {"skip": True}})
    monkeypatch.setattr(experiments, "small_digits", lambda images: whole(images, 200))


def test_small_digits_are_means_of_two_by_two() -> None:
    digits = data.load_digits()
    parts = experiments.small_digits(digits, count=7)
    wholes = digits.train, digits.validation, digits.test
    assert [len(part) for part in parts] == [7, len(digits.validation.labels), len(digits.test.labels)]
    for part, whole in zip(parts, wholes, strict=True):
        images, labels = part.tensors
        blocks = whole.images[: len(part)].reshape(-1, 1, 14, 2, 14, 2).mean((3, 5)) / 255
        np.testing.assert_allclose(images.numpy(), blocks, atol=1e-6)
        assert labels.tolist() == whole.labels[: len(part)].tolist()
    with pytest.raises(ValueError, match="count expects 1 or more, got 0"):
        experiments.small_digits(digits, count=0)


@pytest.mark.usefixtures("short")
def test_a_run_is_the_one_fit_makes() -> None:
    digits, seen = data.load_digits(), []
    record = experiments.run("deep", digits, seeds=(4, 1), device="cpu", progress=seen.append)
    assert record["runs"] == seen
    assert [(run["seed"], run["net"], run["depth"]) for run in seen] == [
        (seed, net, depth)
        for seed in (4, 1)
        for net, depth in (("plain", 24), ("residual", 24), ("plain", 6), ("plain", 12))
    ]
    run = seen[5]
    torch.manual_seed(1)
    net = models.DeepNet(24, skip=True)
    train, validation, test = experiments.small_digits(digits)
    settings: dict[str, Any] = {
        key: run[key] for key in ("epochs", "lr", "batch_size", "schedule", "precision")
    }
    history = training.fit(net, train, validation, **settings, seed=1, device="cpu", progress=None)
    assert run["history"][-1]["validation_loss"] == round(history[-1]["validation_loss"], 4)
    assert run["test_accuracy"] == round(training.evaluate(net, test)["accuracy"], 4)


@pytest.mark.usefixtures("short")
def test_the_command_writes_a_complete_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "deep.json"
    asked = ["--data", "digits", "--seeds", "2", "--device", "cpu", "--out", str(out)]
    assert main(["experiment", "deep", *asked]) == 0
    record = json.loads(out.read_text())
    assert {"experiment": "deep", "data": "digits", "seeds": [2], "device": "cpu"}.items() <= record.items()
    assert record["threads"] == torch.get_num_threads()
    assert record["versions"]["torch"] == torch.__version__.split("+")[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", record["date"])
    assert record["seconds"] > 0
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith("seed 2  net ")]) == len(record["runs"]) == 4
    assert lines[-1] == f"{record['seconds']} seconds. The record is in {out}"


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for call in (experiments.run, experiments.stored):
        with pytest.raises(ValueError, match=r"name expects one of deep.*, got 'shallow'"):
            call("shallow")
    with pytest.raises(SystemExit, match="2"):
        main(["experiment", "shallow"])
    assert "invalid choice: 'shallow'" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_named_before_the_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["experiment", "deep", "--data", "digits", "--out", str(tmp_path)]) == 1
    assert str(tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize("name", experiments.EXPERIMENTS)
def test_each_experiment_is_stored_with_what_made_it(name: str) -> None:
    record = experiments.stored(name)
    assert record["experiment"] == name
    assert record["data"] == "mnist"
    assert len(record["seeds"]) >= 3
    assert {run["seed"] for run in record["runs"]} == set(record["seeds"])
    assert {"device", "threads", "versions", "date", "seconds"} <= set(record)
    assert len(json.dumps(record)) < 100_000


def test_the_stored_deep_runs_say_what_notebook_11_says() -> None:
    runs = experiments.stored("deep")["runs"]
    accuracy = {
        net: [run["test_accuracy"] for run in runs if run["net"] == net and run["depth"] == 24]
        for net in experiments.REMEDIES
    }
    assert all(len(values) == 3 for values in accuracy.values())
    assert max(accuracy.pop("plain")) < 0.15
    assert min(min(values) for values in accuracy.values()) > 0.6
    both = accuracy.pop("batch norm + residual")
    assert all(best > max(others) for best, *others in zip(both, *accuracy.values(), strict=True))
    mean = {
        depth: np.mean([r["test_accuracy"] for r in runs if (r["net"], r["depth"]) == ("plain", depth)])
        for depth in (6, 12, 24)
    }
    assert mean[6] > mean[12] > mean[24]
