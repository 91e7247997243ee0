"""Parse a row into an order, a refund, a note or a bad row. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from gettext import gettext as _

from msgspec.structs import replace

from portone_async._worded import Worded
from portone_async.models import PaymentStatus
from portone_async.reconcile.finding import Order, Refund

from .cells.cell import BadCellError, EmptyCellError, quote
from .cells.merchant_uid import parse_merchant_uid
from .cells.money import is_in_won, parse_amount, parse_currency, parse_refunded_amount
from .cells.status import PARTIALLY_CANCELLED, is_delivery, parse_order_status, parse_status
from .cells.total_labels import is_total_row
from .columns import Layout
from .exported_findings import previous_error
from .items import BadRow, Item, Note, OrphanRow, PartlyRefundedRow, RowWithoutNumber, TotalRow
from .place import add_place
from .where import Where

__all__ = ("parse_row",)

_ZERO = Decimal(0)
# The statuses of an order that may have a refunded amount.
_REFUNDABLE = (PaymentStatus.PAID, PaymentStatus.CANCELLED)
# The statuses of a row with a negative amount.
_REFUNDED = (PaymentStatus.CANCELLED, PARTIALLY_CANCELLED)
_EMPTY = (None, "")


class _UnknownRefundError(BadCellError):
    """The order was partly refunded, and the row does not have the refunded amount."""


def parse_row(cells: Sequence[object], layout: Layout, where: Where) -> Item:
    """Parse one row.

    Args:
        cells: The row as its reader yields it.
        layout: The index of each field.
        where: Its position in the source.
    """
    item = _parse(cells, layout, where)
    return item if layout.ordered_at is None else add_place(item, cells, layout, where)


def _parse(cells: Sequence[object], layout: Layout, where: Where) -> Item:
    if (non_order := _parse_non_order(cells, layout, where)) is not None:
        return non_order
    try:
        currency = _parse_currency(cells, layout)
        merchant_uid = parse_merchant_uid(cells[layout.merchant_uid])
        amount = parse_amount(cells[layout.amount])
    except EmptyCellError as error:
        return _row_without_number(cells, layout, where, error.reason)
    except BadCellError as error:
        return BadRow(where(), error.reason)
    order = Order(merchant_uid, amount, currency)
    try:
        return _parse_order_or_refund(cells, layout, order, where)
    except _UnknownRefundError as error:
        order = replace(order, status=PaymentStatus.CANCELLED.value)
        return PartlyRefundedRow(where(), error.reason, merchant_uid, order=order)
    except BadCellError as error:
        return BadRow(where(), error.reason, merchant_uid)


def _parse_non_order(cells: Sequence[object], layout: Layout, where: Where) -> BadRow | Note | None:
    """Recognize rows that are not orders by design: exported payments and errors, and totals."""
    if layout.error is not None and cells[layout.amount] in _EMPTY:
        return _parse_orphan(cells[layout.merchant_uid], cells[layout.error], where)
    if is_total_row(cells, layout.merchant_uid):
        return TotalRow(where(), _("a total row, not an order"))
    return None


def _parse_orphan(merchant_uid: object, error: object, where: Where) -> BadRow | OrphanRow:
    if reason := previous_error(error):
        number = merchant_uid if isinstance(merchant_uid, str) else ""
        return BadRow(where(), Worded("could not be read before: {reason}", reason=reason), number)
    return OrphanRow(where(), "a payment without an order")


def _row_without_number(
    cells: Sequence[object], layout: Layout, where: Where, reason: str
) -> BadRow:
    try:
        amount = parse_amount(cells[layout.amount])
    except BadCellError:
        return BadRow(where(), reason)
    currency = _parse_currency(cells, layout)  # Raises nothing: `parse_row` did the same before.
    return RowWithoutNumber(where(), reason, amount=amount, currency=currency)


def _parse_order_or_refund(
    cells: Sequence[object], layout: Layout, order: Order, where: Where
) -> Order | Refund:
    if order.amount < 0:
        _check_refund(cells, layout, order)
        return Refund(order.merchant_uid, -order.amount, order.currency, str(where()))
    status, refunded = _parse_status_and_refund(cells, layout, order.amount)
    if refunded is _ZERO and status == order.status:
        return order  # The common case: it is paid, and no column has a refund.
    return Order(order.merchant_uid, order.amount, order.currency, status, refunded)


def _parse_currency(cells: Sequence[object], layout: Layout) -> str:
    currency = "KRW" if layout.currency is None else parse_currency(cells[layout.currency])
    if currency != "KRW" and is_in_won(cells[layout.amount]):
        raise BadCellError(
            Worded("amount is in won, but currency is {currency}", currency=currency)
        )
    return currency


def _parse_status_and_refund(
    cells: Sequence[object], layout: Layout, amount: Decimal
) -> tuple[str, Decimal]:
    """Return the status of an order and its refunded amount.

    Raises:
        BadCellError: The two contradict each other or the amount.
    """
    status = _parse_status(cells, layout)
    refunded = _parse_refunded_amount(cells, layout)
    if not refunded and status == PARTIALLY_CANCELLED:
        raise _UnknownRefundError(
            Worded(
                "status is partially refunded, but no column has the refunded amount: name it with "
                "--columns cancelled_amount=COLUMN"
            )
        )
    if refunded > amount:
        raise BadCellError(
            Worded(
                "cancelled_amount is {refunded:f}, more than the amount of {amount:f}: amount must "
                "be what was charged, before any refund",
                refunded=refunded,
                amount=amount,
            )
        )
    if status == PARTIALLY_CANCELLED:
        status = PaymentStatus.CANCELLED.value
    elif refunded and status not in _REFUNDABLE:
        raise BadCellError(
            Worded(
                "cancelled_amount is {refunded:f}, but status is {status}",
                refunded=refunded,
                status=status,
            )
        )
    return status, refunded


def _parse_status(cells: Sequence[object], layout: Layout) -> str:
    if layout.status is not None:
        cell = cells[layout.status]
        if not (layout.is_plain_status and is_delivery(cell)):
            return parse_status(cell)
    paid = PaymentStatus.PAID.value
    statuses = (parse_order_status(cells[index]) for index in layout.order_status)
    return next((status for status in statuses if status != paid), paid)


def _parse_refunded_amount(cells: Sequence[object], layout: Layout) -> Decimal:
    index = layout.cancelled_amount
    return _ZERO if index is None else parse_refunded_amount(cells[index])


def _check_refund(cells: Sequence[object], layout: Layout, order: Order) -> None:
    """Check that no other cell of a negative row contradicts a refund.

    Raises:
        BadCellError: One does.
    """
    amount = quote(cells[layout.amount])
    problem = Worded(
        "amount of order {order} is negative: {amount}",
        order=quote(order.merchant_uid),
        amount=amount,
    )
    if _parse_refunded_amount(cells, layout) not in {0, -order.amount}:
        raise BadCellError(Worded("{problem}, but cancelled_amount differs", problem=problem))
    try:
        is_refund = layout.status is None or parse_status(cells[layout.status]) in _REFUNDED
    except BadCellError as error:
        raise BadCellError(
            Worded("{problem}, and {error}", problem=problem, error=error.reason)
        ) from None
    if not is_refund:
        raise BadCellError(Worded("{problem}, but status is not a refund", problem=problem))
