"""A stack of layers: what comes out of each, what it costs, and the code of the whole."""

from collections.abc import Iterator
from contextlib import suppress
from math import prod
from typing import Any

import traitlets

from cnnlib import diagrams, shapes
from cnnlib.explorers.base import Explorer

Layer = dict[str, Any]

# What a layer must be told, and what it is told if it differs; a pooling's stride is its kernel_size.
_CONV: dict[str, int | None] = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
_POOL: dict[str, int | None] = {"stride": None, "padding": 0}
KINDS: dict[str, tuple[tuple[str, ...], dict[str, int | None]]] = {
    "Conv2d": (("out_channels", "kernel_size"), _CONV),
    "ReLU": ((), {}),
    "MaxPool2d": (("kernel_size",), _POOL),
    "AvgPool2d": (("kernel_size",), _POOL),
    "AdaptiveAvgPool2d": ((), {}),
    "BatchNorm2d": ((), {}),
    "Flatten": ((), {}),
    "Linear": (("out_features",), {}),
}
_RANGES = {
    "out_channels": (1, 2048),
    "kernel_size": (1, 31),
    "stride": (1, 31),
    "padding": (0, 31),
    "dilation": (1, 15),
    "groups": (1, 2048),
    "out_features": (1, 100_000),
}
CONVNET: list[Layer] = [
    {"layer": "Conv2d", "out_channels": 16, "kernel_size": 5},
    {"layer": "ReLU"},
    {"layer": "Conv2d", "out_channels": 32, "kernel_size": 5},
    {"layer": "ReLU"},
    {"layer": "Flatten"},
    {"layer": "Linear", "out_features": 10},
]


def _checked(where: str, layer: Layer) -> Layer:
    """Return a layer with what torch must be told of it, in torch's order; TraitError for anything else."""
    kind = layer.get("layer")
    if kind not in KINDS:
        raise traitlets.TraitError(f"{where} expects 'layer' to be one of {', '.join(KINDS)}, got {kind!r}")
    needed, usual = KINDS[kind]
    for name in set(layer) - {"layer", *needed, *usual}:
        raise traitlets.TraitError(f"{where} {kind} expects no {name!r}")
    checked: Layer = {"layer": kind}
    for name in (*needed, *usual):
        value = layer.get(name, usual.get(name))
        if value is None and name == "stride":
            continue
        low, high = _RANGES[name]
        if type(value) is not int or not low <= value <= high:
            raise traitlets.TraitError(
                f"{where} {kind} expects {name} to be an integer from {low} to {high}, got {value!r}"
            )
        ordinary = checked["kernel_size"] if name == "stride" and usual is _POOL else usual.get(name)
        if value != ordinary:
            checked[name] = value
    return checked


def _slide(layer: Layer, shape: tuple[int, ...]) -> tuple[tuple[int, ...], int, int]:
    """Return the output's shape, parameters and MACs of a layer that slides over maps."""
    k, padding, dilation = layer["kernel_size"], layer.get("padding", 0), layer.get("dilation", 1)
    channels, *sides = shape
    if layer["layer"] != "Conv2d" and padding > k // 2:
        raise ValueError(f"padding {padding} is more than half of the kernel size {k}")
    high, wide = (shapes.output_size(side, k, _stride(layer), padding, dilation) for side in sides)
    if layer["layer"] != "Conv2d":
        return (channels, high, wide), 0, 0
    out, groups = layer["out_channels"], layer.get("groups", 1)
    parameters = shapes.conv2d_params(channels, out, k, groups)
    return (out, high, wide), parameters, shapes.conv2d_macs(channels, out, k, (high, wide), groups)


def _stride(layer: Layer) -> int:
    stride: int = layer["kernel_size"] if layer["layer"] != "Conv2d" else 1
    return layer.get("stride") or stride


def _follow(layer: Layer, shape: tuple[int, ...]) -> tuple[tuple[int, ...], int, int]:
    """Return the output's shape, parameters and MACs of one layer; ValueError where it cannot follow."""
    kind, flat = layer["layer"], len(shape) == 1
    if kind == "ReLU":
        return shape, 0, 0
    if kind == "Flatten":
        return (prod(shape),), 0, 0
    if kind == "Linear":
        if not flat:
            raise ValueError(f"Linear expects one row of numbers, got maps {shape}: Flatten first")
        outputs = layer["out_features"]
        return (outputs,), (shape[0] + 1) * outputs, shape[0] * outputs
    if flat:
        raise ValueError(f"{kind} expects maps, got a row of {shape[0]} numbers: put it before Flatten")
    if kind == "AdaptiveAvgPool2d":
        return (shape[0], 1, 1), 0, 0
    if kind == "BatchNorm2d":
        return shape, 2 * shape[0], 0
    return _slide(layer, shape)


def _call(layer: Layer, inputs: int) -> str:
    """Write one layer's constructor call behind `inputs` channels or features."""
    kind, (needed, usual) = layer["layer"], KINDS[layer["layer"]]
    parts = {"Conv2d": [inputs], "BatchNorm2d": [inputs], "Linear": [inputs], "AdaptiveAvgPool2d": [1]}.get(
        kind, []
    )
    parts = [*parts, *(layer[name] for name in needed if name != "kernel_size")]
    names = [name for name in ("kernel_size", *usual) if name in layer]
    return f"{kind}({', '.join([*map(str, parts), *(f'{name}={layer[name]}' for name in names)])})"


