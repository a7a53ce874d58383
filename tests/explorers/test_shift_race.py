"""The shift race on a plain page: two nets' answers at every place are torch's."""

import base64
from typing import Any

import numpy as np
import pytest
import torch
import traitlets
from torch import nn

from cnnlib import data, models
from cnnlib.explorers import ShiftRace
from tests.explorers.browser import Visit

SAMPLES = data.load_samples()


def pair() -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(4)
    mlp = models.MLP((1, 44, 44), hidden=(20,))
    convnet = nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(16, 10)),
    )
    return mlp.eval(), convnet.eval()


def expected(explorer: ShiftRace, nets: tuple[nn.Module, ...]) -> tuple[str, list[str]]:
    """What the sentence begins with and the bars for the explorer's state, by torch."""
    down, right = explorer.shift
    canvas = np.zeros((1, 1, 44, 44), np.float32)
    canvas[0, 0, 8 + down : 36 + down, 8 + right : 36 + right] = explorer.digits[explorer.chosen] / 255
    label = int(explorer.labels[explorer.chosen])
    parts, bars = [], []
    for name, net in zip(explorer.names, nets, strict=True):
        chances = net(torch.from_numpy(canvas))[0].detach().softmax(0)
        best = int(chances.argmax())
        verdict = "right" if best == label else "wrong"
        parts.append(f"{name}: {best}, {verdict}")
        bars += [percent(chance) for chance in chances]
    where = f"{abs(down)} {'up' if down < 0 else 'down'} and {abs(right)} {'left' if right < 0 else 'right'}"
    return f"{'An' if label == 8 else 'A'} {label}, shifted {where}. {upper('; '.join(parts))}.", bars


def percent(chance: Any) -> str:
    return f"{100 * float(chance):.1f}".rstrip("0").rstrip(".") + " %"


def upper(text: str) -> str:
    return text[0].upper() + text[1:]


def agrees(page: Visit, nets: tuple[nn.Module, ...], **state: Any) -> None:
    said, bars = expected(ShiftRace(*nets, **state), nets)
    assert page.said().startswith(said)
    assert page.page.locator(".cnx-value").all_inner_texts() == bars


def test_a_drag_shifts_the_digit(visit: Any) -> None:
    nets = pair()
    page = visit(ShiftRace(*nets))
    agrees(page, nets)
    box = page.board("44 × 44").canvas.bounding_box()
    cell = box["width"] / 44
    mouse = page.page.mouse
    mouse.move(box["x"] + 20.5 * cell, box["y"] + 20.5 * cell)
    mouse.down()
    for down, right in ((0, 1), (3, -5), (30, 4)):
        mouse.move(box["x"] + (20.5 + right) * cell, box["y"] + (20.5 + min(down, 20)) * cell)
        shift = (min(down, 8), right)
        assert tuple(page.trait("shift")) == shift
        agrees(page, nets, shift=shift)
    mouse.up()
    mouse.move(box["x"] + 5, box["y"] + 5)
    assert page.trait("shift") == [8, 4]


def test_keys_shift_it_and_stop_at_the_border(visit: Any) -> None:
    nets = pair()
    page = visit(ShiftRace(*nets))
    page.board("44 × 44").keys(*["ArrowUp"] * 10, "ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft")
    assert page.trait("shift") == [-7, 1]
    agrees(page, nets, shift=(-7, 1))
    page.press("To the middle")
    assert page.trait("shift") == [0, 0]
    page.press("Another digit")
    agrees(page, nets, chosen=page.trait("chosen"))


def test_a_finger_drags(visit: Any) -> None:
    page = visit(ShiftRace(*pair()), width=400, has_touch=True)
    touch = """types => {
        const board = document.querySelector('canvas');
        const box = board.getBoundingClientRect();
        board.setPointerCapture = () => {};
        types.forEach((type, i) => board.dispatchEvent(new PointerEvent(type, { bubbles: true, pointerType: 'touch',
            pointerId: 7, clientX: box.left + box.width * (22.5 - 2 * i) / 44, clientY: box.top + box.height / 2 })));
    }"""
    page.page.evaluate(touch, ["pointerdown", "pointermove", "pointermove", "pointerup", "pointermove"])
    assert page.trait("shift") == [0, -4]
    assert page.page.locator("canvas").first.evaluate("c => getComputedStyle(c).touchAction") == "none"


