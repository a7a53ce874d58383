"""Build the website from the notebooks, or build and serve it: `python site/make.py [--serve]`.

Everything it makes is under build/site: npm's packages, the pages as Sphinx reads them, and html, the site itself.
"""

import argparse
import html
import json
import re
import shutil
import struct
import subprocess
import sys
import time
import tomllib
from base64 import b64decode
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
BUILD = PROJECT / "build" / "site"
SOURCE, STATIC, OUT = BUILD / "source", BUILD / "static", BUILD / "html"
EXPLORERS = PROJECT / "cnnlib" / "explorers"
STORED = "application/vnd.cnnlib.explorer+json"
COLAB, BINDER = "https://colab.research.google.com/github", "https://mybinder.org/v2/gh"

Cell = dict[str, Any]
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
REPOSITORY = PYPROJECT["tool"]["course"]["repository"]
SIZES = json.loads((HERE / "sizes.json").read_text(encoding="utf-8"))


# What npm has


def install_npm(dev: bool = False) -> Path:
    """Install the exact versions of package-lock.json once, with `dev` what the tests need; return node_modules."""
    folder = BUILD / ("npm-dev" if dev else "npm")
    lock = (HERE / "package-lock.json").read_bytes()
    done = folder / "installed"
    if not done.is_file() or done.read_bytes() != lock:
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("npm is needed to build the site: install Node.js 20 or newer")
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        command += [] if dev else ["--omit=dev"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        done.write_bytes(lock)
    return folder / "node_modules"


# The pages as Sphinx reads them


def prepare() -> None:
    """Write all pages and what belongs to them into build/site."""
    for folder in (SOURCE, STATIC, OUT):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE / "_static", STATIC)
    (STATIC / "explorers").mkdir()
    for file in (*EXPLORERS.glob("*.js"), EXPLORERS / "explorers.css"):
        shutil.copy(file, STATIC / "explorers")
    (SOURCE / "notebooks").mkdir(parents=True)
    for path in HERE.glob("*.md"):
        (SOURCE / path.name).write_text(page(path.read_text(encoding="utf-8")), encoding="utf-8")
    for path in NOTEBOOKS:
        (SOURCE / "notebooks" / path.name).write_text(json.dumps(notebook(path)), encoding="utf-8")


def page(text: str) -> str:
    """Return a page of site/ with its places filled: the map, the start buttons, the explorer, the notebooks named."""
    text = text.replace("<!-- the map -->", course_map())
    text = text.replace("<!-- the notebooks -->", "\n".join(f"notebooks/{path.stem}" for path in NOTEBOOKS))
    text = text.replace("<!-- the digit pad -->", digit_pad())
    text = text.replace("<!-- where it runs -->", where_it_runs())
    text = re.sub(r"→ (\d\d)\b", lambda found: f"→ {named(found[1])}", text)
    return text.replace("../notebooks/", "notebooks/").replace("../README.md", "index.md")


def named(number: str) -> str:
    """The notebook of this number as a link, if it exists."""
    path = next((path for path in NOTEBOOKS if path.name.startswith(number)), None)
    return f"[{number}](notebooks/{path.name})" if path else number


def course_map() -> str:
    """README's table of the notebooks as a list, which fits on a phone."""
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (\[?)(\d\d)_(\w+)(?:\]\(\S+\)| \(planned\)) \| (.+) \| ([\d +]+) \|$", readme, re.M
    )
    lines = ["{.course-map}"]
    for linked, number, name, understand, minutes in rows:
        title = f"{number} · {title_of(number) if linked else name.replace('_', ' ')}"
        link = f"[{title}](notebooks/{number}_{name}.ipynb)" if linked else f"{title} (planned)"
        lines.append(f"- **{link}** · {minutes} minutes\\\n  {understand}")
    return "\n".join(lines)


def title_of(number: str) -> str:
    """The title in a notebook's first line, without its number."""
    path = next(path for path in NOTEBOOKS if path.name.startswith(number))
    first = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
    return first.splitlines()[0].partition("·")[2].strip()


def where_it_runs() -> str:
    """Where the course can be opened without installing it, once it has a public address."""
    if not REPOSITORY:
        return "Every page of a notebook has a link to download it."
    first = f"notebooks/{NOTEBOOKS[0].name}"
    return (
        f"Open it [in Colab]({COLAB}/{REPOSITORY}/blob/main/{first}) or "
        f"[on Binder]({BINDER}/{REPOSITORY}/main?urlpath=lab/tree/{first}); "
        "every page of a notebook has a link to download it."
    )


# Notebooks


def notebook(path: Path) -> dict[str, Any]:
    """Return the notebook at `path` as a page: without the Colab cell, its explorers as places for live ones."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    cells = [cell for cell in content["cells"] if "colab" not in cell["metadata"].get("tags", ())]
    title, _, rest = "".join(cells[0]["source"]).partition("\n")
    cells[0]["source"] = f"{title}\n\n{course_bar(path)}\n{rest}"
    explorers = 0
    for cell in cells:
        alt = cell["metadata"].get("alt", "")
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if STORED in data:
                explorers += 1
                output["data"] = {"text/html": explorer(f"{path.stem}-{explorers}", data, alt, "../")}
        if alt:
            cell["metadata"]["mystnb"] = {"image": {"alt": alt}}
    return content | {"cells": cells}


def course_bar(path: Path) -> str:
    """What one can do with a notebook besides reading it here, as one line of HTML."""
    links = [f'<a href="{path.name}" download>Download this notebook</a>']
    if REPOSITORY:
        links += [f'<a href="{COLAB}/{REPOSITORY}/blob/main/notebooks/{path.name}">Open in Colab</a>']
        links += [
            f'<a href="{BINDER}/{REPOSITORY}/main?urlpath=lab/tree/notebooks/{path.name}">Open on Binder</a>'
        ]
    else:
        links += ['<a href="../index.html#start">How to run it</a>']
    return f'<p class="course-bar">{" · ".join(links)}</p>\n'


def explorer(name: str, data: dict[str, Any], alt: str, root: str) -> str:
    """Write an explorer's settings and picture; return its place: the picture until site.js makes it live."""
    settings, picture = STATIC / "explorers" / f"{name}.json", STATIC / "explorers" / f"{name}.png"
    settings.write_text(json.dumps(data[STORED]), encoding="utf-8")
    picture.write_bytes(b64decode("".join(data["image/png"])))
    return place(name, picture, alt, root)


