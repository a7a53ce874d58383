"""A saved notebook keeps an explorer's picture and not its view, which would be an error when it is reopened."""

import json
import subprocess
import sys
from typing import Any

from cnnlib.explorers.base import HERE, STORED, VIEW
from cnnlib.explorers.saved import _jupyter_server_extension_points, without_views
from tests.course import PROJECT


def notebook(*outputs: Any) -> dict[str, Any]:
    cells = [{"cell_type": "markdown", "source": "text"}, {"cell_type": "code", "outputs": list(outputs)}]
    return {"type": "notebook", "content": {"cells": cells}}


def test_only_the_courses_own_widgets_lose_their_view() -> None:
    explorer = {
        "output_type": "execute_result",
        "data": {"image/png": "...", STORED: {}, VIEW: {"model_id": "a"}},
    }
    slider = {"output_type": "display_data", "data": {"text/plain": "IntSlider()", VIEW: {"model_id": "b"}}}
    panel = {"data": {"image/png": "...", VIEW: {"model_id": "c"}}, "metadata": {"cnnlib": "panel"}}
    text = {"output_type": "stream", "text": "hello"}
    model = notebook(explorer, slider, panel, text)
    without_views(model, path="a.ipynb", contents_manager=None)
    assert explorer["data"] == {"image/png": "...", STORED: {}}
    assert panel["data"] == {"image/png": "..."}
    assert slider["data"][VIEW] == {"model_id": "b"}  # other people's widgets are theirs
    assert text == {"output_type": "stream", "text": "hello"}


def test_other_files_are_left_alone() -> None:
    for model in ({"type": "file", "content": "print()"}, {"type": "notebook", "content": None}):
        before = dict(model)
        without_views(model)
        assert model == before


def test_jupyter_is_told_of_it() -> None:
    said = json.loads((HERE / "jupyter_server.json").read_text())
    (point,) = _jupyter_server_extension_points()
    assert said == {"ServerApp": {"jpserver_extensions": {point["module"]: True}}}
    done = subprocess.run(
        [sys.executable, "-m", "jupyter", "server", "extension", "list"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert "cnnlib.explorers.saved" in done.stdout + done.stderr
