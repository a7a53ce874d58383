"""The checks of notebook 14: a folder as a Dataset, splits by group, normalisation, and boxes."""

import math
import os
import random
from collections.abc import Callable, Iterator, Sequence
from operator import index
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import default_collate

from cnnlib.check.engine import Student, exercise
from cnnlib.folders import DataError, read_image

Array = NDArray[Any]
Four = tuple[float, float, float, float]


# DigitFolder


FOLDERS = (
    "seven",
    "Zero",
    "four",
    ".ipynb_checkpoints",
    "One",
    "empty",
    ".trash",
)  # in the order they are made
BROKEN = {"Zero/notes.txt", "four/b_cut.png", "One/text.png", "seven/c_cut.jpg"}


@exercise(
    "List the visible folders first, sorted: that is the list of classes. Then decode each of their files once, inside "
    "a try, and keep those that work.",
    "`classes = sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith('.'))`. In "
    "`__getitem__`: read, float tensor, / 255, transform if there is one, and the label as an int.",
)
def DigitFolder(student: Student) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder, "digits")
        _make_digits(root)
        expected = _digits(root)
        tried = f"DigitFolder(root) on a folder with {', '.join(sorted(FOLDERS))}"
        dataset = student.call(root)
        found = [_item(student, dataset, i, tried) for i in range(_length(student, dataset, tried))]
        _same_files(student, tried, root, expected, [image for image, _ in found])
        labels = [next(n for image, n in found if _near(image, picture)) for _, picture, _ in expected]
        _same_labels(student, tried, root, expected, labels)
        _skipped(student, tried, dataset)
        _transformed(student, root, found[0][0])


