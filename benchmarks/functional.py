"""Time and memory of `cnnlib.functional` beside torch, in one run, on one thread.

Run it from the project's folder: `python -m benchmarks.functional`. It prints a Markdown table and ends with exit
code 1 if a ceiling is missed; `--write` puts the table into `benchmarks/RESULTS.md`. Close other programs first:
ratios are steadier than times, not immune.
"""

import argparse
import os
import platform
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from threadpoolctl import threadpool_limits

from cnnlib import functional

Shape = tuple[int, ...]
Call = Callable[[], object]

REPEATS = 31  # alternated: torch, cnnlib, torch, cnnlib, ...
NOTE = f"""Again: `python -m benchmarks.functional --write`. Each row compares medians of {REPEATS} alternated runs
(loops: 3); the ratio is the median over neighbours in time. Rows without a ceiling are only shown: the definition in
loops (large case: one image, times 128), and pooling of one small map, over in torch before NumPy has begun."""
LEAST = 0.005  # seconds; a faster call is looped that long in every repeat


class Case(NamedTuple):
    """One row of the table: torch's call, ours, and what ours may cost."""

    name: str
    shapes: tuple[Shape, ...]
    theirs: Call
    ours: Call
    ratio: float | None  # times torch's time; None: shown, not judged
    memory: int | None  # bytes
    part: int = 1  # our call does one part in so many; its time is multiplied
    repeats: int = REPEATS


def convolution_cases(input: Shape, weight: Shape, ratio: float, large: bool) -> list[Case]:
    x, w = (np.random.default_rng(0).random(shape, np.float32) for shape in (input, weight))
    g = np.ones_like(functional.conv2d(x, w))
    tx, tw, tb = (torch.from_numpy(array).requires_grad_() for array in (x, w, np.zeros(len(w), np.float32)))
    ty = F.conv2d(tx, tw, tb)
    back = partial(torch.autograd.grad, ty, (tx, tw, tb), torch.from_numpy(g), retain_graph=True)
    forward, shapes = partial(F.conv2d, tx.detach(), tw.detach()), (input, weight)
    read, written = g.nbytes + x.nbytes + w.nbytes, x.nbytes + w.nbytes
    memory = (2 * (x.nbytes + g.nbytes), 2 * (read + written)) if large else (64 * 2**20, 64 * 2**20)
    return [
        Case("conv2d", shapes, forward, partial(functional.conv2d, x, w), ratio, memory[0]),
        Case("conv2d_backward", shapes, back, partial(functional.conv2d_backward, g, x, w), 4, memory[1]),
        Case(
            "conv2d_loops", shapes, forward, partial(functional.conv2d_loops, x[:1], w), None, None, len(x), 3
        ),
    ]


def pooling_cases(input: Shape, large: bool) -> list[Case]:
    x = np.random.default_rng(0).random(input, np.float32)
    memory = 2 * (x.nbytes + x.nbytes // 4) if large else 64 * 2**20
    return [
        Case(
            name,
            (input, (2, 2)),
            partial(getattr(F, name), torch.from_numpy(x), 2),
            partial(getattr(functional, name), x, 2),
            1 if large else None,  # on one small map torch takes less time than one call of NumPy
            memory,
        )
        for name in ("max_pool2d", "avg_pool2d")
    ]


def seconds(call: Call, number: int = 1) -> float:
    start = time.perf_counter()
    for _ in range(number):
        call()
    return (time.perf_counter() - start) / number


def times(case: Case) -> tuple[float, float, float]:
    """Return torch's and our median time, and the median ratio of neighbours in time."""
    calls = (case.theirs, case.ours)
    numbers = [max(1, round(LEAST / min(seconds(call) for _ in range(2)))) for call in calls]
    pairs = [[seconds(*call) for call in zip(calls, numbers, strict=True)] for _ in range(case.repeats)]
    theirs, ours = zip(*pairs, strict=True)
    ratio = statistics.median(our / their for their, our in pairs)
    return statistics.median(theirs), statistics.median(ours) * case.part, ratio * case.part


def peak_memory(call: Call) -> int:
    """Return the most bytes that Python and NumPy held at once during a call, its result included."""
    tracemalloc.start()
    call()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def row(case: Case) -> tuple[str, bool]:
    """Measure a case; return its line of the table and whether it kept within its ceilings."""
    theirs, ours, ratio = times(case)
    memory = peak_memory(case.ours) if case.memory else None
    passed = (case.ratio is None or ratio <= case.ratio) and (not case.memory or memory <= case.memory)
    cells = [
        case.name + ("" if case.part == 1 else f" (one image x {case.part})"),
        " * ".join("x".join(map(str, shape)) for shape in case.shapes),
        f"{theirs * 1e3:.3g}",
        f"{ours * 1e3:,.0f}" if ours > 1 else f"{ours * 1e3:.3g}",
        f"{ratio:,.0f}" if ratio > 100 else f"{ratio:.2f}",
        "" if case.ratio is None else f"{case.ratio:g}",
        "" if memory is None else f"{memory / 1e6:.2f}",
        "" if memory is None else f"{case.memory / 1e6:.1f}",
        "" if case.ratio is None and not case.memory else "yes" if passed else "NO",
    ]
    return f"| {' | '.join(cells)} |", passed


def machine() -> str:
    """Describe what was measured on."""
    info = Path("/proc/cpuinfo")
    models = [line for line in info.read_text().splitlines() if "model name" in line] if info.exists() else []
    processor = models[0].split(":")[1].strip() if models else platform.processor()
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, torch {torch.__version__}"
    return f"{processor}, {os.cpu_count()} cores, {platform.system()}; {versions}; one thread."


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/RESULTS.md")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    lines = [
        "| function, float32 | shapes | torch ms | cnnlib ms | ratio | at most | peak MB | at most | kept |"
    ]
    lines.append(f"|{'---|' * (lines[0].count('|') - 1)}")
    print(machine(), "", *lines, sep="\n", flush=True)
    ok = []
    with threadpool_limits(1):
        small, large = (1, 1, 28, 28), (128, 16, 24, 24)
        cases = convolution_cases(small, (16, 1, 5, 5), 1.5, large=False)
        cases += convolution_cases(large, (32, 16, 5, 5), 2.5, large=True)
        cases += pooling_cases(small, large=False) + pooling_cases(large, large=True)
        for case in cases:
            line, passed = row(case)
            lines, ok = [*lines, line], [*ok, passed]
            print(line, flush=True)
    if arguments.write:
        from benchmarks.notebooks import write

        write("functional", "\n".join([machine(), "", NOTE, "", *lines]))
    return 0 if all(ok) else 1


if __name__ == "__main__":
    sys.exit(main())
