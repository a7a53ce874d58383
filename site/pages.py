"""What the site adds to Sphinx: formulas set when it is built, and links to the glossary from first uses."""

import atexit
import json
import re
from functools import cache
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.nodes import make_refnode

HERE = Path(__file__).parent
MATHJAX = HERE.parent / "build" / "site" / "npm" / "node_modules" / "mathjax" / "es5" / "node-main.js"


# Formulas


@cache
def _mathjax() -> Popen[str]:
    command = ["node", str(HERE / "tex.mjs"), str(MATHJAX)]
    process = Popen(command, stdin=PIPE, stdout=PIPE, text=True, encoding="utf-8")
    atexit.register(process.terminate)
    return process


@cache
def formula(tex: str, display: bool) -> str:
    """Return `tex` as HTML: a picture that takes the text's colour, and MathML for screen readers.

    SphinxError, which ends the build, for what MathJax does not understand.
    """
    process = _mathjax()
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps({"tex": tex, "display": display}) + "\n")
    process.stdin.flush()
    html: str = json.loads(process.stdout.readline())
    if error := re.search(r'data-mjx-error="([^"]*)"', html):
        raise SphinxError(f"{error[1]}: {tex}")
    return html


def _inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(f'<span class="math">{formula(node.astext(), False)}</span>')
    raise nodes.SkipNode


def _display(translator: Any, node: nodes.math_block) -> None:
    # It may be wider than a phone: then it scrolls, by keyboard too.
    start = '<div class="math-display" tabindex="0" role="group" aria-label="formula">'
    translator.body.append(f"{start}{formula(node.astext(), True)}</div>\n")
    raise nodes.SkipNode


# Glossary

QUIET = (nodes.title, nodes.reference, nodes.literal, nodes.literal_block, nodes.math, nodes.raw, nodes.term)


def link_first_uses(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Link the first use of each of the glossary's terms on a page, in text that is no title, code or link."""
    if page in ("glossary", "index"):
        return
    places = {name.lower(): place for name, place in _terms(app).items()}
    if not places:
        return
    words = "|".join(sorted(map(re.escape, places), key=len, reverse=True))
    pattern = re.compile(rf"\b({words})(?:s|es)?\b", re.IGNORECASE)
    seen: set[str] = set()
    for text in list(doctree.findall(nodes.Text)):
        if not _inside(text, QUIET):
            _link(app, page, text, pattern, places, seen)


def _terms(app: Sphinx) -> dict[str, str]:
    """The glossary's terms with their anchors; synonyms share one."""
    objects = app.env.domains["std"].get_objects()
    return {
        name: anchor for name, _, kind, page, anchor, _ in objects if kind == "term" and page == "glossary"
    }


def _inside(node: nodes.Node, kinds: tuple[type[nodes.Node], ...]) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kinds) or "cell" in getattr(node, "attributes", {}).get("classes", ()):
            return True
    return False


def _link(app: Any, page: str, text: Any, pattern: Any, places: dict[str, str], seen: set[str]) -> None:
    parts: list[nodes.Node] = []
    whole, end = text.astext(), 0
    for found in pattern.finditer(whole):
        anchor = places[found[1].lower()]
        if anchor not in seen:
            seen.add(anchor)
            word = nodes.inline(found[0], found[0])
            link = make_refnode(app.builder, page, "glossary", anchor, word)
            link["classes"] = ["term"]
            parts += [nodes.Text(whole[end : found.start()]), link]
            end = found.end()
    if parts:
        text.parent.replace(text, [*parts, nodes.Text(whole[end:])])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register both with Sphinx."""
    app.add_html_math_renderer("built", (_inline, None), (_display, None))
    app.connect("doctree-resolved", link_first_uses)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
