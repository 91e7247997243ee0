"""Lists by ``GET /payments/status/{payment_status}``, and what its HTTP 400 for a window means.

PortOne documents a 400 for "a page beyond the data", but not whether page 1 of an empty window is
one. So a valid window that is refused is assumed to be empty if other lists of that window do not
contradict it, and is stored in :attr:`StatusList.assumed_empty`. Unless the caller compares that
with later look-ups, PortOne must also have answered at least one such request.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from portone_async.call import Caller
from portone_async.errors import ApiError, PaymentNotFoundError
from portone_async.models import Payment, PaymentStatus, Sorting, UnreadablePayment
from portone_async.models._listed_payment import ListedPayment, ListedPaymentPage, PlainPayment
from portone_async.models._listing import Page
from portone_async.resources._windows import Window

from ._calls import list_call
from ._walk import Walk, ascending

__all__ = ("StatusList", "ascending")

P = TypeVar("P", bound=Payment | ListedPayment | PlainPayment)

_EMPTY: Page[Any, UnreadablePayment] = Page(0, 0, ())
_ALL = "all"
_STATUSES = (
    PaymentStatus.READY.value,
    PaymentStatus.PAID.value,
    PaymentStatus.FAILED.value,
    PaymentStatus.CANCELLED.value,
)


class StatusList(Generic[P]):
    """The payments of one status, by window and page number.

    Args:
        client: The client.
        status: Which payments.
        sorting: Their order.
        page_size: The most payments in a page.
        page_type: The type of a page, which determines the fields that are decoded.
        is_checked_later: Whether the caller compares :attr:`assumed_empty` with other look-ups.
    """

    def __init__(
        self,
        client: Caller,
        status: str,
        sorting: Sorting,
        page_size: int,
        page_type: type[Page[P, UnreadablePayment]],
        *,
        is_checked_later: bool = False,
    ) -> None:
        self._client = client
        self._status = status
        self._sorting = sorting
        self._page_size = page_size
        self._page_type = page_type
        self._is_trusted = is_checked_later
        self.assumed_empty: list[Window] = []
        """Windows that PortOne refused, and of which no other list has a payment."""

    def walk(self, window: Window, *, seen: set[str] | None = None) -> Walk[P]:
        """Read a window slice by slice."""
        return Walk(
            self.read,
            window,
            status=self._status,
            sorting=self._sorting,
            page_size=self._page_size,
            seen=seen,
        )

    async def read(self, window: Window, number: int, size: int) -> Page[P, UnreadablePayment]:
        """Read one page of a window."""
        call = list_call(
            self._status, window, self._sorting, number, size, response=self._page_type
        )
        try:
            page = await self._client.call(call)
        except ApiError as error:
            # PortOne may refuse a status that is not documented (`doctor`: `pending-status`).
            is_valid = self._status in (_ALL, *_STATUSES)
            if number > 1 or not is_valid or not _may_mean_empty(error):
                raise
            refusal = error
        else:
            self._is_trusted = True
            return page
        if await self._is_contradicted(window) or not self._is_trusted:
            raise refusal
        self.assumed_empty.append(window)
        return _EMPTY

    async def _is_contradicted(self, window: Window, /) -> bool:
        """Look for a payment of this status in the other lists of the window."""
        others = _STATUSES if self._status == _ALL else (_ALL,)
        for other in others:
            witness = _Witness(
                self._client, other, ascending(other), self._page_size, ListedPaymentPage
            )
            walk = witness.walk(window)
            while (page := await walk.read()) is not None:
                if any(self._status in (_ALL, payment.status) for payment in page.list):
                    return True
            self._is_trusted |= witness.has_answered
        return False


class _Witness(StatusList[PlainPayment | ListedPayment]):
    """Another list of the window; its own refusals mean nothing."""

    has_answered = False

    async def read(self, window: Window, number: int, size: int) -> ListedPaymentPage:
        call = list_call(
            self._status, window, self._sorting, number, size, response=self._page_type
        )
        try:
            page = await self._client.call(call)
        except ApiError as error:
            if number > 1 or not _may_mean_empty(error):
                raise
            return _EMPTY
        self.has_answered = True
        return page


def _may_mean_empty(error: ApiError) -> bool:
    return error.code is not None and (
        error.status == 400 or isinstance(error, PaymentNotFoundError)
    )
