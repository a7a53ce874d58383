"""The table of famous nets in notebook 11 says what torchvision's own models are, counted in two ways."""

import re
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from cnnlib import shapes
from tests.course import NOTEBOOKS, read

ROW = re.compile(r"^(\S+) +(\d{4}) +(\d+) +([\d,]+) +([\d,]+)  (.+)$", re.MULTILINE)
NETS = {
    "AlexNet": (torchvision.models.alexnet, torchvision.models.AlexNet_Weights.IMAGENET1K_V1),
    "VGG-16": (torchvision.models.vgg16, torchvision.models.VGG16_Weights.IMAGENET1K_V1),
    "ResNet-18": (torchvision.models.resnet18, torchvision.models.ResNet18_Weights.IMAGENET1K_V1),
    "ResNet-50": (torchvision.models.resnet50, torchvision.models.ResNet50_Weights.IMAGENET1K_V1),
}


@pytest.fixture(scope="module")
def table() -> dict[str, tuple[int, int, int]]:
    """Name -> depth, parameters, MACs, as the notebook has them stored."""
    notebook = next(read(path) for path in NOTEBOOKS if path.name.startswith("11_"))
    text = "".join(str(out.get("text", "")) for cell in notebook.cells for out in cell.get("outputs", ()))
    return {
        name: (int(depth), int(parameters.replace(",", "")), int(macs.replace(",", "")))
        for name, _, depth, parameters, macs, _ in ROW.findall(text)
    }


def macs_by_formula(net: nn.Module, image: Tensor) -> int:
    """Each layer's multiplications from its own shapes."""
    total = 0

    def add(layer: Any, _: object, output: Tensor) -> None:
        nonlocal total
        if isinstance(layer, nn.Conv2d):
            assert layer.groups == 1
            total += shapes.conv2d_macs(
                layer.in_channels, layer.out_channels, layer.kernel_size, tuple(output.shape[2:])
            )
        else:
            total += layer.in_features * layer.out_features

    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(add)
    net(image)
    return total


@pytest.mark.parametrize("name", NETS)
def test_the_row_is_torchvisions_model(name: str, table: dict[str, tuple[int, int, int]]) -> None:
    build, weights = NETS[name]
    with torch.device("meta"):
        net, image = build().eval(), torch.empty(1, 3, 224, 224)
        with FlopCounterMode(display=False) as counter:
            net(image)
        depth, parameters, macs = table[name]
        assert parameters == sum(p.numel() for p in net.parameters()) == weights.meta["num_params"]
        assert macs == counter.get_total_flops() // 2 == macs_by_formula(net, image)
    assert abs(macs / 1e9 - weights.meta["_ops"]) < 0.001, "what torchvision documents, in GMACs"
    assert depth == {"AlexNet": 8, "VGG-16": 16, "ResNet-18": 18, "ResNet-50": 50}[name]


def test_lenet_written_out(table: dict[str, tuple[int, int, int]]) -> None:
    parameters = (25 + 1) * 6 + (6 * 25 + 1) * 16 + (400 + 1) * 120 + (120 + 1) * 84 + (84 + 1) * 10
    macs = 25 * 6 * 28 * 28 + 6 * 25 * 16 * 10 * 10 + 400 * 120 + 120 * 84 + 84 * 10
    assert table["LeNet-5"] == (5, parameters, macs)
    assert list(table) == ["LeNet-5", *NETS]
