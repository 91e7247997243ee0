"""How it goes, while it goes."""

from __future__ import annotations

from gettext import gettext as _

from rich.console import Console
from rich.text import Text

from portone_async.cli.bar import Bar

from .tally import Tally

__all__ = ("LiveView",)


class LiveView(Bar):
    """The orders that are done, and the counts of a tally."""

    def __init__(self, console: Console, tally: Tally, orders: int) -> None:
        self._tally = tally
        super().__init__(console, self.line, _("{:5.1f} calls/s"), total=orders)

    def line(self) -> Text:
        """Give the counts as they are."""
        tally = self._tally
        counts = {
            _("sent"): tally.sent,
            _("retries"): tally.retries.total(),
            _("token renewals"): tally.renewals,
            _("pauses"): tally.pauses,
        }
        parts = [Text.assemble((f"{name} ", "dim"), str(n)) for name, n in counts.items()]
        return Text("   ").join(parts)
