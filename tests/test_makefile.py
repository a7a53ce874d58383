"""The Makefile, `.ci/run` and the workflow, run with stand-ins for Python, make, apt-get and the browser."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests import repository_rules as rules
from tests.course import PROJECT

MAKEFILE = (PROJECT / "Makefile").read_text()
WORKFLOW = (PROJECT / ".github" / "workflows" / "ci.yml").read_text()
SITE = (PROJECT / ".github" / "workflows" / "site.yml").read_text()
TARGETS = {
    "lab",
    "test",
    "test-all",
    "check",
    "lint",
    "types",
    "notebooks",
    "images",
    "pins",
    "site",
    "serve",
    "clean",
}

# It logs how it is called, and answers the Makefile's question as a Python in or outside an environment does.
PYTHON = r"""#!/bin/sh
case "$1 $2" in
    "-c "*)
        case "$0" in
            */bin/python) printf '%s True %s\n' "$SAYS" "$(dirname "$(dirname "$0")" | sed 's/ /\\ /g')" ;;
            *) printf '%s False .venv\n' "$SAYS" ;;
        esac
        exit ;;
    "-m venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
esac
echo "$*" >> log
case "$2" in pytest | "$FAIL") exit "${CODE:-0}" ;; esac
"""
INSTALL = [
    "-m pip --version",
    "-m pip install --disable-pip-version-check --requirement requirements.txt",
    "-m pip install --disable-pip-version-check --quiet --no-deps --editable .",
]
TEST = "-m pytest -n 2 --dist loadfile"

needs_make = pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("make") is None, reason="needs make and a Unix shell"
)


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A fresh copy of the project, as far as make sees it, in a folder with a space."""
    place = tmp_path / "a course"
    place.mkdir()
    shutil.copy(PROJECT / "Makefile", place)
    shutil.copy(PROJECT / "requirements.txt", place)
    shutil.copy(PROJECT / "pyproject.toml", place)
    executable(tmp_path / "tools" / "python3", PYTHON)
    return place


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `command` in `folder`, with nothing of the reader's or of an outer make's environment."""
    path = f"{folder.parent / 'tools'}{os.pathsep}{os.environ['PATH']}"
    env = {"PATH": path, "HOME": str(folder), "SAYS": "3.12 True"} | environment
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)


def calls(folder: Path) -> list[str]:
    """How Python was called since the last question."""
    log = folder / "log"
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


# Makefile


@needs_make
def test_the_first_run_installs_and_the_second_starts_at_once(folder: Path) -> None:
    first = run(folder, "make", "test", "ARGS=-k shapes")
    assert first.returncode == 0, first.stderr
    assert "Installing the exact versions of requirements.txt" in first.stdout
    assert calls(folder) == ["-m venv --clear .venv", *INSTALL, f"{TEST} -k shapes"]
    second = run(folder, "make", "test")
    assert calls(folder) == [TEST]
    assert second.stdout.splitlines() == ["Running the tests on two processes (at most 15 minutes)"]


@needs_make
def test_changed_pins_and_another_python_install_again(folder: Path) -> None:
    run(folder, "make", "test")
    calls(folder)
    stamp = next((folder / ".venv").glob(".cnnlib-*"))
    os.utime(stamp, (0, 0))
    run(folder, "make", "test")
    assert calls(folder) == [*INSTALL, TEST]
    run(folder, "make", "test", f"PYTHON={folder.parent / 'tools' / 'python3'}", SAYS="3.13 True")
    assert calls(folder) == ["-m venv --clear .venv", *INSTALL, TEST]


@needs_make
@pytest.mark.parametrize("given", ["VIRTUAL_ENV", "PYTHON"])
def test_an_environment_that_is_active_or_named_is_used(folder: Path, given: str) -> None:
    mine = folder.parent / "my own" / "environment"
    python = executable(mine / "bin" / "python", PYTHON)
    value = str(mine if given == "VIRTUAL_ENV" else python)
    for expected in ([*INSTALL, TEST], [TEST]):
        done = run(folder, "make", "test", **{given: value})
        assert done.returncode == 0, done.stderr
        assert calls(folder) == expected
    assert not (folder / ".venv").exists()
    assert len(list(mine.glob(".cnnlib-*"))) == 1


@needs_make
def test_a_real_python_answers_the_question(folder: Path) -> None:
    mine = folder.parent / "my own" / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", mine], check=True)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    planned = run(folder, "make", "-n", "test", VIRTUAL_ENV=str(mine)).stdout
    assert f'touch "../my own/environment/.cnnlib-{version}"' in planned
    assert f"\n../my\\ own/environment/bin/python {TEST}" in planned
    outside = run(folder, "make", "-n", "test", f"PYTHON={sys._base_executable}").stdout  # type: ignore[attr-defined]
    assert f'"{sys._base_executable}" -m venv --clear .venv' in outside  # type: ignore[attr-defined]
    assert f'touch ".venv/.cnnlib-{version}"' in outside


@needs_make
def test_an_installation_that_broke_off_goes_on(folder: Path) -> None:
    assert run(folder, "make", "test", FAIL="pip", CODE="3").returncode != 0
    assert calls(folder) == ["-m venv --clear .venv", INSTALL[0], "-m ensurepip", INSTALL[1]]
    assert run(folder, "make", "test").returncode == 0
    assert calls(folder) == [*INSTALL, TEST]


@needs_make
def test_half_an_environment_is_not_kept(folder: Path) -> None:
    assert run(folder, "make", "test", FAIL="venv", CODE="1").returncode != 0
    assert not (folder / ".venv").exists()


@needs_make
def test_failing_tests_fail_make(folder: Path) -> None:
    assert run(folder, "make", "test", CODE="1").returncode != 0


@needs_make
@pytest.mark.parametrize("target", ["lab", "test"])
def test_no_python_or_one_too_old_is_said(folder: Path, target: str) -> None:
    none = run(folder, "make", target, "PYTHON=nosuchpython")
    assert none.returncode != 0
    assert (
        f"No Python runs as 'nosuchpython'. Install Python 3.11 or newer, or name one: make {target}"
        in none.stderr
    )
    old = run(folder, "make", target, SAYS="3.9 False")
    assert old.returncode != 0
    assert (
        f"Python 3.11 or newer is needed, 'python3' is 3.9. Name another: make {target} PYTHON=" in old.stderr
    )
    assert calls(folder) == []
    assert not (folder / ".venv").exists()


@needs_make
@pytest.mark.parametrize(("user", "allowed"), [("0", True), ("1000", False)])
def test_lab_opens_the_first_notebook_on_loopback(folder: Path, user: str, allowed: bool) -> None:
    executable(folder.parent / "tools" / "id", f"#!/bin/sh\necho {user}\n")
    done = run(folder, "make", "lab", "ARGS=--no-browser --port 8899")
    assert "Opening notebooks/00_start_here.ipynb" in done.stdout
    started = calls(folder)[-1].split()
    assert started[:3] == ["-m", "jupyterlab", "--ip=127.0.0.1"]
    assert started[-4:] == [
        "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb",
        "--no-browser",
        "--port",
        "8899",
    ]
    assert ("--allow-root" in started) is allowed


@needs_make
@pytest.mark.parametrize(("target", "call"), [("site", "site/make.py"), ("serve", "site/make.py --serve")])
def test_the_site_is_built_and_served(folder: Path, target: str, call: str) -> None:
    done = run(folder, "make", target, "ARGS=--port 0")
    assert done.returncode == 0, done.stderr
    assert calls(folder)[-1] == f"{call} --port 0"


@needs_make
def test_each_target_says_what_it_does() -> None:
    rows = dict(re.findall(r"^([\w-]+):[^=\n]*\n((?:\t.*\n)*)", MAKEFILE, re.M))
    assert set(rows) >= TARGETS
    phony = re.search(r"^\.PHONY: (.*)", MAKEFILE, re.M)
    assert phony is not None
    assert set(phony[1].split()) == set(rows)
    for name, recipe in rows.items():
        assert recipe.startswith('\t@echo "') or not recipe, name  # check only names what comes before it
        assert all(line.startswith(("\t@", "\t ")) for line in recipe.splitlines()), name


# .ci/run


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A copy of the project on a machine with apt-get and make, and no browser."""
    place = tmp_path / "a course"
    shutil.copytree(PROJECT / ".ci", place / ".ci")
    tools = tmp_path / "tools"
    for name in ("apt-get", "make"):
        executable(
            tools / name,
            f'#!/bin/sh\necho {name} "$*" >> log\nexit "${{{name.replace("-", "_").upper()}:-0}}"\n',
        )
    executable(tools / "sudo", '#!/bin/sh\necho sudo "$1" >> log\nshift\nexec "$@"\n')
    for name in ("bash", "sh", "env", "dirname", "id"):
        (tools / name).symlink_to(shutil.which(name) or name)
    return place


