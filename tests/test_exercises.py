"""Every exercise of every notebook: its stub, its solution, right and wrong answers, and mutants of the solution."""

import os
import random
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from cnnlib import check
from cnnlib.check import engine
from tests import wrong_answers
from tests.course import NOTEBOOKS, Exercise, exercises, read
from tests.mutants import mutants
from tests.wrong_answers import RIGHT, WRONG

wrong_answers.load([path.stem for path in NOTEBOOKS if path.stem in check.EXERCISES])
ALL = os.environ.get("CNNLIB_TEST_ALL") == "1"
SAMPLE = 8  # mutants of each solution in `make test`; all of them in `make test-all`

each_exercise = pytest.mark.parametrize(
    "exercise", [pytest.param(e, id=f"nb{e.notebook[:2]}-{n}") for n, e in exercises().items()]
)


def each(answers: dict[str, Any]) -> Any:
    numbers = {name: f"nb{exercise.notebook[:2]}" for name, exercise in exercises().items()}
    cases = [
        pytest.param(
            name,
            answer,
            id=f"{numbers[name]}-{name}-{(answer[0] if isinstance(answer, tuple) else answer).__name__}",
        )
        for name in exercises()
        for answer in answers[name]
    ]
    return pytest.mark.parametrize(("name", "answer"), cases)


def judge(name: str, answer: Callable[..., Any]) -> str:
    """The message of the check on `answer`, or "" if it is right."""
    try:
        getattr(check, name)(answer)
    except engine.CheckFailed as failed:
        return str(failed)
    return ""


def test_each_notebook_has_the_exercises_that_check_lists() -> None:
    listed = {path.stem: list(check.EXERCISES.get(path.stem, ())) for path in NOTEBOOKS}
    found = {
        path.stem: [e.name for e in exercises().values() if e.notebook == path.stem] for path in NOTEBOOKS
    }
    assert found == listed


@each_exercise
def test_the_stub_is_quietly_not_attempted(exercise: Exercise, capsys: pytest.CaptureFixture[str]) -> None:
    stub = exercise.define(exercise.stub)
    capsys.readouterr()  # a function to repair stands there with a line that prints its symptom
    getattr(check, exercise.name)(stub)
    assert capsys.readouterr().out.startswith(f"{exercise.name}: not attempted yet")


@each_exercise
def test_an_unattempted_exercise_fails_under_marking(
    exercise: Exercise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CNNLIB_MARK", "1")
    assert "not attempted" in judge(exercise.name, exercise.define(exercise.stub))


@each_exercise
def test_the_solution_is_right_in_under_two_seconds(
    exercise: Exercise, capsys: pytest.CaptureFixture[str]
) -> None:
    solution = exercise.define(exercise.solution)
    start = time.process_time()
    assert judge(exercise.name, solution) == ""
    assert time.process_time() - start < 2
    first = capsys.readouterr().out
    assert first.startswith(f"{exercise.name}: right") and first.count("\n") == 1
    judge(exercise.name, solution)
    assert capsys.readouterr().out == first, "the line is the same every time"


@each_exercise
def test_it_has_two_hints_and_enough_answers(exercise: Exercise) -> None:
    assert 1 <= len(getattr(check, exercise.name).hints) <= 2
    assert len(RIGHT[exercise.name]) >= 1
    lines = exercise.solution.count("\n") - 1
    assert len(WRONG[exercise.name]) >= (6 if lines > 1 else 2)


@each(RIGHT)
def test_a_differently_written_right_answer_passes(name: str, answer: Callable[..., Any]) -> None:
    assert judge(name, answer) == ""


@each(WRONG)
def test_a_wrong_answer_gets_its_hint(name: str, answer: tuple[Callable[..., Any], str]) -> None:
    message = judge(name, answer[0])
    assert message, "this wrong answer was accepted"
    assert answer[1] in " ".join(message.split("\nHint")[-1].split()), message


def cases_of(exercise: Exercise) -> list[tuple[str, str]]:
    made = list(mutants(exercise.solution))
    return made if ALL else random.Random(exercise.name).sample(made, min(SAMPLE, len(made)))


@each_exercise
def test_mutants_of_the_solution_are_caught(exercise: Exercise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SECONDS", 5.0)
    known = wrong_answers.equivalent(exercise.notebook).get(exercise.name, {})
    survived = []
    for description, source in cases_of(exercise):
        try:
            answer = exercise.define(source)
        except Exception:  # it does not even define the function
            continue
        if judge(exercise.name, answer) == "" and description not in known:
            survived.append(description)
    assert not survived, "\n".join(survived)


@each_exercise
def test_listed_equivalent_mutants_exist_and_have_reasons(exercise: Exercise) -> None:
    known = wrong_answers.equivalent(exercise.notebook).get(exercise.name, {})
    possible = {description for description, _ in mutants(exercise.solution)}
    assert set(known) <= possible, "listed, but no mutant of the present solution"
    assert all(len(reason) > 15 for reason in known.values())


def test_no_later_cell_depends_on_a_stub() -> None:
    """Names that a stub defines are used by its check only."""
    import ast

    for path in NOTEBOOKS:
        stubs: set[str] = set()
        for cell in read(path).cells:
            tags = cell.metadata.get("tags", ())
            if cell.cell_type != "code" or "check" in tags or "colab" in tags:
                continue
            tree = ast.parse(re.sub(r"^( *)%.*", r"\1pass", cell.source, flags=re.MULTILINE))  # no magics
            if "exercise" in tags:
                stubs |= {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
            else:
                used = {
                    n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
                }
                defined = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
                assert not (used - defined) & stubs, (
                    f"{path.name}: {(used - defined) & stubs} in\n{cell.source}"
                )
