"""The course's small classifiers: each takes a batch of images and returns logits, one score per class."""

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
