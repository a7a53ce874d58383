"""The explorers in a real JupyterLab: alive, in step with Python, and a picture when the notebook is reopened."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

from cnnlib.explorers.base import STORED, VIEW
from tests.course import NOTEBOOKS, PROJECT, read
from tests.explorers.browser import SCREENSHOTS, every

TOKEN = "course"
NETS = """from torch import nn
from cnnlib import explorers
def net(size, *middle):
    return nn.Sequential(*middle, nn.Flatten(), nn.Linear(size, 10))
pad = net(784)
mlp, cnn = net(44 * 44), net(4 * 22 * 22, nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
dense = nn.Conv2d(1, 11, 3, padding=1)"""
WITH_NETS = {"DigitPad": "pad", "SegmentationBrush": "nn.Sequential(dense)", "ShiftRace": "mlp, cnn"}
CELLS = [
    "from cnnlib import explorers\nconvolution = explorers.ConvolutionExplorer(position=(0, 0))",
    "convolution",
    "convolution.image[0, 0, 0], convolution.position",
    "convolution.stride = 2",
]

BOARD = next(cell.source for cell in read(NOTEBOOKS[10]).cells if "%tensorboard" in cell.source)
PANEL = (
    "from cnnlib import data, panel, plot\nplot.style()",
    "training = panel.TrainingPanel(data.load_digits(), epochs=2)\ntraining",
    "print(6 * 7)",
    "training._epochs = 1000",
    "import sys\nfrom pathlib import Path\nfrom tempfile import TemporaryDirectory\n"
    "run = {'history': [{'epoch': e, 'loss': 1 / e, 'validation_loss': 1 / e + e / 30} for e in range(1, 9)]}",
    BOARD.replace("look = False", "look = True"),
    "import os, signal\nfrom tensorboard import manager\n"
    "for board in manager.get_all():\n"
    "    if board.logdir == logs.name:\n        os.kill(board.pid, signal.SIGTERM)",
)


@pytest.fixture(scope="module")
def lab(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A JupyterLab of its own, in a folder with two notebooks; returns its address and the folder."""
    folder = tmp_path_factory.mktemp("lab")
    every_one = [NETS, *(f"explorers.{name}({WITH_NETS.get(name, '')})" for name in every())]
    for name, cells in (("explorers", CELLS), ("every", every_one), ("panel", PANEL)):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, folder / f"{name}.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = {f"JUPYTER_{kind}_DIR": str(folder / kind.lower()) for kind in ("CONFIG", "RUNTIME", "DATA")}
    environment = (
        os.environ | home | {"PYTHONPATH": str(PROJECT), "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings")}
    )
    dark = folder / "settings" / "@jupyterlab" / "apputils-extension"
    dark.mkdir(parents=True)
    (dark / "themes.jupyterlab-settings").write_text('{"theme": "JupyterLab Dark"}')
    (
        folder / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    ).write_text('{"fetchNews": "false", "checkForUpdates": false}')
    options = [
        f"--port={port}",
        "--no-browser",
        "--ip=127.0.0.1",
        "--allow-root",
        f"--IdentityProvider.token={TOKEN}",
    ]
    command = [sys.executable, "-m", "jupyterlab", *options, f"--ServerApp.root_dir={folder}"]
    log = (folder / "lab.log").open("w")
    server = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        _wait_for(f"http://127.0.0.1:{port}/api", server, folder / "lab.log")
        yield f"http://127.0.0.1:{port}", folder
    finally:
        server.kill()  # asked politely it may take a minute on a busy machine; its kernels end with it
        server.wait(20)
        log.close()


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        try:
            asked(url)
            return
        except OSError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()}")


def asked(url: str, method: str = "GET") -> bytes:
    """What the server answers."""
    request = urllib.request.Request(url, method=method, headers={"Authorization": f"token {TOKEN}"})
    return bytes(urllib.request.urlopen(request, timeout=20).read())


def opened(chromium: Browser, url: str, name: str = "explorers") -> Page:
    page = chromium.new_page(viewport={"width": 1200, "height": 1000})
    page.set_default_timeout(60_000)
    page.goto(f"{url}/lab/tree/{name}.ipynb?reset&token={TOKEN}")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    return page


def connected(page: Page) -> None:
    """Wait until the notebook has a kernel that listens."""
    expect(page.get_by_text("| Idle")).to_be_visible(timeout=60_000)


def run_cell(page: Page, index: int) -> None:
    page.locator(".jp-Notebook .jp-CodeCell .jp-InputArea-editor").nth(index).click()
    page.keyboard.press("Shift+Enter")
    prompt = page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").nth(index)
    expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=60_000)


def output(page: Page, index: int) -> Any:
    return page.locator(".jp-Notebook .jp-CodeCell").nth(index).locator(".jp-OutputArea")


def save(page: Page, file: Path) -> Any:
    before = file.stat().st_mtime_ns
    page.keyboard.press("Control+s")
    end = time.monotonic() + 20
    while file.stat().st_mtime_ns == before and time.monotonic() < end:
        time.sleep(0.1)
    return json.loads(file.read_text())


