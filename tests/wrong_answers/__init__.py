"""What students answer: wrong in the published ways, each with the hint it must get, and right in other ways.

One module per notebook, named as its checks. `EQUIVALENT` in a module lists the mutants of a solution that are
the same function, with the reason.
"""

from collections import defaultdict
from collections.abc import Callable
from importlib import import_module
from typing import Any

from cnnlib.check import EXERCISES

Answer = Callable[..., Any]
WRONG: dict[str, list[tuple[Answer, str]]] = defaultdict(list)
RIGHT: dict[str, list[Answer]] = defaultdict(list)


def wrong(exercise: str, hint: str) -> Callable[[Answer], Answer]:
    """Register a wrong answer of `exercise` that must be rejected with a message holding `hint`."""

    def register(answer: Answer) -> Answer:
        WRONG[exercise].append((answer, hint))
        return answer

    return register


def right(exercise: str) -> Callable[[Answer], Answer]:
    """Register a right answer of `exercise`, written in another way than the solution."""

    def register(answer: Answer) -> Answer:
        RIGHT[exercise].append(answer)
        return answer

    return register


def equivalent(notebook: str) -> dict[str, dict[str, str]]:
    """The mutants of `notebook` that are the same function: exercise -> description -> reason."""
    found: dict[str, dict[str, str]] = getattr(
        import_module(f"tests.wrong_answers.nb{notebook}"), "EQUIVALENT", {}
    )
    return found


def load(notebooks: list[str]) -> None:
    """Register the answers of `notebooks`."""
    for notebook in notebooks:
        assert notebook in EXERCISES, f"{notebook} has no exercises in cnnlib.check"
        import_module(f"tests.wrong_answers.nb{notebook}")
