"""The payments of one order.

A number that is not safe in a path is looked up by ``GET /payments``, and its payments sorted here.
"""

from __future__ import annotations

from typing import Any, TypeVar

from portone_async.call import Caller
from portone_async.models import Payment, Sorting, UnreadablePayment
from portone_async.models._listed_payment import ListedPayment, PlainPayment
from portone_async.models._listing import Page
from portone_async.resources._pages import NumberedPages

from ._calls import find_all_call, imp_uid_of, is_path_safe, listed_call, unreadable_in
from ._sorting import sort_payments, unsortable

__all__ = ("find_listed", "order_pages")

P = TypeVar("P", bound=Payment | ListedPayment | PlainPayment)


async def find_listed(
    client: Caller, merchant_uid: str, status: str | None, sorting: Sorting | None
) -> Payment:
    """Return the first payment of an order whose number is not safe in a path."""
    by = sorting or Sorting.STARTED_DESC
    call = listed_call(merchant_uid, status)
    listing = await client.call(call)
    payments = sort_payments(listing.list, by, status=status)
    # Any of the unreadable ones may be the first.
    if unreadable := listing.unreadable or unsortable(payments, by):
        raise unreadable_in(call, unreadable)
    return payments[0]


def order_pages(
    client: Caller,
    merchant_uid: str,
    *,
    status: str | None = None,
    sorting: Sorting | None = None,
    page_size: int,
    page_type: type[Page[P, UnreadablePayment]],
) -> NumberedPages[P | Payment]:
    """Return the pages of all payments of an order.

    ``page_type`` determines the fields that are decoded. An order number that is not safe in a path
    has whole payments, which are sorted here.
    """

    async def read_page(number: int) -> Page[P | Payment, UnreadablePayment]:
        call = find_all_call(merchant_uid, status, sorting, number, page_size, response=page_type)
        page: Page[Any, UnreadablePayment] = await client.call(call)
        return page

    async def read_list(_: int) -> Page[P | Payment, UnreadablePayment]:
        listing = await client.call(listed_call(merchant_uid, None))
        by = sorting or Sorting.STARTED_DESC
        payments = tuple(sort_payments(listing.list, by, status=status))
        total = len(payments) + len(listing.unreadable)
        return Page(total, 0, payments, listing.unreadable)

    return NumberedPages(
        read_page if is_path_safe(merchant_uid) else read_list,
        key=imp_uid_of,
        may_be_missing=True,
        may_leave=status is not None,
    )
