"""``client.payments``: look-ups of payments.

API: https://developers.portone.io/api/rest-v1/payment
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from datetime import datetime
from decimal import Decimal
from typing import Literal

from portone_async.call import Caller, validate_identifier
from portone_async.errors import (
    AuthenticationError,
    ClientClosedError,
    DeadlineExceededError,
    InvalidRequestError,
    PaymentMismatchError,
    PaymentNotFoundError,
    PortOneError,
    ProxyError,
    TransientError,
    UnauthorizedError,
    UnsupportedVersionError,
    WrongLoopError,
)
from portone_async.models import (
    Failed,
    Found,
    Group,
    Missing,
    Payment,
    PaymentStatus,
    PaymentStatusLike,
    Sorting,
    SortingLike,
)
from portone_async.models.payments import PaymentListing, PaymentPage
from portone_async.resources._pages import NumberedPages, Pages, validate_page_size
from portone_async.resources._stream import Stream, aiter_any, batched
from portone_async.resources._windows import utc_now, windows

from ._batch import (
    LARGEST_BATCH,
    LONGEST_QUERY,
    Identifier,
    batch_call,
    grouped,
    query_bytes,
)
from ._calls import (
    find_all_call,
    find_call,
    get_call,
    imp_uid_of,
    is_path_safe,
    listed_call,
    sort_payments,
    unreadable_in,
    unsortable,
)
from ._verify import differences, validate_amount
from ._words import LISTED, validate_sorting, validate_status

__all__ = ("FATAL_ERRORS", "Payments")

# What no later look-up of a run would survive either.
FATAL_ERRORS = (
    AuthenticationError,
    UnauthorizedError,
    ClientClosedError,
    WrongLoopError,
    UnsupportedVersionError,
    ProxyError,
)
# What a stream keeps under way; the client's own max_in_flight and throttle bound it further.
_LOOK_UPS_AT_ONCE = 64
_BATCHES_AT_ONCE = 8
# Seconds between two looks at an order that somebody is just paying.
_POLLS = (0.5, 1.0, 2.0)
_LAST_POLL = 3.0


class Payments:
    """The look-ups of ``/payments``."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    async def find(
        self,
        merchant_uid: str,
        *,
        status: PaymentStatusLike | None = None,
        sorting: SortingLike | None = None,
    ) -> Payment:
        r"""Find the payment of an order.

        One order number may have several payments, since each try of a buyer makes one. Without
        ``status`` the first by ``sorting`` is given, which may be a later, abandoned try of an
        order that was paid before: to know whether an order is paid, ask for ``status="paid"``.

        Payments of test channels are found as well: see :attr:`Payment.sandbox`.

        Args:
            merchant_uid: The shop's order number, any text.
            status: Only payments of this status: ``ready``, ``paid``, ``failed``, ``cancelled`` or
                ``pending``. A word that PortOne may add later is sent, too; one of these in
                another spelling (``PAID``, ``canceled``) is refused.
            sorting: Which comes first: ``-started`` (the newest, PortOne's own choice),
                ``started``, ``-paid``, ``paid``, ``-updated`` or ``updated``.

        Raises:
            PaymentNotFoundError: PortOne says that there is none.
            InvalidRequestError: An argument that can never be right; nothing was sent.
            PortOneError: Any other failure: nothing is known about the payment then.

        An order number with ``/`` or ``\`` in it cannot travel in a path: web servers refuse a
        quoted slash, or take it for a real one and look up another order. For those the payments
        are asked for by ``GET /payments?merchant_uid[]=...``, which carries any text, and sorted
        here. It is not documented whether that lists every payment of an order, so when it
        gives some but none of the ``status``, the result is an ``UnexpectedResponseError``
        and not "missing". "updated" is taken to be the last of the payment's times there.

        Source: ``GET /payments/find/{merchant_uid}/{payment_status}``.
        """
        wanted = None if status is None else validate_status(status)
        order = None if sorting is None else validate_sorting(sorting)
        if is_path_safe(merchant_uid):
            return await self._client.call(find_call(merchant_uid, wanted, order))
        call = listed_call(merchant_uid, wanted)
        listing = await self._client.call(call)
        by = order or Sorting.STARTED_DESC
        found = sort_payments(listing.list, by, status=wanted)
        # Any of these may be the first.
        if unreadable := listing.unreadable or unsortable(found, by):
            raise unreadable_in(call, unreadable)
        return found[0]

    async def get(
        self, imp_uid: str, *, include_sandbox: bool = False, extension: bool = False
    ) -> Payment:
        """Get a payment by PortOne's own id.

        Args:
            imp_uid: As in ``imp_123456789012``.
            include_sandbox: Find payments of test channels, too. PortOne hides them here (and
                only here) since 2026-01-26, so that nobody pays with a test card.
            extension: Ask for what a PG adds of its own, :attr:`Payment.extension`.

        Raises:
            PaymentNotFoundError: PortOne says that there is none.
            InvalidRequestError: An argument that can never be right; nothing was sent.
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
        """Every payment of an order, read page by page as they are asked for.

        ```python
        async for payment in client.payments.find_all("order-1"):
            ...
        ```

        An order without payments gives none, and no error. For an order number with a slash
        the list is that of ``GET /payments``, which is not documented to be complete.

        Args:
            merchant_uid: The shop's order number, any text.
            status: Only payments of this status.
            sorting: Their order; PortOne's own choice is ``-started``.
            page_size: Payments per request, 1000 at most.

        Raises:
            InvalidRequestError: An argument that can never be right; nothing was sent.
            PortOneError: While it is read: whatever :meth:`find` raises, but for "not found".

        Source: ``GET /payments/findAll/{merchant_uid}/{payment_status}``.
        """
        is_plain = is_path_safe(merchant_uid)
        wanted = None if status is None else validate_status(status)
        order = None if sorting is None else validate_sorting(sorting)
        size = validate_page_size(page_size)

        async def page(number: int) -> PaymentPage:
            if is_plain:
                call = find_all_call(merchant_uid, wanted, order, number, size)
                return await self._client.call(call)
            listing = await self._client.call(listed_call(merchant_uid, None))
            by = order or Sorting.STARTED_DESC
            chosen = tuple(sort_payments(listing.list, by, status=wanted))
            return PaymentPage(len(chosen) + len(listing.unreadable), 0, chosen, listing.unreadable)

        pages = NumberedPages(
            page, key=imp_uid_of, may_be_missing=True, may_leave=wanted is not None
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
        """Every payment of a status in a period, each once, read as they are asked for.

        The period is read in slices of whole seconds that fit into one answer each, so payments
        that arrive or leave meanwhile never hide others. The time that counts is
        that of the status: when a payment was started (``ready``), ``paid``, ``failed`` or
        ``cancelled``. One that was paid yesterday and cancelled today is among the cancelled
        of today and no longer among the paid of yesterday. Payments of test channels are listed.

        To give each payment once, it remembers the ids of all that were given: about 100 bytes
        each.

        Args:
            status: ``ready``, ``paid``, ``failed``, ``cancelled`` or ``all``.
            since: The first moment, with a time zone; ``None`` for 90 days before the end.
            until: The first moment after the period; ``None`` for as long as it is read.
            sorting: Their order within a slice; the slices follow each other in its direction.
                So the whole list is in order for ``paid`` by ``paid`` and ``ready`` by
                ``started``, the defaults; every other status is sorted slice by slice.
            page_size: Payments per request, 1000 at most. Those of a single second are asked
                for together, up to 1000.

        Raises:
            InvalidRequestError: An argument that can never be right, such as an empty or
                reversed period; nothing was sent.
            UnexpectedResponseError: While it is read: PortOne's pages contradict each other; or,
                after all others were given, some payments cannot be read (``unreadable``).
            PortOneError: While it is read: what any call raises.

        Source: ``GET /payments/status/{payment_status}``; a window of it is 90 days at most,
        so longer periods are read in several.
        """
        # Most programs never list: importing the package does not load what only this needs.
        from ._by_status import StatusList, ascending  # noqa: PLC0415 (the reason above)

        wanted = validate_status(status, known=LISTED)
        order = ascending(wanted) if sorting is None else validate_sorting(sorting)
        size = validate_page_size(page_size)

        listed = StatusList(self._client, wanted, order, size)
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
        """The payments of any number of orders, a hundred per request, in the order asked for.

        ```python
        async with client.payments.get_many(orders) as stream:
            async for group in stream:
                print(group.uid, len(group.payments))
        ```

        An empty group means that PortOne listed no payment for the id. Whether it lists every
        payment of an order is not documented: before anything is refunded or shipped because of
        what is *not* there, ask :meth:`find_all`. A payment that cannot be read is in
        ``group.unreadable`` of every group that it belongs to or may belong to.

        Args:
            merchant_uids: Order numbers, any number of them.
            imp_uids: PortOne's own ids, which come after them.

        Raises:
            InvalidRequestError: In its turn, an id that can never be looked up.
            PortOneError: While it is read: what any call raises.

        Source: ``GET /payments?merchant_uid[]=...&imp_uid[]=...``.
        """
        return Stream(
            _batches(merchant_uids, imp_uids),
            self._groups,
            in_flight=_BATCHES_AT_ONCE,
            is_ordered=True,
        )

    def find_many(
        self,
        merchant_uids: Iterable[str] | AsyncIterable[str],
        *,
        status: PaymentStatusLike | None = None,
        sorting: SortingLike | None = None,
    ) -> Stream[Found | Missing | Failed]:
        """Find the payments of many orders, each as soon as it is known.

        ```python
        async with client.payments.find_many(orders, status="paid") as stream:
            async for result in stream:
                match result:
                    case Found(merchant_uid, payment): ...
                    case Missing(merchant_uid): ...
                    case Failed(merchant_uid, error): ...
        ```

        One order that cannot be checked never ends the run; refused keys or a closed client do.
        One request each: :meth:`get_many` needs a hundredth of that.

        Args:
            merchant_uids: Order numbers, any number of them.
            status: As for :meth:`find`.
            sorting: As for :meth:`find`.

        Raises:
            InvalidRequestError: ``status`` or ``sorting`` can never be right.
            AuthenticationError: While it is read: the keys were refused.
            UnauthorizedError: While it is read: the token was refused for good.
            ClientClosedError: While it is read: the client is closed.
            WrongLoopError: While it is read: the client belongs to another event loop.
        """
        wanted = None if status is None else validate_status(status)
        order = None if sorting is None else validate_sorting(sorting)

        async def look_up(merchant_uid: str) -> tuple[Found | Missing | Failed]:
            try:
                payment = await self.find(merchant_uid, status=wanted, sorting=order)
            except FATAL_ERRORS:
                raise
            except PaymentNotFoundError as error:
                return (Missing(merchant_uid, error),)
            except PortOneError as error:
                return (Failed(merchant_uid, error),)
            return (Found(merchant_uid, payment),)

        return Stream(merchant_uids, look_up, in_flight=_LOOK_UPS_AT_ONCE, is_ordered=False)

    async def verify(
        self,
        merchant_uid: str,
        *,
        amount: int | Decimal,
        currency: str = "KRW",
        imp_uid: str | None = None,
        discount: int | Decimal = 0,
        allow_sandbox: bool = False,
    ) -> Payment:
        """Give the payment of an order if it is what must be true before goods are shipped.

        That is: paid, this amount in this currency, nothing of it cancelled, made in a live
        channel, for this very order.

        Args:
            merchant_uid: The shop's order number.
            amount: What the order costs, exactly, in ``currency``.
            currency: As in ``KRW``.
            imp_uid: The payment that the browser or a webhook named. It is only a hint, and
                must belong to the order.
            discount: What a PortOne promotion is expected to have taken off. Whether ``amount``
                is meant before or after it is not documented: it is compared as PortOne has it.
            allow_sandbox: Accept a payment of a test channel.

        Raises:
            PaymentMismatchError: It is something else; ``differences`` has all of it.
            PaymentNotFoundError: The order has no payment at all.
            InvalidRequestError: An argument that can never be right; nothing was sent.
            PortOneError: Any other failure: nothing is known about the payment then.
        """
        validate_identifier("merchant_uid", merchant_uid)
        exact = validate_amount("amount", amount)
        taken_off = validate_amount("discount", discount)
        if imp_uid is not None:
            payment = await self.get(imp_uid, include_sandbox=True)
        else:
            try:
                payment = await self.find(merchant_uid, status=PaymentStatus.PAID)
            except PaymentNotFoundError:
                # None is paid: what there is instead is worth knowing.
                payment = await self.find(merchant_uid)
        found = differences(
            payment,
            merchant_uid=merchant_uid,
            amount=exact,
            currency=currency,
            imp_uid=imp_uid,
            discount=taken_off,
            allow_sandbox=allow_sandbox,
        )
        if not found:
            return payment
        error = PaymentMismatchError("; ".join(map(str, found)), differences=found)
        error.identifiers = {"merchant_uid": merchant_uid, "imp_uid": payment.imp_uid}
        raise error

    async def wait_until_paid(self, merchant_uid: str, *, timeout: float) -> Payment:  # noqa: ASYNC109 (a bound of what is waited for, not of one await)
        """Wait for a payment that was made a moment ago and may not be visible yet.

        It looks again after half a second, one, two, and then every three seconds.

        Args:
            merchant_uid: The shop's order number.
            timeout: Seconds until it gives up.

        Raises:
            PaymentNotFoundError: Nobody has paid until then, says PortOne.
            PortOneError: Any other failure. One that may pass is waited out as well.
        """
        if not timeout > 0:
            raise InvalidRequestError(f"timeout must be more than 0: {timeout!r}")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        last: PortOneError = DeadlineExceededError(f"no answer within {timeout:g} s")
        polls = iter(_POLLS)
        bound = asyncio.timeout_at(deadline)
        try:
            async with bound:
                while True:
                    try:
                        return await self.find(merchant_uid, status=PaymentStatus.PAID)
                    except (PaymentNotFoundError, TransientError) as error:
                        last = error
                    wait = next(polls, _LAST_POLL)
                    if loop.time() + wait >= deadline:
                        break
                    await asyncio.sleep(wait)
        except TimeoutError:
            if not bound.expired():
                raise
        raise last.with_traceback(None)

    async def _groups(self, chunk: Sequence[Identifier]) -> Sequence[Group]:
        try:
            listing = await self._client.call(batch_call(chunk))
        except PaymentNotFoundError:
            listing = PaymentListing()
        return grouped(chunk, listing)


def _batches(
    merchant_uids: Iterable[str] | AsyncIterable[str], imp_uids: Iterable[str] | AsyncIterable[str]
) -> AsyncIterator[list[Identifier]]:
    async def asked() -> AsyncGenerator[Identifier, None]:
        for name, uids in (("merchant_uid", merchant_uids), ("imp_uid", imp_uids)):
            async with aclosing(aiter_any(uids)) as source:
                async for uid in source:
                    yield Identifier(name, uid)

    return batched(asked(), query_bytes, count=LARGEST_BATCH, weights=LONGEST_QUERY)