def test_python_moves_it(visit: Any) -> None:
    nets = pair()
    page = visit(
        ShiftRace(*nets, digits=SAMPLES.digits[10:13], labels=SAMPLES.labels[10:13], names=("A", "B"))
    )
    page.page.evaluate("() => { model.set('shift', [2, -8]); model.set('chosen', 2); }")
    own = {"digits": SAMPLES.digits[10:13], "labels": SAMPLES.labels[10:13], "names": ("A", "B")}
    agrees(page, nets, shift=(2, -8), chosen=2, **own)
    headings = page.page.locator("figcaption").all_inner_texts()[1::2]
    assert all(text.startswith(name) for text, name in zip(headings, "AB", strict=True))


def linear_pair() -> tuple[nn.Module, nn.Module]:
    """The first reads a bar as 8 up to 4 pixels to the right, the second everywhere; what is no 8 is a 5."""
    first, second = (nn.Sequential(nn.Flatten(), nn.Linear(44 * 44, 10)) for _ in range(2))
    for net, reach in ((first, 4), (second, 8)):
        weight = torch.zeros(10, 44, 44)
        weight[8, :, 22 - 9 : 22 + reach] = 1
        weight[5] = 0.5
        with torch.no_grad():
            net[1].weight.copy_(weight.flatten(1))
            net[1].bias.zero_()
    return first, second


def bars_of_digits() -> np.ndarray:
    digits = np.zeros((3, 28, 28), np.uint8)
    digits[:, 5:20, 13] = 255  # at column 21 of the canvas
    return digits


def test_the_record_says_where_each_net_failed_first(visit: Any) -> None:
    """Of three equal bars, two are labelled as both nets read them in the middle: only those are offered."""
    explorer = ShiftRace(*linear_pair(), digits=bars_of_digits(), labels=[1, 8, 8])
    assert explorer.chosen == 1
    page = visit(explorer)
    board = page.board("44 × 44")
    assert (
        page.said() == "An 8, shifted 0 down and 0 right. Fully connected: 8, right; convolutional: 8, right."
    )
    for by in range(1, 7):
        board.keys("ArrowRight")
        verdict = "8, right" if by <= 4 else "5, wrong"
        first = "" if by <= 4 else " First wrong to the right: fully connected at 5\u00a0px."
        assert page.said() == (
            f"An 8, shifted 0 down and {by} right. Fully connected: {verdict}; convolutional: 8, right.{first}"
        )
    board.keys(*["ArrowLeft"] * 5)
    assert page.said().endswith("First wrong to the right: fully connected at 5\u00a0px.")
    board.keys("ArrowDown")
    assert (
        page.said() == "An 8, shifted 1 down and 1 right. Fully connected: 8, right; convolutional: 8, right."
    )
    titles = page.page.locator("figcaption").all_inner_texts()
    assert titles[2] == "right at 6 of 8\u00a0shifts" and titles[4] == "right at 8 of 8\u00a0shifts"
    colours = (
        page.page.locator("canvas")
        .nth(1)
        .evaluate(
            """canvas => {
                const cell = canvas.width / 17;
                const row = canvas.getContext('2d').getImageData(0, 8.5 * cell, canvas.width, 1).data;
                return [-8, -5, 3, 4, 5, 6, 7].map(right => {
                    const start = 4 * Math.floor((8 + right + 0.5) * cell);
                    return [...row.slice(start, start + 3)];
                });
            }"""
        )
    )
    blue, amber, grey = [0, 114, 178], [217, 142, 0], [190, 190, 190]
    assert colours == [grey, grey, blue, blue, amber, amber, grey]
    page.press("Another digit")
    assert page.trait("chosen") == 2 and page.trait("shift") == [0, 0]
    assert page.page.locator("figcaption").all_inner_texts()[2] == "right at 1 of 1\u00a0shift"
    page.press("Another digit")  # the first one, labelled 1, is left out
    assert page.trait("chosen") == 1
    assert page.page.locator("figcaption").all_inner_texts()[2] == "right at 6 of 8\u00a0shifts"