class LayerBuilder(Explorer):
    """Build a stack of layers: each one's output, parameters, MACs and memory for one image, and the code.

    in_shape is the image's (C, H, W), at most 2048 × 1024 × 1024. layers has at most 12 dicts: "layer" names a class
    of `torch.nn` (Conv2d, ReLU, MaxPool2d, AvgPool2d, BatchNorm2d, Flatten, Linear, AdaptiveAvgPool2d to 1 × 1), the
    others are its arguments but for the number of inputs, one number for both axes. selected counts from 0. Memory is
    the layer's output in float32, none for Flatten. controls says what the reader is offered besides convolutions:
    any of "pooling", "normalisation", and "receptive_field" for its column. TraitError for other layers, arguments and
    ranges; a stack that does not fit together is no error: it is shown up to the layer that cannot follow.
    """

    in_shape = traitlets.Tuple(
        traitlets.Int(min=1, max=2048),
        traitlets.Int(min=1, max=1024),
        traitlets.Int(min=1, max=1024),
        default_value=(1, 28, 28),
    ).tag(sync=True)
    layers = traitlets.List(traitlets.Dict(), default_value=CONVNET).tag(sync=True)
    selected = traitlets.Int(2, min=0, max=11).tag(sync=True)
    controls = traitlets.List(traitlets.Enum(["pooling", "normalisation", "receptive_field"])).tag(sync=True)

    @traitlets.validate("layers")
    def _known(self, proposal: Any) -> list[Layer]:
        layers = proposal["value"]
        if len(layers) > 12:
            raise traitlets.TraitError(f"LayerBuilder: layers expects at most 12 layers, got {len(layers)}")
        return [_checked(f"LayerBuilder: layers[{index}]", layer) for index, layer in enumerate(layers)]

    def _rows(self) -> Iterator[tuple[Layer, tuple[int, ...], tuple[int, ...], int, int]]:
        """Yield layer, input and output shape, parameters and MACs; ValueError at the layer that cannot follow."""
        before = self.in_shape
        for layer in self.layers:
            after, parameters, macs = _follow(layer, before)
            yield layer, before, after, parameters, macs
            before = after

    @property
    def value(self) -> str:
        """The code of the stack, a `torch.nn.Sequential`; it ends at the layer that cannot follow."""
        lines, done = ["import torch", "from torch import nn", "", "model = nn.Sequential("], 0
        try:
            for done, (layer, before, *_) in enumerate(self._rows(), 1):  # noqa: B007
                lines.append(f"    nn.{_call(layer, before[0])},")
        except ValueError:
            lines.append(f"    # {self.layers[done]['layer']}, layer {done + 1}, cannot follow here")
        return "\n".join([*lines, ")"])

    @property
    def outputs(self) -> list[tuple[int, ...]]:
        """The shape that leaves each layer, without the batch, up to the layer that cannot follow."""
        reached: list[tuple[int, ...]] = []
        with suppress(ValueError):
            reached.extend(after for _, _, after, *_ in self._rows())
        return reached

    @property
    def fields(self) -> list[tuple[int, int]]:
        """The receptive field behind each layer, (height, width), up to the layer that cannot follow."""
        walk: list[
            tuple[tuple[int, int], tuple[int, int]]
        ] = []  # (kernel size, stride) for height and for width
        seen, (_, *sides) = [], self.in_shape
        with suppress(ValueError):
            for layer, _, after, *_ in self._rows():
                if "kernel_size" in layer:
                    reach = layer.get("dilation", 1) * (layer["kernel_size"] - 1) + 1
                    walk.append(((reach, _stride(layer)),) * 2)
                elif layer["layer"] in ("AdaptiveAvgPool2d", "Linear"):  # each value reads the whole map
                    walk.append(((sides[0], 1), (sides[1], 1)))
                    sides = [1, 1]
                if len(after) == 3:
                    sides = list(after[1:])
                high, wide = (shapes.receptive_field([step[axis] for step in walk]) for axis in (0, 1))
                seen.append((high, wide))
        return seen

    def _draw(self) -> None:
        rows = [("image", self.in_shape, 0, 0, 4 * prod(self.in_shape))]
        note = ""
        try:
            for field, (layer, _, after, parameters, macs) in zip(
                [*self.fields, (0, 0)], self._rows(), strict=False
            ):
                memory = 0 if layer["layer"] == "Flatten" else 4 * prod(after)
                sees = f", sees {field[0]} × {field[1]}" if "receptive_field" in self.controls else ""
                rows.append((_name(layer) + sees, after, parameters, macs, memory))
        except ValueError as error:
            note = f"Layer {len(rows)} cannot follow. {error}"[:110]
        diagrams._cost_table(rows, note)


def _name(layer: Layer) -> str:
    """Name a layer in a picture: "Conv2d 5 × 5, stride 2"."""
    size = f" {layer['kernel_size']} × {layer['kernel_size']}" if "kernel_size" in layer else ""
    others = [name for name in ("stride", "padding", "dilation", "groups") if name in layer]
    return f"{layer['layer']}{size}" + "".join(f", {name} {layer[name]}" for name in others)
