"""The notebooks as the tests see them: cells, exercises, stubs and solutions."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nbformat

PROJECT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
SOLUTION = re.compile(
    r"<summary>Solution</summary>\n\n```python\n(.*?)```\n(?:\n.*?\n)?\n</details>", re.DOTALL
)
CHECK = re.compile(r"^check\.(?:bug_hunt\(\d+, )?(\w+)[()]", re.MULTILINE)


def tags(cell: Any) -> set[str]:
    return set(cell.metadata.get("tags", ()))


@dataclass(frozen=True)
class Exercise:
    """One exercise as a notebook states it."""

    notebook: str
    name: str
    setup: str  # the notebook's imports
    stub: str
    solution: str

    def define(self, source: str) -> Any:
        """The function or class `name` that `source` defines, as a student's cell would."""
        namespace: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(self.setup, f"<setup of {self.notebook}>", "exec"), namespace)
        exec(compile(source, f"<{self.name}>", "exec"), namespace)
        return namespace[self.name]


@cache
def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def exercises_in(path: Path) -> list[Exercise]:
    """The exercises of the notebook at `path`: stub, check and solution in this order, each in its cell."""
    found = []
    setup = stub = ""
    waiting: list[str] = []  # checked, solution not seen yet
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            for solution in SOLUTION.findall(cell.source):
                assert waiting, f"{path.name}: a solution with no check before it"
                found += [Exercise(path.stem, name, setup, stub, solution) for name in waiting]
                waiting, stub = [], ""
        elif "setup" in tags(cell):
            setup = cell.source
        elif "exercise" in tags(cell):
            stub += cell.source + "\n"
        elif "check" in tags(cell):
            waiting += CHECK.findall(cell.source)
    assert not waiting, f"{path.name}: no solution for {waiting}"
    return found


@cache
def exercises() -> dict[str, Exercise]:
    """Every exercise of the course by its name."""
    return {exercise.name: exercise for path in NOTEBOOKS for exercise in exercises_in(path)}
