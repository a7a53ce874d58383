"""core.js computes what cnnlib.functional and cnnlib.shapes compute, in a real browser, over a grid of parameters."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.testing import assert_allclose
from playwright.sync_api import Browser, Page

from cnnlib import functional, shapes
from cnnlib.explorers.base import HERE
from tests.explorers.browser import HOST

MODES = ("zeros", "reflect", "replicate", "circular")


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """An empty page with core.js as `core`."""
    page = chromium.new_page()
    page.route(
        f"{HOST}/",
        lambda route: route.fulfill(body="<!doctype html><title>core</title>", content_type="text/html"),
    )
    page.route(
        f"{HOST}/core.js", lambda route: route.fulfill(path=HERE / "core.js", content_type="text/javascript")
    )
    page.goto(f"{HOST}/")
    page.evaluate("async () => { window.core = await import('/core.js'); }")
    yield page
    page.close()


def run(page: Page, calls: list[tuple[str, list[Any]]]) -> list[Any]:
    """The results of many calls of core.js in one go; arrays are given and come back as nested lists."""
    code = """calls => JSON.stringify(calls.map(([name, given]) => {
        const read = x => x?.array ? core.tensor(x.array) : x;
        try {
            const result = core[name](...given.map(read));
            return { value: result?.data ? core.nested(result) : result };
        } catch (error) {
            return { error: `${error.name}: ${error.message}` };
        }
    }))"""
    sent = [[name, [_sent(x) for x in given]] for name, given in calls]
    return list(json.loads(page.evaluate(code, sent)))


def _sent(value: Any) -> Any:
    return {"array": value.tolist()} if isinstance(value, np.ndarray) else value


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).round(3)


def same(results: list[Any], expected: list[Any]) -> None:
    assert len(results) == len(expected) > 0
    for got, wanted in zip(results, expected, strict=True):
        assert "error" not in got, got
        assert_allclose(np.array(got["value"], float), wanted, rtol=1e-12, atol=1e-12)


def test_conv2d_on_a_grid(page: Page) -> None:
    calls, expected = [], []
    grid = itertools.product(
        [(1, 2), (2, 3)], [(3, 2), (1, 4), (3, 3)], [1, (2, 3)], [0, (1, 2)], [1, (2, 1)], MODES
    )
    for (c_in, c_out), kernel, stride, padding, dilation, mode in grid:
        x, w, b = draw(c_in, 9, 7), draw(c_out, c_in, *kernel, seed=1), draw(c_out, seed=2)
        how = {"stride": stride, "padding": padding, "dilation": dilation, "mode": mode}
        calls.append(("conv2d", [x, w, b, how]))
        padded = functional.pad(x[None], padding, mode)
        expected.append(functional.conv2d(padded, w[None][0], b, stride, 0, dilation)[0])
    assert len(calls) == 192
    same(run(page, calls), expected)


def test_groups_and_no_bias(page: Page) -> None:
    calls, expected = [], []
    for groups in (1, 2, 4):
        x, w = draw(4, 6, 5), draw(8, 4 // groups, 3, 2, seed=groups)
        calls.append(("conv2d", [x, w, None, {"groups": groups, "stride": 2}]))
        expected.append(functional.conv2d(x[None], w, None, 2, groups=groups)[0])
    same(run(page, calls), expected)


def test_padding(page: Page) -> None:
    calls, expected = [], []
    for mode, padding in itertools.product(MODES, [0, 1, (2, 0), (1, 3)]):
        calls.append(("pad", [draw(2, 4, 5), padding, mode]))
        expected.append(functional.pad(draw(2, 4, 5), padding, mode))
    same(run(page, calls), expected)


def test_pooling(page: Page) -> None:
    calls, expected = [], []
    for name, kernel, stride, padding in itertools.product(
        ("max_pool2d", "avg_pool2d"), [2, (3, 2)], [None, 1, (2, 3)], [0, 1]
    ):
        x = draw(2, 7, 8) - 3  # below zero: padding must never win
        calls.append(
            ({"max_pool2d": "maxPool2d", "avg_pool2d": "avgPool2d"}[name], [x, kernel, stride, padding])
        )
        expected.append(getattr(functional, name)(x[None], kernel, stride, padding)[0])
    calls += [("globalAvgPool", [draw(3, 4, 5)]), ("globalMaxPool", [draw(3, 4, 5)])]
    expected += [reduce(draw(3, 4, 5), axis=(1, 2), keepdims=True) for reduce in (np.mean, np.max)]
    same(run(page, calls), expected)


def test_gradients_of_a_convolution(page: Page) -> None:
    x, w, grad = draw(2, 6, 7), draw(3, 2, 3, 2, seed=1), draw(3, 4, 6, seed=2)
    grad_input, grad_weight, _ = functional.conv2d_backward(grad[None], x[None], w)
    results = run(page, [("conv2dWeightGrad", [grad, x]), ("convTranspose2d", [grad, w])])
    same(results, [grad_weight, grad_input[0]])


def test_transposed_convolution_with_stride_and_padding(page: Page) -> None:
    calls, expected = [], []
    for stride, padding in itertools.product([1, 2, (2, 3)], [0, 1, (1, 0)]):
        x, w, b = draw(3, 3, 4), draw(3, 2, 3, 2, seed=1), draw(2, seed=2)
        calls.append(("convTranspose2d", [x, w, b, {"stride": stride, "padding": padding}]))
        tensors = [torch.from_numpy(array) for array in (x, w, b)]
        expected.append(F.conv_transpose2d(*tensors, stride=stride, padding=padding).numpy())
    same(run(page, calls), expected)


def test_the_other_layers(page: Page) -> None:
    x, w, b = draw(3, 4, 5), draw(2, 60, seed=1), draw(2, seed=2)
    mean, variance = draw(3, seed=3), draw(3, seed=4) ** 2
    scale, shift = draw(3, seed=5), draw(3, seed=6)
    normal = (x - mean[:, None, None]) / np.sqrt(variance + 1e-5)[:, None, None]
    logits = draw(10, seed=7) * 50
    exps = np.exp(logits - logits.max())
    same(
        run(
            page,
            [
                ("relu", [x]),
                ("linear", [x, w, b]),
                ("linear", [x, w]),
                ("batchNorm2d", [x, scale, shift, mean, variance]),
                ("batchNorm2d", [x, None, None, mean, variance]),
                ("softmax", [logits]),
                ("upsampleNearest", [x, 3]),
            ],
        ),
        [
            np.maximum(x, 0),
            w @ x.ravel() + b,
            w @ x.ravel(),
            normal * scale[:, None, None] + shift[:, None, None],
            normal,
            exps / exps.sum(),
            x.repeat(3, 1).repeat(3, 2),
        ],
    )


def test_sizes(page: Page) -> None:
    axes = list(itertools.product([1, 5, 8], [1, 2, 3], [1, 2, 3], [0, 1], [1, 2]))
    sizes, unread = (
        run(page, [("outputSize", list(a)) for a in axes]),
        run(page, [("unread", list(a)) for a in axes]),
    )
    for axis, size, missed in zip(axes, sizes, unread, strict=True):
        try:
            assert size == {"value": shapes.output_size(*axis)}, axis
            assert missed == {"value": shapes.unread(*axis)}, axis
        except ValueError:
            reach, length = axis[4] * (axis[1] - 1) + 1, axis[0] + 2 * axis[3]
            reason = f"the kernel reaches over {reach} pixels, the padded axis has {length}"
            said = f"RangeError: Nothing fits: {reason}."
            assert size == missed == {"error": said}
    stacks = [[(3, 1), (3, 1)], [(5, 1), (2, 2), (3, 1)], [(3, 2), (3, 2), (2, 2)]]
    fields = run(page, [("receptiveField", [stack]) for stack in stacks])
    assert [field["value"] for field in fields] == [shapes.receptive_field(stack) for stack in stacks]
    counts = run(page, [("conv2dParams", [4, 6, [3, 2], 2]), ("conv2dMacs", [4, 6, [3, 2], [5, 7], 2])])
    wanted = [shapes.conv2d_params(4, 6, (3, 2), 2), shapes.conv2d_macs(4, 6, (3, 2), (5, 7), 2)]
    assert [count["value"] for count in counts] == wanted


def test_too_much_padding_is_refused_with_a_reason(page: Page) -> None:
    results = run(page, [("pad", [draw(1, 3, 4), 3, "reflect"]), ("pad", [draw(1, 3, 4), 4, "circular"])])
    said = "RangeError: Mode {} can pad this image by at most {} × {} pixels."
    assert [r["error"] for r in results] == [said.format("reflect", 2, 3), said.format("circular", 3, 4)]


def test_arguments_are_not_changed(page: Page) -> None:
    unchanged = page.evaluate(
        """() => {
            const x = core.tensor([[[1, -2, 3], [4, 5, -6], [7, 8, 9]]]);
            const w = core.tensor([[[[1, 2], [3, 4]]]]);
            const before = [x.data.join(), w.data.join()].join(";");
            core.conv2d(x, w); core.relu(x); core.pad(x, 1); core.maxPool2d(x, 2); core.softmax(x);
            return [x.data.join(), w.data.join()].join(";") === before;
        }"""
    )
    assert unchanged


def test_random_numbers_are_normal_and_repeat(page: Page) -> None:
    numbers = page.evaluate("Array.from(core.normal([20000], core.random(7), 2).data)")
    again = page.evaluate("Array.from(core.normal([3], core.random(7), 2).data)")
    assert numbers[:3] == again
    assert abs(np.mean(numbers)) < 0.05
    assert abs(np.std(numbers) - 2) < 0.05
