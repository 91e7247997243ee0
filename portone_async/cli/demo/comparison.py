"""Whether the reconciliation found what was planted, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from gettext import gettext as _

from msgspec import Struct
from rich.console import Console
from rich.table import Table
from rich.text import Text

from portone_async.cli.words import verdict_words
from portone_async.reconcile import Finding, Summary, Verdict

from .day import Day

__all__ = ("Comparison",)


def _note(verdict: Verdict) -> str:
    return {
        Verdict.MATCHED: _("order and payment agree"),
        Verdict.MISSING: _("PortOne itself says so"),
        Verdict.AMOUNT_DIFFERS: _("less was charged than ordered"),
        Verdict.CURRENCY_DIFFERS: _("paid in another one"),
        Verdict.STATUS_DIFFERS: _("failed, or given back"),
        Verdict.PARTIALLY_CANCELLED: _("a part was given back"),
        Verdict.PAID_TWICE: _("one order, two charges"),
        Verdict.TEST_PAYMENT: _("no money has moved"),
        Verdict.ORPHAN: _("a payment without an order"),
        Verdict.NOT_CHECKED: _("scripted to fail: not 'missing'"),
    }[verdict]


class Comparison(Struct, frozen=True):
    day: Day
    findings: Sequence[Finding]
    summary: Summary

    @property
    def wrong(self) -> int:
        """How many order numbers have another verdict than was planted, or not just one."""
        found: dict[str, list[Verdict]] = {}
        for finding in self.findings:
            found.setdefault(finding.merchant_uid, []).append(finding.verdict)
        planted = {uid: [verdict] for uid, verdict in self.day.verdicts.items()}
        return sum(found.get(uid) != planted.get(uid) for uid in found.keys() | planted.keys())

    @property
    def is_good(self) -> bool:
        return not self.wrong and Counter(self.summary.counts) == self.day.planted

    def print(self, console: Console) -> None:
        console.print(self._headline())
        console.print()
        console.print(self._table())

    def _headline(self) -> Text:
        summary = self.summary
        what = _("{orders} orders reconciled in {seconds} s, {requests} requests").format(
            orders=f"{len(self.day.orders):,}",
            seconds=f"{summary.seconds:.1f}",
            requests=f"{summary.requests:,}",
        )
        if self.is_good:
            return Text(_("{what}: every verdict is right.").format(what=what), "bold green")
        wrong = _("{what}: {n} verdicts are wrong.").format(what=what, n=f"{self.wrong:,}")
        return Text(wrong, "bold red")

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, justify="right")
        table.add_column(style="dim", no_wrap=True)
        table.add_column(style="dim", overflow="fold")
        planted = self.day.planted
        for verdict in Verdict:
            count = self.summary.counts.get(verdict, 0)
            style = "" if count == planted[verdict] else "bold red"
            table.add_row(
                verdict_words(verdict),
                Text(f"{count:,}", style),
                _("of {n} planted").format(n=f"{planted[verdict]:,}"),
                _note(verdict),
            )
        return table
