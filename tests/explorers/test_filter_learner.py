"""The filter learner on a plain page: the same descent as notebook 07's, step for step, and what it says of it."""

import re
from typing import Any

import numpy as np
import pytest
import torch
import traitlets
from numpy.testing import assert_allclose, assert_array_equal

from cnnlib import diagrams, functional
from cnnlib.explorers import FilterLearner

HIDDEN = np.array([[0, 1, 2], [-1, 3, 1], [-2, 0, -1]])
LIMIT = 0.893  # notebook 07: 2 / the largest curvature


def learn(
    learning_rate: float, steps: int, hidden: Any = HIDDEN, image: Any = None
) -> tuple[Any, list[float]]:
    """Descend as notebook 07 does: the kernel after `steps`, the loss before the first and after each step."""
    image = np.random.default_rng(7).normal(size=(20, 24)) if image is None else image
    image, target = image[None, None], functional.conv2d(image[None, None], hidden[None, None])
    kernel, losses = np.zeros((1, 1, 3, 3)), []
    for step in range(steps + 1):
        error = functional.conv2d(image, kernel) - target
        losses.append(float(np.mean(error**2)))
        if step < steps:
            kernel -= learning_rate * functional.conv2d_backward(2 * error / error.size, image, kernel)[1]
    return kernel[0, 0], losses


def said(page: Any) -> tuple[int, float, float]:
    """Step, loss and largest error in the sentence."""
    found = re.match(r"Step (\d+): loss (\S+), largest error of the kernel (\S+?)\.( |$)", page.said())
    assert found, page.said()
    return int(found[1]), float(found[2]), float(found[3])


@pytest.mark.parametrize("rate", [0.02, 0.3, 0.6, 0.85, 1.0])
def test_steps_are_the_notebook_s(visit: Any, rate: float) -> None:
    page = visit(FilterLearner())
    page.slide("learning rate", rate)
    for _ in range(3):
        page.press("Step")
    page.press("16 steps")
    kernel, losses = learn(rate, 19)
    assert_allclose(page.trait("kernel"), kernel, rtol=1e-9, atol=1e-12)
    assert_allclose(page.trait("losses"), losses, rtol=1e-8, atol=1e-20)  # near 0 only rounding is left
    step, loss, largest = said(page)
    assert step == 19
    assert loss == pytest.approx(losses[-1], rel=0.06)
    assert largest == pytest.approx(np.abs(kernel - HIDDEN).max(), rel=0.06)
    assert ("diverges" in page.said()) == (rate > LIMIT)


def test_the_gradient_is_autograd_s(visit: Any) -> None:
    rng = np.random.default_rng(1)
    image, hidden, kernel = rng.normal(size=(5, 9)), rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    page = visit(FilterLearner())
    loss, grad = page.page.evaluate(
        "async ([image, hidden, kernel]) => { const c = await import('/core.js');"
        "const [x, h, k] = [[image], [[hidden]], [[kernel]]].map(c.tensor);"
        "const { loss, grad } = c.squaredError(c.conv2d(x, k), c.conv2d(x, h));"
        "return [loss, c.nested(c.conv2dWeightGrad(grad, x))]; }",
        [image.tolist(), hidden.tolist(), kernel.tolist()],
    )
    weight = torch.tensor(kernel[None, None], requires_grad=True)
    x = torch.tensor(image[None, None])
    expected = torch.nn.functional.mse_loss(
        torch.nn.functional.conv2d(x, weight), torch.nn.functional.conv2d(x, torch.tensor(hidden[None, None]))
    )
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-12)
    assert weight.grad is not None
    assert_allclose(grad, weight.grad.numpy(), rtol=1e-10)


def test_it_finds_the_kernel_and_says_so(visit: Any) -> None:
    page = visit(FilterLearner(learning_rate=0.6))
    assert page.said() == "Step 0: loss 18, largest error of the kernel 3."
    for _ in range(3):
        page.press("16 steps")
    assert page.said().endswith("The hidden kernel is found.")
    assert_allclose(page.trait("kernel"), HIDDEN, atol=1e-9)


def test_too_large_a_rate_diverges_and_stops(visit: Any) -> None:
    page = visit(FilterLearner(learning_rate=1.2))
    page.press("Step")
    while page.page.get_by_role("button", name="16 steps").is_enabled():
        page.press("16 steps")
    assert page.said().endswith("It diverges: stopped. Reset, and take a smaller learning rate.")
    done = len(page.trait("losses")) - 1
    assert page.trait("losses")[-1] > 1e12 > page.trait("losses")[-2]
    assert_allclose(page.trait("losses"), learn(1.2, done)[1], rtol=1e-6)
    assert page.page.get_by_role("button", name="Step", exact=True).is_disabled()
    page.press("Reset")
    assert_array_equal(page.trait("kernel"), np.zeros((3, 3)))
    assert page.said().startswith("Step 0: ")
    assert page.page.locator("polyline").count() == 2  # the run before stays, to compare with
    page.slide("learning rate", 0.3)
    page.press("16 steps")
    assert_allclose(page.trait("kernel"), learn(0.3, 16)[0], rtol=1e-9, atol=1e-12)


