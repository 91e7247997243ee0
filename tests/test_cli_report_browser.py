"""The report in a real browser: searched, sorted, turned over, switched, and attacked."""

from __future__ import annotations

import base64
import codecs
import csv
import re
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from portone_async.cli.report import write_report
from portone_async.cli.report.row import shown
from portone_async.reconcile.finding import Finding, Verdict

from .conftest import missing_program
from .report_run import HOSTILE, PERIOD, day, finding, order, sighting, summary_of

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--lang=en-US",
    # Whatever a page may ask for outside of this machine, it does not get.
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


def program(*names: str) -> str:
    for name in names:
        if (path := shutil.which(name)) is not None:
            return path
    return missing_program(
        f"{names[0]} is not installed, and the report must be seen in a browser: "
        "apt-get install chromium chromium-driver fonts-noto-cjk"
    )


@pytest.fixture(name="browser", scope="module")
def _browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    options = Options()
    options.binary_location = program("chromium", "chromium-browser", "google-chrome")
    for flag in (*_FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # Given the driver, selenium does not go looking for one on the net.
    browser = Chrome(options=options, service=Service(program("chromedriver")))
    yield browser
    browser.quit()


class Report:
    """A report, as its reader has it before the eyes."""

    def __init__(self, browser: Chrome, folder: Path) -> None:
        self.browser: Any = browser
        self._path = folder / "report.html"

    def open(self, findings: list[Finding], *, address: str = "", **options: Any) -> None:
        told: dict[str, Any] = {"summary": summary_of(findings), "period": PERIOD, "language": "en"}
        write_report(self._path, findings=findings, **told | options)
        # The same page with another fragment would not be loaded again.
        self.browser.get("about:blank")
        self.browser.get(f"{self._path.as_uri()}{address}")

    def one(self, selector: str) -> WebElement:
        found: WebElement = self.browser.find_element(By.CSS_SELECTOR, selector)
        return found

    def texts(self, selector: str) -> list[str]:
        script = "return [...document.querySelectorAll(arguments[0])].map(each => each.textContent)"
        found: list[str] = self.browser.execute_script(script, selector)
        return found

    def column(self, number: int) -> list[str]:
        return self.texts(f"#rows tbody tr td:nth-child({number})")

    def uids(self) -> list[str]:
        return self.column(2)

    def search(self, text: str) -> None:
        self.one("#search").clear()
        self.one("#search").send_keys(text)

    def sort(self, column: str) -> str | None:
        button = self.one(f"[data-column={column}]")
        button.click()
        return button.find_element(By.XPATH, "..").get_attribute("aria-sort")

    def show(self, *, width: int = 1400, scheme: str = "light", media: str = "") -> None:
        feature = {"name": "prefers-color-scheme", "value": scheme}
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [feature], "media": media}
        )

    @contextmanager
    def on_paper(self, width: int = 718) -> Generator[None]:
        """As it is printed; an A4 page with our margins is 718 pixels wide."""
        self.browser.execute_script("dispatchEvent(new Event('beforeprint'))")
        self.show(width=width, media="print")
        yield
        self.show()
        self.browser.execute_script("dispatchEvent(new Event('afterprint'))")

    def fragment(self) -> str:
        found: str = self.browser.execute_script("return location.hash")
        return found

    def downloaded(self, folder: Path) -> list[dict[str, str]]:
        """The lines of the CSV that the button downloads."""
        path = folder / "differences.csv"
        told = {"behavior": "allow", "downloadPath": str(folder)}
        self.browser.execute_cdp_cmd("Browser.setDownloadBehavior", told)
        self.one("#csv").click()
        WebDriverWait(self.browser, 30).until(lambda _: path.exists())
        assert path.read_bytes().startswith(codecs.BOM_UTF8)
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file, strict=True))

    def complaints(self) -> list[str]:
        return [each["message"] for each in self.browser.get_log("browser")]


@pytest.fixture(name="report")
def _report(browser: Chrome, tmp_path: Path) -> Iterator[Report]:
    report = Report(browser, tmp_path)
    report.show()
    yield report
    # A violated policy, a failed load, an error in the script: all are told here.
    assert report.complaints() == []


def many(count: int = 120) -> list[Finding]:
    return [finding(f"o-{n}", Verdict.MISSING, order(f"o-{n}", f"{n}00")) for n in range(count)]


