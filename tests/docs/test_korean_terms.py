"""The Korean texts use the terms of ``docs/korean_terms.md``, and none of the rejected ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from portone_async.cli.language import DOMAIN, FOLDER
from portone_async.cli.report.messages import messages
from tests.support.examples import ROOT

GLOSSARY = ROOT / "docs" / "korean_terms.md"
PAGES = (ROOT / "README.ko.md", *sorted((ROOT / "docs" / "ko").glob("*.md")))
# Code may have any word, and a quotation may have the words of PortOne's console.
QUOTED = re.compile(r"^```.*?^```$|`[^`\n]+`|\u2018[^\u2019\n]+\u2019", re.MULTILINE | re.DOTALL)


def _rejected() -> re.Pattern[str]:
    rows = re.findall(r"^\|.*\| ([^|]*) \|$", GLOSSARY.read_text("utf-8"), re.MULTILINE)
    words = [word for row in rows[1:] for word in row.split(", ") if word.strip("- ")]
    return re.compile("|".join(map(re.escape, words)))


REJECTED = _rejected()


def test_glossary_rejects_the_other_words_for_its_terms() -> None:
    assert REJECTED.findall("에러 티어 이중 결제 오류 하위 상점") == ["에러", "티어", "이중 결제"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_korean_page_has_no_rejected_term(page: Path) -> None:
    assert REJECTED.findall(QUOTED.sub("", page.read_text("utf-8"))) == []


def test_korean_messages_have_no_rejected_term() -> None:
    with (FOLDER / "ko" / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        catalogue = [str(message.string) for message in read_po(file, locale="ko")]
    texts = "\n".join([*catalogue, *messages("ko").values()])

    assert REJECTED.findall(texts) == []
