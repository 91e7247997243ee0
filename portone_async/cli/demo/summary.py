"""What became of it, in plain numbers."""

from __future__ import annotations

from msgspec import Struct
from rich.console import Console
from rich.table import Table
from rich.text import Text

from portone_async.cli.escape import escaped
from portone_async.policy import RateLimit

from .tally import Tally, most_in_a_second
from .verdict import Verdict

__all__ = ("Summary",)


class Summary(Struct, frozen=True, kw_only=True):
    look_ups: int
    seconds: float
    verdict: Verdict
    tally: Tally
    received_at: list[float]
    """When each request reached the server, in seconds."""
    rate_limit: RateLimit

    def print(self, console: Console) -> None:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, justify="right")
        table.add_column(style="dim", overflow="fold")
        self._tell_answers(table)
        table.add_row()
        self._tell_requests(table)
        for part in (self._headline(), "", table):
            console.print(part)

    def _headline(self) -> Text:
        verdict = self.verdict
        what = f"{self.look_ups} look-ups in {self.seconds:.1f} s"
        if verdict.is_good:
            return Text(f"{what}: every answer is right.", "bold green")
        return Text(
            f"{what}: {verdict.wrong} wrong, {verdict.unscripted} failed for no good reason.",
            "bold red",
        )

    def _tell_answers(self, table: Table) -> None:
        verdict = self.verdict
        failed = verdict.failed.total()
        scripted = failed - verdict.unscripted
        _add(table, "found", verdict.found, "compared with what the server holds")
        _add(table, "not found", verdict.missing, "PortOne itself says so")
        _add(table, "failed", failed, f"{scripted} scripted to fail for good")
        for (kind, reason), number in verdict.failed.most_common():
            _add_detail(table, kind, number, reason)
        _add(table, "wrong", verdict.wrong, "another payment, or a false 'not found'")

    def _tell_requests(self, table: Table) -> None:
        tally, rate, burst = self.tally, self.rate_limit.rate, self.rate_limit.burst
        _add(table, "requests", tally.sent, f"the server saw {len(self.received_at):,}")
        _add_detail(table, "look-ups", tally.look_ups, "the first try of each")
        _add_detail(table, "token fetches", tally.token_fetches)
        _add_detail(table, "401 renewals", tally.renewals, "sent again with a new token")
        for kind, number in tally.retries.most_common():
            _add_detail(table, "retries", number, f"after {kind}")
        _add(table, "pauses", tally.pauses, "for a 429, as long as it asks")
        _add(
            table,
            "in any one second",
            most_in_a_second(tally.started_at),
            f"started at most; {rate + burst:g} are allowed",
        )
        _add_detail(table, "at the server", most_in_a_second(self.received_at), "came at most")


def _add(table: Table, name: str, number: int, note: str) -> None:
    table.add_row(name, f"{number:,}", Text(note))


def _add_detail(table: Table, name: str, number: int, note: str = "") -> None:
    table.add_row(f"  {name}", Text(f"{number:,}", "dim"), Text(escaped(note)), style="dim")
