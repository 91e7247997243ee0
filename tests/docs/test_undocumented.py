"""Each undocumented fact names the check of the doctor that settles it, or why none can."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from portone_async.doctor import CHECKS
from tests.support.docstrings import PACKAGE, docstrings
from tests.support.examples import ROOT

IDS = {check.id for check in CHECKS}

STATEMENT = re.compile(
    r"\bnot documented\b|\b(?:does|do) not document\b|\bundocumented\b|\bdocuments (?:no|neither)\b"
    r"|\bNeither\b.*\bis documented\b|\bPortOne does not say\b|문서에는? 없(?:습|으)",
    re.IGNORECASE,
)
CHECK = re.compile(r"`doctor`+(?::|의) `+([a-z-]+)`")
NOT_SETTLED = re.compile(
    r"`doctor`+ cannot\s+check|\bonly an? [\w ]+ would show|`doctor`+ does not read"
    r"|`doctor`로는 확인할 수 없",
    re.IGNORECASE,
)


def paragraphs() -> Iterator[tuple[str, str]]:
    """Yield every paragraph of the pages and docstrings, with its file."""
    for page in (ROOT / "README.md", ROOT / "README.ko.md", *(ROOT / "docs").rglob("*.md")):
        for line in page.read_text("utf-8").splitlines():
            yield page.relative_to(ROOT).as_posix(), line
    for path in PACKAGE.rglob("*.py"):
        # What the fake does where PortOne is silent is its own choice.
        if path.relative_to(PACKAGE).parts[0] in ("testing", "doctor"):
            continue
        for text in docstrings(path):
            for paragraph in re.split(r"\n\s*\n|\n(?=\s+\w+: )", text):
                yield path.name, " ".join(paragraph.split())


def statements() -> list[tuple[str, str]]:
    return [
        (file, text)
        for file, text in paragraphs()
        if STATEMENT.search(text) and not text.startswith("#")  # A heading has paragraphs below.
    ]


def test_statements_are_found_in_all_pages_and_docstrings() -> None:
    files = [file for file, _ in statements()]

    pages = {f"docs/{language}/is_it_paid.md" for language in ("en", "ko")}
    assert {*pages, "docs/en/refunds.md", "call.py", "payments.py"} <= set(files)
    assert len(files) > 50


def test_every_statement_names_a_check_or_that_none_can_settle_it() -> None:
    open_ = [
        (file, text)
        for file, text in statements()
        if not CHECK.search(text) and not NOT_SETTLED.search(text)
    ]

    assert open_ == []


def test_every_named_check_exists() -> None:
    named = {name for _, text in paragraphs() for name in CHECK.findall(text)}

    assert named <= IDS
    assert len(named) >= 7


@pytest.mark.parametrize(
    ("text", "is_statement"),
    [
        ("What it answers is not documented.", True),
        ("PortOne documents neither the code nor the message.", True),
        ("보장은 문서에 없습니다.", True),
        ("null when the PG does not say", False),
        ("one of the documented reasons", False),
    ],
)
def test_statement_is_recognized(text: str, is_statement: bool) -> None:
    assert (STATEMENT.search(text) is not None) is is_statement
