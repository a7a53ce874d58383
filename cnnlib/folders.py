"""Your own pictures: image files read safely, folders with a class each, tables of labels, digits like MNIST's.

Nothing here writes, moves or deletes a file. What is wrong with one is said with its name, and the others are read.
"""

from __future__ import annotations

import csv
import hashlib
import math
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

    Folder = str | os.PathLike[str]
    Pixels = NDArray[np.uint8]
    Box = tuple[float, float, float, float]

MAX_PIXELS = 50_000_000  # of one picture: 200 MB while it is decoded


class DataError(RuntimeError):
    """A data file is missing or wrong; the message names it and says what to do."""


class Scan(NamedTuple):
    """Good files with their class, bad files or folders with the reason, and groups of files that show the same."""

    good: dict[Path, str]
    bad: dict[Path, str]
    duplicates: list[tuple[Path, ...]]


class ImageFolder(NamedTuple):
    """Pictures uint8 (N, C, H, W), labels int64 (N,) that index `classes`, each one's file, and what was skipped."""

    images: Pixels
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    files: tuple[Path, ...]
    skipped: dict[Path, str]


class Row(NamedTuple):
    """A line of a table: a file, its label, and the corners (x1, y1, x2, y2) of its box in pixels, if it has one."""

    path: Path
    label: str
    box: Box | None


class Labels(NamedTuple):
    """The rows of a table that are right, and a sentence for each that is not and each file without one."""

    rows: list[Row]
    problems: list[str]


class DigitSteps(NamedTuple):
    """A digit on its way to MNIST's form, uint8 (H, W) each: ink bright on black, cut out, at most 20x20, in 28x28."""

    ink: Pixels
    cropped: Pixels
    scaled: Pixels
    centred: Pixels


def read_image(path: Folder, mode: str = "L", background: int = 255, max_pixels: int = MAX_PIXELS) -> Pixels:
    """Return the picture in a file: uint8 (1, H, W) of greys, or with mode="RGB" (3, H, W).

    It is turned upright as its EXIF data says, laid over a grey of `background` (0 to 255) where it is
    transparent, and 16 bits a pixel become 8. Raises DataError with the file and the reason.
    """
    _check_settings("read_image", mode, background, max_pixels)
    try:
        return _decode(Path(path), mode, background, max_pixels)
    except Exception as error:  # Pillow raises many kinds
        raise DataError(f"{_name(Path(path))} {_reason(error, max_pixels)}.") from None


def scan_images(*roots: Folder, max_pixels: int = MAX_PIXELS) -> Scan:
    """Decode every file in root/class/ once and say which can be read, which not and why, and which show the same.

    Give each split's folder as one of the `roots`: a picture that lies in two of them is among the duplicates,
    also if it was saved in another lossless format. Files and folders with a leading dot are passed over.
    Raises DataError where a root is no folder; anything else that is wrong is listed in `bad`.
    """
    if not roots:
        raise TypeError("scan_images: expects at least one folder, got none")
    _check_settings("scan_images", "RGB", 0, max_pixels)
    good: dict[Path, str] = {}
    bad: dict[Path, str] = {}
    same: dict[tuple[tuple[int, ...], bytes], list[Path]] = {}
    for root in map(Path, roots):
        for path, name, found in _pictures("scan_images", root, "RGB", 255, max_pixels):
            if isinstance(found, str):
                bad[path] = found
            else:
                good[path] = name
                same.setdefault((found.shape, hashlib.sha256(found.tobytes()).digest()), []).append(path)
    return Scan(good, bad, [tuple(paths) for paths in same.values() if len(paths) > 1])


