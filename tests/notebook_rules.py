"""The rules every stored notebook keeps. Each returns what breaks it, one sentence a place."""

import json
import re
from collections.abc import Iterator
from statistics import median
from typing import Any

import nbformat

from tests.course import tags

TAGS = {"colab", "setup", "exercise", "check", "nbval-ignore-output", "timed"}
EXPLORER = "application/vnd.cnnlib.explorer+json"
STORED = {"text/plain", "text/html", "image/png", EXPLORER}
# The explorers of the course: each stands, alive and as a stored picture, in these notebooks.
EXPLORERS = {
    "00": ["DigitPad"],
    "01": ["ChannelMixer"],
    "02": ["PixelShuffler"],
    "03": ["FilterPainter"],
    "04": ["ConvolutionExplorer"],
    "05": ["ConvolutionExplorer"],
    "06": ["ConvolutionExplorer", "LayerBuilder"],
    "07": ["FilterLearner"],
    "08": ["LayerBuilder", "PoolingShiftExplorer"],
    "09": ["SegmentationBrush"],
    "10": [],
    "11": ["DepthExplorer"],
    "12": ["DigitPad"],
    "13": ["ShiftRace"],
    "14": ["DigitPad"],
}
SCRIPT = re.compile(r"<script|<iframe|javascript:|\son\w+\s*=", re.IGNORECASE)
MACHINE_PATH = re.compile(
    r"(?<![\w.])(?:/(?:home|Users|root|work|tmp|opt|var|private|mnt)/\w|[A-Za-z]:\\+\w)"
)
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)]*)\)|<img\b([^>]*)>")
COLAB = """import sys

if "google.colab" in sys.modules:  # only on Colab: asks for the wheel of cnnlib and installs it
    from google.colab import files

    wheel = next(iter(files.upload()))
    %pip install --quiet --no-deps {wheel} anywidget psygnal"""


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text_of(output: Any) -> str:
    """Everything readable in an output."""
    data = {k: v for k, v in output.get("data", {}).items() if not k.startswith("image/")}
    return str(output.get("text", "")) + json.dumps(data) + "\n".join(output.get("traceback", ()))


def run_in_order(notebook: Any) -> Iterator[str]:
    """Execution counts 1, 2, ..., n: a stripped notebook passes nbval whatever it prints."""
    for expected, cell in enumerate(code_cells(notebook), 1):
        if cell.execution_count != expected:
            yield f"execution count {cell.execution_count}, expected {expected}: stripped or out of order"


def plain_outputs(notebook: Any) -> Iterator[str]:
    """Text and PNG only: no scripts, no widget state, no stored error, nothing of this machine."""
    if "widgets" in notebook.metadata:
        yield "widget state is stored"
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"a stored error: {output.ename}"
            for kind in set(output.get("data", {})) - STORED:
                yield f"an output of type {kind}"
            if SCRIPT.search(text_of(output)):
                yield "a script in an output"
            if found := MACHINE_PATH.search(text_of(output)):
                yield f"an absolute path in an output: {found.group()}"
            if re.search(r"\bat 0x[0-9a-f]{6,}", text_of(output)):
                yield "an object's address in an output"


def alternative_text(notebook: Any) -> Iterator[str]:
    """Every picture says in words what it shows: stored ones in the cell's `alt`, linked ones in the link."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for alt, _, attributes in PICTURE.findall(cell.source):
                words = alt or "".join(re.findall(r'alt="([^"]*)"', attributes))
                if len(words.split()) < 4:
                    yield f"a linked picture with no real alternative text: {words!r}"
        elif len(str(cell.metadata.get("alt", "")).split()) < 4:
            if any("image/png" in output.get("data", {}) for output in cell.outputs):
                yield f"a drawn picture with no real alternative text: {cell.source.splitlines()[-1]}"


def explorers(notebook: Any) -> Iterator[str]:
    """The course's explorers at their places, each stored with its picture and with what a page needs to revive it."""
    number = notebook.cells[0].source[2:4]
    stored = [
        out["data"]
        for cell in code_cells(notebook)
        for out in cell.outputs
        if EXPLORER in out.get("data", {})
    ]
    for missing in sorted(set(EXPLORERS.get(number, ())) - {data[EXPLORER]["name"] for data in stored}):
        yield f"no {missing} is stored"
    for data in stored:
        name, traits = data[EXPLORER]["name"], data[EXPLORER]["traits"]
        if "image/png" not in data:
            yield f"{name} is stored without a picture"
        if traits.get("asks_python"):
            yield f"{name} is stored without its nets: too many weights for a page without Python"


