"""The built website in a real browser: every page, every explorer, light and dark, without a network."""

import gzip
import os
import re
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pydata_sphinx_theme
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.course import NOTEBOOKS, PROJECT, SOLUTION, read
from tests.explorers.browser import SCREENSHOTS
from tests.site.actions import act, said
from tests.site.website import PAGES, SITE, Links, Visit, make, visiting

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
EXPLORED = "05_stride_padding_and_size"  # a page with explorers, formulas, pictures and solutions
SOME = f"notebooks/{EXPLORED}"
EVERY = bool(os.environ.get("CNNLIB_TEST_ALL"))


@pytest.fixture(scope="session")
def built() -> Any:
    """Build the site once; skips, saying why, where npm is missing or has no network."""
    module = make()
    try:
        module.install_npm()
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"npm cannot install what the site needs: {error}")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run([sys.executable, SITE / "make.py"], cwd=PROJECT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    module.took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return module


@pytest.fixture(scope="session")
def address(built: Any) -> Iterator[str]:
    with built.server(0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def visit(chromium: Browser, address: str) -> Iterator[Callable[..., Visit]]:
    """Open windows. Afterwards: nothing was asked for outside the site."""
    with ExitStack() as stack:
        visits: list[Visit] = []

        def start(**how: Any) -> Visit:
            visits.append(stack.enter_context(visiting(chromium, address, **how)))
            return visits[-1]

        yield start
        assert [visit.outside() for visit in visits if visit.outside()] == []


# Every page


@pytest.mark.parametrize("name", PAGES)
def test_page(visit: Any, name: str) -> None:
    """In light and dark no violation, no complaint; no picture without words and size; nothing too wide on a phone."""
    window = visit()
    page = window.open(name)
    assert page.locator("h1:visible").count() == 1
    places = window.wake()
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    assert (
        page.evaluate(
            "[...document.querySelectorAll('main img')].filter(i => !i.alt || !i.width || !i.height).length"
        )
        == 0
    )
    page.add_style_tag(content="* { transition: none !important; }")  # colours half way would be judged
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page, everything=EVERY or name == SOME) == [], scheme
        picture(page, f"{name}_{scheme}_1280")
    for place in places:
        act(place)
    for width in (360, 700):
        page.set_viewport_size({"width": width, "height": 800})
        assert window.overflow() <= 0, width
        picture(page, f"{name}_dark_{width}")
    assert window.complaints == [] and window.failed == []


def violations(page: Page, everything: bool = True) -> list[str]:
    """What axe-core finds; unless `everything`, not in code and formulas, thousands of parts all alike."""
    left_out = [] if everything else [["pre span"], ["mjx-container"]]
    how = {"runOnly": WCAG, "preload": False}  # preloading would ask for style sheets a second time
    found = Axe().run(page, context={"exclude": left_out}, options=how).response["violations"]
    return [f"{rule['id']}: {node['html'][:150]}" for rule in found for node in rule["nodes"]]


def picture(page: Page, name: str) -> None:
    """To be looked at, not compared; with CNNLIB_TEST_ALL, for it takes a second."""
    if EVERY:
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"site_{name.replace('/', '_')}.png", full_page=True)


def test_a_page_that_breaks_the_rules_is_seen(visit: Any) -> None:
    window = visit()
    page = window.open("glossary")
    page.evaluate(
        "document.querySelector('main p').innerHTML = '<img src=\"x.png\"><b style=\"color: #ddd\">pale</b>'"
    )
    assert {line.split(":")[0] for line in violations(page)} == {"image-alt", "color-contrast"}
    page.evaluate("document.querySelector('main p').innerHTML = '<div style=\"width: 3000px\">wide</div>'")
    assert window.overflow() > 0
    page.evaluate("fetch('http://example.test/').catch(() => 0)")
    page.wait_for_timeout(100)
    assert window.outside() and window.complaints
    window.asked.clear()


# Links


