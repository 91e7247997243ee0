"""Findings as a workbook: read back by calamine, and checked in its XML."""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import takewhile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from rich.cells import cell_len

from portone_async.cli.report import findings_writer, write_findings
from portone_async.cli.report.export.workbook import sheets
from portone_async.cli.report.messages import LANGUAGES, messages
from portone_async.cli.report.tier_finding import TierFinding
from portone_async.reconcile.finding import Finding, Verdict
from tests.support.report_run import HOSTILE, PERIOD, day, finding, order, snapshot, summary_of

Cell = str | int | float | bool | date | time | timedelta
Row = list[Cell]
KOREAN = messages("ko")
_XML = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@dataclass
class Book:
    """A workbook: its sheets as calamine reads them, and their XML."""

    tables: dict[str, list[Row]]
    xml: dict[str, str]

    def rows(self, verdict: Verdict, language: str = "ko") -> list[dict[str, Cell]]:
        name = (KOREAN if language == "ko" else messages("en"))[f"verdict.{verdict}"]
        header, *rows = self.tables[name]
        return [dict(zip(map(str, header), row, strict=True)) for row in rows]

    def row(self, verdict: Verdict) -> dict[str, Cell]:
        (row,) = self.rows(verdict)
        return row

    def cells(self, sheet: str) -> dict[str, ET.Element]:
        """Return the cells of the XML of a sheet by their reference."""
        root = ET.fromstring(self.xml[sheet])
        return {cell.attrib["r"]: cell for cell in root.iter(f"{_XML}c")}


def book(path: Path) -> Book:
    workbook = CalamineWorkbook.from_path(str(path))  # pyright: ignore[reportUnknownMemberType] (a bare PathLike)
    tables = {
        name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
        for name in workbook.sheet_names
    }
    with zipfile.ZipFile(path) as archive:
        xml = {
            name: archive.read(f"xl/worksheets/sheet{number}.xml").decode()
            for number, name in enumerate(workbook.sheet_names, 1)
        }
        xml["styles"] = archive.read("xl/styles.xml").decode()
    return Book(tables, xml)


def written(folder: Path, findings: Sequence[Finding], **options: Any) -> Book:
    path = folder / "findings.xlsx"
    write_findings(path, findings, **options)
    assert [*folder.iterdir()] == [path]
    return book(path)


def number_format(workbook: Book, sheet: str, cell: str) -> str:
    """Return the format of the numbers of a cell."""
    styles = ET.fromstring(workbook.xml["styles"])
    formats = {
        element.attrib["numFmtId"]: element.attrib["formatCode"]
        for element in styles.iter(f"{_XML}numFmt")
    }
    formats |= {"0": "General", "3": "#,##0", "4": "#,##0.00", "49": "@"}
    cells = styles.find(f"{_XML}cellXfs")
    assert cells is not None
    style = int(workbook.cells(sheet)[cell].attrib["s"])
    return formats[cells[style].attrib["numFmtId"]]


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workbooks")


@pytest.fixture(name="of_day", scope="module")
def _of_day(tmp_path_factory: pytest.TempPathFactory) -> Book:
    findings = day()
    folder = tmp_path_factory.mktemp("day")
    return written(folder, findings, summary=summary_of(findings), source="주문.csv", period=PERIOD)


def test_first_sheet_names_source_period_zone_and_version(of_day: Book) -> None:
    facts = {str(row[0]): str(row[1]) for row in of_day.tables["요약"][:8]}

    assert facts["주문 파일"] == "주문.csv"
    assert facts["기간"].startswith("2026-11-01 00:00:00+09:00부터")
    assert facts["시간대"] == "Asia/Seoul"
    assert facts["프로그램"].startswith("portone-async ")


def table_below(workbook: Book, title: str) -> dict[str, Row]:
    """Return the rows of a table of the first sheet, by their first cell."""
    table = workbook.tables["요약"]
    start = next(number for number, row in enumerate(table) if row[0] == title)
    return {str(row[0]): row[1:] for row in takewhile(lambda row: row[0], table[start:])}


def test_bridge_of_each_currency_adds_up_without_netting(of_day: Book) -> None:
    lines = table_below(of_day, "항목")

    assert lines["항목"][:2] == ["KRW", "USD"]
    for column in (0, 1):
        due, short, unknown, matched, over, unassigned, charged = (
            Decimal(str(lines[KOREAN[f"bridge.{key}"]][column]))
            for key in ("due", "short", "unknown", "matched", "over", "unassigned", "charged")
        )
        assert due + short + unknown == matched
        assert matched + over + unassigned == charged
    assert lines["부족"][0] == -1310067
    assert lines["초과"][0] == 43900


