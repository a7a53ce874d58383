"""The mutants are what they should be: all of them, each once, each different."""

import pytest

from tests.mutants import mutants

CASES = {
    "x + 1": {"x - 1", "x + 2", "x + 0"},
    "a[1:n]": {"a[2:n]", "a[0:n]", "a[:n]", "a[1:]"},
    "x -= y": {"x += y", "x = y"},
    "(h, w)": {"(w, h)"},
    "a <= b": {"a < b", "a > b"},
    "not a": {"a"},
    "x.sum(axis=0)": {"x.mean(axis=0)", "x.sum()", "x.sum(axis=1)", "x.sum(axis=-1)"},
    "f(a, b)": {"f(b, a)"},
    "a * b": {"a + b", "a / b"},
    "max(a)": {"min(a)"},
    "True": {"False"},
    "step()": {"pass"},
}


@pytest.mark.parametrize("source", CASES)
def test_every_small_mistake_is_made(source: str) -> None:
    made = {text for _, text in mutants(source)}
    assert made - {"pass"} == CASES[source] - {"pass"} and CASES[source] <= made


def test_the_description_shows_the_line_before_and_after() -> None:
    described = [description for description, _ in mutants("def f(x):\n    return x + y\n")]
    assert described == ["return x + y  =>  return x - y"]
    twice = [description for description, _ in mutants("a = b + c\na = b + c\n")]
    assert twice == ["a = b + c  =>  a = b - c (line 1)", "a = b + c  =>  a = b - c (line 2)"]
