"""The check engine: what it accepts, what it rejects, and what it says."""

import contextlib
import inspect
import json
import linecache
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnnlib import check
from cnnlib.check import engine, state, text
from cnnlib.check.engine import CheckFailed, Exercise, Student, exercise

IMAGE = np.array([[1.0, 2.5, 3.0], [4.0, 5.0, 6.25]])


def double(image: Any) -> Any:
    return 2 * image


@exercise("think", "multiply")
def doubling(student: Student) -> None:
    student.compare(
        double,
        cases=[(IMAGE,), (np.arange(12.0).reshape(4, 3),)],
        mistakes=[("You added two.", lambda image: image + 2), ("Squared.", lambda image: image**2)],
    )


@exercise("think")
def splitting(student: Student) -> None:
    student.compare(lambda image: (image[0], image[:, 0]), cases=[(IMAGE,)])


@exercise("think")
def positive(student: Student) -> None:
    def right(size: int) -> int:
        if size < 1:
            raise ValueError("a size is at least 1")
        return size

    student.compare(right, cases=[(3,), (0,)], mistakes=[("Clamped.", lambda size: max(size, 1))])


def message(judged: Exercise, answer: Callable[..., Any]) -> str:
    with pytest.raises(CheckFailed) as failed:
        judged(answer)
    return str(failed.value)


@pytest.mark.parametrize(
    "answer",
    [
        double,
        lambda image: double(image).tolist(),
        lambda image: tuple(map(tuple, double(image))),
        lambda image: list(double(image)),
        lambda image: double(image).astype(np.float32),
        lambda image: np.asfortranarray(double(image)),
        lambda image: np.repeat(double(image), 2, axis=1)[:, ::2],
        lambda image: torch.tensor(double(image), requires_grad=True),
        lambda image: [torch.tensor(row) for row in double(image)],
        lambda image: np.ma.array(double(image)),
    ],
)
def test_right_in_any_form(answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]) -> None:
    doubling(answer)
    assert capsys.readouterr().out == "doubling: right (2 cases agree).\n"


def test_bfloat16_is_read_as_numbers() -> None:
    assert engine.as_array(torch.ones(2, dtype=torch.bfloat16)).tolist() == [1, 1]


@pytest.mark.parametrize(
    "answer",
    [
        lambda image: (image[0], image[:, 0]),
        lambda image: [list(image[0]), image[:, 0]],
        lambda image: (image[0].tolist(), image[:, 0].tolist()),
    ],
)
def test_several_results(answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]) -> None:
    splitting(answer)
    assert capsys.readouterr().out == "splitting: right (1 case agrees).\n"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda image: image + 2, "Hint      You added two."),
        (lambda image: image**2, "Hint      Squared."),
        (lambda image: 0 * image, "all zeros"),
        (lambda image: np.trunc(2 * image), "without its fractions"),
        (lambda image: -2 * image, "sign turned"),
        (lambda image: 2 * image[::-1], "upside down"),
        (lambda image: 2 * image[:, ::-1], "mirrored left to right"),
        (lambda image: 2 * image.T, "height (first) and width (second) swapped"),
        (lambda image: 2 * np.sort(image, axis=None)[::-1].reshape(image.shape), "wrong places"),
        (lambda image: 3 * image, "1.5 times the right one"),
        (lambda image: 2 * image - 1, "differs from the right one by -1"),
        (lambda image: 2 * image / np.zeros_like(image), "NaN or infinity"),
        (lambda image: np.where(image > 4, np.nan, 2 * image), "division by zero"),
        (lambda image: 2 * image[:1], "The shape is (1, 3), expected (2, 3)"),
        (
            lambda image: None,
            "Got       None\nHint      Your function returns nothing. Does it end with a return?",
        ),
        (lambda image: "no", "no array of numbers"),
        (lambda image: 2j * image, "no array of numbers"),
        (lambda image: [[1, 2], [3]], "unequal length"),
        (lambda image: image[9], "IndexError: index 9 is out of bounds"),
        (lambda image: sys.exit(), "calls exit()"),
        (lambda image: 7**9999, "no array of numbers"),
        (lambda image: np.array(double(image), dtype=object), "no array of numbers"),
    ],
)
@np.errstate(all="ignore")
def test_wrong_answers_are_told_why(answer: Callable[..., Any], said: str) -> None:
    whole = message(doubling, answer)
    assert said in whole or said in " ".join(whole.split())