def test_counts_of_the_first_sheet_are_those_of_the_findings(of_day: Book) -> None:
    lines = {name: row[2] for name, row in table_below(of_day, "판정").items()}

    assert lines["합계"] == len(day())
    assert lines["결제 없음"] == 1 + len(HOSTILE)
    assert lines["일치"] == 20


def test_findings_that_differ_from_the_run_cause_a_warning(tmp_path: Path) -> None:
    workbook = written(tmp_path, day()[:-1], summary=summary_of(day()))

    assert KOREAN["notice.sums"] in [row[0] for row in workbook.tables["요약"]]


def test_findings_that_agree_with_the_run_cause_no_warning(of_day: Book) -> None:
    assert KOREAN["notice.sums"] not in [row[0] for row in of_day.tables["요약"]]


def test_workbook_without_findings_has_a_summary(tmp_path: Path) -> None:
    assert [*written(tmp_path, []).tables] == ["요약"]


def test_sheets_are_in_the_order_of_the_money_at_stake(of_day: Book) -> None:
    assert [*of_day.tables] == [
        *("요약", "결제 없음", "상태 불일치", "중복 결제", "부분취소", "주문 없는 결제"),
        *("통화 불일치", "테스트 결제", "금액 불일치", "확인 불가", "일치"),
    ]


def test_every_sheet_of_findings_has_a_filter_and_a_frozen_header(of_day: Book) -> None:
    for name, table in of_day.tables.items():
        if name != "요약":
            assert f'<autoFilter ref="A1:S{len(table)}"/>' in of_day.xml[name]
            assert '<pane ySplit="1" topLeftCell="A2"' in of_day.xml[name]


def test_filter_ranges_name_their_own_sheets(tmp_path: Path) -> None:
    written(tmp_path, day())

    with zipfile.ZipFile(tmp_path / "findings.xlsx") as archive:
        root = ET.fromstring(archive.read("xl/workbook.xml").decode())
    names = [sheet.attrib["name"] for sheet in root.iter(f"{_XML}sheet")]
    for defined in root.iter(f"{_XML}definedName"):
        sheet = names[int(defined.attrib["localSheetId"])]
        assert (defined.text or "").replace("'", "").startswith(f"{sheet}!")


@pytest.mark.parametrize("language", LANGUAGES)
def test_columns_are_wide_enough_for_their_headers(tmp_path: Path, language: Any) -> None:
    zone = ZoneInfo("America/Argentina/Buenos_Aires")
    workbook = written(tmp_path, day()[-1:], language=language, timezone=zone)

    *_, name = workbook.tables
    root = ET.fromstring(workbook.xml[name])
    widths = [float(column.attrib["width"]) for column in root.iter(f"{_XML}col")]
    spans = [int(col.attrib["max"]) - int(col.attrib["min"]) + 1 for col in root.iter(f"{_XML}col")]
    every = [width for width, span in zip(widths, spans, strict=True) for _ in range(span)]
    for width, title in zip(every, workbook.tables[name][0], strict=True):
        assert width > cell_len(str(title)) + 2


@pytest.mark.parametrize("amount", ["1234567", "0", "-1000"])
def test_amount_in_won_is_a_number_without_decimals(tmp_path: Path, amount: str) -> None:
    workbook = written(tmp_path, [finding("a", Verdict.MISSING, order("a", amount))])

    assert workbook.row(Verdict.MISSING)["주문 금액"] == float(amount)
    assert number_format(workbook, "결제 없음", "F2") == "#,##0"


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("1000.50", "KRW", "#,##0.0"),
        ("1000.00", "KRW", "#,##0"),
        ("20", "USD", "#,##0.00"),
        ("19.999", "USD", "#,##0.000"),
    ],
)
def test_format_of_an_amount_has_all_of_its_decimals(
    tmp_path: Path, amount: str, currency: str, expected: str
) -> None:
    workbook = written(tmp_path, [finding("a", Verdict.MISSING, order("a", amount, currency))])

    assert number_format(workbook, "결제 없음", "F2") == expected


