"""The convolution explorer on a plain page: what it computes, says, and lets the reader do."""

from typing import Any

import numpy as np
import pytest
import traitlets
from numpy.testing import assert_array_equal

from cnnlib import diagrams, functional, shapes
from cnnlib.explorers import ConvolutionExplorer

EVERYTHING = ["stride", "padding", "padding_mode", "dilation", "kernel_size", "channels"]


def response(image: Any, kernel: Any, **how: Any) -> np.ndarray:
    image, kernel = np.asarray(image), np.asarray(kernel)
    return functional.conv2d(image[None], kernel[None], **how)[0, 0]


def test_pointing_at_an_output_shows_its_sum(visit: Any) -> None:
    page = visit(ConvolutionExplorer())
    output = response(diagrams.SEVEN[None], diagrams.SLOPE[None])
    board = page.board("output")
    assert board.shape == output.shape
    for row, column in [(0, 0), (3, 4), (2, 3)]:
        board.hover(row, column)
        assert page.trait("position") == [row, column]
        assert page.said().startswith(f"Output row {row}, column {column}: ")
        assert page.said().endswith(f"{output[row, column]}.".replace("-", "−")) or output[row, column] == 0


def test_arrow_keys_and_steps_visit_every_place(visit: Any) -> None:
    page = visit(ConvolutionExplorer(position=(0, 0)))
    page.board("output").keys("ArrowDown", "ArrowRight", "ArrowRight")
    assert page.trait("position") == [1, 2]
    assert page.said() == "Output row 1, column 2: 3·1 + 3·2 + 3·1 + 3·(−1) = 9."
    seen = []
    for _ in range(20):
        page.press("Step")
        seen.append(tuple(page.trait("position")))
    assert sorted(set(seen)) == [(row, column) for row in range(4) for column in range(5)]
    page.press("Back")
    assert page.trait("position") == [1, 1]


def test_play_moves_and_pause_stops(visit: Any) -> None:
    page = visit(ConvolutionExplorer(position=(0, 0)))
    page.slide("speed", 10)
    page.press("Play")
    page.page.wait_for_function("model.get('position')[1] >= 2", timeout=5000)
    page.press("Pause")
    stopped = page.trait("position")
    page.page.wait_for_timeout(300)
    assert page.trait("position") == stopped


def test_without_motion_nothing_plays(visit: Any) -> None:
    page = visit(ConvolutionExplorer(), reduced_motion="reduce")
    assert page.page.get_by_role("button", name="Play").count() == 0
    page.press("Step")
    assert page.trait("position") == [1, 3]


def test_pixels_and_weights_are_painted_and_typed(visit: Any) -> None:
    page = visit(ConvolutionExplorer(position=(0, 0)))
    page.slide("paint with", 5)
    page.board("input").click(0, 0)
    page.board("kernel").click(0, 0)  # 0 becomes 1
    image, kernel = diagrams.SEVEN.copy(), diagrams.SLOPE.copy()
    image[0, 0], kernel[0, 0] = 5, 1
    assert_array_equal(page.trait("image"), image[None])
    assert_array_equal(page.trait("kernel"), kernel[None])
    page.board("kernel").keys("ArrowRight", "ArrowDown", "7", "-")
    kernel[1, 1] = -7
    assert_array_equal(page.trait("kernel"), kernel[None])
    page.board("input").keys("ArrowDown", "ArrowRight", "9")
    image[1, 1] = 9
    assert_array_equal(page.trait("image"), image[None])
    page.board("output").keys("ArrowDown", "ArrowUp")
    assert page.said().endswith(f"= {response(image[None], kernel[None])[0, 0]}.".replace("-", "−"))


def test_a_second_press_takes_the_paint_away(visit: Any) -> None:
    page = visit(ConvolutionExplorer())
    for expected in (3, 0):
        page.board("input").click(5, 6)
        assert page.trait("image")[0][5][6] == expected


def test_touch_chooses_a_place(visit: Any) -> None:
    page = visit(ConvolutionExplorer(), width=400, has_touch=True)
    box = page.page.locator('canvas[aria-label^="output"]').bounding_box()
    page.page.touchscreen.tap(box["x"] + 5, box["y"] + box["height"] - 5)
    assert page.trait("position") == [3, 0]


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("dilation", [1, 2])
def test_settings_change_the_size(visit: Any, stride: int, padding: int, dilation: int) -> None:
    page = visit(ConvolutionExplorer(controls=EVERYTHING, position=(0, 0)))
    for name, value in [("stride", stride), ("padding", padding), ("dilation", dilation)]:
        page.slide(name, value)
    output = response(
        diagrams.SEVEN[None], diagrams.SLOPE[None], stride=stride, padding=padding, dilation=dilation
    )
    assert page.board("output").shape == output.shape
    assert page.board("input").shape == (6 + 2 * padding, 7 + 2 * padding)
    page.board("output").keys("ArrowRight", "ArrowLeft")
    expected = output[0, 0]
    said = page.said().split(": ")[1]
    assert said.endswith(f"= {expected}.".replace("-", "−")) or (expected == 0 and "the sum is 0" in said)


