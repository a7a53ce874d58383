"""The two classifiers: parameters, shapes, the same numbers as torch's functions, clear errors."""

import re
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from torchvision.models.resnet import BasicBlock

from cnnlib.models import MLP, ConvNet, DeepNet, FastNet, FiveShifts, PoolNet, ResidualBlock

SHAPES = st.tuples(st.integers(1, 4), st.integers(9, 33), st.integers(9, 33))


def parameters(model: nn.Module) -> int:
    return sum(weights.numel() for weights in model.parameters())


def test_default_convnet_has_the_layers_of_the_2020_notebook() -> None:
    shapes = [tuple(weights.shape) for weights in ConvNet().parameters()]
    assert shapes == [(16, 1, 5, 5), (16,), (32, 16, 5, 5), (32,), (10, 12800), (10,)]
    assert parameters(ConvNet()) == 141_258


def test_default_mlp_is_as_large_as_the_convnet() -> None:
    assert parameters(MLP()) == 784 * 178 + 178 + 178 * 10 + 10
    assert abs(parameters(MLP()) / parameters(ConvNet()) - 1) < 0.003


@given(SHAPES, st.integers(1, 12))
def test_convnet_takes_any_size_and_gives_torch_numbers(shape: tuple[int, int, int], classes: int) -> None:
    torch.manual_seed(0)
    model, images = ConvNet(shape, classes), torch.rand(2, *shape)
    w1, b1, w2, b2, w3, b3 = model.parameters()
    maps = F.relu(F.conv2d(F.relu(F.conv2d(images, w1, b1)), w2, b2))
    assert torch.equal(model(images), F.linear(maps.flatten(1), w3, b3))
    assert model(images).shape == (2, classes)


@given(SHAPES, st.lists(st.integers(1, 9), max_size=3))
def test_mlp_takes_any_size_and_gives_torch_numbers(shape: tuple[int, int, int], hidden: list[int]) -> None:
    torch.manual_seed(0)
    model, images = MLP(shape, hidden, num_classes=7), torch.rand(2, *shape)
    (*pairs, last) = torch.nn.ModuleList(m for m in model.modules() if isinstance(m, nn.Linear))
    x = images.flatten(1)
    for layer in pairs:
        x = F.relu(F.linear(x, layer.weight, layer.bias))
    assert torch.equal(model(images), F.linear(x, last.weight, last.bias))
    assert [layer.out_features for layer in (*pairs, last)] == [*hidden, 7]


@pytest.mark.parametrize("model", [ConvNet, MLP, FastNet])
def test_logits_are_no_probabilities_and_do_not_depend_on_batch_mates(model: type[nn.Module]) -> None:
    torch.manual_seed(0)
    net, images = model().eval(), torch.rand(4, 1, 28, 28)
    logits = net(images)
    assert (logits < 0).any()
    assert (logits.sum(1) - 1).abs().min() > 1e-3
    torch.testing.assert_close(net(images[1:2]), logits[1:2])


