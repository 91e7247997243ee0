"""Show the progress of a run, and print its result."""

from __future__ import annotations

from collections import Counter
from gettext import gettext as _

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from portone_async.cli.bar import Bar
from portone_async.cli.escape import escaped
from portone_async.cli.language import spoken
from portone_async.cli.report.messages import messages
from portone_async.cli.report.money import format_amount
from portone_async.cli.words import verdict_words
from portone_async.errors import Attempt
from portone_async.reconcile import Finding, Summary, Verdict

from .bridge import print_bridge

__all__ = ("View", "print_summary")


class View(Bar):
    """The orders that are done, the requests, and the findings of each verdict.

    Args:
        console: Where to show it.
        progress: How many orders are done and how many there are, from an earlier part.
    """

    def __init__(self, console: Console, progress: tuple[int, int]) -> None:
        done, orders = progress
        self._counts: Counter[Verdict] = Counter()
        self._requests = 0
        self._confirmations = 0
        self._orders = orders
        self._read = 0
        super().__init__(
            console,
            self.line,
            _("{:7,.0f} orders/s"),
            has_time_left=True,
            total=orders or None,
            completed=done,
        )

    def read(self, orders: int) -> None:
        """Count orders that were read: a run that goes on reads those again that it has."""
        self._read += orders
        self._orders = max(self._orders, self._read)
        self.expect(self._orders)

    def asked(self, attempt: Attempt) -> None:
        """Count a request."""
        self._requests += 1
        self._confirmations += attempt.route.startswith("/payments/findAll/")

    def found(self, finding: Finding) -> None:
        """Count a finding."""
        self._counts[finding.verdict] += 1
        if finding.order is not None:
            self.advance()

    def line(self) -> Text:
        """Give the counts as they are."""
        parts = [Text.assemble((_("requests "), "dim"), str(self._requests))]
        if self._confirmations:
            parts.append(Text.assemble((_("confirmations "), "dim"), str(self._confirmations)))
        parts += [
            Text.assemble((f"{verdict_words(verdict)} ", "dim"), str(count))
            for verdict in Verdict
            if (count := self._counts[verdict])
        ]
        return Text("   ").join(parts)


def print_summary(console: Console, summary: Summary) -> None:
    """Print the result of a run: a line for each verdict with findings, then the bridge."""
    width = max(cell_len(verdict_words(verdict)) for verdict in Verdict)
    console.print(_heading(width), style="dim", soft_wrap=True, highlight=False)
    for verdict in Verdict:
        count = summary.counts.get(verdict, 0)
        if not count and verdict is not Verdict.MATCHED:
            continue
        amounts = sorted(summary.amounts.get(verdict, {}).items())
        money = ", ".join(
            f"{format_amount(amount, name)} {_currency(name)}" for name, amount in amounts
        )
        name = set_cell_size(verdict_words(verdict), width)
        console.print(f"{name}  {count:>10,}  {money}".rstrip(), soft_wrap=True)
    console.print()
    print_bridge(console, summary.bridge, spoken(), unreadable=summary.unreadable)
    if summary.assumed_empty:
        n = f"{len(summary.assumed_empty):,}"
        console.print(messages(spoken())["notice.assumed"].format(n=n), soft_wrap=True)
    effort = _("{requests} requests, {retries} retries, {seconds} s").format(
        requests=f"{summary.requests:,}",
        retries=f"{summary.retries:,}",
        seconds=f"{summary.seconds:,.1f}",
    )
    console.print(f"\n{effort}")


def _heading(width: int) -> str:
    """Name the columns: these amounts are what was ordered, not what differs."""
    verdict, count, amount = _("Verdict"), _("Count"), _("Ordered (of orphans: paid)")
    indent = " " * (10 - cell_len(count))
    return f"{set_cell_size(verdict, width)}  {indent}{count}  {amount}"


def _currency(name: str) -> str:
    return escaped(name) or _("(no currency)")
