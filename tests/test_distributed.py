"""Several processes under torchrun: their shares, and the same result as one process. One process is the oracle."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cnnlib import distributed, models, training
from cnnlib.__main__ import main
from tests.test_training import samples

PROJECT = Path(__file__).resolve().parent.parent
thorough = pytest.mark.skipif("CNNLIB_TEST_ALL" not in os.environ, reason="only in make test-all")


def torchrun(processes: int, *command: str | Path, restarts: int = 0) -> str:
    """What `command`, run by so many processes, prints; fails with what it says if it fails."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--max-restarts={restarts}"]
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [*launcher, f"--nproc-per-node={processes}", *map(str, command)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


# ---- shares


@given(st.integers(1, 40), st.integers(1, 6))
def test_shares_cover_a_batch_once_and_their_weights_average_to_its_mean(count: int, processes: int) -> None:
    values, parts = torch.rand(count, dtype=torch.float64), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distributed, "size", lambda: processes)
        for number in range(processes):
            patch.setattr(distributed, "rank", lambda number=number: number)
            parts.append(distributed.share(torch.arange(count)))
    counted = [index for mine, weight in parts for index in mine.tolist() if weight]
    assert sorted(counted) == list(range(count))
    assert all(len(mine) >= 1 for mine, _ in parts)
    mean = sum(weight * values[mine].mean() for mine, weight in parts) / processes
    torch.testing.assert_close(mean, values.mean())


def test_alone_everything_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    model, values = nn.BatchNorm2d(1), torch.arange(3)
    with distributed.joined("cpu") as device:
        assert (device, distributed.size(), distributed.rank()) == ("cpu", 1, 0)
    assert distributed.wrap(model, torch.device("cpu")) is model
    assert distributed.share(values) == (pytest.approx([0, 1, 2]), 1.0)
    assert distributed.total(values, torch.device("cpu")) is values
    assert distributed.of_first(values, torch.device("cpu")) is values
    assert not distributed.own_statistics(model, "cpu")


@pytest.mark.parametrize(("kind", "said"), [("cpu", True), ("mps", True), ("cuda", False)])
def test_own_statistics_are_said_where_torch_cannot_join_them(
    kind: str, said: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed, "size", lambda: 2)
    assert distributed.own_statistics(models.FastNet(), kind) is said
    assert not distributed.own_statistics(models.ConvNet(), kind)


# ---- fit, against one process

WORKER = """
import sys, torch
from pathlib import Path
from cnnlib import distributed, training
from tests.test_distributed import RUNS, net, settings
from tests.test_training import Pairs, samples
folder = Path(sys.argv[1])
with distributed.joined("cpu"):
    for name, count in RUNS.items():
        heard, model = [], net()
        own = heard.append if not distributed.rank() else None
        train = Pairs(samples(count)) if count % 2 else samples(count)
        history = training.fit(model, train, samples(21, seed=2), **settings(progress=own))
        state = {"weights": model.state_dict(), "history": [dict(report) for report in history], "heard": len(heard)}
        torch.save(state, folder / f"{name}-{distributed.rank()}.pt")
    # a stop asked for in the middle of epoch 2, by process 0 alone; a checkpoint, and going on from it
    stop = (lambda report: report["epoch"] == 2) if not distributed.rank() else None
    asked = settings(progress=stop, report_every=0, checkpoint=folder / "run.ckpt")
    short = len(training.fit(net(), samples(50), **asked))
    model = net(seed=7)
    whole = training.fit(model, samples(50), **(asked | {"progress": None, "resume": True}))
    state = {"short": short, "whole": len(whole), "weights": model.state_dict()}
    torch.save(state, folder / f"stop-{distributed.rank()}.pt")
"""
RUNS = {
    "even": 48,
    "uneven": 50,
    "one left": 49,
}  # batches of 16; the last of 49 leaves nothing for process 1


def net(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(80, 3))


def settings(**more: Any) -> dict[str, Any]:
    given = {"epochs": 3, "lr": 0.01, "batch_size": 16, "schedule": "one-cycle", "label_smoothing": 0.1}
    return given | {"precision": "float32", "device": "cpu", "progress": None} | more