@settings(max_examples=20)
@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=4), max_size=40))
def test_amount_is_exact_as_a_number_or_as_a_text(folder: Path, amounts: Sequence[Decimal]) -> None:
    findings = [finding("a", Verdict.MISSING, order("a", str(amount))) for amount in amounts]
    path = folder / "amounts.xlsx"
    write_findings(path, [*findings, finding("b", Verdict.MISSING, None)])

    *rows, _ = book(path).rows(Verdict.MISSING)
    for row, amount in zip(rows, amounts, strict=True):
        cell = row["주문 금액"]
        shown = cell if isinstance(cell, str) else f"{cell:.15G}"
        assert Decimal(shown.replace(",", "")) == amount


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1234567890123456", "1,234,567,890,123,456"),
        ("0.1234567890123456789", "0.1234567890123456789"),
    ],
)
def test_amount_beyond_15_digits_is_a_text(tmp_path: Path, amount: str, text: str) -> None:
    workbook = written(tmp_path, [finding("a", Verdict.MISSING, order("a", amount))])

    assert workbook.row(Verdict.MISSING)["주문 금액"] == text


def test_times_are_dates_in_the_zone_that_the_header_names(tmp_path: Path) -> None:
    paid_at = datetime(2026, 11, 1, 3, 4, 5, tzinfo=UTC)
    paid = finding("a", Verdict.MATCHED, order("a"), snapshot("a", paid_at=paid_at))
    workbook = written(tmp_path, [paid], timezone=ZoneInfo("America/New_York"))

    row = workbook.row(Verdict.MATCHED)
    assert row["결제 시각 (America/New_York)"] == datetime(2026, 10, 31, 23, 4, 5)  # noqa: DTZ001 (as Excel)
    assert number_format(workbook, "일치", "Q2") == "yyyy-mm-dd hh:mm:ss"


def test_time_before_the_dates_of_excel_is_a_text(tmp_path: Path) -> None:
    paid_at = datetime(1899, 1, 1, tzinfo=UTC)
    paid = finding("a", Verdict.MATCHED, order("a"), snapshot("a", paid_at=paid_at))
    workbook = written(tmp_path, [paid])

    assert workbook.row(Verdict.MATCHED)["결제 시각 (Asia/Seoul)"] == "1899-01-01 09:00:00+09:00"


NUMBERS_LIKE_SOMETHING_ELSE = (
    *("=1+1", "+821012345678", "-1", "@SUM(A1)", '=HYPERLINK("http://evil.example")'),
    *("0001", "20261101000000000001", "1E5", "2026-11-01", "TRUE", "#N/A", "1/2"),
    *(
        "http://evil.example",
        "mailto:a@evil.example",
        "internal:A1",
        "external:c:\\a",
        "file:///etc",
    ),
    *("{=SUM(A1:A2)}", "'quoted", "=cmd|' /C calc'!A0", "\t=1", "＝1"),  # noqa: RUF001 (full-width)
    *("<r><t>x</t></r>", '<r></is></c><c r="A9"><f>1+1</f></c><c><is></r>', "_x0041_", "&amp;"),
    *("주문-1", "🧾" * 3, "a" * 40),
)


def test_order_number_is_a_text_whatever_it_looks_like(tmp_path: Path) -> None:
    numbers = NUMBERS_LIKE_SOMETHING_ELSE
    hostile = [
        finding(uid, Verdict.ORPHAN, None, snapshot(uid, imp_uid=uid, status=uid, currency=uid))
        for uid in numbers
    ]
    workbook = written(tmp_path, hostile)

    shown = [str(row["주문번호"]) for row in workbook.rows(Verdict.ORPHAN)]
    escaped = {"\t=1": r"\t=1"} | {
        uid: uid.replace("<", r"\x3c", 1) for uid in numbers if uid[:3] == "<r>"
    }
    assert shown == [escaped.get(uid, uid) for uid in numbers]
    for cell in workbook.cells("주문 없는 결제").values():
        assert cell.find(f"{_XML}f") is None
    for name, xml in workbook.xml.items():
        assert not re.search(r"<f[ >]|hyperlink|oleObject|<v>[^0-9-]", xml), name
    types = {
        cell.attrib.get("t")
        for ref, cell in workbook.cells("주문 없는 결제").items()
        if ref[0] == "A"
    }
    assert types == {"inlineStr"}


def test_text_from_outside_stays_a_text_when_it_is_edited(of_day: Book) -> None:
    name = "중복 결제"
    header, *_ = of_day.tables[name]
    formats = {
        str(title): number_format(of_day, name, f"{chr(ord('A') + number)}2")
        for number, title in enumerate(header)
        if "s" in of_day.cells(name).get(f"{chr(ord('A') + number)}2", ET.Element("c")).attrib
    }
    texts = {title for title, code in formats.items() if code == "@"}
    assert {"주문번호", "imp_uid", "주문 상태", "결제 상태", "결제 통화"} <= texts
    # A formula that a reader writes below the amounts must be calculated.
    assert "@" not in {formats["주문 금액"], formats["결제 금액"], formats["차액"]}


