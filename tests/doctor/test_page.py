"""``docs/en/doctor.md`` has every check, as the code has it."""

from __future__ import annotations

import re
from pathlib import Path

from portone_async.doctor import CHECKS, MOST_REQUESTS

PAGE = Path(__file__).parents[2] / "docs" / "en" / "doctor.md"


def test_table_of_checks_equals_the_code() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \| (.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)

    assert rows == [(check.id, check.assumption, check.meaning) for check in CHECKS]


def test_ids_are_unique_words_with_hyphens() -> None:
    ids = [check.id for check in CHECKS]

    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in ids)


def test_page_names_the_most_requests() -> None:
    assert f"it sends {MOST_REQUESTS} requests at most" in PAGE.read_text("utf-8")