def test_modes_presets_and_kernel_size(visit: Any) -> None:
    page = visit(ConvolutionExplorer(controls=EVERYTHING, padding=1, position=(0, 0)))
    page.choose("image", "edge")
    page.choose("kernel", "1 to 9")
    image = np.array(page.trait("image"))[0]
    kernel = np.arange(1, 10).reshape(3, 3)
    for mode in ("zeros", "reflect", "replicate", "circular"):
        page.choose("padding mode", mode)
        output = response(functional.pad(image, 1, mode)[None], kernel[None])
        page.board("output").keys("ArrowRight", "ArrowLeft")
        assert page.said().endswith(f"{output[0, 0]}."), mode
    page.slide("kernel size", 2)
    assert_array_equal(page.trait("kernel"), kernel[None, :2, :2])
    page.choose("image", "a digit")
    assert page.board("input").shape == (30, 30)


def test_three_channels_are_summed(visit: Any) -> None:
    rng = np.random.default_rng(0)
    image, kernel = rng.integers(0, 4, (3, 5, 6)), rng.integers(-2, 3, (3, 2, 3))
    page = visit(ConvolutionExplorer(image=image, kernel=kernel, position=(1, 1), controls=["channels"]))
    assert page.page.locator('canvas[aria-label^="kernel"]').count() == 3
    assert page.said().endswith(f"{response(image, kernel)[1, 1]}.".replace("-", "−"))
    page.choose("channels", "1")
    assert page.page.locator('canvas[aria-label^="kernel"]').count() == 1
    assert page.said().endswith(f"{response(image[:1], kernel[:1])[1, 1]}.".replace("-", "−"))


def test_what_fits_nowhere_is_explained(visit: Any) -> None:
    page = visit(ConvolutionExplorer(image=np.ones((2, 5)), controls=["dilation", "stride"]))
    assert (
        page.said()
        == "Nothing fits: the kernel reaches over 3 rows, the padded image has 2. It would take 1 more."
    )
    assert page.board("no output").shape == (1, 1)
    page.press("Step")  # nothing to step over, and no complaint


def test_python_moves_it(visit: Any) -> None:
    page = visit(ConvolutionExplorer())
    page.page.evaluate("() => { model.set('stride', 2); model.set('position', [0, 0]); }")
    assert page.board("output").shape == (2, 3)
    page.page.evaluate("model.set('kernel', [[[1, 2]]])")
    assert page.board("kernel").shape == (1, 2)


@pytest.mark.parametrize(
    "axis",
    [(8, 3, 2, 0, 1), (7, 3, 3, 2, 2), (9, 3, 3, 1, 1), (8, 2, 3, 0, 1), (6, 1, 1, 0, 1), (16, 7, 5, 4, 1)],
)
def test_size_mode_agrees_with_the_formula(visit: Any, axis: tuple[int, int, int, int, int]) -> None:
    page = visit(ConvolutionExplorer(view="size"))
    for label, value in zip(
        ("n, pixels", "k, kernel", "s, stride", "p, padding", "d, dilation"), axis, strict=True
    ):
        page.slide(label, value)
    places, unread = shapes.output_size(*axis), shapes.unread(*axis)
    formula = page.page.locator(".cnx-formula").inner_text()
    assert formula.endswith(f"+ 1 = {places}")
    assert page.said().startswith(f"{places} place")
    lost = f"never read: {', '.join(map(str, unread))}." if unread else "every pixel is read."
    assert page.said().endswith(lost)
    assert page.board("one row per place").shape[0] == places


def test_size_mode_says_why_nothing_fits(visit: Any) -> None:
    page = visit(ConvolutionExplorer(view="size", size=4, kernel_size=3, dilation=3))
    assert page.said() == (
        "Nothing fits: the kernel reaches over 7 pixels, the padded axis has 4. It would take 3 more."
    )
    page.slide("s, stride", 3)  # a stride never makes it fit, and is never refused
    assert page.said().startswith("Nothing fits")


