"""Read the links and the anchors of Markdown files, as GitHub does."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from .examples import ROOT

__all__ = ("anchors", "broken_links", "pages")

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(`+).*?\1", re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s#]*)(?:#([^)\s]*))?\)")


def pages() -> list[str]:
    """Return the Markdown files of the repository that readers see, as relative paths."""
    folders = (".", "benchmarks", "docs", "docs/api", "docs/en", "docs/ko")
    files = [path for folder in folders for path in (ROOT / folder).glob("*.md")]
    files += (ROOT / "docs" / "reference").rglob("*.md")
    return sorted(path.relative_to(ROOT).as_posix() for path in files)


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings of a page."""
    seen: Counter[str] = Counter()
    found: set[str] = set()
    for title in re.findall(r"^#+ (.*)$", _FENCE.sub("", text), re.MULTILINE):
        plain = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", title)
        anchor = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return found


def broken_links(page: Path) -> list[str]:
    """Return the links of a page to a file or a heading of the repository that does not exist."""
    prose = _CODE.sub("", _FENCE.sub("", page.read_text("utf-8")))
    return [
        f"{path}#{anchor}" if anchor else path
        for path, anchor in _LINK.findall(prose)
        if "://" not in path and _is_broken(page, path, anchor)
    ]


def _is_broken(page: Path, path: str, anchor: str) -> bool:
    target = page.parent / path if path else page
    if not target.exists():
        return True
    return bool(anchor) and anchor not in anchors(target.read_text("utf-8"))
