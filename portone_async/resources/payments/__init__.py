"""``client.payments``: look-ups and refunds of payments.

API: https://developers.portone.io/api/rest-v1/payment
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from datetime import datetime
from typing import Literal

from portone_async.call import validate_identifier
from portone_async.errors import PaymentNotFoundError
from portone_async.models import (
    Failed,
    Found,
    Group,
    Missing,
    Payment,
    PaymentStatus,
    PaymentStatusLike,
    SortingLike,
)
from portone_async.models.payments import PaymentPage
from portone_async.resources._pages import Pages, validate_page_size
from portone_async.resources._request import Money, money
from portone_async.resources._stream import Stream
from portone_async.resources._windows import utc_now, windows

from ._calls import find_call, get_call, is_path_safe
from ._many import FATAL_ERRORS, find_each, get_groups
from ._order import find_listed, order_pages
from ._polling import poll, validate_timeout
from ._refunds import BalanceNotFoundError, Refunds
from ._verify import differences, require_none
from ._words import LISTED, validate_sorting, validate_status

__all__ = ("FATAL_ERRORS", "BalanceNotFoundError", "Payments")


class Payments(Refunds):
    """The look-ups and refunds of ``/payments``."""

    async def find(
        self,
        merchant_uid: str,
        *,
        status: PaymentStatusLike | None = None,
        sorting: SortingLike | None = None,
    ) -> Payment:
        r"""Find the payment of an order.

        An order may have several payments: each attempt of a buyer makes one. Without ``status``
        this returns the first by ``sorting``, which may be a later, abandoned attempt for an order
        that was paid before: to know whether an order is paid, pass ``status="paid"``.

        Payments of test channels are found as well: see :attr:`Payment.sandbox`.

        Args:
            merchant_uid: The shop's order number, any text.
            status: Only payments of this status: ``ready``, ``paid``, ``failed``, ``cancelled`` or
                ``pending``. An unknown word is sent as it is, since PortOne may add some; another
                spelling of a known one (``PAID``, ``canceled``) is rejected.
            sorting: Which comes first: ``-started`` (the newest, PortOne's own choice),
                ``started``, ``-paid``, ``paid``, ``-updated`` or ``updated``.

        Raises:
            PaymentNotFoundError: PortOne reports that there is none.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: Any other failure: nothing is known about the payment then.

        An order number with ``/`` or ``\`` is not safe in a path: web servers reject a quoted
        slash, or decode it and look up another order. Those are looked up by
        ``GET /payments?merchant_uid[]=...`` and sorted here, "updated" by the last of a payment's
        times. PortOne does not document that this lists every payment of an order (``doctor``:
        ``batch-lists-all``), so if it lists some but none of the ``status``, that is an
        ``UnexpectedResponseError``, not "missing".

        Source: ``GET /payments/find/{merchant_uid}/{payment_status}``.
        """
        wanted = None if status is None else validate_status(status)
        order = None if sorting is None else validate_sorting(sorting)
        if is_path_safe(merchant_uid):
            return await self._client.call(find_call(merchant_uid, wanted, order))
        return await find_listed(self._client, merchant_uid, wanted, order)

    async def get(
        self, imp_uid: str, *, include_sandbox: bool = False, extension: bool = False
    ) -> Payment:
        """Get a payment by PortOne's own id.

        Args:
            imp_uid: As in ``imp_123456789012``.
            include_sandbox: Find payments of test channels, too. PortOne hides them here (and
                only here) since 2026-01-26, so that a test card cannot pay for goods.
            extension: Request the fields that a PG adds, :attr:`Payment.extension`.

        Raises:
            PaymentNotFoundError: PortOne reports that there is none.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: Any other failure: nothing is known about the payment then.

        Source: ``GET /payments/{imp_uid}``.
        """
        return await self._client.call(
            get_call(imp_uid, include_sandbox=include_sandbox, extension=extension)
        )

    def find_all(
        self,
        merchant_uid: str,
        *,
        status: PaymentStatusLike | None = None,
        sorting: SortingLike | None = None,
        page_size: int = 100,
    ) -> Pages[Payment]:
        """Iterate over every payment of an order, page by page.

        ```python
        async for payment in client.payments.find_all("order-1"):
            ...
        ```

        An order without payments is empty, not an error. For an order number with a slash the
        list is that of ``GET /payments``, which is not documented to be complete (``doctor``:
        ``batch-lists-all``).

        Args:
            merchant_uid: The shop's order number, any text.
            status: Only payments of this status.
            sorting: Their order; PortOne's own choice is ``-started``.
            page_size: Payments per request, 1000 at most.

        Raises:
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: During iteration: any error of :meth:`find` but "not found".

        Source: ``GET /payments/findAll/{merchant_uid}/{payment_status}``.
        """
        wanted = None if status is None else validate_status(status)
        order = None if sorting is None else validate_sorting(sorting)
        size = validate_page_size(page_size)
        pages = order_pages(
            self._client,
            merchant_uid,
            status=wanted,
            sorting=order,
            page_size=size,
            page_type=PaymentPage,
        )
        return Pages([pages])

    def list(
        self,
        status: PaymentStatus | Literal["ready", "paid", "failed", "cancelled", "all"] | str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        sorting: SortingLike | None = None,
        page_size: int = 1000,
    ) -> Pages[Payment]:
        """Iterate over every payment of a status in a period, each once.

        The period is read in slices of whole seconds that fit into one response each, so payments
        that arrive or leave meanwhile never hide others. The time that counts is that of the
        status: when a payment was started (``ready``), ``paid``, ``failed`` or ``cancelled``. One
        that was paid yesterday and cancelled today is among the cancelled of today and no longer
        among the paid of yesterday. Payments of test channels are listed.

        Memory: the ids of all payments so far, about 100 bytes each.

        Args:
            status: ``ready``, ``paid``, ``failed``, ``cancelled`` or ``all``.
            since: The start, with a time zone; ``None`` for 90 days before the end.
            until: The end, not included; ``None`` for as long as the iteration takes.
            sorting: Their order within a slice; the slices follow each other in its direction.
                So the whole list is in order for ``paid`` by ``paid`` and ``ready`` by
                ``started``, the defaults; every other status is sorted slice by slice.
            page_size: Payments per request, 1000 at most. A single second is always read with
                1000.

        Raises:
            InvalidRequestError: An argument can never be right, such as an empty or reversed
                period; nothing was sent.
            UnexpectedResponseError: During iteration: PortOne's pages contradict each other; or,
                after all others, some payments cannot be read (``unreadable``).
            PortOneError: During iteration: any error of a call.

        Source: ``GET /payments/status/{payment_status}``; a window of it is 90 days at most,
        so longer periods are read in several.
        """
        from ._by_status import StatusList, ascending  # noqa: PLC0415 (most programs never list)

        wanted = validate_status(status, known=LISTED)
        order = ascending(wanted) if sorting is None else validate_sorting(sorting)
        size = validate_page_size(page_size)

        listed = StatusList(self._client, wanted, order, size, PaymentPage)
        seen: set[str] = set()
        parts = windows(since, until, utc_now())
        if order.startswith("-"):
            parts.reverse()
        return Pages(listed.walk(part, seen=seen) for part in parts)

    def get_many(
        self,
        merchant_uids: Iterable[str] | AsyncIterable[str] = (),
        imp_uids: Iterable[str] | AsyncIterable[str] = (),
    ) -> Stream[Group]:
        """Look up the payments of many orders, a hundred per request, in the order of the ids.

        ```python
        async with client.payments.get_many(orders) as stream:
            async for group in stream:
                print(group.uid, len(group.payments))
        ```

        An empty group means that PortOne listed no payment for the id. It does not document that it
        lists every payment of an order (``doctor``: ``batch-lists-all``): before you refund or ship
        because a payment is *not* there, call :meth:`find_all`. A payment that cannot be read is in
        ``group.unreadable`` of every group that it belongs to or may belong to.

        Args:
            merchant_uids: Any number of order numbers.
            imp_uids: PortOne's own ids, which come after them.

        Raises:
            InvalidRequestError: ``merchant_uids`` or ``imp_uids`` is one text; or, during iteration,
                an id can never be looked up.
            PortOneError: During iteration: any error of a call.

        Source: ``GET /payments?merchant_uid[]=...&imp_uid[]=...``.
        """
        return get_groups(self._client, merchant_uids, imp_uids)

    def find_many(
        self,
        merchant_uids: Iterable[str] | AsyncIterable[str],
        *,
        status: PaymentStatusLike | None = None,
        sorting: SortingLike | None = None,
    ) -> Stream[Found | Missing | Failed]:
        """Find the payments of many orders; results come as soon as they are known.

        ```python
        async with client.payments.find_many(orders, status="paid") as stream:
            async for result in stream:
                match result:
                    case Found(merchant_uid, payment): ...
                    case Missing(merchant_uid): ...
                    case Failed(merchant_uid, error): ...
        ```

        An order that cannot be checked does not end the run; refused keys or a closed client do.
        Each order is one request: :meth:`get_many` needs a hundredth of them.

        Args:
            merchant_uids: Any number of order numbers.
            status: As for :meth:`find`.
            sorting: As for :meth:`find`.

        Raises:
            InvalidRequestError: An argument can never be right, such as one text for many.
            PortOneError: During iteration: an error that every order would have: refused keys or
                token, a closed client, another event loop, a proxy that refuses.
        """
        wanted = None if status is None else validate_status(status)
        order = None if sorting is None else validate_sorting(sorting)

        async def find(merchant_uid: str) -> Payment:
            return await self.find(merchant_uid, status=wanted, sorting=order)

        return find_each(find, merchant_uids)

    async def verify(
        self,
        merchant_uid: str,
        *,
        amount: Money,
        currency: str = "KRW",
        imp_uid: str | None = None,
        discount: Money = 0,
        allow_sandbox: bool = False,
    ) -> Payment:
        """Return the payment of an order if its goods can be shipped.

        That is: it is paid, in this amount and currency, not cancelled even in part, made in a
        live channel, and of this very order.

        Args:
            merchant_uid: The shop's order number.
            amount: What the order costs, exactly, in ``currency``: an ``int``, a ``Decimal``,
                or text as in ``"9.90"``; never a float.
            currency: As in ``KRW``.
            imp_uid: The payment that the browser or a webhook named: a hint, checked against
                the order.
            discount: The expected discount of a PortOne promotion. Whether ``amount`` is before or
                after it is not documented (``doctor``: ``promotion-amount``): it is compared as
                PortOne returns it.
            allow_sandbox: Accept a payment of a test channel.

        Raises:
            PaymentMismatchError: It differs; ``differences`` has every reason.
            PaymentNotFoundError: The order has no payment at all.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: Any other failure: nothing is known about the payment then.
        """
        validate_identifier("merchant_uid", merchant_uid)
        exact = money("amount", amount)
        taken_off = money("discount", discount)
        if imp_uid is not None:
            payment = await self.get(imp_uid, include_sandbox=True)
        else:
            try:
                payment = await self.find(merchant_uid, status=PaymentStatus.PAID)
            except PaymentNotFoundError:
                # None is paid: report the payment that there is instead.
                payment = await self.find(merchant_uid)
        reasons = differences(
            payment,
            merchant_uid=merchant_uid,
            amount=exact,
            currency=currency,
            imp_uid=imp_uid,
            discount=taken_off,
            allow_sandbox=allow_sandbox,
        )
        require_none(reasons, merchant_uid=merchant_uid, imp_uid=payment.imp_uid)
        return payment

    async def wait_until_paid(self, merchant_uid: str, *, timeout: float) -> Payment:  # noqa: ASYNC109 (a bound of all requests, not of one await)
        """Wait for a payment that was made a moment ago and may not be visible yet.

        It polls after half a second, one, two, and then every three seconds.

        Args:
            merchant_uid: The shop's order number.
            timeout: Seconds until it gives up.

        Raises:
            PaymentNotFoundError: PortOne reports no paid payment until then.
            PortOneError: Any other failure. Transient ones are retried until then as well.
        """
        validate_timeout(timeout)

        async def find() -> Payment:
            return await self.find(merchant_uid, status=PaymentStatus.PAID)

        return await poll(find, timeout)
