"""Sphinx's settings. `make.py` prepares the pages and calls Sphinx with them."""

import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for pages.py

_meta = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))

project = "Convolutional neural networks, hands on"
author = "the cnnlib course authors"
copyright = f"2026, {author}. Code: BSD 3-Clause. Prose and pictures: CC BY 4.0"
version = release = _meta["project"]["version"]
language = "en"

extensions = ["myst_nb", "pages"]
exclude_patterns = ["README.md"]
myst_enable_extensions = ["attrs_block", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_ipywidgets_js = {}  # else pages would ask for them elsewhere
nb_render_markdown_format = "myst"
math_renderer = "built"

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = []  # make.py fills it
html_copy_source = False
html_show_sphinx = False
html_use_index = False
html_favicon = "_static/icon.svg"
html_context = {"default_mode": "auto"}
html_css_files = ["explorers/explorers.css", "site.css"]
html_js_files = [
    (
        None,
        {
            "body": "document.documentElement.classList.toggle('alive', 'noModule' in HTMLScriptElement.prototype)"
        },
    ),
    ("site.js", {"type": "module"}),
]
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "navbar_persistent": [],  # the sidebar has the search
    "home_page_in_toc": True,
    "show_toc_level": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