def test_the_table_shows_every_difference_and_nothing_that_matched(report: Report) -> None:
    report.open(day())

    assert report.uids() == [
        shown(each.merchant_uid) for each in day() if each.verdict is not Verdict.MATCHED
    ]
    assert report.texts("#status") == [f"1\N{EN DASH}{len(report.uids())} of {len(report.uids())}"]


def test_hostile_order_numbers_stay_text_and_nothing_runs(report: Report) -> None:
    report.open(day())

    assert report.uids()[-len(HOSTILE) :] == [shown(uid) for uid in HOSTILE]
    assert report.browser.title == "Payment reconciliation"
    assert report.texts("img, iframe, b, main script") == []
    assert "<b>no answer</b>" in " ".join(report.column(1))


def test_the_policy_stops_code_and_markup_that_would_get_in_anyway(report: Report) -> None:
    report.open(day())
    report.browser.execute_script(
        "const s = document.createElement('script');"
        "document.head.append(s);"
        "try { s.textContent = \"document.title = 'owned'\" } catch {}"
        "try { document.body.innerHTML = '<i>owned</i>' } catch {}"
        "const i = document.createElement('img'); i.src = 'http://127.0.0.1:9/'; document.body.append(i)"
    )

    assert report.browser.title == "Payment reconciliation"
    assert report.texts("i") == []
    assert "Content Security Policy" in " ".join(report.complaints())


def test_a_row_tells_both_sides_and_the_difference(report: Report) -> None:
    report.open(day())
    report.search("twice")

    cells = report.browser.find_elements(By.CSS_SELECTOR, "#rows tbody td")
    assert [cell.text.split("\n") for cell in cells] == [
        ["2", "Paid twice"],
        ["twice"],
        ["41,900 KRW", "paid"],
        [
            "41,900 KRW paid",
            "imp_twice_2",
            "2026-11-01 13:00:00+09:00",
            "41,900 KRW paid",
            "imp_twice_1",
            "2026-11-01 12:00:00+09:00",
        ],
        ["41,900 KRW"],
        ["2026-11-01 13:00:00 +09:00"],
    ]


@pytest.mark.parametrize(
    ("text", "uids"),
    [
        ("gone", ["gone"]),
        ("1,234,567", ["gone"]),
        ("1234567", ["gone"]),
        ("IMP_TWICE_1", ["twice"]),
        ("usd differs", ["dollar", "coin"]),
        ("중복", ["twice"]),
        ("line 7", [""]),
        ("가나다", ["주문-2026-가나다"]),
        ("<script>document", [HOSTILE[0]]),
        (r"\u202e", [shown(HOSTILE[4])]),
        (".*", []),
    ],
)
def test_the_search_finds_what_it_says(report: Report, text: str, uids: list[str]) -> None:
    report.open(day())
    report.search(text)

    assert report.uids() == uids
    assert report.one("#nothing").is_displayed() == (not uids)
    total = len(day(matched=0))
    assert report.texts("#status")[0].endswith(f"of {len(uids)} (of {total} in all)")


def test_a_verdict_may_be_chosen(report: Report) -> None:
    report.open(day())
    Select(report.one("#verdict")).select_by_visible_text("Amount differs (2)")

    assert report.uids() == ["less", "dollar"]


@pytest.mark.parametrize(
    ("column", "cell", "amounts"),
    [
        ("asked", 3, ["9", "10.5", "10.50000000000000000001", "9007199254740993", "9" * 30]),
        ("off", 5, ["9" * 30, "9007199254740993", "10.50000000000000000001", "10.5", "9"]),
    ],
)
def test_money_is_sorted_as_exact_numbers(
    report: Report, column: str, cell: int, amounts: list[str]
) -> None:
    mixed = [*amounts[1::2], "9007199254740992", *amounts[::2]]
    report.open([finding(a, Verdict.MISSING, order(a, a)) for a in mixed])

    assert report.sort(column) == "ascending"
    told = [text.partition(" ")[0].replace(",", "") for text in report.column(cell)]
    assert told == [f"{each}" for each in sorted(map(Decimal, told))]
    assert report.sort(column) == "descending"
    assert report.uids() == sorted(mixed, key=Decimal, reverse=column == "asked")


