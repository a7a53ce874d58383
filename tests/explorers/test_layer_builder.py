"""The layer builder on a plain page: shapes and costs as torch has them, and code that runs."""

from typing import Any

import numpy as np
import pytest
import torch
import traitlets
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cnnlib import models, shapes
from cnnlib.explorers import LayerBuilder
from cnnlib.explorers.layer_builder import CONVNET

EVERYTHING = ["pooling", "normalisation", "receptive_field"]
CONV3 = {"layer": "Conv2d", "out_channels": 8, "kernel_size": 3}


def table(page: Any) -> list[list[str]]:
    """The cells of the visible rows: layer, output, parameters, MACs, bytes, and perhaps the receptive field."""
    rows: list[list[str]] = page.page.evaluate(
        "() => [...document.querySelectorAll('tbody tr')].filter(row => !row.hidden)"
        ".map(row => [...row.children].filter(cell => !cell.hidden).map(cell => cell.textContent))"
    )
    return rows


def total(page: Any) -> list[str]:
    cells: list[str] = page.page.locator("tfoot tr > *").all_inner_texts()
    return cells


def code(page: Any) -> str:
    text: str = page.page.locator("pre").text_content()
    return text


def fill(page: Any, label: str, value: object) -> None:
    page.page.get_by_role("spinbutton", name=label, exact=True).fill(str(value))


def built(text: str) -> nn.Sequential:
    space: dict[str, Any] = {}
    exec(text, space)
    model: nn.Sequential = space["model"].eval()
    return model


def random_layer(rng: np.random.Generator) -> dict[str, Any]:
    kind = rng.choice(["Conv2d", "Conv2d", "Conv2d", "ReLU", "MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d",
                       "BatchNorm2d", "Flatten", "Linear"])  # fmt: skip
    k, s, p, d = (int(rng.integers(low, high)) for low, high in ((1, 5), (1, 4), (0, 3), (1, 3)))
    if kind == "Conv2d":
        out, groups = int(rng.choice([2, 3, 4, 6])), int(rng.choice([1, 1, 2, 3]))
        return {"layer": "Conv2d", "out_channels": out, "kernel_size": k, "stride": s, "padding": p,
                "dilation": d, "groups": groups}  # fmt: skip
    if kind.endswith("Pool2d") and kind != "AdaptiveAvgPool2d":
        return {"layer": str(kind), "kernel_size": k, "stride": s, "padding": p}
    return {"layer": str(kind), **({"out_features": 5} if kind == "Linear" else {})}


def torch_layer(layer: dict[str, Any], inputs: int) -> nn.Module:
    """Build one layer straight from its dict."""
    kind, settings = layer["layer"], {name: value for name, value in layer.items() if name != "layer"}
    if kind in ("Conv2d", "Linear"):
        return getattr(nn, kind)(inputs, **settings)
    if kind in ("AdaptiveAvgPool2d", "BatchNorm2d"):
        return getattr(nn, kind)({"AdaptiveAvgPool2d": 1}.get(kind, inputs))
    return getattr(nn, kind)(**settings)