def test_python_tells_which_digits_are_fair(visit: Any) -> None:
    explorer = ShiftRace(linear_pair()[0], Doubted(), digits=bars_of_digits(), labels=[1, 8, 8])
    assert explorer.asks_python and explorer.chosen == 1
    page = visit(explorer)
    page.page.evaluate("reply => model.set('_reply', reply)", explorer.get_state("_reply")["_reply"])
    for chosen in (2, 1):
        page.press("Another digit")
        assert page.trait("chosen") == chosen
        explorer.set_state({name: page.trait(name) for name in ("shift", "chosen", "_asked")})
        page.page.evaluate("reply => model.set('_reply', reply)", explorer.get_state("_reply")["_reply"])
    assert "8, right" in page.said()
    explorer.digits = np.zeros((3, 28, 28))
    assert explorer.get_state("_reply")["_reply"]["fair"] == []


class Doubted(nn.Module):
    """No plain chain: it doubles what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.net = linear_pair()[1]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(2 * x)


class Squared(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(44 * 44, 10))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x**2)


def test_python_answers_where_the_browser_cannot(visit: Any) -> None:
    torch.manual_seed(0)
    nets = (pair()[0], Squared())
    explorer = ShiftRace(*nets)
    assert explorer.nets == [] and explorer.asks_python
    page = visit(explorer)
    assert page.said().endswith("Python has the nets: run the cell to ask it.")
    page.page.evaluate("reply => model.set('_reply', reply)", explorer.get_state("_reply")["_reply"])
    page.board("44 × 44").keys("ArrowDown", "ArrowDown")
    for _ in range(2):  # the second key waited for the answer to the first
        assert page.said() == "Asking Python."
        sent = {name: page.trait(name) for name in ("shift", "chosen", "_asked")}
        explorer.set_state(sent)
        page.page.evaluate("reply => model.set('_reply', reply)", explorer.get_state("_reply")["_reply"])
    said, bars = expected(explorer, nets)
    assert (
        explorer.shift == (2, 0)
        and page.said().startswith(said)
        and page.said().endswith(". Computed by Python.")
    )
    assert page.page.locator(".cnx-value").all_inner_texts() == bars


def test_what_is_refused() -> None:
    nets = pair()
    with pytest.raises(traitlets.TraitError, match=r"scores \(N, 10\) from images \(N, 1, 44, 44\)"):
        ShiftRace(models.ConvNet(), nets[1])
    with pytest.raises(TypeError, match=r"ShiftRace: model expects a torch\.nn\.Module"):
        ShiftRace(nets[0], None)
    with pytest.raises(traitlets.TraitError, match="labels expects one label per digit, got 10 for 2"):
        ShiftRace(*nets, digits=np.zeros((2, 28, 28)))
    for wrong in ({"shift": (9, 0)}, {"chosen": 10}, {"labels": [11] * 10}):
        with pytest.raises(traitlets.TraitError, match=next(iter(wrong))):
            ShiftRace(*nets, **wrong)


def test_repr_value_and_stored_form() -> None:
    nets = pair()
    explorer = ShiftRace(*nets, shift=(1, -2))
    assert repr(explorer) == (
        "ShiftRace(nets=[<4 layers, 38,950 parameters>, <8 layers, 1,546 parameters>], shift=(1, -2))"
    )
    assert explorer.value == (1, -2) and explorer.scores.shape == (2, 10)
    assert (
        explorer.canvas.shape == (44, 44) and explorer.canvas[9:37, 6:34].sum() == explorer.canvas.sum() > 0
    )
    bundle, _ = explorer._repr_mimebundle_()
    kept = bundle["application/vnd.cnnlib.explorer+json"]["traits"]
    weight = kept["nets"][0][1]["weight"]
    values = np.frombuffer(base64.b64decode(weight["base64"]), weight["dtype"]).reshape(weight["shape"])
    np.testing.assert_allclose(values, nets[0].layers[1].weight.detach(), atol=1e-4)


@pytest.mark.parametrize("dark", [False, True])
def test_accessible_in_light_and_dark(visit: Any, dark: bool) -> None:
    for width in (360, 1000):
        page = visit(ShiftRace(*pair()), width=width, dark=dark, reduced_motion="reduce")
        assert page.violations() == []
        assert page.overflow() <= 0
        page.screenshot(f"shift_race_{'dark' if dark else 'light'}_{width}")


def test_answers_within_a_frame(visit: Any) -> None:
    page = visit(ShiftRace(*pair()))
    key = (
        "document.querySelector('canvas').dispatchEvent(new KeyboardEvent("
        "'keydown', { key: i % 2 ? 'ArrowLeft' : 'ArrowRight' }))"
    )
    took = page.median_ms(key)
    print(f"{took:.1f} ms")
    assert took < 16
