"""The first sheet: the facts of the run, the bridge of each currency, and the verdicts."""

from __future__ import annotations

from math import ceil

from rich.cells import cell_len

from portone_async.cli.report.bucket import Bucket
from portone_async.cli.report.export.options import ExportOptions
from portone_async.cli.report.messages import messages
from portone_async.cli.report.money import in_question
from portone_async.cli.report.run_facts import RunFacts
from portone_async.cli.report.statement import Kind, Line, sort_currencies, statement
from portone_async.reconcile.finding import Verdict

from .book import Book, Format
from .cells import Amount, Cells, Formats
from .sheets import sort_verdicts

__all__ = ("SummarySheet",)

_WIDTHS = (44, 20, 20, 20)
_POINTS_PER_LINE = 16
_A4 = 9


class SummarySheet:
    """Writes the first sheet of a workbook.

    Args:
        book: A workbook without sheets.
        formats: Its formats.
        options: Its options.
    """

    def __init__(self, book: Book, formats: Formats, options: ExportOptions) -> None:
        self._options = options
        self._formats = formats
        self._texts = messages(options.language)
        self._sheet = book.add_sheet(self._texts["workbook.summary"])
        self._cells = Cells(self._sheet, formats, options.timezone)
        self._next_row = 0

    def write(self, totals: Bucket, *, unreadable: int) -> None:
        """Write the sheet.

        Args:
            totals: The sums of all findings of the workbook.
            unreadable: The number of findings without a readable amount, which are in no sum.
        """
        for column, width in enumerate(_WIDTHS):
            self._sheet.set_column(column, column, width)
        self._sheet.set_paper(_A4)
        self._sheet.fit_to_pages(1, 0)
        self._write_line(self._texts["title"], self._formats.title)
        self._write_facts()
        if not self._agrees(totals):
            self._write_note("notice.sums", self._formats.warning)
        self._write_bridge(totals)
        if unreadable:
            self._write_note("bridge.unreadable", n=f"{unreadable:,}")
        self._write_verdicts(totals)

    def _write_facts(self) -> None:
        options, texts = self._options, self._texts
        facts = RunFacts.of(
            options.summary, period=options.period, source=options.source, zone=options.timezone
        )
        run = None
        if facts.ended is not None:
            key = "run.ended" if facts.started is None else "run.range"
            run = texts[key].format(started=facts.started, ended=facts.ended)
        since, until = facts.period or ("", "")
        named = {
            "source": facts.source,
            "period": facts.period and texts["period.range"].format(since=since, until=until),
            "run": run,
            "zone": facts.zone,
            "created": facts.created,
            "program": f"portone-async {facts.version}",
        }
        for key, value in named.items():
            if value:
                self._cells.write_text(self._next_row, 0, texts[key], self._formats.label)
                self._write_line(value, column=1)

    def _agrees(self, totals: Bucket) -> bool:
        """Return whether the findings add up, to the figures of the run if they are known."""
        summary, bridges = self._options.summary, totals.bridges()
        return all(bridge.adds_up for bridge in bridges.values()) and (
            summary is None
            or (
                summary.bridge == bridges
                and all(
                    totals.counts[verdict] == summary.counts.get(verdict, 0) for verdict in Verdict
                )
            )
        )

    def _write_bridge(self, totals: Bucket) -> None:
        bridges, texts = totals.bridges(), self._texts
        currencies = sort_currencies(bridges)
        self._write_heading("bridge.heading")
        names = [currency or texts["bridge.no_currency"] for currency in currencies]
        self._write_header([texts["bridge.line"], *names])
        for line in statement(bridges):
            if line.kind is not Kind.PART or not line.is_empty:
                self._write_bridge_line(line, currencies)
        self._write_note("bridge.sound")
        self._write_note("bridge.note")

    def _write_bridge_line(self, line: Line, currencies: list[str]) -> None:
        is_total = line.kind is Kind.SUM
        styles = {Kind.SUM: self._formats.total, Kind.PART: self._formats.part}
        text = self._texts[f"bridge.{line.key}"]
        self._cells.write_text(self._next_row, 0, text, styles.get(line.kind))
        for column, (value, currency) in enumerate(zip(line.values, currencies, strict=True), 1):
            amount = Amount(value, currency)
            self._cells.write_amount(self._next_row, column, amount, is_total=is_total)
        self._next_row += 1

    def _write_verdicts(self, totals: Bucket) -> None:
        texts, currencies = self._texts, sort_currencies(totals.bridges())
        self._write_heading("money.heading")
        stake = texts["chart.in_question"]
        named = [f"{stake} ({name or texts['bridge.no_currency']})" for name in currencies]
        self._write_header([texts["money.verdict"], *named, texts["money.count"]])
        for verdict in sort_verdicts(totals):
            self._write_verdict(verdict, totals, currencies)
        row, last = self._next_row, len(currencies) + 1
        self._cells.write_text(row, 0, texts["money.total"], self._formats.total)
        self._cells.write(row, last, totals.findings)
        self._next_row += 1

    def _write_verdict(self, verdict: Verdict, totals: Bucket, currencies: list[str]) -> None:
        row, bridges = self._next_row, totals.bridges_of(verdict)
        self._cells.write_text(row, 0, self._texts[f"verdict.{verdict}"])
        for column, currency in enumerate(currencies, 1):
            if currency in bridges and (stake := in_question(bridges[currency])):
                self._cells.write_amount(row, column, Amount(stake, currency))
        self._cells.write(row, len(currencies) + 1, totals.counts[verdict])
        explanation = self._texts[f"explain.{verdict}"]
        self._cells.write_text(row, len(currencies) + 2, explanation, self._formats.label)
        self._next_row += 1

    def _write_heading(self, key: str) -> None:
        self._next_row += 1
        self._write_line(self._texts[key], self._formats.heading)

    def _write_header(self, titles: list[str]) -> None:
        for column, title in enumerate(titles):
            self._cells.write_text(self._next_row, column, title, self._formats.header)
        self._next_row += 1

    def _write_line(self, text: str, style: Format | None = None, *, column: int = 0) -> None:
        self._cells.write_text(self._next_row, column, text, style)
        self._next_row += 1

    def _write_note(self, key: str, style: Format | None = None, **values: str) -> None:
        """Write a sentence of the package over all columns, in as many lines as it needs."""
        text = self._texts[key].format(**values)
        lines = ceil(1.1 * cell_len(text) / sum(_WIDTHS))
        row, last = self._next_row, len(_WIDTHS) - 1
        self._sheet.merge_range(row, 0, row, last, text, style or self._formats.note)
        self._sheet.set_row(row, _POINTS_PER_LINE * lines)
        self._next_row += 1
