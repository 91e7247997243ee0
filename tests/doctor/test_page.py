"""``docs/en/doctor.md`` and ``docs/ko/doctor.md`` have every check, as the code has it."""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from portone_async.cli.language import DOMAIN, FOLDER
from portone_async.doctor import CHECKS, MOST_REQUESTS

DOCS = Path(__file__).parents[2] / "docs"
KOREAN = gettext.translation(DOMAIN, FOLDER, ["ko"])


def page(language: str) -> str:
    return (DOCS / language / "doctor.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("language", "translate"), [("en", str), ("ko", KOREAN.gettext)], ids=["en", "ko"]
)
def test_table_of_checks_equals_the_code(language: str, translate: Callable[[str], str]) -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \| (.+) \|$", page(language), re.MULTILINE)

    assert rows == [
        (check.id, translate(check.assumption), translate(check.meaning)) for check in CHECKS
    ]


def test_ids_are_unique_words_with_hyphens() -> None:
    ids = [check.id for check in CHECKS]

    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in ids)


def test_pages_name_the_most_requests() -> None:
    assert f"it sends {MOST_REQUESTS} requests at most" in page("en")
    assert f"최대 {MOST_REQUESTS}건" in page("ko")
