"""The READMEs and the pages in ``docs``: their blocks of code and their tables."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .examples import ROOT

__all__ = (
    "LANGUAGES",
    "PAGES",
    "PAIRS",
    "READMES",
    "Block",
    "blocks",
    "commands",
    "guides",
    "kinds",
    "prose",
    "read",
    "rows",
)

LANGUAGES = ("en", "ko")
READMES = ("README.md", "README.ko.md")
PAGES = (
    *READMES,
    *sorted(
        f"docs/{folder}/{path.name}"
        for folder in ("api", "en", "ko")
        for path in (ROOT / "docs" / folder).glob("*.md")
    ),
)
PAIRS = (
    READMES,
    *(
        (f"docs/en/{path.name}", f"docs/ko/{path.name}")
        for path in sorted((ROOT / "docs" / "ko").glob("*.md"))
        if (ROOT / "docs" / "en" / path.name).exists()
    ),
)
"""Each page that has a Korean version, and that version."""


@dataclass(frozen=True)
class Block:
    """A block of code in a page."""

    file: str
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def guides(name: str) -> list[str]:
    """Return a guide in both languages."""
    return [f"docs/{language}/{name}.md" for language in LANGUAGES]


def read(file: str) -> str:
    """Return the text of a file of the repository."""
    return (ROOT / file).read_text("utf-8")


def prose(file: str) -> str:
    """Return the text of a page without its blocks."""
    return re.sub(r"^```.*?^```$", "", read(file), flags=re.MULTILINE | re.DOTALL)


def blocks(file: str) -> list[Block]:
    """Return the blocks of a page."""
    text = read(file)
    fences = re.finditer(r"^```([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [
        Block(file, text[: fence.start()].count("\n") + 2, fence[1], fence[2]) for fence in fences
    ]


def kinds(file: str) -> set[str]:
    """Return the languages of the blocks of a page."""
    return {block.kind for block in blocks(file)}


def commands(file: str) -> list[str]:
    """Return the lines of the blocks of shell of a page."""
    return [
        command
        for block in blocks(file)
        if block.kind == "sh"
        for command in block.text.splitlines()
    ]


def rows(file: str) -> list[list[str]]:
    """Return the rows of all tables of a page, as cells."""
    lines = re.findall(r"^\| (.*) \|$", read(file), re.MULTILINE)
    return [line.split(" | ") for line in lines]
