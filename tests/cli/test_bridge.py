"""``print_bridge`` and ``print_summary``."""

from __future__ import annotations

import io
from collections.abc import Mapping
from decimal import Decimal

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from rich.console import Console

from portone_async.cli.reconcile.bridge import print_bridge
from portone_async.cli.reconcile.view import print_summary
from portone_async.cli.report.messages import LANGUAGES, Language, messages
from portone_async.reconcile import AssumedEmpty, Bridge, Verdict, bridges, compare
from tests.support.report_run import HOSTILE, PERIOD, day, finding, order, snapshot, summary_of


def printed(
    bridge_by_currency: Mapping[str, Bridge], *, width: int = 100, language: Language = "en"
) -> list[str]:
    file = io.StringIO()
    print_bridge(Console(file=file, width=width), bridge_by_currency, language)
    return file.getvalue().splitlines()


def test_bridge_is_printed_line_by_line() -> None:
    partly = finding(
        "a",
        Verdict.PARTIALLY_CANCELLED,
        order("a", "10000"),
        snapshot("a", "10000", status="cancelled", cancelled="4000"),
    )
    gone = compare(order("b", "1234567.50", "USD"), [])
    orphan = compare(None, [snapshot("c", "700")])

    *table, last_line = printed(bridges([partly, gone, orphan]))
    assert table == [
        "                                              KRW            USD",
        "Ordered                                    10,000   1,234,567.50",
        "Due                                        10,000   1,234,567.50",
        "Short                                      -4,000  -1,234,567.50",
        "  No payment                                    -  -1,234,567.50",
        "  Cancelled beyond the shop's refund       -4,000              -",
        "Matched (incl. parts of differing orders)   6,000           0.00",
        "Over                                         +700              -",
        "  Payments without an order                  +700              -",
        "Charged at PortOne, less cancellations      6,700           0.00",
    ]
    assert last_line.startswith("The lines add up in each currency")


@pytest.mark.parametrize("language", LANGUAGES)
def test_amounts_are_aligned_in_both_languages(language: Language) -> None:
    *table, _ = printed(summary_of(day()).bridge, language=language)

    assert len({cell_len(line) for line in table}) == 1


def test_long_amount_is_not_cut_on_a_narrow_terminal() -> None:
    amount = Decimal("12345678901234567890123456789.01")
    lines = printed({"KRW": Bridge(ordered=amount)}, width=20)

    assert "12,345,678,901,234,567,890,123,456,789.01" in lines[1]


def test_terminal_wraps_sentences_between_words() -> None:
    file = io.StringIO()
    console = Console(file=file, width=40, force_terminal=True, color_system=None)
    print_bridge(console, {"KRW": Bridge(ordered=Decimal(1))})
    sentence = messages("en")["notice.sums"]
    assert sentence not in file.getvalue()
    assert sentence in " ".join(file.getvalue().split())


def test_bridge_warns_if_it_does_not_add_up() -> None:
    lines = printed({"KRW": Bridge(ordered=Decimal(1))})

    assert "do not add up" in lines[-1]


@pytest.mark.parametrize("currency", [*HOSTILE, "[red]KRW[/red]"])
def test_hostile_currency_is_printed_as_text(currency: str) -> None:
    head, *_ = printed(bridges([compare(order("a", "1", currency), [])]))

    assert head.isprintable()
    assert "[red]" in head or "[red]" not in currency


def test_empty_bridge_prints_nothing() -> None:
    assert printed({}) == []


def test_summary_counts_unreadable_rows() -> None:
    file = io.StringIO()
    print_summary(Console(file=file, width=100), replace(summary_of([]), unreadable=1234))

    assert "Rows or payments that could not be read: 1,234." in file.getvalue()


def test_summary_counts_periods_assumed_empty() -> None:
    file = io.StringIO()
    assumed = AssumedEmpty("paid", *PERIOD)
    summary = replace(summary_of(day()), assumed_empty=(assumed,))
    print_summary(Console(file=file, width=100), summary)

    assert "PortOne refused to list payments in 1 periods" in file.getvalue()


def test_summary_includes_the_bridge() -> None:
    file = io.StringIO()
    print_summary(Console(file=file, width=100), summary_of(day()))

    assert "\nShort " in file.getvalue()
    assert "The lines add up" in file.getvalue()
