"""The pages in English and Korean have the same blocks, sections, tables and links."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest

from tests.support.examples import ROOT
from tests.support.guides import LANGUAGES, PAGES, PAIRS, READMES, Block, blocks, prose, read, rows


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0])
def test_both_languages_have_the_same_blocks(pair: tuple[str, str]) -> None:
    def shape(file: str) -> list[tuple[str, str]]:
        return [(block.kind, _skeleton(block)) for block in blocks(file)]

    assert shape(pair[0]) == shape(pair[1])


def _skeleton(block: Block) -> str:
    """Return the code without its texts: comments and strings may be translated."""
    if block.kind == "sh":
        return block.text
    tree = ast.parse(block.text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            node.value = ""
        elif isinstance(node, ast.JoinedStr):
            node.values = [part for part in node.values if isinstance(part, ast.FormattedValue)]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
            node.args = [part for part in node.args if not isinstance(part, ast.Constant)]
    return ast.unparse(tree)


# The Korean index has a list for pages in English.
@pytest.mark.parametrize(
    "pair", [pair for pair in PAIRS if "index" not in pair[0]], ids=lambda pair: pair[0]
)
def test_both_languages_have_the_same_sections_and_tables(pair: tuple[str, str]) -> None:
    def shape(file: str) -> tuple[list[int], list[str]]:
        headings = [len(marks) for marks in re.findall(r"^(#+) ", prose(file), re.MULTILINE)]
        return headings, [row[0] for row in rows(file) if re.fullmatch(r"`[^`]+`", row[0])]

    assert shape(pair[0]) == shape(pair[1])


def _linked(file: str) -> set[Path]:
    """Return the files of the repository to which a page links."""
    links = re.findall(r"\]\(([^)#]+)\)", read(file))
    return {
        Path(os.path.normpath(ROOT / Path(file).parent / link))
        for link in links
        if "://" not in link
    }


@pytest.mark.parametrize("file", READMES)
def test_every_linked_file_exists(file: str) -> None:
    linked = _linked(file)

    assert [path for path in linked if not path.exists()] == []
    assert linked >= {ROOT / name for name in set(READMES) - {file}}


@pytest.mark.parametrize("language", LANGUAGES)
def test_guides_link_to_every_example(language: str) -> None:
    guides = [page for page in PAGES if page.startswith(f"docs/{language}/")]

    assert set().union(*map(_linked, guides)) >= {*(ROOT / "examples").glob("*.py")}
