"""Streams over the payments of many orders."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Sequence,
)
from contextlib import aclosing

from portone_async.call import Caller
from portone_async.errors import (
    AuthenticationError,
    ClientClosedError,
    PaymentNotFoundError,
    PortOneError,
    ProxyError,
    ThrottleError,
    UnauthorizedError,
    UnsupportedVersionError,
    WrongLoopError,
)
from portone_async.models import Failed, Found, Group, Missing, Payment
from portone_async.models.payments import PaymentListing
from portone_async.resources._stream import Stream, aiter_any, batched, require_several

from ._batch import LARGEST_BATCH, LONGEST_QUERY, Identifier, batch_call, grouped, query_bytes

__all__ = ("FATAL_ERRORS", "find_each", "get_groups")

FATAL_ERRORS = (
    AuthenticationError,
    UnauthorizedError,
    ClientClosedError,
    WrongLoopError,
    UnsupportedVersionError,
    ProxyError,
    ThrottleError,
)
"""Errors that every later look-up of a run would raise, too."""

# Per stream; the client's own max_in_flight and throttle bound it further.
_LOOK_UPS_AT_ONCE = 64
_BATCHES_AT_ONCE = 8


def find_each(
    find: Callable[[str], Awaitable[Payment]],
    merchant_uids: Iterable[str] | AsyncIterable[str],
) -> Stream[Found | Missing | Failed]:
    """Look up each order by a separate request; results come as soon as they are known."""
    require_several("merchant_uids", merchant_uids)

    async def look_up(merchant_uid: str) -> tuple[Found | Missing | Failed]:
        try:
            payment = await find(merchant_uid)
        except FATAL_ERRORS:
            raise
        except PaymentNotFoundError as error:
            return (Missing(merchant_uid, error),)
        except PortOneError as error:
            return (Failed(merchant_uid, error),)
        return (Found(merchant_uid, payment),)

    return Stream(merchant_uids, look_up, in_flight=_LOOK_UPS_AT_ONCE, is_ordered=False)


def get_groups(
    client: Caller,
    merchant_uids: Iterable[str] | AsyncIterable[str],
    imp_uids: Iterable[str] | AsyncIterable[str],
) -> Stream[Group]:
    """Look up many identifiers per request; results come in the order of the identifiers."""
    require_several("merchant_uids", merchant_uids)
    require_several("imp_uids", imp_uids)

    async def look_up(batch: Sequence[Identifier]) -> Sequence[Group]:
        try:
            listing = await client.call(batch_call(batch))
        except PaymentNotFoundError:
            listing = PaymentListing()
        return grouped(batch, listing)

    batches = _batches(merchant_uids, imp_uids)
    return Stream(batches, look_up, in_flight=_BATCHES_AT_ONCE, is_ordered=True)


def _batches(
    merchant_uids: Iterable[str] | AsyncIterable[str], imp_uids: Iterable[str] | AsyncIterable[str]
) -> AsyncIterator[list[Identifier]]:
    async def identifiers() -> AsyncGenerator[Identifier, None]:
        for name, uids in (("merchant_uid", merchant_uids), ("imp_uid", imp_uids)):
            async with aclosing(aiter_any(uids)) as source:
                async for uid in source:
                    yield Identifier(name, uid)

    return batched(identifiers(), query_bytes, count=LARGEST_BATCH, total=LONGEST_QUERY)
