"""Read the orders of a run: into its store at first, and to recognise them afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Sequence
from contextlib import aclosing
from typing import TypeAlias

from portone_async.resources._stream import chunks_of
from portone_async.resources._windows import Window

from ._recorder import Recorder, in_thread
from .finding import Finding, Order, Refund, UnreadableOrder, Verdict
from .identity import Identity, OrdersDigest
from .store import Store

__all__ = ("Orders", "feed")

_AT_ONCE = 5000

Item: TypeAlias = Order | Refund | UnreadableOrder
Orders: TypeAlias = Iterable[Item] | AsyncIterable[Item]


async def feed(
    recorder: Recorder, orders: Orders, parts: Sequence[Window], statuses: Sequence[str]
) -> None:
    """Keep the orders of a new run, or check that a run that goes on has the same ones.

    Orders that were kept in part, by a run that was killed meanwhile, are read anew; so findings
    of theirs are reported only when all orders are kept.

    Raises:
        StoreError: The store is of another run.
    """
    store = recorder.store
    is_begun = await in_thread(lambda: store.identity) is not None
    if not is_begun:
        await in_thread(store.clear)
    digest = OrdersDigest()
    async with aclosing(chunks_of(orders, lambda _: 1, count=_AT_ONCE, weights=_AT_ONCE)) as chunks:
        async for chunk in chunks:
            await in_thread(digest.add, chunk)
            if not is_begun:
                await in_thread(_keep, store, chunk)
    identity = Identity.of(parts, statuses, digest)
    if is_begun:
        await in_thread(store.refuse_another, identity)
        await in_thread(store.forget_not_checked)
    else:
        while await in_thread(store.settle_refunds) is not None:
            pass
        await recorder.identify(identity)


def _keep(store: Store, chunk: Sequence[Item]) -> None:
    store.record(finding for item in chunk if (finding := _finding_of(item)) is not None)
    store.add_orders(
        item for item in chunk if not isinstance(item, UnreadableOrder) and _is_text(item)
    )


def _finding_of(item: Item) -> Finding | None:
    if isinstance(item, UnreadableOrder):
        where, reason, merchant_uid = item.where, item.reason, item.merchant_uid
    elif not _is_text(item):
        where, reason = f"order {item.merchant_uid!a}", "it has half a surrogate pair in it"
        merchant_uid = item.merchant_uid
    else:
        return None
    return Finding(
        merchant_uid=merchant_uid.encode(errors="backslashreplace").decode(),
        verdict=Verdict.NOT_CHECKED,
        error=f"{where}: {reason}",
    )


def _is_text(item: Order | Refund) -> bool:
    """Whether an order can be sent, and kept: half a surrogate pair is no Unicode text."""
    status = item.status if isinstance(item, Order) else ""
    try:
        f"{item.merchant_uid}{item.currency}{status}".encode()
    except UnicodeEncodeError:
        return False
    return True
