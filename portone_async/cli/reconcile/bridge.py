"""Print the money bridge: how the money ordered becomes the money charged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.cells import cell_len
from rich.console import Console

from portone_async.cli.console import print_sentence
from portone_async.cli.escape import escape
from portone_async.cli.report.messages import Language, messages
from portone_async.cli.report.statement import Kind, sort_currencies, statement
from portone_async.reconcile import Bridge

__all__ = ("print_bridge",)

_GAP = "  "


def print_bridge(
    console: Console,
    bridges: Mapping[str, Bridge],
    language: Language = "en",
    *,
    unreadable: int = 0,
) -> None:
    """Print a line for each part that is not zero, with a column for each currency.

    Args:
        console: Where to print.
        bridges: The bridges by currency.
        language: The language of the labels.
        unreadable: The number of rows and payments that no line includes.
    """
    if bridges:
        _print_lines(console, bridges, language)
    if unreadable:
        text = messages(language)["bridge.unreadable"].format(n=f"{unreadable:,}")
        print_sentence(console, text)


def _print_lines(console: Console, bridges: Mapping[str, Bridge], language: Language) -> None:
    for line in _aligned(list(_rows(bridges, messages(language)))):
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    adds_up = all(bridge.adds_up for bridge in bridges.values())
    print_sentence(console, messages(language)["bridge.sound" if adds_up else "notice.sums"])


def _rows(bridges: Mapping[str, Bridge], texts: Mapping[str, str]) -> Iterator[list[str]]:
    currencies = sort_currencies(bridges)
    yield ["", *(escape(currency) or texts["bridge.no_currency"] for currency in currencies)]
    for line in statement(bridges):
        if not line.is_empty:
            indent = _GAP if line.kind is Kind.PART else ""
            yield [
                f"{indent}{texts[f'bridge.{line.key}']}",
                *(amount or "-" for amount in line.amounts),
            ]


def _aligned(rows: list[list[str]]) -> Iterator[str]:
    """Align labels left and amounts right, by cells: a Korean letter takes two."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for name, *amounts in rows:
        cells = [name + " " * (widths[0] - cell_len(name))]
        cells += [
            " " * (width - cell_len(amount)) + amount
            for width, amount in zip(widths[1:], amounts, strict=True)
        ]
        yield _GAP.join(cells).rstrip()
