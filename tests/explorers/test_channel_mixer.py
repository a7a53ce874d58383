"""The channel mixer: what it computes, shows, says, and lets the reader do."""

from typing import Any

import numpy as np
import pytest
import traitlets
from numpy.testing import assert_array_equal

from cnnlib.data import load_samples
from cnnlib.explorers import ChannelMixer

DIGIT = load_samples().digits[3]
DRAWING = np.dstack([np.zeros((28, 28, 3), np.uint8), DIGIT])
SMALL = np.array([[[176, 113, 69], [0, 128, 255]], [[1, 3, 5], [250, 251, 7]]], np.uint8)


def seen(page: Any, title: str) -> np.ndarray:
    """The colour in the middle of every cell of a board, read from its canvas: (rows, columns, 3)."""
    board = page.board(title)
    pixels = board.canvas.evaluate(
        """(canvas, [rows, columns]) => {
            const pen = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
            pen.drawImage(canvas, 0, 0);
            const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
            const middle = (i, n, size) => Math.floor((i + 0.5) * size / n);
            const pixel = (i, j) => middle(i, rows, canvas.height) * canvas.width + middle(j, columns, canvas.width);
            return Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) =>
                [0, 1, 2].map(c => data[4 * pixel(i, j) + c])));
        }""",
        list(board.shape),
    )
    return np.array(pixels)


