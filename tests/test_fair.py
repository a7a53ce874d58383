"""Fully connected against convolutional nets: the tools, a part of the experiments run again, the stored runs."""

import itertools
import math
import statistics
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset

from cnnlib import data, experiments, fair, models, training


def test_counts_are_those_of_the_formulas() -> None:
    layers = nn.Sequential(nn.Conv2d(2, 5, (3, 4)), nn.BatchNorm2d(5), nn.Flatten(), nn.Linear(5 * 6 * 4, 7))
    parameters, macs = fair.counts(layers, (2, 8, 7))
    assert parameters == (2 * 12 * 5 + 5) + 10 + (120 * 7 + 7)
    assert macs == 2 * 12 * 5 * (6 * 4) + 120 * 7
    assert layers[1].training
    assert layers[1].num_batches_tracked == 0


def test_an_mlp_has_a_mac_for_each_weight() -> None:
    net = models.MLP(fair.IN_SHAPE, (20,))
    parameters, macs = fair.counts(net, fair.IN_SHAPE)
    assert parameters - macs == 20 + 10  # its biases


@given(st.integers(1, 5000), st.integers(1, 40), st.integers(0, 40), st.integers(0, 3))
def test_matched_width_is_the_nearest(budget: int, slope: int, offset: int, square: int) -> None:
    def count(width: int) -> int:
        assert width >= 1
        return square * width**2 + slope * width + offset

    found = fair.matched_width(budget, count)
    assert found == min(range(1, 5002), key=lambda width: abs(count(width) - budget))


def test_the_contestants_are_equal_as_near_as_a_width_gets() -> None:
    cnn, same_parameters, same_macs = (fair.counts(n, fair.IN_SHAPE) for n in fair.contestants().values())
    assert abs(same_parameters[0] - cnn[0]) <= (fair.PIXELS + 11) / 2
    assert abs(same_macs[1] - cnn[1]) <= (fair.PIXELS + 10) / 2
    assert cnn[1] > 100 * same_parameters[1]
    assert same_macs[0] > 100 * cnn[0]


def test_shifted_moves_and_refuses() -> None:
    images = torch.zeros(2, 1, 2, 4)
    images[0, 0, 0, 0], images[1, 0, 1, 1] = 1, 2
    assert fair.shifted(images, 2).tolist() == [[[[0, 0, 1, 0], [0] * 4]], [[[0] * 4, [0, 0, 0, 2]]]]
    assert torch.equal(fair.shifted(images, 0), images)
    for right, message in ((3, "shift of 3 pixels"), (-1, "right expects 0 to 4, got -1"), (5, "got 5")):
        with pytest.raises(ValueError, match=message):
            fair.shifted(images, right)


def test_on_canvas_pads_on_every_side() -> None:
    canvas = fair.on_canvas(torch.ones(3, 1, 28, 28))
    assert tuple(canvas.shape[1:]) == fair.IN_SHAPE
    assert canvas.sum() == canvas[..., 8:36, 8:36].sum() == 3 * 28 * 28
    with pytest.raises(ValueError, match=r"expects images \(N, C, H, W\)"):
        fair.on_canvas(torch.ones(28, 28))


def test_random_shifts_move_each_image_whole() -> None:
    images = fair.on_canvas(torch.rand(400, 1, 4, 6) + 0.1, margin=3)
    torch.manual_seed(0)
    moved = fair.random_shifts(images, 3)
    seen = set()
    for before, after in zip(images[:, 0], moved[:, 0], strict=True):
        down, right = ((after > 0).nonzero()[0] - 3).tolist()
        assert torch.equal(before.roll((down, right), (0, 1)), after)
        seen.add((down, right))
    assert seen == set(itertools.product(range(-3, 4), repeat=2))
    torch.manual_seed(0)
    assert torch.equal(moved, fair.random_shifts(images, 3))


