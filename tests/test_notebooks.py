"""The stored notebooks keep the rules, and each rule is seen to catch what it must."""

import base64
import copy
import importlib.util
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image, ImageDraw

from tests import notebook_rules as rules
from tests import pictures
from tests.course import NOTEBOOKS, PROJECT, read

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
SHORT = "00_start_here"  # five minutes: the size that holds for the others does not hold for it


@each_notebook
@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_notebook_keeps(path: Path, rule: Callable[[Any], Iterator[str]]) -> None:
    if rule is rules.size and path.stem == SHORT:
        assert path.stat().st_size <= 500_000
        return
    assert list(rule(read(path))) == []


def png(draw: Callable[[ImageDraw.ImageDraw], object] = lambda _: None) -> bytes:
    image = Image.new("RGB", (320, 200), "white")
    draw(ImageDraw.Draw(image))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def sample(**changes: Any) -> Any:
    """A small notebook that keeps every rule (but the size), then changed."""
    code = nbformat.v4.new_code_cell("print(1)", execution_count=2, metadata={"tags": ["setup"]})
    code.outputs = [nbformat.v4.new_output("stream", text="1\n")]
    picture = nbformat.v4.new_code_cell(
        "draw()", execution_count=3, metadata={"alt": "a circle on white ground"}
    )
    picture.outputs = [
        nbformat.v4.new_output(
            "display_data",
            {
                "image/png": base64.b64encode(png()).decode(),
                rules.EXPLORER: {"name": "ConvolutionExplorer", "traits": {}},
            },
        )
    ]
    colab = nbformat.v4.new_code_cell(rules.COLAB, execution_count=1, metadata={"tags": ["colab"]})
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# 04 · Convolution"), colab, code, picture]
    )
    for key, value in changes.items():
        setattr(notebook.cells[2], key, value)
    return notebook


def output(text: str) -> list[Any]:
    return [nbformat.v4.new_output("display_data", {"text/html": text})]


def markdown(text: str) -> Any:
    notebook = sample()
    notebook.cells.append(nbformat.v4.new_markdown_cell(text))
    return notebook


def without_alt() -> Any:
    notebook = sample()
    del notebook.cells[3].metadata["alt"]
    return notebook


def with_widgets() -> Any:
    notebook = sample()
    notebook.metadata["widgets"] = {}
    return notebook


def with_explorer(**changes: Any) -> Any:
    """The sample with its explorer's output changed; None takes a part away."""
    notebook = sample()
    data = notebook.cells[3].outputs[0].data
    for kind, value in changes.items():
        key = {"explorer": rules.EXPLORER, "picture": "image/png"}[kind]
        data.pop(key)
        if value is not None:
            data[key] = value
    return notebook


NETLESS = {"name": "ConvolutionExplorer", "traits": {"asks_python": True}}

PLANTED = {
    "no explorer": (rules.explorers, lambda: with_explorer(explorer=None)),
    "another explorer": (rules.explorers, lambda: with_explorer(explorer={"name": "DigitPad", "traits": {}})),
    "explorer without picture": (rules.explorers, lambda: with_explorer(picture=None)),
    "explorer without its nets": (rules.explorers, lambda: with_explorer(explorer=NETLESS)),
    "stripped": (rules.run_in_order, lambda: sample(execution_count=None)),
    "out of order": (rules.run_in_order, lambda: sample(execution_count=7)),
    "script": (rules.plain_outputs, lambda: sample(outputs=output("<script>alert(1)</script>"))),
    "handler": (rules.plain_outputs, lambda: sample(outputs=output('<b onclick="x()">b</b>'))),
    "absolute path": (rules.plain_outputs, lambda: sample(outputs=output("saved in /home/ada/net.pt"))),
    "Windows path": (rules.plain_outputs, lambda: sample(outputs=output("saved in C:\\Users"))),
    "address": (rules.plain_outputs, lambda: sample(outputs=output("<object at 0x7f0012ab34cd>"))),
    "error": (
        rules.plain_outputs,
        lambda: sample(outputs=[nbformat.v4.new_output("error", ename="E", evalue="")]),
    ),
    "svg": (
        rules.plain_outputs,
        lambda: sample(outputs=[nbformat.v4.new_output("display_data", {"image/svg+xml": ""})]),
    ),
    "widget state": (rules.plain_outputs, with_widgets),
    "no alt": (rules.alternative_text, without_alt),
    "no alt in a link": (rules.alternative_text, lambda: markdown("![](a.png)")),
    "short alt in a tag": (rules.alternative_text, lambda: markdown('<img src="a.png" alt="image">')),
    "linked picture": (rules.no_linked_files, lambda: markdown("![a kernel over an image](../images/a.png)")),
    "no title": (rules.form, lambda: nbformat.v4.new_notebook(cells=sample().cells[1:])),
    "semicolon": (rules.form, lambda: sample(source="draw();")),
    "unknown tag": (rules.form, lambda: sample(metadata={"tags": ["setup", "exercice"]})),
    "unasserted": (rules.form, lambda: sample(metadata={"tags": ["setup", "nbval-ignore-output"]})),
    "timed and compared": (rules.form, lambda: sample(metadata={"tags": ["setup", "timed"]})),
    "raw details": (
        rules.folded_text,
        lambda: markdown("<details><summary>Solution</summary>\n```\n```\n\n</details>"),
    ),
    "long cell": (rules.size, lambda: sample(source="\n".join(f"x = {i}" for i in range(26)))),
    "few words": (rules.size, sample),
}


@pytest.mark.parametrize("name", PLANTED)
def test_rule_catches(name: str) -> None:
    rule, notebook = PLANTED[name]
    assert list(rule(notebook())), f"{name} passed"