def test_core_mixes_as_python_does(visit: Any) -> None:
    page = visit(ChannelMixer())
    rng = np.random.default_rng(0)
    for case in range(40):
        image = rng.integers(0, 256, (5, 9, 3 + case % 2)).astype(np.uint8)
        mixer = ChannelMixer(
            image=image,
            scale=rng.integers(0, 21, 3) / 10,
            order=["RGB", "BGR"][case // 2 % 2],
            opacity=rng.integers(0, 21) / 20,
            background=rng.integers(0, 256, 3),
            checkerboard=case % 5 == 0,
        )
        shown = page.page.evaluate(
            """async ({ image, scale, order, opacity, background, checkerboard }) => {
                const core = await import("/core.js");
                const picture = core.tensor(image);
                const below = core.ground(picture.shape[0], picture.shape[1], checkerboard ? null : background);
                return core.nested(core.mixChannels(picture, scale, order, opacity, below));
            }""",
            mixer.traits_shown,
        )
        assert_array_equal(shown, mixer.value)


def test_value_by_hand() -> None:
    assert_array_equal(ChannelMixer(image=SMALL, scale=[0.5, 2, 1]).value[0], [[88, 226, 69], [0, 255, 255]])
    assert_array_equal(ChannelMixer(image=SMALL, scale=[0.5, 1, 1]).value[1, 0], [1, 3, 5])  # 0.5 becomes 1
    assert_array_equal(ChannelMixer(image=SMALL, order="BGR", scale=[0, 1, 1]).value[0, 0], [69, 113, 0])
    clear = np.array([[[200, 100, 50, 51]]], np.uint8)
    assert_array_equal(ChannelMixer(image=clear, background=[0, 150, 250]).value[0, 0], [40, 140, 210])
    assert_array_equal(ChannelMixer(image=clear, opacity=0, checkerboard=True).value[0, 0], [255, 255, 255])
    assert ChannelMixer().value.dtype == np.uint8


def test_what_is_shown_is_the_value(visit: Any) -> None:
    page = visit(ChannelMixer(image=DRAWING, background=[240, 80, 10], position=(0, 0), controls=["alpha"]))
    inside = np.s_[4:, 4:]  # the outlined corner aside
    assert_array_equal(seen(page, "over the background")[inside], page.explorer.value[inside])
    assert_array_equal(seen(page, "alpha")[inside], np.dstack([DIGIT] * 3)[inside])
    assert not seen(page, "the colours alone")[inside].any()
    page.page.get_by_label("checkerboard").check()
    mixer = ChannelMixer(image=DRAWING, checkerboard=True)
    assert_array_equal(seen(page, "over the background")[inside], mixer.value[inside])


def test_channels_are_turned_and_exchanged(visit: Any) -> None:
    page = visit(ChannelMixer(image=SMALL, position=(0, 0)))
    assert page.said() == "Row 0, column 0: red 176, green 113, blue 69 → red 176, green 113, blue 69."
    page.slide("red", 0.3)
    assert page.trait("scale") == [0.3, 1, 1]
    assert page.said().endswith("→ red 53, green 113, blue 69.")
    page.slide("green", 2)
    assert page.said().endswith("→ red 53, green 226, blue 69.")
    page.slide("red", 2)
    assert page.said().endswith("red 255, green 226, blue 69; red would pass 255 and stops there.")
    page.page.get_by_label("show blue").uncheck()
    assert page.trait("scale") == [2, 2, 0]
    page.page.get_by_label("exchange red and blue").focus()
    page.page.keyboard.press("Space")
    assert page.trait("order") == "BGR"
    assert "→ red 0, green 226, blue 255" in page.said()
    page.press("As it was")
    assert (page.trait("scale"), page.trait("order")) == ([1, 1, 1], "RGB")
    assert page.page.get_by_label("show blue").is_checked()


def test_pixels_are_read_by_mouse_keys_and_touch(visit: Any) -> None:
    photo = load_samples().photo[::3, ::3]
    page = visit(ChannelMixer(), has_touch=True)
    assert page.trait("position") == [9, 26]
    assert page.said().startswith("Row 9, column 26: red 176, green 113, blue 69 →")
    page.board("mixed").hover(30, 40)
    assert page.trait("position") == [30, 40]
    red, green, blue = photo[30, 40]
    assert page.said().startswith(f"Row 30, column 40: red {red}, green {green}, blue {blue} →")
    page.board("as it is").canvas.press("ArrowLeft")
    page.board("green").canvas.tap(position={"x": 1, "y": 1})
    assert page.trait("position") == [0, 0]
    page.board("green").keys("ArrowDown", "ArrowRight", "ArrowRight")
    assert page.trait("position") == [1, 2]


def test_alpha_shows_its_sum(visit: Any) -> None:
    clear = np.array([[[200, 100, 50, 51], [0, 0, 0, 255]]], np.uint8)
    page = visit(
        ChannelMixer(image=clear, background=[0, 150, 250], position=(0, 0), controls=["alpha", "channels"])
    )
    assert page.said() == ("Row 0, column 0: alpha 0.2. Blue 0.2 · 50 + 0.8 · 250 = 210; red 40, green 140.")
    page.slide("opacity", 0.5)
    assert page.said().startswith(
        "Row 0, column 0: alpha 0.2 · opacity 0.5 = 0.1. Blue 0.1 · 50 + 0.9 · 250 = 230; red 20, green 145"
    )
    page.page.locator("input[type=color]").fill("#ff8000")
    assert page.trait("background") == [255, 128, 0]
    page.page.get_by_label("checkerboard").check()
    assert page.trait("checkerboard") is True
    page.page.locator("input[type=color]").fill("#000000")
    assert page.trait("checkerboard") is False
    assert page.page.locator(".cnx-field", has_text="show").count() == 3


def test_only_the_controls_asked_for(visit: Any) -> None:
    page = visit(ChannelMixer())
    assert page.page.locator("input[type=color]").count() == 0
    page = visit(ChannelMixer(image=DRAWING, controls=["alpha"]))
    assert page.page.locator(".cnx-field", has_text="show").count() == 0


def test_python_changes_it(visit: Any) -> None:
    page = visit(ChannelMixer(controls=["channels", "alpha"]))
    page.page.evaluate("model.set('scale', [0, 0.5, 1])")
    assert not page.page.get_by_label("show red").is_checked()
    assert "→ red 0, green 57, blue 69" in page.said()
    page.page.evaluate(
        "image => model.set('image', image)", ChannelMixer(image=DRAWING).traits_shown["image"]
    )
    assert page.board("alpha").shape == (28, 28)
    assert page.said().startswith("Row 9, column 26: alpha 0. Red 0 · 0 + 1 · 255 = 255")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("alpha", [False, True])
def test_accessible_in_light_and_dark(visit: Any, dark: bool, alpha: bool) -> None:
    mixer = ChannelMixer(image=DRAWING, controls=["alpha"]) if alpha else ChannelMixer(order="BGR")
    page = visit(mixer, width=360, dark=dark, reduced_motion="reduce")
    assert page.violations() == []
    for width in (360, 700, 1200):
        page.resize(width)
        assert page.overflow() <= 0
        page.screenshot(f"channel_mixer_{'alpha_' if alpha else ''}{'dark' if dark else 'light'}_{width}")


def test_answers_within_a_frame(visit: Any) -> None:
    page = visit(ChannelMixer())
    slide = (
        "const input = document.querySelector('input[type=range]'); input.value = (i % 20) / 10;"
        "input.dispatchEvent(new Event('input'))"
    )
    key = (
        "document.querySelector('canvas[aria-label^=mixed]').dispatchEvent(new KeyboardEvent("
        "'keydown', { key: i % 2 ? 'ArrowLeft' : 'ArrowRight' }))"
    )
    assert page.median_ms(slide) < 16
    assert page.median_ms(key) < 16


def test_traits_are_checked() -> None:
    with pytest.raises(traitlets.TraitError, match=r"\(H, W, 3\) or \(H, W, 4\).* got \(5, 5, 2\)"):
        ChannelMixer(image=np.zeros((5, 5, 2), np.uint8))
    with pytest.raises(traitlets.TraitError, match=r"scale expects shape \(3\), got \(2,\)"):
        ChannelMixer(scale=[1, 2])
    with pytest.raises(traitlets.TraitError, match="scale expects numbers from 0 to 2"):
        ChannelMixer(scale=[1, 1, 3])
    with pytest.raises(traitlets.TraitError, match="order"):
        ChannelMixer(order="GBR")
    with pytest.raises(traitlets.TraitError, match="opacity"):
        ChannelMixer().opacity = 1.5


def test_repr_and_picture() -> None:
    assert repr(ChannelMixer()) == "ChannelMixer()"
    assert repr(ChannelMixer(order="BGR", scale=[1, 0, 1])) == "ChannelMixer(order='BGR', scale=<3>)"
    for mixer in (ChannelMixer(), ChannelMixer(image=DRAWING, checkerboard=True)):
        assert mixer._picture() == mixer._picture()
