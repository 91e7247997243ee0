"""Print the progress of a run in partitions, and its differences by Tier."""

from __future__ import annotations

from collections import Counter
from gettext import gettext as _

from rich.console import Console
from rich.text import Text

from portone_async.cli.bar import Bar
from portone_async.cli.labels import verdict_label
from portone_async.errors import Attempt
from portone_async.reconcile import Verdict

__all__ = ("PartitionView", "print_tiers")

_MAX_TIERS = 20


class PartitionView(Bar):
    """Prints how many partitions are finished, and the requests of this process.

    Args:
        console: Where to print.
        total: The number of all partitions.
        done: How many of them an earlier run has finished.
    """

    def __init__(self, console: Console, total: int, done: int) -> None:
        self._requests = 0
        self._failed = 0
        super().__init__(
            console,
            self.line,
            _("{:5,.1f} partitions/s"),
            has_time_left=True,
            total=total,
            completed=done,
        )

    def count_attempt(self, attempt: Attempt) -> None:  # noqa: ARG002 (the client passes it)
        """Count a request."""
        self._requests += 1

    def count_failed(self, failed: int) -> None:
        """Set the number of partitions that failed."""
        self._failed = failed

    def line(self) -> Text:
        """Return the current counts."""
        parts: list[Text] = []
        if self._requests:
            parts.append(Text.assemble((_("requests "), "dim"), str(self._requests)))
        if self._failed:
            parts.append(Text.assemble((_("failed "), "dim"), str(self._failed)))
        return Text("   ").join(parts)


def print_tiers(console: Console, counts: Counter[tuple[str | None, Verdict]]) -> None:
    """Print the numbers of differences of each Tier that has any, the most first."""
    by_tier: dict[str | None, dict[Verdict, int]] = {}
    for (tier, verdict), count in counts.items():
        if verdict is not Verdict.MATCHED:
            by_tier.setdefault(tier, {})[verdict] = count
    if not by_tier:
        return
    console.print()
    console.print(_("Differences by Tier"), style="dim", highlight=False)
    tiers = sorted(by_tier, key=lambda tier: (-sum(by_tier[tier].values()), tier or ""))
    for tier in tiers[:_MAX_TIERS]:
        differences = by_tier[tier]
        parts = (
            f"{verdict_label(verdict)} {differences[verdict]:,}"
            for verdict in Verdict
            if verdict in differences
        )
        console.print(f"{tier or '-'}  {', '.join(parts)}", soft_wrap=True)
    if (more := len(tiers) - _MAX_TIERS) > 0:
        console.print(_("and {n} more Tiers").format(n=f"{more:,}"), soft_wrap=True)