def test_shift_curve_asks_for_every_shift() -> None:
    images = torch.zeros(4, 1, 3, 9)
    images[range(4), 0, 1, [0, 1, 2, 3]] = 1
    curve = fair.shift_curve(
        lambda x: x.flatten(1).argmax(1) % 9, images, torch.tensor([2, 3, 4, 3]), [2, 0, 5]
    )
    assert curve == [0.75, 0.25, 0]
    with pytest.raises(ValueError, match="shift of 6 pixels"):
        fair.shift_curve(lambda x: x.flatten(1).argmax(1), images, torch.zeros(4), [6])


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=9))
def test_summarise_agrees_with_statistics(runs: list[float]) -> None:
    mean, sd = fair.summarise(runs)
    assert mean == pytest.approx(statistics.mean(runs), abs=1e-9)
    if len(runs) == 1:
        assert math.isnan(sd)
    else:
        assert sd == pytest.approx(statistics.stdev(runs), abs=1e-6)


def test_summarise_wants_a_run() -> None:
    with pytest.raises(ValueError, match="one number or more"):
        fair.summarise([])


def test_wrong_arguments_are_named() -> None:
    images = fair.on_canvas(torch.ones(2, 1, 3, 3), margin=2)
    calls = (
        (lambda: fair.matched_width(0, lambda width: width), "budget expects 1 or more, got 0"),
        (lambda: fair.random_shifts(images, 3), "shift of 3 pixels might push ink out"),
        (
            lambda: fair.shift_curve(len, images, torch.zeros(3), [0]),
            "labels expects 2, one per image, got 3",
        ),
        (
            lambda: fair.permuted(images, torch.arange(7)),
            r"order expects shape \(49,\) or \(N, 49\), got \(7,\)",
        ),
    )
    for call, message in calls:
        with pytest.raises(ValueError, match=message):
            call()


def test_permuted_moves_pixels_of_all_or_of_each() -> None:
    images = torch.arange(12.0).view(2, 1, 2, 3)
    one = torch.tensor([5, 4, 3, 2, 1, 0])
    assert torch.equal(fair.permuted(images, one), images.flip(2, 3))
    each = torch.stack([one, torch.arange(6)])
    assert torch.equal(fair.permuted(images, each), torch.stack([images[0].flip(1, 2), images[1]]))


def test_crops_are_the_windows_asked_for() -> None:
    images = torch.rand(3, 1, 28, 28)
    found = fair.crops(images, torch.tensor([[0, 6], [3, 3], [6, 1]]))
    for image, window, (row, column) in zip(images, found, ((0, 6), (3, 3), (6, 1)), strict=True):
        assert torch.equal(window, F.pad(image, (-column, column - 6, -row, row - 6)))


def test_the_original_nets_have_the_sizes_they_had() -> None:
    found = {name: fair.counts(net, (1, 22, 22)) for name, net in fair.original_nets().items()}
    assert found == {"CNN": (128_522, 7_822_400), "MLP": (137_285, 136_900)}


# A small part of the experiments, on the embedded digits


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair, "STEPS", 80)
    monkeypatch.setattr(fair, "SHIFTS", (0, 4, 8))


@pytest.fixture(scope="module")
def digits() -> data.ImageData:
    return data.load_digits()


