"""Load the orders of a run into its store, or check that a resumed run has the same orders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Sequence
from contextlib import aclosing
from decimal import InvalidOperation
from itertools import islice
from typing import TypeAlias, TypeGuard

from portone_async.resources._stream import batched
from portone_async.resources._windows import Window

from ._columns import is_amount
from ._recorder import Recorder
from ._store.order_rows import to_columns
from ._threads import in_thread
from .finding import Finding, Order, Refund, UnreadableOrder, Verdict
from .identity import Identity, OrdersDigest, Shop
from .store import Store

__all__ = ("Orders", "digest_orders", "load_orders")

_BATCH = 5000

Item: TypeAlias = Order | Refund | UnreadableOrder
Orders: TypeAlias = Iterable[Item] | AsyncIterable[Item]


async def load_orders(
    recorder: Recorder,
    orders: Orders,
    windows: Sequence[Window],
    statuses: Sequence[str],
    shop: Shop | None,
    *,
    may_sweep: asyncio.Event,
) -> None:
    """Store the orders of a new run, or check that a resumed run has the same ones.

    A run that was killed while it loaded its orders begins again from the start. So findings made
    here are reported only when all orders are stored.

    Args:
        recorder: The recorder of the run, with its store.
        orders: The orders.
        windows: The period, for the identity of the run.
        statuses: The statuses of the payments that are read, for the identity of the run.
        shop: The shop whose payments are read, for the identity of the run.
        may_sweep: Set as soon as payments may be stored: in a new run after the first orders, in a
            resumed one after its identity is checked.

    Raises:
        StoreError: The store is of another run.
    """
    store = recorder.store
    is_resumed = await in_thread(lambda: store.identity) is not None
    if not is_resumed:
        await in_thread(store.clear)
    digest = OrdersDigest()
    destination = None if is_resumed else store
    async with aclosing(_batches(orders)) as batches:
        async for batch in batches:
            await in_thread(_add, batch, digest, destination)
            if not is_resumed:
                may_sweep.set()
    identity = Identity.of(windows, statuses, digest, shop)
    if is_resumed:
        await in_thread(store.check_identity, identity)
        await in_thread(store.delete_not_checked)
    else:
        while await in_thread(store.apply_refunds) is not None:
            pass
        await recorder.identify(identity)
    may_sweep.set()


async def digest_orders(orders: Orders) -> str:
    """Return the digest of orders, without storing them."""
    digest = OrdersDigest()
    async with aclosing(_batches(orders)) as batches:
        async for batch in batches:
            await in_thread(_add, batch, digest, None)
    return digest.hex()


async def _batches(orders: Orders) -> AsyncGenerator[Sequence[Item], None]:
    if isinstance(orders, AsyncIterable):
        async with aclosing(batched(orders, count=_BATCH)) as batches:
            async for batch in batches:
                yield batch
    else:
        rest = iter(orders)
        while batch := list(islice(rest, _BATCH)):
            yield batch


def _add(batch: Sequence[Item], digest: OrdersDigest, store: Store | None) -> None:
    """Add a batch to the digest, and to the store of a new run."""
    if _are_orders(batch):
        columns = [*map(to_columns, batch)]
        try:
            digest.add_columns(columns)
        except (UnicodeEncodeError, InvalidOperation):  # Reported below.
            pass
        else:
            if store is not None:
                store.add_columns(columns)
            return
    digest.add(batch)
    if store is not None:
        _store(store, batch)


def _are_orders(batch: Sequence[Item]) -> TypeGuard[Sequence[Order]]:
    return {*map(type, batch)} == {Order}


def _store(store: Store, batch: Sequence[Item]) -> None:
    store.record(finding for item in batch if (finding := _not_checked(item)) is not None)
    store.add_orders(
        item for item in batch if not isinstance(item, UnreadableOrder) and _problem(item) is None
    )


def _not_checked(item: Item) -> Finding | None:
    """Return the finding of an item that is not a readable order."""
    if isinstance(item, UnreadableOrder):
        where, reason = item.where, item.reason
    elif (problem := _problem(item)) is not None:
        where, reason = f"order {item.merchant_uid!a}", problem
    else:
        return None
    return Finding(
        merchant_uid=_unicode(item.merchant_uid),
        verdict=Verdict.NOT_CHECKED,
        error=_unicode(f"{where}: {reason}"),
    )


def _unicode(text: str) -> str:
    """Return a text without halves of surrogate pairs, which cannot be stored."""
    return text.encode(errors="backslashreplace").decode()


def _problem(item: Order | Refund) -> str | None:
    """Return why an order cannot be stored and compared."""
    other = item.status if isinstance(item, Order) else item.row
    try:
        f"{item.merchant_uid}{item.currency}{other}".encode()
    except UnicodeEncodeError:
        return "it has half a surrogate pair in it"
    amounts = (item.amount, item.cancelled_amount) if isinstance(item, Order) else (item.amount,)
    if all(is_amount(str(amount)) for amount in amounts):
        return None
    return "its amount is negative, or not a number of at most 1,000 digits"
