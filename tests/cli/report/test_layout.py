"""The layout of the report: widths, color schemes, print."""

from __future__ import annotations

import base64
import re

import pytest

from portone_async.reconcile.finding import Verdict
from tests.support.report_reader import Report, many
from tests.support.report_run import day, finding, order

pytestmark = pytest.mark.slow  # starts a browser


def test_order_number_does_not_wrap_at_1280_pixels(report: Report) -> None:
    uids = ["20261101-1000001234", "9f1c2d3e-4b5a-6978-8897-a6b5c4d3e2f1", "m" * 40]
    report.show(width=1280)
    usual = [finding(uid, Verdict.MISSING, order(uid, "1234567")) for uid in uids]
    report.open([*usual, *day(matched=0)])

    lines = report.browser.execute_script(
        "return [...document.querySelectorAll('.uid')].map(element => element.getClientRects().length)"
    )
    assert lines[:3] == [1, 1, 1]


@pytest.mark.parametrize("width", [1400, 390])
def test_page_is_not_wider_than_the_window(report: Report, width: int) -> None:
    long = finding("x" * 150, Verdict.MISSING, order("x", "9" * 24), error="y" * 500)
    report.show(width=width)
    report.open([*day(), long])

    wider = report.browser.execute_script(
        "return [...document.querySelectorAll('body *')].filter(element => !element.closest('.wide, svg')"
        " && element.getBoundingClientRect().right > innerWidth + 1).map(element => element.outerHTML)"
    )
    page = report.browser.execute_script("return document.documentElement.scrollWidth")
    assert wider == []
    assert page <= width


@pytest.mark.parametrize("width", [1400, 1280, 760, 390])
def test_tables_of_a_usual_day_do_not_scroll_sideways(report: Report, width: int) -> None:
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
const ground = (element) => {
  while (element && getComputedStyle(element).backgroundColor === "rgba(0, 0, 0, 0)") element = element.parentElement;
  return getComputedStyle(element ?? document.body).backgroundColor;
};
const pale = [];
for (const element of document.querySelectorAll("body *:not(script):not(noscript)")) {
  const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!text || !element.checkVisibility() || element.closest("option, title")) continue;
  const style = getComputedStyle(element);
  const [a, b] = [light(element.closest("svg") ? style.fill : style.color), light(ground(element))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) pale.push([element.className, element.textContent, ratio]);
}
return pale;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_a_contrast_of_4_5(report: Report, scheme: str) -> None:
    report.show(scheme=scheme)
    report.open(day())

    assert report.browser.execute_script(_CONTRAST) == []


def test_page_follows_the_color_scheme(report: Report) -> None:
    grounds: list[str] = []
    for scheme in ("light", "dark"):
        report.show(scheme=scheme)
        report.open(day())
        script = "return getComputedStyle(document.body).backgroundColor"
        grounds.append(report.browser.execute_script(script))

    light, dark = (int(ground.split("(")[1].split(",")[0]) for ground in grounds)
    assert light > 200
    assert dark < 60


def test_print_shows_all_rows_and_no_buttons(report: Report) -> None:
    report.open(many())
    with report.on_paper():
        assert len(report.uids()) == 120
        for selector in (".languages", ".tools", ".pages"):
            assert not report.element(selector).is_displayed()
        assert report.element(".sign-off").is_displayed()
        assert not report.element("#printed").is_displayed()

    assert len(report.uids()) == 50
    assert not report.element(".sign-off").is_displayed()


def test_print_names_the_filter(report: Report) -> None:
    report.open(many(), address="#q=o-11&verdict=missing")
    with report.on_paper():
        assert report.texts("#printed") == [
            "Only the rows of this filter are printed: Missing, o-11. 11 of 120."
        ]
        assert report.element("#printed").is_displayed()


def test_print_uses_the_wide_layout(report: Report) -> None:
    report.open(day())
    with report.on_paper(width=700):
        display = report.browser.execute_script(
            "return [...document.querySelectorAll('#rows, #rows tr, #rows td, #money tr')]"
            ".map(element => getComputedStyle(element).display)"
        )
    assert set(display) == {"table", "table-row", "table-cell"}


def test_printed_header_has_no_boxes_of_buttons(report: Report) -> None:
    # With one, Chromium prints the header on the first page of the table only.
    report.open(many())
    with report.on_paper():
        boxes = report.browser.execute_script(
            "return [...document.querySelectorAll('#rows thead button')]"
            ".map(element => element.getClientRects().length)"
        )
        header = report.element("#rows thead").text.split()
    assert boxes == [0] * 6
    assert header[:3] == ["Verdict", "Order", "number"]


def test_printed_page_is_a4(report: Report) -> None:
    report.open(day())
    printed = report.browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    boxes = re.findall(rb"/MediaBox \[([^\]]+)\]", base64.b64decode(printed["data"]))

    assert {tuple(round(float(size)) for size in box.split()[2:]) for box in boxes} == {(595, 842)}
