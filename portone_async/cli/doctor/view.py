"""Print the results of ``portone-async doctor``, one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from gettext import gettext as _

from rich.cells import cell_len
from rich.text import Text

from portone_async.cli.console import make_console, print_sentence
from portone_async.doctor import CHECKS, Check, Fact, Result, Verdict
from portone_async.doctor.checks.reasons import NOT_SENT

__all__ = ("ResultView",)

_STYLES = {
    Verdict.AGREES: "green",
    Verdict.DIFFERS: "bold red",
    Verdict.UNKNOWN: "dim",
    Verdict.FAILED: "yellow",
}
_NARROW = 70
_GAP = "  "
# In a pipe, a line stays one line.
_PIPE_WIDTH = 10_000


def _labels() -> dict[Verdict, str]:
    return {
        Verdict.AGREES: _("agrees"),
        Verdict.DIFFERS: _("differs"),
        Verdict.UNKNOWN: _("unknown"),
        Verdict.FAILED: _("not done"),
    }


class ResultView:
    """Prints each result when it is known: the verdict, the check, and what was assumed."""

    def __init__(self) -> None:
        self._console = make_console(pipe_width=_PIPE_WIDTH)
        self._counts = Counter[Verdict]()
        self._not_sent = 0
        self._labels = _labels()
        self._label_width = max(map(cell_len, self._labels.values()))
        self._id_width = max(len(check.id) for check in CHECKS)

    def add(self, check: Check, result: Result) -> None:
        """Print a result; only count the checks that were not sent."""
        self._counts[result.verdict] += 1
        if result.reason == NOT_SENT:
            self._not_sent += 1
            return
        label = Text(self._labels[result.verdict], _STYLES[result.verdict])
        lines = _explanation(check, result)
        if self._console.width < _NARROW:
            self._print([label + Text(f" {check.id}"), *lines], indent=0)
            return
        label.pad_right(self._label_width - label.cell_len)
        head = Text.assemble(label, _GAP, check.id.ljust(self._id_width), _GAP)
        self._print(lines, indent=head.cell_len, head=head)

    def _print(self, lines: Sequence[Text], *, indent: int, head: Text | None = None) -> None:
        """Print lines, wrapped behind an indentation; the first one behind ``head``."""
        for line in lines:
            for part in line.wrap(self._console, self._console.width - indent):
                part.rstrip()
                self._console.print(head or Text(" " * indent), part, sep="", soft_wrap=True)
                head = None

    def finish(self, requests: int) -> None:
        """Print how many checks were not sent, and how many have each verdict."""
        if self._not_sent:
            text = _("{n} other checks need a connection and a token: they were not made.")
            self._console.print()
            print_sentence(self._console, text.format(n=self._not_sent))
        counts = [
            f"{self._labels[verdict]} {self._counts[verdict]}"
            for verdict in Verdict
            if self._counts[verdict]
        ]
        counts.append(_("requests {n}").format(n=requests))
        self._console.print()
        print_sentence(self._console, ", ".join(counts))


def _explanation(check: Check, result: Result) -> list[Text]:
    """Return what is assumed, why it could not be checked, what was observed, what it means."""
    lines = [Text(_(check.assumption))]
    if result.reason:
        style = "yellow" if result.verdict is Verdict.FAILED else "dim"
        lines.append(Text(_(result.reason), style))
    is_expected = result.verdict in (Verdict.AGREES, Verdict.UNKNOWN)
    if result.facts and (check.is_measurement or not is_expected):
        observed = _("observed: {facts}").format(facts=_facts(result.facts))
        lines.append(Text(observed, "dim" if is_expected else ""))
    if result.verdict is Verdict.DIFFERS:
        lines.append(Text(_(check.meaning), "bold"))
    return lines


def _facts(facts: Mapping[str, Fact]) -> str:
    return ", ".join(f"{name} {_value(fact)}" for name, fact in facts.items())


def _value(fact: Fact) -> str:
    match fact:
        case bool():
            return _("yes") if fact else _("no")
        case Mapping():
            return ", ".join(f"{name} ({kind})" for name, kind in fact.items()) or "-"
        case int() | float() | str():
            return str(fact)
        case Sequence():
            return ", ".join(fact) or "-"