def load_image_folder(
    root: Folder,
    size: tuple[int, int] | None = None,
    mode: str = "L",
    background: int = 255,
    max_pixels: int = MAX_PIXELS,
) -> ImageFolder:
    """Return the pictures in root/class/; the label is the class's place among the sorted visible folders.

    They must all be of one size, unless `size` (height, width) is given: then each is scaled to fit, its shape
    kept, and the rest filled with `background`. `mode` and `background` as in `read_image`. A file that cannot be
    read is skipped, printed and listed in `skipped`. Raises DataError, naming the folder or file, for fewer than
    two classes, a class without a picture, and pictures of different sizes.
    """
    _check_settings("load_image_folder", mode, background, max_pixels)
    if size is not None and not (len(size) == 2 and all(isinstance(n, int) and n > 0 for n in size)):
        raise ValueError(f"load_image_folder: size expects (height, width) or None, got {size!r}")
    root = Path(root)
    names: list[str] = []
    images: dict[Path, Pixels] = {}
    skipped: dict[Path, str] = {}
    for path, name, found in _pictures("load_image_folder", root, mode, background, max_pixels):
        if isinstance(found, str) and path.is_dir():
            raise DataError(f"{_name(path)} {found}.")
        if isinstance(found, str):
            skipped[path] = found
            print(f"skipped {_name(path.relative_to(root))}: {found}")
            continue
        images[path] = found if size is None else _fit(found, size, background)
        names.append(name)
        first = next(iter(images))
        if found.shape != images[first].shape and size is None:
            sizes = " and ".join(f"{_name(p)} {images[p].shape[1:]}" for p in (first, path))
            raise DataError(f"{sizes} have different sizes: give size=(height, width).")
    classes = tuple(sorted(set(names)))
    labels = np.array([classes.index(name) for name in names], np.int64)
    return ImageFolder(np.stack(list(images.values())), labels, classes, tuple(images), skipped)


def read_labels(table: Folder, folder: Folder) -> Labels:
    """Read a CSV table with the columns file and label and, for boxes, x1, y1, x2 and y2 in pixels.

    A file may have several rows if they have boxes. Listed as problems, and left out, are rows without a label,
    rows whose file is missing, cannot be read or was named before, and boxes that leave their picture or have
    their corners reversed; then every visible file of `folder` that no row names. Raises DataError for a table
    that cannot be read or lacks a column.
    """
    table, folder = Path(table), Path(folder)
    rows: list[Row] = []
    problems: list[str] = []
    named: set[Path] = {table}
    sizes: dict[Path, tuple[int, ...] | str] = {}
    for line, cells in _cells(table):
        path = folder / cells["file"]
        named.add(path)
        if path not in sizes:
            sizes[path] = _size(path)
        try:
            row = Row(path, cells["label"], _box(cells, sizes[path]))
            if not row.label:
                raise ValueError("has no label")
            if row in rows or (row.box is None and any(path == other.path for other in rows)):
                raise ValueError("is named a second time")
            rows.append(row)
        except ValueError as error:
            problems.append(f"{_name(Path(table.name))}, line {line}: {_name(Path(cells['file']))} {error}")
    for path in _files(folder):
        if path not in named:
            problems.append(f"{_name(path.relative_to(folder))} has no row in {_name(Path(table.name))}")
    return Labels(rows, problems)


def prepare_digit(picture: NDArray[Any]) -> DigitSteps:
    """Return the steps from a photographed or drawn digit to one of MNIST's form.

    `picture` is (H, W) or (1, H, W), dark ink on bright paper or the other way round. What differs from the paper
    (the median) by less than 0.4 of the largest difference is paper; the ink goes through the steps of `to_mnist`.
    ValueError for other shapes and for a picture of one grey.
    """
    values = np.asarray(picture)
    values = values[0] if values.ndim == 3 and len(values) == 1 else values
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"prepare_digit: picture expects shape (H, W) or (1, H, W), got {np.shape(picture)}")
    ink = np.abs(values - np.median(values))
    if not ink.max() > 0:
        raise ValueError(f"prepare_digit: picture expects ink on paper, all pixels are {values.flat[0]}")
    ink = np.where(ink < 0.4 * ink.max(), 0, ink * (255 / ink.max()))
    return DigitSteps(*(step.round().astype(np.uint8) for step in (ink, *_steps(ink))))


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
    return _steps(values)[2] if values.any() else np.zeros((28, 28))


