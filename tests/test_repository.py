"""The repository's files keep their rules and agree with each other, and each rule is seen to catch what it must."""

import gzip
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from tests import repository_rules as rules
from tests.course import NOTEBOOKS, PROJECT, read

Rule = Callable[..., Iterator[str]]
FILES = rules.files()
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())
META = PYPROJECT["project"]
EXTRAS = META["optional-dependencies"]
WANTED = [Requirement(line) for lines in (META["dependencies"], *EXTRAS.values()) for line in lines]
LINES = (PROJECT / "requirements.txt").read_text().splitlines()
PINS = [Requirement(line) for line in LINES]
README = (PROJECT / "README.md").read_text()
ENVIRONMENT = yaml.safe_load((PROJECT / "environment.yml").read_text())


def broken(rule: Rule, names: list[str]) -> list[str]:
    return [f"{name}: {said}" for name in names for said in rule(rules.text_of(name))]


# Dependencies: pyproject.toml, requirements.txt and environment.yml agree


def test_every_dependency_has_one_pin_that_satisfies_its_bound() -> None:
    assert len(WANTED) > 20
    assert list(rules.disagreements(WANTED, PINS)) == []


@pytest.mark.parametrize(
    ("pin", "said"),
    [
        ("numpy==1.26.4", "1.26.4 does not satisfy >=2"),
        ("numpy==2.4.6 ; sys_platform == 'linux'", "on win32 3.12 has the pins []"),
        ("numpy==2.4.6\nnumpy==2.5.5 ; python_version >= '3.12'", "has the pins ['2.4.6', '2.5.5']"),
        ("numpy>=2", "has the pins ['2']"),
    ],
)
def test_a_pin_that_disagrees_is_seen(pin: str, said: str) -> None:
    found = list(
        rules.disagreements([Requirement("numpy>=2")], [Requirement(line) for line in pin.splitlines()])
    )
    assert any(said in line for line in found) or pin == "numpy>=2"
    assert found or list(rules.not_exact([pin]))


def test_pins_are_exact_and_name_no_index() -> None:
    assert list(rules.not_exact(LINES)) == []


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://example.org/simple",
        "-e .",
        "numpy>=2",
        "torch @ https://example.org/torch.whl",
        "numpy==2.4.6 --hash=sha256:00",
        "# by hand",
    ],
)
def test_a_line_that_is_no_exact_version_is_seen(line: str) -> None:
    assert list(rules.not_exact([line]))


def test_what_exists_for_linux_only_is_marked() -> None:
    assert list(rules.linux_everywhere(PINS)) == []
    assert sum(bool(rules.LINUX_ONLY.match(pin.name)) for pin in PINS) > 5


@pytest.mark.parametrize(
    "pin",
    [
        "nvidia-cublas==13.4.1.3",
        "triton==3.9.0 ; python_version < '3.16'",
        "cuda-toolkit==13.2.2 ; os_name == 'posix'",
    ],
)
def test_a_linux_package_for_everybody_is_seen(pin: str) -> None:
    assert list(rules.linux_everywhere([Requirement(pin)]))


def test_nbval_is_the_version_its_rules_were_read_in() -> None:
    assert "nbval==0.11.0" in EXTRAS["test"]
    assert "nbval==0.11.0" in LINES


def test_torch_is_one_that_torchvision_was_built_for() -> None:
    wanted = next(r for r in map(Requirement, requires("torchvision") or []) if r.name == "torch")
    assert version("torch").split("+")[0] in wanted.specifier
    assert "1.0" not in wanted.specifier  # torchvision does name a bound
    pinned = rules.pins_for(PINS, next(rules.systems()))
    if version("torchvision").split("+")[0] != pinned["torchvision"][0]:
        pytest.skip("another torchvision than the pinned one is installed")
    assert pinned["torch"][0] in wanted.specifier


def test_conda_installs_a_python_and_this_project_and_repeats_no_version() -> None:
    assert list(rules.environment_differs(ENVIRONMENT, META)) == []
    assert "course" in EXTRAS


@pytest.mark.parametrize(
    "dependencies",
    [
        [
            "python=3.12",
            "pip",
            "numpy=2.4",
            {"pip": ["--constraint requirements.txt", "--editable .[course]"]},
        ],
        ["python=3.10", "pip", {"pip": ["--constraint requirements.txt", "--editable .[course]"]}],
        ["python", "pip", {"pip": ["--constraint requirements.txt", "--editable .[course]"]}],
        [
            "python=3.12",
            "pip",
            {"pip": ["--constraint requirements.txt", "--editable .[course]", "torch==2.15.0"]},
        ],
        ["python=3.12", "pip", {"pip": ["--editable ."]}],
        ["python=3.12", "pip"],
    ],
)
def test_an_environment_that_differs_is_seen(dependencies: list[Any]) -> None:
    assert list(rules.environment_differs({"dependencies": dependencies}, META))


# The public address and the version stand in one place


