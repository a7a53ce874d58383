"""One action for every explorer on the site, and what Python says must come of it."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from cnnlib import explorers, functional, shapes
from cnnlib.data import to_mnist
from tests.site.onnx import array

Place = Any  # a locator of Playwright's
ACTIONS: dict[str, Callable[[Place, Any], None]] = {}


def action(function: Callable[[Place, Any], None]) -> Callable[[Place, Any], None]:
    ACTIONS[function.__name__] = function
    return function


def act(place: Place) -> None:
    """Do something with a live explorer and compare what it answers; the name of its kind says what."""
    name = place.evaluate("async place => (await (await fetch(place.dataset.settings)).json()).name")
    assert name in ACTIONS, f"{name} has no action in tests/site/actions.py"
    ACTIONS[name](place, lambda: state(place, name))


def state(place: Place, name: str) -> Any:
    """The Python explorer in the state of the one on the page."""
    kind = getattr(explorers, name)
    explorer = kind.__new__(kind)
    super(kind, explorer).__init__()
    names = [trait for trait in explorer.traits_shown if trait not in ("nets", "asks_python")]
    explorer.set_state(
        place.evaluate("(place, names) => Object.fromEntries(names.map(n => [n, place.model.get(n)]))", names)
    )
    return explorer


def said(place: Place) -> str:
    text: str = place.locator(".cnx-line").inner_text()
    return text


def press(place: Place, name: str) -> None:
    place.get_by_role("button", name=name, exact=True).click()


def slide(place: Place, label: str, value: float) -> None:
    field = place.locator(".cnx-field", has_text=re.compile(rf"^{re.escape(label)}"))
    field.locator("input").evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input', { bubbles: true })); }",
        value,
    )


def keys(place: Place, title: str, *names: str) -> None:
    canvas = place.locator(f'canvas[aria-label^="{title}"]').first
    canvas.focus()
    for name in names:
        canvas.press(name)


def numbers(text: str) -> list[float]:
    plain = text.replace("−", "-").replace(",", "")
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", plain)]


def logits(place: Place, images: Any) -> list[Any]:
    """What each net on the page must give for images (N, C, H, W), by torch."""
    from cnnlib.explorers.nets import Net

    described = place.evaluate("place => place.model.get('nets')")
    nets = [
        Net([{k: array(v) if isinstance(v, dict) else v for k, v in layer.items()} for layer in layers])
        for layers in described
    ]
    return [net(np.asarray(images, np.float32))[-1].numpy() for net in nets]


@action
def ConvolutionExplorer(place: Place, python: Any) -> None:
    if place.locator(".cnx-formula").count():
        slide(place, "s, stride", 3)
        now = python()
        axis = now.size, now.kernel_size, now.stride, now.padding, now.dilation
        assert now.stride == 3 and numbers(said(place))[0] == shapes.output_size(*axis)
        return
    keys(place, "output", "ArrowDown", "ArrowRight")
    now = python()
    padded = functional.pad(now.image[None], now.padding, now.padding_mode)
    output = functional.conv2d(padded, now.kernel[None], stride=now.stride, dilation=now.dilation)[0, 0]
    row, column = now.position
    assert said(place).startswith(f"Output row {row}, column {column}: ")
    assert numbers(said(place))[-1] == round(float(output[row, column]), 2)


@action
def DigitPad(place: Place, python: Any) -> None:
    press(place, "Example")
    press(place, "Example")
    (scores,) = logits(place, to_mnist(python().drawing / 255)[None, None])
    chances = np.exp(scores[0]) / np.exp(scores[0]).sum()
    reading = re.search(r"Read as (\d), ([\d.]+)\s%", said(place))
    assert reading and int(reading[1]) == chances.argmax()
    assert abs(float(reading[2]) - 100 * chances.max()) < 0.1


@action
def ChannelMixer(place: Place, python: Any) -> None:
    place.locator("canvas[tabindex]").last.press("ArrowRight")
    now = python()
    row, column = now.position
    assert said(place).startswith(f"Row {row}, column {column}: ")
    if now.image.shape[2] == 3 and now.opacity == 1:
        assert numbers(said(place).partition("→")[2])[:3] == now.value[row, column].tolist()
        return
    worked_out = re.search(r"(Red|Green|Blue) [^=]* = (\d+); (\w+) (\d+), (\w+) (\d+)", said(place))
    assert worked_out, said(place)
    first, *rest = worked_out.groups()
    values = dict(zip([first.lower(), *rest[1::2]], map(int, rest[::2]), strict=True))
    assert [values[name] for name in ("red", "green", "blue")] == now.value[row, column].tolist()


@action
def PixelShuffler(place: Place, python: Any) -> None:
    place.get_by_label("each image in an order of its own").check()
    now = python()
    assert now.own
    _, right = now._shuffled(now.amount, now.own)
    assert f"Read right: {right} of " in said(place)


@action
def FilterPainter(place: Place, python: Any) -> None:
    slide(place, "add brightness", 0.5)
    now = python()
    assert now.brightness == 0.5
    assert f"response {round(float(now.response.max()), 2):g}." in said(place)


@action
def LayerBuilder(place: Place, python: Any) -> None:
    press(place, "Down")
    now = python()
    space: dict[str, Any] = {}
    exec(now.value, space)
    layer = space["model"][now.selected]
    count = sum(weights.numel() for weights in layer.parameters())
    kind = type(layer).__name__
    assert said(place).startswith(f"Layer {now.selected + 1}, {kind}: ")
    assert f"= {count:,} parameters;" in said(place)


@action
def FilterLearner(place: Place, python: Any) -> None:
    first = python()
    press(place, "Step")

    def respond(kernel: Any) -> Any:
        return functional.conv2d(first.image[None, None], np.asarray(kernel, float)[None, None])[0, 0]

    error = respond(first.kernel) - respond(first.hidden)
    gradient = functional.conv2d(first.image[None, None], (2 * error / error.size)[None, None])[0, 0]
    np.testing.assert_allclose(
        python().kernel, first.kernel - first.learning_rate * gradient, rtol=1e-9, atol=1e-9
    )
    loss = float(((respond(python().kernel) - respond(first.hidden)) ** 2).mean())
    assert said(place).startswith("Step 1: ") and abs(numbers(said(place))[1] / loss - 1) < 0.06


@action
def PoolingShiftExplorer(place: Place, python: Any) -> None:
    slide(place, "right", 3)
    now = python()
    assert list(now.shift) == [0, 3] and said(place).startswith("Moved 3 right, 0 down: ")
    assert f"max pooling keeps {round(100 * now.value['max pooling'])}\u00a0% at its place" in said(place)
    assert f"average pooling {round(100 * now.value['average pooling'])}\u00a0%" in said(place)


@action
def SegmentationBrush(place: Place, python: Any) -> None:
    press(place, "Other digits")
    (scores,) = logits(place, python().drawing[None, None] / 255)
    none = int((scores[0].argmax(axis=0) == 0).sum())
    assert place.locator(".cnx-key").first.inner_text() == f"none, {none:,}\u00a0px"


@action
def ShiftRace(place: Place, python: Any) -> None:
    press(place, "Another digit")
    now = python()
    for scores in logits(place, now.canvas[None, None]):
        assert f": {scores[0].argmax()}," in said(place)


@action
def DepthExplorer(place: Place, python: Any) -> None:
    slide(place, "layers", 6)
    now = python()
    found = re.findall(r"(?:Signal: |Gradient: |, )([\d.]+(?:e−?\d+)?) (?:at|after)", said(place))
    signal, gradient = now.value["signal"], now.value["gradient"]
    want = [signal[0], signal[-1], gradient[-1], gradient[0]]
    assert now.layers == 6
    np.testing.assert_allclose([numbers(text)[0] for text in found], want, rtol=0.06)
