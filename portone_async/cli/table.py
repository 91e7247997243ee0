"""The outcomes of look-ups for people: a table that fits the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from decimal import Decimal
from gettext import gettext as _

from msgspec import Struct
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from portone_async.models import Payment

from .console import make_console
from .escape import escaped, visible
from .outcome import Outcome
from .words import status_words
from .zone import SEOUL, minute

__all__ = ("print_table",)

# Nobody reads a pipe by its width: a row stays one line there.
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


def print_table(outcomes: Sequence[Outcome], *, clock: tzinfo = SEOUL) -> None:
    """Print one row an order, of two lines each, or as a block, where the terminal is narrow.

    Args:
        outcomes: What to print.
        clock: The zone of the times.
    """
    console = make_console(pipe_width=_PIPE_WIDTH)
    rows = [_row(outcome, clock) for outcome in outcomes]
    unbounded = console.options.update(max_width=_PIPE_WIDTH)
    for layout in (_wide, _narrow):
        table = layout(rows)
        if console.measure(table, options=unbounded).maximum <= console.width:
            console.print(table)
            return
    for row in rows:
        console.print(_block(row), overflow="fold")


def _wide(rows: Sequence[_Row]) -> Table:
    taken = [_("Cancelled"), _("Balance")] if any(row.cancelled for row in rows) else []
    table = _table(
        [_("Order"), _("Status")], [_("Amount"), *taken], [_("Paid at"), _("PortOne id")]
    )
    for row in rows:
        table.add_row(
            row.order,
            _joined(" ", row.status, row.test),
            row.amount,
            *([row.cancelled, row.balance] if taken else []),
            row.paid_at,
            row.imp_uid,
        )
    return table


def _narrow(rows: Sequence[_Row]) -> Table:
    taken = [_("Balance")] if any(row.cancelled for row in rows) else []
    table = _table([_("Order"), _("Status")], [_("Amount"), *taken], [_("Paid at")])
    for row in rows:
        cancelled = Text.assemble("-", row.cancelled) if row.cancelled else row.cancelled
        table.add_row(
            _joined("\n", row.order, row.imp_uid),
            _joined("\n", row.status, row.test),
            _joined("\n", row.amount, cancelled),
            *([row.balance] if taken else []),
            _joined("\n", row.paid_at[:_MINUTE], row.paid_at[_MINUTE:]),
        )
    return table


def _block(row: _Row) -> Text:
    amounts = [row.amount]
    if row.cancelled:
        amounts += [
            _joined(" ", Text(_("Cancelled")), row.cancelled),
            _joined(" ", Text(_("Balance")), row.balance),
        ]
    lines = [_joined(" ", row.status, row.test), *amounts, row.paid_at, row.imp_uid]
    return Text("\n  ").join([row.order, *filter(None, lines)])


def _table(texts: Sequence[str], numbers: Sequence[str], more: Sequence[str]) -> Table:
    table = Table(
        box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True, header_style="bold"
    )
    for header in texts:
        table.add_column(header, overflow="fold")
    for header in numbers:
        table.add_column(header, justify="right", overflow="fold")
    for header in more:
        table.add_column(header, overflow="fold")
    return table


def _row(outcome: Outcome, clock: tzinfo) -> _Row:
    order, blank = Text(visible(outcome.order)), Text()
    payment = outcome.payment
    if payment is None:
        unknown = (
            Text(_("not found"), "yellow") if outcome.is_missing else Text(_("not checked"), "red")
        )
        return _Row(order, blank, unknown, blank, blank, blank, blank, blank)
    is_cancelled = payment.cancel_amount != 0
    return _Row(
        order=order,
        imp_uid=Text(escaped(payment.imp_uid), "dim"),
        status=Text(status_words(payment), _STYLES.get(payment.status.value, "")),
        test=Text(_("(test)"), "magenta") if payment.sandbox else blank,
        amount=_money(payment, payment.amount),
        cancelled=_money(payment, payment.cancel_amount) if is_cancelled else blank,
        balance=_money(payment, payment.balance) if is_cancelled else blank,
        paid_at=Text(minute(payment.paid_at, clock)),
    )


def _money(payment: Payment, amount: Decimal) -> Text:
    currency = f" {escaped(payment.currency)}" if payment.currency else ""
    return Text(f"{amount:,f}{currency}")


def _joined(separator: str, *texts: Text) -> Text:
    return Text(separator).join(text for text in texts if text)
