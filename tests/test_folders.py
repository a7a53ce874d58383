"""Your own pictures: every kind of bad file is named with its reason, nothing is touched, the rest is read."""

import os
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnlib import data, folders
from tests.mirror import NOBODY, Child

INK = np.arange(6 * 9, dtype=np.uint8).reshape(6, 9) * 4  # not square, no value twice


def grey(path: Path, values: np.ndarray = INK, **settings: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path, **settings)
    return path


def cut(path: Path, share: float = 0.6) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def noise(seed: int, shape: tuple[int, ...] = (40, 50)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def broken_jpeg(path: Path) -> Path:
    path.write_bytes(b"\xff\xd8\xff\xe0 this is where a JPEG would go on")
    return path


def truncated_jpeg(path: Path) -> Path:
    return cut(grey(path, noise(0), format="JPEG"))


def truncated_png(path: Path) -> Path:
    return cut(grey(path, noise(0), format="PNG"))


def text(path: Path) -> Path:
    path.write_text("I am a shopping list.")
    return path


def empty(path: Path) -> Path:
    path.touch()
    return path


def huge(path: Path) -> Path:
    """200 megapixels in a few kilobytes: one bit each, all alike."""
    Image.MAX_IMAGE_PIXELS, before = None, Image.MAX_IMAGE_PIXELS
    try:
        Image.new("1", (20_000, 10_000)).save(path, optimize=True)
    finally:
        Image.MAX_IMAGE_PIXELS = before
    return path


def large(path: Path) -> Path:
    """60 megapixels: more than our limit, less than Pillow's own."""
    Image.new("1", (10_000, 6_000)).save(path)
    return path


def floats(path: Path) -> Path:
    Image.fromarray(np.ones((3, 4), np.float32)).save(path, format="TIFF")
    return path


def thirty_two_bits(path: Path) -> Path:
    Image.fromarray(np.full((3, 4), 70_000, np.int32)).save(path, format="TIFF")
    return path


def gone(path: Path) -> Path:
    path.symlink_to(path.parent / "nowhere")
    return path


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "broken.jpg": (broken_jpeg, "is damaged or cut off|is no picture"),
    "truncated.jpg": (truncated_jpeg, "is damaged or cut off"),
    "truncated.png": (truncated_png, "is damaged or cut off"),
    "text.png": (text, "is no picture, whatever its name says"),
    "empty.png": (empty, "is no picture"),
    "huge.png": (huge, "more pixels than the 50,000,000 allowed|20,000 x 10,000"),
    "large.png": (large, "has 10,000 x 6,000 pixels, more than the 50,000,000 allowed"),
    "floats.tif": (floats, "floats"),
    "deep.tif": (thirty_two_bits, "32 bits a pixel"),
    "gone.png": (gone, r"cannot be read \(No such file"),
    "pipe.png": (pipe, "is not a file"),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two classes of two good files each."""
    for index, name in enumerate(("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png")):
        grey(tmp_path / "root" / name, INK + np.uint8(index))
    return tmp_path / "root"


def contents(root: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        if path.is_file() and os.access(path, os.R_OK)
        else None
        for path in sorted(root.rglob("*"))
    }


# One file


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_with_its_reason_and_nothing_is_lost(
    name: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, reason = BAD[name]
    if make is pipe and not hasattr(os, "mkfifo"):
        pytest.skip("no pipes on this system")
    path = make(root / "cat" / name)
    before = contents(root)
    with pytest.raises(data.DataError, match=reason) as raised:
        folders.read_image(path)
    assert str(path) in str(raised.value)
    scan = data.scan_images(root)
    assert list(scan.bad) == [path] and re.search(reason, scan.bad[path])
    assert len(scan.good) == 4
    loaded = data.load_image_folder(root)
    assert len(loaded.images) == 4 and loaded.skipped == scan.bad
    printed = capsys.readouterr().out
    assert printed == f"skipped {Path('cat') / name}: {scan.bad[path]}\n"
    assert contents(root) == before


def test_a_file_that_may_not_be_read(root: Path) -> None:
    secret = grey(root / "cat" / "secret.png")
    secret.chmod(0)
    for folder in (root, *root.parents):  # the other user must get as far as the file
        if os.stat(folder).st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(os.stat(folder).st_mode | 0o055)
    said = Child(lambda: data.scan_images(root).bad, unprivileged=True).result()
    assert "secret.png" in said and "cannot be read (Permission denied)" in said, (NOBODY, said)


def test_a_folder_that_may_not_be_opened(root: Path) -> None:
    for folder in (root, *root.parents):
        if os.stat(folder).st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(os.stat(folder).st_mode | 0o055)
    (root / "cat").chmod(0)
    said = Child(lambda: data.scan_images(root).bad, unprivileged=True).result()
    (root / "cat").chmod(0o755)
    assert re.search(r"root/cat'\): 'cannot be read \(Permission denied\)'", said), said


def test_grey_and_colour(tmp_path: Path) -> None:
    path = grey(tmp_path / "grey.png")
    np.testing.assert_array_equal(folders.read_image(path), INK[None])
    np.testing.assert_array_equal(folders.read_image(path, "RGB"), np.stack([INK] * 3))
    colours = noise(3, (6, 9, 3))
    np.testing.assert_array_equal(
        folders.read_image(grey(tmp_path / "rgb.png", colours), "RGB"), colours.transpose(2, 0, 1)
    )


def test_a_palette_gives_its_colours_and_not_its_numbers(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1, 2], [2, 2, 0]], np.uint8), "L").convert("P")
    image.putdata([0, 1, 2, 2, 2, 0])
    image.putpalette([255, 0, 0, 0, 250, 0, 0, 0, 240])
    image.save(tmp_path / "palette.png")
    got = folders.read_image(tmp_path / "palette.png", "RGB")
    assert got[:, 0].T.tolist() == [[255, 0, 0], [0, 250, 0], [0, 0, 240]]
    image.save(tmp_path / "clear.png", transparency=1)
    got = folders.read_image(tmp_path / "clear.png", "RGB", background=7)
    assert got[:, 0].T.tolist() == [[255, 0, 0], [7, 7, 7], [0, 0, 240]]


def test_transparency_is_laid_over_the_background_before_the_mode_changes(tmp_path: Path) -> None:
    """Black ink drawn on nothing: convert("L") alone gives all black."""
    drawing = np.zeros((2, 3, 4), np.uint8)
    drawing[0, :, 3] = (255, 0, 51)
    path = grey(tmp_path / "drawing.png", drawing)
    assert not np.asarray(Image.open(path).convert("L")).any()
    assert folders.read_image(path)[0].tolist() == [[0, 255, 204], [255, 255, 255]]
    assert folders.read_image(path, background=0).max() == 0
    assert folders.read_image(path, "RGB", background=100)[:, 0].tolist() == [[0, 100, 80]] * 3


def test_grey_with_transparency(tmp_path: Path) -> None:
    Image.fromarray(np.array([[[40, 255], [40, 0]]], np.uint8), "LA").save(tmp_path / "la.png")
    assert folders.read_image(tmp_path / "la.png").tolist() == [[[40, 255]]]


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    values = np.array([[0, 257, 1000], [32768, 65000, 65535]], np.uint16)
    path = grey(tmp_path / "deep.png", values)
    assert folders.read_image(path)[0].tolist() == np.rint(values / 257).astype(int).tolist()
    assert folders.read_image(path, "RGB")[2, 1].tolist() == [128, 253, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_stands_upright(orientation: int, tmp_path: Path) -> None:
    turned = {1: INK, 2: INK[:, ::-1], 3: INK[::-1, ::-1], 4: INK[::-1], 5: INK.T, 6: np.rot90(INK, -1)}
    turned |= {7: INK[::-1, ::-1].T, 8: np.rot90(INK)}
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = grey(tmp_path / "turned.png", INK, exif=exif)
    np.testing.assert_array_equal(folders.read_image(path)[0], turned[orientation])


def test_odd_modes_are_read(tmp_path: Path) -> None:
    Image.fromarray(INK > 100).save(tmp_path / "bits.png")
    assert set(folders.read_image(tmp_path / "bits.png").ravel()) == {0, 255}
    Image.fromarray(noise(0, (6, 9, 4)), "CMYK").save(tmp_path / "cmyk.jpg")
    assert folders.read_image(tmp_path / "cmyk.jpg", "RGB").shape == (3, 6, 9)


def test_pillow_s_limit_is_left_as_it_was(tmp_path: Path) -> None:
    before = Image.MAX_IMAGE_PIXELS
    with pytest.raises(data.DataError):
        folders.read_image(large(tmp_path / "large.png"))
    assert before == Image.MAX_IMAGE_PIXELS
    with pytest.raises(data.DataError, match="9 x 6 pixels, more than the 53 allowed"):
        folders.read_image(grey(tmp_path / "small.png"), max_pixels=53)
    assert folders.read_image(tmp_path / "small.png", max_pixels=54).shape == (1, 6, 9)


def test_a_huge_picture_needs_no_memory(tmp_path: Path) -> None:
    huge(tmp_path / "huge.png")
    code = "import resource, sys; from cnnlib import folders\n"
    code += "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
    code += "try: folders.read_image(sys.argv[1])\nexcept folders.DataError: pass\n"
    code += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    if sys.platform != "linux":
        pytest.skip("ru_maxrss is in kilobytes on Linux")
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "huge.png")], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 30_000, "kilobytes; decoded it would take 200,000"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("P",), "mode expects"),
        (("L", 256), "background expects an integer from 0 to 255, got 256"),
        (("L", "white"), "background expects"),
        (("L", 0, 0), "max_pixels expects a positive integer, got 0"),
    ],
)
def test_wrong_arguments(arguments: tuple[object, ...], said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"read_image: {said}"):
        folders.read_image(tmp_path / "x.png", *arguments)  # type: ignore[arg-type]


# Folders


def test_labels_are_places_among_the_sorted_classes(tmp_path: Path) -> None:
    names = ["b", "a", "Z", "ä", "10", "9"]
    for value, name in enumerate(names):
        grey(tmp_path / name / "x.png", INK + np.uint8(value))
    loaded = data.load_image_folder(tmp_path)
    assert loaded.classes == ("10", "9", "Z", "a", "b", "ä")
    assert loaded.labels.tolist() == [0, 1, 2, 3, 4, 5] and loaded.labels.dtype == np.int64
    assert [path.parent.name for path in loaded.files] == list(loaded.classes)
    assert loaded.images.shape == (6, 1, 6, 9) and loaded.images.dtype == np.uint8
    assert [int(image[0, 0, 0]) for image in loaded.images] == [names.index(c) for c in loaded.classes]


def test_hidden_folders_and_files_are_passed_over(root: Path) -> None:
    grey(root / ".ipynb_checkpoints" / "1.png")
    grey(root / "cat" / ".ipynb_checkpoints" / "1.png")
    (root / "cat" / ".DS_Store").write_text("x")
    (root / ".labels.csv").write_text("x")
    assert data.load_image_folder(root).classes == ("cat", "dog")
    scan = data.scan_images(root)
    assert len(scan.good) == 4 and scan.bad == {}


def test_folders_inside_a_class_belong_to_it(root: Path) -> None:
    grey(root / "dog" / "young" / "3.png", INK[::-1])
    loaded = data.load_image_folder(root)
    assert loaded.classes == ("cat", "dog") and loaded.labels.tolist() == [0, 0, 1, 1, 1]


def test_an_empty_class(root: Path) -> None:
    (root / "eel").mkdir()
    with pytest.raises(data.DataError, match=r"eel holds no picture that can be read"):
        data.load_image_folder(root)
    scan = data.scan_images(root)
    assert scan.bad == {root / "eel": "holds no picture that can be read"} and len(scan.good) == 4
    text(root / "eel" / "1.png")
    assert set(data.scan_images(root).bad) == {root / "eel", root / "eel" / "1.png"}


def test_one_class_and_none(root: Path, tmp_path: Path) -> None:
    for path in (root / "dog").iterdir():
        path.rename(root / "cat" / f"dog{path.name}")
    (root / "dog").rmdir()
    with pytest.raises(data.DataError, match="root has only one class folder, cat: two or more"):
        data.load_image_folder(root)
    assert root in data.scan_images(root).bad and len(data.scan_images(root).good) == 4
    (tmp_path / "bare").mkdir()
    with pytest.raises(data.DataError, match="bare has no class folders"):
        data.load_image_folder(tmp_path / "bare")
    for wrong in (tmp_path / "missing", root / "cat" / "1.png"):
        for function in (data.load_image_folder, data.scan_images):
            with pytest.raises(data.DataError, match=f"{wrong.name} is no folder that can be read"):
                function(wrong)
    with pytest.raises(TypeError, match="at least one folder"):
        data.scan_images()


def test_a_file_without_a_label(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loose = grey(root / "loose.png")
    assert data.scan_images(root).bad == {loose: "lies in no class folder, so it has no label"}
    assert list(data.load_image_folder(root).skipped) == [loose]
    assert capsys.readouterr().out == "skipped loose.png: lies in no class folder, so it has no label\n"


def test_duplicates_within_and_across_splits(root: Path, tmp_path: Path) -> None:
    test = tmp_path / "test"
    copied = grey(test / "cat" / "9.png", INK + np.uint8(1))
    as_bitmap = grey(test / "dog" / "5.bmp", INK + np.uint8(2))
    near = INK.copy()
    near[5, 8] ^= 1
    grey(test / "dog" / "6.png", near)
    grey(test / "dog" / "7.png", INK.reshape(9, 6))
    scan = data.scan_images(root, test)
    assert scan.duplicates == [
        (root / "cat" / "2.png", copied),
        (root / "dog" / "1.png", as_bitmap),
    ]
    assert data.scan_images(test).duplicates == [] and len(scan.good) == 8


def test_every_file_is_decoded_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[Path] = []
    decode = folders._decode
    monkeypatch.setattr(folders, "_decode", lambda path, *rest: decoded.append(path) or decode(path, *rest))
    data.scan_images(root)
    assert sorted(decoded) == sorted(root.rglob("*.png"))
    decoded.clear()
    data.load_image_folder(root)
    assert sorted(decoded) == sorted(root.rglob("*.png"))


ODD = [
    "with space.png",
    "$\\bad{$.png",
    "ünï 漢字.png",
    "a\nb.png",
    "%s{0}.png",
    "-rf.png",
    "x" * 200 + ".png",
]


@pytest.mark.parametrize("name", ODD)
def test_odd_characters_in_names(name: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows forbids some of them")
    good, bad = grey(root / "cat" / name, INK[::-1]), text(root / "dog" / name)
    folder = grey(root / name.removesuffix(".png") / "1.png", INK[:, ::-1]).parent
    scan = data.scan_images(root)
    assert scan.good[good] == "cat" and list(scan.bad) == [bad]
    loaded = data.load_image_folder(root)
    assert folder.name in loaded.classes and good in loaded.files
    assert capsys.readouterr().out.count("\n") == 1, "one line, whatever the name"


def test_a_name_that_is_no_text(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if sys.platform != "linux":
        pytest.skip("names are bytes on Linux only")
    name = os.fsdecode(b"\xff\xfe.png")
    good, bad = grey(root / "cat" / name, INK[::-1]), text(root / "dog" / name)
    assert list(data.load_image_folder(root).skipped) == [bad]
    assert capsys.readouterr().out.encode("ascii") == b"skipped 'dog/\\udcff\\udcfe.png': " + (
        b"is no picture, whatever its name says\n"
    )
    assert good in data.scan_images(root).good
    with pytest.raises(data.DataError, match="udcff") as raised:
        folders.read_image(bad)
    str(raised.value).encode()


def test_a_link_to_a_class_folder_is_a_class(root: Path, tmp_path: Path) -> None:
    grey(tmp_path / "elsewhere" / "1.png", INK[::-1])
    (root / "eel").symlink_to(tmp_path / "elsewhere")
    (root / "cat" / "loop").symlink_to(root)
    assert data.load_image_folder(root).labels.tolist() == [0, 0, 1, 1, 2]


def test_sizes(root: Path) -> None:
    grey(root / "dog" / "3.png", INK[:4])
    with pytest.raises(data.DataError, match=r"1.png \(6, 9\) and .*3.png \(4, 9\) have different sizes"):
        data.load_image_folder(root)
    loaded = data.load_image_folder(root, size=(12, 20), background=9)
    assert loaded.images.shape == (5, 1, 12, 20)
    first = loaded.images[0, 0]  # 6x9 fits 12x20 as 12x18: one column of ground left and right
    assert (first[:, 0] == 9).all() and (first[:, -1] == 9).all()
    np.testing.assert_array_equal(first[:, 1:-1], INK.repeat(2, 0).repeat(2, 1))
    assert data.load_image_folder(root, size=(5, 5), mode="RGB").images.shape == (5, 3, 5, 5)
    for wrong in ((5,), (5, 0), (5.0, 5)):
        with pytest.raises(ValueError, match="load_image_folder: size expects"):
            data.load_image_folder(root, size=wrong)  # type: ignore[arg-type]


# Tables


def table(root: Path, text: str, name: str = "labels.csv") -> folders.Labels:
    path = root / name
    path.write_bytes(text.encode("utf-8-sig"))
    return folders.read_labels(path, root)


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    for index, name in enumerate(("a.png", "b.png", "ü $x$.png")):
        grey(tmp_path / "flat" / name, INK + np.uint8(index))
    return tmp_path / "flat"


def test_a_table_pairs_by_name(flat: Path) -> None:
    labels = table(flat, "label, file ,note\nseven,ü $x$.png,\nnine, a.png,far\n2,b.png,x\n")
    assert [(row.path.name, row.label, row.box) for row in labels.rows] == [
        ("ü $x$.png", "seven", None),
        ("a.png", "nine", None),
        ("b.png", "2", None),
    ]
    assert labels.problems == []


HEAD = "file,label,x1,y1,x2,y2\na.png,1,0,0,9,6\nb.png,2,0.5,1,2.25,6\nb.png,2,0,0,3,3\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("gone.png,3,0,0,1,1", "gone.png has a row, and there is no such file"),
        ("a.png,,0,0,1,1", "a.png has no label"),
        ("a.png,1,0,0,9,6", "a.png is named a second time"),
        (
            "a.png,1,0,0,9,7",
            r"a.png has a box \(0, 0, 9, 7\) outside the picture, which is 9 wide and 6 high",
        ),
        ("a.png,1,0,0,9.5,6", "outside the picture"),
        ("a.png,1,-1,0,9,6", "outside the picture"),
        ("a.png,1,0,-0.5,9,6", "outside the picture"),
        ("a.png,1,5,0,2,6", r"reversed corners or an empty box \(5, 0, 2, 6\)"),
        ("a.png,1,0,6,9,1", "reversed corners"),
        ("a.png,1,3,0,3,6", "empty box"),
        ("a.png,1,0,2,9,2", "empty box"),
        ("a.png,1,0,0,nine,6", "needs a box of four numbers"),
        ("a.png,1,0,0,9", "needs a box of four numbers"),
        ("a.png,1,0,0,nan,6", "needs a box of four numbers"),
        ("a.png,1,0,0,inf,6", "needs a box of four numbers"),
        (",1,0,0,1,1", "is not a file"),
    ],
)
def test_a_wrong_row_is_named_and_the_others_are_kept(line: str, said: str, flat: Path) -> None:
    labels = table(flat, f"{HEAD}{line}\nü $x$.png,4,,,,\n")
    assert len(labels.rows) == 4 and labels.rows[1].box == (0.5, 1, 2.25, 6)
    (problem,) = labels.problems
    assert re.search(said, problem) and problem.startswith("labels.csv, line 5: ")


def test_a_file_without_a_row_and_a_broken_one(flat: Path) -> None:
    text(flat / "c.png")
    grey(flat / ".hidden.png")
    labels = table(flat, "file,label\na.png,1\nc.png,3\na.png,2\n")
    assert [row.path.name for row in labels.rows] == ["a.png"]
    assert labels.problems == [
        "labels.csv, line 3: c.png is no picture, whatever its name says",
        "labels.csv, line 4: a.png is named a second time",
        "b.png has no row in labels.csv",
        "ü $x$.png has no row in labels.csv",
    ]


def test_a_box_is_measured_on_the_upright_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    grey(tmp_path / "a.png", INK, exif=exif)  # 6 wide and 9 high once it is turned
    head = "file,label,x1,y1,x2,y2\n"
    assert table(tmp_path, f"{head}a.png,1,0,0,6,9\n").problems == []
    assert "6 wide and 9 high" in table(tmp_path, f"{head}a.png,1,0,0,9,6\n").problems[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name,label\na.png,1\n", "labels.csv has no column file"),
        (b"", "has no column file and no column label"),
        ("file,label\nü.png,1\n".encode("latin-1"), "is not a CSV table in UTF-8"),
    ],
)
def test_a_table_that_cannot_be_read(content: bytes, said: str, flat: Path) -> None:
    (flat / "labels.csv").write_bytes(content)
    with pytest.raises(data.DataError, match=said):
        folders.read_labels(flat / "labels.csv", flat)
    with pytest.raises(data.DataError, match=r"gone.csv cannot be read \(No such file"):
        folders.read_labels(flat / "gone.csv", flat)


# Digits


def photograph(dark: bool = True, shift: tuple[int, int] = (0, 0), scale: int = 3) -> np.ndarray:
    """A slanted stroke with a foot, on uneven paper."""
    ink = np.zeros((90, 80))
    ink[20 + shift[0] : 20 + shift[0] + 10 * scale, 30 + shift[1] : 30 + shift[1] + 2 * scale] = 1
    ink[20 + shift[0] + 8 * scale : 20 + shift[0] + 10 * scale, 30 + shift[1] : 30 + shift[1] + 6 * scale] = 1
    light = 180 + np.linspace(-20, 20, 80)
    values = light * (1 - 0.8 * ink) if dark else 30 + np.linspace(0, 20, 80) + 180 * ink
    return values.astype(np.uint8)


def test_a_digit_takes_mnist_s_form() -> None:
    steps = folders.prepare_digit(photograph())
    assert steps.ink.shape == (90, 80) and steps.ink.max() == 255 and steps.ink[0].max() == 0
    assert steps.cropped.shape == (30, 18) and steps.scaled.shape == (20, 12)
    centre = (np.indices((28, 28)) * steps.centred).sum((1, 2)) / steps.centred.sum()
    assert np.abs(centre - 14).max() <= 0.5
    assert steps.centred.shape == (28, 28) and steps.centred.dtype == np.uint8
    np.testing.assert_array_equal(np.sort(steps.centred, None)[-240:], np.sort(steps.scaled, None))


def test_place_size_and_colour_of_the_paper_make_no_difference() -> None:
    expected = folders.prepare_digit(photograph()).centred.astype(int)
    for picture in (photograph(shift=(25, 11)), photograph(False), photograph(scale=4)):
        got = folders.prepare_digit(picture[None]).centred.astype(int)
        assert np.abs(got - expected).mean() < 8 < expected.mean()


def test_a_wide_digit_is_scaled_by_its_width() -> None:
    picture = np.full((40, 50), 200, np.uint8)
    picture[10:14, 5:45] = 20
    assert folders.prepare_digit(picture).scaled.shape == (2, 20)
    picture[:] = 200
    picture[3, 4] = 0
    assert folders.prepare_digit(picture).scaled.shape == (20, 20), "one dot fills the frame"


def test_a_photograph_is_dark_ink_on_a_bright_page_and_its_steps_lead_back() -> None:
    digits = data.load_samples().digits
    photos = [folders.photograph_digit(digit, np.random.default_rng(5)) for digit in digits]
    again = folders.photograph_digit(digits[0], np.random.default_rng(5))
    np.testing.assert_array_equal(photos[0], again)
    assert (folders.photograph_digit(digits[0], np.random.default_rng(6)) != again).any()
    assert photos[0].shape == (72, 72) and photos[0].dtype == np.uint8
    back = np.stack([folders.prepare_digit(photo).centred for photo in photos]).reshape(20, -1) / 255
    plain = np.stack([folders.prepare_digit(digit).centred for digit in digits]).reshape(20, -1) / 255
    nearest = np.linalg.norm(back[:, None] - plain, axis=2).argmin(axis=1)
    assert (nearest == np.arange(20)).mean() > 0.7, "each photograph is most like its own digit"
    for wrong in (digits[:1], digits[0] / 255):
        with pytest.raises(ValueError, match="photograph_digit: digit expects uint8"):
            folders.photograph_digit(wrong, np.random.default_rng(0))


@pytest.mark.parametrize(
    "picture", [np.zeros((0, 3), np.uint8), np.ones((3, 4), np.uint8), np.zeros((2, 5, 5)), np.zeros(5)]
)
def test_what_is_no_digit_is_refused(picture: np.ndarray) -> None:
    with pytest.raises(ValueError, match="prepare_digit: picture expects"):
        folders.prepare_digit(picture)


def test_importing_needs_neither_torch_nor_pillow() -> None:
    code = "import sys; from cnnlib import folders, data; print({'torch', 'PIL'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_header_alone_does_not_pass(tmp_path: Path) -> None:
    """PNG's first chunk is right, the picture itself is missing: `verify` and the size would not notice."""
    header = struct.pack(">IIBBBBB", 5, 4, 8, 0, 0, 0, 0)
    content = grey(tmp_path / "x.png").read_bytes()
    (tmp_path / "x.png").write_bytes(content[:16] + header + content[29:40])
    with pytest.raises(data.DataError, match=r"is damaged or cut off|is no picture"):
        folders.read_image(tmp_path / "x.png")
