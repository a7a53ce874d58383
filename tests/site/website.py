"""The built website as the tests see it: where it is, what it links, and a browser that notes all it does."""

import importlib.util
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html.parser import HTMLParser
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, TimeoutError

from tests.course import NOTEBOOKS, PROJECT

SITE = PROJECT / "site"
PAGES = ["index", *(f"notebooks/{path.stem}" for path in NOTEBOOKS), "glossary", "search"]
SHIFTS = """
window.shift = 0, window.moved = [];
new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) {
        window.shift += entry.value;
        for (const { node, previousRect: before, currentRect: after } of entry.sources)
            window.moved.push(`${node?.className || node?.nodeName}: ${before.y} to ${after.y}`);
    }
}).observe({ type: "layout-shift", buffered: true });
"""


def make() -> Any:
    """The module site/make.py."""
    if str(SITE) not in sys.path:
        sys.path.append(str(SITE))
    if "site_make" not in sys.modules:  # three files of the project are called make.py
        specification = importlib.util.spec_from_file_location("site_make", SITE / "make.py")
        assert specification and specification.loader
        module = importlib.util.module_from_spec(specification)
        sys.modules["site_make"] = module
        specification.loader.exec_module(module)
    return sys.modules["site_make"]


class Links(HTMLParser):
    """What a page links and loads, and the anchors it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        named = dict(attributes)
        self.anchors |= {named[name] for name in ("id", "name") if named.get(name)}
        if tag == "a" and named.get("href"):
            self.links.append(named["href"])
        elif tag != "a":
            self.loads += [named[name] for name in ("src", "href") if named.get(name)]


class Visit:
    """A window on the site: its page, what it complained of, what it asked for."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.context, self.address = context, address
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.failed: list[str] = []
        self.page.add_init_script(SHIFTS)
        self.page.on(
            "console", lambda line: line.type in ("error", "warning") and self.complaints.append(line.text)
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("response", lambda got: got.status >= 400 and self.failed.append(got.url))

    def open(self, name: str) -> Page:
        """Go to a page; what needs loading has loaded."""
        base, _, rest = re.fullmatch(r"([\w/]+)((.*))", name).groups()  # type: ignore[union-attr]
        self.page.goto(f"{self.address}/{base}.html{rest}", wait_until="load")
        return self.page

    def outside(self) -> list[str]:
        """What was asked for elsewhere."""
        return [url for url in self.asked if not url.startswith((self.address, "data:", "blob:"))]

    def wake(self) -> list[Any]:
        """Scroll to every explorer; returns them once they are alive."""
        places = self.page.locator(".explorer").all()
        for place in places:
            place.scroll_into_view_if_needed()
            place.locator(".cnx-line").wait_for(state="attached", timeout=20_000)
        return places

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window, once its explorers have followed a new width."""
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        with suppress(TimeoutError):  # a page that stays too wide is the caller's finding
            self.page.wait_for_function(f"{wide} <= 0", timeout=5000)
        return int(self.page.evaluate(wide))


@contextmanager
def visiting(browser: Browser, address: str, width: int = 1280, **how: Any) -> Iterator[Visit]:
    """A fresh window, closed afterwards."""
    context = browser.new_context(viewport={"width": width, "height": 800}, **how)
    try:
        yield Visit(context, address)
    finally:
        context.close()