def ci(machine: Path, **environment: str) -> tuple[int, list[str]]:
    done = run(machine, ".ci/run", **({"PATH": str(machine.parent / "tools")} | environment))
    return done.returncode, calls(machine)


@needs_make
@pytest.mark.parametrize(("user", "first"), [("0", []), ("1000", ["sudo -n"])])
def test_ci_installs_a_browser_and_runs_the_tests(machine: Path, user: str, first: list[str]) -> None:
    (machine.parent / "tools" / "id").unlink()
    executable(machine.parent / "tools" / "id", f"#!/bin/sh\necho {user}\n")
    install = "apt-get install --yes --no-install-recommends chromium"
    assert ci(machine) == (0, [*first, "apt-get update", *first, install, "make test"])


@needs_make
@pytest.mark.parametrize("browser", ["chromium", "chromium-browser", "google-chrome"])
def test_ci_takes_the_browser_that_is_there(machine: Path, browser: str) -> None:
    executable(machine.parent / "tools" / browser, "#!/bin/sh\n")
    assert ci(machine) == (0, ["make test"])


@needs_make
def test_ci_fails_with_the_tests_and_goes_on_without_a_browser(machine: Path) -> None:
    code, called = ci(machine, APT_GET="100", MAKE="2")
    assert code == 2
    assert called[-1] == "make test"
    assert ci(machine, APT_GET="100")[0] == 0


