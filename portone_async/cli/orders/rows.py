"""Turn a row into an order, or into the reason why it is not one."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from gettext import gettext as _
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from portone_async.models import PaymentStatus
from portone_async.reconcile.finding import Order, Refund

from .cells import BadCellError, EmptyCellError, merchant_uid_of, shown
from .columns import Places
from .money import amount_of, currency_of, refunded_amount_of, says_won
from .own_findings import error_of
from .statuses import PARTIALLY_CANCELLED, status_of, status_of_order
from .totals import is_total_row

__all__ = (
    "BadRow",
    "Item",
    "Note",
    "OrphanRow",
    "PartlyRefundedRow",
    "RowWithoutNumber",
    "TotalRow",
    "read_row",
)

_NONE = Decimal(0)
_REFUNDABLE = (PaymentStatus.PAID, PaymentStatus.CANCELLED)
_REFUNDED = (PaymentStatus.CANCELLED, PARTIALLY_CANCELLED)

_NO_ORDER = (None, "")


class _HowMuchError(BadCellError):
    """A part was refunded, and the row does not say how much."""


class BadRow(Struct, frozen=True):
    """A row that is no order. Both texts are fit for a terminal."""

    where: str
    """``orders.csv:12`` by line, or ``orders.db row 12`` where there are no lines."""
    reason: str
    """What is wrong; of the row it shows the one cell that is, and only its beginning."""
    merchant_uid: str = ""
    """The order number, where it and the amount could be read."""


class RowWithoutNumber(BadRow, frozen=True, kw_only=True):
    """A row with an amount, but no order number: a total of all others, or unreadable."""

    amount: Decimal
    currency: str


class PartlyRefundedRow(BadRow, frozen=True, kw_only=True):
    """An order that was partly refunded; how much, only other rows may say."""

    order: Order
    """As it is without those rows."""


class Note(Struct, frozen=True):
    """A fact about the source that changes no verdict. Both texts are fit for a terminal.

    A reader yields few of them: one for each kind of fact, with a count where there are many.
    """

    where: str
    """``orders.csv``, or ``orders.csv:12`` for a line."""
    text: str
    """``order numbers: blanks around 12 of them are ignored``."""


class OrphanRow(Note, frozen=True):
    """A row of our own findings that is a payment without an order."""


class TotalRow(Note, frozen=True):
    """A row that sums up others."""


Item: TypeAlias = Order | Refund | BadRow | Note
"""A row as a reader yields it."""


def read_row(cells: Sequence[object], at: Places, where: str, number: int) -> Item:
    """Read one row.

    Args:
        cells: The row as its reader gives it.
        at: Where the fields are.
        where: What the row's number is put behind: ``orders.csv:``.
        number: Of the row, or of the line on which it begins.
    """
    place = f"{where}{number}"
    if (other := _no_order(cells, at, place)) is not None:
        return other
    try:
        currency = _currency(cells, at)
        merchant_uid = merchant_uid_of(cells[at.merchant_uid])
        amount = amount_of(cells[at.amount])
    except EmptyCellError as error:
        return _without_number(cells, at, place, str(error))
    except BadCellError as error:
        return BadRow(place, str(error))
    order = Order(merchant_uid, amount, currency)
    try:
        return _order_or_refund(cells, at, order, place)
    except _HowMuchError as error:
        order = replace(order, status=PaymentStatus.CANCELLED.value)
        return PartlyRefundedRow(place, str(error), merchant_uid, order=order)
    except BadCellError as error:
        return BadRow(place, str(error), merchant_uid)


def _order_or_refund(
    cells: Sequence[object], at: Places, order: Order, place: str
) -> Order | Refund:
    if order.amount < 0:
        _check_refund(cells, at, order.merchant_uid, -order.amount)
        return Refund(order.merchant_uid, -order.amount, order.currency, place)
    status, refunded = _status(cells, at, order.amount)
    return Order(order.merchant_uid, order.amount, order.currency, status, refunded)


def _no_order(cells: Sequence[object], at: Places, place: str) -> BadRow | Note | None:
    if at.error is not None and cells[at.amount] in _NO_ORDER:
        return _of_finding(cells[at.merchant_uid], cells[at.error], place)
    if is_total_row(cells, at.merchant_uid):
        return TotalRow(place, _("a total row, not an order"))
    return None


def _of_finding(merchant_uid: object, error: object, place: str) -> BadRow | OrphanRow:
    if reason := error_of(error):
        number = merchant_uid if isinstance(merchant_uid, str) else ""
        return BadRow(place, f"could not be read before: {reason}", number)
    return OrphanRow(place, "a payment without an order")


def _currency(cells: Sequence[object], at: Places) -> str:
    currency = "KRW" if at.currency is None else currency_of(cells[at.currency])
    if currency != "KRW" and says_won(cells[at.amount]):
        raise BadCellError(f"amount is in won, and currency is {currency}")
    return currency


def _without_number(cells: Sequence[object], at: Places, place: str, reason: str) -> BadRow:
    try:
        amount = amount_of(cells[at.amount])
    except BadCellError:
        return BadRow(place, reason)
    return RowWithoutNumber(place, reason, amount=amount, currency=_currency(cells, at))


def _status(cells: Sequence[object], at: Places, amount: Decimal) -> tuple[str, Decimal]:
    """Read the status of an order, and how much of its amount was refunded."""
    status = _status_word(cells, at)
    refunded = _refunded(cells, at)
    if not refunded and status == PARTIALLY_CANCELLED:
        raise _HowMuchError(
            "status says that a part was refunded, and nothing says how much: name that column "
            "with --columns cancelled_amount=COLUMN"
        )
    if refunded > amount:
        raise BadCellError(
            f"cancelled_amount is {refunded:f}, more than the amount of {amount:f}: amount must "
            "be what was charged, before any refund"
        )
    if status == PARTIALLY_CANCELLED:
        status = PaymentStatus.CANCELLED.value
    elif refunded and status not in _REFUNDABLE:
        raise BadCellError(f"cancelled_amount is {refunded:f}, and status is {status}")
    return status, refunded


def _status_word(cells: Sequence[object], at: Places) -> str:
    if at.status is not None:
        return status_of(cells[at.status])
    words = (status_of_order(cells[place]) for place in at.order_status)
    return next((word for word in words if word != PaymentStatus.PAID), PaymentStatus.PAID.value)


def _refunded(cells: Sequence[object], at: Places) -> Decimal:
    place = at.cancelled_amount
    return _NONE if place is None else refunded_amount_of(cells[place])


def _check_refund(cells: Sequence[object], at: Places, merchant_uid: str, amount: Decimal) -> None:
    """Refuse a negative row whose other cells do not say plainly that it is a refund."""
    told = f"amount of order {shown(merchant_uid)} is negative: {shown(cells[at.amount])}"
    if _refunded(cells, at) not in {0, amount}:
        raise BadCellError(f"{told}, and cancelled_amount is another")
    try:
        is_refund = at.status is None or status_of(cells[at.status]) in _REFUNDED
    except BadCellError as error:
        raise BadCellError(f"{told}, and {error}") from None
    if not is_refund:
        raise BadCellError(f"{told}, and status does not say that it is a refund")
