"""How an exercise is judged: your function beside the right one, on the same seeded cases.

A check is a function decorated with `exercise`. It gets a `Student` and calls `student.compare(...)`, or
`student.call(...)` and `student.require(...)` where behaviour is judged. A wrong answer is compared with the
known mistakes of its exercise, so that the hint names the misunderstanding the answer looks like.
"""

import contextlib
import copy
import ctypes
import inspect
import os
import re
import textwrap
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlib.check import state
from cnnlib.check.text import show, table

SECONDS = 10.0  # what one check may take; a right answer needs well under two
WIDTH = 80  # of a hint, so that notebooks break it between words
TOLERANCE = 1e-5  # of the largest expected value: lets float32 pass

Mistake = tuple[str, Callable[..., object]]


class CheckFailed(AssertionError):
    """An answer that is not right yet; `str(error)` is the whole message, shown without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class _NotAttemptedError(Exception):
    """The stub is still there."""


class _TimeUp(BaseException):
    """The time limit; not an Exception, so that `except Exception` does not swallow it."""


@dataclass(frozen=True)
class Raised:
    """An exception as the outcome of a call."""

    error: BaseException
    where: str = ""

    def __str__(self) -> str:
        if isinstance(self.error, _UselessError):
            return self.error.got
        text = f"{type(self.error).__name__}: {self.error}".strip().rstrip(":")
        return f"{text}\n{self.where}" if self.where else text


class _UselessError(TypeError):
    """What was returned is nothing to compare: `got` shows it, the message says what to do."""

    def __init__(self, hint: str, got: object) -> None:
        super().__init__(hint)
        self.hint, self.got = hint, _brief(got)


Parts = list[NDArray[Any]]  # what a call returned: one array, or one per item of a tuple of arrays


@dataclass(frozen=True, eq=False)
class _Trial:
    arguments: tuple[Any, ...]
    expected: Parts | Raised
    got: Parts | Raised


@dataclass(frozen=True)
class _Judge:
    """Which results count as the same: `relative` to the largest expected value, plus `absolute`."""

    relative: float = TOLERANCE
    absolute: float = 0.0

    def cells(self, expected: NDArray[Any], got: NDArray[Any]) -> NDArray[np.bool_]:
        """Where two arrays of one shape agree, in float64; NaN agrees with NaN."""
        e, g = expected.astype(np.float64), got.astype(np.float64)
        largest = float(np.abs(e[np.isfinite(e)]).max(initial=0.0))
        with np.errstate(invalid="ignore"):
            near = np.abs(e - g) <= self.absolute + self.relative * max(largest, 1e-12)
        return np.asarray(near | (e == g) | (np.isnan(e) & np.isnan(g)))

    def arrays(self, expected: NDArray[Any], got: NDArray[Any]) -> bool:
        return expected.shape == got.shape and bool(self.cells(expected, got).all())

    def same(self, expected: Parts | Raised, got: Parts | Raised) -> bool:
        if isinstance(expected, Raised) or isinstance(got, Raised):
            both = isinstance(expected, Raised) and isinstance(got, Raised)
            return both and isinstance(got.error, type(expected.error))  # type: ignore[union-attr]
        return len(expected) == len(got) and all(map(self.arrays, expected, got))


@dataclass(frozen=True)
class Exercise:
    """One exercise's check: call it with your function."""

    name: str
    judge: Callable[["Student"], None]
    hints: tuple[str, ...] = ()
    start: Callable[..., Any] | None = None  # the broken function to repair, where there is one

    def __call__(self, answer: Callable[..., Any]) -> None:
        """Judge `answer`: print one line, or raise `CheckFailed`."""
        student = Student(self.name, answer)
        try:
            if self.start is not None and _same_code(answer, _alone(self.start)):
                raise _NotAttemptedError
            with _time_limit(SECONDS):
                self.judge(student)
        except _NotAttemptedError:
            if os.environ.get("CNNLIB_MARK") == "1":
                raise CheckFailed(f"{self.name}: not attempted.") from None
            todo = "Repair it" if self.start else "Write your answer"
            print(f"{self.name}: not attempted yet. {todo} in the cell above and run both again.")
            return
        except CheckFailed as failed:
            state.record(self.name, solved=False)
            raise failed.with_traceback(None) from None
        except _TimeUp:
            state.record(self.name, solved=False)
            raise CheckFailed(
                f"{self.name}: stopped after {SECONDS:g} seconds.\n"
                "Hint      A right answer takes less than two. Is there a loop that never ends, or one too many?"
            ) from None
        state.record(self.name, solved=True)
        print(f"{self.name}: right ({student.cases} case{'s agree' if student.cases > 1 else ' agrees'}).")

    def __repr__(self) -> str:
        return f"check.{self.name}"