def test_workbook_has_no_formula_or_link(of_day: Book) -> None:
    for xml in of_day.xml.values():
        assert not re.search(r"<f[ >]|<hyperlink", xml)


@settings(max_examples=20)
@given(st.lists(st.text(st.characters(), min_size=1, max_size=30), min_size=1, max_size=40))
def test_any_text_is_printable_and_read_back(folder: Path, texts: Sequence[str]) -> None:
    path = folder / "texts.xlsx"
    write_findings(path, [finding(text, Verdict.MISSING, None) for text in texts])

    for row, text in zip(book(path).rows(Verdict.MISSING), texts, strict=True):
        shown = str(row["주문번호"])
        assert shown.isprintable()
        if text.isprintable() and text == text.strip(" ") and not text.startswith("<r>"):
            assert shown == text


def test_control_characters_and_lone_surrogates_are_visible(of_day: Book) -> None:
    numbers = [row["주문번호"] for row in of_day.rows(Verdict.MISSING)]

    assert r"\x00\x1b[31m\x07" in numbers
    assert r"lone\udcffsurrogate" in numbers


@pytest.mark.parametrize("letter", ["가", "🧾", "\x00", "&"])
def test_text_beyond_the_limit_of_a_cell_is_truncated(tmp_path: Path, letter: str) -> None:
    workbook = written(tmp_path, [finding(letter * 40_000, Verdict.MISSING, None)])

    shown = str(workbook.row(Verdict.MISSING)["주문번호"])
    assert shown.endswith("…")
    assert 32_764 <= len(shown.encode("utf-16-le")) / 2 <= 32_767


def test_findings_beyond_a_sheet_continue_on_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sheets.MAX_ROWS == 2**20
    monkeypatch.setattr(sheets, "MAX_ROWS", 8)
    workbook = written(tmp_path, day())

    names = [*workbook.tables]
    assert names[1:3] == ["결제 없음", "결제 없음 (2)"]
    assert names[-3:] == ["일치", "일치 (2)", "일치 (3)"]
    parts = [workbook.tables[name] for name in names[-3:]]
    assert [len(part) for part in parts] == [8, 8, 7]
    assert [row[0] for part in parts for row in part[1:]] == [f"good-{n}" for n in range(20)]
    assert all(part[0] == parts[0][0] for part in parts)


def test_each_payment_has_a_row_and_the_order_is_counted_once(of_day: Book) -> None:
    first, second = of_day.rows(Verdict.PAID_TWICE)

    assert first["주문번호"] == second["주문번호"] == "twice"
    assert [row["imp_uid"] for row in (first, second)] == ["imp_twice_2", "imp_twice_1"]
    assert (first["주문 금액"], second["주문 금액"]) == (41900, "")
    assert (first["차액"], second["차액"]) == (41900, "")
    assert first["결제 건수"] == 2


def test_reason_is_a_sentence_in_the_language_of_the_workbook(tmp_path: Path) -> None:
    for language in LANGUAGES:
        texts = messages(language)
        workbook = written(tmp_path, day(), language=language)
        timed_out, unreadable = workbook.rows(Verdict.NOT_CHECKED, language)
        assert timed_out[texts["workbook.reason"]] == texts["error.timeout"]
        assert str(timed_out[texts["table.details"]]).startswith("RequestTimeoutError: <b>")
        place = texts["error.row"].format(place="orders.csv, line 7")
        assert unreadable[texts["workbook.reason"]] == place
        (partial,) = workbook.rows(Verdict.PARTIALLY_CANCELLED, language)
        assert partial[texts["workbook.reason"]] == texts["explain.partially_cancelled"]
        assert partial[texts["workbook.status"]] == texts["status.cancelled.part"]


def test_tiers_have_a_column(tmp_path: Path) -> None:
    of_tier = [
        TierFinding.of(found, tier) for found, tier in zip(day(), ["007", None], strict=False)
    ]
    workbook = written(tmp_path, of_tier, has_tiers=True)

    assert [row["하위 상점"] for row in workbook.rows(Verdict.MATCHED)] == ["007", ""]


def test_missing_library_is_reported_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(sheets.__package__ or "")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)

    with pytest.raises(ModuleNotFoundError, match="xlsxwriter"):
        findings_writer("findings.xlsx")