def test_alive_in_step_with_python_and_a_picture_when_reopened(
    chromium: Browser, lab: tuple[str, Path]
) -> None:
    url, folder = lab
    page = opened(chromium, url)
    connected(page)
    for index in (0, 1):
        run_cell(page, index)
    explorer = output(page, 1).locator(".cnx")
    expect(explorer).to_be_visible()
    expect(explorer).to_have_class(re.compile("cnx-dark"))  # JupyterLab's dark theme is on
    said = explorer.locator(".cnx-line")
    expect(said).to_have_text(re.compile(r"^Output row 0, column 0: "))
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "lab_dark.png")

    # What the reader does reaches Python.
    pixels = explorer.locator('canvas[aria-label^="input"]')
    pixels.focus()
    pixels.press("8")
    goal = explorer.locator('canvas[aria-label^="output"]')
    goal.focus()
    goal.press("ArrowDown")
    expect(said).to_have_text(re.compile(r"^Output row 1, column 0: "))
    run_cell(page, 2)
    expect(output(page, 2)).to_contain_text("8.0), (1, 0)")

    # What Python sets reaches the reader.
    run_cell(page, 3)
    expect(explorer.locator('canvas[aria-label^="output"]')).to_have_attribute(
        "aria-label", "output 2 × 3, 2 rows, 3 columns"
    )

    # Saved: the picture and the settings, not the view.
    stored = save(page, folder / "explorers.ipynb")
    (shown,) = stored["cells"][1]["outputs"]
    assert VIEW not in shown["data"]
    assert {"image/png", "text/plain", STORED} <= set(shown["data"])
    expect(explorer).to_be_visible()  # saving takes nothing from the reader

    # Reopened without its kernel: a picture, no error.
    page.close()
    for session in json.loads(asked(f"{url}/api/sessions")):
        asked(f"{url}/api/sessions/{session['id']}", "DELETE")
    page = opened(chromium, url)
    expect(output(page, 1).locator("img")).to_be_visible()
    expect(page.locator(".jp-Notebook")).not_to_contain_text("Error displaying widget")
    page.screenshot(path=SCREENSHOTS / "lab_reopened.png")
    page.close()


def test_every_explorer_lives_in_a_notebook(chromium: Browser, lab: tuple[str, Path]) -> None:
    url, _ = lab
    page = opened(chromium, url, "every")
    complaints: list[str] = []
    page.on("console", lambda line: "cnx" in line.text and complaints.append(line.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    connected(page)
    for index, name in enumerate(["", *every()]):
        run_cell(page, index)
        if name:
            explorer = output(page, index).locator("section.cnx")
            expect(explorer).to_be_visible(timeout=20_000)
            expect(explorer.locator(".cnx-line")).to_have_text(re.compile(r"\w+ .*\w"), timeout=20_000)
            explorer.screenshot(path=SCREENSHOTS / f"lab_{name}.png")
    assert complaints == []
    page.close()


def test_the_panel_trains_stops_and_leaves_a_picture(chromium: Browser, lab: tuple[str, Path]) -> None:
    url, folder = lab
    page = opened(chromium, url, "panel")
    connected(page)
    for index in (0, 1):
        run_cell(page, index)
    panel = output(page, 1)
    start, stop = (panel.get_by_role("button", name=name) for name in ("Start", "Stop"))
    expect(start).to_be_enabled()
    expect(stop).to_be_disabled()
    expect(panel).to_contain_text("Choose, then press Start.")
    empty = panel.locator("img").get_attribute("src")

    # A run to its end, while the kernel answers.
    start.click()
    expect(stop).to_be_enabled()
    run_cell(page, 2)
    expect(output(page, 2)).to_contain_text("42")
    expect(panel).to_contain_text("done. Validation loss", timeout=60_000)
    expect(panel.locator("img")).not_to_have_attribute("src", empty or "")
    page.screenshot(path=SCREENSHOTS / "lab_panel.png")

    # A long one, stopped by the button.
    run_cell(page, 3)
    start.click()
    expect(panel).to_contain_text("epoch 1/1000", timeout=60_000)
    stop.click()
    expect(panel).to_contain_text("stopped. ", timeout=60_000)
    expect(start).to_be_enabled()
    expect(stop).to_be_disabled()

    stored = save(page, folder / "panel.ipynb")
    (shown,) = stored["cells"][1]["outputs"]
    assert set(shown["data"]) == {"image/png", "text/plain"}
    page.close()


def test_tensorboard_shows_inside_the_notebook(chromium: Browser, lab: tuple[str, Path]) -> None:
    """The cell of notebook 10, switched on."""
    page = opened(chromium, lab[0], "panel")
    connected(page)
    run_cell(page, 4)
    run_cell(page, 5)
    inside = output(page, 5).frame_locator("iframe")
    expect(inside.get_by_text("Scalars").first).to_be_visible(timeout=60_000)
    expect(inside.get_by_text("loss").first).to_be_visible(timeout=60_000)
    page.screenshot(path=SCREENSHOTS / "lab_tensorboard.png")
    run_cell(page, 6)
    page.close()