def exercise(
    *hints: str, start: Callable[..., Any] | None = None
) -> Callable[[Callable[["Student"], None]], Exercise]:
    """Make a judging function the check of its name; `hints` go from vague to near the answer.

    Where a broken function is to be repaired it is `start`: as it stands it counts as not attempted.
    """
    return lambda judge: Exercise(judge.__name__, judge, hints, start)


def _alone(function: Callable[..., Any]) -> CodeType:
    """The code of `function` compiled without its module, as in a cell: an import beside it changes the code."""
    module = compile(inspect.getsource(function), function.__code__.co_filename, "exec")
    own = (code for code in module.co_consts if isinstance(code, CodeType))
    return next(code for code in own if code.co_name == function.__name__)


def _same_code(one: object, other: object) -> bool:
    """Whether two functions do the same things in the same words, wherever they stand; or two constants agree."""
    a, b = (getattr(value, "__code__", value) for value in (one, other))
    if not (isinstance(a, CodeType) and isinstance(b, CodeType)):
        return type(a) is type(b) and a == b
    same_names = a.co_names == b.co_names and a.co_varnames == b.co_varnames
    same_steps = a.co_code == b.co_code and len(a.co_consts) == len(b.co_consts)
    return same_names and same_steps and all(map(_same_code, a.co_consts, b.co_consts))


