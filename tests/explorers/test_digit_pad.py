"""The digit pad on a plain page: nets in the browser give torch's numbers, drawings take MNIST's form."""

import base64
import json
from typing import Any

import numpy as np
import pytest
import torch
import traitlets
from torch import nn

from cnnlib import data, models
from cnnlib.explorers import DigitPad
from cnnlib.explorers.nets import probes, read
from tests.course import PROJECT
from tests.explorers.browser import Visit, stored

SAMPLES = data.load_samples()


def trained_shape() -> nn.Module:
    """Notebook 00's net, its running statistics away from 0 and 1."""
    net = nn.Sequential(
        *(nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.ReLU(), nn.BatchNorm2d(16)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(), nn.BatchNorm2d(32)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(), nn.BatchNorm2d(64)),
        *(nn.Dropout(), nn.Flatten(), nn.Linear(64 * 3 * 3, 10)),
    )
    net(torch.rand(8, 1, 28, 28))
    return net


NETS = {
    "convnet": models.ConvNet,
    "mlp": lambda: models.MLP(hidden=(20,)),
    "trained": trained_shape,
    "grouped, dilated, same": lambda: nn.Sequential(
        nn.Conv2d(1, 6, (3, 4), padding="same", dilation=(2, 3)),
        nn.ReLU(),
        nn.Conv2d(6, 4, 3, stride=(2, 3), padding=(0, 2), groups=2, bias=False),
        nn.BatchNorm2d(4, affine=False),
        nn.AvgPool2d(2, stride=1, padding=1),
        nn.Sequential(nn.Flatten(), nn.Linear(4 * 14 * 11, 10)),
    ),
    "modes": lambda: nn.Sequential(
        nn.Conv2d(1, 3, 4, padding="same", padding_mode="circular"),
        nn.Conv2d(3, 3, 3, padding=2, padding_mode="reflect"),
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.Conv2d(3, 5, 2, padding=1, padding_mode="replicate", groups=1),
        nn.ConvTranspose2d(5, 4, (3, 2), stride=(2, 1), padding=(1, 0)),
        nn.Conv2d(4, 10, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Identity(),
        nn.Flatten(),
        nn.LogSoftmax(dim=1),
    ),
    "largest": lambda: nn.Sequential(
        nn.Conv2d(1, 10, 5, padding="valid"), nn.AdaptiveMaxPool2d((1, 1)), nn.Flatten()
    ),
}


def build(name: str) -> nn.Module:
    torch.manual_seed(3)
    net: nn.Module = NETS[name]()
    return net


def outputs(page: Visit, images: np.ndarray, first: int = 0) -> list[list[np.ndarray]]:
    """What the layers give in the browser from number `first` on, for each image (28, 28)."""
    found = page.page.evaluate(
        """async ([images, first]) => {
            const core = await import('/core.js');
            const net = core.readNet(model.get('nets')[0]);
            return images.map(image => core.forward(net, core.tensor([image])).slice(first).map(core.nested));
        }""",
        [images.tolist(), first],
    )
    return [[np.array(output) for output in image] for image in found]


def logits(page: Visit, images: np.ndarray) -> np.ndarray:
    return np.array([layers[0] for layers in outputs(page, images, first=-1)])


def pixels(page: Visit) -> np.ndarray:
    """The drawing as Python would have it."""
    sent = page.trait("drawing")
    return np.frombuffer(base64.b64decode(sent["base64"]), np.uint8).reshape(sent["shape"])


@pytest.mark.parametrize("name", NETS)
def test_every_layer_gives_torch_s_numbers(visit: Any, name: str) -> None:
    net = build(name)
    page = visit(DigitPad(net, maps="none"))
    images = np.concatenate([SAMPLES.digits[:2] / 255, probes(28, 28)[-2:, 0]])  # noise and black too
    seen: list[torch.Tensor] = []
    for layer in net.modules():
        if not list(layer.children()) and not isinstance(layer, nn.Dropout | nn.Identity):
            layer.register_forward_hook(lambda layer, inputs, output: seen.append(output))
    net.eval()(torch.from_numpy(images[:, None]).float())
    for index, mine in enumerate(outputs(page, images)):
        assert len(mine) == len(seen)
        for output, expected in zip(mine, seen, strict=True):
            np.testing.assert_allclose(output, expected[index].detach().numpy(), atol=1e-4)


def test_torch_s_logits_on_real_digits(visit: Any, mnist_folder: Any) -> None:
    images = data.load_mnist(download=False).test.images[:40, 0] / 255
    for name in ("convnet", "trained"):
        net = build(name).eval()
        page = visit(DigitPad(net, maps="none"))
        expected = net(torch.from_numpy(images[:, None]).float()).detach().numpy()
        np.testing.assert_allclose(logits(page, images), expected, atol=1e-4)


@pytest.mark.parametrize("name", ["trained", "grouped, dilated, same", "convnet"])
def test_receptive_fields_are_where_the_gradient_is(visit: Any, name: str) -> None:
    net = build(name).eval().double()
    for module in net.modules():  # no pixel may be hidden by a ReLU or the losers of a maximum
        for child_name, child in module.named_children():
            if isinstance(child, nn.ReLU):
                setattr(module, child_name, nn.Identity())
            elif isinstance(child, nn.MaxPool2d):
                setattr(module, child_name, nn.AvgPool2d(child.kernel_size, child.stride, child.padding))
    page = visit(DigitPad(build(name)))
    image = torch.rand(1, 1, 28, 28, dtype=torch.float64)
    layers = [m for m in net.modules() if not list(m.children()) and not isinstance(m, nn.Dropout)]
    for index, layer in enumerate(layers):
        kept: list[torch.Tensor] = []
        hook = layer.register_forward_hook(lambda layer, inputs, output, kept=kept: kept.append(output))
        image.requires_grad_(True)
        net(image)
        hook.remove()
        if kept[0].ndim != 4:
            continue
        corners = [(0, 0), tuple(n - 1 for n in kept[0].shape[2:])]
        for row, column in [*corners, tuple(n // 2 for n in kept[0].shape[2:])]:
            (grad,) = torch.autograd.grad(kept[0][0, :, row, column].sum(), image, retain_graph=True)
            rows, columns = np.nonzero(grad[0, 0].numpy())
            window = page.page.evaluate(
                """async ([index, place]) => {
                    const core = await import('/core.js');
                    return core.receptiveWindow(core.readNet(model.get('nets')[0]), index, place, [28, 28]);
                }""",
                [index, [row, column]],
            )
            assert window["row"] <= rows.min() and window["row"] + window["height"] > rows.max()
            assert window["column"] <= columns.min() and window["column"] + window["width"] > columns.max()
            if name != "grouped, dilated, same" or (row, column) not in corners:
                # At a border the pixels nearest to it may lie between the taps of a dilated kernel.
                size = {"height": np.ptp(rows) + 1, "width": np.ptp(columns) + 1}
                assert window == {"row": rows.min(), "column": columns.min()} | size, (index, row, column)


# The form


def drawings() -> list[np.ndarray]:
    """Strokes of many sizes and shapes, symmetric ones too, whose centre of mass is a tie."""
    rng = np.random.default_rng(5)
    found = []
    for height, width in [(1, 1), (1, 56), (56, 1), (7, 3), (13, 20), (20, 13), (33, 17), (56, 56), (3, 50)]:
        for block in (np.full((height, width), 200), rng.integers(0, 256, (height, width))):
            page = np.zeros((56, 56))
            top, left = (int(rng.integers(57 - n)) for n in (height, width))
            page[top : top + height, left : left + width] = block
            found.append(page)
    return [*found, np.zeros((56, 56)), *(np.kron(digit, np.ones((2, 2))) for digit in SAMPLES.digits)]


def test_browser_and_python_agree_on_mnist_s_form(visit: Any) -> None:
    page = visit(DigitPad())
    for drawing in drawings():
        mine = page.page.evaluate(
            """async drawing => {
                const core = await import('/core.js');
                return core.nested(core.toMnist(core.map(core.tensor(drawing), v => v / 255)).image);
            }""",
            drawing.tolist(),
        )
        np.testing.assert_allclose(mine, data.to_mnist(drawing / 255), atol=1e-6)


def test_real_digits_on_the_pad_are_read(visit: Any, mnist_folder: Any) -> None:
    """The net that notebook 00 stores, trained to 99 %, on 200 test pictures enlarged to the pad."""
    notebook = json.loads((PROJECT / "notebooks" / "00_start_here.ipynb").read_text(encoding="utf-8"))
    kept = [
        output["data"]["application/vnd.cnnlib.explorer+json"]
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
        if "application/vnd.cnnlib.explorer+json" in output.get("data", {})
    ]
    assert [explorer["name"] for explorer in kept] == ["DigitPad"]
    page = visit(DigitPad())
    test = data.load_mnist(download=False).test
    said = page.page.evaluate(
        """async ([traits, images]) => {
            const core = await import('/core.js');
            const { show } = await import('/page.js');
            const there = document.body.appendChild(document.createElement('div'));
            const { model } = await show(there, { name: 'DigitPad', traits: { ...traits, maps: 'none' } });
            return images.map(image => {
                const { shape, data } = core.upsampleNearest(core.tensor([image]), 2);
                model.set('drawing', core.packed({ shape: shape.slice(1), data }));
                return there.querySelector('.cnx-line').textContent;
            });
        }""",
        [kept[0]["traits"], test.images[:200, 0].tolist()],
    )
    right = [line.startswith(f"Read as {label},") for line, label in zip(said, test.labels, strict=False)]
    assert len(right) == 200 and sum(right) >= 194


# What the reader does


def test_a_drag_draws_and_is_read(visit: Any) -> None:
    net = build("trained").eval()
    page = visit(DigitPad(net))
    page.press("Clear")
    assert pixels(page).max() == 0 and page.said() == "The pad is empty: draw a digit."
    assert page.page.locator(".cnx-value").all_inner_texts() == ["–"] * 10
    assert page.page.locator(".cnx-best").count() == 0
    assert page.page.locator(".cnx-fill").evaluate_all("all => all.every(e => e.offsetWidth === 0)")
    assert page.page.locator('canvas[aria-label^="the first layer"]').is_hidden()
    box = page.board("draw here").canvas.bounding_box()
    mouse = page.page.mouse
    mouse.move(box["x"] + 100, box["y"] + 50)
    mouse.down()
    mouse.move(box["x"] + 120, box["y"] + 230, steps=6)
    mouse.up()
    mouse.move(box["x"] + 250, box["y"] + 230)  # drawing ends with the button
    drawn = pixels(page)
    rows, columns = np.nonzero(drawn)
    assert (rows.min(), rows.max()) == (8, 48) and (columns.min(), columns.max()) == (18, 26)
    explorer = DigitPad(net, drawing=drawn)
    chances = torch.from_numpy(explorer.scores).softmax(0)
    first, second = chances.argsort(descending=True)[:2]
    assert page.said() == (
        f"Read as {first}, {percent(chances[first])}; next {second}, {percent(chances[second])}."
    )
    bars = page.page.locator(".cnx-value").all_inner_texts()
    assert bars == [percent(chance).replace("\u00a0", " ") for chance in chances]
    assert page.page.locator(".cnx-best").inner_text().startswith(str(int(first)))
    expected = net(torch.from_numpy(explorer.value[None, None]).float())[0].detach()
    np.testing.assert_allclose(explorer.scores, expected, atol=1e-4)


def percent(chance: Any) -> str:
    return f"{100 * float(chance):.1f}".rstrip("0").rstrip(".") + "\u00a0%"


def test_keys_move_lower_and_lift_the_brush(visit: Any) -> None:
    page = visit(DigitPad())
    page.press("Clear")
    board = page.board("draw here")
    board.keys(*["ArrowDown"] * 10, *["ArrowRight"] * 20)
    assert pixels(page).max() == 0
    board.keys("Space", *["ArrowDown"] * 8, "Space", *["ArrowRight"] * 9)
    rows, columns = np.nonzero(pixels(page))
    assert (rows.min(), rows.max()) == (8, 20) and (columns.min(), columns.max()) == (18, 22)
    assert page.said() == "The ink, 13 × 5, becomes 20 × 8, from row 5, column 11 on."


def test_a_finger_draws(visit: Any) -> None:
    page = visit(DigitPad(), width=400, has_touch=True)
    page.press("Clear")
    box = page.board("draw here").canvas.bounding_box()
    page.page.touchscreen.tap(box["x"] + 52, box["y"] + 102)
    drawn = pixels(page)
    assert drawn[20, 10] == 255 and drawn.astype(bool).sum() < 40


def test_examples_come_in_turn(visit: Any) -> None:
    page = visit(DigitPad())
    for digit in (0, 1, 2):
        page.press("Example")
        first = SAMPLES.digits[SAMPLES.labels == digit][0]
        np.testing.assert_array_equal(pixels(page), np.kron(first, np.ones((2, 2))))


def test_a_unit_tells_its_value_and_what_it_sees(visit: Any) -> None:
    net = build("trained").eval()
    page = visit(DigitPad(net, maps="all"))
    maps = net[:4](torch.from_numpy(DigitPad().value[None, None]).float())[0].detach()
    board = page.board("4. Conv2d")
    assert board.shape == (4 * 15 + 1, 8 * 15 + 1)
    board.hover(1 + 15 + 6, 1 + 2 * 15 + 7)  # map 10, row 6, column 7
    assert page.trait("unit") == [3, 10, 6, 7]
    value = f"{float(maps[10, 6, 7]):.3f}".rstrip("0").replace("-", "−")
    assert page.said() == (
        f"Conv2d, map 10, row 6, column 7: {value}. It sees rows 8 to 16, columns 10 to 18."
    )
    board.keys("ArrowRight")
    assert page.trait("unit") == [3, 10, 6, 8]
    board.keys(*["ArrowRight"] * 6)  # over the frame between two maps
    assert page.trait("unit") == [3, 11, 6, 0]
    board.keys("ArrowLeft")
    assert page.trait("unit") == [3, 10, 6, 13]
    board.hover(15, 20)  # on the frame
    assert page.trait("unit") == [] and page.said().startswith("Read as")
    board.keys(*["ArrowRight"] * 14, *["ArrowDown"] * 8)  # from where it was last
    assert page.trait("unit") == [3, 19, 0, 13]
    page.board("12. Linear").hover(1, 2 * 4 + 1)
    assert page.trait("unit") == [12, 4, 0, 0]
    assert page.said().startswith("Linear, unit 4: ") and page.said().endswith("It sees the whole picture.")


def test_maps_and_steps_as_asked(visit: Any) -> None:
    net = build("trained")
    canvases = {"none": 2, "first": 3, "all": 2 + 12}
    for maps, count in canvases.items():
        assert visit(DigitPad(net, maps=maps)).page.locator("canvas").count() == count
    page = visit(DigitPad(steps=True))
    shapes = [page.board(title).shape for title in ("1. cut out", "2. longer side", "3. centred")]
    assert shapes == [(40, 36), (20, 18), (28, 28)]
    page.press("Clear")
    assert page.board("3. centred").shape == (28, 28)


def test_python_moves_it(visit: Any) -> None:
    page = visit(DigitPad(build("trained")))
    shown = stored(DigitPad(drawing=np.zeros((56, 56))))["traits"]["drawing"]
    page.page.evaluate("model.set('unit', [0, 3, 5, 6])")
    assert page.said().startswith("Conv2d, map 3, row 5, column 6: ")
    page.page.evaluate("drawing => model.set('drawing', drawing)", shown)
    assert page.said() == "The pad is empty: draw a digit."


@pytest.mark.parametrize("boxed", [False, True])
@pytest.mark.parametrize("width", [360, 1000])
def test_picture_and_sentence_stay_in_sight(visit: Any, width: int, boxed: bool) -> None:
    """While the last map is pointed at; also where a frontend boxes outputs, and itself scrolls."""
    page = visit(DigitPad(build("trained"), maps="all"), width=width)
    if boxed:
        page.page.add_style_tag(
            content="main { height: 600px; margin-top: 30px; overflow: auto } #here { overflow-y: auto }"
        )
    page.page.set_viewport_size({"width": width, "height": 640})
    last = page.board("12. Linear")
    last.canvas.scroll_into_view_if_needed()
    page.page.wait_for_timeout(100)
    last.hover(1, 3)
    assert page.said().startswith("Linear, unit 1: ")
    for part in (".cnx-line", 'canvas[aria-label^="28 × 28"]'):
        seen = page.page.locator(part).evaluate(
            """part => {
                const box = part.getBoundingClientRect();
                const at = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
                return [box.top, box.bottom, at === part];
            }"""
        )
        assert 0 <= seen[0] < seen[1] <= 300 and seen[2], (part, seen)


# A net that only Python can run


class Skipping(nn.Module):
    """What is registered looks like a chain, and forward is none."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how
        self.features = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1))
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(4 * 28 * 28, 10))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.how == "skip":
            middle = self.features[1](self.features[0](x))
            return self.head(middle + self.features[2](middle))
        if self.how == "normalised":
            x = (x - 0.13) / 0.31
        maps = self.features(x)
        if self.how == "relu":
            maps = maps.relu()
        return self.head(maps.transpose(2, 3) if self.how == "turned" else maps)


@pytest.mark.parametrize("how", ["skip", "normalised", "relu", "turned"])
def test_what_is_no_plain_chain_is_not_misread(how: str) -> None:
    net = Skipping(how)
    assert read(net, probes(28, 28)) is None
    assert read(Skipping("plain"), probes(28, 28)) is not None
    explorer = DigitPad(net)
    expected = net.eval()(torch.from_numpy(explorer.value[None, None]).float())[0].detach()
    np.testing.assert_allclose(explorer.scores, expected, atol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Tanh(),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.MaxPool2d(2, dilation=2),
        nn.AvgPool2d(2, padding=1, count_include_pad=False),
        nn.AvgPool2d(2, divisor_override=3),
        nn.BatchNorm2d(1, track_running_stats=False),
        nn.AdaptiveAvgPool2d(3),
        nn.Flatten(2),
        nn.ConvTranspose2d(1, 2, 3, output_padding=1, stride=2),
        nn.LogSoftmax(dim=2),
    ],
)
def test_layers_with_other_settings_are_left_to_python(layer: nn.Module) -> None:
    assert read(nn.Sequential(layer, nn.Flatten()), probes(28, 28)) is None


def test_the_mode_of_a_model_and_the_random_state_stay(visit: Any) -> None:
    net = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(784, 10), nn.Tanh())
    net[1].eval()
    state = torch.get_rng_state()
    explorer = DigitPad(net)
    explorer.drawing = np.zeros((56, 56))
    assert net.training and not net[1].training and torch.equal(torch.get_rng_state(), state)
    assert explorer.asks_python and explorer.nets == []
    assert all(p.grad is None for p in net.parameters())


def test_python_answers_where_the_browser_cannot(visit: Any) -> None:
    explorer = DigitPad(Skipping("skip"))
    page = visit(explorer)
    assert page.said().endswith("Python has the net: run the cell to ask it.")
    assert page.page.locator(".cnx-bar").first.is_hidden()
    # In a notebook there is a Python: here the test carries the messages.
    page = visit(explorer)
    page.page.evaluate("reply => model.set('_reply', reply)", explorer.get_state("_reply")["_reply"])
    assert page.said().endswith("Computed by Python.")
    page.board("draw here").click(3, 3)
    page.board("draw here").click(9, 30)  # before the answer has come: asked as soon as it has
    assert page.said() == "Asking Python." and page.trait("_asked") == 1
    for asked in (1, 2):
        explorer.set_state({"drawing": page.trait("drawing"), "_asked": page.trait("_asked")})
        page.page.evaluate("reply => model.set('_reply', reply)", explorer.get_state("_reply")["_reply"])
        assert page.trait("_asked") == 2, asked
    assert explorer.drawing[9, 30] == explorer.drawing[3, 3] == 255
    best = int(explorer.scores.argmax())
    chance = torch.from_numpy(explorer.scores).softmax(0)[best]
    assert page.said().startswith(f"Read as {best}, {percent(chance)}; ")
    assert page.said().endswith("Computed by Python.")


@pytest.mark.parametrize("model", [None, "trained"])
def test_python_hears_of_every_stroke_without_being_asked(visit: Any, model: str | None) -> None:
    explorer = DigitPad(model and build(model))
    page = visit(explorer)
    page.page.evaluate("state => Object.entries(state).forEach(([k, v]) => model.set(k, v))", live(explorer))
    for row, column in ((3, 3), (9, 30), (40, 50)):
        page.board("draw here").click(row, column)
        assert pixels(page)[row, column] == 255 and page.trait("_asked") == 0


def live(explorer: DigitPad) -> Any:
    """What a notebook's frontend holds beyond the stored traits."""
    return explorer.get_state(["_asked", "_reply"])


# What it refuses, and what it keeps


def test_other_models_are_refused() -> None:
    with pytest.raises(TypeError, match=r"DigitPad: model expects a torch\.nn\.Module, got str"):
        DigitPad("net")
    with pytest.raises(
        traitlets.TraitError, match=r"scores \(N, 10\) from images \(N, 1, 28, 28\), got \(11, 9\)"
    ):
        DigitPad(nn.Sequential(nn.Flatten(), nn.Linear(784, 9)))
    with pytest.raises(traitlets.TraitError, match=r"but the net raised RuntimeError"):
        DigitPad(nn.Linear(5, 10))
    with pytest.raises(
        traitlets.TraitError, match=r"DigitPad: drawing expects shape \(56, 56\), got \(28, 28\)"
    ):
        DigitPad(drawing=np.zeros((28, 28)))
    with pytest.raises(traitlets.TraitError, match="drawing expects numbers from 0 to 255, got 0 to 300"):
        DigitPad(drawing=np.full((56, 56), [*[0] * 55, 300]))
    with pytest.raises(traitlets.TraitError, match="maps"):
        DigitPad(maps="some")


def test_repr_value_and_stored_form(visit: Any) -> None:
    explorer = DigitPad(build("trained"), maps="none")
    assert repr(explorer) == "DigitPad(maps='none', nets=[<13 layers, 29,546 parameters>])"
    assert repr(DigitPad()) == "DigitPad()" and DigitPad().scores is None
    assert explorer.value.shape == (28, 28) and 0.9 < explorer.value.max() <= 1
    assert not DigitPad(drawing=np.zeros((56, 56))).value.any()
    bundle, _ = explorer._repr_mimebundle_()
    text = json.dumps(bundle["application/vnd.cnnlib.explorer+json"])
    assert len(text) < 110_000 and len(bundle["image/png"]) < 60_000
    assert bundle == DigitPad(build("trained"), maps="none")._repr_mimebundle_()[0] | {
        "application/vnd.jupyter.widget-view+json": bundle["application/vnd.jupyter.widget-view+json"]
    }
    # Weights of 16 bits tell the same story.
    page = visit(explorer)
    full = logits(page, SAMPLES.digits / 255)
    page.page.evaluate("nets => model.set('nets', nets)", json.loads(text)["traits"]["nets"])
    lean = logits(page, SAMPLES.digits / 255)
    np.testing.assert_allclose(full, lean, atol=0.01)
    assert not np.array_equal(full, lean)


def test_too_many_weights_are_not_stored(visit: Any) -> None:
    explorer = DigitPad(models.ConvNet())
    bundle, _ = explorer._repr_mimebundle_()
    traits = bundle["application/vnd.cnnlib.explorer+json"]["traits"]
    assert traits["nets"] == [] and traits["asks_python"] and explorer.nets
    assert len(json.dumps(bundle)) < 80_000


def test_half_numbers_are_numpy_s(visit: Any) -> None:
    values = np.array([0, -0.0, 1, -2.5, 65504, 6e-8, -6e-5, 1 / 3, 0.1], np.float16)
    sent = {"shape": [9], "dtype": "float16", "base64": base64.b64encode(values.tobytes()).decode()}
    got = visit(DigitPad()).page.evaluate(
        "async sent => { const core = await import('/core.js'); return core.nested(core.tensor(sent)); }",
        sent,
    )
    np.testing.assert_array_equal(got, values.astype(float))


@pytest.mark.parametrize("dark", [False, True])
def test_accessible_in_light_and_dark(visit: Any, dark: bool) -> None:
    for width, how in ((360, {"maps": "all"}), (700, {"maps": "first"}), (1200, {"steps": True})):
        page = visit(DigitPad(build("trained"), **how), width=width, dark=dark, reduced_motion="reduce")
        assert page.violations() == []
        assert page.overflow() <= 0
        page.screenshot(f"digit_pad_{'dark' if dark else 'light'}_{width}")


def test_answers_within_two_frames(visit: Any) -> None:
    """Notebook 00's net within a frame, the course's ConvNet, 5.4 million products, within 50 ms."""
    stroke = """
        const board = document.querySelector('canvas[aria-label^="draw here"]');
        const box = board.getBoundingClientRect();
        const at = type => board.dispatchEvent(new PointerEvent(type, { bubbles: true, pointerId: 1,
          clientX: box.left + 40 + 7 * i, clientY: box.top + 60 + 5 * i }));
        if (i === 0) { board.setPointerCapture = () => {}; at('pointerdown'); }
        at('pointermove');"""
    for name, most in (("trained", 16), ("convnet", 50)):
        page = visit(DigitPad(build(name)))
        took = page.median_ms(stroke, 21)
        print(f"{name}: {took:.1f} ms")
        assert took < most
