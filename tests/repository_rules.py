"""The rules the repository's files keep. Each yields what breaks it, one sentence a place."""

import ast
import gzip
import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.course import PROJECT

# The course: every notebook, planned ones too, with its minutes of reading + exercises.
COURSE = {
    "00_start_here": "5",
    "01_images_as_data": "15 + 15",
    "02_why_not_flatten": "15 + 15",
    "03_filters": "15 + 20",
    "04_convolution": "20 + 25",
    "05_stride_padding_and_size": "20 + 35",
    "06_the_convolutional_layer": "20 + 35",
    "07_learning_a_filter": "15 + 30",
    "08_pooling_and_translation": "20 + 30",
    "09_what_a_cnn_outputs": "15 + 25",
    "10_train_a_convnet": "25 + 35",
    "11_going_deeper": "25 + 20",
    "12_inside_a_trained_cnn": "20 + 25",
    "13_fully_connected_versus_convolutional": "25 + 30",
    "14_your_own_data": "30 + 35",
}

IGNORED = {".git", ".venv", "build", "dist", "screenshots"}


def files() -> list[str]:
    """The project's files: what git knows or would add; in a copy without git, all but caches."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        found = subprocess.run(listing, cwd=PROJECT, capture_output=True, check=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return sorted(walk(PROJECT))
    return sorted(name for name in set(found.split("\0")) if (PROJECT / name).is_file())


def walk(root: Path) -> Iterator[str]:
    """All files under `root` but those in ignored, hidden cache and bytecode folders."""
    for folder, folders, names in os.walk(root):
        folders[:] = [
            f for f in folders if f not in IGNORED and not f.endswith(("cache", "cache__", ".egg-info"))
        ]
        yield from ((Path(folder) / name).relative_to(root).as_posix() for name in names)


@cache
def text_of(name: str) -> str:
    """What a person wrote in the file `name`: of a notebook the cells, of pictures and archives nothing."""
    content = (PROJECT / name).read_bytes()
    if b"\0" in content or name.endswith(".svg"):
        return ""
    if not name.endswith(".ipynb"):
        return content.decode()
    notebook = nbformat.reads(content.decode(), as_version=4)
    return "\n\n".join(cell.source for cell in notebook.cells)


@cache
def part_of(name: str, kind: str) -> str:
    """The cells of one `kind`, "code" or "markdown", of the notebook `name`; any other file whole."""
    if not name.endswith(".ipynb"):
        return text_of(name)
    cells = nbformat.read(PROJECT / name, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == kind)


# Texts


def machine_paths(text: str) -> Iterator[str]:
    """A path that exists on one machine only."""
    anywhere = r"(?<![\w.~$}])/(?:home|Users|root|work|tmp|opt|mnt|private)/\w|[A-Z]:\\+(?:Users|Windows)"
    yield from (f"a machine's path: {found}" for found in re.findall(anywhere, text))


def here(text: str, *places: Path) -> Iterator[str]:
    """The path of this checkout or of this reader's home."""
    yield from (f"this machine's path: {p}" for p in places if len(p.parts) > 1 and f"{p}/" in text)


def registries(text: str) -> Iterator[str]:
    """Where packages are fetched from is the reader's choice."""
    hosts = r"--(?:extra-)?index-url|--find-links|pypi\.org/simple|pythonhosted\.org|download\.pytorch\.org"
    yield from (f"a package index: {found}" for found in re.findall(hosts, text))


def leftovers(text: str) -> Iterator[str]:
    """Work put off."""
    yield from (f"left to do: {found}" for found in re.findall(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b.*", text))


def emoji(text: str) -> Iterator[str]:
    """Pictographs; arrows and plain ticks are signs."""
    signs = (
        "[\U0001f000-\U0001faff\u2600-\u26ff\u2705\u2714\u2716\u2728\u274c\u274e"
        "\u2753-\u2757\u2764\u2795-\u2797\u2b50\ufe0f]"
    )
    yield from (f"an emoji: U+{ord(found):04X}" for found in re.findall(signs, text))


def workshop(text: str) -> Iterator[str]:
    """The documents the project was planned with, and where its test data lay."""
    planning = r"\b(?:seed|DESIGN|CURRICULUM|FACTS|ANCHORS|BRIEF)\.md\b|shared\W{1,6}data\W{1,6}mnist"
    yield from (f"from the workshop: {found}" for found in re.findall(planning, text))


def placeholders(text: str) -> Iterator[str]:
    """A badge or an address of the project, which has no public address yet."""
    badges = r"img\.shields\.io|badge\.svg|colab-badge|mybinder\.org|OWNER/REPO|codecov\.io"
    yield from (f"a badge or a made-up address: {found}" for found in re.findall(badges, text))


PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)|<img\b([^>]*)>")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"|!\[[^\]]*\]\(([^)\s]+)\)")


