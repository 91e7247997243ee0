"""The HTML file of the report: security policy, languages, figures, charts."""

from __future__ import annotations

import json
import re
import string
import subprocess
import sys
import weakref
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import portone_async
from portone_async.cli.report import NotWrittenError, write_report
from portone_async.cli.report import page as page_package
from portone_async.cli.report.export.workbook.rows import columns
from portone_async.cli.report.messages import LANGUAGES, messages
from portone_async.cli.report.money import format_amount
from portone_async.cli.report.page.render import SCRIPTS, read_asset
from portone_async.cli.report.page.time_buckets import Unit
from portone_async.cli.report.reasons import REASONS
from portone_async.cli.report.safe_text import printable, script_json
from portone_async.cli.report.statement import statement
from portone_async.models import PaymentStatus
from portone_async.reconcile import (
    AssumedEmpty,
    Bridge,
    Finding,
    Verdict,
    bridges,
)
from tests.support.report_run import HOSTILE, KST, PERIOD, day, finding, order, snapshot, summary_of


class Page(HTMLParser):
    """The elements and texts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.content: dict[str, str] = {}
        """The content of style and script elements, by tag and id."""
        self.tables: dict[str, list[list[str]]] = {}
        self.text = ""
        self._raw: str | None = None
        self._cells: list[list[str]] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag in {"style", "script"}:
            self._raw = f"{tag} {attributes.get('id', '')}".strip()
        elif tag == "table":
            self._cells = self.tables.setdefault(attributes["id"] or "", [])
        elif tag == "tr" and self._cells is not None:
            self._cells.append([])
        elif tag in {"td", "th"} and self._cells:
            self._cells[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "script"}:
            self._raw = None
        elif tag == "table":
            self._cells = None

    def handle_data(self, data: str) -> None:
        if self._raw is not None:
            self.content[self._raw] = self.content.get(self._raw, "") + data
            return
        self.text += data
        if self._cells and self._cells[-1]:
            self._cells[-1][-1] = " ".join(f"{self._cells[-1][-1]} {data}".split())


def render(folder: Path, findings: list[Finding], *, language: Any = "en", **options: Any) -> Page:
    path = folder / "report.html"
    defaults: dict[str, Any] = {"summary": summary_of(findings), "period": PERIOD}
    write_report(path, findings=iter(findings), language=language, **defaults | options)
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(name="page", scope="module")
def _page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return render(tmp_path_factory.mktemp("report"), day(matched=1234))


def test_page_loads_nothing(page: Page) -> None:
    for tag, attributes in page.tags:
        assert tag not in {"link", "iframe", "object", "embed", "base", "img", "form", "use"}
        loading = {"src", "href", "xlink:href", "srcset", "action", "data", "poster", "style"}
        assert not loading & attributes.keys(), (tag, attributes)
    code = page.content["style"] + page.content["script"]
    assert not re.search(r"url\(|@import|https?:|//\w+\.|import\(|fetch\(|XMLHttp|WebSocket", code)


def test_policy_allows_only_the_style_and_script_of_the_page(page: Page) -> None:
    (policy,) = (
        attributes["content"] or ""
        for tag, attributes in page.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    allowed = dict(rule.split(" ", 1) for rule in policy.split("; "))
    hashes = {
        kind: b64encode(sha256(page.content[kind].encode()).digest()).decode()
        for kind in ("style", "script")
    }

    assert allowed == {
        "default-src": "'none'",
        "style-src": f"'sha256-{hashes['style']}'",
        "script-src": f"'sha256-{hashes['script']}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
    }


def test_policy_precedes_style_and_script(page: Page) -> None:
    tags = [tag for tag, _ in page.tags]
    policy = next(i for i, (_, attributes) in enumerate(page.tags) if "http-equiv" in attributes)

    assert policy < min(tags.index("style"), tags.index("script"), tags.index("title"))


def test_no_element_has_an_event_handler(page: Page) -> None:
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)


def test_script_never_parses_text_as_html() -> None:
    script = "".join(map(read_asset, SCRIPTS))

    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|DOMParser|"
        r"createContextualFragment|setHTML|srcdoc",
        script,
    )


def test_hostile_order_numbers_add_no_elements(tmp_path: Path) -> None:
    tame = [finding(f"tame-{n}", Verdict.MISSING, order("a", "100")) for n in range(len(HOSTILE))]
    hostile = [finding(uid, Verdict.MISSING, order(uid, "100")) for uid in HOSTILE]

    assert render(tmp_path, hostile).tags == render(tmp_path, tame).tags


def test_hostile_order_numbers_are_data(page: Page) -> None:
    rows = json.loads(page.content["script data"])

    assert [row[1] for row in rows][-len(HOSTILE) :] == [printable(uid) for uid in HOSTILE]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_title_currency_and_error_are_text(tmp_path: Path, text: str) -> None:
    uid = "a"
    findings = [
        finding(uid, Verdict.MISSING, order(uid, "100", currency=text), error=text),
        finding(uid, Verdict.MATCHED, order(uid, "5", text, text), snapshot(uid, currency=text)),
    ]
    page = render(tmp_path, findings, title=text)

    assert page.tags[0][0] == "html"
    assert not {"img", "b"} & {tag for tag, _ in page.tags}
    assert page.text.count(printable(text)) >= 5
    (row,) = json.loads(page.content["script data"])
    assert (row[2][1], row[6]) == (printable(text), printable(text))


@given(st.text(st.sampled_from('<>&\u2028\u2029"\\') | st.characters(codec="utf-8")))
def test_no_text_ends_its_script_element(text: str) -> None:
    encoded = script_json([text])

    assert json.loads(encoded) == [text]
    assert not set("<>&\u2028\u2029") & set(encoded)


@given(st.text(st.characters(), max_size=300))
def test_printable_text_is_printable_and_bounded(text: str) -> None:
    assert printable(text).isprintable()
    assert len(printable(text, 20)) <= 20 * len("\\U0001f600") + 1


def test_very_long_order_number_is_truncated(tmp_path: Path) -> None:
    page = render(tmp_path, [finding("x" * 10**6, Verdict.MISSING, None, error="y" * 10**6)])

    (row,) = json.loads(page.content["script data"])
    assert row[1] == "x" * 160 + "…"
    assert row[6].endswith("y…")
    assert (tmp_path / "report.html").stat().st_size < 200_000


def test_both_languages_have_every_message(page: Page) -> None:
    texts = json.loads(page.content["script messages"])

    assert set(texts) == set(LANGUAGES) == {"ko", "en"}
    korean, english = texts["ko"], texts["en"]
    assert korean.keys() == english.keys()
    for key in korean:
        assert korean[key].strip()
        assert english[key].strip()
        assert placeholders(korean[key]) == placeholders(english[key]), key


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_message_is_used() -> None:
    folder = Path(page_package.__file__).parent
    sources = "".join(
        (folder / name).read_text(encoding="utf-8")
        for name in (
            "assets/charts.html",
            "assets/report.html",
            "assets/report.js",
            "figures.py",
            "render.py",
        )
    )
    # Keys that are composed where they are used.
    composed = {f"{kind}.{verdict}" for verdict in Verdict for kind in ("verdict", "explain")}
    composed |= {f"status.{status}" for status in PaymentStatus}
    composed |= {f"error.{reason}" for reason in REASONS}
    composed |= {f"bridge.{line.key}" for line in statement({})}
    composed |= {f"money.{name}" for name in ("due", "short", "unknown", "over", "charged")}
    composed |= {f"headline.{name}" for name in ("short", "over", "unknown")}
    composed |= {f"{kind}.{unit}" for unit in Unit for kind in _BY_UNIT} - {
        f"{kind}.hour" for kind in _BY_UNIT[1:]
    }
    composed |= {
        f"table.{column}" for column in ("number", "order", "payment", "difference", "time")
    }
    composed |= {f"table.{step}" for step in ("first", "previous", "next", "last")}
    composed |= {f"time.{name}" for name in ("charged", "short", "over", "outside", "unknown")}
    composed |= {f"sign.{role}" for role in ("made", "checked", "approved")}
    composed |= {"table.sorted.ascending", "table.sorted.descending"}

    # The headers of the workbook.
    composed |= {column.title for column in columns(has_tiers=True)} | {"workbook.summary"}

    assert composed <= messages("en").keys()
    assert [key for key in messages("en").keys() - composed if f'"{key}"' not in sources] == []


_BY_UNIT = ("chart.time", "time.heading", "time.unit")


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_has_the_requested_language_without_a_script(tmp_path: Path, language: str) -> None:
    page = render(tmp_path, day(), language=language)
    attributes = next(values for tag, values in page.tags if tag == "html")

    assert attributes["lang"] == language
    assert ("결제 대사 보고서" in page.text) == (language == "ko")
    assert json.loads(page.content["script settings"])["language"] == language


def test_page_without_a_language_leaves_it_to_the_browser(tmp_path: Path) -> None:
    page = render(tmp_path, day(), language=None)

    assert json.loads(page.content["script settings"])["language"] is None


def test_figures_by_verdict_equal_those_of_the_findings(page: Page) -> None:
    findings = day(matched=1234)
    summary = summary_of(findings)

    for verdict, row in zip(Verdict, page.tables["money"][1:-1], strict=True):
        expected = bridges(item for item in findings if item.verdict is verdict)
        name = f"{messages('en')[f'verdict.{verdict}']} {messages('en')[f'explain.{verdict}']}"
        assert row[0].endswith(f" {name}")
        assert row[1] == f"Count {summary.counts[verdict]:,}"
        for cell, key in zip(row[2:], _MONEY, strict=True):
            assert cell == " ".join([messages("en")[f"money.{key}"], sums(expected, key)])
    total = page.tables["money"][-1]
    assert total[1] == f"Count {sum(summary.counts.values()):,}"
    assert total[2:] == [
        f"{messages('en')[f'money.{key}']} {sums(summary.bridge, key)}" for key in _MONEY
    ]
    assert "1,124" in page.text
    assert "including 7 retries" in page.text
    assert "1 min 23 s" in page.text


_MONEY = ("due", "short", "unknown", "over", "charged")


def sums(by_currency: Mapping[str, Bridge], key: str) -> str:
    amounts = [(getattr(by_currency[currency], key), currency) for currency in sorted(by_currency)]
    texts = [
        f"{format_amount(amount, currency)} {currency}" for amount, currency in amounts if amount
    ]
    return " ".join(texts) or "–"  # noqa: RUF001


def test_page_has_the_statement_and_states_that_it_adds_up(page: Page) -> None:
    head, *lines = page.tables["bridge"]
    cells = {name: amounts for name, *amounts in lines}

    assert head == ["Line", "KRW", "USD"]
    assert cells["Due"] == ["13,879,477", "19.99"]
    assert cells["Short"] == ["-1,310,067", "–"]  # noqa: RUF001
    assert cells["Over"] == ["+43,900", "+0.01"]
    assert cells["Charged at PortOne, less cancellations"] == ["12,612,800", "520.00"]
    assert "The lines add up in each currency" in page.text


def test_statement_counts_the_unreadable_rows(tmp_path: Path) -> None:
    rows = [finding("", Verdict.NOT_CHECKED, None, error=f"orders.csv:{n}: x") for n in range(3)]

    assert "that could not be read: 3. Their" in render(tmp_path, [*day()[:5], *rows]).text
    assert "could not be read" not in render(tmp_path, day()[:20]).text.replace(
        messages("en")["explain.not_checked"], ""
    )


def test_headline_does_not_net_short_and_over(tmp_path: Path) -> None:
    gone = finding("gone", Verdict.MISSING, order("gone", "1000"))
    orphan = finding("orphan", Verdict.ORPHAN, None, snapshot("orphan", "1000"))
    page = render(tmp_path, [gone, orphan])

    assert "Short 1,000 KRW Over 1,000 KRW" in " ".join(page.text.split())


def test_page_that_does_not_add_up_does_not_claim_it(tmp_path: Path) -> None:
    findings = day()
    page = render(tmp_path, findings, summary=summary_of(findings[1:]))

    assert "The lines add up" not in page.text


def test_page_names_source_run_and_program(tmp_path: Path) -> None:
    page = render(
        tmp_path,
        day(),
        source="orders 11-01.csv",
        summary=replace(summary_of(day()), started_at=PERIOD[1], ended_at=PERIOD[1] + _TWO_MINUTES),
    )

    assert "orders 11-01.csv" in page.text
    assert "2026-11-02 00:00:00+09:00 to 2026-11-02 00:02:00+09:00" in page.text
    assert f"portone-async {portone_async.__version__}" in page.text


_TWO_MINUTES = timedelta(minutes=2)


def test_page_lists_periods_assumed_empty(tmp_path: Path) -> None:
    assumed = (AssumedEmpty("paid", PERIOD[0], PERIOD[0] + _TWO_MINUTES),) * 25
    page = render(tmp_path, day(), summary=replace(summary_of(day()), assumed_empty=assumed))

    assert "PortOne refused to list payments in 25 periods" in page.text
    period = "paid 2026-11-01 00:00:00+09:00 – 2026-11-01 00:02:00+09:00"  # noqa: RUF001
    assert page.text.count(period) == 20
    assert "refused to list" not in render(tmp_path, day()).text


def test_page_has_fields_for_signatures(page: Page) -> None:
    text = " ".join(page.text.replace("signature", "signature ").split())

    for role in ("Made by", "Checked by", "Approved by"):
        assert f"{role}Name and signature Date" in text


def test_amounts_are_exact_everywhere(tmp_path: Path) -> None:
    amount, text = "12345678901234567890.12", "12,345,678,901,234,567,890.12"
    uid = "a"
    page = render(tmp_path, [finding(uid, Verdict.MISSING, order(uid, amount, "USD"))])

    assert page.tables["money"][2][2] == f"Due {text} USD"
    assert page.tables["times"][1][4] == f"Short {text} USD"
    assert page.tables["money"][-1][3] == f"Short {text} USD"
    assert ["No payment", f"-{text}"] in page.tables["bridge"]
    (row,) = json.loads(page.content["script data"])
    assert row[2] == [text, "USD", "paid", ""]
    assert row[5] == [f"-{text}", "USD"]


def test_times_are_in_the_named_time_zone(tmp_path: Path) -> None:
    late = snapshot("a", paid_at=datetime(2026, 11, 1, 23, 30, tzinfo=UTC))
    findings = [finding("a", Verdict.PARTIALLY_CANCELLED, order("a"), late)]
    options: dict[str, Any] = {"period": None, "created_at": PERIOD[1]}
    seoul = render(tmp_path, findings, timezone=KST, **options)
    paris = render(tmp_path, findings, timezone=ZoneInfo("Europe/Paris"), **options)

    assert seoul.tables["times"][1][0] == "2026-11-02"
    assert json.loads(seoul.content["script data"])[0][3][0][6] == "2026-11-02 08:30:00+09:00"
    assert "2026-11-02 00:00:00" in seoul.text
    assert paris.tables["times"][1][0] == "2026-11-02"
    assert json.loads(paris.content["script data"])[0][3][0][6] == "2026-11-02 00:30:00+01:00"
    assert "Europe/Paris" in paris.text
    assert "2026-11-01 16:00:00+01:00" in paris.text


def test_default_time_zone_is_seoul(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_report(path, summary=summary_of([]), findings=[])

    assert "Asia/Seoul" in path.read_text(encoding="utf-8")


def test_limited_table_is_announced_and_figures_count_all(tmp_path: Path) -> None:
    findings = [finding(f"{n}", Verdict.MISSING, order(f"{n}", "1")) for n in range(1500)]
    page = render(tmp_path, findings, max_rows=1000)

    assert len(json.loads(page.content["script data"])) == 1000
    assert "only the first 1,000 of 1,500 differences" in page.text
    assert page.tables["money"][2][2] == "Due 1,500 KRW"


def test_limited_table_counts_what_it_leaves_out_by_verdict(tmp_path: Path) -> None:
    missing = [finding(f"{n}", Verdict.MISSING, order(f"{n}", "1")) for n in range(30)]
    unchecked = [finding(f"u{n}", Verdict.NOT_CHECKED, order(f"u{n}", "1")) for n in range(8)]
    orphans = [finding(f"o{n}", Verdict.ORPHAN, None, snapshot(f"o{n}")) for n in range(2)]
    page = render(tmp_path, [*missing, *unchecked, *orphans], max_rows=9)

    rows = Counter(row[0] for row in json.loads(page.content["script data"]))
    assert rows == {"missing": 3, "not_checked": 4, "orphan": 2}
    text = " ".join(page.text.split())
    assert "Left out: Missing: 27 Could not be checked: 4 No file lists them" in text


@pytest.mark.parametrize("name", ["findings.csv", "결과 <b>.csv", "\u202eevil.csv"])
def test_limited_table_names_the_file_of_all_findings(tmp_path: Path, name: str) -> None:
    findings = [finding(f"{n}", Verdict.MISSING, order(f"{n}", "1")) for n in range(3)]
    page = render(tmp_path, findings, max_rows=2, findings_file=name)

    assert f"The file {printable(name)} lists all of them." in page.text


def test_complete_table_announces_no_limit(page: Page) -> None:
    assert "only the first" not in page.text


def test_matched_orders_have_no_rows(page: Page) -> None:
    rows = json.loads(page.content["script data"])

    assert len(rows) == len(day(matched=0))
    assert "matched" not in {row[0] for row in rows}


def test_page_warns_if_it_does_not_add_up(tmp_path: Path, page: Page) -> None:
    findings = day()
    wrong = render(tmp_path, findings[1:], summary=summary_of(findings))

    assert "do not add up" in wrong.text
    assert "do not add up" not in page.text


@pytest.mark.parametrize(
    ("findings", "headline"),
    [
        ([], "There was nothing to compare."),
        (day()[:20], "Everything matches."),
        (day()[:21], "Differences to look at: 1."),
        ([*day()[:20], day()[-len(HOSTILE) - 1]], "Could not be checked: 1."),
    ],
)
def test_headline_states_the_result(tmp_path: Path, findings: list[Finding], headline: str) -> None:
    page = render(tmp_path, findings)

    assert headline in page.text
    assert ("Everything matches." in page.text) == (headline == "Everything matches.")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (60, "1 min 0 s"),
        (119.6, "2 min 0 s"),
        (7530, "2 h 5 min"),
    ],
)
def test_duration_has_hours_minutes_and_seconds(tmp_path: Path, seconds: float, text: str) -> None:
    summary = replace(summary_of(day()), seconds=seconds)

    assert text in render(tmp_path, day(), summary=summary).text


def test_one_difference_is_never_rounded_to_100_percent(tmp_path: Path) -> None:
    gone = finding("gone", Verdict.MISSING, order("gone"))
    good = finding("good", Verdict.MATCHED, order("good"), snapshot("good"))

    assert "99.99 % of 100,000 orders" in render(tmp_path, [*[good] * 99_999, gone]).text


def test_payments_without_an_order_do_not_count_as_orders(tmp_path: Path) -> None:
    failed = snapshot("a", status="failed", paid_at=None)
    good = finding("good", Verdict.MATCHED, order("good"), snapshot("good"))
    page = render(tmp_path, [good, finding("a", Verdict.MATCHED, None, failed)])

    assert "100.00 % of 1 orders" in page.text
    assert "and 1 payments without an order" in page.text


def test_each_currency_has_two_charts(page: Page) -> None:
    tags = [tag for tag, _ in page.tags]

    assert tags.count("svg") == 4
    assert tags.count("figcaption") == 4


def test_chart_has_no_styles_and_no_ids(page: Page) -> None:
    shapes = [attributes for tag, attributes in page.tags if tag in {"rect", "line", "text"}]

    assert shapes
    geometry = {"x", "x1", "x2", "y", "y1", "y2", "width", "height"}
    names = {name for attributes in shapes for name in attributes}
    assert names <= geometry | {"class", "data-text"}


def test_column_is_as_high_as_its_money(tmp_path: Path) -> None:
    findings = [
        finding(
            "a",
            Verdict.MATCHED,
            order("a", amount),
            snapshot("a", amount, paid_at=PERIOD[0] + after),
        )
        for amount, after in (("400", timedelta(0)), ("100", timedelta(hours=2)))
    ]
    page = render(tmp_path, findings)
    columns = [
        attributes for _, attributes in page.tags if attributes.get("class") == "column charged"
    ]

    assert [float(column["height"] or "") for column in columns] == [150, 37.5]
    assert [float(column["y"] or "") for column in columns] == [34, 34 + 150 - 37.5]


@pytest.mark.parametrize(
    ("amounts", "widths"), [(("400", "100"), [440, 110]), (("400", "1"), [440, 2])]
)
def test_bar_is_as_long_as_its_money(
    tmp_path: Path, amounts: tuple[str, str], widths: list[float]
) -> None:
    missing, orphan = amounts
    page = render(
        tmp_path,
        [
            finding("a", Verdict.MISSING, order("a", missing)),
            finding("b", Verdict.ORPHAN, None, snapshot("b", orphan)),
        ],
    )
    bars = [
        attributes
        for _, attributes in page.tags
        if (attributes.get("class") or "").startswith("bar ")
    ]

    assert [float(bar["width"] or "") for bar in bars] == widths


def test_payments_outside_the_period_are_one_sum(tmp_path: Path) -> None:
    late = snapshot("a", paid_at=PERIOD[1] + timedelta(days=40))
    page = render(tmp_path, [finding("a", Verdict.MATCHED, order("a"), late)])

    assert [row[0] for row in page.tables["times"]] == ["Day", "Outside the period"]


def test_column_has_its_exact_amount_as_tooltip(page: Page) -> None:
    assert "2026-11-01 12:00  12,529,000" in page.text


def test_charts_are_limited_to_four_currencies(tmp_path: Path) -> None:
    findings = [
        finding(currency, Verdict.MISSING, order(currency, "1", currency))
        for currency in ("AAA", "BBB", "CCC", "DDD", "EEE", "KRW")
    ]
    page = render(tmp_path, findings)

    assert [tag for tag, _ in page.tags].count("svg") == 4
    assert "for 4 currencies only" in page.text
    assert "1 EEE" in page.text


@pytest.mark.parametrize(
    ("length", "unit", "row"),
    [
        (timedelta(hours=30), "hour", "2026-11-01"),
        (timedelta(days=60), "day", "2026-11-01"),
        (timedelta(days=400), "month", "2026-11"),
        (timedelta(days=4000), "year", "2026"),
    ],
)
def test_longer_period_has_larger_buckets(
    tmp_path: Path, length: timedelta, unit: str, row: str
) -> None:
    findings = [
        finding("a", Verdict.MATCHED, order("a"), snapshot("a", paid_at=PERIOD[0] + part))
        for part in (timedelta(0), length)
    ]
    page = render(tmp_path, findings, period=None)

    assert f"Charged by {unit}" in page.text
    assert page.tables["times"][1][0] == row


def test_failed_write_leaves_no_report(tmp_path: Path) -> None:
    with pytest.raises(NotWrittenError, match="No such file or directory"):
        render(tmp_path / "nowhere", day())

    assert list(tmp_path.iterdir()) == []


def test_findings_are_not_held_in_memory(tmp_path: Path) -> None:
    good = finding("good", Verdict.MATCHED, order("good"), snapshot("good"))
    alive = 0

    class Counted(Finding, frozen=True, kw_only=True, weakref=True):
        pass

    def findings() -> Any:
        nonlocal alive
        seen: weakref.WeakSet[Counted] = weakref.WeakSet()
        for _ in range(1000):
            item = Counted(merchant_uid="good", verdict=Verdict.MATCHED, order=good.order)
            seen.add(item)
            alive = max(alive, len(seen))
            yield item

    summary = summary_of([good] * 1000)
    write_report(tmp_path / "report.html", summary=summary, findings=findings())

    assert alive <= 3


def test_import_loads_neither_jinja2_nor_duckdb(tmp_path: Path) -> None:
    code = (
        "import sys, portone_async.cli.report as r;"
        "r.write_findings(sys.argv[1], []);"
        "print(sorted({'jinja2', 'duckdb'} & sys.modules.keys()))"
    )
    process = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "none.csv")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert process.stdout.strip() == "[]"