def _steps(ink: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the ink cut out, scaled, and centred."""
    rows, columns = np.nonzero(ink.any(axis=1))[0], np.nonzero(ink.any(axis=0))[0]
    cropped = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (max(1, _nearest(n * 20 / max(cropped.shape))) for n in cropped.shape)
    scaled = _shares(cropped.shape[0], height) @ cropped @ _shares(cropped.shape[1], width).T
    middle = (np.indices(scaled.shape) * scaled).sum(axis=(1, 2)) / scaled.sum()
    top, left = (min(max(_nearest(14 - m), 0), 28 - n) for m, n in zip(middle, scaled.shape, strict=True))
    centred = np.zeros((28, 28))
    centred[top : top + height, left : left + width] = scaled
    return cropped, scaled, centred


def _nearest(value: float) -> int:
    return math.floor(value + 0.5 + 1e-6)  # a tie goes up, whatever the last bit says


def _shares(size: int, length: int) -> NDArray[np.float64]:
    """Return (length, size): how much of each of `size` pixels lies in each of `length` larger or smaller ones."""
    edges, pixels = np.arange(length + 1)[:, None] * (size / length), np.arange(size)
    inside = np.minimum(edges[1:], pixels + 1) - np.maximum(edges[:-1], pixels)
    shares: NDArray[np.float64] = inside.clip(0) * (length / size)
    return shares


def photograph_digit(digit: NDArray[np.uint8], rng: np.random.Generator) -> Pixels:
    """Return a digit as a phone might see it: dark ink on a page of 72x72 pixels, drawn with `rng`.

    `digit` is uint8 (H, W), ink bright on black. Its size, place, slant, the light and the noise are random.
    """
    from PIL import Image

    if np.ndim(digit) != 2 or digit.dtype != np.uint8:
        raise ValueError(f"photograph_digit: digit expects uint8 (H, W), got {np.shape(digit)}")
    side, angle = int(rng.integers(36, 53)), rng.uniform(-12, 12)
    stroke = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    page = Image.new("L", (72, 72))
    corner = rng.integers(0, 73 - side, 2)
    page.paste(stroke.rotate(angle, Image.Resampling.BICUBIC), (int(corner[0]), int(corner[1])))
    down, across = np.mgrid[:72, :72] / 71
    light = rng.uniform(150, 240) + rng.uniform(-40, 40) * across + rng.uniform(-40, 40) * down
    photo = light * (1 - 0.75 * np.asarray(page) / 255) + rng.normal(0, 5, (72, 72))
    return np.asarray(photo.clip(0, 255), np.uint8)


# One file


class _Unfit(ValueError):
    """A picture that can be decoded and is not accepted; the message goes on where the file's name ends."""


def _decode(path: Path, mode: str, background: int, max_pixels: int) -> Pixels:
    from PIL import Image, ImageOps

    if path.exists() and not path.is_file():  # opening a pipe would wait for ever
        raise _Unfit("is not a file")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the limit is ours; odd EXIF entries do not matter
        with open(path, "rb") as file, Image.open(file) as opened:
            if opened.width * opened.height > max_pixels:
                size = f"{opened.width:,} x {opened.height:,} pixels"
                raise _Unfit(f"has {size}, more than the {max_pixels:,} allowed")
            opened.load()  # verify() would let a truncated JPEG pass
            image = _eight_bits(ImageOps.exif_transpose(opened))
    if image.has_transparency_data:
        under = Image.new("RGBA", image.size, (background, background, background, 255))
        image = Image.alpha_composite(under, image.convert("RGBA"))
    array = np.array(image.convert(mode))
    return array[None] if mode == "L" else np.ascontiguousarray(array.transpose(2, 0, 1))


def _eight_bits(image: Image) -> Image:
    """Return a picture of 16 bits a pixel (Pillow's modes I;16 and I) with 8; others as they are."""
    from PIL import Image

    if image.mode == "F":
        raise _Unfit("has pixels that are floats, of a range nobody knows")
    if not image.mode.startswith("I"):
        return image
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise _Unfit("has 32 bits a pixel, of a range nobody knows")
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))


def _reason(error: Exception, max_pixels: int) -> str:
    """What is wrong with a file, as the end of a sentence that its name begins."""
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, _Unfit):
        return str(error)
    if isinstance(error, Image.DecompressionBombError):
        return f"has more pixels than the {max_pixels:,} allowed"
    if isinstance(error, UnidentifiedImageError):
        return "is no picture, whatever its name says"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read ({error.strerror})"
    return f"is damaged or cut off ({error or type(error).__name__})"


def _fit(picture: Pixels, size: tuple[int, int], background: int) -> Pixels:
    """Scale (C, H, W) so that it just fits `size`, in the middle of the background."""
    from PIL import Image, ImageOps

    image = Image.fromarray(picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0))
    ground = background if len(picture) == 1 else (background,) * 3
    fitted = np.array(ImageOps.pad(image, size[::-1], Image.Resampling.BOX, color=ground))
    return fitted[None] if fitted.ndim == 2 else np.ascontiguousarray(fitted.transpose(2, 0, 1))


def _name(path: Path) -> str:
    """A path that can be printed: names may hold line breaks, and bytes that are no characters."""
    return str(path) if str(path).isprintable() else repr(str(path))