def test_currencies_are_not_mixed_and_what_has_no_value_comes_last(report: Report) -> None:
    report.open(
        [
            finding("none", Verdict.NOT_CHECKED, None, error="e"),
            finding("usd-2", Verdict.MISSING, order("u", "2", "USD")),
            finding("krw-900", Verdict.MISSING, order("k", "900")),
            finding("usd-1", Verdict.MISSING, order("u", "1", "USD")),
            finding("krw-1000", Verdict.MISSING, order("k", "1000")),
        ]
    )

    report.sort("asked")
    assert report.uids() == ["krw-900", "krw-1000", "usd-1", "usd-2", "none"]
    report.sort("asked")
    assert report.uids() == ["krw-1000", "krw-900", "usd-2", "usd-1", "none"]


def test_order_numbers_are_sorted_as_people_count(report: Report) -> None:
    report.open([finding(uid, Verdict.MISSING, order(uid)) for uid in ("o-10", "o-9", "o-1")])
    report.sort("order")

    assert report.uids() == ["o-1", "o-9", "o-10"]
    headings = report.browser.find_elements(By.CSS_SELECTOR, "#rows th")
    sorts = [each.get_attribute("aria-sort") for each in headings]
    assert sorts == ["none", "ascending", "none", "none", "none", "none"]


def test_time_and_verdict_sort_too(report: Report) -> None:
    late, early = PERIOD[1], PERIOD[0]
    report.open(
        [
            finding("z", Verdict.ORPHAN, None, sighting("z", paid_at=late)),
            finding("y", Verdict.PAID_TWICE, order("y"), sighting("y", paid_at=early)),
            finding("x", Verdict.MISSING, order("x")),
        ]
    )

    report.sort("time")
    assert report.uids() == ["y", "z", "x"]
    report.sort("verdict")
    assert report.uids() == ["x", "y", "z"]


def test_the_table_is_sorted_from_the_keyboard(report: Report) -> None:
    report.open(many(3))
    report.one("#csv").send_keys(Keys.TAB, Keys.TAB)
    active = report.browser.switch_to.active_element
    assert active.get_attribute("data-column") == "verdict"
    active.send_keys(Keys.TAB)
    active = report.browser.switch_to.active_element
    active.send_keys(Keys.ENTER)
    active.send_keys(Keys.SPACE)

    assert report.uids() == ["o-2", "o-1", "o-0"]
    outline = report.browser.execute_script(
        "return getComputedStyle(document.activeElement).outlineStyle"
    )
    assert outline == "solid"


def test_pages_are_turned_and_a_search_begins_at_the_first(report: Report) -> None:
    report.open(many())

    def turn(step: str) -> tuple[str, str, str]:
        report.one(f"[data-step={step}]").click()
        return report.uids()[0], report.uids()[-1], report.texts("#page")[0]

    assert turn("next") == ("o-50", "o-99", "2/3")
    assert turn("last") == ("o-100", "o-119", "3/3")
    assert turn("next") == ("o-100", "o-119", "3/3")
    assert report.one("[data-step=next]").get_attribute("aria-disabled") == "true"
    assert turn("previous") == ("o-50", "o-99", "2/3")
    assert turn("first") == ("o-0", "o-49", "1/3")
    turn("last")
    report.search("o-1")
    assert report.uids()[0] == "o-1"
    Select(report.one("#size")).select_by_visible_text("25")
    assert len(report.uids()) == 25
    assert report.texts("#status") == ["1\N{EN DASH}25 of 31 (of 120 in all)"]


ALL_FILTERS = "#q=o-1&verdict=missing&size=25&sort=asked&order=descending&page=2"


def test_filters_are_kept_in_the_address(report: Report) -> None:
    report.open(many())
    report.search("o-1")
    Select(report.one("#verdict")).select_by_value("missing")
    Select(report.one("#size")).select_by_visible_text("25")
    report.sort("asked")
    report.sort("asked")
    report.one("[data-step=next]").click()

    assert report.fragment() == ALL_FILTERS


