"""The site of the documentation: both languages, the reference, the links and the search."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

import portone_async
from portone_async import PortOneError
from tests.support.examples import ROOT
from tests.support.site import Page, broken_links, built, documented_names, served

# Builds the site, which takes a minute or two on a busy machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LANGUAGES = ("en", "ko")
# The command line has its own help, the sections of the blocking client have the methods of the
# others, and the rest are parts of the modules that stand above them.
INTERNAL = re.compile(
    r"\.(_|cli\b|doctor\.|blocking\.(client|resources)\b|testing\.(?!samples$)|reconcile\.(?!dask$|ledgers)|ledgers\.(opening|protocol))"
)
ROLE = re.compile(r":(?:py:)?(?:attr|class|data|exc|func|meth|mod|obj):`")


@pytest.fixture(name="site", scope="module")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("site"))


@pytest.fixture(name="address", scope="module")
def _address(site: Path) -> Iterator[str]:
    with served(site) as address:
        yield address


def _pages(site: Path, language: str) -> dict[str, Page]:
    folder = site / language
    return {str(path.relative_to(folder)): Page(path) for path in sorted(folder.rglob("*.html"))}


def test_build_hides_no_warning() -> None:
    settings = (ROOT / "docs" / "conf.py").read_text("utf-8")

    assert "nitpicky = True" in settings
    assert not re.search(r"suppress_warnings|nitpick_ignore", settings)


def test_every_link_of_the_site_leads_somewhere(site: Path) -> None:
    assert broken_links(site) == []


def test_every_page_links_to_itself_in_the_other_language(site: Path) -> None:
    english, korean = (_pages(site, language) for language in LANGUAGES)

    assert english.keys() == korean.keys()
    for name in english:
        up = "../" * (name.count("/") + 1)
        assert (english[name].switch, korean[name].switch) == (f"{up}ko/{name}", f"{up}en/{name}")


def test_pages_declare_their_language(site: Path) -> None:
    english, korean = (_pages(site, language) for language in LANGUAGES)

    assert {(page.language, page.body_language) for page in english.values()} == {("en", None)}
    assert {page.language for page in korean.values()} == {"ko"}
    # A page without a Korean version is English in a Korean frame.
    assert korean["api/charges.html"].body_language == "en"
    assert korean["quickstart.html"].body_language is None
    frame = korean["api/charges.html"].text
    assert all(word in frame for word in ("이 페이지에서", "다음", "이전"))
    assert not re.search(r"On this page|Back to top|Previous\s", frame)


def test_headings_have_the_same_anchors_in_both_languages(site: Path) -> None:
    english, korean = (_pages(site, language) for language in LANGUAGES)

    assert {name: page.headings for name, page in english.items()} == {
        name: page.headings for name, page in korean.items()
    }
    assert "a-refund-that-is-made-once" in korean["refunds.html"].headings
    # Links to the Korean headings, as GitHub has them, work as well.
    assert "환불을-한-번만-하려면" in korean["refunds.html"].ids


def test_every_page_has_a_description(site: Path) -> None:
    for language in LANGUAGES:
        pages = _pages(site, language)
        missing = {name for name, page in pages.items() if not page.description}
        assert missing == {"genindex.html", "search.html"}


def test_reference_has_every_public_name(site: Path) -> None:
    documented = documented_names(site / "en")
    modules = [import_module(name) for name in _public_modules()]
    missing = [
        f"{module.__name__}.{name}"
        for module in modules
        for name in module.__all__
        if not any(
            f"{other.__name__}.{name}" in documented
            and getattr(other, name, None) is getattr(module, name)
            for other in modules
        )
    ]

    assert missing == []
    assert {"portone_async.Payment.amount", "portone_async.PortOneError.advice"} <= documented
    assert "portone_async.resources.payments.Payments.cancel" in documented


def test_tables_of_errors_have_every_error(site: Path) -> None:
    tables = (
        (site / "en" / "reference" / "errors.html").read_text("utf-8").partition('id="bases"')[0]
    )
    linked = set(re.findall(r'title="(?:portone_async\.[\w.]*)?(\w+Error)"', tables))
    real = {
        name
        for module in map(import_module, _public_modules())
        for name in module.__all__
        if isinstance(value := getattr(module, name), type) and issubclass(value, PortOneError)
    }

    assert linked == real
    assert "Tier codes are three characters of A-Z and 0-9." in tables


def _public_modules() -> list[str]:
    names = [
        module.name
        for module in walk_packages(portone_async.__path__, "portone_async.")
        if not INTERNAL.search(module.name)
    ]
    return [name for name in ("portone_async", *names) if hasattr(import_module(name), "__all__")]


def test_examples_import_only_modules_of_the_reference() -> None:
    files = [*ROOT.glob("README*.md"), *ROOT.glob("docs/*/*.md"), *ROOT.glob("examples/*.py")]
    imports = {
        name
        for file in files
        for name in re.findall(r"from (portone_async[\w.]*) import", file.read_text("utf-8"))
    }

    assert imports <= {*_public_modules()}
    assert len(imports) > 5


def test_docstrings_are_printed_without_markup(site: Path) -> None:
    for language in LANGUAGES:
        for name, page in _pages(site, language).items():
            assert not ROLE.search(page.text), name
            if not name.startswith("reference/"):
                continue
            assert "```" not in page.text, name
            assert "Create a new string object" not in page.text, name


def test_picture_of_a_trace_is_in_both_languages(site: Path) -> None:
    for language in LANGUAGES:
        page = Page(site / language / "observability.html")
        assert [link for link in page.links if link.endswith("trace.svg")] == ["_images/trace.svg"]


@pytest.mark.parametrize(
    ("language", "word", "expected"),
    [
        ("ko", "멱등", "ko/webhooks.html"),
        ("ko", "엑셀", "ko/reconciliation.html"),
        ("ko", "대사", "ko/reconciliation.html"),
        ("ko", "ledger", "ko/beyond_one_machine.html"),
        ("en", "ledger", "en/beyond_one_machine.html"),
        ("en", "find_many", "en/reference/sections/payments.html"),
        ("ko", "포트원이 키를 거부했습니다", "ko/errors.html"),
        ("en", "Name or service not known", "en/errors.html"),
    ],
)
def test_search_box_finds_the_page_of_a_word(
    browser: Any, address: str, language: str, word: str, expected: str
) -> None:
    browser.set_window_size(1280, 1000)
    browser.get(f"{address}/{language}/index.html")
    browser.find_element(By.CSS_SELECTOR, ".sidebar-search").send_keys(word, Keys.ENTER)

    def results(_: object) -> list[str]:
        if browser.find_elements(By.CSS_SELECTOR, ".pagefind-ui__loading"):
            return []
        links = browser.find_elements(By.CSS_SELECTOR, ".pagefind-ui__result-link")
        return [str(link.get_attribute("href")) for link in links]

    found: list[str] = WebDriverWait(browser, 60).until(results)
    pages = {link.partition("#")[0].removeprefix(f"{address}/") for link in found}
    assert expected in pages
    assert {page.partition("/")[0] for page in pages} == {language}


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_fit_into_a_narrow_window(browser: Any, address: str, language: str) -> None:
    metrics = {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        for page in (
            "index",
            "errors",
            "api/operations",
            "reference/sections/payments",
            "genindex",
            "search",
        ):
            browser.get(f"{address}/{language}/{page}.html")
            width = browser.execute_script("return document.documentElement.scrollWidth")
            assert width <= 360, page
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_language_switch_leads_to_the_same_heading(browser: Any, address: str) -> None:
    browser.set_window_size(1280, 1000)
    browser.get(f"{address}/en/refunds.html#a-refund-that-is-made-once")
    # Not a click of the mouse: the page still scrolls to the heading.
    browser.execute_script("document.querySelector('.language-switch').click()")

    WebDriverWait(browser, 60).until(lambda _: "/ko/" in browser.current_url)
    assert browser.current_url == f"{address}/ko/refunds.html#a-refund-that-is-made-once"


def test_button_copies_a_block_of_code(browser: Any, address: str) -> None:
    permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"]
    grant = {"origin": address, "permissions": permissions}
    browser.execute_cdp_cmd("Browser.grantPermissions", grant)
    browser.set_window_size(1280, 1000)
    browser.get(f"{address}/ko/index.html")
    block = browser.find_element(By.CSS_SELECTOR, "article .highlight")
    button = block.find_element(By.CSS_SELECTOR, ".copy-button")
    button.click()

    WebDriverWait(browser, 60).until(lambda _: button.text == "복사됨")
    read = "navigator.clipboard.readText().then(arguments[0])"
    text = browser.execute_async_script(read)
    assert text.startswith("import asyncio\n")
    assert text == block.find_element(By.TAG_NAME, "pre").get_property("textContent")


def test_page_of_a_missing_address_links_to_the_site(browser: Any, address: str) -> None:
    browser.get(f"{address}/ko/reference/none.html")

    links = [link.get_attribute("href") for link in browser.find_elements(By.TAG_NAME, "a")]
    names = ("en/index", "en/search", "ko/index", "ko/search")
    assert links == [f"{address}/{name}.html" for name in names]