def _check_settings(where: str, mode: str, background: int, max_pixels: int) -> None:
    if mode not in ("L", "RGB"):
        raise ValueError(f'{where}: mode expects "L" (grey) or "RGB", got {mode!r}')
    if not (isinstance(background, int) and 0 <= background <= 255):
        raise ValueError(f"{where}: background expects an integer from 0 to 255, got {background!r}")
    if not (isinstance(max_pixels, int) and max_pixels > 0):
        raise ValueError(f"{where}: max_pixels expects a positive integer, got {max_pixels!r}")


# Folders


def _files(root: Path, unreadable: dict[Path, str] | None = None) -> Iterator[Path]:
    """Every visible file below `root`, in order; folders that cannot be opened go into `unreadable`."""

    def note(error: OSError) -> None:
        if unreadable is not None:
            unreadable[Path(error.filename)] = f"cannot be read ({error.strerror})"

    for folder, folders, names in os.walk(root, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def _pictures(
    where: str, root: Path, mode: str, background: int, max_pixels: int
) -> Iterator[tuple[Path, str, Pixels | str]]:
    """(file, class, picture) for each file of a folder of class folders; what is wrong stands in the picture's place.

    A class without a picture, and a root with fewer than two classes, stand there as their folders.
    """
    try:
        entries = sorted(root.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(f"{where}: {_name(root)} is no folder that can be read ({error.strerror}).") from None
    classes = [e for e in entries if e.is_dir() and not e.name.startswith(".")]
    for entry in entries:
        if entry not in classes and not entry.name.startswith("."):
            yield entry, "", "lies in no class folder, so it has no label"
    for folder in classes:
        unreadable: dict[Path, str] = {}
        filled = False
        for path in _files(folder, unreadable):
            try:
                picture = _decode(path, mode, background, max_pixels)
            except Exception as error:  # Pillow raises many kinds
                yield path, folder.name, _reason(error, max_pixels)
            else:
                filled = True
                yield path, folder.name, picture
        if not filled:
            unreadable.setdefault(folder, "holds no picture that can be read")
        yield from ((path, folder.name, reason) for path, reason in unreadable.items())
    if len(classes) < 2:
        has = f"only one class folder, {_name(Path(classes[0].name))}" if classes else "no class folders"
        yield root, "", f"has {has}: two or more are needed to tell apart"


# Tables


def _cells(table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, cells by column) of each row, without the spaces around them."""
    try:
        with open(table, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            columns = [(name or "").strip() for name in reader.fieldnames or []]
            if missing := {"file", "label"} - set(columns):
                raise DataError(f"{_name(table)} has no column {' and no column '.join(sorted(missing))}.")
            reader.fieldnames = columns
            for row in reader:
                yield reader.line_num, {name: (row[name] or "").strip() for name in columns}
    except OSError as error:
        raise DataError(f"{_name(table)} cannot be read ({error.strerror}).") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{_name(table)} is not a CSV table in UTF-8 ({error}).") from None


def _size(path: Path) -> tuple[int, ...] | str:
    """(height, width) of the picture in a file as it stands upright, or what is wrong with it."""
    try:
        return _decode(path, "L", 255, MAX_PIXELS).shape[1:]
    except FileNotFoundError:
        return "has a row, and there is no such file"
    except Exception as error:  # Pillow raises many kinds
        return _reason(error, MAX_PIXELS)


def _box(cells: dict[str, str], size: tuple[int, ...] | str) -> Box | None:
    """The box of a row, None where it has none; ValueError with what is wrong with it or with its picture."""
    if isinstance(size, str):
        raise ValueError(size)
    corners = [cells.get(name, "") for name in ("x1", "y1", "x2", "y2")]
    if not any(corners):
        return None
    try:
        x1, y1, x2, y2 = map(float, corners)
        if not all(map(math.isfinite, (x1, y1, x2, y2))):
            raise ValueError
    except ValueError:
        raise ValueError(f"needs a box of four numbers, has {corners}") from None
    written = f"({', '.join(corners)})"
    if x1 >= x2 or y1 >= y2:
        raise ValueError(f"has reversed corners or an empty box {written}: x1 < x2 and y1 < y2 are needed")
    height, width = size
    if x1 < 0 or y1 < 0 or x2 > width or y2 > height:
        raise ValueError(f"has a box {written} outside the picture, which is {width} wide and {height} high")
    return x1, y1, x2, y2
