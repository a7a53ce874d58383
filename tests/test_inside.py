"""Looking inside a net: maps, patches, confusions and heat maps, with captum, torch and scikit-learn as oracles."""

import ast
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics
from torch import Tensor, nn

from cnnlib import inside
from tests.course import NOTEBOOKS, exercises, read

NOTEBOOK = next(path for path in NOTEBOOKS if path.name.startswith("12_"))


@pytest.fixture
def net() -> nn.Sequential:
    """Two convolutions with random weights, three channels in, five classes."""
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(inplace=True), nn.BatchNorm2d(6)),
        *(nn.Conv2d(6, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 7 * 10, 5)),
    ).eval()


IMAGE = torch.rand(3, 9, 12, generator=torch.Generator().manual_seed(1))


def written_out(name: str) -> Callable[..., Any]:
    """The function `name` as a cell of notebook 12 writes it out, or as its solution does."""
    if name in exercises():
        return exercises()[name].define(exercises()[name].solution)
    cells = [cell.source for cell in read(NOTEBOOK).cells if cell.cell_type == "code"]
    source = next(source for source in cells if f"def {name}(" in source)
    namespace: dict[str, Any] = {"torch": torch, "F": F}
    exec(compile(source, name, "exec"), namespace)
    return namespace[name]


@pytest.mark.parametrize("name", ["saliency", "grad_cam", "occlusion_map"])
def test_each_heat_map_is_written_out_in_fifteen_lines(name: str) -> None:
    sources = [cell.source for cell in read(NOTEBOOK).cells]
    whole = next(re.search(rf"^def {name}\(.*?(?=\n\n|\n```|\Z)", s, re.S | re.M) for s in sources
                 if f"def {name}(" in s and "NotImplementedError" not in s)  # fmt: skip
    assert whole is not None
    ast.parse(whole[0])
    assert len(whole[0].splitlines()) <= 15


@pytest.mark.parametrize("target", [0, 1])
def test_saliency_is_captums(net: nn.Sequential, target: int) -> None:
    attr = pytest.importorskip("captum.attr")
    expected = attr.Saliency(net).attribute(IMAGE[None].requires_grad_(), target=target)[0].amax(0)
    torch.testing.assert_close(written_out("saliency")(net, IMAGE, target), expected)


@pytest.mark.parametrize("target", [0, 1])
@pytest.mark.parametrize("index", [2, 3, 4])
def test_grad_cam_is_captums(net: nn.Sequential, target: int, index: int) -> None:
    attr = pytest.importorskip("captum.attr")
    cam = attr.LayerGradCam(net, net[index])
    expected = cam.attribute(IMAGE[None], target=target, relu_attributions=True)[0, 0]
    got = written_out("grad_cam")(net, net[index], IMAGE, target)
    torch.testing.assert_close(got, expected.detach())
    assert got.max() > 0
    assert not any(module._forward_hooks for module in net.modules())
    assert all(parameter.grad is None for parameter in net.parameters())


@pytest.mark.parametrize("function", [inside.occlusion_map, written_out("occlusion_map")])
def test_occlusion_is_captums(net: nn.Sequential, function: Callable[..., Tensor]) -> None:
    attr = pytest.importorskip("captum.attr")
    drops = function(net, IMAGE, 2, 3, 3, 0.5)
    settings: dict[str, Any] = {"sliding_window_shapes": (3, 3, 3), "strides": (3, 3, 3), "baselines": 0.5}
    expected = attr.Occlusion(net).attribute(IMAGE[None], target=2, **settings)[0, 0]
    torch.testing.assert_close(drops, expected[::3, ::3])
    assert drops.shape == (3, 4)


def test_occlusion_with_overlap_is_its_definition(net: nn.Sequential) -> None:
    drops = inside.occlusion_map(net, IMAGE, 4, 4, stride=2)
    assert drops.shape == (3, 5)
    covered = IMAGE.clone()
    covered[:, 2:6, 6:10] = 0
    with torch.no_grad():
        expected = net(IMAGE[None])[0, 4] - net(covered[None])[0, 4]
    torch.testing.assert_close(drops[1, 3], expected)