def no_linked_files(notebook: Any) -> Iterator[str]:
    """No linked pictures or attachments: a notebook opened alone on Colab has no images/."""
    for cell in notebook.cells:
        if cell.get("attachments"):
            yield "an attached file"
        if cell.cell_type == "markdown":
            for _, target, _ in PICTURE.findall(cell.source):
                yield f"a linked picture: {target}"


def form(notebook: Any) -> Iterator[str]:
    """Title, setup, the same Colab cell everywhere, known tags, a recap at the end."""
    cells = notebook.cells
    if not re.match(r"# \d\d · ", cells[0].source):
        yield "the first line is no title of the form '# 04 · Convolution'"
    code = code_cells(notebook)
    if tags(code[0]) != {"colab"} or code[0].source != COLAB:
        yield "the first code cell is not the Colab cell of tests/notebook_rules.py"
    if sum("setup" in tags(cell) for cell in code) != 1:
        yield "there is not exactly one cell tagged setup"
    for cell in code:
        if cell.source.rstrip().endswith(";"):
            yield f"a semicolon at the end hides nothing from nbval: {cell.source.splitlines()[-1]}"
        if unknown := tags(cell) - TAGS:
            yield f"unknown tags {sorted(unknown)}"
        if "timed" in tags(cell) and "nbval-ignore-output" not in tags(cell):
            yield f"a timed cell is compared, tag it nbval-ignore-output: {cell.source.splitlines()[0]}"
    for index, cell in enumerate(code):
        if "nbval-ignore-output" in tags(cell):
            compared = [later for later in code[index:] if "nbval-ignore-output" not in tags(later)]
            if not compared or "assert " not in compared[0].source:
                yield f"no assert follows the cell whose output is ignored: {cell.source.splitlines()[0]}"


def folded_text(notebook: Any) -> Iterator[str]:
    """An empty line after </summary> and before </details>, or the Markdown inside is not rendered."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and "<details" in cell.source:
            whole = re.findall(
                r"<details><summary>[^<]+</summary>\n\n.*?\n\n</details>", cell.source, re.DOTALL
            )
            if not len(whole) == cell.source.count("<details") == cell.source.count("</details>"):
                yield f"a folded text that some readers show raw: {cell.source[:60]!r}"


def size(notebook: Any) -> Iterator[str]:
    """Words, lines per cell and bytes within DESIGN's limits."""
    prose = " ".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    words = len(re.sub(r"<details>.*?</details>", "", prose, flags=re.DOTALL).split())
    if not 1200 <= words <= 2500:
        yield f"{words} words of prose, expected 1,200 to 2,500"
    lines = [len(cell.source.splitlines()) for cell in code_cells(notebook) if "colab" not in tags(cell)]
    if max(lines) > 25:
        yield f"a code cell of {max(lines)} lines, at most 25"
    if median(lines) > 6:
        yield f"code cells of median {median(lines)} lines, expected about 5"
    if (stored := len(nbformat.writes(notebook).encode())) > 500_000:
        yield f"{stored} bytes stored, at most 500,000"


RULES = (run_in_order, plain_outputs, alternative_text, explorers, no_linked_files, form, folded_text, size)