@dataclass
class Student:
    """One answer under judgement: calls it, keeps its arguments safe, compares what it gives."""

    name: str
    answer: Callable[..., Any]
    cases: int = field(default=0, init=False)

    def compare(
        self,
        right: Callable[..., object],
        cases: Iterable[tuple[Any, ...]],
        mistakes: Sequence[Mistake] = (),
        *,
        tolerance: float = TOLERANCE,
        atol: float = 0.0,
        kind: str | None = None,
    ) -> None:
        """Compare with `right` on every case; on a difference fail with the hint of the mistake it equals.

        `right` and the mistakes take the case's arguments by position; where `right` raises, the answer must
        raise the same type. `tolerance` is relative to the largest expected value, `atol` is added to it.
        `kind` is what the values must be: "float", "integer" or the name of a dtype such as "uint8".
        """
        judge = _Judge(tolerance, atol)
        trials = [self._trial(right, case) for case in cases]
        assert trials, "a check needs a case"
        wrong = next((t for t in trials if not judge.same(t.expected, t.got)), None)
        if wrong is not None:
            hint = _matching_mistake(trials, wrong, mistakes, judge) or _symptom(wrong.expected, wrong.got)
            names = list(inspect.signature(right).parameters)[: len(wrong.arguments)]
            given = [table(v, label=name) for name, v in zip(names, wrong.arguments, strict=True)]
            tried = "\n".join([f"{self.name}({', '.join(names)}) with", *given])
            raise CheckFailed(
                _lines(self.name, Tried=tried, **_difference(wrong.expected, wrong.got, judge), Hint=hint)
            )
        for trial in trials:
            if kind and not isinstance(trial.got, Raised):
                self._require_kind(trial.got, kind)

    def call(self, *arguments: Any) -> Any:
        """Call the answer, with copies of the arrays among `arguments`; fail if it raises or changes one."""
        value = self._invoke(arguments)
        if isinstance(value, Raised):
            self.fail(
                f"{self.name}({', '.join(map(_brief, arguments))})",
                "a result",
                str(value),
                _symptom([], value),
            )
        return value

    def require(self, condition: object, tried: str, expected: object, got: object, hint: str) -> None:
        """Fail with this message unless `condition` holds."""
        if not condition:
            self.fail(tried, expected, got, hint)

    def fail(self, tried: str, expected: object, got: object, hint: str) -> None:
        """Raise `CheckFailed`: what was tried, expected and got, and a hint."""
        raise CheckFailed(_lines(self.name, Tried=tried, Expected=show(expected), Got=show(got), Hint=hint))

    def agree(
        self,
        tried: str,
        expected: object,
        got: object,
        mistakes: Sequence[tuple[str, Callable[[], object]]] = (),
    ) -> None:
        """Fail unless the numbers in `expected` and `got` agree; a mistake's function gives what it leads to."""
        judge, wanted = _Judge(), _parts(expected)
        parts = (
            [self.numbers(part, tried) for part in got]
            if isinstance(got, list)
            else [self.numbers(got, tried)]
        )
        if not judge.same(wanted, parts):
            hint = next((hint for hint, lead in mistakes if judge.same(_run(lead, ()), parts)), None)
            lines = _difference(wanted, parts, judge)
            raise CheckFailed(_lines(self.name, Tried=tried, **lines, Hint=hint or _symptom(wanted, parts)))

    def numbers(self, value: object, tried: str) -> NDArray[Any]:
        """`value` as an array of numbers; fail if it is none."""
        try:
            return as_array(value)
        except TypeError as error:
            raise CheckFailed(
                _lines(self.name, Tried=tried, Expected="numbers", Got=_brief(value), Hint=str(error))
            ) from None

    def _trial(self, right: Callable[..., object], case: tuple[Any, ...]) -> _Trial:
        expected, value = _run(right, case), self._invoke(case)
        if isinstance(value, Raised):
            return _Trial(case, expected, value)
        try:
            return _Trial(case, expected, _parts(value, like=expected))
        except TypeError as error:
            return _Trial(case, expected, Raised(error))

    def _invoke(self, arguments: tuple[Any, ...]) -> Any:
        first, self.cases = self.cases == 0, self.cases + 1
        given = [a.copy() if isinstance(a, np.ndarray) or type(a) is list else a for a in arguments]
        try:
            value = self.answer(*given)
        except (KeyboardInterrupt, _TimeUp):
            raise
        except BaseException as error:  # SystemExit too: a student's exit() must not end the notebook
            if first and isinstance(error, NotImplementedError) and not error.args:  # torch gives a reason
                raise _NotAttemptedError from None
            return Raised(error, _where(error, self.answer))
        for index, (before, after) in enumerate(zip(arguments, given, strict=True)):
            if isinstance(before, np.ndarray) and not _identical(before, after):
                self.fail(
                    f"{self.name}({', '.join(map(_brief, arguments))})",
                    "the arguments as they were",
                    f"argument {index + 1} was changed",
                    "Your function writes into its input. The caller still needs it: work on a copy.",
                )
        return value

    def _require_kind(self, got: Parts, kind: str) -> None:
        wanted = {"float": np.floating, "integer": np.integer}.get(kind, kind)
        for part in got:
            if not np.issubdtype(part.dtype, wanted):
                raise CheckFailed(
                    f"{self.name}: the values are right, their type is not.\nExpected  {kind}\n"
                    f"Got       {part.dtype}\nHint      Convert the result, or build it with the right dtype."
                )


def as_array(value: object) -> NDArray[Any]:
    """A NumPy array of `value`: an array, a tensor, a number, or nested lists of numbers.

    Raises TypeError, with a sentence for the student, for anything else.
    """
    if value is None:
        raise _UselessError("Your function returns nothing. Does it end with a return?", value)
    try:
        array = np.asarray(_untorched(value))
    except ValueError:
        raise _UselessError(
            "Your function returns lists of unequal length, which make no array.", value
        ) from None
    if array.dtype.kind not in "biuf":
        raise _UselessError(
            "Your function returns something that is no number and no array of numbers.", value
        )
    return array


def _untorched(value: Any) -> Any:
    """A tensor, on any device and of any precision, as a NumPy array; anything else as it is."""
    if not hasattr(value, "detach"):
        return value
    tensor = value.detach().cpu()
    return tensor.float().numpy() if tensor.is_floating_point() and tensor.itemsize < 4 else tensor.numpy()


