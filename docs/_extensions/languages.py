"""Two sites of one folder: the pages of each language, their addresses, and the links between them.

A page that has no Korean version is shown in English in the Korean site, at the same address.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from docutils import nodes
from myst_parser.slugs import github_slugify, unique_slug
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.locale import get_translator
from sphinx.transforms import SphinxTransform

REPOSITORY = Path(__file__).parents[2]
ROOTS = {"en": "docs/en/index", "ko": "docs/ko/index"}
NAMES = {"en": "English", "ko": "한국어"}
_SHARED = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "benchmarks/README.md")
# GitHub shows these, the site has its index.
_ENTRANCES = ("README.md", "README.ko.md", "docs/README.md")
# The navigation is made from the lists of these pages.
_LISTS = (*ROOTS.values(), "docs/reference/sections")
# What Sphinx lacks or has wrong.
_KOREAN = {
    "alias of %s": "별칭: %s",
    "Back to top": "맨 위로",
    "Home": "처음",
    "Language": "언어",
    "Next": "다음",
    "On this page": "이 페이지에서",
    "Previous": "이전",
    "Skip to content": "본문으로 건너뛰기",
}
_ONLY_ENGLISH = '<p class="only-english" data-pagefind-ignore>이 문서는 영어로만 제공됩니다.</p>'
_FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s#:]+)(#[^)\s]*)?\)")
_LABELLED = re.compile(r"\[([^\]]*)\]\(([^)\s#:]+)\)")
# Sphinx marks sections, Pagefind looks for marked headings. The title stands for its page.
_ANCHOR = re.compile(r'<section id=("[^"]*")>\n((?:<span id="[^"]*"></span>)*)<h([2-6])')

# Words of code that fit into a line of a phone.
_WORD = re.compile(r'<span class="pre">([^<]{1,36})</span>')


def sources(language: str) -> list[str]:
    """Return the pages of the site of a language, as paths in the repository."""
    own = [path for path in _pages("docs/en") if in_language(path, language) == path]
    if language != "en":
        own += _pages(f"docs/{language}")
    folders = ("docs/api", "docs/reference", "docs/reference/sections")
    return [*_SHARED, *own, *(page for folder in folders for page in _pages(folder))]


def _pages(folder: str) -> list[str]:
    return sorted(f"{folder}/{path.name}" for path in (REPOSITORY / folder).glob("*.md"))


def in_language(path: str, language: str) -> str:
    """Return the page's version in a language, or the page itself if it has none."""
    if path in _ENTRANCES:
        return f"{ROOTS[language]}.md"
    translated = re.sub(r"^docs/(en|ko)/", f"docs/{language}/", path)
    return translated if (REPOSITORY / translated).exists() else path


def address(docname: str) -> str:
    """Return the address of a page in each site, without its ending."""
    if docname == "benchmarks/README":
        return "benchmarks"
    short = re.sub(r"^docs/(?:(?:en|ko)/)?", "", docname)
    return short if short != docname else docname.lower()


class SiteBuilder(StandaloneHTMLBuilder):
    """HTML at short addresses. Pagefind makes the search."""

    name = "site"
    search = False

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        return super().get_target_uri(address(docname), typ)

    def get_output_path(self, page_name: str, /) -> Path:
        return super().get_output_path(address(page_name))


def read_source(app: Sphinx, docname: str, content: list[str]) -> None:
    """Link to the pages of this language, and list the pages of the index as its navigation."""
    language = app.config.language
    parts = _FENCE.split(content[0])
    page = PurePosixPath(f"{docname}.md")
    parts[::2] = [_LABELLED.sub(lambda link: _known(page, link), part) for part in parts[::2]]
    parts[::2] = [
        _LINK.sub(lambda link: f"]({_target(page, link, language)})", part) for part in parts[::2]
    ]
    content[0] = "".join(parts)
    if docname in _LISTS:
        content[0] += _navigation(content[0], page)


def _known(page: PurePosixPath, link: re.Match[str]) -> str:
    """Return the label of a link to a folder, or to a page that only GitHub has."""
    path = _inside(page, link[2])
    return link[1] if path.startswith("..") or (REPOSITORY / path).is_dir() else link[0]


def _target(page: PurePosixPath, link: re.Match[str], language: str) -> str:
    path, anchor = link[1], link[2] or ""
    source = _inside(page, path)
    translated = in_language(source, language)
    if translated == source:
        return path + anchor
    place = os.path.relpath(translated, page.parent)
    if source in _ENTRANCES:
        return place
    anchors = dict(zip(_anchors(source), _anchors(translated), strict=True))
    return place + (f"#{anchors[anchor[1:]]}" if anchor else "")


def _inside(page: PurePosixPath, path: str) -> str:
    """Return a linked path as a path in the repository."""
    return os.path.normpath(page.parent / path)


