"""A net as core.js reads it, written as an ONNX file: the few messages of its format that this takes.

The format is Protocol Buffers' over https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, operator set 17.
"""

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Layer = dict[str, Any]
FLOAT = 1


def array(stored: dict[str, Any]) -> NDArray[np.float32]:
    """The weights of one layer as numbers."""
    values = np.frombuffer(base64.b64decode(stored["base64"]), stored["dtype"])
    return values.reshape(stored["shape"]).astype(np.float32)


def model(layers: list[Layer]) -> bytes:
    """The bytes of a model from "images" (N, 1, 28, 28) to the last layer's outputs, "logits"."""
    names = ["images", *(f"after{index}" for index in range(len(layers) - 1)), "logits"]
    graph = b""
    for index, (layer, before, after) in enumerate(zip(layers, names[:-1], names[1:], strict=True)):
        kind, attributes, weights = _meaning(layer)
        inputs = [before]
        for name, values in weights:
            inputs.append(f"{name}{index}")
            graph += _field(5, _tensor(inputs[-1], values))
        graph += _field(1, _node(kind, inputs, after, attributes))
    graph += _field(2, b"net") + _field(11, _value("images", 4)) + _field(12, _value("logits", 2))
    return _field(1, 8) + _field(8, _field(2, 17)) + _field(7, graph)


def _meaning(layer: Layer) -> tuple[str, dict[str, Any], Iterator[tuple[str, NDArray[np.float32]]]]:
    """The operator of a layer, its attributes, and its weights in the operator's order."""
    kind, order, attributes = layer["kind"], ("weight", "bias"), {}
    if kind == "Conv2d":
        (top, bottom), (left, right) = layer["padding"]
        attributes = {"strides": layer["stride"], "pads": [top, left, bottom, right]}
        attributes |= {"dilations": layer["dilation"], "group": layer["groups"]}
    elif kind == "MaxPool2d":
        high, wide = layer["padding"]
        attributes = {
            "kernel_shape": layer["kernel_size"],
            "strides": layer["stride"],
            "pads": [high, wide] * 2,
        }
    elif kind == "BatchNorm2d":
        order = ("weight", "bias", "mean", "variance")
        attributes = {"epsilon": layer["eps"]}
    elif kind == "Linear":
        attributes = {"transB": 1}
    weights = ((name, array(layer[name])) for name in order if name in layer)
    names = {"Conv2d": "Conv", "BatchNorm2d": "BatchNormalization", "MaxPool2d": "MaxPool", "Linear": "Gemm"}
    return names.get(kind) or {"ReLU": "Relu", "Flatten": "Flatten"}[kind], attributes, weights


def _tensor(name: str, values: NDArray[np.float32]) -> bytes:
    sizes = b"".join(_field(1, size) for size in values.shape)
    return sizes + _field(2, FLOAT) + _field(8, name.encode()) + _field(9, values.tobytes())


def _node(kind: str, inputs: list[str], output: str, attributes: dict[str, Any]) -> bytes:
    named = b"".join(_field(1, name.encode()) for name in inputs) + _field(2, output.encode())
    return (
        named
        + _field(4, kind.encode())
        + b"".join(_field(5, _attribute(*pair)) for pair in attributes.items())
    )


def _attribute(name: str, value: Any) -> bytes:
    head = _field(1, name.encode())
    if isinstance(value, float):
        return head + b"\x15" + np.float32(value).tobytes() + _field(20, 1)
    if isinstance(value, int):
        return head + _field(3, value) + _field(20, 2)
    return head + b"".join(_field(8, part) for part in value) + _field(20, 7)


def _value(name: str, axes: int) -> bytes:
    shape = b"".join(_field(1, _field(2, b"n")) for _ in range(axes))  # sizes of any value
    return _field(1, name.encode()) + _field(2, _field(1, _field(1, FLOAT) + _field(2, shape)))


def _field(number: int, content: int | bytes) -> bytes:
    if isinstance(content, int):
        return _varint(number << 3) + _varint(content)
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])