def _parts(value: Any, like: Parts | Raised | None = None) -> Parts:
    """One array, or one per item where `value` is a tuple of arrays; as many as in `like` where that fits."""
    parts: list[Any] = [value]
    wanted = len(like) if isinstance(like, list) else 0
    several = isinstance(value, tuple | list) and (
        any(hasattr(item, "shape") and item.shape for item in value) or 1 < len(value) == wanted
    )
    if several:
        parts = list(value)
    arrays = [as_array(part) for part in parts]
    wanted = wanted or len(arrays)
    if several and wanted == 1 and like is not None and len({a.shape for a in arrays}) == 1:
        return [np.stack(arrays)]  # a list of rows, or of one image
    if len(arrays) == 1 < wanted and arrays[0].shape[:1] == (wanted,):
        return list(arrays[0])
    return arrays


def _run(function: Callable[..., object], arguments: tuple[Any, ...]) -> Parts | Raised:
    try:
        return _parts(function(*copy.deepcopy(arguments)))
    except Exception as error:
        return Raised(error)


def _matching_mistake(
    trials: list[_Trial], wrong: _Trial, mistakes: Sequence[Mistake], judge: _Judge
) -> str | None:
    """The hint of the mistake that gives what the student got: on the case shown and on most that went wrong.

    A mistake that means any error of a type raises it without a message. One that stumbles over the case shown, such
    as over arrays that do not fit, has to say there what the student's code says, up to the numbers.
    """

    def leads(trial: _Trial, mistake: Callable[..., object]) -> bool:
        lead, got = _run(mistake, trial.arguments), trial.got
        if trial is wrong and isinstance(lead, Raised) and isinstance(got, Raised) and lead.error.args:
            wordings = {re.sub(r"[\d\W]+", " ", str(outcome.error)) for outcome in (lead, got)}
            return len(wordings) == 1 and judge.same(lead, got)
        return judge.same(lead, got)

    failed = [trial for trial in trials if not judge.same(trial.expected, trial.got)]
    best = 0, ""
    for hint, mistake in mistakes:
        agrees = [trial for trial in trials if leads(trial, mistake)]
        explained = sum(trial in agrees for trial in failed)
        if wrong in agrees and explained > len(failed) / 2 and len(agrees) > best[0]:
            best = len(agrees), hint
    return best[1] or None


def _symptom(expected: Parts | Raised, got: Parts | Raised) -> str:
    """A hint from the numbers alone, where no known mistake fits."""
    if isinstance(got, Raised):
        if hint := getattr(got.error, "hint", ""):  # the check planted it
            return str(hint)
        if isinstance(got.error, SystemExit):
            return "Your code calls exit(). End a function with return."
        if isinstance(got.error, RecursionError):
            return "Your function calls itself for ever. Is there a case in which it stops?"
        if isinstance(expected, Raised):
            return f"This call cannot be answered: raise {type(expected.error).__name__}, no other error."
        return "Your code stopped with an error on this case. Follow it by hand up to the line named above."
    if isinstance(expected, Raised):
        return f"This call cannot be answered: raise {type(expected.error).__name__}. {expected.error}"
    if len(expected) != len(got):
        return f"Expected {len(expected)} results, got {len(got)}."
    e, g = next(
        (pair for pair in zip(expected, got, strict=True) if not _Judge().arrays(*pair)),
        (expected[0], got[0]),
    )
    e, g, near = e.astype(np.float64), g.astype(np.float64), _Judge().arrays
    if e.shape != g.shape:
        if e.shape == g.shape[::-1] or (e.ndim > 1 and e.shape == (*g.shape[:-2], *g.shape[:-3:-1])):
            return "The shape is the right one turned: are height (first) and width (second) swapped?"
        if not e.shape:
            return f"One number is asked for. Yours are {g.size}, in an array of shape {g.shape}."
        return f"The shape is {g.shape}, expected {e.shape}: work the size out by hand for this case."
    if np.isfinite(e).all() and not np.isfinite(g).all():
        return "There is NaN or infinity in your result: look for a division by zero."
    for text, guess in (
        ("all zeros: is the result ever written into it?", np.zeros_like(e)),
        ("the right one without its fractions: is it stored in an array of integers?", np.trunc(e)),
        ("the right one with its sign turned.", -e),
        ("the right one turned upside down.", np.flip(e, -2) if e.ndim > 1 else e),
        ("the right one mirrored left to right.", np.flip(e, -1) if e.ndim else e),
        ("the right one transposed.", e.swapaxes(-1, -2) if e.ndim > 1 else e),
    ):
        if near(guess, g) and not near(guess, e):
            return f"Your result is {text}"
    if near(np.sort(e, axis=None), np.sort(g, axis=None)):
        return "Your result has the right values in the wrong places."
    if (
        e.size > 1
        and np.isfinite(e).all()
        and e.any()
        and g.any()
        and near(e * (np.sum(g * e) / np.sum(e * e)), g)
    ):
        return f"Every value is {np.sum(g * e) / np.sum(e * e):.4g} times the right one."
    if e.size > 1 and near(e + (g - e).mean(), g):
        return f"Every value differs from the right one by {(g - e).mean():.4g}."
    return "Redo the marked value by hand, step by step, and compare with what your code does."


