"""The links between the pages, as GitHub shows them. The build of the site checks them again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portone_async._sections import Sections
from tests.support.examples import ROOT
from tests.support.markdown import anchors, broken_links, pages

# The page of GitHub where vulnerabilities are reported.
OUTSIDE = {"../../security/advisories/new"}


@pytest.mark.parametrize("page", pages())
def test_links_lead_to_existing_files_and_headings(page: str) -> None:
    assert set(broken_links(ROOT / page)) - OUTSIDE == set()


def test_links_to_no_file_or_heading_are_broken(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Title\n## 바로 써 보기\n[a](#title) [b](#바로-써-보기) [c](page.md#title) [d](https://e.f)\n"
        "`[code](no.md)` [e](no.md) [f](#no) [g](page.md#no)\n```\n# In code\n```\n[h](#in-code)\n",
        "utf-8",
    )

    assert broken_links(page) == ["no.md", "#no", "page.md#no", "#in-code"]


def test_anchors_are_those_of_github() -> None:
    text = "# A `b_c` (d), e!\n## [f](g.md)\n## A `b_c` (d), e!\n"

    assert anchors(text) == {"a-b_c-d-e", "f", "a-b_c-d-e-1"}


def test_every_page_of_both_languages_is_in_the_navigation() -> None:
    linked = {
        language: (ROOT / "docs" / language / "index.md").read_text("utf-8")
        for language in ("en", "ko")
    }
    shared = [page for page in pages() if re.fullmatch(r"docs/(api|reference)/\w+\.md", page)]
    guides = {path.name for path in (ROOT / "docs" / "en").glob("*.md")} - {"index.md"}
    translated = {path.name for path in (ROOT / "docs" / "ko").glob("*.md")} - {"index.md"}

    for page in shared:
        for text in linked.values():
            assert f"](../{page.removeprefix('docs/')})" in text
    assert all(f"]({name})" in linked["en"] for name in guides)
    assert all(f"]({name})" in linked["ko"] for name in translated)
    assert all(f"](../en/{name})" in linked["ko"] for name in guides - translated)


def test_every_section_of_the_client_has_a_page_in_the_list() -> None:
    folder = ROOT / "docs" / "reference"
    sections = [name for name, value in vars(Sections).items() if isinstance(value, property)]
    linked = re.findall(
        r"^- \[client\.(\w+)\]\(sections/\1\.md\)",
        (folder / "sections.md").read_text("utf-8"),
        re.MULTILINE,
    )

    assert {path.stem for path in folder.glob("sections/*.md")} == set(sections)
    assert sorted(linked) == sorted(sections)
