"""The table of the report in a browser: search, sorting, paging, languages, hostile texts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from portone_async._worded import Worded
from portone_async.cli.orders.where import row_of
from portone_async.cli.report.safe_text import printable
from portone_async.reconcile.finding import Verdict
from tests.support.report_reader import Report, many
from tests.support.report_run import HOSTILE, PERIOD, day, finding, order, snapshot

pytestmark = pytest.mark.slow  # starts a browser


def test_table_shows_differences_and_no_matched_orders(report: Report) -> None:
    report.open(day())

    assert report.uids() == [
        printable(item.merchant_uid) for item in day() if item.verdict is not Verdict.MATCHED
    ]
    assert report.texts("#status") == [f"1\N{EN DASH}{len(report.uids())} of {len(report.uids())}"]


def test_hostile_order_numbers_stay_text(report: Report) -> None:
    report.open(day())

    assert report.uids()[-len(HOSTILE) :] == [printable(uid) for uid in HOSTILE]
    assert report.browser.title == "Payment reconciliation"
    assert report.texts("img, iframe, b, main script") == []
    assert "<b>no answer</b>" in " ".join(report.column(1))


def test_policy_blocks_injected_scripts_and_markup(report: Report) -> None:
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
    assert "Content Security Policy" in " ".join(report.console_messages())


def test_row_shows_order_payments_and_difference(report: Report) -> None:
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
        (r"\u202e", [printable(HOSTILE[4])]),
        (".*", []),
    ],
)
def test_search_matches_every_text_of_a_row(report: Report, text: str, uids: list[str]) -> None:
    report.open(day())
    report.search(text)

    assert report.uids() == uids
    assert report.element("#nothing").is_displayed() == (not uids)
    total = len(day(matched=0))
    assert report.texts("#status")[0].endswith(f"of {len(uids)} (of {total} in all)")


def test_verdict_filter_selects_rows(report: Report) -> None:
    report.open(day())
    Select(report.element("#verdict")).select_by_visible_text("Amount differs (2)")

    assert report.uids() == ["less", "dollar"]


@pytest.mark.parametrize(
    ("column", "cell", "amounts"),
    [
        ("order", 3, ["9", "10.5", "10.50000000000000000001", "9007199254740993", "9" * 30]),
        ("difference", 5, ["9" * 30, "9007199254740993", "10.50000000000000000001", "10.5", "9"]),
    ],
)
def test_amounts_are_sorted_as_exact_numbers(
    report: Report, column: str, cell: int, amounts: list[str]
) -> None:
    mixed = [*amounts[1::2], "9007199254740992", *amounts[::2]]
    report.open([finding(a, Verdict.MISSING, order(a, a)) for a in mixed])

    assert report.sort(column) == "ascending"
    amounts_shown = [text.partition(" ")[0].replace(",", "") for text in report.column(cell)]
    assert amounts_shown == [f"{amount}" for amount in sorted(map(Decimal, amounts_shown))]
    assert report.sort(column) == "descending"
    assert report.uids() == sorted(mixed, key=Decimal, reverse=column == "order")


def test_currencies_are_sorted_apart_and_empty_values_last(report: Report) -> None:
    report.open(
        [
            finding("none", Verdict.NOT_CHECKED, None, error="e"),
            finding("usd-2", Verdict.MISSING, order("u", "2", "USD")),
            finding("krw-900", Verdict.MISSING, order("k", "900")),
            finding("usd-1", Verdict.MISSING, order("u", "1", "USD")),
            finding("krw-1000", Verdict.MISSING, order("k", "1000")),
        ]
    )

    report.sort("order")
    assert report.uids() == ["krw-900", "krw-1000", "usd-1", "usd-2", "none"]
    report.sort("order")
    assert report.uids() == ["krw-1000", "krw-900", "usd-2", "usd-1", "none"]


def test_order_numbers_are_sorted_in_natural_order(report: Report) -> None:
    report.open([finding(uid, Verdict.MISSING, order(uid)) for uid in ("o-10", "o-9", "o-1")])
    report.sort("number")

    assert report.uids() == ["o-1", "o-9", "o-10"]
    headings = report.browser.find_elements(By.CSS_SELECTOR, "#rows th")
    sorts = [heading.get_attribute("aria-sort") for heading in headings]
    assert sorts == ["none", "ascending", "none", "none", "none", "none"]


def test_time_and_verdict_columns_are_sortable(report: Report) -> None:
    late, early = PERIOD[1], PERIOD[0]
    report.open(
        [
            finding("z", Verdict.ORPHAN, None, snapshot("z", paid_at=late)),
            finding("y", Verdict.PAID_TWICE, order("y"), snapshot("y", paid_at=early)),
            finding("x", Verdict.MISSING, order("x")),
        ]
    )

    report.sort("time")
    assert report.uids() == ["y", "z", "x"]
    report.sort("verdict")
    assert report.uids() == ["x", "y", "z"]


def test_table_is_sortable_by_keyboard(report: Report) -> None:
    report.open(many(3))
    report.element("#csv").send_keys(Keys.TAB, Keys.TAB)
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


def test_paging_works_and_a_search_returns_to_the_first_page(report: Report) -> None:
    report.open(many())

    def turn(step: str) -> tuple[str, str, str]:
        report.element(f"[data-step={step}]").click()
        return report.uids()[0], report.uids()[-1], report.texts("#page")[0]

    assert turn("next") == ("o-50", "o-99", "2/3")
    assert turn("last") == ("o-100", "o-119", "3/3")
    assert turn("next") == ("o-100", "o-119", "3/3")
    assert report.element("[data-step=next]").get_attribute("aria-disabled") == "true"
    assert turn("previous") == ("o-50", "o-99", "2/3")
    assert turn("first") == ("o-0", "o-49", "1/3")
    turn("last")
    report.search("o-1")
    assert report.uids()[0] == "o-1"
    Select(report.element("#size")).select_by_visible_text("25")
    assert len(report.uids()) == 25
    assert report.texts("#status") == ["1\N{EN DASH}25 of 31 (of 120 in all)"]


def test_error_is_a_sentence_with_folded_technical_details(report: Report) -> None:
    report.open(day())
    report.search("no answer")

    error = report.element("#rows .error")
    assert error.text.startswith("PortOne did not answer in time.")
    assert "RequestTimeoutError" not in error.text
    error.find_element(By.TAG_NAME, "summary").click()
    assert "RequestTimeoutError: <b>no answer</b> within 10 s" in error.text
    report.element("[data-language=ko]").click()
    assert report.element("#rows .error").text.startswith("포트원이 제때 응답하지 않았습니다.")


def test_unreadable_row_shows_its_place_in_the_file(report: Report) -> None:
    report.open([finding("", Verdict.NOT_CHECKED, None, error="<i>.csv:7: no amount")])

    assert report.texts("#rows .error p") == [
        "This row of the order file could not be read as an order: <i>.csv:7"
    ]


def test_row_of_a_workbook_and_its_problem_follow_the_language(report: Report) -> None:
    error = Worded(
        "{place}: {reason}", place=row_of("orders.xlsx", 4), reason=Worded("is not UTF-8")
    )
    report.open([finding("", Verdict.NOT_CHECKED, None, error=error)], language="ko")

    assert report.texts("#rows .error p") == [
        "주문 파일에서 읽지 못한 행입니다: orders.xlsx 4행. UTF-8이 아닙니다"
    ]
    report.element("[data-language=en]").click()
    (text,) = report.texts("#rows .error p")
    assert text.endswith(": orders.xlsx row 4")


def test_row_number_of_a_file_does_not_break_in_a_narrow_column(report: Report) -> None:
    place = "orders_of_november_in_korea.csv:1234567"
    report.open([finding("", Verdict.NOT_CHECKED, None, error=f"{place}: no amount")])

    lines = report.browser.execute_script(
        """
        const place = document.querySelector("#rows .error p bdi");
        place.style.whiteSpace = "nowrap";
        const room = place.getBoundingClientRect().width - 20;
        place.style.whiteSpace = "";
        place.parentElement.style.width = `${room}px`;
        const number = document.createRange();
        number.setStart(place.lastChild, place.lastChild.length - 7);
        number.setEnd(place.lastChild, place.lastChild.length);
        return [place, number].map((part) => part.getClientRects().length);
        """
    )
    assert report.element("#rows .error p bdi").text == place
    assert lines[1] == 1


def test_partial_and_full_cancellations_have_different_texts(report: Report) -> None:
    part = snapshot("a", "9000", status="cancelled", cancelled="4000")
    whole = snapshot("a", "9000", status="cancelled", cancelled="9000")
    report.open(
        [finding("a", Verdict.STATUS_DIFFERS, order("a"), payment) for payment in (part, whole)],
        language="ko",
    )

    assert ["부분취소" in cell for cell in report.column(4)] == [True, False]
    assert ["전액취소" in cell for cell in report.column(4)] == [False, True]


def test_times_of_a_repeated_hour_are_sorted_as_instants(report: Report) -> None:
    times = [datetime(2026, 11, 1, hour, minute, tzinfo=UTC) for hour, minute in ((5, 40), (6, 10))]
    findings = [
        finding(f"o-{n}", Verdict.ORPHAN, None, snapshot(f"o-{n}", paid_at=time))
        for n, time in enumerate(times)
    ]
    report.open(findings[::-1], timezone=ZoneInfo("America/New_York"))

    assert report.column(6) == ["2026-11-01 01:10:00 -05:00", "2026-11-01 01:40:00 -04:00"]
    report.sort("time")
    assert report.uids() == ["o-0", "o-1"]


def test_language_switch_changes_every_text_and_back(report: Report) -> None:
    report.open(day())
    report.sort("number")
    report.search("twice")
    before = report.element("body").text
    report.element("[data-language=ko]").click()

    assert report.browser.title == "결제 대사 보고서"
    assert report.element("html").get_attribute("lang") == "ko"
    assert report.element("[data-language=ko]").get_attribute("aria-pressed") == "true"
    assert "중복 결제" in report.column(1)[0]
    assert "결제 완료" in report.column(4)[0]
    assert report.uids() == ["twice"]
    assert "시간별 결제 금액" in report.element(".charts").text
    assert report.element("#search").get_attribute("placeholder") == "주문번호, imp_uid, 금액 …"
    assert report.element(".languages").get_attribute("aria-label") == "언어"
    assert "확인이 필요한 차이가 20건 있습니다." in report.element(".headline").text
    assert "undefined" not in report.element("body").text
    english = {"Verdict", "Due", "Order number", "Paid twice", "paid", "Total", "Previous"}
    assert not english & set(report.element("body").text.split("\n"))
    report.element("[data-language=en]").click()
    assert report.element("body").text == before


def test_default_language_is_that_of_the_browser(report: Report) -> None:
    report.open(day(), language=None)

    assert report.element("html").get_attribute("lang") == "en"
    assert report.element("h1").text == "Payment reconciliation"


def test_day_without_differences_has_no_table(report: Report) -> None:
    report.open(day()[:20])

    assert report.element(".headline .verdict").text == "Everything matches."
    assert report.element("#differences .empty").text == "No differences."


def test_page_without_javascript_states_that_the_table_needs_it(report: Report) -> None:
    report.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        report.open(day())
        assert "needs JavaScript" in report.element("#differences").text
        assert "1,235,667 KRW" in report.element("#money").text
    finally:
        report.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