def test_address_sets_the_filters(report: Report) -> None:
    report.open(many(), address=ALL_FILTERS)

    assert report.uids() == ["o-14", "o-13", "o-12", "o-11", "o-10", "o-1"]
    assert report.one("#search").get_attribute("value") == "o-1"
    assert Select(report.one("#verdict")).first_selected_option.text == "Missing (120)"
    assert Select(report.one("#size")).first_selected_option.text == "25"
    assert report.one("[data-column=asked]").find_element(By.XPATH, "..").get_attribute(
        "aria-sort"
    ) == ("descending")
    assert report.texts("#page") == ["2/2"]


def test_another_address_changes_the_filters(report: Report) -> None:
    report.open(many(), address=ALL_FILTERS)
    report.browser.execute_script("location.hash = '#q=o-119'")

    WebDriverWait(report.browser, 10).until(lambda _: report.uids() == ["o-119"])


def test_everything_is_shown_again_with_one_button(report: Report) -> None:
    report.open(many(), address=ALL_FILTERS)
    report.one("#reset").click()

    assert report.fragment() == ""
    assert len(report.uids()) == 50
    assert not report.one("#reset").is_displayed()


@pytest.mark.parametrize(
    "address",
    [
        "#verdict=__proto__&sort=constructor&size=-1&page=-3",
        "#sort=__proto__&size=1e9&page=99999999999999999999",
        "#verdict=missing%00&sort=uid&size=NaN&page=0x2",
        "#differences",
        "#%E0%A4%A&&&===",
        "#page=2",
    ],
)
def test_unknown_words_of_an_address_count_for_nothing(report: Report, address: str) -> None:
    report.open(many(3), address=address)

    assert report.uids() == ["o-0", "o-1", "o-2"]
    assert report.fragment() == ""


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_address_stays_text(report: Report, text: str) -> None:
    address = f"#q={quote(text, errors='replace')}&verdict={quote(text, errors='replace')}"
    report.open(many(3), address=address)

    assert report.browser.title == "Payment reconciliation"
    assert report.texts("img, iframe, b, main script") == []
    assert report.uids() == []


def test_long_text_of_an_address_is_cut(report: Report) -> None:
    report.open(many(3), address=f"#q={'x' * 100_000}")

    assert report.one("#search").get_attribute("value") == "x" * 200


def test_rows_of_the_filter_are_downloaded_as_csv(report: Report, tmp_path: Path) -> None:
    report.open(day(), address="#verdict=paid_twice")
    (line,) = report.downloaded(tmp_path)

    assert line == {
        "merchant_uid": "twice",
        "verdict": "paid_twice",
        "verdict_text": "Paid twice",
        "order_amount": "41900",
        "order_currency": "KRW",
        "order_status": "paid",
        "order_cancelled_amount": "",
        "payments": "2",
        "imp_uid": "imp_twice_2",
        "status": "paid",
        "amount": "41900",
        "cancel_amount": "",
        "currency": "KRW",
        "test": "",
        "paid_at": "2026-11-01T13:00:00+09:00",
        "other_payments": "imp_twice_1 paid 41,900 KRW",
        "difference": "41900",
        "difference_currency": "KRW",
        "error": "",
    }


def test_downloaded_csv_has_every_row_of_every_page(report: Report, tmp_path: Path) -> None:
    report.open(many())

    assert [line["merchant_uid"] for line in report.downloaded(tmp_path)] == [
        f"o-{n}" for n in range(120)
    ]


@pytest.mark.parametrize("start", [*"=+-@'", "＝", "＋", "－", "＠"])  # noqa: RUF001 (meant)
def test_downloaded_csv_holds_no_formula(report: Report, tmp_path: Path, start: str) -> None:
    text = f'{start}HYPERLINK("http://evil.example"),1'
    failed = finding(text, Verdict.NOT_CHECKED, order(text, currency=text), error=text)
    other = finding(text, Verdict.ORPHAN, None, sighting(text, imp_uid=text, currency=text))
    report.open([failed, other])
    first, second = report.downloaded(tmp_path)

    assert first["merchant_uid"] == first["error"] == first["order_currency"] == f"'{text}"
    assert second["imp_uid"] == second["currency"] == f"'{text}"


def test_negative_difference_is_a_plain_number_in_csv(report: Report, tmp_path: Path) -> None:
    report.open([finding("a", Verdict.MISSING, order("a", "1234567.50", "USD"))])

    (line,) = report.downloaded(tmp_path)
    assert (line["order_amount"], line["difference"]) == ("1234567.50", "-1234567.50")