def test_it_says_at_which_step_the_loss_begins_to_grow(visit: Any) -> None:
    page, losses = visit(FilterLearner(learning_rate=1.0)), learn(1.0, 6)[1]
    assert losses[1] < losses[0]  # it may fall first
    for step in range(1, 7):
        page.press("Step")
        assert ("diverges" in page.said()) == (losses[step] > losses[step - 1]), step


def test_a_rate_may_change_on_the_way(visit: Any) -> None:
    page = visit(FilterLearner(learning_rate=1.0))
    page.press("16 steps")
    assert "diverges" in page.said()
    page.slide("learning rate", 0.6)
    for _ in range(4):
        page.press("16 steps")
    assert page.said().endswith("found.")


def test_keys_and_touch(visit: Any) -> None:
    page = visit(FilterLearner(), width=400, has_touch=True)
    slider = page.page.get_by_role("slider")
    slider.focus()
    slider.press("ArrowRight")
    assert page.trait("learning_rate") == pytest.approx(0.31)
    page.page.get_by_role("button", name="Step", exact=True).tap()
    button = page.page.get_by_role("button", name="16 steps")
    button.focus()
    button.press("Enter")
    assert said(page)[0] == 17
    assert_allclose(page.trait("kernel"), learn(0.31, 17)[0], rtol=1e-9)


def test_play_steps_and_pause_stops(visit: Any) -> None:
    page = visit(FilterLearner())
    page.press("Play")
    page.page.wait_for_function("model.get('losses').length >= 3", timeout=5000)
    page.press("Pause")
    stopped = len(page.trait("losses"))
    page.page.wait_for_timeout(400)
    assert len(page.trait("losses")) == stopped
    assert_allclose(page.trait("kernel"), learn(0.3, stopped - 1)[0], rtol=1e-9)


def test_play_stops_behind_sixteen_steps(visit: Any) -> None:
    page = visit(FilterLearner())
    for steps in (16, 32):
        page.press("Play")
        page.page.wait_for_function(f"model.get('losses').length >= {steps + 1}", timeout=9000)
        page.page.wait_for_timeout(400)
        assert said(page)[0] == steps
    assert page.page.get_by_role("button", name="Play", exact=True).is_enabled()


def test_the_legend_names_the_rates(visit: Any) -> None:
    page = visit(FilterLearner(learning_rate=0.6))

    def legend() -> list[str]:
        names: list[str] = page.page.locator(".cnx-lines .cnx-name").all_text_contents()
        return names

    assert legend() == ["now, rate 0.60"]
    page.press("16 steps")
    page.slide("learning rate", 0.61)
    assert legend() == ["now, rate 0.60"]  # the slider says nothing of the steps taken
    page.press("Reset")
    assert legend() == ["now, rate 0.61", "before, rate 0.60"]
    page.press("16 steps")
    page.slide("learning rate", 0.5)
    page.press("Step")
    assert legend() == ["now, several rates", "before, rate 0.60"]
    ends = [part.bounding_box() for part in page.page.locator(".cnx-lines .cnx-name").all()]
    assert ends[0]["x"] + ends[0]["width"] < ends[1]["x"] - 18  # nothing over another
    chart = page.page.locator(".cnx-lines").bounding_box()
    assert ends[1]["x"] + ends[1]["width"] <= chart["x"] + chart["width"]


def test_the_axis_has_whole_powers(visit: Any) -> None:
    page = visit(FilterLearner(learning_rate=0.6))
    for _ in range(3):
        texts = page.page.locator(".cnx-lines text:not(.cnx-name)").all_text_contents()[:-1]
        assert 3 <= len(texts) <= 5
        assert all(re.fullmatch(r"1e−?\d+", text) for text in texts), texts
        page.press("16 steps")


def test_pictures_stand_in_line(visit: Any) -> None:
    page = visit(FilterLearner())
    boxes = [page.board(name).canvas.bounding_box() for name in (
        "image of noise", "wanted response", "response now", "now − wanted",
        "kernel now", "gradient of the loss", "hidden kernel", "now − hidden")]  # fmt: skip
    for row in (boxes[:4], boxes[4:]):
        assert len({round(box["y"]) for box in row}) == 1
    for above, below in zip(boxes[:4], boxes[4:], strict=True):
        assert abs(above["x"] + above["width"] / 2 - below["x"] - below["width"] / 2) <= 1


