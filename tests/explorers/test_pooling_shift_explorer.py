"""The pooling and shift explorer on a plain page: shares as notebook 08 defines them, however the digit is moved."""

import json
from typing import Any

import numpy as np
import pytest
import traitlets
from numpy.testing import assert_allclose, assert_array_equal

from cnnlib import diagrams, functional
from cnnlib.data import load_samples
from cnnlib.explorers import PoolingShiftExplorer
from tests.course import PROJECT

NAMES = [
    "convolution",
    "max pooling",
    "average pooling",
    "strided convolution",
    "global maximum",
    "global average",
]
EDGE = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])


def notebook(
    shift: tuple[int, int], image: Any = None, kernel: Any = EDGE
) -> tuple[list[float], list[float]]:
    """Shares at the same place and moved along, with notebook 08's canvas, layers and `equal`, for shifts from 0."""
    image = load_samples().digits[3] if image is None else image
    canvas = np.pad(image.astype(float), 8)[None, None]

    def moved(x: Any, down: int, right: int) -> Any:
        result = np.zeros_like(x)
        result[..., down:, right:] = x[..., : x.shape[-2] - down, : x.shape[-1] - right]
        return result

    def respond(x: Any, stride: int = 1) -> Any:
        return np.maximum(functional.conv2d(x, kernel[None, None], stride=stride), 0)

    def equal(before: Any, after: Any) -> float:
        counted = (before != 0) | (after != 0)
        return float((before == after)[counted].mean())

    operations = [
        (respond, 1),
        (lambda x: functional.max_pool2d(respond(x), 2), 2),
        (lambda x: functional.avg_pool2d(respond(x), 2), 2),
        (lambda x: respond(x, stride=2), 2),
        (lambda x: respond(x).max(axis=(2, 3), keepdims=True), 100),
        (lambda x: respond(x).mean(axis=(2, 3), keepdims=True), 100),
    ]
    same, along = [], []
    for fn, stride in operations:
        before, after = fn(canvas), fn(moved(canvas, *shift))
        same.append(equal(before, after))
        along.append(equal(moved(before, *(n // stride for n in shift)), after))
    return same, along


def percents(page: Any) -> list[list[str]]:
    """The two columns of the table: at the same place, and moved along."""
    written = page.page.locator("td").all_inner_texts()
    return [written[0::2], written[1::2]]


def shown(shares: list[float]) -> list[str]:
    return [f"{np.floor(100 * share + 0.5):.0f}\u00a0%" for share in shares]


@pytest.mark.parametrize("shift", [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 4), (3, 8)])
def test_shares_are_the_notebook_s(visit: Any, shift: tuple[int, int]) -> None:
    page = visit(PoolingShiftExplorer(shift=(0, 0)))
    page.slide("down", shift[0])
    page.slide("right", shift[1])
    assert page.trait("shift") == list(shift)
    assert percents(page) == [shown(shares) for shares in notebook(shift)]
    explorer = PoolingShiftExplorer(shift=shift)
    assert_allclose(list(explorer.value.values()), notebook(shift)[0], rtol=1e-12)
    assert_allclose(list(explorer.along.values()), notebook(shift)[1], rtol=1e-12)
    assert list(explorer.value) == NAMES


def test_the_published_solution_agrees() -> None:
    cells = json.loads((PROJECT / "notebooks/08_pooling_and_translation.ipynb").read_text(encoding="utf-8"))[
        "cells"
    ]
    [source] = [text for cell in cells if "def shift_agreement(" in (text := "".join(cell["source"]))
                and cell["cell_type"] == "markdown"]  # fmt: skip
    space: dict[str, Any] = {"np": np}
    exec(source.split("```python")[1].split("```")[0], space)
    canvas = np.pad(load_samples().digits[3].astype(float), 8)

    def pooled(image: Any) -> Any:
        response = functional.conv2d(image[None, None], EDGE[None, None])
        return functional.max_pool2d(np.maximum(response, 0), 2)[0, 0]

    for shift in [(0, 1), (1, 1), (2, 0)]:
        expected = space["shift_agreement"](pooled, canvas, shift, 0)
        assert PoolingShiftExplorer(shift=shift).value["max pooling"] == pytest.approx(expected, abs=1e-12)


def test_core_shifts_and_compares_as_numpy(visit: Any) -> None:
    page, rng = visit(PoolingShiftExplorer()), np.random.default_rng(8)
    before, after = rng.integers(-1, 2, (2, 3, 5, 7))
    for shift in [(0, 0), (2, -3), (-4, 1), (-1, -1), (5, 7), (9, -9)]:
        moved, share = page.page.evaluate(
            "async ([before, after, shift]) => { const c = await import('/core.js');"
            "const [x, y] = [before, after].map(c.tensor);"
            "return [c.nested(c.shifted(x, shift)), c.agreement(c.shifted(x, shift), y)]; }",
            [before.tolist(), after.tolist(), list(shift)],
        )
        wide = np.pad(before, ((0, 0), (10, 10), (10, 10)))
        expected = wide[:, 10 - shift[0] : 15 - shift[0], 10 - shift[1] : 17 - shift[1]]
        assert_array_equal(moved, expected)
        counted = (expected != 0) | (after != 0)
        assert share == {"equal": int((expected == after)[counted].sum()), "counted": int(counted.sum())}


def test_keys_move_the_digit(visit: Any) -> None:
    page = visit(PoolingShiftExplorer(shift=(0, 0)))
    assert page.said() == (
        "Moved 0 right, 0 down: max pooling keeps 100\u00a0% at its place, average pooling 100\u00a0%."
    )
    board = page.board("the digit")
    board.keys("ArrowRight")
    assert page.trait("shift") == [0, 1]
    same = shown(notebook((0, 1))[0])
    assert page.said() == (
        f"Moved 1 right, 0 down: max pooling keeps {same[1]} at its place, average pooling {same[2]}."
    )
    board.keys("ArrowUp", "ArrowUp", "ArrowLeft", "ArrowLeft", "ArrowLeft")
    assert page.trait("shift") == [-2, -2]
    assert page.said().startswith("Moved 2 left, 2 up: ")
    assert percents(page)[1][:4] == ["100\u00a0%"] * 4  # a multiple of the stride
    for _ in range(12):
        board.keys("ArrowDown")
    assert page.trait("shift") == [8, -2]  # the margin's end
    board.keys("Home")
    assert page.trait("shift") == [0, 0]


def test_the_digit_is_dragged(visit: Any) -> None:
    page = visit(PoolingShiftExplorer(shift=(0, 0)))
    box = page.board("the digit").canvas.bounding_box()
    cell = box["width"] / 44
    mouse = page.page.mouse
    mouse.move(box["x"] + 20.5 * cell, box["y"] + 20.5 * cell)
    mouse.down()
    mouse.move(box["x"] + 23.5 * cell, box["y"] + 18.5 * cell, steps=5)
    mouse.up()
    assert page.trait("shift") == [-2, 3]
    mouse.move(box["x"] + 5 * cell, box["y"] + 5 * cell)  # let go
    assert page.trait("shift") == [-2, 3]
    page.press("Back")
    assert page.trait("shift") == [0, 0]


def test_touch_drags_too(visit: Any) -> None:
    page = visit(PoolingShiftExplorer(shift=(0, 0)), width=400, has_touch=True)
    page.page.evaluate(
        """() => {
            const board = document.querySelector('canvas');
            board.setPointerCapture = () => {};
            const box = board.getBoundingClientRect();
            const at = (type, x, y) => board.dispatchEvent(new PointerEvent(type, { pointerType: 'touch', bubbles: true,
                clientX: box.left + (x + 0.5) * box.width / 44, clientY: box.top + (y + 0.5) * box.height / 44 }));
            at('pointerdown', 10, 10); at('pointermove', 11, 10); at('pointermove', 11, 12); at('pointerup', 11, 12);
        }"""
    )
    assert page.trait("shift") == [2, 1]


def test_another_kernel(visit: Any) -> None:
    page = visit(PoolingShiftExplorer())
    page.choose("kernel", "horizontal edge")
    assert_array_equal(page.trait("kernel"), EDGE.T)
    assert percents(page) == [shown(shares) for shares in notebook((0, 1), kernel=EDGE.T)]


def test_python_moves_it(visit: Any) -> None:
    page = visit(PoolingShiftExplorer())
    image, kernel = diagrams.SEVEN, diagrams.SLOPE
    page.page.evaluate(
        "([image, kernel]) => { model.set('image', image); model.set('kernel', kernel); model.set('shift', [1, 3]); }",
        [image.tolist(), kernel.tolist()],
    )
    assert page.board("the digit").shape == (22, 23)
    assert percents(page) == [shown(shares) for shares in notebook((1, 3), image, kernel)]
    assert page.page.locator("select").input_value() == "slope"
    page.page.evaluate("model.set('image', [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])")
    assert percents(page)[0] == ["–"] * 6


def test_boards_have_the_outputs_sizes(visit: Any) -> None:
    page = visit(PoolingShiftExplorer())
    sizes = {"the digit": (44, 44), "convolution": (42, 42), "max pooling": (21, 21), "average pooling": (21, 21),
             "strided convolution": (21, 21), "global maximum": (1, 1), "global average": (1, 1)}  # fmt: skip
    assert {name: page.board(name).shape for name in sizes} == sizes


@pytest.mark.parametrize("dark", [False, True])
def test_accessible_in_light_and_dark(visit: Any, dark: bool) -> None:
    for width in (360, 700, 1200):
        page = visit(PoolingShiftExplorer(), width=width, dark=dark, reduced_motion="reduce")
        assert page.violations() == []
        assert page.overflow() <= 0
        page.screenshot(f"pooling_shift_explorer_{'dark' if dark else 'light'}_{width}")


def test_answers_within_a_frame(visit: Any) -> None:
    page = visit(PoolingShiftExplorer())
    key = (
        "document.querySelector('canvas').dispatchEvent(new KeyboardEvent('keydown', "
        "{ key: ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp'][i % 4] }))"
    )
    assert page.median_ms(key) < 16
    slide = (
        "const to = document.querySelector('input'); to.value = i % 9; to.dispatchEvent(new Event('input'))"
    )
    assert page.median_ms(slide) < 16


def test_traits_are_checked() -> None:
    explorer = PoolingShiftExplorer()
    with pytest.raises(traitlets.TraitError, match=r"image expects sides from 4 to 32 pixels, got \(3, 40\)"):
        explorer.image = np.zeros((3, 40))
    with pytest.raises(traitlets.TraitError, match=r"kernel expects shape \(3, 3\), got \(5, 5\)"):
        explorer.kernel = np.zeros((5, 5))
    for shift in ((0, 9), (1,), (0.5, 0)):
        with pytest.raises(traitlets.TraitError, match="shift"):
            explorer.shift = shift


def test_repr_and_picture() -> None:
    explorer = PoolingShiftExplorer()
    assert repr(explorer) == "PoolingShiftExplorer()"
    explorer.set_state({"shift": [0, 2]})  # as the browser sends it
    assert explorer.along["max pooling"] == 1 > explorer.value["max pooling"]
    explorer.shift = (0, 1)
    first = explorer._repr_mimebundle_()[0]["image/png"]
    explorer.shift = (-1, 2)
    assert repr(explorer) == "PoolingShiftExplorer(shift=(-1, 2))"
    assert explorer._repr_mimebundle_()[0]["image/png"] != first
    explorer.image = np.zeros((5, 6))
    assert np.isnan(explorer.value["convolution"])
    explorer._repr_mimebundle_()