def test_error_is_a_sentence_with_the_technical_text_folded_away(report: Report) -> None:
    report.open(day())
    report.search("no answer")

    error = report.one("#rows .error")
    assert error.text.startswith("PortOne did not answer in time.")
    assert "RequestTimeoutError" not in error.text
    error.find_element(By.TAG_NAME, "summary").click()
    assert "RequestTimeoutError: <b>no answer</b> within 10 s" in error.text
    report.one("[data-language=ko]").click()
    assert report.one("#rows .error").text.startswith("PortOne이 제때 응답하지 않았습니다.")


def test_unreadable_row_is_named_by_its_place(report: Report) -> None:
    report.open([finding("", Verdict.NOT_CHECKED, None, error="<i>.csv:7: no amount")])

    assert report.texts("#rows .error p") == [
        "This row of the order file could not be read as an order: <i>.csv:7"
    ]


def test_order_number_stays_in_one_line_at_1280_pixels(report: Report) -> None:
    uids = ["20261101-1000001234", "9f1c2d3e-4b5a-6978-8897-a6b5c4d3e2f1", "m" * 40]
    report.show(width=1280)
    usual = [finding(uid, Verdict.MISSING, order(uid, "1234567")) for uid in uids]
    report.open([*usual, *day(matched=0)])

    lines = report.browser.execute_script(
        "return [...document.querySelectorAll('.uid')].map(each => each.getClientRects().length)"
    )
    assert lines[:3] == [1, 1, 1]


def test_cancelled_payment_is_named_by_how_much_of_it(report: Report) -> None:
    part = sighting("a", "9000", status="cancelled", cancelled="4000")
    whole = sighting("a", "9000", status="cancelled", cancelled="9000")
    report.open(
        [finding("a", Verdict.STATUS_DIFFERS, order("a"), each) for each in (part, whole)],
        language="ko",
    )

    assert ["부분취소" in cell for cell in report.column(4)] == [True, False]
    assert ["전액취소" in cell for cell in report.column(4)] == [False, True]


def test_instants_are_sorted_where_a_clock_shows_an_hour_twice(report: Report) -> None:
    times = [datetime(2026, 11, 1, hour, minute, tzinfo=UTC) for hour, minute in ((5, 40), (6, 10))]
    found = [
        finding(f"o-{n}", Verdict.ORPHAN, None, sighting(f"o-{n}", paid_at=time))
        for n, time in enumerate(times)
    ]
    report.open(found[::-1], timezone=ZoneInfo("America/New_York"))

    assert report.column(6) == ["2026-11-01 01:10:00 -05:00", "2026-11-01 01:40:00 -04:00"]
    report.sort("time")
    assert report.uids() == ["o-0", "o-1"]


def test_the_language_is_switched_everywhere_and_back(report: Report) -> None:
    report.open(day())
    report.sort("order")
    report.search("twice")
    before = report.one("body").text
    report.one("[data-language=ko]").click()

    assert report.browser.title == "결제 대사 보고서"
    assert report.one("html").get_attribute("lang") == "ko"
    assert report.one("[data-language=ko]").get_attribute("aria-pressed") == "true"
    assert "중복 결제" in report.column(1)[0]
    assert "결제 완료" in report.column(4)[0]
    assert report.uids() == ["twice"]
    assert "시간별 결제 금액" in report.one(".charts").text
    assert report.one("#search").get_attribute("placeholder") == "주문번호, imp_uid, 금액 …"
    assert report.one(".languages").get_attribute("aria-label") == "언어"
    assert "확인이 필요한 차이가 20건 있습니다." in report.one(".headline").text
    assert "undefined" not in report.one("body").text
    english = {"Verdict", "Due", "Order number", "Paid twice", "paid", "Total", "Previous"}
    assert not english & set(report.one("body").text.split("\n"))
    report.one("[data-language=en]").click()
    assert report.one("body").text == before


def test_the_browser_chooses_the_language_when_nobody_else_does(report: Report) -> None:
    report.open(day(), language=None)

    assert report.one("html").get_attribute("lang") == "en"
    assert report.one("h1").text == "Payment reconciliation"