def place(name: str, picture: Path, alt: str, root: str) -> str:
    """The HTML of an explorer's place; sizes.json knows how high it will be, so that nothing moves."""
    width, height = png_size(picture)
    reserve = "".join(f"--at-{least}:{high}px;" for least, high in SIZES.get(name, {}).items())
    return (
        f'<figure class="explorer" data-settings="{root}_static/explorers/{name}.json" style="{reserve}">'
        f'<img src="{root}_static/explorers/{name}.png" alt="{html.escape(alt)}" width="{width}" height="{height}">'
        "<figcaption>This is a picture. Where JavaScript runs, it is an explorer that you can touch.</figcaption>"
        "</figure>"
    )


def digit_pad() -> str:
    """The place of the front page's digit pad and its net."""
    for suffix in (".json", ".png"):
        shutil.copy(HERE / f"digit_pad{suffix}", STATIC / "explorers")
    alt = (
        "A pad with a handwritten digit, the digit as a picture of 28 by 28 pixels, ten bars with the probability of "
        "each digit, and the sixteen maps of the net's first layer."
    )
    return place("digit_pad", STATIC / "explorers" / "digit_pad.png", alt, "")


def png_size(path: Path) -> tuple[int, int]:
    """Width and height of a PNG, from its header."""
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    return width, height


# The site


def build() -> None:
    """Build the site in build/site/html; a warning of Sphinx's is an error."""
    from sphinx.cmd.build import main as sphinx

    node_modules = install_npm()
    prepare()
    settings = ["-D", f"html_static_path={STATIC}"]
    if sphinx(["-q", "-W", "--keep-going", "-b", "html", "-c", str(HERE), *settings, str(SOURCE), str(OUT)]):
        raise RuntimeError("Sphinx warned or failed: see above")
    for path in NOTEBOOKS:
        shutil.copy(path, OUT / "notebooks")
    for path in OUT.rglob("*.html"):
        path.write_text(finished(path), encoding="utf-8")
    _drop_unused()
    purge = [node_modules / "purgecss" / "lib" / "purgecss.js", OUT]
    subprocess.run(["node", HERE / "purge.mjs", *purge], check=True)


PICTURE = re.compile(r'<img\b[^>]*?\bsrc="([^"]*_images/[^"]+\.png)"[^>]*?/?>')


def finished(path: Path) -> str:
    """Return a page with its pictures' sizes, so that nothing moves, and links to them; without needless scripts."""

    def zoomable(found: re.Match[str]) -> str:
        width, height = png_size((path.parent / found[1]).resolve())
        tag = re.sub(r'\s(?:width|height|style)="[^"]*"', "", found[0])
        tag = tag.replace("<img", f'<img width="{width}" height="{height}" loading="lazy"', 1)
        return f'<a class="zoom" href="{found[1]}">{tag}</a>'

    # The icons are 1.5 MB, the index of all words is needed on the page that searches only.
    needless = (
        "fontawesome" if path.name == "search.html" else "fontawesome|searchtools|language_data|searchindex"
    )
    text = path.read_text(encoding="utf-8")
    text = re.sub(rf"\s*<(script|link)\b[^>]*\b({needless})\.js[^>]*>(</script>)?", "", text)
    return PICTURE.sub(zoomable, text)


def _drop_unused() -> None:
    """Remove what no page asks for: source maps, icon fonts, other themes' pictures."""
    static = OUT / "_static"
    unused = [
        *static.rglob("*.map"),
        *static.rglob("fontawesome*.js*"),
        *static.rglob("fontawesome*.LICENSE.txt"),
    ]
    unused += [
        *static.rglob("logo_*"),
        *static.glob("*webpack-macros.html"),
        static / "vendor",
        OUT / "_sources",
    ]
    for path in unused:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, *parts: object) -> None:
        """Say nothing."""


def server(port: int) -> ThreadingHTTPServer:
    """A server of the site for this machine only; port 0 is any that is free."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(Quiet, directory=str(OUT)))


def serve(port: int) -> None:
    """Show the site until Ctrl-C."""
    with server(port) as serving:
        print(f"The site is at http://127.0.0.1:{serving.server_port}/ (stop it with Ctrl-C)", flush=True)
        with suppress(KeyboardInterrupt):
            serving.serve_forever()


def main(arguments: list[str]) -> int:
    """Build, then serve if asked; return the exit status."""
    parser = argparse.ArgumentParser("python site/make.py", description="Build the course's website.")
    parser.add_argument("--serve", action="store_true", help="then show it on this machine")
    parser.add_argument("--port", type=int, default=8000, help="0: any that is free")
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    try:
        build()
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        print(f"make site: {error}", file=sys.stderr)
        return 1
    print(
        f"Built in {time.perf_counter() - start:.0f} s: {(OUT / 'index.html').relative_to(PROJECT)}",
        flush=True,
    )
    if options.serve:
        serve(options.port)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