def test_every_internal_link_and_anchor_leads_somewhere(built: Any) -> None:
    pages = {path: Links(path.read_text(encoding="utf-8")) for path in built.OUT.rglob("*.html")}
    assert len(pages) == len(PAGES)
    count = 0
    for path, page in pages.items():
        for link in page.links + page.loads:
            if re.match(r"[a-z]+:", link):
                continue
            target, _, anchor = link.partition("#")
            file = (path.parent / target.partition("?")[0]).resolve() if target else path
            assert file.is_file(), f"{path.name}: {link}"
            assert not anchor or file.suffix != ".html" or anchor in pages[file].anchors, (
                f"{path.name}: {link}"
            )
            count += 1
    assert count > 500


def test_external_links_are_those_of_the_list(built: Any) -> None:
    """They are tried once a week in CI, from this list."""
    listed = (SITE / "links.txt").read_text(encoding="utf-8").split()
    pages = [Links(path.read_text(encoding="utf-8")) for path in built.OUT.rglob("*.html")]
    found = {link.partition("#")[0] for page in pages for link in page.links if link.startswith("http")}
    assert sorted(found) == listed
    assert [load for page in pages for load in page.loads if load.startswith(("http", "//"))] == []


# What a page offers


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_s_page_has_what_is_promised(built: Any, path: Any) -> None:
    text = (built.OUT / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
    place = NOTEBOOKS.index(path)
    assert "Time:" in text and f'href="{path.name}" download' in text
    assert (built.OUT / "notebooks" / path.name).read_bytes() == path.read_bytes()
    before = NOTEBOOKS[place - 1].stem if place else "../index"
    after = NOTEBOOKS[place + 1].stem if place + 1 < len(NOTEBOOKS) else "../glossary"
    for way, where in (("left", before), ("right", after)):
        assert re.search(rf'class="{way}-\w+"\s+href="{re.escape(where)}.html', text), way
    assert "google.colab" not in text
    stored = [output for cell in read(path).cells for output in cell.get("outputs", ())]
    kinds = [set(output.get("data", {})) for output in stored]
    assert text.count('class="explorer"') == sum(
        any("explorer+json" in kind for kind in data) for data in kinds
    )


def test_words_lead_to_the_glossary_once_a_page(visit: Any) -> None:
    page = visit().open("notebooks/04_convolution")
    words = page.locator("a.term").all_inner_texts()
    assert {"kernel", "feature map", "cross-correlation", "equivariant"} <= set(words)
    targets = page.locator("a.term").evaluate_all("links => links.map(link => link.hash)")
    assert len(targets) == len(set(targets))
    assert page.locator("h1 a.term, h2 a.term, pre a.term, code a.term, a a.term").count() == 0
    page.locator("a.term", has_text="feature map").click()
    assert page.url.endswith("glossary.html#term-feature-map")
    assert page.locator("#term-feature-map").is_visible()


def test_a_solution_is_folded_and_copies_well(visit: Any) -> None:
    window = visit(permissions=["clipboard-read", "clipboard-write"])
    page = window.open(SOME)
    fold = page.locator("details", has_text="Solution").first
    code = fold.locator("pre")
    assert not code.is_visible()
    fold.locator("summary").click()
    fold.hover()
    fold.get_by_role("button", name="Copy").click()
    fold.get_by_role("button", name="Copied").wait_for()
    cells = read(next(path for path in NOTEBOOKS if path.stem == EXPLORED)).cells
    first = next(found for cell in cells for found in SOLUTION.findall(cell.source))
    assert page.evaluate("navigator.clipboard.readText()") == first.rstrip("\n")


def test_a_picture_opens_large_and_closes(visit: Any) -> None:
    page = visit().open(SOME)
    link = page.locator("a.zoom").first
    link.focus()
    page.keyboard.press("Enter")
    large = page.locator("dialog.large img")
    assert large.is_visible() and large.get_attribute("alt") == link.locator("img").get_attribute("alt")
    box, small = large.bounding_box(), link.locator("img").bounding_box()
    assert box and small and box["width"] > 1.5 * small["width"]
    page.keyboard.press("Escape")
    assert not large.is_visible()
    assert page.evaluate("document.activeElement.className") == "zoom"


def test_search_finds_a_page(visit: Any) -> None:
    window = visit()
    page = window.open("index")
    page.locator(".search-button-field:visible, .search-button__button:visible").first.click()
    page.keyboard.type("equivariance")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=equivariance")
    page.locator("ul.search a", has_text="04 · Convolution").first.wait_for()
    assert window.complaints == []


def test_the_switch_turns_it_dark_and_is_remembered(visit: Any) -> None:
    window = visit(color_scheme="light")
    page = window.open(SOME)
    (place, *_) = window.wake()
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Color mode").click()
    page.get_by_role("button", name="Dark", exact=True).click()
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    assert page.evaluate(ground) != light
    assert "cnx-dark" in place.locator(".cnx").get_attribute("class")
    page = window.open("glossary")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_it_reads_in_order_and_the_first_key_skips_to_the_text(visit: Any) -> None:
    page = visit().open(SOME)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Skip to main content"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main-content")
    levels = page.locator("article :is(h1, h2, h3, h4)").evaluate_all(
        "all => all.map(h => Number(h.tagName[1]))"
    )
    assert levels[0] == 1 and 1 not in levels[1:]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_it_prints_without_what_is_only_for_the_screen(visit: Any) -> None:
    window = visit(width=794)  # A4 at 96 dots an inch
    page = window.open(SOME)
    window.wake()
    page.emulate_media(media="print")
    for part in (
        ".bd-sidebar-primary",
        ".bd-header-article",
        "button.copy",
        ".course-bar",
        ".prev-next-footer",
    ):
        assert page.locator(part).first.is_hidden(), part
    assert window.overflow() <= 0
    assert len(page.pdf(format="A4")) > 50_000