def close(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Float tolerance: the same sums in another order, and Adam's square roots of them."""
    return a.keys() == b.keys() and all(torch.allclose(a[name], b[name], rtol=1e-3, atol=2e-5) for name in a)


@pytest.mark.parametrize("processes", [2, pytest.param(4, marks=thorough)])
def test_several_processes_give_what_one_gives(processes: int, tmp_path: Path) -> None:
    (tmp_path / "worker.py").write_text(WORKER)
    torchrun(processes, tmp_path / "worker.py", tmp_path)
    for name, count in RUNS.items():
        model = net()
        history = training.fit(model, samples(count), samples(21, seed=2), **settings())
        ranks = [torch.load(tmp_path / f"{name}-{rank}.pt", weights_only=True) for rank in range(processes)]
        for rank in ranks:
            assert all(torch.equal(rank["weights"][key], ranks[0]["weights"][key]) for key in rank["weights"])
            for found, expected in zip(rank["history"], history, strict=True):
                for key in ("loss", "accuracy", "validation_loss", "validation_accuracy", "lr"):
                    assert found[key] == pytest.approx(expected[key], rel=1e-4), (name, key)
        assert close(ranks[0]["weights"], model.state_dict()), name
        assert [rank["heard"] for rank in ranks] == [3] + (processes - 1) * [0]

    model = net()
    training.fit(model, samples(50), **settings())
    for rank in range(processes):
        stop = torch.load(tmp_path / f"stop-{rank}.pt", weights_only=True)
        assert (stop["short"], stop["whole"]) == (2, 3)
        assert close(stop["weights"], model.state_dict())


# ---- the command

DIGITS = [
    "train",
    "--data",
    "digits",
    "--device",
    "cpu",
    "--precision",
    "float32",
    "--epochs",
    "3",
    "--lr",
    "5e-4",
]


@thorough
@pytest.mark.parametrize(("processes", "batch"), [(2, "32"), (4, "38")])  # 1,197 images: 13 and 19 are left
def test_the_same_command_runs_under_torchrun(
    processes: int, batch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = [*DIGITS, "--batch-size", batch]
    assert main([*asked, "--out", "one.pt", "--json", "one.json"]) == 0
    printed = torchrun(processes, "-m", "cnnlib", *asked, "--out", "all.pt", "--json", "all.json")
    assert re.findall(r"^epoch (\d)/3", printed, re.MULTILINE) == ["1", "2", "3"]
    assert "Batch normalisation" not in printed
    one, several = (json.loads(Path(name).read_text()) for name in ("one.json", "all.json"))
    assert (one["processes"], several["processes"]) == (1, processes)
    for a, b in zip(one["history"], several["history"], strict=True):
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-2)
    a, b = (training.load(models.ConvNet(), name).state_dict() for name in ("one.pt", "all.pt"))
    assert all((a[name] - b[name]).abs().max() < 3e-3 for name in a)


@thorough
def test_batch_norm_says_that_statistics_are_each_process_own_and_is_as_accurate(tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    asked = ["train", "--fast", "--data", "digits", "--device", "cpu", "--out", tmp_path / "net.pt"]
    printed = torchrun(2, "-m", "cnnlib", *asked, "--json", record)
    assert printed.count("Batch normalisation takes its statistics in each process") == 1
    assert json.loads(record.read_text())["test_accuracy"] > 0.95


KILLED = """
import os, signal, sys
import torch
from cnnlib.__main__ import main
steps, step = iter(range(50)), torch.optim.Adam.step
def last(self, *given):
    if os.environ["RANK"] == "1" and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0" and next(steps, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(self, *given)
torch.optim.Adam.step = last
sys.exit(main(sys.argv[1:]))
"""


@thorough
@pytest.mark.parametrize("processes", [2, 4])
def test_a_killed_worker_is_restarted_and_the_run_ends_with_all_its_steps(
    processes: int, tmp_path: Path
) -> None:
    """Process 1 dies in epoch 2, after 50 of 114 steps; torchrun starts all again, from the end of epoch 1."""
    (tmp_path / "killed.py").write_text(KILLED)
    files = [
        "--checkpoint",
        tmp_path / "run.ckpt",
        "--out",
        tmp_path / "all.pt",
        "--json",
        tmp_path / "all.json",
    ]
    printed = torchrun(processes, tmp_path / "killed.py", *DIGITS, *files, restarts=1)
    assert re.findall(r"^epoch (\d)/3", printed, re.MULTILINE) == ["1", "2", "3"]
    state = torch.load(tmp_path / "run.ckpt", weights_only=True)
    assert {float(moments["step"]) for moments in state["optimizer"]["state"].values()} == {3 * 38}
    assert [report["epoch"] for report in state["history"]] == [1, 2, 3]
    assert main([*DIGITS, "--out", str(tmp_path / "one.pt")]) == 0
    a, b = (training.load(models.ConvNet(), tmp_path / name).state_dict() for name in ("one.pt", "all.pt"))
    assert all((a[name] - b[name]).abs().max() < 3e-3 for name in a)
