"""Draws the course's pictures, one per function of `cnnlib.diagrams`, and packs `cnnlib/samples.npz`.

    python images/make.py            writes every file
    python images/make.py --check    writes nothing, names each file that differs and exits with 1

Nothing here is drawn by hand. The pinned versions on Linux give the same bytes; elsewhere `--check` compares small
thumbnails, since there text is set and lines are smoothed a little differently.
"""

import argparse
import inspect
import io
import platform
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from packaging.requirements import Requirement
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


def pictures() -> list[str]:
    """Return the names of all diagrams, which are the functions of `cnnlib.diagrams` that need no argument."""
    from cnnlib import diagrams

    functions = inspect.getmembers(diagrams, inspect.isfunction)
    return [
        name
        for name, function in functions
        if function.__module__ == diagrams.__name__
        and not name.startswith("_")
        and all(p.default is not p.empty for p in inspect.signature(function).parameters.values())
    ]


def picture(name: str) -> bytes:
    """Return one diagram as a PNG without date or version, of 256 colours where that changes nothing to be seen."""
    from cnnlib import diagrams, plot

    drawn, small = io.BytesIO(), io.BytesIO()
    with matplotlib.rc_context():
        matplotlib.use("agg")
        matplotlib.rcdefaults()
        plot.style()
        getattr(diagrams, name)()
        plt.savefig(drawn, format="png", dpi=144, bbox_inches="tight")
        plt.close("all")
    image = Image.open(drawn).convert("RGB")
    few = image.quantize(256, dither=Image.Dither.NONE)
    change = np.abs(np.asarray(few.convert("RGB"), float) - np.asarray(image)).mean()
    (few if change < 0.1 else image).save(small, format="png", optimize=True)
    return small.getvalue()


def files() -> dict[str, bytes]:
    """Return every file this program makes: its path in the project, and its bytes."""
    made = {f"images/{name}.png": picture(name) for name in pictures()}
    return {"cnnlib/samples.npz": samples(), **made}


def exact() -> bool:
    """Say whether this machine must give the very same bytes: Linux with the pinned versions."""
    lines = map(Requirement, (PROJECT / "requirements.txt").read_text().splitlines())
    pins = {line.name: line.specifier for line in lines if line.marker is None or line.marker.evaluate()}
    same = all(version(name) in pins[name] for name in ("matplotlib", "numpy", "pillow", "scikit-learn"))
    return same and platform.system() == "Linux" and platform.machine() == "x86_64"


def alike(old: bytes, new: bytes) -> bool:
    """Compare two files as a person would: thumbnails of pictures, the mean difference of the samples."""
    try:
        if old[:2] == b"PK":
            before, after = np.load(io.BytesIO(old)), np.load(io.BytesIO(new))
            pairs = [(before[name].astype(float), after[name].astype(float)) for name in after]
            return all(a.shape == b.shape and np.abs(a - b).mean() < 2 for a, b in pairs)
        first, second = (Image.open(io.BytesIO(data)).convert("RGB") for data in (old, new))
    except (OSError, KeyError, ValueError):
        return False
    if any(abs(a - b) > 0.03 * b for a, b in zip(first.size, second.size, strict=True)):
        return False
    a, b = (np.asarray(image.resize((64, 48), Image.Resampling.BOX), float) for image in (first, second))
    return bool(np.abs(a - b).mean() < 4 and np.abs(a - b).max() < 100)


def differences(made: dict[str, bytes]) -> list[str]:
    """Return one line for every file of the project that is not what this program makes."""
    strict, lines = exact(), []
    for name, new in made.items():
        path = PROJECT / name
        old = path.read_bytes() if path.is_file() else None
        if old is None:
            lines.append(f"{name}: missing")
        elif old != new and (strict or not alike(old, new)):
            lines.append(f"{name}: differs from what the code draws")
    stale = (f"images/{path.name}" for path in sorted((PROJECT / "images").glob("*.png")))
    return lines + [f"{name}: no function of cnnlib.diagrams draws it" for name in stale if name not in made]


def main(arguments: list[str] | None = None) -> int:
    """Write all files, or compare them; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing, exit with 1 where a file differs"
    )
    check, made = parser.parse_args(arguments).check, files()
    if check:
        lines = differences(made)
        summary = "To write them anew: make images" if lines else f"{len(made)} files are what the code draws"
        print("\n".join([*lines, summary]))
        return 1 if lines else 0
    for name, data in made.items():
        (PROJECT / name).write_bytes(data)
    print(f"Wrote {len(made)} files, {sum(map(len, made.values())) / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
