"""The table of messages in the guides on errors has the words that the package prints."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import portone_async
from portone_async.cli.language import DOMAIN, FOLDER
from tests.support.examples import ROOT

PACKAGE = Path(portone_async.__file__).parent


def _literals() -> Iterator[str]:
    """Yield the strings of the package, without what a template or an f-string formats."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Constant(value=str() as text):
                    yield re.sub(r"{.*?}", "", text)
                case ast.JoinedStr(values=parts):
                    yield "".join(
                        str(part.value) for part in parts if isinstance(part, ast.Constant)
                    )
                case _:
                    pass


def _korean() -> Iterator[str]:
    with (FOLDER / "ko" / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        yield from (str(message.string) for message in read_po(file, locale="ko"))


@pytest.mark.parametrize("language", ["en", "ko"])
def test_table_of_messages_has_words_of_the_package(language: str) -> None:
    page = (ROOT / "docs" / language / "errors.md").read_text("utf-8").split("\n## ")[1]
    cells = re.findall(r"^\| (.*?) \|", page, re.MULTILINE)[2:]
    phrases = [phrase for cell in cells for phrase in re.findall('"(.+?)"', cell)]
    printed = "\n".join([*_literals(), *_korean()])

    assert len(phrases) >= len(cells) >= 20
    assert [phrase for phrase in phrases if phrase not in printed] == []
