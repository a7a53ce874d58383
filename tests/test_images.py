"""The saved pictures and samples: they are what the code makes, and a change is noticed."""

import importlib.util
import io
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image
from sklearn import datasets

from tests.course import PROJECT


def _load() -> ModuleType:
    """images/make.py as a module."""
    specification = importlib.util.spec_from_file_location("images_make", PROJECT / "images" / "make.py")
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


make = _load()


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    """Everything images/make.py makes, made once."""
    return make.files()


@pytest.fixture
def copy(made: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of nothing but these files, which `make` works on."""
    monkeypatch.setattr(make, "PROJECT", tmp_path)
    monkeypatch.setattr(make, "files", lambda: made)
    monkeypatch.setattr(make, "exact", lambda: True)
    for name, data in made.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_the_files_of_the_project_are_what_the_code_makes(made: dict[str, bytes]) -> None:
    assert make.differences(made) == []


def test_every_diagram_has_a_picture(made: dict[str, bytes]) -> None:
    assert {"convolution_step", "convolution_frames", "padding_modes", "convnet_architecture"} <= set(
        make.pictures()
    )
    assert set(made) == {"cnnlib/samples.npz", *(f"images/{name}.png" for name in make.pictures())}


def test_the_same_bytes_come_out_again(made: dict[str, bytes]) -> None:
    assert make.samples() == made["cnnlib/samples.npz"]
    for name in ("convolution_step", "channels"):
        assert make.picture(name) == made[f"images/{name}.png"]


def test_pictures_carry_no_date_and_no_version_and_are_small(made: dict[str, bytes]) -> None:
    for name, data in made.items():
        if name.endswith(".png"):
            image = Image.open(io.BytesIO(data))
            image.load()
            assert image.info.keys() <= {"transparency"}, name
            assert image.mode in ("P", "RGB"), name
            assert len(data) < 300_000, name
            assert image.width <= 1050, name  # 7 inches of 144 dots, and a margin
    assert sum(map(len, made.values())) < 3_000_000


def test_samples_are_twenty_digits_and_a_photograph(made: dict[str, bytes]) -> None:
    data = made["cnnlib/samples.npz"]
    assert len(data) <= 250_000
    assert all(
        info.date_time == (1980, 1, 1, 0, 0, 0) for info in zipfile.ZipFile(io.BytesIO(data)).infolist()
    )
    samples = np.load(io.BytesIO(data), allow_pickle=False)
    assert set(samples) == {"digits", "labels", "photo"}
    digits, labels, photo = samples["digits"], samples["labels"], samples["photo"]
    assert (digits.dtype, digits.shape) == (np.uint8, (20, 28, 28))
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(labels, [*range(10), *range(10)])
    assert (photo.dtype, photo.shape) == (np.uint8, (160, 240, 3))


def test_sample_digits_are_real_ones_in_a_black_frame(made: dict[str, bytes]) -> None:
    samples = np.load(io.BytesIO(made["cnnlib/samples.npz"]))
    source = datasets.load_digits()
    assert len(set(make.DIGITS)) == 20
    for image, label, place in zip(samples["digits"], samples["labels"], make.DIGITS, strict=True):
        assert source.target[place] == label
        inner = image[4:24, 4:24]
        assert image.sum() == inner.sum()
        assert inner.max() > 200
        small = np.asarray(Image.fromarray(inner).resize((8, 8), Image.Resampling.BOX), float)
        assert np.corrcoef(small.ravel(), source.images[place].ravel())[0, 1] > 0.95
        assert (np.abs(np.diff(inner.astype(int), axis=0)) > 0).mean() > 0.4  # smooth: not a blown-up 8x8


def test_the_channels_of_the_photograph_differ(made: dict[str, bytes]) -> None:
    photo = np.load(io.BytesIO(made["cnnlib/samples.npz"]))["photo"].astype(int)
    red, green, blue = np.moveaxis(photo, -1, 0)
    assert (red > blue + 60).mean() > 0.03  # roofs
    assert (blue > red + 20).mean() > 0.03  # sky
    assert (green > red + 20).mean() > 0.005  # teal rims


def test_check_passes_writes_nothing_and_says_so(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    assert make.main(["--check"]) == 0
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before
    assert "are what the code draws" in capsys.readouterr().out


@pytest.mark.parametrize("strict", [True, False])
def test_check_names_what_is_blank_missing_or_stale(
    copy: Path, strict: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make, "exact", lambda: strict)
    for blank in ("memory_layout", "stride"):
        picture = copy / "images" / f"{blank}.png"
        Image.new("RGB", Image.open(picture).size, "white").save(picture)
    blot = np.array(Image.open(copy / "images/channels.png").convert("RGB"))
    blot[:40, :40] = 0  # little on the whole, but plain to see
    Image.fromarray(blot).save(copy / "images/channels.png")
    (copy / "images/coverage.png").unlink()
    (copy / "images/old.png").write_bytes((copy / "images/stride.png").read_bytes())
    (copy / "images/dilation.png").write_bytes(b"no picture")
    (copy / "images/padding.png").write_bytes((copy / "images/gamut.png").read_bytes())
    assert make.main(["--check"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert sorted(line.split(":")[0] for line in told[:-1]) == [
        f"images/{name}.png"
        for name in ("channels", "coverage", "dilation", "memory_layout", "old", "padding", "stride")
    ]
    assert "make images" in told[-1]
    assert make.main([]) == 0
    (copy / "images/old.png").unlink()
    assert make.main(["--check"]) == 0


def test_other_systems_may_draw_a_little_differently_but_not_here(
    copy: Path, made: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = copy / "images/padding_modes.png"
    softer = np.asarray(Image.open(picture).convert("RGB"), float)
    softer = (softer[:, :-1] + softer[:, 1:]) / 2
    Image.fromarray(softer.round().astype(np.uint8)).save(picture)
    assert make.differences(made) == ["images/padding_modes.png: differs from what the code draws"]
    monkeypatch.setattr(make, "exact", lambda: False)
    assert make.differences(made) == []


@pytest.mark.parametrize(("name", "change"), [("photo", 5), ("digits", 10), ("labels", 3)])
def test_changed_samples_are_noticed_everywhere(
    copy: Path, made: dict[str, bytes], name: str, change: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make, "exact", lambda: False)
    arrays = dict(np.load(io.BytesIO(made["cnnlib/samples.npz"])))
    np.savez(copy / "cnnlib/samples.npz", **arrays)
    assert make.differences(made) == []
    arrays[name] = arrays[name] + arrays[name].dtype.type(change)
    np.savez(copy / "cnnlib/samples.npz", **arrays)
    assert make.differences(made) == ["cnnlib/samples.npz: differs from what the code draws"]


def test_bytes_bind_only_with_the_pinned_versions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pins = "".join(
        f"{name}=={make.version(name)}\n" for name in ("matplotlib", "numpy", "pillow", "scikit-learn")
    )
    (tmp_path / "requirements.txt").write_text(pins)
    monkeypatch.setattr(make, "PROJECT", tmp_path)
    monkeypatch.setattr(make.platform, "system", lambda: "Linux")
    monkeypatch.setattr(make.platform, "machine", lambda: "x86_64")
    assert make.exact()
    monkeypatch.setattr(make.platform, "system", lambda: "Darwin")
    assert not make.exact()
    monkeypatch.setattr(make.platform, "system", lambda: "Linux")
    (tmp_path / "requirements.txt").write_text(pins.replace("matplotlib==", "matplotlib==0."))
    assert not make.exact()


def test_licences_name_the_photograph_and_the_digits() -> None:
    text = (PROJECT / "images" / "LICENSES.md").read_text()
    for said in (
        "danielbuechele",
        "CC BY 2.0",
        "china.jpg",
        "Alpaydin",
        "Kaynak",
        "scikit-learn",
        "CC BY 4.0",
    ):
        assert said in text