@pytest.mark.parametrize("view", ["slide", "size"])
@pytest.mark.parametrize("dark", [False, True])
def test_accessible_in_light_and_dark(visit: Any, view: str, dark: bool) -> None:
    for width in (360, 1000):
        page = visit(ConvolutionExplorer(view=view, controls=EVERYTHING), width=width, dark=dark)
        assert page.violations() == []
        assert page.overflow() <= 0
        page.screenshot(f"convolution_explorer_{view}_{'dark' if dark else 'light'}_{width}")


def test_answers_within_a_frame(visit: Any) -> None:
    page = visit(ConvolutionExplorer(controls=EVERYTHING))
    key = (
        "const board = document.querySelector('canvas[aria-label^=output]'); board.dispatchEvent(new KeyboardEvent("
        "'keydown', { key: i % 2 ? 'ArrowLeft' : 'ArrowRight' }))"
    )
    slider = (
        "const input = [...document.querySelectorAll('.cnx-field')].find(f => f.textContent.startsWith('padding'))"
        ".querySelector('input'); input.value = i % 3; input.dispatchEvent(new Event('input'))"
    )
    assert page.median_ms(key) < 16
    assert page.median_ms(slider) < 16
    page.choose("image", "a digit")
    assert page.median_ms(slider) < 16


def test_traits_are_checked() -> None:
    with pytest.raises(traitlets.TraitError, match=r"kernel expects shape \(C, kH, kW\), got \(2,\)"):
        ConvolutionExplorer(kernel=[1, 2])
    with pytest.raises(traitlets.TraitError, match="equally many channels, got image"):
        ConvolutionExplorer(image=np.zeros((3, 4, 4)))
    with pytest.raises(traitlets.TraitError, match="at most 3 channels of 7 × 7"):
        ConvolutionExplorer(kernel=np.zeros((9, 9)))
    explorer = ConvolutionExplorer()
    with pytest.raises(traitlets.TraitError, match="expects numbers, got"):
        explorer.image = [["a"]]
    with pytest.raises(traitlets.TraitError, match="stride"):
        explorer.stride = 0
    with pytest.raises(ValueError, match="read-only"):
        explorer.kernel[0, 0, 0] = 1


def test_value_is_the_output() -> None:
    explorer = ConvolutionExplorer(stride=2, padding=1)
    assert_array_equal(
        explorer.value, response(diagrams.SEVEN[None], diagrams.SLOPE[None], stride=2, padding=1)
    )
    explorer.dilation = 3
    explorer.padding = 0
    assert ConvolutionExplorer(image=np.ones((2, 2))).value is None


def test_keys_start_at_the_marked_cell(visit: Any) -> None:
    page = visit(ConvolutionExplorer(position=(1, 2)))
    page.board("output").keys("ArrowRight")
    assert page.trait("position") == [1, 3]


def test_each_channel_has_its_sum(visit: Any) -> None:
    seven, slope = diagrams.SEVEN, diagrams.SLOPE
    page = visit(ConvolutionExplorer(image=[seven, seven[::-1]], kernel=[slope, -slope], position=(1, 1)))
    parts = [
        response(image[None], kernel[None])[1, 1] for image, kernel in ((seven, slope), (seven[::-1], -slope))
    ]
    red, green = (f"({part})" if part < 0 else str(part) for part in parts)
    said = f"Output row 1, column 1: red {red} + green {green} = {sum(parts)}.".replace("-", "−")
    assert page.said() == said
    assert page.board(f"products, sum {parts[0]}".replace("-", "−")).shape == (3, 3)


def test_what_it_began_with_comes_back(visit: Any) -> None:
    page = visit(ConvolutionExplorer())
    page.choose("image", "edge")
    page.choose("kernel", "1 to 9")
    page.board("kernel").keys("5")
    assert page.page.locator("select").nth(1).input_value() == "own"
    page.choose("image", "as at first")
    page.choose("kernel", "as at first")
    assert_array_equal(page.trait("image"), diagrams.SEVEN[None])
    assert_array_equal(page.trait("kernel"), diagrams.SLOPE[None])


def test_a_kernel_of_one_pixel_still_does_something(visit: Any) -> None:
    page = visit(ConvolutionExplorer(controls=["kernel_size"]))
    page.slide("kernel size", 1)
    assert page.trait("kernel") == [[[1]]]
    page.slide("kernel size", 5)
    assert page.trait("kernel")[0][2] == [0, 0, 1, 0, 0]
