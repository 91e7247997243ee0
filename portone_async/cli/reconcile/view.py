"""Print the progress of a run, and its summary."""

from __future__ import annotations

from collections import Counter
from gettext import gettext as _

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from portone_async.cli.bar import Bar
from portone_async.cli.console import print_sentence
from portone_async.cli.escape import escape
from portone_async.cli.labels import verdict_label
from portone_async.cli.language import current_language
from portone_async.cli.report.messages import messages
from portone_async.cli.report.money import format_amount
from portone_async.errors import Attempt
from portone_async.reconcile import Finding, Summary, Verdict

from .bridge import print_bridge

__all__ = ("View", "print_summary")


class View(Bar):
    """Prints the progress of a run: orders done, requests, and findings by verdict.

    Args:
        console: Where to print.
        progress: The orders done, and all orders, of the earlier part of a resumed run.
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

    def add_orders(self, count: int) -> None:
        """Count orders as read. A resumed run reads its earlier orders again."""
        self._read += count
        self._orders = max(self._orders, self._read)
        self.set_total(self._orders)

    def count_attempt(self, attempt: Attempt) -> None:
        """Count a request."""
        self._requests += 1
        self._confirmations += attempt.route.startswith("/payments/findAll/")

    def count_finding(self, finding: Finding) -> None:
        """Count a finding."""
        self._counts[finding.verdict] += 1
        if finding.order is not None:
            self.advance()

    def count_matched(self, orders: int) -> None:
        """Count orders that are matched."""
        self._counts[Verdict.MATCHED] += orders
        self.advance(orders)

    def line(self) -> Text:
        """Return the current counts."""
        parts = [Text.assemble((_("requests "), "dim"), str(self._requests))]
        if self._confirmations:
            parts.append(Text.assemble((_("confirmations "), "dim"), str(self._confirmations)))
        parts += [
            Text.assemble((f"{verdict_label(verdict)} ", "dim"), str(count))
            for verdict in Verdict
            if (count := self._counts[verdict])
        ]
        return Text("   ").join(parts)


def print_summary(console: Console, summary: Summary) -> None:
    """Print the counts and amounts by verdict, the bridge, and the requests of a run."""
    width = max(cell_len(verdict_label(verdict)) for verdict in Verdict)
    console.print(_heading(width), style="dim", soft_wrap=True, highlight=False)
    for verdict in Verdict:
        count = summary.counts.get(verdict, 0)
        if not count and verdict is not Verdict.MATCHED:
            continue
        amounts = sorted(summary.amounts.get(verdict, {}).items())
        money = ", ".join(
            f"{format_amount(amount, name)} {_currency(name)}" for name, amount in amounts
        )
        name = set_cell_size(verdict_label(verdict), width)
        console.print(f"{name}  {count:>10,}  {money}".rstrip(), soft_wrap=True)
    console.print()
    print_bridge(console, summary.bridge, current_language(), unreadable=summary.unreadable)
    if summary.assumed_empty:
        n = f"{len(summary.assumed_empty):,}"
        print_sentence(console, messages(current_language())["notice.assumed"].format(n=n))
    usage = _("{requests} requests, {retries} retries, {seconds} s").format(
        requests=f"{summary.requests:,}",
        retries=f"{summary.retries:,}",
        seconds=f"{summary.seconds:,.1f}",
    )
    console.print(f"\n{usage}")


def _heading(width: int) -> str:
    """Return the header: the amounts are those ordered, not the differences."""
    verdict, count, amount = _("Verdict"), _("Count"), _("Ordered (of orphans: paid)")
    indent = " " * (10 - cell_len(count))
    return f"{set_cell_size(verdict, width)}  {indent}{count}  {amount}"


def _currency(name: str) -> str:
    return escape(name) or _("(no currency)")
