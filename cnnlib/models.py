"""The course's two small classifiers: each takes a batch of images and returns logits, one score per class."""

from collections.abc import Sequence

from torch import Tensor, nn


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