# The front page


def test_the_front_page_shows_pad_commands_and_map(visit: Any) -> None:
    window = visit()
    page = window.open("index")
    window.wake()
    text = page.locator("article").inner_text()
    assert "make lab" in text and "make test" in text
    links = page.locator(".course-map a").evaluate_all("links => links.map(a => a.getAttribute('href'))")
    assert links == [f"notebooks/{path.stem}.html" for path in NOTEBOOKS]
    assert said(page.locator(".explorer")).startswith("Read as 3, ")


def test_the_first_page_is_small(visit: Any, built: Any) -> None:
    """Under 500 kB before the net, as files; as they travel, packed, far less."""
    window = visit()
    window.open("index")
    window.wake()
    window.page.wait_for_load_state("networkidle")
    paths = {
        url.removeprefix(window.address).partition("?")[0].strip("/") for url in window.asked if "http" in url
    }
    files = [built.OUT / path for path in paths if path != "_static/explorers/digit_pad.json"]
    assert len(files) > 10
    size = sum(file.stat().st_size for file in files)
    print(f"{size:,} bytes, {sum(len(gzip.compress(file.read_bytes())) for file in files):,} packed")
    assert size < 500_000
    assert (built.OUT / "_static" / "explorers" / "digit_pad.json").stat().st_size < 150_000


def test_no_rule_is_missed_that_was_dropped(visit: Any, built: Any) -> None:
    """With the theme's whole style sheet every part of a page looks the same, the open menu too."""
    theme = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static" / "styles"
    whole = theme / "pydata-sphinx-theme.css"
    assert (built.OUT / "_static" / "styles" / whole.name).stat().st_size < whole.stat().st_size / 3
    for name in PAGES if EVERY else ["index", "search", SOME]:
        for scheme, width in (("light", 1280), ("dark", 360)):
            looks = []
            for asked in ("none", f"**/{whole.name}*"):
                window = visit(width=width, color_scheme=scheme, reduced_motion="reduce")
                window.context.route(asked, lambda route: route.fulfill(path=whole))
                page = window.open(name)
                page.add_style_tag(content="* { transition: none !important; animation: none !important; }")
                window.wake()  # an explorer half awake would differ
                if width == 360:
                    page.locator(".primary-toggle:visible").click()
                    page.locator("dialog[open]").wait_for()
                    page.mouse.move(350, 790)  # what lies under the mouse looks different
                looks.append(page.evaluate(LOOKS))
            assert len(looks[0]) > 100
            assert [pair for pair in zip(*looks, strict=True) if pair[0] != pair[1]] == [], (name, width)


