"""Explorers on a page that comes and goes: nothing is left behind in the browser."""

import json
from typing import Any

import pytest

from cnnlib import explorers
from cnnlib.explorers.base import _source
from tests.explorers.browser import every, stored
from tests.explorers.test_base import READY


@pytest.mark.parametrize("name", READY)
def test_shown_and_taken_away_many_times(visit: Any, name: str) -> None:
    page = visit(getattr(explorers, name)())
    devtools = page.context.new_cdp_session(page.page)
    devtools.send("Performance.enable")
    content = json.dumps(stored(page.explorer))

    def rounds(times: int) -> dict[str, float]:
        """Nodes, listeners and megabytes after showing and removing it so often."""
        page.page.evaluate(
            f"""async () => {{
                const {{ show }} = await import("/page.js");
                const here = document.querySelector("#here");
                for (let i = 0; i < {times}; i++) {{
                    window.remove();
                    Object.assign(window, await show(here, {content}));
                    await new Promise(requestAnimationFrame);
                }}
            }}"""
        )
        devtools.send("HeapProfiler.collectGarbage")
        found = {
            metric["name"]: metric["value"] for metric in devtools.send("Performance.getMetrics")["metrics"]
        }
        return {
            "nodes": found["Nodes"],
            "listeners": found["JSEventListeners"],
            "MB": found["JSHeapUsedSize"] / 1e6,
        }

    rounds(5)
    before, after = rounds(5), rounds(50)
    assert after["nodes"] <= before["nodes"] + 50
    assert after["listeners"] <= before["listeners"] + 10
    assert after["MB"] < before["MB"] + 1


def test_an_explorer_nobody_knows_is_an_error_not_a_blank(visit: Any) -> None:
    page = visit(explorers.ConvolutionExplorer())
    said = page.page.evaluate(
        """async () => {
            const { show } = await import("/page.js");
            return show(document.createElement("div"), { name: "NoSuchExplorer", traits: {} }).catch(e => e.name);
        }"""
    )
    assert said == "TypeError"
    assert page.outside == ["http://course.test/no_such_explorer.js"]
    page.outside.clear()
    page.complaints.clear()


@pytest.mark.parametrize("name", every())
def test_the_joined_module_is_one_that_a_notebook_can_load(visit: Any, name: str) -> None:
    """A notebook's frontend imports one text: no name may stand twice in it, none be missing."""
    page = visit(explorers.ConvolutionExplorer())
    kinds = page.page.evaluate(
        """async (source) => {
            const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
            return Object.keys((await import(url)).default);
        }""",
        _source(explorers._MODULES[name]),
    )
    assert kinds == ["render"]
