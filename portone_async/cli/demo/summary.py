"""What became of it, in plain numbers."""

from __future__ import annotations

from gettext import gettext as _

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
        what = _("{n} look-ups in {seconds} s").format(
            n=self.look_ups, seconds=f"{self.seconds:.1f}"
        )
        if verdict.is_good:
            return Text(_("{what}: every answer is right.").format(what=what), "bold green")
        bad = _("{what}: {wrong} wrong, {failed} failed unexpectedly.").format(
            what=what, wrong=verdict.wrong, failed=verdict.unscripted
        )
        return Text(bad, "bold red")

    def _tell_answers(self, table: Table) -> None:
        verdict = self.verdict
        failed = verdict.failed.total()
        scripted = _("{n} scripted to fail for good").format(n=failed - verdict.unscripted)
        _add(table, _("found"), verdict.found, _("compared with what the server holds"))
        _add(table, _("not found"), verdict.missing, _("PortOne itself says so"))
        _add(table, _("failed"), failed, scripted)
        for (kind, reason), number in verdict.failed.most_common():
            _add_detail(table, kind, number, reason)
        _add(table, _("wrong"), verdict.wrong, _("another payment, or a false 'not found'"))

    def _tell_requests(self, table: Table) -> None:
        tally, received = self.tally, f"{len(self.received_at):,}"
        _add(table, _("requests"), tally.sent, _("the server saw {n}").format(n=received))
        _add_detail(table, _("look-ups"), tally.look_ups, _("the first try of each"))
        _add_detail(table, _("token fetches"), tally.token_fetches)
        _add_detail(table, _("401 renewals"), tally.renewals, _("sent again with a new token"))
        for kind, number in tally.retries.most_common():
            _add_detail(table, _("retries"), number, _("after {error}").format(error=kind))
        _add(table, _("pauses"), tally.pauses, _("for a 429, as long as it asks"))
        self._tell_rate(table)

    def _tell_rate(self, table: Table) -> None:
        allowed = f"{self.rate_limit.rate + self.rate_limit.burst:g}"
        _add(
            table,
            _("in any one second"),
            most_in_a_second(self.tally.started_at),
            _("started at most; {n} are allowed").format(n=allowed),
        )
        received = most_in_a_second(self.received_at)
        _add_detail(table, _("at the server"), received, _("came at most"))


def _add(table: Table, name: str, number: int, note: str) -> None:
    table.add_row(name, f"{number:,}", Text(note))


def _add_detail(table: Table, name: str, number: int, note: str = "") -> None:
    table.add_row(f"  {name}", Text(f"{number:,}", "dim"), Text(escaped(note)), style="dim")
