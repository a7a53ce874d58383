"""How the pages are prepared, without building them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cnnlib import explorers
from tests.course import NOTEBOOKS, PROJECT
from tests.repository_rules import COURSE, placeholders
from tests.site.actions import ACTIONS
from tests.site.website import SITE, make


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """site/make.py with a folder of its own for what it writes."""
    module = make()
    monkeypatch.setattr(module, "STATIC", tmp_path)
    (tmp_path / "explorers").mkdir()
    return module


def test_links_to_where_it_runs_appear_with_an_address_only(
    module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = next(path for path in NOTEBOOKS if path.name.startswith("04"))
    for text in (module.course_bar(path), module.where_it_runs()):
        assert list(placeholders(text)) == [] and "colab" not in text
    assert 'href="04_convolution.ipynb" download' in module.course_bar(path)
    monkeypatch.setattr(module, "REPOSITORY", "somebody/course")
    bar = module.course_bar(path)
    assert (
        'href="https://colab.research.google.com/github/somebody/course/blob/main/notebooks/04_convolution.ipynb"'
        in bar
    )
    assert "/somebody/course/main?urlpath=lab/tree/notebooks/04_convolution.ipynb" in bar
    assert "in Colab" in module.where_it_runs() and "on Binder" in module.where_it_runs()


def test_a_notebook_becomes_a_page(module: Any, tmp_path: Path) -> None:
    path = next(path for path in NOTEBOOKS if path.name.startswith("04"))
    source, page = json.loads(path.read_text(encoding="utf-8")), module.notebook(path)
    assert len(page["cells"]) == len(source["cells"]) - 1
    assert not any("colab" in cell["metadata"].get("tags", ()) for cell in page["cells"])
    assert page["cells"][0]["source"].startswith('# 04 · Convolution\n\n<p class="course-bar">')
    outputs = [output for cell in page["cells"] for output in cell.get("outputs", ())]
    (place,) = [output["data"]["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    alt = next(
        c["metadata"]["alt"]
        for c in source["cells"]
        if "".join(c["source"]) == "explorers.ConvolutionExplorer()"
    )
    assert 'alt="A 6x7 image of a small 7' in place and len(alt) > 100
    stored = json.loads((tmp_path / "explorers" / "04_convolution-1.json").read_text())
    assert stored["name"] == "ConvolutionExplorer" and "kernel" in stored["traits"]
    assert (tmp_path / "explorers" / "04_convolution-1.png").read_bytes().startswith(b"\x89PNG")
    alts = [
        cell["metadata"]["mystnb"]["image"]["alt"] for cell in page["cells"] if "mystnb" in cell["metadata"]
    ]
    assert len(alts) == sum("alt" in cell["metadata"] for cell in source["cells"])


def test_alternative_text_cannot_break_out(module: Any) -> None:
    picture = SITE / "digit_pad.png"
    assert 'alt="a &lt;b&gt; &quot;c&quot;"' in module.place("x", picture, 'a <b> "c"', "")


def test_the_map_has_the_whole_course(module: Any) -> None:
    lines = re.findall(r"^- \*\*(.+)\*\* · (.+) minutes", module.course_map(), re.M)
    assert [minutes for _, minutes in lines] == list(COURSE.values())
    existing = {path.name[:2] for path in NOTEBOOKS}
    for text, _ in lines:
        number = re.search(r"\d\d", text)
        assert number and ("(planned)" in text) != (number[0] in existing)


def test_the_glossary_names_notebooks_of_the_course(module: Any) -> None:
    text = (SITE / "glossary.md").read_text(encoding="utf-8")
    named = re.findall(r"→ (\d\d)\b", text)
    assert len(named) > 30 and {int(number) for number in named} <= set(range(15))
    page = module.page(text)
    for number in set(named):
        exists = any(path.name.startswith(number) for path in NOTEBOOKS)
        assert (f"→ [{number}](notebooks/" in page) == exists
    terms = re.findall(r"^(\w[\w -]+)$", text.partition("```{glossary}")[2], re.M)
    assert sorted(terms, key=str.lower) == [*terms] or len(terms) - len(set(terms)) == 0


def test_npm_missing_is_said(module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUILD", tmp_path)
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match="npm is needed to build the site"):
        module.install_npm()


def test_packages_have_exact_versions_and_name_no_registry() -> None:
    package, lock = (json.loads((SITE / name).read_text()) for name in ("package.json", "package-lock.json"))
    wanted = package["dependencies"] | package["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    for name, version in wanted.items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    for entry in lock["packages"].values():
        entry.pop("funding", None)  # the makers' own pages
    assert not any("resolved" in entry for entry in lock["packages"].values())
    assert "http" not in json.dumps(lock)


def test_every_kind_of_explorer_has_an_action() -> None:
    assert set(ACTIONS) >= set(explorers.__all__)


def test_other_sites_are_listed_once_and_in_order() -> None:
    links = (SITE / "links.txt").read_text(encoding="utf-8").splitlines()
    assert links == sorted(set(links)) and all(link.startswith("https://") for link in links)
    assert (PROJECT / ".github" / "workflows" / "site.yml").read_text().count("site/links.txt") == 1


def test_places_are_reserved_for_the_widths_that_were_measured() -> None:
    sizes = json.loads((SITE / "sizes.json").read_text(encoding="utf-8"))
    used = re.findall(r"--at-(\d+)", (SITE / "_static" / "site.css").read_text(encoding="utf-8"))
    assert sizes and all(list(heights) == used for heights in sizes.values())