def _make_digits(root: Path) -> None:
    """Folders of 28x28 pictures in several modes, all different, and files that are none."""
    from PIL import Image

    for name in FOLDERS:
        (root / name).mkdir(parents=True)
    grey = Image.fromarray(_pattern(1))
    grey.save(root / "seven" / "b.png")
    Image.fromarray(_pattern(2)).save(root / "seven" / "a.JPG", quality=95)
    ink = np.zeros((28, 28, 4), np.uint8)  # black ink on nothing
    ink[..., 3] = _pattern(3)
    Image.fromarray(ink).save(root / "Zero" / "10.png")
    palette = Image.fromarray(_pattern(4)).quantize(16)
    palette.save(root / "Zero" / "2.PNG")
    Image.fromarray(_pattern(5)).save(root / "Zero" / "3.png")
    Image.fromarray(np.stack([_pattern(6)] * 3, axis=-1)).save(root / "four" / "a.png")
    Image.fromarray(_pattern(7)).save(root / "One" / "x.jpeg", quality=95)
    Image.fromarray(_pattern(8)).save(root / ".ipynb_checkpoints" / "b.png")
    Image.fromarray(_pattern(9)).save(root / "loose.png")
    noise = np.random.default_rng(14).integers(0, 256, (28, 28), dtype=np.uint8)
    for name in ("four/b_cut.png", "seven/c_cut.jpg"):
        Image.fromarray(noise).save(root / name)
        content = (root / name).read_bytes()
        (root / name).write_bytes(content[: len(content) * 3 // 4])
    for name in ("Zero/notes.txt", "One/text.png", "seven/.DS_Store"):
        (root / name).write_text("no picture")


def _pattern(seed: int) -> Array:
    """A smooth picture, so that JPEG keeps it, bright in another place for each seed."""
    rows, columns = np.mgrid[:28, :28]
    bright = np.exp(-((rows - 3 * seed) ** 2 + (columns - 26 + 2 * seed) ** 2) / 60)
    return np.asarray(30 + 200 * bright + columns, np.uint8)


def _digits(root: Path) -> list[tuple[Path, Array, int]]:
    """(file, picture, label) of each item."""
    classes = sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    return [
        (path, read_image(path) / 255.0, label)
        for label, folder in enumerate(classes)
        for path in sorted(folder.iterdir())
        if not path.name.startswith(".") and path.relative_to(root).as_posix() not in BROKEN
    ]


def _length(student: Student, dataset: Any, tried: str) -> int:
    try:
        return len(dataset)
    except Exception as error:
        student.fail(
            f"len({tried.split(' on ')[0]})", "the number of pictures", f"{type(error).__name__}: {error}",
            "A Dataset has a length: write __len__, and let it return the number of readable pictures.",
        )  # fmt: skip
        raise


def _item(student: Student, dataset: Any, i: int, tried: str) -> tuple[Array, int]:
    """Item `i` as an array and a label; fail where it is no pair of a float tensor and an int."""
    tried = f"item {i} of {tried}"
    try:
        item = dataset[i]
    except Exception as error:
        hint = "`__getitem__` stopped with this error."
        if isinstance(
            error, OSError | SyntaxError | EOFError | DataError
        ):  # what Pillow and read_image raise
            hint = (
                "A file that cannot be decoded is among the items. Decode each once in __init__ (opening it, or "
                "verify(), is not enough), and leave out those that fail."
            )
        elif "NoneType" in str(error) and "callable" in str(error):
            hint = "`transform` is None unless one is given: call it only then."
        student.fail(tried, "an image and its label", f"{type(error).__name__}: {error}", hint)
    student.require(
        isinstance(item, tuple | list) and len(item) == 2, tried, "a pair (image, label)", _kind(item),
        "Each item is a pair: the image, then its label.",
    )  # fmt: skip
    image, label = item
    student.require(
        isinstance(image, torch.Tensor), tried, "a tensor", _kind(image),
        "A DataLoader cannot batch this: return a tensor, not a PIL image or an array.",
    )  # fmt: skip
    student.require(
        image.shape == (1, 28, 28), tried, "shape (1, 28, 28)", f"shape {tuple(image.shape)}",
        "One channel, in front: a grey picture is (1, 28, 28). Colour, transparency and a missing channel axis show "
        "up here.",
    )  # fmt: skip
    student.require(
        image.is_floating_point(), tried, "floats from 0 to 1", f"{image.dtype}",
        "A net computes with floats: convert, and divide by 255.",
    )  # fmt: skip
    try:
        number = index(label)
    except (TypeError, ValueError):
        number = -1
    student.require(
        not isinstance(label, bool) and number >= 0, tried, "an int as label", repr(label),
        "cross_entropy wants a class number: the place of the folder's name among the sorted names, an int.",
    )  # fmt: skip
    try:
        default_collate([item, item])
    except Exception as error:
        student.fail(tried, "something a DataLoader can batch", f"{type(error).__name__}: {error}",
                     "DataLoader must be able to stack the items of a batch.")  # fmt: skip
    return image.detach().double().numpy(), number


def _kind(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__name__}".removeprefix("builtins.")


def _near(a: Array, b: Array) -> bool:
    return a.shape == b.shape and bool(np.abs(a - b).max() < 0.03)


def _same_files(
    student: Student, tried: str, root: Path, expected: list[tuple[Path, Array, int]], found: list[Array]
) -> None:
    """The items are the pictures of the visible folders, each once."""
    for i, image in enumerate(found):
        student.require(
            image.max() <= 1.5, f"item {i} of {tried}", "values from 0 to 1", f"values up to {image.max():g}",
            "The pixels are still 0 to 255: divide by 255.",
        )  # fmt: skip
        student.require(
            image.min() >= -0.01, f"item {i} of {tried}", "values from 0 to 1", f"values down to {image.min():g}",
            "Divide the pixels by 255 and do no more. Normalising is a transform's work.",
        )  # fmt: skip
    for extra, hint in (
        (root / ".ipynb_checkpoints" / "b.png",
         "A picture of the hidden folder .ipynb_checkpoints is among the items. Jupyter makes such folders: pass over "
         "every name that starts with a dot."),
        (root / "loose.png", "loose.png lies beside the folders, in no class. It is no item: it has no label."),
    ):  # fmt: skip
        picture = read_image(extra) / 255.0
        student.require(not any(_near(picture, image) for image in found), tried, "only pictures in visible folders",
                        extra.relative_to(root).as_posix(), hint)  # fmt: skip
    for path, picture, _ in expected:
        name = path.relative_to(root).as_posix()
        hint = f"{name} is missing. It is a good picture; are all endings read, in any case (.png, .PNG, .JPG, .jpeg)?"
        if len(found) >= len(expected):
            hint = f"There are enough items, but none shows {name} in its greys, divided by 255."
        if any(_near(1 - picture, image) for image in found):
            hint = f"{name} comes out as its negative. Keep the greys as they are in the file."
        if name == "Zero/10.png" and len(found) >= len(expected):
            hint = (
                f"{name} is black ink on a transparent ground, and comes out wrong. Lay it over white before "
                "you convert it to grey; convert alone throws the transparency away."
            )
        if name == "Zero/2.PNG" and len(found) >= len(expected):
            hint = f"{name} stores places in a palette, not greys, and comes out wrong. Convert it to grey first."
        student.require(any(_near(picture, image) for image in found), tried, f"{name} among the items",
                        f"{len(found)} items without it", hint)  # fmt: skip
        if (
            path.suffix == ".png" and name != "Zero/10.png"
        ):  # JPEG and transparency are rounded in more than one way
            item = next(image for image in found if _near(picture, image))
            student.agree(f"the pixels of {name}", picture[0, 10, :8], item[0, 10, :8])
    student.require(
        len(found) == len(expected), tried, f"{len(expected)} items", f"{len(found)} items",
        "Each readable picture is one item, once.",
    )  # fmt: skip


def _same_labels(
    student: Student, tried: str, root: Path, expected: list[tuple[Path, Array, int]], labels: list[int]
) -> None:
    wanted = [label for _, _, label in expected]
    names = [path.parent.name for path, _, _ in expected]
    visible = [name for name in FOLDERS if not name.startswith(".")]
    listed = os.listdir(root)
    by_system = (
        "The classes are numbered in the order in which the file system lists them, which differs from machine to "
        "machine. Sort the names."
    )
    for rule, hint in (
        (sorted(FOLDERS), "The hidden folders .ipynb_checkpoints and .trash were counted as classes."),
        (sorted(os.listdir(root)), "Everything that lies in root was counted as a class. Only visible folders are."),
        (sorted(visible, key=str.lower), "The names were sorted without regard to case. Python's sorted puts capitals "
         "first."),
        (sorted(set(names)), "The empty folder was left out. It keeps its number, so that labels do not change on the "
         "day it is filled."),
        (sorted(visible, reverse=True), "The names are sorted backwards."),
        (["", *sorted(visible)], "The labels are counted from 1. Count from 0, as cross_entropy does."),
        (listed, by_system),
        ([name for name in listed if name in FOLDERS], by_system),
        ([name for name in listed if name in visible], by_system),
        ([name for name in listed if name in names], by_system),
    ):  # fmt: skip
        if set(names) <= set(rule) and labels == [rule.index(name) for name in names] != wanted:
            student.fail(tried, f"the labels {wanted}", f"{labels}", hint)
    student.require(
        labels == wanted, tried, f"the labels {wanted}", f"{labels}",
        "A label is the place of the file's own folder among the sorted names, counted from 0. Take it from the file's "
        "path, not from a second list by position.",
    )  # fmt: skip


def _skipped(student: Student, tried: str, dataset: Any) -> None:
    listed = getattr(dataset, "skipped", None)
    wanted = ", ".join(sorted(BROKEN))
    student.require(
        isinstance(listed, list | tuple | set | dict), f".skipped of {tried}", wanted, _kind(listed),
        "Keep a list of the files that could not be decoded, as the attribute `skipped`: what is left out silently is "
        "missed by nobody.",
    )  # fmt: skip
    names = {Path(str(path)).name for path in listed or ()}
    student.require(
        names == {Path(name).name for name in BROKEN} and len(listed or ()) == len(BROKEN),
        f".skipped of {tried}", wanted, ", ".join(sorted(names)) or "nothing",
        "`skipped` holds each visible file of a class that cannot be decoded, once, and no other: hidden files and "
        "files beside the folders do not count.",
    )  # fmt: skip


def _transformed(student: Student, root: Path, first: Array) -> None:
    calls: list[Any] = []

    def transform(image: Any) -> Any:
        calls.append(image)
        return image + len(calls) if isinstance(image, torch.Tensor) else image

    dataset, tried = student.call(root, transform), "an item of DigitFolder(root, transform)"
    calls.clear()
    try:
        pictures = [dataset[0][0] for _ in range(2)]
    except Exception as error:
        student.fail(tried, "what transform makes of the image", f"{type(error).__name__}: {error}",
                     "An item must also be found where a transform was given.")  # fmt: skip
    student.require(
        calls, tried, "what transform makes of the image", "transform was not called",
        "Call transform in __getitem__: a random change is then a new one in every epoch.",
    )  # fmt: skip
    student.require(
        isinstance(calls[0], torch.Tensor) and _near(calls[0].double().numpy(), first), tried,
        "transform called with the float tensor (1, 28, 28)", f"called with {_kind(calls[0])}",
        "Transform last, when the image is a float tensor from 0 to 1, and give it the image alone.",
    )  # fmt: skip
    got = [student.numbers(picture, tried).astype(np.float64) for picture in pictures]
    student.require(
        _near(got[0], first + 1) and _near(got[1], first + 2), tried, "what transform returns, anew each time",
        "another image", "Return what transform gives, called once each time an item is asked for.",
    )  # fmt: skip


# group_split


GROUPS: tuple[Array, ...] = (
    np.array([3, 1, 3, 2, 5, 3, 4, 1, 3, 5]),
    np.repeat(np.arange(20) * 7 % 23, 1 + np.arange(20) ** 2 % 11)[::-1],
    np.array([f"writer {math.isqrt(i * 27 % 64)}" for i in range(64)]),
    np.arange(23) * 5 % 9,
)
FRACTIONS = ((0.6, 0.2, 0.2), (0.7, 0.1, 0.2), (0.5, 0.25, 0.25), (0.6, 0.25, 0.15))  # the last need rounding


@exercise(
    "Shuffle and cut the groups, not the items. Then every item goes where its group went.",
    "`names = np.unique(groups)`, shuffled with a generator made from `seed`; cut at round(fraction * number of "
    "groups); `np.flatnonzero(np.isin(groups, part))` are the items of a part.",
)
def group_split(student: Student) -> None:
    for groups, fractions in zip(GROUPS, FRACTIONS, strict=True):
        count = len(np.unique(groups))
        tried = f"group_split(groups, {fractions}, seed=0) with {len(groups)} items of {count} groups"
        if len(groups) < 20:
            tried += f", groups = {groups.tolist()}"
        first, again, other, *more = (
            _parts(student, student.call(groups, fractions, seed), tried, len(groups))
            for seed in (0, 0, 1, 2, 3)
        )
        _disjoint(student, tried, groups, first)
        _sizes(student, tried, groups, fractions, first)
        student.require(
            first == again, f"{tried}, twice", "the same parts", "other parts",
            "The same seed must give the same parts: make a generator from `seed`.",
        )  # fmt: skip
        student.require(
            any(part != first for part in (other, *more)), f"{tried}, then with seeds 1, 2 and 3", "other parts",
            "the same parts each time",
            "Another seed must give other parts: are the groups shuffled at all, and with `seed`?",
        )  # fmt: skip
    _own_generator(student)


def _parts(student: Student, value: Any, tried: str, count: int) -> list[list[int]]:
    student.require(
        isinstance(value, tuple | list) and len(value) == 3, tried, "three arrays of indices", _kind(value),
        "Return three arrays: the indices of the items to train on, to validate with, and to test with.",
    )  # fmt: skip
    arrays = [np.asarray(part) for part in value]
    student.require(
        all(a.ndim == 1 and (a.dtype.kind in "iu" or a.size == 0) for a in arrays), tried, "arrays of whole numbers",
        ", ".join(f"{a.dtype} {a.shape}" for a in arrays),
        "Return indices, places in `groups`: no masks, and not the groups' names. np.flatnonzero turns a mask into "
        "indices.",
    )  # fmt: skip
    student.require(
        all(((a >= 0) & (a < count)).all() for a in arrays), tried, f"indices from 0 to {count - 1}", "others",
        "Return indices, places in `groups`, not the groups' names.",
    )  # fmt: skip
    return [sorted(a.tolist()) for a in arrays]


def _disjoint(student: Student, tried: str, groups: Array, parts: list[list[int]]) -> None:
    together = sorted(i for part in parts for i in part)
    missing = sorted(set(range(len(groups))) - set(together))
    within = [set(groups[part].tolist()) for part in parts]
    shared = (within[0] & within[1]) | (within[0] & within[2]) | (within[1] & within[2])
    student.require(
        not missing, tried, "every item in a part", f"{len(missing)} items are in none, such as {missing[:3]}",
        "Return indices of all items. Are these one index for each group, or the groups' names, and is the last part "
        "cut off too early?",
    )  # fmt: skip
    student.require(
        not shared, tried, "each group in one part",
        f"{len(shared)} groups in more than one, such as {min(shared, default='')}",
        "A group is on two sides. The net would be tested on a writer it has learned from: share out groups, not "
        "items.",
    )  # fmt: skip
    student.require(
        together == list(range(len(groups))), tried, "every item once", "some items twice",
        "Each item belongs to one part, once.",
    )  # fmt: skip


def _sizes(
    student: Student, tried: str, groups: Array, fractions: Sequence[float], parts: list[list[int]]
) -> None:
    count = len(np.unique(groups))
    first, second = (round(fraction * count) for fraction in fractions[:2])
    wanted = [first, second, count - first - second]
    got = [len(np.unique(groups[part])) for part in parts]
    hint = "The first two parts get round(fraction * number of groups) groups, the third gets the rest."
    if sorted(got) == sorted(wanted) and len(set(wanted)) > 1:
        hint = "The parts are in another order: training first, then validation, then test."
    elif wanted != got:
        hint += (
            " The fractions are of the groups, not of the items; and is a product such as 0.7 * 10 cut off?"
        )
    student.require(wanted == got, tried, f"{wanted} groups", f"{got} groups", hint)


def _own_generator(student: Student) -> None:
    def states() -> list[object]:
        name, keys, *rest = np.random.get_state()  # noqa: NPY002 - the global state is what is watched
        return [torch.get_rng_state().tolist(), random.getstate(), name, np.asarray(keys).tolist(), rest]

    before = states()
    student.call(GROUPS[0], FRACTIONS[0], 5)
    student.require(
        before == states(), "group_split, and the global random state before and after", "the same state", "another",
        "Your function seeds or uses a global generator, which changes every random number drawn later. Make one of "
        "your own: np.random.default_rng(seed).",
    )  # fmt: skip


# normalisation


@exercise(
    "Which images does the net learn from? Only those may decide what is subtracted from an image.",
    "`train.mean(axis=(0, 2, 3))` and `train.std(axis=(0, 2, 3))`: one number for each channel.",
)
def normalisation(student: Student) -> None:
    rng = np.random.default_rng(14)
    small = np.array([[[[0, 4]], [[1, 3]]], [[[8, 0]], [[5, 7]]]], float)
    cases = [
        (small, np.array([[[[9, 9]], [[2, 0]]]], float)),
        (rng.random((5, 3, 4, 6)) * [[[[1]], [[2]], [[3]]]], rng.random((4, 3, 4, 6)) + 1),
        (rng.integers(0, 256, (7, 2, 3, 5), dtype=np.uint8), rng.integers(90, 256, (2, 2, 3, 5), dtype=np.uint8)),
        (rng.random((3, 1, 8, 2)).astype(np.float32), rng.random((6, 1, 8, 2)).astype(np.float32)),
    ]  # fmt: skip
    student.compare(_normalisation, cases, _normalisation_mistakes())


def _normalisation(train: Array, validation: Array) -> Array:
    """Means in the first row, deviations in the second: so a pair of numbers is compared too."""
    x = train.astype(np.float64)
    return np.stack([x.mean(axis=(0, 2, 3)), x.std(axis=(0, 2, 3))])


def _normalisation_mistakes() -> list[tuple[str, Callable[..., object]]]:
    def over(axes: Any, ddof: int = 0, which: str = "train") -> Callable[..., object]:
        def run(train: Array, validation: Array) -> Array:
            both = np.concatenate([train, validation]).astype(np.float64)
            x = {"train": both[: len(train)], "validation": both[len(train) :], "both": both}[which]
            return np.stack([x.mean(axis=axes), x.std(axis=axes, ddof=ddof)])

        return run

    def images_averaged(train: Array, validation: Array) -> Array:
        x = train.astype(np.float64)
        return np.stack([x.mean(axis=(0, 2, 3)), x.std(axis=(2, 3)).mean(axis=0)])

    def pixels_averaged(train: Array, validation: Array) -> Array:
        x = train.astype(np.float64)
        return np.stack([x.mean(axis=(0, 2, 3)), x.std(axis=0).mean(axis=(1, 2))])

    def applied(train: Array, validation: Array) -> tuple[Array, ...]:
        mean, sd = _normalisation(train, validation)[:, None, :, None, None]
        return (train - mean) / sd, (validation - mean) / sd

    def overflowed(train: Array, validation: Array) -> Array:
        mean = train.mean(axis=(0, 2, 3))
        return np.stack([mean, np.sqrt(np.maximum((train * train).mean(axis=(0, 2, 3)) - mean**2, 0))])

    def deviation_of_both(train: Array, validation: Array) -> Array:
        both = _normalisation(np.concatenate([train, validation]), validation)
        return np.stack([_normalisation(train, validation)[0], both[1]])

    def halves(train: Array, validation: Array) -> Array:
        return (_normalisation(train, train) + _normalisation(validation, validation)) / 2

    return [
        ("Training and validation images were taken together. Then the validation images have had a say, and the "
         "validation accuracy is no longer that of unseen images. Use train alone.", over((0, 2, 3), which="both")),
        ("These are the numbers of the validation images. The net learns from train: use train alone.",
         over((0, 2, 3), which="validation")),
        ("This is the mean of the numbers of both parts. Use train alone.", halves),
        ("This is the sample standard deviation, with n - 1. Here the population's is asked, with n: np.std, or "
         "torch.std with correction=0.", over((0, 2, 3), ddof=1)),
        ("This is the variance. The standard deviation is its square root.",
         lambda train, validation: _normalisation(train, validation) ** [[1], [2]]),
        ("This is one mean and one deviation for all channels. Each channel has its own: average over the images and "
         "both image axes, but not over the channels.", over(None)),
        ("This is one number for each image. Average over the images too, and keep the channels.", over((1, 2, 3))),
        ("This is one number for each pixel. Average over height and width too.", over(0)),
        ("These are one number for each image and channel. Average over the images too.", over((2, 3))),
        ("This is a number for each channel and column. Average over the last axis too.", over((0, 2))),
        ("These are the deviations inside each image, averaged. Images differ from each other too: take all pixels of "
         "a channel together.", images_averaged),
        ("These are the deviations at each pixel, averaged. Take all pixels of a channel together.", pixels_averaged),
        ("This is a number for each row of pixels: the channels are axis 1 of (N, C, H, W). Average over 0, 2 and 3.",
         over((0, 1, 3))),
        ("This is a number for each column of pixels: the channels are axis 1 of (N, C, H, W). Average over 0, 2 and "
         "3.", over((0, 1, 2))),
        ("The results have axes of length 1 left over. Return the shape (C,): without keepdims.",
         lambda train, validation: _normalisation(train, validation)[:, None, :, None, None]),
        ("The mean is train's, but the deviation is of both parts. Use train alone.",
         deviation_of_both),
        ("These are normalised images. Return the two numbers of each channel; the caller will use them.", applied),
        ("Only the means are here. Return means and deviations.",
         lambda train, validation: _normalisation(train, validation)[0]),
        ("Squares of uint8 do not fit into uint8: convert to float before you square.", overflowed),
        ("The images were divided by 255. Leave their values as they are.",
         lambda train, validation: _normalisation(train, validation) / 255),
        ("The two results are in the other order: first the mean, then the deviation.",
         lambda train, validation: _normalisation(train, validation)[::-1]),
    ]  # fmt: skip


# Boxes


BOXES: list[tuple[Four, tuple[int, int]]] = [
    ((1, 2, 5, 8), (10, 20)),
    ((0, 0, 3, 3), (6, 12)),
    ((2.5, 1.25, 7.75, 3.5), (9, 16)),
    ((4, 0, 12, 5), (5, 12)),
    ((0.3, 40.1, 99.9, 41.0), (48, 100)),
]


@exercise(
    "The middle is the mean of two corners, the size their difference. Which of height and width is divided by which?",
    "x belongs to the width, which comes second in `size`: cx = (x1 + x2) / 2 / width, w = (x2 - x1) / width.",
)
def corners_to_center(student: Student) -> None:
    student.compare(_to_center, BOXES, _to_center_mistakes())


def _to_center(box: Four, size: tuple[int, int]) -> Four:
    x1, y1, x2, y2 = box
    height, width = size
    return (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height


def _to_center_mistakes() -> list[tuple[str, Callable[..., object]]]:
    def changed(change: Callable[[Array, float, float], object]) -> Callable[..., object]:
        """`change` gets the right box in pixels (cx, cy, w, h), the height and the width."""

        def run(box: Four, size: tuple[int, int]) -> object:
            height, width = size
            return change(np.array(_to_center(box, size)) * [width, height, width, height], height, width)

        return run

    return [
        ("x was divided by the height and y by the width. `size` is (height, width), x runs along the width.",
         changed(lambda b, h, w: b / [h, w, h, w])),
        ("x and y are swapped in the result: (cx, cy, w, h).",
         changed(lambda b, h, w: (b / [w, h, w, h])[[1, 0, 3, 2]])),
        ("The size came out as (height, width): the order is (cx, cy, w, h).",
         changed(lambda b, h, w: (b / [w, h, w, h])[[0, 1, 3, 2]])),
        ("This is in pixels: divide by the width and height of the picture.", changed(lambda b, h, w: b)),
        ("The middle is a fraction, the size is still in pixels: divide it too.",
         changed(lambda b, h, w: b / [w, h, 1, 1])),
        ("Everything was divided by the same side. x belongs to the width, y to the height.",
         changed(lambda b, h, w: b / w)),
        ("Everything was divided by the same side. x belongs to the width, y to the height.",
         changed(lambda b, h, w: b / h)),
        ("Fractions of a pixel are lost: int cuts off the corners. Keep floats.",
         lambda box, size: _to_center((int(box[0]), int(box[1]), int(box[2]), int(box[3])), size)),
        ("Half a pixel is lost: // or int cuts off. Keep fractions of pixels.",
         changed(lambda b, h, w: np.floor(b) / [w, h, w, h])),
        ("Half a pixel of the middle is lost: // or int cuts off. Use /.",
         changed(lambda b, h, w: np.concatenate([np.floor(b[:2]), b[2:]]) / [w, h, w, h])),
        ("The first two numbers are the top left corner. Return the middle.",
         changed(lambda b, h, w: np.concatenate([b[:2] - b[2:] / 2, b[2:]]) / [w, h, w, h])),
        ("Only x2 and y2 were halved: add first, (x1 + x2) / 2.", lambda box, size: _to_center(
            (2 * box[0], 2 * box[1], box[2], box[3]), size)[:2] + _to_center(box, size)[2:]),
        ("The box was read as (y1, x1, y2, x2). It is (x1, y1, x2, y2): x first.",
         lambda box, size: _to_center((box[1], box[0], box[3], box[2]), size)),
        ("The order is (cx, cy, w, h), not (cx, w, cy, h).",
         changed(lambda b, h, w: (b / [w, h, w, h])[[0, 2, 1, 3]])),
        ("The middle is not halved: it is the mean of two corners.",
         changed(lambda b, h, w: b * [2, 2, 1, 1] / [w, h, w, h])),
        ("The first two numbers are half the size, not the middle: add the corners before you halve.",
         changed(lambda b, h, w: np.concatenate([b[2:] / 2, b[2:]]) / [w, h, w, h])),
        ("This is half the width and height. Return the whole.",
         changed(lambda b, h, w: b * [1, 1, 0.5, 0.5] / [w, h, w, h])),
        ("A pixel too many: corners are edges here, so the width is x2 - x1, without + 1.",
         changed(lambda b, h, w: (b + np.array([0, 0, 1, 1])) / [w, h, w, h])),
        ("Width and height are negative: the larger corner minus the smaller.",
         changed(lambda b, h, w: b * [1, 1, -1, -1] / [w, h, w, h])),
    ]  # fmt: skip


@exercise(
    "The way back: first from fractions to pixels, then half the size to each side of the middle.",
    "x1 = (cx - w / 2) * width, x2 = (cx + w / 2) * width, and the same for y with the height.",
)
def center_to_corners(student: Student) -> None:
    cases = [((0.25, 0.5, 0.125, 0.75), (8, 16))] + [(_to_center(box, size), size) for box, size in BOXES[1:]]
    student.compare(_to_corners, cases, _to_corners_mistakes())


def _to_corners(box: Four, size: tuple[int, int]) -> Four:
    cx, cy, w, h = box
    height, width = size
    return (cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height


def _to_corners_mistakes() -> list[tuple[str, Callable[..., object]]]:
    def changed(change: Callable[[Array, float, float], object]) -> Callable[..., object]:
        """`change` gets the right corners in pixels, the height and the width."""
        return lambda box, size: change(np.array(_to_corners(box, size)), *size)

    def whole_size(box: Four, size: tuple[int, int]) -> object:
        cx, cy, w, h = box
        height, width = size
        return (cx - w) * width, (cy - h) * height, (cx + w) * width, (cy + h) * height

    def from_corner(box: Four, size: tuple[int, int]) -> object:
        cx, cy, w, h = box
        height, width = size
        return cx * width, cy * height, (cx + w) * width, (cy + h) * height

    def in_pixels(change: Callable[[float, float, float, float], object]) -> Callable[..., object]:
        """`change` gets the middle and the size of the box in pixels."""
        return lambda box, size: change(
            box[0] * size[1], box[1] * size[0], box[2] * size[1], box[3] * size[0]
        )

    def fractions_halved(box: Four, size: tuple[int, int]) -> object:
        cx, cy, w, h = box
        height, width = size
        return cx * width - w / 2, cy * height - h / 2, cx * width + w / 2, cy * height + h / 2

    return [
        ("This is the middle and the size in pixels. Return the two corners.",
         in_pixels(lambda x, y, w, h: (x, y, w, h))),
        ("The second corner is the middle: it lies half the size beyond it.",
         in_pixels(lambda x, y, w, h: (x - w / 2, y - h / 2, x, y))),
        ("w and h are fractions too: half of them has to be multiplied by the width and the height of the picture.",
         fractions_halved),
        ("w and h are swapped: w belongs to x, h to y.",
         lambda box, size: _to_corners((box[0], box[1], box[3], box[2]), size)),
        ("You divided by the width and the height. The way back is to multiply.",
         lambda box, size: np.array(_to_corners(box, (1, 1))) / [size[1], size[0], size[1], size[0]]),
        ("x was multiplied by the height and y by the width. `size` is (height, width), x runs along the width.",
         changed(lambda b, h, w: b / [w, h, w, h] * [h, w, h, w])),
        ("x and y are swapped in the result: (x1, y1, x2, y2).", changed(lambda b, h, w: b[[1, 0, 3, 2]])),
        ("The order is (x1, y1, x2, y2), not (x1, x2, y1, y2).", changed(lambda b, h, w: b[[0, 2, 1, 3]])),
        ("The corners are reversed: the smaller numbers come first.", changed(lambda b, h, w: b[[2, 3, 0, 1]])),
        ("These are still fractions. Multiply by the width and the height of the picture.",
         changed(lambda b, h, w: b / [w, h, w, h])),
        ("Fractions of a pixel are lost: int cuts off. Keep floats.", changed(lambda b, h, w: np.trunc(b))),
        ("Fractions of a pixel are lost: round takes them away. Keep floats.", changed(lambda b, h, w: np.round(b))),
        ("The box is twice too large: half of the size lies on each side of the middle.", whole_size),
        ("The middle was taken for the top left corner.", from_corner),
        ("The last two numbers are the size of the box. Return its second corner: return the two corners.",
         changed(lambda b, h, w: np.concatenate([b[:2], b[2:] - b[:2]]))),
        ("Everything was multiplied by the same side. x belongs to the width, y to the height.",
         changed(lambda b, h, w: b / [w, h, w, h] * w)),
        ("Everything was multiplied by the same side. x belongs to the width, y to the height.",
         changed(lambda b, h, w: b / [w, h, w, h] * h)),
        ("A pixel is missing: corners are edges here, so there is no - 1.", changed(lambda b, h, w: b - [0, 0, 1, 1])),
    ]  # fmt: skip


@exercise(
    "The intersection is a box too: its left edge is the larger of the two left edges. What if its right edge lies "
    "left of that?",
    "Width of the intersection: max(0, min(ax2, bx2) - max(ax1, bx1)). Union: both areas minus the intersection. "
    "Return 0 where the union is 0.",
)
def box_iou(student: Student) -> None:
    student.compare(_box_iou, [*_pairs()], _iou_mistakes())


def _pairs() -> Iterator[tuple[Four, Four]]:
    yield (0, 0, 4, 3), (2, 1, 6, 4)
    yield (0, 0, 2, 2), (3, 5, 6, 7)  # apart on both axes: two negative sides would make a positive area
    yield (0, 0, 2, 2), (3, 0, 6, 2)  # apart on one axis
    yield (0, 0, 2, 2), (0, 5, 2, 9)
    yield (0, 0, 3, 3), (3, 0, 5, 3)  # touching
    yield (0, 0, 2, 2), (1.5, 0, 4, 2)  # half a pixel in common
    yield (0, 0, 2, 2), (0, 1.25, 2, 4)
    yield (0, 0, 2, 2), (0, 2.5, 2, 4)  # half a pixel apart
    yield (0, 0, 2, 2), (2.5, 0, 4, 2)
    yield (1, 1, 9, 7), (2, 3, 4, 6)  # one inside the other
    yield (2, 3, 4, 6), (1, 1, 9, 7)
    yield (0.5, 1.25, 3.75, 4), (1.5, 0.25, 4.5, 3.5)
    yield (2, 3, 7, 5), (2, 3, 7, 5)
    yield (1, 2, 1, 6), (0, 0, 4, 8)  # no width
    yield (1, 2, 1, 6), (1, 2, 1, 6)
    yield (1, 3, 5, 3), (1, 3, 5, 3)  # no height
    yield (0, 0, 0, 0), (5, 5, 5, 9)
    rng = np.random.default_rng(14)
    for _ in range(6):
        low, side = rng.random((2, 2)) * 5, rng.random((2, 2)) * 6
        a, b = np.concatenate([low, low + side], axis=1).round(3).tolist()
        yield tuple(a), tuple(b)


def _box_iou(a: Four, b: Four) -> float:
    left, top, right, bottom = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    intersection = max(0.0, right - left) * max(0.0, bottom - top)
    union = _area(a) + _area(b) - intersection
    return intersection / union if union > 0 else 0.0


def _whole(box: Four) -> Four:
    return float(int(box[0])), float(int(box[1])), float(int(box[2])), float(int(box[3]))


def _area(box: Four) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _iou_mistakes() -> list[tuple[str, Callable[..., object]]]:
    def sides(a: Four, b: Four) -> tuple[float, float]:
        return min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])

    def build(
        overlap: Callable[[float, float], float] = lambda w, h: max(0, w) * max(0, h),
        divide: Callable[[float, float, float], float] = lambda i, a, b: a + b - i,
    ) -> Callable[..., object]:
        def run(a: Four, b: Four) -> float:
            i = overlap(*sides(a, b))
            whole = divide(i, _area(a), _area(b))
            return i / whole if whole else 0.0

        return run

    def pixels(a: Four, b: Four) -> float:
        w, h = (max(0, side + 1) for side in sides(a, b))
        areas = sum((x[2] - x[0] + 1) * (x[3] - x[1] + 1) for x in (a, b))
        return w * h / (areas - w * h)

    def hull(a: Four, b: Four) -> float:
        whole = (max(a[2], b[2]) - min(a[0], b[0])) * (max(a[3], b[3]) - min(a[1], b[1]))
        return max(0, sides(a, b)[0]) * max(0, sides(a, b)[1]) / whole if whole else 0.0

    def around(a: Four, b: Four) -> float:
        width, height = max(a[2], b[2]) - min(a[0], b[0]), max(a[3], b[3]) - min(a[1], b[1])
        whole = _area(a) + _area(b) - width * height
        return width * height / whole if whole else 0.0

    def as_sizes(a: Four, b: Four) -> float:
        return _box_iou(*((x, y, x + w, y + h) for x, y, w, h in (a, b)))

    def unguarded(a: Four, b: Four) -> float:
        w, h = (max(0, side) for side in sides(a, b))
        return w * h / (_area(a) + _area(b) - w * h)

    return [
        ("Boxes that lie apart on both axes have a width and a height of intersection that are negative, and their "
         "product is positive. Neither may be below 0.", build(lambda w, h: w * h)),
        ("Boxes that lie apart on both axes have two negative sides, and their product is positive. Cut each side at "
         "0, not their product.", build(lambda w, h: max(0, w * h))),
        ("Where the boxes lie apart on one axis the intersection is negative. It is 0 there.",
         build(lambda w, h: 0 if w < 0 and h < 0 else w * h)),
        ("The intersection is counted twice in the union: both areas hold it. Subtract it once.",
         build(divide=lambda i, a, b: a + b)),
        ("The intersection was subtracted twice from the union.", build(divide=lambda i, a, b: a + b - 2 * i)),
        ("This is the intersection's area. Divide it by that of the union.", build(divide=lambda i, a, b: 1)),
        ("You divided by the smaller box. Divide by the union.", build(divide=lambda i, a, b: min(a, b))),
        ("You divided by the larger box. Divide by the union.", build(divide=lambda i, a, b: max(a, b))),
        ("You divided by the first box. Divide by the union.", build(divide=lambda i, a, b: a)),
        ("You divided by the second box. Divide by the union.", build(divide=lambda i, a, b: b)),
        ("You divided by the box around both. The union is smaller: what lies in neither does not count.", hull),
        ("Twice the intersection over the sum of the areas is another measure (Dice). Divide by the union.",
         build(divide=lambda i, a, b: (a + b) / 2)),
        ("A pixel too many on each side: corners are edges here, so the width is x2 - x1, without + 1.", pixels),
        ("The box was read as (x, y, width, height). The last two numbers are its second corner.", as_sizes),
        ("The box was read as (x1, x2, y1, y2). It is (x1, y1, x2, y2).",
         lambda a, b: _box_iou((a[0], a[2], a[1], a[3]), (b[0], b[2], b[1], b[3]))),
        ("This is 1 minus the IoU, which is a loss. Return the IoU.", lambda a, b: 1 - _box_iou(a, b)),
        ("This is a percentage. Return a fraction from 0 to 1.", lambda a, b: 100 * _box_iou(a, b)),
        ("// cuts off the fraction. Divide with /.", lambda a, b: _box_iou(a, b) // 1),
        ("Where the boxes lie apart a side is negative, and abs makes an overlap of it. Take 0 there.",
         build(lambda w, h: abs(w * h))),
        ("Two equal boxes without an area share nothing: return 0 for them.",
         lambda a, b: 1.0 if a == b else _box_iou(a, b)),
        ("min and max are swapped: the intersection begins at the larger of the two left edges and ends at the smaller "
         "of the two right ones.", around),
        ("Corners need not be whole numbers: fractions of a pixel are lost.",
         lambda a, b: _box_iou(_whole(a), _whole(b))),
        ("Two boxes without an area have a union of 0, and a division by it fails. Return 0 for them.", unguarded),
    ]  # fmt: skip