def test_the_address_and_the_version_stand_in_one_place() -> None:
    others = [name for name in FILES if name not in ("pyproject.toml", "requirements.txt", "CHANGELOG.md")]
    others = [
        name for name in others if not name.startswith("cnnlib/runs/")
    ]  # a run's record says what ran it
    stated = [META["version"]] + [PYPROJECT["tool"]["course"]["repository"]] * bool(
        PYPROJECT["tool"]["course"]["repository"]
    )
    assert [(name, s) for name in others for s in stated if s in rules.text_of(name)] == []
    assert list(rules.not_latest((PROJECT / "CHANGELOG.md").read_text(), META["version"])) == []


def test_a_change_log_behind_the_version_is_seen() -> None:
    assert list(rules.not_latest("# Changes\n\n## 0.9.0\n\n## 0.8.0\n", "0.8.0"))
    assert list(rules.not_latest("# Changes\n", "0.8.0"))


def test_no_badge_stands_anywhere_while_there_is_no_address() -> None:
    if PYPROJECT["tool"]["course"]["repository"]:
        pytest.skip("the project has an address")
    others = [
        n
        for n in FILES
        if n not in ("pyproject.toml", "tests/repository_rules.py", "tests/test_repository.py")
        and n != "site/make.py"  # writes such links only if there is an address: tests/site/test_make.py
    ]
    assert broken(rules.placeholders, others) == []


# Texts

EVERYWHERE = [n for n in FILES if not n.startswith("LICENSE")]
OUTSIDE_TESTS = [n for n in EVERYWHERE if not n.startswith("tests/")]
NOT_THE_RULES = [n for n in EVERYWHERE if n not in ("tests/repository_rules.py", "tests/test_repository.py")]
MARKDOWN = [n for n in FILES if n.endswith((".md", ".ipynb"))]


KEPT_BY = {
    rules.machine_paths: OUTSIDE_TESTS,
    rules.registries: NOT_THE_RULES,
    rules.leftovers: NOT_THE_RULES,
    rules.emoji: EVERYWHERE,
    rules.workshop: [name for name in NOT_THE_RULES if name != "conftest.py"],
    rules.pictures_without_words: MARKDOWN,
}


@pytest.mark.parametrize("rule", KEPT_BY, ids=lambda rule: rule.__name__)
def test_the_texts_keep(rule: Rule) -> None:
    assert "README.md" in KEPT_BY[rule]
    assert broken(rule, KEPT_BY[rule]) == []


def test_no_file_names_this_machine() -> None:
    assert [f"{n}: {s}" for n in FILES for s in rules.here(rules.text_of(n), PROJECT, Path.home())] == []


@pytest.mark.parametrize(
    ("rule", "planted", "fine"),
    [
        (rules.machine_paths, "open('/home/reader/mnist')", "https://example.org/home/reader ~/mnist $HOME/work/x"),
        (rules.machine_paths, r"C:\Users\reader", r"f'{x}:\n'"),
        (rules.registries, "pip install --index-url https://example.org", "uv pip compile --no-emit-index-url"),
        (rules.registries, "https://files.pythonhosted.org/x.whl", "https://pypi.org/project/nbval"),
        (rules.leftovers, "x = 1  # TO" "DO: rounding", "the to-do list; TODOS"),
        (rules.emoji, "Well done \N{PARTY POPPER}", "a \N{RIGHTWARDS ARROW} b \N{CHECK MARK} \N{MULTIPLICATION SIGN}"),
        (rules.workshop, "as DESIGN" ".md says", "the design says"),
        (rules.workshop, '"shared" / "data" / "mnist"', "data shared by all: mnist"),
        (rules.placeholders, "[![CI](https://github.com/OWNER/REPO/ci/badge.svg)](x)", "https://github.com/pytorch/pytorch"),
        (rules.pictures_without_words, "![](a.png)", "[a link](a.png)"),
        (rules.pictures_without_words, "![convolution.png](images/convolution.png)", "![" + "word " * 8 + "](a.png)"),
        (rules.pictures_without_words, '<img src="a.png">', '<img alt="' + "word " * 8 + '">'),
    ],
)  # fmt: skip
def test_a_text_that_breaks_a_rule_is_seen(rule: Rule, planted: str, fine: str) -> None:
    assert list(rule(planted))
    assert list(rule(fine)) == []


def test_a_path_of_this_machine_is_seen() -> None:
    place = Path("/srv/reader")
    assert list(rules.here("in /srv/reader/course", place))
    assert list(rules.here("in /srv/readers and /srv", place)) == []
    assert list(rules.here("anything / at all", Path("/"))) == []


def test_every_local_link_leads_to_a_file() -> None:
    found = {n: list(rules.dead_links(rules.part_of(n, "markdown"), (PROJECT / n).parent)) for n in MARKDOWN}
    assert {n: said for n, said in found.items() if said} == {}