def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A narrow MLP in place of the wide one, and one learning rate."""
    whole = fair.contestants

    def contestants() -> dict[str, nn.Module]:
        nets = whole()
        return nets | {"MLP, equal MACs": models.MLP(fair.IN_SHAPE, (64,))}

    monkeypatch.setattr(fair, "contestants", contestants)
    monkeypatch.setattr(fair, "RATES", (fair.RATE,))


@pytest.mark.usefixtures("few_steps")
def test_again_heads_decide_over_shifts(digits: data.ImageData) -> None:
    runs = {run["head"]: run["test_accuracy"] for run in fair.heads(digits, 0, "cpu")}
    assert min(curve[0] for curve in runs.values()) > 0.85
    assert runs["flatten"][2] < 0.6
    assert min(runs["max"][2], runs["average"][2]) > runs["flatten"][2] + 0.25
    assert max(runs["max"]) - min(runs["max"]) < 0.06


@pytest.mark.usefixtures("few_steps")
def test_again_the_cnn_is_ahead_where_digits_move(
    digits: data.ImageData, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow(monkeypatch)
    runs = {run["net"]: run for run in fair.fair(digits, 0, "cpu")}
    cnn, small, wide = (run["test_accuracy"] for run in runs.values())
    assert list(runs["CNN"]["validation_accuracy"]) == [str(fair.RATE)]
    assert cnn[1] > max(small[1], wide[1]) + 0.2
    assert max(small[2], wide[2]) < 0.3


def test_again_a_fixed_shuffle_means_nothing_to_the_mlp(
    digits: data.ImageData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fair, "STEPS", 60)
    runs = {(run["net"][:3], run["shuffle"]): run["test_accuracy"] for run in fair.shuffle(digits, 0, "cpu")}
    assert abs(runs["MLP", "none"] - runs["MLP", "one for all"]) < 0.05
    assert runs["CNN", "none"] > 0.85  # these digits are so easy that the CNN stands the shuffle too
    assert max(runs["CNN", "one for each"], runs["MLP", "one for each"]) < 0.5


def test_the_other_experiments_train_and_yield(
    digits: data.ImageData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fair, "STEPS", 2)
    monkeypatch.setattr(fair, "SHIFTS", (0,))
    narrow(monkeypatch)
    asked: list[Any] = []
    whole = training.fit

    def fit(net: nn.Module, part: TensorDataset, **settings: Any) -> Any:
        asked.append(settings)
        few = TensorDataset(*part[:96])
        return whole(net, few, **settings | {"epochs": 1, "batch_size": 16})

    monkeypatch.setattr(training, "fit", fit)
    counted = {
        name: len(list(getattr(fair, name)(digits, 1, "cpu"))) for name in ("augment", "size", "original")
    }
    assert counted == {"augment": 2, "size": 6, "original": 4}
    assert [s["augment"] is fair.random_shifts for s in asked[:2]] == [True, True]
    assert all(settings["seed"] == 1 for settings in asked)


def test_training_takes_the_same_number_of_steps() -> None:
    for count in (40, 100, 300):
        few = TensorDataset(torch.rand(count, 1, 2, 2), torch.arange(count) % 10)
        epochs = fair.train(models.MLP((1, 2, 2), ()), few, 0, "cpu")["epochs"]
        assert abs(epochs * math.ceil(count / fair.BATCH) - fair.STEPS) <= math.ceil(count / fair.BATCH) / 2


# What the stored runs say, and the notebook after them


def stored(name: str, **wanted: Any) -> np.ndarray:
    runs = experiments.stored(name)["runs"]
    found = [r["test_accuracy"] for r in runs if all(r[key] == value for key, value in wanted.items())]
    assert len(found) == 3
    return np.array(found)


CNN, FEW, MANY = "CNN", "MLP, equal parameters", "MLP, equal MACs"


def test_stored_the_cnn_wins_at_equal_parameters_and_at_equal_macs() -> None:
    cnn, few, many = (stored("fair", net=name) for name in (CNN, FEW, MANY))
    assert cnn[:, 0].min() > many[:, 0].max() + 0.02
    assert many[:, 0].min() > few[:, 0].max() + 0.02
    assert cnn[:, 4].min() > max(few[:, 4].max(), many[:, 4].max()) + 0.2
    assert max(few[:, 6:].max(), many[:, 6:].max()) < 0.15
    assert cnn[:, 8].max() < 0.5


def test_stored_nobody_was_best_at_the_edge_of_the_rates() -> None:
    for run in experiments.stored("fair")["runs"]:
        tried = run["validation_accuracy"]
        assert list(tried) == [str(lr) for lr in fair.RATES]
        assert tried[str(run["lr"])] == max(tried.values())
        assert run["lr"] not in (fair.RATES[0], fair.RATES[-1])


def test_stored_global_heads_stay_level() -> None:
    for head in ("average", "max"):
        means = stored("heads", head=head).mean(0)
        assert means.max() - means.min() < 0.015
        assert means.min() > 0.95
    flat = stored("heads", head="flatten")
    assert flat[:, 0].min() > 0.97
    assert flat[:, 8].max() < 0.35


@pytest.mark.parametrize("name", ["fair", "heads", "augment", "shuffle", "size"])
def test_stored_runs_of_one_experiment_had_equal_steps(name: str) -> None:
    for run in experiments.stored(name)["runs"]:
        steps = run["epochs"] * math.ceil(run["images"] / run["batch_size"])
        assert abs(steps - fair.STEPS) <= math.ceil(run["images"] / run["batch_size"]) / 2
        assert run["schedule"] == "one-cycle"


def test_stored_moved_training_images_level_both_at_a_price() -> None:
    cnn, mlp = (stored("augment", net=name) for name in (CNN, MANY))
    assert cnn.mean(0).min() > 0.92
    assert mlp.mean(0).min() > 0.65
    assert mlp[:, 0].max() < stored("fair", net=MANY)[:, 0].min() - 0.08
    assert cnn[:, 0].min() > stored("fair", net=CNN)[:, 0].min() - 0.04


def test_stored_a_fixed_shuffle_hurts_the_cnn_alone() -> None:
    found = {
        (net, order): stored("shuffle", net=net, shuffle=order)
        for net in (CNN, FEW)
        for order in ("none", "one for all", "one for each")
    }
    assert found[CNN, "none"].min() > found[CNN, "one for all"].max() + 0.03
    assert abs(found[FEW, "none"].mean() - found[FEW, "one for all"].mean()) < 0.01
    lead = {order: (found[CNN, order] - found[FEW, order]).mean() for order in ("none", "one for all")}
    assert lead["one for all"] < lead["none"] / 2
    assert found[CNN, "one for all"].max() < stored("fair", net=MANY)[:, 0].min()
    assert max(found[net, "one for each"].max() for net in (CNN, FEW)) < 0.35


def test_stored_few_images_cost_the_mlp_more() -> None:
    cnn, mlp = ({n: stored("size", net=net, images=n) for n in (100, 800, 6400)} for net in (CNN, MANY))
    gaps = [(cnn[n] - mlp[n]).mean() for n in (100, 800, 6400)]
    assert gaps[0] > gaps[1] > gaps[2] > 0.02
    assert min(cnn[n].min() - mlp[n].max() for n in cnn) > 0
    assert cnn[800].mean() > mlp[6400].mean() + 0.005


def test_stored_the_original_protocol_shows_no_invariance() -> None:
    runs = experiments.stored("original")["runs"]
    found = {
        (net, softmax, place): np.array(
            [r[f"{place}_accuracy"] for r in runs if (r["net"], r["softmax"]) == (net, softmax)]
        )
        for net in ("CNN", "MLP")
        for softmax in (True, False)
        for place in ("middle", "random")
    }
    for softmax in (True, False):
        ahead = found["CNN", softmax, "random"] - found["MLP", softmax, "random"]
        assert ahead.min() > 0.1
        lost = found["CNN", softmax, "middle"] - found["CNN", softmax, "random"]
        assert lost.min() > 0.15
    for net in ("CNN", "MLP"):
        for place in ("middle", "random"):
            assert found[net, True, place].mean() < found[net, False, place].mean()
    assert max(run["loss"] for run in runs if not run["softmax"]) < 0.3
    assert min(run["loss"] for run in runs if run["softmax"]) > 1.4612