def _difference(expected: Parts | Raised, got: Parts | Raised, judge: _Judge) -> dict[str, str]:
    """The lines "Expected", "Got" and where the first difference is."""
    if isinstance(expected, Raised) or isinstance(got, Raised) or len(expected) != len(got):
        return {"Expected": _outcome_text(expected), "Got": _outcome_text(got)}
    index = next(i for i, pair in enumerate(zip(expected, got, strict=True)) if not judge.arrays(*pair))
    e, g = expected[index], got[index]
    result = f"result {index + 1} of {len(expected)}\n" if len(expected) > 1 else ""
    if e.shape != g.shape:
        return {
            "Expected": f"{result}shape {e.shape}\n{table(e)}",
            "Got": f"{result}shape {g.shape}\n{table(g)}",
        }
    off = ~judge.cells(e, g)
    lines = {"Expected": result + table(e), "Got": result + table(g, marked=off)}
    if e.size > 1:
        first = tuple(int(i) for i in np.argwhere(off)[0])
        where = f"in {int(off.sum())} of {e.size} values, first at {list(first)}"
        lines["Differs"] = f"{where}: expected {show(e[first])}, got {show(g[first])}"
    return lines


def _outcome_text(outcome: Parts | Raised) -> str:
    if isinstance(outcome, Raised):
        return str(outcome)
    return table(outcome[0]) if len(outcome) == 1 else f"{len(outcome)} results"


def _lines(name: str, **fields: str) -> str:
    """The whole message: one labelled field below the other, further lines indented."""
    fields["Hint"] = textwrap.fill(fields["Hint"], WIDTH)
    rows = [f"{label:<10}" + text.rstrip().replace("\n", "\n" + " " * 10) for label, text in fields.items()]
    return "\n".join([f"{name}: not right yet.", *rows])


def _brief(value: object) -> str:
    shape = getattr(value, "shape", None)
    if shape:
        return f"{type(value).__name__} of shape {tuple(shape)}"
    try:
        text = repr(value)
    except Exception:  # an integer of thousands of digits, or a repr of the student's own
        text = ""
    return text if 0 < len(text) < 60 else f"a {type(value).__name__}"


def _identical(before: NDArray[Any], after: object) -> bool:
    return (
        isinstance(after, np.ndarray) and before.shape == after.shape and before.tobytes() == after.tobytes()
    )


def _where(error: BaseException, answer: object) -> str:
    """The line of the student's own cells that the error came from; "" if it came from none."""
    methods = [answer, *vars(answer if isinstance(answer, type) else type(answer)).values()]
    cells = {method.__code__.co_filename for method in methods if hasattr(method, "__code__")}
    frames = traceback.extract_tb(error.__traceback__)
    mine = [f for f in frames if f.filename in cells or "ipykernel" in Path(f.filename).parent.name]
    return f"in line {mine[-1].lineno} of your cell: {mine[-1].line or ''}".rstrip(": ") if mine else ""


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise `_TimeUp` in this thread after `seconds`: on every system, between two steps of Python code."""
    thread = ctypes.c_ulong(threading.get_ident())
    interrupt = ctypes.pythonapi.PyThreadState_SetAsyncExc
    timer = threading.Timer(seconds, interrupt, (thread, ctypes.py_object(_TimeUp)))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        interrupt(thread, None)  # one that came in the last moment must not strike later