def test_without_motion_nothing_plays(visit: Any) -> None:
    page = visit(FilterLearner(), reduced_motion="reduce")
    assert page.page.get_by_role("button", name="Play").count() == 0
    page.press("Step")
    assert said(page)[0] == 1


def test_python_moves_it(visit: Any) -> None:
    page = visit(FilterLearner())
    page.press("16 steps")
    page.page.evaluate("model.set('kernel', [[0, 1, 2], [-1, 3, 1], [-2, 0, -1.5]])")
    step, _, largest = said(page)
    assert (step, largest) == (0, 0.5)
    image, hidden = np.ones((6, 7)), np.eye(3)
    page.page.evaluate("([image, hidden]) => { model.set('image', image); model.set('hidden', hidden); }",
                       [image.tolist(), hidden.tolist()])  # fmt: skip
    assert page.board("wanted response").shape == (4, 5)
    page.page.evaluate(
        "() => { model.set('kernel', Array(3).fill([0, 0, 0])); model.set('learning_rate', 0.05); }"
    )
    page.press("16 steps")
    assert_allclose(page.trait("kernel"), learn(0.05, 16, hidden, image)[0], rtol=1e-9)


def test_boards_show_the_present_numbers(visit: Any) -> None:
    page = visit(FilterLearner())
    shapes = {"image of noise": (20, 24), "wanted response": (18, 22), "response now": (18, 22),
              "now − wanted": (18, 22), "kernel now": (3, 3), "gradient of the loss": (3, 3),
              "hidden kernel": (3, 3), "now − hidden": (3, 3)}  # fmt: skip
    assert {name: page.board(name).shape for name in shapes} == shapes
    label = page.page.locator(".cnx-lines").get_attribute("aria-label")
    assert label == "Loss after each of 0 steps, on a logarithmic scale: from 18 to 18"


@pytest.mark.parametrize("dark", [False, True])
def test_accessible_in_light_and_dark(visit: Any, dark: bool) -> None:
    for width, rate in ((360, 0.3), (700, 1.0), (1200, 0.3)):
        page = visit(FilterLearner(learning_rate=rate), width=width, dark=dark)
        page.press("16 steps")
        page.press("Reset")
        page.slide("learning rate", 0.6)
        page.press("16 steps")
        assert page.violations() == []
        assert page.overflow() <= 0
        page.screenshot(f"filter_learner_{'dark' if dark else 'light'}_{width}")


def test_answers_within_a_frame(visit: Any) -> None:
    page = visit(FilterLearner())
    one = "[...document.querySelectorAll('button')].find(b => b.textContent === 'Step').click()"
    assert page.median_ms(one) < 16
    slide = "const rate = document.querySelector('input'); rate.value = i / 50; rate.dispatchEvent(new Event('input'))"
    assert page.median_ms(slide) < 16


def test_traits_are_checked() -> None:
    explorer = FilterLearner()
    with pytest.raises(
        traitlets.TraitError, match=r"FilterLearner: hidden expects shape \(3, 3\), got \(2, 3\)"
    ):
        explorer.hidden = np.zeros((2, 3))
    with pytest.raises(traitlets.TraitError, match=r"image expects sides from 4 to 40 pixels, got \(3, 9\)"):
        explorer.image = np.zeros((3, 9))
    with pytest.raises(traitlets.TraitError, match="learning_rate"):
        explorer.learning_rate = 3.0
    with pytest.raises(traitlets.TraitError, match="kernel expects numbers"):
        explorer.kernel = np.full((3, 3), np.nan)


def test_value_repr_and_picture() -> None:
    explorer = FilterLearner()
    assert repr(explorer) == "FilterLearner()"
    assert_array_equal(explorer.image, np.random.default_rng(7).normal(size=(20, 24)))
    assert_array_equal(explorer.hidden, HIDDEN)
    assert_array_equal(explorer.value, np.zeros((3, 3)))
    explorer.set_state(
        {"kernel": diagrams.HIDDEN.tolist(), "losses": [18, 0.5], "learning_rate": 1}
    )  # as sent
    assert_array_equal(explorer.value, HIDDEN)
    assert (explorer.losses, explorer.learning_rate) == ([18.0, 0.5], 1.0)
    explorer = FilterLearner()
    first = explorer._repr_mimebundle_()[0]["image/png"]
    explorer.learning_rate = 1.0
    assert explorer._repr_mimebundle_()[0]["image/png"] != first
    explorer.kernel = diagrams.SLOPE
    assert_array_equal(explorer.value, diagrams.SLOPE)
    assert repr(explorer) == "FilterLearner(kernel=<3 × 3>, learning_rate=1.0)"
    explorer._repr_mimebundle_()
