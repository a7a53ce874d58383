"""Pages with one explorer, closed after each test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from cnnlib.explorers.base import Explorer
from tests.explorers.browser import Visit


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Visit]]:
    """Show an explorer on a plain page. Afterwards: no complaint in the console, nothing asked for elsewhere."""
    open_pages: list[Visit] = []

    def show(explorer: Explorer, **how: Any) -> Visit:
        open_pages.append(Visit(chromium, explorer, **how))
        return open_pages[-1]

    yield show
    for page in open_pages:
        page.close()
    assert [page.complaints for page in open_pages if page.complaints] == []
    assert [page.outside for page in open_pages if page.outside] == []