@pytest.mark.parametrize("index", range(6))
def test_feature_maps_are_what_leaves_the_layer(net: nn.Sequential, index: int) -> None:
    x = torch.rand(2, 3, 9, 12)
    with torch.no_grad():
        expected = x
        for layer in net[: index + 1]:
            expected = layer(expected.clone())
    got = inside.feature_maps(net, net[index], x)
    torch.testing.assert_close(got, expected)
    assert not got.requires_grad
    assert not any(module._forward_hooks for module in net.modules())


def test_the_hook_is_removed_when_the_model_fails(net: nn.Sequential) -> None:
    with pytest.raises(RuntimeError):
        inside.feature_maps(net, net[0], torch.rand(2, 3, 5, 5))
    assert not net[0]._forward_hooks
    with pytest.raises(ValueError, match="layer expects a module that model uses"):
        inside.feature_maps(net, nn.ReLU(), torch.rand(2, 3, 9, 12))


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0, 3), st.integers(0, 9))
def test_top_patches_give_the_responses_again(kh: int, kw: int, stride: int, padding: int, seed: int) -> None:
    """The patch times the kernel is the response: place and patch belong together."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(3, 7, 6, generator=generator)
    kernel = torch.rand(kh, kw, generator=generator) - 0.5
    settings = {"stride": (stride, 2), "padding": (padding, 1)}
    maps = F.conv2d(images[:, None], kernel[None, None], **settings)[:, 0]  # type: ignore[arg-type]
    k = min(6, maps.numel())
    found = inside.top_patches(maps, images, k, (kh, kw), **settings)  # type: ignore[arg-type]
    responses = [(kernel * patch).sum() for *_, patch in found]
    torch.testing.assert_close(torch.stack(responses), maps.flatten().sort(descending=True).values[:k])
    for (n, row, column, _), response in zip(found, responses, strict=True):
        torch.testing.assert_close(maps[n, row, column], response)


@given(st.integers(1, 6), st.integers(0, 40), st.integers(0, 99))
def test_the_confusion_matrix_is_scikit_learns(classes: int, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    targets, predictions = rng.integers(0, classes, (2, count))
    got = inside.confusion_matrix(torch.tensor(targets), torch.tensor(predictions), classes)
    assert got.dtype == torch.int64
    expected = np.zeros((classes, classes), int)
    if len({*targets, *predictions}) > 1:  # scikit-learn wants two classes, or warns
        expected = metrics.confusion_matrix(targets, predictions, labels=range(classes))
    elif count:
        expected[targets[0], targets[0]] = count
    assert got.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: inside.top_patches(torch.ones(2, 3), torch.ones(2, 4, 4), 1, 2), "expects maps (N, oH, oW)"),
        (
            lambda: inside.top_patches(torch.ones(2, 3, 3), torch.ones(1, 4, 4), 1, 2),
            "got (2, 3, 3) and (1, 4,",
        ),
        (lambda: inside.top_patches(torch.ones(1, 3, 3), torch.ones(1, 4, 4), 10, 2), "k expects 1 to 9"),
        (lambda: inside.confusion_matrix(torch.tensor([0]), torch.tensor([0, 1]), 2), "got (1,) and (2,)"),
        (lambda: inside.confusion_matrix(torch.tensor([2]), torch.tensor([0]), 2), "classes from 0 to 1"),
        (lambda: inside.confusion_matrix(torch.tensor([0]), torch.tensor([-1]), 2), "classes from 0 to 1"),
        (lambda: inside.occlusion_map(nn.Identity(), torch.ones(4, 4), 0, 2), "expects an image (C, H, W)"),
        (lambda: inside.occlusion_map(nn.Identity(), torch.ones(1, 4, 6), 0, 5), "got (1, 4, 6), 5 and 1"),
        (lambda: inside.occlusion_map(nn.Identity(), torch.ones(1, 4, 6), 0, 2, 0), "a stride of 1 or more"),
    ],
)
def test_a_wrong_argument_is_named(call: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
