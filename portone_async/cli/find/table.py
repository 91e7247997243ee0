"""Print the outcomes of look-ups as a table that fits the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from gettext import gettext as _

from msgspec import Struct
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from portone_async.cli.console import make_console
from portone_async.cli.escape import escape, escape_order_number
from portone_async.cli.labels import format_money, status_label
from portone_async.cli.zone import SEOUL, format_minute

from .outcome import Outcome

__all__ = ("print_table",)

# In a pipe, a row stays one line.
_PIPE_WIDTH = 10_000
_MINUTE = len("2026-11-01 09:00")
_STYLES = {"paid": "green", "ready": "cyan", "failed": "red", "cancelled": "yellow"}


class _Row(Struct, frozen=True):
    order: Text
    imp_uid: Text
    status: Text
    test: Text
    amount: Text
    cancelled: Text
    balance: Text
    paid_at: Text


def print_table(outcomes: Sequence[Outcome], *, zone: tzinfo = SEOUL) -> None:
    """Print a table of one line per order; on narrow terminals two lines, or a list.

    Args:
        outcomes: One row each.
        zone: The zone of the times.
    """
    console = make_console(pipe_width=_PIPE_WIDTH)
    rows = [_row(outcome, zone) for outcome in outcomes]
    unbounded = console.options.update(max_width=_PIPE_WIDTH)
    for layout in (_wide_table, _narrow_table):
        table = layout(rows)
        if console.measure(table, options=unbounded).maximum <= console.width:
            console.print(table)
            return
    for row in rows:
        console.print(_list_item(row), overflow="fold")


def _wide_table(rows: Sequence[_Row]) -> Table:
    extra = [_("Cancelled"), _("Balance")] if any(row.cancelled for row in rows) else []
    table = _table(
        [_("Order"), _("Status")], [_("Amount"), *extra], [_("Paid at"), _("PortOne id")]
    )
    for row in rows:
        table.add_row(
            row.order,
            _join(" ", row.status, row.test),
            row.amount,
            *([row.cancelled, row.balance] if extra else []),
            row.paid_at,
            row.imp_uid,
        )
    return table


def _narrow_table(rows: Sequence[_Row]) -> Table:
    extra = [_("Balance")] if any(row.cancelled for row in rows) else []
    table = _table([_("Order"), _("Status")], [_("Amount"), *extra], [_("Paid at")])
    for row in rows:
        cancelled = Text.assemble("-", row.cancelled) if row.cancelled else row.cancelled
        table.add_row(
            _join("\n", row.order, row.imp_uid),
            _join("\n", row.status, row.test),
            _join("\n", row.amount, cancelled),
            *([row.balance] if extra else []),
            _join("\n", row.paid_at[:_MINUTE], row.paid_at[_MINUTE:]),
        )
    return table


def _list_item(row: _Row) -> Text:
    amounts = [row.amount]
    if row.cancelled:
        amounts += [
            _join(" ", Text(_("Cancelled")), row.cancelled),
            _join(" ", Text(_("Balance")), row.balance),
        ]
    lines = [_join(" ", row.status, row.test), *amounts, row.paid_at, row.imp_uid]
    return Text("\n  ").join([row.order, *filter(None, lines)])


def _table(texts: Sequence[str], amounts: Sequence[str], more_texts: Sequence[str]) -> Table:
    """Return an empty table with these headers; amounts are aligned to the right."""
    table = Table(
        box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True, header_style="bold"
    )
    for header in texts:
        table.add_column(header, overflow="fold")
    for header in amounts:
        table.add_column(header, justify="right", overflow="fold")
    for header in more_texts:
        table.add_column(header, overflow="fold")
    return table


def _row(outcome: Outcome, zone: tzinfo) -> _Row:
    order, blank = Text(escape_order_number(outcome.order)), Text()
    payment = outcome.payment
    if payment is None:
        status = (
            Text(_("not found"), "yellow") if outcome.is_missing else Text(_("not checked"), "red")
        )
        return _Row(order, blank, status, blank, blank, blank, blank, blank)
    is_cancelled = payment.cancel_amount != 0
    return _Row(
        order=order,
        imp_uid=Text(escape(payment.imp_uid), "dim"),
        status=Text(status_label(payment), _STYLES.get(payment.status.value, "")),
        test=Text(_("(test)"), "magenta") if payment.sandbox else blank,
        amount=Text(format_money(payment, payment.amount)),
        cancelled=Text(format_money(payment, payment.cancel_amount)) if is_cancelled else blank,
        balance=Text(format_money(payment, payment.balance)) if is_cancelled else blank,
        paid_at=Text(format_minute(payment.paid_at, zone)),
    )


def _join(separator: str, *texts: Text) -> Text:
    return Text(separator).join(text for text in texts if text)
