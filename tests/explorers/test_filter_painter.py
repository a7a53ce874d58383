"""The filter painter: its response maps, its best place, what it says, and what the reader paints."""

import base64
from typing import Any

import numpy as np
import pytest
import traitlets
from numpy.testing import assert_allclose, assert_array_equal

from cnnlib import diagrams, functional
from cnnlib.data import load_samples
from cnnlib.explorers import FilterPainter
from cnnlib.explorers.filter_painter import CIRCLE

DIGITS = load_samples().digits
X = np.array([[1, -1, 1], [-1, 1, -1], [1, -1, 1]])


def picture(page: Any) -> np.ndarray:
    """The picture as Python would receive it."""
    sent = page.trait("image")
    return np.frombuffer(base64.b64decode(sent["base64"]), np.uint8).reshape(sent["shape"])


def expected(painter: FilterPainter, place: tuple[int, int] | None = None) -> str:
    """The sentence that belongs to its settings, from NumPy."""
    response, total = painter.response, round(painter.value.sum(), 9)
    best = np.unravel_index(response.round(9).argmax(), response.shape)
    row, column = best if place is None else place
    flat = (
        f"The kernel sums to {number(total)}, so a flat patch of brightness 1 gives {number(total)}."
        if total
        else "The kernel sums to 0, so flat patches give 0 at any brightness."
    )
    name = "Best place" if place is None else "Place"
    return f"{name} at row {row}, column {column}: response {number(response[row, column])}. {flat}"


def number(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (5, 5), (2, 5), (7, 4)])
@pytest.mark.parametrize("zero_sum", [False, True])
def test_core_responds_as_functional_does(visit: Any, size: tuple[int, int], zero_sum: bool) -> None:
    page = visit(FilterPainter())
    rng = np.random.default_rng(sum(size))
    image, kernel = rng.random((11, 9)), rng.integers(-2, 3, size) / 2
    found = page.page.evaluate(
        """async ({ image, kernel, zero }) => {
            const core = await import("/core.js");
            const weight = core.tensor(kernel);
            return core.nested(core.responseMap(core.tensor(image), zero ? core.lessMean(weight) : weight));
        }""",
        {"image": image.tolist(), "kernel": kernel.tolist(), "zero": zero_sum},
    )
    used = kernel - kernel.mean() if zero_sum else kernel
    assert_allclose(found, functional.conv2d(image[None, None], used[None, None])[0, 0], atol=1e-12)


def test_core_resizes_around_the_middle(visit: Any) -> None:
    page = visit(FilterPainter())
    kernel = np.arange(1, 10).reshape(3, 3)
    resize = (
        "async ([kernel, size]) => { const core = await import('/core.js');"
        "return core.nested(core.resized(core.tensor(kernel), size)); }"
    )
    assert_array_equal(page.page.evaluate(resize, [kernel.tolist(), 5]), np.pad(kernel, 1))
    assert_array_equal(page.page.evaluate(resize, [np.pad(kernel, 1).tolist(), 3]), kernel)
    assert_array_equal(page.page.evaluate(resize, [kernel.tolist(), 4]), np.pad(kernel, ((0, 1), (0, 1))))


def test_the_brightness_trap(visit: Any) -> None:
    page = visit(FilterPainter())
    assert page.said() == expected(FilterPainter())
    assert page.said().startswith("Best place at row 4, column 12: response 12.")  # on the square
    page.page.get_by_label("subtract the kernel's mean").check()
    assert page.trait("zero_sum") is True
    assert page.said() == expected(FilterPainter(zero_sum=True))
    assert page.said().startswith("Best place at row 5, column 3: response 3.74.")  # on the circle
    page.slide("add brightness", 0.5)
    assert page.said() == expected(FilterPainter(zero_sum=True))  # nothing changes
    page.page.get_by_label("subtract the kernel's mean").uncheck()
    assert page.said() == expected(FilterPainter(brightness=0.5))
    assert "response 18." in page.said()


def test_the_kernel_is_painted(visit: Any) -> None:
    page = visit(FilterPainter())
    page.slide("paint with", -0.5)
    page.board("kernel").click(2, 2)
    kernel = CIRCLE.astype(float)
    kernel[2, 2] = -0.5
    assert_array_equal(page.trait("kernel"), kernel)
    page.board("kernel").click(2, 2)  # a second press takes it away
    assert_array_equal(page.trait("kernel"), CIRCLE)
    page.board("kernel").keys(
        "ArrowUp", "+", "+", "+", "ArrowLeft", "-", "ArrowLeft", "Enter", "ArrowUp", "0"
    )
    # The press left the cursor on row 2, column 2.
    kernel = CIRCLE.astype(float)
    kernel[1, 2], kernel[1, 1], kernel[1, 0] = 1, -0.5, -0.5
    kernel[0, 0] = 0
    assert_array_equal(page.trait("kernel"), kernel)
    assert page.said() == expected(FilterPainter(kernel=kernel))