@pytest.mark.parametrize("model", [ConvNet, MLP, FastNet])
@pytest.mark.parametrize(
    "shape", [(1, 28, 28), (28, 28), (2, 28, 28), (2, 3, 28, 28), (2, 1, 28, 27), (1, 2, 1, 28, 28)]
)
def test_images_of_another_shape_are_named(model: type[nn.Module], shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        model()(torch.zeros(shape))
    assert str(caught.value) == f"{model.__name__}: expects images of shape (N, 1, 28, 28), got {shape}"


@pytest.mark.parametrize(("height", "width"), [(8, 28), (28, 8), (1, 1)])
def test_an_image_too_small_for_two_convolutions_is_refused(height: int, width: int) -> None:
    with pytest.raises(
        ValueError, match=r"ConvNet: in_shape expects height and width of 9 or more .* got \(3, "
    ):
        ConvNet((3, height, width))
    ConvNet((3, max(height, 9), max(width, 9)))


@pytest.mark.parametrize("model", [ConvNet, MLP, FastNet])
@pytest.mark.parametrize("in_shape", [(28, 28), 28, (0, 28, 28), (1, 28.0, 28), (1, -9, 28), "abc", None])
def test_a_wrong_in_shape_is_refused(model: type[nn.Module], in_shape: object) -> None:
    with pytest.raises(ValueError, match=f"{model.__name__}: in_shape expects"):
        model(in_shape)


@pytest.mark.parametrize("classes", [0, -1, 2.5, "10"])
@pytest.mark.parametrize("model", [ConvNet, MLP, FastNet])
def test_a_wrong_number_of_classes_is_refused(model: type[nn.Module], classes: object) -> None:
    with pytest.raises(ValueError, match=f"{model.__name__}: num_classes expects integers of 1 or more"):
        model(num_classes=classes)


@pytest.mark.parametrize(("hidden", "error"), [(128, TypeError), ((0,), ValueError), ((8, "8"), ValueError)])
def test_wrong_hidden_widths_are_refused(hidden: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="MLP: hidden expects"):
        MLP(hidden=hidden)  # type: ignore[arg-type]


@pytest.mark.parametrize(("c_in", "c_out", "stride"), [(4, 4, 1), (4, 6, 1), (4, 4, 2), (3, 5, 2), (2, 3, 3)])
@pytest.mark.parametrize("training", [True, False])
def test_a_residual_block_is_torchvisions(c_in: int, c_out: int, stride: int, training: bool) -> None:
    torch.manual_seed(0)
    ours = ResidualBlock(c_in, c_out, stride)
    shortcut = None
    if stride > 1 or c_in != c_out:
        shortcut = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))
    theirs = BasicBlock(c_in, c_out, stride, shortcut)
    for mine, other in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
        if mine.is_floating_point():
            other.copy_(torch.rand_like(mine) + 0.1)
            mine.copy_(other)
    x = torch.randn(3, c_in, 7, 6)
    got, expected = ours.train(training)(x), theirs.train(training)(x)
    torch.testing.assert_close(got, expected)
    assert got.shape == (3, c_out, -(-7 // stride), -(-6 // stride))


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("skip", [True, False])
def test_what_a_block_leaves_out(norm: bool, skip: bool) -> None:
    torch.manual_seed(0)
    block, x = ResidualBlock(3, 3, norm=norm, skip=skip), torch.randn(2, 3, 5, 4)
    assert any(isinstance(m, nn.BatchNorm2d) for m in block.modules()) == norm
    torch.testing.assert_close(block.eval()(x), F.relu(block.f(x) + x if skip else block.f(x)))


@given(st.integers(2, 15), st.integers(1, 5), st.booleans(), st.booleans())
def test_a_deep_net_has_the_depth_it_says(half: int, channels: int, norm: bool, skip: bool) -> None:
    net = DeepNet(2 * half, channels, num_classes=7, norm=norm, skip=skip)
    weighted = [m for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(weighted) == 2 * half
    assert net(torch.rand(2, 1, 6, 5)).shape == (2, 7)
    assert net.layers(torch.rand(2, 1, 6, 5)).shape == (2, channels, 6, 5)
    biases = [m.bias for m in net.modules() if isinstance(m, nn.Conv2d)]
    assert all((bias is None) == norm for bias in biases)


def test_he_sets_the_size_of_the_first_weights() -> None:
    torch.manual_seed(0)
    sizes = {}
    for he in (False, True):
        weights = [m.weight for m in DeepNet(24, he=he).modules() if isinstance(m, nn.Conv2d)]
        sizes[he] = torch.stack([w.std() * (w[0].numel()) ** 0.5 for w in weights[1:]])
    torch.testing.assert_close(sizes[True], torch.full((22,), 2**0.5), rtol=0.1, atol=0)
    torch.testing.assert_close(sizes[False], torch.full((22,), 3**-0.5), rtol=0.1, atol=0)
    assert all(m.bias.abs().max() == 0 for m in DeepNet(he=True).layers.modules() if isinstance(m, nn.Conv2d))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ResidualBlock(0, 3), "ResidualBlock: in_channels expects integers of 1 or more, got 0"),
        (lambda: ResidualBlock(3, 2.5), "ResidualBlock: out_channels expects integers of 1 or more, got 2.5"),
        (lambda: ResidualBlock(3, 3, 0), "ResidualBlock: stride expects integers of 1 or more, got 0"),
        (lambda: DeepNet(2), "DeepNet: depth expects an even number of 4 or more, got 2"),
        (lambda: DeepNet(7), "DeepNet: depth expects an even number of 4 or more, got 7"),
        (lambda: DeepNet(channels=0), "DeepNet: channels expects integers of 1 or more, got 0"),
        (
            lambda: DeepNet()(torch.zeros(2, 3, 8, 8)),
            "expects images of shape (N, 1, H, W), got (2, 3, 8, 8)",
        ),
    ],
)
def test_a_wrong_argument_of_a_deep_net_is_named(make: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        make()


@pytest.mark.parametrize("head", ["flatten", "average", "max"])
def test_pool_net_is_blocks_and_a_head(head: str) -> None:
    net = PoolNet((2, 19, 26), (3, 4, 5), num_classes=7, head=head).eval()
    x = torch.rand(6, 2, 19, 26)
    maps = x
    for convolution, norm in zip(
        *[iter(m for m in net.features.modules() if hasattr(m, "weight"))] * 2, strict=True
    ):
        kernel_size = convolution.kernel_size[0]
        maps = F.max_pool2d(F.relu(norm(F.conv2d(maps, convolution.weight, padding=kernel_size // 2))), 2)
    assert maps.shape == (6, 5, 2, 3)
    summary = {"flatten": maps.flatten(1), "average": maps.mean((2, 3)), "max": maps.amax((2, 3))}[head]
    linear = net.head[-1]
    torch.testing.assert_close(net(x), F.linear(summary, linear.weight, linear.bias))


def test_global_heads_do_not_see_a_shift_by_eight() -> None:
    x = F.pad(torch.rand(4, 1, 12, 12), (16, 24, 16, 24))
    for head, same in (("flatten", False), ("average", True), ("max", True)):
        torch.manual_seed(0)
        net = PoolNet((1, 52, 52), head=head).eval()
        with torch.no_grad():
            assert torch.allclose(net(x), net(x.roll(8, -1)), atol=1e-5) == same, head


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: PoolNet(head="mean"), 'PoolNet: head expects "flatten", "average" or "max", got \'mean\''),
        (
            lambda: PoolNet((1, 7, 44)),
            "PoolNet: in_shape expects height and width of 8 or more, got (1, 7, 44)",
        ),
        (lambda: PoolNet(channels=(4, 5)), "PoolNet: channels expects three numbers, got (4, 5)"),  # type: ignore[arg-type]
        (lambda: PoolNet(channels=(4, 0, 5)), "PoolNet: channels expects integers of 1 or more, got 0"),
        (lambda: PoolNet()(torch.zeros(2, 1, 28, 28)), "images of shape (N, 1, 44, 44), got (2, 1, 28, 28)"),
    ],
)
def test_a_wrong_argument_of_a_pool_net_is_named(make: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        make()


# ---- the fast net


SIZES = st.tuples(st.integers(1, 3), st.integers(20, 37), st.integers(20, 37))


@given(SIZES, st.integers(1, 5), st.booleans(), st.booleans(), st.booleans())
def test_fastnet_is_its_layers_written_out(
    shape: tuple[int, int, int], width: int, strided: bool, pool_first: bool, normalised: bool
) -> None:
    torch.manual_seed(0)
    model = FastNet(shape, 7, width, strided=strided, pool_first=pool_first, normalised=normalised).eval()
    images = x = torch.rand(2, *shape)
    weights = dict(model.named_parameters())
    convolutions = [name for name, value in weights.items() if value.ndim == 4]
    for number, name in enumerate(convolutions):
        stride = 2 if strided and number == 0 else 1
        x = F.conv2d(
            x, weights[name], weights.get(name.replace("weight", "bias")), stride, padding=int(number == 1)
        )
        pools = number > 0 or not strided
        if pools and pool_first:
            x = F.max_pool2d(x, 2)
        x = F.relu(x / (1 + 1e-5) ** 0.5 if normalised else x)  # a new net's running statistics: 0 and 1
        if pools and not pool_first:
            x = F.max_pool2d(x, 2)
    *_, weight, bias = model.parameters()
    torch.testing.assert_close(model(images), F.linear(x.flatten(1), weight, bias))
    assert [weights[name].shape[0] for name in convolutions] == [width, 2 * width, 4 * width]
    assert any(isinstance(module, nn.BatchNorm2d) for module in model.modules()) is normalised


def test_fastnet_lies_channels_last_in_memory_unless_told_otherwise() -> None:
    for last in (True, False):
        kernels = FastNet(channels_last=last).features[3].weight
        assert kernels.is_contiguous(memory_format=torch.channels_last) is last
        assert kernels.is_contiguous() is not last


@pytest.mark.parametrize(("height", "width"), [(19, 28), (28, 19)])
def test_an_image_too_small_for_fastnet_is_refused(height: int, width: int) -> None:
    with pytest.raises(ValueError, match="FastNet: in_shape expects height and width of 20 or more, got"):
        FastNet((1, height, width))


@pytest.mark.parametrize("width", [0, 2.5])
def test_a_wrong_width_is_refused(width: object) -> None:
    with pytest.raises(ValueError, match="FastNet: width expects integers of 1 or more"):
        FastNet(width=width)  # type: ignore[arg-type]


@given(st.integers(1, 3), st.integers(2, 9), st.integers(2, 9))
def test_five_shifts_average_what_the_model_says_at_five_places(count: int, height: int, width: int) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(height * width, 3), nn.Tanh())
    images = torch.rand(count, 1, height, width)
    expected = model(images)
    for axis in (-2, -1):
        for step in (-1, 1):
            moved = images.roll(step, axis)
            moved.select(axis, 0 if step == 1 else -1).zero_()  # what would come in from the other side
            expected = expected + model(moved)
    torch.testing.assert_close(FiveShifts(model)(images), expected / 5)
    assert [*FiveShifts(model).parameters()] == [*model.parameters()]