def test_the_whole_message() -> None:
    assert message(doubling, lambda image: image + 2).splitlines() == [
        "doubling: not right yet.",
        "Tried     doubling(image) with",
        "          image =",
        "              1   2.5     3",
        "              4     5  6.25",
        "Expected      2     5     6",
        "              8    10  12.5",
        "Got          >3< >4.5<   >5<",
        "             >6<   >7<>8.25<",
        "Differs   in 6 of 6 values, first at [0, 0]: expected 2, got 3",
        "Hint      You added two.",
    ]


def test_large_arrays_are_described() -> None:
    @exercise("think")
    def large(student: Student) -> None:
        student.compare(double, cases=[(np.ones((20, 30)),)])

    said = message(large, lambda image: np.where(np.arange(600).reshape(20, 30) == 47, 9.0, 2.0))
    assert "image = an array of shape (20, 30), float64" in said
    assert "in 1 of 600 values, first at [1, 17]: expected 2, got 9" in said


def test_a_hint_must_fit_every_case_before_one_that_fits_the_shown_case_only() -> None:
    @exercise("think")
    def power(student: Student) -> None:
        student.compare(
            lambda x: x**3,
            cases=[(np.array([2.0]),), (np.array([3.0]),)],
            mistakes=[("Plus two.", lambda x: x + 2), ("Squared.", lambda x: x**2)],
        )

    assert "Squared." in message(power, lambda x: x**2), "2 + 2 = 2 ** 2, but 3 + 2 is not 3 ** 2"


def test_errors_that_are_expected() -> None:
    def refuses(size: int) -> int:
        if size <= 0:
            raise ValueError
        return size

    positive(refuses)
    assert "Clamped." in message(positive, lambda size: max(size, 1))
    assert "raise ValueError. a size is at least 1" in message(positive, lambda size: size)


def test_an_error_of_another_type_is_told_the_right_one() -> None:
    def asserts(size: int) -> int:
        assert size > 0, "too small"
        return size

    assert "raise ValueError, no other error." in " ".join(message(positive, asserts).split())


def test_a_factor_is_not_read_off_nan() -> None:
    @exercise("think")
    def one_gap(student: Student) -> None:
        student.compare(lambda x: x / x, [(np.array([2.0, 0.0]),)])

    with np.errstate(invalid="ignore"):
        assert "times the right one" not in message(one_gap, lambda x: np.array([np.nan, np.nan]))


def test_one_coincidence_is_no_diagnosis() -> None:
    @exercise("think")
    def power(student: Student) -> None:
        cases = [(np.array([x]),) for x in (2.0, 3.0, 4.0)]
        student.compare(lambda x: x**3, cases, mistakes=[("Plus two.", lambda x: x + 2)])

    assert "Plus two." not in message(power, lambda x: x**2)
    assert "Plus two." in message(power, lambda x: x + 2)


def test_an_error_is_no_sign_of_a_mistake_that_stumbles_elsewhere() -> None:
    @exercise("think")
    def product(student: Student) -> None:
        case = np.arange(6.0).reshape(2, 3), np.ones((3, 2))
        student.compare(lambda x, y: x @ y, [case], mistakes=[("The other way.", lambda x, y: x.T @ y)])

    assert "The other way." in message(product, lambda x, y: np.transpose(x) @ y)
    assert "stopped with an error" in message(product, lambda x, y: x.reshape(4))
    assert "stopped with an error" in message(product, lambda x, y: int("x"))


def test_a_mistake_may_mean_any_error_of_a_type() -> None:
    def refuses(image: Any) -> None:
        raise TypeError

    @exercise("think")
    def same(student: Student) -> None:
        student.compare(lambda x: x, [(IMAGE,)], mistakes=[("No arrays.", refuses)])

    def adds(image: Any) -> Any:
        return image + ""

    def looks_too_far(image: Any) -> Any:
        return image[9]

    assert "No arrays." in message(same, adds)
    assert "No arrays." not in message(same, looks_too_far)


def test_where_one_number_is_asked_for() -> None:
    @exercise("think")
    def total(student: Student) -> None:
        student.compare(lambda x: x.sum(), [(IMAGE,)])

    said = " ".join(message(total, lambda x: x.sum(0)).split())
    assert "One number is asked for. Yours are 3, in an array of shape (3,)." in said


def test_a_list_that_is_used_up_is_a_copy(capsys: pytest.CaptureFixture[str]) -> None:
    numbers = [3, 4]

    @exercise("think")
    def largest(student: Student) -> None:
        student.compare(max, [(numbers,)])

    largest(lambda values: max(values.pop(), values.pop()))
    assert capsys.readouterr().out == "largest: right (1 case agrees).\n" and numbers == [3, 4]