def pictures_without_words(markdown: str) -> Iterator[str]:
    """Every picture's alternative text says what it shows: at least eight words."""
    for alt, target, attributes in PICTURE.findall(markdown):
        words = alt or "".join(re.findall(r'alt="([^"]*)"', attributes))
        if len(words.split()) < 8:
            yield f"a picture without real alternative text: {target or attributes.strip()} ({words!r})"


def dead_links(markdown: str, folder: Path) -> Iterator[str]:
    """Every link to a file beside the text leads to a file."""
    for groups in LINK.findall(markdown):
        target = "".join(groups).partition("#")[0]
        if target and "://" not in target and not target.startswith("mailto:"):
            if not (folder / target).exists():
                yield f"a link to nothing: {target}"


def table(readme: str, existing: set[str]) -> Iterator[str]:
    """README's table has all notebooks in order with their minutes; those not written are marked, not linked."""
    row = re.compile(
        r"^\| (?:\[(\d\d_\w+)\]\(notebooks/(\d\d_\w+)\.ipynb\)|(\d\d_\w+) \(planned\)) \|.+\| ([\d +]+) \|$",
        re.M,
    )
    rows = row.findall(readme)
    if [linked or planned for linked, _, planned, _ in rows] != list(COURSE):
        yield f"the table's notebooks are {[linked or planned for linked, _, planned, _ in rows]}"
    for linked, target, planned, minutes in rows:
        name = linked or planned
        if linked != target:
            yield f"{name} links {target}"
        if bool(linked) != (name in existing):
            yield f"{name} is {'linked but not there' if linked else 'there but called planned'}"
        if minutes.strip() != COURSE.get(name):
            yield f"{name} takes {COURSE.get(name)} minutes, not {minutes.strip()}"


def minutes(first_cell: str) -> str:
    """The minutes a notebook's first cell states, in the form of README's table."""
    found = re.search(r"(\d+) minutes of reading, (\d+)", first_cell)
    return f"{found[1]} + {found[2]}" if found else "".join(re.findall(r"(\d+) minutes\.", first_cell))


def not_latest(changelog: str, version: str) -> Iterator[str]:
    """The change log's first entry is the version of pyproject.toml."""
    first = re.search(r"^## (\S+)", changelog, re.M)
    if first is None or first[1] != version:
        yield f"the first entry is {first and first[1]}, the version {version}"


# Code and data

RISKY = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
IDX = re.compile(rb"\0\0\x08[\x01\x03]")  # the first bytes of MNIST's labels and images
LARGEST = 600_000  # bytes: a notebook of at most 500 kB is the largest thing here


def unsafe(source: str) -> Iterator[str]:
    """Code that runs what a file or a string says."""
    lines = [line if not line.lstrip().startswith(("%", "!")) else "pass" for line in source.splitlines()]
    for node in ast.walk(ast.parse("\n".join(lines))):
        match node:
            case ast.Import(names=names) if risky := {a.name.split(".")[0] for a in names} & RISKY:
                yield f"line {node.lineno}: import {min(risky)}"
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in RISKY:
                yield f"line {node.lineno}: from {module} import"
            case ast.Call(func=ast.Name(id="eval" | "exec" as name)):
                yield f"line {node.lineno}: {name}()"
            case ast.keyword(arg="weights_only", value=value) if ast.unparse(value) != "True":
                yield f"line {value.lineno}: weights_only={ast.unparse(value)}"
            case ast.keyword(arg="allow_pickle", value=value) if ast.unparse(value) != "False":
                yield f"line {value.lineno}: allow_pickle={ast.unparse(value)}"
            case ast.Call(func=func, keywords=keywords) if ast.unparse(func) == "torch.load":
                if "weights_only" not in {keyword.arg for keyword in keywords}:
                    yield f"line {node.lineno}: torch.load without weights_only=True"


def data_files(name: str, content: bytes) -> Iterator[str]:
    """No file of MNIST, packed or not, and nothing large."""
    raw = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    if IDX.match(raw):
        yield f"{name} is in MNIST's format"
    if len(content) > LARGEST:
        yield f"{name} has {len(content)} bytes, at most {LARGEST}"


# Dependencies

LINUX = {
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
    "platform_machine": "x86_64",
}
MACOS = {
    "sys_platform": "darwin",
    "platform_system": "Darwin",
    "os_name": "posix",
    "platform_machine": "arm64",
}
WINDOWS = {
    "sys_platform": "win32",
    "platform_system": "Windows",
    "os_name": "nt",
    "platform_machine": "AMD64",
}
LINUX_ONLY = re.compile(r"(?:nvidia|cuda|triton|pytorch-triton|intel-openmp|mkl)\b")