def test_a_stroke_paints_the_picture(visit: Any) -> None:
    page = visit(FilterPainter())
    page.choose("picture", "empty, to draw on")
    assert_array_equal(picture(page), np.zeros((20, 20)))
    board = page.board("picture")
    start, end = board._position(3, 2), board._position(3, 8)
    box = board.canvas.bounding_box()
    page.page.mouse.move(box["x"] + start["x"], box["y"] + start["y"])
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + end["x"], box["y"] + end["y"], steps=20)
    page.page.mouse.up()
    drawn = np.zeros((20, 20), np.uint8)
    drawn[3, 2:9] = 255
    assert_array_equal(picture(page), drawn)
    assert page.said() == expected(FilterPainter(image=drawn))
    board.keys("ArrowDown", "Enter", "ArrowUp", "Enter")  # paints one, takes one away
    drawn[4, 8], drawn[3, 8] = 255, 0
    assert_array_equal(picture(page), drawn)


def test_a_touch_paints(visit: Any) -> None:
    page = visit(FilterPainter(), width=400, has_touch=True)
    board = page.board("picture")
    board.canvas.tap(position=board._position(0, 0))
    assert picture(page)[0, 0] == 255


def test_presets_are_those_of_the_notebook(visit: Any) -> None:
    page = visit(FilterPainter())
    page.choose("picture", "photograph")
    photo = FilterPainter().photo
    assert_array_equal(picture(page), photo)
    names = ["blur", "sharpen", "outline", "left to right", "top to bottom", "vertical line"]
    for name, (_, weights, divisor) in zip(names, diagrams.CLASSIC, strict=True):
        page.choose("kernel", name)
        assert_allclose(page.trait("kernel"), np.array(weights) / divisor)
        painter = FilterPainter(image=photo, kernel=page.trait("kernel"))
        assert page.said() == expected(painter)
    page.choose("kernel", "X")
    assert_array_equal(page.trait("kernel"), X)
    page.slide("size", 5)
    assert_array_equal(page.trait("kernel"), np.pad(X, 1))
    page.choose("picture", "digit 7")
    assert_array_equal(picture(page), DIGITS[7])
    assert page.said() == expected(FilterPainter(image=DIGITS[7], kernel=np.pad(X, 1)))
    page.choose("picture", "as at first")
    assert_array_equal(picture(page), FilterPainter().image)


def test_any_place_can_be_looked_at(visit: Any) -> None:
    painter = FilterPainter(image=DIGITS[3], kernel=X)
    page = visit(painter)
    page.board("response").hover(7, 11)
    assert page.said() == expected(painter, (7, 11))
    page.board("response").keys("ArrowDown", "ArrowRight")
    assert page.said() == expected(painter, (8, 12))
    page.press("Best place")
    assert page.said() == expected(painter)


def test_python_changes_it(visit: Any) -> None:
    page = visit(FilterPainter())
    page.page.evaluate("() => { model.set('kernel', [[1, -1]]); model.set('zero_sum', true); }")
    assert page.board("kernel").shape == (1, 2)
    assert page.board("less its mean").shape == (1, 2)
    assert page.said() == expected(FilterPainter(kernel=[[1, -1]]))


@pytest.mark.parametrize("dark", [False, True])
def test_accessible_in_light_and_dark(visit: Any, dark: bool) -> None:
    page = visit(FilterPainter(zero_sum=dark), width=360, dark=dark, reduced_motion="reduce")
    assert page.violations() == []
    for width in (360, 700, 1200):
        page.resize(width)
        assert page.overflow() <= 0
        page.screenshot(f"filter_painter_{'dark' if dark else 'light'}_{width}")


def test_answers_within_a_frame(visit: Any) -> None:
    page = visit(FilterPainter())
    key = (
        "document.querySelector('canvas[aria-label^=kernel]').dispatchEvent(new KeyboardEvent("
        "'keydown', { key: i % 2 ? '+' : '-' }))"
    )
    assert page.median_ms(key) < 16
    page.choose("picture", "photograph")
    assert page.median_ms(key) < 16


def test_value_is_the_kernel_in_use() -> None:
    assert_array_equal(FilterPainter().value, CIRCLE)
    painter = FilterPainter(kernel=X, zero_sum=True)
    assert_allclose(painter.value, X - 1 / 9)
    assert painter.response.shape == (14, 20)


def test_traits_are_checked() -> None:
    with pytest.raises(traitlets.TraitError, match=r"kernel expects shape \(kH, kW\), got \(3,\)"):
        FilterPainter(kernel=[1, 2, 3])
    with pytest.raises(traitlets.TraitError, match=r"kernel expects sides from 1 to 7, got \(9, 3\)"):
        FilterPainter(kernel=np.zeros((9, 3)))
    with pytest.raises(traitlets.TraitError, match=r"image expects sides from 7 to 96, got \(6, 8\)"):
        FilterPainter(image=np.zeros((6, 8), np.uint8))
    with pytest.raises(traitlets.TraitError, match="kernel expects numbers from -9 to 9"):
        FilterPainter(kernel=[[10]])
    with pytest.raises(traitlets.TraitError, match="brightness"):
        FilterPainter(brightness=2)


def test_repr_and_picture() -> None:
    assert repr(FilterPainter(kernel=X, zero_sum=True)) == "FilterPainter(kernel=<3 × 3>, zero_sum=True)"
    for painter in (FilterPainter(), FilterPainter(kernel=np.zeros((1, 7)), image=DIGITS[0], zero_sum=True)):
        assert painter._picture() == painter._picture()
