"""The course's classifiers: each takes a batch of images and returns logits, one score per class."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ConvNet(nn.Module):
    """Two convolutions and a linear layer, the net of the AI-Core notebook (2020) without its softmax.

    `in_shape` is (channels, height, width) of one image; images (N, *in_shape) give logits
    (N, num_classes). Each 5x5 convolution without padding takes 4 rows and 4 columns, so height and
    width must be 9 or more (ValueError).

    >>> sum(p.numel() for p in ConvNet().parameters())
    141258
    """

    def __init__(self, in_shape: Sequence[int] = (1, 28, 28), num_classes: int = 10) -> None:
        super().__init__()
        self.in_shape = _checked_shape("ConvNet", in_shape, num_classes)
        channels, height, width = self.in_shape
        if min(height, width) < 9:
            raise ValueError(
                "ConvNet: in_shape expects height and width of 9 or more "
                f"(two 5x5 convolutions take 8), got {self.in_shape}"
            )
        self.features = nn.Sequential(
            nn.Conv2d(channels, 16, kernel_size=5),
            nn.ReLU(),
            nn.Conv2d(16, 32, kernel_size=5),
            nn.ReLU(),
        )
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(32 * (height - 8) * (width - 8), num_classes))

    def forward(self, x: Tensor) -> Tensor:
        """Images (N, *in_shape) to logits (N, num_classes)."""
        _check_images("ConvNet", x, self.in_shape)
        logits: Tensor = self.head(self.features(x))
        return logits


class MLP(nn.Module):
    """Fully connected layers on the flattened image, with a ReLU after each of the `hidden` widths.

    `in_shape` is (channels, height, width) of one image; images (N, *in_shape) give logits
    (N, num_classes). The default has about as many parameters as the default ConvNet;
    `hidden=()` is one linear layer.

    >>> sum(p.numel() for p in MLP().parameters())
    141520
    """

    def __init__(
        self, in_shape: Sequence[int] = (1, 28, 28), hidden: Sequence[int] = (178,), num_classes: int = 10
    ) -> None:
        super().__init__()
        self.in_shape = _checked_shape("MLP", in_shape, num_classes)
        if not isinstance(hidden, Sequence):
            raise TypeError(f"MLP: hidden expects a sequence of widths, such as (128,), got {hidden!r}")
        channels, height, width = self.in_shape
        layers: list[nn.Module] = [nn.Flatten()]
        size = channels * height * width
        for units in hidden:
            _check_positive("MLP", "hidden", units)
            layers += [nn.Linear(size, units), nn.ReLU()]
            size = units
        self.layers = nn.Sequential(*layers, nn.Linear(size, num_classes))

    def forward(self, x: Tensor) -> Tensor:
        """Images (N, *in_shape) to logits (N, num_classes)."""
        _check_images("MLP", x, self.in_shape)
        logits: Tensor = self.layers(x)
        return logits


class FastNet(nn.Module):
    """Three convolutions, each with batch normalisation and a ReLU, and a linear layer: made to learn fast.

    `in_shape` is (channels, height, width) of one image, `width` the number of kernels of the first
    convolution; images (N, *in_shape) give logits (N, num_classes). Height and width must be 20 or more
    (ValueError). Each ingredient can be left out, to see what it is good for: `strided=False` pools after
    the first convolution, `pool_first=False` pools after the ReLU, `normalised=False` has biases in place
    of batch normalisation, `channels_last=False` keeps torch's usual layout in memory.

    >>> sum(p.numel() for p in FastNet().parameters())
    26234
    """

    def __init__(
        self,
        in_shape: Sequence[int] = (1, 28, 28),
        num_classes: int = 10,
        width: int = 16,
        *,
        strided: bool = True,
        pool_first: bool = True,
        normalised: bool = True,
        channels_last: bool = True,
    ) -> None:
        super().__init__()
        self.in_shape = _checked_shape("FastNet", in_shape, num_classes)
        _check_positive("FastNet", "width", width)
        if min(self.in_shape[1:]) < 20:
            raise ValueError(f"FastNet: in_shape expects height and width of 20 or more, got {self.in_shape}")

        def block(conv: nn.Conv2d, pool: bool = True) -> list[nn.Module]:
            norm = [nn.BatchNorm2d(conv.out_channels)] if normalised else []
            pools, rest = [nn.MaxPool2d(2)] * pool, [*norm, nn.ReLU()]
            return [conv, *pools, *rest] if pool_first else [conv, *rest, *pools]

        bias, stride = not normalised, 1 + strided
        first = nn.Conv2d(self.in_shape[0], width, kernel_size=5, stride=stride, bias=bias)
        second = nn.Conv2d(width, 2 * width, kernel_size=3, padding=1, bias=bias)
        third = nn.Conv2d(2 * width, 4 * width, kernel_size=3, bias=bias)
        self.features = nn.Sequential(*block(first, pool=not strided), *block(second), *block(third))
        left = [((size - 4 + strided) // 4 - 2) // 2 for size in self.in_shape[1:]]
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(4 * width * left[0] * left[1], num_classes))
        self.to(memory_format=torch.channels_last if channels_last else torch.contiguous_format)

    def forward(self, x: Tensor) -> Tensor:
        """Images (N, *in_shape) to logits (N, num_classes)."""
        _check_images("FastNet", x, self.in_shape)
        logits: Tensor = self.head(self.features(x))
        return logits


class FiveShifts(nn.Module):
    """`model` with a second look: its mean logits for an image and for the image moved by one pixel each way.

    Images (N, C, H, W) give what `model` gives for them; zeros move in at the border. It has the weights
    of `model`, no others, and costs five times as much: a net is trained alone, and measured like this.

    >>> FiveShifts(nn.Flatten())(torch.eye(3).view(1, 1, 3, 3)).view(3, 3) * 5
    tensor([[1., 2., 0.],
            [2., 1., 2.],
            [0., 2., 1.]])
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        """The mean over five places: unmoved, up, left, right and down."""
        height, width = x.shape[-2:]
        padded = F.pad(x, (1, 1, 1, 1))
        places = ((1, 1), (0, 1), (1, 0), (1, 2), (2, 1))
        views = [self.model(padded[..., i : i + height, j : j + width]) for i, j in places]
        return torch.stack(views).mean(dim=0)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, `relu(f(x) + shortcut(x))`, as in He et al. (2016), figure 2.

    Maps (N, in_channels, H, W) give (N, out_channels, ceil(H / stride), ceil(W / stride)). The shortcut hands
    on x itself; where channels or size change, a 1x1 convolution of that stride makes it fit. `norm=False`
    leaves batch normalisation out, `skip=False` the shortcut. ValueError unless all three are 1 or more.

    >>> [tuple(p.shape) for p in ResidualBlock(4, 6, stride=2).parameters() if p.ndim == 4]
    [(6, 4, 3, 3), (6, 6, 3, 3), (6, 4, 1, 1)]
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, *, norm: bool = True, skip: bool = True
    ) -> None:
        super().__init__()
        for name, value in (("in_channels", in_channels), ("out_channels", out_channels), ("stride", stride)):
            _check_positive("ResidualBlock", name, value)
        self.f = nn.Sequential(
            _convolution(in_channels, out_channels, 3, stride, norm=norm),
            nn.ReLU(),
            _convolution(out_channels, out_channels, 3, norm=norm),
        )
        same = stride == 1 and in_channels == out_channels
        self.shortcut: nn.Module | None = None
        if skip:
            fitting = nn.Identity() if same else _convolution(in_channels, out_channels, 1, stride, norm=norm)
            self.shortcut = fitting

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, in_channels, H, W) to maps (N, out_channels, H', W')."""
        response: Tensor = self.f(x)
        return torch.relu(response if self.shortcut is None else response + self.shortcut(x))


class DeepNet(nn.Module):
    """`depth` layers with weights: a 3x3 convolution, blocks of two more each, global average pooling, one linear.

    Images (N, 1, H, W) of any size give logits (N, num_classes); all maps keep that size and have `channels`
    channels. `layers` holds the first convolution with its ReLU and then the `ResidualBlock`s, `head` the rest.
    `he=True` starts the convolutions as He et al. (2015) do, `norm` and `skip` are those of the blocks.
    ValueError unless `depth` is an even number of 4 or more.

    >>> sum(isinstance(m, nn.Conv2d) for m in DeepNet(depth=24).modules())
    23
    """

    def __init__(
        self,
        depth: int = 24,
        channels: int = 16,
        num_classes: int = 10,
        *,
        he: bool = False,
        norm: bool = False,
        skip: bool = False,
    ) -> None:
        super().__init__()
        for name, value in (("depth", depth), ("channels", channels), ("num_classes", num_classes)):
            _check_positive("DeepNet", name, value)
        if depth < 4 or depth % 2:
            raise ValueError(f"DeepNet: depth expects an even number of 4 or more, got {depth}")
        stem = nn.Sequential(_convolution(1, channels, 3, norm=norm), nn.ReLU())
        blocks = [ResidualBlock(channels, channels, norm=norm, skip=skip) for _ in range((depth - 2) // 2)]
        self.layers = nn.Sequential(stem, *blocks)
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))
        for layer in self.layers.modules() if he else ():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Images (N, 1, H, W) to logits (N, num_classes)."""
        if x.ndim != 4 or x.shape[1] != 1:
            raise ValueError(f"DeepNet: expects images of shape (N, 1, H, W), got {tuple(x.shape)}")
        logits: Tensor = self.head(self.layers(x))
        return logits