def systems() -> Iterator[dict[str, str]]:
    """The marker environments the pins are for: three systems, three Pythons."""
    for system in (LINUX, MACOS, WINDOWS):
        for python in ("3.11", "3.12", "3.13"):
            yield system | {
                "python_version": python,
                "python_full_version": f"{python}.9",
                "implementation_name": "cpython",
                "platform_python_implementation": "CPython",
            }


def pins_for(pins: list[Requirement], system: dict[str, str]) -> dict[str, list[str]]:
    """The exact versions that `pins` install on `system`, by name."""
    found: dict[str, list[str]] = {}
    for pin in pins:
        if pin.marker is None or pin.marker.evaluate(system):
            found.setdefault(canonicalize_name(pin.name), []).extend(s.version for s in pin.specifier)
    return found


def disagreements(wanted: list[Requirement], pins: list[Requirement]) -> Iterator[str]:
    """Every dependency has exactly one pin on every system, and the pin satisfies its bound."""
    for system in systems():
        found = pins_for(pins, system)
        where = f"on {system['sys_platform']} {system['python_version']}"
        for requirement in wanted:
            versions = found.get(canonicalize_name(requirement.name), [])
            if len(versions) != 1:
                yield f"{requirement.name} {where} has the pins {versions}"
            elif versions[0] not in requirement.specifier:
                yield f"{requirement.name} {where}: {versions[0]} does not satisfy {requirement.specifier}"


def not_exact(lines: list[str]) -> Iterator[str]:
    """Lines of requirements.txt that are anything but `name==version ; marker`: options, addresses, ranges."""
    for line in lines:
        if not re.fullmatch(r"[\w.-]+==[\w.]+(?: ; [^:/@]+)?", line):
            yield f"not an exact version: {line}"


def linux_everywhere(pins: list[Requirement]) -> Iterator[str]:
    """Packages that exist for Linux only and would be installed elsewhere."""
    for pin in pins:
        elsewhere = [s for s in systems() if s["sys_platform"] != "linux"]
        if LINUX_ONLY.match(pin.name) and (pin.marker is None or any(map(pin.marker.evaluate, elsewhere))):
            yield f"{pin} carries no marker for Linux"


def environment_differs(environment: dict[str, Any], project: dict[str, Any]) -> Iterator[str]:
    """environment.yml: a Python the project allows, and the project itself; no other version or package."""
    named = [d for d in environment["dependencies"] if isinstance(d, str)]
    through_pip = [d["pip"] for d in environment["dependencies"] if isinstance(d, dict)]
    if sorted(re.match(r"[\w.-]+", d)[0] for d in named) != ["pip", "python"]:
        yield f"conda packages besides Python and pip: {named}"
    for name in named:
        version = name.removeprefix("python=")
        if name != "pip" and (
            version == name or version not in Requirement(f"python{project['requires-python']}").specifier
        ):
            yield f"{name} is no Python that requires-python = {project['requires-python']} allows"
    if through_pip != [["--constraint requirements.txt", "--editable .[course]"]]:
        yield f"pip installs {through_pip}"


# CI


def unpinned(workflow: str) -> Iterator[str]:
    """Actions not pinned by a full commit hash with the version beside it."""
    for used in re.findall(r"\buses:\s*(.+)", workflow):
        if not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)+@[0-9a-f]{40} # v[\d.]+", used.strip()):
            yield f"not pinned by commit: {used}"


def loose(workflow: dict[str, Any]) -> Iterator[str]:
    """Permissions beyond reading (but for a job that only publishes), checkouts that keep a token, jobs without end."""
    if workflow.get("permissions") != {"contents": "read"}:
        yield f"permissions are {workflow.get('permissions')}"
    for name, job in workflow["jobs"].items():
        publishes = [step.get("uses", "").partition("@")[0] for step in job["steps"]] == [
            "actions/deploy-pages"
        ]
        may = [{"contents": "read"}, *([{"pages": "write", "id-token": "write"}] if publishes else [])]
        if job.get("permissions", {"contents": "read"}) not in may:
            yield f"{name}: permissions are {job['permissions']}"
        if "timeout-minutes" not in job:
            yield f"{name}: no timeout-minutes"
        for step in job["steps"]:
            if (
                "actions/checkout" in step.get("uses", "")
                and step.get("with", {}).get("persist-credentials") is not False
            ):
                yield f"{name}: the checkout keeps its token"
