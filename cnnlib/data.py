"""The data sets of the course as NumPy arrays: MNIST, the embedded digits, and a few samples.

`load()` is what the notebooks call: MNIST where it can be had, else the digits that come with scikit-learn.
Whatever is wrong with a file is one `DataError` that names the file and says what to do about it.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import math
import os
import shutil
import socket
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch.utils.data import TensorDataset
    from torchvision.datasets import MNIST

# The array in each official file: its shape, and the SHA-256 of its bytes (without the file's header).
_FILES: dict[str, tuple[tuple[int, ...], str]] = {
    "train-images-idx3-ubyte": (
        (60000, 28, 28),
        "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    ),
    "train-labels-idx1-ubyte": (
        (60000,),
        "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    ),
    "t10k-images-idx3-ubyte": (
        (10000, 28, 28),
        "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    ),
    "t10k-labels-idx1-ubyte": (
        (10000,),
        "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    ),
}
_ELSEWHERE = "set CNNLIB_DATA to a folder that holds the four official files"
_TIMEOUT = 20.0  # seconds without an answer until a mirror is given up
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class DataError(RuntimeError):
    """A data file is missing or wrong; the message names it and says what to do."""


class MissingDataError(DataError):
    """A data set is not here and could not be fetched; nothing that is here is wrong."""


class Split(NamedTuple):
    """Images, uint8 (N, 1, 28, 28) from 0 (black) to 255, and their labels, int64 (N,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __repr__(self) -> str:
        return f"Split(images={self.images.shape}, labels={self.labels.shape})"


@dataclass(frozen=True, eq=False)
class ImageData:
    """A data set in three parts, with the training settings that suit it.

    `bound` is the test accuracy (a fraction) that the course's ConvNet surely reaches with these settings.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    batch_size: int
    lr: float
    epochs: int
    bound: float

    def tensors(self) -> tuple[TensorDataset, TensorDataset, TensorDataset]:
        """Return train, validation and test for torch: float32 images in [0, 1] (N, 1, 28, 28), int64 labels."""
        import torch
        from torch.utils.data import TensorDataset

        def convert(part: Split) -> TensorDataset:
            return TensorDataset(torch.from_numpy(part.images).float().div_(255), torch.tensor(part.labels))

        return convert(self.train), convert(self.validation), convert(self.test)


class Samples(NamedTuple):
    """20 digits uint8 (20, 28, 28) with labels int64 (20,), two of each class, and a photo uint8 (H, W, 3)."""

    digits: NDArray[np.uint8]
    labels: NDArray[np.int64]
    photo: NDArray[np.uint8]


def load(name: str = "auto") -> ImageData:
    """Return "mnist", "digits", or with "auto" MNIST if it can be had, else the digits and a line that says so.

    Raises ValueError for another name, and DataError for a wrong file: those never fall back.
    """
    if name not in ("auto", "mnist", "digits"):
        raise ValueError(f'load: name expects "auto", "mnist" or "digits", got {name!r}')
    if name == "digits":
        return load_digits()
    try:
        return load_mnist()
    except MissingDataError as error:
        if name == "mnist":
            raise
        print(f"Using the embedded digits, 1,797 from scikit-learn, instead of MNIST. {error}")
        return load_digits()


def load_mnist(root: str | os.PathLike[str] | None = None, download: bool = True) -> ImageData:
    """Return MNIST: 50,000 images to train, 10,000 to validate (a fixed random choice), 10,000 to test.

    The four IDX files are read in place from `root`, `root/MNIST/raw` or `root/raw`, gzipped or not; the
    default `root` is $CNNLIB_DATA, else a cache folder of yours. Nothing is ever written in `root`. Where it
    holds none of the files they are downloaded into that cache, once, unless `download` is False or
    CNNLIB_OFFLINE is set. Raises DataError for a missing, damaged or wrong file.
    """
    train_images, train_labels, test_images, test_labels = _read_mnist(root, download).values()
    held_out = len(train_labels) // 6
    train, validation = _split(train_images, train_labels, [len(train_labels) - held_out, held_out])
    (test,) = _split(test_images, test_labels, [len(test_labels)])
    return ImageData("mnist", train, validation, test, batch_size=128, lr=5e-4, epochs=1, bound=0.96)


def load_digits() -> ImageData:
    """Return scikit-learn's 1,797 handwritten digits: 1,197 to train, 300 to validate, 300 to test.

    They are 8x8 pixels small: each is resized to 20x20 and set in the middle of 28x28 black ones, as MNIST's
    are, because at 28x28 they would touch the border. No network is needed. Source: E. Alpaydin and
    C. Kaynak, Optical Recognition of Handwritten Digits (1998).

    >>> load_digits().test
    Split(images=(300, 1, 28, 28), labels=(300,))
    """
    from PIL import Image
    from sklearn import datasets

    values, labels = datasets.load_digits(return_X_y=True)  # 64 values from 0 to 16 per digit
    small = np.rint(values * 255 / 16).astype(np.uint8).reshape(-1, 8, 8)
    images = np.zeros((len(small), 28, 28), np.uint8)
    for image, digit in zip(images, small, strict=True):
        image[4:24, 4:24] = np.asarray(Image.fromarray(digit).resize((20, 20), Image.Resampling.BICUBIC))
    train, validation, test = _split(images, labels, [1197, 300, 300])
    return ImageData("digits", train, validation, test, batch_size=32, lr=2e-3, epochs=5, bound=0.94)


def load_samples() -> Samples:
    """Return the samples that come with the package: all that notebooks 01 to 05 need.

    >>> load_samples().digits.shape
    (20, 28, 28)
    """
    path = Path(__file__).with_name("samples.npz")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Samples(*(arrays[name] for name in Samples._fields))
    except Exception as error:  # NumPy and zipfile raise many kinds
        raise DataError(f"{path} is missing or damaged ({error}): install cnnlib again.") from None


def to_mnist(ink: NDArray[Any]) -> NDArray[np.float64]:
    """Return a digit of bright ink on black, (H, W) from 0 to 1, in MNIST's form, (28, 28).

    The ink is cut out, its longer side scaled to 20 pixels by averaging areas, and its centre of mass set on pixel
    (14, 14), as near as whole pixels allow; a black picture stays black. ValueError for another shape and for values
    below 0. Source of the form: Y. LeCun, C. Cortes and C. Burges, The MNIST database.

    >>> shape = to_mnist(np.ones((8, 4)))  # a bar becomes 20 pixels high and 10 wide
    >>> int(shape.sum())
    200
    """
    values = np.asarray(ink, dtype=np.float64)
    if values.ndim != 2 or values.size == 0 or not values.min() >= 0:
        raise ValueError(f"to_mnist: ink expects shape (H, W) and values from 0, got {np.shape(ink)}")
    image = np.zeros((28, 28))
    if not values.any():
        return image
    rows, columns = np.nonzero(values.any(axis=1))[0], np.nonzero(values.any(axis=0))[0]
    cropped = values[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (max(1, _nearest(n * 20 / max(cropped.shape))) for n in cropped.shape)
    scaled = _shares(cropped.shape[0], height) @ cropped @ _shares(cropped.shape[1], width).T
    middle = (np.indices(scaled.shape) * scaled).sum(axis=(1, 2)) / scaled.sum()
    top, left = (min(max(_nearest(14 - m), 0), 28 - n) for m, n in zip(middle, scaled.shape, strict=True))
    image[top : top + height, left : left + width] = scaled
    return image


def _nearest(value: float) -> int:
    return math.floor(value + 0.5 + 1e-6)  # a tie goes up, whatever the last bit says


def _shares(size: int, length: int) -> NDArray[np.float64]:
    """Return (length, size): how much of each of `size` pixels lies in each of `length` larger or smaller ones."""
    edges, pixels = np.arange(length + 1)[:, None] * (size / length), np.arange(size)
    inside = np.minimum(edges[1:], pixels + 1) - np.maximum(edges[:-1], pixels)
    shares: NDArray[np.float64] = inside.clip(0) * (length / size)
    return shares


def torchvision_mnist(train: bool, transform: Callable[[Any], Any] | None = None) -> MNIST:
    """Return torchvision's own MNIST (60,000 images to train on, or 10,000 to test) over verified files.

    torchvision reads only extracted files and accepts whatever lies in them. So they are extracted once
    into your cache folder, and compared there at every call with what `load_mnist` would read.
    """
    if not isinstance(train, bool):
        raise TypeError(f"torchvision_mnist: train expects True or False, got {train!r}")
    if transform is not None and not callable(transform):
        raise TypeError(f"torchvision_mnist: transform expects a function of a picture, got {transform!r}")
    from torchvision import datasets

    root = cache_folder() / "torchvision"
    raw = root / "MNIST" / "raw"  # where torchvision looks
    contents = {name: _header(a.shape) + a.tobytes() for name, a in _read_mnist(None, True).items()}
    wrong = [name for name in contents if not _holds(raw / name, contents[name])]
    if wrong:
        _fill(raw, wrong, lambda part: part.write_bytes(contents[part.name]))
    return datasets.MNIST(root, train=train, transform=transform)


def cache_folder() -> Path:
    """Return the folder of yours in which downloads are kept; it need not exist yet."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("cnnlib"))


def _split(images: NDArray[np.uint8], labels: NDArray[Any], sizes: Sequence[int]) -> list[Split]:
    """Share the samples out at random into parts of these sizes; each part keeps the original order."""
    # Raw bits of a bit generator: the only random numbers that NumPy promises never to change.
    order = np.argsort(np.random.PCG64(0).random_raw(len(labels)), kind="stable")
    parts = [np.sort(part) for part in np.split(order, np.cumsum(sizes)[:-1])]
    return [Split(images[part][:, None], labels[part].astype(np.int64)) for part in parts]


# Files on the disk


def _read_mnist(root: str | os.PathLike[str] | None, download: bool) -> dict[str, NDArray[np.uint8]]:
    """Return the four arrays of the files in `root`, or of those in the cache, each verified."""
    if root is not None and not isinstance(root, str | os.PathLike):
        raise TypeError(f"load_mnist: root expects a folder (str or Path), got {root!r}")
    cache = cache_folder() / "mnist"
    folder = wanted = Path(os.path.expanduser(root or os.environ.get("CNNLIB_DATA") or cache))
    found = _find(folder)
    if download and (folder == cache or not found):
        folder, found = cache, _cached(cache, wanted)
    if not found:
        why = "CNNLIB_OFFLINE is set" if download else "download is False"
        raise MissingDataError(f"MNIST is not in {wanted} and {why}: allow the download, or {_ELSEWHERE}.")
    if missing := " and ".join(name for name in _FILES if name not in found):
        raise DataError(f"{folder} holds MNIST without {missing}: add it (.gz or not), or {_ELSEWHERE}.")
    return {name: _read_idx(found[name], *expected) for name, expected in _FILES.items()}


def _cached(cache: Path, wanted: Path) -> dict[str, Path]:
    """Return the files in the cache, where the missing ones are downloaded first unless CNNLIB_OFFLINE is set."""
    found = _find(cache)
    # Usually all are missing; some are when a process was killed while it moved them in.
    missing = [name for name in _FILES if name not in found]
    if not missing or os.environ.get("CNNLIB_OFFLINE", "") not in ("", "0"):
        return found
    print(f"MNIST is not in {wanted}: downloading it once (11 MB) to {cache}", flush=True)
    _download(missing, cache)
    return _find(cache)


def _find(folder: Path) -> dict[str, Path]:
    """Return the path of each MNIST file in `folder` or where torchvision would have put it below."""
    places = (folder, folder / "MNIST" / "raw", folder / "raw")
    found: dict[str, Path] = {}
    for path in (place / (name + end) for name in _FILES for place in places for end in ("", ".gz")):
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise MissingDataError(f"{path} cannot be reached ({error.strerror}): {_ELSEWHERE}.") from None
        found.setdefault(path.name.removesuffix(".gz"), path)
    return found


def _read_idx(path: Path, shape: tuple[int, ...], sha256: str) -> NDArray[np.uint8]:
    """Return the array in an IDX file, gzipped or not, if it is exactly the one expected; else DataError.

    The format is two zero bytes, the type (8: unsigned bytes), the number of axes, each axis' length as a
    big-endian 32-bit integer, then the values.
    """
    header = _header(shape)
    size = len(header) + math.prod(shape)
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            content = (gzip.GzipFile(fileobj=file) if packed else file).read(size + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise _wrong(path, "is damaged or cut off") from None
    except OSError as error:
        raise _wrong(path, f"cannot be read ({error.strerror})") from None
    if not content.startswith(header):
        raise _wrong(path, f"{_description(content)}, not an array {shape}")
    if len(content) != size:
        raise _wrong(path, f"{'is cut off' if len(content) < size else 'is too long'} for an array {shape}")
    if hashlib.sha256(memoryview(content)[len(header) :]).hexdigest() != sha256:
        raise _wrong(path, "holds other values than the official file (its SHA-256 differs)")
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape)


def _header(shape: tuple[int, ...]) -> bytes:
    return bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes()


def _description(content: bytes) -> str:
    """Say what a file with a wrong header is."""
    if not content:
        return "is empty"
    axes = content[3] if content[:3] == b"\0\0\x08" and len(content) > 3 else 0
    if not axes or len(content) < 4 + 4 * axes:
        return "is not an IDX file"
    return f"holds an array {tuple(np.frombuffer(content, '>u4', axes, offset=4).tolist())}"


def _wrong(path: Path, what: str) -> DataError:
    cached = path.parent == cache_folder() / "mnist"
    remedy = "delete it and run this again" if cached else "put the official file in its place"
    return DataError(f"{path} {what}: {remedy}, or {_ELSEWHERE}.")


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def _fill(folder: Path, names: Sequence[str], write: Callable[[Path], object]) -> None:
    """Let `write` make each file in a temporary folder, then move all of them into `folder`."""
    path = folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder.parent)
        with tempfile.TemporaryDirectory(prefix="part-", dir=folder.parent) as temporary:
            for name in names:
                path = folder / name
                write(Path(temporary, name))
            for name in names:
                os.replace(Path(temporary, name), folder / name)
    except OSError as error:
        remedy = "free 70 MB there" if error.errno in _DISK_FULL else "make the folder writable"
        remedy += ", or set XDG_CACHE_HOME to another folder"
        raise MissingDataError(f"{path} cannot be written ({error.strerror or error}): {remedy}.") from None


