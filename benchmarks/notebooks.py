"""Time, memory and stored size of every notebook: each run in a fresh kernel, on one thread.

Run it from the project's folder: `python -m benchmarks.notebooks [01 05 ...]`. It prints a Markdown table and ends
with exit code 1 if a ceiling is missed; `--write` puts the table into `benchmarks/RESULTS.md`. A notebook that
misses a ceiling is run again, at most twice, and the least of each column counts: another program may have been in
the way, and nothing but the notebook itself makes it faster or smaller.
"""

import argparse
import math
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import nbformat
import psutil
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
NOTEBOOKS = sorted((HERE.parent / "notebooks").glob("[0-9][0-9]_*.ipynb"))
RESULTS = HERE / "RESULTS.md"
INTRO = """# Results

What the programs in this folder printed last. Times are those of the machine named above each table.
"""
SECTION = "notebooks"
TOGETHER = 7 * 60.0  # seconds for all fifteen
RUNS = 3


class Measured(NamedTuple):
    """What one notebook took, or may take; a picture at infinity was never drawn."""

    seconds: float
    picture: float  # seconds from the start of the kernel until the first picture is there
    memory: float  # MB
    stored: float  # kB


def ceilings(name: str) -> Measured:
    """What the notebook may take: 01 to 05 use no torch and have to be light."""
    if "01" <= name[:2] <= "05":
        return Measured(15, 2, 150, 500)
    return Measured(15 if "06" <= name[:2] <= "08" else 60, math.inf, math.inf, 500)


@contextmanager
def watched(pid: int) -> Iterator[list[float]]:
    """Keep the most memory (MB) that a process and its children held together in the list given."""
    process, most, over = psutil.Process(pid), [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            with suppress(psutil.Error):
                family = [process, *process.children(recursive=True)]
                most[0] = max(most[0], sum(member.memory_info().rss for member in family) / 1e6)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
        most[0] = max(most[0], high_water(pid))
    finally:
        over.set()
        watcher.join()


def high_water(pid: int) -> float:
    """Return the exact peak (MB) of the process alone, which a look now and then can miss; 0 where none is kept."""
    with suppress(OSError):
        kept = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        return int(kept[1]) * 1024 / 1e6 if kept else 0.0
    return 0.0


def measure(path: Path) -> Measured:
    """Run a notebook from top to bottom in a fresh kernel; an error in a cell is raised."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}})
    picture, start = math.inf, time.perf_counter()
    with client.setup_kernel(), watched(client.km.provisioner.pid) as memory:
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
            drawn = cell.cell_type == "code" and any("image/png" in o.get("data", {}) for o in cell.outputs)
            if drawn and picture == math.inf:
                picture = time.perf_counter() - start
        seconds = time.perf_counter() - start
    return Measured(seconds, picture, memory[0], path.stat().st_size / 1000)


def best(path: Path) -> Measured:
    """Measure until every ceiling is kept, at most `RUNS` times; return the least of each column."""
    found = measure(path)
    for _ in range(RUNS - 1):
        if kept(found, ceilings(path.stem)):
            break
        found = Measured(*map(min, found, measure(path)))
    return found


def kept(found: Measured, most: Measured) -> bool:
    # A picture is demanded only where it has a ceiling: math.inf <= math.inf.
    return all(value <= ceiling for value, ceiling in zip(found, most, strict=True))


def row(name: str, found: Measured, most: Measured) -> str:
    digits = (1, 2, 0, 0)
    values = [
        ("" if value == math.inf else f"{value:.{d}f}") + ("" if ceiling == math.inf else f" of {ceiling:g}")
        for value, ceiling, d in zip(found, most, digits, strict=True)
    ]
    return f"| {name} | {' | '.join(values)} | {'yes' if kept(found, most) else 'NO'} |"


def write(section: str, text: str) -> None:
    """Replace one section of RESULTS.md, or add it at the end; the other sections stay."""
    old = RESULTS.read_text("utf-8") if RESULTS.exists() else INTRO
    new = f"## {section}\n\n{text.strip()}\n"
    before, *rest = re.split(rf"^## {section}\n", old, maxsplit=1, flags=re.MULTILINE)
    after = "".join(re.findall(r"^## .*", rest[0], flags=re.MULTILINE | re.DOTALL)) if rest else ""
    RESULTS.write_text(f"{before.rstrip()}\n\n{new}" + (f"\n{after}" if after else ""), "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("chosen", nargs="*", metavar="NN", help="numbers of notebooks; all if none is given")
    parser.add_argument("--write", action="store_true", help="put the table of all notebooks into RESULTS.md")
    arguments = parser.parse_args()
    if arguments.write and arguments.chosen:
        parser.error("--write stores the table of all notebooks: give no numbers with it")
    chosen = [path for path in NOTEBOOKS if not arguments.chosen or path.name[:2] in arguments.chosen]
    lines = ["| notebook | seconds | first picture, s | peak MB | stored kB | kept |", f"|{'---|' * 6}"]
    print("\n".join(lines), flush=True)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"OMP_NUM_THREADS": "1", "CNNLIB_OFFLINE": "1", "CNNLIB_STATE": f"{folder}/state.json"}
        os.environ.pop("CNNLIB_MARK", None)
        for path in chosen:
            results.append(best(path))
            lines.append(row(path.stem, results[-1], ceilings(path.stem)))
            print(lines[-1], flush=True)
    total = sum(found.seconds for found in results)
    lines.append(f"\nTogether {total:.0f} of {TOGETHER:.0f} seconds.")
    print(lines[-1])
    if arguments.write:
        from benchmarks.functional import machine

        write(SECTION, machine() + "\n\n" + "\n".join(lines))
    ok = [kept(found, ceilings(path.stem)) for path, found in zip(chosen, results, strict=True)]
    return 0 if all(ok) and total <= TOGETHER else 1


if __name__ == "__main__":
    sys.exit(main())