@pytest.mark.parametrize(
    "rule", [r for r in rules.RULES if r is not rules.size], ids=lambda rule: rule.__name__
)
def test_rule_passes_what_is_right(rule: Callable[[Any], Iterator[str]]) -> None:
    assert list(rule(sample())) == []


def disc(draw: ImageDraw.ImageDraw) -> None:
    draw.ellipse((40, 20, 200, 180), fill="black")


def test_pictures_that_changed_are_told_apart() -> None:
    moved = png(lambda d: d.ellipse((100, 20, 260, 180), fill="black"))
    for same in (pictures.same_pixels, pictures.same_thumbnail):
        assert same(png(disc), png(disc))
        assert not same(png(disc), png())
        assert not same(png(disc), moved)
    five, six = (png(lambda d, t=text: d.text((100, 90), t, fill="black", font_size=14)) for text in "56")
    assert not pictures.same_pixels(five, six), "one digit changed"
    slightly = np.asarray(Image.open(io.BytesIO(png(disc)))).astype(int)
    noisy = Image.fromarray(
        (slightly + np.random.default_rng(0).integers(-8, 9, slightly.shape)).clip(0, 255).astype(np.uint8)
    )
    buffer = io.BytesIO()
    noisy.save(buffer, "PNG")
    assert pictures.same_thumbnail(png(disc), buffer.getvalue())


DRAWING = """import matplotlib.pyplot as plt
plt.figure(figsize=(3, 2))
plt.{}
plt.show()"""


def run_nbval(notebook: Any, folder: Path) -> subprocess.CompletedProcess[str]:
    """The project's own pytest settings and conftest on `notebook`."""
    (folder / "tests").mkdir()
    for name in ("conftest.py", "pyproject.toml", "tests/pictures.py", "tests/__init__.py"):
        (folder / name).write_bytes((PROJECT / name).read_bytes())
    nbformat.write(notebook, folder / "01_planted.ipynb")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "01_planted.ipynb",
    ]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def executed() -> Any:
    """A run notebook: a line of text, then a picture."""
    cells = [
        nbformat.v4.new_code_cell(source)
        for source in ("print(6 * 7)", DRAWING.format("plot([1, 3, 2], lw=8)"))
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=60, record_timing=False, kernel_name="python3").execute()
    return notebook


def test_a_notebook_as_it_was_run_passes(executed: Any, tmp_path: Path) -> None:
    done = run_nbval(executed, tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (lambda notebook: notebook.cells[0].outputs[0].update(text="41\n"), "mismatch 'stdout'"),
        (lambda notebook: notebook.cells[0].outputs.clear(), "stdout"),
        (
            lambda notebook: notebook.cells[1].update(source=DRAWING.format("axis('off')")),
            "is not the stored one",
        ),
        (
            lambda notebook: notebook.cells[1].update(source=DRAWING.format("plot([3, 1, 2], lw=8)")),
            "is not the stored one",
        ),
        (
            lambda notebook: notebook.cells[1].outputs[0].data.pop("image/png"),
            "1 pictures were drawn, 0 are stored",
        ),
    ],
    ids=["stale output", "removed output", "blank picture", "changed picture", "no picture"],
)
def test_nbval_catches(executed: Any, plant: Callable[[Any], object], said: str, tmp_path: Path) -> None:
    planted = copy.deepcopy(executed)
    plant(planted)
    done = run_nbval(planted, tmp_path)
    assert done.returncode == 1 and said in done.stdout, done.stdout


def test_a_timed_cell_keeps_its_outputs_until_its_source_changes(tmp_path: Path) -> None:
    specification = importlib.util.spec_from_file_location(
        "notebooks_make", PROJECT / "notebooks" / "make.py"
    )
    assert specification and specification.loader
    make = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(make)
    path = tmp_path / "01_timed.ipynb"
    source = "from time import perf_counter_ns\nprint(perf_counter_ns())"
    tagged = nbformat.v4.new_code_cell(source, metadata={"tags": ["timed", "nbval-ignore-output"]})
    plain = nbformat.v4.new_code_cell("print(perf_counter_ns())")
    nbformat.write(nbformat.v4.new_notebook(cells=[tagged, plain]), path)

    def run() -> list[str]:
        nbformat.write(make.execute(path), path)
        return [cell.outputs[0].text for cell in nbformat.read(path, as_version=4).cells]

    first, second = run(), run()
    assert second[0] == first[0] and second[1] != first[1]
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source += "  # changed by hand, the old outputs still beside it"
    nbformat.write(notebook, path)
    third = run()
    assert third[0] != first[0]
    assert run()[0] == third[0]


EVERY = os.environ.get("CNNLIB_TEST_ALL") == "1"


@pytest.mark.parametrize(
    "path", [path for path in NOTEBOOKS if EVERY or path.name[:2] in ("00", "10")], ids=lambda path: path.stem
)
def test_runs_on_the_embedded_digits(path: Path, tmp_path: Path) -> None:
    """The asserts of the notebook bind on the other data set too; what it prints is not compared."""
    if "CNNLIB_DATA" not in os.environ:
        pytest.skip("nbval runs it on the embedded digits already")
    environment = {k: v for k, v in os.environ.items() if k != "CNNLIB_DATA"} | {
        "XDG_CACHE_HOME": str(tmp_path)
    }
    notebook = copy.deepcopy(read(path))
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute(
        env=environment
    )
    printed = "".join(rules.text_of(out) for cell in rules.code_cells(notebook) for out in cell.outputs)
    assert ("embedded digits" in printed) == any(
        "data.load()" in c.source for c in rules.code_cells(notebook)
    )