def _anchors(path: str) -> list[str]:
    """Return the anchors of the headings, as GitHub and MyST number them."""
    prose = _FENCE.sub("", (REPOSITORY / path).read_text("utf-8"))
    anchors: list[str] = []
    for title in re.findall(r"^#+ (.*)$", prose, re.MULTILINE):
        text = re.sub(r"[`*]|\[(?=.*\]\()|\]\([^)]*\)", "", title)
        anchors.append(unique_slug(github_slugify(text), anchors))
    return anchors


class EnglishAnchors(SphinxTransform):
    """Use the anchors of the English page, so that a link to a heading works in both languages.

    The Korean ones stay as well: MyST adds them later (``AddSlugIds``).
    """

    default_priority = 265  # after PropagateTargets and PrioritiseExplicitIds, which settle the ids

    def apply(self, **_: object) -> None:
        slugs: dict[str, tuple[int, str, str]] = getattr(self.document, "myst_slugs", {})
        page = f"{self.env.docname}.md"
        names = dict(zip(slugs, _anchors(in_language(page, "en")), strict=True))
        for section in self.document.findall(nodes.section):
            slug = section["slug"]
            line, old, title = slugs[slug]
            del self.document.ids[old]
            section["ids"][section["ids"].index(old)] = names[slug]
            self.document.ids[names[slug]] = section
            slugs[slug] = (line, names[slug], title)


def _navigation(text: str, page: PurePosixPath) -> str:
    """Return a table of contents for each section whose list items begin with links."""
    tables: list[str] = []
    linked: set[str] = set()
    for section in re.split(r"^## ", f"\n{text}", flags=re.MULTILINE):
        title, _, body = section.partition("\n")
        entries: list[str] = []
        for label, path in re.findall(r"^- \[(.+?)\]\(([^)#]+)\)", body, re.MULTILINE):
            docname = _inside(page, path).removesuffix(".md")
            if docname not in linked:
                linked.add(docname)
                entries.append(f"{label.replace('`', '')} </{docname}>")
        if entries:
            caption = [f":caption: {title}"] if title else []
            head = ["```{toctree}", ":hidden:", *caption, ""]
            tables.append("\n".join([*head, *entries, "```"]))
    return "\n\n" + "\n\n".join(tables) + "\n"


def add_context(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    """Mark English pages of the Korean site as English, and link to the other site."""
    language = app.config.language
    other = next(name for name in NAMES if name != language)
    depth = address(pagename).count("/") + 1
    context["other_language"] = other
    context["other_language_name"] = NAMES[other]
    context["other_language_page"] = f"{'../' * depth}{other}/{_address_in(other, pagename)}.html"
    tree = context["furo_navigation_tree"]
    context["furo_navigation_tree"] = tree.replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )
    if not doctree:
        return
    context["description"] = _description(doctree)
    context["body"] = _ANCHOR.sub(r"<section>\n\2<h\3 id=\1", context["body"])
    # A long name of a section breaks after the dot.
    context["body"] = context["body"].replace("<h1>client.", "<h1>client.<wbr>")
    context["body"] = _WORD.sub(r'<span class="pre whole">\1</span>', context["body"])
    if pagename.startswith(("docs/en/", "docs/ko/")):
        # The search lists guides before the reference.
        context["body"] = f'<div data-pagefind-weight="4">{context["body"]}</div>'
    if language == "ko" and not pagename.startswith("docs/ko/"):
        context["body"] = f'{_ONLY_ENGLISH}<div lang="en">{context["body"]}</div>'


def mark_sentences(app: Sphinx, doctree: nodes.document) -> None:
    """Mark the cells of tables that need a wide column on a phone."""
    for entry in doctree.findall(nodes.entry):
        if len(entry.astext()) > 40:
            entry["classes"].append("sentence")


def _description(doctree: nodes.document) -> str:
    """Return the first paragraph for search engines, in at most 160 letters."""
    paragraphs = (" ".join(each.astext().split()) for each in doctree.findall(nodes.paragraph))
    text = next(each for each in paragraphs if not each.startswith("Guide"))  # links of a section
    return text if len(text) <= 160 else f"{text[:159].rpartition(' ')[0]}…"


def _address_in(language: str, pagename: str) -> str:
    """Return the address of the page in the other site, or that of its index."""
    addresses = {address(path.removesuffix(".md")) for path in sources(language)}
    known = addresses | {"genindex", "search"}
    return address(pagename) if address(pagename) in known else "index"


def correct_translations(app: Sphinx) -> None:
    """Add the Korean of the theme, and correct a message that joins a particle to a role."""
    if app.config.language == "ko":
        words: dict[str, str] = vars(get_translator("sphinx", "general"))["_catalog"]
        words.update(_KOREAN)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_builder(SiteBuilder)
    app.add_transform(EnglishAnchors)
    app.connect("builder-inited", correct_translations)
    app.connect("source-read", read_source)
    app.connect("doctree-read", mark_sentences)
    app.connect("html-page-context", add_context, priority=900)  # after the theme
    return {"parallel_read_safe": True, "parallel_write_safe": True}
