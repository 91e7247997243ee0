"""The guide for finance has the words and the figures of the report on its own examples."""

from __future__ import annotations

import re

import pytest

from portone_async.cli.report.messages import LANGUAGES, Language, messages
from portone_async.cli.report.money import discrepancy, format_amount
from portone_async.cli.report.statement import Kind, statement
from portone_async.reconcile.bridges import bridges, entries
from portone_async.reconcile.finding import Finding, Order, Verdict
from tests.support.examples import ROOT
from tests.support.finance_day import example_day, examples
from tests.support.report_pictures import PICTURES

NOTHING = "\N{EN DASH}"
# These lines of the bridge are no differences.
AGREEING = {"ordered", "not_due", "matched", "charged"}

both_languages = pytest.mark.parametrize("language", LANGUAGES)


def _text(language: Language) -> str:
    return (ROOT / "docs" / language / "reconciliation_for_finance.md").read_text("utf-8")


def _rows(language: Language, columns: int) -> list[list[str]]:
    """Return the rows of the table with this number of columns, without its header."""
    lines = re.findall(r"^\| (.*) \|$", _text(language), re.MULTILINE)
    rows = [line.replace("**", "").split(" | ") for line in lines]
    return [row for row in rows if len(row) == columns][2:]


def _ordered(order: Order | None, language: Language) -> str:
    if order is None:
        return messages(language)["table.no_order"]
    amount = format_amount(order.amount)
    if not order.cancelled_amount:
        return amount
    refunded = messages(language)["table.refunded"]
    return f"{amount} ({refunded.format(amount=format_amount(order.cancelled_amount))})"


def _difference(finding: Finding) -> str:
    difference = discrepancy(finding, entries(finding))
    return NOTHING if difference is None else format_amount(difference[1])


def _lines(finding: Finding, language: Language) -> str:
    lines = [line for _, line, amount in entries(finding) if amount and line not in AGREEING]
    return ", ".join(messages(language)[f"bridge.{line}"] for line in lines) or NOTHING


@both_languages
def test_examples_have_the_verdicts_and_differences_of_the_report(language: Language) -> None:
    rows = [[*row[:3], *row[4:]] for row in _rows(language, 6)]

    assert rows == [
        [
            messages(language)[f"verdict.{finding.verdict}"],
            finding.merchant_uid,
            _ordered(finding.order, language),
            _difference(finding),
            _lines(finding, language),
        ]
        for finding in examples()
    ]


@both_languages
def test_bridge_of_the_guide_has_the_sums_of_its_orders(language: Language) -> None:
    rows = [row[:3] for row in _rows(language, 4)]

    assert rows == [
        [messages(language)[f"bridge.{line.key}"], *(amount or NOTHING for amount in line.amounts)]
        for line in statement(bridges(example_day()))
        if line.kind is not Kind.PART or not line.is_empty
    ]


@both_languages
def test_guide_has_a_section_for_each_verdict_in_the_order_of_the_report(
    language: Language,
) -> None:
    headings = re.findall(r"^### (.*)$", _text(language), re.MULTILINE)

    assert headings == [messages(language)[f"verdict.{verdict}"] for verdict in Verdict]


@both_languages
def test_pictures_of_the_report_are_small(language: Language) -> None:
    named = re.findall(r"\]\(\.\./images/([\w-]+\.webp)\)", _text(language))

    assert len(named) == 4
    assert all(name.endswith(f"-{language}.webp") for name in named)
    assert all((PICTURES / name).stat().st_size < 150_000 for name in named)