def test_a_list_of_one_array_is_a_stack(capsys: pytest.CaptureFixture[str]) -> None:
    @exercise("think")
    def batch(student: Student) -> None:
        student.compare(lambda images: images[:1] + 1, cases=[(np.ones((1, 2, 3)),), (np.ones((4, 2, 3)),)])

    batch(lambda images: [image + 1 for image in images[:1]])
    batch(lambda images: tuple(image + 1 for image in images[:1]))
    assert capsys.readouterr().out == 2 * "batch: right (2 cases agree).\n"


def test_an_error_names_the_line_of_the_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "def doubling(image):\n    return helper(image[0])\n\n\ndef helper(x):\n    return x.nothing\n"
    namespace: dict[str, Any] = {}
    exec(compile(source, "<cell 7>", "exec"), namespace)
    monkeypatch.setitem(linecache.cache, "<cell 7>", (len(source), None, source.splitlines(True), "<cell 7>"))
    said = message(doubling, namespace["doubling"])
    assert "in line 6 of your cell: return x.nothing" in said


def test_a_changed_argument_is_an_error() -> None:
    def in_place(image: Any) -> Any:
        image *= 2
        return image

    assert "writes into its input" in message(doubling, in_place)
    assert IMAGE[0, 0] == 1, "the check's own case is safe"


def test_type_of_the_values() -> None:
    @exercise("think")
    def bytes_(student: Student) -> None:
        student.compare(lambda x: x, cases=[(np.array([1, 2], np.uint8),)], kind="uint8")

    bytes_(lambda x: x)
    assert "Expected  uint8\nGot       float64" in message(bytes_, lambda x: x.astype(float))


def test_only_the_first_call_may_say_not_implemented(capsys: pytest.CaptureFixture[str]) -> None:
    def stub(image: Any) -> Any:
        raise NotImplementedError

    doubling(stub)
    assert capsys.readouterr().out.startswith("doubling: not attempted yet.")

    def unsupported(image: Any) -> Any:
        return torch.zeros(3, 3, dtype=torch.long).softmax(0)

    assert "NotImplementedError" in message(doubling, unsupported)
    calls = []

    def later(image: Any) -> Any:
        calls.append(1)
        if len(calls) > 1:
            raise NotImplementedError("only small images")
        return double(image)

    assert "NotImplementedError: only small images" in message(doubling, later)