def test_a_dead_link_is_seen(tmp_path: Path) -> None:
    (tmp_path / "there.md").touch()
    for dead in (
        "[x](gone.md)",
        "![a picture](images/gone.png)",
        '<img src="gone.png" alt="x">',
        "[x](gone.md#part)",
    ):
        assert list(rules.dead_links(dead, tmp_path)), dead
    fine = (
        "[x](there.md) [x](there.md#part) [x](#part) [x](https://example.org/gone) [x](mailto:a@example.org)"
    )
    assert list(rules.dead_links(fine, tmp_path)) == []


# README


def test_the_readme_lists_every_notebook_as_it_is() -> None:
    assert {path.stem for path in NOTEBOOKS} <= set(rules.COURSE)
    assert list(rules.table(README, {path.stem for path in NOTEBOOKS})) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_states_the_minutes_of_the_table(path: Path) -> None:
    assert rules.minutes(read(path).cells[0].source) == rules.COURSE[path.stem]


def test_minutes_are_read_as_the_notebooks_state_them() -> None:
    assert rules.minutes("**Time:** 15 minutes of reading, 20 minutes of exercises.") == "15 + 20"
    assert rules.minutes("**Time:** 5 minutes.") == "5"
    assert rules.minutes("It takes a while.") == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[04_convolution](notebooks/04_convolution.ipynb)", "04_convolution (planned)"),
        ("[04_convolution](notebooks/04_convolution.ipynb)", "[04_convolution](notebooks/03_filters.ipynb)"),
        ("| 15 + 20 |", "| 15 + 25 |"),
        ("[11_going_deeper](notebooks/", "[11_deeper](notebooks/"),
        ("| [14_your_own_data](notebooks/", "[14_your_own_data](notebooks/"),
    ],
)
def test_a_table_that_is_wrong_is_seen(old: str, new: str) -> None:
    linked = {name for name in rules.COURSE if f"[{name}]" in README}
    assert list(rules.table(README, linked)) == []
    assert old in README
    assert list(rules.table(README.replace(old, new), linked))


def test_the_readme_says_what_matters_on_one_screen_with_one_picture() -> None:
    before, _, _ = README.partition("| Notebook |")
    assert len(before.splitlines()) <= 50
    assert len(rules.PICTURE.findall(README)) == 1
    for said in ("make lab", "make test", "conda env create --file environment.yml", "Colab", "check."):
        assert said in before


# Code and data


def test_no_code_runs_what_a_file_or_a_string_says() -> None:
    code = [n for n in OUTSIDE_TESTS if n.endswith(".py")] + [f"notebooks/{path.name}" for path in NOTEBOOKS]
    found = {n: list(rules.unsafe(rules.part_of(n, "code"))) for n in code}
    assert {n: said for n, said in found.items() if said} == {}


@pytest.mark.parametrize(
    "planted",
    [
        "import pickle",
        "import numpy as np, joblib",
        "from pickle import loads",
        "x = eval(text)",
        "exec(code)",
        "torch.load(path, weights_only=False)",
        "torch.load(path, weights_only=safe)",
        "torch.load(path)",
        "np.load(path, allow_pickle=True)",
        "%matplotlib inline\nx = eval(text)",
    ],
)
def test_unsafe_code_is_seen(planted: str) -> None:
    assert list(rules.unsafe(planted))


def test_safe_code_is_fine() -> None:
    fine = (
        "%pip install x\nmodel.eval()\ntorch.load(path, weights_only=True)\nnp.load(path, allow_pickle=False)"
    )
    assert list(rules.unsafe(fine)) == []


def test_no_data_set_and_nothing_large_lies_here() -> None:
    assert [said for n in FILES for said in rules.data_files(n, (PROJECT / n).read_bytes())] == []


@pytest.mark.parametrize("head", [b"\0\0\x08\x03\0\0\xea\x60", b"\0\0\x08\x01\0\0\x27\x10"])
def test_a_file_of_mnist_is_seen(head: bytes) -> None:
    assert list(rules.data_files("images", head))
    assert list(rules.data_files("images.gz", gzip.compress(head)))
    assert list(rules.data_files("picture.png", b"\x89PNG" + bytes(rules.LARGEST)))
    assert list(rules.data_files("picture.png", b"\x89PNG\0\0\x08\x03")) == []


# Licences


def test_both_licences_are_here_in_full() -> None:
    assert META["license-files"] == ["LICENSE", "LICENSE-CC-BY-4.0"]
    code, prose = ((PROJECT / name).read_text() for name in META["license-files"])
    assert "Copyright (c) 2026, The cnnlib course authors" in code
    assert "THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS" in code
    assert [f"Section {n} --" in prose for n in range(1, 9)] == [True] * 8


def test_the_walk_without_git_finds_the_same_files(tmp_path: Path) -> None:
    for name in (
        "cnnlib/data.py",
        ".ci/run",
        ".venv/x.py",
        "cnnlib/__pycache__/x.pyc",
        ".ruff_cache/x",
        "cnnlib.egg-info/x",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert sorted(rules.walk(tmp_path)) == [".ci/run", "cnnlib/data.py"]
    assert {"pyproject.toml", "tests/test_repository.py", ".ci/run", ".github/workflows/ci.yml"} <= set(FILES)