@pytest.mark.parametrize("width", [1400, 390])
def test_nothing_is_wider_than_the_window(report: Report, width: int) -> None:
    long = finding("x" * 150, Verdict.MISSING, order("x", "9" * 24), error="y" * 500)
    report.show(width=width)
    report.open([*day(), long])

    wider = report.browser.execute_script(
        "return [...document.querySelectorAll('body *')].filter(each => !each.closest('.wide, svg')"
        " && each.getBoundingClientRect().right > innerWidth + 1).map(each => each.outerHTML)"
    )
    page = report.browser.execute_script("return document.documentElement.scrollWidth")
    assert wider == []
    assert page <= width


@pytest.mark.parametrize("width", [1400, 1280, 760, 390])
def test_no_table_of_a_usual_day_needs_to_be_pushed_aside(report: Report, width: int) -> None:
    report.show(width=width)
    report.open(day())

    hidden = report.browser.execute_script(
        "return [...document.querySelectorAll('.wide')].map(e => e.scrollWidth - e.clientWidth)"
    )
    assert hidden == [0, 0, 0, 0]


_CONTRAST = """
const light = (color) => {
  const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((part) => {
    const c = part / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (each) => {
  while (each && getComputedStyle(each).backgroundColor === "rgba(0, 0, 0, 0)") each = each.parentElement;
  return getComputedStyle(each ?? document.body).backgroundColor;
};
const pale = [];
for (const each of document.querySelectorAll("body *:not(script):not(noscript)")) {
  const text = [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!text || !each.checkVisibility() || each.closest("option, title")) continue;
  const style = getComputedStyle(each);
  const [a, b] = [light(each.closest("svg") ? style.fill : style.color), light(ground(each))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) pale.push([each.className, each.textContent, ratio]);
}
return pale;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(report: Report, scheme: str) -> None:
    report.show(scheme=scheme)
    report.open(day())

    assert report.browser.execute_script(_CONTRAST) == []


def test_dark_is_dark_and_light_is_light(report: Report) -> None:
    grounds: list[str] = []
    for scheme in ("light", "dark"):
        report.show(scheme=scheme)
        report.open(day())
        script = "return getComputedStyle(document.body).backgroundColor"
        grounds.append(report.browser.execute_script(script))

    light, dark = (int(ground.split("(")[1].split(",")[0]) for ground in grounds)
    assert light > 200
    assert dark < 60


def test_paper_shows_all_rows_and_no_buttons(report: Report) -> None:
    report.open(many())
    with report.on_paper():
        assert len(report.uids()) == 120
        for selector in (".languages", ".tools", ".pages"):
            assert not report.one(selector).is_displayed()
        assert report.one(".sign-off").is_displayed()
        assert not report.one("#printed").is_displayed()

    assert len(report.uids()) == 50
    assert not report.one(".sign-off").is_displayed()


def test_paper_names_the_filter(report: Report) -> None:
    report.open(many(), address="#q=o-11&verdict=missing")
    with report.on_paper():
        assert report.texts("#printed") == [
            "Only the rows of this filter are printed: Missing, o-11. 11 of 120."
        ]
        assert report.one("#printed").is_displayed()


def test_paper_has_the_wide_layout(report: Report) -> None:
    report.open(day())
    with report.on_paper(width=700):
        display = report.browser.execute_script(
            "return [...document.querySelectorAll('#rows, #rows tr, #rows td, #money tr')]"
            ".map(each => getComputedStyle(each).display)"
        )
    assert set(display) == {"table", "table-row", "table-cell"}


def test_printed_page_is_a4(report: Report) -> None:
    report.open(day())
    printed = report.browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    boxes = re.findall(rb"/MediaBox \[([^\]]+)\]", base64.b64decode(printed["data"]))

    assert {tuple(round(float(size)) for size in box.split()[2:]) for box in boxes} == {(595, 842)}


def test_a_day_without_differences_has_no_table_and_no_error(report: Report) -> None:
    report.open(day()[:20])

    assert report.one(".headline .verdict").text == "Everything matches."
    assert report.one("#differences .empty").text == "No differences."


def test_a_page_without_script_says_what_is_missing(report: Report) -> None:
    report.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        report.open(day())
        assert "needs JavaScript" in report.one("#differences").text
        assert "1,235,667 KRW" in report.one("#money").text
    finally:
        report.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