# The styles of every part of a page as the browser computes them; what lies in explorers has its own style sheet.
LOOKS = """() => [...document.querySelectorAll("body *:not(.explorer *, script, svg *)")].map((part) => {
    const style = getComputedStyle(part);
    const said = ["display", "position", "color", "background-color", "font", "margin", "padding", "border", "width",
        "height", "opacity", "visibility", "flex", "gap", "text-align", "list-style", "z-index", "overflow"];
    return [part.tagName, part.className, ...said.map((name) => style.getPropertyValue(name))].join("; ");
})"""


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_moves_when_an_explorer_comes_alive(visit: Any, width: int) -> None:
    """Neither when it is in view from the start, nor on the way down the page."""
    window = visit(width=width)
    for name in PAGES:
        text = (make().OUT / f"{name}.html").read_text(encoding="utf-8")
        for index in range(text.count('class="explorer"')):
            page = window.open(name)
            place = page.locator(".explorer").nth(index)
            place.evaluate("place => place.scrollIntoView()")
            place.locator(".cnx-line").wait_for(state="attached")
            page.wait_for_timeout(100)
            moved = page.evaluate("window.moved")
            assert page.evaluate("window.shift") < 0.005, (
                f"{name}: run make site, then site/measure.py: {moved}"
            )


def test_a_place_that_grows_is_seen(visit: Any) -> None:
    window = visit()
    page = window.open("index")
    (place,) = window.wake()
    place.evaluate("place => place.scrollIntoView()")
    page.wait_for_timeout(600)  # what follows a reader's own action does not count
    place.evaluate("place => { place.style.minHeight = '1200px'; }")
    page.wait_for_timeout(100)
    assert page.evaluate("window.shift") > 0.005


# Where something is missing


@pytest.mark.parametrize("name", ["index", SOME])
def test_without_javascript_everything_but_explorers_is_there(visit: Any, name: str) -> None:
    for width in (360, 1280):
        window = visit(width=width, java_script_enabled=False)
        page = window.open(name)
        for place in page.locator(".explorer").all():
            assert place.locator("img").is_visible()
            assert "This is a picture." in place.locator("figcaption").inner_text()
            box, image = place.bounding_box(), place.locator("img").bounding_box()
            assert box and image and box["height"] < image["height"] + 120  # no empty space is kept
        if name == SOME:
            assert page.locator("mjx-container svg").first.is_visible()
            fold = page.locator("details", has_text="Solution").first
            fold.locator("summary").click()
            assert fold.locator("pre").is_visible()
        assert window.failed == [] and window.complaints == []


@pytest.mark.parametrize(
    "missing",
    ["digit_pad.json", "digit_pad.js", "core.js", "page.js", "../site.js"],
    ids=lambda name: name.strip("./"),
)
def test_a_missing_file_leaves_the_picture_and_a_sentence(visit: Any, missing: str) -> None:
    window = visit()
    window.page.route(f"**/{missing.removeprefix('../')}*", lambda route: route.fulfill(status=404))
    page = window.open("index")
    place = page.locator(".explorer")
    place.scroll_into_view_if_needed()
    if missing != "../site.js":
        place.get_by_text("This explorer could not be loaded, so here is its picture.").wait_for()
    else:
        assert "This is a picture." in place.inner_text()
    assert place.locator("img").is_visible() and place.locator("canvas").count() == 0


def fulfill(body: str, route: Any) -> None:
    route.fulfill(body=body)


def test_a_damaged_file_leaves_the_picture_and_a_sentence(visit: Any) -> None:
    for body in (
        '{"name": "DigitPad", "traits": {"examples": 3}}',
        '{"name": "Nothing", "traits": {}}',
        "<html>",
    ):
        window = visit()
        window.page.route("**/digit_pad.json", partial(fulfill, body))
        place = window.open("index").locator(".explorer")
        place.get_by_text("This explorer could not be loaded").wait_for()
        assert place.locator("img").is_visible() and place.locator("canvas").count() == 0
        assert place.locator(".cnx").count() == 0


# How it is built and served


def test_it_is_built_within_a_minute(built: Any) -> None:
    """Of a processor's time: other work on the machine does not count."""
    print(f"{built.took:.1f} s")
    assert 0.5 < built.took < 60


def test_serve_listens_on_this_machine_only(built: Any) -> None:
    with built.server(0) as server:
        assert server.server_address[0] == "127.0.0.1"
