"""Draws the pictures that README and the site link, and packs `cnnlib/samples.npz`.

    python images/make.py            writes every file
    python images/make.py --check    writes nothing, names each file that differs and exits with 1

Nothing here is drawn by hand. The same versions on Linux give the same bytes; elsewhere `--check` compares
small thumbnails, since fonts are set and lines are smoothed a little differently.
"""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits, load_sample_image

PROJECT = Path(__file__).resolve().parent.parent

# Two well legible digits of each class: their places in scikit-learn's data set.
DIGITS = (396, 466, 310, 345, 1539, 1535, 1261, 222, 654, 1740,
          464, 471, 331, 316, 1456, 1568, 197, 1674, 686, 1792)  # fmt: skip
CROP = (30, 20, 570, 380)  # left, top, right, bottom in china.jpg, then 240 pixels wide and 160 high


def digit(image: np.ndarray) -> np.ndarray:
    """Return an 8x8 digit of values 0 to 16 as uint8, enlarged to 20x20 in a 28x28 black frame as in MNIST."""
    small = Image.fromarray((image * 255 / 16).round().astype(np.uint8))
    return np.pad(np.asarray(small.resize((20, 20), Image.Resampling.BICUBIC)), 4)


def samples() -> bytes:
    """Return `cnnlib/samples.npz`: digits, labels, photo; stored as they are, so that no zlib changes a byte."""
    data = load_digits()
    photo = Image.fromarray(load_sample_image("china.jpg")).crop(CROP)
    arrays = {
        "digits": np.stack([digit(data.images[i]) for i in DIGITS]),
        "labels": data.target[list(DIGITS)].astype(np.int64),
        "photo": np.asarray(photo.resize((240, 160), Image.Resampling.LANCZOS)),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy")  # dated 1980, always
            info.create_system = 3  # and always from Unix
            archive.writestr(info, member.getvalue())
    return packed.getvalue()


if __name__ == "__main__":
    (PROJECT / "cnnlib" / "samples.npz").write_bytes(samples())
