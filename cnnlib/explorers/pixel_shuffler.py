"""Digits whose pixels change places, and a program that still reads them, or does not."""

from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from cnnlib import plot
from cnnlib.data import load_samples
from cnnlib.explorers.base import Array, Explorer, uniform


class PixelShuffler(Explorer):
    """Shuffle the pixels of digits, all in one order or each in its own, and ask for the nearest neighbour.

    digits (N, H, W), uint8, 2 to 40 images with sides of at most 32, and labels (N); digit is the number of the image
    looked at; amount is the share of pixels that change places, in percent; with own each image gets an order of its
    own; seed draws the orders. TraitError for other shapes and ranges.
    """

    digits = Array(load_samples().digits, ("N", "H", "W"), dtype="uint8", low=0, high=255)
    labels = Array(load_samples().labels, ("N",), low=0, high=999)
    digit = traitlets.Int(14, min=0, max=39).tag(sync=True)
    amount = traitlets.Int(100, min=0, max=100).tag(sync=True)
    own = traitlets.Bool(False).tag(sync=True)
    seed = traitlets.Int(0, min=0, max=2**31 - 1).tag(sync=True)

    @traitlets.validate("digits", "labels")
    def _matching(self, proposal: Any) -> NDArray[Any]:
        name, value = proposal["trait"].name, proposal["value"]
        if name == "digits" and (not 2 <= len(value) <= 40 or max(value.shape[1:]) > 32):
            raise traitlets.TraitError(
                f"PixelShuffler: digits expects 2 to 40 images with sides of at most 32, got {value.shape}"
            )
        other = self.labels if name == "digits" else self.digits
        if len(value) != len(other):
            raise traitlets.TraitError(
                f"PixelShuffler: digits and labels expect equally many, got {len(value)} {name} beside {len(other)}"
            )
        checked: NDArray[Any] = value
        return checked

    @property
    def value(self) -> NDArray[np.int64]:
        """The permutation: (H * W) for all images, or with own one row for each (N, H * W).

        Place i of a shuffled image shows the pixel number value[i] of the image, counted along the rows.
        """
        return self._permutation(self.amount, self.own)

    def _permutation(self, amount: int, own: bool) -> NDArray[np.int64]:
        pixels = self.digits[0].size
        # Order 0 is the one for all; as in core.js, orders are those of uniform numbers.
        orders = uniform(self.seed, len(self.digits) + 1, pixels).argsort(axis=1)
        moved = (amount * pixels + 50) // 100
        permutations = np.tile(np.arange(pixels), (len(orders), 1))
        ring = orders[:, :moved]
        np.put_along_axis(permutations, ring, np.roll(ring, -1, axis=1), axis=1)
        return permutations[1:] if own else permutations[0]

    def _shuffled(self, amount: int, own: bool) -> tuple[NDArray[np.int64], int]:
        """Return the images flat and shuffled, and how many of them their nearest neighbour reads right."""
        flat = self.digits.reshape(len(self.digits), -1).astype(int)
        order = np.broadcast_to(self._permutation(amount, own), flat.shape)
        flat = np.take_along_axis(flat, order, axis=1)
        squares = (flat**2).sum(axis=1)
        distance = (squares[:, None] + squares - 2 * flat @ flat.T).astype(float)
        np.fill_diagonal(distance, np.inf)
        return flat, int((self.labels[distance.argmin(axis=1)] == self.labels).sum())

    def _draw(self) -> None:
        strip, titles = [], []
        amounts = sorted({0, 10, 30, 60, 100, self.amount})
        for own in (False, True):
            for amount in amounts:
                flat, right = self._shuffled(amount, own)
                strip.append(flat[min(self.digit, len(flat) - 1)].reshape(self.digits.shape[1:]))
                titles.append(f"{amount}%{', own' if own else ''}: {right} of {len(flat)}")
        plot.images(np.array(strip, np.uint8), titles=titles, columns=len(amounts))