def torch_rows(in_shape: tuple[int, ...], layers: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Shape, parameters and MACs of each layer that torch can run."""
    x, rows = torch.zeros(1, *in_shape), []
    for layer in layers:
        if layer["layer"] == "Linear" and x.ndim > 2:
            break  # torch would read the rows of a map that happens to be as wide
        if layer["layer"] == "AdaptiveAvgPool2d" and x.ndim == 2:
            break  # torch would take the one row for a map
        try:
            module = torch_layer(layer, x.shape[1]).eval()
            with FlopCounterMode(display=False) as counter:
                x = module(x)
        except (RuntimeError, ValueError, IndexError):
            break
        parameters = sum(p.numel() for p in module.parameters())
        rows.append((tuple(x.shape[1:]), parameters, counter.get_total_flops() // 2))
    return rows


def test_random_stacks_are_what_torch_makes_of_them(visit: Any) -> None:
    rng, cases = np.random.default_rng(6), []
    for _ in range(150):
        in_shape = (int(rng.integers(1, 5)), *(int(rng.integers(3, 20)) for _ in range(2)))
        cases.append((in_shape, [random_layer(rng) for _ in range(rng.integers(1, 8))]))
    page = visit(LayerBuilder())
    found = page.page.evaluate(
        "async cases => { const { stackCosts } = await import('/core.js');"
        "return cases.map(([inShape, layers]) => stackCosts(inShape, layers)); }",
        cases,
    )
    broken = 0
    for (in_shape, layers), costs in zip(cases, found, strict=True):
        expected = torch_rows(in_shape, layers)
        rows = [(tuple(row["shape"]), row["parameters"], row["macs"]) for row in costs["rows"][1:]]
        assert rows == expected, (in_shape, layers)
        assert bool(costs["problem"]) == (len(expected) < len(layers)), (in_shape, layers)
        broken += bool(costs["problem"])
        memory = [0 if layer["layer"] == "Flatten" else 4 * int(np.prod(row[0]))
                  for layer, row in zip(layers, expected, strict=False)]  # fmt: skip
        assert [row["bytes"] for row in costs["rows"][1:]] == memory
        explorer = LayerBuilder(in_shape=in_shape, layers=layers)
        assert explorer.outputs == [row[0] for row in expected]
        assert [list(field) for field in explorer.fields] == [row["field"] for row in costs["rows"][1:]]
        if not costs["problem"]:
            model = built(explorer.value)
            assert tuple(model(torch.zeros(1, *in_shape)).shape[1:]) == expected[-1][0]
            assert sum(p.numel() for p in model.parameters()) == sum(row[1] for row in expected)
    assert 20 < broken < 130


def test_receptive_fields_are_the_formula_s(visit: Any) -> None:
    layers = [
        {"layer": "Conv2d", "out_channels": 2, "kernel_size": 3, "dilation": 2},
        {"layer": "MaxPool2d", "kernel_size": 2},
        {"layer": "Conv2d", "out_channels": 2, "kernel_size": 4, "stride": 3},
        {"layer": "ReLU"},
        {"layer": "AvgPool2d", "kernel_size": 2, "stride": 1},
        {"layer": "Flatten"},
        {"layer": "Linear", "out_features": 3},
    ]
    page = visit(LayerBuilder(in_shape=(1, 40, 50), layers=layers, controls=EVERYTHING))
    walk, sizes = [(5, 1), (2, 2), (4, 3), (1, 1), (2, 1), (1, 1)], LayerBuilder(
        in_shape=(1, 40, 50), layers=layers).outputs  # fmt: skip
    fields = [shapes.receptive_field(walk[: n + 1]) for n in range(6)]
    seen = [row[2] for row in table(page)]
    assert seen[:-1] == ["1 × 1", *(f"{field} × {field}" for field in fields)]
    high, wide = (shapes.receptive_field([*walk, (side, 1)]) for side in sizes[4][1:])
    assert seen[-1] == f"{high} × {wide}"
    # What the gradient reaches, without ReLU and maxima, as in notebook 08.
    plain = [
        {**layer, "layer": layer["layer"].replace("Max", "Avg")}
        for layer in layers
        if layer["layer"] != "ReLU"
    ]
    image = torch.zeros(1, 1, 40, 50, requires_grad=True)
    model = built(LayerBuilder(in_shape=(1, 40, 50), layers=plain).value).double()
    model(image.double())[0, 0].backward()
    assert image.grad is not None
    rows, columns = np.nonzero(image.grad[0, 0].numpy())
    assert (rows.max() + 1, columns.max() + 1) == (high, wide)


def test_the_default_is_the_course_s_convnet(visit: Any) -> None:
    page = visit(LayerBuilder())
    rows, in_all = table(page), total(page)
    assert [row[1] for row in rows] == [
        "1 × 28 × 28", "16 × 24 × 24", "16 × 24 × 24", "32 × 20 × 20", "32 × 20 × 20", "12,800", "10"
    ]  # fmt: skip
    assert in_all == ["in all", "", "141,258", "5,478,400", "179,304"]
    assert sum(p.numel() for p in models.ConvNet().parameters()) == 141_258
    assert code(page) == LayerBuilder().value
    assert page.said() == (
        "Layer 3, Conv2d: 32 · (16 · 5 · 5 + 1) = 12,832 parameters; "
        "32 · 20 · 20 · 16 · 5 · 5 = 5,120,000 MACs."
    )
    flat = torch.zeros(1, 2, 3, 4)
    assert nn.Flatten()(flat).data_ptr() == flat.data_ptr()  # why Flatten counts no memory


def test_layers_are_added_edited_moved_and_removed(visit: Any) -> None:
    page = visit(LayerBuilder(controls=EVERYTHING))
    page.press("+ Conv2d")
    assert page.trait("selected") == 3
    for label, value in [
        ("out_channels", 64),
        ("kernel_size", 5),
        ("stride", 2),
        ("padding", 1),
        ("groups", 2),
    ]:
        fill(page, label, value)
    added = {"layer": "Conv2d", "out_channels": 64, "kernel_size": 5, "stride": 2, "padding": 1, "groups": 2}
    assert page.trait("layers")[3] == added
    assert table(page)[4][1] == "64 × 9 × 9"
    assert page.said().startswith(
        "Layer 4, Conv2d: 64 · (32 / 2 · 5 · 5 + 1) = 25,664 parameters; 64 · 9 · 9 · "
    )
    fill(page, "stride", 1)
    fill(page, "groups", 1)
    assert page.trait("layers")[3] == {
        **CONVNET[2],
        "out_channels": 64,
        "padding": 1,
    }  # as short as it can be
    page.press("Up")
    assert [layer.get("out_channels") for layer in page.trait("layers")] == [
        16,
        None,
        64,
        32,
        None,
        None,
        None,
    ]
    page.press("Down")
    page.press("Remove")
    assert page.trait("layers") == CONVNET
    page.press("+ MaxPool2d")
    fill(page, "kernel_size", 3)  # the stride follows
    assert page.page.get_by_role("spinbutton", name="stride").input_value() == "3"
    assert LayerBuilder(layers=page.trait("layers")).value == code(page)
    assert "nn.MaxPool2d(kernel_size=3)," in code(page)
    fill(page, "stride", 2)
    assert "nn.MaxPool2d(kernel_size=3, stride=2)," in code(page)


def test_rows_are_chosen_by_mouse_and_keys(visit: Any) -> None:
    page = visit(LayerBuilder())
    page.page.get_by_text("Linear(12800, 10)", exact=True).click()
    assert page.trait("selected") == 5
    assert (
        page.said() == "Layer 6, Linear: (12,800 + 1) · 10 = 128,010 parameters; 12,800 · 10 = 128,000 MACs."
    )
    for name in ("ArrowUp", "ArrowUp"):
        page.page.keyboard.press(name)
    assert page.said() == "Layer 4, ReLU: no parameters; 12,800 values."
    page.page.keyboard.press("Alt+ArrowUp")  # the focus follows the layer
    page.page.keyboard.press("Alt+ArrowUp")
    assert [layer["layer"] for layer in page.trait("layers")[:3]] == ["Conv2d", "ReLU", "ReLU"]
    page.page.keyboard.press("Delete")
    assert [layer["layer"] for layer in page.trait("layers")] == [
        "Conv2d",
        "ReLU",
        "Conv2d",
        "Flatten",
        "Linear",
    ]
    page.page.keyboard.press("ArrowDown")
    assert page.page.evaluate("document.activeElement.textContent") == "Conv2d(16, 32, kernel_size=5)"


def test_touch_chooses_a_row(visit: Any) -> None:
    page = visit(LayerBuilder(), width=400, has_touch=True)
    page.page.get_by_text("Flatten()", exact=True).tap()
    assert (
        page.said() == "Layer 5, Flatten: the same 12,800 values in one row; nothing is computed or copied."
    )


@pytest.mark.parametrize(
    ("in_shape", "layers", "row", "why"),
    [
        ((1, 4, 9), [{**CONV3, "kernel_size": 5}], 1,
         "the kernel reaches over 5 × 5 pixels, but the map has 4 × 9"),
        ((1, 4, 9), [{**CONV3, "dilation": 4, "padding": 1}], 1,
         "the kernel reaches over 9 × 9 pixels, but the padded map has 6 × 11"),
        ((3, 8, 8), [CONV3, {**CONV3, "out_channels": 9, "groups": 3}], 2,
         "3 groups cannot share 8 channels in and 9 out: both must be divisible by 3"),
        ((3, 8, 8), [CONV3, {"layer": "Linear", "out_features": 10}], 2,
         "it expects one row of numbers, and here come 8 maps of 6 × 6: put a Flatten before it"),
        ((3, 8, 8), [{"layer": "Flatten"}, CONV3], 2,
         "it expects maps, and behind a Flatten there is only a row of 192 numbers: put it before"),
        ((3, 8, 8), [{"layer": "MaxPool2d", "kernel_size": 2, "padding": 2}], 1,
         "the padding may be at most half of the kernel size, here 1, but it is 2"),
    ],
)  # fmt: skip
def test_the_impossible_row_says_why(visit: Any, in_shape: Any, layers: Any, row: int, why: str) -> None:
    explorer = LayerBuilder(in_shape=in_shape, layers=[*layers, {"layer": "ReLU"}])
    page = visit(explorer)
    kind = layers[row - 1]["layer"]
    assert page.said() == f"Layer {row}, {kind}, is impossible: {why}."
    rows = table(page)
    assert rows[row][1:] == [f"Impossible: {why}."]
    assert rows[row + 1][1:] == [""] * 4
    assert total(page)[1:] == [""] * 4
    assert len(explorer.outputs) == row - 1
    assert code(page) == explorer.value
    assert code(page).endswith(f"    # {kind}, layer {row}, cannot follow here\n)")
    built(code(page))  # what stands above it still runs
    explorer._repr_mimebundle_()


def test_a_repaired_row_comes_back(visit: Any) -> None:
    page = visit(LayerBuilder())
    fill(page, "height", 8)
    assert page.said() == (
        "Layer 3, Conv2d, is impossible: the kernel reaches over 5 × 5 pixels, but the map has 4 × 24."
    )
    fill(page, "padding", 1)
    assert total(page)[2] == f"{416 + 12_832 + (32 * 2 * 22 + 1) * 10:,}"
    fill(page, "height", "")  # nothing while nobody knows
    fill(page, "kernel_size", 99)
    assert page.trait("in_shape") == [1, 8, 28]
    assert page.trait("layers")[2]["kernel_size"] == 5
    page.page.get_by_role("spinbutton", name="height").focus()
    page.page.keyboard.press("Tab")
    assert page.page.get_by_role("spinbutton", name="height").input_value() == "8"


def test_at_most_twelve_layers_and_none(visit: Any) -> None:
    page = visit(LayerBuilder(layers=[]))
    assert page.said() == "No layers yet: add one."
    for _ in range(12):
        page.press("+ ReLU")
    assert len(page.trait("layers")) == 12
    assert page.page.get_by_role("button", name="+ ReLU").is_disabled()
    assert LayerBuilder(layers=[]).value.endswith("nn.Sequential(\n)")


def test_the_code_is_copied(visit: Any) -> None:
    page = visit(LayerBuilder())
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.press("Copy")
    page.page.get_by_role("button", name="Copied").wait_for()
    copied = page.page.evaluate(
        "navigator.clipboard ? navigator.clipboard.readText() : String(getSelection())"
    )
    assert copied.strip() == LayerBuilder().value
    assert sum(p.numel() for p in built(copied).parameters()) == 141_258


def test_python_moves_it(visit: Any) -> None:
    page = visit(LayerBuilder())
    page.page.evaluate(
        "() => { model.set('in_shape', [3, 10, 12]); model.set('selected', 0);"
        "model.set('layers', [{ layer: 'Conv2d', out_channels: 4, kernel_size: 3 }]); }"
    )
    assert [row[1] for row in table(page)] == ["3 × 10 × 12", "4 × 8 × 10"]
    assert (
        page.said()
        == "Layer 1, Conv2d: 4 · (3 · 3 · 3 + 1) = 112 parameters; 4 · 8 · 10 · 3 · 3 · 3 = 8,640 MACs."
    )


def test_what_is_offered_depends_on_the_notebook(visit: Any) -> None:
    first, later = visit(LayerBuilder()), visit(LayerBuilder(controls=EVERYTHING))
    offered = (
        "() => [...document.querySelectorAll('button')].map(b => b.textContent).filter(t => t[0] === '+')"
    )
    assert first.page.evaluate(offered) == ["+ Conv2d", "+ ReLU", "+ Flatten", "+ Linear"]
    assert len(later.page.evaluate(offered)) == 8
    heads = [page.page.locator("thead th").all_inner_texts() for page in (first, later)]
    assert heads[0] == ["layer", "output", "parameters", "MACs", "memory, bytes"]
    assert heads[1] == ["layer", "output", "receptive field", "parameters", "MACs", "memory, bytes"]
    assert later.said().endswith("Each value sees 9 × 9 pixels of the image.")


def test_a_narrow_table_hides_nothing(visit: Any) -> None:
    plain = visit(LayerBuilder(), width=360)
    assert plain.page.locator("thead th").all_inner_texts() == ["layer", "output", "params", "MACs", "kB"]
    assert table(plain)[3] == ["Conv2d(16, 32, kernel_size=5)", "32×20×20", "12,832", "5,120,000", "51.2"]
    assert total(plain) == ["in all", "", "141,258", "5,478,400", "179.3"]
    right = plain.page.locator("tfoot td").last.bounding_box()
    assert right["x"] + right["width"] <= 360
    assert plain.page.locator(".cnx-more").count() == 0
    large = [{"layer": "Conv2d", "out_channels": 512, "kernel_size": 5, "padding": 2}]
    wide = visit(LayerBuilder(in_shape=(512, 512, 512), layers=large, controls=EVERYTHING), width=360)
    assert wide.page.locator(".cnx-more").count() == 1  # it goes on behind the edge
    field = wide.page.locator("thead th").nth(2).bounding_box()
    assert field["x"] + field["width"] <= 360
    wide.page.locator(".cnx-wide").evaluate("part => { part.scrollLeft = 1000; }")
    wide.page.wait_for_function("!document.querySelector('.cnx-more')")
    first = wide.page.locator("tfoot th").bounding_box()
    assert 0 <= first["x"] < 20  # the names stay
    wide.resize(1000)
    assert wide.page.locator("thead th").nth(2).inner_text() == "receptive field"
    assert wide.page.locator(".cnx-more").count() == 0


def test_the_moves_have_a_line_of_their_own(visit: Any) -> None:
    page = visit(LayerBuilder(), width=360)
    line = page.page.get_by_role("button", name="Up").locator("..")
    assert line.locator("> *").all_inner_texts() == ["layer 3:", "Up", "Down", "Remove"]
    middles = {round(box["y"] + box["height"] / 2) for part in line.locator("> *").all()
               if (box := part.bounding_box())}  # fmt: skip
    assert max(middles) - min(middles) <= 2


@pytest.mark.parametrize("dark", [False, True])
def test_accessible_in_light_and_dark(visit: Any, dark: bool) -> None:
    wrong = [*CONVNET[:2], {"layer": "Linear", "out_features": 10}, *CONVNET[3:]]
    for width, layers in ((360, CONVNET), (700, wrong), (1200, CONVNET)):
        page = visit(
            LayerBuilder(layers=layers, controls=EVERYTHING), width=width, dark=dark, reduced_motion="reduce"
        )
        assert page.violations() == []
        assert page.overflow() <= 0
        page.screenshot(f"layer_builder_{'dark' if dark else 'light'}_{width}")


def test_answers_within_a_frame(visit: Any) -> None:
    page = visit(LayerBuilder(controls=EVERYTHING, layers=[CONV3] * 12))
    edit = (
        "const input = [...document.querySelectorAll('.cnx-field')].find(f => f.textContent === 'padding')"
        ".querySelector('input'); input.value = i % 3; input.dispatchEvent(new Event('input'))"
    )
    assert page.median_ms(edit) < 16
    key = "document.querySelectorAll('.cnx-pick')[i % 12].click()"
    assert page.median_ms(key) < 16


def test_traits_are_checked() -> None:
    explorer = LayerBuilder()
    for layers, message in [
        ([{"layer": "Conv3d"}], r"LayerBuilder: layers\[0\] expects 'layer' to be one of Conv2d, .*, got 'Conv3d'"),
        ([{"layer": "ReLU"}, {"layer": "Linear"}],
         r"layers\[1\] Linear expects out_features to be an integer from 1 to 100000, got None"),
        ([{**CONV3, "kernel_size": 0}], "kernel_size to be an integer from 1 to 31, got 0"),
        ([{**CONV3, "kernel_size": (3, 3)}], "kernel_size to be an integer"),
        ([{**CONV3, "stride": True}], "stride to be an integer from 1 to 31, got True"),
        ([{**CONV3, "bias": False}], r"layers\[0\] Conv2d expects no 'bias'"),
        ([{"layer": "ReLU"}] * 13, "at most 12 layers, got 13"),
        ([3], "layers"),
    ]:  # fmt: skip
        with pytest.raises(traitlets.TraitError, match=message):
            explorer.layers = layers
    for in_shape in ((0, 5, 5), (1, 2000, 5), (3, 5)):
        with pytest.raises(traitlets.TraitError, match="in_shape"):
            explorer.in_shape = in_shape
    assert explorer.layers == CONVNET


def test_value_and_repr() -> None:
    explorer = LayerBuilder()
    assert repr(explorer) == "LayerBuilder()"
    model = built(explorer.value)
    assert [tuple(p.shape) for p in model.parameters()] == [
        tuple(p.shape) for p in models.ConvNet().parameters()
    ]
    explorer.layers = [{"kernel_size": 2, "layer": "MaxPool2d", "stride": 2}, {**CONV3, "stride": 1}]
    assert repr(explorer) == (
        "LayerBuilder(layers=[{'layer': 'MaxPool2d', 'kernel_size': 2}, "
        "{'layer': 'Conv2d', 'out_channels': 8, 'kernel_size': 3}])"
    )
    assert explorer.outputs == [(1, 14, 14), (8, 12, 12)]
    explorer.set_state({"in_shape": [3, 9, 8], "layers": [{"layer": "Flatten"}], "selected": 0})  # as sent
    assert explorer.outputs == [(216,)]
