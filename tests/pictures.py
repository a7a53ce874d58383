"""Are two pictures the same picture? Pixel by pixel with the pinned versions, as thumbnails elsewhere."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 32  # of a thumbnail
ANTIALIASING = 20  # pixels that may differ although the drawing is the same


def pngs(outputs: Sequence[Any]) -> list[bytes]:
    """The PNG pictures among a cell's outputs."""
    found = [output.get("data", {}).get("image/png") for output in outputs]
    return [base64.b64decode(picture) for picture in found if picture]


def difference(stored: Sequence[Any], drawn: Sequence[Any], strict: bool) -> str:
    """What differs between the pictures of two lists of outputs, in one sentence; "" if nothing does."""
    before, now = pngs(stored), pngs(drawn)
    if len(before) != len(now):
        return f"{len(now)} pictures were drawn, {len(before)} are stored"
    for number, pair in enumerate(zip(before, now, strict=True), 1):
        if not (same_pixels(*pair) if strict else same_thumbnail(*pair)):
            return f"picture {number} of {len(now)} is not the stored one: look at it, then `make notebooks`"
    return ""


def same_pixels(a: bytes, b: bytes) -> bool:
    """All but a few pixels agree: a changed digit in a grid of numbers is seen."""
    if a == b:
        return True
    x, y = _pixels(a), _pixels(b)
    return x.shape == y.shape and int((np.abs(x - y).max(axis=2) > 32).sum()) <= ANTIALIASING


def same_thumbnail(a: bytes, b: bytes) -> bool:
    """The pictures agree when seen from afar: other fonts pass, a blank or another drawing does not."""
    x, y = (_pixels(picture, size=(SIDE, SIDE)) for picture in (a, b))
    flat = min(x.std(), y.std()) < 0.2 * max(x.std(), y.std())
    return not flat and float(np.abs(x - y).mean()) < 6 and float(np.abs(x - y).max()) < 100


def _pixels(picture: bytes, size: tuple[int, int] | None = None) -> NDArray[np.float64]:
    image = Image.open(io.BytesIO(picture)).convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return np.asarray(image.resize(size, Image.Resampling.BOX) if size else image, dtype=np.float64)
