"""Run the notebooks and store what they print and draw: `python notebooks/make.py [00 10 ...]`.

Twice gives identical files: a cell tagged `timed`, whose outputs are of the machine and the moment, keeps those that
are stored until its source changes. It needs the real MNIST (CNNLIB_DATA), so that stored outputs are the course's.
"""

import copy
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from cnnlib import data

HERE = Path(__file__).parent
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def execute(path: Path) -> nbformat.NotebookNode:
    """The notebook at `path`, run from top to bottom in a fresh kernel; a cell's error is raised."""
    notebook = nbformat.read(path, as_version=4)
    before = copy.deepcopy(notebook.cells)
    NotebookClient(
        notebook,
        timeout=300,
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
    ).execute(stderr=subprocess.DEVNULL)
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell, stored in zip(notebook.cells, before, strict=True):
        if cell.cell_type == "code":
            cell.outputs = [_clean(output) for output in _joined(cell.outputs)]
        if "timed" in cell.metadata.get("tags", ()):
            _keep_timed(cell, stored)
    return notebook


def _keep_timed(cell: Any, stored: Any) -> None:
    """Give a cell its stored outputs back if they are of the same source, which its metadata remembers."""
    digest = hashlib.sha256(cell.source.encode()).hexdigest()[:16]
    if stored.outputs and stored.metadata.get("timed") == digest:
        cell.outputs = stored.outputs
    cell.metadata["timed"] = digest


def _joined(outputs: list[Any]) -> list[Any]:
    """Neighbouring pieces of one stream as one: how a stream is cut depends on timing."""
    joined: list[Any] = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output.output_type == "stream" == last.get("output_type") and output.name == last["name"]:
            last["text"] += output.text
        else:
            joined.append(output)
    return joined


def _clean(output: Any) -> Any:
    """An output without the parts that live only as long as the kernel: widget views and scripts."""
    for kind in ("application/vnd.jupyter.widget-view+json", "application/javascript"):
        output.get("data", {}).pop(kind, None)
    return output


def main(chosen: list[str]) -> int:
    """Run and store the notebooks whose names start with one of `chosen`, or all; return the exit status."""
    try:
        data.load_mnist(download=False)
    except (OSError, ValueError, RuntimeError) as error:
        print(f"The stored outputs are those of the real MNIST. {error}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "OMP_NUM_THREADS": "1",
            "CNNLIB_OFFLINE": "1",
            "CNNLIB_STATE": f"{folder}/progress.json",
        }
        os.environ.pop("CNNLIB_MARK", None)
        for path in sorted(HERE.glob("[0-9][0-9]_*.ipynb")):
            if not chosen or path.name.startswith(tuple(chosen)):
                start = time.perf_counter()
                notebook = execute(path)
                nbformat.write(notebook, path)
                print(
                    f"{path.stem:<40} {time.perf_counter() - start:5.1f} s  {path.stat().st_size / 1000:4.0f} kB"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