@pytest.mark.parametrize("swallow", [(), (Exception,)], ids=["loop", "except Exception"])
def test_an_endless_loop_is_stopped(
    swallow: tuple[type[BaseException], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SECONDS", 0.2)

    def endless(image: Any) -> Any:
        while True:
            with contextlib.suppress(*swallow):
                sum(range(100))

    assert "a loop that never ends" in message(doubling, endless)


def test_endless_recursion_is_stopped() -> None:
    def again(image: Any) -> Any:
        return again(image)

    assert "calls itself for ever" in message(doubling, again)


def test_a_keyboard_interrupt_passes_through() -> None:
    def interrupted(image: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        doubling(interrupted)


def test_it_is_shown_without_a_traceback() -> None:
    failed = CheckFailed("doubling: not right yet.")
    assert failed._render_traceback_() == ["doubling: not right yet."]


def test_behaviour_is_judged_with_call_and_require() -> None:
    @exercise("think")
    def constant(student: Student) -> None:
        value = student.numbers(student.call(3), "constant(3)")
        student.require(value == 7, "constant(3)", 7, float(value), "It is always 7.")

    constant(lambda x: 7)
    assert message(constant, lambda x: x).splitlines() == [
        "constant: not right yet.",
        "Tried     constant(3)",
        "Expected  7",
        "Got       3",
        "Hint      It is always 7.",
    ]
    assert "ZeroDivisionError" in message(constant, lambda x: x / 0)
    assert "returns nothing" in message(constant, lambda x: None)


@given(
    hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=4), elements=st.floats(-1e6, 1e6)), st.data()
)
def test_any_real_difference_is_seen_and_any_rounding_passes(expected: Any, data: st.DataObject) -> None:
    judge = engine._Judge()
    assert judge.arrays(expected, expected.astype(np.float32))
    index = tuple(data.draw(st.integers(0, side - 1)) for side in expected.shape)
    changed = expected.copy()
    changed[index] += max(1e-3, 1e-4 * float(np.abs(expected).max()))
    assert not judge.arrays(expected, changed)


def test_nan_agrees_with_nan_only() -> None:
    judge = engine._Judge()
    assert judge.arrays(np.array([np.nan, 1]), np.array([np.nan, 1]))
    assert not judge.arrays(np.array([np.nan, 1]), np.array([0, 1]))
    assert not judge.arrays(np.array([0.0, 1]), np.array([np.nan, 1]))
    assert not judge.arrays(np.array([1.0]), np.array([np.inf]))


# hint, progress and what is kept


@pytest.fixture
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CNNLIB_STATE", str(tmp_path / "deep" / "progress.json"))
    return tmp_path / "deep" / "progress.json"


def test_hints_come_one_by_one(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "_hints_given", {})
    for _ in range(3):
        check.hint("add_one")
    first, second, third = capsys.readouterr().out.splitlines()
    assert (
        first.startswith("Hint 1 of 2 for add_one: ") and second.startswith("Hint 2 of 2") and third == second
    )
    with pytest.raises(AttributeError, match="no exercise is called 'add_two'"):
        check.hint("add_two")


def test_progress_shows_what_was_tried_and_solved(
    own_state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check.progress()
    assert "00_start_here" in capsys.readouterr().out and not own_state.exists()
    with pytest.raises(CheckFailed):
        check.add_one(lambda image: image)
    check.progress()
    assert "0 of 1   add_one tried" in capsys.readouterr().out
    check.add_one(lambda image: image + 1)
    with pytest.raises(CheckFailed):
        check.add_one(lambda image: image)
    capsys.readouterr()
    check.progress()
    assert "1 of 1   add_one solved" in capsys.readouterr().out, "once solved it stays solved"


def test_the_bug_hunt_is_counted_as_one_in_progress(
    own_state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check.bug_hunt(3, lambda maps: maps.flatten(1))
    with pytest.raises(CheckFailed):
        check.bug_hunt(6, lambda prediction, target: ((prediction - target) ** 2).mean())
    assert state.read() == {"bug_03": True, "bug_06": False}
    check.progress()
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("10_train_a_convnet")]
    assert "1 of 14" in line and line.endswith("  accuracy -  bug hunt 1 of 10")


@pytest.mark.parametrize("number", [0, 11, "1", None])
def test_a_bug_that_is_not_there_is_refused_by_name(number: Any) -> None:
    with pytest.raises(ValueError, match=f"number expects 1 to 10, got {number!r}"):
        check.bug_hunt(number, len)


def broken_double(x: Any) -> Any:
    """Twice x."""
    return np.add(x, sum([2 for _ in range(1)]))


REPAIR = engine.exercise("Is it a sum?", start=broken_double)(
    lambda student: student.compare(lambda x: 2 * x, [(3,)])
)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("", ""), "not attempted yet. Repair it"),
        (("broken_double", "mine"), "not attempted yet. Repair it"),
        (("return", "# not yet\n    return"), "not attempted yet. Repair it"),
        (("[2", "[1"), "not right yet"),
        (("add", "subtract"), "not right yet"),
        (("(x, sum", "(x, x and sum"), "not right yet"),
        (("Twice", "Two times"), "not right yet"),
        (("add", "multiply"), "right"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)
def test_only_the_untouched_function_counts_as_not_attempted(
    change: tuple[str, str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = inspect.getsource(broken_double).replace(*change)
    namespace: dict[str, Any] = {"np": np, "Any": Any}
    exec(source, namespace)
    answer = list(namespace.values())[-1]
    if said == "not right yet":
        assert said in message(REPAIR, answer)
        return
    REPAIR(answer)
    assert said in capsys.readouterr().out
    if "attempted" in said:
        monkeypatch.setenv("CNNLIB_MARK", "1")
        with pytest.raises(CheckFailed, match="not attempted"):
            REPAIR(answer)


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", "\x00", '{"add_one": "yes"}'])
def test_a_damaged_progress_file_starts_anew(own_state: Path, content: str) -> None:
    own_state.parent.mkdir()
    own_state.write_text(content)
    assert not any(state.read().values())
    state.record("add_one", solved=True)
    assert json.loads(own_state.read_text())["add_one"] is True


def test_progress_that_cannot_be_written_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CNNLIB_STATE", str(tmp_path / "file" / "progress.json"))
    check.add_one(lambda image: image + 1)
    assert capsys.readouterr().out.startswith("add_one: right")
    assert state.read() == {}


def test_a_module_is_loaded_only_when_its_check_is_asked_for() -> None:
    assert "corr2d" in dir(check)
    with pytest.raises(AttributeError, match="progress"):
        check.nothing  # noqa: B018


def test_tables() -> None:
    assert text.table(np.arange(4).reshape(2, 1, 2)) == "[0]\n 0  1\n[1]\n 2  3"
    assert text.show(0.1234567) == "0.1235" and text.show(2.0) == "2" and text.show("word") == "word"
    assert text.table((1, 2), label="stride") == "stride = (1, 2)"
    assert text.table(torch.ones(2), label="x") == "x =\n 1  1"