class PoolNet(nn.Module):
    """Three convolutions, each with batch norm, ReLU and 2x2 max pooling, and a head of one's choice.

    `in_shape` is (channels, height, width) of one image; images (N, *in_shape) give logits (N, num_classes).
    `channels` are those of the maps after each block. The head is "flatten" (all values of the last maps to one
    linear layer), "average" or "max" (the mean or the maximum of each map to one linear layer). Each pooling halves
    height and width, so they must be 8 or more (ValueError).

    >>> [sum(p.numel() for p in PoolNet(head=head).parameters()) for head in ("flatten", "max")]
    [39674, 24314]
    """

    def __init__(
        self,
        in_shape: Sequence[int] = (1, 44, 44),
        channels: tuple[int, int, int] = (16, 32, 64),
        num_classes: int = 10,
        *,
        head: str = "flatten",
    ) -> None:
        super().__init__()
        self.in_shape = _checked_shape("PoolNet", in_shape, num_classes)
        if head not in ("flatten", "average", "max"):
            raise ValueError(f'PoolNet: head expects "flatten", "average" or "max", got {head!r}')
        c_in, height, width = self.in_shape
        if min(height, width) < 8:
            raise ValueError(f"PoolNet: in_shape expects height and width of 8 or more, got {self.in_shape}")
        if not isinstance(channels, Sequence) or len(channels) != 3:
            raise ValueError(f"PoolNet: channels expects three numbers, got {channels!r}")
        layers: list[nn.Module] = []
        for c_out, kernel_size in zip(channels, (5, 3, 3), strict=True):
            _check_positive("PoolNet", "channels", c_out)
            layers += [_convolution(c_in, c_out, kernel_size, norm=True), nn.ReLU(), nn.MaxPool2d(2)]
            c_in = c_out
        self.features = nn.Sequential(*layers)
        pools = {"average": nn.AdaptiveAvgPool2d(1), "max": nn.AdaptiveMaxPool2d(1), "flatten": nn.Identity()}
        size = c_in * (height // 8) * (width // 8) if head == "flatten" else c_in
        self.head = nn.Sequential(pools[head], nn.Flatten(), nn.Linear(size, num_classes))

    def forward(self, x: Tensor) -> Tensor:
        """Images (N, *in_shape) to logits (N, num_classes)."""
        _check_images("PoolNet", x, self.in_shape)
        logits: Tensor = self.head(self.features(x))
        return logits


def _convolution(c_in: int, c_out: int, kernel_size: int, stride: int = 1, *, norm: bool) -> nn.Module:
    """A convolution that keeps the size at stride 1, with a bias or with batch normalisation."""
    convolution = nn.Conv2d(c_in, c_out, kernel_size, stride, kernel_size // 2, bias=not norm)
    return nn.Sequential(convolution, nn.BatchNorm2d(c_out)) if norm else convolution


def _checked_shape(name: str, in_shape: Sequence[int], num_classes: int) -> tuple[int, int, int]:
    """`in_shape` as three positive ints."""
    _check_positive(name, "num_classes", num_classes)
    if not isinstance(in_shape, Sequence) or len(in_shape) != 3:
        raise ValueError(f"{name}: in_shape expects (channels, height, width), got {in_shape!r}")
    for size in in_shape:
        _check_positive(name, "in_shape", size)
    return in_shape[0], in_shape[1], in_shape[2]


def _check_positive(name: str, argument: str, value: int) -> None:
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}: {argument} expects integers of 1 or more, got {value!r}")


def _check_images(name: str, x: Tensor, in_shape: tuple[int, int, int]) -> None:
    # Only the batch axis may vary; torch's own message names matrices inside the net, not the images.
    if tuple(x.shape[1:]) != in_shape:
        expected = ", ".join(map(str, in_shape))
        raise ValueError(f"{name}: expects images of shape (N, {expected}), got {tuple(x.shape)}")