def _sweep(folder: Path) -> None:
    """Remove what processes that were killed left here more than a day ago."""
    for old in folder.glob("part-*"):
        with contextlib.suppress(OSError):
            if old.stat().st_mtime < time.time() - 24 * 60 * 60:
                shutil.rmtree(old)


# Downloading


def _download(names: Sequence[str], folder: Path) -> None:
    """Fetch these files from torchvision's mirrors, with torchvision's own function, all or none."""
    from torchvision.datasets import MNIST

    mirrors = list(MNIST.mirrors)
    md5 = dict(MNIST.resources)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_TIMEOUT)  # torchvision has no argument for it and would wait for ever
    try:
        _fill(folder, [f"{name}.gz" for name in names], lambda part: _fetch(part, md5[part.name], mirrors))
    finally:
        socket.setdefaulttimeout(before)


def _fetch(path: Path, md5: str, mirrors: list[str]) -> None:
    """Download one file from the first of the mirrors that has it, and put that mirror first."""
    from torchvision.datasets.utils import download_url

    problems = []
    for mirror in list(mirrors):
        try:
            download_url(mirror + path.name, path.parent, path.name, md5)
        except (RuntimeError, OSError, HTTPException) as error:
            _raise_disk_full(error)
            wrong_md5 = type(error) is RuntimeError
            problem = "the file arrived damaged" if wrong_md5 else str(error) or type(error).__name__
            problems.append(f"{mirror}: {problem}")
        else:
            mirrors.sort(key=lambda other: other != mirror)
            return
    reasons = " ".join("; ".join(problems).split())
    raise MissingDataError(
        f"{path.name} could not be downloaded ({reasons}): check the network and try again, or {_ELSEWHERE}."
    )


def _raise_disk_full(error: BaseException | None) -> None:
    """Raise the full disk behind a failed download: torchvision may have tried http after https meanwhile."""
    while error:
        if isinstance(error, OSError) and error.errno in _DISK_FULL:
            raise error
        error = error.__context__
