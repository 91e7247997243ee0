"""The filters of the report: in the address of the page, and in the downloaded CSV."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from portone_async.cli.report.tier_finding import TierFinding
from portone_async.reconcile.finding import Verdict
from tests.support.report_reader import Report, many
from tests.support.report_run import HOSTILE, day, finding, order, snapshot

pytestmark = pytest.mark.slow  # starts a browser

ALL_FILTERS = "#q=o-1&verdict=missing&size=25&sort=order&order=descending&page=2"


def test_filters_are_stored_in_the_address(report: Report) -> None:
    report.open(many())
    report.search("o-1")
    Select(report.element("#verdict")).select_by_value("missing")
    Select(report.element("#size")).select_by_visible_text("25")
    report.sort("order")
    report.sort("order")
    report.element("[data-step=next]").click()

    assert report.fragment() == ALL_FILTERS


def test_address_sets_the_filters(report: Report) -> None:
    report.open(many(), address=ALL_FILTERS)

    assert report.uids() == ["o-14", "o-13", "o-12", "o-11", "o-10", "o-1"]
    assert report.element("#search").get_attribute("value") == "o-1"
    assert Select(report.element("#verdict")).first_selected_option.text == "Missing (120)"
    assert Select(report.element("#size")).first_selected_option.text == "25"
    assert report.element("[data-column=order]").find_element(By.XPATH, "..").get_attribute(
        "aria-sort"
    ) == ("descending")
    assert report.texts("#page") == ["2/2"]


def test_changed_address_changes_the_filters(report: Report) -> None:
    report.open(many(), address=ALL_FILTERS)
    report.browser.execute_script("location.hash = '#q=o-119'")

    WebDriverWait(report.browser, 10).until(lambda _: report.uids() == ["o-119"])


def test_reset_button_clears_all_filters(report: Report) -> None:
    report.open(many(), address=ALL_FILTERS)
    report.element("#reset").click()

    assert report.fragment() == ""
    assert len(report.uids()) == 50
    assert not report.element("#reset").is_displayed()


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
def test_unknown_words_in_the_address_are_ignored(report: Report, address: str) -> None:
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


def test_long_text_in_the_address_is_truncated(report: Report) -> None:
    report.open(many(3), address=f"#q={'x' * 100_000}")

    assert report.element("#search").get_attribute("value") == "x" * 200


def test_filtered_rows_are_downloaded_as_csv(report: Report, tmp_path: Path) -> None:
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


def test_downloaded_csv_has_the_rows_of_all_pages(report: Report, tmp_path: Path) -> None:
    report.open(many())

    assert [line["merchant_uid"] for line in report.downloaded(tmp_path)] == [
        f"o-{n}" for n in range(120)
    ]


@pytest.mark.parametrize("start", [*"=+-@'", "＝", "＋", "－", "＠"])  # noqa: RUF001 (full-width on purpose)
def test_downloaded_csv_holds_no_formula(report: Report, tmp_path: Path, start: str) -> None:
    text = f'{start}HYPERLINK("http://evil.example"),1'
    failed = finding(text, Verdict.NOT_CHECKED, order(text, currency=text), error=text)
    other = finding(text, Verdict.ORPHAN, None, snapshot(text, imp_uid=text, currency=text))
    report.open([failed, other])
    first, second = report.downloaded(tmp_path)

    assert first["merchant_uid"] == first["error"] == first["order_currency"] == f"'{text}"
    assert second["imp_uid"] == second["currency"] == f"'{text}"


@pytest.mark.parametrize("uid", ["2026110112345678", "00123"])
def test_downloaded_order_number_keeps_all_digits(report: Report, tmp_path: Path, uid: str) -> None:
    report.open([finding(uid, Verdict.MISSING, order(uid, "1000"))])

    (line,) = report.downloaded(tmp_path)
    assert (line["merchant_uid"], line["order_amount"]) == (f"'{uid}", "1000")


def test_downloaded_negative_difference_is_a_plain_number(report: Report, tmp_path: Path) -> None:
    report.open([finding("a", Verdict.MISSING, order("a", "1234567.50", "USD"))])

    (line,) = report.downloaded(tmp_path)
    assert (line["order_amount"], line["difference"]) == ("1234567.50", "-1234567.50")


def test_tiers_of_equal_order_numbers_are_distinguished(report: Report, tmp_path: Path) -> None:
    missing = finding("o-1", Verdict.MISSING, order("o-1"))
    report.open([TierFinding.of(missing, tier) for tier in ("A01", None, "B02")])

    assert report.uids() == ["o-1Tier A01", "o-1", "o-1Tier B02"]
    assert [line["tier"] for line in report.downloaded(tmp_path)] == ["A01", "", "B02"]
    report.search("a01")
    assert report.uids() == ["o-1Tier A01"]