# .github/workflows


def test_the_workflow_is_pinned_and_may_only_read() -> None:
    assert list(rules.unpinned(WORKFLOW)) == []
    assert list(rules.loose(yaml.safe_load(WORKFLOW))) == []
    assert WORKFLOW.count("uses:") >= 10
    assert list(rules.unpinned(SITE)) == []
    assert list(rules.loose(yaml.safe_load(SITE))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("      pages: write\n", "      pages: write\n      contents: write\n"),
        ("      - id: published\n", "      - run: make test\n      - id: published\n"),
        ("        uses: actions/deploy-pages@", "        uses: actions/setup-python@"),
        ("    name: Build the site\n", "    permissions:\n      pages: write\n      id-token: write\n"),
    ],
)
def test_a_site_workflow_that_may_do_more_is_seen(old: str, new: str) -> None:
    assert old in SITE
    assert list(rules.loose(yaml.safe_load(SITE.replace(old, new))))


def test_the_site_workflow_builds_publishes_and_tries_links_weekly() -> None:
    workflow = yaml.safe_load(SITE)
    jobs = workflow["jobs"]
    assert "python site/make.py" in [step.get("run") for step in jobs["build"]["steps"]]
    assert jobs["build"]["steps"][-1]["with"]["path"] == "build/site/html"
    assert jobs["publish"]["needs"] == "build"
    assert "site/links.txt" in jobs["links"]["steps"][-1]["run"] and workflow[True]["schedule"]


@pytest.mark.parametrize(
    "used",
    ["actions/checkout@v6", "actions/checkout@de0fac2 # v6", f"actions/checkout@{'a' * 40}", "checkout"],
)
def test_an_action_that_may_change_is_seen(used: str) -> None:
    assert list(rules.unpinned(f"    steps:\n      - uses: {used}\n"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  contents: read", "  contents: write"),
        ("permissions:\n  contents: read\n", ""),
        ("    timeout-minutes: 60\n", ""),
        ("    runs-on: macos-latest\n", "    runs-on: macos-latest\n    permissions: write-all\n"),
        ("          persist-credentials: false\n", "          fetch-depth: 1\n"),
    ],
)
def test_a_workflow_that_may_do_more_is_seen(old: str, new: str) -> None:
    assert old in WORKFLOW
    assert list(rules.loose(yaml.safe_load(WORKFLOW.replace(old, new))))


def test_the_workflow_covers_systems_and_versions() -> None:
    workflow = yaml.safe_load(WORKFLOW)
    jobs = workflow["jobs"]
    assert {job["runs-on"] for job in jobs.values()} == {"ubuntu-latest", "macos-latest", "windows-latest"}
    assert workflow["env"]["OMP_NUM_THREADS"] == 1
    assert workflow[True]["schedule"]  # YAML reads the key `on` as true
    oldest, newest = jobs["versions"]["strategy"]["matrix"]["include"]
    assert (oldest["resolution"], newest["resolution"]) == ("lowest-direct", "highest")
    commands = {name: [step.get("run", "") for step in job["steps"]] for name, job in jobs.items()}
    assert ".ci/run" in commands["linux"]
    assert "make test-all" in commands["linux"]
    assert any("--pre " in line for line in commands["next"])
    for name in ("macos", "windows", "versions", "next"):
        assert "--nbval-lax" in commands[name][-1], name


def test_the_workflow_compares_strictly_with_mnist_downloaded_once() -> None:
    steps = yaml.safe_load(WORKFLOW)["jobs"]["linux"]["steps"]
    (cache,) = (step["with"]["path"] for step in steps if "actions/cache@" in step.get("uses", ""))
    fetch = next(n for n, step in enumerate(steps) if "load_mnist()" in step.get("run", ""))
    tests = next(n for n, step in enumerate(steps) if step.get("run") == ".ci/run")
    assert fetch < tests
    assert f"CNNLIB_DATA={cache.replace('~', '$HOME')}/mnist" in steps[fetch]["run"]
    assert not any("--nbval-lax" in step.get("run", "") for step in steps)
