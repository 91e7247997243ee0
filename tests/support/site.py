"""Build the site of the documentation, read its pages, and serve it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urldefrag, urlsplit

from tests.conftest import missing_program

from .examples import ROOT

__all__ = ("Page", "broken_links", "built", "documented_names", "served")


def built(folder: Path) -> Path:
    """Build the site into a folder, and return the folder."""
    if find_spec("sphinx") is None or find_spec("pagefind") is None:
        missing_program("the site needs the group 'docs': pip install -e '.[all]' --group docs")
    command = (sys.executable, str(ROOT / "docs" / "build.py"), str(folder))
    environment = os.environ | {"LC_ALL": "xx_XX.UTF-8"}  # A locale that no machine has.
    run = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment
    )
    assert run.returncode == 0, run.stderr
    assert "WARNING" not in run.stderr
    return folder


class Page(HTMLParser):
    """The links, anchors, languages and text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.headings: list[str | None] = []
        self.description: str | None = None
        self.language: str | None = None
        self.body_language: str | None = None
        self.switch: str | None = None
        self.text = ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if link := values.get("href") or values.get("src"):
            self.links.append(link)
        if anchor := values.get("id"):
            self.ids.add(anchor)
        if re.fullmatch(r"h[2-6]", tag):
            self.headings.append(values.get("id"))
        if values.get("name") == "description":
            self.description = values.get("content")
        if tag == "html":
            self.language = values.get("lang")
        if tag == "div" and values.get("lang"):
            self.body_language = values.get("lang")
        if values.get("class") == "language-switch":
            self.switch = values.get("href")

    def handle_data(self, data: str) -> None:
        self.text += data


def broken_links(site: Path) -> list[str]:
    """Return the links to a file or an anchor that the site does not have."""
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    return [
        f"{page.path.relative_to(site)}: {link}"
        for page in pages.values()
        for link in page.links
        if not urlsplit(link).scheme and _is_broken(page, link, pages)
    ]


def _is_broken(page: Page, link: str, pages: dict[Path, Page]) -> bool:
    path, anchor = urldefrag(link)
    target = (page.path.parent / unquote(urlsplit(path).path)).resolve() if path else page.path
    if target not in pages:
        return not target.is_file()
    return bool(anchor) and unquote(anchor) not in pages[target].ids


def documented_names(site: Path) -> set[str]:
    """Return the names of Python that the reference describes, from Sphinx's inventory."""
    inventory = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    lines = zlib.decompress(inventory).decode().splitlines()
    return {line.split()[0] for line in lines if line.split()[1].startswith("py:")}


class _Handler(SimpleHTTPRequestHandler):
    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send the page for missing addresses, as servers of static sites do."""
        self.send_response(code, message)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write((Path(self.directory) / "404.html").read_bytes())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (named by http.server)
        """Print nothing."""


@contextmanager
def served(site: Path) -> Generator[str]:
    """Serve a folder on 127.0.0.1, and return its address."""
    handler = partial(_Handler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
