"""Measure how high the explorers of the built site are, and take the digit pad's picture: `python site/measure.py`.

Writes sizes.json, from which make.py reserves their places so that nothing on a page moves, and digit_pad.png. Needs
Chromium, and the site as `make site` builds it; afterwards build it again.
"""

import json
import sys
import threading
from pathlib import Path

import make
from playwright.sync_api import Page

sys.path.insert(0, str(make.PROJECT))
from tests.explorers.browser import launched

# From each of these widths of the window on to the next the page only gets wider; site.css has the same.
WIDTHS = {0: 360, 600: 600, 768: 768, 992: 992, 1200: 1200, 1280: 1280}


def heights(page: Page) -> dict[str, int]:
    """The height of every explorer on the page, once it is alive."""
    found = {}
    for place in page.locator(".explorer").all():
        place.scroll_into_view_if_needed()
        place.locator(".cnx-line").wait_for(state="attached", timeout=20_000)
        settings, high = place.evaluate(
            """place => {
                place.style.minHeight = 0;
                return [place.dataset.settings, place.getBoundingClientRect().height];
            }"""
        )
        found[Path(settings).stem] = int(high) + 1
    return found


def main() -> None:
    """Visit every page that has explorers at all widths."""
    sizes: dict[str, dict[int, int]] = {}
    with launched() as browser, make.server(0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for path in [make.OUT / "index.html", *sorted((make.OUT / "notebooks").glob("*.html"))]:
            if 'class="explorer"' not in path.read_text(encoding="utf-8"):
                continue
            address = f"http://127.0.0.1:{server.server_port}/{path.relative_to(make.OUT).as_posix()}"
            for least, width in WIDTHS.items():
                page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme="light")
                page.goto(address)
                for name, high in heights(page).items():
                    sizes.setdefault(name, {})[least] = high
                if path.name == "index.html" and width == max(WIDTHS.values()):
                    page.locator(".explorer .cnx").screenshot(path=make.HERE / "digit_pad.png")
                page.close()
        server.shutdown()
    (make.HERE / "sizes.json").write_text(json.dumps(sizes, indent=1) + "\n", encoding="utf-8")
    print(f"{len(sizes)} explorers measured")


if __name__ == "__main__":
    main()
