"""The depth explorer: its curves against torch's autograd, its sentence, and what the reader changes."""

import itertools
import re
from typing import Any

import numpy as np
import pytest
import torch
import traitlets
from numpy.testing import assert_allclose

from cnnlib.explorers import DepthExplorer
from cnnlib.explorers.depth_explorer import RANGE, _normal, _weights

SETTINGS = list(itertools.product(["small", "default", "he"], [False, True], [False, True]))


def by_torch(
    x: np.ndarray, grad: np.ndarray, weights: np.ndarray, norm: bool, skip: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Both curves from torch's own batch normalisation and autograd."""
    values = [torch.tensor(x, requires_grad=True)]
    for weight in torch.tensor(weights):
        z = values[-1] @ weight.T
        z = torch.nn.functional.batch_norm(z, None, None, training=True) if norm else z
        values.append(torch.relu(z) + (values[-1] if skip else 0))
    gradients = torch.autograd.grad((values[-1] * torch.tensor(grad)).sum(), values)
    signal = [value.detach().std(dim=0, correction=0).mean().item() for value in values]
    return np.array(signal), np.array([gradient.square().mean().sqrt().item() for gradient in gradients])


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("skip", [False, True])
def test_core_agrees_with_autograd(visit: Any, norm: bool, skip: bool) -> None:
    page = visit(DepthExplorer())
    rng = np.random.default_rng(0)
    x, grad = rng.normal(size=(2, 7, 5))
    weights = rng.normal(size=(6, 5, 5))
    found = page.page.evaluate(
        """async ({ x, grad, weights, how }) => {
            const core = await import("/core.js");
            return core.signalAndGradient(core.tensor(x), core.tensor(grad), core.tensor(weights), how);
        }""",
        {
            "x": x.tolist(),
            "grad": grad.tolist(),
            "weights": weights.tolist(),
            "how": {"norm": norm, "skip": skip},
        },
    )
    signal, gradient = by_torch(x, grad, weights, norm, skip)
    assert_allclose(found["signal"], signal, rtol=1e-9)
    assert_allclose(found["gradient"], gradient, rtol=1e-9)


@pytest.mark.parametrize(("init", "norm", "skip"), SETTINGS)
def test_value_agrees_with_autograd(init: str, norm: bool, skip: bool) -> None:
    explorer = DepthExplorer(init=init, norm=norm, skip=skip, layers=9, seed=3)
    x, grad = _normal(6, 2, 16, 64)
    signal, gradient = by_torch(x, grad, _weights(init, 7)[:9], norm, skip)
    assert_allclose(explorer.value["signal"], signal, rtol=1e-9)
    assert_allclose(explorer.value["gradient"], gradient, rtol=1e-9)


def test_core_draws_the_same_net_as_python(visit: Any) -> None:
    page = visit(DepthExplorer())
    for init, norm, skip in SETTINGS:
        explorer = DepthExplorer(init=init, norm=norm, skip=skip, layers=24, seed=5)
        found = page.page.evaluate(
            """async ({ layers, init, norm, skip, seed }) => {
                const core = await import("/core.js");
                const both = core.normal([2, 16, 64], core.random(2 * seed));
                const weights = core.firstWeights(init, layers, 64, 2 * seed + 1);
                return core.signalAndGradient(core.plane(both, 0), core.plane(both, 1), weights, { norm, skip });
            }""",
            explorer.traits_shown,
        )
        # Rounding grows on the way through many layers; their sizes agree all the same.
        assert_allclose(found["signal"], explorer.value["signal"], rtol=1e-6)
        assert_allclose(found["gradient"], explorer.value["gradient"], rtol=1e-6)


def test_first_weights_have_the_sizes_they_are_known_for() -> None:
    for init, deviation in [("small", 0.01), ("default", 1 / np.sqrt(3 * 64)), ("he", np.sqrt(2 / 64))]:
        weights = _weights(init, 1)
        assert_allclose(weights.std(), deviation, rtol=0.01)
        assert abs(weights.mean()) < 0.02 * deviation
    assert_allclose(abs(_weights("default", 1)).max(), 1 / 8, rtol=1e-3)


def said(explorer: DepthExplorer) -> list[float]:
    """The four numbers of its sentence."""
    signal, gradient = explorer.value["signal"], explorer.value["gradient"]
    return [signal[0], signal[-1], gradient[-1], gradient[0]]


def numbers(sentence: str) -> list[float]:
    found = re.findall(r"(?:Signal: |Gradient: |, )([\d.]+(?:e−?\d+)?) (?:at|after)", sentence)
    return [float(text.replace("−", "-")) for text in found]


def test_the_remedies_show_in_the_sentence(visit: Any) -> None:
    page = visit(DepthExplorer())
    assert_allclose(numbers(page.said()), said(DepthExplorer()), rtol=0.06)
    assert page.said().count("it shrinks by a factor of ") == 2
    factors = [float(text) for text in re.findall(r"factor of ([\d.]+e\d+)", page.said())]
    curves = DepthExplorer().value
    ratios = [curves["signal"][0] / curves["signal"][-1], curves["gradient"][-1] / curves["gradient"][0]]
    assert_allclose(factors, ratios, rtol=0.06)
    page.choose("first weights", "He")
    assert page.trait("init") == "he"
    assert page.said().count("it shrinks") == 0
    page.page.get_by_label("skip connections").check()
    assert_allclose(numbers(page.said()), said(DepthExplorer(init="he", skip=True)), rtol=0.06)
    assert page.said().count("it grows by a factor of ") == 2
    page.page.get_by_label("normalise each layer").focus()
    page.page.keyboard.press("Space")
    assert (page.trait("norm"), page.trait("skip")) == (True, True)
    assert page.said().count("it stays within a factor of ten") == 2
    page.choose("first weights", "normal, 0.01")
    page.page.get_by_label("normalise each layer").uncheck()
    page.page.get_by_label("skip connections").uncheck()
    page.slide("layers", 30)
    assert page.trait("layers") == 30
    explorer = DepthExplorer(init="small", layers=30)
    assert_allclose(numbers(page.said()), said(explorer), rtol=0.06)
    assert explorer.value["signal"][-1] < 1e-36


def test_the_charts_have_a_point_per_layer(visit: Any) -> None:
    page = visit(DepthExplorer(layers=12))
    charts = page.page.locator("svg.cnx-lines")
    assert [charts.nth(i).locator("circle").count() for i in (0, 1)] == [13, 13]
    assert charts.nth(0).get_attribute("aria-label").startswith("Signal: ")
    ticks = ["1e−12", "1e−6", "1e0", "1e6"]
    assert [charts.nth(i).locator("text").all_text_contents()[:4] for i in (0, 1)] == [ticks, ticks]
    heights = [float(c.get_attribute("cy")) for c in charts.nth(0).locator("circle").all()]
    assert heights == sorted(heights)  # the signal only falls
    assert charts.nth(0).locator("text").last.text_content() == "layer 12"
    for init in ("He", "normal, 0.01"):  # the axis stays, also for a curve that leaves it
        page.choose("first weights", init)
        assert charts.nth(0).locator("text").all_text_contents()[:4] == ticks
    page.slide("layers", 30)
    height = float(charts.nth(0).get_attribute("viewBox").split()[3])
    assert float(charts.nth(0).locator("circle").last.get_attribute("cy")) > height
    assert charts.nth(0).locator("svg").get_attribute("overflow") == "hidden"


@pytest.mark.parametrize(("init", "norm", "skip"), [setting for setting in SETTINGS if setting[0] != "small"])
def test_the_fixed_range_shows_the_usual_cases(init: str, norm: bool, skip: bool) -> None:
    curves = DepthExplorer(init=init, norm=norm, skip=skip, layers=30).value
    assert RANGE[0] < min(map(min, curves.values())) < max(map(max, curves.values())) < RANGE[1]


def test_python_changes_it(visit: Any) -> None:
    page = visit(DepthExplorer())
    page.page.evaluate("() => { model.set('init', 'he'); model.set('seed', 4); model.set('layers', 20); }")
    assert_allclose(numbers(page.said()), said(DepthExplorer(init="he", seed=4, layers=20)), rtol=0.06)


@pytest.mark.parametrize("dark", [False, True])
def test_accessible_in_light_and_dark(visit: Any, dark: bool) -> None:
    page = visit(DepthExplorer(norm=dark), width=360, dark=dark, reduced_motion="reduce")
    assert page.violations() == []
    for width in (360, 700, 1200):
        page.resize(width)
        assert page.overflow() <= 0
        page.screenshot(f"depth_explorer_{'dark' if dark else 'light'}_{width}")


def test_answers_within_a_frame(visit: Any) -> None:
    page = visit(DepthExplorer())
    toggle = "document.querySelector('input[type=checkbox]').click()"
    assert page.median_ms(toggle) < 16
    slide = (
        "const input = document.querySelector('input[type=range]'); input.value = input.value - i % 3 + 1;"
        "input.dispatchEvent(new Event('input'))"
    )
    assert page.median_ms(slide) < 16


def test_traits_are_checked() -> None:
    with pytest.raises(traitlets.TraitError, match="layers"):
        DepthExplorer(layers=31)
    with pytest.raises(traitlets.TraitError, match="init"):
        DepthExplorer(init="xavier")
    with pytest.raises(traitlets.TraitError, match="norm"):
        DepthExplorer().norm = "yes"


def test_repr_and_picture() -> None:
    assert repr(DepthExplorer(init="he", norm=True)) == "DepthExplorer(init='he', norm=True)"
    for explorer in (DepthExplorer(), DepthExplorer(init="small", layers=30)):
        assert explorer._picture() == explorer._picture()
