"""A real browser that sees the explorers on a plain page, without Python behind it and without a network."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, sync_playwright

from cnnlib import explorers
from cnnlib.explorers.base import HERE, Explorer
from tests.course import PROJECT

HOST = "http://course.test"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SCREENSHOTS = PROJECT / "screenshots"  # git ignores it: to be looked at, not compared
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Explorer</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>body {{ background: {ground}; color: {ink}; margin: 8px; }} {css}</style>
<main><h1 style="font-size: 16px">An explorer</h1><div id="here"></div></main>
<script type="module">
import {{ show }} from "/page.js";
const shown = await show(document.querySelector("#here"), {stored});
Object.assign(window, shown);
window.ready = true;
</script></html>"""


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium as the system has it; skips the test where there is none."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        # --no-sandbox: containers run as root.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class Visit:
    """One page with one explorer, all it complained of and all it asked for elsewhere."""

    def __init__(
        self, browser: Browser, explorer: Explorer, width: int = 1000, dark: bool = False, **how: Any
    ) -> None:
        self.explorer = explorer
        self.context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light", **how
        )
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.outside: list[str] = []
        self.page.on(
            "console", lambda line: line.type in ("error", "warning") and self.complaints.append(line.text)
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.content = PAGE.format(
            ground="#111111" if dark else "#ffffff",
            ink="#eeeeee" if dark else "#111111",
            css=(HERE / "explorers.css").read_text(encoding="utf-8"),
            stored=json.dumps(stored(explorer)),
        )
        self.context.route("**/*", self.answer)
        self.page.goto(f"{HOST}/")
        self.page.wait_for_function("window.ready", timeout=20_000)

    def answer(self, route: Route) -> None:
        """Serve the page and the explorers' modules; everything else is outside."""
        url = route.request.url
        name = url.removeprefix(f"{HOST}/")
        if url == f"{HOST}/":
            route.fulfill(body=self.content, content_type="text/html")
        elif re.fullmatch(r"\w+\.js", name) and (HERE / name).is_file():
            route.fulfill(path=HERE / name, content_type="text/javascript")
        else:
            self.outside.append(url)
            route.abort()

    # What a test asks

    def trait(self, name: str) -> Any:
        """The state as Python would receive it."""
        return self.page.evaluate("name => window.model.get(name)", name)

    def said(self) -> str:
        """The sentence in the live region."""
        return self.page.locator(".cnx-line").inner_text()

    def board(self, title: str) -> "Board":
        return Board(self, title)

    def slide(self, label: str, value: float) -> None:
        """Move a slider, as a drag does."""
        slider = self.page.locator(".cnx-field", has_text=re.compile(rf"^{re.escape(label)}")).locator(
            "input"
        )
        slider.evaluate(
            "(input, value) => { input.value = value; input.dispatchEvent(new Event('input', { bubbles: true })); }",
            value,
        )

    def choose(self, label: str, option: str) -> None:
        self.page.locator(".cnx-field", has_text=re.compile(rf"^{re.escape(label)}")).locator(
            "select"
        ).select_option(label=option)

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def median_ms(self, action: str, times: int = 25) -> float:
        """The median time of `action`, a function body of `i` in the page, drawing and layout included.

        Of three rounds the fastest: other work on the machine only ever adds.
        """
        return min(sorted(self.times_ms(action, times))[times // 2] for _ in range(3))

    def times_ms(self, action: str, times: int) -> list[float]:
        """How long each of so many actions took."""
        took: list[float] = self.page.evaluate(
            f"""async () => {{
                const act = i => {{ {action} }};
                const took = [];
                for (let i = 0; i < {times}; i++) {{
                    const start = performance.now();
                    act(i);
                    document.body.offsetHeight;
                    took.push(performance.now() - start);
                    await new Promise(done => setTimeout(done));
                }}
                return took;
            }}"""
        )
        return took

    def violations(self) -> list[str]:
        """What axe-core finds serious."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{rule['id']}: {node['html'][:120]}"
            for rule in found
            if rule["impact"] in ("serious", "critical")
            for node in rule["nodes"]
        ]

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        wide: int = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return wide

    def resize(self, width: int) -> None:
        """Make the window as wide as that, and wait until everything has been drawn anew."""
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def screenshot(self, name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    def close(self) -> None:
        self.context.close()


class Board:
    """A board of cells on the page, found by the beginning of its label."""

    def __init__(self, visit: Visit, title: str) -> None:
        self.canvas = visit.page.locator(f'canvas[aria-label^="{title}"]').first
        label = self.canvas.get_attribute("aria-label") or ""
        found = re.search(r"(\d+) rows, (\d+) columns", label)
        assert found, label
        self.label, self.shape = label, (int(found[1]), int(found[2]))

    def _position(self, row: int, column: int) -> dict[str, float]:
        box = self.canvas.bounding_box()
        assert box
        return {
            "x": (column + 0.5) * box["width"] / self.shape[1],
            "y": (row + 0.5) * box["height"] / self.shape[0],
        }

    def hover(self, row: int, column: int) -> None:
        self.canvas.hover(position=self._position(row, column))  # type: ignore[arg-type]

    def click(self, row: int, column: int) -> None:
        self.canvas.click(position=self._position(row, column))  # type: ignore[arg-type]

    def keys(self, *names: str) -> None:
        self.canvas.focus()
        for name in names:
            self.canvas.press(name)


def stored(explorer: Explorer) -> Any:
    """What a stored notebook holds of an explorer, through JSON as on disk."""
    return json.loads(json.dumps({"name": type(explorer).__name__, "traits": explorer.traits_shown}))


def every() -> list[str]:
    """The names of all explorers."""
    return list(explorers.__all__)
