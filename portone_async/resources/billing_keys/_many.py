"""Many billing keys by one request of ``GET /subscribe/customers``.

PortOne documents no maximum of ids (``doctor``: ``billing-key-batch-size``); a hundred is that of
the payments. It does not say which keys are missing, so they are found by their own names.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Sequence
from contextlib import aclosing

from portone_async.call import Caller
from portone_async.models.billing_keys import BillingKeyGroup, BillingKeyListing
from portone_async.resources._stream import Stream, aiter_any, batched, require_several
from portone_async.resources.payments._batch import (
    LARGEST_BATCH,
    LONGEST_QUERY,
    Identifier,
    query_bytes,
)

from ._calls import BillingKeyNotFoundError, listed_call

__all__ = ("get_groups", "group_of")

# Per stream; the client's own max_in_flight and throttle bound it further.
_BATCHES_AT_ONCE = 8


def get_groups(
    client: Caller, customer_uids: Iterable[str] | AsyncIterable[str]
) -> Stream[BillingKeyGroup]:
    """Look up many keys per request; results come in the order of the names."""
    require_several("customer_uids", customer_uids)

    async def look_up(batch: Sequence[Identifier]) -> Sequence[BillingKeyGroup]:
        names = [identifier.uid for identifier in batch]
        try:
            listing = await client.call(listed_call(names))
        except BillingKeyNotFoundError:
            listing = BillingKeyListing()
        return [group_of(name, listing) for name in names]

    async def identifiers() -> AsyncGenerator[Identifier, None]:
        async with aclosing(aiter_any(customer_uids)) as source:
            async for customer_uid in source:
                yield Identifier("customer_uid", customer_uid)

    batches = batched(identifiers(), query_bytes, count=LARGEST_BATCH, total=LONGEST_QUERY)
    return Stream(batches, look_up, in_flight=_BATCHES_AT_ONCE, is_ordered=True)


def group_of(customer_uid: str, listing: BillingKeyListing) -> BillingKeyGroup:
    """Return what a list has under a name."""
    key = next((key for key in listing.list if key.customer_uid == customer_uid), None)
    unreadable = tuple(
        key for key in listing.unreadable if key.customer_uid in (None, customer_uid)
    )
    return BillingKeyGroup(customer_uid, key, unreadable)
